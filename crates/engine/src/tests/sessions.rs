//! Which session is sent on, through crossings, losses and rotations (protocol §7).

use crypto_core::SharedKeyPrefix;

use super::*;
use crate::model::SkipReason;

#[test]
fn two_sessions_that_cross_settle_on_one_at_both_ends() {
    // Both began before they heard from each other; at both, the session whose SK comes first in
    // byte order wins.
    for seed in 1..9 {
        let (mut alice, mut bob) = (
            TestDevice::new(seed, "alice"),
            TestDevice::new(100 + seed, "bob"),
        );
        let (a, b) = (alice.bundle(), bob.bundle());
        alice.import_bundle(&b);
        bob.import_bundle(&a);
        let from_alice = alice.send(bob.key, "from alice");
        let from_bob = bob.send(alice.key, "from bob");
        let (sk_alice, sk_bob) = (order(&alice, bob.key), order(&bob, alice.key));
        let first_in_byte_order = if sk_alice < sk_bob {
            from_alice.targets[0].session
        } else {
            from_bob.targets[0].session
        };
        assert_eq!(bob.read(alice.key, &from_alice), "from alice");
        assert_eq!(alice.read(bob.key, &from_bob), "from bob");
        assert_eq!(
            alice.active(bob.key).map(|session| session.id),
            first_in_byte_order.map(|(_, id)| id)
        );
        let (ours, theirs) = (
            alice.active(bob.key).unwrap(),
            bob.active(alice.key).unwrap(),
        );
        assert_eq!(ours.id, theirs.id);
        for (one, other) in [(&mut alice, &mut bob)] {
            for turn in 0..3 {
                let there = one.send(other.key, "there");
                assert_eq!(there.targets[0].session.unwrap().1, ours.id, "turn {turn}");
                other.read(one.key, &there);
                let back = other.send(one.key, "back");
                assert_eq!(back.targets[0].session.unwrap().1, ours.id);
                one.read(other.key, &back);
            }
        }
    }
}

/// What is kept of the SK of the session that waits for its answer.
fn order(device: &TestDevice, with: IdentityKey) -> SharedKeyPrefix {
    match device.active(with).unwrap().handshake {
        crate::model::Handshake::Unconfirmed { order, .. } => order.unwrap(),
        crate::model::Handshake::Established => panic!("answered"),
    }
}

/// Alice begins two sessions, a week apart, before Bob receives any message: the messages of each.
pub(super) fn two_unanswered(
    seed: u8,
) -> (
    TestDevice,
    TestDevice,
    Vec<AddressedMessage>,
    Vec<AddressedMessage>,
) {
    let (mut alice, mut bob) = (TestDevice::new(seed, "alice"), TestDevice::new(100, "bob"));
    alice.import_bundle(&bob.bundle());
    let first = (0..5)
        .map(|n| alice.send(bob.key, &format!("first {n}")))
        .collect();
    pass(&mut [&mut alice, &mut bob], 7 * DAY);
    let second = (0..5)
        .map(|n| alice.send(bob.key, &format!("second {n}")))
        .collect();
    (alice, bob, first, second)
}

/// Removes what tells messages of before a re-key from later ones.
pub(super) fn strip_bundles<'a>(envelopes: impl Iterator<Item = &'a mut AddressedMessage>) {
    for envelope in envelopes {
        let mut message = crate::wire::WireMessage::decode(&envelope.wire).unwrap();
        message.bundles.clear();
        envelope.wire = crate::wire::encode_message(message);
    }
}

pub(super) fn id(envelope: &AddressedMessage) -> crypto_core::SessionId {
    envelope.targets[0].session.unwrap().1
}

#[test]
fn a_superseded_session_comes_back_at_once_if_its_id_is_first_and_else_at_its_second_move_in_a_row()
{
    let mut orders = [0, 0];
    for seed in 1..12 {
        // Without bundles nothing tells Bob which session is the later one.
        let (alice, mut bob, mut first, mut second) = two_unanswered(seed);
        strip_bundles(first.iter_mut().chain(&mut second));
        let from = alice.key;
        let active = |bob: &TestDevice| bob.active(from).unwrap().id;
        bob.read(from, &second[0]);
        bob.read(from, &first[0]);
        assert_eq!(
            active(&bob),
            id(&first[0]),
            "the newest to arrive is active"
        );
        let comes_at_once = id(&second[0]) < id(&first[0]);
        orders[usize::from(comes_at_once)] += 1;
        bob.read(from, &second[1]);
        if comes_at_once {
            assert_eq!(active(&bob), id(&second[0]));
            continue;
        }
        assert_eq!(active(&bob), id(&first[0]));
        // A message on the active session in between: the others are not in a row.
        bob.read(from, &first[1]);
        bob.read(from, &second[2]);
        assert_eq!(active(&bob), id(&first[0]));
        bob.read(from, &second[3]);
        assert_eq!(active(&bob), id(&second[0]));
    }
    assert!(orders[0] > 0 && orders[1] > 0, "{orders:?}");
}

