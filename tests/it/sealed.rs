//! Conversations through sealed envelopes alone: one over a relay that reorders, duplicates, drops
//! and forges, whose devices listen to what `topic_list` and `topic.changed` say. No step of it
//! names a sender.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{EventStream, Party, WebSocket, bytes, connect, hex, list, text};
use serde_json::{Value, json};

/// Pseudo-random choices, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("to fit") % limit
    }
}

/// A relay. It sees content topics and envelopes only.
#[derive(Default)]
struct Relay {
    carried: Vec<(String, String)>,
}

impl Relay {
    /// Takes what there is to send of an answer.
    fn carry(&mut self, envelopes: &Value) {
        for envelope in envelopes.as_array().expect("envelopes") {
            let topic = text(&envelope["contentTopic"]);
            assert!(topic.starts_with("/waku/1/0x") && topic.ends_with("/rfc26"));
            self.carried.push((topic, text(&envelope["sealed"])));
        }
    }
}

/// What a frontend listens to: what `topic_list` says, brought up to date by each `topic.changed`.
struct Topics {
    /// By content topic: the key of the envelopes there, where they have one.
    listened: BTreeMap<String, Option<String>>,
    /// The last event that was seen.
    after: u64,
}

impl Topics {
    /// The list, in parts of one, and the place from which changes are told.
    fn of(party: &Party) -> Self {
        let status = party.daemon.ok("system_status", json!({}));
        let mut topics = Self {
            listened: BTreeMap::new(),
            after: status["newestEvent"].as_u64().expect("a number"),
        };
        let mut params = json!({"limit": 1});
        loop {
            let part = party.daemon.ok("topic_list", params.clone());
            for topic in part["topics"].as_array().expect("topics") {
                topics.add(topic);
            }
            if part["next"].is_null() {
                return topics;
            }
            params["afterPeer"] = part["next"].clone();
        }
    }

    fn add(&mut self, topic: &Value) {
        let key = topic.get("symKey").map(text);
        self.listened.insert(text(&topic["contentTopic"]), key);
    }

    /// Follows the changes since the last time; how many there were.
    fn follow(&mut self, party: &Party) -> usize {
        let params = json!({"after": self.after, "limit": 1000});
        let told = party.daemon.ok("event_list", params);
        self.after = told["next"].as_u64().expect("a number");
        let events = told["events"].as_array().expect("events");
        let changes = events
            .iter()
            .filter(|event| event["type"] == "topic.changed");
        changes
            .inspect(|event| {
                assert_eq!(event["data"]["kind"], "negotiated");
                let params = json!({"identity": event["data"]["peer"]});
                let topic = party.daemon.ok("topic_negotiated", params);
                if event["data"]["listen"] == true {
                    self.add(&topic);
                } else {
                    self.listened.remove(&text(&topic["contentTopic"]));
                }
            })
            .count()
    }
}

/// A device and what its frontend knows: the topics it listens to, and what it has read.
struct Device {
    party: Party,
    topics: Topics,
    /// The topic that it shares with the other person.
    shared: String,
    read: BTreeMap<String, (String, u32)>,
    unopened: BTreeSet<String>,
    last_topic: String,
}

impl Device {
    fn new(party: Party, contact: &str) -> Self {
        let params = json!({"identity": contact});
        let shared = party.daemon.ok("topic_negotiated", params);
        Self {
            topics: Topics::of(&party),
            party,
            shared: text(&shared["contentTopic"]),
            read: BTreeMap::new(),
            unopened: BTreeSet::new(),
            last_topic: String::new(),
        }
    }

    /// Gives the daemon an envelope, as it came by a topic; whatever is to be sent back goes to the
    /// relay.
    fn take(&mut self, relay: &mut Relay, topic: &str, envelope: &str) {
        let mut params = json!({"sealed": envelope, "confirm": true});
        if let Some(Some(key)) = self.topics.listened.get(topic) {
            params["symKey"] = json!(key);
        }
        let read = self.party.daemon.ok("message_decrypt", params);
        self.topics.follow(&self.party);
        if read["outcome"] == "decrypted" {
            assert_eq!(read["authenticated"], true);
            let (message, sender) = (text(&read["text"]), text(&read["sender"]));
            let times = self.read.entry(message).or_insert((sender.clone(), 0));
            assert_eq!(times.0, sender);
            times.1 += 1;
        } else if read["outcome"] == "unopened" {
            self.unopened.insert(text(&read["reason"]));
        }
        if let Some(reply) = read.get("reply") {
            relay.carry(&json!([reply]));
        }
    }

