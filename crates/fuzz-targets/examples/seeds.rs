//! Writes the inputs that fuzzing begins with into `fuzz/corpus`: from the recorded vectors, and from the scenes of the
//! targets. `cargo run -p fuzz-targets --example seeds`

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it runs by hand, on files that are there"
)]

use std::{fs, path::PathBuf};

use fuzz_targets::{bundle_seeds, envelope_seeds, parameter_seeds, receive_seeds};
use serde_json::{Value, json};

/// Messages taken from each file of vectors, evenly spread.
const OF_EACH_FILE: usize = 12;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors(name: &str) -> Value {
    let path = root().join("tests/vectors").join(name);
    let text = fs::read_to_string(path).expect("a file of vectors");
    serde_json::from_str(&text).expect("JSON")
}

fn write(target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) {
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder).expect("a folder");
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed).expect("written");
    }
}

/// Every text under this name, anywhere.
fn texts<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if key == name => found.push(text),
                    _ => texts(member, name, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, name, found)),
        _ => {}
    }
}

fn some<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    texts(value, name, &mut found);
    let step = found.len().div_ceil(OF_EACH_FILE).max(1);
    found.into_iter().step_by(step).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    const_hex::decode(hex).expect("hex")
}

fn good(name: &str) -> Value {
    let key = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let secret = format!("0x{}", "17".repeat(32));
    match name {
        "account" => json!("alice"),
        "installationId" => json!("x1-phone"),
        "words" => json!(24),
        "mnemonic" | "mnemonicPassphrase" => json!("legal winner thank year"),
        "publicKey" | "recipient" | "sender" | "identity" => json!(key),
        "bundle" | "payload" | "message" => json!("0x0a21"),
        "confirm" => json!(true),
        "messageIds" => json!([secret]),
        "metadata" => json!({"name": "Phone", "deviceType": "phone", "pushToken": ""}),
        "ms" | "version" | "createdAt" | "after" | "limit" | "waitMs" => json!(7),
        secret_of if secret_of.to_lowercase().contains("private") => json!(secret),
        _ => json!("hello"),
    }
}

