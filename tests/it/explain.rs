//! `message_explain`: it predicts the answer of `message_decrypt`, with reasons, and changes
//! nothing.

use crate::support::{self, Party, hex, spoilt};
use serde_json::{Value, json};

/// Everything that a listing shows of an account.
fn state(party: &Party, other: &Party) -> Vec<Value> {
    let lists = [
        ("session_list", json!({})),
        ("installation_list", json!({"identity": other.key})),
        ("contact_list", json!({})),
        ("event_list", json!({})),
        ("bundle_get", json!({})),
    ];
    let listed = lists
        .into_iter()
        .map(|(method, params)| party.daemon.ok(method, params));
    listed.chain(party.daemon.account_statuses()).collect()
}

/// The explanation of a message. It is the same twice and leaves no trace, and decrypting the
/// message then gives what it predicted.
fn explained_and_read(party: &Party, from: &Party, message: &str) -> Value {
    let before = state(party, from);
    let explained = explain(party, from, message);
    assert_eq!(explain(party, from, message), explained);
    assert_eq!(state(party, from), before, "it changed something");
    let read = party.receive(from, message);
    for field in [
        "outcome",
        "reason",
        "messageId",
        "sessionId",
        "sender",
        "installationId",
        "forwardSecrecy",
        "authenticated",
        "duplicate",
        "newInstallations",
        "warnings",
    ] {
        assert_eq!(explained[field], read[field], "{field}: {explained} {read}");
    }
    assert_eq!(explained["replyDue"], read["reply"].is_object());
    if read["nextAction"].is_string() {
        assert_eq!(explained["nextAction"], read["nextAction"]);
    }
    if read["hint"].is_string() {
        assert_eq!(explained["hint"], read["hint"]);
    }
    let shown = explained.to_string();
    assert!(!shown.contains("swordfish"), "the text is not shown");
    explained
}

fn explain(party: &Party, from: &Party, message: &str) -> Value {
    party.daemon.ok(
        "message_explain",
        json!({"sender": from.key, "message": message}),
    )
}

/// The whole explanation as one text.
fn told(explained: &Value) -> String {
    let sentences = explained["explanation"].as_array().expect("sentences");
    let sentences: Vec<&str> = sentences.iter().filter_map(Value::as_str).collect();
    sentences.join(" ")
}

#[test]
fn a_message_of_a_session_in_every_state_of_its_key() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    alice.learn_fully(&bob);
    let first = alice.send(&bob, "swordfish");
    let explained = explained_and_read(&bob, &alice, &first);
    assert_eq!(explained["outcome"], "decrypted");
    assert_eq!(explained["nextAction"], "decrypt");
    assert_eq!(explained["addressedTo"], "this_device");
    assert_eq!(explained["mode"], "x3dh");
    assert_eq!(explained["prekey"]["state"], "current");
    assert_eq!(explained["suite"], "x25519-mlkem768");
    assert_eq!(explained["kemPreKey"]["state"], "current");
    assert_eq!(explained["sessions"], json!([]));
    assert_eq!(explained["installation"], json!(null));
    assert_eq!(
        explained["newInstallations"],
        json!([alice.installation]),
        "{explained}"
    );
    assert!(told(&explained).contains("begins a session"), "{explained}");

    // Read and not confirmed.
    let again = explained_and_read(&bob, &alice, &first);
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["sessions"][0]["messageKey"], "read");
    assert_eq!(again["installation"]["state"], "active");
    // Confirmed.
    let read = bob.receive(&alice, &first);
    bob.confirm(&read);
    let gone = explained_and_read(&bob, &alice, &first);
    assert_eq!(gone["reason"], "already_read");
    assert_eq!(gone["sessions"][0]["messageKey"], "gone");
    assert_eq!(gone["messageId"], read["messageId"]);

    // Out of order.
    let sent: Vec<String> = (0..3).map(|_| alice.send(&bob, "swordfish")).collect();
    let last = explained_and_read(&bob, &alice, &sent[2]);
    assert_eq!(last["sessions"][0]["messageKey"], "ahead");
    assert_eq!(last["sessions"][0]["missing"], 2);
    assert!(told(&last).contains("2 messages before it"), "{last}");
    let skipped = explained_and_read(&bob, &alice, &sent[0]);
    assert_eq!(skipped["sessions"][0]["messageKey"], "skipped");
    let next = explained_and_read(&bob, &alice, &alice.send(&bob, "swordfish"));
    assert_eq!(next["sessions"][0]["missing"], 0);

    // The answer, on the sender's side: a chain that it has not met.
    let answer = bob.send(&alice, "swordfish");
    let explained = explained_and_read(&alice, &bob, &answer);
    assert_eq!(explained["sessions"][0]["messageKey"], "new_chain");
    assert_eq!(explained["prekey"]["state"], "not_ours");
    assert_eq!(explained["kemPreKey"], json!(null));
    assert_eq!(explained["mode"], "ratchet");
}

