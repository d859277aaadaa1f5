//! The data directory: a lock, the stores' key, and one database per account.

use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use engine::model::{Account, AccountName};
use rand_core::CryptoRng;

use crate::{
    SqliteReader, SqliteStore,
    account::{insert_account, read_account},
    error::OpenError,
    event_log::EventLog,
    files::{check_directory, make_directory, sync_directory, wipe},
    lock::take_lock,
    rekey, restore,
    rollback_guard::{self, Alone, Epoch},
    schema::{ACCOUNT, EVENT_LOG, open_held, open_reader, open_writer},
    store_key::{self, StoreKey},
};

pub(crate) const ACCOUNTS: &str = "accounts";
pub(crate) const EXTENSION: &str = "db";
pub(crate) const EVENTS: &str = "events.db";
/// An account that is being made bears this before its name: no account name begins so.
const UNFINISHED: &str = ".new-";
/// An account that is being erased bears this before its name.
const ERASED: &str = ".gone-";
/// What SQLite keeps beside a database: the log, and the memory that its readers share.
pub(crate) const COMPANIONS: [&str; 2] = [LOG, "-shm"];
const LOG: &str = "-wal";

/// An open data directory. While it is open no other process can open it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    key: StoreKey,
    /// Holds the lock.
    _lock: File,
}

impl DataDir {
    /// Opens a data directory; makes it at the first start. Without a passphrase its stores
    /// are under a random key in a file; `rng` gives that key, or the salt.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(
        path: &Path,
        passphrase: Option<&[u8]>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OpenError> {
        if !path.exists() {
            make_directory(path)?;
            sync_directory(path)?;
        }
        check_directory(path)?;
        let lock = take_lock(path)?;
        restore::check_finished(path)?;
        rekey::finish(path)?;
        let accounts = path.join(ACCOUNTS);
        make_directory(&accounts)?;
        check_directory(&accounts)?;
        remove_leftovers(&accounts)?;
        if !store_key::is_settled(path) && !account_names(&accounts)?.is_empty() {
            return Err(OpenError::KeyMissing {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            key: StoreKey::load(path, passphrase, rng)?,
            _lock: lock,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What all its databases are under.
    pub(crate) const fn key(&self) -> &StoreKey {
        &self.key
    }

    /// The accounts there are, in order.
    ///
    /// # Errors
    /// [`OpenError::Io`] if the directory cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountName>, OpenError> {
        account_names(&self.path.join(ACCOUNTS))
    }

    /// Makes an account. It is there whole or not at all, whenever the power fails.
    ///
    /// # Errors
    /// [`OpenError::AccountExists`], or what went wrong.
    pub fn create_account(&self, account: &Account) -> Result<SqliteStore, OpenError> {
        let path = self.database(&account.name);
        if path.exists() {
            return Err(OpenError::AccountExists);
        }
        let unfinished = beside(&path, UNFINISHED);
        erase_companions(&unfinished)?;
        wipe(&unfinished)?;
        // SQLite gives its companions the mode of the database.
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(OpenError::io(&unfinished))?;
        let connection = open_writer(&unfinished, &self.key, ACCOUNT)?;
        let (mark, key) = insert_account(&connection, account)
            .and_then(|()| rollback_guard::insert_mark(&connection))
            .and_then(|mark| {
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(mark))
            })
            .and_then(|mark| {
                connection
                    .close()
                    .map(|()| mark)
                    .map_err(|(_, error)| error)
            })
            .map_err(|error| OpenError::Database {
                path: unfinished.clone(),
                cause: error.to_string(),
            })?;
        // What an erased account of this name left behind would be read into the new one, or erased with it later.
        finish_erasing(&path)?;
        rollback_guard::place(&path, &mark, key)?;
        File::open(&unfinished)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&unfinished, &path))
            .map_err(OpenError::io(&path))?;
        self.open_new(&path).inspect_err(|_| {
            // Its maker is told that there is none. What cannot be erased either is there at the next start.
            let _ = self.remove_account(&account.name);
        })
    }

    fn open_new(&self, path: &Path) -> Result<SqliteStore, OpenError> {
        sync_directory(path)?;
        let mut connection = open_held(path, &self.key)?;
        let epoch = Epoch::open(&mut connection, path, &Alone::Whole)?;
        Ok(SqliteStore::new(connection, Some(epoch)))
    }

