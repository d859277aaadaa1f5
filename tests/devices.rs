//! Several devices of one identity, over the interface: pairing, fan-out, introduction, recovery.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::{Daemon, Party, text};

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

/// A device of the identity with this private key: all bytes `seed`.
fn device(seed: u8) -> Party {
    let daemon = Daemon::start();
    let key = format!("0x{}", format!("{seed:02x}").repeat(32));
    let info = daemon.ok(
        "account_import",
        json!({"account": "me", "privateKey": key}),
    );
    Party {
        daemon,
        key: text(&info["publicKey"]),
        installation: text(&info["installationId"]),
    }
}

fn introduce(from: &Party, to: &Party) {
    let code = from.daemon.ok("bundle_get", json!({}))["contactCode"].take();
    to.daemon.ok("bundle_import", json!({"bundle": code}));
}

/// The message addressed to `to` among the envelopes, and the devices it reaches.
fn envelope(sent: &Value, to: &Party) -> Option<(String, Vec<String>)> {
    let envelopes = sent["envelopes"].as_array().expect("envelopes");
    let found = envelopes
        .iter()
        .find(|envelope| envelope["recipient"] == to.key.as_str())?;
    let targets = found["targets"].as_array().expect("targets");
    let reached = targets.iter().map(|target| text(&target["installationId"]));
    Some((text(&found["message"]), reached.collect()))
}

fn skipped(sent: &Value) -> Vec<(String, String)> {
    let skipped = sent["skipped"].as_array().expect("skipped");
    skipped
        .iter()
        .map(|skipped| (text(&skipped["installationId"]), text(&skipped["reason"])))
        .collect()
}

fn state(at: &Party, of: &Party) -> Value {
    let listed = at
        .daemon
        .ok("installation_list", json!({"identity": of.key}));
    let listed = listed.as_array().expect("an array").clone().into_iter();
    listed
        .filter(|info| info["installationId"] == of.installation.as_str())
        .map(|mut info| info["state"].take())
        .next()
        .unwrap_or(Value::Null)
}

#[test]
fn two_devices_are_paired_by_hand_and_then_read_and_send_alike() {
    let (phone, laptop, bob) = (device(1), device(1), device(2));
    assert_eq!(phone.key, laptop.key);
    assert_ne!(phone.installation, laptop.installation);
    introduce(&laptop, &phone);
    introduce(&phone, &laptop);
    introduce(&bob, &phone);
    assert_eq!(state(&phone, &laptop), "pending");
    let sent = phone.encrypt(&bob, "alone");
    assert_eq!(
        skipped(&sent),
        [(laptop.installation.clone(), "pending".to_owned())]
    );

    let enabled = phone.daemon.ok(
        "installation_enable",
        json!({"installationId": laptop.installation}),
    );
    assert_eq!(enabled["state"], "active");
    assert_eq!(enabled["enabled"], true);
    let named = phone.daemon.ok(
        "installation_setMetadata",
        json!({"installationId": laptop.installation, "metadata": {"name": "Laptop", "deviceType": "laptop"}}),
    );
    assert_eq!(
        named["metadata"],
        json!({"name": "Laptop", "deviceType": "laptop", "pushToken": ""})
    );

    // Bob gets the message, the laptop a copy of it.
    let sent = phone.encrypt(&bob, "together");
    let (to_bob, _) = envelope(&sent, &bob).expect("an envelope");
    let (copy, reached) = envelope(&sent, &phone).expect("a copy");
    assert_eq!(reached, std::slice::from_ref(&laptop.installation));
    assert_eq!(bob.read(&phone, &to_bob), "together");
    assert_eq!(laptop.read(&phone, &copy), "together");
    // Bob has learned of both, and both read his answer.
    let sent = bob.encrypt(&phone, "to both of you");
    let (answer, reached) = envelope(&sent, &phone).expect("an envelope");
    assert_eq!(reached.len(), 2);
    for reader in [&phone, &laptop] {
        assert_eq!(reader.read(&bob, &answer), "to both of you");
    }

    let disabled = phone.daemon.ok(
        "installation_disable",
        json!({"installationId": laptop.installation}),
    );
    assert_eq!(disabled["state"], "disabled");
    let sent = phone.encrypt(&bob, "alone again");
    assert!(envelope(&sent, &phone).is_none());
    assert_eq!(skipped(&sent)[0].1, "disabled");
    // Bob's daemon learns it from the bundle, and after a week stops writing to the laptop.
    let (last, _) = envelope(&sent, &bob).expect("an envelope");
    bob.read(&phone, &last);
    for person in [&phone, &bob] {
        person.daemon.ok("dev_advanceTime", json!({"ms": 7 * DAY}));
    }
    assert_eq!(state(&bob, &laptop), "stale");
    let sent = bob.encrypt(&phone, "to the phone");
    assert_eq!(skipped(&sent), [(laptop.installation, "stale".to_owned())]);
}

