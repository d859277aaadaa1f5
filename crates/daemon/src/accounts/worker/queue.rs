//! An account's pending calls, and which thread runs them.
//!
//! The thread that holds the account runs a batch of what waits. A thread of the pool drains up to
//! [`MAX_BATCH`] calls into one commit, and opens the account's store first if it is closed. If the
//! last batch was a single call that took less than [`WorkerConfig::inline_threshold`], the thread
//! that submits the next call runs it itself: handing it over would wake two sleeping threads, and
//! cost more than the call. As soon as several calls wait, or the disk is slow, the pool takes
//! over, and the submitting threads go on to read the next requests.
//!
//! A thread that runs a call reads nothing meanwhile, and the runtime may have no other that is
//! awake. So one of its threads is always left free ([`WorkerConfig::inline_permits`]), and if an
//! inline call takes long after all, the thread that looks after accounts has the runtime wake
//! another.
//!
//! [`WorkerConfig::inline_threshold`]: super::WorkerConfig::inline_threshold
//! [`WorkerConfig::inline_permits`]: super::WorkerConfig::inline_permits

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use rpc::{ErrorKind, RpcError};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::SemaphorePermit,
};

use super::{Job, Purpose, account::BatchRunner, pool::Pool};

/// Calls taken into one commit: bounds how long the first of them waits for the last.
pub(super) const MAX_BATCH: usize = 64;

/// What the submitting threads and those of the pool share of one account.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Whoever ends the account waits for this.
    ended: Condvar,
    pool: Arc<Pool>,
}

struct State {
    waiting: VecDeque<Box<dyn Job>>,
    account: Slot,
    /// Whether the account's store is open. Changed only by the thread that has the account.
    is_open: bool,
    /// Whether it stands in the pool's line.
    in_line: bool,
    /// Whether the last batch was a single call under the threshold: the next one runs inline.
    inline: bool,
    /// Batches that were run.
    batches: u64,
    /// How many there were when a batch was last found under way.
    seen: Option<u64>,
    used_at: Instant,
    memory: Memory,
    /// No more calls are taken.
    closed: bool,
}

/// Where the account is.
enum Slot {
    /// Here, and free.
    Free(Box<dyn BatchRunner>),
    /// With a thread that does something with it.
    InUse,
    /// Gone: it was ended, or the thread that had it panicked.
    Gone,
}

