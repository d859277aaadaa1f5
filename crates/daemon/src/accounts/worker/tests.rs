use std::{
    io::{Read as _, Write as _},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::channel,
    },
};

use crypto_core::{IdentityKeyPair, InstallationId};
use engine::{
    Config, Remembered,
    model::{AccountName, Event, EventKind, StoreError, StoredAnswer, UnixMillis},
    store::{
        Transaction as _,
        memory::{CommitLog, MemoryStore},
    },
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{queue::MAX_BATCH, *};

type Publish = Box<dyn FnMut(&[(u64, Event)]) -> Result<(), StoreError> + Send>;

/// An account in a store in memory.
struct InMemory {
    store: Option<MemoryStore>,
    publish: Publish,
    /// Somebody reads it beside the calls.
    read: Arc<AtomicBool>,
    /// It cannot be opened.
    unusable: Arc<AtomicBool>,
    /// Whether all events were published when it was closed, each time.
    closings: Arc<Mutex<Vec<bool>>>,
    /// Closing it panics.
    panics: Arc<AtomicBool>,
    /// Times that it was counted.
    counts: Arc<AtomicUsize>,
}

impl InMemory {
    fn new(store: MemoryStore) -> Self {
        Self {
            store: Some(store),
            publish: Box::new(|_| Ok(())),
            read: Arc::default(),
            unusable: Arc::default(),
            closings: Arc::default(),
            panics: Arc::default(),
            counts: Arc::default(),
        }
    }
}

impl Home for InMemory {
    type Store = MemoryStore;

    fn open(&mut self, remembered: Option<Remembered>) -> Result<(Engine, MemoryStore), Unopened> {
        if self.unusable.load(Ordering::Relaxed) {
            let error = RpcError::new(ErrorKind::StoreFailed, "damaged on purpose");
            return Err(Unopened::Unusable(error));
        }
        let account = engine::model::Account {
            name: AccountName::parse("me").unwrap(),
            identity: IdentityKeyPair::from_secret_bytes(&[1; 32]).unwrap().into(),
            installation: InstallationId::parse("x1-me").unwrap(),
            fresh_installation: true,
            created_at: UnixMillis(0),
        };
        let engine = match remembered {
            Some(remembered) => Engine::remembering(account, Config::default(), remembered),
            None => Engine::new(account, Config::default()),
        };
        Ok((engine, self.store.take().expect("opened once")))
    }

    fn publish(&mut self, events: &[(u64, Event)]) -> Result<(), StoreError> {
        (self.publish)(events)
    }

    fn count(&mut self, _: &MemoryStore) -> Result<(), StoreError> {
        self.counts.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn is_read(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }

    fn stop_reading(&mut self) -> bool {
        !self.is_read()
    }

    fn close(&mut self, engine: Engine, store: MemoryStore, is_published: bool) -> Remembered {
        assert!(!self.panics.load(Ordering::Relaxed), "on purpose");
        self.closings.lock().unwrap().push(is_published);
        self.store = Some(store);
        engine.into_remembered()
    }
}

/// A worker, and the threads that run it.
struct Running {
    worker: Worker,
    pool: WorkerPool,
}

impl std::ops::Deref for Running {
    type Target = Worker;

    fn deref(&self) -> &Worker {
        &self.worker
    }
}

fn worker_of(home: InMemory, pool: &WorkerPool) -> Worker {
    let clock = Arc::new(Clock::default());
    let metrics = Arc::new(Metrics::new().unwrap());
    Worker::new(home, pool, clock, metrics)
}

fn start(config: impl Into<WorkerConfig>) -> (Arc<Running>, Arc<CommitLog>) {
    start_with(MemoryStore::default(), config, Box::new(|_| Ok(())))
}

fn start_with(
    store: MemoryStore,
    config: impl Into<WorkerConfig>,
    publish: Publish,
) -> (Arc<Running>, Arc<CommitLog>) {
    let log = store.log();
    let pool = WorkerPool::start(config).unwrap();
    let home = InMemory {
        publish,
        ..InMemory::new(store)
    };
    let running = Running {
        worker: worker_of(home, &pool),
        pool,
    };
    (Arc::new(running), log)
}

#[test]
fn an_account_that_nobody_calls_gives_back_its_memory_once_and_works_on() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let config = WorkerConfig {
        release_after: Duration::from_millis(1),
        inline_threshold: Duration::MAX,
        ..WorkerConfig::from(8)
    };
    let (worker, log) = start(config);
    runtime.block_on(where_it_runs(&worker));
    for releases in 1..=2 {
        while log.releases() < releases || !worker.queue.is_released() {
            thread::yield_now();
        }
        // The one that finds nothing in memory is not waited for by the runtime's threads.
        let first = runtime.block_on(where_it_runs(&worker));
        assert_eq!(first, "account");
        let name = if releases == 1 { "a" } else { "b" };
        let put = worker.call(move |_, store, _| put(store, name));
        runtime.block_on(put).unwrap();
        assert!(runtime.block_on(is_there(&worker, name)));
    }
}

#[tokio::test]
async fn a_check_writes_unless_a_call_just_has_and_says_what_fails() {
    let (worker, log) = start(8);
    let used_at = worker.queue.used_at();
    for commits in [1, 2] {
        assert_eq!(worker.check().await, Ok(()));
        assert_eq!(log.commits(), commits);
    }
    assert_eq!(
        worker.queue.used_at(),
        used_at,
        "who is only looked at is idle"
    );
    worker.call(|_, store, _| put(store, "a")).await.unwrap();
    // That is noted behind the answer.
    while worker.queue.used_at() == used_at {
        thread::yield_now();
    }
    for commits in [3, 4] {
        assert_eq!(worker.check().await, Ok(()));
        assert_eq!(log.commits(), commits);
    }
    log.fail_next();
    let full = StoreError::Refused(engine::model::Trouble::Full);
    assert_eq!(worker.check().await, Err(CheckFailed::Store(full)));
    assert!(worker.is_failing());
    assert_eq!(worker.check().await, Ok(()));
    assert!(!worker.is_failing());
    log.fail_next();
    worker
        .call(|_, store, _| put(store, "b"))
        .await
        .unwrap_err();
    assert!(worker.is_failing());
}

#[tokio::test]
async fn a_check_that_hangs_is_not_made_twice_and_a_full_queue_is_no_fault() {
    let (worker, _) = start(1);
    let held = hold(&worker).await;
    let mut first = std::pin::pin!(worker.check());
    tokio::select! {
        biased;
        checked = &mut first => panic!("while a call runs: {checked:?}"),
        second = worker.check() => assert_eq!(second, Err(CheckFailed::UnderWay)),
    }
    drop(held);
    assert_eq!(first.await, Ok(()));
    let held = hold(&worker).await;
    let waiting = enqueue(&worker, |_| Ok(()));
    assert_eq!(worker.check().await, Ok(()));
    drop(held);
    waiting.await.unwrap().unwrap();
    worker.stop();
    assert_eq!(worker.check().await, Err(CheckFailed::Stopped));
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
    let reply = StoredAnswer {
        input: [0; 32],
        reply: Vec::new(),
        at: engine::model::RunningTime(1),
    };
    Ok(store.put_stored_answer(name, &reply)?)
}

async fn is_there(worker: &Worker, name: &'static str) -> bool {
    worker
        .call(move |_, store, _| Ok(store.stored_answer(name)?.is_some()))
        .await
        .unwrap()
}

/// Holds the worker in a call until the returned sender is dropped, so that what follows waits.
async fn hold(worker: &Arc<Running>) -> std::sync::mpsc::Sender<()> {
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
    worker: &Arc<Running>,
    function: impl FnOnce(&mut dyn Store) -> Result<(), RpcError> + Send + 'static,
) -> Waiting {
    let (caller, result) = oneshot::channel();
    let call = Call {
        function: Some(
            move |_: &mut Engine, store: &mut dyn Store, _: &mut Env<'_>| function(store),
        ),
        purpose: Purpose::Use,
        result: None,
        span: tracing::Span::none(),
        caller,
        _room: worker.room(None).unwrap(),
    };
    let refused = worker.queue.submit(Box::new(call)).err();
    tokio::spawn(async move {
        match refused {
            Some(error) => Err(error),
            None => result.await.unwrap(),
        }
    })
}

/// Enqueues so many calls, each of which writes something of its own.
fn enqueue_puts(worker: &Arc<Running>, calls: usize) -> Vec<Waiting> {
    (1..=calls)
        .map(|n| enqueue(worker, move |store| put(store, &format!("{n}"))))
        .collect()
}

#[test]
fn calls_that_wait_share_one_commit() {
    runtime().block_on(async {
        let (worker, log) = start(100);
        let release = hold(&worker).await;
        let waiting = enqueue_puts(&worker, 20);
        assert_eq!(worker.queued(), 20);
        drop(release);
        for call in waiting {
            call.await.unwrap().unwrap();
        }
        // The call that was held changed nothing.
        assert_eq!(log.commits(), 1);
    });
}

#[test]
fn a_long_queue_is_committed_in_batches_of_bounded_length() {
    runtime().block_on(async {
        let (worker, log) = start(2 * MAX_BATCH);
        let release = hold(&worker).await;
        let waiting = enqueue_puts(&worker, MAX_BATCH + 1);
        drop(release);
        for call in waiting {
            call.await.unwrap().unwrap();
        }
        // A full batch, and the one that did not fit.
        assert_eq!(log.commits(), 2);
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
            Err(RpcError::new(ErrorKind::InvalidKey, "no"))
        });
        let panics = enqueue(&worker, |store| {
            put(store, "panics")?;
            panic!("on purpose");
        });
        let last = enqueue(&worker, |store| put(store, "last"));
        drop(release);
        assert_eq!(good.await.unwrap(), Ok(()));
        assert_eq!(bad.await.unwrap().unwrap_err().kind, ErrorKind::InvalidKey);
        assert_eq!(panics.await.unwrap().unwrap_err().kind, ErrorKind::Internal);
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
            assert_eq!(error.kind, ErrorKind::StoreFailed);
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
        let fit = enqueue_puts(&worker, 2);
        let refused = enqueue(&worker, |store| put(store, "3")).await.unwrap();
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Busy);
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
        assert_eq!(log.commits(), 1);
        let refused = enqueue(&worker, |store| put(store, "late")).await.unwrap();
        assert_eq!(refused.unwrap_err().kind, ErrorKind::ShuttingDown);
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
        worker.call(|_, store, _| put(store, "next")).await.unwrap();
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
        assert_eq!(undone.unwrap_err().kind, ErrorKind::StoreFailed);
        assert!(published.lock().unwrap().is_empty());
        assert_eq!(waiting(&worker).await, 1);
        assert_eq!(*published.lock().unwrap(), [1]);
        worker.call(|_, store, _| put(store, "next")).await.unwrap();
        assert_eq!(waiting(&worker).await, 0);
    });
}

