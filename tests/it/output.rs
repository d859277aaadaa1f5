//! Standard output and input of the commands: what is lost is told, and `-` stands for both.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    Daemon, Party, RATCHETD, path_text, refused, run_with_input, succeeded, text,
};

/// The exit code of a command whose output was lost.
const LOST: Option<i32> = Some(3);

/// Places that take no output.
#[derive(Clone, Copy, Debug)]
enum Nowhere {
    FullDisk,
    ReaderGone,
}

impl Nowhere {
    const BOTH: [Self; 2] = [Self::FullDisk, Self::ReaderGone];

    fn open(self) -> Stdio {
        match self {
            Self::FullDisk => {
                let full = File::options().write(true).open("/dev/full");
                full.expect("/dev/full").into()
            }
            Self::ReaderGone => {
                let (reader, writer) = std::io::pipe().expect("a pipe");
                drop(reader);
                writer.into()
            }
        }
    }
}

fn ratchetd(arguments: &[&str]) -> Command {
    let mut command = Command::new(RATCHETD);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nowhere")
        .stdin(Stdio::null());
    command
}

/// Runs a command whose output goes nowhere; what it says of that.
fn lost(arguments: &[&str], nowhere: Nowhere) -> String {
    let output = ratchetd(arguments)
        .stdout(nowhere.open())
        .output()
        .expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(
        output.status.code(),
        LOST,
        "{arguments:?} {nowhere:?} {said}"
    );
    let last = said.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("ratchetd") && last.contains("the output could not be written: "),
        "{arguments:?} {said}"
    );
    assert!(!said.contains("panicked"), "{arguments:?} {said}");
    let cause = match nowhere {
        Nowhere::FullDisk => "No space left",
        Nowhere::ReaderGone => "its reader went away",
    };
    assert!(last.contains(cause), "{arguments:?} {said}");
    last.to_owned()
}

#[test]
fn output_that_cannot_be_written_is_told_of_by_every_command() {
    let (alice, bob) = Party::acquainted();
    let socket = alice.daemon.socket();
    let socket = path_text(&socket);
    let data = alice.daemon.data_dir();
    let data = path_text(&data);
    let vector = format!(
        "{}/../../tests/vectors/status-go-skips.json",
        env!("CARGO_MANIFEST_DIR")
    );
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["help", "call"],
        &["call", "--help"],
        &["serve", "-h"],
        &["call", "--list"],
        &["call", "--json", "--list"],
        &["call", "--list", "message_encrypt"],
        &["call", "--socket", socket, "session_list"],
        &["call", "--socket", socket, "system_status"],
        &["call", "--socket", socket, "--json", "system_version"],
        &["qr", "--socket", socket],
        &["qr", "--socket", socket, "--svg"],
        &["verify", "--socket", socket, &bob.key],
        &["doctor", "--data-dir", data, "--socket", socket],
        &["doctor", "--data-dir", data, "--socket", socket, "--json"],
        &["health", "--socket", socket],
        &["openrpc"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["man"],
        &["demo"],
        &["conformance", &vector],
        &["conformance", "--json", &vector],
    ] {
        for nowhere in Nowhere::BOTH {
            lost(arguments, nowhere);
        }
    }
}

