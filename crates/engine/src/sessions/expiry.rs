//! What time alone does to an account: rotation, expiry written down, erasure (protocol §7, spec 2.3, 3.4, 4.3).
//!
//! Everything here is judged at use as well, so that a late sweep changes nothing but the space it frees.

use std::time::Duration;

use crate::{
    engine::Engine,
    model::{
        Device, Env, EventKind, KeyDropped, OwnPreKey, REQUEST_ID_LIFETIME, RunningTime, SendError,
        Session, Standing, Timekeeping, UnixMillis, event::note,
    },
    store::{Store, StoreError},
};

/// Erasing cannot be undone, and a wall clock may jump: what it says must be so at two sweeps that
/// lie this far apart on a clock that does not jump (protocol §7).
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// A wall clock that is not further ahead of the settled time than this, a machine that was off
/// over a weekend, is followed as soon as two sweeps agree. What is further ahead is a machine that
/// was off for long, or a clock that is wrong: it is followed when as much running time has passed
/// as anything is kept, so that no clock brings an erasure forward by more than this.
const FOLLOWED_AT_ONCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Sessions held in memory at once while a sweep goes through them.
const PAGE: usize = 256;

/// The sweeps of this process, as far as a later one has to know them.
#[derive(Debug, Default)]
pub(crate) struct Sweeps {
    /// When each took place, in running time and by the wall clock; oldest first.
    past: Vec<(Duration, UnixMillis)>,
}

/// What two sweeps that lie far enough apart say of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreed {
    /// Both say that this moment has passed.
    passed: UnixMillis,
    /// Both say that this moment has not passed yet.
    ahead: UnixMillis,
}

impl Sweeps {
    /// Takes down a sweep, and compares it with the latest one that lies far enough back; there may
    /// be none.
    fn confirm(&mut self, running: Duration, now: UnixMillis) -> Option<Agreed> {
        let far_enough =
            |&(at, _): &(Duration, UnixMillis)| running.saturating_sub(at) >= SWEEP_INTERVAL;
        let old = self.past.iter().filter(|sweep| far_enough(sweep)).count();
        self.past.drain(..old.saturating_sub(1));
        let earlier = self.past.first().copied().filter(far_enough);
        self.past.push((running, now));
        earlier.map(|(_, then)| Agreed {
            passed: then.min(now),
            ahead: then.max(now),
        })
    }
}

impl Engine {
    /// Rotates the prekey if that is due, writes down what has expired, tells which devices have become stale,
    /// and erases what ended long enough ago. To be called at start and every [`SWEEP_INTERVAL`].
    ///
    /// # Errors
    /// [`SendError::Store`] if the store fails; nothing of the sweep may then be kept.
    pub fn sweep(&mut self, store: &mut dyn Store, env: &mut Env<'_>) -> Result<(), SendError> {
        self.current_bundle(store, env)?;
        write_down_expiry(store, env.now)?;
        self.tell_stale(store, env.now)?;
        let (kept, running) = (store.timekeeping()?, self.running_time(store, env)?);
        self.drop_unconfirmed(store, env.now, running)?;
        store.remove_replies_before(running.before(REQUEST_ID_LIFETIME))?;
        let agreed = self.sweeps.confirm(env.running, env.now);
        let kept = kept.at_sweep(running, env.now, agreed, self.config.erase_after);
        let Some(agreed) = agreed else {
            return store.put_timekeeping(&kept).map_err(SendError::from);
        };
        let latest = agreed.ahead.max(kept.settled);
        store.put_timekeeping(&Timekeeping {
            put_back_at: kept.put_back_at.map(|at| at.min(latest)),
            ..kept
        })?;
        redate(store, latest, env.now.max(kept.settled))?;
        erase_ended_by(store, env.now, kept.settled.before(self.config.erase_after))?;
        Ok(())
    }

    /// Devices that have been omitted for too long are told of once (spec 4.3).
    fn tell_stale(&self, store: &mut dyn Store, now: UnixMillis) -> Result<(), StoreError> {
        for mut device in store.omitted_devices()? {
            let untold = !device.stale_told && device.identity != self.me();
            if untold && device.is_stale(now, self.config.stale_after) {
                device.stale_told = true;
                store.put_device(&device)?;
                note(store, now, EventKind::InstallationStale(device.name()))?;
            }
        }
        Ok(())
    }

