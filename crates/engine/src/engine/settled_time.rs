//! The settled time of a store, by which things are erased (protocol §7, time).
//!
//! A wall clock may jump, and erasing cannot be undone. So a moment counts as passed only when two
//! sweeps say so that lie far enough apart on the monotonic clock.

use std::time::Duration;

use crate::{
    model::{RunningTime, SWEEP_INTERVAL, StoreError, Timekeeping, UnixMillis},
    store::StoreRead,
};

/// A wall clock that is at most this far ahead of the settled time is followed as soon as two
/// sweeps agree: the machine was off over a weekend. One that is further ahead may be wrong. It is
/// followed only after as much running time as things are kept for, so that no clock brings an
/// erasure forward by more than this.
pub(crate) const FOLLOWED_AT_ONCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The sweeps of this process that later ones are compared with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweeps {
    /// When each took place, by the monotonic clock and by the wall clock; oldest first.
    past: Vec<(Duration, UnixMillis)>,
}

/// Whether a sweep at `running` may be compared with one at `earlier`.
fn is_far_enough(earlier: Duration, running: Duration) -> bool {
    running.saturating_sub(earlier) >= SWEEP_INTERVAL
}

/// What two sweeps that lie far enough apart agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Both say that this moment has passed.
    pub(crate) passed: UnixMillis,
    /// Both say that this moment has not passed yet.
    pub(crate) ahead: UnixMillis,
}

impl Sweeps {
    /// Records a sweep, and compares it with the latest one that lies far enough back, if there is
    /// one.
    pub(crate) fn confirm(&mut self, running: Duration, now: UnixMillis) -> Option<Agreed> {
        let agreed = self.agreed(running, now);
        let old = self.past.iter();
        let old = old.filter(|(at, _)| is_far_enough(*at, running)).count();
        self.past.drain(..old.saturating_sub(1));
        self.past.push((running, now));
        agreed
    }

    /// What a sweep at this time would agree on with the latest one that lies far enough back then,
    /// if there is one.
    pub(crate) fn agreed(&self, running: Duration, now: UnixMillis) -> Option<Agreed> {
        let mut past = self.past.iter();
        let (_, then) = past.rfind(|(at, _)| is_far_enough(*at, running))?;
        Some(Agreed {
            passed: *then.min(&now),
            ahead: *then.max(&now),
        })
    }

    /// How long after `running` each past sweep comes to lie far enough back, and the wall clock at
    /// that sweep.
    pub(crate) fn comparable_in(
        &self,
        running: Duration,
    ) -> impl Iterator<Item = (Duration, UnixMillis)> {
        let past = self.past.iter();
        past.map(move |(at, now)| {
            (
                at.saturating_add(SWEEP_INTERVAL).saturating_sub(running),
                *now,
            )
        })
    }

    /// Whether the last sweep agreed with an earlier one.
    pub(crate) fn is_confirmed(&self) -> bool {
        let ends = self.past.first().zip(self.past.last());
        ends.is_some_and(|((first, _), (last, _))| is_far_enough(*first, *last))
    }
}

impl Timekeeping {
    /// The settled time at `running`, by running time alone.
    pub(crate) fn steady(&self, running: RunningTime) -> UnixMillis {
        self.settled.after(running.since(self.running))
    }

    /// The clocks after a sweep at `now` by the wall clock and at `running`. `agreed` is what the
    /// sweep and an earlier one agree on. A wall clock that is too far ahead to be followed at once
    /// is followed after `patience`.
    pub(crate) fn at_sweep(
        self,
        running: RunningTime,
        now: UnixMillis,
        agreed: Option<Agreed>,
        patience: Duration,
    ) -> Self {
        let steady = self.steady(running);
        let next = Self {
            running,
            settled: steady,
            ..self
        };
        if self.settled == UnixMillis(0) {
            return Self {
                settled: now,
                ..next
            };
        }
        let Some(agreed) = agreed else {
            return next;
        };
        if agreed.passed <= steady.after(FOLLOWED_AT_ONCE) {
            return Self {
                settled: steady.max(agreed.passed),
                ahead_since: None,
                ..next
            };
        }
        // The machine was off, or the clock is wrong.
        let since = self.ahead_since.unwrap_or(running);
        if running >= since.after(patience) {
            Self {
                settled: agreed.passed,
                ahead_since: None,
                ..next
            }
        } else {
            Self {
                ahead_since: Some(since),
                ..next
            }
        }
    }
}

