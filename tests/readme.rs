//! What the README tells a newcomer to paste, as it stands there.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by panicking"
)]

mod support;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use support::RATCHETD;

const README: &str = include_str!("../README.md");

/// The shell block after the mark.
fn session() -> &'static str {
    let after = README
        .split("<!-- session -->\n```sh\n")
        .nth(1)
        .expect("the mark");
    after.split("```").next().expect("its end")
}

#[test]
fn the_curl_session_does_what_it_says() {
    let home = tempfile::tempdir().expect("a home");
    let mut daemon = Command::new(RATCHETD)
        .args(["serve", "--log-filter", "warn"])
        .env("HOME", home.path())
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("XDG_DATA_HOME")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the daemon");
    let mut line = String::new();
    BufReader::new(daemon.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("the ready line");
    let output = Command::new("bash")
        .args(["-eu", "-c", session()])
        .env("HOME", home.path())
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .expect("bash and curl");
    let _ = daemon.kill();
    let _ = daemon.wait();
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (line, parts) in lines.iter().zip([
        ["\"text\":\"hello\"", "\"forwardSecrecy\":false"],
        ["\"text\":\"hi\"", "\"forwardSecrecy\":true"],
        ["\"confirmed\":1", "\"result\""],
        ["\"undecryptable\"", "\"message_key_gone\""],
    ]) {
        for part in parts {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}

#[test]
fn the_documents_name_only_files_that_exist() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    for (name, text) in [
        ("README.md", README),
        ("ARCHITECTURE.md", include_str!("../ARCHITECTURE.md")),
        ("docs/protocol.md", include_str!("../docs/protocol.md")),
        ("docs/api.md", include_str!("../docs/api.md")),
        ("docs/security.md", include_str!("../docs/security.md")),
    ] {
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path = quoted.contains('/')
                && quoted.contains('.')
                && !quoted.contains([' ', '$', '<', '*', '{', '~']);
            if is_path && !quoted.starts_with('/') {
                assert!(
                    std::path::Path::new(&format!("{root}{quoted}")).exists(),
                    "{name} names {quoted}"
                );
            }
        }
    }
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let mut sources = String::new();
    let mut places = vec![format!("{root}tests"), format!("{root}crates")];
    while let Some(place) = places.pop() {
        for entry in std::fs::read_dir(&place).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                places.push(path.display().to_string());
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }
    let security = include_str!("../docs/security.md");
    let mut named = 0;
    for quoted in security.split('`').skip(1).step_by(2) {
        let is_test = quoted.matches('_').count() >= 3
            && quoted
                .bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if is_test {
            named += 1;
            assert!(sources.contains(&format!("fn {quoted}(")), "{quoted}");
        }
    }
    assert!(named > 5, "{named}");
}
