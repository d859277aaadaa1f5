//! Kept secrets, answers to unreadable messages, and clocks that jump (protocol §4, §7, §9).

use crypto_core::{EphemeralKey, IdentityKey, SignedPreKeyPair, x3dh};
use engine::{
    model::{AccountName, Handshake, Session},
    store::StoreRead as _,
};
use serde_json::{Value, json};
use session_store::Inspector;

use crate::{
    among_peers::people::*,
    support::{
        Party,
        bundles::{bundle_of, entry, identity, into_2026},
        bytes, copy, hex, only_message, text,
    },
};

/// The sessions of Alice's store, as her directory has them.
fn stored_sessions(alice: &Party) -> Vec<Session> {
    let inspector = Inspector::open(&alice.daemon.data_dir(), None).expect("its key");
    let name = AccountName::parse("alice").expect("a name");
    let inspected = inspector.account(&name).expect("an account");
    inspected.store.sessions(None).expect("sessions")
}

/// The beginning of SK that is kept to settle a crossing with.
fn order(session: &Session) -> Option<[u8; 8]> {
    match &session.handshake {
        Handshake::Unconfirmed { order, .. } => order.as_ref().map(|order| *order.as_bytes()),
        Handshake::Established => None,
    }
}

/// Alice writes to a laptop of Bob's whose keys are known here, and so is the secret that her first
/// message begins with. Who takes her directory before Bob has answered finds its first eight
/// bytes, and nowhere all of it.
#[test]
fn the_directory_does_not_hold_the_secret_of_a_message_that_was_not_answered() {
    let alice = Party::new("alice");
    let bob = identity(&[5; 32]);
    let code = bundle_of(&bob, into_2026(now(&alice).0), vec![entry("laptop", 2, 1)]);
    import(&alice, &hex(&code));
    let key = hex(&bob.public().to_uncompressed().expect("a point"));
    let message = only_message(&write(&alice, &key, "hello"));
    let params = json!({"message": message});
    let inspected = alice.daemon.ok("message_inspect", params);
    let ephemeral = bytes(&text(&inspected["targets"][0]["x3dhHeader"]["key"]));
    let secret = x3dh::respond(
        &bob,
        &SignedPreKeyPair::from_secret_bytes(&[2; 32]).expect("a key"),
        &IdentityKey::from_sec1(&bytes(&alice.key)).expect("a key"),
        &EphemeralKey::from_wire(&ephemeral).expect("a key"),
        None,
    )
    .expect("agreed");
    let secret = secret.secret_bytes();

    let sessions = stored_sessions(&alice);
    assert_eq!(sessions.len(), 1);
    assert_eq!(order(&sessions[0]).as_ref(), secret.first_chunk());
    let ratchet = sessions[0].ratchet.to_bytes();
    let held = ratchet.windows(secret.len()).any(|part| part == secret);
    assert!(!held, "the ratchet has moved on from it");
}

/// Once it is answered, or another session has taken its place, not even those are kept.
#[test]
fn the_secret_prefix_is_erased_once_no_crossing_needs_it() {
    let limits = "[limits]\nunanswered_messages = 1\n";
    let (alice, bob) = (Party::configured("alice", limits), Party::new("bob"));
    introduce(&bob, &alice);
    let message = alice.send(&bob, "hello");
    alice.send(&bob, "are you there?");
    let kept = |alice: &Party| {
        let sessions = stored_sessions(alice).into_iter();
        sessions.filter(|session| order(session).is_some()).count()
    };
    assert_eq!(kept(&alice), 1, "of the one that is active");
    bob.read(&alice, &message);
    let answer = bob.send(&alice, "I am");
    assert_eq!(alice.read(&bob, &answer), "I am");
    assert_eq!(kept(&alice), 0);
}

