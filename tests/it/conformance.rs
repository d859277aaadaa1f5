//! `ratchetd conformance`: the recorded vectors hold, and changed ones fail.

use std::process::Command;

use crate::support::RATCHETD;

const FILES: [(&str, usize); 18] = [
    ("mlkem-bundles", 5),
    ("mlkem-hostile", 7),
    ("mlkem-receive", 4),
    ("mlkem-sessions", 3),
    ("status-go-hostile", 61),
    ("status-go-receive", 31),
    ("status-go-sizes", 12),
    ("status-go-skips", 5),
    ("x25519-hostile", 44),
    ("x25519-receive", 27),
    ("x25519-sessions", 14),
    ("trust-envelope", 66),
    ("trust-topics", 42),
    ("trust-identity", 16),
    ("trust-account", 55),
    ("trust-keystore", 18),
    ("groups-membership", 88),
    ("groups-keys", 85),
];

fn vector(name: &str) -> String {
    format!(
        "{}/../../tests/vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn conformance(files: &[String]) -> (Option<i32>, String) {
    let output = Command::new(RATCHETD)
        .arg("conformance")
        .args(files)
        .output()
        .expect("the command runs");
    (
        output.status.code(),
        String::from_utf8(output.stdout).expect("text"),
    )
}

#[test]
fn every_case_of_every_file_passes() {
    let files: Vec<String> = FILES.iter().map(|(name, _)| vector(name)).collect();
    let (code, output) = conformance(&files);
    for (line, (name, cases)) in output.lines().zip(FILES) {
        assert!(
            line.ends_with(&format!("{name}.json: {cases} passed, 0 failed")),
            "{line}"
        );
    }
    assert_eq!((code, output.lines().count()), (Some(0), FILES.len()));
}

/// With all that is left out, so that no more is.
const CONVERSATIONS: &str = "status-go-conversations.json: 18 passed, 0 failed; not compared: \
    agreed_secret and min_version of a message (286), devices met (807), \
    empty payloads by DH or in public, made by the engine (6), \
    messages by DH to the own identity, made by the engine (10), \
    messages of answered sessions, made by the engine (71), \
    own messages that status-go tries to open (35), prekeys of siblings in a bundle (155), \
    public messages without content, errors to status-go (3), \
    ratchet keys that nothing was sent with (104)\n";

#[test]
fn every_conversation_replays_on_both_sides() {
    let (code, output) = conformance(&[vector("status-go-conversations")]);
    assert_eq!(code, Some(0), "{output}");
    assert!(output.ends_with(CONVERSATIONS), "{output}");
}

/// The last byte of a recorded message is the last of a MAC.
#[test]
fn a_conversation_with_another_ciphertext_is_reported_and_fails() {
    let text = std::fs::read_to_string(vector("status-go-conversations")).expect("the file");
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let all = file["conversations"].as_array_mut().expect("conversations");
    all.truncate(2);
    let message = &mut all[1]["steps"][4]["message_hex"];
    let mut hex = message.as_str().expect("hex").to_owned();
    let last = hex.pop().expect("a digit");
    hex.push(if last == '0' { '1' } else { '0' });
    *message = hex.into();
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = scratch.path().join("wrong.json");
    std::fs::write(&path, file.to_string()).expect("to write");
    let path = path.display().to_string();
    let first = "conv-50: step 4 (send): another ciphertext than was recorded";
    let (code, output) = conformance(std::slice::from_ref(&path));
    assert_eq!(code, Some(1));
    let expected = format!("1 passed, 1 failed; first: {first}; not compared: ");
    assert!(output.contains(&expected), "{output}");

    let (_, output) = conformance(&["--json".to_owned(), path]);
    let report: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    let report = &report["files"][0];
    assert_eq!(report["firstFailure"], first);
    assert!(report["notCompared"]["devices met"].is_u64(), "{report}");
}

#[test]
fn a_vector_that_does_not_hold_is_reported_and_fails() {
    let text = std::fs::read_to_string(vector("status-go-skips")).expect("the file");
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    file["cases"][0]["steps"][0]["expect"] =
        serde_json::json!({"outcome": "decrypted", "payload": "0x00"});
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = scratch.path().join("wrong.json");
    std::fs::write(&path, file.to_string()).expect("to write");
    let (code, output) = conformance(&[path.display().to_string()]);
    assert_eq!(code, Some(1));
    assert!(output.contains("4 passed, 1 failed; first: "), "{output}");
}

/// A case of suite x25519-mlkem768, with its first step alone.
fn first_step(name: &str, case: usize) -> serde_json::Value {
    let text = std::fs::read_to_string(vector(name)).expect("the file");
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut case = file["cases"][case].take();
    case["steps"].as_array_mut().expect("steps").truncate(1);
    file["cases"] = serde_json::json!([case]);
    file
}

#[test]
fn a_step_that_ends_otherwise_fails_with_what_was_expected_and_what_came() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = scratch.path().join("wrong.json");
    let (read, refused) = (("mlkem-bundles", 3), ("mlkem-hostile", 0));
    let hash = format!("0x{}", "ff".repeat(32));
    for ((name, case), member, value, difference) in [
        (
            read,
            "/expect/outcome",
            "public".into(),
            "expected public, got decrypted",
        ),
        (
            read,
            "/expect/payload",
            "0xff".into(),
            "payload: expected 0xff, got 0x2d50",
        ),
        (
            read,
            "/expect/messageId",
            hash.as_str().into(),
            "message id: expected 0xff",
        ),
        (
            read,
            "/expect/sessionId",
            hash.as_str().into(),
            "session id: expected 0xff",
        ),
        (
            read,
            "/expect/suite",
            "x25519".into(),
            "suite: expected x25519, got x25519-mlkem768",
        ),
        (
            read,
            "/expect/duplicate",
            true.into(),
            "duplicate: expected true, got false",
        ),
        (
            read,
            "/expect/postQuantum",
            false.into(),
            "post-quantum: expected false, got true",
        ),
        (
            read,
            "/expect/warned",
            true.into(),
            "warned: expected true, got false",
        ),
        (
            read,
            "/expect/warnings",
            serde_json::json!(["invalid_entry"]),
            "warnings: expected invalid_entry, got none",
        ),
        (
            read,
            "/expect",
            serde_json::json!({"anyOf": [{"outcome": "public"}, {"outcome": "bundle"}]}),
            "expected public, got decrypted (Decrypted(..)); or expected bundle, got decrypted",
        ),
        (
            refused,
            "/expect/reason",
            "malformed".into(),
            "reason: expected malformed, got authentication_failed",
        ),
        (
            read,
            "/devices/0/version",
            2.into(),
            ": version: expected 2, got 1",
        ),
        (
            read,
            "/devices/0/kemVersion",
            serde_json::Value::Null,
            ": version of the KEM prekey: expected none, got 1",
        ),
        (
            read,
            "/devices/0/suite",
            "no_prekey".into(),
            ": suite: expected no_prekey, got x25519-",
        ),
        (
            read,
            "/devices/0/postQuantum",
            false.into(),
            "post-quantum: expected false, got true",
        ),
        (
            read,
            "/devices/0/wanted",
            true.into(),
            "KEM prekey asked for: expected true, got false",
        ),
        (
            read,
            "/devices/0/installationId",
            "x".into(),
            "device x: version: expected 1, got none",
        ),
        (
            read,
            "/import",
            "0x00".into(),
            "neither reads a message nor imports a bundle",
        ),
    ] {
        let mut file = first_step(name, case);
        let step = &mut file["cases"][0]["steps"][0];
        match step.pointer_mut(member) {
            Some(changed) => *changed = value,
            None => step[&member[1..]] = value,
        }
        std::fs::write(&path, file.to_string()).expect("to write");
        let (code, output) = conformance(&[path.display().to_string()]);
        assert_eq!(code, Some(1), "{member}: {output}");
        assert!(output.contains("0 passed, 1 failed; first: "), "{output}");
        assert!(output.contains(": step 0 ("), "{output}");
        assert!(output.contains(difference), "{member}: {output}");
    }
}

