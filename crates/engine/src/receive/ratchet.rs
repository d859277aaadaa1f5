//! Reading a ratchet message: its session is found or set up, it is decrypted, and only then is
//! anything written.

use std::cmp::Reverse;

use crypto_core::{
    IdentityKey, InstallationId, MessageId, RatchetCurve, SessionId, SignedPreKey, Suite,
};

use crate::{
    engine::Engine,
    model::{
        CopyOf, Env, MAX_SESSION_TRIALS, Reason, ReceiveError, Session, Standing, StoreError,
        UnixMillis,
    },
    receive::{
        Incoming, Plaintext,
        trial::{OpenedBy, RatchetEntry},
    },
    sessions::lifecycle::{on_advance, standing_now},
    store::Store,
    wire::{WireEntry, WireRatchetHeader},
};

/// What became of a ratchet message.
pub(crate) enum Read {
    Opened(PersistedMessage),
    Failed {
        reason: Reason,
        message: Option<MessageId>,
        session: Option<SessionId>,
        reply: ReplyDue,
    },
}

/// A decrypted message whose changes are written.
pub(crate) struct PersistedMessage {
    pub(crate) plaintext: Plaintext,
    pub(crate) copy_of: Option<CopyOf>,
    pub(crate) message: MessageId,
    pub(crate) session: SessionId,
    pub(crate) suite: Suite,
    pub(crate) duplicate: bool,
    pub(crate) reply: ReplyDue,
}

/// Whether a bundle advertisement is due in return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyDue {
    None,
    /// The sender lacks our bundle, or we lack its session (spec 1.5.2, 4.4).
    Advertise,
    /// It wrote to a replaced prekey: due unless we have sent it the current one (protocol §7).
    AdvertiseUnlessSent,
}

impl Engine {
    /// Reads an entry that carries a DR header.
    pub(crate) fn read_ratchet(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        header: &WireRatchetHeader,
        entry: &WireEntry,
    ) -> Result<Read, ReceiveError> {
        let Some(message) = RatchetEntry::parse(header, entry) else {
            return Ok(Read::refused(Reason::Malformed));
        };
        let curve = message.header.key.curve();
        let on_curve = |suite: &Suite| suite.curve() == curve;
        if !self.config.suites.iter().any(on_curve) {
            return Ok(Read::refused(Reason::SuiteForbidden));
        }
        if curve == RatchetCurve::X25519 && incoming.installation.is_none() {
            // The associated data needs the device.
            return Ok(Read::refused(Reason::Malformed));
        }
        match &entry.x3dh {
            Some(x3dh) => self.read_with_x3dh(store, env, incoming, x3dh, &message),
            None => self.read_on_known_session(store, env, incoming, &message),
        }
    }

    /// Without an X3DH header the sessions of the device are the candidates (protocol §5).
    fn read_on_known_session(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let Some(prekey) = &message.id else {
            return Ok(Read::refused(Reason::Malformed));
        };
        let from = (&incoming.sender, incoming.installation.as_ref());
        let trials = trials(store, from, message, prekey, self.still_in_use(env.now))?;
        if trials.sessions.is_empty() {
            if !prekey.is_on_curve() {
                return Ok(Read::refused(Reason::Malformed));
            }
            return Ok(Read::Failed {
                reason: Reason::SessionNotFound,
                message: None,
                session: None,
                reply: ReplyDue::Advertise,
            });
        }
        self.try_each(store, env, incoming, trials, message)
    }

    /// Messages that we sent after this moment may still be answered.
    pub(crate) fn still_in_use(&self, now: UnixMillis) -> UnixMillis {
        now.before(self.config.erase_after)
    }

    /// Tries a message on several sessions. If none decrypts it, gives the most specific reason,
    /// and session and message only if there was one session to try. It is reported as forged only
    /// if every session that an answer could come on was tried.
    fn try_each(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        trials: Trials,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let only = trials.sessions.len() == 1;
        let (mut told, mut due) = if trials.complete {
            (Reason::AuthenticationFailed, ReplyDue::AdvertiseUnlessSent)
        } else {
            (Reason::SessionNotFound, ReplyDue::Advertise)
        };
        for session in trials.sessions {
            match self.read_on(store, env, incoming, session, message)? {
                Read::Failed { reason, reply, .. } if !only && reason != Reason::AlreadyRead => {
                    if matches!(
                        reason,
                        Reason::MessageKeyGone | Reason::TooManySkipped | Reason::SuiteForbidden
                    ) {
                        told = reason;
                    }
                    if reply == ReplyDue::None && trials.complete {
                        due = ReplyDue::None;
                    }
                }
                read => return Ok(read),
            }
        }
        Ok(Read::Failed {
            reason: told,
            message: None,
            session: None,
            reply: due,
        })
    }

