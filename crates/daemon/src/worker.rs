//! One thread owns one account's store.
//!
//! It takes what is waiting, runs each call in its own savepoint, commits the
//! batch once, durably, and only then answers: durability is paid once a batch,
//! and no call waits for a batch that is not already there.
//!
//! Events that a batch wrote are published between its commit and its answers. They stay in the store until
//! the next commit, which erases them, so that none is lost whenever the process ends.

mod outbox;
mod timed;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use engine::{Engine, Env, Store, StoreError, Transaction};
use rpc::{Kind, RpcError};
use tokio::{runtime::Handle, sync::oneshot};

pub use self::outbox::Publish;
use self::{outbox::Outbox, timed::Timed};
use crate::{
    clock::Clock,
    entropy::entropy,
    metrics::{Metrics, Phase},
};

/// Calls taken into one commit: bounds how long the first of them waits for the last.
const MAX_BATCH: usize = 64;

/// An account that nobody calls for so long gives back its memory, some megabytes: a daemon with many accounts needs memory for those
/// in use. The next call reads what it needs again, some milliseconds.
pub const REST_AFTER: Duration = Duration::from_secs(5);

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Calls that may wait.
    pub queue: usize,
    /// For measurements with `--dev`: every commit takes so much longer, as on a slower disk.
    pub commit_cost: Duration,
    /// When nobody has called for so long, what is held for speed is given back.
    pub rest_after: Duration,
}

impl From<usize> for Manner {
    fn from(queue: usize) -> Self {
        Self {
            queue,
            commit_cost: Duration::ZERO,
            rest_after: REST_AFTER,
        }
    }
}

/// The thread of one account.
#[derive(Debug)]
pub struct Worker {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    queued: Arc<AtomicU64>,
}

