//! An account with its store, and how a batch of calls runs on it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use engine::{
    Engine, Env,
    model::StoreError,
    store::{Transaction, WriteBack},
};

use super::{Job, check::Writing, outbox::Outbox};
use crate::ops::{
    clock::Clock,
    entropy::entropy,
    metrics::{Metrics, Phase},
};

/// What the queue does with an account, whatever its store.
pub(super) trait BatchRunner: Send {
    /// Runs calls, each in its own savepoint, commits them together, and publishes their events.
    /// Their results are in them then. If the commit failed, nothing of them is kept.
    fn run(&mut self, batch: &mut [Box<dyn Job>]);
    /// Gives back memory that is held for speed alone, and erases from the store's log what was
    /// erased from the store.
    fn release_memory(&mut self);
    /// No more calls come.
    fn close(&mut self);
}

/// An account with its store.
pub(super) struct Account<S> {
    pub(super) engine: Engine,
    pub(super) store: WriteBack<S>,
    pub(super) outbox: Outbox,
    pub(super) clock: Arc<Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) commit_cost: Duration,
    pub(super) writing: Arc<Writing>,
}

impl<S: Transaction + Send> BatchRunner for Account<S> {
    fn run(&mut self, batch: &mut [Box<dyn Job>]) {
        self.metrics.batch(batch.len());
        if let Err(error) = self.run_and_commit(batch) {
            tracing::error!(%error, calls = batch.len(), "the batch was undone");
            self.writing.failed();
            if let Err(error) = self.store.abort() {
                tracing::error!(%error, "undoing the batch failed");
            }
            for job in batch {
                job.fail(&error);
            }
        } else {
            // Before the answers, so that a caller finds the events of its call.
            self.outbox.publish(&mut self.store);
        }
    }

    fn release_memory(&mut self) {
        self.engine.release_memory();
        if let Err(error) = self.store.release_memory() {
            tracing::warn!(%error, "an account that nobody calls could not give back its memory, or erase what its log holds");
        }
    }

    fn close(&mut self) {
        self.outbox.close(&mut self.store);
    }
}

impl<S: Transaction> Account<S> {
    /// Runs a batch up to its commit. After an error nothing of it may be kept, whichever call it
    /// came from: SQLite may have rolled the whole transaction back by itself.
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
            // The time of the batch itself and of the call before is not this call's.
            self.store.take_spent();
            let began = Instant::now();
            let keep = job.run(&mut self.engine, &mut self.store, &mut env);
            let whole = began.elapsed();
            let load = self.store.take_spent();
            if self.store.take_event_appended() {
                self.outbox.event_appended();
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
            // Nothing is written, and no published event erased: a forged message, or a call that
            // only reads, costs the disk nothing.
            return self.store.commit();
        }
        self.outbox.erase(&mut self.store)?;
        let began = Instant::now();
        if !self.commit_cost.is_zero() {
            thread::sleep(self.commit_cost);
        }
        let committed = self.store.commit();
        self.metrics.phase_took(Phase::Commit, began.elapsed());
        committed.inspect(|()| {
            self.outbox.erased();
            self.writing.succeeded();
        })
    }
}