fn main() {
    let recorded = [
        "status-go-receive.json",
        "status-go-hostile.json",
        "status-go-skips.json",
        "x25519-receive.json",
        "x25519-hostile.json",
        "x25519-sessions.json",
    ]
    .map(vectors);
    let messages = recorded.iter().flat_map(|file| some(file, "message"));
    let scene = receive_seeds();
    let wires = scene.iter().map(|seed| seed[1..].to_vec());
    write("wire", messages.map(bytes).chain(wires));
    write("receive", scene);

    let bundles = vectors("status-go-primitives.json");
    let recorded_bundles: Vec<_> = some(&bundles, "bundle_hex")
        .into_iter()
        .map(bytes)
        .collect();
    let resigned = recorded_bundles.iter().zip(0_u8..).map(|(wire, number)| {
        let mode = [number % 4];
        [&mode, wire.as_slice()].concat()
    });
    write("bundle", bundle_seeds().into_iter().chain(resigned));
    let codes = bundle_seeds().into_iter().chain(recorded_bundles);
    let codes = codes.map(|wire| engine::wire::encode_contact_code(&wire));
    let edges = ["0x0a21", " CiE= ", "CiE_-", "=", "0x"].map(str::to_owned);
    write("contact_code", codes.chain(edges).map(String::into_bytes));

    let account = vectors("trust-account.json");
    let compact = some(&account, "compressedKey").into_iter();
    let broken = some(&account, "input").into_iter();
    let binary = ["compressed", "publicKey", "privateKey"]
        .iter()
        .flat_map(|name| some(&account, name));
    let prefixed = binary.clone().map(|hex| format!("0x{hex}").into_bytes());
    let names = ["x1-phone", "alice", "none", "0x"].map(|name| name.as_bytes().to_vec());
    let signatures = some(&bundles, "signature").into_iter().map(bytes);
    let text = compact.chain(broken).map(|text| text.as_bytes().to_vec());
    let keys = text.chain(prefixed).chain(names).chain(signatures);
    write("keys", keys.chain(binary.map(bytes)));

    let phrases = some(&account, "mnemonic").into_iter();
    let phrases = phrases.map(|phrase| [b"\0", phrase.as_bytes()].concat());
    let made = (0..6_u8).map(|seed| [&[1 | (seed & 1) << 1], [seed; 40].as_slice()].concat());
    write("phrase", phrases.chain(made));

    let shipped = fs::read_to_string(root().join("config/ratchetd.toml")).expect("the file");
    let settings = shipped.lines().filter(|line| !line.starts_with('#'));
    let settings = settings.collect::<Vec<_>>().join("\n");
    let lines = settings.lines().filter(|line| line.contains('='));
    let limits = lines.filter(|line| line.ends_with(|last: char| last.is_ascii_digit()));
    let limits = limits.map(|line| format!("[limits]\n{line}"));
    let edges = [
        "http = \"127.0.0.1:8645\"\nsocket_mode = \"0660\"",
        "[ratchet]\nsuites = [\"secp256k1\"]",
        "log = \"json\"\ndev = true\n[rpc]\nallowed_uids = [1000]",
    ];
    let edges = edges.map(str::to_owned);
    write(
        "config",
        [settings.clone()]
            .into_iter()
            .chain(limits)
            .chain(edges)
            .map(String::into_bytes),
    );

    write("parameters", parameter_seeds(good));

    let keystores = vectors("trust-keystore.json");
    let good_files = keystores["good"].as_array().expect("cases").iter();
    let good_files = good_files.map(|case| case["keystore"].to_string());
    let bad_files = some(&keystores, "keystore").into_iter().map(str::to_owned);
    let changes = [
        [0, 3, 1],
        [1, 3, 1],
        [2, 3, 1],
        [3, 3, 1],
        [4, 3, 1],
        [5, 3, 0],
        [6, 31, 0],
    ];
    let changes = changes.map(|change| [&[1; 9], change.as_slice()].concat());
    let files = good_files.chain(bad_files);
    let files = files.map(|file| [b"\0", file.as_bytes()].concat());
    write("keystore", files.chain(changes).chain([vec![1; 9]]));

    let envelopes = vectors("trust-envelope.json");
    let short = |hex: &&str| hex.len() <= 4096;
    let sealed = some(&envelopes, "envelope").into_iter().filter(short);
    let sealed = sealed.map(|hex| [b"\0", bytes(hex).as_slice()].concat());
    let insides = some(&envelopes, "plaintext").into_iter().filter(short);
    let insides = insides.map(|hex| [b"\x01", bytes(hex).as_slice()].concat());
    let odd = [
        &[][..],
        &[0, 1, 2],
        &[3, 1, 0, 0, 9],
        &[1, 200, 1],
        &[0xf8, 9],
    ];
    let odd = odd.map(|inside| [b"\x01", inside].concat());
    let topics = vectors("trust-topics.json");
    let topics = topics["contentTopicParse"]
        .as_array()
        .expect("cases")
        .iter();
    let topics = topics.filter_map(|case| case["contentTopic"].as_str());
    let topics: Vec<_> = topics
        .map(|topic| [b"\x02", topic.as_bytes()].concat())
        .collect();
    let read = sealed.chain(insides).chain(odd).chain(topics);
    write("envelope", read.chain(envelope_seeds()));

    // Sends and deliveries of each cast, and then whatever the numbers say.
    let sequences = (0..12_u8).map(|cast| {
        let mut seed = vec![cast, cast % 4, cast];
        for step in 0..24_u8 {
            let kind = match step % 3 {
                0 => 1,
                1 => 31,
                _ => step.wrapping_mul(37).wrapping_add(cast.wrapping_mul(11)),
            };
            seed.extend([kind, step / 2 + cast, step, step.wrapping_mul(5), 0]);
        }
        seed
    });
    write("sequences", sequences);
}
