//! `ratchetd doctor`, end to end: each finding is provoked, and looking changes nothing. Findings
//! that need another user, a full disk, a full queue, another file system or a clock that is set
//! are tested beside the code, in `daemon::commands::doctor`; `memory.private` is not provoked
//! here.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Output,
};

use crate::support::{self, Daemon, Party, path_text};
use serde_json::{Value, json};

/// Everything about a file that looking could change.
type Seen = BTreeMap<PathBuf, (Vec<u8>, i64, i64, u32)>;

fn seen(directory: &Path) -> Seen {
    let mut seen = Seen::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("a file");
            if metadata.is_dir() {
                waiting.push(path.clone());
            }
            let content = if metadata.is_file() {
                fs::read(&path).expect("to read")
            } else {
                Vec::new()
            };
            let state = (
                content,
                metadata.mtime(),
                metadata.mtime_nsec(),
                metadata.mode(),
            );
            seen.insert(path, state);
        }
    }
    seen
}

fn doctor(directory: &Path, arguments: &[&str]) -> Output {
    support::ratchetd("doctor", directory, arguments)
}

/// What it finds, as programs read it.
fn report(directory: &Path, arguments: &[&str]) -> Value {
    let output = doctor(directory, &[&["--json"], arguments].concat());
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let code = match report["worst"].as_str() {
        Some("ok" | "notice") => 0,
        Some("warning") => 1,
        _ => 2,
    };
    assert_eq!(output.status.code(), Some(code), "{report}");
    for finding in report["findings"].as_array().expect("findings") {
        let advised = finding["advice"].is_string();
        assert_eq!(advised, finding["severity"] != "ok", "{finding}");
    }
    report
}

/// Severities of the findings with this id.
fn severities(report: &Value, id: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .filter(|finding| finding["id"] == id)
        .map(|finding| support::text(&finding["severity"]))
        .collect()
}

fn is(report: &Value, id: &str, severity: &str) {
    assert_eq!(severities(report, id), [severity], "{id}: {report:#}");
}

fn acquainted() -> (Party, Party) {
    let (alice, bob) = Party::acquainted();
    let message = alice.send(&bob, "hello");
    assert_eq!(bob.read(&alice, &message), "hello");
    (alice, bob)
}

#[test]
fn a_healthy_directory_is_found_healthy_and_left_as_it_is_whether_it_is_served_or_not() {
    let (mut alice, bob) = acquainted();
    let directory = alice.daemon.data_dir();
    let socket = alice.daemon.socket();
    let serving = report(&directory, &["--socket", path_text(&socket)]);
    for id in [
        "permissions",
        "files.writable",
        "lock.holder",
        "serving.answers",
        "serving.ready",
        "serving.accounts",
        "store.key",
        "integrity.events",
        "integrity.database",
        "store.epoch",
        "store.schema",
        "account.installation",
        "clock.jump",
        "clock.chats",
        "bundle.age",
        "clock.running",
        "devices.limit",
        "devices.contacts",
        "devices.stale",
        "devices.refused",
        "devices.went_back",
        "devices.by_dh",
    ] {
        is(&serving, id, "ok");
    }
    // What is written while it looks disturbs neither.
    let message = alice.send(&bob, "after it looked");
    assert_eq!(bob.read(&alice, &message), "after it looked");

    // With a log that was not written back, and nobody there.
    alice.daemon.kill();
    let before = seen(&directory);
    let alone = report(&directory, &[]);
    is(&alone, "integrity.database", "ok");
    is(&alone, "lock.holder", "ok");
    assert!(severities(&alone, "serving.answers").is_empty());
    assert_eq!(seen(&directory), before);
    let people = doctor(&directory, &[]);
    let said = String::from_utf8_lossy(&people.stdout).into_owned();
    let of_account: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("alice: "))
        .collect();
    assert!(
        matches!(of_account.as_slice(), [line] if line.starts_with("ok ") && line.contains("all is well")),
        "{said}"
    );
    assert!(
        said.contains("integrity.events") && !said.contains("integrity.database"),
        "{said}"
    );
    assert!(!said.contains('\x1b'), "no colours in a file: {said}");
    assert_eq!(seen(&directory), before);
    // Nothing of who we are or whom we know.
    for secret in [&alice.key, &bob.key, &alice.installation, &bob.installation] {
        let secret = secret.trim_start_matches("0x");
        assert!(
            !said.contains(secret) && !alone.to_string().contains(secret),
            "{said}"
        );
    }
    alice.daemon.restart();
    let message = alice.send(&bob, "and after that");
    assert_eq!(bob.read(&alice, &message), "and after that");
}

