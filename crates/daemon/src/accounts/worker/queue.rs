//! The calls that wait for an account, and who has the account.
//!
//! Whoever has it runs a batch of what waits. Where calls come one by one and are done soon, that is the thread that brought the
//! call: handing it over would wake two threads that sleep, and cost more than the call. As soon as several wait, or the
//! disk is slow, it is the account's own thread, and those that bring calls go on to read the next.
//!
//! A thread that runs a call reads nothing meanwhile, and the runtime may have no other that is awake. So one of them is always
//! left ([`Manner::lendable`]), and should a call take long after all, the account's thread has the runtime wake it.

use std::{
    collections::VecDeque,
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rpc::{ErrorKind, RpcError};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::SemaphorePermit,
};

use super::{Job, Manner, account::Batches};

/// Calls taken into one commit: bounds how long the first of them waits for the last.
pub(super) const MAX_BATCH: usize = 64;
/// How often the account's thread looks, while there are calls, whether one of them takes long.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is shared by those who bring calls and the account's thread.
pub(super) struct Queue {
    state: Mutex<State>,
    /// The account's thread waits for this.
    changed: Condvar,
    manner: Manner,
    /// Where the callers wait.
    runtime: Option<Handle>,
}

struct State {
    waiting: VecDeque<Box<dyn Job>>,
    account: Place,
    /// Whether the last batch was a single call and done soon.
    light: bool,
    /// Batches that were run.
    batches: u64,
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
    pub(super) fn new(account: Box<dyn Batches>, manner: Manner) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                account: Place::Here(account),
                light: false,
                batches: 0,
                used_at: Instant::now(),
                resting: false,
                closed: false,
            }),
            changed: Condvar::new(),
            manner,
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

    #[cfg(test)]
    pub(super) fn is_resting(&self) -> bool {
        self.lock().resting
    }

    /// Takes no more calls.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Puts a call into the queue, and runs it here if calls come one by one and are done soon.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] if the queue is full, [`ErrorKind::ShuttingDown`] if no more calls are taken.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), RpcError> {
        let mut state = self.lock();
        if state.closed {
            return Err(RpcError::new(
                ErrorKind::ShuttingDown,
                "the daemon is stopping",
            ));
        }
        if state.waiting.len() >= self.manner.queue {
            return Err(RpcError::new(
                ErrorKind::Busy,
                "too many calls are waiting for this account",
            ));
        }
        state.waiting.push_back(job);
        let lent = if state.light { self.borrow() } else { None };
        let here = lent.and_then(|lent| Some((state.account.take()?, lent)));
        // The account's thread need not be told again of a second one that waits, and whoever has the account
        // now finds this one.
        let tell = matches!(state.account, Place::Here(_)) && state.waiting.len() == 1;
        drop(state);
        if let Some((account, _lent)) = here {
            self.run_batch(account);
        } else if tell {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Takes this thread from the runtime, if it is one of several and enough are left.
    fn borrow(&self) -> Option<SemaphorePermit<'_>> {
        let runtime = Handle::try_current().ok()?;
        let others = runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        others
            .then(|| self.manner.lendable.try_acquire().ok())
            .flatten()
    }

    /// What the account's thread does, until no more calls come. What it gives back is to be closed.
    pub(super) fn serve(&self) -> Option<Box<dyn Batches>> {
        let mut seen = None;
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
            if matches!(state.account, Place::Taken) {
                let running = Some(state.batches);
                if mem::replace(&mut seen, running) == running {
                    self.wake_runtime();
                }
            }
            let left = self
                .manner
                .rest_after
                .saturating_sub(state.used_at.elapsed());
            if !left.is_zero() {
                drop(self.changed.wait_timeout(state, left.min(LOOK_EVERY)));
                continue;
            }
            // If somebody has the account, the end of that batch is told of. The next call reads anew what is given back, and
            // nobody would look how long it takes.
            state.resting = true;
            state.light = false;
            let account = state.account.take();
            drop(state);
            if let Some(account) = account {
                drop(self.lend(account, |account| account.rest()));
            }
        }
    }

    /// Has the runtime wake a thread that sleeps, if there is one: with all of them asleep but those that run calls nobody
    /// sees what comes.
    fn wake_runtime(&self) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async {});
        }
    }

    /// Runs a batch of what waits, and puts the account back.
    fn run_batch(&self, account: Box<dyn Batches>) {
        let began = Instant::now();
        let mut calls = 0;
        let mut state = self.lend(account, |account| {
            let mut batch = self.gather();
            account.run(&mut batch);
            calls = batch.len();
            self.answer(batch);
        });
        let ended = Instant::now();
        state.light = calls == 1 && ended.duration_since(began) < self.manner.soon;
        state.batches = state.batches.wrapping_add(1);
        state.used_at = ended;
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
