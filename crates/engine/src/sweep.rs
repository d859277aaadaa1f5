//! What time alone does to an account: rotation, expiry written down, erasure (protocol §7, spec 2.3, 3.4, 4.3).
//!
//! Everything here is judged at use as well, so that a late sweep changes nothing but the space it frees.

use std::time::Duration;

use crate::{
    Engine, Env, EventKind, KeyDropped, REQUEST_ID_LIFETIME, SendError, Session, Standing, Store,
    StoreError, UnixMillis, event::note,
};

/// Erasing cannot be undone, and a wall clock may jump: a deadline must have passed at two sweeps
/// that lie this far apart on a clock that does not jump (protocol §7).
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// Sessions held in memory at once while a sweep goes through them.
const PAGE: usize = 256;

/// The sweeps of this process, as far as a later one has to know them.
#[derive(Debug, Default)]
pub(crate) struct Sweeps {
    /// When each took place, in running time, and what ended before which moment was due then; oldest first.
    past: Vec<(Duration, UnixMillis)>,
}

impl Sweeps {
    /// Takes down a sweep. What ended up to the moment given back was due now and at the latest sweep
    /// that lies far enough back; there may have been none.
    fn confirm(&mut self, running: Duration, due: UnixMillis) -> Option<UnixMillis> {
        let far_enough =
            |&(at, _): &(Duration, UnixMillis)| running.saturating_sub(at) >= SWEEP_INTERVAL;
        let old = self.past.iter().filter(|sweep| far_enough(sweep)).count();
        self.past.drain(..old.saturating_sub(1));
        let earlier = self.past.first().copied().filter(far_enough);
        self.past.push((running, due));
        earlier.map(|(_, due_then)| due_then.min(due))
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
        self.drop_unconfirmed(store, env)?;
        store.remove_replies_before(env.now.before(REQUEST_ID_LIFETIME))?;
        let due = env.now.before(self.config.erase_after);
        if let Some(cutoff) = self.sweeps.confirm(env.running, due) {
            erase_ended_by(store, env.now, cutoff)?;
        }
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
    fn drop_unconfirmed(&mut self, store: &mut dyn Store, env: &Env<'_>) -> Result<(), StoreError> {
        let running = self.running_time(store, env)?;
        store.put_running_time(running)?;
        let cutoff = running.before(self.config.unconfirmed_keys);
        for message in store.drop_keys_read_before(cutoff)? {
            let why = KeyDropped::Unconfirmed;
            note(
                store,
                env.now,
                EventKind::MessageKeyDropped { message, why },
            )?;
        }
        Ok(())
    }
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

    #[test]
    fn a_deadline_counts_when_it_had_passed_at_two_sweeps_an_hour_apart() {
        let mut sweeps = Sweeps::default();
        assert_eq!(sweeps.confirm(Duration::ZERO, UnixMillis(10)), None);
        assert_eq!(sweeps.confirm(HOUR / 2, UnixMillis(20)), None);
        assert_eq!(sweeps.confirm(HOUR, UnixMillis(30)), Some(UnixMillis(10)));
        // The latest of those far enough back counts.
        assert_eq!(
            sweeps.confirm(HOUR * 2, UnixMillis(40)),
            Some(UnixMillis(30))
        );
        assert!(sweeps.past.len() <= 3);
    }

    #[test]
    fn a_wall_clock_that_jumps_ahead_for_less_than_that_erases_nothing_early() {
        let mut sweeps = Sweeps::default();
        sweeps.confirm(Duration::ZERO, UnixMillis(10));
        let jumped = sweeps.confirm(HOUR, UnixMillis(1_000_000));
        assert_eq!(jumped, Some(UnixMillis(10)));
        assert_eq!(
            sweeps.confirm(HOUR * 2, UnixMillis(12)),
            Some(UnixMillis(12))
        );
    }
}
