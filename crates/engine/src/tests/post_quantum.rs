//! Suite x25519-mlkem768 (protocol §13): how KEM prekeys travel, which suite a session has, and
//! what is written to nobody.

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

// First contact.

#[test]
fn a_first_contact_by_the_short_code_goes_by_x25519_and_the_answer_by_this_suite() {
    let (mut alice, mut bob) = (TestDevice::new(1, "k1-alice"), TestDevice::new(2, "k1-bob"));
    let imported = alice.import_bundle(&bob.short());
    assert_eq!(imported.installations[0].kem, KemState::Missing);
    let hello = alice.sent(bob.key, "hello");
    assert!(!hello.post_quantum());
    let hello = &hello.messages[0];
    assert_eq!(suite(hello), X25519);
    assert_eq!(why_below(hello), Some(NotPostQuantum::KeyMissing));
    assert_eq!(wanted(hello), ["x1-k1-bob"]);
    let received = bob.receive(alice.key, hello);
    assert!(received.forward_secrecy && !received.post_quantum);
    // It brought Alice's KEM prekey, and asked for Bob's.
    let hi = bob.sent(alice.key, "hi");
    assert!(hi.post_quantum());
    let hi = &hi.messages[0];
    assert_eq!((suite(hi), why_below(hi)), (X25519MlKem768, None));
    assert_eq!(brought(hi), [("x1-k1-bob".to_owned(), 1)]);
    assert_eq!(wanted(hi), [""; 0]);
    assert!(alice.receive(bob.key, hi).post_quantum);
    let so = alice.send(bob.key, "so");
    assert_eq!(so.targets[0].session, hi.targets[0].session);
    assert_eq!(wanted(&so), [""; 0]);
}

#[test]
fn the_full_code_protects_the_first_text() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let imported = alice.import_bundle(&bob.bundle());
    assert_eq!(imported.installations[0].kem, KemState::Held);
    assert_eq!(arrivals(&mut alice), 1);
    let hello = alice.send(bob.key, "hello");
    assert_eq!((suite(&hello), why_below(&hello)), (X25519MlKem768, None));
    let received = bob.receive(alice.key, &hello);
    assert!(received.post_quantum);
    let answer = bob.send(alice.key, "hi");
    assert_eq!(answer.targets[0].session, hello.targets[0].session);
    assert_eq!(mode(&answer), Mode::Ratchet);
    assert!(alice.receive(bob.key, &answer).post_quantum);
    assert_eq!(suite(&alice.send(bob.key, "so")), X25519MlKem768);
}

#[test]
fn an_id_without_the_promise_says_that_nothing_is_offered_until_a_kem_prekey_was_seen() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    assert_eq!(
        alice.import_bundle(&bob.short()).installations[0].kem,
        KemState::None
    );
    let below = |alice: &mut TestDevice, bob: &TestDevice| why_below(&alice.send(bob.key, "x"));
    assert_eq!(below(&mut alice, &bob), Some(NotPostQuantum::NotOffered));
    alice.import_bundle(&bob.bundle());
    alice.forget_kem(&bob);
    assert_eq!(below(&mut alice, &bob), Some(NotPostQuantum::KeyMissing));
    // A retry says the same.
    let [first, retry] = [(); 2].map(|()| alice.try_send(&[bob.key], "x", Some("1")).unwrap());
    assert_eq!(first, retry);
    alice.engine.config.suites = vec![X25519];
    assert_eq!(below(&mut alice, &bob), Some(NotPostQuantum::Forbidden));
    // Of nobody known.
    let dh = alice.send(TestDevice::new(3, "carol").key, "x");
    assert_eq!(why_below(&dh), Some(NotPostQuantum::Forbidden));
}

// KEM prekeys.

#[test]
fn a_kem_prekey_is_made_each_week_and_every_own_prekey_keeps_the_one_before() {
    let mut bob = TestDevice::new(2, "bob");
    for version in 1..=30 {
        bob.short();
        let own = bob.store.current_own_prekey().unwrap().unwrap();
        assert_eq!(own.version, version);
        let current = (version - 1) / 7 * 7 + 1;
        let before = (current > 7).then(|| current - 7);
        let expected: Vec<u32> = [Some(current), before].into_iter().flatten().collect();
        assert_eq!(bob.kept(), expected);
        assert_eq!(bob.kem_of_bundle().version, current);
        bob.later(DAY);
    }
}

#[test]
fn the_kem_prekey_before_opens_what_was_encapsulated_to_it_for_14_versions() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    for version in 2..=15 {
        pass(&mut [&mut alice], DAY);
        bob.days(1);
        alice.import_bundle(&bob.short());
        let message = alice.send(bob.key, "x");
        let (state, expected) = match version {
            2..8 => (KemState::Held, Some(KemPreKeyState::Current)),
            8..15 => (KemState::Aged, Some(KemPreKeyState::Before)),
            _ => (KemState::Missing, None),
        };
        assert_eq!(alice.kem_state(&bob), state, "{version}");
        assert_eq!(wanted(&message).is_empty(), state == KemState::Held);
        let explained = bob.explained(alice.key, &message);
        let kem = explained.kem_pre_key;
        assert_eq!(kem.map(|(_, state)| state), expected, "{version}");
        let expected = if version < 15 { X25519MlKem768 } else { X25519 };
        assert_eq!(suite(&message), expected, "{version}");
        assert_eq!(explained.suite, Some(expected));
        assert_eq!(bob.read(alice.key, &message), "x");
    }
}

#[test]
fn no_seed_outlives_the_own_prekeys_that_keep_it() {
    let mut bob = TestDevice::new(2, "bob");
    // Each seed as it stands in the contents, with the prekeys that keep it.
    let mut seeds: Vec<(String, Vec<crypto_core::SignedPreKey>)> = Vec::new();
    let mut first_gone = None;
    for day in 0..45 {
        bob.short();
        let own = bob.store.current_own_prekey().unwrap().unwrap();
        for kem in &own.kem {
            let seed = format!("{:?}", *kem.seed);
            let key = *own.signed.public();
            match seeds.iter_mut().find(|(known, _)| *known == seed) {
                Some((_, keepers)) => keepers.push(key),
                None => seeds.push((seed, vec![key])),
            }
        }
        bob.hours(24);
        let contents = bob.store.contents().concat();
        for (place, (seed, keepers)) in seeds.iter().enumerate() {
            let kept = |key| bob.store.own_prekey(key).unwrap().is_some();
            let is_there = contents.contains(seed);
            assert_eq!(is_there, keepers.iter().any(kept), "{day}");
            if place == 0 && !is_there {
                first_gone.get_or_insert(day);
            }
        }
    }
    assert_eq!(seeds.len(), 7);
    assert!((26..=28).contains(&first_gone.unwrap()), "{first_gone:?}");
}

