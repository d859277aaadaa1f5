//! The operating system's time: the only place that reads it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime},
};

use engine::model::UnixMillis;

/// The wall clock and a monotonic one. With `--dev` both can be moved forward, together.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// Milliseconds that the development clock was moved.
    moved: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            moved: AtomicU64::new(0),
        }
    }
}

impl Clock {
    /// The time of the wall clock. It may be set back.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        UnixMillis::default().after(since_epoch).after(self.moved())
    }

    /// How long this clock has run. It never goes back, also when the wall clock is set.
    #[must_use]
    pub fn running(&self) -> Duration {
        self.started.elapsed().saturating_add(self.moved())
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let _ = self
            .moved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |moved| {
                Some(moved.saturating_add(millis))
            });
    }

    fn moved(&self) -> Duration {
        Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_the_clock_moves_both_readings() {
        let clock = Clock::default();
        let (wall, running) = (clock.now(), clock.running());
        let day = Duration::from_secs(24 * 60 * 60);
        clock.advance(day);
        clock.advance(day);
        assert!(clock.now().since(wall) >= 2 * day);
        assert!(clock.running() >= running + 2 * day);
    }

    #[test]
    fn a_clock_that_is_moved_past_all_bounds_stays_there() {
        let clock = Clock::default();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), UnixMillis(u64::MAX));
        assert!(clock.running() >= Duration::from_millis(u64::MAX));
    }
}
