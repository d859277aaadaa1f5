//! Suite x25519-mlkem768 over the interface: what frontends are told of it, and what they do when a
//! KEM prekey is missing.

use crate::support::{Daemon, Party, bytes, hex, list, only_message, path_text, ratchetd, text};
use serde_json::{Value, json};

const POST_QUANTUM: &str = "x25519-mlkem768";
/// The configuration of who lets nothing leave that is not post-quantum.
const NOTHING_ELSE: &str = "[ratchet]\nsuites = [\"x25519-mlkem768\"]\n";

fn target(sent: &Value) -> &Value {
    &sent["envelopes"][0]["targets"][0]
}

/// The one device of `of` that `at` knows.
fn device(at: &Party, of: &Party) -> Value {
    let listed = at
        .daemon
        .ok("installation_list", json!({"identity": of.key}));
    assert_eq!(list(&listed).len(), 1, "{listed}");
    listed[0].clone()
}

/// How often an event of this type was told, of this device.
fn told(at: &Party, of: &Party, kind: &str) -> usize {
    let events = at.daemon.ok("event_list", json!({}));
    let about = |event: &&Value| {
        event["type"] == kind && event["data"]["installationId"] == of.installation.as_str()
    };
    list(&events["events"]).iter().filter(about).count()
}

/// The severities that `ratchetd doctor` finds.
fn findings(daemon: &Daemon, flags: &[&str]) -> Value {
    let flags = [&["--json"], flags].concat();
    let output = ratchetd("doctor", &daemon.data_dir(), &flags);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = list(&report["findings"]).iter();
    found
        .map(|found| (text(&found["id"]), found["severity"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn import(at: &Party, code: &Value) -> Value {
    let imported = at.daemon.ok("bundle_import", json!({"bundle": code}));
    imported["installations"][0]["kem"].clone()
}

#[test]
fn a_short_code_leads_to_a_post_quantum_session_with_the_answer() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let codes = bob.daemon.ok("bundle_get", json!({}));
    assert_eq!(import(&alice, &codes["contactCode"]), "missing");
    assert_eq!(device(&alice, &bob)["postQuantum"], "offered");
    assert_eq!(device(&alice, &bob)["kemVersion"], Value::Null);

    let first = alice.encrypt(&bob, "by the short code");
    assert_eq!(first["postQuantum"], false);
    assert_eq!(target(&first)["suite"], "x25519");
    assert_eq!(target(&first)["postQuantum"], false);
    assert_eq!(target(&first)["notPostQuantum"], "key_missing");
    let message = only_message(&first);
    let inspected = alice
        .daemon
        .ok("message_inspect", json!({"message": message}));
    assert_eq!(inspected["kemWanted"], json!([bob.installation]));
    let carried = &inspected["bundles"][0]["kemPreKeys"];
    assert_eq!(
        (&carried[0]["installationId"], &carried[0]["valid"]),
        (&json!(alice.installation), &json!(true))
    );
    let read = bob.receive(&alice, &message);
    assert_eq!(
        (&read["text"], &read["postQuantum"]),
        (&json!("by the short code"), &json!(false))
    );
    assert_eq!(told(&bob, &alice, "installation.kem_prekey"), 1);

    // Bob leaves the session below with his next message.
    let answer = bob.encrypt(&alice, "and so it is post-quantum");
    assert_eq!(answer["postQuantum"], true);
    assert_eq!(target(&answer)["suite"], POST_QUANTUM);
    assert_eq!(target(&answer).get("notPostQuantum"), None);
    let read = alice.receive(&bob, &only_message(&answer));
    assert_eq!(
        (&read["text"], &read["postQuantum"]),
        (&json!("and so it is post-quantum"), &json!(true))
    );
    assert_eq!(told(&alice, &bob, "installation.kem_prekey"), 1);
    assert_eq!(told(&alice, &bob, "installation.post_quantum"), 1);
    let known = device(&alice, &bob);
    assert_eq!(
        (&known["postQuantum"], &known["suite"], &known["kemVersion"]),
        (&json!("required"), &json!(POST_QUANTUM), &json!(1))
    );
    let next = alice.encrypt(&bob, "both ways");
    assert_eq!(
        (&next["postQuantum"], &target(&next)["mode"]),
        (&json!(true), &json!("ratchet"))
    );
    assert_eq!(bob.read(&alice, &only_message(&next)), "both ways");
    let active = |party: &Party| {
        let sessions = party.sessions();
        let mut active = sessions.iter().filter(|of| of["standing"] == "active");
        let found = active.next().cloned();
        assert!(active.next().is_none(), "{sessions:?}");
        found.expect("an active session")
    };
    for party in [&alice, &bob] {
        assert_eq!(active(party)["suite"], POST_QUANTUM);
        assert_eq!(active(party)["postQuantum"], true);
    }
    assert_eq!(active(&alice)["sessionId"], active(&bob)["sessionId"]);
    let metrics = String::from_utf8(alice.daemon.get("/metrics").body).expect("text");
    for (suite, sessions) in [(POST_QUANTUM, 1), ("x25519", 1), ("secp256k1", 0)] {
        let line = format!(r#"ratchetd_sessions{{suite="{suite}"}} {sessions}"#);
        assert!(
            metrics.lines().any(|told| told == line),
            "{line}: {metrics}"
        );
    }
    // Again and again, and told once.
    alice.read(&bob, &bob.send(&alice, "still"));
    assert_eq!(told(&alice, &bob, "installation.post_quantum"), 1);
}

#[test]
fn by_the_full_code_the_first_text_is_post_quantum() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let codes = bob.daemon.ok("bundle_get", json!({}));
    let (short, full) = (text(&codes["contactCode"]), text(&codes["contactCodeFull"]));
    assert!(short.len() < 450, "{}", short.len());
    assert!((2000..2300).contains(&full.len()), "{}", full.len());
    let inspected = alice.daemon.ok("bundle_inspect", json!({"bundle": full}));
    let kem = &inspected["kemPreKeys"][0];
    assert_eq!(
        (&kem["installationId"], &kem["version"], &kem["valid"]),
        (&json!(bob.installation), &json!(1), &json!(true))
    );
    let kem_id = text(&kem["kemId"]);
    assert_eq!(bytes(&kem_id).len(), 32);
    assert_eq!(import(&alice, &codes["contactCodeFull"]), "held");

    let first = alice.encrypt(&bob, "the first text");
    assert_eq!(
        (&first["postQuantum"], &target(&first)["mode"]),
        (&json!(true), &json!("x3dh"))
    );
    let message = only_message(&first);
    let inspected = bob
        .daemon
        .ok("message_inspect", json!({"message": message}));
    let header = &inspected["targets"][0]["x3dhHeader"];
    assert_eq!(
        (&header["kemId"], &header["kemCiphertextBytes"]),
        (&json!(kem_id), &json!(1088))
    );
    assert_eq!(inspected["kemWanted"], json!([]));
    let explained = bob.daemon.ok(
        "message_explain",
        json!({"sender": alice.key, "message": message}),
    );
    assert_eq!(explained["suite"], POST_QUANTUM);
    assert_eq!(explained["postQuantum"], true);
    assert_eq!(
        explained["kemPreKey"],
        json!({"kemId": kem_id, "state": "current"})
    );
    let sentences = explained["explanation"].to_string();
    assert!(sentences.contains("KEM prekey"), "{sentences}");
    assert_eq!(bob.read(&alice, &message), "the first text");
}

#[test]
fn without_the_key_nothing_leaves_but_an_advertisement_that_asks_and_the_same_request_id_sends() {
    let alice = Party::configured("alice", NOTHING_ELSE);
    let bob = Party::new("bob");
    alice.learn(&bob);
    let send = || {
        let params = json!({"recipient": bob.key, "text": "for later, too", "requestId": "r-1"});
        alice.daemon.ok("message_encrypt", params)
    };
    let asked = send();
    assert_eq!(
        asked["skipped"],
        json!([{"identity": bob.key, "installationId": bob.installation,
            "reason": "kem_key_missing"}])
    );
    assert_eq!(
        (&asked["postQuantum"], &asked["envelopes"][0]["targets"]),
        (&json!(false), &json!([]))
    );
    let config = alice.daemon.data_dir().with_file_name("config.toml");
    let report = findings(&alice.daemon, &["--config", path_text(&config)]);
    assert_eq!(report["suites"], "notice");
    assert_eq!(report["bundle.kem"], "ok");
    assert_eq!(report["devices.post_quantum"], "ok");

    let read = bob.receive(&alice, &only_message(&asked));
    assert_eq!(
        (&read["outcome"], &read["nextAction"]),
        (&json!("bundle"), &json!("send_reply"))
    );
    let answer = alice.receive(&bob, &text(&read["reply"]["message"]));
    assert_eq!(answer["outcome"], "bundle");
    assert_eq!(told(&alice, &bob, "installation.kem_prekey"), 1);
    let sent = send();
    assert_eq!(
        (&sent["postQuantum"], &sent["skipped"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(send(), sent);
    assert_eq!(bob.read(&alice, &only_message(&sent)), "for later, too");
}

#[test]
fn who_leaves_the_suite_out_is_told_so_with_every_copy() {
    let alice = Party::configured("alice", "[ratchet]\nsuites = [\"x25519\", \"secp256k1\"]\n");
    let bob = Party::new("bob");
    let codes = bob.daemon.ok("bundle_get", json!({}));
    import(&alice, &codes["contactCodeFull"]);
    let sent = alice.encrypt(&bob, "as before");
    assert_eq!(
        (&target(&sent)["suite"], &target(&sent)["notPostQuantum"]),
        (&json!("x25519"), &json!("forbidden"))
    );
    let codes = alice.daemon.ok("bundle_get", json!({}));
    assert_eq!(codes["contactCode"], codes["contactCodeFull"]);
    assert_eq!(bob.read(&alice, &only_message(&sent)), "as before");
    let answer = bob.encrypt(&alice, "and back");
    assert_eq!(target(&answer)["suite"], "x25519");
    assert_eq!(alice.read(&bob, &only_message(&answer)), "and back");
}

#[test]
fn a_device_of_status_go_is_written_to_below_and_has_nothing_to_offer() {
    let (alice, plain) = (
        Party::new("alice"),
        Party::with(Daemon::start(), "plain", json!({"installationId": "plain"})),
    );
    plain.daemon.ok(
        "dev_importPrekey",
        json!({"signedPreKeyPrivate": hex(&[7; 32]), "version": 1, "current": true}),
    );
    let code = plain.daemon.ok("bundle_get", json!({}));
    assert_eq!(import(&alice, &code["contactCodeFull"]), "none");
    assert_eq!(device(&alice, &plain)["postQuantum"], "none");
    let sent = alice.encrypt(&plain, "to a device of status-go");
    assert_eq!(
        (&target(&sent)["suite"], &target(&sent)["notPostQuantum"]),
        (&json!("secp256k1"), &json!("not_offered"))
    );
}

#[test]
fn a_kem_prekey_can_be_set_with_the_one_before_it() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let keys = json!({
        "signedPreKeyPrivate": hex(&[7; 32]),
        "ratchetPreKeyPrivate": hex(&[8; 32]),
        "version": 9,
        "current": true,
    });
    let with = |more: Value| {
        let mut params = keys.clone();
        let members = params.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        bob.daemon.call("dev_importPrekey", params)
    };
    let (seed, before) = (hex(&[1; 64]), hex(&[2; 64]));
    for (more, field) in [
        (json!({"kemSeed": hex(&[1; 32])}), "kemSeed"),
        (
            json!({"kemSeed": seed, "kemBeforeSeed": before}),
            "kemBeforeVersion",
        ),
        (
            json!({"kemBeforeSeed": before, "kemBeforeVersion": 1}),
            "kemSeed",
        ),
    ] {
        let error = with(more).expect_err("refused");
        assert_eq!(error["data"]["field"], field, "{error}");
    }
    with(
        json!({"kemSeed": seed, "kemVersion": 8, "kemBeforeSeed": before,
        "kemBeforeVersion": 1}),
    )
    .expect("taken");
    let code = bob.daemon.ok("bundle_get", json!({}))["contactCodeFull"].take();
    let inspected = bob.daemon.ok("bundle_inspect", json!({"bundle": code}));
    assert_eq!(inspected["kemPreKeys"][0]["version"], 8);
    assert_eq!(import(&alice, &code), "held");
    let sent = alice.encrypt(&bob, "to a key that was set");
    assert_eq!(target(&sent)["suite"], POST_QUANTUM);
    assert_eq!(
        bob.read(&alice, &only_message(&sent)),
        "to a key that was set"
    );
}

/// Bob has renewed his prekeys for a fortnight, and Alice has read it in his bundle alone: that ends
/// her session, and the KEM prekey that she has of him serves no more.
#[test]
fn a_post_quantum_device_without_its_key_gets_nothing_and_the_doctor_says_so() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    alice.learn_fully(&bob);
    bob.read(&alice, &alice.send(&bob, "hello"));
    alice.read(&bob, &bob.send(&alice, "hi"));
    assert_eq!(device(&alice, &bob)["postQuantum"], "required");
    bob.daemon.ok(
        "dev_importPrekey",
        json!({"signedPreKeyPrivate": hex(&[7; 32]), "ratchetPreKeyPrivate": hex(&[8; 32]),
            "version": 15}),
    );
    let code = bob.daemon.ok("bundle_get", json!({}))["contactCode"].take();
    assert_eq!(import(&alice, &code), "missing");
    let sent = alice.encrypt(&bob, "are you there?");
    assert_eq!(sent["skipped"][0]["reason"], "kem_key_missing", "{sent}");
    assert_eq!(device(&alice, &bob)["nextMode"], Value::Null);
    let report = findings(&alice.daemon, &[]);
    assert_eq!(report["devices.post_quantum"], "warning");
    // Its advertisement is answered, and the answer brings the key.
    let read = bob.receive(&alice, &only_message(&sent));
    alice.receive(&bob, &text(&read["reply"]["message"]));
    let sent = alice.encrypt(&bob, "are you there now?");
    assert_eq!(sent["postQuantum"], true, "{sent}");
    assert_eq!(bob.read(&alice, &only_message(&sent)), "are you there now?");
    let report = findings(&alice.daemon, &[]);
    assert_eq!(report["devices.post_quantum"], "ok");
}

#[test]
fn what_is_odd_about_kem_prekeys_and_copies_below_is_told() {
    let (alice, mut bob) = (Party::new("alice"), Party::new("bob"));
    bob.daemon.ok(
        "dev_importPrekey",
        json!({"signedPreKeyPrivate": hex(&[7; 32]), "ratchetPreKeyPrivate": hex(&[8; 32]),
            "version": 9, "kemSeed": hex(&[1; 64]), "kemVersion": 2}),
    );
    let code = bob.daemon.ok("bundle_get", json!({}))["contactCodeFull"].take();
    // The last byte is of the signature of the KEM prekey. The bundle is taken without it.
    let mut damaged = engine::wire::decode_contact_code(&text(&code)).expect("a code");
    *damaged.last_mut().expect("bytes") ^= 1;
    let imported = alice
        .daemon
        .ok("bundle_import", json!({"bundle": hex(&damaged)}));
    assert_eq!(imported["warnings"][0]["kind"], "invalid_kem_prekey");
    assert_eq!(imported["installations"][0]["kem"], "missing");
    assert_eq!(import(&alice, &code), "aged");

    bob.read(&alice, &alice.send(&bob, "hello"));
    alice.read(&bob, &bob.send(&alice, "hi"));
    assert_eq!(device(&alice, &bob)["postQuantum"], "required");
    // Bob's user leaves the suite out.
    bob.daemon.terminate();
    let config = bob.daemon.data_dir().join("ratchetd.toml");
    std::fs::write(config, "[ratchet]\nsuites = [\"x25519\"]\n").expect("to write");
    bob.daemon.restart();
    let below = bob.encrypt(&alice, "as before");
    assert_eq!(target(&below)["suite"], "x25519");
    let read = alice.receive(&bob, &only_message(&below));
    assert_eq!(
        (&read["text"], &read["warnings"][0]["kind"]),
        (&json!("as before"), &json!("below_post_quantum"))
    );
}
