//! Contacts: requests, answers to them, and who may be written to (spec 1.5.x).

use crate::support::{self, Daemon, Party, text};
use serde_json::{Value, json};

/// A party whose daemon sends to accepted contacts only.
fn gated(account: &str) -> Party {
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("config.toml");
    std::fs::write(&config, "[contacts]\npolicy = \"request\"\n").expect("to write");
    let flags = ["--dev", "--config", config.to_str().expect("UTF-8")];
    let flags = flags.map(str::to_owned).to_vec();
    Party::with(Daemon::start_in(directory, flags), account, json!({}))
}

fn contact(of: &Party, method: &str, with: &Party, more: Value) -> Value {
    let mut params = json!({"identity": with.key});
    for (name, value) in more.as_object().expect("an object") {
        params[name] = value.clone();
    }
    of.daemon.ok(method, params)
}

fn state(of: &Party, with: &Party) -> String {
    text(&contact(of, "contact_get", with, json!({}))["state"])
}

fn kind_of_refusal(of: &Party, to: &Party) -> String {
    let params = json!({"recipient": to.key, "text": "hello"});
    let error = of
        .daemon
        .call("message_encrypt", params)
        .expect_err("refused");
    assert_eq!(error["code"], 1301);
    assert!(
        text(&error["data"]["hint"]).contains("contact_request"),
        "{error}"
    );
    text(&error["data"]["kind"])
}

/// The events of these types.
fn told(of: &Party, which: &str) -> Vec<Value> {
    let events = of.daemon.ok("event_list", json!({"limit": 1000}))["events"].take();
    let events = events.as_array().expect("an array").clone();
    let mut told: Vec<Value> = events
        .into_iter()
        .filter(|event| event["type"] == which)
        .collect();
    for event in &mut told {
        assert_eq!(event["data"]["identity"].as_str().map(str::len), Some(132));
    }
    told
}

#[test]
fn a_request_is_made_accepted_and_leads_to_forward_secrecy_at_both_ends() {
    let (alice, bob) = (gated("alice"), gated("bob"));
    assert_eq!(state(&alice, &bob), "none");
    assert_eq!(kind_of_refusal(&alice, &bob), "contact_not_accepted");
    let group = json!({"recipients": [bob.key], "text": "hello"});
    let error = alice
        .daemon
        .call("message_encryptGroup", group)
        .expect_err("refused");
    assert_eq!(error["data"]["kind"], "contact_not_accepted");

    // By the chat key alone: the introduction goes by DH, and proves nobody.
    let asked = contact(
        &alice,
        "contact_request",
        &bob,
        json!({"text": "I am Alice"}),
    );
    assert_eq!(asked["state"], "request_sent");
    assert_eq!(asked["forwardSecrecy"], false);
    let read = bob.receive(&alice, &support::only_message(&asked));
    assert_eq!(read["text"], "I am Alice");
    assert_eq!(read["authenticated"], false);
    assert_eq!(state(&bob, &alice), "none", "nothing unproven is written");
    let requests = told(&bob, "contact.requested");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["data"]["authenticated"], false);
    assert_eq!(kind_of_refusal(&alice, &bob), "contact_not_accepted");

    // Bob accepts: a ratchet message, which Alice takes for his acceptance.
    let accepted = contact(
        &bob,
        "contact_accept",
        &alice,
        json!({"text": "I know you"}),
    );
    assert_eq!(accepted["state"], "accepted");
    assert_eq!(accepted["envelopes"][0]["targets"][0]["mode"], "x3dh");
    assert_eq!(told(&bob, "contact.accepted")[0]["data"]["byUs"], true);
    assert_eq!(
        alice.read(&bob, &support::only_message(&accepted)),
        "I know you"
    );
    assert_eq!(state(&alice, &bob), "accepted");
    assert_eq!(told(&alice, "contact.accepted")[0]["data"]["byUs"], false);

    for turn in 0..2 {
        let message = alice.send(&bob, "freely now");
        assert_eq!(bob.read(&alice, &message), "freely now", "{turn}");
        let message = bob.send(&alice, "and I");
        assert_eq!(alice.read(&bob, &message), "and I", "{turn}");
    }
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        let seen = contact(one, "contact_get", other, json!({}));
        assert_eq!(seen["forwardSecrecy"], true);
        assert!(text(&seen["compressedKey"]).starts_with("zQ3sh"));
        assert!(seen["addedAt"].is_u64());
        assert_eq!(one.daemon.ok("contact_list", json!({})), json!([seen]));
    }
    assert_eq!(told(&alice, "contact.accepted").len(), 1);
}

