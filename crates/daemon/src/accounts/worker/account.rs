//! An account, and how a batch of calls runs on it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use engine::{Cached, Engine, Env, StoreError, Transaction};

use super::{Job, outbox::Outbox, timed::Timed};
use crate::ops::{
    clock::Clock,
    entropy::entropy,
    metrics::{Metrics, Phase},
};

/// What can be done with an account, whatever its store.
pub(super) trait Batches: Send {
    /// Runs calls, each in its own savepoint, commits them together, and publishes what they tell. Their results are in them
    /// then, and nothing of them is kept if the commit failed.
    fn run(&mut self, batch: &mut [Box<dyn Job>]);
    /// Gives back what is held for speed alone, and has what was erased leave the log.
    fn rest(&mut self);
    /// No more calls come.
    fn close(&mut self);
}

/// An account with its store.
pub(super) struct Account<S> {
    pub(super) engine: Engine,
    pub(super) store: Cached<Timed<S>>,
    pub(super) outbox: Outbox,
    pub(super) clock: Arc<Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) commit_cost: Duration,
}

impl<S: Transaction + Send> Batches for Account<S> {
    fn run(&mut self, batch: &mut [Box<dyn Job>]) {
        self.metrics.batch(batch.len());
        if let Err(error) = self.run_and_commit(batch) {
            tracing::error!(%error, calls = batch.len(), "the batch was undone");
            if let Err(error) = self.store.abort() {
                tracing::error!(%error, "undoing the batch failed");
            }
            for job in batch {
                job.fail(error.clone().into());
            }
        } else {
            // Before the answers: a caller finds the events of its call.
            self.outbox.publish(&mut self.store);
        }
    }

    fn rest(&mut self) {
        self.engine.rest();
        if let Err(error) = self.store.rest() {
            tracing::warn!(%error, "an account that nobody calls could not give back its memory, or erase what its log holds");
        }
    }

    fn close(&mut self) {
        self.outbox.close(&mut self.store);
    }
}

impl<S: Transaction> Account<S> {
    /// Runs a batch up to its commit. After an error nothing of it may be kept, whichever call it came from: SQLite
    /// may have rolled the whole transaction back by itself.
    fn run_and_commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.store.begin()?;
        for job in batch {
            self.store.savepoint()?;
            let mut rng = entropy();
            let mut env = Env {
                now: self.clock.now(),
                running: self.clock.running(),
                rng: &mut rng,
            };
            // What the batch itself and the call before took is not this call's.
            self.store.inner().take_spent();
            let began = Instant::now();
            let keep = job.run(&mut self.engine, &mut self.store, &mut env);
            let whole = began.elapsed();
            let store = self.store.inner();
            let load = store.take_spent();
            if store.take_told() {
                self.outbox.told();
            }
            self.metrics.phase_took(Phase::Load, load);
            self.metrics
                .phase_took(Phase::Crypto, whole.saturating_sub(load));
            if keep {
                self.store.release()?;
            } else {
                self.store.rollback()?;
            }
        }
        if !self.store.has_changed()? {
            // No commit, and none to erase published events for: a forgery, or a call that reads,
            // costs the disk nothing.
            return self.store.commit();
        }
        self.outbox.erase(&mut self.store)?;
        let began = Instant::now();
        if !self.commit_cost.is_zero() {
            thread::sleep(self.commit_cost);
        }
        let committed = self.store.commit();
        self.metrics.phase_took(Phase::Commit, began.elapsed());
        committed.inspect(|()| self.outbox.erased())
    }
}
