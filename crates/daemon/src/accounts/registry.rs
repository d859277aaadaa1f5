//! The registry of accounts: each with its worker and a connection for reading.

use std::{
    collections::BTreeMap,
    panic::resume_unwind,
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{
    Engine, Env,
    model::{Account, AccountName, ContactPolicy, MAX_NEGOTIATED_KEYS, RollbackKind, StoreError},
    queries::Viewer,
    sealing::{Opener, SignedMessage, UnsealError},
    store::{StoreRead as _, Transaction as _},
};
use rand_core::Rng as _;
use rpc::{ErrorKind, RpcError, types::AccountInfo};
use session_store::{DataDir, Found, OpenError, SqliteReader, SqliteStore};
use tokio::runtime::Handle;

use crate::{
    accounts::{
        check::Rounds,
        events::EventHub,
        worker::{Worker, WorkerConfig},
    },
    ops::{clock::Clock, entropy::entropy, metrics::Metrics},
};

/// Accounts that are opened at the same time at the start. More would only wait for the same disk.
const OPENED_AT_ONCE: usize = 4;

/// One open account.
#[derive(Debug)]
pub struct AccountHandle {
    /// Its name.
    pub name: AccountName,
    /// As the interface shows it.
    pub info: AccountInfo,
    /// Its chat key.
    pub identity: IdentityKey,
    /// Answers queries.
    pub viewer: Viewer,
    /// Does what needs the chat key and no store.
    pub opener: Opener,
    /// Its thread.
    pub worker: Worker,
    reader: Mutex<Option<SqliteReader>>,
}

/// All accounts.
///
/// A call that panicked under one of the locks here left nothing half done: the registry changes in
/// one step, and the reader only reads. So a poisoned lock is taken as it is, and the account stays
/// usable.
#[derive(Debug)]
pub struct Accounts {
    directory: DataDir,
    events: Arc<EventHub>,
    pub(super) clock: Arc<Clock>,
    pub(super) metrics: Arc<Metrics>,
    config: engine::Config,
    worker: WorkerConfig,
    pub(super) open: RwLock<BTreeMap<AccountName, Arc<AccountHandle>>>,
    /// Held while an account is made or removed.
    changing: Mutex<()>,
    /// The running time at which the stores were last counted for the metrics.
    pub(super) counted: Mutex<Option<Duration>>,
    /// How far the checks of the stores have come.
    pub(super) rounds: Mutex<Rounds>,
}

impl Accounts {
    /// Opens the event log and every account of the directory.
    ///
    /// # Errors
    /// [`OpenError`] of one that cannot be opened.
    pub fn open(
        directory: DataDir,
        clock: Arc<Clock>,
        metrics: Arc<Metrics>,
        config: engine::Config,
        worker: impl Into<WorkerConfig>,
    ) -> Result<Self, OpenError> {
        let accounts = Self {
            events: Arc::new(EventHub::open(
                &directory,
                Arc::clone(&clock),
                Arc::clone(&metrics),
            )?),
            directory,
            clock,
            metrics,
            config,
            worker: worker.into(),
            open: RwLock::new(BTreeMap::new()),
            changing: Mutex::new(()),
            counted: Mutex::new(None),
            rounds: Mutex::default(),
        };
        accounts.open_all()?;
        Ok(accounts)
    }

    /// Opens every account of the directory, several at the same time: one waits for the disk while
    /// the pages of another are checked.
    fn open_all(&self) -> Result<(), OpenError> {
        let names = Mutex::new(self.directory.accounts()?.into_iter());
        let next = || names.lock().unwrap_or_else(PoisonError::into_inner).next();
        // Workers answer on the runtime that they were started from.
        let runtime = Handle::try_current().ok();
        let open_some = || {
            let _inside = runtime.as_ref().map(Handle::enter);
            while let Some(name) = next() {
                self.reopen(&name)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let openers: Vec<_> = (0..OPENED_AT_ONCE)
                .map(|_| scope.spawn(open_some))
                .collect();
            let opened = openers
                .into_iter()
                .map(|opener| opener.join().unwrap_or_else(|panic| resume_unwind(panic)));
            opened.collect()
        })
    }

    /// The data directory.
    #[must_use]
    pub const fn directory(&self) -> &DataDir {
        &self.directory
    }

    /// The events of all accounts.
    #[must_use]
    pub const fn events(&self) -> &Arc<EventHub> {
        &self.events
    }

    /// Whom messages of the accounts may be sent to.
    #[must_use]
    pub const fn contact_policy(&self) -> ContactPolicy {
        self.config.contacts
    }

    /// The account of this name, or the only one if none is named.
    ///
    /// # Errors
    /// [`ErrorKind::AccountNotFound`] or [`ErrorKind::AccountAmbiguous`].
    pub fn find(&self, name: Option<&AccountName>) -> Result<Arc<AccountHandle>, RpcError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = open.values();
        match (name, all.next(), all.next()) {
            (Some(name), ..) => open.get(name).cloned().ok_or_else(|| {
                RpcError::new(
                    ErrorKind::AccountNotFound,
                    format!("there is no account {name:?}", name = name.as_str()),
                )
                .about("account")
            }),
            (None, Some(only), None) => Ok(Arc::clone(only)),
            (None, None, _) => Err(RpcError::new(
                ErrorKind::AccountNotFound,
                "there is no account yet",
            )
            .about("account")
            .with_hint("make one with account_create")),
            (None, Some(_), Some(_)) => Err(RpcError::new(
                ErrorKind::AccountAmbiguous,
                "there are several accounts, and none was named",
            )
            .about("account")),
        }
    }

    /// Every account, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<AccountHandle>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.values().cloned().collect()
    }

    /// Makes an account and opens it. Blocks until it is durable.
    ///
    /// # Errors
    /// [`ErrorKind::AccountExists`] or [`ErrorKind::StoreFailed`].
    pub fn create(
        &self,
        name: AccountName,
        identity: IdentityKeyPair,
        installation: Option<InstallationId>,
    ) -> Result<AccountInfo, RpcError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh_installation = installation.is_none();
        let installation = installation.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            entropy().fill_bytes(&mut bytes);
            InstallationId::from_random(bytes)
        });
        let account = Account {
            name,
            identity: identity.into(),
            installation,
            fresh_installation,
            created_at: self.clock.now(),
        };
        if self.find(Some(&account.name)).is_ok() {
            return Err(opening_failed(&OpenError::AccountExists));
        }
        // Events left behind by an earlier account of this name would be taken for this one's,
        // whose numbers begin from the start.
        self.events.forget(&account.name)?;
        let store = self
            .directory
            .create_account(&account)
            .map_err(|error| opening_failed(&error))?;
        let name = account.name.clone();
        self.start_account(account, store).map_err(|error| {
            // The caller gets an error, and never saw the recovery phrase: the account must not
            // turn up at the next start.
            if let Err(error) = self.directory.remove_account(&name) {
                tracing::error!(%error, "an account that could not be opened is left behind");
            }
            opening_failed(&error)
        })
    }

    /// Erases an account. Calls that its worker has accepted are finished first. Blocks.
    ///
    /// # Errors
    /// [`ErrorKind::AccountNotFound`], [`ErrorKind::InvalidParams`] if the key is not the
    /// account's, or [`ErrorKind::StoreFailed`].
    pub fn remove(&self, name: &AccountName, identity: &IdentityKey) -> Result<(), RpcError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let account = match self.find(Some(name)) {
            Ok(account) => account,
            // An earlier removal may have failed, with the account closed or already erased.
            Err(_) => match self.reopen(name) {
                Ok(()) => self.find(Some(name))?,
                Err(OpenError::AccountNotFound) => return self.erase(name),
                Err(error) => return Err(opening_failed(&error)),
            },
        };
        if account.identity != *identity {
            return Err(RpcError::invalid("the public key is not this account's")
                .about("publicKey")
                .with_hint("account_get shows the account's public key"));
        }
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        account.close();
        self.erase(name).inspect_err(|_| match self.reopen(name) {
            Ok(()) | Err(OpenError::AccountNotFound) => {}
            Err(error) => {
                tracing::error!(%error, "an account that could not be removed is closed until the next start");
            }
        })
    }

    fn erase(&self, name: &AccountName) -> Result<(), RpcError> {
        self.directory
            .remove_account(name)
            .map_err(|error| opening_failed(&error))?;
        if let Err(error) = self.events.forget(name) {
            tracing::error!(%error, "the events of a removed account are erased at the next start");
        }
        Ok(())
    }

    /// Finishes the calls that the workers have accepted, and closes every store and the event log.
    /// Blocks.
    pub fn close(&self) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        for account in std::mem::take(&mut *open).into_values() {
            account.close();
        }
        self.events.close();
    }

    /// Opens an account that is there and not in use.
    fn reopen(&self, name: &AccountName) -> Result<(), OpenError> {
        let (account, store) = self.directory.open_account(name)?;
        self.start_account(account, store).map(drop)
    }

    fn start_account(
        &self,
        account: Account,
        mut store: SqliteStore,
    ) -> Result<AccountInfo, OpenError> {
        let name = account.name.clone();
        let info = AccountInfo::from(&account);
        let identity = *account.identity.public();
        let reader = self.directory.reader(&name)?;
        let mut engine = Engine::new(account, self.config.clone());
        store.measure_by(Instant::now);
        if let Some(how) = store.displaced() {
            self.recover_from_rollback(&name, &mut engine, &mut store, how)
                .map_err(|cause| OpenError::Database {
                    path: self.directory.path().to_owned(),
                    cause: format!(
                        "a store that was put back could not be made safe to send from: {cause}"
                    ),
                })?;
        }
        let viewer = engine.viewer();
        let opener = engine.opener();
        let (events, source) = (Arc::clone(&self.events), name.clone());
        let worker = Worker::start(
            engine,
            store,
            Arc::clone(&self.clock),
            Arc::clone(&self.metrics),
            self.worker.clone(),
            Box::new(move |waiting| events.publish(&source, waiting)),
        )
        .map_err(|cause| OpenError::Io {
            path: self.directory.path().to_owned(),
            cause,
        })?;
        let handle = AccountHandle {
            name: name.clone(),
            info: info.clone(),
            identity,
            viewer,
            opener,
            worker,
            reader: Mutex::new(Some(reader)),
        };
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, Arc::new(handle));
        Ok(info)
    }

    /// Makes a store that was put back (an older state, or a copy) safe to send from, before
    /// anything else is done with it.
    fn recover_from_rollback(
        &self,
        name: &AccountName,
        engine: &mut Engine,
        store: &mut SqliteStore,
        how: RollbackKind,
    ) -> Result<(), String> {
        let failed = |error: StoreError| error.to_string();
        let at = self.clock.now();
        // The event log may know higher numbers, of the later state or of the original.
        self.events.restart_numbering(name).map_err(failed)?;
        let mut rng = entropy();
        let mut env = Env {
            now: at,
            running: self.clock.running(),
            rng: &mut rng,
        };
        store.begin().map_err(failed)?;
        let sessions = engine
            .expire_all_sessions(store, &mut env, how)
            .map_err(|error| error.to_string())?;
        store
            .settle(Found { at, how })
            .and_then(|()| store.commit())
            .map_err(failed)?;
        tracing::warn!(
            found = how.name(),
            sessions,
            "an account's store is not the one last used: its sessions only read from now on, and are set up anew when they are needed"
        );
        Ok(())
    }
}

