//! Envelopes, negotiated topics and chat clocks: recorded vectors, and every refusal.

use crate::support::{Daemon, Party, bytes, hex, list, only_message, prefixed, text, vectors};
use serde_json::{Value, json};

/// The parameters with which a recorded envelope is opened: a key, or an account of that identity.
fn opening(daemon: &Daemon, vector: &Value) -> Value {
    let mut params = json!({"envelope": prefixed(&vector["envelope"])});
    if let Some(key) = vector["recipientPrivateKey"].as_str() {
        let account = format!("k{}", &key[..16]);
        params["account"] = json!(account);
        let import = json!({"account": account, "privateKey": format!("0x{key}")});
        // The same identity has several envelopes.
        let _ = daemon.call("account_import", import);
    } else {
        params["symKey"] = json!(prefixed(&vector["symKey"]));
    }
    params
}

#[test]
fn every_recorded_envelope_opens_as_recorded_or_is_an_outcome_with_its_reason() {
    let daemon = Daemon::start();
    let recorded = vectors("trust-envelope.json");
    for vector in list(&recorded["good"]) {
        let opened = daemon.ok("envelope_open", opening(&daemon, vector));
        assert_eq!(opened["outcome"], "opened", "{}", vector["name"]);
        assert_eq!(opened["payload"], prefixed(&vector["payload"]));
        let signer = vector["signer"].as_str().filter(|key| !key.is_empty());
        assert_eq!(
            opened["signer"],
            json!(signer.map(|key| format!("0x{key}")))
        );
    }
    let (mut accepted, mut refused) = (0, 0);
    for vector in list(&recorded["decode"]) {
        let (expected, name) = (&vector["expect"], &vector["name"]);
        let opened = daemon.ok("envelope_open", opening(&daemon, vector));
        if text(name).starts_with("unknown-flag-") {
            // Recorded as read, with the bit ignored.
            assert_eq!(opened["reason"], "malformed", "{name}");
        } else if expected["ok"] == true {
            accepted += 1;
            assert_eq!(opened["outcome"], "opened", "{name}");
            assert_eq!(opened["payload"], prefixed(&expected["payload"]), "{name}");
            let signer = expected["signer"].as_str().filter(|key| !key.is_empty());
            assert_eq!(
                opened["signer"],
                json!(signer.map(|key| format!("0x{key}"))),
                "{name}"
            );
        } else {
            refused += 1;
            assert_eq!(opened["outcome"], "unopened", "{name}");
            assert_eq!(opened["reason"], expected["reason"], "{name}");
            assert!(text(&opened["hint"]).len() > 20);
            assert_eq!(
                (opened.get("payload"), &opened["signer"]),
                (None, &Value::Null)
            );
        }
    }
    assert!(accepted > 10 && refused > 10, "{accepted} {refused}");
}

#[test]
fn what_is_sealed_opens_with_what_it_was_sealed_to_and_with_nothing_else() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let key = format!("0x{}", "17".repeat(32));
    let ways = [
        (json!({"recipient": bob.key}), json!({}), "asymmetric"),
        (json!({"symKey": key}), json!({"symKey": key}), "symmetric"),
        (
            json!({"password": "status"}),
            json!({"password": "status"}),
            "symmetric",
        ),
    ];
    let with = |base: &Value, more: &Value| {
        let mut params = base.clone();
        for (name, value) in more.as_object().expect("an object") {
            params[name] = value.clone();
        }
        params
    };
    for (at, (to, by, kind)) in ways.iter().enumerate() {
        for (more, signer) in [
            (json!({"text": "grüß"}), json!(alice.key)),
            (json!({"text": "", "sign": false}), Value::Null),
            (
                json!({"payload": "0xff", "padding": "0x"}),
                json!(alice.key),
            ),
        ] {
            let sealed = alice.daemon.ok("envelope_seal", with(to, &more));
            assert_eq!(
                (&sealed["kind"], &sealed["signer"]),
                (&json!(kind), &signer)
            );
            let opened = |by: &Value| {
                let params = json!({"envelope": sealed["envelope"]});
                bob.daemon.ok("envelope_open", with(&params, by))
            };
            let found = opened(by);
            assert_eq!(found["outcome"], "opened");
            assert_eq!(found["signer"], signer);
            assert_eq!(found.get("text"), more.get("text"));
            for (other, (_, by, _)) in ways.iter().enumerate() {
                if other != at {
                    assert_eq!(opened(by)["outcome"], "unopened");
                }
            }
        }
    }
    // The key of a public chat is that of its name.
    let topic = bob.daemon.ok("topic_public", json!({"name": "status"}));
    let sealed = alice
        .daemon
        .ok("envelope_seal", json!({"text": "hi", "password": "status"}));
    let params = json!({"envelope": sealed["envelope"], "symKey": topic["symKey"]});
    assert_eq!(bob.daemon.ok("envelope_open", params)["text"], "hi");
    // Random padding makes the length a multiple of 256, besides what goes around.
    for length in [0, 100, 189, 190, 1000] {
        let params = json!({"payload": hex(&vec![7; length]), "recipient": bob.key});
        let sealed = alice.daemon.ok("envelope_seal", params);
        assert_eq!((bytes(&text(&sealed["envelope"])).len() - 113) % 256, 0);
    }
}