/// The time to record for something that ends now and is erased some days later. It is not before
/// the settled time, so that a clock that is set back for a while does not bring the erasure
/// forward (protocol §7, time).
pub(crate) fn ending_at(
    store: &(impl StoreRead + ?Sized),
    now: UnixMillis,
) -> Result<UnixMillis, StoreError> {
    Ok(now.max(store.timekeeping()?.settled))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = SWEEP_INTERVAL;

    fn agreed(passed: u64, ahead: u64) -> Option<Agreed> {
        Some(Agreed {
            passed: UnixMillis(passed),
            ahead: UnixMillis(ahead),
        })
    }

    #[test]
    fn a_moment_has_passed_when_two_sweeps_an_hour_apart_say_so() {
        let mut sweeps = Sweeps::default();
        assert_eq!(sweeps.confirm(Duration::ZERO, UnixMillis(10)), None);
        assert_eq!(sweeps.confirm(HOUR / 2, UnixMillis(20)), None);
        assert_eq!(sweeps.confirm(HOUR, UnixMillis(30)), agreed(10, 30));
        // The latest of those far enough back counts.
        assert_eq!(sweeps.confirm(HOUR * 2, UnixMillis(40)), agreed(30, 40));
        assert!(sweeps.past.len() <= 3);
    }

    #[test]
    fn a_wall_clock_that_jumps_for_less_than_that_is_not_believed() {
        let mut sweeps = Sweeps::default();
        sweeps.confirm(Duration::ZERO, UnixMillis(10));
        let jumped = sweeps.confirm(HOUR, UnixMillis(1_000_000));
        assert_eq!(jumped, agreed(10, 1_000_000));
        let set_right = sweeps.confirm(HOUR * 2, UnixMillis(12));
        assert_eq!(set_right, agreed(12, 1_000_000));
        assert_eq!(sweeps.confirm(HOUR * 3, UnixMillis(14)), agreed(12, 14));
    }

    /// The settled time after sweeps every hour, by wall clocks that show these days.
    fn settled(days: impl IntoIterator<Item = u64>) -> u64 {
        const DAY: u64 = 24 * 3_600_000;
        let (mut sweeps, mut kept) = (Sweeps::default(), Timekeeping::default());
        for (hour, day) in days.into_iter().enumerate() {
            let running = HOUR * u32::try_from(hour).unwrap();
            let now = UnixMillis(day * DAY);
            let agreed = sweeps.confirm(running, now);
            let running = RunningTime(u64::try_from(running.as_millis()).unwrap());
            kept = kept.at_sweep(running, now, agreed, HOUR * 24);
        }
        kept.settled.0 / DAY
    }

    #[test]
    fn the_settled_time_follows_a_clock_that_is_ahead_for_a_day_and_none_back() {
        assert_eq!(settled([100]), 100);
        assert_eq!(settled([100, 103, 103]), 103);
        assert_eq!(settled([100].into_iter().chain([9000; 20])), 100);
        assert_eq!(settled([100].into_iter().chain([9000; 30])), 9000);
        // Set right in between, it has to be ahead for a day anew.
        let twice = [100].into_iter().chain([9000; 20]).chain([100; 2]);
        assert_eq!(settled(twice.chain([9000; 20])), 101);
        // Running time goes on where the wall clock stays behind.
        assert_eq!(settled([100].into_iter().chain([3; 50])), 102);
    }
}
