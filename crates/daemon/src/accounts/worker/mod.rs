//! The worker of an account: one thread at a time has the account and its store.
//!
//! It takes the calls that wait, runs each in its own savepoint, commits the batch once, durably,
//! and only then answers. So durability is paid for once a batch, and no call waits for others to
//! arrive. The thread is one of a pool that all accounts share (`pool`), or, where calls come one
//! by one, the one that submits the call (`queue`).
//!
//! The store is opened for the first call, and closed again when another account needs the place:
//! a limited number is open (`places`), so that a daemon needs threads, memory and descriptors for
//! the accounts in use, however many there are. What the engine knows of this process, its replies
//! and its sweeps, stays.
//!
//! A batch that changed nothing is not committed: a client that can make calls fail must not make
//! the disk work with them.
//!
//! Events that a batch wrote are published between its commit and its answers. They stay in the
//! store until the next commit, which erases them, so that none is lost whenever the process ends.
//!
//! A worker knows whether the store could be written the last time, and writes to it when it is
//! asked to see whether it can be written now (`check`).

mod account;
mod check;
mod outbox;
mod places;
mod pool;
mod queue;

use std::{
    fmt,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use engine::{Engine, Env, model::StoreError, store::Store};
use rpc::{ErrorKind, RpcError};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
};

use self::{account::Account, check::Writing, queue::Queue};
pub use self::{
    account::{Home, Unopened},
    check::CheckFailed,
    pool::WorkerPool,
};
use crate::ops::{
    budget::{Budget, MAX_ACCOUNT_BYTES, Request, Room},
    clock::Clock,
    metrics::Metrics,
};

/// An account that nobody calls for so long gives back its memory, some megabytes, so that a daemon
/// with many accounts needs memory for those in use. The next call reads again what it needs, in
/// some milliseconds.
pub const RELEASE_AFTER: Duration = Duration::from_secs(5);
/// Accounts that are open at the same time, unless something else is set.
pub const OPEN_MAX: usize = 256;
/// Threads that run accounts, for each processor, unless something else is set.
const THREADS_PER_PROCESSOR: usize = 2;
/// After a call that took longer, the next one runs on a thread of the pool: the submitting thread
/// may be the only one that reads requests. It is the time of a few commits on a quick disk, and
/// less than one on a slow disk.
pub const INLINE_THRESHOLD: Duration = Duration::from_millis(1);

/// How the accounts are run.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Calls that may wait for one account.
    pub queue: usize,
    /// Threads that run accounts.
    pub threads: usize,
    /// Accounts that are open at the same time.
    pub open_max: usize,
    /// For measurements with `--dev`: every commit takes so much longer, as on a slower disk.
    pub commit_cost: Duration,
    /// When nobody has called for so long, memory that is held for speed is given back.
    pub release_after: Duration,
    /// While calls come one by one and take less, each runs on the thread that submits it.
    pub inline_threshold: Duration,
    /// How many threads of the runtime may do so at once, for all accounts together.
    pub inline_permits: Arc<Semaphore>,
}

impl From<usize> for WorkerConfig {
    /// The usual values with a queue of this length. All but one thread of the runtime that this is
    /// called in may run calls inline.
    fn from(queue: usize) -> Self {
        let threads = Handle::try_current().map_or(0, |runtime| runtime.metrics().num_workers());
        Self {
            queue,
            threads: default_threads(),
            open_max: OPEN_MAX,
            commit_cost: Duration::ZERO,
            release_after: RELEASE_AFTER,
            inline_threshold: INLINE_THRESHOLD,
            inline_permits: Arc::new(Semaphore::new(threads.saturating_sub(1))),
        }
    }
}

/// Whether a queue of so many places is nearly full: three quarters of them are taken.
#[must_use]
pub const fn is_crowded(queued: u64, places: u64) -> bool {
    queued.saturating_mul(4) > places.saturating_mul(3)
}

/// As many threads as run accounts unless something else is set.
#[must_use]
pub fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get) * THREADS_PER_PROCESSOR
}

/// What runs the calls of one account.
pub struct Worker {
    queue: Arc<Queue>,
    /// Room for the requests that wait.
    budget: Budget,
    /// Whether the store can be written, as far as is known.
    writing: Arc<Writing>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

/// A call in the queue.
trait Job: Send {
    /// Runs it; whether what it wrote is to be kept.
    fn run(&mut self, engine: &mut Engine, store: &mut dyn Store, env: &mut Env<'_>) -> bool;
    /// Replaces its result: the batch was undone.
    fn fail(&mut self, error: &StoreError);
    /// Gives it a result without running it: the account could not be opened.
    fn refuse(&mut self, error: &RpcError);
    /// Gives the caller its result.
    fn answer(self: Box<Self>);
    /// What it is for.
    fn purpose(&self) -> Purpose;
}

/// What a call does with its account.
pub trait Work<T>:
    FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, RpcError> + Send + 'static
{
}

impl<T, F> Work<T> for F where
    F: FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, RpcError> + Send + 'static
{
}

struct Call<T, F> {
    function: Option<F>,
    purpose: Purpose,
    result: Option<Result<T, RpcError>>,
    /// What is logged of it stands in the span of the call, whichever thread runs it.
    span: tracing::Span,
    caller: oneshot::Sender<Result<T, RpcError>>,
    /// Given back when it is answered.
    _room: Waiting,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Somebody uses the account.
    Use,
    /// Somebody wants to know what would be: nothing that it writes is kept.
    Trial,
    /// The daemon looks after the account.
    Upkeep,
    /// Somebody wants to know what the store holds, which is counted before the answer.
    Count,
}

impl Purpose {
    /// Whether somebody uses the account by it.
    const fn is_use(self) -> bool {
        matches!(self, Self::Use | Self::Trial)
    }
}

/// The room that a call has while it waits: of the account's, and of the daemon's that of the
/// request it comes from, also when nobody waits for the answer any more.
type Waiting = (Room, Option<Arc<Room>>);

impl<T: Send, F: Work<T>> Job for Call<T, F> {
    fn run(&mut self, engine: &mut Engine, store: &mut dyn Store, env: &mut Env<'_>) -> bool {
        let Some(function) = self.function.take() else {
            return false;
        };
        let _in_its_span = self.span.enter();
        // The engine keeps only caches that may be ahead of the store: a panic leaves nothing
        // broken behind.
        let result = catch_unwind(AssertUnwindSafe(|| function(engine, store, env)))
            .unwrap_or_else(|_| {
                tracing::error!("a call panicked; it was undone");
                Err(RpcError::internal("the call failed inside the daemon"))
            });
        let keep = self.purpose != Purpose::Trial && result.is_ok();
        self.result = Some(result);
        keep
    }

