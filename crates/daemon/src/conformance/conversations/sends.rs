//! Sent messages: made again from their draws, and compared with the recorded bytes.

use std::{collections::BTreeMap, sync::Arc};

use crypto_core::{ANY_INSTALLATION, IdentityKey, IdentityKeyPair, SignedPreKey, dh_message};
use engine::{model::InspectedMessage, wire::inspect_message};

use super::{
    LISTED, NO_DEVICE, World, bundles,
    drawn::{Drawn, pair},
    entry::{Entry, Headers, contains, field},
    ratchets::Peer,
    recording::{Role, Send, SendKind},
};
use crate::conformance::{Checked, same, words};

/// Whether the two sides have agreed on a secret, and the lowest version among the devices:
/// status-go's alone.
const AGREED: &str = "agreed_secret and min_version of a message";
/// The engine has heard of other devices and prekeys by then, and sends to these as well.
const ANSWERED: &str = "messages of answered sessions, made by the engine";
/// The engine sends nothing by DH to its own identity.
const TO_ITSELF: &str = "messages by DH to the own identity, made by the engine";
/// The engine refuses an empty payload where the reader would not receive it.
const EMPTY: &str = "empty payloads by DH or in public, made by the engine";

const NO_PARTY: &str = "there is no such party";

/// A message that was sent, and its parts as they were made again.
pub(super) struct Sent {
    pub(super) sender: String,
    pub(super) wire: Vec<u8>,
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) public: Option<Vec<u8>>,
}