#[test]
fn a_missing_data_directory_is_reported_and_not_made() {
    let scratch = tempfile::tempdir().expect("a directory");
    let nowhere = scratch.path().join("nowhere");
    is(&report(&nowhere, &[]), "directory", "problem");
    assert!(!nowhere.exists());
    assert_eq!(doctor(&nowhere, &["--frobnicate"]).status.code(), Some(2));
}

#[test]
fn files_that_others_may_read_and_write_are_named_with_the_command_that_mends_it() {
    let (mut alice, _) = acquainted();
    let directory = alice.daemon.data_dir();
    alice.daemon.terminate();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("to set");
    };
    let key = directory.join("store.key");
    let database = directory.join("accounts/alice.db");
    for (path, wrong, right) in [
        (&key, 0o640, 0o600),
        (&database, 0o666, 0o600),
        (&directory, 0o770, 0o700),
    ] {
        mode(path, wrong);
        let found = report(&directory, &[]);
        is(&found, "permissions.mode", "problem");
        let findings = found["findings"].as_array().expect("findings");
        let finding = findings
            .iter()
            .find(|finding| finding["id"] == "permissions.mode");
        let advice = support::text(&finding.expect("it")["advice"]);
        assert_eq!(advice, format!("chmod {right:04o} {}", path.display()));
        mode(path, right);
    }
    is(&report(&directory, &[]), "permissions", "ok");
}

#[test]
fn a_damaged_database_and_a_missing_key_are_problems() {
    let (mut alice, _) = acquainted();
    let directory = alice.daemon.data_dir();
    alice.daemon.terminate();
    let database = directory.join("accounts/alice.db");
    let whole = fs::read(&database).expect("a database");
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&database, &damaged).expect("to write");
    is(&report(&directory, &[]), "integrity.database", "problem");
    fs::write(&database, &whole).expect("to write");
    is(&report(&directory, &[]), "integrity.database", "ok");

    fs::write(directory.join("events.db"), b"no database at all").expect("to write");
    is(&report(&directory, &[]), "integrity.events", "problem");

    let file = directory.join("passphrase");
    fs::write(&file, "correct horse\n").expect("to write");
    mode_of(&file, 0o600);
    is(
        &report(&directory, &["--passphrase-file", path_text(&file)]),
        "store.key",
        "problem",
    );
    // A whole key of another directory.
    fs::write(directory.join("store.key"), "ab".repeat(32)).expect("to write");
    is(&report(&directory, &[]), "integrity.database", "problem");
}

#[test]
fn a_lost_key_is_reported_as_at_a_start() {
    let (mut alice, _) = acquainted();
    let directory = alice.daemon.data_dir();
    alice.daemon.terminate();
    fs::remove_file(directory.join("store.key")).expect("to remove");
    let found = report(&directory, &[]);
    is(&found, "store.key", "problem");
    assert!(severities(&found, "directory").is_empty());
    let said = found.to_string();
    assert!(
        said.contains("holds accounts but not their key") && said.contains("store.key"),
        "{said}"
    );
    assert!(!alice.daemon.try_restart());
    assert!(!directory.join("store.key").exists());
}

fn mode_of(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("to set");
}

#[test]
fn a_restored_state_is_reported_before_it_is_used() {
    let (mut alice, bob) = acquainted();
    let directory = alice.daemon.data_dir();
    let database = directory.join("accounts/alice.db");
    alice.daemon.terminate();
    let older = fs::read(&database).expect("a database");
    is(&report(&directory, &[]), "store.epoch", "ok");
    alice.daemon.restart();
    alice.send(&bob, "one more");
    alice.daemon.terminate();
    fs::write(&database, older).expect("to write");
    let before = seen(&directory);
    let found = report(&directory, &[]);
    is(&found, "store.epoch", "warning");
    assert_eq!(seen(&directory), before);
    // Once it was opened and has begun anew it is well again, and still said.
    alice.daemon.restart();
    alice.daemon.ok("bundle_get", json!({}));
    alice.daemon.terminate();
    let found = report(&directory, &[]);
    is(&found, "store.epoch", "ok");
    assert!(found.to_string().contains("it was put back at"), "{found}");
}