    fn send(&mut self, relay: &mut Relay, to: &str, message: &str) {
        // The text names the request: a retry is the same envelope.
        let params = json!({"recipient": to, "text": message, "requestId": message, "seal": true});
        let sent = self.party.daemon.ok("message_encrypt", params);
        self.topics.follow(&self.party);
        self.last_topic = text(&sent["envelopes"][0]["contentTopic"]);
        relay.carry(&sent["envelopes"]);
    }
}

/// Delivers what the relay has: in any order, some of it twice, some of it not, and some of it
/// changed.
fn deliver(relay: &mut Relay, chance: &mut Chance, devices: &mut [Device], mallory: &Party) {
    let mut carried = std::mem::take(&mut relay.carried);
    for at in (1..carried.len()).rev() {
        carried.swap(at, chance.below(at + 1));
    }
    for (topic, envelope) in carried {
        for device in devices.iter_mut() {
            if !device.topics.listened.contains_key(&topic) {
                continue;
            }
            let topic = topic.as_str();
            match chance.below(10) {
                // Lost.
                0 | 1 => {}
                // Brought twice.
                2 | 3 => {
                    device.take(relay, topic, &envelope);
                    device.take(relay, topic, &envelope);
                }
                // Changed on the way, and then brought as it was.
                4 => {
                    let mut changed = bytes(&envelope);
                    let at = chance.below(changed.len());
                    changed[at] ^= 1 << chance.below(8);
                    device.take(relay, topic, &hex(&changed));
                    device.take(relay, topic, &envelope);
                }
                // With a letter of the relay's own before it.
                5 => {
                    let params = json!({"identity": device.party.key});
                    let partitioned = mallory.daemon.ok("topic_partitioned", params);
                    let partitioned = text(&partitioned["contentTopic"]);
                    let forged = mallory.daemon.ok(
                        "envelope_seal",
                        json!({"recipient": device.party.key, "text": "forged"}),
                    );
                    device.take(relay, &partitioned, &text(&forged["envelope"]));
                    let unsigned = mallory.daemon.ok(
                        "envelope_seal",
                        json!({"recipient": device.party.key, "payload": "0x0a", "sign": false}),
                    );
                    device.take(relay, &partitioned, &text(&unsigned["envelope"]));
                    device.take(relay, topic, &envelope);
                }
                _ => device.take(relay, topic, &envelope),
            }
        }
    }
}

