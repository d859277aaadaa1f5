//! Skipped messages, and how many of their keys are kept.

use super::*;

/// This many messages, each with its number as text.
fn numbered(from: &mut TestDevice, to: IdentityKey, count: usize) -> Vec<AddressedMessage> {
    (0..count).map(|n| from.send(to, &format!("{n}"))).collect()
}

/// Alice, Bob, who keeps ten keys of a session, and 30 messages to him.
fn little_room() -> (TestDevice, TestDevice, Vec<AddressedMessage>) {
    let config = Config {
        max_message_keys: 10,
        ..Config::default()
    };
    let (mut alice, mut bob) = (
        TestDevice::new(1, "alice"),
        TestDevice::with(2, "x1-bob", config),
    );
    meet(&mut alice, &mut bob);
    let sent = numbered(&mut alice, bob.key, 30);
    (alice, bob, sent)
}

#[test]
fn a_thousand_missing_messages_are_passed_over_and_one_more_is_refused() {
    let (mut alice, mut bob) = established();
    let sent = numbered(&mut alice, bob.key, 1003);
    // Message 0 of this chain was "so" in `established`: numbers begin after it.
    assert_eq!(bob.refusal(alice.key, &sent[1001]), Reason::TooManySkipped);
    assert_eq!(bob.read(alice.key, &sent[1000]), "1000");
    assert_eq!(bob.read(alice.key, &sent[1001]), "1001");
    for n in [0, 500, 999] {
        assert_eq!(bob.read(alice.key, &sent[n]), format!("{n}"));
        assert_eq!(bob.refusal(alice.key, &sent[n]), Reason::MessageKeyGone);
    }
}

#[test]
fn stored_keys_stay_bounded_and_the_oldest_go_first() {
    let (alice, mut bob, sent) = little_room();
    assert_eq!(bob.read(alice.key, &sent[29]), "29");
    let session = bob.active(alice.key).unwrap().id;
    assert_eq!(bob.store.stored_key_count(&session).unwrap(), 10);
    assert_eq!(bob.refusal(alice.key, &sent[18]), Reason::MessageKeyGone);
    assert_eq!(bob.read(alice.key, &sent[19]), "19");
}

#[test]
fn an_identity_we_have_not_answered_keeps_three_thousand_skipped_keys_whatever_its_devices() {
    let mut bob = TestDevice::new(2, "bob");
    let mut devices = ["phone", "laptop"].map(|name| TestDevice::new(1, name));
    let alice = devices[0].key;
    let sent = devices.each_mut().map(|device| {
        device.engine.config.unanswered_messages = u64::MAX;
        device.import_bundle(&bob.bundle());
        numbered(device, bob.key, 2 * 1001)
    });
    let keys = |bob: &TestDevice| {
        let sessions = bob.sessions(alice);
        let keys = sessions
            .iter()
            .map(|session| bob.store.stored_key_count(&session.id).unwrap());
        keys.sum::<u64>()
    };
    for sent in &sent {
        bob.read(alice, &sent[1000]);
    }
    bob.read(alice, &sent[0][2001]);
    assert_eq!(keys(&bob), 3000);
    assert_eq!(bob.read(alice, &sent[1][0]), "0");
    // With one more the oldest gap is dropped, that of the first device.
    bob.read(alice, &sent[1][1002]);
    assert_eq!(keys(&bob), 2000);
    assert_eq!(bob.refusal(alice, &sent[0][0]), Reason::MessageKeyGone);
    assert_eq!(bob.read(alice, &sent[0][1001]), "1001");
    assert_eq!(bob.read(alice, &sent[1][999]), "999");
    // Gaps of identities that we have answered are not counted with those of strangers.
    bob.send(alice, "so you are real");
    bob.read(alice, &sent[1][2001]);
    let before = keys(&bob);
    let later = numbered(&mut devices[0], bob.key, 1001);
    bob.read(alice, &later[1000]);
    assert_eq!(keys(&bob), before + 1000);
    assert!(keys(&bob) > 3000);
}

#[test]
fn a_gap_that_is_nearly_used_up_costs_no_other_key_until_there_are_many() {
    let (alice, mut bob, sent) = little_room();
    // Of each four skipped messages all but the oldest are read: twice as many places are kept as
    // keys.
    for gap in 0..6 {
        for n in [4, 1, 2, 3] {
            let n = gap * 5 + n;
            assert_eq!(bob.read(alice.key, &sent[n]), format!("{n}"));
        }
    }
    let session = bob.active(alice.key).unwrap().id;
    assert_eq!(bob.store.stored_key_count(&session).unwrap(), 5);
    assert_eq!(bob.refusal(alice.key, &sent[0]), Reason::MessageKeyGone);
    for gap in 1..6 {
        let n = gap * 5;
        assert_eq!(bob.read(alice.key, &sent[n]), format!("{n}"));
    }
    assert!(!bob.store.has_stored_keys(&session).unwrap());
}
