//! `ratchetd rekey`, end to end: nothing is lost, however it ends, and the old key opens nothing
//! afterwards.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{self, Party, path_text, refused, succeeded};
use serde_json::json;

fn rekey(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(support::RATCHETD);
    command
        .arg("rekey")
        .args(arguments)
        .arg("--data-dir")
        .arg(directory)
        .env_clear()
        .stdin(Stdio::null());
    command
}

/// Two that have a session both ways, and a message from each that is still on its way.
struct Conversation {
    alice: Party,
    bob: Party,
    /// From Alice to Bob.
    to_bob: String,
    /// From Bob to Alice.
    to_alice: String,
}

impl Conversation {
    fn new() -> Self {
        let (alice, bob) = Party::conversing();
        let to_bob = alice.send(&bob, "before");
        let to_alice = bob.send(&alice, "before, too");
        Self {
            alice,
            bob,
            to_bob,
            to_alice,
        }
    }

    /// What was on its way is read, and both go on where they stood: no session is begun anew.
    fn goes_on(self) {
        let Self {
            alice,
            bob,
            to_bob,
            to_alice,
        } = self;
        let status = &alice.daemon.account_statuses()[0];
        assert!(status["rolledBackAt"].is_null(), "{status}");
        assert_eq!(alice.read(&bob, &to_alice), "before, too");
        let sent = alice.encrypt(&bob, "after");
        assert_eq!(sent["envelopes"][0]["targets"][0]["mode"], "ratchet");
        assert_eq!(bob.read(&alice, &support::only_message(&sent)), "after");
        assert_eq!(bob.read(&alice, &to_bob), "before");
        let message = bob.send(&alice, "and back");
        assert_eq!(alice.read(&bob, &message), "and back");
    }
}

#[test]
fn sessions_go_on_under_the_new_key_and_the_old_one_opens_nothing() {
    let scratch = tempfile::tempdir().expect("a directory");
    let at = |name: &str, content: &str| {
        let path = scratch.path().join(name);
        fs::write(&path, content).expect("to write");
        path
    };
    let [one, two] = [at("one", "correct horse\n"), at("two", "battery staple\n")];
    let empty = at("empty", "\n");
    let mut conversation = Conversation::new();
    let daemon = &mut conversation.alice.daemon;
    let directory = daemon.data_dir();
    let run = |arguments: &[&str]| rekey(&directory, arguments).output().expect("to run");

    // What cannot be, and why.
    let said = refused(&run(&["--new-key"]));
    assert!(said.contains("in use by another ratchetd (pid"), "{said}");
    assert_eq!(daemon.terminate(), Some(0));
    let said = refused(&run(&["--new-passphrase-file", path_text(&empty)]));
    assert!(said.contains("the passphrase is empty"), "{said}");
    for arguments in [
        &[][..],
        &["--new-key", "--new-passphrase-file", path_text(&one)],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2));
    }
    let nowhere = scratch.path().join("nowhere");
    let said = refused(&rekey(&nowhere, &["--new-key"]).output().expect("to run"));
    assert!(said.contains("is no data directory of ratchetd"), "{said}");

    // From a key file to a passphrase, to another, and back to a file.
    let said = succeeded(&run(&["--new-passphrase-file", path_text(&one)]));
    assert!(
        said.contains(&format!("--passphrase-file {}", one.display())),
        "{said}"
    );
    assert!(!directory.join("store.key").exists());
    let said = refused(&run(&["--new-key"]));
    assert!(said.contains("is protected by a passphrase"), "{said}");
    let change = [
        "--passphrase-file",
        path_text(&one),
        "--new-passphrase-file",
        path_text(&two),
    ];
    succeeded(&run(&change));
    let said = refused(&run(&change));
    assert!(said.contains("wrong passphrase"), "{said}");
    daemon.restart_with(&["--dev", "--passphrase-file", path_text(&two)]);
    daemon.ok("account_list", json!({}));
    assert_eq!(daemon.terminate(), Some(0));
    succeeded(&run(&["--passphrase-file", path_text(&two), "--new-key"]));
    assert!(!directory.join("store-kdf.toml").exists());
    daemon.restart_with(&["--dev"]);
    conversation.goes_on();
}

/// What a change of the key makes one after the other: it is killed when one of these is seen.
const SEEN: [&str; 6] = [
    "rekeying",
    "rekeying/store.key",
    "rekeying/accounts/alice.db",
    "rekeying/accounts/zoe.db",
    "rekeying/events.db",
    "rekeying/ready",
];

#[test]
fn a_change_of_the_key_that_is_killed_has_happened_or_has_not() {
    let mut conversation = Conversation::new();
    let daemon = &mut conversation.alice.daemon;
    let others = ["mia", "zoe"].map(|account| {
        let created = daemon.ok("account_create", json!({"account": account}));
        (account, created["publicKey"].clone())
    });
    let directory = daemon.data_dir();
    let key = directory.join("store.key");
    assert_eq!(daemon.terminate(), Some(0));
    let (mut changed, mut unchanged) = (0, 0);
    for round in 0..24 {
        let before = fs::read(&key).expect("a key");
        let seen = directory.join(SEEN[round % SEEN.len()]);
        let mut running = rekey(&directory, &["--new-key"])
            .stdout(Stdio::null())
            .spawn()
            .expect("to run");
        while !seen.exists() && running.try_wait().expect("a process").is_none() {}
        running.kill().expect("to kill");
        running.wait().expect("a process");
        // Whoever opens it next finds everything, under one key.
        daemon.restart();
        let accounts = daemon.ok("account_list", json!({}));
        assert_eq!(accounts.as_array().map(Vec::len), Some(3), "{accounts}");
        assert!(!directory.join("rekeying").exists());
        assert_eq!(daemon.terminate(), Some(0));
        let count = if fs::read(&key).expect("a key") == before {
            &mut unchanged
        } else {
            &mut changed
        };
        *count += 1;
    }
    assert!(
        unchanged > 0 && changed > 0,
        "{changed} of 24 came to their mark"
    );
    daemon.restart();
    for (account, key) in others {
        daemon.ok(
            "account_remove",
            json!({"account": account, "publicKey": key}),
        );
    }
    conversation.goes_on();
}

#[test]
fn a_disk_that_is_full_leaves_the_old_key() {
    let mut conversation = Conversation::new();
    let daemon = &mut conversation.alice.daemon;
    let directory = daemon.data_dir();
    assert_eq!(daemon.terminate(), Some(0));
    let before = fs::read(directory.join("store.key")).expect("a key");
    let files = names(&directory);
    // The system takes no more than these many blocks in a file: enough for a key, for no database.
    let limited = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"",
            support::RATCHETD,
        ])
        .args(["rekey", "--new-key", "--data-dir", path_text(&directory)])
        .env_clear()
        .output()
        .expect("to run");
    let said = refused(&limited);
    assert!(said.contains("alice.db"), "{said}");
    assert_eq!(
        fs::read(directory.join("store.key")).expect("a key"),
        before
    );
    assert_eq!(names(&directory), files);
    daemon.restart();
    conversation.goes_on();
}

fn names(directory: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    names
}