#[test]
fn three_devices_converse_through_sealed_envelopes_over_a_relay_that_does_its_worst() {
    let bobs_key = format!("0x{}", "b0".repeat(32));
    let alice = Party::new("alice");
    let phone = Party::with_key("bob", &bobs_key, "x1-phone");
    let laptop = Party::with_key("bob", &bobs_key, "x1-laptop");
    let mallory = Party::new("mallory");
    let (to_alice, to_bob) = (alice.key.clone(), phone.key.clone());
    let mut devices = [
        Device::new(alice, &to_bob),
        Device::new(phone, &to_alice),
        Device::new(laptop, &to_alice),
    ];
    let (mut relay, mut chance) = (Relay::default(), Chance(7));

    // Bob pairs his devices: each tells the other of itself, until it was heard.
    let installations = ["x1-phone", "x1-laptop"];
    for (teller, hearer) in [(1, 2), (2, 1)] {
        let (told, mut rounds) = (installations[teller - 1], 0);
        let enabled = loop {
            let params = json!({"recipient": to_bob, "seal": true});
            let hello = devices[teller].party.daemon.ok("message_advertise", params);
            relay.carry(&hello["envelopes"]);
            deliver(&mut relay, &mut chance, &mut devices, &mallory);
            let params = json!({"installationId": told});
            match devices[hearer]
                .party
                .daemon
                .call("installation_enable", params)
            {
                Ok(enabled) => break enabled,
                Err(error) => assert_eq!(error["data"]["kind"], "installation_not_found"),
            }
            rounds += 1;
            assert!(rounds < 20, "it was never heard");
        };
        assert_eq!(enabled["state"], "active");
    }

    let ways = [(0, &to_bob), (1, &to_alice), (2, &to_alice)];
    // They make each other's acquaintance: by now messages get lost because a device is not known
    // yet, too.
    let mut rounds = 0;
    let acquainted = |devices: &[Device]| {
        devices.iter().enumerate().all(|(at, device)| {
            let heard = |from: usize| {
                device
                    .read
                    .keys()
                    .any(|text| text.starts_with(&format!("{from} ")))
            };
            device.last_topic == device.shared && (0..3).all(|from| from == at || heard(from))
        })
    };
    while !acquainted(&devices) {
        for (from, to) in ways {
            devices[from].send(&mut relay, to, &format!("{from} greets {rounds}"));
        }
        deliver(&mut relay, &mut chance, &mut devices, &mallory);
        rounds += 1;
        assert!(rounds < 40, "they never got to know each other");
    }

    // From now on everything is read by everybody else, however late: what was lost is sent again,
    // as it was.
    let mut written: Vec<(usize, &String, String)> = Vec::new();
    for round in 0..8 {
        for (from, to) in ways {
            let message = format!("{from} says {round}");
            devices[from].send(&mut relay, to, &message);
            written.push((from, to, message));
        }
        deliver(&mut relay, &mut chance, &mut devices, &mallory);
    }
    let missing = |devices: &[Device], from: usize, message: &str| {
        let mut others = devices.iter().enumerate().filter(|(at, _)| *at != from);
        others.any(|(_, device)| !device.read.contains_key(message))
    };
    let mut rounds = 0;
    loop {
        let lost: Vec<_> = written
            .iter()
            .filter(|(from, _, message)| missing(&devices, *from, message))
            .collect();
        if lost.is_empty() {
            break;
        }
        assert!(rounds < 40, "never read: {lost:?}");
        for (from, to, message) in lost {
            devices[*from].send(&mut relay, to, message);
        }
        deliver(&mut relay, &mut chance, &mut devices, &mallory);
        rounds += 1;
    }
    for device in &devices {
        for (message, (sender, times)) in &device.read {
            let wrote = if message.starts_with('0') {
                &to_alice
            } else {
                &to_bob
            };
            assert_eq!(sender, wrote, "{message}");
            // The first greetings may have gone by DH, which reads as often as it is brought.
            assert!(*times == 1 || message.contains("greets"), "{message}");
        }
    }
    for device in &devices {
        assert!(!device.read.contains_key("forged"));
        assert!(
            device.unopened.contains("authentication_failed"),
            "{:?}",
            device.unopened
        );
        assert!(
            device.unopened.contains("unauthenticated_sender"),
            "{:?}",
            device.unopened
        );
    }
}

/// Seals a message for somebody; what the relay gets: the topic and the envelope.
fn sealed(from: &Party, method: &str, params: Value) -> (String, String) {
    let sent = from.daemon.ok(method, params);
    let envelope = &sent["envelopes"][0];
    (text(&envelope["contentTopic"]), text(&envelope["sealed"]))
}

#[test]
fn whoever_listens_to_what_the_list_and_its_changes_say_misses_no_first_answer() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let mut hers = Topics::of(&alice);
    let at_first: Vec<_> = hers.listened.keys().cloned().collect();
    assert_eq!(at_first.len(), 4);
    // Bob's bundle is known, by a QR code: what he answers goes by the topic that the two share at
    // once, since he has heard of the only device that he writes to.
    alice.learn(&bob);
    assert_eq!(hers.follow(&alice), 0, "he cannot have heard of her yet");
    let message =
        |to: &Party, words: &str| json!({"recipient": to.key, "text": words, "seal": true});
    let (_, envelope) = sealed(&alice, "message_encrypt", message(&bob, "hello"));
    assert_eq!(hers.follow(&alice), 1, "told before the answer to the call");
    let read = bob
        .daemon
        .ok("message_decrypt", json!({"sealed": envelope}));
    assert_eq!(read["text"], "hello");
    let (topic, envelope) = sealed(&bob, "message_encrypt", message(&alice, "hello yourself"));
    assert!(
        !at_first.contains(&topic),
        "not by what she listened to at first"
    );
    let key = hers.listened[&topic].clone().expect("a key");
    let params = json!({"sealed": envelope, "symKey": key});
    assert_eq!(
        alice.daemon.ok("message_decrypt", params)["text"],
        "hello yourself"
    );
    // Who asks the list later finds the same.
    assert_eq!(Topics::of(&alice).listened, hers.listened);
    let mut his = Topics::of(&bob);
    assert_eq!(his.listened[&topic], Some(key));

    // A contact that is declined is listened to no more.
    let decide = |method: &str| {
        let params = json!({"identity": bob.key, "text": "hi", "seal": true});
        sealed(&alice, method, params)
    };
    alice
        .daemon
        .ok("contact_decline", json!({"identity": bob.key}));
    assert_eq!(hers.follow(&alice), 1);
    assert!(!hers.listened.contains_key(&topic));
    assert_eq!(Topics::of(&alice).listened, hers.listened);
    decide("contact_accept");
    assert_eq!(hers.follow(&alice), 1);
    assert!(hers.listened.contains_key(&topic));
    assert_eq!(his.follow(&bob), 0, "it is hers alone");

    // Of a request that was sealed the answer is heard, though nothing of Carol is known.
    let carol = Party::new("carol");
    let params = json!({"identity": carol.key, "text": "it is me", "seal": true});
    let (_, envelope) = sealed(&alice, "contact_request", params);
    hers.follow(&alice);
    carol
        .daemon
        .ok("message_decrypt", json!({"sealed": envelope}));
    let params = json!({"identity": alice.key, "text": "welcome", "seal": true});
    let (topic, envelope) = sealed(&carol, "contact_accept", params);
    let mut params = json!({"sealed": envelope});
    if let Some(key) = &hers.listened[&topic] {
        params["symKey"] = json!(key);
    }
    let read = alice.daemon.ok("message_decrypt", params);
    assert_eq!(
        (&read["text"], &read["contact"]),
        (&json!("welcome"), &json!("accept"))
    );
}

