//! The registry of accounts: what is known of each without opening it.
//!
//! An index of the accounts' own databases, which it never overrules: it can be lost, and is made
//! anew from them. So one that is damaged, or under another key, is erased.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crypto_core::{IdentityKey, InstallationId};
use engine::model::{Account, AccountName, RollbackKind, StoreError, UnixMillis};
use rusqlite::{Connection, Row};

use crate::{
    account::read_facts,
    backup::check_sound,
    data_dir::{DataDir, erase_companions},
    error::OpenError,
    files::{sync_directory, wipe},
    query::{all, changed},
    rollback_guard::Found,
    rows::{Columns, corrupt, failed, integer, time},
    schema::{REGISTRY as SCHEMA, open_main_file, open_reader},
    stats::{SessionsBySuite, StoreStats},
    wal,
};

/// Its database in the data directory.
pub(crate) const REGISTRY: &str = "registry.db";

/// The columns of what was found when an account was closed.
const RESTING: &str = "due_at, peers, devices, post_quantum_sessions, x25519_sessions, \
     secp256k1_sessions, stored_keys, unconfirmed_keys, stale_devices, prekey_created_at, \
     displaced_at, displaced, inode, bytes, modified";

type Result<T> = std::result::Result<T, StoreError>;

/// What is known of an account without opening it. None of it ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// Its local name.
    pub name: AccountName,
    /// The public half of its identity key pair, IK.
    pub identity: IdentityKey,
    /// The id of this device.
    pub installation: InstallationId,
    /// When the account was made.
    pub created_at: UnixMillis,
}

impl From<&Account> for AccountFacts {
    fn from(account: &Account) -> Self {
        Self {
            name: account.name.clone(),
            identity: *account.identity.public(),
            installation: account.installation.clone(),
            created_at: account.created_at,
        }
    }
}

/// Tells a database file from another one in its place, and from one that was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    pub(crate) inode: u64,
    /// Its length.
    pub(crate) bytes: u64,
    /// When it was last written, in nanoseconds since the epoch.
    pub(crate) modified: u64,
}

/// What was found when an account was last closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// When the next sweep is due, by the wall clock at the closing (protocol §7).
    pub due_at: UnixMillis,
    /// How much its store held.
    pub held: StoreStats,
    /// When its store was last found to be an older state or a copy.
    pub found: Option<Found>,
    /// Its database file. If it is another one later, nothing of this holds.
    pub file: FileStamp,
}

/// What the registry has of an account: `None` for what was found at the closing if the account was
/// open when this was last written, or never closed properly.
pub type RegistryEntry = (AccountFacts, Option<Resting>);

/// The registry of one data directory.
#[derive(Debug)]
pub struct Registry {
    connection: Connection,
    path: PathBuf,
    lost: Option<OpenError>,
}

impl DataDir {
    /// Opens the registry, and reads every account of it, by name in byte order; makes it if there
    /// is none. One that cannot be read is erased, and made anew without any entry
    /// ([`Registry::lost`]).
    ///
    /// # Errors
    /// [`OpenError`] if the system refuses it, which says what to do.
    pub fn registry(&self) -> std::result::Result<(Registry, Vec<RegistryEntry>), OpenError> {
        let path = self.path().join(REGISTRY);
        let opened = self.open_registry(&path).and_then(|connection| {
            let registry = Registry {
                connection,
                path: path.clone(),
                lost: None,
            };
            let entries = registry.entries().map_err(OpenError::database(&path))?;
            Ok((registry, entries))
        });
        let lost = match opened {
            Ok(opened) => return Ok(opened),
            Err(error @ (OpenError::Io { .. } | OpenError::Refused { .. })) => return Err(error),
            Err(lost) => lost,
        };
        erase_registry(self.path())?;
        let registry = Registry {
            connection: self.open_registry(&path)?,
            path,
            lost: Some(lost),
        };
        Ok((registry, Vec::new()))
    }

    fn open_registry(&self, path: &Path) -> std::result::Result<Connection, OpenError> {
        let connection = self.open_own(path, SCHEMA)?;
        check_sound(&connection, path)?;
        Ok(connection)
    }

    /// The database file of an account as it is now.
    ///
    /// # Errors
    /// [`OpenError::Io`] if it cannot be looked at.
    pub fn file_stamp(&self, name: &AccountName) -> std::result::Result<FileStamp, OpenError> {
        let path = self.existing(name)?;
        let found = fs::metadata(&path).map_err(OpenError::io(&path))?;
        let modified = found.mtime().saturating_mul(1_000_000_000);
        Ok(FileStamp {
            inode: found.ino(),
            bytes: found.len(),
            modified: modified.saturating_add(found.mtime_nsec()).unsigned_abs(),
        })
    }

    /// What the own database of an account says of it. Changes nothing, whether the account is open
    /// or not: what is asked for has been in the main database file since the account was made.
    ///
    /// # Errors
    /// [`OpenError::AccountNotFound`], [`OpenError::OtherAccount`] if the database was made for
    /// another name, or what went wrong.
    pub fn account_facts(
        &self,
        name: &AccountName,
    ) -> std::result::Result<AccountFacts, OpenError> {
        let path = self.existing(name)?;
        let alone = open_main_file(&path, self.key()).map_err(OpenError::database(&path));
        match alone.and_then(|connection| read_facts(&connection, &path, name)) {
            Err(OpenError::Database { .. }) => {
                // A checkpoint may be under way, or have been cut off: then the WAL has the rest.
                read_facts(&open_reader(&path, self.key())?, &path, name)
            }
            read => read,
        }
    }
}

