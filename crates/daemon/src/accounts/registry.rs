//! All accounts of the data directory, by their names. None of them is opened for that.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    panic::resume_unwind,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread,
    time::Duration,
};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{
    Engine, Env,
    model::{
        Account, AccountName, AddressedMessage, ContactPolicy, LinkContents, LinkError,
        SWEEP_INTERVAL, Seal, UnixMillis,
    },
};
use rand_core::Rng as _;
use rpc::{ErrorKind, RpcError, types::AccountInfo};
use session_store::{AccountFacts, DataDir, OpenError, RegistryEntry, Resting, StoreStats};

pub use super::account::{AccountHandle, Condition};
use super::{
    blocking,
    check::Rounds,
    events::EventHub,
    schedule::Schedule,
    store::{Common, opening_failed},
    worker::{WorkerConfig, WorkerPool},
};
use crate::ops::{clock::Clock, entropy::entropy, metrics::Metrics};

/// Accounts that are looked into at the same time, at a start that does not know them yet. More
/// would only wait for the same disk.
const LOOKED_INTO_AT_ONCE: usize = 4;

/// All accounts.
///
/// A call that panicked under one of the locks here left nothing half done: each change is one
/// step. So a poisoned lock is taken as it is.
#[derive(Debug)]
pub struct Accounts {
    pub(super) common: Arc<Common>,
    pool: WorkerPool,
    known: RwLock<Known>,
    /// Held while an account is made or removed.
    changing: tokio::sync::Mutex<()>,
    /// The running time at which the stores were last counted for the metrics.
    pub(super) counted: tokio::sync::Mutex<Option<Duration>>,
    /// How far the checks of the stores have come.
    pub(super) rounds: Mutex<Rounds>,
}

/// Accounts by their names.
pub(super) type Handles = BTreeMap<AccountName, Arc<AccountHandle>>;

#[derive(Debug, Default)]
struct Known {
    accounts: Handles,
    /// Those in whose files nothing can be read.
    unreadable: BTreeMap<AccountName, Unreadable>,
}

#[derive(Debug)]
struct Unreadable {
    /// What is told who calls.
    error: RpcError,
    /// Its chat key, if the registry has it.
    identity: Option<IdentityKey>,
}

/// Why an account was not made from what another device gave.
enum NotMade {
    Open(OpenError),
    Link(LinkError),
}

impl From<OpenError> for NotMade {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl Accounts {
    /// Opens the registry and the event log of the directory. Accounts that the registry does not
    /// have, those of an earlier version, are looked into for it.
    ///
    /// # Errors
    /// [`OpenError`] if one of the two cannot be opened, or there are no threads.
    pub fn open(
        directory: DataDir,
        clock: Arc<Clock>,
        metrics: Arc<Metrics>,
        config: engine::Config,
        workers: impl Into<WorkerConfig>,
    ) -> Result<Self, OpenError> {
        let pool = WorkerPool::start(workers).map_err(|cause| OpenError::Io {
            path: directory.path().to_owned(),
            cause,
        })?;
        let names = directory.accounts()?.into_iter().collect();
        let events = EventHub::open(&directory, &names, Arc::clone(&clock), Arc::clone(&metrics))?;
        let (registry, entries) = directory.registry()?;
        if let Some(error) = registry.lost() {
            tracing::warn!(%error, "the registry of accounts was lost: it is made anew from the accounts");
        }
        let common = Common::new(directory, registry, events, clock, metrics, config);
        let accounts = Self {
            common: Arc::new(common),
            pool,
            known: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            counted: tokio::sync::Mutex::default(),
            rounds: Mutex::default(),
        };
        accounts.take_up(names, entries);
        Ok(accounts)
    }