#[test]
fn a_batch_that_changed_nothing_is_not_committed_and_erases_no_event() {
    runtime().block_on(async {
        let (publish, published) = way_out(&Arc::default());
        let (worker, log) = start_with(MemoryStore::default(), 8, publish);
        worker.call(|_, store, _| append(store, 1)).await.unwrap();
        // A disk that fails is of no concern to them.
        log.fail_next();
        assert_eq!(waiting(&worker).await, 1);
        let undone = worker.call(|_, store, _| {
            put(store, "undone")?;
            Err::<(), _>(RpcError::new(ErrorKind::InvalidKey, "no"))
        });
        assert_eq!(undone.await.unwrap_err().kind, ErrorKind::InvalidKey);
        let tried = worker.try_out(|_, store, _| put(store, "tried"));
        assert_eq!(tried.await, Ok(()));
        assert_eq!(log.commits(), 1);
        let fails = worker.call(|_, store, _| put(store, "fails")).await;
        assert_eq!(fails.unwrap_err().kind, ErrorKind::StoreFailed);
        worker.call(|_, store, _| put(store, "kept")).await.unwrap();
        assert_eq!(log.commits(), 2);
        assert_eq!(waiting(&worker).await, 0);
        assert_eq!(*published.lock().unwrap(), [1]);
    });
}

