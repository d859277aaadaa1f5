//! Read-only inspection of a data directory, for `ratchetd doctor`: changes no byte of it, whether
//! a daemon serves or not.
//!
//! If nobody else has a database open, SQLite writes beside it even to read it. So while no daemon
//! serves, copies are read.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use engine::model::{Account, AccountName, RollbackKind, UnixMillis};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    account::read_account,
    backup::check_sound,
    connection::SqliteReader,
    data_dir::{ACCOUNTS, COMPANIONS, EVENTS, account_names, companion, database_of},
    error::OpenError,
    files::wipe_directory,
    lock::{LOCK_FILE, holder_in},
    query::first,
    rekey, restore,
    rollback_guard::{self, MainFile, Sidecars},
    rows::Columns,
    schema::{ACCOUNT, migrations_done, open_reader},
    store_key::{self, StoreKey},
};

/// Reads a data directory without changing it.
#[derive(Debug)]
pub struct Inspector {
    data_dir: PathBuf,
    key: StoreKey,
    /// Read when they are first asked for.
    sidecars: OnceLock<Sidecars>,
}

/// What was found of an account.
#[derive(Debug)]
pub struct InspectedAccount {
    /// The account.
    pub account: Account,
    /// What is in its store.
    pub store: SqliteReader,
    /// What the store would be found to be if it were opened now; `None` if it is the newest state,
    /// and while a daemon serves, which has checked that.
    pub displaced: Option<RollbackKind>,
    /// Migrations that the next opening makes. If there are any, most of the store cannot be read.
    pub pending_migrations: usize,
    /// The latest moment that is written in the store.
    pub latest: Option<UnixMillis>,
    /// Holds the copy.
    _scratch: Option<Scratch>,
}

/// A directory for a copy. Overwritten when dropped: keys that the account erases later must not be
/// left in it.
#[derive(Debug)]
struct Scratch(TempDir);

impl Drop for Scratch {
    fn drop(&mut self) {
        // `TempDir` still removes what could not be overwritten.
        let _ = wipe_directory(self.0.path());
    }
}

/// A copy of a database with its WAL.
struct Copy {
    scratch: Scratch,
    /// What its main file says without the WAL.
    main_file: MainFile,
}

/// An operation on a data directory that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// `ratchetd restore`: nothing opens the directory until that is run again.
    Restore,
    /// `ratchetd rekey`, after its point of no return: the next opening finishes it, with the new
    /// key.
    Rekey,
}

