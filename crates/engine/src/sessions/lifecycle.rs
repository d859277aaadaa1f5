//! Which session of a device is sent on (protocol §7, spec 3.2, 3.3).
//!
//! Of all sessions with a device at most one is active. The rules here decide
//! which, so that two devices that hear each other end on the same one.

use crypto_core::{SharedKey, Suite};

use crate::{
    engine::settled_time::ending_at,
    model::{
        Config, Device, EventKind, Handshake, Role, Session, Standing, StoreError, UnixMillis,
    },
    sessions::expiry::erase,
    store::{Store, StoreRead, record_event},
};

/// What moving a received message along did to a session, as far as standings go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// When.
    pub(crate) now: UnixMillis,
    /// The message carried an older entry of its own device than we hold: it is read and changes no standing.
    pub(crate) before_rekey: bool,
}

/// The standing of `session` now: one built on a prekey of ours expires with it, whatever its record says.
pub(crate) fn standing_now(
    store: &dyn StoreRead,
    session: &Session,
) -> Result<Standing, StoreError> {
    if session.role == Role::Initiator || matches!(session.standing, Standing::Expired { .. }) {
        return Ok(session.standing);
    }
    Ok(
        match store.own_prekey_replaced_at(&session.signed_pre_key)? {
            Some(since) => Standing::Expired { since },
            None => session.standing,
        },
    )
}

/// Brings the session's standing up to date: [`standing_now`], told of if it is news. The caller stores `session`.
fn settle(store: &mut dyn Store, session: &mut Session, now: UnixMillis) -> Result<(), StoreError> {
    let standing = standing_now(store, session)?;
    if standing != session.standing {
        session.standing = standing;
        record_event(store, now, EventKind::SessionExpired(session.name()))?;
    }
    Ok(())
}

/// The session we may send on to `device`. One whose prekey has expired meanwhile is written down as expired.
pub(crate) fn usable_session(
    store: &mut dyn Store,
    device: &Device,
    now: UnixMillis,
) -> Result<Option<Session>, StoreError> {
    let Some(mut session) = store.active_session(&device.identity, &device.installation)? else {
        return Ok(None);
    };
    settle(store, &mut session, now)?;
    if session.standing == Standing::Active {
        return Ok(Some(session));
    }
    store.put_session(&session)?;
    Ok(None)
}

/// Makes `session` the active one of its device in place of `before`. The caller stores `session`.
fn activate(
    store: &mut dyn Store,
    session: &mut Session,
    before: Option<Session>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if let Some(before) = before {
        supersede(store, before, now)?;
    }
    session.standing = Standing::Active;
    session.takeover = None;
    Ok(())
}

/// Ends a session's turn: it reads on, and can become active again.
pub(crate) fn supersede(
    store: &mut dyn Store,
    session: Session,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let session = Session {
        standing: Standing::Superseded {
            since: ending_at(store, now)?,
        },
        handshake: session.handshake.without_order(),
        takeover: None,
        ..session
    };
    store.put_session(&session)?;
    record_event(store, now, EventKind::SessionSuperseded(session.name()))
}

/// Brings a superseded session back.
fn reactivate(
    store: &mut dyn Store,
    session: &mut Session,
    before: Option<Session>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    activate(store, session, before, now)?;
    record_event(store, now, EventKind::SessionReactivated(session.name()))
}

impl Handshake {
    /// The same, when the session is no longer the one that a crossing would be settled with.
    pub(crate) fn without_order(self) -> Self {
        match self {
            Self::Unconfirmed { ephemeral, .. } => Self::Unconfirmed {
                order: None,
                ephemeral,
            },
            Self::Established => Self::Established,
        }
    }
}

/// Makes a new session the active one, and clears re-key due, whoever began it: otherwise two ends that
/// rotate daily would chase each other.
pub(crate) fn activate_new(
    store: &mut dyn Store,
    session: &mut Session,
    before: Option<Session>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    activate(store, session, before, now)?;
    let device = session
        .installation
        .as_ref()
        .map(|installation| store.device(&session.peer, installation))
        .transpose()?
        .flatten();
    if let Some(device) = device
        && device.rekey_due
    {
        store.put_device(&Device {
            rekey_due: false,
            ..device
        })?;
    }
    Ok(())
}

/// Places a session that its first message has just set up here. `shared` is its SK.
pub(crate) fn on_first_message(
    store: &mut dyn Store,
    session: &mut Session,
    shared: &SharedKey,
    device: Option<&Device>,
    arrival: Arrival,
) -> Result<(), StoreError> {
    session.standing = Standing::Superseded {
        since: ending_at(store, arrival.now)?,
    };
    if let Some(since) = store.own_prekey_replaced_at(&session.signed_pre_key)? {
        session.standing = Standing::Expired { since };
        return Ok(());
    }
    // Without a device that a bundle lists the session only receives; begun before a re-key, it is past.
    let Some(device) = device else {
        return Ok(());
    };
    if arrival.before_rekey {
        return Ok(());
    }
    let active = usable_session(store, device, arrival.now)?;
    match active {
        // The two crossed (spec 3.2): SK first in byte order wins at both ends.
        Some(mut active) => {
            if let Handshake::Unconfirmed {
                order: Some(ours), ..
            } = &active.handshake
            {
                if shared.prefix() >= *ours {
                    session.lost_to = Some(active.id);
                    return Ok(());
                }
                active.lost_to = Some(session.id);
            }
            activate_new(store, session, Some(active), arrival.now)
        }
        None => activate_new(store, session, None, arrival.now),
    }
}

