//! Sending: fan-out to devices, new sessions, the fallback without a bundle (protocol §6, §7).

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKey, KeyError, MessageId, SealError, Sealed,
    SessionId, SessionInstallations, SessionParties, SessionRatchet, Suite, dh_message, x3dh,
};

use crate::{
    Device, Engine, Env, Envelope, Handshake, MAX_PAYLOAD_BYTES, MAX_RECIPIENTS, Mode, OwnBundle,
    Peer, REQUEST_ID_LIFETIME, RetiredChains, Role, SendError, SendRequest, Sent, Session,
    SkipReason, Skipped, Standing, Store, StoredReply, Target,
    standing::{activate, make_room, unanswered, usable_session},
    targets::targets,
    wire::{
        WireEntry, WireMessage, WireRatchetHeader, WireX3dhHeader, decode_sent, encode_message,
        encode_sent,
    },
};

/// Key of the entry that any device of the identity can read (protocol §6).
pub(crate) const ANY_INSTALLATION: &str = "none";

impl Engine {
    /// Encrypts a payload for every active device of the recipients and for our own other devices:
    /// all targets or none. The caller commits before it lets the bytes out: the IV comes from the
    /// message key, so a chain step that is taken twice is a two-time pad.
    ///
    /// # Errors
    /// [`SendError`]; nothing of the call may then be kept.
    pub fn send(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
    ) -> Result<Sent, SendError> {
        check_payload(&request.payload)?;
        if request.recipients.len() > MAX_RECIPIENTS {
            return Err(SendError::TooManyRecipients {
                count: request.recipients.len(),
                limit: MAX_RECIPIENTS,
            });
        }
        let Some(request_id) = &request.request_id else {
            return self.fan_out(store, env, request);
        };
        let input = request.digest();
        store.remove_replies_before(env.now.before(REQUEST_ID_LIFETIME))?;
        if let Some(known) = store.reply(request_id)? {
            return if known.input == input {
                Ok(decode_sent(&known.reply)?)
            } else {
                Err(SendError::RequestIdReused)
            };
        }
        let sent = self.fan_out(store, env, request)?;
        store.put_reply(
            request_id,
            &StoredReply {
                input,
                reply: encode_sent(&sent),
                at: env.now,
            },
        )?;
        Ok(sent)
    }

    /// Wraps a public message: not encrypted, but with our bundle (spec 2.4.2).
    ///
    /// # Errors
    /// [`SendError`] if the payload is too large or the store fails.
    pub fn public_message(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        payload: &[u8],
    ) -> Result<Envelope, SendError> {
        check_payload(payload)?;
        let bundle = self.current_bundle(store, env)?;
        Ok(Envelope {
            recipient: None,
            wire: encode_message(WireMessage {
                public: payload.to_vec(),
                ..self.message_with(&bundle)
            }),
            targets: vec![Target {
                installation: None,
                mode: Mode::Public,
                session: None,
                message: MessageId::of_payload(payload),
            }],
        })
    }

    /// The bundle advertisement: an empty DH message with our bundle (spec 4.4, protocol §6).
    ///
    /// # Errors
    /// [`SendError`] if the store fails.
    pub fn advertise(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
    ) -> Result<Envelope, SendError> {
        let bundle = self.current_bundle(store, env)?;
        self.dh_envelope(env, recipient, &bundle, &[])
    }

    fn fan_out(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
    ) -> Result<Sent, SendError> {
        let bundle = self.current_bundle(store, env)?;
        let mut sent = Sent::default();
        let mut addressed = BTreeSet::from([self.me()]);
        for recipient in &request.recipients {
            if addressed.insert(*recipient) {
                self.address(store, env, recipient, &bundle, &request.payload, &mut sent)?;
            }
        }
        self.own_copies(store, env, &bundle, request, &mut sent)?;
        Ok(sent)
    }

    /// One copy for each of our other enabled devices, as one more message to our own identity (protocol §7).
    fn own_copies(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        bundle: &OwnBundle,
        request: &SendRequest,
        sent: &mut Sent,
    ) -> Result<(), SendError> {
        let me = self.me();
        let targets = targets(store, &self.config, &me, Some(self.this_device()), env.now)?;
        sent.skipped.extend(targets.skipped);
        let mut copies = Copies::default();
        for device in targets.chosen {
            self.copy_for(store, env, device, &request.payload, &mut copies)?;
        }
        sent.skipped.append(&mut copies.skipped);
        if !copies.targets.is_empty() {
            sent.envelopes
                .push(self.ratchet_envelope(&me, bundle, copies));
        }
        Ok(())
    }

