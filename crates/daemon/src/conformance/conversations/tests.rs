use serde_json::{Value, json};

use super::check;
use crate::conformance::device::Device;

/// Two devices that begin sessions with each other at the same time, and go on with them.
const SIMULTANEOUS: &str = "conv-50";
/// Messages by DH first.
const COLD: &str = "conv-49";

/// The file with one of its conversations.
fn recording(seed: &str) -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/status-go-conversations.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let all = file["conversations"].as_array_mut().unwrap();
    all.retain(|conversation| conversation["seed"] == seed);
    assert_eq!(all.len(), 1);
    file
}

/// What is said of the one conversation.
fn failure(file: &Value) -> Option<String> {
    let (checked, _) = check(file, Device::in_memory).unwrap();
    checked.into_iter().find_map(|(_, checked)| checked.err())
}

/// Turns the lowest bit of a byte.
fn turned(hex: &Value, byte: usize) -> Value {
    let mut bytes = const_hex::decode(hex.as_str().unwrap()).unwrap();
    bytes[byte] ^= 1;
    const_hex::encode(bytes).into()
}

fn turn(hex: &mut Value, byte: usize) {
    *hex = turned(hex, byte);
}

fn bytes_of(hex: &Value) -> usize {
    hex.as_str().unwrap().len() / 2
}

/// The place of `n` in a message that is not the first of its chain.
fn place_of_n(message: &Value) -> usize {
    let wire = const_hex::decode(message.as_str().unwrap()).unwrap();
    let inspected = engine::wire::inspect_message(&wire).unwrap();
    let key = &inspected.targets[0].dr.as_ref().unwrap().key;
    let at = wire.windows(33).position(|part| part == key.as_slice());
    at.unwrap() + 33 + 1
}

#[test]
fn the_two_replay_as_they_are() {
    for seed in [SIMULTANEOUS, COLD] {
        assert_eq!(failure(&recording(seed)), None);
    }
}

#[test]
fn what_is_recorded_otherwise_fails_at_its_step() {
    type Change = fn(&mut Value);
    let changes: [(&str, &str, Change); 24] = [
        (
            SIMULTANEOUS,
            "step 0 (get_bundle): the bundle does not verify",
            |steps| {
                turn(&mut steps[0]["bundle_hex"], 90);
            },
        ),
        (
            SIMULTANEOUS,
            "step 0 (get_bundle): the bundle is dated by no reading",
            |steps| {
                steps[0]["now"] = json!([1_700_000_000_000_999_999_u64]);
            },
        ),
        (
            SIMULTANEOUS,
            "step 0 (get_bundle): the bundle lists",
            |steps| {
                steps[0]["rng"][0] = steps[2]["rng"][0].clone();
                steps[0]["rng"][0]["for_installation"] = json!("753cab14-inst-alice-1");
            },
        ),
        (
            SIMULTANEOUS,
            "step 1 (process_public_bundle): another answer",
            |steps| {
                steps[1]["expect"]["ok"] = json!(false);
            },
        ),
        (SIMULTANEOUS, "step 4 (send): another ciphertext", |steps| {
            let last = bytes_of(&steps[4]["message_hex"]) - 1;
            turn(&mut steps[4]["message_hex"], last);
        }),
        (SIMULTANEOUS, "step 4 (send): another ciphertext", |steps| {
            turn(&mut steps[4]["payload_hex"], 0);
        }),
        (
            SIMULTANEOUS,
            "step 4 (send): another public half of a draw",
            |steps| {
                turn(&mut steps[4]["rng"][0]["hex"], 31);
            },
        ),
        (
            SIMULTANEOUS,
            "step 4 (send): another X3DH header",
            |steps| {
                steps[4]["rng"][0]["hex"] = steps[5]["rng"][0]["hex"].clone();
                steps[4]["rng"][0]["compressed"] = steps[5]["rng"][0]["compressed"].clone();
            },
        ),
        (
            SIMULTANEOUS,
            "step 4 (send): another ratchet key",
            |steps| {
                steps[4]["rng"][1]["hex"] = steps[5]["rng"][1]["hex"].clone();
                steps[4]["rng"][1]["compressed"] = steps[5]["rng"][1]["compressed"].clone();
            },
        ),
        (
            SIMULTANEOUS,
            "step 4 (send): no draw for RatchetKey",
            |steps| {
                steps[4]["rng"].as_array_mut().unwrap().pop();
            },
        ),
        (
            SIMULTANEOUS,
            "step 4 (send): another shared secret",
            |steps| {
                turn(&mut steps[4]["shared_secret"], 0);
            },
        ),
        (
            SIMULTANEOUS,
            "step 4 (send): another list of devices",
            |steps| {
                steps[4]["rng"] = steps[0]["rng"].clone();
                steps[4]["rng"][0]["role"] = json!("dh_ephemeral");
                steps[4]["rng"][0]["for_installation"] = json!("none");
                let nonce = json!({"role": "gcm_nonce", "hex": "000000000000000000000000"});
                steps[4]["rng"].as_array_mut().unwrap().push(nonce);
                steps[4]["targeted_installations"] = json!([]);
            },
        ),
        (
            SIMULTANEOUS,
            "step 6 (send): another public message",
            |steps| {
                turn(&mut steps[6]["payload_hex"], 0);
            },
        ),
        (SIMULTANEOUS, "step 7 (receive): another text", |steps| {
            turn(&mut steps[7]["expect"]["payload_hex"], 0);
        }),
        (SIMULTANEOUS, "step 7 (receive): another text", |steps| {
            steps[7]["expect"] = json!({"ok": false, "error_class": "bad_until"});
        }),
        (
            SIMULTANEOUS,
            "step 7 (receive): other randomness",
            |steps| {
                steps[7]["rng"] = json!([]);
            },
        ),
        (SIMULTANEOUS, "step 7 (receive): another sender", |steps| {
            steps[7]["sender_pubkey"] = steps[10]["sender_pubkey"].clone();
        }),
        (
            SIMULTANEOUS,
            "step 7 (receive): that message was not sent",
            |steps| {
                steps[7]["msg"] = json!(99);
            },
        ),
        (
            SIMULTANEOUS,
            "step 8 (confirm): a message is confirmed",
            |steps| {
                turn(&mut steps[8]["message_id"], 0);
            },
        ),
        (SIMULTANEOUS, "step 9 (send): another n ", |steps| {
            let at = place_of_n(&steps[9]["message_hex"]);
            turn(&mut steps[9]["message_hex"], at);
        }),
        (
            SIMULTANEOUS,
            "step 10 (receive): there is no such device",
            |steps| {
                steps[10]["device"] = json!("alice-2");
            },
        ),
        (COLD, "step 0 (send): another ciphertext", |steps| {
            turn(&mut steps[0]["rng"][1]["hex"], 0);
        }),
        (COLD, "step 0 (send): another DH header", |steps| {
            steps[0]["rng"][0]["hex"] = steps[1]["rng"][0]["hex"].clone();
            steps[0]["rng"][0]["compressed"] = steps[1]["rng"][0]["compressed"].clone();
        }),
        (COLD, "step 1: unknown variant `sent`", |steps| {
            steps[1]["op"] = json!("sent");
        }),
    ];
    for (seed, expected, change) in changes {
        let mut file = recording(seed);
        change(&mut file["conversations"][0]["steps"]);
        let said = failure(&file).unwrap_or_default();
        assert!(said.starts_with(expected), "{expected}: {said}");
    }
}