#[test]
fn an_envelope_that_may_be_by_a_key_not_derived_yet_says_so_and_can_be_given_again() {
    let alice = Party::new("alice");
    for number in 0..6 {
        let other = alice.daemon.ok(
            "account_create",
            json!({"account": format!("other-{number}")}),
        );
        let hello = json!({"account": "alice", "recipient": other["publicKey"], "text": "hello"});
        alice.daemon.ok("message_encrypt", hello);
    }
    let junk = json!({"account": "alice", "sealed": hex(&[1; 60])});
    let mut read = alice.daemon.ok("message_decrypt", junk.clone());
    assert_eq!(
        (&read["outcome"], &read["reason"], &read["nextAction"]),
        (&json!("unopened"), &json!("keys_pending"), &json!("wait"))
    );
    assert!(text(&read["hint"]).contains("symKey"), "{read}");
    while read["reason"] == "keys_pending" {
        read = alice.daemon.ok("message_decrypt", junk.clone());
    }
    assert_eq!(read["reason"], "authentication_failed");
}

#[test]
fn wrong_parameters_of_envelope_methods_are_named() {
    let alice = Party::new("alice");
    let (key, zero) = (
        format!("0x{}", "17".repeat(32)),
        format!("0x{}", "00".repeat(32)),
    );
    let recipient = &alice.key;
    let large = hex(&vec![0; 1024 * 1024 + 1]);
    for (method, params, kind, field) in [
        (
            "envelope_seal",
            json!({"text": "x"}),
            "invalid_params",
            "recipient",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "recipient": recipient, "symKey": key}),
            "invalid_params",
            "recipient",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "recipient": recipient, "password": "p"}),
            "invalid_params",
            "recipient",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "symKey": key, "password": "p"}),
            "invalid_params",
            "password",
        ),
        (
            "envelope_seal",
            json!({"recipient": recipient}),
            "invalid_params",
            "payload",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "payload": "0x", "recipient": recipient}),
            "invalid_params",
            "text",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "symKey": zero}),
            "invalid_key",
            "symKey",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "symKey": "0x17"}),
            "invalid_key",
            "symKey",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "recipient": "0x17"}),
            "invalid_key",
            "recipient",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "recipient": recipient, "padding": 7}),
            "invalid_params",
            "padding",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "recipient": recipient, "padding": large}),
            "payload_too_large",
            "padding",
        ),
        (
            "envelope_seal",
            json!({"text": "x", "recipient": recipient, "sign": "yes"}),
            "invalid_params",
            "sign",
        ),
        ("envelope_open", json!({}), "invalid_params", "envelope"),
        (
            "envelope_open",
            json!({"envelope": "04"}),
            "invalid_params",
            "envelope",
        ),
        (
            "envelope_open",
            json!({"envelope": "0x04", "symKey": key, "password": "p"}),
            "invalid_params",
            "password",
        ),
        (
            "envelope_open",
            json!({"envelope": "0x04", "symKey": zero}),
            "invalid_key",
            "symKey",
        ),
        (
            "envelope_open",
            json!({"envelope": "0x04", "account": "nobody"}),
            "account_not_found",
            "account",
        ),
        ("message_decrypt", json!({}), "invalid_params", "sender"),
        (
            "message_decrypt",
            json!({"sender": recipient}),
            "invalid_params",
            "message",
        ),
        (
            "message_decrypt",
            json!({"sender": recipient, "sealed": "0x04"}),
            "invalid_params",
            "sender",
        ),
        (
            "message_decrypt",
            json!({"message": "0x0a", "sealed": "0x04"}),
            "invalid_params",
            "message",
        ),
        (
            "message_decrypt",
            json!({"sender": recipient, "message": "0x0a", "symKey": key}),
            "invalid_params",
            "symKey",
        ),
        (
            "message_decrypt",
            json!({"sealed": "zz"}),
            "invalid_params",
            "sealed",
        ),
        (
            "message_encrypt",
            json!({"recipient": recipient, "text": "x", "seal": "true"}),
            "invalid_params",
            "seal",
        ),
        (
            "message_encryptGroup",
            json!({"recipients": [recipient], "text": "x", "seal": "negotiated"}),
            "invalid_params",
            "seal",
        ),
        (
            "topic_negotiated",
            json!({"identity": "0x17"}),
            "invalid_key",
            "identity",
        ),
        ("clock_next", json!({}), "invalid_params", "chat"),
        (
            "clock_observe",
            json!({"chat": "c", "clock": 0, "envelopeAt": 7}),
            "invalid_params",
            "clock",
        ),
        (
            "clock_observe",
            json!({"chat": "c", "clock": -1, "envelopeAt": 7}),
            "invalid_params",
            "clock",
        ),
        (
            "clock_observe",
            json!({"chat": "c", "clock": 120_008, "envelopeAt": 7}),
            "invalid_params",
            "clock",
        ),
        (
            "clock_observe",
            json!({"chat": "c", "clock": 1, "envelopeAt": 1_u64 << 62}),
            "invalid_params",
            "envelopeAt",
        ),
    ] {
        let error = alice
            .daemon
            .call(method, params.clone())
            .expect_err("refused");
        let data = &error["data"];
        assert_eq!(
            (&data["kind"], &data["field"]),
            (&json!(kind), &json!(field)),
            "{method} {params}"
        );
        assert!(text(&data["hint"]).len() > 10);
    }
    // What is too short or too strange to be opened is no mistake of the caller's.
    for (envelope, reason) in [
        ("0x".to_owned(), "malformed"),
        (hex(&[4; 113]), "malformed"),
        (hex(&[4; 200]), "malformed"),
    ] {
        let opened = alice
            .daemon
            .ok("envelope_open", json!({"envelope": envelope}));
        assert_eq!(
            (&opened["outcome"], &opened["reason"]),
            (&json!("unopened"), &json!(reason))
        );
    }
    let params = json!({"envelope": hex(&[7; 28]), "symKey": key});
    assert_eq!(
        alice.daemon.ok("envelope_open", params)["reason"],
        "malformed"
    );
    let params = json!({"envelope": hex(&[7; 29]), "symKey": key});
    assert_eq!(
        alice.daemon.ok("envelope_open", params)["reason"],
        "authentication_failed"
    );
}

