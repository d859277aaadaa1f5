//! The order in which sessions are tried on a message, and the answer if none opens it (protocol
//! §5).

use serde_json::{Value, json};

use crate::{
    among_peers::people::*,
    support::{Party, list, spoilt},
};

/// Alice begins a session with every message until Bob has answered one; both devices are ours. In
/// suite x25519-mlkem768 Bob would leave her sessions for one of his own.
fn impatient() -> (Party, Party) {
    let limits = "[ratchet]\nsuites = [\"x25519\"]\n[limits]\nunanswered_messages = 1\n";
    let (alice, bob) = (Party::configured("alice", limits), Party::new("bob"));
    introduce(&bob, &alice);
    (alice, bob)
}

/// Alice writes so many messages, each of which begins a session: the sessions, and the messages.
fn begins(alice: &Party, bob: &Party, count: usize) -> (Vec<Value>, Vec<String>) {
    let begun = (0..count).map(|_| {
        let sent = alice.encrypt(bob, "are you there?");
        let target = target(&sent);
        assert_eq!(target["mode"], "x3dh");
        (target["sessionId"].clone(), message_for(&sent, &bob.key))
    });
    begun.unzip()
}

/// The sessions that an explanation names, in its order.
fn tried(explained: &Value) -> Vec<Value> {
    let sessions = list(&explained["sessions"]).iter();
    sessions
        .map(|possible| possible["session"]["sessionId"].clone())
        .collect()
}

/// Alice writes six times without an answer, and her messages come to Bob the last first, so that
/// he goes on with the oldest session. His answer opens.
#[test]
fn an_answer_on_the_oldest_of_six_unanswered_sessions_opens() {
    let (alice, bob) = impatient();
    let (begun, messages) = begins(&alice, &bob, 6);
    for message in messages.iter().rev() {
        assert_eq!(bob.read(&alice, message), "are you there?");
    }
    let answer = bob.encrypt(&alice, "here I am");
    assert_eq!(target(&answer)["sessionId"], begun[0]);
    assert_eq!(
        alice.read(&bob, &message_for(&answer, &alice.key)),
        "here I am"
    );
    assert_eq!(active(&alice, &bob.key), begun[0]);
    // The one that is sent on is tried first, however old it is.
    for _ in 0..2 {
        let message = alice.send(&bob, "at last");
        assert_eq!(bob.read(&alice, &message), "at last");
        let message = bob.send(&alice, "indeed");
        assert_eq!(alice.read(&bob, &message), "indeed");
    }
}

/// Alice starts over five times before Bob's answer to her first message comes.
#[test]
fn an_answer_on_the_oldest_of_six_reset_sessions_opens() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    introduce(&bob, &alice);
    assert_eq!(bob.read(&alice, &alice.send(&bob, "hello")), "hello");
    let late = bob.send(&alice, "an answer");
    for _ in 0..5 {
        let params = json!({"identity": bob.key});
        alice.daemon.ok("session_reset", params);
        alice.send(&bob, "anew");
    }
    assert_eq!(sessions(&alice, &bob.key).len(), 6);
    assert_eq!(alice.read(&bob, &late), "an answer");
}

/// Of Alice's six sessions Bob has answered the last and the first: she sends on the last, and sent
/// on the first after that. What she is told of a message that could be of any of them is the order
/// in which it will be tried.
#[test]
fn the_explanation_lists_the_sessions_in_the_order_of_trial() {
    let (alice, bob) = impatient();
    let (first, message) = begins(&alice, &bob, 1);
    bob.read(&alice, &message[0]);
    let on_the_first = bob.send(&alice, "I read the first");
    let (others, messages) = begins(&alice, &bob, 5);
    bob.read(&alice, &messages[4]);
    let on_the_last = ["I read the last", "as I said"].map(|text| bob.send(&alice, text));

    // She goes back to the first, and so does Bob; what he sends then is under a key that she has
    // not met.
    alice.read(&bob, &on_the_first);
    for _ in 0..2 {
        let sent = alice.encrypt(&bob, "the first, then");
        assert_eq!(target(&sent)["sessionId"], first[0]);
        bob.read(&alice, &message_for(&sent, &bob.key));
    }
    let unknown = bob.encrypt(&alice, "a new key");
    assert_eq!(target(&unknown)["sessionId"], first[0]);
    let unknown = message_for(&unknown, &alice.key);
    // What he sent on the last one brings her back to it.
    for message in &on_the_last {
        alice.read(&bob, message);
    }
    assert_eq!(active(&alice, &bob.key), others[4]);

    let explained = explain(&alice, &bob.key, &unknown);
    let order = [
        &others[4], &first[0], &others[3], &others[2], &others[1], &others[0],
    ];
    assert_eq!(tried(&explained), order.map(Value::clone));
    assert_eq!(explained["sessionId"], first[0]);
    assert_eq!(alice.read(&bob, &unknown), "a new key");
}

/// With twelve sessions the answer on the first is not tried on it: it is not called forged for
/// that, and the next message mends it.
#[test]
fn what_was_not_tried_on_every_session_is_not_called_forged() {
    let (alice, bob) = impatient();
    let (begun, messages) = begins(&alice, &bob, 12);
    bob.read(&alice, &messages[0]);
    let answer = bob.send(&alice, "which one?");
    let newest: Vec<Value> = begun.iter().rev().take(8).cloned().collect();
    assert_eq!(tried(&explain(&alice, &bob.key, &answer)), newest);
    let read = alice.receive(&bob, &answer);
    assert_eq!(read["outcome"], "undecryptable");
    assert_eq!(read["reason"], "session_not_found");
    assert_eq!(read["nextAction"], "send_reply");
    let reply = message_for(&json!({"envelopes": [read["reply"]]}), &bob.key);
    assert_eq!(bob.receive(&alice, &reply)["outcome"], "bundle");

    let message = alice.send(&bob, "this one");
    assert_eq!(bob.read(&alice, &message), "this one");
    let answer = bob.send(&alice, "I see");
    assert_eq!(alice.read(&bob, &answer), "I see");
    // Among these all that could be answered were tried.
    let (alice, bob) = impatient();
    let (_, messages) = begins(&alice, &bob, 8);
    bob.read(&alice, &messages[0]);
    let forged = spoilt(&bob.send(&alice, "which one?"));
    let read = alice.receive(&bob, &forged);
    assert_eq!(read["reason"], "authentication_failed");
}
