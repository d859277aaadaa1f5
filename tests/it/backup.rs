//! `ratchetd backup` and `ratchetd restore`, end to end: accounts, devices and contacts are
//! restored, all or one of them, and no ratchet position is used twice.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, thread};

use crate::support::{
    self, Daemon, Party, RATCHETD, list, path_text, ratchetd, refused, run_with_input, succeeded,
    text,
};
use serde_json::{Value, json};

/// What a backup has to keep: the account, its devices and contacts, and decisions about them.
fn kept(daemon: &Daemon, other: &str) -> [Value; 3] {
    let own = daemon.ok("account_get", json!({}));
    let mut devices = daemon.ok("installation_list", json!({"identity": other}));
    for device in devices.as_array_mut().expect("an array") {
        // The time that has passed is not kept, nor the session that is sent on.
        let device = device.as_object_mut().expect("an object");
        device.remove("lastActiveAt");
        device.remove("nextMode");
        // A store that was put back has made new prekeys.
        if device["self"] == true {
            device.remove("kemVersion");
        }
    }
    let accounts = daemon.ok("account_list", json!({}));
    [own, devices, accounts]
}

/// What was restored counts as real.
const RESTORED: [&str; 2] = ["--dev", "--dev-on-real-data"];

#[test]
fn a_backup_made_while_the_daemon_serves_brings_back_what_it_knew_and_never_sends_on_its_ratchets()
{
    let (alice, bob) = Party::conversing();
    alice.daemon.ok(
        "installation_setMetadata",
        json!({"identity": bob.key, "installationId": bob.installation, "metadata": {"name": "bob's phone"}}),
    );
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("backup");
    // While calls are made.
    let said = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for _ in 0..20 {
                alice.send(&bob, "meanwhile");
            }
        });
        let output = ratchetd(
            "backup",
            &alice.daemon.data_dir(),
            &[path_text(&file), "--with-key"],
        );
        writing.join().expect("sent");
        succeeded(&output)
    });
    assert!(said.starts_with("alice\n"), "{said}");
    let mode = fs::metadata(&file).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let left = fs::read_dir(scratch.path()).expect("a directory").count();
    assert_eq!(left, 1, "nothing but the backup is left");

    // What comes after it is lost with the machine.
    let after = alice.send(&bob, "after the backup");
    assert_eq!(bob.read(&alice, &after), "after the backup");
    let late = bob.send(&alice, "an answer to that");
    let before = kept(&alice.daemon, &bob.key);
    drop(alice.daemon);

    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let said = succeeded(&ratchetd("restore", &data, &[path_text(&file)]));
    assert!(said.starts_with("alice\n"), "{said}");
    let restored = Party {
        daemon: Daemon::start_in(directory, RESTORED.map(str::to_owned).to_vec()),
        key: alice.key,
        installation: alice.installation,
    };
    assert_eq!(kept(&restored.daemon, &bob.key), before);
    let status = restored.daemon.account_statuses();
    assert_eq!(status[0]["rolledBackReason"], "unmarked");
    for session in restored.sessions() {
        assert_eq!(session["standing"], "expired", "{session}");
    }
    // It may open, or not; what is sent goes on a new session.
    let read = restored.receive(&bob, &late);
    assert!(
        read["outcome"] == "decrypted" || read["reply"].is_object(),
        "{read}"
    );
    let sent = restored.encrypt(&bob, "back again");
    assert_eq!(sent["envelopes"][0]["targets"][0]["mode"], "x3dh", "{sent}");
    assert_eq!(
        bob.read(&restored, &support::only_message(&sent)),
        "back again"
    );
    let message = bob.send(&restored, "welcome");
    assert_eq!(restored.read(&bob, &message), "welcome");
}