#[test]
fn a_session_begun_before_a_rekey_is_superseded_from_birth_and_stays_so() {
    for seed in 1..6 {
        let (alice, mut bob, first, second) = two_unanswered(seed);
        let from = alice.key;
        bob.read(from, &second[0]);
        for late in &first {
            bob.read(from, late);
            assert_eq!(bob.active(from).unwrap().id, id(&second[0]));
        }
    }
}

#[test]
fn an_old_bundle_added_on_the_way_does_not_make_a_message_old() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let old = alice.bundle();
    alice.import_bundle(&bob.bundle());
    pass(&mut [&mut alice, &mut bob], DAY);
    alice.import_bundle(&bob.bundle());
    let mut first = alice.send(bob.key, "new");
    let mut message = crate::wire::WireMessage::decode(&first.wire).unwrap();
    message.bundles.push(old.clone());
    message.bundles.insert(0, old);
    first.wire = crate::wire::encode_message(message);
    assert_eq!(bob.read(alice.key, &first), "new");
    assert_eq!(
        bob.active(alice.key).map(|session| session.id),
        Some(id(&first))
    );
}

#[test]
fn a_message_of_a_past_chain_is_distinguished_from_a_forgery() {
    let (mut alice, mut bob) = established();
    let seen = alice.send(bob.key, "seen");
    bob.read(alice.key, &seen);
    for _ in 0..3 {
        let answer = bob.send(alice.key, "answer");
        alice.read(bob.key, &answer);
        let next = alice.send(bob.key, "next");
        bob.read(alice.key, &next);
    }
    assert_eq!(bob.refusal(alice.key, &seen), Reason::MessageKeyGone);
}

#[test]
fn the_loser_of_a_crossing_reads_late_messages_and_does_not_come_back_while_the_winner_stands() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let (a, b) = (alice.bundle(), bob.bundle());
    alice.import_bundle(&b);
    bob.import_bundle(&a);
    let from_alice: Vec<_> = (0..4)
        .map(|n| alice.send(bob.key, &format!("a{n}")))
        .collect();
    let from_bob: Vec<_> = (0..4)
        .map(|n| bob.send(alice.key, &format!("b{n}")))
        .collect();
    bob.read(alice.key, &from_alice[0]);
    alice.read(bob.key, &from_bob[0]);
    let winner = alice.active(bob.key).unwrap().id;
    for n in 1..4 {
        assert_eq!(bob.read(alice.key, &from_alice[n]), format!("a{n}"));
        assert_eq!(alice.read(bob.key, &from_bob[n]), format!("b{n}"));
    }
    assert_eq!(alice.active(bob.key).unwrap().id, winner);
    assert_eq!(bob.active(alice.key).unwrap().id, winner);
}

#[test]
fn a_higher_prekey_expires_the_session_on_the_old_one_and_the_next_message_begins_another() {
    let (mut alice, mut bob) = established();
    let before = alice.active(bob.key).unwrap().id;
    let late = alice.send(bob.key, "late");
    pass(&mut [&mut alice, &mut bob], DAY);
    let rotated = bob.bundle();
    let imported = alice.import_bundle(&rotated);
    assert!(imported.installations[0].is_newer && !imported.installations[0].is_new);
    assert!(matches!(
        alice.sessions(bob.key)[0].standing,
        Standing::Expired { .. }
    ));

    let anew = alice.send(bob.key, "anew");
    assert_eq!(mode(&anew), Mode::X3dh);
    assert_ne!(anew.targets[0].session.unwrap().1, before);
    assert_eq!(bob.read(alice.key, &anew), "anew");
    assert_eq!(bob.read(alice.key, &late), "late");
    assert_eq!(
        bob.active(alice.key).unwrap().id,
        anew.targets[0].session.unwrap().1
    );
    let answer = bob.send(alice.key, "answer");
    assert_eq!(alice.read(bob.key, &answer), "answer");
}

