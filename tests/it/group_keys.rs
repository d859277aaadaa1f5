//! Group keys: one message for a whole group, who may set its key, and who can read.

use std::collections::BTreeSet;

use crate::support::{
    self,
    group_events::{Header, group_keys, wire},
    list,
    people::{People, names},
    text,
};
use crypto_core::hash_ratchet::{HashChain, MAX_MESSAGE_NUMBER, key_id};
use k256::elliptic_curve::sec1::ToSec1Point as _;
use serde_json::{Value, json};

/// A group of these accounts, all of whom have accepted; the first has created it.
fn group_of(people: &People, members: &[&str]) -> Value {
    let invited: Vec<&str> = members[1..].iter().map(|name| people.key(name)).collect();
    let made = people.act(
        members[0],
        "group_create",
        json!({"name": "Keyed", "members": invited}),
    );
    let group = made["group"]["group"].clone();
    for member in &members[1..] {
        people.act(member, "group_accept", json!({"group": group}));
    }
    group
}

/// What the envelopes of a result brought to those that they are for: name and answer.
fn delivered(people: &People, from: &str, sent: &Value) -> Vec<(String, Value)> {
    list(&sent["envelopes"])
        .iter()
        .map(|envelope| {
            let reader = people.name(&envelope["recipient"]).to_owned();
            let message = json!({"sender": people.key(from), "message": envelope["message"]});
            let read = people.ok(&reader, "message_decrypt", message);
            (reader, read)
        })
        .collect()
}

/// A new key, or a shared one, is accepted by those that it reaches; their names.
fn keyed(people: &People, from: &str, sent: &Value) -> BTreeSet<String> {
    delivered(people, from, sent)
        .into_iter()
        .map(|(reader, read)| {
            assert_eq!(read["outcome"], "group_key", "{read}");
            let key = &read["groupKeys"][0];
            assert_eq!(key["state"], "accepted", "{read}");
            assert_eq!(
                (&key["group"], &key["keyId"], &key["timestamp"]),
                (&sent["group"], &sent["keyId"], &sent["timestamp"])
            );
            let told = people.told(&reader, "group.key_added");
            assert_eq!(
                told.last(),
                Some(&json!({"group": sent["group"], "keyId": sent["keyId"],
                    "by": people.key(from), "current": true}))
            );
            reader
        })
        .collect()
}

/// A message under the group's key; the one wire message.
fn under_key(people: &People, from: &str, group: &Value, said: &str) -> Value {
    let params = json!({"group": group, "mode": "key", "text": said});
    let sent = people.ok(from, "message_encryptGroup", params);
    let envelopes = list(&sent["envelopes"]);
    assert_eq!(envelopes.len(), 1);
    assert_eq!(sent["forwardSecrecy"], false);
    assert_eq!(envelopes[0]["recipient"], Value::Null);
    let targets = list(&envelopes[0]["targets"]);
    assert_eq!(targets.len(), 1);
    assert_eq!(
        (&targets[0]["installationId"], &targets[0]["mode"]),
        (&json!("none"), &json!("group"))
    );
    envelopes[0]["message"].clone()
}

fn read(people: &People, reader: &str, from: &str, message: &Value) -> Value {
    let params = json!({"sender": people.key(from), "message": message});
    people.ok(reader, "message_decrypt", params)
}

fn refusal(people: &People, from: &str, group: &Value) -> (Value, Value) {
    let params = json!({"group": group, "mode": "key", "text": "hello"});
    let error = people
        .call(from, "message_encryptGroup", params)
        .expect_err("refused");
    (error["code"].clone(), error["data"]["kind"].clone())
}

fn dues(people: &People, account: &str, group: &Value) -> Vec<Value> {
    let keys = people.ok(account, "groupKey_list", json!({"group": group}));
    list(&keys).iter().map(|key| key["due"].clone()).collect()
}