    /// Decrypts a message on an existing session, and writes what it changed.
    pub(crate) fn read_on(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        mut session: Session,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let message_id = message.id_on(&session);
        if !self.config.allows(session.suite()) {
            return Ok(Read::Failed {
                reason: Reason::SuiteForbidden,
                message: Some(message_id),
                session: Some(session.id),
                reply: ReplyDue::None,
            });
        }
        let decrypted = match self.trial_decrypt(store, env, &session, message, message_id)? {
            Ok(decrypted) => decrypted,
            Err(reason) => {
                return Ok(Read::Failed {
                    reason,
                    message: Some(message_id),
                    session: Some(session.id),
                    reply: reply_to_failure(store, &session, reason)?,
                });
            }
        };
        // From here on the message is authentic. One that was read before is returned again and
        // changes nothing.
        if decrypted.is_duplicate() {
            let opened = self.persist_received(store, env.now, incoming, session, decrypted)?;
            return Ok(Read::Opened(opened));
        }
        let device = self.device_of(store, env, incoming, &mut session)?;
        if matches!(decrypted.opened_by, OpenedBy::Advance(_)) {
            let arrival = incoming.arrival(&self.config, env.now);
            on_advance(store, &mut session, device.as_ref(), arrival)?;
        }
        let opened = self.persist_received(store, env.now, incoming, session, decrypted)?;
        Ok(Read::Opened(opened))
    }
}

/// The sessions that a message without an X3DH header is tried on.
pub(crate) struct Trials {
    /// In the order of trial.
    pub(crate) sessions: Vec<Session>,
    /// Whether they include the active session and all on which an answer can still come.
    complete: bool,
}

/// The sessions that a message without an X3DH header is tried on: those with the sender on the
/// prekey it names, of its curve and, on Curve25519, of its device (protocol §5).
///
/// If a session has stored the message's key, only that one is tried. If the header key is that of
/// a current or past chain of sessions, only those are. There can be several: in suite secp256k1
/// each unanswered session on a prekey waits for that prekey.
pub(crate) fn trials(
    store: &dyn Store,
    (sender, installation): (&IdentityKey, Option<&InstallationId>),
    message: &RatchetEntry<'_>,
    prekey: &SignedPreKey,
    answered_since: UnixMillis,
) -> Result<Trials, StoreError> {
    let curve = message.header.key.curve();
    let mut sessions = store.sessions_on_prekey(sender, prekey)?;
    sessions.retain(|session| {
        let same_device =
            curve == RatchetCurve::Secp256k1 || session.installation.as_ref() == installation;
        session.ratchet.curve() == curve && same_device
    });
    // A single one is tried, whatever it holds.
    let several = if sessions.len() > 1 {
        sessions.len()
    } else {
        0
    };
    for index in 0..several {
        let holds = match sessions.get(index) {
            Some(session) => message.kept_key_on(session, store)?.is_some(),
            None => false,
        };
        if holds {
            return Ok(Trials {
                sessions: vec![sessions.swap_remove(index)],
                complete: true,
            });
        }
    }
    let knows_key = |session: &Session| {
        session.ratchet.receiving_key() == Some(message.header.key)
            || session.past_chains.contains(&message.header.key)
    };
    if sessions.iter().any(knows_key) {
        sessions.retain(knows_key);
    }
    // Active sessions first, that of the named device before others; then those on which we sent,
    // the last one first. The sort is stable, so the rest stay in order, newest first.
    sessions.sort_by_key(|session| {
        let active = session.standing == Standing::Active;
        let named = session.installation.as_ref() == installation;
        Reverse((active && named, active, session.last_sent_at))
    });
    let untried = sessions.split_off(sessions.len().min(MAX_SESSION_TRIALS));
    let answerable = |session: &Session| {
        session.standing == Standing::Active || session.last_sent_at >= Some(answered_since)
    };
    Ok(Trials {
        complete: !untried.iter().any(answerable),
        sessions,
    })
}

/// A message that does not open on an expired session may be genuine: after a rollback we lack a
/// part of that session. Its sender does not know our current prekey, and an advertisement, within
/// its limits, tells a forger nothing.
fn reply_to_failure(
    store: &dyn Store,
    session: &Session,
    reason: Reason,
) -> Result<ReplyDue, StoreError> {
    let expired = matches!(standing_now(store, session)?, Standing::Expired { .. });
    Ok(match reason {
        Reason::AuthenticationFailed if expired => ReplyDue::AdvertiseUnlessSent,
        _ => ReplyDue::None,
    })
}

impl Read {
    pub(crate) fn refused(reason: Reason) -> Self {
        Self::Failed {
            reason,
            message: None,
            session: None,
            reply: ReplyDue::None,
        }
    }
}
