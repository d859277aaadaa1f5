//! Sending (protocol §6, §7).
//!
//! [`targets`] sorts out which devices get a message, [`route`] decides how it is encrypted for
//! each, and [`encrypt_for_device`] does that. An identity of which no device is known gets it by
//! DH. [`to_members`] writes to everybody in a group; [`group_key`] writes under a group's key, and
//! gives keys to others. [`kem`] brings our KEM prekeys, and asks for those of others.

mod encrypt_for_device;
mod group_key;
mod kem;
pub(crate) mod route;
pub(crate) mod targets;
mod to_members;

pub use self::{
    group_key::{GroupKeyRequest, GroupSendRequest},
    to_members::MembersSendRequest,
};

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{ANY_INSTALLATION, EphemeralKeyPair, IdentityKey, MessageId, dh_message};

use crate::{
    engine::{Engine, SendRequest},
    model::{
        AddressedMessage, ContactMark, CopyOf, Decision, Env, GroupId, MAX_KEM_PREKEYS_PER_BUNDLE,
        MAX_PAYLOAD_BYTES, MAX_RECIPIENTS, MAX_WIRE_BYTES, Mode, OwnBundle, Peer,
        REQUEST_ID_LIFETIME, Seal, SendError, Sent, StoreError, StoredAnswer, Target, UnixMillis,
        outcome::Size,
    },
    own_bundle::Publication,
    sealing::listening::SentAs,
    send::{encrypt_for_device::MessageParts, targets::targets},
    store::Store,
    wire::{
        WireEntry, WireGroupHeader, WireMessage, decode_sent, encode_copy_of, encode_message,
        encode_sent,
    },
};

/// How an answer is kept for retries.
struct AnswerForm<T> {
    encode: fn(&T) -> Vec<u8>,
    decode: fn(&[u8]) -> Result<T, StoreError>,
    /// Whether it is not kept, since what was asked for is still to be done. The identity is ours.
    is_provisional: fn(&T, &IdentityKey) -> bool,
}

/// The form of what was sent to recipients.
const SENT: AnswerForm<Sent> = AnswerForm {
    encode: encode_sent,
    decode: decode_sent,
    is_provisional: Sent::is_withheld,
};

/// The content of a message.
#[derive(Clone, Copy, Default)]
pub(crate) struct Content<'a> {
    payload: &'a [u8],
    /// What it says in clear that it is to a contact.
    mark: Option<ContactMark>,
    /// For whom the message was, encoded, if this is the copy for our own devices.
    copy_of: Option<&'a [u8]>,
    /// Whose key it brings, if that is what it is for.
    group: Option<&'a GroupId>,
}

/// What a message is, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct FanOut<'a> {
    /// What the user decided about the recipient, if that is what it says.
    pub(crate) decision: Option<Decision>,
    /// Whether the recipients get it, and not our own other devices alone.
    pub(crate) told: bool,
    /// Whose key it brings, if that is what it is for.
    pub(crate) group: Option<&'a GroupId>,
}

impl Content<'_> {
    /// The header that says whose key the payload brings.
    fn group_header(&self) -> Option<WireGroupHeader> {
        self.group.map(|group| WireGroupHeader {
            group: group.as_bytes().to_vec(),
            ..WireGroupHeader::default()
        })
    }
}

impl Default for FanOut<'_> {
    fn default() -> Self {
        Self {
            decision: None,
            told: true,
            group: None,
        }
    }
}

