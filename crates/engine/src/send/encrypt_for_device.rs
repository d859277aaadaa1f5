//! Encrypting a message for one device: its session, and one step of the ratchet
//! (protocol §4, §5, §7).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKey, InstallationId, KemSecret, KeyError, MessageId,
    SealError, Sealed, SessionId, SessionInstallations, SessionParties, SessionRatchet, Suite,
    x3dh::{self, PostQuantum},
};
use rand_core::CryptoRng;

use crate::{
    engine::Engine,
    model::{
        Device, DevicePreKey, Env, Gap, Handshake, KemHandshake, NotPostQuantum, Role, SendError,
        Session, SessionStart, SkipReason, Skipped, StoreError, Target,
    },
    own_bundle::Publication,
    send::{
        Content,
        route::{Route, route},
    },
    sessions::lifecycle::{activate_new, make_room, resume, usable_session},
    store::Store,
    wire::{WireEntry, WireRatchetHeader, WireX3dhHeader},
};

/// What one message for one identity consists of.
#[derive(Default)]
pub(crate) struct MessageParts {
    pub(crate) entries: BTreeMap<String, WireEntry>,
    pub(crate) targets: Vec<Target>,
    /// The devices that share the one DH entry of the message, each with why it is not
    /// post-quantum.
    pub(crate) by_dh: Vec<(InstallationId, NotPostQuantum)>,
    pub(crate) skipped: Vec<Skipped>,
    /// The devices of ours whose KEM prekeys the message brings.
    pub(crate) brought: BTreeSet<InstallationId>,
    /// The devices whose KEM prekeys it asks for.
    pub(crate) wanted: Vec<String>,
}

impl MessageParts {
    /// Whether the message reaches no device.
    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.by_dh.is_empty()
    }

    /// Whether no device is reached, and one would be if its KEM prekey were here.
    pub(crate) fn asks(&self) -> bool {
        self.is_empty() && self.lacks(SkipReason::KemKeyMissing)
    }

    /// Leaves out the devices of `recipient` that the DH entry is for, if one that lacks its KEM
    /// prekey would read that entry too.
    pub(crate) fn withhold_by_dh(&mut self, recipient: &IdentityKey) {
        if self.lacks(SkipReason::KemKeyMissing) {
            let by_dh = self.by_dh.drain(..).map(|(installation, _)| Skipped {
                identity: *recipient,
                installation,
                reason: SkipReason::KemKeyMissing,
            });
            self.skipped.extend(by_dh);
        }
    }

    fn lacks(&self, reason: SkipReason) -> bool {
        self.skipped.iter().any(|skipped| skipped.reason == reason)
    }

    /// Fails if no device is reached because the configuration forbids a suite.
    pub(crate) fn check_suites(&self, recipient: &IdentityKey) -> Result<(), SendError> {
        if self.is_empty() && !self.asks() && self.lacks(SkipReason::SuiteForbidden) {
            return Err(SendError::SuiteForbidden {
                recipient: recipient.to_compact(),
            });
        }
        Ok(())
    }
}

impl Engine {
    /// Adds the entry for one device to a message; or lists the device as skipped, or as one that
    /// the DH entry of the message is for.
    pub(crate) fn encrypt_for_device(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        device: Device,
        publication: &Publication,
        content: Content<'_>,
        parts: &mut MessageParts,
    ) -> Result<(), SendError> {
        let session = match route(store, &self.config, &device, env.now)? {
            Route::Active(session) => session,
            Route::Resume(mut session) => {
                let active = usable_session(store, &device, env.now)?;
                resume(store, &mut session, active, env.now)?;
                session
            }
            Route::Begin(suite) => self.new_session(store, env, &device, suite)?,
            Route::Dh => {
                let why_below = self.why_below(&device);
                parts.by_dh.push((device.installation, why_below));
                return Ok(());
            }
            Route::Skip(reason) => {
                self.ask_for_kem(&device, parts);
                parts.skipped.push(Skipped {
                    identity: device.identity,
                    installation: device.installation,
                    reason,
                });
                return Ok(());
            }
        };
        if session.sent == 0 && session.received > 0 {
            answer_gaps(store, &session.id)?;
        }
        let (session, entry, target) = self.encrypt_on(env, session, content)?;
        store.put_session(&session)?;
        parts.targets.push(Target {
            not_post_quantum: (!session.post_quantum).then(|| self.why_below(&device)),
            ..target
        });
        self.exchange_kem(store, &device, publication, parts)?;
        parts
            .entries
            .insert(device.installation.as_str().to_owned(), entry);
        Ok(())
    }

