//! Reading a message with an X3DH header, which names its session or sets it up (protocol §4, §5).

use crypto_core::{
    EphemeralKey, IdentityKey, InstallationId, KemCiphertext, KemId, KemSecret, MessageId,
    OwnPreKeys, RatchetCurve, SessionId, SessionInstallations, SessionParties, SessionRatchet,
    SignedPreKey, Suite,
    x3dh::{self, PostQuantum},
};

use crate::{
    engine::Engine,
    model::{Env, Handshake, OwnPreKey, Reason, ReceiveError, Role, Session, SessionStart},
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
    header: &'a X3dhHeader,
    /// The session that the same message has set up for the negative of the sender's key.
    twin: Option<Session>,
}

/// An X3DH header, parsed.
pub(crate) struct X3dhHeader {
    pub(crate) prekey: SignedPreKey,
    ephemeral: EphemeralKey,
    /// What makes it one of suite x25519-mlkem768 (protocol §13).
    pub(crate) kem: Option<(KemId, KemCiphertext)>,
    curve: RatchetCurve,
}

impl X3dhHeader {
    /// Parses the header of a message whose ratchet turns on `curve`; `None` if it is malformed.
    pub(crate) fn parse(header: &WireX3dhHeader, curve: RatchetCurve) -> Option<Self> {
        let kem = match (header.kem_id.as_slice(), header.kem_ciphertext.as_slice()) {
            ([], []) => None,
            (id, ciphertext) if curve == RatchetCurve::X25519 => Some((
                KemId::from_bytes(id.try_into().ok()?),
                KemCiphertext::from_wire(ciphertext).ok()?,
            )),
            _ => return None,
        };
        Some(Self {
            prekey: SignedPreKey::from_wire(&header.id).ok()?,
            ephemeral: EphemeralKey::from_wire(&header.key).ok()?,
            kem,
            curve,
        })
    }

    /// The suite of the session that it begins.
    pub(crate) fn suite(&self) -> Suite {
        match self.curve {
            RatchetCurve::X25519 if self.kem.is_some() => Suite::X25519MlKem768,
            RatchetCurve::X25519 => Suite::X25519,
            RatchetCurve::Secp256k1 => Suite::Secp256k1,
        }
    }

    /// The secret that it encapsulates, if that is to a KEM prekey which `own` keeps.
    fn decapsulate(&self, own: &OwnPreKey) -> Option<KemSecret> {
        let (id, ciphertext) = self.kem.as_ref()?;
        let kept = own.kem.iter().find(|kem| kem.id == *id)?;
        Some(ciphertext.open(&kept.seed))
    }
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
        let Some(header) = X3dhHeader::parse(x3dh, message.header.key.curve()) else {
            return Ok(Read::refused(Reason::Malformed));
        };
        if !self.config.allows(header.suite()) {
            return Ok(Read::refused(Reason::SuiteForbidden));
        }
        let from = (&incoming.sender, incoming.installation.as_ref());
        let Some(id) = self.incoming_session_id(from, &header) else {
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
                    header: &header,
                    twin,
                };
                self.read_first(store, env, incoming, first, message)
            }
        }
    }

    /// The id of the session that an X3DH header names; `None` if it is on Curve25519 and the
    /// message does not name its device.
    pub(crate) fn incoming_session_id(
        &self,
        (sender, installation): (&IdentityKey, Option<&InstallationId>),
        header: &X3dhHeader,
    ) -> Option<SessionId> {
        let responder = self.this_device();
        Some(SessionId::derive(&SessionParties {
            initiator: sender,
            responder: &self.me(),
            installations: match (header.curve, &header.kem) {
                (RatchetCurve::Secp256k1, _) => SessionInstallations::Secp256k1,
                (RatchetCurve::X25519, None) => SessionInstallations::X25519 {
                    initiator: installation?,
                    responder,
                },
                (RatchetCurve::X25519, Some((kem_id, ciphertext))) => {
                    SessionInstallations::X25519MlKem768 {
                        initiator: installation?,
                        responder,
                        kem_id,
                        ciphertext,
                    }
                }
            },
            signed_pre_key: &header.prekey,
            ephemeral: &header.ephemeral,
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
        let FirstMessage { id, header, twin } = first;
        let (sender, prekey) = (&incoming.sender, &header.prekey);
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
        let own = store.own_prekey(prekey)?.filter(|own| {
            let has_kem = |(id, _): &(KemId, _)| own.kem.iter().any(|kem| kem.id == *id);
            (header.curve == RatchetCurve::Secp256k1 || own.ratchet.is_some())
                && header.kem.as_ref().is_none_or(has_kem)
        });
        let Some(own) = own else {
            return Ok(failed(Reason::PreKeyNotFound, ReplyDue::Advertise));
        };
        if store.first_message_count(sender, prekey)? >= self.config.max_first_messages {
            return Ok(failed(Reason::TooManySessions, ReplyDue::None));
        }
        let ratchet_pair = own.ratchet.as_ref().map(|ratchet| &ratchet.pair);
        let secret = header.decapsulate(&own);
        let added = match (&secret, ratchet_pair) {
            (Some(secret), Some(pair)) => Some(PostQuantum {
                secret,
                ratchet_pre_key: pair.public(),
                session: &id,
            }),
            _ => None,
        };
        let post_quantum = added.is_some();
        let (identity, ephemeral) = (&self.account.identity, &header.ephemeral);
        let Ok(shared) = x3dh::respond(identity, &own.signed, sender, ephemeral, added) else {
            return Ok(failed(Reason::Malformed, ReplyDue::None));
        };
        let own_keys = OwnPreKeys {
            signed: &own.signed,
            ratchet: ratchet_pair,
        };
        let Ok(ratchet) = SessionRatchet::respond(&shared, own_keys, header.curve) else {
            return Ok(failed(Reason::Malformed, ReplyDue::None));
        };
        let start = SessionStart {
            id,
            peer: *sender,
            installation: None,
            role: Role::Responder,
            signed_pre_key: *prekey,
            ratchet_pre_key: ratchet_pair.map(|pair| *pair.public()),
            post_quantum,
            kem: None,
            handshake: Handshake::Established,
            ratchet,
        };
        let mut session = Session::begin(start, env.now);
        if header.curve == RatchetCurve::X25519 {
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
            incoming.arrival(&self.config, env.now),
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
