//! How the store of an account is opened and closed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use engine::{
    Engine, Env, Remembered,
    model::{AccountName, Event, RollbackKind, SWEEP_INTERVAL, StoreError},
    store::Transaction as _,
};
use rpc::{ErrorKind, RpcError};
use session_store::{
    AccountFacts, DataDir, Found, OpenError, Registry, Resting, SqliteReader, SqliteStore,
    StoreStats,
};

use super::{
    account::{Beside, Condition},
    events::EventHub,
    schedule::Schedule,
    sweeps::LEAST_PAUSE,
    worker::{Home, Unopened},
};
use crate::ops::{clock::Clock, entropy::entropy, metrics::Metrics};

/// What all accounts have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) directory: DataDir,
    pub(super) events: Arc<EventHub>,
    pub(super) clock: Arc<Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) config: engine::Config,
    pub(super) schedule: Schedule,
    registry: Mutex<Option<Registry>>,
}

/// An account in its file.
pub(super) struct StoredAccount {
    facts: Arc<AccountFacts>,
    common: Arc<Common>,
    beside: Arc<Beside>,
}

impl Common {
    pub(super) fn new(
        directory: DataDir,
        registry: Registry,
        events: EventHub,
        clock: Arc<Clock>,
        metrics: Arc<Metrics>,
        config: engine::Config,
    ) -> Self {
        Self {
            directory,
            events: Arc::new(events),
            clock,
            metrics,
            config,
            schedule: Schedule::default(),
            registry: Mutex::new(Some(registry)),
        }
    }

    fn registry(&self) -> MutexGuard<'_, Option<Registry>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something in the registry. If that fails, the accounts' own files still hold all that
    /// matters: a sweep may be late, or an event be published late after a crash.
    pub(super) fn note(&self, note: impl FnOnce(&mut Registry) -> Result<(), StoreError>) {
        if let Some(registry) = &mut *self.registry()
            && let Err(error) = note(registry)
        {
            tracing::warn!(%error, "the registry of accounts could not be written");
        }
    }

    /// Closes the registry and the event log.
    pub(super) fn close(&self) {
        if let Some(registry) = self.registry().take()
            && let Err(error) = registry.close()
        {
            tracing::warn!(%error, "the registry of accounts was not closed properly");
        }
        self.events.close();
    }

