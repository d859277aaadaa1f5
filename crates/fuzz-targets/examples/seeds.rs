//! Writes the inputs that fuzzing begins with into `fuzz/corpus`, each under a name that says what
//! it is: from the recorded vectors, and from the scenes of the targets. Inputs named
//! `regression-*` stay as they are. `cargo run -p fuzz-targets --example seeds`

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it runs by hand, on files that are there"
)]

use std::{collections::BTreeSet, fs, path::PathBuf};

use fuzz_targets::{
    Seed, bundle_seeds, envelope_seeds, group_key_seeds, group_seeds, link_seeds, parameter_seeds,
    receive_seeds, sequence_seeds,
};
use serde_json::{Value, json};

/// Cases taken from each list of vectors, evenly spread.
const OF_EACH_LIST: usize = 8;
/// The same of wire messages, of which there are many lists.
const MESSAGES_OF_EACH: usize = 5;
/// The longest input that is fuzzed, as in `fuzz/run.sh`.
const MAX_BYTES: usize = 4096;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors(name: &str) -> Value {
    let path = root().join("tests/vectors").join(name);
    let text = fs::read_to_string(path).expect("a file of vectors");
    serde_json::from_str(&text).expect("JSON")
}

/// Replaces the seeds of a target.
fn write(target: &str, extension: &str, seeds: impl IntoIterator<Item = Seed>) {
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder).expect("a folder");
    for entry in fs::read_dir(&folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        if !name.starts_with("regression-") {
            fs::remove_file(entry.path()).expect("removed");
        }
    }
    let mut names = BTreeSet::new();
    for (name, seed) in seeds {
        let file = format!("{}.{extension}", file_name(&name));
        assert!(names.insert(file.clone()), "two seeds are named {file}");
        fs::write(folder.join(file), seed).expect("written");
    }
}

/// Lower case, with one hyphen for everything that is neither a letter nor a digit.
fn file_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

fn cases<'a>(vectors: &'a Value, list: &str) -> Vec<&'a Value> {
    vectors[list].as_array().expect("cases").iter().collect()
}

/// As many of the cases as are taken of each list.
fn some<'a>(vectors: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    spread(vectors, list, OF_EACH_LIST)
}

fn spread<'a>(vectors: &'a Value, list: &str, most: usize) -> impl Iterator<Item = &'a Value> {
    let cases = cases(vectors, list);
    let step = cases.len().div_ceil(most).max(1);
    cases.into_iter().step_by(step)
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().expect("a text")
}

fn bytes(hex: &str) -> Vec<u8> {
    const_hex::decode(hex).expect("hex")
}

/// A choice that a target reads from the first byte, before the rest.
fn chosen(choice: u8, rest: &[u8]) -> Vec<u8> {
    [&[choice], rest].concat()
}

fn good_parameter(name: &str) -> Value {
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

/// Of each case the message that its note is about, or else its first.
fn recorded_messages() -> Vec<Seed> {
    let recorded = [
        ("secp256k1", "status-go-receive.json"),
        ("secp256k1", "status-go-hostile.json"),
        ("secp256k1", "status-go-skips.json"),
        ("x25519", "x25519-receive.json"),
        ("x25519", "x25519-hostile.json"),
        ("x25519", "x25519-sessions.json"),
        ("mlkem", "mlkem-receive.json"),
        ("mlkem", "mlkem-hostile.json"),
        ("mlkem", "mlkem-sessions.json"),
    ];
    let mut seeds = Vec::new();
    for (suite, file) in recorded {
        for case in spread(&vectors(file), "cases", MESSAGES_OF_EACH) {
            let steps = cases(case, "steps");
            let noted = steps.iter().find(|step| step.get("note").is_some());
            let step = noted.or_else(|| steps.first()).expect("a step");
            let name = format!("{suite} {}", text(case, "name"));
            let message = bytes(text(step, "message"));
            if message.len() <= MAX_BYTES {
                seeds.push((name, message));
            }
        }
    }
    seeds
}

fn keys(account: &Value, primitives: &Value) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (number, case) in some(account, "compressedKeys").enumerate() {
        let compact = text(case, "compressedKey").as_bytes().to_vec();
        seeds.push((format!("compact key {number}"), compact));
    }
    for case in cases(account, "compressedKeysBad") {
        let input = text(case, "input").as_bytes().to_vec();
        seeds.push((format!("bad compact key {}", text(case, "name")), input));
    }
    let key = cases(account, "compressedKeys")[0];
    let phrase = cases(account, "mnemonics")[0];
    for (name, hex) in [
        ("compressed key", text(key, "compressed")),
        ("uncompressed key", text(key, "publicKey")),
        ("private key", text(phrase, "privateKey")),
    ] {
        seeds.push((format!("{name} in bytes"), bytes(hex)));
        seeds.push((format!("{name} in hex"), format!("0x{hex}").into_bytes()));
    }
    for name in ["x1-phone", "alice", "none"] {
        seeds.push((format!("name {name}"), name.as_bytes().to_vec()));
    }
    seeds.push(("prefix alone".to_owned(), b"0x".to_vec()));
    for (number, case) in some(primitives, "signature").enumerate() {
        seeds.push((
            format!("signature {number}"),
            bytes(text(case, "signature")),
        ));
    }
    seeds
}