/// `nextAction` is to send the reply if and only if there is one: in the answer, in what was said
/// before, and in the event.
fn agrees_with_itself(at: &Party, from: &Party, message: &str) -> Value {
    let explained = explain(at, &from.key, message);
    let read = at.receive(from, message);
    assert_eq!(explained["replyDue"], read["reply"].is_object());
    assert_eq!(
        read["nextAction"] == "send_reply",
        read["reply"].is_object(),
        "{read}"
    );
    assert_eq!(explained["nextAction"], read["nextAction"]);
    assert_eq!(explained["hint"], read["hint"]);
    let event = told(at, "message.undecryptable").pop().expect("an event");
    for name in ["messageId", "reason", "hint", "nextAction"] {
        assert_eq!(event[name], read[name], "{name}: {event} {read}");
    }
    read
}

/// Bob's device is put back to yesterday's state and listens. What Alice sends goes on a ratchet of
/// which he has lost a part, and looks forged; it is answered all the same, and a frontend that
/// does what `nextAction` says loses nothing of what comes after.
#[test]
fn a_restored_device_that_only_listens_answers_and_reads_what_comes_after() {
    let (alice, mut bob) = (Party::new("alice"), Party::new("bob"));
    introduce(&bob, &alice);
    let talk = |alice: &Party, bob: &Party| {
        assert_eq!(bob.read(alice, &alice.send(bob, "hello")), "hello");
        assert_eq!(alice.read(bob, &bob.send(alice, "hello")), "hello");
    };
    talk(&alice, &bob);
    let backup = tempfile::tempdir().expect("a directory");
    assert_eq!(bob.daemon.terminate(), Some(0));
    copy(&bob.daemon.data_dir(), backup.path());
    bob.daemon.restart();
    for _ in 0..2 {
        talk(&alice, &bob);
    }
    assert_eq!(bob.daemon.terminate(), Some(0));
    copy(backup.path(), &bob.daemon.data_dir());
    bob.daemon.restart();

    let unread: Vec<String> = (0..2).map(|_| alice.send(&bob, "can you read?")).collect();
    let first = agrees_with_itself(&bob, &alice, &unread[0]);
    assert_eq!(first["reason"], "authentication_failed");
    assert_eq!(first["nextAction"], "send_reply");
    let second = agrees_with_itself(&bob, &alice, &unread[1]);
    assert_eq!(
        second["nextAction"], "wait",
        "one reply is enough for a while"
    );
    for read in [&first, &second] {
        let hint = text(&read["hint"]);
        assert!(hint.contains("probably genuine"), "{hint}");
    }
    let reply = text(&first["reply"]["message"]);
    assert_eq!(alice.receive(&bob, &reply)["outcome"], "bundle");
    for _ in 0..3 {
        assert_eq!(bob.read(&alice, &alice.send(&bob, "now?")), "now?");
    }
    talk(&alice, &bob);
}

/// Bob's device, put back, hears what Alice's device of status-go sends on a session that it has
/// never had in this state. The reply does not help before she is due for a new prekey; what says
/// so is not that the message was forged.
#[test]
fn what_was_sent_on_a_session_that_was_lost_is_called_probably_genuine() {
    let (mut bob, mut alice) = (Party::new("bob"), StatusGo::of(2, 1));
    swap(&bob, &mut alice);
    let backup = tempfile::tempdir().expect("a directory");
    assert_eq!(bob.daemon.terminate(), Some(0));
    copy(&bob.daemon.data_dir(), backup.path());
    bob.daemon.restart();
    says(&bob, &mut alice, "hello");
    hears(&bob, &mut alice, "hello");
    assert_eq!(bob.daemon.terminate(), Some(0));
    copy(backup.path(), &bob.daemon.data_dir());
    bob.daemon.restart();

    let message = alice.writes(&bob, "can you read?");
    let read = receive(&bob, &alice.key, &message);
    assert_eq!(read["reason"], "session_not_found");
    assert_eq!(read["nextAction"], "send_reply");
    let hint = text(&read["hint"]);
    assert!(hint.contains("probably genuine"), "{hint}");
}