#[test]
fn methods_that_need_no_account_work_without_one() {
    let daemon = Daemon::start();
    let params = json!({"text": "x", "password": "p", "sign": false});
    let sealed = daemon.ok("envelope_seal", params);
    let params = json!({"envelope": sealed["envelope"], "password": "p"});
    assert_eq!(daemon.ok("envelope_open", params)["text"], "x");
    let error = daemon
        .call("envelope_seal", json!({"text": "x", "password": "p"}))
        .expect_err("there is nobody to sign");
    assert_eq!(error["data"]["kind"], "account_not_found");
}

#[test]
fn the_negotiated_topic_is_as_recorded_and_the_same_at_both_ends() {
    let daemon = Daemon::start();
    for (number, vector) in list(&vectors("trust-topics.json")["negotiated"])
        .iter()
        .enumerate()
    {
        let account = format!("a{number}");
        let import = json!({"account": account, "privateKey": prefixed(&vector["privateKey"])});
        daemon.ok("account_import", import);
        let params = json!({"account": account, "identity": prefixed(&vector["theirPublicKey"])});
        let topic = daemon.ok("topic_negotiated", params);
        assert_eq!(topic["name"], vector["string"]);
        assert_eq!(topic["topic"], prefixed(&vector["topic"]));
        assert_eq!(topic["contentTopic"], vector["contentTopic"]);
        assert_eq!(topic["symKey"], prefixed(&vector["symKey"]));
    }
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let at_alice = alice
        .daemon
        .ok("topic_negotiated", json!({"identity": bob.key}));
    let at_bob = bob
        .daemon
        .ok("topic_negotiated", json!({"identity": alice.key}));
    assert_eq!(at_alice, at_bob);
}

