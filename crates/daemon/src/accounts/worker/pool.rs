//! The threads that run all accounts, whatever their number.
//!
//! An account that has something to do stands in one line, and the threads take the first of it.
//! Each account is run by one thread at a time; with several threads, one that waits for a disk
//! holds up nobody else's calls. One more thread looks after the accounts in use: it never waits
//! for a disk itself.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::runtime::Handle;

use super::{WorkerConfig, places::Places, queue::Queue};

/// How often accounts in use are looked at: whether a call on another thread takes long, and
/// whether nobody has called for a while.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What all accounts share: the threads, and the places of the open ones.
pub(super) struct Pool {
    pub(super) config: WorkerConfig,
    pub(super) places: Places,
    /// Where the callers wait.
    pub(super) runtime: Option<Handle>,
    line: Mutex<Line>,
    /// A thread without an account waits for this.
    more: Condvar,
    in_use: Mutex<InUse>,
    /// The thread that looks after those in use waits for this.
    used: Condvar,
}

/// Accounts that have something to do.
#[derive(Default)]
struct Line {
    accounts: VecDeque<Arc<Queue>>,
    ended: bool,
}

/// Accounts that were used and still hold memory for speed.
#[derive(Default)]
struct InUse {
    accounts: Vec<Arc<Queue>>,
    ended: bool,
}

/// The threads of all accounts. They end when this is dropped.
pub struct WorkerPool {
    pub(super) pool: Arc<Pool>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPool").finish_non_exhaustive()
    }
}

impl WorkerPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// What the system says if it gives no thread.
    pub fn start(config: impl Into<WorkerConfig>) -> io::Result<Self> {
        let config = config.into();
        let pool = Arc::new(Pool {
            places: Places::new(config.open_max),
            runtime: Handle::try_current().ok(),
            line: Mutex::default(),
            more: Condvar::new(),
            in_use: Mutex::default(),
            used: Condvar::new(),
            config,
        });
        let mut started = Self {
            threads: Vec::new(),
            pool: Arc::clone(&pool),
        };
        for _ in 0..pool.config.threads.max(1) {
            let pool = Arc::clone(&pool);
            started.spawn("account", move || pool.run_accounts())?;
        }
        started.spawn("accounts in use", move || pool.look_after())?;
        Ok(started)
    }

    /// How many accounts are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.pool.places.taken()
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.pool.line().ended = true;
        self.pool.more.notify_all();
        self.pool.in_use().ended = true;
        self.pool.used.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Pool {
    /// Nothing panics half way under the lock.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_use(&self) -> MutexGuard<'_, InUse> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an account at the end of the line. It must not stand in it already.
    pub(super) fn enqueue(&self, account: Arc<Queue>) {
        self.enqueue_behind(account);
        self.more.notify_one();
    }

    /// The same, from a thread of the pool that takes the next account itself.
    pub(super) fn enqueue_behind(&self, account: Arc<Queue>) {
        self.line().accounts.push_back(account);
    }

    /// Runs accounts until the pool is dropped and none is left in the line.
    fn run_accounts(&self) {
        let mut line = self.line();
        loop {
            if let Some(account) = line.accounts.pop_front() {
                drop(line);
                // One that panics outside a call is lost, and this thread goes on with the others.
                let _ = catch_unwind(AssertUnwindSafe(|| account.serve()));
                drop(account);
                line = self.line();
            } else if line.ended {
                return;
            } else {
                line = self.more.wait(line).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Looks after an account from now on, until it has nothing left to give back.
    pub(super) fn watch(&self, account: Arc<Queue>) {
        let mut in_use = self.in_use();
        in_use.accounts.push(account);
        let first = in_use.accounts.len() == 1;
        drop(in_use);
        if first {
            self.used.notify_one();
        }
    }

    fn look_after(&self) {
        let mut in_use = self.in_use();
        while !in_use.ended {
            if in_use.accounts.is_empty() {
                in_use = self
                    .used
                    .wait(in_use)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let span = LOOK_EVERY.min(self.config.release_after);
            let waited = self.used.wait_timeout(in_use, span);
            in_use = waited.unwrap_or_else(PoisonError::into_inner).0;
            in_use.accounts.retain(|account| account.look());
        }
    }

    /// Has the runtime wake a sleeping thread, if there is one: while all sleep but those that run
    /// calls, nobody reads what clients send.
    pub(super) fn wake_runtime(&self) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async {});
        }
    }
}
