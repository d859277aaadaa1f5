//! The data directory: a lock, the stores' key, and one database per account.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use engine::{
    model::{Account, AccountName},
    store::Transaction as _,
};
use rand_core::CryptoRng;
use rusqlite::Connection;

use crate::{
    account::{insert_account, read_account},
    connection::{SqliteReader, SqliteStore},
    error::OpenError,
    event_log::EventLog,
    files::{check_directory, create_file, make_directory, sync_directory, wipe},
    lock::take_lock,
    rekey, restore,
    rollback_guard::{self, MainFile, RollbackGuard, Sidecars},
    schema::{ACCOUNT, EVENT_LOG, Schema, open_reader, open_without_checkpoints, open_writer},
    store_key::{self, StoreKey},
};

pub(crate) const ACCOUNTS: &str = "accounts";
pub(crate) const EXTENSION: &str = "db";
pub(crate) const EVENTS: &str = "events.db";
/// Prefix of the database of an account that is being made. No account name begins so.
const UNFINISHED: &str = ".new-";
/// Prefix of the database of an account that is being erased.
const ERASED: &str = ".gone-";
/// Suffixes of what SQLite keeps beside a database: the WAL, and the memory its readers share.
pub(crate) const COMPANIONS: [&str; 2] = [WAL, "-shm"];
const WAL: &str = "-wal";

/// An open data directory. While it is open no other process can open it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    key: StoreKey,
    sidecars: Arc<Sidecars>,
    /// Holds the lock.
    _lock: File,
}

impl DataDir {
    /// Opens a data directory; makes it at the first start. Without a passphrase its stores are
    /// under a random key that is kept in a file. `rng` draws that key, or the salt of the
    /// passphrase.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(
        path: &Path,
        passphrase: Option<&[u8]>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OpenError> {
        let (lock, sidecars) = prepare(path)?;
        Ok(Self {
            path: path.to_owned(),
            key: StoreKey::load(path, passphrase, rng)?,
            sidecars: Arc::new(sidecars),
            _lock: lock,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key of all its databases.
    pub(crate) const fn key(&self) -> &StoreKey {
        &self.key
    }

    /// The sidecars of the accounts' databases.
    pub(crate) fn sidecars(&self) -> &Sidecars {
        &self.sidecars
    }

    /// The names of its accounts, in order.
    ///
    /// # Errors
    /// [`OpenError::Io`] if the directory cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountName>, OpenError> {
        account_names(&self.path.join(ACCOUNTS))
    }

    /// Makes an account. If the power fails, it is there whole or not at all.
    ///
    /// # Errors
    /// [`OpenError::AccountExists`], or what went wrong.
    pub fn create_account(&self, account: &Account) -> Result<SqliteStore, OpenError> {
        let (store, ()) = self.create_account_with(account, |_| Ok::<_, OpenError>(()))?;
        Ok(store)
    }

    /// Makes an account that is not empty: `fill` writes into its store, in one transaction. If it
    /// fails, or the power does, no account is made.
    ///
    /// # Errors
    /// [`OpenError::AccountExists`], what went wrong, or the error of `fill`.
    pub fn create_account_with<T, E: From<OpenError>>(
        &self,
        account: &Account,
        fill: impl FnOnce(&mut SqliteStore) -> Result<T, E>,
    ) -> Result<(SqliteStore, T), E> {
        let path = self.database(&account.name);
        if path.exists() {
            return Err(OpenError::AccountExists.into());
        }
        let unfinished = unfinished(&path);
        erase_companions(&unfinished)?;
        wipe(&unfinished)?;
        // SQLite gives the WAL the mode of the database.
        create_file(&unfinished).map_err(OpenError::io(&unfinished))?;
        let connection = open_writer(&unfinished, &self.key, ACCOUNT)?;
        insert_account(&connection, account).map_err(OpenError::database(&unfinished))?;
        // Commits are not counted yet: nobody can have a copy of it.
        let mut store = SqliteStore::new(connection, None);
        store.begin().map_err(OpenError::database(&unfinished))?;
        let filled = fill(&mut store)?;
        store.commit().map_err(OpenError::database(&unfinished))?;
        let (generation, key) = rollback_guard::insert_generation(&store.connection)
            .and_then(|generation| {
                let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                store
                    .connection
                    .query_row(checkpoint, (), |_| Ok(generation))
            })
            .map_err(OpenError::database(&unfinished))?;
        drop(store);
        // Otherwise files of an erased account of this name would be taken for the new one's.
        finish_erasing(&path, &self.sidecars)?;
        rollback_guard::create_sidecar(&path, &generation, key, &self.sidecars)?;
        File::open(&unfinished)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&unfinished, &path))
            .map_err(OpenError::io(&path))?;
        let store = self.open_new(&path).inspect_err(|_| {
            // The caller is told that the account does not exist. If it cannot be erased either, it
            // is there at the next start.
            let _ = self.remove_account(&account.name);
        })?;
        Ok((store, filled))
    }