/// A session that is begun, one that goes on, a message by DH.
#[test]
fn no_byte_of_a_message_changes_unnoticed() {
    for (seed, step, stride) in [(SIMULTANEOUS, 4, 1), (SIMULTANEOUS, 17, 7), (COLD, 0, 1)] {
        let mut file = recording(seed);
        let conversation = &mut file["conversations"][0];
        conversation["steps"]
            .as_array_mut()
            .unwrap()
            .truncate(step + 1);
        let recorded = conversation["steps"][step]["message_hex"].clone();
        let mut unnoticed = Vec::new();
        for byte in (0..bytes_of(&recorded)).step_by(stride) {
            file["conversations"][0]["steps"][step]["message_hex"] = turned(&recorded, byte);
            if failure(&file).is_none() {
                unnoticed.push(byte);
            }
        }
        assert_eq!(unnoticed, Vec::<usize>::new(), "{seed} {step}");
    }
}

/// Every value of a conversation, in order.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(members) => {
            for (number, member) in members.iter().enumerate() {
                places(member, &format!("{at}/{number}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn no_value_that_is_out_of_place_ends_in_a_panic() {
    let files = [recording(COLD), recording(SIMULTANEOUS)];
    let others = [
        json!(-1),
        json!(u64::MAX),
        json!(""),
        json!("none"),
        json!("00"),
        json!([]),
        json!({}),
        json!("ff".repeat(32)),
    ];
    for file in files {
        let mut found = Vec::new();
        places(&file["conversations"], "/conversations", &mut found);
        // Null, and one of the others: the next place gets the next.
        for (place, other) in found.iter().zip(others.iter().cycle()) {
            for other in [&Value::Null, other] {
                let mut changed = file.clone();
                *changed.pointer_mut(place).unwrap() = other.clone();
                if let Ok((checked, _)) = check(&changed, Device::in_memory) {
                    assert!(checked.len() <= 1);
                }
            }
        }
    }
    for file in [json!({}), json!([]), json!({"conversations": 1})] {
        assert!(check(&file, Device::in_memory).is_err());
    }
}