#[test]
fn the_list_of_topics_is_that_of_the_methods_for_each_and_is_told_on_every_way() {
    let (mut alice, bob) = (Party::new("alice"), Party::new("bob"));
    let mut stream = EventStream::open(connect(&alice.daemon.socket()), "?account=alice", "");
    let mut socket = WebSocket::open(&alice.daemon.socket());
    let subscribed = socket.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "event_subscribe"}));
    assert!(subscribed["result"].is_string());
    alice.send(&bob, "hello");
    let expected = json!({"kind": "negotiated", "peer": bob.key, "listen": true});
    loop {
        let event = stream.next().expect("an event");
        if event["type"] == "topic.changed" {
            assert_eq!(event["data"], expected);
            break;
        }
    }
    loop {
        let event = socket.next().expect("a notification")["params"]["result"].take();
        if event["type"] == "topic.changed" {
            assert_eq!(event["data"], expected);
            break;
        }
    }
    let listed = |of: &Party| of.daemon.ok("topic_list", json!({"account": "alice"}));
    let before = listed(&alice);
    assert_eq!(before["next"], Value::Null);
    let topics = list(&before["topics"]);
    let kinds: Vec<_> = topics.iter().map(|topic| text(&topic["kind"])).collect();
    let golden = [
        "contact_code",
        "partitioned",
        "personal",
        "negotiated",
        "negotiated",
    ];
    assert_eq!(kinds, golden);
    for (topic, (method, peer)) in topics.iter().zip([
        ("topic_contactCode", None),
        ("topic_partitioned", None),
        ("topic_personal", None),
        ("topic_negotiated", Some(&alice.key)),
        ("topic_negotiated", Some(&bob.key)),
    ]) {
        let params = json!({"identity": peer.unwrap_or(&alice.key)});
        let known = alice.daemon.ok(method, params);
        assert_eq!(topic["peer"], json!(peer));
        for member in ["topic", "contentTopic", "symKey"] {
            assert_eq!(topic.get(member), known.get(member), "{method} {member}");
        }
        assert!(topic.get("name").is_none());
    }
    // It is the account's, and kept.
    alice
        .daemon
        .ok("account_create", json!({"account": "other"}));
    let error = alice
        .daemon
        .call("topic_list", json!({}))
        .expect_err("refused");
    assert_eq!(error["data"]["kind"], "account_ambiguous");
    let others = alice.daemon.ok("topic_list", json!({"account": "other"}));
    assert_eq!(list(&others["topics"]).len(), 4);
    alice.daemon.kill_and_restart();
    assert_eq!(listed(&alice), before);
    for (params, field) in [
        (json!({"account": "alice", "limit": 0}), "limit"),
        (json!({"account": "alice", "limit": 1001}), "limit"),
        (
            json!({"account": "alice", "afterPeer": "0x17"}),
            "afterPeer",
        ),
    ] {
        let error = alice
            .daemon
            .call("topic_list", params)
            .expect_err("refused");
        assert_eq!(error["data"]["field"], field);
    }
}