impl World<'_> {
    pub(super) fn send(&mut self, send: &Send) -> Checked {
        self.read_clock(&send.now)?;
        let mut drawn = Drawn::new(&send.rng)?;
        self.draw_prekeys(&send.device, &mut drawn)?;
        let wire = &send.message_hex.0;
        let recorded = inspect_message(wire).map_err(words)?;
        self.check_sender(send, &recorded)?;

        let recipient = send.recipient_party.as_deref();
        let recipient = recipient.map(|name| self.parties.get(name).ok_or(NO_PARTY).cloned());
        let recipient = recipient.transpose()?;
        let mut sent = Sent {
            sender: send.device.clone(),
            wire: wire.clone(),
            entries: BTreeMap::new(),
            public: None,
        };
        match (send.kind, recipient) {
            (SendKind::Public, None) => {
                self.send_public(send)?;
                sent.public = Some(send.payload_hex.0.clone());
            }
            (SendKind::Direct, Some(recipient)) if !send.targeted_installations.is_empty() => {
                self.check_agreement(send, &recipient)?;
                for target in &send.targeted_installations {
                    let peer = Peer {
                        identity: *recipient.public(),
                        installation: target.clone(),
                    };
                    let entry = self.send_to(send, &peer, &recorded, &mut drawn)?;
                    sent.entries.insert(target.clone(), entry);
                }
            }
            (kind, Some(recipient)) if kind != SendKind::Public => {
                self.check_agreement(send, &recipient)?;
                let entry = self.send_by_dh(send, recipient.public(), &mut drawn)?;
                sent.entries.insert(ANY_INSTALLATION.to_owned(), entry);
            }
            _ => return Err("a public message has no recipient, every other has one".to_owned()),
        }
        drawn.check_taken()?;
        sent.check(&recorded)?;
        match self.messages.insert(send.msg, sent) {
            None => Ok(()),
            Some(_) => Err("a number that another message has".to_owned()),
        }
    }

    /// What every message says of its sender: the device, and the bundle.
    fn check_sender(&mut self, send: &Send, recorded: &InspectedMessage) -> Checked {
        let device = self.devices.get(&send.device).ok_or(NO_DEVICE)?;
        let installation = device.owner.installation.as_str();
        same("sender", &installation, &recorded.installation.as_str())?;
        let [Ok(bundle)] = recorded.bundles.as_slice() else {
            return Err("not one bundle".to_owned());
        };
        bundles::check(
            &self.devices,
            device,
            bundle,
            &send.message_hex.0,
            &send.now,
        )?;
        if bundle.entries.len() > 1 {
            self.not_compared(LISTED);
        }
        Ok(())
    }

    /// The secret that the two identities share.
    fn check_agreement(&mut self, send: &Send, recipient: &IdentityKeyPair) -> Checked {
        self.not_compared(AGREED);
        let Some(recorded) = &send.shared_secret else {
            return Ok(());
        };
        let device = self.device(&send.device)?;
        let secret = device
            .owner
            .identity
            .agree(recipient.public())
            .map_err(words)?;
        same(
            "shared secret",
            &secret.secret_bytes().to_vec(),
            &recorded.0,
        )
    }

    fn send_public(&mut self, send: &Send) -> Checked {
        let payload = &send.payload_hex.0;
        let part = public_part(payload);
        if payload.is_empty() {
            self.not_compared(EMPTY);
            return if contains(&send.message_hex.0, &part) {
                Ok(())
            } else {
                Err("another public message than was recorded".to_owned())
            };
        }
        let envelope = self.device(&send.device)?.public_message(payload)?;
        if contains(&send.message_hex.0, &part) && contains(&envelope.wire, &part) {
            Ok(())
        } else {
            Err("another public message than was recorded".to_owned())
        }
    }

    fn send_by_dh(
        &mut self,
        send: &Send,
        recipient: &IdentityKey,
        drawn: &mut Drawn<'_>,
    ) -> Result<Entry, String> {
        let ephemeral = drawn.take(Role::DhEphemeral, Some(ANY_INSTALLATION))?;
        let nonce = drawn.take(Role::GcmNonce, None)?;
        let draws = [ephemeral.clone(), nonce.clone()];
        let ephemeral = pair(ephemeral)?;
        let nonce = nonce.try_into().map_err(|_| "a nonce has not 12 bytes")?;
        let payload = &send.payload_hex.0;
        let entry = Entry {
            payload: dh_message::seal(&ephemeral, nonce, recipient, payload).map_err(words)?,
            headers: Headers::Dh(*ephemeral.public()),
        };
        if self.device(&send.device)?.owner.identity.public() == recipient {
            self.not_compared(TO_ITSELF);
            return Ok(entry);
        }
        if payload.is_empty() && send.kind != SendKind::Advertisement {
            self.not_compared(EMPTY);
            return Ok(entry);
        }
        let device = self.device(&send.device)?;
        let envelopes = match send.kind {
            SendKind::Advertisement => vec![device.advertisement(recipient, draws)?],
            _ => device.dh_message(*recipient, draws, payload)?,
        };
        if !envelopes
            .iter()
            .any(|envelope| entry.is_in(&envelope.wire, ANY_INSTALLATION))
        {
            return Err("the engine makes another message by DH than was recorded".to_owned());
        }
        Ok(entry)
    }

    fn send_to(
        &mut self,
        send: &Send,
        peer: &Peer,
        recorded: &InspectedMessage,
        drawn: &mut Drawn<'_>,
    ) -> Result<Entry, String> {
        let target = recorded
            .targets
            .iter()
            .find(|target| target.installation == peer.installation)
            .ok_or("no entry for a device that it is for")?;
        let payload = &send.payload_hex.0;
        if !drawn.has(Role::X3dhEphemeral, &peer.installation) {
            let header = target
                .dr
                .as_ref()
                .ok_or("an entry without a ratchet header")?;
            self.unused.remove(&header.key);
            let device = self.device(&send.device)?;
            let entry = device.sessions.go_on(peer, &header.key, payload)?;
            entry.check(target, &send.message_hex.0)?;
            // Until it has read something, its engine knows the one device and the one session.
            match entry.headers {
                Headers::Ratchet {
                    x3dh: Some(ephemeral),
                    ..
                } => {
                    device.go_on(peer, &ephemeral, Vec::new(), payload, &entry)?;
                }
                _ => self.not_compared(ANSWERED),
            }
            return Ok(entry);
        }
        let ephemeral = drawn.take(Role::X3dhEphemeral, Some(&peer.installation))?;
        let ephemeral = pair(ephemeral)?;
        let ratchet_key = drawn.take(Role::RatchetKey, Some(&peer.installation))?;
        let x3dh = target
            .x3dh
            .as_ref()
            .ok_or("a session begins without X3DH")?;
        let prekey = SignedPreKey::from_wire(&x3dh.id).map_err(words)?;
        let responder = self
            .devices
            .values()
            .find(|device| device.peer() == *peer)
            .ok_or("a device that is none of the recipient's")?;
        let bundle = responder.bundle_of(&prekey)?;
        let device = self.device(&send.device)?;
        let identity = Arc::clone(&device.owner.identity);
        let drawn_key = ratchet_key.clone();
        let entry = device
            .sessions
            .begin(&identity, peer, prekey, &ephemeral, drawn_key, payload)?;
        entry.check(target, &send.message_hex.0)?;
        device.begin(peer, &bundle, &ephemeral, ratchet_key, payload, &entry)?;
        Ok(entry)
    }
}

impl Sent {
    /// That the recorded message has these parts and no other.
    fn check(&self, recorded: &InspectedMessage) -> Checked {
        let found: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        let targets = recorded.targets.iter();
        let targets: Vec<&str> = targets.map(|target| target.installation.as_str()).collect();
        same("list of devices", &found, &targets)?;
        let public = self.public.as_ref().map_or(0, Vec::len);
        same("public part", &public, &recorded.public_bytes)?;
        for target in &recorded.targets {
            if let Some(entry) = self.entries.get(&target.installation) {
                entry.check(target, &self.wire)?;
            }
        }
        Ok(())
    }
}

/// The field of a message that holds a public payload; nothing if that is empty.
fn public_part(payload: &[u8]) -> Vec<u8> {
    if payload.is_empty() {
        Vec::new()
    } else {
        field(102, payload)
    }
}
