//! A data directory that is restored to an earlier state, copied, or exchanged under a running
//! daemon: no ratchet position is used twice, all parties can talk again, and the user is told.

use std::{collections::HashSet, fs};

use crate::support::{self, Daemon, Party, copy, text};
use serde_json::{Value, json};

/// The ratchet positions of all messages that were sent; none may occur twice.
#[derive(Default)]
struct Positions(HashSet<String>);

impl Positions {
    /// Encrypts a text and checks that its ratchet position is new; the target and the message.
    fn send(&mut self, from: &Party, to: &Party, message: &str) -> (Value, String) {
        let sent = from.encrypt(to, message);
        let target = sent["envelopes"][0]["targets"][0].clone();
        assert!(self.0.insert(text(&target["messageId"])), "{target}");
        (target, support::only_message(&sent))
    }
}

fn acquainted() -> (Party, Party, Positions) {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    let mut positions = Positions::default();
    alice.learn(&bob);
    for _ in 0..2 {
        let (_, message) = positions.send(&alice, &bob, "from alice");
        assert_eq!(bob.read(&alice, &message), "from alice");
        let (_, message) = positions.send(&bob, &alice, "from bob");
        assert_eq!(alice.read(&bob, &message), "from bob");
    }
    (alice, bob, positions)
}

fn rolled_back(party: &Party) -> (Value, Vec<Value>) {
    let status = party.daemon.account_statuses().remove(0);
    let events = party.daemon.ok("event_list", json!({"limit": 1000}))["events"].take();
    let events = events.as_array().expect("an array").clone();
    let told = events
        .into_iter()
        .filter(|event| event["type"] == "store.rolled_back")
        .collect();
    (status, told)
}

#[test]
fn a_directory_put_back_reads_and_sends_on_new_sessions_alone() {
    let (mut alice, bob, mut positions) = acquainted();
    let backup = tempfile::tempdir().expect("a directory");
    assert_eq!(alice.daemon.terminate(), Some(0));
    copy(&alice.daemon.data_dir(), backup.path());
    alice.daemon.restart();

    // What the backup does not know: messages, rotations, and prekeys that bob holds since.
    for day in 0..3 {
        alice
            .daemon
            .ok("dev_advanceTime", json!({"ms": 25 * 3_600_000}));
        bob.daemon
            .ok("dev_advanceTime", json!({"ms": 25 * 3_600_000}));
        let (_, message) = positions.send(&alice, &bob, &format!("day {day}"));
        assert_eq!(bob.read(&alice, &message), format!("day {day}"));
        let (_, message) = positions.send(&bob, &alice, "noted");
        assert_eq!(alice.read(&bob, &message), "noted");
    }
    let seen = alice.daemon.ok("event_list", json!({"limit": 1000}))["next"].take();
    let (_, late) = positions.send(&bob, &alice, "on a ratchet that alice is about to lose");

    assert_eq!(alice.daemon.terminate(), Some(0));
    copy(backup.path(), &alice.daemon.data_dir());
    alice.daemon.restart();

    let (status, told) = rolled_back(&alice);
    assert_eq!(status["rolledBackReason"], "older");
    assert!(status["rolledBackAt"].is_u64());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["reason"], "older");
    // Hers, which she began without his KEM prekey, and the one of suite x25519-mlkem768.
    assert_eq!(told[0]["data"]["expired"], 2);
    // Whoever had read events that are no longer there finds a mark, and misses nothing that comes.
    let missed = alice.daemon.ok("event_list", json!({"after": seen}));
    let types: Vec<&Value> = missed["events"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|event| &event["type"])
        .collect();
    assert_eq!(missed["lagged"], true);
    assert!(types.contains(&&json!("store.rolled_back")), "{types:?}");
    for session in alice.sessions() {
        assert_eq!(session["standing"], "expired", "{session}");
    }

    // Bob's message was for keys that are gone: alice says so, with a reply that mends it.
    let read = alice.receive(&bob, &late);
    assert_eq!(read["outcome"], "undecryptable", "{read}");
    let reply = text(&read["reply"]["message"]);
    assert_eq!(bob.receive(&alice, &reply)["outcome"], "bundle");

    for turn in 0..3 {
        let said = format!("again, {turn}");
        let (target, message) = positions.send(&bob, &alice, &said);
        if turn == 0 {
            assert_eq!(target["mode"], "x3dh", "{target}");
        }
        assert_eq!(alice.read(&bob, &message), said);
        let (_, message) = positions.send(&alice, &bob, &said);
        assert_eq!(bob.read(&alice, &message), said);
    }

    // It is told once; the next start finds everything in its place.
    alice.daemon.kill_and_restart();
    assert_eq!(rolled_back(&alice).1.len(), 1);
}

