//! A conversation of three devices through sealed envelopes alone, over a relay that reorders,
//! duplicates, drops and forges. No step of it names a sender.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Party, bytes, hex, text};
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

/// A device and what its frontend knows: the topics it listens to, and what it has read.
struct Device {
    party: Party,
    topics: Vec<String>,
    read: BTreeMap<String, (String, u32)>,
    unopened: BTreeSet<String>,
    last_topic: String,
}

impl Device {
    fn new(party: Party, contact: &str) -> Self {
        let listen = |method: &str, identity: &str| {
            let topic = party.daemon.ok(method, json!({"identity": identity}));
            text(&topic["contentTopic"])
        };
        let topics = vec![
            listen("topic_partitioned", &party.key),
            listen("topic_negotiated", contact),
        ];
        Self {
            party,
            topics,
            read: BTreeMap::new(),
            unopened: BTreeSet::new(),
            last_topic: String::new(),
        }
    }

    /// Gives the daemon an envelope, as it came; whatever is to be sent back goes to the relay.
    fn take(&mut self, relay: &mut Relay, envelope: &str) {
        let params = json!({"sealed": envelope, "confirm": true});
        let read = self.party.daemon.ok("message_decrypt", params);
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
            if !device.topics.contains(&topic) {
                continue;
            }
            match chance.below(10) {
                // Lost.
                0 | 1 => {}
                // Brought twice.
                2 | 3 => {
                    device.take(relay, &envelope);
                    device.take(relay, &envelope);
                }
                // Changed on the way, and then brought as it was.
                4 => {
                    let mut changed = bytes(&envelope);
                    let at = chance.below(changed.len());
                    changed[at] ^= 1 << chance.below(8);
                    device.take(relay, &hex(&changed));
                    device.take(relay, &envelope);
                }
                // With a letter of the relay's own before it.
                5 => {
                    let forged = mallory.daemon.ok(
                        "envelope_seal",
                        json!({"recipient": device.party.key, "text": "forged"}),
                    );
                    device.take(relay, &text(&forged["envelope"]));
                    let unsigned = mallory.daemon.ok(
                        "envelope_seal",
                        json!({"recipient": device.party.key, "payload": "0x0a", "sign": false}),
                    );
                    device.take(relay, &text(&unsigned["envelope"]));
                    device.take(relay, &envelope);
                }
                _ => device.take(relay, &envelope),
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
            device.last_topic == device.topics[1] && (0..3).all(|from| from == at || heard(from))
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