    /// Opens an account's store. If it is an older state or a copy, [`SqliteStore::displaced`] says so.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn open_account(&self, name: &AccountName) -> Result<(Account, SqliteStore), OpenError> {
        let path = self.existing(name)?;
        // Before the connection: that may write.
        let alone = Alone::read(&path, &self.key)?;
        let mut connection = open_held(&path, &self.key)?;
        let account = read_account(&connection, &path, name)?;
        let epoch = Epoch::open(&mut connection, &path, &alone)?;
        Ok((account, SqliteStore::new(connection, Some(epoch))))
    }

    /// A second connection to an account's store, for reading only.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn reader(&self, name: &AccountName) -> Result<SqliteReader, OpenError> {
        let path = self.existing(name)?;
        Ok(SqliteReader::new(open_reader(&path, &self.key)?, None))
    }

    /// Erases an account's store: overwrites and deletes it. Its connections must be closed before. One that failed is
    /// finished by another, or at the next opening.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn remove_account(&self, name: &AccountName) -> Result<(), OpenError> {
        let path = self.database(name);
        let erased = beside(&path, ERASED);
        if path.exists() {
            // First the name, in one step: an account that came back after a crash without its log would
            // stand at an older state, and use message keys a second time.
            fs::rename(&path, &erased).map_err(OpenError::io(&path))?;
        } else if !erased.exists() {
            return Err(OpenError::AccountNotFound);
        }
        sync_directory(&path)?;
        erase_rest(&path)
    }

    /// Opens the event log; makes it if there is none.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn event_log(&self) -> Result<EventLog, OpenError> {
        let path = self.path.join(EVENTS);
        // SQLite gives its companions the mode of the database, and takes an empty file for a new one.
        let made = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => {
                made.map_err(OpenError::io(&path))?;
                sync_directory(&path)?;
            }
        }
        let connection = open_writer(&path, &self.key, EVENT_LOG)?;
        // Its log has its name now.
        sync_directory(&path)?;
        EventLog::new(connection, &path).map_err(|error| OpenError::Database {
            path,
            cause: error.to_string(),
        })
    }

    fn database(&self, name: &AccountName) -> PathBuf {
        self.path.join(ACCOUNTS).join(format!("{name}.{EXTENSION}"))
    }

    fn existing(&self, name: &AccountName) -> Result<PathBuf, OpenError> {
        let path = self.database(name);
        if path.exists() {
            Ok(path)
        } else {
            Err(OpenError::AccountNotFound)
        }
    }
}

pub(crate) fn account_names(accounts: &Path) -> Result<Vec<AccountName>, OpenError> {
    let mut names: Vec<AccountName> = entries(accounts)?
        .iter()
        .filter(|path| path.extension().is_some_and(|found| found == EXTENSION))
        .filter_map(|path| AccountName::parse(path.file_stem()?.to_str()?).ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Clears away what a crash left of accounts that were being made or erased.
fn remove_leftovers(accounts: &Path) -> Result<(), OpenError> {
    for path in entries(accounts)? {
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(UNFINISHED)) {
            wipe(&path)?;
        } else if let Some(database) = name.and_then(|name| name.strip_prefix(ERASED)) {
            finish_erasing(&accounts.join(database))?;
        }
    }
    rollback_guard::erase_orphans(accounts, EXTENSION)
}

/// Erases what is left of the database at `path`, and waits until the names are gone for good: a new account may take its.
fn finish_erasing(path: &Path) -> Result<(), OpenError> {
    erase_rest(path)?;
    sync_directory(path)
}

/// Erases what is left of the database at `path`, which bears its other name already. That file goes
/// last: it is what tells of the others after a crash.
fn erase_rest(path: &Path) -> Result<(), OpenError> {
    erase_companions(path)?;
    rollback_guard::erase_all(path)?;
    wipe(&beside(path, ERASED))
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, OpenError> {
    fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(OpenError::io(directory))
}

/// The file beside `path` whose name has `prefix` before its own.
fn beside(path: &Path, prefix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(prefix);
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// Erases what SQLite keeps beside a database, if it is there.
pub(crate) fn erase_companions(database: &Path) -> Result<(), OpenError> {
    COMPANIONS
        .iter()
        .try_for_each(|suffix| wipe(&companion(database, suffix)))
}

/// Where SQLite keeps the log of a database.
pub(crate) fn log_of(database: &Path) -> PathBuf {
    companion(database, LOG)
}

/// A file that SQLite keeps beside a database.
pub(crate) fn companion(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}