#[test]
fn a_restored_device_may_send_first() {
    let (mut alice, bob, mut positions) = acquainted();
    let backup = tempfile::tempdir().expect("a directory");
    // A copy of a daemon that runs, log and all.
    copy(&alice.daemon.data_dir(), backup.path());
    for _ in 0..3 {
        let (_, message) = positions.send(&alice, &bob, "lost at alice's");
        assert_eq!(bob.read(&alice, &message), "lost at alice's");
    }
    assert_eq!(alice.daemon.terminate(), Some(0));
    for file in ["alice.db-wal", "alice.db-shm"] {
        let _ = fs::remove_file(alice.daemon.data_dir().join("accounts").join(file));
    }
    copy(backup.path(), &alice.daemon.data_dir());
    alice.daemon.restart();
    let (target, message) = positions.send(&alice, &bob, "first on a new session");
    assert_eq!(target["mode"], "x3dh", "{target}");
    assert_eq!(bob.read(&alice, &message), "first on a new session");
    let (_, message) = positions.send(&bob, &alice, "heard");
    assert_eq!(alice.read(&bob, &message), "heard");
    assert_eq!(rolled_back(&alice).1.len(), 1);
}

/// The log of a crash has the newest mark and count, whatever file it lies beside, and not every
/// page.
#[test]
fn a_database_put_back_beside_the_log_of_a_crash_sends_on_new_sessions_alone() {
    for copied_while_it_runs in [false, true] {
        let (mut alice, bob, mut positions) = acquainted();
        let carol = Party::new("carol");
        alice.learn(&carol);
        let database = alice.daemon.data_dir().join("accounts").join("alice.db");
        let log = database.with_extension("db-wal");
        let mut old = Vec::new();
        assert_eq!(alice.daemon.terminate(), Some(0));
        if !copied_while_it_runs {
            old = fs::read(&database).expect("to copy");
        }
        alice.daemon.restart();
        if copied_while_it_runs {
            old = fs::read(&database).expect("to copy");
        }
        for _ in 0..3 {
            let (_, message) = positions.send(&alice, &bob, "lost at alice's");
            assert_eq!(bob.read(&alice, &message), "lost at alice's");
        }
        // The log is copied into the database and begun anew, with nothing of bob in it.
        if copied_while_it_runs {
            let opened = fs::read(&database).expect("to read");
            while fs::read(&database).expect("to read") == opened {
                alice.encrypt(&carol, "a page or two");
            }
        } else {
            assert_eq!(alice.daemon.terminate(), Some(0));
            alice.daemon.restart();
        }
        for _ in 0..3 {
            alice.encrypt(&carol, "in the log");
        }
        alice.daemon.kill();
        assert!(fs::metadata(&log).expect("a log").len() > 4096);
        fs::write(&database, old).expect("to put back");
        // Whether the pages of the two make sense together is a matter of luck. If not, it is
        // refused, and says what to do.
        if !alice.daemon.try_restart() {
            fs::remove_file(&log).expect("to remove");
            fs::remove_file(database.with_extension("db-shm")).expect("to remove");
            alice.daemon.restart();
        }
        let (status, told) = rolled_back(&alice);
        assert_eq!(status["rolledBackReason"], "older");
        assert_eq!(told.len(), 1);
        let (target, message) = positions.send(&alice, &bob, "first on a new session");
        assert_eq!(target["mode"], "x3dh", "{target}");
        assert_eq!(bob.read(&alice, &message), "first on a new session");
        let (_, message) = positions.send(&bob, &alice, "heard");
        assert_eq!(alice.read(&bob, &message), "heard");
        alice.daemon.kill_and_restart();
        assert_eq!(rolled_back(&alice).1.len(), 1);
    }
}

