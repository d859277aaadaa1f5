//! The accounts of this daemon, each with its worker and a connection for reading.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, RwLock},
};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{Account, AccountName, Engine, StoreError, Viewer};
use rand_core::Rng as _;
use rpc::{Kind, RpcError, types::AccountInfo};
use session_store::{DataDir, OpenError, SqliteReader, SqliteStore};

use crate::{clock::Clock, entropy::entropy, worker::Worker};

/// One open account.
#[derive(Debug)]
pub struct AccountHandle {
    /// As the interface shows it.
    pub info: AccountInfo,
    /// Its chat key.
    pub identity: IdentityKey,
    /// For listings.
    pub viewer: Viewer,
    /// Its thread.
    pub worker: Worker,
    reader: Mutex<Option<SqliteReader>>,
}

/// All accounts.
#[derive(Debug)]
pub struct Accounts {
    directory: DataDir,
    clock: Arc<Clock>,
    config: engine::Config,
    queue: usize,
    open: RwLock<BTreeMap<AccountName, Arc<AccountHandle>>>,
    /// Held while an account is made or removed.
    changing: Mutex<()>,
}

impl Accounts {
    /// Opens every account of the directory.
    ///
    /// # Errors
    /// [`OpenError`] of the first that cannot be opened.
    pub fn open(
        directory: DataDir,
        clock: Arc<Clock>,
        config: engine::Config,
        queue: usize,
    ) -> Result<Self, OpenError> {
        let accounts = Self {
            directory,
            clock,
            config,
            queue,
            open: RwLock::new(BTreeMap::new()),
            changing: Mutex::new(()),
        };
        for name in accounts.directory.accounts()? {
            let (account, store) = accounts.directory.open_account(&name)?;
            accounts.take_up(account, store)?;
        }
        Ok(accounts)
    }

    /// The data directory.
    #[must_use]
    pub const fn directory(&self) -> &DataDir {
        &self.directory
    }

    /// The account of this name, or the only one if none is named.
    ///
    /// # Errors
    /// [`Kind::AccountNotFound`] or [`Kind::AccountAmbiguous`].
    pub fn find(&self, name: Option<&AccountName>) -> Result<Arc<AccountHandle>, RpcError> {
        let open = self.open.read().map_err(poisoned)?;
        let mut all = open.values();
        match (name, all.next(), all.next()) {
            (Some(name), ..) => open.get(name).cloned().ok_or_else(|| {
                RpcError::new(
                    Kind::AccountNotFound,
                    format!("there is no account {name:?}", name = name.as_str()),
                )
                .about("account")
            }),
            (None, Some(only), None) => Ok(Arc::clone(only)),
            (None, None, _) => Err(
                RpcError::new(Kind::AccountNotFound, "there is no account yet")
                    .about("account")
                    .with_hint("make one with account_create"),
            ),
            (None, Some(_), Some(_)) => Err(RpcError::new(
                Kind::AccountAmbiguous,
                "there are several accounts, and none was named",
            )
            .about("account")),
        }
    }

    /// Every account, in order.
    ///
    /// # Errors
    /// [`Kind::Internal`] after a panic elsewhere.
    pub fn all(&self) -> Result<Vec<Arc<AccountHandle>>, RpcError> {
        let open = self.open.read().map_err(poisoned)?;
        Ok(open.values().cloned().collect())
    }

    /// Makes an account and opens it. Blocks until it is durable.
    ///
    /// # Errors
    /// [`Kind::AccountExists`] or [`Kind::StoreFailed`].
    pub fn create(
        &self,
        name: AccountName,
        identity: IdentityKeyPair,
        installation: Option<InstallationId>,
    ) -> Result<AccountInfo, RpcError> {
        let _changing = self.changing.lock().map_err(poisoned)?;
        let fresh_installation = installation.is_none();
        let installation = installation.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            entropy().fill_bytes(&mut bytes);
            InstallationId::from_random(bytes)
        });
        let account = Account {
            name,
            identity,
            installation,
            fresh_installation,
            created_at: self.clock.now(),
        };
        let store = self
            .directory
            .create_account(&account)
            .map_err(|error| opening_failed(&error))?;
        self.take_up(account, store)
            .map_err(|error| opening_failed(&error))
    }

    /// Erases an account. What its worker has accepted is finished first. Blocks meanwhile.
    ///
    /// # Errors
    /// [`Kind::AccountNotFound`], [`Kind::InvalidParams`] if the key is not the account's, or [`Kind::StoreFailed`].
    pub fn remove(&self, name: &AccountName, identity: &IdentityKey) -> Result<(), RpcError> {
        let _changing = self.changing.lock().map_err(poisoned)?;
        let account = self.find(Some(name))?;
        if account.identity != *identity {
            return Err(
                RpcError::new(Kind::InvalidParams, "the public key is not this account's")
                    .about("publicKey")
                    .with_hint("account_get shows the account's public key"),
            );
        }
        self.open.write().map_err(poisoned)?.remove(name);
        account.close();
        self.directory
            .remove_account(name)
            .map_err(|error| opening_failed(&error))
    }

    /// Finishes what the workers have accepted and closes every store. Blocks meanwhile.
    pub fn close(&self) {
        let Ok(mut open) = self.open.write() else {
            return;
        };
        for account in std::mem::take(&mut *open).into_values() {
            account.close();
        }
    }

    fn take_up(&self, account: Account, store: SqliteStore) -> Result<AccountInfo, OpenError> {
        let name = account.name.clone();
        let info = AccountInfo::from(&account);
        let identity = *account.identity.public();
        let reader = self.directory.reader(&name)?;
        let engine = Engine::new(account, self.config.clone());
        let viewer = engine.viewer();
        let worker =
            Worker::start(engine, store, Arc::clone(&self.clock), self.queue).map_err(|cause| {
                OpenError::Io {
                    path: self.directory.path().to_owned(),
                    cause,
                }
            })?;
        let handle = AccountHandle {
            info: info.clone(),
            identity,
            viewer,
            worker,
            reader: Mutex::new(Some(reader)),
        };
        if let Ok(mut open) = self.open.write() {
            open.insert(name, Arc::new(handle));
        }
        Ok(info)
    }
}

impl AccountHandle {
    /// Reads on the second connection, beside the worker.
    ///
    /// # Errors
    /// [`Kind::StoreFailed`], or [`Kind::AccountNotFound`] if the account was just removed.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&Viewer, &SqliteReader) -> Result<T, StoreError>,
    ) -> Result<T, RpcError> {
        let reader = self.reader.lock().map_err(poisoned)?;
        let reader = reader
            .as_ref()
            .ok_or_else(|| RpcError::new(Kind::AccountNotFound, "the account was removed"))?;
        Ok(read(&self.viewer, reader)?)
    }

    fn close(&self) {
        self.worker.stop();
        if let Ok(mut reader) = self.reader.lock() {
            *reader = None;
        }
    }
}

fn poisoned<T>(_: std::sync::PoisonError<T>) -> RpcError {
    RpcError::new(Kind::Internal, "an earlier call failed inside the daemon")
}

fn opening_failed(error: &OpenError) -> RpcError {
    match error {
        OpenError::AccountExists => {
            RpcError::new(Kind::AccountExists, error.to_string()).about("account")
        }
        OpenError::AccountNotFound => {
            RpcError::new(Kind::AccountNotFound, error.to_string()).about("account")
        }
        _ => RpcError::new(Kind::StoreFailed, error.to_string()),
    }
}