#[test]
fn what_was_decided_about_devices_and_contacts_survives_a_backup() {
    let key = format!("0x{}", "07".repeat(32));
    let mut own = ["x1-phone", "x1-laptop", "x1-tablet"]
        .map(|installation| Party::with_key("me", &key, installation));
    let (bob, carol) = (Party::new("bob"), Party::new("carol"));
    let (phone, others) = own.split_first_mut().expect("three");
    for other in others.iter().chain([&bob, &carol]) {
        phone.learn(other);
    }
    for (method, params) in [
        (
            "installation_enable",
            json!({"installationId": "x1-laptop"}),
        ),
        (
            "installation_enable",
            json!({"installationId": "x1-tablet"}),
        ),
        (
            "installation_disable",
            json!({"installationId": "x1-tablet"}),
        ),
        (
            "installation_setMetadata",
            json!({"installationId": "x1-laptop", "metadata": {"name": "Laptop", "deviceType": "laptop"}}),
        ),
        ("contact_accept", json!({"identity": bob.key})),
        (
            "contact_verify",
            json!({"identity": bob.key, "verified": true}),
        ),
        ("contact_decline", json!({"identity": carol.key})),
    ] {
        phone.daemon.ok(method, params);
    }
    phone.encrypt(&carol, "a session with everyone");
    let targets = |sent: &Value| {
        let envelopes = sent["envelopes"].as_array().expect("envelopes");
        let targets = envelopes
            .iter()
            .flat_map(|envelope| envelope["targets"].as_array().expect("targets"));
        targets
            .map(|target| (text(&target["installationId"]), text(&target["sessionId"])))
            .collect::<Vec<_>>()
    };
    let before_it = targets(&phone.encrypt(&bob, "before"));
    let known = |daemon: &Daemon| {
        [
            daemon.ok("contact_list", json!({})),
            daemon.ok("contact_get", json!({"identity": bob.key})),
            daemon.ok("contact_get", json!({"identity": carol.key})),
            kept(daemon, &phone.key)[1].clone(),
            daemon.ok("account_get", json!({})),
        ]
    };
    let before = known(&phone.daemon);
    assert_eq!(before[1]["state"], "accepted");
    assert_eq!(before[1]["verified"], true);
    assert_eq!(before[2]["state"], "declined");
    let mut states: Vec<String> = before[3]
        .as_array()
        .expect("devices")
        .iter()
        .map(|device| text(&device["state"]))
        .collect();
    states.sort();
    assert_eq!(states, ["active", "active", "disabled"]);

    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("backup");
    succeeded(&ratchetd(
        "backup",
        &phone.daemon.data_dir(),
        &[path_text(&file), "--with-key"],
    ));
    phone.daemon.terminate();
    let directory = tempfile::tempdir().expect("a directory");
    succeeded(&ratchetd(
        "restore",
        &directory.path().join("data"),
        &[path_text(&file)],
    ));
    let restored = Daemon::start_in(directory, RESTORED.map(str::to_owned).to_vec());
    assert_eq!(known(&restored), before);
    // To the same devices as before, on none of the sessions of before.
    let sent = restored.ok(
        "message_encrypt",
        json!({"recipient": bob.key, "text": "after"}),
    );
    let after = targets(&sent);
    let installations =
        |targets: &[(String, String)]| targets.iter().map(|(of, _)| of.clone()).collect::<Vec<_>>();
    assert_eq!(installations(&after), installations(&before_it));
    for (_, session) in &after {
        assert!(before_it.iter().all(|(_, old)| old != session));
    }
}

#[test]
fn a_backup_opens_with_the_key_it_was_made_under_and_with_no_other() {
    let scratch = tempfile::tempdir().expect("a directory");
    let at = |name: &str| scratch.path().join(name);
    fs::write(at("passphrase"), "correct horse\n").expect("to write");
    fs::write(at("wrong"), "wrong horse\n").expect("to write");
    let (file, target) = (at("backup"), at("target"));

    // Under a passphrase: neither it nor the key is in the backup.
    let mut daemon = Daemon::start_with(&["--passphrase-file", path_text(&at("passphrase"))]);
    let key = text(&daemon.ok("account_create", json!({"account": "a"}))["publicKey"]);
    let said = refused(&ratchetd("backup", &daemon.data_dir(), &[path_text(&file)]));
    assert!(said.contains("--passphrase-file"), "{said}");
    let with = |name: &str| {
        [
            "--passphrase-file".to_owned(),
            path_text(&at(name)).to_owned(),
        ]
    };
    let run = |command, directory: &Path, passphrase: &str| {
        let with = with(passphrase);
        ratchetd(command, directory, &[path_text(&file), &with[0], &with[1]])
    };
    let said = refused(&run("backup", &daemon.data_dir(), "wrong"));
    assert!(said.contains("wrong passphrase"), "{said}");
    assert!(!file.exists());
    succeeded(&run("backup", &daemon.data_dir(), "passphrase"));
    let said = refused(&run("backup", &daemon.data_dir(), "passphrase"));
    assert!(said.contains("is there already"), "{said}");
    let said = refused(&run("restore", &target, "wrong"));
    assert!(said.contains("wrong passphrase"), "{said}");
    succeeded(&run("restore", &target, "passphrase"));
    let said = refused(&run("restore", &target, "passphrase"));
    assert!(said.contains("into a directory that is empty"), "{said}");
    let said = refused(&run("restore", &daemon.data_dir(), "passphrase"));
    assert!(said.contains("in use by another ratchetd"), "{said}");
    daemon.terminate();

    // With a key file, which has to be thought of.
    let daemon = Daemon::start();
    daemon.ok("account_create", json!({"account": "b"}));
    let file = at("without");
    let said = refused(&ratchetd("backup", &daemon.data_dir(), &[path_text(&file)]));
    assert!(said.contains("--with-key"), "{said}");
    succeeded(&ratchetd(
        "backup",
        &daemon.data_dir(),
        &[path_text(&file), "--without-key"],
    ));
    let secret = fs::read_to_string(daemon.data_dir().join("store.key")).expect("a key");
    let bytes = fs::read(&file).expect("a backup");
    for secret in [secret.trim(), key.trim_start_matches("0x")] {
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found);
    }
    let target = at("other");
    let said = refused(&ratchetd("restore", &target, &[path_text(&file)]));
    assert!(said.contains("--key-file"), "{said}");
    let key = daemon.data_dir().join("store.key");
    succeeded(&ratchetd(
        "restore",
        &target,
        &[path_text(&file), "--key-file", path_text(&key)],
    ));
    let said = refused(&ratchetd(
        "backup",
        &at("nothing"),
        &[path_text(&at("x")), "--with-key"],
    ));
    assert!(said.contains("--data-dir"), "{said}");
}