#[test]
fn our_own_rotation_expires_a_session_at_use_and_a_listener_is_sent_our_bundle_once() {
    let (mut alice, mut bob) = established();
    let written: Vec<_> = (0..3)
        .map(|n| alice.send(bob.key, &format!("{n}")))
        .collect();
    pass(&mut [&mut alice, &mut bob], DAY);
    bob.bundle();
    // Alice still sends to the old prekey: that is read, and answered with the bundle, because Bob
    // has sent her nothing since.
    let first = bob.receive(alice.key, &written[0]);
    assert!(matches!(first.outcome, Outcome::Decrypted(_)));
    let reply = first.reply.unwrap();
    assert!(bob.receive(alice.key, &written[1]).reply.is_none());
    assert!(matches!(
        alice.receive(bob.key, &reply).outcome,
        Outcome::Bundle
    ));
    let anew = alice.send(bob.key, "anew");
    assert_eq!(mode(&anew), Mode::X3dh);
    assert_eq!(bob.read(alice.key, &anew), "anew");
    assert_eq!(bob.read(alice.key, &written[2]), "2");
}

#[test]
fn a_listener_that_has_heard_from_us_since_our_rotation_is_sent_nothing() {
    let (mut alice, mut bob) = established();
    let written = alice.send(bob.key, "on the old prekey");
    pass(&mut [&mut alice, &mut bob], DAY);
    bob.send(alice.key, "rotated, and on its way");
    assert!(bob.receive(alice.key, &written).reply.is_none());
}

#[test]
fn a_message_sent_before_a_rekey_is_read_and_changes_no_standing() {
    let (mut alice, mut bob) = established();
    // Bob's message with his old bundle is held back; his new bundle and a new session come first.
    let held = bob.send(alice.key, "held");
    pass(&mut [&mut alice, &mut bob], DAY);
    let anew = bob.send(alice.key, "rotated");
    assert_eq!(alice.read(bob.key, &anew), "rotated");
    let to_new = alice.send(bob.key, "to the new prekey");
    bob.read(alice.key, &to_new);
    let active = alice.active(bob.key).unwrap().id;
    assert_eq!(alice.read(bob.key, &held), "held");
    assert_eq!(alice.active(bob.key).unwrap().id, active);
}

#[test]
fn an_initiator_that_is_never_answered_begins_another_session_after_a_week_or_a_thousand_messages()
{
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let first = alice.send(bob.key, "first").targets[0].session.unwrap().1;
    assert_eq!(
        alice.send(bob.key, "same").targets[0].session.unwrap().1,
        first
    );
    alice.later(7 * DAY);
    let second = alice.send(bob.key, "a week later").targets[0]
        .session
        .unwrap()
        .1;
    assert_ne!(first, second);
    for _ in 1..1000 {
        assert_eq!(
            alice.send(bob.key, "x").targets[0].session.unwrap().1,
            second
        );
    }
    assert_ne!(
        alice.send(bob.key, "x").targets[0].session.unwrap().1,
        second
    );
}

#[test]
fn sessions_of_a_peer_that_starts_over_with_every_message_stay_bounded() {
    let config = Config {
        max_sessions_per_device: 5,
        max_first_messages: 12,
        ..Config::default()
    };
    let mut bob = TestDevice::with(2, "x1-bob", config);
    let bundle = bob.bundle();
    for start in 0..20_u64 {
        let mut alice = TestDevice::new(1, "alice");
        alice.rng = SplitMix64(1000 + start);
        alice.import_bundle(&bundle);
        let first = alice.send(bob.key, "again");
        let received = bob.receive(alice.key, &first);
        if start < 12 {
            assert!(matches!(received.outcome, Outcome::Decrypted(_)), "{start}");
        } else {
            assert_eq!(
                received.outcome,
                Outcome::Undecryptable(Reason::TooManySessions)
            );
        }
        assert!(bob.sessions(alice.key).len() <= 5, "{start}");
        assert!(bob.active(alice.key).is_some());
    }
}

#[test]
fn a_first_message_cannot_revive_a_session_that_was_dropped() {
    let config = Config {
        max_sessions_per_device: 1,
        ..Config::default()
    };
    let mut bob = TestDevice::with(2, "x1-bob", config);
    let bundle = bob.bundle();
    let mut firsts = Vec::new();
    for start in 0..3_u64 {
        let mut alice = TestDevice::new(1, "alice");
        alice.rng = SplitMix64(start);
        alice.import_bundle(&bundle);
        firsts.push((alice.key, alice.send(bob.key, "first")));
        let (from, first) = firsts.last().unwrap();
        bob.read(*from, first);
    }
    let (from, first) = &firsts[0];
    assert_eq!(bob.refusal(*from, first), Reason::MessageKeyGone);
}