    pub(super) fn reader(&self, name: &AccountName) -> Result<SqliteReader, RpcError> {
        self.directory
            .reader(name)
            .map_err(|error| opening_failed(&error))
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

impl StoredAccount {
    pub(super) const fn new(
        facts: Arc<AccountFacts>,
        common: Arc<Common>,
        beside: Arc<Beside>,
    ) -> Self {
        Self {
            facts,
            common,
            beside,
        }
    }

    fn open_store(
        &self,
        remembered: Option<Remembered>,
    ) -> Result<(Engine, SqliteStore), OpenError> {
        let (common, name) = (&self.common, &self.facts.name);
        // Before the first commit: after a crash this account may hold events that nobody knows of.
        common.note(|registry| registry.mark_open(&self.facts));
        let latest = common.clock.running().saturating_add(SWEEP_INTERVAL);
        common.schedule.set_latest(name, latest);
        let (account, mut store) = common.directory.open_account(name)?;
        if AccountFacts::from(&account) != *self.facts {
            return Err(OpenError::Database {
                path: common.directory.path().to_owned(),
                cause: format!(
                    "the file of {name} is that of another identity than before: restart the daemon"
                ),
            });
        }
        let config = common.config.clone();
        let mut engine = match remembered {
            Some(remembered) => Engine::remembering(account, config, remembered),
            None => Engine::new(account, config),
        };
        store.measure_by(Instant::now);
        if let Some(how) = store.displaced() {
            common
                .recover_from_rollback(name, &mut engine, &mut store, how)
                .map_err(|cause| OpenError::Database {
                    path: common.directory.path().to_owned(),
                    cause: format!(
                        "a store that was put back could not be made safe to send from: {cause}"
                    ),
                })?;
        }
        let found = store.found_displaced().ok().flatten();
        let mut condition = self.beside.condition();
        condition.found = found.or(condition.found);
        condition.unopened = None;
        drop(condition);
        self.beside.begin(common, name, &engine);
        Ok((engine, store))
    }

    /// What an open store holds, and how long it is until something falls due in it.
    fn look_through(
        &self,
        engine: &mut Engine,
        store: &SqliteStore,
    ) -> Result<(StoreStats, Option<Found>, Duration), StoreError> {
        let mut rng = entropy();
        let env = Env {
            now: self.common.clock.now(),
            running: self.common.clock.running(),
            rng: &mut rng,
        };
        let (held, found) = self.counted(store)?;
        let wait = engine.next_sweep(store, &env)?.max(LEAST_PAUSE);
        Ok((held, found, wait))
    }

    /// What an open store holds, and when it was last found to be an older state or a copy.
    fn counted(&self, store: &SqliteStore) -> Result<(StoreStats, Option<Found>), StoreError> {
        let now = self.common.clock.now();
        let omitted_by = now.before(self.common.config.stale_after);
        let held = store.stats(&self.facts.identity, omitted_by)?;
        Ok((held, store.found_displaced()?))
    }

    /// Closes the store; what is noted of it, and when something falls due.
    fn close_store(
        &self,
        engine: &mut Engine,
        store: SqliteStore,
    ) -> Result<(Resting, Duration), OpenError> {
        let looked = self.look_through(engine, &store);
        drop(store);
        let (held, found, wait) = looked.map_err(|error| OpenError::Database {
            path: self.common.directory.path().to_owned(),
            cause: error.to_string(),
        })?;
        let resting = Resting {
            due_at: self.common.clock.now().after(wait),
            held,
            found,
            file: self.common.directory.file_stamp(&self.facts.name)?,
        };
        Ok((resting, self.common.clock.running().saturating_add(wait)))
    }
}

impl Home for StoredAccount {
    type Store = SqliteStore;

    fn open(&mut self, remembered: Option<Remembered>) -> Result<(Engine, SqliteStore), Unopened> {
        self.open_store(remembered).map_err(|error| {
            tracing::error!(account = self.facts.name.as_str(), %error, "an account could not be opened");
            self.beside.condition().unopened = Some(error.to_string());
            match error.trouble() {
                Some(_) => Unopened::Refused(opening_failed(&error)),
                None => Unopened::Unusable(opening_failed(&error)),
            }
        })
    }

    fn publish(&mut self, events: &[(u64, Event)]) -> Result<(), StoreError> {
        self.common.events.publish(&self.facts.name, events)
    }

    fn count(&mut self, store: &SqliteStore) -> Result<(), StoreError> {
        let (held, found) = self.counted(store)?;
        let mut condition = self.beside.condition();
        condition.held = Some(held);
        condition.found = found;
        Ok(())
    }

    fn is_read(&self) -> bool {
        self.beside.is_read()
    }

    fn stop_reading(&mut self) -> bool {
        // Before the store is closed: it could not erase its log while that connection is open.
        self.beside.end()
    }

    fn release_memory(&mut self) {
        self.beside.release();
    }

    fn close(&mut self, mut engine: Engine, store: SqliteStore, is_published: bool) -> Remembered {
        match self.close_store(&mut engine, store) {
            // It stays entered as open, so that it is opened again for its events.
            Ok(_) if !is_published => {}
            Ok((resting, due)) => {
                *self.beside.condition() = Condition::resting(Some(&resting));
                self.common.schedule.set(&self.facts.name, due);
                self.common
                    .note(|registry| registry.mark_closed(&self.facts.name, &resting));
            }
            // It is swept within the hour, as when it was opened.
            Err(error) => {
                tracing::warn!(%error, "an account that was closed could not be looked through");
            }
        }
        engine.into_remembered()
    }
}

pub(super) fn opening_failed(error: &OpenError) -> RpcError {
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
