//! Why a data directory or a store cannot be opened. Each message says what to do about it.

use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

use engine::model::{AccountName, Trouble};

/// Most accounts that an error names.
const MAX_NAMED: usize = 8;

/// What is wrong with a data directory, its key or a store in it. The path is that of the directory,
/// file or database.
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
    #[error("wrong passphrase for {}: nothing was changed", .0.display())]
    WrongPassphrase(PathBuf),
    /// The directory was made with a passphrase, and none was given.
    #[error("{} is protected by a passphrase: give it with --passphrase-file", .0.display())]
    PassphraseNeeded(PathBuf),
    /// The directory was made with a key file, and a passphrase was given.
    #[error("{} was made with a key file ({}), not a passphrase: leave out --passphrase-file", .0.display(), crate::store_key::KEY_FILE)]
    PassphraseNotUsed(PathBuf),
    /// There are accounts, but neither of the files that the key comes from.
    #[error("{} holds accounts but not their key: restore {} or {} from a backup of the directory", .0.display(), crate::store_key::KEY_FILE, crate::store_key::KDF_FILE)]
    KeyMissing(PathBuf),
    /// A file that the key comes from is malformed, or asks for more work than is allowed.
    #[error("{}: {problem}; restore it from a backup", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Not a database under this key.
    #[error("{} cannot be read with this directory's key: it is damaged, or was copied from elsewhere; restore it from a backup", .0.display())]
    NotReadable(PathBuf),
    /// A database under a name that it was not made for.
    #[error("{} is the store of account {made_for:?}: rename it back, or delete it if it is a copy; two copies of one account must not both be used", path.display())]
    OtherAccount {
        /// The database.
        path: PathBuf,
        /// The account it was made for.
        made_for: String,
    },
    /// An older database was put in place of a newer one, whose WAL is still beside it.
    #[error("{path} is an older copy, and {path}-wal beside it is of a newer state: put the newest database back, or, if there is none, remove {path}-wal and {path}-shm", path = .0.display())]
    ForeignLog(PathBuf),
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
    #[error("{} is no data directory of ratchetd: name it with --data-dir", .0.display())]
    NoDataDirectory(PathBuf),
    /// A file that was to be made exists already.
    #[error("{} is there already: choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// The directory in which a backup is made exists already.
    #[error("{} is left of a backup that was cut off, unless one is being made: remove it, and try again", .0.display())]
    BackupLeft(PathBuf),
    /// A backup was to be restored into a directory that is in use.
    #[error("{} is in use: it holds accounts or their key. Restore into a directory that is empty or not there yet", .0.display())]
    NotEmpty(PathBuf),
    /// The file is not a whole backup.
    #[error("{} is not a whole backup: {problem}", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The backup was made without the key, and no key was given.
    #[error("{} was made without the key of its directory: give that directory's store.key with --key-file", .0.display())]
    BackupWithoutKey(PathBuf),
    /// The backup was made under a passphrase that was not given.
    #[error("{} is under another passphrase: give that of the directory that was backed up with --backup-passphrase-file", .0.display())]
    BackupPassphrase(PathBuf),
    /// What is in the backup is not under the key that was given.
    #[error("{} does not open with this key: give the store.key of the directory that was backed up with --key-file; if this is it, the backup is damaged", .0.display())]
    BackupKey(PathBuf),
    /// A data directory or a backup does not have an account.
    #[error("{} has no account {name}: {there}", path.display())]
    NoAccount {
        /// The directory or the backup.
        path: PathBuf,
        /// The account.
        name: AccountName,
        /// What it has instead.
        there: String,
    },
    /// A restore was interrupted.
    #[error("{} is half restored: run `ratchetd restore` again, which begins anew", .0.display())]
    HalfRestored(PathBuf),
    /// A change of the key was interrupted.
    #[error("{} has a change of its key to finish: start the daemon with the new key first", .0.display())]
    HalfRekeyed(PathBuf),
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

    /// Makes an error of the file at `path`, from which the key comes.
    pub(crate) fn key_file(path: &Path, problem: impl Into<String>) -> Self {
        Self::KeyFile {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    /// Makes an error of the file at `path`, which is no whole backup.
    pub(crate) fn not_a_backup(path: &Path, problem: impl Into<String>) -> Self {
        Self::NotABackup {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    /// Makes an error of the directory or backup at `path`, which has the accounts `there` and not
    /// this one.
    pub(crate) fn no_account(path: &Path, name: &AccountName, there: &[impl Display]) -> Self {
        let named: Vec<String> = there
            .iter()
            .take(MAX_NAMED)
            .map(ToString::to_string)
            .collect();
        let there = match there.len() {
            0 => "it has none".to_owned(),
            count if count > MAX_NAMED => {
                format!("it has {} and {} more", named.join(", "), count - MAX_NAMED)
            }
            _ => format!("it has {}", named.join(", ")),
        };
        Self::NoAccount {
            path: path.to_owned(),
            name: name.clone(),
            there,
        }
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
