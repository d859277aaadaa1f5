//! The periodic sweep: rotation, recording what has expired, erasure (protocol §7, spec 2.3, 3.4,
//! 4.3).
//!
//! The other rules check expiry themselves at each use, so that a late sweep delays only the
//! erasure.

use crate::{
    engine::Engine,
    model::{
        Device, Env, EventKind, GroupKey, KeyDropped, OwnPreKey, REQUEST_ID_LIFETIME, RunningTime,
        SendError, Session, Standing, StoreError, Timekeeping, UnixMillis,
    },
    store::{Store, record_dropped_keys, record_event},
};

/// Sessions and group keys read at once while a sweep goes through them.
const PAGE: usize = 256;

impl Engine {
    /// Rotates the prekey if that is due, records what has expired, reports devices that have
    /// become stale, and erases what ended long enough ago. To be called every
    /// [`SWEEP_INTERVAL`](crate::model::SWEEP_INTERVAL), or whenever [`Self::next_sweep`] says.
    ///
    /// # Errors
    /// [`SendError::Store`] if the store fails; nothing of the sweep may then be kept.
    pub fn sweep(&mut self, store: &mut dyn Store, env: &mut Env<'_>) -> Result<(), SendError> {
        self.current_bundle(store, env)?;
        record_expiry(store, env.now)?;
        self.report_stale(store, env.now)?;
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

    /// Reports devices that bundles have omitted for too long, each once (spec 4.3).
    fn report_stale(&self, store: &mut dyn Store, now: UnixMillis) -> Result<(), StoreError> {
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

    /// Erases the keys of messages that were read long ago and never confirmed. Only running time
    /// counts: a frontend that is down together with the daemon must not lose them (protocol §1).
    fn drop_unconfirmed(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        running: RunningTime,
    ) -> Result<(), StoreError> {
        let cutoff = running.before(self.config.unconfirmed_keys);
        let dropped = store.drop_keys_read_before(cutoff)?;
        record_dropped_keys(store, now, dropped, KeyDropped::Unconfirmed)
    }
}

/// Corrects what is recorded as ended after `ahead`, by a clock that was ahead for a while, to
/// `at`: otherwise it would be kept until that clock would have been right.
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
    loop {
        let keys = store.group_keys_replaced_after(ahead, PAGE)?;
        if keys.is_empty() {
            break;
        }
        for key in keys {
            store.put_group_key(&GroupKey {
                replaced_at: Some(at),
                ..key
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

/// Records that the sessions begun on replaced prekeys of ours have expired with them.
fn record_expiry(store: &mut dyn Store, now: UnixMillis) -> Result<(), StoreError> {
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

/// Erases the sessions, own prekeys and group keys that ended at `cutoff` or before, with all their
/// keys.
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
    loop {
        let keys = store.group_keys_replaced_by(cutoff, PAGE)?;
        if keys.is_empty() {
            break;
        }
        for key in keys {
            store.remove_group_key(&key.group, &key.id)?;
        }
    }
    for (prekey, since) in store.replaced_own_prekeys()? {
        if since <= cutoff {
            store.remove_own_prekey(&prekey)?;
        }
    }
    Ok(())
}

/// Records that a session expired at `since`.
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
    let dropped = store.remove_session(&session.id)?;
    record_dropped_keys(store, now, dropped, KeyDropped::SessionErased)?;
    record_event(store, now, EventKind::SessionErased(session.name()))
}
