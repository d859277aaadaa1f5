//! The device under test: an engine over a store of its own.

use std::{sync::Arc, time::Duration};

use crypto_core::{IdentityKeyPair, InstallationId, MessageId};
use engine::{
    Config, Engine, Env, PreKeyImport, ReceiveRequest,
    model::{Account, AccountName, ReceiveError, Received, UnixMillis},
    store::{Store, Transaction, memory::MemoryStore},
};
use rand_core::CryptoRng;
use session_store::DataDir;
use tempfile::TempDir;

use super::words;
use crate::ops::entropy::entropy;

/// Makes a device.
pub(super) type NewDevice = fn(&Owner, UnixMillis) -> Result<Device, String>;

/// Whose device it is, and the limits of its engine.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) identity: Arc<IdentityKeyPair>,
    pub(super) installation: InstallationId,
    pub(super) config: Config,
}

/// An engine with a store that is removed when this is dropped. Its clock stands still.
pub(super) struct Device {
    engine: Engine,
    store: Box<dyn Transaction>,
    now: UnixMillis,
    /// The directory of a store on disk, and its lock.
    _directory: Option<(DataDir, TempDir)>,
}

impl Device {
    /// A device with a store on disk, as the daemon has it.
    pub(super) fn on_disk(owner: &Owner, now: UnixMillis) -> Result<Self, String> {
        let account = owner.account(now)?;
        let scratch = tempfile::tempdir().map_err(words)?;
        let directory = DataDir::open(scratch.path(), None, &mut entropy()).map_err(words)?;
        let store = directory.create_account(&account).map_err(words)?;
        Ok(Self {
            engine: Engine::new(account, owner.config.clone()),
            store: Box::new(store),
            now,
            _directory: Some((directory, scratch)),
        })
    }

    /// A device with a store in memory.
    pub(super) fn in_memory(owner: &Owner, now: UnixMillis) -> Result<Self, String> {
        Ok(Self {
            engine: Engine::new(owner.account(now)?, owner.config.clone()),
            store: Box::<MemoryStore>::default(),
            now,
            _directory: None,
        })
    }

    /// Sets the clock.
    pub(super) fn set_now(&mut self, now: UnixMillis) {
        self.now = now;
    }

    pub(super) fn import(&mut self, prekey: PreKeyImport) -> Result<(), String> {
        self.call(&mut entropy(), |engine, store, env| {
            engine.import_prekey(store, env, prekey)
        })?
        .map(|_| ())
        .map_err(words)
    }

    pub(super) fn receive(
        &mut self,
        rng: &mut dyn CryptoRng,
        request: ReceiveRequest,
    ) -> Result<Result<Received, ReceiveError>, String> {
        self.call(rng, |engine, store, env| {
            engine.receive(store, env, request)
        })
    }

    pub(super) fn confirm(&mut self, message: MessageId) -> Result<(), String> {
        self.call(&mut entropy(), |engine, store, _| {
            engine.confirm(store, &[message])
        })?
        .map(|_| ())
        .map_err(words)
    }

    /// Calls the engine in a transaction; the error is the store's.
    pub(super) fn call<T>(
        &mut self,
        rng: &mut dyn CryptoRng,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> T,
    ) -> Result<T, String> {
        let result = self.begin(rng, call)?;
        self.store.commit().map_err(words)?;
        Ok(result)
    }

    /// What a call would give: its writes are undone.
    pub(super) fn trial<T>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> T,
    ) -> Result<T, String> {
        let result = self.begin(&mut entropy(), call)?;
        self.store.abort().map_err(words)?;
        Ok(result)
    }

    fn begin<T>(
        &mut self,
        rng: &mut dyn CryptoRng,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> T,
    ) -> Result<T, String> {
        let mut env = Env {
            now: self.now,
            running: Duration::ZERO,
            rng,
        };
        self.store.begin().map_err(words)?;
        Ok(call(&mut self.engine, &mut *self.store, &mut env))
    }
}

impl Owner {
    fn account(&self, now: UnixMillis) -> Result<Account, String> {
        Ok(Account {
            name: AccountName::parse("me").map_err(words)?,
            identity: Arc::clone(&self.identity),
            installation: self.installation.clone(),
            fresh_installation: false,
            created_at: now,
        })
    }
}