impl Engine {
    /// Encrypts a payload for every active device of the recipients and for our own other devices,
    /// or fails for all of them. The caller must commit before it releases the bytes: the IV is
    /// derived from the message key, so a chain step taken twice would be a two-time pad.
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
        check_payload(&request.payload)?;
        if request.recipients.len() > MAX_RECIPIENTS {
            return Err(SendError::TooManyRecipients {
                count: request.recipients.len(),
                limit: MAX_RECIPIENTS,
            });
        }
        let id = (request.request_id.as_deref(), request.digest());
        self.answered_once(store, env, id, &SENT, |engine, store, env| {
            engine.fan_out(store, env, request, FanOut::default())
        })
    }

    /// What `make` gives, or gave when it was first asked for under this request id. `input` is a
    /// digest of what is asked for, and `form` that in which the answer is kept.
    fn answered_once<T>(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        (request_id, input): (Option<&str>, [u8; 32]),
        form: &AnswerForm<T>,
        make: impl FnOnce(&mut Self, &mut dyn Store, &mut Env<'_>) -> Result<T, SendError>,
    ) -> Result<T, SendError> {
        let Some(request_id) = request_id else {
            return make(self, store, env);
        };
        let oldest = self.running_time(store, env)?.before(REQUEST_ID_LIFETIME);
        let known = store.stored_answer(request_id)?;
        if let Some(known) = known.filter(|known| known.at >= oldest) {
            return if known.input == input {
                Ok((form.decode)(&known.reply)?)
            } else {
                Err(SendError::RequestIdReused)
            };
        }
        let answer = make(self, store, env)?;
        if (form.is_provisional)(&answer, &self.me()) {
            return Ok(answer);
        }
        store.put_stored_answer(
            request_id,
            &StoredAnswer {
                input,
                reply: (form.encode)(&answer),
                at: self.running_time(store, env)?,
            },
        )?;
        Ok(answer)
    }

    /// Sends what the user decided about a contact, accepted or not: to it, if it is to be `told`,
    /// and to our own other devices.
    pub(crate) fn send_decision(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
        decision: Decision,
        told: bool,
    ) -> Result<Sent, SendError> {
        check_payload(&request.payload)?;
        let how = FanOut {
            decision: Some(decision),
            told,
            group: None,
        };
        self.fan_out(store, env, request, how)
    }

    /// Makes a public message, which is not encrypted and carries our bundle (spec 2.4.2).
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
        let mut bundle = self.current_bundle(store, env)?;
        self.sign_anew(store, env.now, &mut bundle)?;
        Ok(AddressedMessage {
            recipient: None,
            wire: encode_message(WireMessage {
                public: payload.to_vec(),
                ..self.message_with(bundle.wire)
            }),
            targets: vec![Target {
                installation: None,
                mode: Mode::Public,
                session: None,
                message: MessageId::of_payload(payload),
                not_post_quantum: None,
            }],
            sealed: None,
        })
    }

    /// Makes a bundle advertisement. Under [`ContactPolicy::Request`](crate::model::ContactPolicy)
    /// it needs an accepted contact, like every message.
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
        // A device of status-go takes an advertisement for a message of this device.
        self.listen_to(store, env.now, recipient, SentAs::Message)?;
        self.advertisement(store, env, recipient, seal)
    }

    /// The bundle advertisement: an empty DH message with our bundle (spec 4.4, protocol §6). It
    /// asks for the KEM prekeys of the recipient's devices that are missing (protocol §13).
    pub(crate) fn advertisement(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        seal: Option<Seal>,
    ) -> Result<AddressedMessage, SendError> {
        let mut publication = self.publication(store, env)?;
        let mut message = self.advertise_to(store, env, recipient, &mut publication)?;
        if let Some(seal) = seal {
            self.seal_all(store, env, seal, std::slice::from_mut(&mut message))?;
        }
        Ok(message)
    }

    fn advertise_to(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        publication: &mut Publication,
    ) -> Result<AddressedMessage, SendError> {
        let this_device = (*recipient == self.me()).then(|| self.this_device());
        let targets = targets(store, &self.config, recipient, this_device, env.now)?;
        if !targets.all_extended {
            self.sign_anew(store, env.now, &mut publication.bundle)?;
        }
        let none_known = targets.chosen.is_empty() && targets.skipped.is_empty();
        let wanted = self.asked_of(&targets.chosen, none_known);
        self.dh_message(env, recipient, publication, Content::default(), wanted)
    }

    fn fan_out(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
        how: FanOut<'_>,
    ) -> Result<Sent, SendError> {
        let FanOut {
            decision,
            told,
            group,
        } = how;
        let content = Content {
            payload: &request.payload,
            mark: decision.map(|decision| decision.step),
            copy_of: None,
            group,
        };
        let copy_of = CopyOf {
            recipients: each_once(&request.recipients),
            request_id: request.request_id.clone(),
            decision,
        };
        let mut publication = self.publication(store, env)?;
        let mut sent = Sent::default();
        let mut size = Size::default();
        let me = self.me();
        let others = copy_of.recipients.iter().filter(|key| **key != me);
        for recipient in others.filter(|_| told) {
            self.send_to(store, env, recipient, &mut publication, content, &mut sent)?;
            size.check(&sent)?;
        }
        // What nobody has got is still to be sent, and is copied then.
        if group.is_some() || !sent.only_asks() {
            let (publication, sent) = (&mut publication, &mut sent);
            self.encrypt_for_own_devices(store, env, publication, content, &copy_of, sent)?;
        }
        size.check(&sent)?;
        if let Some(seal) = request.seal {
            self.seal_all(store, env, seal, &mut sent.messages)?;
        }
        Ok(sent)
    }

    /// Adds a message to our own identity, for our other enabled devices (protocol §5, copies).
    fn encrypt_for_own_devices(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        publication: &mut Publication,
        content: Content<'_>,
        copy_of: &CopyOf,
        sent: &mut Sent,
    ) -> Result<(), SendError> {
        let me = self.me();
        let targets = targets(store, &self.config, &me, Some(self.this_device()), env.now)?;
        sent.skipped.extend(targets.skipped);
        if targets.chosen.is_empty() {
            return Ok(());
        }
        if !targets.all_extended {
            self.sign_anew(store, env.now, &mut publication.bundle)?;
        }
        let content = Content {
            mark: None,
            copy_of: Some(&encode_copy_of(copy_of)),
            ..content
        };
        let mut parts = MessageParts::default();
        for device in targets.chosen {
            self.encrypt_for_device(store, env, device, publication, content, &mut parts)?;
        }
        if copy_of.decision.is_some() && content.payload.is_empty() {
            // By DH it would say nothing.
            parts.by_dh.clear();
        }
        parts.withhold_by_dh(&me);
        let asks = parts.asks();
        sent.skipped.append(&mut parts.skipped);
        let message = if asks {
            Some(self.asking(store, env, &me, publication)?)
        } else {
            self.message(env, &me, publication, content, parts)?
        };
        sent.messages.extend(message);
        Ok(())
    }

    /// Encrypts for the devices of one recipient, or by DH if no device is known at all. If devices
    /// are known and none can be reached, nothing is sent, and the result lists each with its
    /// reason. If that is a missing KEM prekey, or if nothing may go by DH, an advertisement asks
    /// for it, without the text (protocol §13).
    ///
    /// A decline always goes by DH. On a ratchet it would look like an acceptance to clients that
    /// do not know contact marks, or if a relay removes the mark.
    fn send_to(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        publication: &mut Publication,
        content: Content<'_>,
        sent: &mut Sent,
    ) -> Result<(), SendError> {
        let targets = targets(store, &self.config, recipient, None, env.now)?;
        if !targets.all_extended {
            self.sign_anew(store, env.now, &mut publication.bundle)?;
        }
        if content.mark == Some(ContactMark::Decline) {
            // The mark is what it says: without a text, too.
            self.check_by_dh(store, recipient, content.payload)?;
            let message = self.dh_message(env, recipient, publication, content, Vec::new())?;
            sent.messages.push(message);
            return self.record_sent(store, env, recipient, &publication.bundle, SentAs::Message);
        }
        let mut parts = MessageParts {
            skipped: targets.skipped,
            ..MessageParts::default()
        };
        for device in targets.chosen {
            self.encrypt_for_device(store, env, device, publication, content, &mut parts)?;
        }
        parts.withhold_by_dh(recipient);
        parts.check_suites(recipient)?;
        let asks = parts.asks();
        let none_known = parts.is_empty() && parts.skipped.is_empty();
        sent.skipped.append(&mut parts.skipped);
        let message = if none_known {
            check_not_empty(content.payload)?;
            Some(if self.config.requires_post_quantum() {
                self.asking(store, env, recipient, publication)?
            } else {
                self.dh_message(env, recipient, publication, content, Vec::new())?
            })
        } else if asks {
            Some(self.asking(store, env, recipient, publication)?)
        } else {
            self.message(env, recipient, publication, content, parts)?
        };
        let Some(message) = message else {
            return Ok(());
        };
        sent.messages.push(message);
        self.record_sent(store, env, recipient, &publication.bundle, SentAs::Message)
    }

    /// The message for an identity that gets no copy until a KEM prekey of it is here.
    fn asking(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        publication: &mut Publication,
    ) -> Result<AddressedMessage, SendError> {
        Ok(AddressedMessage {
            targets: Vec::new(),
            ..self.advertise_to(store, env, recipient, publication)?
        })
    }

    /// Assembles a message; `None` if it reaches no device. The devices that it reaches by DH share
    /// one entry, which any device of the identity can read.
    fn message(
        &self,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        publication: &Publication,
        content: Content<'_>,
        mut parts: MessageParts,
    ) -> Result<Option<AddressedMessage>, SendError> {
        if parts.is_empty() {
            return Ok(None);
        }
        if !parts.by_dh.is_empty() {
            check_not_empty(content.payload)?;
            let (entry, message) = dh_entry(env, recipient, content)?;
            parts.entries.insert(ANY_INSTALLATION.to_owned(), entry);
            let by_dh = parts.by_dh.into_iter();
            let by_dh = by_dh.map(|(installation, why_below)| Target {
                installation: Some(installation),
                mode: Mode::Dh,
                session: None,
                message,
                not_post_quantum: Some(why_below),
            });
            parts.targets.extend(by_dh);
        }
        parts.wanted.truncate(MAX_KEM_PREKEYS_PER_BUNDLE);
        let wire = encode_message(WireMessage {
            entries: parts.entries,
            contact: content.mark,
            kem_wanted: parts.wanted,
            ..self.message_with(publication.bringing(|device| parts.brought.contains(device)))
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
            targets: parts.targets,
            sealed: None,
        }))
    }

    /// A message by DH, with all KEM prekeys that are held of our devices. It asks for those of the
    /// devices `kem_wanted`.
    fn dh_message(
        &self,
        env: &mut Env<'_>,
        recipient: &IdentityKey,
        publication: &Publication,
        content: Content<'_>,
        kem_wanted: Vec<String>,
    ) -> Result<AddressedMessage, SendError> {
        let (entry, message) = dh_entry(env, recipient, content)?;
        Ok(AddressedMessage {
            recipient: Some(*recipient),
            wire: encode_message(WireMessage {
                entries: BTreeMap::from([(ANY_INSTALLATION.to_owned(), entry)]),
                contact: content.mark,
                kem_wanted,
                ..self.message_with(publication.bringing_all())
            }),
            targets: vec![Target {
                installation: None,
                mode: Mode::Dh,
                session: None,
                message,
                not_post_quantum: Some(self.why_below_unknown()),
            }],
            sealed: None,
        })
    }

    /// Records that `recipient` was sent the current prekey, and whether that was in a message of
    /// the user; its answer is listened for from now on. This writes once per prekey, and not for
    /// every message.
    pub(crate) fn record_sent(
        &self,
        store: &mut dyn Store,
        env: &Env<'_>,
        recipient: &IdentityKey,
        bundle: &OwnBundle,
        sent_as: SentAs,
    ) -> Result<(), SendError> {
        let known = store.peer(recipient)?;
        let mut peer = known.clone().unwrap_or_else(|| Peer::new(*recipient));
        if !is_recorded(peer.last_sent_at, bundle, env) {
            peer.last_sent_at = Some(env.now);
        }
        if sent_as == SentAs::Message && !is_recorded(peer.written_at, bundle, env) {
            peer.written_at = Some(env.now);
        }
        self.listen(store, env.now, &mut peer, sent_as)?;
        if known.as_ref() != Some(&peer) {
            store.put_peer(&peer)?;
        }
        Ok(())
    }

    /// A wire message without content: every one carries our encoded bundle.
    fn message_with(&self, bundle: Vec<u8>) -> WireMessage {
        WireMessage {
            installation: self.this_device().as_str().to_owned(),
            bundles: vec![bundle],
            ..WireMessage::default()
        }
    }
}

