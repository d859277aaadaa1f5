//! Writing what an authenticated ratchet message changed.

use std::time::Duration;

use crate::{
    engine::Engine,
    model::{
        Device, Env, EventKind, Gap, Handshake, KeyDropped, MAX_UNANSWERED_GAPS,
        MAX_UNANSWERED_KEYS, MAX_UNANSWERED_KEYS_PER_IDENTITY, PLACES_PER_KEY, Role, Session,
        StoreError, StoredKey, UnixMillis,
    },
    receive::{
        Incoming,
        import::meet,
        ratchet::{PersistedMessage, ReplyDue},
        trial::{DecryptedMessage, KeptKey, OpenedBy},
    },
    store::{Store, record_dropped_keys, record_event},
};

/// Precision of the times of a device while it is the most recently active of its identity. They
/// decide about days, and without this a device that sends a hundred messages a second would be
/// written as often.
const ACTIVITY_GRAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Writes the session's new state and the message's key. The key stays until the caller
    /// confirms the message, so that a caller that dies before it has stored the text gets it again
    /// (protocol §7, read twice).
    pub(crate) fn persist_received(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        incoming: &Incoming<'_>,
        mut session: Session,
        decrypted: DecryptedMessage,
    ) -> Result<PersistedMessage, StoreError> {
        let id = session.id;
        let reply = reply_due(store, &session)?;
        session.last_received_at = Some(now);
        let duplicate = match decrypted.opened_by {
            OpenedBy::Advance(advance) => {
                if let Some(left) = session.ratchet.receiving_key()
                    && advance.ratchet.receiving_key() != Some(left)
                {
                    session.past_chains.push(&left);
                }
                session.ratchet = advance.ratchet;
                if matches!(session.handshake, Handshake::Unconfirmed { .. }) {
                    session.handshake = Handshake::Established;
                    session.kem = None;
                    record_event(store, now, EventKind::SessionEstablished(session.name()))?;
                }
                session.received = session.received.saturating_add(1);
                session.advances = session.advances.saturating_add(1);
                store.put_session(&session)?;
                let used = (!incoming.confirm).then_some(StoredKey {
                    read_at: Some(incoming.read_at),
                    read: Some(decrypted.read),
                    ..advance.used
                });
                self.keep_keys(store, now, &session, advance.gaps, used)?;
                false
            }
            OpenedBy::Kept(kept) => {
                let KeptKey { stored, place } = *kept;
                let duplicate = stored.read_at.is_some();
                if !duplicate {
                    session.received = session.received.saturating_add(1);
                    store.put_session(&session)?;
                }
                match place {
                    Some((chain, n)) => store.erase_skipped_key(&id, &chain, n)?,
                    None if incoming.confirm => store.remove_stored_key(&stored.message)?,
                    None => {}
                }
                if !incoming.confirm && !duplicate {
                    store.put_stored_key(&StoredKey {
                        read_at: Some(incoming.read_at),
                        read: Some(decrypted.read),
                        ..stored
                    })?;
                }
                duplicate
            }
        };
        Ok(PersistedMessage {
            plaintext: decrypted.plaintext,
            copy_of: decrypted.copy_of,
            message: decrypted.message,
            session: id,
            suite: session.suite(),
            duplicate,
            reply,
        })
    }

    /// Writes the keys of skipped messages, and the one that was `used` if it is to be kept. Room
    /// is made first, so that erased keys are overwritten by new ones.
    fn keep_keys(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        session: &Session,
        mut gaps: Vec<Gap>,
        used: Option<StoredKey>,
    ) -> Result<(), StoreError> {
        if gaps.is_empty() && used.is_none() {
            return Ok(());
        }
        let limit = self.config.max_message_keys;
        let mut room = limit.saturating_sub(u32::from(used.is_some()));
        let mut places = limit.saturating_mul(PLACES_PER_KEY);
        for gap in gaps.iter_mut().rev() {
            gap.keep_newest(room);
            room = room.saturating_sub(gap.places());
            places = places.saturating_sub(gap.places());
        }
        gaps.retain(|gap| gap.places() > 0);
        let dropped = store.drop_oldest_stored_keys(&session.id, room, places)?;
        record_dropped_keys(store, now, dropped, KeyDropped::Limit)?;
        for mut gap in gaps {
            if !gap.answered {
                gap.keep_newest(MAX_UNANSWERED_KEYS_PER_IDENTITY);
                make_room_for_unanswered(store, &gap)?;
            }
            store.put_gap(&gap)?;
        }
        used.map_or(Ok(()), |used| store.put_stored_key(&used))
    }

    /// The device that an authenticated message came from, after recording what the message proves:
    /// that the device is active, which version it has, and, if a bundle in the message lists it,
    /// that it belongs to its identity.
    ///
    /// In suite x25519 the message authenticates the device, and one that no bundle has listed yet
    /// is recorded. In suite secp256k1 nothing does: the session is assigned to the device that the
    /// message names once a verified bundle lists that device (protocol §5).
    pub(crate) fn device_of(
        &self,
        store: &mut dyn Store,
        env: &Env<'_>,
        incoming: &Incoming<'_>,
        session: &mut Session,
    ) -> Result<Option<Device>, StoreError> {
        let proven = session.installation.is_some();
        let Some(installation) = session
            .installation
            .clone()
            .or_else(|| incoming.installation.clone())
        else {
            return Ok(None);
        };
        // Only the device of the session can prove its version.
        if incoming.installation.as_ref() == Some(&installation)
            && incoming.settle_version(self, store, env, Some(session))?
            // The new version may have expired this session.
            && let Some(kept) = store.session(&session.id)?
        {
            (session.standing, session.handshake) = (kept.standing, kept.handshake);
        }
        let mut siblings = store.devices(&session.peer)?;
        let known = siblings
            .iter()
            .position(|device| device.installation == installation)
            .map(|at| siblings.swap_remove(at));
        let device = match known {
            Some(device) if proven || device.prekey.is_some() => device,
            None if proven
                && self.make_room_for_device(store, &session.peer, env.now, |_| false)? =>
            {
                let own = session.peer == self.me();
                let device = Device::met(session.peer, installation.clone(), own, env.now);
                meet(store, &device, env.now)?;
                device
            }
            _ => return Ok(None),
        };
        session.installation = Some(installation);
        let device = self.learn_kem(store, env.now, incoming, session, device)?;
        let listed = incoming.lists(&device.installation);
        if is_recorded(&device, &siblings, listed, env.now) {
            return Ok(Some(device));
        }
        if listed && device.stale_told {
            record_event(store, env.now, EventKind::InstallationActive(device.name()))?;
        }
        let device = Device {
            wrote_at: device.wrote_at.believed(env.now).max(env.now),
            last_active_at: device.last_active_at.believed(env.now).max(env.now),
            omitted_since: device.omitted_since.filter(|_| !listed),
            stale_told: device.stale_told && !listed,
            ..device
        };
        store.put_device(&device)?;
        Ok(Some(device))
    }
}

