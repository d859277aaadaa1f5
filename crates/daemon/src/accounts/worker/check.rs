//! Whether an account's store can be written: what its commits have shown, and one made to see.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use engine::{Engine, Env, model::StoreError, store::Store};
use rpc::{ErrorKind, RpcError};
use tokio::sync::oneshot;

use super::{Job, Purpose, Worker};

/// What the commits of a store have shown.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// The last one failed.
    failing: AtomicBool,
    /// One has succeeded since somebody last asked.
    succeeded: AtomicBool,
    /// A check was begun and has not come to its end.
    under_way: AtomicBool,
    /// What the store holds may have changed since somebody last wanted it counted.
    uncounted: AtomicBool,
}

impl Writing {
    pub(super) fn failed(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    pub(super) fn succeeded(&self) {
        self.failing.store(false, Ordering::Relaxed);
        self.succeeded.store(true, Ordering::Relaxed);
        self.may_have_changed();
    }

    pub(super) fn may_have_changed(&self) {
        self.uncounted.store(true, Ordering::Relaxed);
    }

    /// Somebody wants it counted. Asked once more while that waits for a disk, nobody has to wait a
    /// second time.
    pub(super) fn to_be_counted(&self) {
        self.uncounted.store(false, Ordering::Relaxed);
    }
}

/// Why a store is not known to be writable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckFailed {
    /// Writing to it failed.
    Store(StoreError),
    /// It could not be opened.
    Opening(RpcError),
    /// An earlier check has not come to its end yet.
    UnderWay,
    /// The worker takes no more calls.
    Stopped,
}

/// Writes what is there anyway.
struct Check {
    written: Result<(), CheckFailed>,
    caller: oneshot::Sender<Result<(), CheckFailed>>,
    under_way: UnderWay,
}

/// A check that is under way, until this is dropped.
struct UnderWay(Arc<Writing>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.store(false, Ordering::Relaxed);
    }
}

impl Job for Check {
    fn run(&mut self, _: &mut Engine, store: &mut dyn Store, _: &mut Env<'_>) -> bool {
        self.written = store
            .timekeeping()
            .and_then(|time| store.put_timekeeping(&time))
            .map_err(CheckFailed::Store);
        self.written.is_ok()
    }

    fn fail(&mut self, error: &StoreError) {
        self.written = Err(CheckFailed::Store(error.clone()));
    }

    fn refuse(&mut self, error: &RpcError) {
        self.written = Err(CheckFailed::Opening(error.clone()));
    }

    fn answer(self: Box<Self>) {
        let Self {
            written,
            caller,
            under_way,
        } = *self;
        drop(under_way);
        let _ = caller.send(written);
    }

    fn purpose(&self) -> Purpose {
        Purpose::Upkeep
    }
}

impl Worker {
    /// Whether the last commit failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.writing.failing.load(Ordering::Relaxed)
    }

    /// Whether the store is open, and may hold something else than when [`Self::count`] was last
    /// called.
    #[must_use]
    pub fn is_uncounted(&self) -> bool {
        self.is_open() && self.writing.uncounted.load(Ordering::Relaxed)
    }

    /// Sees whether the store can be written: by the commits since it was last asked, or, if there
    /// was none, by one that writes what is there anyway and is durable when this returns. A queue
    /// that is full is no fault of the store.
    ///
    /// # Errors
    /// [`CheckFailed`] if it cannot, or if that does not come to be known.
    pub async fn check(&self) -> Result<(), CheckFailed> {
        let writing = &self.writing;
        if writing.succeeded.swap(false, Ordering::Relaxed) && !self.is_failing() {
            return Ok(());
        }
        if writing.under_way.swap(true, Ordering::Relaxed) {
            return Err(CheckFailed::UnderWay);
        }
        let (caller, written) = oneshot::channel();
        let check = Box::new(Check {
            written: Ok(()),
            caller,
            under_way: UnderWay(Arc::clone(writing)),
        });
        match self.queue.submit(check) {
            Ok(()) => {}
            Err(error) if error.kind == ErrorKind::Busy => return Ok(()),
            Err(_) => return Err(CheckFailed::Stopped),
        }
        let written = written.await.map_err(|_| CheckFailed::Stopped)?;
        // The next check is not to take this commit for somebody's call.
        writing.succeeded.store(false, Ordering::Relaxed);
        written
    }
}
