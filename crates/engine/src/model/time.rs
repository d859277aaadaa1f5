//! Wall-clock time as the engine sees it: an argument, never a reading.

use std::time::Duration;

/// How far a moment may lie ahead of our clock and be believed (protocol §3).
const TIMESTAMP_TOLERANCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Milliseconds since the Unix epoch.
///
/// Arithmetic saturates, so that no jump of a clock and no claim of a peer overflows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// This moment plus `span`.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This moment minus `span`; the epoch if that would lie before it.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How long ago `earlier` was; zero if it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The same moment in nanoseconds, as bundles carry it (protocol §3).
    #[must_use]
    pub fn as_nanos(self) -> i64 {
        i64::try_from(self.0.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
    }

    /// The moment a bundle names in nanoseconds; negative values count as the epoch.
    #[must_use]
    pub fn from_nanos(nanos: i64) -> Self {
        Self(u64::try_from(nanos).unwrap_or(0) / 1_000_000)
    }

    /// Whether it lies so far ahead of `now` that some clock was wrong (protocol §3).
    pub(crate) fn is_far_ahead(self, now: Self) -> bool {
        self > now.after(TIMESTAMP_TOLERANCE)
    }

    /// This moment; the epoch if it was recorded by a clock that was far ahead of `now`.
    pub(crate) fn believed(self, now: Self) -> Self {
        if self.is_far_ahead(now) {
            Self(0)
        } else {
            self
        }
    }
}

/// Milliseconds that daemons have run on a store, in all their runs together, by the monotonic
/// clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RunningTime(pub u64);

impl RunningTime {
    /// This running time plus `span`.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This running time minus `span`, or zero.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How much longer this running time is than `earlier`; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Continues a store's running time in this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunningClock {
    /// The running time of the store when this process first read it.
    stored: RunningTime,
    /// How long this process had run by then.
    since: Duration,
}

impl RunningClock {
    pub(crate) fn new(stored: RunningTime, since: Duration) -> Self {
        Self { stored, since }
    }

    pub(crate) fn read(&self, running: Duration) -> RunningTime {
        self.stored.after(running.saturating_sub(self.since))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// What a call gets from the outside world: the time, and randomness.
pub struct Env<'a> {
    /// The wall clock when the call began. It may jump forward and back.
    pub now: UnixMillis,
    /// How long this process has run: a monotonic clock.
    pub running: Duration,
    /// The source of keys and nonces.
    pub rng: &'a mut dyn rand_core::CryptoRng,
}

impl std::fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
