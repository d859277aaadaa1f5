//! The calls that wait for an account, and who has the account.
//!
//! Whoever has it runs a batch of what waits. Where calls come one by one, that is the thread that brought the call: handing
//! it over would wake two threads that sleep, and cost more than the call. As soon as several wait it is the account's own
//! thread, and those that bring calls go on to read the next.

use std::{
    collections::VecDeque,
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rpc::{Kind, RpcError};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::{Job, account::Batches};

/// Calls taken into one commit: bounds how long the first of them waits for the last.
pub(super) const MAX_BATCH: usize = 64;

/// What is shared by those who bring calls and the account's thread.
pub(super) struct Queue {
    state: Mutex<State>,
    /// The account's thread waits for this.
    changed: Condvar,
    /// Calls that may wait.
    limit: usize,
    /// When nobody has called for so long, what is held for speed is given back.
    rest_after: Duration,
    /// Where the callers wait.
    runtime: Option<Handle>,
}

struct State {
    waiting: VecDeque<Box<dyn Job>>,
    account: Place,
    /// Whether the last batch was a single call.
    one_by_one: bool,
    used_at: Instant,
    /// Whether nothing is held for speed alone, and the account's thread waits for a call however long it takes.
    resting: bool,
    /// No more calls are taken.
    closed: bool,
}

/// Where the account is.
enum Place {
    Here(Box<dyn Batches>),
    /// Somebody runs a batch.
    Taken,
    /// Whoever had it panicked.
    Lost,
}

impl Place {
    fn take(&mut self) -> Option<Box<dyn Batches>> {
        match mem::replace(self, Self::Taken) {
            Self::Here(account) => Some(account),
            elsewhere => {
                *self = elsewhere;
                None
            }
        }
    }
}

impl Queue {
    pub(super) fn new(account: Box<dyn Batches>, limit: usize, rest_after: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                account: Place::Here(account),
                one_by_one: true,
                used_at: Instant::now(),
                resting: false,
                closed: false,
            }),
            changed: Condvar::new(),
            limit,
            rest_after,
            runtime: Handle::try_current().ok(),
        }
    }

    /// Nothing under the lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Takes no more calls.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Puts a call into the queue, and runs it here if calls come one by one.
    ///
    /// # Errors
    /// [`Kind::Busy`] if the queue is full, [`Kind::ShuttingDown`] if no more calls are taken.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), RpcError> {
        let mut state = self.lock();
        if state.closed {
            return Err(RpcError::new(Kind::ShuttingDown, "the daemon is stopping"));
        }
        if state.waiting.len() >= self.limit {
            return Err(RpcError::new(
                Kind::Busy,
                "too many calls are waiting for this account",
            ));
        }
        state.waiting.push_back(job);
        let here = match state.account {
            Place::Here(_) if state.one_by_one && may_block() => state.account.take(),
            _ => None,
        };
        // The account's thread need not be told again of a second one that waits, and whoever has the account
        // now finds this one.
        let tell = matches!(state.account, Place::Here(_)) && state.waiting.len() == 1;
        drop(state);
        if let Some(account) = here {
            block_in_place(|| self.run_batch(account));
        } else if tell {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// What the account's thread does, until no more calls come. What it gives back is to be closed.
    pub(super) fn serve(&self) -> Option<Box<dyn Batches>> {
        loop {
            let mut state = self.lock();
            if !state.waiting.is_empty()
                && let Some(account) = state.account.take()
            {
                drop(state);
                self.run_batch(account);
                continue;
            }
            match state.account {
                Place::Here(_) if state.closed => return state.account.take(),
                Place::Lost => return None,
                Place::Here(_) | Place::Taken => {}
            }
            if state.resting {
                drop(self.changed.wait(state));
                continue;
            }
            let left = self.rest_after.saturating_sub(state.used_at.elapsed());
            if !left.is_zero() {
                drop(self.changed.wait_timeout(state, left));
                continue;
            }
            // If somebody has the account, the end of that batch is told of.
            state.resting = true;
            let account = state.account.take();
            drop(state);
            if let Some(account) = account {
                drop(self.lend(account, |account| account.rest()));
            }
        }
    }

    /// Runs a batch of what waits, and puts the account back.
    fn run_batch(&self, account: Box<dyn Batches>) {
        let mut calls = 0;
        let mut state = self.lend(account, |account| {
            let mut batch = self.gather();
            account.run(&mut batch);
            calls = batch.len();
            self.answer(batch);
        });
        state.one_by_one = calls == 1;
        state.used_at = Instant::now();
        let tell = mem::take(&mut state.resting) || state.closed || !state.waiting.is_empty();
        drop(state);
        if tell {
            self.changed.notify_one();
        }
    }

    /// Does something with the account, and puts it back.
    fn lend(
        &self,
        mut account: Box<dyn Batches>,
        work: impl FnOnce(&mut dyn Batches),
    ) -> MutexGuard<'_, State> {
        let lost = LostIfDropped(self);
        work(&mut *account);
        mem::forget(lost);
        let mut state = self.lock();
        state.account = Place::Here(account);
        state
    }

    /// The calls of one commit: those that wait, and those that are about to. Who was answered a moment ago may be writing its
    /// next call: one that comes too late pays for a commit of its own. Where nothing else runs this takes no time.
    fn gather(&self) -> Vec<Box<dyn Job>> {
        let mut batch = Vec::new();
        loop {
            let mut state = self.lock();
            let more = state.waiting.len().min(MAX_BATCH - batch.len());
            batch.extend(state.waiting.drain(..more));
            drop(state);
            if more == 0 || batch.len() == MAX_BATCH {
                return batch;
            }
            thread::yield_now();
        }
    }

    /// Gives the callers of a batch their results. Each that came from the account's thread would wake one of the runtime's: of
    /// several the runtime is told once.
    fn answer(&self, batch: Vec<Box<dyn Job>>) {
        let answer_all = |batch: Vec<Box<dyn Job>>| {
            for job in batch {
                job.answer();
            }
        };
        match &self.runtime {
            Some(runtime) if batch.len() > 1 => {
                runtime.spawn(async move { answer_all(batch) });
            }
            _ => answer_all(batch),
        }
    }
}

/// Whether this thread may wait for a disk: one of a runtime that has others, which it tells of that.
fn may_block() -> bool {
    Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Whoever has the account panics outside a call: its callers, and those that would follow, are told that it has stopped.
struct LostIfDropped<'a>(&'a Queue);

impl Drop for LostIfDropped<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.account = Place::Lost;
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
        self.0.changed.notify_one();
    }
}