#[test]
fn what_an_earlier_process_left_is_published_when_the_account_is_opened_and_erased_at_the_end() {
    let mut store = MemoryStore::default();
    store.begin().unwrap();
    append(&mut store, 2).unwrap();
    store.commit().unwrap();
    let (publish, published) = way_out(&Arc::default());
    let (worker, log) = start_with(store, 8, publish);
    assert!(!worker.is_open() && published.lock().unwrap().is_empty());
    runtime()
        .block_on(worker.maintain(|_, _, _| Ok(())))
        .unwrap();
    assert_eq!(*published.lock().unwrap(), [1, 2]);
    assert_eq!(log.commits(), 1);
    worker.stop();
    assert_eq!(log.commits(), 2);
}

/// The name of the thread that runs a call.
async fn where_it_runs(worker: &Worker) -> String {
    let name = worker.call(|_, _, _| Ok(thread::current().name().unwrap_or_default().to_owned()));
    name.await.unwrap()
}

/// Until a call runs where it comes: the account's thread answers the first before it puts the
/// account back.
async fn comes_off_its_thread(worker: &Worker) {
    while where_it_runs(worker).await == "account" {}
}

/// A worker whose calls run inline while they take less than `inline_threshold`.
fn start_with_threshold(inline_threshold: Duration) -> (Arc<Running>, Arc<CommitLog>) {
    let config = WorkerConfig {
        inline_threshold,
        ..WorkerConfig::from(100)
    };
    start(config)
}