    /// Keys of messages that were read and never confirmed go after their time, which only counts while
    /// a daemon runs: a frontend that is down with it must not lose them (protocol §1).
    fn drop_unconfirmed(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        running: RunningTime,
    ) -> Result<(), StoreError> {
        let cutoff = running.before(self.config.unconfirmed_keys);
        for message in store.drop_keys_read_before(cutoff)? {
            let why = KeyDropped::Unconfirmed;
            note(store, now, EventKind::MessageKeyDropped { message, why })?;
        }
        Ok(())
    }
}

impl Timekeeping {
    /// The clocks after a sweep at `now`, by the wall clock, and `running`. `agreed` is what it
    /// says together with an earlier one; a wall clock that is further ahead than is followed at
    /// once is followed after `patience`.
    fn at_sweep(
        self,
        running: RunningTime,
        now: UnixMillis,
        agreed: Option<Agreed>,
        patience: Duration,
    ) -> Self {
        let ran = Duration::from_millis(running.0.saturating_sub(self.running.0));
        let steady = self.settled.after(ran);
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
        // A machine that was off, or a clock that is wrong: what is erased then cannot be brought
        // back.
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

/// What ended after `ahead` was written down by a clock that was ahead for a while: it counts as
/// ended at `at`, so that it is not kept until that clock would have been right.
fn redate(store: &mut dyn Store, ahead: UnixMillis, at: UnixMillis) -> Result<(), StoreError> {
    loop {
        let sessions = store.sessions_ended_after(ahead, PAGE)?;
        if sessions.is_empty() {
            break;
        }
        for session in sessions {
            let standing = match session.standing {
                Standing::Active => Standing::Active,
                Standing::Superseded { .. } => Standing::Superseded { since: at },
                Standing::Expired { .. } => Standing::Expired { since: at },
            };
            store.put_session(&Session {
                standing,
                ..session
            })?;
        }
    }
    for (key, since) in store.replaced_own_prekeys()? {
        if since > ahead
            && let Some(prekey) = store.own_prekey(&key)?
        {
            store.put_own_prekey(&OwnPreKey {
                replaced_at: Some(at),
                ..prekey
            })?;
        }
    }
    for device in store.omitted_devices()? {
        if device.omitted_since > Some(ahead) {
            store.put_device(&Device {
                omitted_since: Some(at),
                ..device
            })?;
        }
    }
    Ok(())
}

/// Sessions begun on a prekey of ours expired with it, wherever they were at that moment.
fn write_down_expiry(store: &mut dyn Store, now: UnixMillis) -> Result<(), StoreError> {
    for (prekey, since) in store.replaced_own_prekeys()? {
        loop {
            let sessions = store.unexpired_on_own_prekey(&prekey, PAGE)?;
            if sessions.is_empty() {
                break;
            }
            for session in sessions {
                expire(store, session, since, now)?;
            }
        }
    }
    Ok(())
}

/// Erases the sessions and own prekeys that ended up to `cutoff`, with all their keys.
fn erase_ended_by(
    store: &mut dyn Store,
    now: UnixMillis,
    cutoff: UnixMillis,
) -> Result<(), StoreError> {
    loop {
        let sessions = store.sessions_ended_by(cutoff, PAGE)?;
        if sessions.is_empty() {
            break;
        }
        for session in sessions {
            erase(store, &session, now)?;
        }
    }
    for (prekey, since) in store.replaced_own_prekeys()? {
        if since <= cutoff {
            store.remove_own_prekey(&prekey)?;
        }
    }
    Ok(())
}

/// Writes down that a session expired, at `since`.
pub(crate) fn expire(
    store: &mut dyn Store,
    session: Session,
    since: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let session = Session {
        standing: Standing::Expired { since },
        handshake: session.handshake.without_order(),
        ..session
    };
    store.put_session(&session)?;
    note(store, now, EventKind::SessionExpired(session.name()))
}

/// Erases a session with all its keys.
pub(crate) fn erase(
    store: &mut dyn Store,
    session: &Session,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for message in store.remove_session(&session.id)? {
        let why = KeyDropped::SessionErased;
        note(store, now, EventKind::MessageKeyDropped { message, why })?;
    }
    note(store, now, EventKind::SessionErased(session.name()))
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
