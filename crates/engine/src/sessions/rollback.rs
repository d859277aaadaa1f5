//! A store that is not the one last used: an older state put back, or a copy.
//!
//! What was sent since is not in it. Its ratchets stand at places that were passed already, and a step
//! taken twice gives two messages one key and one IV. So none of them sends again (spec 3.4: an expired
//! session only reads), and the peers are given a prekey that is newer than any they can know.

use std::time::Duration;

use crate::{
    engine::{Engine, settled_time::ending_at},
    model::{
        Device, DevicePreKey, Env, EventKind, RollbackKind, SendError, Session, Standing,
        StoreError, Timekeeping,
    },
    own_bundle::Step,
    store::{Store, record_event},
};

/// Sessions expired at once, and devices looked at: bounds what is held in memory of them.
const PAGE: usize = 256;
/// How far the version of our prekey moves on, besides one for each minute since the last one was made: over all
/// rotations and resets that the lost state may have seen, by a clock that was set back and forth too, and over where it
/// came to when it was put back before.
const VERSIONS_PASSED_OVER: u32 = 1_000;

const SECONDS_PER_MINUTE: u64 = 60;

impl Engine {
    /// Goes on with a store that was displaced: every session expires, so that it reads and never sends, and our
    /// prekey is replaced. Peers learn it from the bundle, and re-key. Gives the number of sessions.
    ///
    /// # Errors
    /// [`SendError::Store`] if the store fails: nothing may be kept of it then, and nothing sent.
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
                // A store that was damaged as well may list what it does not hold; without this we should never end.
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
        self.replace_prekey(store, env, Step(versions_after(env.now.since(made))))?;
        // One event for all: a busy account's sessions would push everything else out of the log.
        record_event(store, env.now, EventKind::StoreRolledBack { how, sessions })?;
        Ok(sessions)
    }
}

/// A session may have been begun on any prekey after this state was kept. In suite secp256k1 there
/// is one for each, and it is lost.
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
    minutes.saturating_add(VERSIONS_PASSED_OVER)
}