#[test]
fn bytes_that_are_no_message_and_no_bundle_are_rejected_with_a_reason() {
    let mut file = first_step("mlkem-bundles", 3);
    let from = file["cases"][0]["steps"][0]["from"].take();
    file["cases"][0]["steps"] = serde_json::json!([
        {"from": from, "message": "0xff", "expect": {"outcome": "rejected", "reason": "malformed"}},
        {"import": "0xff", "expect": {"outcome": "rejected", "reason": "invalid_bundle"}},
    ]);
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = scratch.path().join("bytes.json");
    std::fs::write(&path, file.to_string()).expect("to write");
    let (code, output) = conformance(&[path.display().to_string()]);
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn a_kem_prekey_of_another_id_and_a_suite_of_no_name_fail_their_case() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = scratch.path().join("wrong.json");
    let hash = format!("0x{}", "ff".repeat(32));
    for (member, value, difference) in [
        (
            "/prekeys/0/kemPreKeys/0/id",
            hash.into(),
            "the id of a KEM prekey is not that of its seed",
        ),
        (
            "/suites",
            serde_json::json!(["x448"]),
            "no suite has the name x448",
        ),
    ] {
        let mut file = first_step("mlkem-bundles", 4);
        *file["cases"][0].pointer_mut(member).expect(member) = value;
        std::fs::write(&path, file.to_string()).expect("to write");
        let (code, output) = conformance(&[path.display().to_string()]);
        assert_eq!(code, Some(1), "{output}");
        assert!(output.contains(difference), "{output}");
    }
}