    fn open_new(&self, path: &Path) -> Result<SqliteStore, OpenError> {
        sync_directory(path)?;
        let mut connection = open_without_checkpoints(path, &self.key)?;
        let guard = RollbackGuard::open(&mut connection, path, &MainFile::NoLog, &self.sidecars)?;
        Ok(SqliteStore::new(connection, Some(guard)))
    }

    /// Opens an account's store. [`SqliteStore::displaced`] says whether it is an older state or a
    /// copy.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn open_account(&self, name: &AccountName) -> Result<(Account, SqliteStore), OpenError> {
        let path = self.existing(name)?;
        // Before the connection, which may checkpoint the WAL into the main file.
        let main_file = MainFile::read(&path, &self.key)?;
        let mut connection = open_without_checkpoints(&path, &self.key)?;
        let account = read_account(&connection, &path, name)?;
        let guard = RollbackGuard::open(&mut connection, &path, &main_file, &self.sidecars)?;
        Ok((account, SqliteStore::new(connection, Some(guard))))
    }

    /// Opens a read-only connection to an account's store.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn reader(&self, name: &AccountName) -> Result<SqliteReader, OpenError> {
        let path = self.existing(name)?;
        Ok(SqliteReader::new(open_reader(&path, &self.key)?, None))
    }

    /// Erases an account's store: overwrites and deletes it. Its connections must be closed before.
    /// If this fails half way, another call or the next opening of the directory finishes it.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn remove_account(&self, name: &AccountName) -> Result<(), OpenError> {
        let path = self.database(name);
        let erased = beside(&path, ERASED);
        if path.exists() {
            // First the name, in one step: an account that came back after a crash without its WAL
            // would be at an older state, and use message keys a second time.
            fs::rename(&path, &erased).map_err(OpenError::io(&path))?;
        } else if !erased.exists() {
            return Err(OpenError::AccountNotFound);
        }
        sync_directory(&path)?;
        erase_rest(&path, &self.sidecars)
    }

    /// Opens the event log; makes it if there is none.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn event_log(&self) -> Result<EventLog, OpenError> {
        let path = self.path.join(EVENTS);
        let connection = self.open_own(&path, EVENT_LOG)?;
        EventLog::new(connection, &path).map_err(OpenError::database(&path))
    }

    /// Opens a database of the directory itself for reading and writing; makes it if there is none.
    pub(crate) fn open_own(&self, path: &Path, schema: Schema) -> Result<Connection, OpenError> {
        // SQLite gives the WAL the mode of the database, and takes an empty file for a new one.
        match create_file(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => {
                made.map_err(OpenError::io(path))?;
                sync_directory(path)?;
            }
        }
        let connection = open_writer(path, &self.key, schema)?;
        // The WAL exists now: make its name durable.
        sync_directory(path)?;
        Ok(connection)
    }

    fn database(&self, name: &AccountName) -> PathBuf {
        self.path.join(database_of(name))
    }

    pub(crate) fn existing(&self, name: &AccountName) -> Result<PathBuf, OpenError> {
        let path = self.database(name);
        if path.exists() {
            Ok(path)
        } else {
            Err(OpenError::AccountNotFound)
        }
    }
}