#[test]
fn a_message_that_does_not_open_says_what_it_lacks() {
    let (alice, bob) = Party::acquainted();
    let message = alice.send(&bob, "swordfish");

    // Changed on the way.
    let explained = explained_and_read(&bob, &alice, &spoilt(&message));
    assert_eq!(explained["outcome"], "undecryptable");
    assert_eq!(explained["nextAction"], "drop");

    // For another device of the same identity. A reply that is only explained is not used up by it.
    let stranger = Party::new("stranger");
    let explained = explained_and_read(&stranger, &alice, &message);
    assert_eq!(explained["outcome"], "not_targeted");
    assert_eq!(explained["reason"], "other_installation");
    assert_eq!(explained["addressedTo"], "other_devices");
    assert_eq!(explained["replyDue"], true);
    assert_eq!(explained["nextAction"], "send_reply");
    assert!(told(&explained).contains("None of its entries is for this device"));

    // From our own device.
    let explained = explain(&alice, &alice, &message);
    assert_eq!(explained["outcome"], "own");
    assert!(told(&explained).contains("this very device"), "{explained}");
    assert_eq!(explained["nextAction"], "drop");

    // On a prekey that was replaced, and on one that was erased.
    let advance = |days: u64| {
        let ms = days * 24 * 60 * 60 * 1000;
        bob.daemon.ok("dev_advanceTime", json!({"ms": ms}));
    };
    advance(2);
    let explained = explained_and_read(&bob, &alice, &alice.send(&bob, "swordfish"));
    assert_eq!(explained["prekey"]["state"], "replaced");
    let erase_at = explained["prekey"]["eraseAt"].as_u64().expect("a time");
    let replaced_at = explained["prekey"]["replacedAt"].as_u64().expect("a time");
    assert_eq!(erase_at - replaced_at, 14 * 24 * 60 * 60 * 1000);
    advance(16);
    let explained = explained_and_read(&bob, &alice, &alice.send(&bob, "swordfish"));
    assert_eq!(explained["reason"], "prekey_not_found");
    assert_eq!(explained["prekey"]["state"], "not_ours");
}

#[test]
fn messages_without_a_session_are_explained_too() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let dh = alice.send(&bob, "swordfish");
    let explained = explained_and_read(&bob, &alice, &dh);
    assert_eq!(explained["addressedTo"], "any_device");
    assert_eq!(explained["mode"], "dh");
    assert_eq!(explained["authenticated"], false);
    assert_eq!(explained["prekey"], json!(null));

    let envelopes = alice
        .daemon
        .ok("message_encryptPublic", json!({"text": "hear, hear"}));
    let public = support::only_message(&envelopes);
    let explained = explained_and_read(&bob, &alice, &public);
    assert_eq!(explained["addressedTo"], "everyone");
    assert_eq!(explained["outcome"], "public");

    let envelopes = alice
        .daemon
        .ok("message_advertise", json!({"recipient": bob.key}));
    let advertised = support::only_message(&envelopes);
    let explained = explained_and_read(&bob, &alice, &advertised);
    assert_eq!(explained["outcome"], "bundle");

    let error = bob
        .daemon
        .call(
            "message_explain",
            json!({"sender": alice.key, "message": "0xff"}),
        )
        .expect_err("no message");
    assert_eq!(error["data"]["kind"], "invalid_message");
}

fn reason(explained: &Value) -> (&str, &str) {
    let member = |name: &str| explained[name].as_str().expect(name);
    (member("reason"), member("nextAction"))
}