#[test]
fn an_own_prekey_from_before_there_were_kem_prekeys_is_replaced_at_once() {
    let mut bob = TestDevice::using(2, "bob", &[X25519]);
    let signed = SignedPreKeyPair::generate(&mut bob.rng);
    let ratchet = RatchetPreKeyPair::generate(&mut bob.rng);
    bob.import(signed, Some(ratchet), 5);
    assert_eq!(bob.kept(), [0; 0]);
    bob.short();
    assert_eq!(bob.kept(), [0; 0], "the suite is not in use");
    bob.engine.config.suites = Suite::ALL.to_vec();
    bob.short();
    assert_eq!(bob.kept(), [6]);
    // One without a ratchet prekey is as it was.
    let mut plain = TestDevice::plain(2, "plain");
    plain.short();
    assert_eq!(plain.kept(), [0; 0]);
}

// How they travel.

#[test]
fn a_kem_prekey_rides_on_four_messages_and_each_16th_until_its_receiver_does_not_ask() {
    let (mut alice, mut bob) = acquainted();
    let write = |alice: &mut TestDevice, bob: &TestDevice| -> Vec<_> {
        (0..40).map(|_| alice.send(bob.key, "x")).collect()
    };
    let unheard = write(&mut alice, &bob);
    assert_eq!(riding(&unheard), [0, 1, 2, 3, 19, 35]);
    bob.read(alice.key, &unheard[39]);
    let heard = bob.send(alice.key, "heard");
    alice.read(bob.key, &heard);
    assert_eq!(riding(&write(&mut alice, &bob)), [0; 0]);
    // Asked again, even by a message whose request a relay has forged.
    bob.forget_kem(&alice);
    let asking = bob.send(alice.key, "again");
    assert_eq!(wanted(&asking), ["x1-alice"]);
    alice.read(bob.key, &asking);
    assert_eq!(riding(&write(&mut alice, &bob)), [0, 1, 2, 3, 19, 35]);
    // A new one is due again.
    let heard = bob.send(alice.key, "heard");
    let heard = altered(&heard, |message| message.kem_wanted.clear());
    alice.read(bob.key, &heard);
    assert_eq!(riding(&write(&mut alice, &bob)), [0; 0]);
    alice.days(7);
    let renewed = write(&mut alice, &bob);
    assert_eq!(riding(&renewed), [0, 1, 2, 3, 19, 35]);
    assert_eq!(brought(&renewed[0]), [("x1-alice".to_owned(), 8)]);
}

#[test]
fn a_message_that_asks_for_another_device_has_heard_of_this_one() {
    let (mut alice, mut bob) = acquainted();
    let hello = alice.send(bob.key, "hello");
    bob.read(alice.key, &hello);
    let asking = bob.send(alice.key, "hi");
    let asking = altered(&asking, |it| it.kem_wanted = vec!["x1-other".to_owned()]);
    alice.read(bob.key, &asking);
    assert_eq!(brought(&alice.send(bob.key, "so")), []);
}

#[test]
fn whoever_wrote_first_and_does_not_ask_is_brought_nothing() {
    let (mut alice, mut bob) = acquainted();
    let hello = alice.send(bob.key, "hello");
    bob.read(alice.key, &hello);
    assert_eq!(brought(&bob.send(alice.key, "hi")), []);
    // A device of status-go is brought none, and asked for none.
    let mut plain = TestDevice::plain(3, "plain");
    alice.import_bundle(&plain.short());
    let message = alice.send(plain.key, "x");
    assert_eq!((brought(&message), wanted(&message)), (vec![], vec![]));
    assert_eq!(suite(&message), Secp256k1);
    assert_eq!(plain.read(alice.key, &message), "x");
}

#[test]
fn dh_messages_bring_all_that_is_held_and_public_ones_none() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    phone.import_bundle(&laptop.bundle());
    phone.enable(&laptop.id).unwrap();
    let both = [("x1-phone".to_owned(), 1), ("x1-laptop".to_owned(), 1)];
    let bob = TestDevice::new(2, "bob").key;
    assert_eq!(brought(&phone.send(bob, "by DH")), both);
    let advertised = phone.transact(|engine, store, env| engine.advertise(store, env, &bob, None));
    assert_eq!(brought(&advertised.unwrap()), both);
    let public = phone.transact(|engine, store, env| engine.public_message(store, env, b"x"));
    assert_eq!(brought(&public.unwrap()), []);
    // Of a device that the bundle does not list, none.
    phone.disable(&laptop.id).unwrap();
    assert_eq!(brought(&phone.send(bob, "by DH")), both[..1]);
}

#[test]
fn a_sibling_passes_on_what_it_holds() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    let mut bob = TestDevice::new(2, "bob");
    phone.import_bundle(&laptop.bundle());
    phone.enable(&laptop.id).unwrap();
    phone.import_bundle(&bob.bundle());
    let hello = phone.sent(bob.key, "hello");
    bob.read(phone.key, &hello.messages[0]);
    assert_eq!((bob.held(&phone), bob.held(&laptop)), (Some(1), Some(1)));
    let answer = bob.sent(phone.key, "hi");
    assert!(answer.post_quantum());
    laptop.read(bob.key, &answer.messages[0]);
    phone.read(bob.key, &answer.messages[0]);
}

#[test]
fn at_most_four_are_asked_for_and_read() {
    let mut alice = TestDevice::new(1, "alice");
    alice.engine.config.max_devices = 8;
    for n in 0..6 {
        alice.import_bundle(&TestDevice::new(2, &format!("bob-{n}")).short());
    }
    let bob = TestDevice::new(2, "bob-0").key;
    let message = alice.send(bob, "x");
    assert_eq!(message.targets.len(), 6);
    // Field 17, 8 bytes.
    let field = [&[0x8a, 0x01, 8][..], b"x1-bob-"].concat();
    let asked_for = |envelope: &AddressedMessage| {
        let places = envelope.wire.windows(field.len());
        places.filter(|place| *place == field).count()
    };
    assert_eq!(asked_for(&message), MAX_KEM_PREKEYS_PER_BUNDLE);
    let advertised = alice.transact(|engine, store, env| engine.advertise(store, env, &bob, None));
    assert_eq!(asked_for(&advertised.unwrap()), MAX_KEM_PREKEYS_PER_BUNDLE);
    let crowded = altered(&message, |message| {
        message.kem_wanted = (0..9).map(|n| n.to_string()).collect();
    });
    assert_eq!(wanted(&crowded), ["0", "1", "2", "3"]);
}

#[test]
fn names_in_field_16_are_asked_for_as_well_and_a_number_there_is_the_contact_mark() {
    let mut alice = TestDevice::new(1, "alice");
    let message = alice.send(TestDevice::new(2, "bob").key, "x");
    let with_field_16 = |field: &[u8]| {
        let wire = [
            message.wire.as_slice(),
            &[0x80 | field[0], 0x01],
            &field[1..],
        ]
        .concat();
        WireMessage::decode(&wire).unwrap()
    };
    let named = with_field_16(&[2, 4, b'n', b'a', b'm', b'e']);
    assert_eq!(
        (named.kem_wanted, named.contact),
        (vec!["name".to_owned()], None)
    );
    let marked = with_field_16(&[0, 1]);
    assert_eq!(marked.kem_wanted, [""; 0]);
    assert_eq!(marked.contact, Some(ContactMark::Request));
}

