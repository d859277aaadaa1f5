//! The life of a session between two people, day by day: from crossing first messages to its
//! erasure.

use crate::support::{Daemon, Party, only_message, text};
use serde_json::{Value, json};

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

/// Alice and Bob, who have swapped contact codes.
fn two_people() -> (Party, Party) {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    swap_codes(&alice, &bob);
    (alice, bob)
}

fn swap_codes(one: &Party, other: &Party) {
    one.learn(other);
    other.learn(one);
}

/// Lets time pass for everyone, with every timer that falls due.
fn pass(people: &[&Party], span: u64) {
    for person in people {
        person.daemon.ok("dev_advanceTime", json!({"ms": span}));
    }
}

/// The session that messages to the other go on; `None` if there is none.
fn active(person: &Party) -> Option<Value> {
    let sessions = person.sessions().into_iter();
    sessions
        .filter(|session| session["standing"] == "active")
        .map(|mut session| session["sessionId"].take())
        .next()
}

fn standing(person: &Party, session: &Value) -> Option<Value> {
    let sessions = person.sessions().into_iter();
    sessions
        .filter(|known| known["sessionId"] == *session)
        .map(|mut known| known["standing"].take())
        .next()
}

#[test]
fn from_the_first_message_to_the_day_after_the_last() {
    let (alice, bob) = two_people();
    let everyone = [&alice, &bob];

    // Day 0. Both write before they have heard of each other: their first messages cross.
    let from_alice = alice.encrypt(&bob, "Bob, are you there?");
    let from_bob = bob.encrypt(&alice, "Alice, is it you?");
    for sent in [&from_alice, &from_bob] {
        assert_eq!(sent["envelopes"][0]["targets"][0]["mode"], "x3dh");
    }
    assert_ne!(active(&alice), active(&bob));
    assert_eq!(alice.sessions()[0]["state"], "unconfirmed");
    let hers = only_message(&from_alice);
    let his = only_message(&from_bob);
    assert_eq!(bob.read(&alice, &hers), "Bob, are you there?");
    assert_eq!(alice.read(&bob, &his), "Alice, is it you?");
    // Both now send on the same one of the two.
    let first = active(&alice).expect("a session");
    assert_eq!(active(&bob), Some(first.clone()));
    let answer = bob.send(&alice, "It is me.");
    assert_eq!(alice.read(&bob, &answer), "It is me.");
    let states = |person: &Party| {
        let sessions = person.sessions().into_iter();
        let current = sessions.filter(|session| session["standing"] == "active");
        current
            .map(|session| text(&session["state"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(states(&alice), ["established"]);

    // Three letters of Alice get stuck on the way.
    let letters: Vec<String> = (1..=3)
        .map(|number| alice.send(&bob, &format!("letter {number}")))
        .collect();

    // Day 1. Both prekeys are replaced by the timer, and with one of them goes the session that was
    // built on it. Whose that was, sends on a new one; the other, after hearing of it.
    pass(&everyone, DAY);
    let version = |person: &Party| person.daemon.ok("bundle_get", json!({}))["version"].take();
    assert_eq!((version(&alice), version(&bob)), (json!(2), json!(2)));
    let morning = alice.send(&bob, "A new day.");
    assert_eq!(bob.read(&alice, &morning), "A new day.");
    let answer = bob.send(&alice, "So it is.");
    assert_eq!(alice.read(&bob, &answer), "So it is.");
    let second = active(&bob).expect("a session");
    assert_ne!(second, first);
    assert_eq!(active(&alice), Some(second));
    for person in everyone {
        assert_eq!(standing(person, &first), Some(json!("expired")));
    }

    // Day 13. The first letter arrives, on a session that has long expired.
    pass(&everyone, 12 * DAY);
    assert_eq!(bob.read(&alice, &letters[0]), "letter 1");
    assert_eq!(standing(&bob, &first), Some(json!("expired")));
    let sessions = bob.sessions();
    let mut sessions = sessions.iter();
    let old = sessions
        .find(|session| session["sessionId"] == first)
        .expect("still there");
    let (ended, erase) = (old["endedAt"].as_u64(), old["eraseAt"].as_u64());
    assert_eq!(
        erase.zip(ended).map(|(erase, ended)| erase - ended),
        Some(14 * DAY)
    );
    // Late mail moves nothing: what Bob sends next, he sends on a new session of today.
    let today = bob.encrypt(&alice, "It has come at last.");
    assert_ne!(active(&bob), Some(first.clone()));
    assert_eq!(
        alice.read(&bob, &only_message(&today)),
        "It has come at last."
    );

    // Day 15 and two sweeps. The session is gone with all its keys, and so is what was never
    // delivered.
    pass(&everyone, 2 * DAY + 3 * HOUR);
    assert_eq!(standing(&bob, &first), None);
    assert_eq!(standing(&alice, &first), None);
    let gone = bob.receive(&alice, &letters[1]);
    assert_eq!(gone["outcome"], "undecryptable");
    let reason = text(&gone["reason"]);
    assert!(
        ["session_not_found", "prekey_not_found"].contains(&reason.as_str()),
        "{reason}"
    );
    assert_eq!(gone["nextAction"], "send_reply");
    // Bob's answer to it tells Alice his present prekey, and they go on.
    let told = alice.receive(&bob, &text(&gone["reply"]["message"]));
    assert_eq!(told["outcome"], "bundle");
    let again = alice.send(&bob, "Letter 2, once more.");
    assert_eq!(bob.read(&alice, &again), "Letter 2, once more.");
    assert_eq!(active(&alice), active(&bob));
}

#[test]
fn a_month_of_silence_on_one_side_and_both_find_each_other_again() {
    let (alice, bob) = two_people();
    let hello = alice.send(&bob, "hello");
    assert_eq!(bob.read(&alice, &hello), "hello");
    let hi = bob.send(&alice, "hi");
    assert_eq!(alice.read(&bob, &hi), "hi");
    // Bob's machine is off for a month; Alice writes once a week, to a prekey he has not replaced
    // yet.
    let mut waiting = Vec::new();
    for week in 1..=4 {
        pass(&[&alice], 7 * DAY);
        waiting.push((alice.send(&bob, &format!("week {week}")), week));
    }
    // He comes back: his clock has gone on, his daemon has not run.
    let (mut bob, mut span) = (bob, 28 * DAY);
    bob.daemon.terminate();
    bob.daemon.restart();
    while span > 0 {
        pass(&[&bob], 7 * DAY);
        span -= 7 * DAY;
    }
    // What was sealed for a prekey of a month ago is lost with it; what came since his rotation
    // would not be.
    let mut replies = Vec::new();
    for (message, _) in &waiting {
        let received = bob.receive(&alice, message);
        if let Some(reply) = received["reply"]["message"].as_str() {
            replies.push(reply.to_owned());
        }
    }
    assert_eq!(replies.len(), 1, "one answer in two hours is enough");
    alice.receive(&bob, &replies[0]);
    let again = alice.send(&bob, "are you back?");
    assert_eq!(bob.read(&alice, &again), "are you back?");
    let yes = bob.send(&alice, "yes");
    assert_eq!(alice.read(&bob, &yes), "yes");
    assert_eq!(active(&alice), active(&bob));
}

#[test]
fn the_clock_runs_every_timer_that_falls_due_while_it_is_moved() {
    let daemon = Daemon::start();
    daemon.ok("account_create", json!({"account": "a"}));
    let before = daemon.ok("dev_now", json!({}))["now"].as_u64();
    // The first bundle is made by the first sweep, an hour after the account.
    let span = 3 * DAY + 2 * HOUR;
    let after = daemon.ok("dev_advanceTime", json!({"ms": span}))["now"].as_u64();
    let moved = before.zip(after).map(|(before, after)| after - before);
    assert!(moved.is_some_and(|moved| (span..span + HOUR).contains(&moved)));
    // Nobody asked for the bundle meanwhile, and yet it was replaced each day.
    let bundle = daemon.ok("bundle_get", json!({}));
    assert_eq!(bundle["version"], 4);
    let refused = daemon.call("dev_advanceTime", json!({"ms": 400 * DAY}));
    assert_eq!(refused.expect_err("too far")["data"]["field"], "ms");
}

/// The types of the events of sessions and keys so far, each once for each session.
fn told(person: &Party) -> std::collections::BTreeMap<String, Vec<Value>> {
    let events = person.daemon.ok("event_list", json!({"limit": 1000}));
    let mut told = std::collections::BTreeMap::<String, Vec<Value>>::new();
    for event in events["events"].as_array().expect("events") {
        let kind = text(&event["type"]);
        told.entry(kind).or_default().push(event["data"].clone());
    }
    told
}

#[test]
fn a_session_that_is_answered_after_all_is_sent_on_again_and_that_is_told() {
    // In suite x25519-mlkem768 Bob would leave her session for one of his own.
    let limits = "[ratchet]\nsuites = [\"x25519\"]\n[limits]\nunanswered_messages = 2\n";
    let alice = Party::configured("alice", limits);
    let bob = Party::new("bob");
    swap_codes(&alice, &bob);
    let hello = alice.send(&bob, "hello");
    let first = active(&alice).expect("a session");
    // Bob has not read it yet, and Alice tries a new session.
    for _ in 0..2 {
        alice.send(&bob, "are you there?");
    }
    assert_eq!(standing(&alice, &first), Some(json!("superseded")));
    assert_eq!(bob.read(&alice, &hello), "hello");
    let late = bob.send(&alice, "I am");
    assert_eq!(alice.read(&bob, &late), "I am");
    assert_eq!(active(&alice), Some(first.clone()));
    let told = told(&alice)
        .remove("session.reactivated")
        .expect("an event");
    assert_eq!(told[0]["sessionId"], first);
}

#[test]
fn what_becomes_of_sessions_and_keys_is_told() {
    let (alice, bob) = two_people();
    let everyone = [&alice, &bob];
    let from_alice = alice.send(&bob, "crossing");
    let from_bob = bob.send(&alice, "crossing");
    bob.read(&alice, &from_alice);
    alice.read(&bob, &from_bob);
    let kept = active(&alice).expect("a session");
    let superseded = |person: &Party| {
        let told = told(person);
        let superseded = told.get("session.superseded").cloned().unwrap_or_default();
        superseded.len()
    };
    assert_eq!(superseded(&alice) + superseded(&bob), 2);

    // Read and never confirmed: its key goes after a day of running time.
    let message = alice.send(&bob, "not stored");
    let read = bob.receive(&alice, &message);
    pass(&everyone, DAY + HOUR);
    let dropped = told(&bob).remove("message.key_dropped").expect("an event");
    assert_eq!(dropped[0]["messageId"], read["messageId"]);
    assert_eq!(dropped[0]["reason"], "unconfirmed");
    // Both rotated, and what rested on the old prekeys has expired; two weeks later it is erased.
    for person in everyone {
        let expired = told(person).remove("session.expired").unwrap_or_default();
        assert!(!expired.is_empty());
    }
    pass(&everyone, 15 * DAY);
    let erased = everyone.map(|person| {
        let erased = told(person).remove("session.erased").expect("an event");
        erased.iter().any(|data| data["sessionId"] == kept)
    });
    // Whose prekey it rests on, erases it first; the other, when it learns of the next.
    assert!(erased.contains(&true));
}

#[test]
fn the_key_of_an_unconfirmed_message_that_goes_with_its_session_is_told() {
    // Every message that is not answered begins a session, of which 64 are kept for each device.
    let alice = Party::configured("alice", "[limits]\nunanswered_messages = 1\n");
    let bob = Party::new("bob");
    swap_codes(&alice, &bob);
    let first = bob.receive(&alice, &alice.send(&bob, "read, not stored"));
    for _ in 0..66 {
        bob.read(&alice, &alice.send(&bob, "are you there?"));
    }
    let dropped = told(&bob).remove("message.key_dropped").expect("an event");
    assert_eq!(dropped[0]["messageId"], first["messageId"]);
    assert_eq!(dropped[0]["reason"], "session_erased");
}