/// Everything that the daemon has on the disk of its accounts.
fn stored(daemon: &Daemon) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found: Vec<_> = std::fs::read_dir(daemon.data_dir().join("accounts"))
        .expect("the accounts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.to_string_lossy().ends_with("-shm"))
        .map(|path| (path.clone(), std::fs::read(&path).expect("to read")))
        .collect();
    found.sort();
    found
}

#[test]
fn envelopes_of_strangers_and_damaged_ones_are_outcomes_and_write_nothing() {
    let (alice, bob, carol) = (Party::new("alice"), Party::new("bob"), Party::new("carol"));
    // Opening an account writes, whoever causes it.
    bob.daemon.ok("bundle_get", json!({}));
    let sealed = |to: &Party, seal: Value| {
        let params = json!({"recipient": to.key, "text": "hi", "seal": seal});
        text(&alice.daemon.ok("message_encrypt", params)["envelopes"][0]["sealed"])
    };
    let (good, strange) = (
        sealed(&bob, json!("partitioned")),
        sealed(&carol, json!("partitioned")),
    );
    // The first byte of an envelope under a key is random. One that begins as envelopes to an
    // identity do is taken for one of them, and is malformed: another is made then.
    let negotiated = loop {
        let envelope = sealed(&carol, json!("negotiated"));
        if !envelope.starts_with("0x04") {
            break envelope;
        }
    };
    let unsigned = {
        let message = only_message(&alice.encrypt(&bob, "hi"));
        let params = json!({"payload": message, "recipient": bob.key, "sign": false});
        text(&alice.daemon.ok("envelope_seal", params)["envelope"])
    };
    let before = stored(&bob.daemon);
    let flipped = |at: usize| {
        let mut bytes = bytes(&good);
        bytes[at] ^= 1;
        hex(&bytes)
    };
    let mut wrong = vec![
        (strange, "authentication_failed"),
        (negotiated, "authentication_failed"),
        (unsigned, "unauthenticated_sender"),
        (flipped(64), "malformed"),
        ("0x".to_owned(), "malformed"),
    ];
    wrong.extend(
        (65..300)
            .step_by(3)
            .map(|at| (flipped(at), "authentication_failed")),
    );
    for (envelope, reason) in wrong {
        let read = bob
            .daemon
            .ok("message_decrypt", json!({"sealed": envelope}));
        assert_eq!(
            (&read["outcome"], &read["reason"]),
            (&json!("unopened"), &json!(reason))
        );
        assert_eq!(
            (&read["sender"], &read["nextAction"]),
            (&Value::Null, &json!("drop"))
        );
        assert!(read.get("payload").is_none() && text(&read["hint"]).len() > 20);
    }
    // A signature that no key can have made, under a MAC that holds: of the recorded ones.
    let recorded = vectors("trust-envelope.json");
    let bad_signature = list(&recorded["decode"]).iter().find(|vector| {
        vector["expect"]["reason"] == "bad_signature" && vector["symKey"].is_string()
    });
    let vector = bad_signature.expect("one that is signed badly");
    let params =
        json!({"sealed": prefixed(&vector["envelope"]), "symKey": prefixed(&vector["symKey"])});
    let read = bob.daemon.ok("message_decrypt", params);
    assert_eq!(
        (&read["outcome"], &read["reason"]),
        (&json!("unopened"), &json!("bad_signature"))
    );
    assert_eq!(stored(&bob.daemon), before);
    // No event tells of them: strangers' envelopes come all day.
    let events = bob.daemon.ok("event_list", json!({}));
    assert!(!events.to_string().contains("undecryptable"), "{events}");
    let read = bob.daemon.ok("message_decrypt", json!({"sealed": good}));
    assert_eq!(
        (&read["text"], &read["sender"]),
        (&json!("hi"), &json!(alice.key))
    );
}