#[test]
fn calls_that_come_one_by_one_run_where_they_come_and_those_that_wait_on_the_accounts_thread() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let (worker, log) = start_with_threshold(Duration::MAX);
    runtime.block_on(async {
        assert_eq!(where_it_runs(&worker).await, "account");
        comes_off_its_thread(&worker).await;
        for _ in 0..3 {
            assert_ne!(where_it_runs(&worker).await, "account");
        }
        let before = log.commits();
        let release = hold(&worker).await;
        let waiting = enqueue_puts(&worker, 2);
        drop(release);
        for call in waiting {
            call.await.unwrap().unwrap();
        }
        assert_eq!(log.commits(), before + 1);
        // One more may come soon after several.
        assert_eq!(where_it_runs(&worker).await, "account");
    });
    // A thread whose runtime has no other never waits for a disk.
    let alone = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for _ in 0..2 {
        assert_eq!(alone.block_on(where_it_runs(&worker)), "account");
    }
}

#[test]
fn calls_that_take_long_run_on_the_accounts_thread_and_one_thread_is_always_left_to_the_runtime() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let (slow, _) = start_with_threshold(Duration::ZERO);
    runtime.block_on(async {
        for _ in 0..3 {
            assert_eq!(where_it_runs(&slow).await, "account");
        }
    });
    let config = WorkerConfig {
        inline_threshold: Duration::MAX,
        ..WorkerConfig::from(8)
    };
    let ((one, _), (other, _)) = (start(config.clone()), start(config));
    runtime.block_on(async {
        for worker in [&one, &other] {
            comes_off_its_thread(worker).await;
        }
        // One of two threads is taken.
        let release = hold(&one).await;
        for _ in 0..2 {
            assert_eq!(where_it_runs(&other).await, "account");
        }
        drop(release);
        comes_off_its_thread(&other).await;
    });
}

#[test]
fn what_comes_while_a_call_takes_unexpectedly_long_is_seen() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let (worker, _) = start_with_threshold(Duration::MAX);
    runtime.block_on(comes_off_its_thread(&worker));
    let pair = || {
        let (here, there) = std::os::unix::net::UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        // Nothing comes at all if this fails.
        there
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        (tokio::net::UnixStream::from_std(here).unwrap(), there)
    };
    let ((mut calling, mut caller), (mut echoing, mut other)) = (pair(), pair());
    let (release, held) = channel::<()>();
    let (entered, running) = channel();
    let call = runtime.spawn(async move {
        calling.read_u8().await.unwrap();
        worker
            .call(move |_, _, _| {
                entered
                    .send(thread::current().name().map(str::to_owned))
                    .unwrap();
                let _ = held.recv();
                Ok(())
            })
            .await
    });
    runtime.spawn(async move {
        let byte = echoing.read_u8().await.unwrap();
        echoing.write_u8(byte).await.unwrap();
    });
    caller.write_all(&[1]).unwrap();
    assert_ne!(running.recv().unwrap().as_deref(), Some("account"));
    // The thread that saw the call come runs it. The other one sleeps.
    other.write_all(&[7]).unwrap();
    let mut back = [0];
    other.read_exact(&mut back).unwrap();
    assert_eq!(back, [7]);
    drop(release);
    runtime.block_on(call).unwrap().unwrap();
}