#[test]
fn time_shows_in_the_clock_the_bundle_and_the_devices() {
    let (mut alice, bob) = acquainted();
    let directory = alice.daemon.data_dir();
    // What is written then lies ahead of the clock that the doctor reads.
    let day = 24 * 60 * 60 * 1000;
    alice.daemon.ok("dev_advanceTime", json!({"ms": 3 * day}));
    alice.send(&bob, "from the future");
    alice.daemon.ok("clock_next", json!({"chat": "with bob"}));
    alice.daemon.terminate();
    let found = report(&directory, &[]);
    is(&found, "clock.jump", "warning");
    is(&found, "clock.chats", "warning");
    assert!(found.to_string().contains("of 1 chats"), "{found}");
    is(
        &report(
            &bob.daemon.data_dir(),
            &["--socket", path_text(&bob.daemon.socket())],
        ),
        "clock.jump",
        "ok",
    );
}

#[test]
fn a_second_device_of_ours_that_waits_is_reported() {
    let mut daemon = Daemon::start();
    let created = daemon.ok("account_create", json!({"account": "phone"}));
    let phrase = &created["mnemonic"];
    let laptop = Daemon::start();
    laptop.ok(
        "account_recover",
        json!({"account": "laptop", "mnemonic": phrase}),
    );
    let contact = laptop.ok("bundle_get", json!({}))["contactCode"].take();
    daemon.ok("bundle_import", json!({"bundle": contact}));
    let directory = daemon.data_dir();
    daemon.terminate();
    let found = report(&directory, &[]);
    is(&found, "devices.limit", "notice");
    assert!(found.to_string().contains("recovery phrase"), "{found}");
}

#[test]
fn interrupted_operations_are_reported_with_what_finishes_them() {
    let (mut alice, _) = acquainted();
    let directory = alice.daemon.data_dir();
    alice.daemon.terminate();
    fs::create_dir(directory.join("rekeying")).expect("to make");
    assert!(severities(&report(&directory, &[]), "rekey.unfinished").is_empty());
    fs::write(directory.join("rekeying/ready"), b"").expect("to write");
    is(&report(&directory, &[]), "rekey.unfinished", "problem");
    // Nobody can say which key holds.
    let key = fs::read(directory.join("store.key")).expect("a key");
    fs::create_dir(directory.join("restoring")).expect("to make");
    fs::write(directory.join("restoring/ratchetd-backup.toml"), b"").expect("to write");
    fs::rename(directory.join("rekeying"), directory.join("aside")).expect("to move");
    fs::remove_file(directory.join("store.key")).expect("to remove");
    is(&report(&directory, &[]), "restore.unfinished", "problem");
    fs::remove_dir_all(directory.join("restoring")).expect("to remove");
    fs::write(directory.join("store.key"), key).expect("to write");
    mode_of(&directory.join("store.key"), 0o600);
    fs::rename(directory.join("aside"), directory.join("rekeying")).expect("to move");
    // The start that it advises ends it.
    alice.daemon.restart();
    alice.daemon.terminate();
    assert!(severities(&report(&directory, &[]), "rekey.unfinished").is_empty());
}

#[test]
fn accounts_that_cannot_be_listed_and_devices_over_the_limit_are_reported() {
    let phone = Party::new("phone");
    let exported = phone
        .daemon
        .ok("account_export", json!({"password": "correct horse"}));
    let bob = Party::new("bob");
    for _ in 0..2 {
        let other = Daemon::start();
        let introduced = other.ok(
            "account_importKeystore",
            json!({"account": "other", "keystore": exported["keystore"], "password": "correct horse"}),
        );
        let contact = other.ok("bundle_get", json!({}))["contactCode"].take();
        for party in [&phone, &bob] {
            party.daemon.ok("bundle_import", json!({"bundle": contact}));
        }
        phone.daemon.ok(
            "installation_enable",
            json!({"installationId": introduced["installationId"]}),
        );
    }
    let config = tempfile::NamedTempFile::new().expect("a file");
    fs::write(config.path(), "[limits]\nmax_devices = 1\n").expect("to write");
    let strict = ["--config", path_text(config.path())];
    for (mut party, own, contacts) in [(phone, "warning", "ok"), (bob, "ok", "notice")] {
        let directory = party.daemon.data_dir();
        party.daemon.terminate();
        for (arguments, own, contacts) in [(&[][..], "ok", "ok"), (&strict[..], own, contacts)] {
            let found = report(&directory, arguments);
            is(&found, "devices.limit", own);
            is(&found, "devices.contacts", contacts);
        }
        let accounts = directory.join("accounts");
        fs::rename(&accounts, directory.join("aside")).expect("to move");
        fs::write(&accounts, b"").expect("to write");
        is(&report(&directory, &[]), "integrity.accounts", "problem");
    }
}