/// Makes a data directory ready to be opened, all but its key: locks it, and finishes or removes
/// what a crash left. The lock is held as long as the file is; the sidecars are those of all
/// accounts.
///
/// # Errors
/// [`OpenError`], which says what to do.
pub(crate) fn prepare(path: &Path) -> Result<(File, Sidecars), OpenError> {
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
    let sidecars = Sidecars::read(&accounts)?;
    remove_leftovers(&accounts, &sidecars)?;
    if !store_key::is_settled(path) && !account_names(&accounts)?.is_empty() {
        return Err(OpenError::KeyMissing(path.to_owned()));
    }
    Ok((lock, sidecars))
}

/// Where the database of an account is made before it gets its name at `path`. What a crash leaves
/// there is removed at the next opening.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    beside(path, UNFINISHED)
}

/// The relative path of an account's database.
pub(crate) fn database_of(name: &AccountName) -> PathBuf {
    Path::new(ACCOUNTS).join(format!("{name}.{EXTENSION}"))
}

/// The names of the accounts in a directory, in order.
pub(crate) fn account_names(accounts: &Path) -> Result<Vec<AccountName>, OpenError> {
    let mut names: Vec<AccountName> = entries(accounts)?
        .iter()
        .map(Path::new)
        .filter(|path| path.extension().is_some_and(|found| found == EXTENSION))
        .filter_map(|path| AccountName::parse(path.file_stem()?.to_str()?).ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Removes what a crash left of accounts that were being made or erased.
fn remove_leftovers(accounts: &Path, sidecars: &Sidecars) -> Result<(), OpenError> {
    for name in entries(accounts)? {
        let text = name.to_str();
        if text.is_some_and(|name| name.starts_with(UNFINISHED)) {
            wipe(&accounts.join(&name))?;
        } else if let Some(database) = text.and_then(|name| name.strip_prefix(ERASED)) {
            finish_erasing(&accounts.join(database), sidecars)?;
        }
    }
    sidecars.erase_orphaned(EXTENSION)
}

/// Erases what is left of the database at `path` and waits until the names are gone for good, so
/// that a new account can take them.
pub(crate) fn finish_erasing(path: &Path, sidecars: &Sidecars) -> Result<(), OpenError> {
    erase_rest(path, sidecars)?;
    sync_directory(path)
}

/// Erases what is left of the database at `path`, which was renamed before. The renamed file goes
/// last: after a crash it shows that the others have to go.
fn erase_rest(path: &Path, sidecars: &Sidecars) -> Result<(), OpenError> {
    erase_companions(path)?;
    sidecars.erase(path)?;
    wipe(&beside(path, ERASED))
}

/// The names of what is in a directory.
fn entries(directory: &Path) -> Result<Vec<OsString>, OpenError> {
    fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect())
        .map_err(OpenError::io(directory))
}

/// The file beside `path` whose name has `prefix` before its own.
fn beside(path: &Path, prefix: &str) -> PathBuf {
    let mut name = OsString::from(prefix);
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// Erases what SQLite keeps beside a database, if it is there.
pub(crate) fn erase_companions(database: &Path) -> Result<(), OpenError> {
    COMPANIONS
        .iter()
        .try_for_each(|suffix| wipe(&companion(database, suffix)))
}

/// The path of a database's WAL.
pub(crate) fn wal_of(database: &Path) -> PathBuf {
    companion(database, WAL)
}

/// The path of a file that SQLite keeps beside a database.
pub(crate) fn companion(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}