#[test]
fn a_retry_gives_the_same_envelope() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let mut params = json!({"recipient": bob.key, "text": "once", "requestId": "r", "seal": true});
    let first = alice.daemon.ok("message_encrypt", params.clone());
    let envelope = &first["envelopes"][0];
    let topic = alice
        .daemon
        .ok("topic_partitioned", json!({"identity": bob.key}));
    assert_eq!(envelope["topic"], topic["topic"]);
    assert_eq!(envelope["contentTopic"], topic["contentTopic"]);
    assert_eq!(alice.daemon.ok("message_encrypt", params.clone()), first);
    params["seal"] = json!(false);
    let error = alice
        .daemon
        .call("message_encrypt", params)
        .expect_err("another request");
    assert_eq!(error["data"]["kind"], "request_id_reused");
}

#[test]
fn every_method_that_makes_messages_seals_them_when_asked() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let made = [
        (
            "message_encrypt",
            json!({"recipient": bob.key, "text": "x", "seal": true}),
        ),
        (
            "message_encryptGroup",
            json!({"recipients": [bob.key], "text": "x", "seal": true}),
        ),
        (
            "message_advertise",
            json!({"recipient": bob.key, "seal": true}),
        ),
        (
            "contact_request",
            json!({"identity": bob.key, "text": "x", "seal": true}),
        ),
        (
            "contact_accept",
            json!({"identity": bob.key, "text": "x", "seal": true}),
        ),
        (
            "contact_decline",
            json!({"identity": bob.key, "text": "x", "seal": true}),
        ),
    ];
    for (method, mut params) in made {
        let envelope = alice.daemon.ok(method, params.clone())["envelopes"][0].clone();
        let read = bob
            .daemon
            .ok("message_decrypt", json!({"sealed": envelope["sealed"]}));
        assert_eq!(
            (&read["sender"], &read["authenticated"]),
            (&json!(alice.key), &json!(true)),
            "{method}"
        );
        // The envelope holds the message as it is.
        let opened = bob
            .daemon
            .ok("envelope_open", json!({"envelope": envelope["sealed"]}));
        assert_eq!(opened["payload"], envelope["message"]);
        params["seal"] = json!(false);
        let plain = alice.daemon.ok(method, params)["envelopes"][0].clone();
        for member in ["sealed", "topic", "contentTopic"] {
            assert!(
                envelope.get(member).is_some() && plain.get(member).is_none(),
                "{method} {member}"
            );
        }
    }
}

#[test]
fn a_chats_clock_only_rises_and_outlives_the_daemon() {
    let mut alice = Party::new("alice");
    let now = alice.daemon.ok("dev_now", json!({}))["now"]
        .as_u64()
        .expect("a time");
    let next = |alice: &Party, chat: &str| {
        let time = alice.daemon.ok("clock_next", json!({"chat": chat}));
        (
            time["clock"].as_u64().expect("a clock"),
            time["timestamp"].as_u64().expect("a time"),
        )
    };
    let (first, at) = next(&alice, "c");
    assert!(first >= now && first == at);
    let seen = first + 60_000;
    let params = json!({"chat": "c", "clock": seen, "envelopeAt": first});
    assert_eq!(alice.daemon.ok("clock_observe", params)["clock"], seen);
    let (second, at) = next(&alice, "c");
    assert!(second == seen + 1 && at < second);
    alice.daemon.kill_and_restart();
    assert_eq!(next(&alice, "c").0, second + 1);
    let late = json!({"chat": "c", "clock": first, "envelopeAt": first});
    assert_eq!(alice.daemon.ok("clock_observe", late)["clock"], second + 1);
    assert!(next(&alice, "another").0 < second);
}