#[test]
fn at_most_three_devices_get_a_copy_and_the_others_are_named() {
    let mut alice = TestDevice::new(1, "alice");
    let mut devices: Vec<TestDevice> = (0..5)
        .map(|n| TestDevice::new(2, &format!("bob-{n}")))
        .collect();
    for (hours, device) in devices.iter_mut().enumerate() {
        device.later(hours as u64 * 60_000);
        let bundle = device.bundle();
        alice.import_bundle(&bundle);
    }
    let sent = alice.sent(devices[0].key, "to all");
    let reached: Vec<_> = sent.messages[0]
        .targets
        .iter()
        .map(|t| t.installation.clone().unwrap())
        .collect();
    // The most recently active first.
    assert_eq!(reached, [4, 3, 2].map(|n: usize| devices[n].id.clone()));
    let skipped: Vec<_> = sent
        .skipped
        .iter()
        .map(|s| (s.installation.clone(), s.reason))
        .collect();
    assert_eq!(
        skipped,
        [1, 0].map(|n: usize| (devices[n].id.clone(), SkipReason::OverLimit))
    );
    let alice_key = alice.key;
    for n in [2, 3, 4] {
        assert_eq!(devices[n].read(alice_key, &sent.messages[0]), "to all");
    }
    assert_eq!(
        devices[0].refusal(alice_key, &sent.messages[0]),
        Reason::OtherInstallation
    );
}

#[test]
fn a_forbidden_suite_is_neither_sent_nor_read_and_nothing_falls_back() {
    let only = |suite| Config {
        suites: vec![suite],
        ..Config::default()
    };
    let mut modern = TestDevice::with(1, "x1-modern", only(crypto_core::Suite::X25519));
    let mut plain = TestDevice::plain(2, "plain");
    modern.import_bundle(&plain.bundle());
    let refused = modern.try_send(&[plain.key], "x", None);
    assert!(matches!(refused, Err(SendError::SuiteForbidden { .. })));

    let mut old = TestDevice::with(3, "x1-old", only(crypto_core::Suite::Secp256k1));
    let mut third = TestDevice::new(4, "third");
    third.import_bundle(&old.bundle());
    let message = third.send(old.key, "x");
    assert_eq!(old.refusal(third.key, &message), Reason::SuiteForbidden);
    plain.import_bundle(&modern.bundle());
    // The entry carries the ratchet prekey, so x25519 is used, although the sender's own has none.
    assert_eq!(
        plain.send(modern.key, "x").targets[0].session.unwrap().0,
        crypto_core::Suite::X25519
    );
}

#[test]
fn in_suite_secp256k1_the_device_is_taken_from_a_bundle_only() {
    let (mut alice, mut bob) = (
        TestDevice::plain(1, "alice-phone"),
        TestDevice::plain(2, "bob-phone"),
    );
    alice.import_bundle(&bob.bundle());
    let mut message = crate::wire::WireMessage::decode(&alice.send(bob.key, "hello").wire).unwrap();
    message.installation = "someone-else".to_owned();
    message.bundles.clear();
    let renamed = crate::wire::encode_message(message);
    let received = bob.try_receive(alice.key, &renamed, true).unwrap();
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    let session = &bob.sessions(alice.key)[0];
    assert_eq!(
        (
            session.installation.as_ref(),
            session.standing == Standing::Active
        ),
        (None, false)
    );
    // With her bundle the session is hers, and is answered on.
    let next = alice.send(bob.key, "with my bundle");
    assert_eq!(bob.read(alice.key, &next), "with my bundle");
    let session = bob.active(alice.key).unwrap();
    assert_eq!(session.installation.as_ref(), Some(&alice.id));
    let answer = bob.send(alice.key, "answer");
    assert_eq!(mode(&answer), Mode::Ratchet);
    assert_eq!(alice.read(bob.key, &answer), "answer");
}

#[test]
fn a_batch_that_is_lost_was_never_sent_and_a_request_id_gives_the_same_bytes() {
    let (mut alice, bob) = established();
    let first = alice.try_send(&[bob.key], "once", Some("r")).unwrap();
    let before = alice.fingerprint();
    assert_eq!(
        alice.try_send(&[bob.key], "once", Some("r")).unwrap(),
        first
    );
    assert_eq!(alice.fingerprint(), before);
    let other = alice.try_send(&[bob.key], "other", Some("r"));
    assert!(matches!(other, Err(SendError::RequestIdReused)));
    alice.later(DAY + 1);
    alice.sweep();
    assert_ne!(
        alice.try_send(&[bob.key], "once", Some("r")).unwrap(),
        first
    );

    let before = alice.fingerprint();
    let request = SendRequest {
        recipients: vec![bob.key],
        payload: b"lost".to_vec().into(),
        request_id: None,
        seal: None,
    };
    alice.store.begin().unwrap();
    let mut env = Env {
        now: alice.now,
        running: alice.running,
        rng: &mut alice.rng,
    };
    alice
        .engine
        .send(&mut alice.store, &mut env, &request)
        .unwrap();
    alice.store.crash();
    assert_eq!(alice.fingerprint(), before);
}