#[test]
fn a_fourth_device_is_refused_with_what_to_do_and_what_is_wrong_is_named() {
    let phone = device(1);
    let others = [device(1), device(1), device(1)];
    for other in &others {
        introduce(other, &phone);
    }
    let enable = |other: &Party| {
        phone.daemon.call(
            "installation_enable",
            json!({"installationId": other.installation}),
        )
    };
    enable(&others[0]).expect("the second");
    enable(&others[1]).expect("the third");
    let refused = enable(&others[2]).expect_err("the fourth");
    assert_eq!(refused["code"], 1202);
    assert_eq!(refused["data"]["kind"], "installation_limit");
    assert_ne!(text(&refused["data"]["hint"]), "");
    for (method, installation, code) in [
        ("installation_enable", "unknown", 1201),
        ("installation_disable", "unknown", 1201),
        ("installation_disable", phone.installation.as_str(), -32602),
    ] {
        let params = json!({"installationId": installation});
        let refused = phone.daemon.call(method, params).expect_err("refused");
        assert_eq!(refused["code"], code, "{method} {installation}");
        assert_eq!(refused["data"]["field"], "installationId");
        assert_ne!(text(&refused["data"]["hint"]), "");
    }
    let params = json!({"installationId": others[0].installation, "metadata": {"nme": "x"}});
    let refused = phone.daemon.call("installation_setMetadata", params);
    assert_eq!(
        refused.expect_err("an unknown name")["data"]["field"],
        "metadata.nme"
    );
}

#[test]
fn of_five_devices_the_three_last_active_get_a_copy_and_the_others_are_named() {
    let alice = device(1);
    let devices: Vec<Party> = (0..5).map(|_| device(2)).collect();
    for (index, device) in devices.iter().enumerate() {
        let minutes = json!({"ms": index * 60_000});
        device.daemon.ok("dev_advanceTime", minutes);
        introduce(device, &alice);
    }
    let sent = alice.encrypt(&devices[0], "to all");
    let (message, reached) = envelope(&sent, &devices[0]).expect("an envelope");
    let latest: Vec<String> = [4, 3, 2]
        .map(|index: usize| devices[index].installation.clone())
        .to_vec();
    assert_eq!(reached, latest);
    let left_out = skipped(&sent);
    assert_eq!(left_out.len(), 2);
    assert!(left_out.iter().all(|(_, reason)| reason == "over_limit"));
    assert_eq!(devices[2].read(&alice, &message), "to all");
    let other = devices[0].receive(&alice, &message);
    assert_eq!(other["outcome"], "not_targeted");
    // The one left out has something to say, and takes the place of another.
    for device in &devices {
        device.daemon.ok("dev_advanceTime", json!({"ms": HOUR}));
    }
    alice.daemon.ok("dev_advanceTime", json!({"ms": 2 * HOUR}));
    introduce(&alice, &devices[0]);
    let speaks = devices[0].encrypt(&alice, "I am here");
    let (speaks, _) = envelope(&speaks, &alice).expect("an envelope");
    assert_eq!(alice.read(&devices[0], &speaks), "I am here");
    let sent = alice.encrypt(&devices[0], "so you are");
    let (_, reached) = envelope(&sent, &devices[0]).expect("an envelope");
    assert_eq!(reached[0], devices[0].installation);
    assert_eq!(reached.len(), 3);
}

#[test]
fn a_recovered_account_is_a_new_device_that_introduces_itself() {
    let bob = device(2);
    let first = Daemon::start();
    let made = first.ok("account_create", json!({"account": "alice"}));
    let alice = Party {
        daemon: first,
        key: text(&made["publicKey"]),
        installation: text(&made["installationId"]),
    };
    introduce(&alice, &bob);
    let hello = bob.send(&alice, "hello");
    assert_eq!(alice.read(&bob, &hello), "hello");

    // The machine is lost; the phrase is not.
    let again = Daemon::start();
    let recovered = again.ok(
        "account_recover",
        json!({"account": "alice", "mnemonic": made["mnemonic"]}),
    );
    assert_eq!(recovered["publicKey"], made["publicKey"]);
    assert_ne!(recovered["installationId"], made["installationId"]);
    let alice = Party {
        daemon: again,
        key: text(&recovered["publicKey"]),
        installation: text(&recovered["installationId"]),
    };
    let unread = bob.send(&alice, "can you read this?");
    let answer = alice.receive(&bob, &unread);
    assert_eq!(answer["outcome"], "not_targeted");
    assert_eq!(answer["nextAction"], "send_reply");
    let told = bob.receive(&alice, &text(&answer["reply"]["message"]));
    assert_eq!(told["outcome"], "bundle");
    assert_eq!(told["newInstallations"], json!([alice.installation]));
    let sent = bob.encrypt(&alice, "and this?");
    let (message, reached) = envelope(&sent, &alice).expect("an envelope");
    assert!(reached.contains(&alice.installation));
    assert_eq!(alice.read(&bob, &message), "and this?");
}

#[test]
fn sessions_that_are_reset_expire_and_the_next_message_sets_up_another() {
    let (alice, bob) = (device(1), device(2));
    introduce(&bob, &alice);
    let hello = alice.send(&bob, "hello");
    assert_eq!(bob.read(&alice, &hello), "hello");
    let hi = bob.send(&alice, "hi");
    assert_eq!(alice.read(&bob, &hi), "hi");
    let late = bob.send(&alice, "late");
    let reset = json!({"identity": bob.key, "installationId": bob.installation});
    let done = alice.daemon.ok("session_reset", reset.clone());
    assert_eq!(done, json!({"expired": 1}));
    assert_eq!(
        alice.daemon.ok("session_reset", reset),
        json!({"expired": 0})
    );
    let anew = alice.encrypt(&bob, "anew");
    assert_eq!(anew["envelopes"][0]["targets"][0]["mode"], "x3dh");
    let (anew, _) = envelope(&anew, &bob).expect("an envelope");
    assert_eq!(bob.read(&alice, &anew), "anew");
    assert_eq!(alice.read(&bob, &late), "late");
    let unknown = json!({"identity": bob.key, "installationId": "unknown"});
    let refused = alice.daemon.call("session_reset", unknown);
    assert_eq!(refused.expect_err("unknown")["code"], 1201);
}
