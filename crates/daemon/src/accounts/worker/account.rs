//! An account, with its store while that is open, and how a batch of calls runs on it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use engine::{
    Engine, Env, Remembered,
    model::{Event, StoreError},
    store::{Transaction, WriteBack},
};
use rpc::RpcError;

use super::{Job, Purpose, check::Writing, outbox::Outbox};
use crate::ops::{
    clock::Clock,
    entropy::entropy,
    metrics::{Metrics, Phase},
};

/// What the queue does with an account, whatever its store.
pub(super) trait BatchRunner: Send {
    /// Opens the store, and publishes what an earlier process left in it.
    fn open(&mut self) -> Result<(), RpcError>;
    /// Runs calls, each in its own savepoint, commits them together, and publishes their events.
    /// Their results are in them then. If the commit failed, nothing of them is kept.
    fn run(&mut self, batch: &mut [Box<dyn Job>]);
    /// Gives back memory that is held for speed alone, and erases from the store's log what was
    /// erased from the store.
    fn release_memory(&mut self);
    /// Whether somebody is reading the store beside the calls.
    fn is_read(&self) -> bool;
    /// Closes the store, unless somebody is reading it: whether it is closed.
    fn close(&mut self) -> bool;
    /// Waits for those who read the store, and closes it.
    fn close_for_good(&mut self);
}

/// Why a store could not be opened, with what those are told who call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// The system refused something, as it may refuse others too.
    Refused(RpcError),
    /// Something is wrong with this account alone.
    Unusable(RpcError),
}

/// Where an account comes from, and what has to be told of its store.
pub trait Home: Send {
    /// The account's store.
    type Store: Transaction + Send;

    /// Opens the store. `remembered` is what the account's last engine in this process knew, if
    /// there was one.
    ///
    /// # Errors
    /// [`Unopened`].
    fn open(&mut self, remembered: Option<Remembered>) -> Result<(Engine, Self::Store), Unopened>;

    /// Publishes events, given with their numbers in the store, in rising order. They are durable
    /// when this returns, and those that were given before are passed over.
    ///
    /// # Errors
    /// [`StoreError`] if that fails: the events must stay in the store.
    fn publish(&mut self, events: &[(u64, Event)]) -> Result<(), StoreError>;

    /// Counts what the store holds. Called when no transaction is open.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn count(&mut self, _: &Self::Store) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether somebody is reading the store beside the calls.
    fn is_read(&self) -> bool {
        false
    }

    /// Lets nobody begin to read the store any more, unless somebody is reading it: whether it can
    /// be closed.
    fn stop_reading(&mut self) -> bool {
        true
    }

    /// Gives back what is held for those who read.
    fn release_memory(&mut self) {}

    /// Closes the store, of which all events are published or not; what the engine knew.
    fn close(&mut self, engine: Engine, store: Self::Store, is_published: bool) -> Remembered;
}

/// An account, and its store while that is open. There may be ten thousand closed ones, so that
/// what an open one has is kept apart.
pub(super) struct Account<H: Home> {
    pub(super) home: H,
    /// The replies of this process and its sweeps, while the store is closed.
    pub(super) remembered: Option<Box<Remembered>>,
    pub(super) open: Option<Box<Open<H::Store>>>,
    pub(super) clock: Arc<Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) commit_cost: Duration,
    pub(super) writing: Arc<Writing>,
}

/// The open store of an account, and the engine with its chat key.
pub(super) struct Open<S> {
    engine: Engine,
    store: WriteBack<S>,
    outbox: Outbox,
}

impl<H: Home> BatchRunner for Account<H> {
    fn open(&mut self) -> Result<(), RpcError> {
        let (engine, store) = match self.home.open(self.remembered.as_deref().cloned()) {
            Ok(opened) => opened,
            Err(Unopened::Unusable(error)) => {
                // Whether it could be written is no longer the question.
                self.writing.succeeded();
                return Err(error);
            }
            Err(Unopened::Refused(error)) => {
                self.writing.failed();
                return Err(error);
            }
        };
        let mut open = Box::new(Open {
            engine,
            store: WriteBack::new(store),
            outbox: Outbox::new(),
        });
        let Open { store, outbox, .. } = &mut *open;
        outbox.publish(store, &mut self.home);
        self.open = Some(open);
        self.writing.may_have_changed();
        Ok(())
    }