#[test]
fn a_copy_of_a_directory_never_sends_what_the_original_sends() {
    let (mut alice, bob, mut positions) = acquainted();
    assert_eq!(alice.daemon.terminate(), Some(0));
    let directory = tempfile::tempdir().expect("a directory");
    copy(&alice.daemon.data_dir(), &directory.path().join("data"));
    alice.daemon.restart();
    let copied = Party {
        daemon: Daemon::start_in(directory, vec!["--dev".to_owned()]),
        key: alice.key.clone(),
        installation: alice.installation.clone(),
    };
    let (status, told) = rolled_back(&copied);
    assert_eq!(status["rolledBackReason"], "elsewhere");
    assert_eq!(told.len(), 1);
    // The original knows of nothing, and goes on where it was.
    let (status, told) = rolled_back(&alice);
    assert_eq!((&status["rolledBackAt"], told.len()), (&Value::Null, 0));
    for _ in 0..3 {
        let (target, message) = positions.send(&alice, &bob, "the original");
        assert_eq!(target["mode"], "ratchet", "{target}");
        assert_eq!(bob.read(&alice, &message), "the original");
        positions.send(&copied, &bob, "the copy");
    }
}

#[test]
fn a_store_exchanged_under_a_running_daemon_is_not_built_upon() {
    let (alice, bob, mut positions) = acquainted();
    let backup = tempfile::tempdir().expect("a directory");
    let accounts = alice.daemon.data_dir().join("accounts");
    let copied = backup.path().join("alice.db");
    fs::copy(accounts.join("alice.db"), &copied).expect("to copy");
    let (_, message) = positions.send(&alice, &bob, "before");
    assert_eq!(bob.read(&alice, &message), "before");
    fs::rename(&copied, accounts.join("alice.db")).expect("to exchange");
    for _ in 0..2 {
        let refused = alice
            .daemon
            .call(
                "message_encrypt",
                json!({"recipient": bob.key, "text": "after"}),
            )
            .expect_err("nothing is sent");
        assert_eq!(refused["code"], 1702);
        assert_eq!(refused["data"]["kind"], "store_rolled_back");
        assert!(text(&refused["data"]["hint"]).contains("restart"));
    }
    // So it stays up to the restart. The log that SQLite left is of this very file's state, and
    // makes it whole.
    let mut alice = alice;
    alice.daemon.terminate();
    alice.daemon.restart();
    let (_, message) = positions.send(&alice, &bob, "after the restart");
    assert_eq!(bob.read(&alice, &message), "after the restart");
}

#[test]
fn a_stopped_daemon_leaves_no_log() {
    let (mut alice, bob, _) = acquainted();
    for _ in 0..30 {
        let message = bob.send(&alice, "confirmed");
        assert_eq!(alice.read(&bob, &message), "confirmed");
    }
    // The second connection of the daemon has read it, too.
    assert!(!alice.sessions().is_empty());
    let accounts = alice.daemon.data_dir().join("accounts");
    let log = accounts.join("alice.db-wal");
    assert!(fs::metadata(&log).expect("a log").len() > 30 * 4096);
    alice.daemon.terminate();
    assert!(!log.exists());
    alice.daemon.restart();
    let (status, _) = rolled_back(&alice);
    assert_eq!(status["rolledBackAt"], Value::Null, "{status}");
}