impl AccountHandle {
    /// Reads on a connection of its own, beside the worker.
    ///
    /// # Errors
    /// [`ErrorKind::StoreFailed`], or [`ErrorKind::AccountNotFound`] if the account was just
    /// removed.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&Viewer, &SqliteReader) -> Result<T, StoreError>,
    ) -> Result<T, RpcError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = reader
            .as_ref()
            .ok_or_else(|| RpcError::new(ErrorKind::AccountNotFound, "the account was closed"))?;
        Ok(read(&self.viewer, reader)?)
    }

    /// Opens a sealed message with the identity's key, or with the keys it shares with others as
    /// far as they were derived.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub fn unseal(
        &self,
        sealed: &[u8],
    ) -> Result<std::result::Result<SignedMessage, UnsealError>, RpcError> {
        let others = self.read(|_, reader| reader.correspondents(MAX_NEGOTIATED_KEYS))?;
        Ok(self.opener.unseal(sealed, &others))
    }

    fn close(&self) {
        // Before the store is closed: it could not erase its log while this connection is open.
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.worker.stop();
    }
}

fn opening_failed(error: &OpenError) -> RpcError {
    match error {
        OpenError::AccountExists => {
            RpcError::new(ErrorKind::AccountExists, error.to_string()).about("account")
        }
        OpenError::AccountNotFound => {
            RpcError::new(ErrorKind::AccountNotFound, error.to_string()).about("account")
        }
        _ => {
            let failed = RpcError::new(ErrorKind::StoreFailed, error.to_string());
            match error.trouble() {
                Some(trouble) => failed.refused_for(trouble),
                None => failed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn accounts(directory: &tempfile::TempDir) -> Accounts {
        let directory = DataDir::open(directory.path(), None, &mut entropy()).unwrap();
        let clock = Arc::new(Clock::default());
        let metrics = Arc::new(Metrics::new().unwrap());
        Accounts::open(directory, clock, metrics, engine::Config::default(), 8).unwrap()
    }

    fn create(accounts: &Accounts, name: &str, installation: Option<&str>) -> AccountInfo {
        let identity = IdentityKeyPair::generate(&mut entropy());
        let installation = installation.map(|id| InstallationId::parse(id).unwrap());
        let name = AccountName::parse(name).unwrap();
        accounts.create(name, identity, installation).unwrap()
    }

    #[test]
    fn a_read_that_panics_does_not_close_the_account_to_later_ones() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(&directory);
        create(&accounts, "a", None);
        let account = accounts.find(None).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            account.read(|_, _| -> Result<(), StoreError> { panic!("on purpose") })
        }));
        assert!(panicked.is_err());
        assert_eq!(account.read(|_, _| Ok(7)), Ok(7));
    }

    #[test]
    fn an_account_that_nobody_calls_leaves_nothing_in_its_log() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let directory = DataDir::open(scratch.path(), None, &mut entropy()).unwrap();
        let clock = Arc::new(Clock::default());
        let metrics = Arc::new(Metrics::new().unwrap());
        let worker = WorkerConfig {
            release_after: Duration::from_millis(1),
            ..WorkerConfig::from(8)
        };
        let config = engine::Config::default();
        let accounts = Accounts::open(directory, clock, metrics, config, worker).unwrap();
        create(&accounts, "a", None);
        let account = accounts.find(None).unwrap();
        let log = scratch.path().join("accounts/a.db-wal");
        for clock in 1..=3 {
            let chat = engine::model::ChatKey::of("chat");
            let put = account
                .worker
                .call(move |_, store, _| Ok(store.put_chat_clock(&chat, clock)?));
            runtime.block_on(put).unwrap();
            // Until its memory is released: there is nothing else to wait for.
            while std::fs::metadata(&log).unwrap().len() > 0 {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn a_new_account_does_not_inherit_the_events_of_an_earlier_one_of_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(&directory);
        let name = AccountName::parse("a").unwrap();
        let event = |number| {
            let message = crypto_core::MessageId::from_bytes([0; 32]);
            let why = engine::model::KeyDropped::Limit;
            let kind = engine::model::EventKind::MessageKeyDropped { message, why };
            let at = engine::model::UnixMillis(number);
            (number, engine::model::Event { at, kind })
        };
        let held = || accounts.events().page(None, 0, 10).unwrap().events.len();
        // As if the process had ended between erasing the account and erasing its events.
        let left: Vec<_> = (1..=3).map(event).collect();
        accounts.events().publish(&name, &left).unwrap();
        create(&accounts, "a", None);
        assert_eq!(held(), 0);
        accounts.events().publish(&name, &[event(1)]).unwrap();
        assert_eq!(held(), 1);
        // Asking for a name that is taken costs its owner nothing.
        let identity = IdentityKeyPair::generate(&mut entropy());
        let refused = accounts.create(name, identity, None).unwrap_err();
        assert_eq!((refused.kind, held()), (ErrorKind::AccountExists, 1));
    }

    #[test]
    fn accounts_are_there_again_after_a_restart_and_removed_ones_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let first = accounts(&directory);
        let kept = create(&first, "kept", Some("one-of-my-own"));
        create(&first, "removed", None);
        let removed = AccountName::parse("removed").unwrap();
        let key = first.find(Some(&removed)).unwrap().identity;
        let wrong = IdentityKeyPair::generate(&mut entropy());
        let error = first.remove(&removed, wrong.public()).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("publicKey"));
        first.remove(&removed, &key).unwrap();
        first.close();
        drop(first);
        let all = accounts(&directory).all();
        let infos: Vec<_> = all.iter().map(|account| account.info.clone()).collect();
        assert_eq!(infos, [kept]);
    }
}
