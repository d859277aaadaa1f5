//! Which suite a session has, and when a session is left for one of another suite.

use super::*;

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
fn an_advertisement_to_whom_nothing_is_known_of_brings_the_answer() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let asking = alice
        .transact(|engine, store, env| engine.advertise(store, env, &bob.key, None))
        .unwrap();
    assert_eq!(wanted(&asking), ["none"]);
    let reply = bob.receive(alice.key, &asking).reply.expect("the keys");
    alice.receive(bob.key, &reply);
    let first = alice.sent(bob.key, "secret");
    assert!(first.post_quantum());
    assert_eq!(bob.read(alice.key, &first.messages[0]), "secret");
    // With the suite left out nobody is asked.
    let mut carol = TestDevice::using(3, "carol", &[X25519, Secp256k1]);
    let advertised = carol
        .transact(|engine, store, env| engine.advertise(store, env, &bob.key, None))
        .unwrap();
    assert!(wanted(&advertised).is_empty());
    assert_eq!(bob.receive(carol.key, &advertised).reply, None);
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
