//! Reading a ratchet message: find or set up its session, open it, and only then write.

use std::cmp::Reverse;

use crypto_core::{IdentityKey, InstallationId, MessageId, SessionId, SignedPreKey, Suite};

use crate::{
    engine::Engine,
    model::{
        Env, MAX_SESSION_TRIALS, Reason, ReceiveError, Session, Standing, StoreError, UnixMillis,
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

/// A message that was opened, and everything it changed written.
pub(crate) struct PersistedMessage {
    pub(crate) plaintext: Plaintext,
    pub(crate) message: MessageId,
    pub(crate) session: SessionId,
    pub(crate) duplicate: bool,
    pub(crate) reply: ReplyDue,
}

/// Whether a bundle advertisement is due in return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyDue {
    None,
    /// The sender lacks our bundle, or we lack its session (spec 1.5.2, 4.4).
    Advertise,
    /// It writes to a prekey we have replaced: due unless it has heard from us since (protocol §7).
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
        let Some(message) = RatchetEntry::parse(header, &entry.payload) else {
            return Ok(Read::refused(Reason::Malformed));
        };
        let suite = message.header.key.suite();
        if !self.config.allows(suite) {
            return Ok(Read::refused(Reason::SuiteForbidden));
        }
        if suite == Suite::X25519 && incoming.installation.is_none() {
            // Its associated data names the device.
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

    /// What we sent after this moment may still be answered.
    pub(crate) fn still_in_use(&self, now: UnixMillis) -> UnixMillis {
        now.before(self.config.erase_after)
    }

    /// Tries a message on several sessions. If none opens it, the most telling reason is given;
    /// which session and message it was is only known if there was one to try. That it is forged is
    /// said only if no session that an answer could be on was left untried.
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
                Read::Failed { reason, reply, .. } if !only => {
                    if matches!(reason, Reason::MessageKeyGone | Reason::TooManySkipped) {
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

    /// Opens a message on a session that exists, and keeps what it changed.
    pub(crate) fn read_on(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        mut session: Session,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let message_id = message.id_on(&session);
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
        // From here on the message is authentic. One that was read before is given again and
        // changes nothing.
        if decrypted.is_duplicate() {
            let opened = self.persist_received(store, env.now, incoming, session, decrypted)?;
            return Ok(Read::Opened(opened));
        }
        let device = self.device_of(store, env, incoming, &mut session)?;
        if matches!(decrypted.opened_by, OpenedBy::Advance(_)) {
            let arrival = incoming.arrival(env.now);
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
    /// The active session, and all that we sent on while an answer can still come, are among them.
    complete: bool,
}

/// The sessions that a message without an X3DH header is tried on: those with the sender on the
/// prekey it names, of its suite and, where the suite proves it, of its device (protocol §5).
///
/// Sessions that know the header key answer for it alone: the one that has stored this message's
/// key, or those whose chain it is, present or past. There can be several: each session begun on
/// one prekey without an answer waits for that prekey in suite secp256k1.
pub(crate) fn trials(
    store: &dyn Store,
    (sender, installation): (&IdentityKey, Option<&InstallationId>),
    message: &RatchetEntry<'_>,
    prekey: &SignedPreKey,
    answered_since: UnixMillis,
) -> Result<Trials, StoreError> {
    let suite = message.header.key.suite();
    let mut sessions = store.sessions_on_prekey(sender, prekey)?;
    sessions.retain(|session| {
        let same_device =
            suite == Suite::Secp256k1 || session.installation.as_ref() == installation;
        session.suite() == suite && same_device
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
    // The active one, of the device that is named before others; then those we sent on, the last
    // sent first. The sort is stable, so that the newest come first of the rest.
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

/// A message that does not open on an expired session may well be genuine: it is so when we have
/// lost a part of that session, which was put back to an older state. Who writes there has not
/// heard of our newest prekey; one more advertisement, within its limits, tells a forger nothing.
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
