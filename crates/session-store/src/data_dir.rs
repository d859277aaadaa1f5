//! The data directory: a lock, the stores' key, and one database per account.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use engine::{Account, AccountName};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    SqliteReader, SqliteStore,
    error::OpenError,
    files::{check_directory, make_directory, sync_directory},
    key::StoreKey,
    schema::{open_reader, open_writer},
};

const LOCK_FILE: &str = "ratchetd.lock";
const ACCOUNTS: &str = "accounts";
const EXTENSION: &str = "db";
/// An account that is being made bears this before its name: no account name begins so.
const UNFINISHED: &str = ".new-";
/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// The holder's note in the lock file is one short line.
const MAX_HOLDER_BYTES: u64 = 256;

/// An open data directory. While it is open no other process can open it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    key: StoreKey,
    /// Holds the lock; the system lets go of it with the process, however that ends.
    _lock: File,
}

impl DataDir {
    /// Opens a data directory; makes it at the first start.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(
        path: &Path,
        passphrase: Option<&[u8]>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OpenError> {
        make_directory(path)?;
        check_directory(path)?;
        let lock = take_lock(path)?;
        let accounts = path.join(ACCOUNTS);
        make_directory(&accounts)?;
        let key = StoreKey::load(path, passphrase, rng)?;
        let directory = Self {
            path: path.to_owned(),
            key,
            _lock: lock,
        };
        directory.remove_unfinished()?;
        Ok(directory)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The accounts there are, in order.
    ///
    /// # Errors
    /// [`OpenError::Io`] if the directory cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountName>, OpenError> {
        let mut names: Vec<AccountName> = self
            .account_files()?
            .iter()
            .filter(|path| path.extension().is_some_and(|found| found == EXTENSION))
            .filter_map(|path| AccountName::parse(path.file_stem()?.to_str()?).ok())
            .collect();
        names.sort();
        Ok(names)
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
        let unfinished = self
            .accounts_path()
            .join(format!("{UNFINISHED}{}.{EXTENSION}", account.name));
        remove_database(&unfinished)?;
        // SQLite gives its companions the mode of the database.
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(OpenError::io(&unfinished))?;
        let connection = open_writer(&unfinished, &self.key)?;
        insert_account(&connection, account)
            .and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())))
            .and_then(|()| connection.close().map_err(|(_, error)| error))
            .map_err(|error| OpenError::Database {
                path: unfinished.clone(),
                cause: error.to_string(),
            })?;
        File::open(&unfinished)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&unfinished, &path))
            .map_err(OpenError::io(&path))?;
        sync_directory(&path)?;
        Ok(SqliteStore::new(open_writer(&path, &self.key)?))
    }

    /// Opens an account's store.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn open_account(&self, name: &AccountName) -> Result<(Account, SqliteStore), OpenError> {
        let path = self.existing(name)?;
        let connection = open_writer(&path, &self.key)?;
        let account =
            read_account(&connection, name).map_err(|cause| OpenError::Database { path, cause })?;
        Ok((account, SqliteStore::new(connection)))
    }

    /// A second connection to an account's store, for reading only.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn reader(&self, name: &AccountName) -> Result<SqliteReader, OpenError> {
        let path = self.existing(name)?;
        Ok(SqliteReader::new(open_reader(&path, &self.key)?))
    }

    /// Removes an account's store. Its connections must be closed before.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], or what went wrong.
    pub fn remove_account(&self, name: &AccountName) -> Result<(), OpenError> {
        let path = self.existing(name)?;
        remove_database(&path)?;
        sync_directory(&path)
    }

    fn accounts_path(&self) -> PathBuf {
        self.path.join(ACCOUNTS)
    }

    fn database(&self, name: &AccountName) -> PathBuf {
        self.accounts_path().join(format!("{name}.{EXTENSION}"))
    }

    fn existing(&self, name: &AccountName) -> Result<PathBuf, OpenError> {
        let path = self.database(name);
        if path.exists() {
            Ok(path)
        } else {
            Err(OpenError::AccountNotFound)
        }
    }

    fn account_files(&self) -> Result<Vec<PathBuf>, OpenError> {
        let path = self.accounts_path();
        fs::read_dir(&path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(OpenError::io(&path))
    }

    /// Clears away accounts whose making was cut short: nobody was ever told of them.
    fn remove_unfinished(&self) -> Result<(), OpenError> {
        for path in self.account_files()? {
            let unfinished = path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(UNFINISHED));
            if unfinished {
                fs::remove_file(&path).map_err(OpenError::io(&path))?;
            }
        }
        Ok(())
    }
}

fn take_lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(LOCK_FILE);
    let mut file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(OpenError::io(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.take(MAX_HOLDER_BYTES).read_to_string(&mut holder);
            return Err(OpenError::Busy {
                path: directory.to_owned(),
                holder: holder.trim().to_owned(),
            });
        }
        Err(TryLockError::Error(cause)) => return Err(OpenError::Io { path, cause }),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "pid {}", std::process::id()))
        .map_err(OpenError::io(&path))?;
    Ok(file)
}

fn remove_database(path: &Path) -> Result<(), OpenError> {
    let companions = COMPANIONS.map(|suffix| {
        let mut companion = path.as_os_str().to_owned();
        companion.push(suffix);
        PathBuf::from(companion)
    });
    for file in companions.iter().map(PathBuf::as_path).chain([path]) {
        match fs::remove_file(file) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::Io {
                    path: file.to_owned(),
                    cause,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn insert_account(connection: &rusqlite::Connection, account: &Account) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO account (id, name, identity_secret, identity, installation, \
             fresh_installation, created_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
        (
            account.name.as_str(),
            *account.identity.secret_bytes(),
            account.identity.public().as_bytes(),
            account.installation.as_str(),
            account.fresh_installation,
            crate::rows::time(account.created_at),
        ),
    )?;
    Ok(())
}

fn read_account(connection: &rusqlite::Connection, name: &AccountName) -> Result<Account, String> {
    let (secret, installation, fresh_installation, created_at) = connection
        .query_row(
            "SELECT identity_secret, installation, fresh_installation, created_at FROM account",
            (),
            |row| {
                let secret: [u8; 32] = row.get(0)?;
                let installation: String = row.get(1)?;
                let created_at: i64 = row.get(3)?;
                Ok((
                    Zeroizing::new(secret),
                    installation,
                    row.get(2)?,
                    created_at,
                ))
            },
        )
        .map_err(|error| error.to_string())?;
    Ok(Account {
        name: name.clone(),
        identity: crypto_core::IdentityKeyPair::from_secret_bytes(&secret)
            .map_err(|error| error.to_string())?,
        installation: crypto_core::InstallationId::parse(&installation)
            .map_err(|error| error.to_string())?,
        fresh_installation,
        created_at: engine::UnixMillis(u64::try_from(created_at).unwrap_or(0)),
    })
}
