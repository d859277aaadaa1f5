//! Why the operating system refused an operation on a file.

/// An error of the operating system that a user can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// ENOSPC.
    Full,
    /// EDQUOT.
    Quota,
    /// EROFS.
    ReadOnly,
    /// EACCES, EPERM.
    Denied,
    /// EMFILE.
    Descriptors,
    /// ENFILE.
    SystemDescriptors,
    /// ENOMEM.
    Memory,
    /// EIO.
    Medium,
}

impl Trouble {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Full,
        Self::Quota,
        Self::ReadOnly,
        Self::Denied,
        Self::Descriptors,
        Self::SystemDescriptors,
        Self::Memory,
        Self::Medium,
    ];

    /// What is wrong.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Full => "the disk is full",
            Self::Quota => "the user's or group's quota of the disk is used up",
            Self::ReadOnly => "the file system is mounted read-only",
            Self::Denied => "the daemon's user may not do this with the file",
            Self::Descriptors => "the process has as many files open as it may",
            Self::SystemDescriptors => {
                "all processes of the machine have as many files open as there may be"
            }
            Self::Memory => "there is no memory left",
            Self::Medium => "the disk failed to read or write",
        }
    }

    /// What to do about it, as a sentence that "then repeat" can follow.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Full => "free some disk space",
            Self::Quota => "free some of what the quota counts, or raise it",
            Self::ReadOnly => {
                "mount it for writing; if the system has made it read-only, look for errors of the disk in its log"
            }
            Self::Denied => {
                "give the daemon's user the files and directories (`ratchetd doctor` names them), or allow it in what confines the daemon"
            }
            Self::Descriptors => {
                "raise the hard limit of open files (`ulimit -Hn`, LimitNOFILE=), or close some connections"
            }
            Self::SystemDescriptors => {
                "raise fs.file-max, or end processes that hold many files open"
            }
            Self::Memory => "free some memory, or raise the limit of the daemon's",
            Self::Medium => {
                "look for errors of the disk in the system's log, and whether a quota is used up, and mend what it is"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_words_of_its_own() {
        for (index, one) in Trouble::ALL.iter().enumerate() {
            for other in Trouble::ALL.iter().skip(index + 1) {
                assert_ne!(one.words(), other.words());
                assert_ne!(one.advice(), other.advice());
            }
        }
    }
}
