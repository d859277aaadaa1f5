//! First contacts, and the keys themselves: when a KEM prekey is made, how long it is kept and
//! serves.

use super::*;

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
