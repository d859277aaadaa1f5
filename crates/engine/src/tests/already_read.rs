//! Messages that come again after they were confirmed, and those whose key is gone for another
//! reason. Of the first nobody is told, so none of the others may pass for one.

use super::*;
use crate::{model::StoredKey, wire::encode_message};

type NewDevice = fn(u8, &str) -> TestDevice;
const SUITES: [NewDevice; 2] = [TestDevice::new, TestDevice::plain];

fn met(make: NewDevice) -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = (make(1, "alice"), make(2, "bob"));
    meet(&mut alice, &mut bob);
    (alice, bob)
}

/// Reads a message and confirms it in a second call; how many were confirmed.
fn read_and_confirm(at: &mut TestDevice, from: IdentityKey, message: &AddressedMessage) -> usize {
    let received = at.try_receive(from, &message.wire, false).unwrap();
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    confirm(at, message)
}

fn confirm(at: &mut TestDevice, message: &AddressedMessage) -> usize {
    let id = message.targets[0].message;
    at.transact(|engine, store, _| engine.confirm(store, &[id]))
        .unwrap()
}

#[test]
fn what_was_confirmed_is_known_again_in_its_chain_and_in_past_ones() {
    for make in SUITES {
        let (mut alice, mut bob) = met(make);
        let sent: Vec<_> = (0..4).map(|_| alice.send(bob.key, "text")).collect();
        // In order, out of order, and the last one never.
        for n in [0, 2, 1] {
            assert_eq!(read_and_confirm(&mut bob, alice.key, &sent[n]), 1);
        }
        for turn in 0..3 {
            for message in &sent[..3] {
                let received = bob.receive(alice.key, message);
                let reason = Outcome::Undecryptable(Reason::AlreadyRead);
                assert_eq!(received.outcome, reason, "after {turn} turns");
                assert_eq!(received.message, Some(message.targets[0].message));
                assert!(received.reply.is_none() && received.session.is_some());
            }
            let answer = bob.send(alice.key, "answer");
            alice.read(bob.key, &answer);
            let next = alice.send(bob.key, "next");
            bob.read(alice.key, &next);
        }
        assert_eq!(bob.read(alice.key, &sent[3]), "text");
    }
}

/// The answer of the call that read it may have been lost: nobody has said that the text arrived.
#[test]
fn what_was_confirmed_in_the_call_that_read_it_is_only_gone() {
    for make in SUITES {
        let (mut alice, mut bob) = met(make);
        let at_once = alice.send(bob.key, "at once");
        bob.read(alice.key, &at_once);
        let second_call = alice.send(bob.key, "in a second call");
        bob.try_receive(alice.key, &second_call.wire, false)
            .unwrap();
        bob.read(alice.key, &second_call);
        for message in [&at_once, &second_call] {
            assert_eq!(confirm(&mut bob, message), 0);
            assert_eq!(bob.refusal(alice.key, message), Reason::MessageKeyGone);
        }
    }
}

#[test]
fn a_key_that_went_before_it_was_confirmed_is_only_gone() {
    for make in SUITES {
        let (mut alice, mut bob) = met(make);
        bob.engine.config.max_message_keys = 2;
        let sent: Vec<_> = (0..5).map(|_| alice.send(bob.key, "text")).collect();
        // Pushed out: the first three of those that were read.
        for message in &sent {
            bob.try_receive(alice.key, &message.wire, false).unwrap();
        }
        // Unconfirmed for a day: the fourth. The fifth is confirmed in time.
        assert_eq!(confirm(&mut bob, &sent[4]), 1);
        bob.hours(26);
        for message in &sent[..4] {
            assert_eq!(confirm(&mut bob, message), 0);
            assert_eq!(bob.refusal(alice.key, message), Reason::MessageKeyGone);
        }
        assert_eq!(bob.refusal(alice.key, &sent[4]), Reason::AlreadyRead);
    }
}

#[test]
fn a_message_that_was_skipped_and_never_read_is_only_gone() {
    for make in SUITES {
        let (mut alice, mut bob) = met(make);
        bob.engine.config.max_message_keys = 2;
        let sent: Vec<_> = (0..5).map(|_| alice.send(bob.key, "text")).collect();
        assert_eq!(read_and_confirm(&mut bob, alice.key, &sent[4]), 1);
        for message in &sent[..3] {
            assert_eq!(bob.refusal(alice.key, message), Reason::MessageKeyGone);
        }
        assert_eq!(bob.refusal(alice.key, &sent[4]), Reason::AlreadyRead);
    }
}

