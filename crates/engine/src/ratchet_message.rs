//! Reading a ratchet message: find or set up its session, open it, and only then write.

use crypto_core::{
    EphemeralKey, Header, HeaderKey, MessageId, OwnPreKeys, SessionId, SessionInstallations,
    SessionParties, SessionRatchet, SignedPreKey, Suite, x3dh,
};

use crate::{
    Engine, Env, Handshake, MAX_SESSION_TRIALS, Reason, ReceiveError, Role, Session, SessionStart,
    Store,
    attempt::{OpenedBy, RatchetEntry},
    event::note_accepted,
    receive::{Incoming, Plaintext},
    standing::{make_room, place_moved, place_new},
    wire::{WireEntry, WireRatchetHeader, WireX3dhHeader},
};

/// What became of a ratchet message.
pub(crate) enum Read {
    Opened(OpenedMessage),
    Failed {
        reason: Reason,
        message: Option<MessageId>,
        session: Option<SessionId>,
        reply: Reply,
    },
}

/// A message that was opened, and everything it changed written.
pub(crate) struct OpenedMessage {
    pub(crate) plaintext: Plaintext,
    pub(crate) message: MessageId,
    pub(crate) session: SessionId,
    pub(crate) duplicate: bool,
    pub(crate) reply: Reply,
}