#[test]
fn several_unanswered_sessions_on_one_prekey_are_all_answered() {
    let config = Config {
        unanswered_messages: 1,
        ..Config::default()
    };
    let mut alice = TestDevice::new(1, "alice");
    alice.engine.config = config;
    let mut bob = TestDevice::new(2, "bob");
    alice.import_bundle(&bob.bundle());
    let firsts: Vec<AddressedMessage> = (0..4)
        .map(|n| alice.send(bob.key, &format!("{n}")))
        .collect();
    for (n, first) in firsts.iter().enumerate() {
        let mut answering = TestDevice::new(2, "bob");
        answering.bundle();
        answering.rng = SplitMix64(500 + n as u64);
        answering.read(alice.key, first);
        let answer = answering.send(alice.key, &format!("to {n}"));
        assert_eq!(answer.targets[0].session, first.targets[0].session);
        assert_eq!(alice.read(bob.key, &answer), format!("to {n}"));
    }
}

#[test]
fn a_message_skipped_long_ago_is_found_whatever_came_after() {
    let (mut alice, mut bob) = established();
    let held = alice.send(bob.key, "held");
    // More chains than a session remembers the keys of,
    for _ in 0..70 {
        let there = alice.send(bob.key, "there");
        bob.read(alice.key, &there);
        let back = bob.send(alice.key, "back");
        alice.read(bob.key, &back);
    }
    // and more sessions on the same prekey than are tried.
    for _ in 0..8 {
        alice.reset(bob.key, None).unwrap();
        let anew = alice.send(bob.key, "anew");
        bob.read(alice.key, &anew);
    }
    assert_eq!(bob.read(alice.key, &held), "held");
}

#[test]
fn a_session_that_the_peer_began_gives_way_to_its_new_prekey_too() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    bob.import_bundle(&alice.bundle());
    let hello = bob.send(alice.key, "hello");
    assert_eq!(alice.read(bob.key, &hello), "hello");
    assert_eq!(mode(&alice.send(bob.key, "hi")), Mode::Ratchet);
    bob.later(DAY);
    alice.import_bundle(&bob.bundle());
    let anew = alice.send(bob.key, "on the new prekey");
    assert_eq!(mode(&anew), Mode::X3dh);
    assert_eq!(bob.read(alice.key, &anew), "on the new prekey");
}

#[test]
fn among_the_devices_of_an_identity_the_named_one_is_tried_first_and_few_others() {
    let mut bob = TestDevice::plain(2, "bob");
    let mut devices: Vec<TestDevice> = (0..10)
        .map(|n| TestDevice::plain(1, &format!("alice-{n}")))
        .collect();
    let alice = devices[0].key;
    for device in &mut devices {
        device.import_bundle(&bob.bundle());
        let hello = device.send(bob.key, "hello");
        bob.read(alice, &hello);
        // Each is answered alone: a device over the limit would get no copy.
        let answer = bob
            .sent(alice, "answer")
            .messages
            .into_iter()
            .find(|envelope| {
                let mut reached = envelope.targets.iter();
                reached.any(|target| target.installation.as_ref() == Some(&device.id))
            });
        device.read(bob.key, &answer.unwrap());
        device.later(1);
        bob.later(1);
    }
    // The oldest session, under a header key that is new to Bob.
    let from_first = devices[0].send(bob.key, "from the first");
    assert_eq!(mode(&from_first), Mode::Ratchet);
    let mut renamed = crate::wire::WireMessage::decode(&from_first.wire).unwrap();
    renamed.installation = devices[9].id.to_string();
    renamed.bundles.clear();
    let renamed = crate::wire::encode_message(renamed);
    let refused = bob.try_receive(alice, &renamed, true).unwrap();
    assert_eq!(
        refused.outcome,
        Outcome::Undecryptable(Reason::SessionNotFound)
    );
    assert_eq!((refused.session, refused.message), (None, None));
    assert_eq!(bob.read(alice, &from_first), "from the first");
    // Read again, its chain is known, and so is the session.
    let gone = bob.receive(alice, &from_first);
    assert_eq!(gone.outcome, Outcome::Undecryptable(Reason::MessageKeyGone));
    assert_eq!(
        gone.session,
        from_first.targets[0].session.map(|(_, id)| id)
    );
}