#[test]
fn a_daemon_that_does_not_answer_at_its_socket_is_reported() {
    let (alice, _) = acquainted();
    let directory = alice.daemon.data_dir();
    let elsewhere = directory.join("no-socket");
    let found = report(&directory, &["--socket", path_text(&elsewhere)]);
    is(&found, "serving.answers", "warning");
    is(&found, "lock.holder", "ok");
    assert!(
        found
            .to_string()
            .contains(&format!("pid {}", alice.daemon.pid()))
    );
}

#[test]
fn another_daemon_that_answers_at_the_socket_is_not_taken_for_this_ones() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let socket = bob.daemon.socket();
    let found = report(&alice.daemon.data_dir(), &["--socket", path_text(&socket)]);
    is(&found, "serving.answers", "problem");
    let pid = format!("of pid {}", bob.daemon.pid());
    assert!(found.to_string().contains(&pid), "{found}");
    assert!(severities(&found, "serving.ready").is_empty());
}

#[test]
fn what_cannot_be_written_is_reported_whether_a_daemon_serves_or_not() {
    let mut alice = Party::new("alice");
    alice.daemon.ok("account_create", json!({"account": "bob"}));
    let directory = alice.daemon.data_dir();
    let socket = alice.daemon.socket();
    let database = directory.join("accounts/alice.db");
    let aside = directory.join("aside");
    fs::rename(&database, &aside).expect("to move");
    fs::create_dir(&database).expect("to make");
    for serves in [true, false] {
        if !serves {
            alice.daemon.kill();
        }
        let found = report(&directory, &["--socket", path_text(&socket)]);
        is(&found, "files.writable", "problem");
        let findings = found["findings"].as_array().expect("findings");
        let of = |id: &str| findings.iter().find(|finding| finding["id"] == id);
        let unwritable = of("files.writable").expect("it");
        assert_eq!(unwritable["account"], "alice");
        let said = support::text(&unwritable["message"]);
        assert!(said.contains(path_text(&database)), "{said}");
        let ready = of("serving.ready").map(|finding| &finding["severity"]);
        assert_eq!(ready, serves.then_some(&json!("problem")));
    }
}

#[test]
fn an_old_prekey_is_reported() {
    let hour = 60 * 60 * 1000;
    for (hours, severity) in [(23, "ok"), (27, "notice"), (8 * 24, "warning")] {
        // A daemon of its own: one that starts with an old prekey replaces it, sooner or later.
        let mut daemon = Daemon::start();
        daemon.ok("account_create", json!({"account": "alice"}));
        let now = daemon.ok("dev_now", json!({}))["now"]
            .as_u64()
            .expect("a time");
        let prekey = json!({
            "signedPreKeyPrivate": format!("0x{:064x}", 10),
            "version": 10,
            "createdAt": now - hours * hour,
        });
        daemon.ok("dev_importPrekey", prekey);
        daemon.kill();
        is(&report(&daemon.data_dir(), &[]), "bundle.age", severity);
    }
}

#[test]
fn a_directory_in_memory_is_reported() {
    let Ok(scratch) = tempfile::tempdir_in("/dev/shm") else {
        // Where there is no such place, there is nothing to tell of.
        return;
    };
    let mut daemon = Daemon::start_in(scratch, Vec::new());
    daemon.ok("account_create", json!({"account": "alice"}));
    daemon.terminate();
    is(
        &report(&daemon.data_dir(), &[]),
        "filesystem.kind",
        "warning",
    );
}
