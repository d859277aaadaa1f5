//! Conversations between two daemons over their sockets.

use crate::support::{Daemon, Party, bytes, hex, only_message, text};
use serde_json::{Value, json};

/// Two parties with an established session of suite x25519-mlkem768, nothing outstanding.
fn established() -> (Party, Party) {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    assert_eq!(bob.read(&alice, &alice.send(&bob, "hello")), "hello");
    assert_eq!(alice.read(&bob, &bob.send(&alice, "hi")), "hi");
    assert_eq!(bob.read(&alice, &alice.send(&bob, "so")), "so");
    (alice, bob)
}

fn target(sent: &Value) -> &Value {
    &sent["envelopes"][0]["targets"][0]
}

#[test]
fn a_first_message_goes_by_dh_the_answer_by_x3dh_and_the_rest_by_ratchet() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));

    let first = alice.encrypt(&bob, "hello");
    assert_eq!(first["forwardSecrecy"], false);
    assert_eq!(target(&first)["mode"], "dh");
    assert_eq!(target(&first)["installationId"], "none");
    assert_eq!(target(&first)["sessionId"], Value::Null);
    let read = bob.receive(&alice, &only_message(&first));
    assert_eq!(read["text"], "hello");
    assert_eq!(read["forwardSecrecy"], false);
    assert_eq!(read["authenticated"], false);
    assert_eq!(read["messageId"], target(&first)["messageId"]);
    assert_eq!(read["newInstallations"], json!([alice.installation]));

    let answer = bob.encrypt(&alice, "hi");
    assert_eq!(answer["forwardSecrecy"], true);
    assert_eq!(target(&answer)["mode"], "x3dh");
    assert_eq!(target(&answer)["suite"], "x25519-mlkem768");
    assert_eq!(answer["postQuantum"], true);
    assert_eq!(
        target(&answer)["installationId"],
        alice.installation.as_str()
    );
    let read = alice.receive(&bob, &only_message(&answer));
    assert_eq!(read["text"], "hi");
    assert_eq!(read["forwardSecrecy"], true);
    assert_eq!(read["authenticated"], true);
    assert_eq!(read["sessionId"], target(&answer)["sessionId"]);
    assert_eq!(read["messageId"], target(&answer)["messageId"]);

    // Unanswered, the initiator repeats its X3DH header; answered, it drops it.
    assert_eq!(target(&bob.encrypt(&alice, "again"))["mode"], "x3dh");
    let third = alice.encrypt(&bob, "so");
    assert_eq!(target(&third)["mode"], "ratchet");
    assert_eq!(bob.read(&alice, &only_message(&third)), "so");
    assert_eq!(target(&bob.encrypt(&alice, "now"))["mode"], "ratchet");

    let (ours, theirs) = (alice.sessions(), bob.sessions());
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    assert_eq!(ours[0]["sessionId"], theirs[0]["sessionId"]);
    assert_eq!(ours[0]["role"], "responder");
    assert_eq!(theirs[0]["role"], "initiator");
    for session in [&ours[0], &theirs[0]] {
        assert_eq!(session["state"], "established");
        assert_eq!(session["standing"], "active");
    }
}

#[test]
fn twenty_messages_arrive_in_any_order_with_losses() {
    let (alice, bob) = established();
    let sent: Vec<String> = (0..20)
        .map(|n| alice.send(&bob, &format!("message {n}")))
        .collect();
    // 7 is coprime to 20: a permutation far from the order of sending. Every fifth is lost.
    for step in 0..20 {
        let n = (step * 7 + 3) % 20;
        if n % 5 != 4 {
            assert_eq!(bob.read(&alice, &sent[n]), format!("message {n}"));
        }
    }
    assert_eq!(
        alice.read(&bob, &bob.send(&alice, "all there")),
        "all there"
    );
    assert_eq!(bob.read(&alice, &alice.send(&bob, "good")), "good");
    // The lost ones come after all, a DH step later.
    for n in [4, 9, 14, 19] {
        assert_eq!(bob.read(&alice, &sent[n]), format!("message {n}"));
    }
}

#[test]
fn a_kill_between_decrypt_and_confirm_gives_the_text_again_and_a_confirmation_ends_that() {
    let (alice, mut bob) = established();
    let message = alice.send(&bob, "once");
    let first = bob.receive(&alice, &message);
    assert_eq!(first["duplicate"], false);
    bob.daemon.kill_and_restart();

    let again = bob.receive(&alice, &message);
    assert_eq!(again["text"], "once");
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["messageId"], first["messageId"]);

    assert_eq!(bob.confirm(&again), 1);
    assert_eq!(bob.confirm(&again), 0);
    for restart in [false, true] {
        if restart {
            bob.daemon.kill_and_restart();
        }
        let gone = bob.receive(&alice, &message);
        assert_eq!(gone["outcome"], "undecryptable");
        assert_eq!(gone["reason"], "already_read");
        assert_eq!(gone["messageId"], first["messageId"]);
        assert_eq!(gone["nextAction"], "drop");
        assert_eq!(gone.get("text"), None);
    }
    assert_eq!(bob.read(&alice, &alice.send(&bob, "next")), "next");
}