#[test]
fn after_a_rollback_a_kem_prekey_that_was_lost_is_replaced() {
    let (mut alice, mut bob) = post_quantum();
    bob.transact(|engine, store, env| {
        engine.expire_all_sessions(store, env, crate::model::RollbackKind::Older)
    })
    .unwrap();
    let version = bob.kept()[0];
    assert!(version > 1_000);
    let message = bob.send(alice.key, "anew");
    assert_eq!(brought(&message), [("x1-bob".to_owned(), version)]);
    alice.read(bob.key, &message);
    assert_eq!(alice.held(&bob), Some(version));
    let answer = alice.send(bob.key, "answer");
    assert_eq!(bob.read(alice.key, &answer), "answer");
}

#[test]
fn an_asking_advertisement_is_answered_within_the_limits_and_writes_nothing() {
    let (mut alice, mut bob) = without_key();
    let asking = alice.send(bob.key, "secret");
    assert_asks(&asking, &["x1-bob"]);
    bob.receive(alice.key, &asking);
    bob.later(2 * HOUR);
    bob.short();
    let before = bob.store.contents();
    let received = bob.receive(alice.key, &asking);
    assert_eq!(received.outcome, Outcome::Bundle);
    let reply = received.reply.unwrap();
    assert_eq!(brought(&reply), [("x1-bob".to_owned(), 15)]);
    assert!(bob.receive(alice.key, &asking).reply.is_none());
    bob.later(2 * HOUR);
    for nothing in [&[][..], &["x1-other"], &["bob"]] {
        let other = altered(&asking, |message| {
            message.kem_wanted = nothing.iter().map(|&name| name.to_owned()).collect();
        });
        assert!(bob.receive(alice.key, &other).reply.is_none());
    }
    assert!(bob.receive(alice.key, &asking).reply.is_some());
    // Nor where the suite is left out.
    bob.later(2 * HOUR);
    bob.engine.config.suites = vec![X25519];
    assert!(bob.receive(alice.key, &asking).reply.is_none());
    assert_eq!(bob.store.contents(), before);
}

// Which suite.

#[test]
fn a_session_below_is_left_once_a_kem_prekey_is_held() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.short());
    let hello = stripped(&alice.send(bob.key, "hello"));
    bob.read(alice.key, &hello);
    let hi = bob.send(alice.key, "hi");
    assert_eq!(suite(&hi), X25519);
    alice.read(bob.key, &stripped(&hi));
    let so = alice.send(bob.key, "so");
    assert_eq!((suite(&so), mode(&so)), (X25519, Mode::Ratchet));
    alice.import_bundle(&bob.bundle());
    let up = alice.send(bob.key, "up");
    assert_eq!((suite(&up), mode(&up)), (X25519MlKem768, Mode::X3dh));
    for (text, message) in [("up", &up), ("so", &so)] {
        assert_eq!(bob.read(alice.key, message), text);
    }
    let answer = bob.send(alice.key, "on it");
    assert_eq!(answer.targets[0].session, up.targets[0].session);
}

#[test]
fn a_due_rekey_and_a_long_silence_lead_up_or_nowhere() {
    // Alice reads on a session of this suite without having held a KEM prekey of Bob.
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.import_bundle(&alice.bundle());
    let hello = bob.send(alice.key, "hello");
    alice.read(bob.key, &stripped(&hello));
    assert!(!alice.marks(&bob));
    bob.days(1);
    alice.import_bundle(&bob.short());
    assert!(alice.known(bob.key, &bob.id).unwrap().rekey_due);
    let kept = alice.send(bob.key, "kept");
    assert_eq!(kept.targets[0].session, hello.targets[0].session);
    alice.import_bundle(&bob.bundle());
    let renewed = alice.send(bob.key, "renewed");
    assert_eq!(suite(&renewed), X25519MlKem768);
    assert_ne!(renewed.targets[0].session, hello.targets[0].session);
    // She waits for an answer to that.
    alice.engine.config.unanswered_messages = 2;
    let second = alice.send(bob.key, "second");
    assert_eq!(second.targets[0].session, renewed.targets[0].session);
    alice.forget_kem(&bob);
    let third = alice.send(bob.key, "third");
    assert_eq!(third.targets[0].session, renewed.targets[0].session);
    alice.import_bundle(&bob.bundle());
    let fourth = alice.send(bob.key, "fourth");
    assert_ne!(fourth.targets[0].session, renewed.targets[0].session);
    assert_eq!(suite(&fourth), X25519MlKem768);
    for message in [&kept, &renewed, &second, &third, &fourth] {
        assert!(bob.receive(alice.key, message).post_quantum);
    }
}

#[test]
fn an_expired_session_holds_nobody_up() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    assert_eq!(suite(&alice.send(bob.key, "x")), X25519MlKem768);
    // Bob is not known to be post-quantum: he has not answered.
    alice.forget_kem(&bob);
    bob.days(1);
    alice.import_bundle(&bob.short());
    let below = alice.send(bob.key, "below");
    assert_eq!(suite(&below), X25519);
    assert_eq!(bob.read(alice.key, &below), "below");
    // A session on an own prekey that was replaced.
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.import_bundle(&alice.bundle());
    let hello = bob.send(alice.key, "hello");
    alice.read(bob.key, &stripped(&hello));
    assert_eq!(suite(&alice.send(bob.key, "x")), X25519MlKem768);
    alice.later(DAY);
    assert_eq!(suite(&alice.send(bob.key, "x")), X25519);
}

#[test]
fn of_crossing_sessions_that_of_this_suite_wins_whatever_their_secrets() {
    for seed in 0..8 {
        let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
        alice.rng = SplitMix64(1000 + seed);
        bob.rng = SplitMix64(2000 + seed);
        alice.import_bundle(&bob.short());
        bob.import_bundle(&alice.bundle());
        let below: Vec<_> = (0..4).map(|_| alice.send(bob.key, "below")).collect();
        let above = bob.send(alice.key, "above");
        assert_eq!((suite(&below[0]), suite(&above)), (X25519, X25519MlKem768));
        alice.read(bob.key, &above);
        for message in &below {
            bob.read(alice.key, message);
            let active = bob.active(alice.key).unwrap().id;
            assert_eq!(Some(active), above.targets[0].session.map(|(_, id)| id));
        }
        let answers = [alice.send(bob.key, "a"), bob.send(alice.key, "b")];
        for answer in &answers {
            assert_eq!(answer.targets[0].session, above.targets[0].session);
        }
    }
}

#[test]
fn sessions_of_this_suite_that_cross_are_decided_at_both_ends_alike() {
    let mut winners = [0, 0];
    for seed in 0..8 {
        let (mut alice, mut bob) = acquainted();
        alice.rng = SplitMix64(1000 + seed);
        bob.rng = SplitMix64(2000 + seed);
        let (a, b) = (alice.send(bob.key, "a"), bob.send(alice.key, "b"));
        bob.read(alice.key, &a);
        alice.read(bob.key, &b);
        let actives = [alice.active(bob.key), bob.active(alice.key)].map(|it| it.unwrap().id);
        assert_eq!(actives[0], actives[1]);
        winners[usize::from(a.targets[0].session.unwrap().1 == actives[0])] += 1;
    }
    assert!(winners.iter().all(|won| *won > 0), "{winners:?}");
}

