//! One copy of a message for one device: the session it goes on, and one step of its ratchet (protocol §4, §5, §7).

use std::collections::BTreeMap;

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKey, KeyError, MessageId, SealError, Sealed,
    SessionId, SessionInstallations, SessionParties, SessionRatchet, Suite, x3dh,
};

use crate::{
    Device, Engine, Env, Handshake, Mode, Role, SendError, Session, SessionStart, SkipReason,
    Skipped, Store, Target,
    standing::{activate_new, make_room, unanswered, usable_session},
    wire::{WireEntry, WireRatchetHeader, WireX3dhHeader},
};

/// The copies of one message for one identity.
#[derive(Default)]
pub(crate) struct Copies {
    pub(crate) entries: BTreeMap<String, WireEntry>,
    pub(crate) targets: Vec<Target>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Copies {
    /// That the configuration forbids what every device of the recipient needs is the caller's to mend.
    pub(crate) fn check_suites(&self, recipient: &IdentityKey) -> Result<(), SendError> {
        let forbidden = |skipped: &Skipped| skipped.reason == SkipReason::SuiteForbidden;
        if self.targets.is_empty() && self.skipped.iter().any(forbidden) {
            return Err(SendError::SuiteForbidden {
                recipient: recipient.to_compact(),
            });
        }
        Ok(())
    }
}

impl Device {
    /// The suite a new session with this device uses (protocol §5); `None` if no prekey of it is known.
    #[must_use]
    pub fn new_session_suite(&self) -> Option<Suite> {
        let prekey = self.prekey.as_ref()?;
        Some(if prekey.key.ratchet_pre_key().is_some() {
            Suite::X25519
        } else {
            Suite::Secp256k1
        })
    }
}

impl Engine {
    /// Encrypts one copy, on the active session or a new one; a device that cannot be reached is noted.
    pub(crate) fn copy_for(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        device: Device,
        payload: &[u8],
        copies: &mut Copies,
    ) -> Result<(), SendError> {
        let current = usable_session(store, &device, env.now)?;
        let keep = current.as_ref().is_some_and(|session| {
            let superseded_by_prekey = device.rekey_due && device.prekey.is_some();
            !superseded_by_prekey && !unanswered(&self.config, session, env.now)
        });
        let suite = if keep {
            current.as_ref().map(Session::suite)
        } else {
            device.new_session_suite()
        };
        let fault = match suite {
            None => Some(SkipReason::NoPreKey),
            Some(suite) if !self.config.allows(suite) => Some(SkipReason::SuiteForbidden),
            Some(_) => None,
        };
        if let Some(reason) = fault {
            copies.skipped.push(Skipped {
                identity: device.identity,
                installation: device.installation,
                reason,
            });
            return Ok(());
        }
        let session = match current {
            Some(session) if keep => session,
            replaced => self.new_session(store, env, &device, replaced)?,
        };
        let (session, entry, target) = self.seal(env, session, payload)?;
        store.put_session(&session)?;
        copies.targets.push(target);
        copies
            .entries
            .insert(device.installation.as_str().to_owned(), entry);
        Ok(())
    }

    /// Sets up a session with a device as its initiator (X3DH, protocol §4) and makes it the active one.
    fn new_session(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        device: &Device,
        replaced: Option<Session>,
    ) -> Result<Session, SendError> {
        let (Some(prekey), Some(suite)) = (&device.prekey, device.new_session_suite()) else {
            return Err(SendError::Key("a session needs a prekey".to_owned()));
        };
        let prekey = &prekey.key;
        let ephemeral = EphemeralKeyPair::generate(env.rng);
        let shared = x3dh::initiate(&self.account.identity, &ephemeral, prekey)?;
        let ratchet = SessionRatchet::initiate(&shared, prekey, suite, env.rng)?;
        let start = SessionStart {
            id: SessionId::derive(&SessionParties {
                initiator: &self.me(),
                responder: &device.identity,
                installations: match suite {
                    Suite::X25519 => SessionInstallations::X25519 {
                        initiator: self.this_device(),
                        responder: &device.installation,
                    },
                    Suite::Secp256k1 => SessionInstallations::Secp256k1,
                },
                signed_pre_key: prekey.signed_pre_key(),
                ephemeral: ephemeral.public(),
            }),
            peer: device.identity,
            installation: Some(device.installation.clone()),
            role: Role::Initiator,
            signed_pre_key: *prekey.signed_pre_key(),
            ratchet_pre_key: prekey.ratchet_pre_key().copied(),
            handshake: Handshake::Unconfirmed {
                shared,
                ephemeral: *ephemeral.public(),
            },
            ratchet,
        };
        let mut session = Session::begin(start, env.now);
        make_room(store, &self.config, &session, env.now)?;
        activate_new(store, &mut session, replaced, env.now)?;
        Ok(session)
    }

    /// Takes one step of the sending chain.
    fn seal(
        &self,
        env: &Env<'_>,
        session: Session,
        payload: &[u8],
    ) -> Result<(Session, WireEntry, Target), SendError> {
        let ad = self.associated_data(&session);
        let (ratchet, Sealed { header, ciphertext }) = session.ratchet.seal(&ad, payload)?;
        let x3dh = match &session.handshake {
            Handshake::Unconfirmed { ephemeral, .. } => Some(WireX3dhHeader {
                key: ephemeral.to_bytes().to_vec(),
                id: session.signed_pre_key.to_bytes().to_vec(),
            }),
            Handshake::Established => None,
        };
        let target = Target {
            installation: session.installation.clone(),
            mode: if x3dh.is_some() {
                Mode::X3dh
            } else {
                Mode::Ratchet
            },
            session: Some((ratchet.suite(), session.id)),
            message: MessageId::ratchet(&session.id, &header.key, header.n),
        };
        let entry = WireEntry {
            x3dh,
            dr: Some(WireRatchetHeader {
                key: header.key.as_bytes().to_vec(),
                n: header.n,
                pn: header.pn,
                id: session.signed_pre_key.to_bytes().to_vec(),
            }),
            dh: None,
            payload: ciphertext,
        };
        let session = Session {
            ratchet,
            sent: session.sent.saturating_add(1),
            last_sent_at: Some(env.now),
            ..session
        };
        Ok((session, entry, target))
    }

    /// The associated data of a session: who began it with whom, on which prekeys (protocol §5).
    pub(crate) fn associated_data(&self, session: &Session) -> AssociatedData {
        let (Some(installation), Some(ratchet_pre_key), Suite::X25519) = (
            &session.installation,
            &session.ratchet_pre_key,
            session.suite(),
        ) else {
            return AssociatedData::empty();
        };
        let me = self.me();
        let us = (&me, self.this_device());
        let them = (&session.peer, installation);
        let (initiator, responder) = match session.role {
            Role::Initiator => (us, them),
            Role::Responder => (them, us),
        };
        AssociatedData::x25519(
            initiator,
            responder,
            &session.signed_pre_key,
            ratchet_pre_key,
        )
    }
}

impl From<KeyError> for SendError {
    fn from(error: KeyError) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<SealError> for SendError {
    fn from(error: SealError) -> Self {
        Self::Key(error.to_string())
    }
}
