//! The power is cut at each system call, one run after another, of `ratchetd restore`, of all
//! accounts and of one, and of `ratchetd rekey`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    slice,
};

use serde_json::json;
use tempfile::TempDir;

use super::{
    power::cut,
    random::{Random, seed},
    shim::{Call, Disk, Effect, Fault},
};
use crate::support::{Daemon, RATCHETD, list, ratchetd, text};

/// Runs a command on the directory `data` below this one.
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

/// A backup of a data directory with one account, and the public key of that account.
fn backup(scratch: &TempDir, account: &str) -> (PathBuf, String) {
    let daemon = Daemon::start();
    let key = text(&daemon.ok("account_create", json!({"account": account}))["publicKey"]);
    let file = scratch.path().join(account);
    let output = ratchetd("backup", &daemon.data_dir(), &[path(&file), "--with-key"]);
    assert!(output.status.success(), "{output:?}");
    (file, key)
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Cuts the power at the first, the second … system call of a command, until the command ends
/// before it; `judge` is given the directory, whether the command succeeded, and the seed. How
/// often the power was cut.
fn die_at_each_call(
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
            let (environment, disk) = Disk::in_directory(&directory, true);
            let fault = Fault {
                effect: Effect::Death,
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

/// The public keys of the accounts that a daemon finds there, by name.
fn accounts_in(directory: TempDir) -> Vec<String> {
    let daemon = Daemon::start_in(directory, Vec::new());
    let accounts = daemon.ok("account_list", json!({}));
    let keys = list(&accounts).iter();
    keys.map(|account| text(&account["publicKey"])).collect()
}

#[test]
fn restore_is_complete_or_can_be_repeated_wherever_the_power_is_cut() {
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, key) = backup(&scratch, "alice");
    let arguments = ["restore", path(&file)];
    let deaths = die_at_each_call(
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
                accounts_in(directory),
                slice::from_ref(&key),
                "RATCHETD_SEED={seed}"
            );
        },
    );
    assert!(deaths > 10, "{deaths}");
}

#[test]
fn an_account_is_taken_out_of_a_backup_or_is_not_wherever_the_power_is_cut() {
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, alice) = backup(&scratch, "alice");
    let (other, bob) = backup(&scratch, "bob");
    let arguments = ["restore", path(&file), "--account", "alice"];
    for has_bob in [false, true] {
        let deaths = die_at_each_call(
            || {
                let directory = tempfile::tempdir().expect("a directory");
                if has_bob {
                    let restored = run(&directory, &[], &["restore", path(&other)]);
                    assert!(restored.status.success(), "{restored:?}");
                }
                directory
            },
            &arguments,
            |directory, done, seed| {
                let is_there = directory.path().join("data/accounts/alice.db").exists();
                assert!(is_there || !done, "RATCHETD_SEED={seed}");
                if !is_there {
                    let again = run(&directory, &[], &arguments);
                    assert!(again.status.success(), "RATCHETD_SEED={seed}: {again:?}");
                }
                let mut expected = vec![alice.clone()];
                expected.extend(has_bob.then(|| bob.clone()));
                assert_eq!(accounts_in(directory), expected, "RATCHETD_SEED={seed}");
            },
        );
        assert!(deaths > 10, "{deaths}");
    }
}

#[test]
fn rekey_is_atomic_wherever_the_power_is_cut() {
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, key) = backup(&scratch, "alice");
    let deaths = die_at_each_call(
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
                accounts_in(directory),
                slice::from_ref(&key),
                "RATCHETD_SEED={seed}"
            );
        },
    );
    assert!(deaths > 10, "{deaths}");
}