#[test]
fn too_many_missing_messages_call_for_a_new_session_and_that_mends_it() {
    let (alice, bob) = (
        Party::new("alice"),
        Party::configured("bob", "[limits]\nmax_skip = 3\n"),
    );
    alice.learn(&bob);
    let first = alice.send(&bob, "swordfish");
    bob.read(&alice, &first);
    let sent: Vec<String> = (0..5).map(|_| alice.send(&bob, "swordfish")).collect();
    let explained = explained_and_read(&bob, &alice, &sent[4]);
    assert_eq!(reason(&explained), ("too_many_skipped", "rekey"));
    assert!(explained["hint"].to_string().contains("`session_reset`"));
    // As it says.
    bob.daemon
        .ok("session_reset", json!({"identity": alice.key}));
    let anew = bob.send(&alice, "anew");
    assert_eq!(alice.read(&bob, &anew), "anew");
    let answer = alice.send(&bob, "swordfish");
    assert_eq!(bob.read(&alice, &answer), "swordfish");
}

#[test]
fn sessions_over_the_limit_wait_for_the_next_rotation() {
    let limits = "[limits]\nmax_first_messages = 2\n";
    let (alice, bob) = (Party::new("alice"), Party::configured("bob", limits));
    alice.learn(&bob);
    for _ in 0..2 {
        let begun = alice.send(&bob, "swordfish");
        bob.read(&alice, &begun);
        alice
            .daemon
            .ok("session_reset", json!({"identity": bob.key}));
    }
    let third = alice.send(&bob, "swordfish");
    let explained = explained_and_read(&bob, &alice, &third);
    assert_eq!(reason(&explained), ("too_many_sessions", "wait"));
}

#[test]
fn a_suite_that_is_forbidden_meanwhile_and_a_session_that_is_gone_are_told_apart() {
    let (alice, mut bob) = Party::acquainted();
    let message = alice.send(&bob, "swordfish");
    bob.daemon.terminate();
    let config = bob.daemon.data_dir().join("ratchetd.toml");
    std::fs::write(&config, "[ratchet]\nsuites = [\"secp256k1\"]\n").expect("to write");
    bob.daemon.restart();
    let explained = explained_and_read(&bob, &alice, &message);
    assert_eq!(reason(&explained), ("suite_forbidden", "drop"));
    assert!(explained["hint"].to_string().contains("ratchet.suites"));
    std::fs::remove_file(&config).expect("to remove");
    bob.daemon.terminate();
    bob.daemon.restart();
    assert_eq!(bob.read(&alice, &message), "swordfish");
    let answer = bob.send(&alice, "yes");
    alice.read(&bob, &answer);

    // Bob's disk is lost. He comes back under the same name, and what is on its way has no session
    // there.
    let on_its_way = alice.send(&bob, "swordfish");
    let key = format!("0x{}", "07".repeat(32));
    let lost = Party::with_key("lost", &key, "bobs-phone");
    alice.learn(&lost);
    let begun = alice.send(&lost, "swordfish");
    lost.read(&alice, &begun);
    let answer = lost.send(&alice, "yes");
    alice.read(&lost, &answer);
    let on_the_session = alice.send(&lost, "swordfish");
    let back = Party::with_key("back", &key, "bobs-phone");
    let explained = explained_and_read(&back, &alice, &on_the_session);
    assert_eq!(reason(&explained), ("session_not_found", "send_reply"));
    assert_eq!(bob.read(&alice, &on_its_way), "swordfish");
}

#[test]
fn an_entry_for_this_device_without_any_header_is_malformed() {
    let (alice, bob) = Party::acquainted();
    // ProtocolMessage.installation_id, then one entry of direct_message with a payload alone.
    let part = |tag: &[u8], value: &[u8]| {
        let mut bytes = tag.to_vec();
        bytes.push(u8::try_from(value.len()).expect("short"));
        bytes.extend(value);
        bytes
    };
    let mut entry = part(&[0x0a], bob.installation.as_bytes());
    entry.extend(part(&[0x12], &part(&[0x1a], b"payload")));
    let mut message = part(&[0x12], alice.installation.as_bytes());
    message.extend(part(&[0xaa, 0x06], &entry));
    let explained = explained_and_read(&bob, &alice, &hex(&message));
    assert_eq!(reason(&explained), ("malformed", "drop"));
}