#[test]
fn without_this_suite_in_the_set_its_sessions_are_left_and_no_key_is_brought_or_asked_for() {
    let (mut alice, mut bob) = post_quantum();
    let on_it = bob.send(alice.key, "on it");
    alice.engine.config.suites = vec![X25519, Secp256k1];
    assert_eq!(alice.refusal(bob.key, &on_it), Reason::SuiteForbidden);
    let first = bob.new_session_with(&alice);
    assert_eq!(alice.refusal(bob.key, &first), Reason::SuiteForbidden);
    let below = alice.send(bob.key, "below");
    assert_eq!(suite(&below), X25519);
    assert_eq!(why_below(&below), Some(NotPostQuantum::Forbidden));
    assert_eq!((brought(&below), wanted(&below)), (vec![], vec![]));
    assert_eq!(alice.bundle(), alice.short());
    let received = bob.receive(alice.key, &below);
    assert_eq!(warnings(&received), [WarningKind::BelowPostQuantum]);
    alice.days(8);
    assert_eq!(alice.kept(), [8, 1], "they are made all the same");
    let dh = alice.send(TestDevice::new(3, "carol").key, "x");
    assert_eq!(brought(&dh), []);
    // In the set again, nothing is forgotten.
    alice.engine.config.suites = Suite::ALL.to_vec();
    assert_eq!(suite(&alice.send(bob.key, "above")), X25519MlKem768);
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

#[test]
fn with_this_suite_alone_no_text_leaves_before_a_kem_prekey_is_there() {
    let only = [X25519MlKem768];
    let mut alice = TestDevice::using(1, "alice", &only);
    let mut bob = TestDevice::using(2, "bob", &only);
    // Of an identity of which nothing is known, any KEM prekey is asked for.
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(!sent.post_quantum());
    assert_asks(&sent.messages[0], &["none"]);
    let received = bob.receive(alice.key, &sent.messages[0]);
    assert_eq!(received.outcome, Outcome::Bundle);
    let reply = received.reply.expect("the KEM prekey");
    assert_eq!(alice.receive(bob.key, &reply).outcome, Outcome::Bundle);
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(sent.post_quantum());
    assert_eq!(bob.read(alice.key, &sent.messages[0]), "secret");
    let answer = bob.send(alice.key, "hi");
    assert!(alice.receive(bob.key, &answer).post_quantum);
    // What is not of this suite is not read.
    let mut carol = TestDevice::new(3, "carol");
    carol.import_bundle(&bob.short());
    let below = carol.send(bob.key, "below");
    assert_eq!(bob.refusal(carol.key, &below), Reason::SuiteForbidden);
}

#[test]
fn a_device_that_has_kem_prekeys_is_asked_and_one_that_has_none_is_refused() {
    for suites in [&[X25519MlKem768][..], &[X25519MlKem768, Secp256k1]] {
        let mut alice = TestDevice::using(1, "alice", suites);
        let (mut promising, mut silent) = (
            TestDevice::new(2, "k1-bob"),
            TestDevice::new(3, "without-promise"),
        );
        alice.import_bundle(&promising.short());
        alice.import_bundle(&silent.short());
        let sent = alice.sent(promising.key, "x");
        assert_asks(&sent.messages[0], &["x1-k1-bob"]);
        assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
        let refused = alice.try_send(&[silent.key], "x", None);
        assert!(matches!(refused, Err(SendError::SuiteForbidden { .. })));
        // By an id that promises nothing, once one was shown.
        alice.import_bundle(&silent.bundle());
        assert!(alice.sent(silent.key, "x").post_quantum());
        alice.forget_kem(&silent);
        silent.days(1);
        alice.import_bundle(&silent.short());
        let sent = alice.sent(silent.key, "x");
        assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
        // A device without ratchet prekey.
        let mut plain = TestDevice::plain(4, "plain");
        alice.import_bundle(&plain.short());
        let sent = alice.try_send(&[plain.key], "x", None);
        match suites {
            [_] => assert!(matches!(sent, Err(SendError::SuiteForbidden { .. }))),
            _ => assert_eq!(suite(&sent.unwrap().messages[0]), Secp256k1),
        }
    }
}

#[test]
fn with_secp256k1_alone_everybody_is_written_to_in_that() {
    let mut alice = TestDevice::using(1, "alice", &[Secp256k1]);
    let mut bob = TestDevice::new(2, "bob");
    alice.import_bundle(&bob.bundle());
    let message = alice.send(bob.key, "x");
    assert_eq!(suite(&message), Secp256k1);
    assert_eq!(bob.read(alice.key, &message), "x");
}

// Post-quantum devices.

#[test]
fn nothing_is_written_below_to_a_post_quantum_device() {
    let (mut alice, mut bob) = without_key();
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(!sent.post_quantum());
    assert_eq!(sent.skipped.len(), 1);
    assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
    assert_eq!(sent.messages.len(), 1);
    assert_asks(&sent.messages[0], &["x1-bob"]);
    assert_eq!(alice.sessions(bob.key).len(), 1, "no new session");
    // Both find back, and the same request id sends.
    let reply = bob.receive(alice.key, &sent.messages[0]).reply.unwrap();
    alice.receive(bob.key, &reply);
    assert_eq!(arrivals(&mut alice), 1);
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(sent.post_quantum());
    assert_eq!(bob.read(alice.key, &sent.messages[0]), "secret");
    let again = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert_eq!(again, sent);

    // Nor on a session below that he has begun.
    let (mut alice, mut bob) = post_quantum();
    bob.reset(alice.key, None).unwrap();
    let below = stripped(&bob.send(alice.key, "below"));
    assert_eq!(suite(&below), X25519);
    let received = alice.receive(bob.key, &below);
    assert_eq!(warnings(&received), [WarningKind::BelowPostQuantum]);
    assert!(!alice.active(bob.key).unwrap().post_quantum);
    alice.forget_kem(&bob);
    let asking = alice.sent(bob.key, "secret");
    assert_eq!(asking.skipped[0].reason, SkipReason::KemKeyMissing);
    assert_asks(&asking.messages[0], &["x1-bob"]);
}

#[test]
fn our_own_devices_get_a_copy_of_a_text_when_it_is_sent() {
    let (mut alice, mut bob) = without_key();
    let mut laptop = TestDevice::new(1, "laptop");
    alice.import_bundle(&laptop.bundle());
    alice.enable(&laptop.id).unwrap();
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert_eq!(sent.messages.len(), 1);
    assert_asks(&sent.messages[0], &["x1-bob"]);
    let reply = bob.receive(alice.key, &sent.messages[0]).reply.unwrap();
    alice.receive(bob.key, &reply);
    let sent = alice.try_send(&[bob.key], "secret", Some("1")).unwrap();
    assert!(sent.post_quantum());
    let [to_bob, copy] = &sent.messages[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(bob.read(alice.key, to_bob), "secret");
    assert_eq!(laptop.read(alice.key, copy), "secret");
}

#[test]
fn a_device_left_out_is_asked_for_with_the_copies_for_its_siblings() {
    let mut alice = TestDevice::new(1, "alice");
    let (mut phone, mut laptop) = (TestDevice::new(2, "phone"), TestDevice::new(2, "laptop"));
    phone.import_bundle(&laptop.bundle());
    phone.enable(&laptop.id).unwrap();
    laptop.import_bundle(&phone.bundle());
    laptop.enable(&phone.id).unwrap();
    alice.import_bundle(&phone.bundle());
    let hello = alice.send(phone.key, "hello");
    assert_eq!(hello.targets.len(), 2);
    for device in [&mut phone, &mut laptop] {
        device.read(alice.key, &hello);
        let answer = device.sent(alice.key, "hi");
        alice.read(device.key, &answer.messages[0]);
    }
    alice.forget_kem(&phone);
    phone.later(DAY);
    alice.import_bundle(&phone.short());
    let sent = alice.sent(phone.key, "to the laptop");
    assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
    assert_eq!(sent.messages[0].targets.len(), 1);
    assert_eq!(wanted(&sent.messages[0]), ["x1-phone"]);
}

#[test]
fn a_device_is_post_quantum_once_a_message_was_read_while_its_kem_prekey_was_held() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.import_bundle(&alice.bundle());
    let hello = bob.send(alice.key, "hello");
    alice.read(bob.key, &stripped(&hello));
    let state = |alice: &TestDevice, bob: &TestDevice| {
        let view = alice.engine.viewer();
        let views = view.installations(&alice.store, alice.now, Some(&bob.key));
        let view = views.unwrap().remove(0);
        (view.post_quantum, view.kem_version)
    };
    assert_eq!(state(&alice, &bob), (PostQuantumState::None, None));
    alice.import_bundle(&bob.bundle());
    assert_eq!(state(&alice, &bob), (PostQuantumState::Offered, Some(1)));
    alice.events();
    for _ in 0..2 {
        let again = bob.send(alice.key, "again");
        alice.read(bob.key, &again);
    }
    assert_eq!(state(&alice, &bob), (PostQuantumState::Required, Some(1)));
    let told = |event: &EventKind| matches!(event, EventKind::PostQuantum(_));
    assert_eq!(alice.events().iter().filter(|event| told(event)).count(), 1);
    // A message below does not show it.
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.short());
    let hello = alice.send(bob.key, "hello");
    bob.read(alice.key, &hello);
    assert!(bob.held(&alice).is_some() && !bob.marks(&alice));
}