#[test]
fn what_an_earlier_version_read_is_only_gone() {
    let (mut alice, mut bob) = met(TestDevice::new);
    let message = alice.send(bob.key, "text");
    bob.try_receive(alice.key, &message.wire, false).unwrap();
    let key = bob.store.stored_key(&message.targets[0].message).unwrap();
    bob.store.begin().unwrap();
    let as_it_was = StoredKey {
        read: None,
        ..key.unwrap()
    };
    bob.store.put_stored_key(&as_it_was).unwrap();
    bob.store.commit().unwrap();
    assert_eq!(confirm(&mut bob, &message), 1);
    assert_eq!(bob.refusal(alice.key, &message), Reason::MessageKeyGone);
}

/// A device of status-go that is restored does not notice, and encrypts another text for a place
/// in a chain whose key was used.
#[test]
fn another_text_of_the_same_place_was_never_read() {
    for make in SUITES {
        let (mut alice, mut bob) = met(make);
        let backup = alice.store.backup().unwrap();
        let one = alice.send(bob.key, "one");
        alice.store = backup;
        let other = alice.send(bob.key, "other");
        assert_eq!(one.targets[0].message, other.targets[0].message);
        assert_eq!(read_and_confirm(&mut bob, alice.key, &one), 1);
        assert_eq!(bob.refusal(alice.key, &one), Reason::AlreadyRead);
        assert_eq!(bob.refusal(alice.key, &other), Reason::MessageKeyGone);
    }
}

/// What a relay makes of a message that was read, and of one that was not.
#[test]
fn a_forgery_of_a_message_that_was_read_is_only_gone() {
    for make in SUITES {
        let (mut alice, mut bob) = met(make);
        let (read, unread) = (alice.send(bob.key, "read"), alice.send(bob.key, "unread"));
        assert_eq!(read_and_confirm(&mut bob, alice.key, &read), 1);
        let with = |header: &AddressedMessage, payload: &AddressedMessage| {
            let mut message = WireMessage::decode(&header.wire).unwrap();
            let other = WireMessage::decode(&payload.wire).unwrap();
            for (entry, other) in message
                .entries
                .values_mut()
                .zip(other.entries.into_values())
            {
                entry.payload = other.payload;
            }
            encode_message(message)
        };
        let reason = |bob: &mut TestDevice, wire: &[u8]| {
            let received = bob.try_receive(alice.key, wire, true).unwrap();
            received.outcome
        };
        let gone = Outcome::Undecryptable(Reason::MessageKeyGone);
        assert_eq!(reason(&mut bob, &with(&read, &unread)), gone);
        let forged = Outcome::Undecryptable(Reason::AuthenticationFailed);
        assert_eq!(reason(&mut bob, &with(&unread, &read)), forged);
        assert_eq!(bob.read(alice.key, &unread), "unread");
    }
}

/// Several sessions are on one prekey: that of the message is named, although others are tried.
#[test]
fn among_several_sessions_the_one_of_the_message_is_named() {
    let (mut alice, mut bob) = met(TestDevice::plain);
    let before = alice.send(bob.key, "before");
    assert_eq!(read_and_confirm(&mut bob, alice.key, &before), 1);
    let session = bob.active(alice.key).unwrap();
    // A session of the same peer on the same prekey, in which the same chain is a past one.
    bob.store.begin().unwrap();
    let mut twin = Session {
        id: crypto_core::SessionId::from_bytes([9; 32]),
        standing: Standing::Superseded { since: bob.now },
        ratchet: session.ratchet.duplicate(),
        ..session
    };
    twin.past_chains
        .push(&twin.ratchet.receiving_key().unwrap());
    bob.store.put_session(&twin).unwrap();
    bob.store.commit().unwrap();
    let received = bob.receive(alice.key, &before);
    assert_eq!(
        received.outcome,
        Outcome::Undecryptable(Reason::AlreadyRead)
    );
    assert_eq!(received.message, Some(before.targets[0].message));
    assert_eq!(
        received.session,
        before.targets[0].session.map(|(_, id)| id)
    );
}

#[test]
fn it_is_forgotten_with_the_session_and_beyond_the_last_256() {
    let (mut alice, mut bob) = met(TestDevice::new);
    let sent: Vec<_> = (0..257).map(|_| alice.send(bob.key, "text")).collect();
    for message in &sent {
        assert_eq!(read_and_confirm(&mut bob, alice.key, message), 1);
    }
    assert_eq!(bob.refusal(alice.key, &sent[0]), Reason::MessageKeyGone);
    for message in &sent[1..] {
        assert_eq!(bob.refusal(alice.key, message), Reason::AlreadyRead);
    }
    let session = bob.active(alice.key).unwrap().id;
    bob.reset(alice.key, None).unwrap();
    bob.hours(16 * 24);
    let confirmed = bob.store.confirmed_messages(&session).unwrap();
    assert!(confirmed.to_bytes().is_empty());
    assert_eq!(bob.refusal(alice.key, &sent[256]), Reason::SessionNotFound);
}
