//! Reading a message with an X3DH header, which names its session or sets it up (protocol §4, §5).

use crypto_core::{
    EphemeralKey, IdentityKey, InstallationId, MessageId, OwnPreKeys, SessionId,
    SessionInstallations, SessionParties, SessionRatchet, SignedPreKey, Suite, x3dh,
};

use crate::{
    engine::Engine,
    model::{Env, Handshake, Reason, ReceiveError, Role, Session, SessionStart},
    receive::{
        Incoming,
        ratchet::{Read, ReplyDue},
        trial::RatchetEntry,
    },
    sessions::{
        expiry::erase,
        lifecycle::{make_room, on_first_message},
    },
    store::{Store, record_new_session},
    wire::WireX3dhHeader,
};

/// What a first message says of the session it begins.
struct FirstMessage<'a> {
    id: SessionId,
    prekey: &'a SignedPreKey,
    ephemeral: &'a EphemeralKey,
    /// The session that the same message has set up for the negative of the sender's key.
    twin: Option<Session>,
}

impl Engine {
    /// An X3DH header names its session exactly, known or new (protocol §5, session id).
    pub(crate) fn read_with_x3dh(
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
        let from = (&incoming.sender, incoming.installation.as_ref());
        let suite = message.header.key.suite();
        let Some(id) = self.incoming_session_id(from, suite, &prekey, &ephemeral) else {
            return Ok(Read::refused(Reason::Malformed));
        };
        match store.session(&id)? {
            Some(session) if session.peer == incoming.sender => {
                self.read_on(store, env, incoming, session, message)
            }
            Some(other) if !is_twin(store, &other, incoming)? => {
                Ok(Read::refused(Reason::AuthenticationFailed))
            }
            twin => {
                let first = FirstMessage {
                    id,
                    prekey: &prekey,
                    ephemeral: &ephemeral,
                    twin,
                };
                self.read_first(store, env, incoming, first, message)
            }
        }
    }

    /// The id of the session that an X3DH header names; `None` in suite x25519 if the device is
    /// unknown.
    pub(crate) fn incoming_session_id(
        &self,
        (sender, installation): (&IdentityKey, Option<&InstallationId>),
        suite: Suite,
        prekey: &SignedPreKey,
        ephemeral: &EphemeralKey,
    ) -> Option<SessionId> {
        Some(SessionId::derive(&SessionParties {
            initiator: sender,
            responder: &self.me(),
            installations: match suite {
                Suite::X25519 => SessionInstallations::X25519 {
                    initiator: installation?,
                    responder: self.this_device(),
                },
                Suite::Secp256k1 => SessionInstallations::Secp256k1,
            },
            signed_pre_key: prekey,
            ephemeral,
        }))
    }

    /// Sets up the session that a first message begins (X3DH, protocol §4).
    fn read_first(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        first: FirstMessage<'_>,
        message: &RatchetEntry<'_>,
    ) -> Result<Read, ReceiveError> {
        let FirstMessage {
            id,
            prekey,
            ephemeral,
            twin,
        } = first;
        let sender = &incoming.sender;
        let suite = message.header.key.suite();
        let message_id = MessageId::ratchet(&id, &message.header.key, message.header.n);
        let failed = |reason, reply| Read::Failed {
            reason,
            message: Some(message_id),
            session: None,
            reply,
        };
        if twin.is_none() && store.first_message_seen(&id)? {
            // Its session was erased, and must not be set up again.
            return Ok(failed(Reason::MessageKeyGone, ReplyDue::None));
        }
        let own = store
            .own_prekey(prekey)?
            .filter(|own| suite == Suite::Secp256k1 || own.ratchet.is_some());
        let Some(own) = own else {
            return Ok(failed(Reason::PreKeyNotFound, ReplyDue::Advertise));
        };
        if store.first_message_count(sender, prekey)? >= self.config.max_first_messages {
            return Ok(failed(Reason::TooManySessions, ReplyDue::None));
        }
        let Ok(shared) = x3dh::respond(&self.account.identity, &own.signed, sender, ephemeral)
        else {
            return Ok(failed(Reason::Malformed, ReplyDue::None));
        };
        let ratchet_pair = own.ratchet.as_ref().map(|ratchet| &ratchet.pair);
        let own_keys = OwnPreKeys {
            signed: &own.signed,
            ratchet: ratchet_pair,
        };
        let Ok(ratchet) = SessionRatchet::respond(&shared, own_keys, suite) else {
            return Ok(failed(Reason::Malformed, ReplyDue::None));
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
        let decrypted = match self.advance(env, &session, message, message_id, &ad) {
            Ok(decrypted) => decrypted,
            Err(reason) => return Ok(failed(reason, ReplyDue::None)),
        };
        // From here on the message is authentic.
        if let Some(twin) = twin {
            erase(store, &twin, env.now)?;
        }
        store.put_first_message(sender, prekey, &id)?;
        let device = self.device_of(store, env, incoming, &mut session)?;
        make_room(store, &self.config, &session, env.now)?;
        on_first_message(
            store,
            &mut session,
            &shared,
            device.as_ref(),
            incoming.arrival(env.now),
        )?;
        record_new_session(store, env.now, &session)?;
        let opened = self.persist_received(store, env.now, incoming, session, decrypted)?;
        Ok(Read::Opened(opened))
    }
}

/// A key and its negative give the same session id, and in suite secp256k1 the same messages open
/// for both, so a false sender may have set up the session `other`. It is replaced if bundles have
/// shown that this sender has the key, and not that the other one does.
fn is_twin(
    store: &dyn Store,
    other: &Session,
    incoming: &Incoming<'_>,
) -> Result<bool, ReceiveError> {
    Ok(other.suite() == Suite::Secp256k1
        && other.installation.is_none()
        && !store.devices(&incoming.sender)?.is_empty())
}
