//! Several devices of one identity, over the interface: pairing, fan-out, introduction, recovery.

use std::collections::BTreeSet;

use crate::support::{self, Daemon, Party, text};
use serde_json::{Value, json};

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

/// A device of the identity with this private key: all bytes `seed`.
fn device(seed: u8) -> Party {
    device_on(Daemon::start(), seed)
}

fn device_on(daemon: Daemon, seed: u8) -> Party {
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

/// Two devices of one identity that have enabled each other, and Bob, whom the first one knows; all
/// in one suite.
fn paired(suite: &str) -> (Party, Party, Party) {
    let config = format!("[ratchet]\nsuites = [\"{suite}\"]\n");
    let made = |seed| device_on(Daemon::configured(&config), seed);
    let (phone, laptop, bob) = (made(1), made(1), made(2));
    for (at, of) in [(&phone, &laptop), (&laptop, &phone)] {
        at.learn(of);
        let enabled = json!({"installationId": of.installation});
        at.daemon.ok("installation_enable", enabled);
    }
    phone.learn(&bob);
    (phone, laptop, bob)
}

#[test]
fn a_copy_says_for_whom_the_message_was_in_both_suites() {
    for suite in ["x25519", "secp256k1"] {
        let (phone, laptop, bob) = paired(suite);
        let carol = Party::new("carol");
        let all = json!([carol.key, bob.key, carol.key]);
        for (method, params, copy_of) in [
            (
                "message_encrypt",
                json!({"recipient": bob.key, "text": "text"}),
                json!({"recipients": [bob.key]}),
            ),
            (
                "message_encrypt",
                json!({"recipient": bob.key, "text": "text", "requestId": "r-1"}),
                json!({"recipients": [bob.key], "requestId": "r-1"}),
            ),
            (
                "message_encryptGroup",
                json!({"recipients": all, "text": "text", "requestId": "r-2"}),
                json!({"recipients": [carol.key, bob.key], "requestId": "r-2"}),
            ),
            (
                "contact_request",
                json!({"identity": bob.key, "text": "text"}),
                json!({"recipients": [bob.key]}),
            ),
        ] {
            let sent = phone.daemon.ok(method, params.clone());
            assert!(params.get("requestId").is_none() || phone.daemon.ok(method, params) == sent);
            let sent = if sent["envelopes"].is_array() {
                &sent
            } else {
                &sent["sent"]
            };
            let (to_bob, _) = envelope(sent, &bob).expect("an envelope");
            let read = bob.receive(&phone, &to_bob);
            assert_eq!(read["text"], "text", "{method}: {read}");
            assert_eq!(read.get("copyOf"), None);
            let (copy, _) = envelope(sent, &phone).expect("a copy");
            let inspected = |message: &str| {
                let found = phone
                    .daemon
                    .ok("message_inspect", json!({"message": message}));
                found["targets"][0]["copyOfBytes"].clone()
            };
            assert_eq!(
                (inspected(&to_bob), inspected(&copy)),
                (json!(0), json!(304))
            );
            for duplicate in [false, true] {
                let read = laptop.receive(&phone, &copy);
                assert_eq!(read["text"], "text", "{method}: {read}");
                assert_eq!(read["duplicate"], duplicate);
                assert_eq!(read["copyOf"], copy_of);
                let suites: BTreeSet<_> = laptop
                    .sessions()
                    .iter()
                    .map(|session| text(&session["suite"]))
                    .collect();
                assert_eq!(suites, BTreeSet::from([suite.to_owned()]));
            }
        }
    }
}

#[test]
fn two_devices_are_paired_by_hand_and_then_read_and_send_alike() {
    let (phone, laptop, bob) = (device(1), device(1), device(2));
    assert_eq!(phone.key, laptop.key);
    assert_ne!(phone.installation, laptop.installation);
    phone.learn(&laptop);
    laptop.learn(&phone);
    phone.learn(&bob);
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
    let told = phone.daemon.ok("event_list", json!({"limit": 1000}));
    let told = told["events"].as_array().expect("events").clone();
    let of = |kind: &str| {
        told.iter()
            .filter(|event| event["type"] == kind)
            .map(|event| text(&event["data"]["installationId"]))
            .collect::<Vec<_>>()
    };
    let laptops = std::slice::from_ref(&laptop.installation);
    assert_eq!(of("installation.enabled"), laptops);
    assert_eq!(of("installation.disabled"), laptops);
    assert!(of("installation.discovered").contains(&laptop.installation));
    assert!(of("session.established").contains(&bob.installation));
    let rotated = told
        .iter()
        .filter(|event| event["type"] == "bundle.rotated");
    let listed: Vec<&Value> = rotated
        .map(|event| &event["data"]["installationIds"])
        .collect();
    // With the laptop in it, and without it again.
    assert!(
        listed
            .iter()
            .any(|ids| ids.as_array().map(Vec::len) == Some(2))
    );
    assert_eq!(
        listed.last().expect("a bundle"),
        &&json!([phone.installation])
    );
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
        phone.learn(other);
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
    let params = json!({"installationId": "unknown"});
    let refused = phone.daemon.call("installation_enable", params);
    assert_eq!(
        refused.expect_err("unknown")["data"]["kind"],
        "installation_not_found"
    );
}

#[test]
fn a_listing_says_what_was_published_and_when_it_runs_out() {
    let (phone, bob) = (device(1), device(2));
    let bundle = bob.daemon.ok("bundle_get", json!({}));
    let (made, expires) = (bundle["createdAt"].as_u64(), bundle["expiresAt"].as_u64());
    assert_eq!(
        made.zip(expires).map(|(made, expires)| expires - made),
        Some(DAY)
    );
    phone.learn(&bob);
    let listed = phone
        .daemon
        .ok("installation_list", json!({"identity": bob.key}));
    assert_eq!(listed[0]["protocolVersion"], 1, "{listed}");
    assert_eq!(listed[0]["staleAt"], Value::Null, "its bundle lists it");
    let before = phone.daemon.ok("dev_now", json!({}))["now"].as_u64();
    phone.encrypt(&bob, "hello");
    let after = phone.daemon.ok("dev_now", json!({}))["now"].as_u64();
    let sent_at = phone.sessions()[0]["lastSentAt"].as_u64();
    assert!(before <= sent_at && sent_at <= after, "{sent_at:?}");
    let own = phone.daemon.ok("installation_list", json!({}));
    assert_eq!(own[0]["self"], true);
    assert_eq!(own[0]["staleAt"], Value::Null);
}

/// The events of these types at this party, each with the device it is about.
fn told(of: &Party, kinds: &[&str]) -> Vec<(String, String)> {
    let events = of.daemon.ok("event_list", json!({"limit": 1000}));
    let events = events["events"].as_array().expect("events").clone();
    events
        .iter()
        .map(|event| (text(&event["type"]), event["data"].clone()))
        .filter(|(kind, _)| kinds.contains(&kind.as_str()))
        .map(|(kind, data)| (kind, text(&data["installationId"])))
        .collect()
}

#[test]
fn a_device_that_becomes_stale_and_one_that_is_back_are_told() {
    let (phone, laptop, bob) = (device(1), device(1), device(2));
    phone.learn(&laptop);
    laptop.learn(&phone);
    let params = json!({"installationId": laptop.installation});
    phone.daemon.ok("installation_enable", params.clone());
    bob.learn(&phone);
    assert_eq!(state(&bob, &laptop), "active");
    phone.daemon.ok("installation_disable", params.clone());
    bob.learn(&phone);
    for person in [&phone, &bob] {
        person.daemon.ok("dev_advanceTime", json!({"ms": 8 * DAY}));
    }
    assert_eq!(state(&bob, &laptop), "stale");
    phone.daemon.ok("installation_enable", params);
    bob.learn(&phone);
    assert_eq!(state(&bob, &laptop), "active");
    assert_eq!(
        told(&bob, &["installation.stale", "installation.active"]),
        ["installation.stale", "installation.active"]
            .map(|kind| (kind.to_owned(), laptop.installation.clone()))
    );
}

#[test]
fn what_we_send_to_ourselves_goes_to_our_other_devices_and_without_them_to_nobody() {
    let (phone, laptop) = (device(1), device(1));
    let alone = phone.encrypt(&phone, "a note");
    assert_eq!(alone["envelopes"], json!([]));
    phone.learn(&laptop);
    laptop.learn(&phone);
    let params = json!({"installationId": laptop.installation});
    phone.daemon.ok("installation_enable", params);
    let sent = phone.encrypt(&phone, "a note");
    let (note, reached) = envelope(&sent, &phone).expect("an envelope");
    assert_eq!(reached, std::slice::from_ref(&laptop.installation));
    assert_eq!(laptop.read(&phone, &note), "a note");
}

#[test]
fn a_copy_for_another_device_of_ours_asks_to_be_enabled_here() {
    let (phone, laptop, tablet, bob) = (device(1), device(1), device(1), device(2));
    phone.learn(&laptop);
    phone.learn(&bob);
    let params = json!({"installationId": laptop.installation});
    phone.daemon.ok("installation_enable", params);
    let sent = phone.encrypt(&bob, "with a copy");
    let (copy, _) = envelope(&sent, &phone).expect("a copy");
    let received = tablet.receive(&phone, &copy);
    assert_eq!(received["outcome"], "not_targeted");
    assert_eq!(received["reason"], "not_paired");
    assert_eq!(received["nextAction"], "send_reply");
    assert!(text(&received["hint"]).contains("send the reply"));
    let reply = text(&received["reply"]["message"]);
    phone.receive(&tablet, &reply);
    assert_eq!(state(&phone, &tablet), "pending");
    // A second reply in the same two hours would tell nothing new.
    let again = tablet.receive(&phone, &copy);
    assert_eq!(again["nextAction"], "wait");
    assert!(again["reply"].is_null());
    let hint = text(&again["hint"]);
    assert!(
        hint.contains("wait for") && !hint.contains("send the reply"),
        "{hint}"
    );
}

#[test]
fn of_five_devices_the_three_last_active_get_a_copy_and_the_others_are_named() {
    let alice = device(1);
    let devices: Vec<Party> = (0..5).map(|_| device(2)).collect();
    for (index, device) in devices.iter().enumerate() {
        let minutes = json!({"ms": index * 60_000});
        device.daemon.ok("dev_advanceTime", minutes);
        alice.learn(device);
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
    devices[0].learn(&alice);
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
    bob.learn(&alice);
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
    alice.learn(&bob);
    let hello = alice.send(&bob, "hello");
    assert_eq!(bob.read(&alice, &hello), "hello");
    let hi = bob.send(&alice, "hi");
    assert_eq!(alice.read(&bob, &hi), "hi");
    let late = bob.send(&alice, "late");
    let reset = json!({"identity": bob.key, "installationId": bob.installation});
    let done = alice.daemon.ok("session_reset", reset.clone());
    // Hers, which she began without his KEM prekey, and his of suite x25519-mlkem768.
    assert_eq!(done, json!({"expired": 2}));
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

/// The fields of a message of the outermost level: number and bytes. All are delimited by their
/// length.
fn fields(message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut rest = message;
    let varint = |rest: &mut &[u8]| {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (byte, after) = rest.split_first().expect("a byte");
            *rest = after;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    };
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest);
        let length = usize::try_from(varint(&mut rest)).expect("short");
        let (value, after) = rest.split_at(length);
        fields.push((tag >> 3, value.to_vec()));
        rest = after;
    }
    fields
}

/// The message of these fields.
fn joined(fields: &[(u64, Vec<u8>)]) -> String {
    fn put(mut value: u64, bytes: &mut Vec<u8>) {
        while value > 0x7f {
            bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
            value >>= 7;
        }
        bytes.push(u8::try_from(value).expect("seven bits"));
    }
    let mut bytes = Vec::new();
    for (number, value) in fields {
        put(number << 3 | 2, &mut bytes);
        put(value.len() as u64, &mut bytes);
        bytes.extend(value);
    }
    support::hex(&bytes)
}

/// The field of `ProtocolMessage` in which bundles are.
const BUNDLES: u64 = 3;

#[test]
fn a_device_whose_prekey_never_came_is_left_out_with_the_reason() {
    let (alice, bob) = (device(1), device(2));
    alice.learn(&bob);
    let mut message = fields(&support::bytes(&alice.send(&bob, "hello")));
    message.retain(|(number, _)| *number != BUNDLES);
    let read = bob.receive(&alice, &joined(&message));
    assert_eq!(read["text"], "hello");
    bob.daemon
        .ok("session_reset", json!({"identity": alice.key}));
    let sent = bob.encrypt(&alice, "hello");
    assert_eq!(
        skipped(&sent),
        [(alice.installation, "no_prekey".to_owned())]
    );
    assert_eq!(
        sent["envelopes"],
        json!([]),
        "least of all by the weaker way"
    );
}

#[test]
fn what_is_odd_about_the_bundles_of_a_message_is_told_and_the_message_is_read() {
    let (alice, bob, carol) = (device(1), device(2), device(3));
    alice.learn(&bob);
    let foreign = text(&carol.daemon.ok("bundle_get", json!({}))["bundle"]);
    let foreign = support::bytes(&foreign);
    let own = text(&alice.daemon.ok("bundle_get", json!({}))["bundle"]);
    let mut broken = support::bytes(&own);
    *broken.last_mut().expect("bytes") ^= 1;
    for (extra, kind) in [
        (vec![foreign], "foreign_bundle"),
        (vec![broken], "invalid_bundle"),
        (vec![support::bytes(&own); 100], "too_many_bundles"),
    ] {
        let mut message = fields(&support::bytes(&alice.send(&bob, "hello")));
        message.extend(extra.into_iter().map(|bundle| (BUNDLES, bundle)));
        let read = bob.receive(&alice, &joined(&message));
        assert_eq!(read["text"], "hello", "{kind}");
        let warnings = read["warnings"].as_array().expect("warnings").clone();
        assert!(
            warnings.iter().any(|warning| warning["kind"] == kind),
            "{kind}: {warnings:?}"
        );
        assert!(
            warnings
                .iter()
                .all(|warning| !text(&warning["detail"]).is_empty())
        );
    }
}
