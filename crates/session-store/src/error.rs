//! Why a data directory or a store cannot be opened. Each message says what to do about it.

use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

use engine::model::Trouble;

/// What is wrong with a data directory, its key or a store in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the directory.
    #[error("{} is in use by another ratchetd ({holder}): stop that one, or choose another --data-dir", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
        /// What the lock file says of the holder.
        holder: String,
    },
    /// Others on this machine may write here, or it belongs to someone else.
    #[error("{} is not safe to keep keys in: {problem}; {mend}", path.display())]
    Unsafe {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// The command that mends it.
        mend: String,
    },
    /// A file could not be read or written.
    #[error("{}: {cause}{}", path.display(), crate::trouble::advice(cause))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The passphrase is not that of this directory.
    #[error("wrong passphrase for {}: nothing was changed", path.display())]
    WrongPassphrase {
        /// The directory.
        path: PathBuf,
    },
    /// The directory was made with a passphrase, and none was given.
    #[error("{} is protected by a passphrase: give it with --passphrase-file", path.display())]
    PassphraseNeeded {
        /// The directory.
        path: PathBuf,
    },
    /// The directory was made with a key file, and a passphrase was given.
    #[error("{} was made with a key file ({}), not a passphrase: leave out --passphrase-file", path.display(), crate::store_key::KEY_FILE)]
    PassphraseNotUsed {
        /// The directory.
        path: PathBuf,
    },
    /// There are accounts, but neither of the files that the key comes from.
    #[error("{} holds accounts but not their key: restore {} or {} from a backup of the directory", path.display(), crate::store_key::KEY_FILE, crate::store_key::KDF_FILE)]
    KeyMissing {
        /// The directory.
        path: PathBuf,
    },
    /// A file that the key comes from is malformed, or asks for more work than is allowed.
    #[error("{}: {problem}; restore it from a backup", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Not a database under this key.
    #[error("{} cannot be read with this directory's key: it is damaged, or was copied from elsewhere; restore it from a backup", path.display())]
    NotReadable {
        /// The database.
        path: PathBuf,
    },
    /// A database under a name that it was not made for.
    #[error("{} is the store of account {made_for:?}: rename it back, or delete it if it is a copy; two copies of one account must not both be used", path.display())]
    OtherAccount {
        /// The database.
        path: PathBuf,
        /// The account it was made for.
        made_for: String,
    },
    /// An older database was put in place of a newer one, whose WAL is still beside it.
    #[error("{0} is an older copy, and {0}-wal beside it is of a newer state: put the newest database back, or, if there is none, remove {0}-wal and {0}-shm", path.display())]
    ForeignLog {
        /// The database.
        path: PathBuf,
    },
    /// Written by a later version of this program.
    #[error("{} has schema {found}, this version knows {known}: run the newer ratchetd that wrote it", path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest known.
        known: usize,
    },
    /// The system refused what SQLite asked for.
    #[error("{}: {}: {}", path.display(), trouble.words(), trouble.advice())]
    Refused {
        /// The database.
        path: PathBuf,
        /// Why.
        trouble: Trouble,
    },
    /// SQLite failed.
    #[error("{}: {cause}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What it said.
        cause: String,
    },
    /// The directory is no data directory.
    #[error("{} is no data directory of ratchetd: name it with --data-dir", path.display())]
    NoDataDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A file that was to be made exists already.
    #[error("{} is there already: choose another name, or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The directory in which a backup is made exists already.
    #[error("{} is left of a backup that was cut off, unless one is being made: remove it, and try again", path.display())]
    BackupLeft {
        /// The directory.
        path: PathBuf,
    },
    /// A backup was to be restored into a directory that is in use.
    #[error("{} is in use: it holds accounts or their key. Restore into a directory that is empty or not there yet", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The file is not a whole backup.
    #[error("{} is not a whole backup: {problem}", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The backup was made without the key, and no key was given.
    #[error("{} was made without the key of its directory: give that directory's store.key with --key-file", path.display())]
    BackupWithoutKey {
        /// The backup.
        path: PathBuf,
    },
    /// A restore was interrupted.
    #[error("{} is half restored: run `ratchetd restore` again, which begins anew", path.display())]
    HalfRestored {
        /// The directory.
        path: PathBuf,
    },
    /// A change of the key was interrupted.
    #[error("{} has a change of its key to finish: start the daemon with the new key first", path.display())]
    HalfRekeyed {
        /// The directory.
        path: PathBuf,
    },
    /// The account exists already.
    #[error("there is an account of this name already")]
    AccountExists,
    /// There is no such account.
    #[error("there is no account of this name")]
    AccountNotFound,
}

impl OpenError {
    /// The fault of the system behind this error, if a user can do something about it.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Io { cause, .. } => crate::trouble::of_io(cause),
            Self::Refused { trouble, .. } => Some(*trouble),
            _ => None,
        }
    }

    /// Makes an error of the file at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |cause| Self::Io { path, cause }
    }

    /// Makes an error of the database at `path`.
    pub(crate) fn database<E: Display>(path: &Path) -> impl Fn(E) -> Self {
        let path = path.to_owned();
        move |cause| Self::Database {
            path: path.clone(),
            cause: cause.to_string(),
        }
    }
}
