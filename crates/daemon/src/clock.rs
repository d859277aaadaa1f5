//! The operating system's time: the only place that reads it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use engine::UnixMillis;

/// The wall clock. With `--dev` it can be moved forward.
#[derive(Debug, Default)]
pub struct Clock {
    /// Milliseconds that the development clock was moved.
    moved: AtomicU64,
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        UnixMillis::default().after(since_epoch).after(moved)
    }

    /// Moves the clock forward, for good.
    pub fn advance(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let _ = self
            .moved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |moved| {
                Some(moved.saturating_add(millis))
            });
    }
}
