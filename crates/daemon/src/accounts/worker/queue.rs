//! An account's pending calls, and which thread runs them.
//!
//! The thread that holds the account runs a batch of what waits. The account's own thread drains up
//! to [`MAX_BATCH`] calls into one commit. If the last batch was a single call that took less than
//! [`WorkerConfig::inline_threshold`], the thread that submits the next call runs it itself:
//! handing it over would wake two sleeping threads, and cost more than the call. As soon as several
//! calls wait, or the disk is slow, the account's thread takes over, and the submitting threads go
//! on to read the next requests.
//!
//! A thread that runs a call reads nothing meanwhile, and the runtime may have no other that is
//! awake. So one of its threads is always left free ([`WorkerConfig::inline_permits`]), and if an
//! inline call takes long after all, the account's thread has the runtime wake another.

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

use super::{Job, WorkerConfig, account::BatchRunner};

/// Calls taken into one commit: bounds how long the first of them waits for the last.
pub(super) const MAX_BATCH: usize = 64;
/// How often the account's thread looks, while there are calls, whether one of them takes long.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What the submitting threads and the account's thread share.
pub(super) struct Queue {
    state: Mutex<State>,
    /// The account's thread waits for this.
    changed: Condvar,
    config: WorkerConfig,
    /// Where the callers wait.
    runtime: Option<Handle>,
}

struct State {
    waiting: VecDeque<Box<dyn Job>>,
    account: Slot,
    /// Whether the last batch was a single call under the threshold: the next one runs inline.
    inline: bool,
    /// Batches that were run.
    batches: u64,
    used_at: Instant,
    /// Whether the account's memory was given back. The account's thread then waits without limit
    /// for the next call.
    released: bool,
    /// No more calls are taken.
    closed: bool,
}

/// Where the account is.
enum Slot {
    /// Here, and free.
    Free(Box<dyn BatchRunner>),
    /// With a thread that runs a batch.
    InUse,
    /// Gone: the thread that had it panicked.
    Lost,
}

impl Slot {
    fn take(&mut self) -> Option<Box<dyn BatchRunner>> {
        match mem::replace(self, Self::InUse) {
            Self::Free(account) => Some(account),
            elsewhere => {
                *self = elsewhere;
                None
            }
        }
    }
}