    /// Sets up a session with a device as its initiator (X3DH, protocol §4) and makes it the active
    /// one.
    fn new_session(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        device: &Device,
        suite: Suite,
    ) -> Result<Session, SendError> {
        let Some(known) = &device.prekey else {
            return Err(SendError::Key("a session needs a prekey".to_owned()));
        };
        let prekey = &known.key;
        let ephemeral = EphemeralKeyPair::generate(env.rng);
        let kem = match suite {
            Suite::X25519MlKem768 => Some(encapsulate(device, env.rng)?),
            Suite::X25519 | Suite::Secp256k1 => None,
        };
        let (initiator, responder) = (self.this_device(), &device.installation);
        let id = SessionId::derive(&SessionParties {
            initiator: &self.me(),
            responder: &device.identity,
            installations: match (suite, &kem) {
                (Suite::Secp256k1, _) => SessionInstallations::Secp256k1,
                (_, None) => SessionInstallations::X25519 {
                    initiator,
                    responder,
                },
                (_, Some((kem, _))) => SessionInstallations::X25519MlKem768 {
                    initiator,
                    responder,
                    kem_id: &kem.id,
                    ciphertext: &kem.ciphertext,
                },
            },
            signed_pre_key: prekey.signed_pre_key(),
            ephemeral: ephemeral.public(),
        });
        let added = match (&kem, prekey.ratchet_pre_key()) {
            (None, _) => None,
            (Some((_, secret)), Some(ratchet_pre_key)) => Some(PostQuantum {
                secret,
                ratchet_pre_key,
                session: &id,
            }),
            (Some(_), None) => {
                return Err(SendError::Key(
                    "the suite needs a ratchet prekey".to_owned(),
                ));
            }
        };
        let shared = x3dh::initiate(&self.account.identity, &ephemeral, prekey, added)?;
        let ratchet = SessionRatchet::initiate(&shared, prekey, suite.curve(), env.rng)?;
        let start = SessionStart {
            id,
            peer: device.identity,
            installation: Some(device.installation.clone()),
            role: Role::Initiator,
            signed_pre_key: *prekey.signed_pre_key(),
            ratchet_pre_key: prekey.ratchet_pre_key().copied(),
            post_quantum: suite.is_post_quantum(),
            kem: kem.map(|(kem, _)| kem),
            handshake: Handshake::Unconfirmed {
                order: Some(shared.prefix()),
                ephemeral: *ephemeral.public(),
            },
            ratchet,
        };
        if suite == Suite::Secp256k1 {
            store.put_device(&Device {
                prekey: Some(DevicePreKey {
                    begun: true,
                    ..known.clone()
                }),
                ..device.clone()
            })?;
        }
        let active = usable_session(store, device, env.now)?;
        let mut session = Session::begin(start, env.now);
        make_room(store, &self.config, &session, env.now)?;
        activate_new(store, &mut session, active, env.now)?;
        Ok(session)
    }

    /// Encrypts on a session, which takes one step of its sending chain.
    fn encrypt_on(
        &self,
        env: &Env<'_>,
        session: Session,
        content: Content<'_>,
    ) -> Result<(Session, WireEntry, Target), SendError> {
        let (ad, mode) = (self.associated_data(&session), session.mode());
        let suite = session.suite();
        let (ratchet, sealed) = match content.copy_of {
            Some(copy_of) => session.ratchet.seal_copy(&ad, content.payload, copy_of)?,
            None => session.ratchet.seal(&ad, content.payload)?,
        };
        let Sealed {
            header,
            ciphertext,
            copy_of,
        } = sealed;
        let x3dh = match &session.handshake {
            Handshake::Unconfirmed { ephemeral, .. } => {
                let kem = session.kem.as_ref();
                Some(WireX3dhHeader {
                    key: ephemeral.to_bytes().to_vec(),
                    id: session.signed_pre_key.to_bytes().to_vec(),
                    kem_id: kem.map_or_else(Vec::new, |kem| kem.id.as_bytes().to_vec()),
                    kem_ciphertext: kem
                        .map_or_else(Vec::new, |kem| kem.ciphertext.as_bytes().to_vec()),
                })
            }
            Handshake::Established => None,
        };
        let target = Target {
            installation: session.installation.clone(),
            mode,
            session: Some((suite, session.id)),
            message: MessageId::ratchet(&session.id, &header.key, header.n),
            not_post_quantum: None,
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
            hr: content.group_header(),
            payload: ciphertext,
            copy_of: copy_of.unwrap_or_default(),
        };
        let session = Session {
            ratchet,
            sent: session.sent.saturating_add(1),
            last_sent_at: Some(env.now),
            ..session
        };
        Ok((session, entry, target))
    }

    /// The associated data of a session: its two sides and the prekeys (protocol §5), or its id,
    /// which stands for all these (protocol §13).
    pub(crate) fn associated_data(&self, session: &Session) -> AssociatedData {
        if session.post_quantum {
            return AssociatedData::x25519_mlkem768(&session.id);
        }
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

/// Encapsulates a secret to the KEM prekey of a device that serves.
fn encapsulate(
    device: &Device,
    rng: &mut dyn CryptoRng,
) -> Result<(Arc<KemHandshake>, KemSecret), SendError> {
    let Some(held) = device.serving_kem() else {
        return Err(SendError::Key("the suite needs a KEM prekey".to_owned()));
    };
    let (ciphertext, secret) = held.key.encapsulate(rng)?;
    let id = held.key.id();
    Ok((Arc::new(KemHandshake { id, ciphertext }), secret))
}

/// Marks the gaps of a session as answered, because we send on it for the first time.
fn answer_gaps(store: &mut dyn Store, session: &SessionId) -> Result<(), StoreError> {
    if store.has_stored_keys(session)? {
        for gap in store.gaps(session)? {
            store.put_gap(&Gap {
                answered: true,
                ..gap
            })?;
        }
    }
    Ok(())
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