#[test]
fn a_message_below_gives_a_warning_only_from_a_post_quantum_device() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.import_bundle(&alice.short());
    alice.import_bundle(&bob.bundle());
    let below = [bob.send(alice.key, "1"), bob.send(alice.key, "2")];
    assert_eq!(warnings(&alice.receive(bob.key, &below[0])), []);
    exchange(&mut alice, &mut bob);
    assert!(alice.marks(&bob));
    let warned = warnings(&alice.receive(bob.key, &below[1]));
    assert_eq!(warned, [WarningKind::BelowPostQuantum]);
    alice.engine.config.suites = vec![X25519];
    assert_eq!(warnings(&alice.receive(bob.key, &below[1])), []);
}

#[test]
fn a_reset_forgets_the_kem_prekey_and_the_mark() {
    let (mut alice, mut bob) = post_quantum();
    let mut laptop = TestDevice::new(2, "laptop");
    laptop.import_bundle(&bob.bundle());
    laptop.enable(&bob.id).unwrap();
    alice.reset(bob.key, Some(&bob.id)).unwrap();
    let known = alice.known(bob.key, &bob.id).unwrap();
    assert_eq!(known.kem_state(), KemState::None);
    assert_eq!(known.post_quantum_state(), PostQuantumState::None);
    let below = alice.send(bob.key, "below");
    assert_eq!(suite(&below), X25519);
    // What a sibling holds of it may be of a program that is gone.
    laptop.import_bundle(&alice.short());
    let of_laptop = laptop.send(alice.key, "hello");
    assert_eq!(brought(&of_laptop).len(), 2);
    alice.read(laptop.key, &of_laptop);
    assert_eq!((alice.held(&bob), alice.held(&laptop)), (None, Some(1)));
    let of_bob = bob.send(alice.key, "hello");
    let of_bob = altered(&of_bob, |message| message.bundles = vec![bob.bundle()]);
    alice.read(bob.key, &of_bob);
    assert_eq!(alice.held(&bob), Some(1));
}

#[test]
fn a_device_that_was_set_up_again_is_asked_for_its_new_kem_prekeys() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.days(20);
    pass(&mut [&mut alice], 20 * DAY);
    alice.import_bundle(&bob.bundle());
    bob.import_bundle(&alice.bundle());
    exchange(&mut alice, &mut bob);
    assert_eq!(alice.held(&bob), Some(15));
    let mut anew = TestDevice::new(2, "bob");
    anew.rng = SplitMix64(99);
    anew.now = bob.now;
    anew.later(HOUR);
    alice.later(HOUR);
    anew.import_bundle(&alice.bundle());
    let hello = anew.send(alice.key, "hello");
    let received = alice.receive(bob.key, &hello);
    assert!(received.post_quantum);
    assert!(warnings(&received).contains(&WarningKind::VersionWentBack));
    assert_eq!(alice.held(&bob), None);
    let again = anew.send(alice.key, "again");
    alice.read(bob.key, &again);
    assert_eq!(alice.held(&bob), Some(1));
}

#[test]
fn a_text_by_dh_is_refused_where_a_device_is_post_quantum() {
    let (mut alice, mut bob) = post_quantum();
    let step = |alice: &mut TestDevice, to, text: &str, mark| {
        let request = SendRequest {
            recipients: vec![to],
            payload: text.as_bytes().to_vec().into(),
            request_id: None,
            seal: None,
        };
        let step = alice.transact(|engine, store, env| match mark {
            ContactMark::Decline => engine.decline_contact(store, env, &request, &to, true),
            _ => engine.request_contact(store, env, &request, &to),
        });
        step.map(|change| change.sent.messages)
    };
    let decline = ContactMark::Decline;
    let refused = step(&mut alice, bob.key, "no, because", decline);
    assert!(matches!(refused, Err(SendError::SuiteForbidden { .. })));
    let declined = step(&mut alice, bob.key, "", decline).unwrap();
    assert_eq!(declined[0].targets[0].mode, Mode::Dh);
    let received = bob.receive(alice.key, &declined[0]);
    assert_eq!(received.outcome, Outcome::Contact(decline));
    // While the suite is in use.
    alice.engine.config.suites = vec![X25519];
    assert!(step(&mut alice, bob.key, "no, because", decline).is_ok());
    // Of nobody known, with this suite alone.
    alice.engine.config.suites = vec![X25519MlKem768];
    let carol = TestDevice::new(3, "carol").key;
    for mark in [ContactMark::Request, decline] {
        let refused = step(&mut alice, carol, "text", mark);
        assert!(matches!(refused, Err(SendError::SuiteForbidden { .. })));
    }
    let contact = alice.engine.viewer().contact(&alice.store, &carol).unwrap();
    assert_eq!(contact.state, ContactState::None, "nothing is recorded");
    assert!(step(&mut alice, carol, "", decline).is_ok());
}