/// The memory that an account holds for speed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// Given back, or not there yet.
    Released,
    /// There, and looked after.
    Held,
    /// To be given back by the next thread of the pool that has the account.
    Due,
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
    /// Of an account that is closed.
    pub(super) fn new(account: Box<dyn BatchRunner>, pool: Arc<Pool>) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                account: Slot::Free(account),
                is_open: false,
                in_line: false,
                inline: false,
                batches: 0,
                seen: None,
                used_at: Instant::now(),
                memory: Memory::Released,
                closed: false,
            }),
            ended: Condvar::new(),
            pool,
        }
    }

    /// Nothing panics half way under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Somebody uses the account beside its calls, and memory is held for that.
    pub(super) fn used(self: &Arc<Self>) {
        let mut state = self.lock();
        state.used_at = Instant::now();
        if state.is_open && mem::replace(&mut state.memory, Memory::Held) != Memory::Held {
            drop(state);
            self.pool.watch(Arc::clone(self));
        }
    }

    /// Calls that may wait.
    pub(super) fn places(&self) -> u64 {
        self.pool.config.queue as u64
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().is_open
    }

    /// When somebody last called.
    pub(super) fn used_at(&self) -> Instant {
        self.lock().used_at
    }

    #[cfg(test)]
    pub(super) fn is_released(&self) -> bool {
        self.lock().memory == Memory::Released
    }

    /// Takes no more calls.
    pub(super) fn close(self: &Arc<Self>) {
        let mut state = self.lock();
        state.closed = true;
        self.stand_in_line(state);
    }

    /// Waits until the calls that were accepted are finished and the account is closed for good.
    pub(super) fn wait_until_ended(&self) {
        let mut state = self.lock();
        while !matches!(state.account, Slot::Gone) {
            state = self
                .ended
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts a call into the queue, and runs it on this thread if the last one was quick.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] if the queue is full, [`ErrorKind::ShuttingDown`] if no more calls are
    /// taken.
    pub(super) fn submit(self: &Arc<Self>, job: Box<dyn Job>) -> Result<(), RpcError> {
        let mut state = self.lock();
        if state.closed {
            return Err(RpcError::new(
                ErrorKind::ShuttingDown,
                "the daemon is stopping",
            ));
        }
        if matches!(state.account, Slot::Gone) {
            return Err(lost());
        }
        if state.waiting.len() >= self.pool.config.queue {
            return Err(RpcError::new(
                ErrorKind::Busy,
                "too many calls are waiting for this account",
            ));
        }
        // To count many rows takes long.
        let inline = state.inline && state.is_open && job.purpose() != Purpose::Count;
        state.waiting.push_back(job);
        let permit = if inline { self.inline_permit() } else { None };
        match permit.and_then(|permit| Some((state.account.take()?, permit))) {
            Some((account, _permit)) => {
                drop(state);
                let state = self.run_batch(account);
                self.stand_in_line(state);
            }
            None => self.stand_in_line(state),
        }
        Ok(())
    }

    /// The right to run a call on this thread, if it is one of several of a runtime and enough of
    /// them are left.
    fn inline_permit(&self) -> Option<SemaphorePermit<'_>> {
        let runtime = Handle::try_current().ok()?;
        let others = runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        others
            .then(|| self.pool.config.inline_permits.try_acquire().ok())
            .flatten()
    }

    /// Has a thread of the pool do what there is to do. If a thread has the account, it does so
    /// itself when it puts it back.
    fn stand_in_line(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if state.takes_its_turn() {
            drop(state);
            self.pool.enqueue(Arc::clone(self));
        }
    }

    /// Does what there is to do, as a thread of the pool whose turn the account is. What comes
    /// meanwhile waits for the next turn.
    pub(super) fn serve(self: &Arc<Self>) {
        let mut state = self.lock();
        state.in_line = false;
        let (calls, ends, is_open) = (!state.waiting.is_empty(), state.closed, state.is_open);
        let releases = state.memory == Memory::Due && is_open;
        let Some(account) = state.account.take() else {
            return;
        };
        drop(state);
        let mut state = if calls && is_open {
            self.run_batch(account)
        } else if calls {
            self.open_and_run(account)
        } else if ends {
            return self.end(account, is_open);
        } else if releases {
            self.release_memory(account)
        } else {
            self.put_back(account)
        };
        if state.takes_its_turn() {
            drop(state);
            // This thread takes the next of the line: no other has to be woken for one more.
            self.pool.enqueue_behind(Arc::clone(self));
        }
    }

    /// Opens the account, for which another may have to be closed, and runs what waits. If that
    /// fails, so does everything that waits.
    fn open_and_run(self: &Arc<Self>, mut account: Box<dyn BatchRunner>) -> MutexGuard<'_, State> {
        let lost = GoneWhenDropped(self);
        self.pool.places.take(self);
        let opened = account.open();
        mem::forget(lost);
        let Err(error) = opened else {
            self.lock().is_open = true;
            return self.run_batch(account);
        };
        self.pool.places.leave(self);
        let refused = mem::take(&mut self.lock().waiting);
        for mut job in refused {
            job.refuse(&error);
            job.answer();
        }
        self.put_back(account)
    }

    fn release_memory(
        self: &Arc<Self>,
        mut account: Box<dyn BatchRunner>,
    ) -> MutexGuard<'_, State> {
        let lost = GoneWhenDropped(self);
        account.release_memory();
        mem::forget(lost);
        let mut state = self.put_back(account);
        state.memory = Memory::Released;
        state
    }

    /// Closes the account for good.
    fn end(self: &Arc<Self>, mut account: Box<dyn BatchRunner>, is_open: bool) {
        let _gone = GoneWhenDropped(self);
        if is_open {
            account.close_for_good();
        }
        drop(account);
    }

    /// Takes the account, if it is open and can be closed for another: nothing is done with it, and
    /// if it has to be `idle` no call waits for it.
    pub(super) fn reserve(&self, idle: bool) -> Option<Box<dyn BatchRunner>> {
        let mut state = self.lock();
        let fits = state.is_open && (!idle || state.waiting.is_empty());
        match &state.account {
            Slot::Free(account) if fits && !account.is_read() => state.account.take(),
            _ => None,
        }
    }

    /// Closes the account that was reserved; whether that could be done, since nobody has begun to
    /// read it.
    pub(super) fn close_reserved(self: &Arc<Self>, mut account: Box<dyn BatchRunner>) -> bool {
        let lost = GoneWhenDropped(self);
        let closed = account.close();
        mem::forget(lost);
        let mut state = self.put_back(account);
        if closed {
            state.is_open = false;
            state.inline = false;
            if state.memory == Memory::Due {
                state.memory = Memory::Released;
            }
        }
        self.stand_in_line(state);
        closed
    }

    /// Looks at an account in use, as the thread that does so every now and then; whether it has to
    /// be looked at further.
    pub(super) fn look(self: &Arc<Self>) -> bool {
        let mut state = self.lock();
        match state.account {
            Slot::Gone => return false,
            Slot::InUse => {
                let running = Some(state.batches);
                if mem::replace(&mut state.seen, running) == running {
                    self.pool.wake_runtime();
                }
                return true;
            }
            Slot::Free(_) if state.is_open => {}
            Slot::Free(_) => {
                state.memory = Memory::Released;
                return false;
            }
        }
        if state.used_at.elapsed() < self.pool.config.release_after {
            return true;
        }
        // The next call reads anew what is given back, and nobody would look how long it takes: so
        // it does not run inline.
        state.memory = Memory::Due;
        state.inline = false;
        self.stand_in_line(state);
        false
    }

    /// Runs a batch of what waits, and puts the account back.
    fn run_batch(self: &Arc<Self>, mut account: Box<dyn BatchRunner>) -> MutexGuard<'_, State> {
        let began = Instant::now();
        let lost = GoneWhenDropped(self);
        let mut batch = self.take_batch();
        account.run(&mut batch);
        let calls = batch.len();
        let is_use = batch.iter().any(|job| job.purpose().is_use());
        self.answer(batch);
        mem::forget(lost);
        let ended = Instant::now();
        let mut state = self.put_back(account);
        state.inline =
            calls == 1 && ended.duration_since(began) < self.pool.config.inline_threshold;
        state.batches = state.batches.wrapping_add(1);
        // An account that is only looked at is idle, and what its log holds is erased in time.
        if is_use {
            state.used_at = ended;
        }
        if mem::replace(&mut state.memory, Memory::Held) != Memory::Held {
            // The other way round the locks are taken by the thread that looks after accounts.
            drop(state);
            self.pool.watch(Arc::clone(self));
            state = self.lock();
        }
        state
    }

    fn put_back(&self, account: Box<dyn BatchRunner>) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.account = Slot::Free(account);
        self.pool.places.may_be_closed();
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

    /// Gives the callers of a batch their results. Each result that is sent from a thread of the
    /// pool wakes the runtime: several are sent from a task of the runtime, which is woken once.
    fn answer(&self, batch: Vec<Box<dyn Job>>) {
        let answer_all = |batch: Vec<Box<dyn Job>>| {
            for job in batch {
                job.answer();
            }
        };
        match &self.pool.runtime {
            Some(runtime) if batch.len() > 1 => {
                runtime.spawn(async move { answer_all(batch) });
            }
            _ => answer_all(batch),
        }
    }
}

impl State {
    /// Whether the account has to stand in the pool's line, which it does from now on.
    fn takes_its_turn(&mut self) -> bool {
        let has_work = !self.waiting.is_empty() || self.closed || self.memory == Memory::Due;
        let waits = has_work && matches!(self.account, Slot::Free(_)) && !self.in_line;
        self.in_line |= waits;
        waits
    }
}

/// Dropped when the account is gone, because it was ended or because the thread that has it panics
/// outside a call: its callers, and those that would follow, are told so ([`lost`]).
struct GoneWhenDropped<'a>(&'a Arc<Queue>);

/// What callers are told of an account that was lost to a panic.
pub(super) fn lost() -> RpcError {
    RpcError::internal("the account was lost to an error inside the daemon, and stays closed")
        .with_hint("restart the daemon; its log says what went wrong: please report it")
}

impl Drop for GoneWhenDropped<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.account = Slot::Gone;
        state.is_open = false;
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
        self.0.pool.places.leave(self.0);
        self.0.ended.notify_all();
    }
}