    fn run(&mut self, batch: &mut [Box<dyn Job>]) {
        self.metrics.batch(batch.len());
        if let Err(error) = self.run_and_commit(batch) {
            tracing::error!(%error, calls = batch.len(), "the batch was undone");
            self.writing.failed();
            if let Some(open) = &mut self.open
                && let Err(error) = open.store.abort()
            {
                tracing::error!(%error, "undoing the batch failed");
            }
            for job in batch {
                job.fail(&error);
            }
        } else if let Some(open) = &mut self.open {
            // Before the answers, so that a caller finds the events of its call.
            let Open { store, outbox, .. } = &mut **open;
            outbox.publish(store, &mut self.home);
            let mut counts = batch
                .iter_mut()
                .filter(|job| job.purpose() == Purpose::Count)
                .peekable();
            if counts.peek().is_some()
                && let Err(error) = self.home.count(store.inner())
            {
                counts.for_each(|job| job.fail(&error));
            }
        }
    }

    fn release_memory(&mut self) {
        self.home.release_memory();
        let Some(open) = &mut self.open else { return };
        open.engine.release_memory();
        if let Err(error) = open.store.release_memory() {
            tracing::warn!(%error, "an account that nobody calls could not give back its memory, or erase what its log holds");
        }
    }

    fn is_read(&self) -> bool {
        self.home.is_read()
    }

    fn close(&mut self) -> bool {
        if !self.home.stop_reading() {
            return false;
        }
        if let Some(mut open) = self.open.take() {
            let Open { store, outbox, .. } = &mut *open;
            let is_published = outbox.close(store, &mut self.home);
            let Open { engine, store, .. } = *open;
            let remembered = self.home.close(engine, store.into_inner(), is_published);
            self.remembered = Some(Box::new(remembered));
        }
        true
    }

    fn close_for_good(&mut self) {
        while !self.close() {
            thread::sleep(END_OF_READ);
        }
    }
}

/// How often it is seen whether a read has ended that an account waits for at its end.
const END_OF_READ: Duration = Duration::from_millis(1);

impl<H: Home> Account<H> {
    /// Runs a batch up to its commit. After an error nothing of it may be kept, whichever call it
    /// came from: SQLite may have rolled the whole transaction back by itself.
    fn run_and_commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let closed = || StoreError::Io("the account is closed".to_owned());
        let Open {
            engine,
            store,
            outbox,
        } = &mut **self.open.as_mut().ok_or_else(closed)?;
        store.begin()?;
        for job in batch {
            store.savepoint()?;
            let mut rng = entropy();
            let mut env = Env {
                now: self.clock.now(),
                running: self.clock.running(),
                rng: &mut rng,
            };
            // The time of the batch itself and of the call before is not this call's.
            store.take_spent();
            let began = Instant::now();
            let keep = job.run(engine, store, &mut env);
            let whole = began.elapsed();
            let load = store.take_spent();
            if store.take_event_appended() {
                outbox.event_appended();
            }
            self.metrics.phase_took(Phase::Load, load);
            self.metrics
                .phase_took(Phase::Crypto, whole.saturating_sub(load));
            if keep {
                store.release()?;
            } else {
                store.rollback()?;
            }
        }
        if !store.has_changed()? {
            // Nothing is written, and no published event erased: a forged message, or a call that
            // only reads, costs the disk nothing.
            return store.commit();
        }
        outbox.erase(store)?;
        let began = Instant::now();
        if !self.commit_cost.is_zero() {
            thread::sleep(self.commit_cost);
        }
        let committed = store.commit();
        self.metrics.phase_took(Phase::Commit, began.elapsed());
        committed.inspect(|()| {
            outbox.erased();
            self.writing.succeeded();
        })
    }
}