impl Inspector {
    /// Opens a directory, with its passphrase if it has one.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(data_dir: &Path, passphrase: Option<&[u8]>) -> Result<Self, OpenError> {
        if !store_key::is_settled(data_dir) && holds_accounts(data_dir) {
            return Err(OpenError::KeyMissing(data_dir.to_owned()));
        }
        Ok(Self {
            data_dir: data_dir.to_owned(),
            key: StoreKey::load_known(data_dir, passphrase)?,
            sidecars: OnceLock::new(),
        })
    }

    /// The accounts there are, in order.
    ///
    /// # Errors
    /// [`OpenError::Io`] if the directory cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountName>, OpenError> {
        account_names(&self.data_dir.join(ACCOUNTS))
    }

    /// Reads the whole store of an account and checks that it is sound.
    ///
    /// # Errors
    /// [`OpenError`] if it is not sound.
    pub fn account(&self, name: &AccountName) -> Result<InspectedAccount, OpenError> {
        let path = self.data_dir.join(database_of(name));
        let (connection, copy) = self.read(&path)?;
        let account = read_account(&connection, &path, name)?;
        let done = migrations_done(&connection, &path, ACCOUNT)?;
        let displaced = match &copy {
            Some(copy) => {
                rollback_guard::inspect(&connection, &path, &copy.main_file, self.sidecars()?)?
            }
            None => None,
        };
        let pending_migrations = ACCOUNT.len() - done;
        let latest = if pending_migrations == 0 {
            latest(&connection).map_err(OpenError::database(&path))?
        } else {
            None
        };
        Ok(InspectedAccount {
            account,
            store: SqliteReader::new(connection, None),
            displaced,
            pending_migrations,
            latest,
            _scratch: copy.map(|copy| copy.scratch),
        })
    }

    /// Reads the whole event log, if there is one.
    ///
    /// # Errors
    /// [`OpenError`] if it is not sound.
    pub fn event_log(&self) -> Result<(), OpenError> {
        let path = self.data_dir.join(EVENTS);
        if path.exists() {
            self.read(&path)?;
        }
        Ok(())
    }

    fn sidecars(&self) -> Result<&Sidecars, OpenError> {
        if let Some(sidecars) = self.sidecars.get() {
            return Ok(sidecars);
        }
        let sidecars = Sidecars::read(&self.data_dir.join(ACCOUNTS))?;
        Ok(self.sidecars.get_or_init(|| sidecars))
    }

    /// Opens a database, or a copy of it if no daemon has it open, and checks that it is sound.
    fn read(&self, path: &Path) -> Result<(Connection, Option<Copy>), OpenError> {
        if holder(&self.data_dir)?.is_some() {
            let connection = open_reader(path, &self.key)?;
            check_sound(&connection, path)?;
            return Ok((connection, None));
        }
        let read = self.read_copy(path);
        match read {
            // A daemon was started meanwhile and wrote to the database while it was copied.
            Err(_) if holder(&self.data_dir)?.is_some() => self.read(path),
            read => read,
        }
    }

    fn read_copy(&self, path: &Path) -> Result<(Connection, Option<Copy>), OpenError> {
        // Only its owner can enter it, and what is in it is encrypted.
        let scratch = tempfile::tempdir().map_err(OpenError::io(&std::env::temp_dir()))?;
        let scratch = Scratch(scratch);
        let copy = scratch.0.path().join("copy");
        fs::copy(path, &copy).map_err(OpenError::io(path))?;
        for suffix in COMPANIONS {
            let found = companion(path, suffix);
            if found.exists() {
                fs::copy(&found, companion(&copy, suffix)).map_err(OpenError::io(&found))?;
            }
        }
        let wrong_place = |error: OpenError| match error {
            OpenError::NotReadable(_) => OpenError::NotReadable(path.to_owned()),
            OpenError::Database { cause, .. } => OpenError::database(path)(cause),
            other => other,
        };
        let main_file = MainFile::read(&copy, &self.key).map_err(wrong_place)?;
        let connection = open_reader(&copy, &self.key).map_err(wrong_place)?;
        if let Err(error) = check_sound(&connection, path) {
            // If the WAL belongs to another state, that is the better error.
            rollback_guard::inspect(&connection, path, &main_file, self.sidecars()?)?;
            return Err(error);
        }
        Ok((connection, Some(Copy { scratch, main_file })))
    }
}

/// Who holds a data directory, as its lock file says; `None` if nobody does.
///
/// # Errors
/// [`OpenError::Io`] if the lock file cannot be read.
pub fn holder(data_dir: &Path) -> Result<Option<String>, OpenError> {
    let path = data_dir.join(LOCK_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let file = File::open(&path).map_err(OpenError::io(&path))?;
    // Released at once: a daemon that starts in this moment waits for it, but not for long.
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(holder_in(file))),
        Err(TryLockError::Error(cause)) => Err(OpenError::Io { path, cause }),
    }
}

/// The operation that was interrupted in a data directory, if one was.
#[must_use]
pub fn unfinished(data_dir: &Path) -> Option<Unfinished> {
    if rekey::is_half_done(data_dir) {
        Some(Unfinished::Rekey)
    } else if restore::is_half_done(data_dir) {
        Some(Unfinished::Restore)
    } else {
        None
    }
}

/// Whether this is a data directory: it has the file that its key comes from, or accounts whose key
/// is lost.
#[must_use]
pub fn is_data_directory(data_dir: &Path) -> bool {
    store_key::is_settled(data_dir) || holds_accounts(data_dir)
}

fn holds_accounts(data_dir: &Path) -> bool {
    account_names(&data_dir.join(ACCOUNTS)).is_ok_and(|names| !names.is_empty())
}

/// The latest moment that is written in a store.
fn latest(connection: &Connection) -> Result<Option<UnixMillis>, engine::model::StoreError> {
    let latest = first(
        connection,
        "SELECT max(at) FROM ( \
                 SELECT max(made_at) AS at FROM own_bundle \
                 UNION ALL SELECT max(created_at) FROM own_prekeys \
                 UNION ALL SELECT max(created_at) FROM sessions \
                 UNION ALL SELECT max(last_sent_at) FROM session_chains \
                 UNION ALL SELECT max(last_received_at) FROM session_chains)",
        (),
        |row| Columns::of(row).optional_time(),
    )?;
    Ok(latest.flatten())
}