#[test]
fn with_a_bundle_the_request_is_proven_and_recorded_also_after_a_crash() {
    let (alice, mut bob) = (gated("alice"), gated("bob"));
    alice.learn(&bob);
    let asked = contact(&alice, "contact_request", &bob, json!({"text": "hello"}));
    let introduction = support::only_message(&asked);
    let read = bob.receive(&alice, &introduction);
    assert_eq!(read["authenticated"], true);
    assert_eq!(state(&bob, &alice), "request_received");
    // Told once, whatever comes after, and with the message that introduces her.
    bob.receive(&alice, &introduction);
    let again = contact(&alice, "contact_request", &bob, json!({}));
    let without_text = bob.receive(&alice, &support::only_message(&again));
    assert_eq!(
        (&without_text["outcome"], &without_text["contact"]),
        (&json!("contact"), &json!("request"))
    );
    let requests = told(&bob, "contact.requested");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["data"]["messageId"], read["messageId"]);
    assert_eq!(requests[0]["data"]["authenticated"], true);
    bob.daemon.kill_and_restart();
    assert_eq!(state(&bob, &alice), "request_received");
    assert_eq!(kind_of_refusal(&bob, &alice), "contact_not_accepted");
    // Asking one who has asked is accepting.
    let asked = contact(&bob, "contact_request", &alice, json!({"text": "so do I"}));
    assert_eq!(asked["state"], "accepted");
    assert_eq!(alice.read(&bob, &support::only_message(&asked)), "so do I");
    assert_eq!(state(&alice, &bob), "accepted");
}

#[test]
fn a_declined_contact_is_not_read_and_learns_nothing_until_it_is_accepted_after_all() {
    let (alice, bob) = (gated("alice"), gated("bob"));
    alice.learn(&bob);
    let asked = contact(&alice, "contact_request", &bob, json!({"text": "hello"}));
    bob.read(&alice, &support::only_message(&asked));
    let declined = contact(&bob, "contact_decline", &alice, json!({}));
    assert_eq!(declined["state"], "declined");
    assert_eq!(declined["envelopes"], json!([]));
    let asked = contact(&alice, "contact_request", &bob, json!({"text": "please"}));
    let message = support::only_message(&asked);
    let newest = || bob.daemon.ok("system_status", json!({}))["newestEvent"].take();
    let told_before = newest();
    for _ in 0..2 {
        let read = bob.receive(&alice, &message);
        assert_eq!(read["outcome"], "undecryptable");
        assert_eq!(read["reason"], "declined");
        assert_eq!(newest(), told_before);
        assert_eq!(read["nextAction"], "drop");
        assert!(text(&read["hint"]).contains("`contact_accept`"), "{read}");
        assert!(read.get("reply").is_none_or(Value::is_null), "{read}");
    }
    let params = json!({"sender": alice.key, "message": message});
    let explained = bob.daemon.ok("message_explain", params);
    let sentences = explained["explanation"].to_string();
    assert!(sentences.contains("was declined"), "{sentences}");
    // What was dropped was not used up.
    let accepted = contact(&bob, "contact_accept", &alice, json!({}));
    assert_eq!(bob.read(&alice, &message), "please");
    // What says that and nothing else is no empty text.
    let read = alice.receive(&bob, &support::only_message(&accepted));
    assert_eq!(
        (&read["outcome"], &read["contact"]),
        (&json!("contact"), &json!("accept"))
    );
    assert_eq!((read.get("text"), read.get("payload")), (None, None));
    assert_eq!(alice.confirm(&read), 1);
    assert_eq!(state(&alice, &bob), "accepted");
}