#[test]
fn a_group_key_is_withheld_like_a_text_and_given_under_the_same_request_id() {
    let (mut alice, mut bob) = without_key();
    let group = GroupId::new(&[7; 33]).unwrap();
    let (me, peer) = (alice.key, bob.key);
    alice
        .transact(|engine, store, _| engine.trust_group_setters(store, &group, &[me]))
        .unwrap();
    let give = |alice: &mut TestDevice, fresh: bool| {
        let request = GroupKeyRequest {
            group: group.clone(),
            recipients: Some(vec![peer]),
            request_id: Some(format!("{fresh}")),
            seal: None,
        };
        let given = alice.transact(|engine, store, env| {
            if fresh {
                engine.create_group_key(store, env, &request)
            } else {
                engine.share_group_key(store, env, &request)
            }
        });
        given.unwrap()
    };
    let made = give(&mut alice, true);
    assert_asks(&made.sent.messages[0], &["x1-bob"]);
    assert_eq!(give(&mut alice, true), made, "no second key is made");
    let asking = give(&mut alice, false).sent.messages.remove(0);
    assert_asks(&asking, &["x1-bob"]);
    let reply = bob.receive(alice.key, &asking).reply.unwrap();
    alice.receive(bob.key, &reply);
    let shared = give(&mut alice, false);
    assert_eq!(shared.key, made.key);
    assert_eq!(suite(&shared.sent.messages[0]), X25519MlKem768);
}

#[test]
fn our_own_devices_get_no_weaker_copy() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    let mut bob = TestDevice::new(2, "bob");
    phone.import_bundle(&laptop.short());
    phone.enable(&laptop.id).unwrap();
    laptop.import_bundle(&phone.short());
    laptop.enable(&phone.id).unwrap();
    phone.import_bundle(&bob.bundle());
    let sent = phone.sent(bob.key, "hello");
    assert_eq!(suite(&sent.messages[0]), X25519MlKem768);
    assert_eq!(suite(&sent.messages[1]), X25519);
    assert!(!sent.post_quantum(), "one weak copy gives the text away");
    phone.import_bundle(&laptop.bundle());
    laptop.import_bundle(&phone.bundle());
    assert!(phone.sent(bob.key, "hello").post_quantum());
    exchange_own(&mut phone, &mut laptop);
    assert!(phone.marks(&laptop));
    // The laptop's KEM prekey is lost.
    phone.forget_kem(&laptop);
    laptop.days(1);
    phone.later(DAY);
    phone.import_bundle(&laptop.short());
    let sent = phone.try_send(&[bob.key], "x", Some("1")).unwrap();
    assert_eq!(suite(&sent.messages[0]), X25519MlKem768);
    assert_asks(&sent.messages[1], &["x1-laptop"]);
    assert_eq!(sent.skipped[0].reason, SkipReason::KemKeyMissing);
    // What was sent to others is not sent twice.
    assert_eq!(phone.try_send(&[bob.key], "x", Some("1")).unwrap(), sent);
    let note = phone.try_send(&[phone.key], "note", Some("2")).unwrap();
    assert_asks(&note.messages[0], &["x1-laptop"]);
    let reply = laptop.receive(phone.key, &note.messages[0]).reply.unwrap();
    phone.receive(phone.key, &reply);
    let note = phone.try_send(&[phone.key], "note", Some("2")).unwrap();
    assert_eq!(laptop.read(phone.key, &note.messages[0]), "note");
}

fn exchange_own(phone: &mut TestDevice, laptop: &mut TestDevice) {
    let note = phone.sent(phone.key, "note").messages.remove(0);
    laptop.read(phone.key, &note);
    let note = laptop.sent(phone.key, "note").messages.remove(0);
    phone.read(phone.key, &note);
}

// Reading field 16.

/// A bundle with these objects in field 16.
fn beside(bundle: &[u8], objects: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = bundle.to_vec();
    for object in objects {
        // Field 16, length-delimited.
        wire.extend([0x82, 0x01]);
        let length = u16::try_from(object.len()).unwrap();
        wire.extend([
            u8::try_from(length & 0x7f).unwrap() | 0x80,
            u8::try_from(length >> 7).unwrap(),
        ]);
        wire.extend(object);
    }
    wire
}

#[test]
fn a_bad_kem_prekey_gives_a_warning_and_breaks_nothing() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let (short, good) = (bob.short(), bob.kem_of_bundle());
    let bob_identity = IdentityKeyPair::from_secret_bytes(&[2; 32]).unwrap();
    let signed = |change: &dyn Fn(&mut RawKemPreKey)| {
        let mut raw = good.clone();
        change(&mut raw);
        let key = KemPreKey::from_stored(&raw.key).unwrap();
        let id = InstallationId::parse(&raw.installation_id).unwrap();
        let signature = sign_kem_prekey(&bob_identity, &id, raw.version, &key);
        raw.signature = signature.to_bytes().to_vec();
        raw
    };
    let with = |change: &dyn Fn(&mut RawKemPreKey)| {
        let mut raw = good.clone();
        change(&mut raw);
        raw
    };
    let cut = |raw: &mut RawKemPreKey, length| raw.key.resize(length, 0);
    let bad = [
        with(&|raw| cut(raw, 1183)),
        with(&|raw| cut(raw, 1185)),
        with(&|raw| raw.key.clear()),
        with(&|raw| raw.installation_id.clear()),
        with(&|raw| raw.installation_id = "not an id".to_owned()),
        with(&|raw| raw.signature.clear()),
        with(&|raw| raw.signature[5] ^= 1),
        with(&|raw| raw.version = 0),
        with(&|raw| raw.key[7] ^= 1),
        signed(&|raw| raw.key[..3].fill(0xff)),
        // The last coefficient.
        signed(&|raw| raw.key[1149..1152].fill(0xff)),
    ];
    for raw in bad {
        let wire = with_kem_prekeys(short.clone(), vec![raw.clone()]);
        let imported = alice.import_bundle(&wire);
        let kinds: Vec<_> = imported.warnings.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [WarningKind::InvalidKemPreKey], "{raw:?}");
        assert_eq!(imported.installations.len(), 1);
        assert_eq!(alice.held(&bob), None);
    }
    let no_protobuf = beside(&short, &[vec![0xff; 3]]);
    let imported = alice.import_bundle(&no_protobuf);
    assert_eq!(imported.warnings[0].kind, WarningKind::InvalidKemPreKey);
    // A message with one is read.
    bob.import_bundle(&alice.short());
    let message = altered(&bob.send(alice.key, "x"), |message| {
        message.bundles = vec![beside(&short, &[vec![0xff; 3]])];
    });
    let received = alice.receive(bob.key, &message);
    assert_eq!(warnings(&received), [WarningKind::InvalidKemPreKey]);
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    assert_eq!(alice.held(&bob), None);
}