/// Erases the registry of a data directory. After a crash it is there as it was, or cannot be read,
/// or is gone.
pub(crate) fn erase_registry(data_dir: &Path) -> std::result::Result<(), OpenError> {
    let path = data_dir.join(REGISTRY);
    // First the file itself: without its WAL it could pass for sound, at an older state. A WAL
    // beside no file, or an empty one, is not read.
    wipe(&path)?;
    erase_companions(&path)?;
    sync_directory(&path)
}

impl Registry {
    /// Why the registry that was there could not be used; `None` if it could, or if there was none.
    #[must_use]
    pub const fn lost(&self) -> Option<&OpenError> {
        self.lost.as_ref()
    }

    /// Every account, by name in byte order.
    pub(crate) fn entries(&self) -> Result<Vec<RegistryEntry>> {
        all(
            &self.connection,
            &format!(
                "SELECT name, identity, installation, created_at, {RESTING} FROM accounts \
                 ORDER BY name"
            ),
            (),
            entry,
        )
    }

    /// Enters an account as open, whatever there was of its name. It is on the disk when this
    /// returns: the events of an account that is entered as closed are taken to be published.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn mark_open(&mut self, facts: &AccountFacts) -> Result<()> {
        changed(
            &self.connection,
            "INSERT OR REPLACE INTO accounts (name, identity, installation, created_at) \
             VALUES (?1, ?2, ?3, ?4)",
            (
                facts.name.as_str(),
                facts.identity.as_bytes(),
                facts.installation.as_str(),
                time(facts.created_at),
            ),
        )
        .map(drop)
    }

    /// Enters an account as closed, which must be known; does nothing if it is not. Does not wait
    /// for the disk: if the power fails, the account is entered as open.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn mark_closed(&mut self, name: &AccountName, resting: &Resting) -> Result<()> {
        let sql = format!(
            "UPDATE accounts SET ({RESTING}) = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
                 ?13, ?14, ?15, ?16) \
             WHERE name = ?1"
        );
        let held = resting.held;
        let params = (
            name.as_str(),
            time(resting.due_at),
            integer(held.peers),
            integer(held.devices),
            integer(held.sessions.post_quantum),
            integer(held.sessions.x25519),
            integer(held.sessions.secp256k1),
            integer(held.stored_keys),
            integer(held.unconfirmed_keys),
            integer(held.stale_devices),
            held.prekey_created_at.map(time),
            resting.found.map(|found| time(found.at)),
            resting.found.map(|found| found.how.code()),
            integer(resting.file.inode),
            integer(resting.file.bytes),
            integer(resting.file.modified),
        );
        let close = || changed(&self.connection, &sql, params).map(drop);
        wal::without_waiting(&self.connection, close)
    }

    /// Erases what is known of an account.
    ///
    /// # Errors
    /// [`StoreError`] if it may still be there.
    pub fn remove(&mut self, name: &AccountName) -> Result<()> {
        let sql = "DELETE FROM accounts WHERE name = ?1";
        if changed(&self.connection, sql, [name.as_str()])? == 0 {
            return Ok(());
        }
        // The page that held it is overwritten, but the WAL still has it.
        wal::erase(&self.connection, &self.path, || self.check_writing())
    }

    /// Writes what is there anyway, and waits until it is on the disk: whether accounts could be
    /// opened now.
    ///
    /// # Errors
    /// [`StoreError`] if they could not.
    pub fn check_writing(&self) -> Result<()> {
        self.connection
            .execute_batch(&format!("PRAGMA user_version = {}", SCHEMA.len()))
            .map_err(failed)
    }

    /// Closes the registry.
    ///
    /// # Errors
    /// [`StoreError`] if that fails; what was entered is kept all the same.
    pub fn close(self) -> Result<()> {
        self.connection.close().map_err(|(_, error)| failed(error))
    }

    /// Its connection.
    #[cfg(test)]
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn entry(row: &Row<'_>) -> Result<RegistryEntry> {
    let mut columns = Columns::of(row);
    let facts = facts(&mut columns)?;
    let Some(due_at) = columns.optional_time()? else {
        return Ok((facts, None));
    };
    let held = StoreStats {
        peers: columns.count()?,
        devices: columns.count()?,
        sessions: SessionsBySuite {
            post_quantum: columns.count()?,
            x25519: columns.count()?,
            secp256k1: columns.count()?,
        },
        stored_keys: columns.count()?,
        unconfirmed_keys: columns.count()?,
        stale_devices: columns.count()?,
        prekey_created_at: columns.optional_time()?,
    };
    let found = match (columns.optional_time()?, columns.take::<Option<i64>>()?) {
        (Some(at), Some(code)) => {
            let how = RollbackKind::from_code(code)
                .ok_or_else(|| corrupt("how a store was displaced"))?;
            Some(Found { at, how })
        }
        _ => None,
    };
    let file = FileStamp {
        inode: columns.count()?,
        bytes: columns.count()?,
        modified: columns.count()?,
    };
    let resting = Resting {
        due_at,
        held,
        found,
        file,
    };
    Ok((facts, Some(resting)))
}

/// Reads name, identity, installation and time of making.
pub(crate) fn facts(columns: &mut Columns<'_>) -> Result<AccountFacts> {
    Ok(AccountFacts {
        name: columns.account_name()?,
        identity: columns.identity()?,
        installation: columns.installation()?,
        created_at: columns.time()?,
    })
}