/// The names of a daemon's accounts.
fn names(daemon: &Daemon) -> Vec<String> {
    let accounts = daemon.ok("account_list", json!({}));
    let names = list(&accounts).iter();
    names.map(|account| text(&account["account"])).collect()
}

fn remove(daemon: &Daemon, account: &str, key: &str) {
    daemon.ok(
        "account_remove",
        json!({"account": account, "publicKey": key}),
    );
}

#[test]
fn an_account_moves_to_another_daemon_and_the_others_of_both_go_on() {
    let (alice, bob) = Party::conversing();
    for other in ["mia", "zoe"] {
        alice.daemon.ok("account_create", json!({"account": other}));
    }
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("backup");
    let back_up = |account| {
        let arguments = [path_text(&file), "--with-key", "--account", account];
        ratchetd("backup", &alice.daemon.data_dir(), &arguments)
    };
    let said = refused(&back_up("eve"));
    assert!(
        said.contains("has no account eve: it has alice, mia, zoe"),
        "{said}"
    );
    // While calls are made.
    let said = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for _ in 0..20 {
                let message =
                    json!({"account": "alice", "recipient": bob.key, "text": "meanwhile"});
                alice.daemon.ok("message_encrypt", message);
            }
        });
        let output = back_up("alice");
        writing.join().expect("sent");
        succeeded(&output)
    });
    assert!(said.starts_with("alice\nbacked up to "), "{said}");
    let late = bob.send(&alice, "on its way");

    // Another daemon, whose account is in the middle of a conversation.
    let mut carol = Party::with(Daemon::start_with(&[]), "carol", json!({}));
    let dave = Party::new("dave");
    carol.learn(&dave);
    let message = carol.send(&dave, "from carol");
    dave.read(&carol, &message);
    let message = dave.send(&carol, "from dave");
    carol.read(&dave, &message);
    let target = carol.daemon.data_dir();
    let key = fs::read(target.join("store.key")).expect("a key");
    let restore = || {
        ratchetd(
            "restore",
            &target,
            &[path_text(&file), "--account", "alice"],
        )
    };
    let said = refused(&restore());
    assert!(said.contains("in use by another ratchetd (pid"), "{said}");
    assert_eq!(carol.daemon.terminate(), Some(0));
    let said = succeeded(&restore());
    assert!(said.starts_with("alice\nrestored to "), "{said}");
    let said = refused(&restore());
    assert!(
        said.contains("has an account alice already: remove that one first"),
        "{said}"
    );
    assert_eq!(fs::read(target.join("store.key")).expect("a key"), key);
    remove(&alice.daemon, "alice", &alice.key);
    assert_eq!(names(&alice.daemon), ["mia", "zoe"]);

    carol.daemon.restart();
    assert_eq!(names(&carol.daemon), ["alice", "carol"]);
    let status = carol.daemon.account_statuses();
    assert_eq!(status[0]["rolledBackReason"], "unmarked");
    assert!(status[1]["rolledBackReason"].is_null());
    // Carol's session goes on.
    let sent = carol.daemon.ok(
        "message_encrypt",
        json!({"account": "carol", "recipient": dave.key, "text": "as ever"}),
    );
    let target = &sent["envelopes"][0]["targets"][0];
    assert_eq!(target["mode"], "ratchet", "{sent}");
    assert_eq!(dave.read(&carol, &support::only_message(&sent)), "as ever");
    remove(&carol.daemon, "carol", &carol.key);

    // Alice's are begun anew.
    let moved = Party {
        daemon: carol.daemon,
        key: alice.key,
        installation: alice.installation,
    };
    for session in moved.sessions() {
        assert_eq!(session["standing"], "expired", "{session}");
    }
    assert_eq!(moved.read(&bob, &late), "on its way");
    let sent = moved.encrypt(&bob, "from a new place");
    assert_eq!(sent["envelopes"][0]["targets"][0]["mode"], "x3dh", "{sent}");
    let message = support::only_message(&sent);
    assert_eq!(bob.read(&moved, &message), "from a new place");
    let message = bob.send(&moved, "found you");
    assert_eq!(moved.read(&bob, &message), "found you");
}