#[test]
fn a_worker_shows_nothing_of_its_account_and_of_what_waits() {
    fn shows_nothing<T: fmt::Debug>(value: &T) {
        let shown = format!("{value:?} {value:#?}");
        assert!(!shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
    }
    let (worker, _) = start(1);
    shows_nothing::<Worker>(&worker);
    shows_nothing::<WorkerPool>(&worker.pool);
}

/// A request with parameters of so many bytes, in a text that has no room of its own.
fn request(bytes: usize) -> Request {
    let room = Arc::new(Budget::new(0).room());
    Request { bytes, room }
}

/// What comes of a call without waiting for it.
async fn at_once<F: Future>(mut call: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match call.as_mut().poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn calls_that_wait_are_refused_past_a_number_of_bytes_and_give_them_back_when_answered() {
    runtime().block_on(async {
        let (worker, _) = start(100);
        let release = hold(&worker).await;
        let large = MAX_ACCOUNT_BYTES / 4;
        let call = |bytes: usize| {
            let worker = Arc::clone(&worker);
            let call = async move { worker.call(|_, _, _| Ok(())).await };
            request(bytes).run(call)
        };
        let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(call(large))).collect();
        for call in &mut waiting {
            assert_eq!(at_once(call.as_mut()).await, None, "it waits");
        }
        let is_refused = async || {
            let refused = at_once(std::pin::pin!(call(1))).await;
            assert_eq!(
                refused.map(|call| call.unwrap_err().kind),
                Some(ErrorKind::Busy)
            );
            assert_eq!(worker.queued(), 4, "nothing is left of it");
        };
        is_refused().await;
        // Nor do those go away that nobody waits for any more.
        waiting.pop();
        is_refused().await;
        drop(release);
        for call in waiting {
            call.await.unwrap();
        }
        worker.stop();
        assert!(worker.budget.take(MAX_ACCOUNT_BYTES).is_some());
    });
}

#[test]
fn an_account_is_closed_for_another_only_while_nobody_reads_or_calls_it() {
    let runtime = runtime();
    let _inside = runtime.enter();
    // One thread: it has put back the last account before it opens the next.
    let config = WorkerConfig {
        open_max: 2,
        threads: 1,
        ..WorkerConfig::from(8)
    };
    let pool = WorkerPool::start(config).unwrap();
    let homes: Vec<InMemory> = (0..4)
        .map(|_| InMemory::new(MemoryStore::default()))
        .collect();
    let read: Vec<_> = homes.iter().map(|home| Arc::clone(&home.read)).collect();
    let workers: Vec<Worker> = homes
        .into_iter()
        .map(|home| worker_of(home, &pool))
        .collect();
    let call = |at: usize| runtime.block_on(workers[at].call(|_, store, _| put(store, "a")));
    let open = || -> Vec<usize> { (0..4).filter(|at| workers[*at].is_open()).collect() };
    call(0).unwrap();
    call(1).unwrap();
    // The first was used longest ago, but it is being read.
    read[0].store(true, Ordering::Relaxed);
    call(2).unwrap();
    assert_eq!(open(), [0, 2]);
    read[0].store(false, Ordering::Relaxed);
    // Looking after an account is no use of it.
    runtime
        .block_on(workers[3].maintain(|_, _, _| Ok(())))
        .unwrap();
    assert_eq!(open(), [2, 3]);
    call(1).unwrap();
    assert_eq!(open(), [1, 2]);
    assert_eq!(pool.open(), 2);
    for worker in &workers {
        worker.stop();
    }
    assert_eq!(pool.open(), 0);
}

#[test]
fn an_account_that_panics_when_it_is_closed_for_another_is_lost_alone_and_says_so() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let config = WorkerConfig {
        open_max: 1,
        threads: 1,
        ..WorkerConfig::from(8)
    };
    let pool = WorkerPool::start(config).unwrap();
    let home = InMemory::new(MemoryStore::default());
    home.panics.store(true, Ordering::Relaxed);
    let broken = worker_of(home, &pool);
    let other = worker_of(InMemory::new(MemoryStore::default()), &pool);
    let call = |worker: &Worker| runtime.block_on(worker.call(|_, _, _| Ok(7)));
    assert_eq!(call(&broken), Ok(7));
    assert_eq!(call(&other), Ok(7));
    let refused = call(&broken).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Internal, "{refused}");
    assert_eq!((pool.open(), call(&other)), (1, Ok(7)));
    broken.stop();
    assert_eq!(call(&broken).unwrap_err().kind, ErrorKind::ShuttingDown);
}