/// Whether a bundle advertisement is due in return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
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
        let Ok(key) = HeaderKey::from_wire(&header.key) else {
            return Ok(Read::refused(Reason::Malformed));
        };
        let suite = key.suite();
        if !self.config.allows(suite) {
            return Ok(Read::refused(Reason::SuiteForbidden));
        }
        if suite == Suite::X25519 && incoming.installation.is_none() {
            // Its associated data names the device.
            return Ok(Read::refused(Reason::Malformed));
        }
        let message = RatchetEntry {
            header: Header {
                key,
                n: header.n,
                pn: header.pn,
            },
            id: SignedPreKey::from_wire(&header.id).ok(),
            ciphertext: &entry.payload,
        };
        match &entry.x3dh {
            Some(x3dh) => self.read_with_x3dh(store, env, incoming, x3dh, &message),
            None => self.read_on_known_session(store, env, incoming, &message),
        }
    }

    /// An X3DH header names its session exactly, known or new (protocol §5, session id).
    fn read_with_x3dh(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        x3dh: &WireX3dhHeader,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let (Ok(ephemeral), Ok(prekey)) = (
            EphemeralKey::from_wire(&x3dh.key),
            SignedPreKey::from_wire(&x3dh.id),
        ) else {
            return Ok(Read::refused(Reason::Malformed));
        };
        let Some(id) = self.incoming_session_id(incoming, message, &prekey, &ephemeral) else {
            return Ok(Read::refused(Reason::Malformed));
        };
        match store.session(&id)? {
            // A key and its negative have one session id: the sender must be the one it was set up with.
            Some(session) if session.peer != incoming.sender => {
                Ok(Read::refused(Reason::AuthenticationFailed))
            }
            Some(session) => self.read_on(store, env, incoming, session, message),
            None => self.read_first(store, env, incoming, id, &prekey, &ephemeral, message),
        }
    }

    fn incoming_session_id(
        &self,
        incoming: &Incoming<'_>,
        message: &RatchetEntry<'_>,
        prekey: &SignedPreKey,
        ephemeral: &EphemeralKey,
    ) -> Option<SessionId> {
        Some(SessionId::derive(&SessionParties {
            initiator: &incoming.sender,
            responder: &self.me(),
            installations: match message.header.key.suite() {
                Suite::X25519 => SessionInstallations::X25519 {
                    initiator: incoming.installation.as_ref()?,
                    responder: self.this_device(),
                },
                Suite::Secp256k1 => SessionInstallations::Secp256k1,
            },
            signed_pre_key: prekey,
            ephemeral,
        }))
    }

    /// Sets up the session that a first message begins (X3DH, protocol §4).
    #[expect(clippy::too_many_arguments, reason = "the parts of one first message")]
    fn read_first(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        id: SessionId,
        prekey: &SignedPreKey,
        ephemeral: &EphemeralKey,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let sender = &incoming.sender;
        let message_id = MessageId::ratchet(&id, &message.header.key, message.header.n);
        let failed = |reason, reply| Read::Failed {
            reason,
            message: Some(message_id),
            session: None,
            reply,
        };
        if store.first_message_seen(&id)? {
            // The session it made was erased; it must not come back to life.
            return Ok(failed(Reason::MessageKeyGone, Reply::None));
        }
        let suite = message.header.key.suite();
        let own = store
            .own_prekey(prekey)?
            .filter(|own| suite == Suite::Secp256k1 || own.ratchet.is_some());
        let Some(own) = own else {
            return Ok(failed(Reason::PreKeyNotFound, Reply::Advertise));
        };
        if store.first_message_count(sender, prekey)? >= self.config.max_first_messages {
            return Ok(failed(Reason::TooManySessions, Reply::None));
        }
        let Ok(shared) = x3dh::respond(&self.account.identity, &own.signed, sender, ephemeral)
        else {
            return Ok(failed(Reason::Malformed, Reply::None));
        };
        let ratchet_pair = own.ratchet.as_ref().map(|ratchet| &ratchet.pair);
        let own_keys = OwnPreKeys {
            signed: &own.signed,
            ratchet: ratchet_pair,
        };
        let Ok(ratchet) = SessionRatchet::respond(&shared, own_keys, suite) else {
            return Ok(failed(Reason::Malformed, Reply::None));
        };
        let start = SessionStart {
            id,
            peer: *sender,
            installation: None,
            role: Role::Responder,
            signed_pre_key: *prekey,
            ratchet_pre_key: ratchet_pair.map(|pair| *pair.public()),
            handshake: Handshake::Established,
            ratchet,
        };
        let mut session = Session::begin(start, env.now);
        if suite == Suite::X25519 {
            session.installation.clone_from(&incoming.installation);
        }
        let ad = self.associated_data(&session);
        let accepted = match self.advance(env, &session, message, message_id, &ad) {
            Ok(accepted) => accepted,
            Err(reason) => return Ok(failed(reason, Reply::None)),
        };
        // From here on the message is authentic.
        store.put_first_message(sender, prekey, &id)?;
        let device = self.device_of(store, env.now, incoming, &mut session)?;
        make_room(store, &self.config, &session, env.now)?;
        place_new(
            store,
            &mut session,
            &shared,
            device.as_ref(),
            incoming.arrival(env.now),
        )?;
        note_accepted(store, env.now, &session)?;
        let opened = self.keep(store, env.now, incoming, session, accepted)?;
        Ok(Read::Opened(opened))
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
        let suite = message.header.key.suite();
        let mut candidates = store.sessions_on_prekey(&incoming.sender, prekey)?;
        candidates.retain(|session| {
            let same_device =
                suite == Suite::Secp256k1 || session.installation == incoming.installation;
            session.suite() == suite && same_device
        });
        if candidates.is_empty() {
            return Ok(Read::Failed {
                reason: Reason::SessionNotFound,
                message: None,
                session: None,
                reply: Reply::Advertise,
            });
        }
        // A session that knows the header key answers for it alone.
        let knows_key = |session: &Session| {
            session.ratchet.receiving_key() == Some(message.header.key)
                || session.retired.contains(&message.header.key)
        };
        if let Some(index) = candidates.iter().position(knows_key) {
            let session = candidates.swap_remove(index);
            return self.read_on(store, env, incoming, session, message);
        }
        let mut last = Read::refused(Reason::AuthenticationFailed);
        for session in candidates.into_iter().take(MAX_SESSION_TRIALS) {
            match self.read_on(store, env, incoming, session, message)? {
                opened @ Read::Opened(_) => return Ok(opened),
                failed @ Read::Failed { .. } => last = failed,
            }
        }
        Ok(last)
    }

    /// Opens a message on a session that exists, and keeps what it changed.
    fn read_on(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        mut session: Session,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let message_id = MessageId::ratchet(&session.id, &message.header.key, message.header.n);
        let accepted = match self.attempt(store, env, &session, message, message_id)? {
            Ok(accepted) => accepted,
            Err(reason) => {
                return Ok(Read::Failed {
                    reason,
                    message: Some(message_id),
                    session: Some(session.id),
                    reply: Reply::None,
                });
            }
        };
        // From here on the message is authentic. One that was read before is given again and changes nothing.
        if accepted.is_duplicate() {
            let opened = self.keep(store, env.now, incoming, session, accepted)?;
            return Ok(Read::Opened(opened));
        }
        let device = self.device_of(store, env.now, incoming, &mut session)?;
        if matches!(accepted.opened_by, OpenedBy::Advance(_)) {
            let arrival = incoming.arrival(env.now);
            place_moved(store, &mut session, device.as_ref(), arrival)?;
        }
        let opened = self.keep(store, env.now, incoming, session, accepted)?;
        Ok(Read::Opened(opened))
    }
}

impl Read {
    fn refused(reason: Reason) -> Self {
        Self::Failed {
            reason,
            message: None,
            session: None,
            reply: Reply::None,
        }
    }
}
