//! A store that was rolled back: an older state of it, or a copy.
//!
//! The messages sent since then are not in it, so its ratchets may have advanced further elsewhere.
//! Advancing a ratchet twice from one state gives two messages the same key and IV. So all sessions
//! expire (spec 3.4: an expired session only reads), and our prekey is replaced by one of a higher
//! version than any that peers can know.

use std::time::Duration;

use crate::{
    engine::{Engine, settled_time::ending_at},
    model::{
        Device, DevicePreKey, Env, EventKind, RollbackKind, SendError, Session, Standing,
        StoreError, Timekeeping,
    },
    store::{Store, record_event},
};

/// Sessions or devices read at once.
const PAGE: usize = 256;
/// Added to the version of our prekey, besides one for each minute since the last one was made:
/// more than all rotations and resets in the lost state, even by a clock that was set back and
/// forth, and all earlier rollbacks.
const SKIPPED_VERSIONS: u32 = 1_000;

const SECONDS_PER_MINUTE: u64 = 60;

impl Engine {
    /// Makes a store that was rolled back safe to use: expires every session, so that none is sent
    /// on again, and replaces our prekey. Peers see the new prekey in our bundle, and begin new
    /// sessions. Gives the number of sessions.
    ///
    /// # Errors
    /// [`SendError::Store`] if the store fails; nothing may then be kept, and nothing sent.
    pub fn expire_all_sessions(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        how: RollbackKind,
    ) -> Result<u64, SendError> {
        let ended = ending_at(store, env.now)?;
        let kept = store.timekeeping()?;
        store.put_timekeeping(&Timekeeping {
            rolled_back_at: Some(ended),
            ..kept
        })?;
        distrust_prekeys(store)?;
        let mut sessions = 0;
        let mut before = None;
        loop {
            let page = store.unexpired_sessions(PAGE)?;
            let first = page.first().map(|session| session.id);
            if first.is_none() {
                break;
            }
            if first == before {
                // A damaged index may list sessions that are not there: do not loop for ever.
                let what = "a session that expires and stays".to_owned();
                return Err(StoreError::Corrupt(what).into());
            }
            before = first;
            for session in page {
                sessions += 1;
                store.put_session(&Session {
                    standing: Standing::Expired { since: ended },
                    handshake: session.handshake.without_order(),
                    ..session
                })?;
            }
        }
        let made = store
            .current_own_prekey()?
            .map_or(self.account.created_at, |prekey| prekey.created_at);
        self.replace_prekey(store, env, versions_after(env.now.since(made)))?;
        // One event for all: those of a busy account would push everything else out of the log.
        record_event(store, env.now, EventKind::StoreRolledBack { how, sessions })?;
        Ok(sessions)
    }
}

/// Marks the prekeys of all devices as begun: the lost state may have begun the one session that
/// suite secp256k1 allows for each.
fn distrust_prekeys(store: &mut dyn Store) -> Result<(), StoreError> {
    let mut last = None;
    loop {
        let page = store.devices_after(last.as_ref(), PAGE)?;
        let Some(device) = page.last() else {
            return Ok(());
        };
        last = Some(device.name());
        for device in page {
            let Some(prekey) = device.prekey.clone().filter(|prekey| !prekey.begun) else {
                continue;
            };
            store.put_device(&Device {
                prekey: Some(DevicePreKey {
                    begun: true,
                    ..prekey
                }),
                ..device
            })?;
        }
    }
}

fn versions_after(lost: Duration) -> u32 {
    let minutes = u32::try_from(lost.as_secs() / SECONDS_PER_MINUTE).unwrap_or(u32::MAX);
    minutes.saturating_add(SKIPPED_VERSIONS)
}
