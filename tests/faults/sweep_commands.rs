//! Directories that are restored, and put under another key, while the power goes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::json;
use tempfile::TempDir;

use super::{
    power::cut,
    random::{Random, seed},
    shim::{Call, Disk, Fault, Manner},
};
use crate::support::{Daemon, RATCHETD, ratchetd, text};

/// A command on the directory `data` below this one, on a disk that obeys.
fn run(directory: &TempDir, environment: &[(String, String)], arguments: &[&str]) -> Output {
    let data = directory
        .path()
        .canonicalize()
        .expect("a path")
        .join("data");
    Command::new(RATCHETD)
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .expect("to run ratchetd")
}

/// A backup of a directory with one account, and who that is.
fn backup(scratch: &TempDir) -> (PathBuf, String) {
    let daemon = Daemon::start();
    let key = text(&daemon.ok("account_create", json!({"account": "alice"}))["publicKey"]);
    let file = scratch.path().join("backup");
    let output = ratchetd("backup", &daemon.data_dir(), &[path(&file), "--with-key"]);
    assert!(output.status.success(), "{output:?}");
    (file, key)
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Lets the power go at one call of the system after another in a command, until it is done before
/// that; `judge` is given the directory, and whether the command had said that it was done. How
/// often the power went.
fn die_at_each(
    directory: impl Fn() -> TempDir,
    arguments: &[&str],
    judge: impl Fn(TempDir, bool, u64),
) -> u64 {
    let seed = seed();
    let mut random = Random::of(seed, 0);
    let mut deaths = 0;
    for call in [Call::Sync, Call::Name] {
        for nth in 1.. {
            let directory = directory();
            let (environment, disk) = Disk::of(&directory, true);
            let fault = Fault {
                manner: Manner::Death,
                ..Fault::once(call)
            };
            disk.fail(&fault, nth);
            let done = run(&directory, &environment, arguments).status.success();
            disk.mend();
            cut(
                &mut random,
                &directory
                    .path()
                    .canonicalize()
                    .expect("a path")
                    .join("data"),
            );
            judge(directory, done, seed);
            if done {
                break;
            }
            deaths += 1;
        }
    }
    deaths
}

/// The account that a daemon finds there, if it starts.
fn account_in(directory: TempDir) -> Option<String> {
    let daemon = Daemon::start_in(directory, Vec::new());
    let accounts = daemon.ok("account_list", json!({}));
    Some(text(accounts.as_array()?.first()?.get("publicKey")?))
}

#[test]
fn what_was_said_to_be_restored_is_there_wherever_the_power_goes_and_else_it_can_be_restored_again()
{
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, key) = backup(&scratch);
    let arguments = ["restore", path(&file)];
    let deaths = die_at_each(
        || tempfile::tempdir().expect("a directory"),
        &arguments,
        |directory, done, seed| {
            let data = directory.path().join("data");
            let settled = data.join("store.key").exists();
            assert!(settled || !done, "RATCHETD_SEED={seed}");
            if !settled {
                let again = run(&directory, &[], &arguments);
                assert!(again.status.success(), "RATCHETD_SEED={seed}: {again:?}");
            }
            assert_eq!(
                account_in(directory).as_ref(),
                Some(&key),
                "RATCHETD_SEED={seed}"
            );
        },
    );
    assert!(deaths > 10, "{deaths}");
}

#[test]
fn a_change_of_the_key_has_happened_or_has_not_wherever_the_power_goes() {
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, key) = backup(&scratch);
    let deaths = die_at_each(
        || {
            let directory = tempfile::tempdir().expect("a directory");
            let restored = run(&directory, &[], &["restore", path(&file)]);
            assert!(restored.status.success(), "{restored:?}");
            directory
        },
        &["rekey", "--new-key"],
        |directory, done, seed| {
            let store_key = fs::read(directory.path().join("data/store.key")).ok();
            assert!(!done || store_key.is_some(), "RATCHETD_SEED={seed}");
            assert_eq!(
                account_in(directory).as_ref(),
                Some(&key),
                "RATCHETD_SEED={seed}"
            );
        },
    );
    assert!(deaths > 10, "{deaths}");
}