    /// Takes up the accounts of these names: as the registry has them, or else as their files do,
    /// where the file is not the one that was closed, or was not closed.
    fn take_up(&self, mut names: BTreeSet<AccountName>, entries: Vec<RegistryEntry>) {
        let mut identities = BTreeMap::new();
        for (facts, resting) in entries {
            let name = &facts.name;
            if !names.contains(name) {
                self.common.note(|registry| registry.remove(name));
            } else if resting.is_some_and(|resting| self.is_as_it_was(name, &resting)) {
                names.remove(name);
                self.add(facts, resting);
            } else {
                identities.insert(facts.name, facts.identity);
            }
        }
        let names = Mutex::new(names.into_iter());
        let next = || names.lock().unwrap_or_else(PoisonError::into_inner).next();
        let look_into_some = || {
            while let Some(name) = next() {
                match self.common.directory.account_facts(&name) {
                    Ok(facts) => self.add(facts, None),
                    Err(error) => {
                        tracing::error!(account = name.as_str(), %error, "an account cannot be read");
                        let unreadable = Unreadable {
                            error: opening_failed(&error),
                            identity: identities.get(&name).copied(),
                        };
                        self.known_mut().unreadable.insert(name, unreadable);
                    }
                }
            }
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..LOOKED_INTO_AT_ONCE)
                .map(|_| scope.spawn(look_into_some))
                .collect();
            for thread in threads {
                thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            }
        });
    }

    fn is_as_it_was(&self, name: &AccountName, resting: &Resting) -> bool {
        let found = self.common.directory.file_stamp(name);
        found.is_ok_and(|found| found == resting.file)
    }

    /// Adds an account that is closed. One of which nothing was noted when it was last closed is
    /// swept at once, before all that are merely due: it may hold events that were not published
    /// before a crash.
    fn add(&self, facts: AccountFacts, resting: Option<Resting>) {
        let name = facts.name.clone();
        let (now, running) = (self.common.clock.now(), self.common.clock.running());
        let due = match &resting {
            Some(resting) => {
                let wait = resting.due_at.since(now);
                // Whatever the clock says by now: its bundle is due by then.
                running.saturating_add(wait.min(self.common.config.prekey_rotation))
            }
            None => Duration::ZERO,
        };
        let condition = Condition::resting(resting.as_ref());
        let handle = AccountHandle::new(facts, condition, &self.common, &self.pool);
        let mut known = self.known_mut();
        known.unreadable.remove(&name);
        known.accounts.insert(name.clone(), Arc::new(handle));
        drop(known);
        // Only now: who sweeps has to find it.
        self.common.schedule.set(&name, due);
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The data directory.
    #[must_use]
    pub fn directory(&self) -> &DataDir {
        &self.common.directory
    }

    /// The events of all accounts.
    #[must_use]
    pub fn events(&self) -> &Arc<EventHub> {
        &self.common.events
    }

    /// Whom messages of the accounts may be sent to.
    #[must_use]
    pub fn contact_policy(&self) -> ContactPolicy {
        self.common.config.contacts
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.common.schedule
    }

    /// How many are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.pool.open()
    }

    /// The account of this name, or the only one if none is named.
    ///
    /// # Errors
    /// [`ErrorKind::AccountNotFound`] or [`ErrorKind::AccountAmbiguous`];
    /// [`ErrorKind::StoreFailed`] if nothing of it can be read.
    pub fn find(&self, name: Option<&AccountName>) -> Result<Arc<AccountHandle>, RpcError> {
        let known = self.known();
        let mut all = known.accounts.values();
        match (name, all.next(), all.next()) {
            (Some(name), ..) => match (known.accounts.get(name), known.unreadable.get(name)) {
                (Some(account), _) => Ok(Arc::clone(account)),
                (None, Some(unreadable)) => Err(unreadable.error.clone()),
                (None, None) => Err(RpcError::new(
                    ErrorKind::AccountNotFound,
                    format!("there is no account {name:?}", name = name.as_str()),
                )
                .about("account")),
            },
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

    /// Every account that can be read, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<AccountHandle>> {
        self.known().accounts.values().cloned().collect()
    }

    /// The accounts after this name, in order, at most `limit`.
    #[must_use]
    pub fn page(&self, after: Option<&AccountName>, limit: usize) -> Vec<Arc<AccountHandle>> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let known = self.known();
        let page = known.accounts.range((after, Bound::Unbounded)).take(limit);
        page.map(|(_, account)| Arc::clone(account)).collect()
    }

    /// How many there are, whether they can be read or not.
    #[must_use]
    pub fn count(&self) -> usize {
        let known = self.known();
        known.accounts.len() + known.unreadable.len()
    }

    /// Those of which nothing can be read, each with the reason.
    #[must_use]
    pub fn unreadable(&self) -> Vec<(AccountName, String)> {
        let known = self.known();
        let unreadable = known.unreadable.iter();
        unreadable
            .map(|(name, unreadable)| (name.clone(), unreadable.error.message.clone()))
            .collect()
    }

    /// The open ones.
    pub(super) fn open_ones(&self) -> Handles {
        let known = self.known();
        let open = known
            .accounts
            .iter()
            .filter(|(_, account)| account.worker.is_open());
        open.map(|(name, account)| (name.clone(), Arc::clone(account)))
            .collect()
    }

    /// Does something with all that can be read.
    pub(super) fn with_all<T>(&self, with: impl FnOnce(&Handles) -> T) -> T {
        with(&self.known().accounts)
    }

    /// Makes an account, and returns when it is durable. It is opened when it is first called.
    ///
    /// # Errors
    /// [`ErrorKind::AccountExists`] or [`ErrorKind::StoreFailed`].
    pub async fn create(
        self: &Arc<Self>,
        name: AccountName,
        identity: IdentityKeyPair,
        installation: Option<InstallationId>,
    ) -> Result<AccountInfo, RpcError> {
        self.change(move |accounts| {
            accounts.make(accounts.new_account(name, identity.into(), installation)?)
        })
        .await
    }

    /// Makes an account from what another device of its identity has given, under the id that was
    /// announced to that device; with the message that brings its bundle there. All of it is
    /// durable when this returns, or nothing is.
    ///
    /// # Errors
    /// As of [`Self::create`], and [`ErrorKind::LinkFailed`] if the bundle that was given is not
    /// that of the device.
    pub async fn create_linked(
        self: &Arc<Self>,
        name: AccountName,
        installation: InstallationId,
        link: Arc<LinkContents>,
        seal: Option<Seal>,
    ) -> Result<(AccountInfo, AddressedMessage), RpcError> {
        let opened = name.clone();
        let made = self.change(move |accounts| {
            let account =
                accounts.new_account(name, Arc::clone(&link.identity), Some(installation))?;
            // It was drawn for this account, by this daemon.
            let account = Account {
                fresh_installation: true,
                ..account
            };
            accounts.make_linked(&account, &link, seal)
        });
        let made = made.await?;
        // Its first events wait in its store: they are told before the answer.
        if let Ok(account) = self.find(Some(&opened))
            && let Err(error) = account.worker.call(|_, _, _| Ok(())).await
        {
            tracing::warn!(%error, "a linked account could not be opened yet");
        }
        Ok(made)
    }

    /// Whether an account of this name could be made.
    ///
    /// # Errors
    /// [`ErrorKind::AccountExists`] if not.
    pub fn check_free(&self, name: &AccountName) -> Result<(), RpcError> {
        // Whether it can be read or not.
        let is_there = match self.find(Some(name)) {
            Err(error) if error.kind == ErrorKind::AccountNotFound => {
                self.directory().file_stamp(name).is_ok()
            }
            _ => true,
        };
        if is_there {
            return Err(opening_failed(&OpenError::AccountExists));
        }
        Ok(())
    }

    /// Erases an account. Calls that its worker has accepted are finished first.
    ///
    /// # Errors
    /// [`ErrorKind::AccountNotFound`], [`ErrorKind::InvalidParams`] if the key is not the
    /// account's, or [`ErrorKind::StoreFailed`].
    pub async fn remove(
        self: &Arc<Self>,
        name: AccountName,
        identity: IdentityKey,
    ) -> Result<(), RpcError> {
        self.change(move |accounts| accounts.take_away(&name, &identity))
            .await
    }

    /// Makes one change after the other: each waits for the disk, and all that wait at once would
    /// leave no thread to what has to come before them.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Self) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let _changing = self.changing.lock().await;
        let accounts = Arc::clone(self);
        blocking(move || change(&accounts)).await
    }

    /// An account that is not made yet, under a fresh installation id if none is given.
    fn new_account(
        &self,
        name: AccountName,
        identity: Arc<IdentityKeyPair>,
        installation: Option<InstallationId>,
    ) -> Result<Account, RpcError> {
        self.check_free(&name)?;
        let fresh_installation = installation.is_none();
        let installation = installation.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            entropy().fill_bytes(&mut bytes);
            InstallationId::from_random(bytes)
        });
        Ok(Account {
            name,
            identity,
            installation,
            fresh_installation,
            created_at: self.common.clock.now(),
        })
    }

    fn make(&self, account: Account) -> Result<AccountInfo, RpcError> {
        // Events left behind by an earlier account of this name would be taken for this one's,
        // whose numbers begin from the start.
        self.events().forget(&account.name)?;
        let store = self.common.directory.create_account(&account);
        drop(store.map_err(|error| opening_failed(&error))?);
        // Its first bundle is made when it is needed, or by the first sweep.
        let due_at = account.created_at.after(SWEEP_INTERVAL);
        self.enter(AccountFacts::from(&account), Some(due_at))
    }

    fn make_linked(
        &self,
        account: &Account,
        link: &LinkContents,
        seal: Option<Seal>,
    ) -> Result<(AccountInfo, AddressedMessage), RpcError> {
        self.events().forget(&account.name)?;
        let common = &self.common;
        let made = common.directory.create_account_with(account, |store| {
            let mut rng = entropy();
            let mut env = Env {
                now: common.clock.now(),
                running: common.clock.running(),
                rng: &mut rng,
            };
            let mut engine = Engine::new(account.clone(), common.config.clone());
            engine
                .take_link(store, &mut env, link, seal)
                .map_err(NotMade::Link)
        });
        let (store, message) = made.map_err(|error| match error {
            NotMade::Open(error) => opening_failed(&error),
            NotMade::Link(error) => error.into(),
        })?;
        drop(store);
        // Events wait in it.
        let info = self.enter(AccountFacts::from(account), None)?;
        Ok((info, message))
    }

    /// Enters a new account, which is closed: as one in which nothing waits before it is due, or as
    /// one that is to be opened at once.
    fn enter(
        &self,
        facts: AccountFacts,
        due_at: Option<UnixMillis>,
    ) -> Result<AccountInfo, RpcError> {
        let name = facts.name.clone();
        let file = self.common.directory.file_stamp(&name).ok();
        let resting = due_at.zip(file).map(|(due_at, file)| Resting {
            due_at,
            held: StoreStats::default(),
            found: None,
            file,
        });
        self.common.note(|registry| {
            registry.mark_open(&facts)?;
            match &resting {
                Some(resting) => registry.mark_closed(&name, resting),
                None => Ok(()),
            }
        });
        self.add(facts, resting);
        self.find(Some(&name)).map(|account| account.info())
    }

    fn take_away(&self, name: &AccountName, identity: &IdentityKey) -> Result<(), RpcError> {
        let account = match self.find(Some(name)) {
            Ok(account) => account,
            // An earlier removal may have failed half way.
            Err(error) if error.kind == ErrorKind::AccountNotFound => return self.erase(name),
            Err(error) => return self.take_away_unreadable(name, identity, error),
        };
        check_key(&account.identity, identity)?;
        self.known_mut().accounts.remove(name);
        account.worker.stop();
        self.erase(name).inspect_err(|_| {
            match self.common.directory.account_facts(name) {
                Ok(facts) => self.add(facts, None),
                Err(OpenError::AccountNotFound) => {}
                Err(error) => {
                    tracing::error!(%error, "an account that could not be removed is closed until the next start");
                }
            }
        })
    }

    /// Erases an account in whose file nothing can be read, if the registry has its key: otherwise
    /// it might be any other's file, which only its owner can tell.
    fn take_away_unreadable(
        &self,
        name: &AccountName,
        identity: &IdentityKey,
        error: RpcError,
    ) -> Result<(), RpcError> {
        let known = self.known();
        let ours = known.unreadable.get(name).and_then(|found| found.identity);
        drop(known);
        let Some(ours) = ours else {
            return Err(error.with_hint(format!(
                "nothing says whose account it is: to be rid of it, stop the daemon, move \
                 {name}.db out of the directory accounts, and start it again"
            )));
        };
        check_key(&ours, identity)?;
        self.erase(name)?;
        self.known_mut().unreadable.remove(name);
        Ok(())
    }

    fn erase(&self, name: &AccountName) -> Result<(), RpcError> {
        let removed = self.common.directory.remove_account(name);
        removed.map_err(|error| opening_failed(&error))?;
        self.common.schedule.remove(name);
        self.common.note(|registry| registry.remove(name));
        if let Err(error) = self.events().forget(name) {
            tracing::error!(%error, "the events of a removed account are erased at the next start");
        }
        Ok(())
    }

    /// Finishes the calls that the workers have accepted, and closes every store, the registry and
    /// the event log. Blocks.
    pub fn close(&self) {
        let accounts = std::mem::take(&mut self.known_mut().accounts);
        for account in accounts.values() {
            account.worker.begin_to_stop();
        }
        for account in accounts.into_values() {
            account.worker.stop();
        }
        self.common.close();
    }
}

/// Refuses another key than the account's.
fn check_key(ours: &IdentityKey, given: &IdentityKey) -> Result<(), RpcError> {
    if ours == given {
        return Ok(());
    }
    Err(RpcError::invalid("the public key is not this account's")
        .about("publicKey")
        .with_hint("account_get shows the account's public key"))
}