fn each_once(recipients: &[IdentityKey]) -> Vec<IdentityKey> {
    let mut seen = BTreeSet::new();
    let fresh = |key: &&IdentityKey| seen.insert(**key);
    recipients.iter().filter(fresh).copied().collect()
}

/// An entry that any device of `recipient` can read, and the id of the message (protocol §6).
fn dh_entry(
    env: &mut Env<'_>,
    recipient: &IdentityKey,
    content: Content<'_>,
) -> Result<(WireEntry, MessageId), SendError> {
    let ephemeral = EphemeralKeyPair::generate(env.rng);
    let mut nonce = [0; dh_message::NONCE_BYTES];
    env.rng.fill_bytes(&mut nonce);
    let ciphertext = dh_message::seal(&ephemeral, nonce, recipient, content.payload)?;
    let message = MessageId::of_payload(&ciphertext);
    let entry = WireEntry {
        dh: Some(ephemeral.public().to_bytes().to_vec()),
        hr: content.group_header(),
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

/// Refuses an empty payload by DH or in public, where it is an advertisement (protocol §6) and
/// would not be shown. On a ratchet it is a message like any other.
pub(crate) fn check_not_empty(payload: &[u8]) -> Result<(), SendError> {
    if payload.is_empty() {
        return Err(SendError::EmptyPayload);
    }
    Ok(())
}

/// Whether `at` is since our current prekey was made.
fn is_recorded(at: Option<UnixMillis>, bundle: &OwnBundle, env: &Env<'_>) -> bool {
    at.is_some_and(|at| at >= bundle.prekey_created_at && at <= env.now)
}
