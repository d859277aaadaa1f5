//! Sending: fan-out to identities and devices, and the fallback without a bundle (protocol §6, §7).

mod encrypt_for_device;
pub(crate) mod route;
pub(crate) mod targets;

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{EphemeralKeyPair, IdentityKey, MessageId, dh_message};

use crate::{
    engine::{Engine, SendRequest},
    model::{
        AddressedMessage, ContactMark, Env, MAX_PAYLOAD_BYTES, MAX_RECIPIENTS, MAX_WIRE_BYTES,
        Mode, OwnBundle, Peer, REQUEST_ID_LIFETIME, Seal, SendError, Sent, StoredAnswer, Target,
        UnixMillis, outcome::Size,
    },
    send::{encrypt_for_device::DeviceEntries, targets::targets},
    store::Store,
    wire::{ANY_INSTALLATION, WireEntry, WireMessage, decode_sent, encode_message, encode_sent},
};

/// What is said to a recipient.
#[derive(Clone, Copy, Default)]
struct Content<'a> {
    payload: &'a [u8],
    /// What the message says that it is, in clear.
    mark: Option<ContactMark>,
}

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
        for recipient in &request.recipients {
            self.check_accepted(store, recipient)?;
        }
        self.send_to_contact(store, env, request, None)
    }

    /// The same, with contacts that need not be accepted, and a message that says what it is to
    /// them.
    pub(crate) fn send_to_contact(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
        mark: Option<ContactMark>,
    ) -> Result<Sent, SendError> {
        check_payload(&request.payload)?;
        if request.recipients.len() > MAX_RECIPIENTS {
            return Err(SendError::TooManyRecipients {
                count: request.recipients.len(),
                limit: MAX_RECIPIENTS,
            });
        }
        let Some(request_id) = &request.request_id else {
            return self.fan_out(store, env, request, mark);
        };
        let input = request.digest();
        let oldest = self.running_time(store, env)?.before(REQUEST_ID_LIFETIME);
        let known = store.stored_answer(request_id)?;
        if let Some(known) = known.filter(|known| known.at >= oldest) {
            return if known.input == input {
                Ok(decode_sent(&known.reply)?)
            } else {
                Err(SendError::RequestIdReused)
            };
        }
        let sent = self.fan_out(store, env, request, mark)?;
        store.put_stored_answer(
            request_id,
            &StoredAnswer {
                input,
                reply: encode_sent(&sent),
                at: self.running_time(store, env)?,
            },
        )?;
        Ok(sent)
    }

    /// Wraps a public message: not encrypted, but with our bundle (spec 2.4.2).
    ///
    /// # Errors
    /// [`SendError`] if the payload is empty or too large, or the store fails.
    pub fn public_message(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        payload: &[u8],
    ) -> Result<AddressedMessage, SendError> {
        check_payload(payload)?;
        check_not_empty(payload)?;
        let bundle = self.current_bundle(store, env)?;
        Ok(AddressedMessage {
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
            sealed: None,
        })
    }

    /// The bundle advertisement that the user asks for. Like every message it goes to accepted
    /// contacts only, if the policy asks for that.
    ///
    /// # Errors
    /// [`SendError`] if the contact is not accepted or the store fails.
    pub fn advertise(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        seal: Option<Seal>,
    ) -> Result<AddressedMessage, SendError> {
        self.check_accepted(store, recipient)?;
        self.advertisement(store, env, recipient, seal)
    }

    /// The bundle advertisement: an empty DH message with our bundle (spec 4.4, protocol §6).
    pub(crate) fn advertisement(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        seal: Option<Seal>,
    ) -> Result<AddressedMessage, SendError> {
        let bundle = self.current_bundle(store, env)?;
        let mut envelope = self.dh_envelope(env, recipient, &bundle, Content::default())?;
        if let Some(seal) = seal {
            self.seal_all(store, env, seal, std::slice::from_mut(&mut envelope))?;
        }
        Ok(envelope)
    }

    fn fan_out(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
        mark: Option<ContactMark>,
    ) -> Result<Sent, SendError> {
        let content = Content {
            payload: &request.payload,
            mark,
        };
        let bundle = self.current_bundle(store, env)?;
        let mut sent = Sent::default();
        let mut size = Size::default();
        let mut addressed = BTreeSet::from([self.me()]);
        for recipient in &request.recipients {
            if addressed.insert(*recipient) {
                self.address(store, env, recipient, &bundle, content, &mut sent)?;
                size.check(&sent)?;
            }
        }
        self.encrypt_for_own_devices(store, env, &bundle, request, &mut sent)?;
        size.check(&sent)?;
        if let Some(seal) = request.seal {
            self.seal_all(store, env, seal, &mut sent.messages)?;
        }
        Ok(sent)
    }

    /// One copy for each of our other enabled devices, as one more message to our own identity
    /// (protocol §7).
    fn encrypt_for_own_devices(
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
        let mut copies = DeviceEntries::default();
        for device in targets.chosen {
            self.encrypt_for_device(store, env, device, &request.payload, &mut copies)?;
        }
        sent.skipped.append(&mut copies.skipped);
        let content = Content {
            payload: &request.payload,
            mark: None,
        };
        let envelope = self.envelope(env, &me, bundle, content, copies)?;
        sent.messages.extend(envelope);
        Ok(())
    }

    /// Encrypts for the devices of one recipient, or by DH if none is known at all. One whose
    /// devices are known and cannot be reached gets nothing, least of all by the weaker way: the
    /// answer names them, each with its reason.
    ///
    /// What declines a contact goes by DH, whatever is known: on a ratchet it would pass for an
    /// acceptance with those who do not know the mark, or where a relay has taken it off.
    fn address(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        bundle: &OwnBundle,
        content: Content<'_>,
        sent: &mut Sent,
    ) -> Result<(), SendError> {
        if content.mark == Some(ContactMark::Decline) {
            check_not_empty(content.payload)?;
            let envelope = self.dh_envelope(env, recipient, bundle, content)?;
            sent.messages.push(envelope);
            return record_sent(store, recipient, bundle, env, true);
        }
        let targets = targets(store, &self.config, recipient, None, env.now)?;
        let mut copies = DeviceEntries {
            skipped: targets.skipped,
            ..DeviceEntries::default()
        };
        for device in targets.chosen {
            self.encrypt_for_device(store, env, device, content.payload, &mut copies)?;
        }
        copies.check_suites(recipient)?;
        let none_known = copies.is_empty() && copies.skipped.is_empty();
        sent.skipped.append(&mut copies.skipped);
        let envelope = if none_known {
            check_not_empty(content.payload)?;
            Some(self.dh_envelope(env, recipient, bundle, content)?)
        } else {
            self.envelope(env, recipient, bundle, content, copies)?
        };
        let Some(envelope) = envelope else {
            return Ok(());
        };
        sent.messages.push(envelope);
        record_sent(store, recipient, bundle, env, true)
    }

    /// One wire message of all copies; `None` if there are none. The devices that are written to by
    /// DH share one entry, which any device of the identity can read.
    fn envelope(
        &self,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        bundle: &OwnBundle,
        content: Content<'_>,
        mut copies: DeviceEntries,
    ) -> Result<Option<AddressedMessage>, SendError> {
        if copies.is_empty() {
            return Ok(None);
        }
        if !copies.by_dh.is_empty() {
            check_not_empty(content.payload)?;
            let (entry, message) = dh_entry(env, recipient, content.payload)?;
            copies.entries.insert(ANY_INSTALLATION.to_owned(), entry);
            let by_dh = copies.by_dh.into_iter().map(|installation| Target {
                installation: Some(installation),
                mode: Mode::Dh,
                session: None,
                message,
            });
            copies.targets.extend(by_dh);
        }
        let wire = encode_message(WireMessage {
            entries: copies.entries,
            contact: content.mark,
            ..self.message_with(bundle)
        });
        // With the default number of devices even the largest payload fits.
        if wire.len() > MAX_WIRE_BYTES {
            return Err(SendError::PayloadTooLarge {
                bytes: wire.len(),
                limit: MAX_WIRE_BYTES,
            });
        }
        Ok(Some(AddressedMessage {
            recipient: Some(*recipient),
            wire,
            targets: copies.targets,
            sealed: None,
        }))
    }

    fn dh_envelope(
        &self,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        bundle: &OwnBundle,
        content: Content<'_>,
    ) -> Result<AddressedMessage, SendError> {
        let (entry, message) = dh_entry(env, recipient, content.payload)?;
        Ok(AddressedMessage {
            recipient: Some(*recipient),
            wire: encode_message(WireMessage {
                entries: BTreeMap::from([(ANY_INSTALLATION.to_owned(), entry)]),
                contact: content.mark,
                ..self.message_with(bundle)
            }),
            targets: vec![Target {
                installation: None,
                mode: Mode::Dh,
                session: None,
                message,
            }],
            sealed: None,
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

/// An entry that any device of `recipient` can read, and the id of the message (protocol §6).
fn dh_entry(
    env: &mut Env<'_>,
    recipient: &IdentityKey,
    payload: &[u8],
) -> Result<(WireEntry, MessageId), SendError> {
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
    Ok((entry, message))
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

/// Asked of every payload that goes by DH or in public. An empty one is an advertisement there
/// (protocol §6): it would not be shown to anybody. On a ratchet it is a message like any other.
pub(crate) fn check_not_empty(payload: &[u8]) -> Result<(), SendError> {
    if payload.is_empty() {
        return Err(SendError::EmptyPayload);
    }
    Ok(())
}

/// Notes that `recipient` was sent the present prekey, and that it was `written` to by the user, if
/// it was: once per prekey, not on every message.
pub(crate) fn record_sent(
    store: &mut dyn Store,
    recipient: &IdentityKey,
    bundle: &OwnBundle,
    env: &Env<'_>,
    written: bool,
) -> Result<(), SendError> {
    let known = store.peer(recipient)?;
    let mut peer = known.clone().unwrap_or_else(|| Peer::new(*recipient));
    if !is_recorded(peer.last_sent_at, bundle, env) {
        peer.last_sent_at = Some(env.now);
    }
    if written && !is_recorded(peer.written_at, bundle, env) {
        peer.written_at = Some(env.now);
    }
    if known.as_ref() != Some(&peer) {
        store.put_peer(&peer)?;
    }
    Ok(())
}

/// Whether something was sent `at` a moment since our present prekey was made.
fn is_recorded(at: Option<UnixMillis>, bundle: &OwnBundle, env: &Env<'_>) -> bool {
    at.is_some_and(|at| at >= bundle.prekey_created_at && at <= env.now)
}