#[test]
fn confirm_inside_decrypt_means_at_most_once() {
    let (alice, bob) = established();
    let message = alice.send(&bob, "once");
    let params = json!({"sender": alice.key, "message": message, "confirm": true});
    assert_eq!(
        bob.daemon.ok("message_decrypt", params.clone())["text"],
        "once"
    );
    // The answer may have been lost: nobody has said that the text arrived.
    assert_eq!(
        bob.daemon.ok("message_decrypt", params)["reason"],
        "message_key_gone"
    );
}

#[test]
fn the_state_survives_a_kill_on_both_sides_at_every_step() {
    let (mut alice, mut bob) = (Party::new("alice"), Party::new("bob"));
    for turn in 0..6 {
        let message = alice.send(&bob, &format!("turn {turn}"));
        alice.daemon.kill_and_restart();
        bob.daemon.kill_and_restart();
        assert_eq!(bob.read(&alice, &message), format!("turn {turn}"));
        std::mem::swap(&mut alice, &mut bob);
    }
}

#[test]
fn every_single_bit_change_stays_shut_and_the_untouched_message_still_opens() {
    let (alice, bob) = established();
    let message = bytes(&alice.send(&bob, "precious"));
    let before = bob.sessions();
    let mut refused = 0;
    for bit in 0..message.len() * 8 {
        let mut changed = message.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let params = json!({"sender": alice.key, "message": hex(&changed)});
        match bob.daemon.call("message_decrypt", params) {
            // What is outside the ratchet message (the bundle) may change without harm to it.
            Ok(read) if read["outcome"] == "decrypted" => {
                assert_eq!(read["text"], "precious", "bit {bit}");
            }
            Ok(_) | Err(_) => refused += 1,
        }
    }
    assert!(refused > 8 * 60, "{refused}");
    let after = bob.sessions();
    for member in ["sessionId", "standing", "state", "suite", "installationId"] {
        assert_eq!(before[0][member], after[0][member], "{member}");
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(bob.read(&alice, &hex(&message)), "precious");
    assert_eq!(alice.read(&bob, &bob.send(&alice, "and back")), "and back");
}

#[test]
fn a_peer_without_the_ratchet_prekey_is_spoken_to_on_secp256k1_both_ways() {
    // An id that does not promise the extension, and a prekey that does not carry it: like
    // status-go.
    let plain = |account: &str, key: u8| {
        let party = Party::with(
            Daemon::start(),
            account,
            json!({"installationId": format!("plain-{account}")}),
        );
        let private = hex(&[key; 32]);
        party.daemon.ok(
            "dev_importPrekey",
            json!({"signedPreKeyPrivate": private, "version": 1, "current": true}),
        );
        party
    };
    let (mut alice, mut bob) = (plain("alice", 7), plain("bob", 9));
    bob.read(&alice, &alice.send(&bob, "hello"));
    let answer = bob.encrypt(&alice, "hi");
    assert_eq!(target(&answer)["suite"], "secp256k1");
    alice.read(&bob, &only_message(&answer));
    // Many DH steps, each side sending bursts with one message held back and delivered late.
    let mut held: Vec<(String, String)> = Vec::new();
    for turn in 0..12 {
        let texts: Vec<String> = (0..3).map(|n| format!("turn {turn} message {n}")).collect();
        let sent: Vec<String> = texts.iter().map(|text| alice.send(&bob, text)).collect();
        assert_eq!(bob.read(&alice, &sent[2]), texts[2]);
        assert_eq!(bob.read(&alice, &sent[0]), texts[0]);
        held.push((sent[1].clone(), texts[1].clone()));
        std::mem::swap(&mut alice, &mut bob);
    }
    for (turn, (message, text)) in held.iter().enumerate() {
        let (from, to) = if turn % 2 == 0 {
            (&alice, &bob)
        } else {
            (&bob, &alice)
        };
        assert_eq!(to.read(from, message), *text);
    }
    assert_eq!(alice.sessions().len(), 1);
    assert_eq!(alice.sessions()[0]["suite"], "secp256k1");
}

#[test]
fn random_bytes_are_refused_and_stop_nothing() {
    let (alice, bob) = established();
    let big = hex(&vec![0x5a; 4 * 1024 * 1024]);
    for message in ["0x", "0xff", "0x0a", "0x12026161", "0xaa0600", big.as_str()] {
        let answer = bob.daemon.call(
            "message_decrypt",
            json!({"sender": alice.key, "message": message}),
        );
        match answer {
            Ok(read) => assert!(read.get("payload").is_none(), "{read}"),
            Err(error) => assert_eq!(error["data"]["kind"], "invalid_message"),
        }
    }
    assert_eq!(
        bob.read(&alice, &alice.send(&bob, "still here")),
        "still here"
    );
}

#[test]
fn a_public_message_an_own_message_and_an_advertisement_are_told_apart() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let public = alice
        .daemon
        .ok("message_encryptPublic", json!({"text": "to all"}));
    assert_eq!(target(&public)["mode"], "public");
    let read = bob.receive(&alice, &only_message(&public));
    assert_eq!(
        (&read["outcome"], &read["text"]),
        (&json!("public"), &json!("to all"))
    );
    assert_eq!(read["authenticated"], false);
    assert_eq!(
        alice.receive(&alice, &only_message(&public))["outcome"],
        "own"
    );

    let hello = bob
        .daemon
        .ok("message_advertise", json!({"recipient": alice.key}));
    let read = alice.receive(&bob, &only_message(&hello));
    assert_eq!(read["outcome"], "bundle");
    assert_eq!(read["newInstallations"], json!([bob.installation]));
    assert_eq!(target(&alice.encrypt(&bob, "hi"))["mode"], "x3dh");
}