#[test]
fn a_change_that_was_made_stays_made_and_is_told_of_when_only_its_report_is_lost() {
    let (alice, bob) = Party::acquainted();
    let mut daemon = alice.daemon;
    let scratch = tempfile::tempdir().expect("a directory");
    let at = |name: &str| scratch.path().join(name);
    let socket = daemon.socket();
    let socket = path_text(&socket);
    let data = daemon.data_dir();
    let data = path_text(&data);
    for (nowhere, name) in Nowhere::BOTH.into_iter().zip(["one", "two"]) {
        let call = ["call", "--socket", socket];
        let account = format!("account={name}");
        let make = [&call[..], &["account_create", &account]].concat();
        let said = lost(&make, nowhere);
        assert!(
            said.contains("the account was made") && said.contains("account_export"),
            "{said}"
        );
        let accounts = daemon.ok("account_list", json!({})).to_string();
        assert!(accounts.contains(name), "{accounts}");
        let from = "account=alice";
        let said = lost(&[&call[..], &["bundle_get", from]].concat(), nowhere);
        assert!(said.contains("the call was made"), "{said}");
        let said = lost(
            &[
                "verify",
                "--socket",
                socket,
                "--account",
                "alice",
                "--same",
                &bob.key,
            ],
            nowhere,
        );
        assert!(said.contains("it is noted"), "{said}");
        let contact = daemon.ok(
            "contact_get",
            json!({"account": "alice", "identity": bob.key}),
        );
        assert_eq!(contact["verified"], true);

        let file = at(name);
        let said = lost(
            &["backup", path_text(&file), "--with-key", "--data-dir", data],
            nowhere,
        );
        assert!(said.contains("the backup was made"), "{said}");
        let target = at(&format!("{name}-restored"));
        let said = lost(
            &[
                "restore",
                path_text(&file),
                "--data-dir",
                path_text(&target),
            ],
            nowhere,
        );
        assert!(said.contains("everything was restored"), "{said}");
        let before = fs::read(target.join("store.key")).expect("a key");
        let said = lost(
            &["rekey", "--new-key", "--data-dir", path_text(&target)],
            nowhere,
        );
        assert!(said.contains("the key was changed"), "{said}");
        assert_ne!(fs::read(target.join("store.key")).expect("a key"), before);
    }
    // What goes wrong before anything is printed is told as it is.
    daemon.terminate();
    let output = ratchetd(&["call", "--socket", socket, "account_list"])
        .stdout(Nowhere::FullDisk.open())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

/// A daemon with two accounts, and the arguments of a command on its data directory.
fn two_accounts() -> (Daemon, TempDir) {
    let daemon = Daemon::start();
    for account in ["alice", "bob"] {
        daemon.ok("account_create", json!({"account": account}));
    }
    (daemon, tempfile::tempdir().expect("a directory"))
}

/// Runs a command with this input.
fn fed(arguments: &[&str], input: &[u8]) -> Output {
    run_with_input(&mut ratchetd(arguments), input)
}

#[test]
fn a_backup_goes_through_pipes_whole_and_its_report_beside_it() {
    let (daemon, scratch) = two_accounts();
    let data = daemon.data_dir();
    let data = path_text(&data);
    let made = ratchetd(&["backup", "-", "--with-key", "--data-dir", data])
        .current_dir(scratch.path())
        .output()
        .expect("it runs");
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let said = String::from_utf8(made.stderr).expect("text");
    assert!(
        said.starts_with("alice\nbob\n") && said.contains("standard output"),
        "{said}"
    );
    assert_eq!(
        fs::read_dir(scratch.path()).expect("it").count(),
        0,
        "no file is made"
    );

    let target = scratch.path().join("restored");
    let restore = ["restore", "-", "--data-dir", path_text(&target)];
    let said = succeeded(&fed(&restore, &made.stdout));
    assert!(said.starts_with("alice\nbob\n"), "{said}");
    let accounts = daemon.ok("account_list", json!({}));
    drop(daemon);
    let list = |directory: &Path| {
        let found = ratchetd(&["doctor", "--json", "--data-dir", path_text(directory)])
            .output()
            .expect("it runs");
        String::from_utf8(found.stdout).expect("text")
    };
    let found = list(&target);
    for account in accounts.as_array().expect("accounts") {
        let name = text(&account["account"]);
        assert!(
            found.contains(&format!("\"account\": \"{name}\"")),
            "{found}"
        );
    }

    // One that is cut off is refused wherever that was.
    for share in [0, 1, 2, 3] {
        let target = scratch.path().join(format!("cut-{share}"));
        let part = &made.stdout[..made.stdout.len() * share / 4];
        let restore = ["restore", "-", "--data-dir", path_text(&target)];
        let said = refused(&fed(&restore, part));
        assert!(
            said.contains("standard input is not a whole backup"),
            "{said}"
        );
    }
}

#[test]
fn a_backup_that_is_not_whole_is_no_success_and_does_not_end_as_one() {
    let (daemon, scratch) = two_accounts();
    let data = daemon.data_dir();
    for nowhere in Nowhere::BOTH {
        let said = lost(
            &["backup", "-", "--with-key", "--data-dir", path_text(&data)],
            nowhere,
        );
        assert!(said.contains("the backup is not whole"), "{said}");
    }
    // An account that cannot be copied is found when another is written already.
    fs::write(data.join("accounts/bob.db"), "no database").expect("to write");
    let made = ratchetd(&["backup", "-", "--with-key", "--data-dir", path_text(&data)])
        .output()
        .expect("it runs");
    refused(&made);
    let tail = made.stdout.len().checked_sub(1024).expect("a part of it");
    let is_end = made.stdout[tail..].iter().all(|byte| *byte == 0);
    assert!(!is_end, "it looks whole");
    let target = scratch.path().join("restored");
    refused(&fed(
        &["restore", "-", "--data-dir", path_text(&target)],
        &made.stdout,
    ));
}

#[test]
fn keys_and_passphrases_come_from_standard_input_and_only_one_of_them() {
    let (mut daemon, scratch) = two_accounts();
    let data = daemon.data_dir();
    let data = path_text(&data);
    daemon.terminate();
    let file = scratch.path().join("backup");
    let file = path_text(&file);
    let said = succeeded(
        &ratchetd(&["backup", file, "--without-key", "--data-dir", data])
            .output()
            .expect("it runs"),
    );
    assert!(said.contains("it opens with"), "{said}");
    let target = scratch.path().join("restored");
    let target = path_text(&target);
    let key = fs::read(daemon.data_dir().join("store.key")).expect("a key");
    let restore = ["restore", file, "--key-file", "-", "--data-dir", target];
    succeeded(&fed(&restore, &key));

    let rekey = ["rekey", "--new-passphrase-file", "-", "--data-dir", target];
    let said = succeeded(&fed(&rekey, b"correct horse\n"));
    assert!(said.contains("--passphrase-file"), "{said}");
    let doctor = ["doctor", "--passphrase-file", "-", "--data-dir", target];
    let found = fed(&doctor, b"correct horse\n");
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let said = refused(&fed(
        &[
            "backup",
            &format!("{file}-2"),
            "--passphrase-file",
            "-",
            "--data-dir",
            target,
        ],
        b"wrong horse\n",
    ));
    assert!(said.contains("wrong passphrase"), "{said}");
    let two = [
        "rekey",
        "--passphrase-file",
        "-",
        "--new-passphrase-file",
        "-",
        "--data-dir",
        target,
    ];
    let said = refused(&fed(&two, b"correct horse\n"));
    assert!(
        said.contains("standard input: it can be read once"),
        "{said}"
    );
    // A directory of pages is no output.
    let said = refused(&ratchetd(&["man", "--out", "-"]).output().expect("it runs"));
    assert!(said.contains("directory"), "{said}");
}

#[test]
fn configurations_vectors_and_identities_come_from_standard_input() {
    let (alice, bob) = Party::acquainted();
    let socket = alice.daemon.socket();
    let config = format!("socket = \"{}\"\n", socket.display());
    let version = fed(
        &["call", "--config", "-", "--json", "system_version"],
        config.as_bytes(),
    );
    assert!(succeeded(&version).contains("\"ratchetd\""), "{version:?}");
    let both = ["call", "--config", "-", "message_inspect", "message=-"];
    let both = fed(&both, config.as_bytes());
    assert_eq!(both.status.code(), Some(2), "{both:?}");

    let verify = ["verify", "--socket", path_text(&socket), "-"];
    let said = succeeded(&fed(&verify, format!("{}\n", bob.key).as_bytes()));
    assert!(said.starts_with("Safety number"), "{said}");

    let path = format!(
        "{}/../../tests/vectors/status-go-skips.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let vectors = fs::read(path).expect("vectors");
    let said = succeeded(&fed(&["conformance", "-"], &vectors));
    assert_eq!(said, "standard input: 5 passed, 0 failed\n");
}