impl Queue {
    pub(super) fn new(account: Box<dyn BatchRunner>, config: WorkerConfig) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                account: Slot::Free(account),
                inline: false,
                batches: 0,
                used_at: Instant::now(),
                released: false,
                closed: false,
            }),
            changed: Condvar::new(),
            config,
            runtime: Handle::try_current().ok(),
        }
    }

    /// Nothing panics half way under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    #[cfg(test)]
    pub(super) fn is_released(&self) -> bool {
        self.lock().released
    }

    #[cfg(test)]
    pub(super) fn used_at(&self) -> Instant {
        self.lock().used_at
    }

    /// Takes no more calls.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Puts a call into the queue, and runs it on this thread if the last one was quick.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] if the queue is full, [`ErrorKind::ShuttingDown`] if no more calls are
    /// taken.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), RpcError> {
        let mut state = self.lock();
        if state.closed {
            return Err(RpcError::new(
                ErrorKind::ShuttingDown,
                "the daemon is stopping",
            ));
        }
        if state.waiting.len() >= self.config.queue {
            return Err(RpcError::new(
                ErrorKind::Busy,
                "too many calls are waiting for this account",
            ));
        }
        state.waiting.push_back(job);
        let permit = if state.inline {
            self.inline_permit()
        } else {
            None
        };
        let inline = permit.and_then(|permit| Some((state.account.take()?, permit)));
        // Only the first call that waits has to wake the account's thread, and a thread that has
        // the account now finds this one by itself.
        let notify = matches!(state.account, Slot::Free(_)) && state.waiting.len() == 1;
        drop(state);
        if let Some((account, _permit)) = inline {
            self.run_batch(account);
        } else if notify {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// The right to run a call on this thread, if it is one of several of a runtime and enough of
    /// them are left.
    fn inline_permit(&self) -> Option<SemaphorePermit<'_>> {
        let runtime = Handle::try_current().ok()?;
        let others = runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        others
            .then(|| self.config.inline_permits.try_acquire().ok())
            .flatten()
    }

    /// Serves as the account's thread until no more calls come, and returns the account to be
    /// closed; `None` if it was lost.
    pub(super) fn serve(&self) -> Option<Box<dyn BatchRunner>> {
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
                Slot::Free(_) if state.closed => return state.account.take(),
                Slot::Lost => return None,
                Slot::Free(_) | Slot::InUse => {}
            }
            if state.released {
                drop(self.changed.wait(state));
                continue;
            }
            if matches!(state.account, Slot::InUse) {
                let running = Some(state.batches);
                if mem::replace(&mut seen, running) == running {
                    self.wake_runtime();
                }
            }
            let left = self
                .config
                .release_after
                .saturating_sub(state.used_at.elapsed());
            if !left.is_zero() {
                drop(self.changed.wait_timeout(state, left.min(LOOK_EVERY)));
                continue;
            }
            // A thread that has the account notifies this one at the end of its batch. The next
            // call reads anew what is given back, and nobody would look how long it takes: so it
            // does not run inline.
            state.released = true;
            state.inline = false;
            let account = state.account.take();
            drop(state);
            if let Some(account) = account {
                drop(self.with_account(account, |account| account.release_memory()));
            }
        }
    }

    /// Has the runtime wake a sleeping thread, if there is one: while all sleep but those that run
    /// calls, nobody reads what clients send.
    fn wake_runtime(&self) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async {});
        }
    }

    /// Runs a batch of what waits, and puts the account back.
    fn run_batch(&self, account: Box<dyn BatchRunner>) {
        let began = Instant::now();
        let mut calls = 0;
        let mut is_use = false;
        let mut state = self.with_account(account, |account| {
            let mut batch = self.take_batch();
            account.run(&mut batch);
            calls = batch.len();
            is_use = batch.iter().any(|job| job.is_use());
            self.answer(batch);
        });
        let ended = Instant::now();
        state.inline = calls == 1 && ended.duration_since(began) < self.config.inline_threshold;
        state.batches = state.batches.wrapping_add(1);
        // An account that is only looked at is idle, and what its log holds is erased in time.
        if is_use {
            state.used_at = ended;
        }
        let notify = mem::take(&mut state.released) || state.closed || !state.waiting.is_empty();
        drop(state);
        if notify {
            self.changed.notify_one();
        }
    }

    /// Does something with the account, and puts it back.
    fn with_account(
        &self,
        mut account: Box<dyn BatchRunner>,
        work: impl FnOnce(&mut dyn BatchRunner),
    ) -> MutexGuard<'_, State> {
        let lost = LostOnPanic(self);
        work(&mut *account);
        mem::forget(lost);
        let mut state = self.lock();
        state.account = Slot::Free(account);
        state
    }

    /// The calls of one commit: those that wait, and those that are about to. A caller that was
    /// answered a moment ago may be writing its next call, and one that comes too late pays for a
    /// commit of its own. Where nothing else runs, yielding takes no time.
    fn take_batch(&self) -> Vec<Box<dyn Job>> {
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

    /// Gives the callers of a batch their results. Each result that is sent from the account's
    /// thread wakes the runtime: several are sent from a task of the runtime, which is woken once.
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

/// Dropped when the thread that has the account panics outside a call: marks the account as lost,
/// so that its callers, and those that would follow, are told that the worker has stopped.
struct LostOnPanic<'a>(&'a Queue);

impl Drop for LostOnPanic<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.account = Slot::Lost;
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
        self.0.changed.notify_one();
    }
}