/// A call in the queue.
trait Job: Send {
    /// Runs it; whether what it wrote is to be kept.
    fn run(&mut self, engine: &mut Engine, store: &mut dyn Store, env: &mut Env<'_>) -> bool;
    /// Replaces its result.
    fn fail(&mut self, error: RpcError);
    /// Gives the caller its result.
    fn answer(self: Box<Self>);
}

struct Call<T, F> {
    function: Option<F>,
    /// Whether what a call that succeeds has written is kept.
    keep: bool,
    result: Option<Result<T, RpcError>>,
    /// What is logged of it on the account's thread stands in the span of the call.
    span: tracing::Span,
    caller: oneshot::Sender<Result<T, RpcError>>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, RpcError> + Send,
{
    fn run(&mut self, engine: &mut Engine, store: &mut dyn Store, env: &mut Env<'_>) -> bool {
        let Some(function) = self.function.take() else {
            return false;
        };
        let _in_its_span = self.span.enter();
        // The engine keeps only caches that may be ahead of the store: a panic leaves nothing broken behind.
        let result = catch_unwind(AssertUnwindSafe(|| function(engine, store, env)))
            .unwrap_or_else(|_| {
                tracing::error!("a call panicked; it was undone");
                Err(RpcError::new(
                    Kind::Internal,
                    "the call failed inside the daemon",
                ))
            });
        let keep = self.keep && result.is_ok();
        self.result = Some(result);
        keep
    }

    fn fail(&mut self, error: RpcError) {
        self.result = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // A caller that has gone away needs no answer: what it asked for is done or undone all the same.
            let _ = self.caller.send(result);
        }
    }
}

impl Worker {
    /// Publishes the events that an earlier process left in the store, and starts the thread.
    ///
    /// # Errors
    /// What the system says if it gives no thread.
    pub fn start<S>(
        engine: Engine,
        mut store: S,
        clock: Arc<Clock>,
        metrics: Arc<Metrics>,
        manner: impl Into<Manner>,
        publish: Publish,
    ) -> std::io::Result<Self>
    where
        S: Transaction + Send + 'static,
    {
        let Manner {
            queue,
            commit_cost,
            rest_after,
        } = manner.into();
        let mut outbox = Outbox::new(publish);
        outbox.publish(&mut store);
        let (queue, jobs) = sync_channel(queue);
        let queued = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&queued);
        let runtime = Handle::try_current().ok();
        let thread = thread::Builder::new()
            .name("account".to_owned())
            .spawn(move || {
                let mut account = AccountThread {
                    engine,
                    store,
                    outbox,
                    clock,
                    metrics,
                    commit_cost,
                    rest_after,
                    runtime,
                };
                account.run(&jobs, &counter);
                account.outbox.close(&mut account.store);
            })?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            queued,
        })
    }

    /// Runs `function` on the account's thread, in a batch with whatever else is waiting, and gives
    /// its result once everything it wrote is durable.
    ///
    /// # Errors
    /// [`Kind::Busy`] if the queue is full, [`Kind::ShuttingDown`] if the worker has stopped,
    /// [`Kind::StoreFailed`] if the commit failed, or the function's own error: nothing was done then.
    pub async fn call<T, F>(&self, function: F) -> Result<T, RpcError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, RpcError>
            + Send
            + 'static,
    {
        self.submit(function, true).await
    }

    /// Runs `function` like [`Self::call`], and undoes whatever it wrote: it tells what would be.
    ///
    /// # Errors
    /// As of [`Self::call`].
    pub async fn try_out<T, F>(&self, function: F) -> Result<T, RpcError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, RpcError>
            + Send
            + 'static,
    {
        self.submit(function, false).await
    }

    async fn submit<T, F>(&self, function: F, keep: bool) -> Result<T, RpcError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, RpcError>
            + Send
            + 'static,
    {
        let (caller, result) = oneshot::channel();
        let job = Box::new(Call {
            function: Some(function),
            keep,
            result: None,
            span: tracing::Span::current(),
            caller,
        });
        self.enqueue(job)?;
        result.await.unwrap_or_else(|_| {
            Err(RpcError::new(
                Kind::ShuttingDown,
                "the account's worker has stopped",
            ))
        })
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), RpcError> {
        let stopped = || RpcError::new(Kind::ShuttingDown, "the daemon is stopping");
        let queue = self.queue.lock().map_err(|_| stopped())?;
        let queue = queue.as_ref().ok_or_else(stopped)?;
        self.queued.fetch_add(1, Ordering::Relaxed);
        queue.try_send(job).map_err(|refused| {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => {
                    RpcError::new(Kind::Busy, "too many calls are waiting for this account")
                }
                TrySendError::Disconnected(_) => stopped(),
            }
        })
    }

    /// Calls that wait.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// Takes no more calls, finishes those accepted, and closes the store. Blocks meanwhile.
    pub fn stop(&self) {
        if let Ok(mut queue) = self.queue.lock() {
            *queue = None;
        }
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct AccountThread<S> {
    engine: Engine,
    store: S,
    outbox: Outbox,
    clock: Arc<Clock>,
    metrics: Arc<Metrics>,
    commit_cost: Duration,
    rest_after: Duration,
    /// Where the callers wait.
    runtime: Option<Handle>,
}

/// The calls of one commit: those that wait, and those that are about to. Who was answered a moment ago may be writing its next
/// call: one that comes too late pays for a commit of its own. Where nothing else runs this takes no time.
fn gather(first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut batch = vec![first];
    loop {
        let before = batch.len();
        thread::yield_now();
        batch.extend(jobs.try_iter().take(MAX_BATCH - before));
        if batch.len() == before || batch.len() == MAX_BATCH {
            return batch;
        }
    }
}

impl<S: Transaction> AccountThread<S> {
    fn run(&mut self, jobs: &Receiver<Box<dyn Job>>, queued: &AtomicU64) {
        while let Some(first) = self.next(jobs) {
            let mut batch = gather(first, jobs);
            queued.fetch_sub(batch.len() as u64, Ordering::Relaxed);
            self.metrics.batch(batch.len());
            if let Err(error) = self.run_batch(&mut batch) {
                tracing::error!(%error, calls = batch.len(), "the batch was undone");
                if let Err(error) = self.store.abort() {
                    tracing::error!(%error, "undoing the batch failed");
                }
                for job in &mut batch {
                    job.fail(error.clone().into());
                }
            } else {
                self.outbox.erased();
                // Before the answers: a caller finds the events of its call.
                self.outbox.publish(&mut self.store);
            }
            self.answer(batch);
        }
    }

    /// The next call; `None` if there will be none.
    fn next(&mut self, jobs: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
        match jobs.recv_timeout(self.rest_after) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        self.engine.rest();
        if let Err(error) = self.store.rest() {
            tracing::warn!(%error, "an account that nobody calls could not give back its memory");
        }
        jobs.recv().ok()
    }

    /// Gives the callers of a batch their results. Each that came from this thread would wake one of the runtime's: of several
    /// the runtime is told once.
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

    /// Runs a batch up to its commit. After an error nothing of it may be kept, whichever call it came from: SQLite
    /// may have rolled the whole transaction back by itself.
    fn run_batch(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.store.begin()?;
        self.outbox.erase(&mut self.store)?;
        for job in batch {
            self.store.savepoint()?;
            let mut rng = entropy();
            let mut env = Env {
                now: self.clock.now(),
                running: self.clock.running(),
                rng: &mut rng,
            };
            let began = Instant::now();
            let mut store = Timed::new(&mut self.store);
            let keep = job.run(&mut self.engine, &mut store, &mut env);
            let (whole, load) = (began.elapsed(), store.spent());
            if store.told() {
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
        let began = Instant::now();
        if !self.commit_cost.is_zero() {
            thread::sleep(self.commit_cost);
        }
        let committed = self.store.commit();
        self.metrics.phase_took(Phase::Commit, began.elapsed());
        committed
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{atomic::AtomicBool, mpsc::channel};

    use crypto_core::{IdentityKeyPair, InstallationId};
    use engine::{
        Account, AccountName, Config, Event, EventKind, StoredReply, UnixMillis,
        memory::{CommitLog, MemoryStore},
    };

    use super::*;

    fn start(capacity: usize) -> (Arc<Worker>, Arc<CommitLog>) {
        start_with(MemoryStore::default(), capacity, Box::new(|_| Ok(())))
    }

    fn start_with(
        store: MemoryStore,
        manner: impl Into<Manner>,
        publish: Publish,
    ) -> (Arc<Worker>, Arc<CommitLog>) {
        let account = Account {
            name: AccountName::parse("me").unwrap(),
            identity: IdentityKeyPair::from_secret_bytes(&[1; 32]).unwrap().into(),
            installation: InstallationId::parse("x1-me").unwrap(),
            fresh_installation: true,
            created_at: UnixMillis(0),
        };
        let engine = Engine::new(account, Config::default());
        let log = store.log();
        let clock = Arc::new(Clock::default());
        let metrics = Arc::new(Metrics::new().unwrap());
        let worker = Worker::start(engine, store, clock, metrics, manner, publish).unwrap();
        (Arc::new(worker), log)
    }

    #[test]
    fn an_account_that_nobody_calls_gives_back_its_memory_once_and_works_on() {
        let runtime = runtime();
        let _inside = runtime.enter();
        let manner = Manner {
            rest_after: Duration::from_millis(1),
            ..Manner::from(8)
        };
        let (worker, log) = start_with(MemoryStore::default(), manner, Box::new(|_| Ok(())));
        for rests in 1..=2 {
            while log.rests() < rests {
                thread::yield_now();
            }
            let name = if rests == 1 { "a" } else { "b" };
            let put = worker.call(move |_, store, _| put(store, name));
            runtime.block_on(put).unwrap();
            assert!(runtime.block_on(is_there(&worker, name)));
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    }

    /// Writes something under this name.
    fn put(store: &mut dyn Store, name: &str) -> Result<(), RpcError> {
        let reply = StoredReply {
            input: [0; 32],
            reply: Vec::new(),
            at: UnixMillis(1),
        };
        Ok(store.put_reply(name, &reply)?)
    }

    async fn is_there(worker: &Worker, name: &'static str) -> bool {
        worker
            .call(move |_, store, _| Ok(store.reply(name)?.is_some()))
            .await
            .unwrap()
    }

    /// Holds the worker in a call until the returned sender is dropped, so that what follows waits.
    async fn hold(worker: &Arc<Worker>) -> std::sync::mpsc::Sender<()> {
        let (release, held) = channel::<()>();
        let (entered, waiting) = oneshot::channel();
        let worker = Arc::clone(worker);
        tokio::spawn(async move {
            let _ = worker
                .call(move |_, _, _| {
                    let _ = entered.send(());
                    let _ = held.recv();
                    Ok(())
                })
                .await;
        });
        waiting.await.unwrap();
        release
    }

    type Waiting = tokio::task::JoinHandle<Result<(), RpcError>>;

    /// Enqueues a call now; its answer comes with the handle.
    fn enqueue(
        worker: &Arc<Worker>,
        function: impl FnOnce(&mut dyn Store) -> Result<(), RpcError> + Send + 'static,
    ) -> Waiting {
        let (caller, result) = oneshot::channel();
        let call = Call {
            function: Some(
                move |_: &mut Engine, store: &mut dyn Store, _: &mut Env<'_>| function(store),
            ),
            keep: true,
            result: None,
            span: tracing::Span::none(),
            caller,
        };
        let refused = worker.enqueue(Box::new(call)).err();
        tokio::spawn(async move {
            match refused {
                Some(error) => Err(error),
                None => result.await.unwrap(),
            }
        })
    }

    #[test]
    fn calls_that_wait_share_one_commit() {
        runtime().block_on(async {
            let (worker, log) = start(100);
            let release = hold(&worker).await;
            let waiting: Vec<Waiting> = (0..20)
                .map(|n| enqueue(&worker, move |store| put(store, &format!("{n}"))))
                .collect();
            assert_eq!(worker.queued(), 20);
            drop(release);
            for call in waiting {
                call.await.unwrap().unwrap();
            }
            // One for the call that was held, one for all that waited meanwhile.
            assert_eq!(log.commits(), 2);
        });
    }

    #[test]
    fn a_long_queue_is_committed_in_batches_of_bounded_length() {
        runtime().block_on(async {
            let (worker, log) = start(2 * MAX_BATCH);
            let release = hold(&worker).await;
            let waiting: Vec<Waiting> = (0..=MAX_BATCH)
                .map(|n| enqueue(&worker, move |store| put(store, &format!("{n}"))))
                .collect();
            drop(release);
            for call in waiting {
                call.await.unwrap().unwrap();
            }
            // The call that was held, a full batch, and the one that did not fit.
            assert_eq!(log.commits(), 3);
        });
    }

    #[test]
    fn a_caller_that_has_gone_away_changes_nothing_for_the_others() {
        runtime().block_on(async {
            let (worker, _) = start(100);
            let release = hold(&worker).await;
            enqueue(&worker, |store| put(store, "gone")).abort();
            let stayed = enqueue(&worker, |store| put(store, "stayed"));
            drop(release);
            assert_eq!(stayed.await.unwrap(), Ok(()));
            assert!(is_there(&worker, "gone").await);
        });
    }

    #[test]
    fn a_call_that_fails_or_panics_is_undone_alone() {
        runtime().block_on(async {
            let (worker, _) = start(100);
            let release = hold(&worker).await;
            let good = enqueue(&worker, |store| put(store, "good"));
            let bad = enqueue(&worker, |store| {
                put(store, "bad")?;
                Err(RpcError::new(Kind::InvalidKey, "no"))
            });
            let panics = enqueue(&worker, |store| {
                put(store, "panics")?;
                panic!("on purpose");
            });
            let last = enqueue(&worker, |store| put(store, "last"));
            drop(release);
            assert_eq!(good.await.unwrap(), Ok(()));
            assert_eq!(bad.await.unwrap().unwrap_err().kind, Kind::InvalidKey);
            assert_eq!(panics.await.unwrap().unwrap_err().kind, Kind::Internal);
            assert_eq!(last.await.unwrap(), Ok(()));
            for (name, there) in [
                ("good", true),
                ("bad", false),
                ("panics", false),
                ("last", true),
            ] {
                assert_eq!(is_there(&worker, name).await, there, "{name}");
            }
        });
    }

    #[test]
    fn a_commit_that_fails_fails_every_call_of_the_batch_and_the_next_one_works() {
        runtime().block_on(async {
            let (worker, log) = start(100);
            let release = hold(&worker).await;
            let armed = Arc::clone(&log);
            let first = enqueue(&worker, move |store| {
                armed.fail_next();
                put(store, "d")
            });
            let second = enqueue(&worker, |store| put(store, "e"));
            drop(release);
            for call in [first, second] {
                let error = call.await.unwrap().unwrap_err();
                assert_eq!(error.kind, Kind::StoreFailed);
            }
            let before = log.commits();
            assert!(!is_there(&worker, "d").await && !is_there(&worker, "e").await);
            worker.call(|_, store, _| put(store, "f")).await.unwrap();
            assert!(is_there(&worker, "f").await && log.commits() > before);
        });
    }

    #[test]
    fn a_full_queue_is_busy_and_does_nothing() {
        runtime().block_on(async {
            let (worker, _) = start(2);
            let release = hold(&worker).await;
            let fit = [1, 2].map(|n| enqueue(&worker, move |store| put(store, &format!("{n}"))));
            let refused = enqueue(&worker, |store| put(store, "3")).await.unwrap();
            assert_eq!(refused.unwrap_err().kind, Kind::Busy);
            drop(release);
            for call in fit {
                call.await.unwrap().unwrap();
            }
            assert!(!is_there(&worker, "3").await);
        });
    }

    #[test]
    fn stopping_finishes_what_was_accepted_and_takes_no_more() {
        runtime().block_on(async {
            let (worker, log) = start(100);
            let release = hold(&worker).await;
            let accepted = enqueue(&worker, |store| put(store, "accepted"));
            let stopping = {
                let worker = Arc::clone(&worker);
                tokio::task::spawn_blocking(move || worker.stop())
            };
            drop(release);
            assert_eq!(accepted.await.unwrap(), Ok(()));
            stopping.await.unwrap();
            assert_eq!(log.commits(), 2);
            let refused = enqueue(&worker, |store| put(store, "late")).await.unwrap();
            assert_eq!(refused.unwrap_err().kind, Kind::ShuttingDown);
        });
    }

    type Published = Arc<Mutex<Vec<u64>>>;

    /// A way out that writes down what it is given, and fails as long as it is told to.
    fn way_out(failing: &Arc<AtomicBool>) -> (Publish, Published) {
        let published = Published::default();
        let (failing, seen) = (Arc::clone(failing), Arc::clone(&published));
        let publish = move |events: &[(u64, Event)]| {
            if failing.load(Ordering::Relaxed) {
                return Err(StoreError::Io("on purpose".to_owned()));
            }
            let numbers = events.iter().map(|(number, _)| *number);
            seen.lock().unwrap().extend(numbers);
            Ok(())
        };
        (Box::new(publish), published)
    }

    fn append(store: &mut dyn Store, times: u64) -> Result<(), RpcError> {
        for _ in 0..times {
            store.append_event(&Event {
                at: UnixMillis(1),
                kind: EventKind::BundleRotated {
                    version: 1,
                    prekey_replaced: true,
                    installations: Vec::new(),
                },
            })?;
        }
        Ok(())
    }

    /// How many events wait in the store while a call runs.
    async fn waiting(worker: &Worker) -> usize {
        let count = worker.call(|_, store, _| Ok(store.events(usize::MAX)?.len()));
        count.await.unwrap()
    }

    #[test]
    fn a_caller_finds_the_events_of_its_call_published_once_and_the_next_commit_erases_them() {
        runtime().block_on(async {
            let (publish, published) = way_out(&Arc::default());
            let (worker, log) = start_with(MemoryStore::default(), 8, publish);
            worker.call(|_, store, _| append(store, 2)).await.unwrap();
            assert_eq!(*published.lock().unwrap(), [1, 2]);
            assert_eq!(log.commits(), 1);
            assert_eq!(waiting(&worker).await, 0);
            // More than are published at once.
            worker
                .call(|_, store, _| append(store, 2500))
                .await
                .unwrap();
            assert_eq!(*published.lock().unwrap(), (1..=2502).collect::<Vec<_>>());
            worker.stop();
            assert_eq!(published.lock().unwrap().len(), 2502);
        });
    }

    #[test]
    fn events_that_cannot_be_published_wait_and_their_call_succeeds() {
        runtime().block_on(async {
            let failing = Arc::new(AtomicBool::new(true));
            let (publish, published) = way_out(&failing);
            let (worker, log) = start_with(MemoryStore::default(), 8, publish);
            worker.call(|_, store, _| append(store, 1)).await.unwrap();
            assert_eq!(waiting(&worker).await, 1);
            failing.store(false, Ordering::Relaxed);
            // A batch that is undone publishes nothing, and erases nothing.
            log.fail_next();
            let undone = worker.call(|_, store, _| append(store, 1)).await;
            assert_eq!(undone.unwrap_err().kind, Kind::StoreFailed);
            assert!(published.lock().unwrap().is_empty());
            assert_eq!(waiting(&worker).await, 1);
            assert_eq!(*published.lock().unwrap(), [1]);
            assert_eq!(waiting(&worker).await, 0);
        });
    }

    #[test]
    fn what_an_earlier_process_left_is_published_at_the_start_and_erased_at_the_end() {
        let mut store = MemoryStore::default();
        store.begin().unwrap();
        append(&mut store, 2).unwrap();
        store.commit().unwrap();
        let (publish, published) = way_out(&Arc::default());
        let (worker, log) = start_with(store, 8, publish);
        assert_eq!(*published.lock().unwrap(), [1, 2]);
        assert_eq!(log.commits(), 1);
        worker.stop();
        assert_eq!(log.commits(), 2);
    }
}