#[tokio::test]
async fn a_store_is_counted_when_it_was_opened_or_written_since_that_was_last_asked_for() {
    let pool = WorkerPool::start(8).unwrap();
    let home = InMemory::new(MemoryStore::default());
    let counts = Arc::clone(&home.counts);
    let worker = worker_of(home, &pool);
    assert!(!worker.is_uncounted(), "it is closed");
    worker.call(|_, _, _| Ok(())).await.unwrap();
    for count in 1..=2 {
        assert!(worker.is_uncounted());
        worker.count().await.unwrap();
        assert_eq!(counts.load(Ordering::Relaxed), count);
        worker.try_out(|_, store, _| put(store, "a")).await.unwrap();
        assert!(!worker.is_uncounted(), "nothing was written");
        worker.call(|_, store, _| put(store, "a")).await.unwrap();
    }
}

#[test]
fn an_account_that_cannot_be_opened_refuses_all_that_waits_and_is_tried_again() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let pool = WorkerPool::start(8).unwrap();
    let home = InMemory::new(MemoryStore::default());
    let unusable = Arc::clone(&home.unusable);
    let worker = worker_of(home, &pool);
    unusable.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let refused = runtime.block_on(worker.call(|_, _, _| Ok(()))).unwrap_err();
        assert_eq!(refused.message, "damaged on purpose");
        assert_eq!((worker.is_open(), pool.open()), (false, 0));
    }
    unusable.store(false, Ordering::Relaxed);
    assert_eq!(runtime.block_on(worker.call(|_, _, _| Ok(7))), Ok(7));
}

#[test]
fn an_account_that_is_closed_with_events_that_were_not_published_is_known_for_it() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let config = WorkerConfig {
        open_max: 1,
        threads: 1,
        ..WorkerConfig::from(8)
    };
    let pool = WorkerPool::start(config).unwrap();
    let failing = Arc::new(AtomicBool::new(true));
    let (publish, published) = way_out(&failing);
    let home = InMemory {
        publish,
        ..InMemory::new(MemoryStore::default())
    };
    let closings = Arc::clone(&home.closings);
    let (worker, other) = (
        worker_of(home, &pool),
        worker_of(InMemory::new(MemoryStore::default()), &pool),
    );
    let open = |worker: &Worker| runtime.block_on(worker.call(|_, _, _| Ok(()))).unwrap();
    runtime
        .block_on(worker.call(|_, store, _| append(store, 2)))
        .unwrap();
    open(&other);
    assert_eq!(*closings.lock().unwrap(), [false]);
    failing.store(false, Ordering::Relaxed);
    open(&worker);
    assert_eq!(*published.lock().unwrap(), [1, 2]);
    open(&other);
    assert_eq!(*closings.lock().unwrap(), [false, true]);
}

#[test]
fn one_that_waits_for_its_disk_holds_up_none_of_the_others() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let config = WorkerConfig {
        threads: 2,
        ..WorkerConfig::from(8)
    };
    let pool = WorkerPool::start(config).unwrap();
    let start = || Arc::new(worker_of(InMemory::new(MemoryStore::default()), &pool));
    let (slow, other) = (start(), start());
    runtime.block_on(async {
        let (release, held) = channel::<()>();
        let (entered, waiting) = oneshot::channel();
        let holding = Arc::clone(&slow);
        let held = tokio::spawn(async move {
            let call = holding.call(move |_, _, _| {
                let _ = entered.send(());
                let _ = held.recv();
                Ok(())
            });
            call.await
        });
        waiting.await.unwrap();
        for _ in 0..20 {
            assert_eq!(other.call(|_, _, _| Ok(7)).await, Ok(7));
        }
        drop(release);
        held.await.unwrap().unwrap();
    });
}