impl Engine {
    /// Records what a message that was read says of KEM prekeys: which of ours its device has, and,
    /// if its session is post-quantum, that nothing is written to the device below any more
    /// (protocol §13).
    fn learn_kem(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        incoming: &Incoming<'_>,
        session: &Session,
        mut device: Device,
    ) -> Result<Device, StoreError> {
        let heard = self.hear_of_kem(store, &mut device, incoming.kem_wanted)?;
        let kem = &mut device.kem;
        let shown = session.post_quantum && !kem.post_quantum && kem.held.is_some();
        if shown {
            kem.post_quantum = true;
            record_event(store, now, EventKind::PostQuantum(device.name()))?;
        }
        if heard || shown {
            store.put_device(&device)?;
        }
        Ok(device)
    }
}

/// Erases the oldest gaps of sessions on which we have never sent until this one fits within the
/// limits.
fn make_room_for_unanswered(store: &mut dyn Store, gap: &Gap) -> Result<(), StoreError> {
    let gaps = MAX_UNANSWERED_GAPS.saturating_sub(1);
    for (peer, keys) in [
        (Some(&gap.peer), MAX_UNANSWERED_KEYS_PER_IDENTITY),
        (None, MAX_UNANSWERED_KEYS),
    ] {
        store.drop_oldest_unanswered(peer, gaps, keys.saturating_sub(gap.places()))?;
    }
    Ok(())
}

/// Whether the recorded times of a device are precise enough. The order in which devices were last
/// active decides which of them messages are for, so it is exact to the millisecond.
fn is_recorded(device: &Device, siblings: &[Device], listed: bool, now: UnixMillis) -> bool {
    let lately = |at: UnixMillis| now < at.after(ACTIVITY_GRAIN);
    let mut siblings = siblings.iter();
    let timer_stops = listed && (device.omitted_since.is_some() || device.stale_told);
    lately(device.wrote_at)
        && lately(device.last_active_at)
        && !timer_stops
        && siblings.all(|other| other.last_active_at < device.last_active_at)
}

/// A peer that writes to a replaced prekey of ours is sent the new one, before the old one is
/// erased.
fn reply_due(store: &dyn Store, session: &Session) -> Result<ReplyDue, StoreError> {
    let on_our_prekey = session.role == Role::Responder;
    let replaced = on_our_prekey
        && store
            .own_prekey_replaced_at(&session.signed_pre_key)?
            .is_some();
    Ok(if replaced {
        ReplyDue::AdvertiseUnlessSent
    } else {
        ReplyDue::None
    })
}