#[test]
fn a_group_writes_under_its_key_until_somebody_is_removed_who_then_reads_nothing() {
    let people = People::new(&["alice", "bob", "carol", "dave"]);
    let group = group_of(&people, &["alice", "bob", "carol"]);
    let missing = (json!(1804), json!("group_key_missing"));
    assert_eq!(refusal(&people, "alice", &group), missing);
    // A plain member sets no key.
    let params = json!({"group": group});
    assert_eq!(
        people.refused("bob", "groupKey_create", params.clone()).0,
        "group_forbidden"
    );

    let made = people.ok("alice", "groupKey_create", params);
    assert_eq!(made["forwardSecrecy"], true);
    assert_eq!(keyed(&people, "alice", &made), names(&["bob", "carol"]));
    let message = under_key(&people, "alice", &group, "under the key");
    for reader in ["bob", "carol"] {
        let opened = read(&people, reader, "alice", &message);
        assert_eq!(
            (&opened["outcome"], &opened["text"]),
            (&json!("decrypted"), &json!("under the key"))
        );
        assert_eq!(
            opened["groupKey"],
            json!({"group": group, "keyId": made["keyId"], "seqNo": 1})
        );
        assert_eq!(
            (&opened["forwardSecrecy"], &opened["authenticated"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(opened["duplicate"], false);
        assert_eq!(read(&people, reader, "alice", &message)["duplicate"], true);
        let confirm = json!({"messageIds": [opened["messageId"]]});
        people.ok(reader, "message_confirm", confirm);
        let again = read(&people, reader, "alice", &message);
        assert_eq!(
            (&again["outcome"], &again["reason"]),
            (&json!("undecryptable"), &json!("message_key_gone"))
        );
    }
    let inspected = people
        .daemon
        .ok("message_inspect", json!({"message": message}));
    let header = json!({"group": group, "keyId": made["keyId"], "seqNo": 1, "keys": 0});
    assert_eq!(inspected["targets"][0]["hrHeader"], header);
    let params = json!({"sender": people.key("alice"), "message": message});
    let explained = people.ok("dave", "message_explain", params);
    assert_eq!(explained["message"]["targets"][0]["hrHeader"], header);
    // Whoever has the key writes under it.
    let answer = under_key(&people, "bob", &group, "and back");
    assert_eq!(read(&people, "alice", "bob", &answer)["text"], "and back");

    // Whoever comes later is given the key, and reads with it what it could not.
    people.act(
        "alice",
        "group_invite",
        json!({"group": group, "members": [people.key("dave")]}),
    );
    let late = read(&people, "dave", "alice", &message);
    assert_eq!(
        (&late["reason"], &late["nextAction"]),
        (&json!("group_key_missing"), &json!("wait"))
    );
    let shared = json!({"group": group, "recipients": [people.key("dave")]});
    let shared = people.ok("alice", "groupKey_share", shared);
    assert_eq!(shared["keyId"], made["keyId"]);
    assert_eq!(keyed(&people, "alice", &shared), names(&["dave"]));
    assert_eq!(
        read(&people, "dave", "alice", &message)["text"],
        "under the key"
    );

    let from_carol = under_key(&people, "carol", &group, "before");
    people.act(
        "alice",
        "group_remove",
        json!({"group": group, "members": [people.key("carol")]}),
    );
    let due = (json!(1805), json!("group_key_due"));
    for member in ["alice", "bob"] {
        assert_eq!(refusal(&people, member, &group), due, "{member}");
        assert_eq!(dues(&people, member, &group), ["removal"], "{member}");
        let told = json!({"group": group, "keyId": made["keyId"], "reason": "removal"});
        assert_eq!(people.told(member, "group.key_due"), [told], "{member}");
    }
    assert_eq!(
        read(&people, "bob", "carol", &from_carol)["reason"],
        "not_member"
    );
    let new = people.ok("alice", "groupKey_create", json!({"group": group}));
    assert_eq!(keyed(&people, "alice", &new), names(&["bob", "dave"]));
    let message = under_key(&people, "bob", &group, "without carol");
    assert_eq!(
        read(&people, "alice", "bob", &message)["text"],
        "without carol"
    );
    let removed = read(&people, "carol", "bob", &message);
    assert_eq!(
        (&removed["outcome"], &removed["reason"]),
        (&json!("undecryptable"), &json!("group_key_missing"))
    );
    // The old key is kept for what is late, and erased in time.
    let keys = people.ok("alice", "groupKey_list", json!({}));
    let current: Vec<&Value> = list(&keys).iter().map(|key| &key["current"]).collect();
    assert_eq!(current, [&json!(true), &json!(false)]);
    assert_eq!(
        (&keys[0]["due"], &keys[0]["eraseAt"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(keys[0]["setBy"], people.key("alice"));
    assert!(keys[1]["eraseAt"].is_u64());
    assert_eq!(keys[0]["highest"], 1);

    // After a week, who may set a key is told.
    people
        .daemon
        .ok("dev_advanceTime", json!({"ms": 8 * 24 * 3_600_000_u64}));
    assert_eq!(dues(&people, "alice", &group)[0], "age");
    assert_eq!(dues(&people, "bob", &group)[0], Value::Null);
    under_key(&people, "alice", &group, "still");
}

#[test]
fn a_thousand_members_cost_one_encryption() {
    let people = People::new(&["alice"]);
    let members: Vec<String> = (1_u64..1000)
        .map(|number| {
            let mut secret = [0; 32];
            secret[24..].copy_from_slice(&number.to_be_bytes());
            let secret = k256::SecretKey::from_slice(&secret).expect("a key");
            support::hex(secret.public_key().to_sec1_point(true).as_bytes())
        })
        .collect();
    let made = people.ok(
        "alice",
        "group_create",
        json!({"name": "Many", "members": members}),
    );
    let group = &made["group"]["group"];
    assert_eq!(list(&made["group"]["members"]).len(), 1000);
    let more = json!({"group": group, "members": [support::hex(&stranger())]});
    assert_eq!(
        people.refused("alice", "group_invite", more).0,
        "group_limit"
    );
    let key = people.ok("alice", "groupKey_create", json!({"group": group}));
    assert_eq!(list(&key["envelopes"]).len(), 999);
    let message = text(&under_key(&people, "alice", group, "to all of you"));
    // One ciphertext and its header, however many there are to read it.
    assert!(message.len() < 2_000, "{}", message.len());
}

/// The public key of no number above.
fn stranger() -> Vec<u8> {
    let secret = k256::SecretKey::from_slice(&[9; 32]).expect("a key");
    secret.public_key().to_sec1_point(true).as_bytes().to_vec()
}

#[test]
fn a_sealed_message_under_a_key_goes_by_the_topic_of_the_group_and_proves_its_writer() {
    let people = People::new(&["alice", "bob"]);
    let group = group_of(&people, &["alice", "bob"]);
    let made = people.ok(
        "alice",
        "groupKey_create",
        json!({"group": group, "seal": true}),
    );
    let brought = &made["envelopes"][0];
    let read = people.ok(
        "bob",
        "message_decrypt",
        json!({"sealed": brought["sealed"]}),
    );
    assert_eq!(read["groupKeys"][0]["state"], "accepted", "{read}");
    let params = json!({"group": group, "mode": "key", "text": "sealed", "seal": true});
    let sent = people.ok("alice", "message_encryptGroup", params);
    let envelope = &sent["envelopes"][0];
    let topic = people.daemon.ok("topic_public", json!({"name": group}));
    assert_eq!(
        (&envelope["topic"], &envelope["contentTopic"]),
        (&topic["topic"], &topic["contentTopic"])
    );
    let params = json!({"sealed": envelope["sealed"], "symKey": topic["symKey"]});
    let read = people.ok("bob", "message_decrypt", params);
    assert_eq!(
        (&read["text"], &read["authenticated"]),
        (&json!("sealed"), &json!(true))
    );
    assert_eq!(read["sender"], people.key("alice"));
    for seal in ["negotiated", "partitioned"] {
        let params = json!({"group": group, "mode": "key", "text": "t", "seal": seal});
        let error = people
            .call("alice", "message_encryptGroup", params)
            .expect_err("refused");
        assert_eq!(error["data"]["field"], "seal", "{error}");
    }
}

#[test]
fn a_request_id_makes_one_key_and_one_message() {
    let people = People::new(&["alice", "bob"]);
    let group = group_of(&people, &["alice", "bob"]);
    let make = || {
        people.ok(
            "alice",
            "groupKey_create",
            json!({"group": group, "requestId": "k-1"}),
        )
    };
    let made = make();
    assert_eq!(make(), made);
    assert_eq!(
        list(&people.ok("alice", "groupKey_list", json!({}))).len(),
        1
    );
    let send = |said: &str| {
        let params = json!({"group": group, "mode": "key", "text": said, "requestId": "m-1"});
        people.call("alice", "message_encryptGroup", params)
    };
    let sent = send("once").expect("sent");
    assert_eq!(send("once").expect("sent"), sent);
    let error = send("twice").expect_err("another request");
    assert_eq!(error["data"]["kind"], "request_id_reused");
}

/// A message that an account signs and seals to another, made by hand.
fn sealed(people: &People, from: &str, to: &str, wire: &[u8]) -> Value {
    let params = json!({"recipient": people.key(to), "payload": support::hex(wire)});
    let envelope = people.ok(from, "envelope_seal", params)["envelope"].take();
    people.ok(to, "message_decrypt", json!({"sealed": envelope}))
}

/// Keys of a group, as a message that brings them in clear has them.
fn bringing(group: &[u8], keys: &[(&[u8], u64)]) -> Vec<u8> {
    let header = Header {
        group,
        key_id: &[],
        seq_no: 0,
    };
    wire(&header, &group_keys(group, keys))
}

#[test]
fn keys_of_a_group_without_a_log_are_taken_from_those_who_were_named() {
    let people = People::new(&["alice", "bob", "carol"]);
    let community = [2; 33];
    let group = support::hex(&community);
    let now = people.daemon.ok("dev_now", json!({}))["now"]
        .as_u64()
        .expect("a time");
    let state = |read: &Value| {
        assert_eq!(read["outcome"], "group_key", "{read}");
        let key = &read["groupKeys"][0];
        assert_eq!(key["group"], json!(group));
        (
            text(&key["state"]),
            key["reason"].as_str().map(str::to_owned),
        )
    };
    let refused = |reason: &str| ("refused".to_owned(), Some(reason.to_owned()));
    let one = bringing(&community, &[(&[7; 32], now)]);
    assert_eq!(
        state(&sealed(&people, "alice", "bob", &one)),
        refused("group_unknown")
    );
    let trusted = json!({"group": group, "setters": [people.key("alice")]});
    assert_eq!(people.ok("bob", "groupKey_trust", trusted.clone()), trusted);
    let plain = json!({"sender": people.key("alice"), "message": support::hex(&one)});
    assert_eq!(
        state(&people.ok("bob", "message_decrypt", plain)),
        refused("unauthenticated")
    );
    assert_eq!(
        state(&sealed(&people, "carol", "bob", &one)),
        refused("not_entitled")
    );
    let short = bringing(&community, &[(&[7; 31], now)]);
    assert_eq!(
        state(&sealed(&people, "alice", "bob", &short)),
        refused("malformed")
    );
    assert_eq!(people.ok("bob", "groupKey_list", json!({})), json!([]));

    assert_eq!(
        state(&sealed(&people, "alice", "bob", &one)),
        ("accepted".to_owned(), None)
    );
    assert_eq!(
        state(&sealed(&people, "alice", "bob", &one)),
        ("known".to_owned(), None)
    );
    let id = key_id(&community, now, &[7; 32]);
    let listed = people.ok("bob", "groupKey_list", json!({"group": group}));
    assert_eq!(listed[0]["keyId"], support::hex(id.as_bytes()));
    assert_eq!(listed[0]["setBy"], people.key("alice"));

    // Any member can drive the number of a message up to the bound. Then the key is spent.
    let last = HashChain::new(&[7; 32])
        .message_key(MAX_MESSAGE_NUMBER)
        .expect("a key");
    let header = Header {
        group: &community,
        key_id: id.as_bytes(),
        seq_no: MAX_MESSAGE_NUMBER.into(),
    };
    let payload = last.seal([1; 12], b"the last").expect("sealed");
    let message = support::hex(&wire(&header, &payload));
    let opened = read(&people, "bob", "carol", &json!(message));
    assert_eq!(opened["text"], "the last", "{opened}");
    assert_eq!(
        refusal(&people, "bob", &json!(group)),
        (json!(1805), json!("group_key_due"))
    );
    assert_eq!(dues(&people, "bob", &json!(group)), ["spent"]);
    let beyond = Header {
        seq_no: u64::from(MAX_MESSAGE_NUMBER) + 1,
        ..header
    };
    let message = support::hex(&wire(&beyond, &payload));
    assert_eq!(
        read(&people, "bob", "carol", &json!(message))["reason"],
        "too_many_skipped"
    );

    // Of older keys, none comes after 32 newer ones.
    let newer: Vec<[u8; 32]> = (1..=32).map(|number| [100 + number; 32]).collect();
    let newer: Vec<(&[u8], u64)> = newer
        .iter()
        .zip(now + 1..)
        .map(|(key, at)| (key.as_slice(), at))
        .collect();
    let brought = sealed(&people, "alice", "bob", &bringing(&community, &newer));
    assert_eq!(list(&brought["groupKeys"]).len(), 32);
    let old = bringing(&community, &[(&[8; 32], now - 1)]);
    assert_eq!(
        state(&sealed(&people, "alice", "bob", &old)),
        refused("too_old")
    );

    // Who may set keys makes one, for those that it names: nobody else knows who is in the group.
    let own = json!({"group": group, "setters": []});
    people.ok(
        "alice",
        "groupKey_trust",
        json!({"group": group, "setters": [people.key("alice")]}),
    );
    let params = json!({"group": group, "recipients": [people.key("bob"), people.key("carol")]});
    let made = people.ok("alice", "groupKey_create", params);
    assert_eq!(made["group"], json!(group));
    assert_eq!(list(&made["envelopes"]).len(), 2);
    // With an empty list all is forgotten.
    assert_eq!(people.ok("bob", "groupKey_trust", own.clone()), own);
    assert_eq!(
        people.ok("bob", "groupKey_list", json!({"group": group})),
        json!([])
    );
}
