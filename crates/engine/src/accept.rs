//! Writing down what an authenticated ratchet message changed.

use std::time::Duration;

use crate::{
    Device, Engine, EventKind, Handshake, KeyDropped, Role, Session, Store, StoreError, StoredKey,
    UnixMillis,
    attempt::{Accepted, OpenedBy},
    event::note,
    ratchet_message::{OpenedMessage, Reply},
    receive::Incoming,
};

/// How exactly the times of a device are kept, as long as it is the last of its identity to have been active. Days hang on them, and a
/// device that writes a hundred messages a second would be written down with each.
const ACTIVITY_GRAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Stores the session's new state and the message's key, which stays until the caller confirms the
    /// message: a caller that dies before it has stored the text gets it again (protocol §7, read twice).
    pub(crate) fn keep(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        incoming: &Incoming<'_>,
        mut session: Session,
        accepted: Accepted,
    ) -> Result<OpenedMessage, StoreError> {
        let id = session.id;
        let reply = reply_due(store, &session)?;
        session.last_received_at = Some(now);
        let duplicate = match accepted.opened_by {
            OpenedBy::Advance(advance) => {
                if let Some(left) = session.ratchet.receiving_key()
                    && advance.ratchet.receiving_key() != Some(left)
                {
                    session.retired.push(&left);
                }
                session.ratchet = advance.ratchet;
                if matches!(session.handshake, Handshake::Unconfirmed { .. }) {
                    session.handshake = Handshake::Established;
                    note(store, now, EventKind::SessionEstablished(session.name()))?;
                }
                session.received = session.received.saturating_add(1);
                session.advances = session.advances.saturating_add(1);
                store.put_session(&session)?;
                for skipped in &advance.skipped {
                    store.put_stored_key(skipped)?;
                }
                if !incoming.confirm {
                    store.put_stored_key(&StoredKey {
                        read_at: Some(incoming.read_at),
                        ..advance.used
                    })?;
                }
                if !advance.skipped.is_empty() || !incoming.confirm {
                    let limit = self.config.max_message_keys;
                    for message in store.drop_oldest_stored_keys(&id, limit)? {
                        let why = KeyDropped::Limit;
                        note(store, now, EventKind::MessageKeyDropped { message, why })?;
                    }
                }
                false
            }
            OpenedBy::Stored(stored) => {
                let duplicate = stored.read_at.is_some();
                if !duplicate {
                    session.received = session.received.saturating_add(1);
                    store.put_session(&session)?;
                }
                if incoming.confirm {
                    store.remove_stored_key(&stored.message)?;
                } else if !duplicate {
                    store.put_stored_key(&StoredKey {
                        read_at: Some(incoming.read_at),
                        ..stored
                    })?;
                }
                duplicate
            }
        };
        Ok(OpenedMessage {
            plaintext: accepted.plaintext,
            message: accepted.message,
            session: id,
            duplicate,
            reply,
        })
    }

    /// The device an authenticated message came from, its activity noted.
    ///
    /// In suite x25519 the message proves it, and a device that no bundle has listed yet is taken up.
    /// In suite secp256k1 nothing does: the session is given to the device that the message names once
    /// a verified bundle lists that one (protocol §5), and to none until then.
    pub(crate) fn device_of(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
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
        let mut siblings = store.devices(&session.peer)?;
        let known = siblings
            .iter()
            .position(|device| device.installation == installation)
            .map(|at| siblings.swap_remove(at));
        let is_noted = known
            .as_ref()
            .is_some_and(|device| is_noted(device, &siblings, now));
        let device = match known {
            Some(device) if proven || device.prekey.is_some() => device,
            None if proven
                && self.make_room_for_device(store, &session.peer, now, |_| false)? =>
            {
                let own = session.peer == self.me();
                let device = Device::met(session.peer, installation.clone(), own, now);
                let discovered = EventKind::InstallationDiscovered {
                    device: device.name(),
                    own,
                };
                note(store, now, discovered)?;
                device
            }
            _ => return Ok(None),
        };
        session.installation = Some(installation);
        if is_noted {
            return Ok(Some(device));
        }
        let device = Device {
            last_seen_at: device.last_seen_at.max(now),
            last_active_at: device.last_active_at.max(now),
            ..device
        };
        store.put_device(&device)?;
        Ok(Some(device))
    }
}

/// Whether the activity of a device now is noted well enough. Which devices were active last decides who gets copies, so their order is
/// kept to the millisecond.
fn is_noted(device: &Device, siblings: &[Device], now: UnixMillis) -> bool {
    let lately = |at: UnixMillis| now < at.after(ACTIVITY_GRAIN);
    let mut siblings = siblings.iter();
    lately(device.last_seen_at)
        && lately(device.last_active_at)
        && siblings.all(|other| other.last_active_at < device.last_active_at)
}

/// A peer that writes to a prekey of ours which has been replaced is told of the new one, before the old is erased.
fn reply_due(store: &dyn Store, session: &Session) -> Result<Reply, StoreError> {
    let on_our_prekey = session.role == Role::Responder;
    let replaced = on_our_prekey
        && store
            .own_prekey_replaced_at(&session.signed_pre_key)?
            .is_some();
    Ok(if replaced {
        Reply::AdvertiseUnlessSent
    } else {
        Reply::None
    })
}