#[test]
fn an_account_is_taken_out_with_the_key_of_its_backup_and_comes_under_that_of_its_directory() {
    let scratch = tempfile::tempdir().expect("a directory");
    let at = |name: &str| scratch.path().join(name);
    for (file, passphrase) in [("one", "correct horse\n"), ("two", "battery staple\n")] {
        fs::write(at(file), passphrase).expect("to write");
    }
    let (one, two) = (at("one"), at("two"));
    let (one, two) = (path_text(&one), path_text(&two));
    let (file, target) = (at("backup"), at("target"));
    let file = path_text(&file);

    // From a directory under a passphrase into one that has a key file.
    let daemon = Daemon::start_with(&["--passphrase-file", one]);
    for account in ["a", "b"] {
        daemon.ok("account_create", json!({"account": account}));
    }
    succeeded(&ratchetd(
        "backup",
        &daemon.data_dir(),
        &[file, "--passphrase-file", one],
    ));
    let restore = |target: &Path, arguments: &[&str]| {
        let arguments = [&[file, "--account", "a"], arguments].concat();
        ratchetd("restore", target, &arguments)
    };
    for wrong in [
        &[][..],
        &["--backup-passphrase-file", two],
        &["--passphrase-file", two],
        &["--passphrase-file", one, "--backup-passphrase-file", two],
    ] {
        let said = refused(&restore(&target, wrong));
        assert!(
            said.contains("is under another passphrase")
                && said.contains("--backup-passphrase-file"),
            "{said}"
        );
    }
    succeeded(&restore(&target, &["--backup-passphrase-file", one]));
    assert!(target.join("store.key").exists() && !target.join("store-kdf.toml").exists());
    let opens = |target: &Path, account: &str, passphrase: &str| {
        let found = ratchetd("doctor", target, &["--passphrase-file", passphrase]);
        let found = String::from_utf8(found.stdout).expect("text");
        let restored = format!("{account}: it came without the file that vouches for it");
        assert!(found.contains(&restored), "{found}");
    };
    // Into one under another passphrase, and into one under the same.
    for (name, arguments) in [
        (
            "other",
            &["--passphrase-file", two, "--backup-passphrase-file", one][..],
        ),
        ("same", &["--passphrase-file", one]),
    ] {
        succeeded(&restore(&at(name), arguments));
        opens(&at(name), "a", arguments[1]);
    }

    // From one that has a key file, without it, through a pipe, into one under a passphrase.
    let daemon = Daemon::start();
    for account in ["c", "d"] {
        daemon.ok("account_create", json!({"account": account}));
    }
    let made = ratchetd(
        "backup",
        &daemon.data_dir(),
        &["-", "--without-key", "--account", "c"],
    );
    succeeded(&made);
    let key = daemon.data_dir().join("store.key");
    let target = at("piped");
    let restore = |account: &str, more: &[&str]| {
        let mut command = Command::new(RATCHETD);
        command
            .args([
                "restore",
                "-",
                "--account",
                account,
                "--passphrase-file",
                two,
            ])
            .args(more)
            .arg("--data-dir")
            .arg(&target)
            .env_clear();
        run_with_input(&mut command, &made.stdout)
    };
    let said = refused(&restore("c", &[]));
    assert!(said.contains("--key-file"), "{said}");
    let said = refused(&restore("d", &[]));
    assert!(
        said.contains("standard input has no account d: it has c"),
        "{said}"
    );
    let wrong = at("target").join("store.key");
    let said = refused(&restore("c", &["--key-file", path_text(&wrong)]));
    assert!(said.contains("does not open with this key"), "{said}");
    succeeded(&restore("c", &["--key-file", path_text(&key)]));
    opens(&target, "c", two);
}

#[test]
fn what_is_real_does_not_come_into_a_directory_made_for_development() {
    let mut daemon = Daemon::start();
    let key = text(&daemon.ok("account_create", json!({"account": "a"}))["publicKey"]);
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("backup");
    let target = daemon.data_dir();
    succeeded(&ratchetd(
        "backup",
        &target,
        &[path_text(&file), "--with-key"],
    ));
    remove(&daemon, "a", &key);
    assert_eq!(daemon.terminate(), Some(0));
    let restore = || ratchetd("restore", &target, &[path_text(&file), "--account", "a"]);
    let said = refused(&restore());
    assert!(said.contains("was made with --dev"), "{said}");
    daemon.restart_with(&[]);
    assert_eq!(daemon.terminate(), Some(0));
    succeeded(&restore());
    daemon.restart_with(&[]);
    assert_eq!(names(&daemon), ["a"]);
}