#[test]
fn a_device_that_was_not_addressed_introduces_itself_once_in_two_hours() {
    let (alice, bob) = established();
    let laptop = Party::with(Daemon::start(), "other", json!({}));
    let message = alice.send(&bob, "for the phone");
    // A stranger's daemon holds no session and is not named: not targeted, with a reply, once in
    // two hours.
    let read = laptop.receive(&alice, &message);
    assert_eq!(read["outcome"], "not_targeted");
    assert_eq!(read["reason"], "other_installation");
    assert_eq!(read["nextAction"], "send_reply");
    let reply = text(&read["reply"]["message"]);
    let again = laptop.receive(&alice, &message);
    assert_eq!(again.get("reply"), None);
    assert_eq!(again["nextAction"], "wait");
    laptop
        .daemon
        .ok("dev_advanceTime", json!({"ms": 2 * 60 * 60 * 1000}));
    assert!(laptop.receive(&alice, &message).get("reply").is_some());
    // The reply tells Alice of the device.
    assert_eq!(alice.receive(&laptop, &reply)["outcome"], "bundle");
    let sent = alice.encrypt(&laptop, "for the laptop");
    assert_eq!(laptop.read(&alice, &only_message(&sent)), "for the laptop");
}

#[test]
fn a_rotation_after_a_day_moves_the_next_message_to_a_new_session() {
    let (alice, bob) = established();
    let version = |party: &Party| party.daemon.ok("bundle_get", json!({}))["version"].clone();
    assert_eq!(version(&bob), 1);
    let late = alice.send(&bob, "on the old session");
    bob.daemon
        .ok("dev_advanceTime", json!({"ms": 24 * 60 * 60 * 1000}));
    assert_eq!(version(&bob), 2);
    // Bob's bundle rides on his next message; Alice's next one begins a session on it.
    assert_eq!(alice.read(&bob, &bob.send(&alice, "rotated")), "rotated");
    let next = alice.encrypt(&bob, "on the new session");
    assert_eq!(target(&next)["mode"], "x3dh");
    assert_eq!(bob.read(&alice, &only_message(&next)), "on the new session");
    assert_eq!(bob.read(&alice, &late), "on the old session");
}

#[test]
fn a_retried_request_gets_the_same_bytes_and_steps_no_ratchet() {
    let (mut alice, bob) = established();
    let params = json!({"recipient": bob.key, "text": "once", "requestId": "r-1"});
    let first = alice.daemon.ok("message_encrypt", params.clone());
    let steps = alice.sessions()[0]["sent"].clone();
    assert_eq!(alice.daemon.ok("message_encrypt", params.clone()), first);
    alice.daemon.kill_and_restart();
    assert_eq!(alice.daemon.ok("message_encrypt", params), first);
    assert_eq!(alice.sessions()[0]["sent"], steps);
    let other = json!({"recipient": bob.key, "text": "twice", "requestId": "r-1"});
    let error = alice.daemon.call("message_encrypt", other).unwrap_err();
    assert_eq!(error["data"]["kind"], "request_id_reused");
}

#[test]
fn a_request_id_stands_for_its_request_for_a_day() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let (alice, bob) = established();
    let params = json!({"recipient": bob.key, "text": "once", "requestId": "r-1"});
    let first = alice.daemon.ok("message_encrypt", params.clone());
    let advance = |ms: u64| alice.daemon.ok("dev_advanceTime", json!({"ms": ms}));
    advance(DAY - 60_000);
    assert_eq!(alice.daemon.ok("message_encrypt", params), first);
    advance(120_000);
    let other = json!({"recipient": bob.key, "text": "something else", "requestId": "r-1"});
    let sent = alice.daemon.ok("message_encrypt", other);
    assert_eq!(bob.read(&alice, &only_message(&sent)), "something else");
    assert_eq!(bob.read(&alice, &only_message(&first)), "once");
}