    fn fail(&mut self, error: &StoreError) {
        self.result = Some(Err(error.clone().into()));
    }

    fn refuse(&mut self, error: &RpcError) {
        self.result = Some(Err(error.clone()));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // A caller that has gone away needs no answer: what it asked for is done or undone all
            // the same.
            let _ = self.caller.send(result);
        }
    }

    fn purpose(&self) -> Purpose {
        self.purpose
    }
}

impl Worker {
    /// A worker for the account of this home, which is opened when it is first called.
    #[must_use]
    pub fn new(
        home: impl Home + 'static,
        pool: &WorkerPool,
        clock: Arc<Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let writing = Arc::new(Writing::default());
        let pool = Arc::clone(&pool.pool);
        let account = Account {
            home,
            remembered: None,
            open: None,
            clock,
            metrics,
            commit_cost: pool.config.commit_cost,
            writing: Arc::clone(&writing),
        };
        Self {
            queue: Arc::new(Queue::new(Box::new(account), pool)),
            budget: Budget::new(MAX_ACCOUNT_BYTES),
            writing,
        }
    }

    /// Runs `function` on the account, in a batch with whatever else is waiting, and gives its
    /// result once everything it wrote is durable. Once this was polled it is run, whether or not
    /// the result is waited for.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] if the queue is full, in calls or in bytes, [`ErrorKind::ShuttingDown`]
    /// if no more calls are taken, [`ErrorKind::StoreFailed`] if the commit failed, or the
    /// function's own error: nothing was done then. [`ErrorKind::Internal`] if the account was lost
    /// to a panic.
    pub async fn call<T: Send + 'static>(&self, function: impl Work<T>) -> Result<T, RpcError> {
        self.submit(function, Purpose::Use).await
    }

    /// Runs `function` like [`Self::call`], and undoes whatever it wrote: it tells what would be.
    ///
    /// # Errors
    /// As of [`Self::call`].
    pub async fn try_out<T: Send + 'static>(&self, function: impl Work<T>) -> Result<T, RpcError> {
        self.submit(function, Purpose::Trial).await
    }

    /// Runs `function` like [`Self::call`], for the daemon itself: it is no use of the account,
    /// which can be closed for another right after it.
    ///
    /// # Errors
    /// As of [`Self::call`].
    pub async fn maintain<T: Send + 'static>(&self, function: impl Work<T>) -> Result<T, RpcError> {
        self.submit(function, Purpose::Upkeep).await
    }

    /// Counts what the store holds, behind the calls that wait: see [`Home::count`]. Opens it for
    /// that. Like [`Self::maintain`], it is no use of the account.
    ///
    /// # Errors
    /// As of [`Self::call`].
    pub async fn count(&self) -> Result<(), RpcError> {
        self.writing.to_be_counted();
        self.submit(|_, _, _| Ok(()), Purpose::Count).await
    }

    async fn submit<T: Send + 'static>(
        &self,
        function: impl Work<T>,
        purpose: Purpose,
    ) -> Result<T, RpcError> {
        let room = self.room(Request::here())?;
        let (caller, result) = oneshot::channel();
        let job = Box::new(Call {
            function: Some(function),
            purpose,
            result: None,
            span: tracing::Span::current(),
            caller,
            _room: room,
        });
        self.queue.submit(job)?;
        result.await.unwrap_or_else(|_| Err(queue::lost()))
    }

    /// Room for a call of this request.
    fn room(&self, request: Option<Request>) -> Result<Waiting, RpcError> {
        let bytes = request.as_ref().map_or(0, |request| request.bytes);
        let room = self.budget.take(bytes).ok_or_else(|| {
            let message =
                "the calls that wait for this account have all the room there is for them";
            RpcError::new(ErrorKind::Busy, message)
        })?;
        Ok((room, request.map(|request| request.room)))
    }

    /// Calls that wait.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queue.len() as u64
    }

    /// Whether nearly as many calls wait as may.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        is_crowded(self.queued(), self.queue.places())
    }

    /// Notes that somebody uses the open account beside its calls.
    pub fn used(&self) {
        self.queue.used();
    }

    /// Whether the account's store is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.queue.is_open()
    }

    /// Takes no more calls. Those that were accepted are finished.
    pub fn begin_to_stop(&self) {
        self.queue.close();
    }

    /// Takes no more calls, finishes those accepted, and closes the store. Blocks meanwhile.
    pub fn stop(&self) {
        self.begin_to_stop();
        self.queue.wait_until_ended();
    }
}

#[cfg(test)]
mod tests;
