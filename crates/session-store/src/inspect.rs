//! Looking at a data directory without changing a byte of it, whether a daemon serves or not.
//!
//! SQLite writes beside a database even to read it, if nobody else has it open. So while no daemon serves, copies are read.

use std::{
    fs::{self, File, TryLockError},
    io::Read as _,
    path::{Path, PathBuf},
};

use engine::model::{Account, AccountName, Displaced, UnixMillis};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    SqliteReader,
    account::read_account,
    backup::check_sound,
    data_dir::{ACCOUNTS, COMPANIONS, EVENTS, EXTENSION, account_names, companion},
    error::OpenError,
    files::wipe_directory,
    lock::{LOCK_FILE, MAX_HOLDER_BYTES},
    rekey, restore,
    rollback_guard::{self, Alone},
    rows::{Columns, failed},
    schema::{ACCOUNT, open_reader},
    store_key::{self, StoreKey},
};

/// A data directory that is looked at.
#[derive(Debug)]
pub struct Examiner {
    data_dir: PathBuf,
    key: StoreKey,
}

/// An account as it was found.
#[derive(Debug)]
pub struct Examined {
    /// The account.
    pub account: Account,
    /// What is in its store.
    pub store: SqliteReader,
    /// What the store would be found to be if it were opened now; `None` is well. Not known while a daemon serves: then it is well.
    pub displaced: Option<Displaced>,
    /// Migrations that its next opening makes. As long as there are any, most of the store cannot be read.
    pub pending_migrations: usize,
    /// The latest moment that is written in it.
    pub latest: Option<UnixMillis>,
    /// Holds the copy.
    _scratch: Option<Scratch>,
}

/// A directory for a copy, which is erased with it: what the account erases later must not be left
/// in it.
#[derive(Debug)]
struct Scratch(TempDir);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be overwritten is removed all the same.
        let _ = wipe_directory(self.0.path());
    }
}

/// A copy of a database, with its log.
struct Copy {
    /// Holds it.
    scratch: Scratch,
    /// What the database's own file says.
    alone: Alone,
}

/// What was cut off in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// `ratchetd restore`: nothing opens it until that is done again.
    Restore,
    /// `ratchetd rekey`, after its mark: the next opening finishes it, and the new key holds.
    Rekey,
}

impl Examiner {
    /// Finds the key of a directory.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(data_dir: &Path, passphrase: Option<&[u8]>) -> Result<Self, OpenError> {
        if !store_key::is_settled(data_dir) && holds_accounts(data_dir) {
            return Err(OpenError::KeyMissing {
                path: data_dir.to_owned(),
            });
        }
        Ok(Self {
            data_dir: data_dir.to_owned(),
            key: StoreKey::load_known(data_dir, passphrase)?,
        })
    }

    /// The accounts there are, in order.
    ///
    /// # Errors
    /// [`OpenError::Io`] if the directory cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountName>, OpenError> {
        account_names(&self.data_dir.join(ACCOUNTS))
    }

    /// Reads the whole store of an account: each page is authentic, and their order makes sense.
    ///
    /// # Errors
    /// [`OpenError`] if it is not sound.
    pub fn account(&self, name: &AccountName) -> Result<Examined, OpenError> {
        let path = self
            .data_dir
            .join(ACCOUNTS)
            .join(format!("{name}.{EXTENSION}"));
        let (connection, copy) = self.read(&path)?;
        let unusable = |cause: String| OpenError::Database {
            path: path.clone(),
            cause,
        };
        let account = read_account(&connection, &path, name)?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", (), |row| row.get(0))
            .map_err(|error| unusable(error.to_string()))?;
        let done = usize::try_from(version).unwrap_or_default();
        if done > ACCOUNT.len() {
            return Err(OpenError::NewerSchema {
                path,
                found: version,
                known: ACCOUNT.len(),
            });
        }
        let displaced = match &copy {
            Some(copy) => rollback_guard::inspect(&connection, &path, &copy.alone)?,
            None => None,
        };
        let pending_migrations = ACCOUNT.len() - done;
        let latest = if pending_migrations == 0 {
            latest(&connection).map_err(|error| unusable(error.to_string()))?
        } else {
            None
        };
        Ok(Examined {
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

    /// A sound database, or a copy of it if no daemon has it open.
    fn read(&self, path: &Path) -> Result<(Connection, Option<Copy>), OpenError> {
        if holder(&self.data_dir)?.is_some() {
            let connection = open_reader(path, &self.key)?;
            check_sound(&connection, path)?;
            return Ok((connection, None));
        }
        let read = self.read_copy(path);
        match read {
            // A daemon that was started meanwhile writes while it is copied.
            Err(_) if holder(&self.data_dir)?.is_some() => self.read(path),
            read => read,
        }
    }

    fn read_copy(&self, path: &Path) -> Result<(Connection, Option<Copy>), OpenError> {
        // Only we can enter it, and what is in it is encrypted.
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
            OpenError::NotReadable { .. } => OpenError::NotReadable {
                path: path.to_owned(),
            },
            OpenError::Database { cause, .. } => OpenError::Database {
                path: path.to_owned(),
                cause,
            },
            other => other,
        };
        let alone = Alone::read(&copy, &self.key).map_err(wrong_place)?;
        let connection = open_reader(&copy, &self.key).map_err(wrong_place)?;
        if let Err(error) = check_sound(&connection, path) {
            // If it is two databases, that is what there is to say.
            rollback_guard::inspect(&connection, path, &alone)?;
            return Err(error);
        }
        Ok((connection, Some(Copy { scratch, alone })))
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
    // Let go of at once: a daemon that starts in this moment waits for it, but not for long.
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.take(MAX_HOLDER_BYTES).read_to_string(&mut holder);
            Ok(Some(holder.trim().to_owned()))
        }
        Err(TryLockError::Error(cause)) => Err(OpenError::Io { path, cause }),
    }
}

/// What was cut off in a data directory, if anything was.
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

/// Whether there is a data directory at all: what its key comes from, or accounts that it is lost for.
#[must_use]
pub fn is_data_directory(data_dir: &Path) -> bool {
    store_key::is_settled(data_dir) || holds_accounts(data_dir)
}

fn holds_accounts(data_dir: &Path) -> bool {
    account_names(&data_dir.join(ACCOUNTS)).is_ok_and(|names| !names.is_empty())
}

/// The latest moment that is written in a store.
fn latest(connection: &Connection) -> Result<Option<UnixMillis>, engine::model::StoreError> {
    let mut statement = connection
        .prepare(
            "SELECT max(at) FROM ( \
                 SELECT max(made_at) AS at FROM own_bundle \
                 UNION ALL SELECT max(created_at) FROM own_prekeys \
                 UNION ALL SELECT max(created_at) FROM sessions \
                 UNION ALL SELECT max(last_sent_at) FROM session_chains \
                 UNION ALL SELECT max(last_received_at) FROM session_chains)",
        )
        .map_err(failed)?;
    let mut rows = statement.query(()).map_err(failed)?;
    match rows.next().map_err(failed)? {
        Some(row) => Columns::of(row).optional_time(),
        None => Ok(None),
    }
}
