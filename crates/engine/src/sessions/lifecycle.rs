//! Which session of a device is active (protocol §7, spec 3.2, 3.3).
//!
//! Two devices that receive each other's messages must come to the same active session, even if
//! both began one at the same time, so the rules depend only on what both know.

use crypto_core::{SharedKey, Suite};

use crate::{
    engine::settled_time::ending_at,
    model::{
        Config, Device, EventKind, Handshake, Role, Session, Standing, StoreError, UnixMillis,
    },
    sessions::expiry::erase,
    store::{Store, StoreRead, record_event},
};

/// What the rules need to know of the message that advanced a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// When it was received.
    pub(crate) now: UnixMillis,
    /// It carries an older bundle entry of its device than we have: it changes no standing.
    pub(crate) before_rekey: bool,
    /// Suite x25519-mlkem768 may be used: its sessions are preferred to those below it.
    pub(crate) post_quantum: bool,
}

impl Arrival {
    /// Whether `one` is of suite x25519-mlkem768 and `other` below it (protocol §13, standing).
    const fn is_above(self, one: &Session, other: &Session) -> bool {
        self.post_quantum && one.post_quantum && !other.post_quantum
    }
}

/// The standing of `session` now. A session built on a prekey of ours expires when that is
/// replaced, even if this is not recorded yet.
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

/// Sets the session's standing to [`standing_now`], with an event if it changes. The caller stores
/// `session`.
fn update_standing(
    store: &mut dyn Store,
    session: &mut Session,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let standing = standing_now(store, session)?;
    if standing != session.standing {
        session.standing = standing;
        record_event(store, now, EventKind::SessionExpired(session.name()))?;
    }
    Ok(())
}

/// The active session with `device`. If its prekey was replaced, records it as expired and gives
/// none.
pub(crate) fn usable_session(
    store: &mut dyn Store,
    device: &Device,
    now: UnixMillis,
) -> Result<Option<Session>, StoreError> {
    let Some(mut session) = store.active_session(&device.identity, &device.installation)? else {
        return Ok(None);
    };
    update_standing(store, &mut session, now)?;
    if session.standing == Standing::Active {
        return Ok(Some(session));
    }
    store.put_session(&session)?;
    Ok(None)
}

/// Makes `session` the active one of its device instead of `before`. The caller stores `session`.
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

/// Supersedes an active session.
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

/// Makes a superseded session active again, with an event.
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
    /// The same without the order of crossings, which is needed only while the session is active.
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

/// Makes a new session the active one, and clears `rekey_due`, whichever side began it: otherwise
/// two devices that rotate daily would begin new sessions in turn.
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

/// Decides the standing of a session that its first message has just set up. `shared` is its SK.
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
    // Without a device that a bundle lists the session only receives. One that was begun before a
    // re-key is outdated.
    let Some(device) = device else {
        return Ok(());
    };
    if arrival.before_rekey {
        return Ok(());
    }
    let active = usable_session(store, device, arrival.now)?;
    match active {
        // If the two crossed (spec 3.2), the lower SK in byte order wins at both ends.
        Some(active) if arrival.is_above(&active, session) => Ok(()),
        Some(mut active) => {
            if !arrival.is_above(session, &active)
                && let Handshake::Unconfirmed {
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

/// Decides whether a superseded session becomes active again, because a message advanced its
/// receiving chain.
pub(crate) fn on_advance(
    store: &mut dyn Store,
    session: &mut Session,
    device: Option<&Device>,
    arrival: Arrival,
) -> Result<(), StoreError> {
    update_standing(store, session, arrival.now)?;
    let (Standing::Superseded { .. }, Some(device), false) =
        (session.standing, device, arrival.before_rekey)
    else {
        return Ok(());
    };
    let Some(active) = usable_session(store, device, arrival.now)? else {
        return reactivate(store, session, None, arrival.now);
    };
    if arrival.is_above(&active, session) {
        return Ok(());
    }
    let lost_crossing = session.lost_to == Some(active.id);
    if lost_crossing && session.suite() != Suite::Secp256k1 {
        return Ok(());
    }
    let unconfirmed = matches!(active.handshake, Handshake::Unconfirmed { .. });
    let at_once = arrival.is_above(session, &active)
        || !lost_crossing && (unconfirmed || session.id < active.id);
    let this_advance = (active.id, active.advances);
    if at_once || session.takeover == Some(this_advance) {
        return reactivate(store, session, Some(active), arrival.now);
    }
    session.takeover = Some(this_advance);
    Ok(())
}

/// The session of suite secp256k1 that we began on the current prekey of `device`, if it is there
/// and has not expired. At most one is begun. A store from before this rule can have several, of
/// which the answered one is used.
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
    // They come newest first, and `max_by_key` gives the last of equal ones: the oldest.
    Ok(begun
        .into_iter()
        .max_by_key(|session| matches!(session.handshake, Handshake::Established)))
}

/// Makes the session that we began on the device's prekey active again, instead of a new one.
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

/// Erases sessions until one more is within the limits: expired ones first, then superseded ones,
/// in the order in which they ended; never an active one (protocol §1).
pub(crate) fn make_room(
    store: &mut dyn Store,
    config: &Config,
    session: &Session,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let known = store.session_count(&session.peer)?;
    if known
        < config
            .max_sessions_per_device
            .min(config.max_sessions_per_identity)
    {
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

/// Whether an initiator has waited so long for an answer that it begins another session (protocol
/// §1). In suite secp256k1 it always waits: a second session on the same prekey would not be read.
pub(crate) fn unanswered(config: &Config, session: &Session, now: UnixMillis) -> bool {
    session.suite() != Suite::Secp256k1
        && matches!(session.handshake, Handshake::Unconfirmed { .. })
        && (session.sent >= config.unanswered_messages
            || now.since(session.created_at) >= config.unanswered_age
            || session.created_at > now.after(config.unanswered_age))
}