/// Lets a message that advanced the receiving chain of an older session bring it back, if the rules say so.
pub(crate) fn on_advance(
    store: &mut dyn Store,
    session: &mut Session,
    device: Option<&Device>,
    arrival: Arrival,
) -> Result<(), StoreError> {
    settle(store, session, arrival.now)?;
    let (Standing::Superseded { .. }, Some(device), false) =
        (session.standing, device, arrival.before_rekey)
    else {
        return Ok(());
    };
    let Some(active) = usable_session(store, device, arrival.now)? else {
        return reactivate(store, session, None, arrival.now);
    };
    let lost_crossing = session.lost_to == Some(active.id);
    if lost_crossing && session.suite() == Suite::X25519 {
        return Ok(());
    }
    let unconfirmed = matches!(active.handshake, Handshake::Unconfirmed { .. });
    let at_once = !lost_crossing && (unconfirmed || session.id < active.id);
    let this_move = (active.id, active.advances);
    if at_once || session.takeover == Some(this_move) {
        return reactivate(store, session, Some(active), arrival.now);
    }
    session.takeover = Some(this_move);
    Ok(())
}

/// The session of suite secp256k1 that we began on the current prekey of `device`, if it is held
/// and was not ended for good. One at most is begun; a store made before that was the rule can hold
/// several, of which the one that was answered is alive.
pub(crate) fn begun_session(
    store: &dyn StoreRead,
    device: &Device,
) -> Result<Option<Session>, StoreError> {
    let Some(prekey) = &device.prekey else {
        return Ok(None);
    };
    let mut begun = store.sessions_on_prekey(&device.identity, prekey.key.signed_pre_key())?;
    begun.retain(|session| {
        session.uses_prekey()
            && session.installation.as_ref() == Some(&device.installation)
            && !matches!(session.standing, Standing::Expired { .. })
    });
    // Newest first, so that the oldest is the last of equal ones.
    Ok(begun
        .into_iter()
        .max_by_key(|session| matches!(session.handshake, Handshake::Established)))
}

/// Makes the session that we began on the device's prekey the active one again, in place of a new
/// one.
pub(crate) fn resume(
    store: &mut dyn Store,
    session: &mut Session,
    before: Option<Session>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let before = before.filter(|before| before.id != session.id);
    let resumed = session.standing != Standing::Active;
    activate_new(store, session, before, now)?;
    if resumed {
        record_event(store, now, EventKind::SessionReactivated(session.name()))?;
    }
    Ok(())
}

/// Erases sessions until one more fits under the limits: expired ones first, then superseded
/// ones, the longest ended before the others; never the active one (protocol §1).
pub(crate) fn make_room(
    store: &mut dyn Store,
    config: &Config,
    session: &Session,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let known = store.session_count(&session.peer)?;
    let under_both =
        known < config.max_sessions_per_device && known < config.max_sessions_per_identity;
    if under_both {
        return Ok(());
    }
    let mut ended = Vec::new();
    let mut of_device: usize = 0;
    for other in store.sessions(Some(&session.peer))? {
        let same_device = other.installation == session.installation;
        of_device += usize::from(same_device);
        let rank = match standing_now(store, &other)? {
            Standing::Active => continue,
            Standing::Expired { since } => (0, since),
            Standing::Superseded { since } => (1, since),
        };
        ended.push((rank, other, same_device));
    }
    ended.sort_unstable_by_key(|(rank, other, _)| (*rank, other.id));
    let mut excess_device = (of_device + 1).saturating_sub(config.max_sessions_per_device);
    let mut excess_all = (known + 1).saturating_sub(config.max_sessions_per_identity);
    for (_, other, same_device) in ended {
        if (same_device && excess_device > 0) || excess_all > 0 {
            erase(store, &other, now)?;
            excess_all = excess_all.saturating_sub(1);
            excess_device = excess_device.saturating_sub(usize::from(same_device));
        }
    }
    Ok(())
}

/// Whether an initiator has waited long enough for an answer to begin anew (protocol §1). In suite
/// secp256k1 it waits for ever: a second session on the same prekey would not be read.
pub(crate) fn unanswered(config: &Config, session: &Session, now: UnixMillis) -> bool {
    session.suite() == Suite::X25519
        && matches!(session.handshake, Handshake::Unconfirmed { .. })
        && (session.sent >= config.unanswered_messages
            || now.since(session.created_at) >= config.unanswered_age
            || session.created_at > now.after(config.unanswered_age))
}