#[test]
fn of_more_than_four_kem_prekeys_four_are_looked_at() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let (short, good) = (bob.short(), bob.kem_of_bundle());
    let other = RawKemPreKey {
        installation_id: "x1-other".to_owned(),
        ..good.clone()
    };
    let mut keys = vec![other; MAX_KEM_PREKEYS_PER_BUNDLE];
    keys.push(good);
    let import = |alice: &mut TestDevice, keys: &[RawKemPreKey]| {
        let imported = alice.import_bundle(&with_kem_prekeys(short.clone(), keys.to_vec()));
        imported.warnings.len()
    };
    assert_eq!(import(&mut alice, &keys), 1);
    assert_eq!(alice.held(&bob), None);
    assert_eq!(import(&mut alice, &keys[1..]), 0);
    assert_eq!(alice.held(&bob), Some(1));
}

#[test]
fn what_is_of_no_use_is_passed_over_before_anything_is_computed() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let mut plain = TestDevice::plain(2, "plain");
    bob.short();
    bob.days(1);
    assert_eq!(bob.kept(), [1]);
    alice.import_bundle(&plain.short());
    // Its signature is not looked at.
    let unsigned = |id: &str, version| RawKemPreKey {
        installation_id: id.to_owned(),
        version,
        key: vec![0xff; 1184],
        signature: Vec::new(),
    };
    let own = beside(&alice.short(), &[]);
    let own = with_kem_prekeys(own, vec![unsigned("x1-alice", 1)]);
    assert_eq!(alice.import_bundle(&own).warnings, []);
    alice.import_bundle(&bob.bundle());
    for (id, version) in [
        ("x1-unknown", 1),
        ("plain", 1),
        ("x1-bob", 1),
        ("x1-bob", 3),
        ("x1-bob", u32::MAX),
        ("x1-bob", 0),
    ] {
        let wire = with_kem_prekeys(bob.short(), vec![unsigned(id, version)]);
        assert_eq!(alice.import_bundle(&wire).warnings, [], "{id} {version}");
    }
    assert_eq!(alice.held(&bob), Some(1));
    let newer = with_kem_prekeys(bob.short(), vec![unsigned("x1-bob", 2)]);
    assert_eq!(alice.import_bundle(&newer).warnings.len(), 1);
}

#[test]
fn an_old_kem_prekey_brought_again_is_passed_over() {
    let (mut alice, mut bob) = post_quantum();
    let old = bob.kem_of_bundle();
    let held = |alice: &TestDevice, bob: &TestDevice| {
        let device = alice.known(bob.key, &bob.id).unwrap();
        device.kem.held.unwrap().key.id()
    };
    bob.days(7);
    pass(&mut [&mut alice], 7 * DAY);
    alice.import_bundle(&bob.bundle());
    let newest = held(&alice, &bob);
    let again = with_kem_prekeys(bob.short(), vec![old.clone()]);
    assert_eq!(alice.import_bundle(&again).warnings, []);
    assert_eq!(held(&alice, &bob), newest);
    // Nor under the version of the newest.
    let renamed = RawKemPreKey { version: 8, ..old };
    let again = with_kem_prekeys(bob.short(), vec![renamed]);
    alice.import_bundle(&again);
    assert_eq!(held(&alice, &bob), newest);
    assert_eq!(alice.held(&bob), Some(8));
}

#[test]
fn field_16_changes_no_session_and_no_standing() {
    let (mut alice, mut bob) = post_quantum();
    alice.forget_kem(&bob);
    let before = alice.fingerprint();
    let prekey = alice.known(bob.key, &bob.id).unwrap().prekey;
    alice.import_bundle(&bob.bundle());
    assert_eq!(alice.held(&bob), Some(1));
    assert_eq!(alice.fingerprint(), before);
    assert_eq!(alice.known(bob.key, &bob.id).unwrap().prekey, prekey);
}

#[test]
fn arrivals_of_kem_prekeys_are_events_up_to_the_daily_limit_of_the_identity() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.short());
    alice.import_bundle(&bob.bundle());
    alice.import_bundle(&bob.bundle());
    assert_eq!(arrivals(&mut alice), 1);
    // One that takes the place of another that serves is no news.
    bob.days(7);
    alice.import_bundle(&bob.bundle());
    assert_eq!((alice.held(&bob), arrivals(&mut alice)), (Some(8), 0));
    let known = alice.store.peer(&bob.key).unwrap().unwrap();
    assert_eq!(known.discoveries.told, 2, "the device, and its KEM prekey");
    alice.forget_kem(&bob);
    let mut full = known;
    full.discoveries.told = MAX_DISCOVERIES_TOLD;
    alice
        .transact(|_, store, _| store.put_peer(&Peer { ..full }))
        .unwrap();
    alice.import_bundle(&bob.bundle());
    assert_eq!((alice.held(&bob), arrivals(&mut alice)), (Some(8), 0));
    alice.forget_kem(&bob);
    alice.later(DAY);
    alice.import_bundle(&bob.bundle());
    assert_eq!(arrivals(&mut alice), 1);
}

// First messages.

/// Every byte of the X3DH header of a message, each with a bit changed.
fn header_changes(envelope: &AddressedMessage) -> Vec<AddressedMessage> {
    let mut changes = Vec::new();
    for place in 0..33 + 33 + 32 + KEM_CIPHERTEXT_BYTES {
        changes.push(with_header(envelope, |header| {
            let mut bytes = [
                &mut header.key,
                &mut header.id,
                &mut header.kem_id,
                &mut header.kem_ciphertext,
            ]
            .into_iter()
            .flatten();
            *bytes.nth(place).unwrap() ^= 1 << (place % 8);
            assert_eq!(bytes.count(), 1185 - place);
        }));
    }
    // The signs of both keys.
    changes.push(with_header(envelope, |header| header.key[0] ^= 1));
    changes.push(with_header(envelope, |header| header.id[0] ^= 1));
    // Another suite, and other forms.
    changes.push(with_header(envelope, |header| {
        header.kem_id.clear();
        header.kem_ciphertext.clear();
    }));
    changes.push(with_header(envelope, |header| header.kem_id.clear()));
    changes.push(with_header(envelope, |header| {
        header.kem_ciphertext.clear()
    }));
    changes.push(with_header(envelope, |header| header.kem_id.push(0)));
    changes.push(with_header(envelope, |header| {
        header.kem_ciphertext.push(0)
    }));
    changes
}

#[test]
fn a_first_message_with_any_bit_of_its_header_changed_opens_nothing() {
    let (mut alice, mut bob) = acquainted();
    let [first, second] = ["first", "second"].map(|text| alice.send(bob.key, text));
    // Known or not, its session is another one.
    for message in [&first, &second] {
        let before = bob.store.contents();
        for changed in header_changes(message) {
            let refused = bob.receive(alice.key, &changed);
            assert!(matches!(refused.outcome, Outcome::Undecryptable(_)));
            assert!(bob.store.contents() == before);
        }
        bob.receive(alice.key, message);
    }
    assert_eq!(bob.sessions(alice.key).len(), 1);
    assert_eq!(bob.sessions(alice.key)[0].received, 2);
}