/// Each with one entry of each section changed.
#[test]
fn a_changed_recording_fails_in_every_section() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    for (name, section, member, value) in [
        (
            "trust-envelope",
            "good",
            "envelope",
            serde_json::json!("04"),
        ),
        ("trust-envelope", "good", "iv", serde_json::json!("00")),
        (
            "trust-envelope",
            "decode",
            "expect",
            serde_json::json!({"ok": false, "reason": "malformed"}),
        ),
        (
            "trust-topics",
            "identities",
            "partitioned",
            serde_json::json!({}),
        ),
        (
            "trust-topics",
            "negotiated",
            "symKey",
            serde_json::json!("00"),
        ),
        (
            "trust-topics",
            "publicChats",
            "topic",
            serde_json::json!("00000000"),
        ),
        (
            "trust-topics",
            "contentTopicParse",
            "topic",
            serde_json::json!("ffffffff"),
        ),
        (
            "trust-identity",
            "vectors",
            "colorId",
            serde_json::json!(99),
        ),
        (
            "trust-account",
            "mnemonics",
            "privateKey",
            serde_json::json!("00"),
        ),
        (
            "trust-account",
            "compressedKeys",
            "compressedKey",
            serde_json::json!("zQ3sh"),
        ),
        (
            "trust-account",
            "compressedKeysBad",
            "input",
            serde_json::json!("zQ3shVc2UkAfJCdc1TR8E66J85h48P43r93q8jGPkPpjF9Ef9"),
        ),
        (
            "trust-keystore",
            "good",
            "password",
            serde_json::json!("wrong"),
        ),
    ] {
        let text = std::fs::read_to_string(vector(name)).expect("the file");
        let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let kept: Vec<_> = file[section].as_array().expect("entries")[..1].to_vec();
        for (_, other) in file.as_object_mut().expect("an object") {
            if other.is_array() {
                *other = serde_json::json!([]);
            }
        }
        file[section] = kept.into();
        file[section][0][member] = value;
        let path = scratch.path().join("wrong.json");
        std::fs::write(&path, file.to_string()).expect("to write");
        let (code, output) = conformance(&[path.display().to_string()]);
        assert_eq!(code, Some(1), "{name} {section}: {output}");
        assert!(
            output.contains(&format!("1 failed; first: {section} ")),
            "{output}"
        );
    }
}

#[test]
fn files_of_other_formats_are_skipped_by_name_and_broken_ones_fail() {
    let (code, output) = conformance(&[vector("x25519-primitives"), vector("mlkem-primitives")]);
    assert_eq!(code, Some(0));
    assert_eq!(output.matches(": skipped").count(), 2, "{output}");
    let (code, output) = conformance(&[format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"))]);
    assert_eq!(code, Some(1));
    assert!(output.contains("not JSON"), "{output}");
}

#[test]
fn programs_get_json_of_every_file() {
    let (code, output) = conformance(&[
        "--json".to_owned(),
        vector("status-go-sizes"),
        vector("x25519-primitives"),
        "nowhere.json".to_owned(),
    ]);
    let report: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &report["passed"]), (Some(1), &false.into()));
    let of = |number: usize| &report["files"][number];
    assert_eq!(
        (&of(0)["passed"], &of(0)["failed"]),
        (&12.into(), &0.into())
    );
    assert_eq!(of(1)["skipped"], true);
    assert!(
        of(2)["error"]
            .as_str()
            .is_some_and(|error| error.contains("No such file"))
    );
}

fn demo(arguments: &[&str], columns: &str) -> String {
    let output = Command::new(RATCHETD)
        .arg("demo")
        .args(arguments)
        .env("COLUMNS", columns)
        .output()
        .expect("it runs");
    let story = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{story}");
    story
}

#[test]
fn the_demo_runs_to_its_end_in_words_that_fit_and_names_no_ids() {
    let story = demo(&[], "80");
    for part in [
        "1. Two people, three devices",
        "mode dh",
        "x3dh",
        "already_read",
        "duplicate",
        "pending",
        "The relay sees topic /waku/1/0x",
        "Encrypted for Alice's laptop",
        "Encrypted for Bob's phone",
        "What to try next",
        "ratchetd call account_create",
    ] {
        assert!(story.contains(part), "{part}: {story}");
    }
    for id in ["x1-", "zQ3sh", "0x04", "\u{1b}"] {
        assert!(!story.contains(id), "{id}: {story}");
    }
    let fits = |story: &str, columns| story.lines().all(|line| line.chars().count() <= columns);
    assert!(fits(&story, 80), "{story}");
    let narrow = demo(&["--show-calls"], "60");
    assert!(fits(&narrow, 60), "{narrow}");
    assert!(
        narrow.contains("> Bob's phone calls message_decrypt {"),
        "{narrow}"
    );
    assert!(narrow.contains("< {"), "{narrow}");
}
