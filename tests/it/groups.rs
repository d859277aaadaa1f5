//! Messages to many recipients at once: encrypted for each of them, for all or for none.

use std::collections::BTreeSet;

use crate::support::{self, Daemon, text};
use k256::elliptic_curve::sec1::ToSec1Point as _;
use serde_json::{Value, json};

/// A daemon with accounts of these names, of which the first knows the others' bundles; their
/// public keys.
fn acquainted(names: &[&str]) -> (Daemon, Vec<String>) {
    let daemon = Daemon::start();
    let keys = names
        .iter()
        .map(|name| text(&daemon.ok("account_create", json!({"account": name}))["publicKey"]))
        .collect();
    for name in &names[1..] {
        let bundle = daemon.ok("bundle_get", json!({"account": name}))["bundle"].take();
        daemon.ok(
            "bundle_import",
            json!({"account": names[0], "bundle": bundle}),
        );
    }
    (daemon, keys)
}

fn envelopes(sent: &Value) -> &Vec<Value> {
    sent["envelopes"].as_array().expect("an array")
}

/// Messages sent to each device so far.
fn counters(daemon: &Daemon, account: &str) -> Vec<(String, u64)> {
    let sessions = daemon.ok("session_list", json!({"account": account}));
    let mut counters: Vec<_> = sessions
        .as_array()
        .expect("an array")
        .iter()
        .map(|session| {
            (
                text(&session["sessionId"]),
                session["sent"].as_u64().expect("a number"),
            )
        })
        .collect();
    counters.sort();
    counters
}

#[test]
fn a_thousand_recipients_are_one_call_and_one_more_is_refused() {
    let (daemon, _) = acquainted(&["alice"]);
    let strangers: Vec<String> = (1_u64..=1001)
        .map(|number| {
            let mut secret = [0; 32];
            secret[24..].copy_from_slice(&number.to_be_bytes());
            let secret = k256::SecretKey::from_slice(&secret).expect("a key");
            support::hex(secret.public_key().to_sec1_point(true).as_bytes())
        })
        .collect();
    let send = |recipients: &[String]| {
        let params = json!({"account": "alice", "recipients": recipients, "text": "all"});
        daemon.call("message_encryptGroup", params)
    };
    let sent = send(&strangers[..1000]).expect("a thousand");
    let reached: BTreeSet<String> = envelopes(&sent)
        .iter()
        .map(|envelope| text(&envelope["recipient"]))
        .collect();
    assert_eq!(reached.len(), 1000);
    let refused = send(&strangers).expect_err("too many");
    assert_eq!(refused["data"]["field"], "recipients");
}

#[test]
fn each_member_reads_a_copy_of_its_own_and_any_subset_is_a_group() {
    let names = ["alice", "bob", "carol", "dave"];
    let (daemon, keys) = acquainted(&names);
    // In any order, with ourselves and one twice among them.
    for members in [
        vec![1, 2, 3],
        vec![3, 1],
        vec![2],
        vec![2, 0, 2, 1],
        vec![1, 2, 3],
    ] {
        let recipients: Vec<&String> = members.iter().map(|member| &keys[*member]).collect();
        let sent = daemon.ok(
            "message_encryptGroup",
            json!({"account": "alice", "recipients": recipients, "text": "to all of you"}),
        );
        assert_eq!(sent["forwardSecrecy"], true);
        let expected: BTreeSet<_> = members.into_iter().filter(|member| *member > 0).collect();
        assert_eq!(envelopes(&sent).len(), expected.len());
        for envelope in envelopes(&sent) {
            let member = keys.iter().position(|key| envelope["recipient"] == **key);
            let member = member.expect("a member");
            assert!(expected.contains(&member));
            let read = daemon.ok(
                "message_decrypt",
                json!({"account": names[member], "sender": keys[0], "message": envelope["message"], "confirm": true}),
            );
            assert_eq!(read["text"], "to all of you");
        }
    }
    // One that is not known is written to by DH, and the result says so.
    let stranger = Daemon::start();
    let key = text(&stranger.ok("account_create", json!({"account": "erin"}))["publicKey"]);
    let sent = daemon.ok(
        "message_encryptGroup",
        json!({"account": "alice", "recipients": [keys[1], key], "text": "hello"}),
    );
    assert_eq!(sent["forwardSecrecy"], false);
    let modes: BTreeSet<_> = envelopes(&sent)
        .iter()
        .map(|envelope| text(&envelope["targets"][0]["mode"]))
        .collect();
    assert_eq!(modes, ["dh", "x3dh"].map(str::to_owned).into());
}

#[test]
fn a_group_call_is_all_or_nothing_and_can_be_repeated() {
    let (daemon, keys) = acquainted(&["alice", "bob", "carol"]);
    let group = |more: Value| {
        let mut params =
            json!({"account": "alice", "recipients": [keys[1], keys[2]], "text": "once"});
        for (name, value) in more.as_object().expect("an object") {
            params[name] = value.clone();
        }
        daemon.call("message_encryptGroup", params)
    };
    let first = group(json!({"requestId": "7"})).expect("sent");
    let steps = counters(&daemon, "alice");
    assert_eq!(group(json!({"requestId": "7"})).expect("sent"), first);
    let error = group(json!({"requestId": "7", "recipients": [keys[1]]})).expect_err("other input");
    assert_eq!(error["data"]["kind"], "request_id_reused");

    let stranger = |number: u8| {
        let mut key = vec![2; 33];
        key[1..].fill(number);
        support::hex(&key)
    };
    let refusals = [
        (json!({"recipients": []}), "invalid_params"),
        (json!({"recipients": keys[1]}), "invalid_params"),
        (
            json!({"recipients": vec![&keys[1]; 1001]}),
            "invalid_params",
        ),
        // Five is no x coordinate of a point.
        (json!({"recipients": [keys[1], stranger(5)]}), "invalid_key"),
        (json!({"recipients": [keys[1], 7]}), "invalid_params"),
        (json!({"recipient": keys[1]}), "invalid_params"),
    ];
    for (more, kind) in refusals {
        let error = group(more.clone()).expect_err("refused");
        assert_eq!(error["data"]["kind"], kind, "{more}: {error}");
    }
    for wrong in [json!(7), json!("0x02")] {
        let error = group(json!({"recipients": [keys[1], wrong]})).expect_err("refused");
        assert_eq!(error["data"]["field"], "recipients[1]");
    }
    // Larger than an answer may be: bob's and carol's ratchets have not moved either.
    let strangers: Vec<String> = (1..=24)
        .map(|number| {
            let private = support::hex(&[number; 32]);
            let account = format!("s{number}");
            let params = json!({"account": account, "privateKey": private});
            let key = text(&daemon.ok("account_import", params)["publicKey"]);
            daemon.ok(
                "account_remove",
                json!({"account": account, "publicKey": key}),
            );
            key
        })
        .collect();
    let all: Vec<&String> = keys[1..].iter().chain(&strangers).collect();
    let error = group(json!({"recipients": all, "text": "x".repeat(1024 * 1024)}))
        .expect_err("too much at once");
    assert_eq!(error["data"]["kind"], "payload_too_large");
    assert_eq!(error["data"]["field"], "recipients");
    assert_eq!(counters(&daemon, "alice"), steps);
    // A smaller one to all of them goes.
    let sent = group(json!({"recipients": all})).expect("sent");
    assert_eq!(envelopes(&sent).len(), 26);
}
