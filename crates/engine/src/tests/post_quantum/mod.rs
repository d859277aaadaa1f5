//! Suite x25519-mlkem768 (protocol §13): how KEM prekeys travel, which suite a session has, and
//! what is written to nobody.

mod field_16;
mod first_messages;
mod inspection;
mod kem_prekeys;
mod refusal;
mod suites;
mod travel;

use crypto_core::{
    KEM_CIPHERTEXT_BYTES, KemPreKey, RawKemPreKey,
    Suite::{self, Secp256k1, X25519, X25519MlKem768},
    sign_kem_prekey,
};

use super::*;
use crate::{
    GroupKeyRequest,
    model::{
        ContactMark, ContactState, GroupId, KemPreKeyState, KemState, MAX_DISCOVERIES_TOLD,
        MAX_KEM_PREKEYS_PER_BUNDLE, NotPostQuantum, Peer, PostQuantumState, SkipReason,
        WarningKind,
    },
    wire::{
        WireX3dhHeader, decode_bundle, decode_kem_prekeys, encode_bundle, encode_message,
        inspect_bundle, inspect_message, with_kem_prekeys,
    },
};

impl TestDevice {
    /// A device that may use these suites.
    fn using(identity: u8, id: &str, suites: &[Suite]) -> Self {
        let config = Config {
            suites: suites.to_vec(),
            ..Config::default()
        };
        Self::with(identity, &format!("x1-{id}"), config)
    }

    /// Its bundle, as the short contact code has it.
    fn short(&mut self) -> Vec<u8> {
        let published = self.transact(|engine, store, env| engine.bundle(store, env));
        published.unwrap().wire
    }

    /// Lets days pass, with a rotation on each.
    fn days(&mut self, days: u64) {
        for _ in 0..days {
            self.later(DAY);
            self.short();
        }
    }

    /// Forgets the KEM prekey of another device, as if a relay had taken every one away.
    fn forget_kem(&mut self, of: &Self) {
        let mut device = self.known(of.key, &of.id).unwrap();
        device.kem.held = None;
        self.transact(|_, store, _| store.put_device(&device))
            .unwrap();
    }

    /// The version of the KEM prekey that is held of another device.
    fn held(&self, of: &Self) -> Option<u32> {
        let device = self.known(of.key, &of.id).unwrap();
        device.kem.held.map(|held| held.version)
    }

    fn marks(&self, other: &Self) -> bool {
        let device = self.known(other.key, &other.id).unwrap();
        device.post_quantum_state() == PostQuantumState::Required
    }

    fn kem_state(&self, of: &Self) -> KemState {
        self.known(of.key, &of.id).unwrap().kem_state()
    }

    /// The versions of the KEM prekeys that the current own prekey keeps.
    fn kept(&self) -> Vec<u32> {
        let own = self.store.current_own_prekey().unwrap().unwrap();
        own.kem.iter().map(|kem| kem.version).collect()
    }

    fn kem_of_bundle(&mut self) -> RawKemPreKey {
        decode_kem_prekeys(&self.bundle()).remove(0).unwrap()
    }

    fn explained(
        &mut self,
        from: IdentityKey,
        envelope: &AddressedMessage,
    ) -> crate::receive::Explained {
        let message = WireMessage::decode(&envelope.wire).unwrap();
        let inspected = message.inspect();
        let request = ReceiveRequest {
            sender: from,
            message: Ok(message),
            confirm: false,
            sealed: false,
        };
        let mut env = Env {
            now: self.now,
            running: self.running,
            rng: &mut self.rng,
        };
        self.store.begin().unwrap();
        let explained = self
            .engine
            .explain(&mut self.store, &mut env, request, inspected);
        self.store.abort().unwrap();
        explained.unwrap()
    }
}

/// Two devices that have imported each other's full code.
fn acquainted() -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    bob.import_bundle(&alice.bundle());
    (alice, bob)
}

