//! Every entry of the topics file, and what is no content topic.

use crypto_core::IdentityKey;
use serde_json::Value;

use super::{bytes, entries, file, pair, party, text};
use crate::*;

fn check(name: &TopicName, recorded: &Value) {
    assert_eq!(name.as_str(), text(recorded, "string"));
    let topic = name.topic();
    assert_eq!(topic.to_string(), text(recorded, "topic"));
    assert_eq!(topic.to_bytes().to_vec(), bytes(&recorded["topic"]));
    let content = ContentTopic::from(topic);
    assert_eq!(content.to_string(), text(recorded, "contentTopic"));
    assert_eq!(ContentTopic::parse(&content.to_string()), Ok(content));
    let key = name
        .symmetric_key()
        .map(|key| key.secret_bytes().to_vec())
        .unwrap_or_default();
    assert_eq!(key, bytes(&recorded["symKey"]), "{}", name.as_str());
}

#[test]
fn topics_of_identities() {
    let file = file("trust-topics");
    for entry in entries(&file, "identities") {
        let identity = IdentityKey::from_sec1(&bytes(&entry["publicKey"])).unwrap();
        assert_eq!(*pair(&entry["privateKey"]).public(), identity);
        let names = [
            ("contactCode", TopicName::contact_code(&identity).unwrap()),
            ("partitioned", TopicName::partitioned(&identity)),
            (
                "personalDiscovery",
                TopicName::personal_discovery(&identity).unwrap(),
            ),
        ];
        for (member, name) in names {
            check(&name, &entry[member]);
        }
        let community = TopicName::community_owner(&identity).unwrap();
        assert_eq!(community.as_str(), text(entry, "publicKey"));
        assert!(community.symmetric_key().is_none());
    }
}

#[test]
fn negotiated_topics() {
    let file = file("trust-topics");
    for entry in entries(&file, "negotiated") {
        let own = pair(&entry["privateKey"]);
        let other = IdentityKey::from_sec1(&bytes(&entry["theirPublicKey"])).unwrap();
        let secret = own.agree(&other).unwrap();
        let recorded = bytes(&entry["sharedSecret"]);
        assert_eq!(secret.secret_bytes().to_vec(), recorded);
        check(&TopicName::negotiated(&own, &other).unwrap(), entry);
    }
    let (alice, bob) = (party(1), party(2));
    let [one, other] = [
        TopicName::negotiated(&alice, bob.public()).unwrap(),
        TopicName::negotiated(&bob, alice.public()).unwrap(),
    ];
    assert_eq!(one.as_str(), other.as_str());
}

#[test]
fn public_chats_and_shards() {
    let file = file("trust-topics");
    for entry in entries(&file, "publicChats") {
        check(&TopicName::public_chat(text(entry, "string")), entry);
    }
    let discovery = &file["discovery"];
    let topic = Topic::of(text(discovery, "string"));
    assert_eq!(topic.to_string(), text(discovery, "topic"));
    let shards = [
        ("default", Shard::DEFAULT),
        ("nonProtected", Shard::NON_PROTECTED),
        (
            "cluster 16 index 7",
            Shard {
                cluster: 16,
                index: 7,
            },
        ),
    ];
    for (name, shard) in shards {
        assert_eq!(shard.to_string(), text(&file["pubsub"], name));
    }
}

/// Stricter than status-go, which takes any prefix and any number of digits.
#[test]
fn content_topics_have_one_form() {
    let file = file("trust-topics");
    let lenient = [
        "/waku/1/0x0001/rfc26",
        "/waku/1/0x0001020304/rfc26",
        "/waku/1/0x/rfc26",
        "/waku/1/0X00010203/rfc26",
        "x/waku/1/0x00010203/rfc26",
    ];
    let mut met = 0;
    for entry in entries(&file, "contentTopicParse") {
        let given = text(entry, "contentTopic");
        let read = ContentTopic::parse(given);
        if lenient.contains(&given) {
            assert_eq!(read, Err(ContentTopicError), "{given}");
            met += 1;
        } else if entry["ok"] == true {
            assert_eq!(
                read.unwrap().topic().to_bytes().to_vec(),
                bytes(&entry["topic"])
            );
        } else {
            assert_eq!(read, Err(ContentTopicError), "{given}");
        }
    }
    assert_eq!(met, lenient.len());
    for bad in [
        "/waku/1/0x+0010203/rfc26",
        "/waku/1/0x0001020é/rfc26",
        "/waku/1/0x00010203/rfc26 ",
        " /waku/1/0x00010203/rfc26",
        "/waku/1/0x00010203/RFC26",
        "/waku/1/0x00010203",
        "/waku/1/0xrfc26",
        "/waku/1/0x/waku/1/0x00010203/rfc26/rfc26",
        "/WAKU/1/0x00010203/rfc26",
        "/waku/01/0x00010203/rfc26",
    ] {
        assert_eq!(ContentTopic::parse(bad), Err(ContentTopicError), "{bad}");
    }
    let mixed = ContentTopic::parse("/waku/1/0xAbCdEf09/rfc26").unwrap();
    assert_eq!(mixed.to_string(), "/waku/1/0xabcdef09/rfc26");
}

/// A store that is broken gives errors, not topics of somebody else.
#[test]
fn keys_that_are_no_points_have_no_topics() {
    let broken = IdentityKey::from_stored([0xff; 33]);
    assert!(TopicName::contact_code(&broken).is_err());
    assert!(TopicName::personal_discovery(&broken).is_err());
    assert!(TopicName::community_owner(&broken).is_err());
    assert!(TopicName::negotiated(&party(1), &broken).is_err());
}