    /// Encrypts for the devices of one recipient, or by DH if none is known that could be reached.
    fn address(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        bundle: &OwnBundle,
        payload: &[u8],
        sent: &mut Sent,
    ) -> Result<(), SendError> {
        let targets = targets(store, &self.config, recipient, None, env.now)?;
        let mut copies = Copies {
            skipped: targets.skipped,
            ..Copies::default()
        };
        for device in targets.chosen {
            self.copy_for(store, env, device, payload, &mut copies)?;
        }
        let withheld = copies.withheld(recipient)?;
        sent.skipped.append(&mut copies.skipped);
        if !copies.targets.is_empty() {
            sent.envelopes
                .push(self.ratchet_envelope(recipient, bundle, copies));
        } else if withheld {
            return Ok(());
        } else {
            sent.envelopes
                .push(self.dh_envelope(env, recipient, bundle, payload)?);
        }
        note_sent(store, recipient, bundle, env)
    }

    /// Encrypts one copy, on the active session or a new one; a device that cannot be reached is noted.
    fn copy_for(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        device: Device,
        payload: &[u8],
        copies: &mut Copies,
    ) -> Result<(), SendError> {
        let current = usable_session(store, &device)?;
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
        let mut session = Session {
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
            standing: Standing::Active,
            lost_to: None,
            overtaking: None,
            ratchet,
            retired: RetiredChains::default(),
            created_at: env.now,
            last_sent_at: None,
            last_received_at: None,
            sent: 0,
            received: 0,
            advances: 0,
        };
        make_room(store, &self.config, &session)?;
        activate(store, &mut session, replaced, env.now)?;
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

    fn ratchet_envelope(
        &self,
        recipient: &IdentityKey,
        bundle: &OwnBundle,
        copies: Copies,
    ) -> Envelope {
        Envelope {
            recipient: Some(*recipient),
            wire: encode_message(WireMessage {
                entries: copies.entries,
                ..self.message_with(bundle)
            }),
            targets: copies.targets,
        }
    }

    fn dh_envelope(
        &self,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        bundle: &OwnBundle,
        payload: &[u8],
    ) -> Result<Envelope, SendError> {
        let ephemeral = EphemeralKeyPair::generate(env.rng);
        let mut nonce = [0; dh_message::NONCE_BYTES];
        env.rng.fill_bytes(&mut nonce);
        let ciphertext = dh_message::seal(&ephemeral, nonce, recipient, payload)?;
        let message = MessageId::of_payload(&ciphertext);
        let entry = WireEntry {
            dh: Some(ephemeral.public().to_bytes().to_vec()),
            payload: ciphertext,
            ..WireEntry::default()
        };
        Ok(Envelope {
            recipient: Some(*recipient),
            wire: encode_message(WireMessage {
                entries: BTreeMap::from([(ANY_INSTALLATION.to_owned(), entry)]),
                ..self.message_with(bundle)
            }),
            targets: vec![Target {
                installation: None,
                mode: Mode::Dh,
                session: None,
                message,
            }],
        })
    }

    /// A message of ours without content: our bundle rides on every one.
    fn message_with(&self, bundle: &OwnBundle) -> WireMessage {
        WireMessage {
            installation: self.this_device().as_str().to_owned(),
            bundles: vec![bundle.wire.clone()],
            ..WireMessage::default()
        }
    }
}

/// The copies of one message for one identity.
#[derive(Default)]
struct Copies {
    entries: BTreeMap<String, WireEntry>,
    targets: Vec<Target>,
    skipped: Vec<Skipped>,
}

impl Copies {
    /// Whether the user has disabled every device that could be reached: then nothing goes out, least of
    /// all by the weaker way. That the configuration forbids what they need is the caller's to mend.
    fn withheld(&self, recipient: &IdentityKey) -> Result<bool, SendError> {
        let because = |reason| self.skipped.iter().any(|skipped| skipped.reason == reason);
        if self.targets.is_empty() && because(SkipReason::SuiteForbidden) {
            return Err(SendError::SuiteForbidden {
                recipient: recipient.to_compact(),
            });
        }
        Ok(because(SkipReason::Disabled))
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

fn check_payload(payload: &[u8]) -> Result<(), SendError> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(SendError::PayloadTooLarge {
            bytes: payload.len(),
            limit: MAX_PAYLOAD_BYTES,
        });
    }
    Ok(())
}

/// Notes that `recipient` was sent the present prekey: once per prekey, not on every message.
pub(crate) fn note_sent(
    store: &mut dyn Store,
    recipient: &IdentityKey,
    bundle: &OwnBundle,
    env: &Env<'_>,
) -> Result<(), SendError> {
    let peer = store.peer(recipient)?;
    let noted = peer
        .as_ref()
        .and_then(|peer| peer.last_sent_at)
        .is_some_and(|at| at >= bundle.prekey_created_at);
    if !noted {
        let peer = peer.unwrap_or(Peer {
            identity: *recipient,
            newest_bundle_ns: 0,
            newest_bundle_at: None,
            last_sent_at: None,
        });
        store.put_peer(&Peer {
            last_sent_at: Some(env.now),
            ..peer
        })?;
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
