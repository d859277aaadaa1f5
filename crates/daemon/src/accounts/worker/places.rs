//! Which accounts are open: at most so many, and for one more the least recently used is closed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{account::BatchRunner, queue::Queue};

/// How often it is tried again to close an account for another, while all that are open run calls
/// or are read. Those that end tell of it; a read that ends does not.
const TRY_EVERY: Duration = Duration::from_millis(5);

/// The open accounts.
pub(super) struct Places {
    max: usize,
    open: Mutex<Vec<Arc<Queue>>>,
    /// A thread that waits for a place waits for this.
    left: Condvar,
    /// How many threads do.
    waiting: AtomicUsize,
}

impl Places {
    /// So many, at least one.
    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            open: Mutex::default(),
            left: Condvar::new(),
            waiting: AtomicUsize::new(0),
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Queue>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn taken(&self) -> usize {
        self.open().len()
    }

    /// Gives an account a place, and closes another for it if all are taken: the one that was used
    /// longest ago, of those for which no call waits if there is one. Blocks meanwhile, and while
    /// all run calls or are read.
    pub(super) fn take(&self, account: &Arc<Queue>) {
        let mut open = self.open();
        while open.len() >= self.max {
            let Some((other, reserved)) = least_recently_used(&open) else {
                self.waiting.fetch_add(1, Ordering::Relaxed);
                let waited = self.left.wait_timeout(open, TRY_EVERY);
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                open = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            };
            drop(open);
            // Closing writes to the disk. Meanwhile the other keeps its place.
            let closed = catch_unwind(AssertUnwindSafe(|| other.close_reserved(reserved)));
            open = self.open();
            // One that panics is lost, and gives up its place as well.
            if closed.unwrap_or(true) {
                remove(&mut open, &other);
            }
        }
        open.push(Arc::clone(account));
    }

    /// An account was closed, or could not be opened.
    pub(super) fn leave(&self, account: &Arc<Queue>) {
        remove(&mut self.open(), account);
        self.may_be_closed();
    }

    /// A batch has ended: its account may be closed for another.
    pub(super) fn may_be_closed(&self) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.left.notify_one();
        }
    }
}

/// Takes the account that is to be closed for another, so that nothing else is done with it.
fn least_recently_used(open: &[Arc<Queue>]) -> Option<(Arc<Queue>, Box<dyn BatchRunner>)> {
    let mut by_use: Vec<(Instant, &Arc<Queue>)> = open
        .iter()
        .map(|account| (account.used_at(), account))
        .collect();
    by_use.sort_by_key(|(used_at, _)| *used_at);
    [true, false].into_iter().find_map(|idle| {
        let mut accounts = by_use.iter().map(|(_, account)| *account);
        accounts.find_map(|account| Some((Arc::clone(account), account.reserve(idle)?)))
    })
}

/// Once: one that was just closed may have got another place already.
fn remove(open: &mut Vec<Arc<Queue>>, account: &Arc<Queue>) {
    let place = open.iter().position(|other| Arc::ptr_eq(other, account));
    if let Some(place) = place {
        open.swap_remove(place);
    }
}