/// Three other devices of Bob's were active more recently than his phone. It answers a message that
/// is not for it, and is told how devices are chosen, not that the next message will include it: it
/// will not.
#[test]
fn a_device_over_the_limit_is_not_promised_the_next_message() {
    let (alice, phone) = (Party::new("alice"), ours(2));
    introduce(&phone, &alice);
    let others = [("one", 21), ("two", 22), ("three", 23)].map(|(id, key)| entry(id, key, 1));
    let signed = into_2026(now(&alice).0) + 60;
    let code = bundle_of(&identity(&[2; 32]), signed, others.to_vec());
    import(&alice, &hex(&code));
    let over_limit = [(phone.installation.clone(), "over_limit".to_owned())];
    let sent = alice.encrypt(&phone, "to three others");
    assert_eq!(skipped(&sent), over_limit);
    let read = phone.receive(&alice, &only_message(&sent));
    assert_eq!(read["outcome"], "not_targeted");
    assert_eq!(read["nextAction"], "send_reply");
    let hint = text(&read["hint"]);
    assert!(hint.contains("the three devices"), "{hint}");
    assert!(!hint.contains("next message"), "{hint}");
    let reply = text(&read["reply"]["message"]);
    assert_eq!(alice.receive(&phone, &reply)["outcome"], "bundle");
    assert_eq!(skipped(&alice.encrypt(&phone, "again")), over_limit);
    // What it writes itself gives it a place.
    introduce(&alice, &phone);
    assert_eq!(alice.read(&phone, &phone.send(&alice, "I")), "I");
    let sent = alice.encrypt(&phone, "to you, too");
    assert!(!skipped(&sent).contains(&over_limit[0]));
}

fn clock(at: &Party, method: &str, more: Value) -> u64 {
    let mut params = json!({"chat": "with bob"});
    for (name, value) in more.as_object().expect("an object") {
        params[name] = value.clone();
    }
    let told = at.daemon.ok(method, params);
    told["clock"].as_u64().expect("a number")
}

/// How far the clock of a chat may be above the time, in milliseconds.
const LEAD: u64 = 120_000;

/// Bob's clock is most of a day ahead, and so are the envelopes of his messages and their clocks.
/// Alice takes note of them, and her chat stays where others take what she sends.
#[test]
fn peers_with_fast_clocks_do_not_push_a_chat_clock_ahead() {
    let alice = Party::new("alice");
    let ahead = now(&alice).0 + 20 * HOUR;
    for clock_of_his in [ahead, ahead + LEAD] {
        let more = json!({"clock": clock_of_his, "envelopeAt": ahead});
        let noted = clock(&alice, "clock_observe", more);
        assert!(noted <= now(&alice).0 + LEAD, "{noted}");
    }
    for _ in 0..3 {
        let given = clock(&alice, "clock_next", json!({}));
        assert!(given <= now(&alice).0 + LEAD, "{given}");
    }
}

/// Alice's own clock was two days ahead for a while. Her chats start again from now, and not from
/// then.
#[test]
fn a_chat_clock_that_followed_our_fast_clock_starts_again_from_now() {
    let mut alice = Party::new("alice");
    pass(&[&alice], 2 * DAY);
    let ahead = clock(&alice, "clock_next", json!({}));
    // The clock for development is right again after a restart.
    alice.daemon.kill_and_restart();
    let given = clock(&alice, "clock_next", json!({}));
    assert!(given <= now(&alice).0, "{given}");
    assert!(given < ahead - DAY, "{given} {ahead}");
}

/// Alice's clock was ten days ahead when her session with Bob ended, and is set right. The session
/// is erased two weeks of running time later, and not two weeks after that clock would have been
/// right.
#[test]
fn what_ended_while_the_clock_was_ahead_is_not_kept_until_it_would_be_right() {
    let (mut alice, bob) = (Party::new("alice"), Party::new("bob"));
    introduce(&bob, &alice);
    alice.send(&bob, "hello");
    pass(&[&alice], 10 * DAY);
    alice
        .daemon
        .ok("session_reset", json!({"identity": bob.key}));
    alice.daemon.kill_and_restart();
    pass(&[&alice], 13 * DAY);
    assert_eq!(sessions(&alice, &bob.key).len(), 1);
    pass(&[&alice], 2 * DAY);
    assert_eq!(sessions(&alice, &bob.key).len(), 0);
    assert_eq!(told(&alice, "session.erased").len(), 1);
}