fn phrases(account: &Value) -> Vec<Seed> {
    let recorded = cases(account, "mnemonics").into_iter().map(|case| {
        let phrase = chosen(0, text(case, "mnemonic").as_bytes());
        (text(case, "name").to_owned(), phrase)
    });
    let made = (0..6_u8).map(|seed| {
        let words = if seed % 2 == 0 { 12 } else { 24 };
        let input = chosen(1 | (seed & 1) << 1, &[seed; 40]);
        (format!("made of {words} words, style {seed}"), input)
    });
    recorded.chain(made).collect()
}

fn kem(vectors: &Value) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (number, case) in some(vectors, "kem").enumerate() {
        let of = |members: [&str; 2]| bytes(&members.map(|member| text(case, member)).concat());
        let seed = of(["d", "z"]);
        let changes = [0, 0, 1, 4, 0x3f, 0x80];
        let drawn = [seed.as_slice(), &bytes(text(case, "m"))].concat();
        let damaged = [drawn.as_slice(), &changes].concat();
        let rejected = [seed, bytes(text(case, "changed"))].concat();
        for (name, choice, input) in [
            ("pair", 0, drawn),
            ("damaged", 0, damaged),
            ("key", 1, of(["key", "m"])),
            ("rejected", 2, rejected),
        ] {
            seeds.push((format!("{name} {number}"), chosen(choice, &input)));
        }
    }
    for case in cases(vectors, "kem_refused") {
        let key = chosen(1, &bytes(text(case, "key")));
        seeds.push((format!("refused {}", text(case, "note")), key));
    }
    seeds
}

fn configurations() -> Vec<Seed> {
    let shipped = fs::read_to_string(root().join("config/ratchetd.toml")).expect("the file");
    let settings: Vec<_> = shipped
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let mut seeds = vec![("as shipped".to_owned(), settings.join("\n").into_bytes())];
    for (name, text) in [
        (
            "http and socket mode",
            "http = \"127.0.0.1:8645\"\nsocket_mode = \"0660\"",
        ),
        ("one suite", "[ratchet]\nsuites = [\"secp256k1\"]"),
        (
            "post-quantum alone",
            "[ratchet]\nsuites = [\"x25519-mlkem768\"]",
        ),
        (
            "dev and allowed uids",
            "log = \"json\"\ndev = true\n[rpc]\nallowed_uids = [1000]",
        ),
    ] {
        seeds.push((name.to_owned(), text.as_bytes().to_vec()));
    }
    seeds
}

