//! What time alone does to an account: rotation, expiry written down, erasure (protocol §7, spec 2.3, 3.4, 4.3).
//!
//! Everything here is judged at use as well, so that a late sweep changes nothing but the space it frees.

use crate::{
    engine::Engine,
    model::{
        Device, Env, EventKind, KeyDropped, OwnPreKey, REQUEST_ID_LIFETIME, RunningTime, SendError,
        Session, Standing, StoreError, Timekeeping, UnixMillis,
    },
    store::{Store, record_event},
};

/// Sessions held in memory at once while a sweep goes through them.
const PAGE: usize = 256;

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
        store.remove_stored_answers_before(running.before(REQUEST_ID_LIFETIME))?;
        let agreed = self.sweeps.confirm(env.running, env.now);
        let kept = kept.at_sweep(running, env.now, agreed, self.config.erase_after);
        let Some(agreed) = agreed else {
            return store.put_timekeeping(&kept).map_err(SendError::from);
        };
        let latest = agreed.ahead.max(kept.settled);
        store.put_timekeeping(&Timekeeping {
            rolled_back_at: kept.rolled_back_at.map(|at| at.min(latest)),
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
                record_event(store, now, EventKind::InstallationStale(device.name()))?;
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
            record_event(store, now, EventKind::MessageKeyDropped { message, why })?;
        }
        Ok(())
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
    record_event(store, now, EventKind::SessionExpired(session.name()))
}

/// Erases a session with all its keys.
pub(crate) fn erase(
    store: &mut dyn Store,
    session: &Session,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for message in store.remove_session(&session.id)? {
        let why = KeyDropped::SessionErased;
        record_event(store, now, EventKind::MessageKeyDropped { message, why })?;
    }
    record_event(store, now, EventKind::SessionErased(session.name()))
}