/// Two devices that know each other to be post-quantum. Alice has begun their session.
fn post_quantum() -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = acquainted();
    exchange(&mut alice, &mut bob);
    assert!(alice.marks(&bob) && bob.marks(&alice));
    alice.events();
    (alice, bob)
}

fn exchange(alice: &mut TestDevice, bob: &mut TestDevice) {
    let hello = alice.send(bob.key, "hello");
    bob.read(alice.key, &hello);
    let hi = bob.send(alice.key, "hi");
    alice.read(bob.key, &hi);
}

/// Alice knows Bob's newest bundle, and no KEM prekey that serves with it.
fn without_key() -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = post_quantum();
    pass(&mut [&mut alice], 14 * DAY);
    bob.days(14);
    alice.import_bundle(&bob.short());
    alice.events();
    (alice, bob)
}

fn suite(envelope: &AddressedMessage) -> Suite {
    envelope.targets[0].session.unwrap().0
}

fn why_below(envelope: &AddressedMessage) -> Option<NotPostQuantum> {
    envelope.targets[0].not_post_quantum
}

/// The KEM prekeys in a message: device and version.
fn brought(envelope: &AddressedMessage) -> Vec<(String, u32)> {
    let message = WireMessage::decode(&envelope.wire).unwrap();
    let keys = message.bundles.iter().flat_map(|it| decode_kem_prekeys(it));
    keys.map(|key| key.unwrap())
        .map(|key| (key.installation_id, key.version))
        .collect()
}

fn wanted(envelope: &AddressedMessage) -> Vec<String> {
    WireMessage::decode(&envelope.wire).unwrap().kem_wanted
}

/// Which of some messages bring KEM prekeys.
fn riding(envelopes: &[AddressedMessage]) -> Vec<usize> {
    let places = envelopes.iter().enumerate();
    places
        .filter(|(_, envelope)| !brought(envelope).is_empty())
        .map(|(place, _)| place)
        .collect()
}

fn altered(envelope: &AddressedMessage, change: impl FnOnce(&mut WireMessage)) -> AddressedMessage {
    let mut message = WireMessage::decode(&envelope.wire).unwrap();
    change(&mut message);
    AddressedMessage {
        wire: encode_message(message),
        ..envelope.clone()
    }
}

/// The message as a relay passes it on that takes out field 16 of bundles and `kem_wanted`.
fn stripped(envelope: &AddressedMessage) -> AddressedMessage {
    altered(envelope, |message| {
        for bundle in &mut message.bundles {
            *bundle = encode_bundle(decode_bundle(bundle).unwrap());
        }
        message.kem_wanted.clear();
    })
}

fn with_header(
    envelope: &AddressedMessage,
    change: impl FnOnce(&mut WireX3dhHeader),
) -> AddressedMessage {
    altered(envelope, |message| {
        let entry = message.entries.values_mut().next().unwrap();
        change(entry.x3dh.as_mut().unwrap());
    })
}

fn warnings(received: &Received) -> Vec<WarningKind> {
    received.warnings.iter().map(|it| it.kind).collect()
}

fn arrivals(device: &mut TestDevice) -> usize {
    let events = device.events().into_iter();
    events
        .filter(|event| matches!(event, EventKind::KemPreKeyArrived(_)))
        .count()
}

/// A message that carries no text and asks for these.
fn assert_asks(envelope: &AddressedMessage, names: &[&str]) {
    assert_eq!(envelope.targets, []);
    assert_eq!(wanted(envelope), names);
}

impl TestDevice {
    /// A message that sets up a session.
    fn new_session_with(&mut self, other: &Self) -> AddressedMessage {
        let session = self.active(other.key).unwrap();
        let superseded = Session {
            standing: Standing::Superseded { since: self.now },
            ..session
        };
        self.transact(|_, store, _| store.put_session(&superseded))
            .unwrap();
        let message = self.send(other.key, "anew");
        assert_eq!(mode(&message), Mode::X3dh);
        message
    }
}