#[test]
fn what_is_wrong_with_a_first_message_is_told_in_the_order_of_the_checks() {
    let (mut alice, mut bob) = acquainted();
    let first = alice.send(bob.key, "first");
    let other = with_header(&first, |header| header.kem_ciphertext[500] ^= 1);
    assert_eq!(bob.refusal(alice.key, &other), Reason::AuthenticationFailed);
    let strange = with_header(&first, |header| header.kem_id[3] ^= 1);
    let received = bob.receive(alice.key, &strange);
    assert_eq!(
        received.outcome,
        Outcome::Undecryptable(Reason::PreKeyNotFound)
    );
    assert_eq!(brought(&received.reply.unwrap()).len(), 1);
    let explained = bob.explained(alice.key, &strange);
    let state = explained.kem_pre_key.unwrap().1;
    assert_eq!(state, KemPreKeyState::NotOurs);
    let cut = with_header(&first, |header| header.kem_id.truncate(31));
    assert_eq!(bob.refusal(alice.key, &cut), Reason::Malformed);
    // On the other curve.
    let turned = altered(&first, |message| {
        let entry = message.entries.values_mut().next().unwrap();
        let x3dh = entry.x3dh.clone().unwrap();
        entry.dr.as_mut().unwrap().key = x3dh.key;
    });
    assert_eq!(bob.refusal(alice.key, &turned), Reason::Malformed);
    bob.engine.config.suites = vec![X25519];
    assert_eq!(bob.refusal(alice.key, &cut), Reason::Malformed);
    assert_eq!(bob.refusal(alice.key, &strange), Reason::SuiteForbidden);
    assert_eq!(bob.refusal(alice.key, &first), Reason::SuiteForbidden);
    bob.engine.config.suites = vec![X25519MlKem768];
    assert_eq!(bob.read(alice.key, &first), "first");
    // Its session is erased, and does not come back.
    let id = bob.sessions(alice.key)[0].id;
    bob.transact(|_, store, _| store.remove_session(&id))
        .unwrap();
    assert_eq!(bob.refusal(alice.key, &first), Reason::MessageKeyGone);
    bob.engine.config.max_first_messages = 1;
    let mut anew = TestDevice::new(1, "alice");
    anew.rng = SplitMix64(5);
    anew.import_bundle(&bob.bundle());
    let second = anew.send(bob.key, "second");
    assert_eq!(bob.refusal(alice.key, &second), Reason::TooManySessions);
}

#[test]
fn a_first_message_to_a_kem_prekey_that_its_signed_prekey_does_not_keep_finds_no_prekey() {
    let (mut alice, mut bob) = acquainted();
    bob.days(7);
    // The newer KEM prekey, which the older signed prekey does not keep.
    let mut known = alice.known(bob.key, &bob.id).unwrap();
    let held = known.kem.held.as_mut().unwrap();
    held.key = KemPreKey::from_stored(&bob.kem_of_bundle().key).unwrap();
    alice
        .transact(|_, store, _| store.put_device(&known))
        .unwrap();
    let first = alice.send(bob.key, "x");
    assert_eq!(bob.refusal(alice.key, &first), Reason::PreKeyNotFound);
}

#[test]
fn the_header_is_repeated_until_the_answer_and_what_it_took_is_dropped_then() {
    let (mut alice, mut bob) = acquainted();
    let x3dh = |message: &AddressedMessage| {
        let message = WireMessage::decode(&message.wire).unwrap();
        message.entries.into_values().next().unwrap().x3dh
    };
    let messages: Vec<_> = (0..3).map(|_| alice.send(bob.key, "x")).collect();
    let first = x3dh(&messages[0]).unwrap();
    assert_eq!(first.kem_ciphertext.len(), KEM_CIPHERTEXT_BYTES);
    for message in &messages {
        let header = x3dh(message).unwrap();
        assert_eq!(header.kem_id, first.kem_id);
        assert_eq!(header.kem_ciphertext, first.kem_ciphertext);
    }
    // Any of them sets the session up.
    bob.read(alice.key, &messages[2]);
    assert!(alice.sessions(bob.key)[0].kem.is_some());
    let answer = bob.send(alice.key, "hi");
    alice.read(bob.key, &answer);
    assert!(alice.sessions(bob.key)[0].kem.is_none());
    assert!(x3dh(&alice.send(bob.key, "so")).is_none());
    bob.read(alice.key, &messages[0]);
    // No m serves twice.
    let other = x3dh(&alice.new_session_with(&bob)).unwrap();
    assert_eq!(other.kem_id, first.kem_id);
    assert_ne!(other.kem_ciphertext, first.kem_ciphertext);
}

#[test]
fn a_message_without_x3dh_header_is_read_on_sessions_of_both_suites_of_the_curve() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.short());
    let below = alice.send(bob.key, "below");
    bob.read(alice.key, &stripped(&below));
    let answer = bob.send(alice.key, "answer");
    alice.read(bob.key, &stripped(&answer));
    alice.import_bundle(&bob.bundle());
    let above = alice.send(bob.key, "above");
    // On the same prekey of Bob.
    let late = bob.send(alice.key, "late");
    bob.read(alice.key, &above);
    let answer = bob.send(alice.key, "answer");
    for (message, expected) in [(&answer, true), (&late, false)] {
        assert_eq!(mode(message), Mode::Ratchet);
        let received = alice.receive(bob.key, message);
        assert!(matches!(received.outcome, Outcome::Decrypted(_)));
        assert_eq!(received.post_quantum, expected);
    }
}

// What is shown.

#[test]
fn inspecting_shows_kem_prekeys_headers_and_what_is_asked_for() {
    let (mut alice, mut bob) = acquainted();
    let full = inspect_bundle(&bob.bundle()).unwrap();
    let key = bob.kem_of_bundle();
    let id = KemPreKey::from_stored(&key.key).unwrap().id();
    assert_eq!(full.fault, None);
    let [shown] = &full.kem_pre_keys[..] else {
        panic!("{full:?}")
    };
    assert_eq!((shown.installation.as_str(), shown.version), ("x1-bob", 1));
    assert_eq!((shown.id, shown.valid), (Some(id), true));
    assert_eq!(inspect_bundle(&bob.short()).unwrap().kem_pre_keys, []);
    let forged = RawKemPreKey { version: 2, ..key };
    let forged = with_kem_prekeys(bob.short(), vec![forged]);
    let shown = inspect_bundle(&forged).unwrap().kem_pre_keys.remove(0);
    assert_eq!((shown.id, shown.valid), (Some(id), false));

    let first = alice.send(bob.key, "first");
    let inspected = inspect_message(&first.wire).unwrap();
    let header = inspected.targets[0].x3dh.as_ref().unwrap();
    assert_eq!(header.kem_id, id.as_bytes());
    assert_eq!(header.kem_ciphertext_bytes, KEM_CIPHERTEXT_BYTES);
    assert_eq!(inspected.kem_wanted, [""; 0]);
    let explained = bob.explained(alice.key, &first);
    assert_eq!(explained.kem_pre_key, Some((id, KemPreKeyState::Current)));
    assert_eq!(explained.suite, Some(X25519MlKem768));
    bob.read(alice.key, &first);
    alice.forget_kem(&bob);
    let asking = alice.send(bob.key, "asking");
    let inspected = inspect_message(&asking.wire).unwrap();
    assert_eq!(inspected.kem_wanted, ["x1-bob"]);
    let explained = bob.explained(alice.key, &asking);
    assert_eq!(explained.sessions.len(), 1);
    assert_eq!(explained.suite, Some(X25519MlKem768));
}