#[test]
fn who_is_declined_may_be_told_so_and_whoever_is_not_accepted_is_sent_no_advertisement() {
    let (alice, bob) = (gated("alice"), gated("bob"));
    let advertise = |of: &Party, to: &Party| {
        let params = json!({"recipient": to.key});
        of.daemon.call("message_advertise", params)
    };
    let refused = advertise(&alice, &bob).expect_err("nobody was asked");
    assert_eq!(refused["data"]["kind"], "contact_not_accepted");
    alice.learn(&bob);
    let asked = contact(&alice, "contact_request", &bob, json!({"text": "hello"}));
    bob.read(&alice, &support::only_message(&asked));
    let refused = advertise(&alice, &bob).expect_err("the answer is not here");
    assert_eq!(refused["data"]["kind"], "contact_not_accepted");

    let declined = contact(&bob, "contact_decline", &alice, json!({"text": "not now"}));
    assert_eq!(declined["state"], "declined");
    let inspected = |message: &str| {
        let found = bob
            .daemon
            .ok("message_inspect", json!({"message": message}));
        found["contact"].clone()
    };
    assert_eq!(inspected(&support::only_message(&asked)), "request");
    // By DH, although there is a session: on a ratchet it could be taken for an acceptance.
    assert_eq!(declined["envelopes"][0]["targets"][0]["mode"], "dh");
    assert_eq!(inspected(&support::only_message(&declined)), "decline");
    assert_eq!(
        alice.read(&bob, &support::only_message(&declined)),
        "not now"
    );
    assert_eq!(state(&alice, &bob), "request_sent");
    assert_eq!(kind_of_refusal(&alice, &bob), "contact_not_accepted");
    assert_eq!(kind_of_refusal(&bob, &alice), "contact_not_accepted");
    let asked = contact(&alice, "contact_request", &bob, json!({"text": "please"}));
    let read = bob.receive(&alice, &support::only_message(&asked));
    assert_eq!(read["reason"], "declined");

    let accepted = contact(&bob, "contact_accept", &alice, json!({}));
    assert_eq!(inspected(&support::only_message(&accepted)), "accept");
    assert_eq!(
        advertise(&bob, &alice).expect("accepted")["envelopes"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn requests_that_cross_are_told_at_both_ends_and_sealed_accept_each_other() {
    for sealed in [false, true] {
        let (alice, bob) = (gated("alice"), gated("bob"));
        let ask = |of: &Party, whom: &Party| {
            let more = json!({"text": "be my contact", "seal": sealed});
            contact(of, "contact_request", whom, more)["envelopes"][0].take()
        };
        let (hers, his) = (ask(&alice, &bob), ask(&bob, &alice));
        for (one, other, envelope) in [(&alice, &bob, his), (&bob, &alice, hers)] {
            let params = if sealed {
                json!({"sealed": envelope["sealed"]})
            } else {
                json!({"sender": other.key, "message": envelope["message"]})
            };
            let read = one.daemon.ok("message_decrypt", params);
            assert_eq!(read["text"], "be my contact");
            let requests = told(one, "contact.requested");
            assert_eq!(requests.len(), 1, "sealed: {sealed}");
            assert_eq!(requests[0]["data"]["messageId"], read["messageId"]);
            assert_eq!(requests[0]["data"]["authenticated"], sealed);
            let accepted = told(one, "contact.accepted").len();
            let expected = if sealed {
                ("accepted", 1)
            } else {
                ("request_sent", 0)
            };
            assert_eq!((state(one, other).as_str(), accepted), expected);
        }
    }
}

#[test]
fn what_would_be_an_empty_message_by_dh_or_in_public_is_refused_and_says_what_to_do() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let refused = |method: &str, params: Value| {
        let error = alice.daemon.call(method, params).expect_err("refused");
        assert_eq!(error["data"]["kind"], "invalid_params", "{method}");
        assert_eq!(error["data"]["field"], "payload", "{method}");
        let hint = text(&error["data"]["hint"]);
        assert!(hint.contains("`message_advertise`"), "{method}: {hint}");
    };
    for (name, empty) in [("text", ""), ("payload", "0x")] {
        refused(
            "message_encrypt",
            json!({"recipient": bob.key, name: empty}),
        );
        refused(
            "message_encryptGroup",
            json!({"recipients": [bob.key], name: empty}),
        );
        refused("message_encryptPublic", json!({name: empty}));
        for method in ["contact_request", "contact_accept"] {
            refused(method, json!({"identity": bob.key, name: empty}));
        }
    }
    refused("contact_request", json!({"identity": bob.key}));
    refused("contact_accept", json!({"identity": bob.key}));
    assert_eq!(
        state(&alice, &bob),
        "none",
        "nothing of a refused call is kept"
    );
    // A decline says all there is to say by itself.
    let declined = contact(&alice, "contact_decline", &bob, json!({"text": ""}));
    let declined = support::only_message(&declined);
    let explained = json!({"sender": alice.key, "message": declined});
    let explained = bob.daemon.ok("message_explain", explained);
    assert_eq!(
        (&explained["outcome"], &explained["nextAction"]),
        (&json!("contact"), &json!("decrypt"))
    );
    let read = bob.receive(&alice, &declined);
    assert_eq!(
        (&read["outcome"], &read["contact"]),
        (&json!("contact"), &json!("decline"))
    );
    assert_eq!(read["authenticated"], false);
    contact(&alice, "contact_accept", &bob, json!({"text": "after all"}));
    // Where a session carries it, it is a message.
    bob.read(&alice, &alice.send(&bob, "hello"));
    assert_eq!(alice.read(&bob, &bob.send(&alice, "")), "");
}

#[test]
fn by_default_everybody_may_be_written_to_and_nothing_of_who_is_declined_is_read() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let policy = |of: &Party| of.daemon.ok("system_status", json!({}))["contactPolicy"].take();
    assert_eq!(
        (policy(&alice), policy(&gated("carol"))),
        (json!("open"), json!("request"))
    );
    let message = alice.send(&bob, "hello");
    bob.receive(&alice, &message);
    let message = bob.send(&alice, "hello yourself");
    alice.read(&bob, &message);
    // Alice wrote first: by answering, Bob does not ask.
    assert_eq!(state(&alice, &bob), "none");
    assert_eq!(told(&alice, "contact.requested"), [] as [Value; 0]);
    contact(&alice, "contact_decline", &bob, json!({}));
    assert_eq!(state(&alice, &bob), "declined");
    let unread = bob.send(&alice, "still there?");
    let read = alice.receive(&bob, &unread);
    assert_eq!(
        (&read["outcome"], &read["reason"]),
        (&json!("undecryptable"), &json!("declined"))
    );
    let message = alice.send(&bob, "yes");
    assert_eq!(bob.read(&alice, &message), "yes");
    contact(&alice, "contact_accept", &bob, json!({}));
    assert_eq!(alice.read(&bob, &unread), "still there?");
}

#[test]
fn safety_numbers_are_the_same_at_both_ends_and_comparing_them_is_remembered() {
    let (alice, bob, carol) = (Party::new("alice"), Party::new("bob"), Party::new("carol"));
    let number = |of: &Party, with: &Party| {
        text(&contact(of, "contact_get", with, json!({}))["safetyNumber"])
    };
    let shared = number(&alice, &bob);
    assert_eq!(shared, number(&bob, &alice));
    assert_eq!(shared.len(), 60);
    assert!(shared.bytes().all(|digit| digit.is_ascii_digit()));
    assert_ne!(shared, number(&alice, &carol));
    assert_ne!(shared, number(&carol, &bob));
    let seen = contact(&alice, "contact_verify", &bob, json!({"verified": true}));
    assert_eq!(
        (&seen["verified"], &seen["state"]),
        (&json!(true), &json!("none"))
    );
    contact(&alice, "contact_request", &bob, json!({"text": "hi"}));
    assert_eq!(
        contact(&alice, "contact_get", &bob, json!({}))["verified"],
        true
    );
    let seen = contact(&alice, "contact_verify", &bob, json!({"verified": false}));
    assert_eq!(seen["verified"], false);
    for method in [
        "contact_get",
        "contact_request",
        "contact_accept",
        "contact_decline",
    ] {
        let error = alice
            .daemon
            .call(method, json!({"identity": alice.key}))
            .expect_err("ourselves");
        assert_eq!(error["data"]["kind"], "invalid_params", "{method}");
        assert_eq!(error["data"]["field"], "identity", "{method}");
    }
}