fn keystores() -> Vec<Seed> {
    let recorded = vectors("trust-keystore.json");
    let good = cases(&recorded, "good").into_iter().map(|case| {
        let file = case["keystore"].to_string();
        (format!("good {}", text(case, "name")), file)
    });
    let bad = cases(&recorded, "bad").into_iter().map(|case| {
        let file = text(case, "keystore").to_owned();
        (format!("bad {}", text(case, "name")), file)
    });
    let read = good
        .chain(bad)
        .map(|(name, file)| (name, chosen(0, file.as_bytes())));
    let damaged = [
        ("nothing", &[][..]),
        ("salt", &[0, 3, 1]),
        ("ciphertext", &[1, 3, 1]),
        ("mac", &[2, 3, 1]),
        ("iv", &[3, 3, 1]),
        ("address", &[4, 3, 1]),
        ("length of the salt", &[5, 3, 0]),
        ("length of the ciphertext", &[6, 31, 0]),
    ];
    let damaged = damaged.map(|(part, change)| {
        let input = [&[1; 9], change].concat();
        (format!("damaged {part}"), input)
    });
    read.chain(damaged).collect()
}

fn envelopes() -> Vec<Seed> {
    let recorded = vectors("trust-envelope.json");
    let mut seeds = Vec::new();
    for case in some(&recorded, "decode") {
        let sealed = bytes(text(case, "envelope"));
        seeds.push((
            format!("recorded {}", text(case, "name")),
            chosen(0, &sealed),
        ));
    }
    for case in some(&recorded, "good") {
        let inside = bytes(text(case, "plaintext"));
        if inside.len() <= 2048 {
            seeds.push((
                format!("plaintext {}", text(case, "name")),
                chosen(1, &inside),
            ));
        }
    }
    for (name, inside) in [
        ("empty", &[][..]),
        ("no length", &[0, 1, 2]),
        ("longer than it is", &[3, 1, 0, 0, 9]),
        ("length 200 of nothing", &[1, 200, 1]),
        ("unknown flags", &[0xf8, 9]),
    ] {
        seeds.push((format!("plaintext {name}"), chosen(1, inside)));
    }
    let topics = vectors("trust-topics.json");
    for (number, case) in cases(&topics, "contentTopicParse").into_iter().enumerate() {
        let topic = text(case, "contentTopic");
        seeds.push((
            format!("topic {number} {topic}"),
            chosen(2, topic.as_bytes()),
        ));
    }
    seeds.extend(envelope_seeds());
    seeds
}

fn main() {
    let scene = receive_seeds();
    let wires = scene
        .iter()
        .map(|(name, seed)| (name.clone(), seed[1..].to_vec()));
    write("wire", "bin", recorded_messages().into_iter().chain(wires));
    write("receive", "bin", scene);

    let primitives = vectors("status-go-primitives.json");
    let recorded = cases(&primitives, "bundle").into_iter().map(|case| {
        let name = format!("status-go {}", text(case, "own_installation"));
        (name, bytes(text(case, "bundle_hex")))
    });
    let bundles: Vec<_> = bundle_seeds().into_iter().chain(recorded).collect();
    let codes = bundles.iter().map(|(name, wire)| {
        let code = engine::wire::encode_contact_code(wire);
        (name.clone(), code.into_bytes())
    });
    let edges = [
        ("hex", "0x0a21"),
        ("spaces around", " CiE= "),
        ("other alphabet", "CiE_-"),
        ("padding alone", "="),
        ("prefix alone", "0x"),
    ];
    let edges = edges.map(|(name, code)| (name.to_owned(), code.as_bytes().to_vec()));
    write("contact_code", "txt", codes.chain(edges));
    let signed = [
        "as it is",
        "signed by alice",
        "signed by the reader",
        "signed by a stranger",
    ];
    let signed = bundles.iter().flat_map(|(name, wire)| {
        (0_u8..)
            .zip(signed)
            .map(move |(mode, signed)| (format!("{name} {signed}"), chosen(mode, wire)))
    });
    write("bundle", "bin", signed);

    let account = vectors("trust-account.json");
    write("keys", "bin", keys(&account, &primitives));
    write("phrase", "bin", phrases(&account));
    let post_quantum = vectors("mlkem-primitives.json");
    write("mlkem", "bin", kem(&post_quantum));
    write("config", "toml", configurations());
    write("parameters", "bin", parameter_seeds(good_parameter));
    write("keystore", "bin", keystores());
    write("envelope", "bin", envelopes());
    write("group", "bin", group_seeds());
    write("group_key", "bin", group_key_seeds());
    write("link", "bin", link_seeds());
    write("sequences", "bin", sequence_seeds());
}
