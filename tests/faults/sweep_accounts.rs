//! Each system call fails once, one run after another, while a daemon starts and while an account
//! is made or removed.

use serde_json::{Value, json};

use super::{
    disk::{Pair, QUIET, faults, is_store_failed},
    shim::{Call, Disk, Fault},
    sweep_messages::call_numbers,
};
use crate::support::{Daemon, hex};

/// The faults of [`faults`], and those of making, cutting, renaming and removing files.
fn faults_of_files() -> Vec<Fault> {
    let mut faults = faults();
    faults.extend([Fault::once(Call::Name), Fault::once(Call::Truncate)]);
    faults
}

/// Starts a daemon again and again; how often its disk failed meanwhile.
pub fn starting(all: bool) -> u64 {
    let mut pair = Pair::new(false);
    let mut failures = 0;
    for fault in faults_of_files() {
        for nth in call_numbers(&fault, all) {
            // Every other time by a clean stop, which renames the sidecar file of the store.
            if nth % 2 == 0 {
                pair.alice.daemon.terminate();
            } else {
                pair.alice.daemon.kill();
            }
            let before = pair.disk.failed();
            pair.disk.fail(&fault, nth);
            let mut daemon_is_up = pair.alice.daemon.try_restart();
            pair.disk.mend();
            let reached = pair.disk.failed() > before;
            let sound = |pair: &Pair| {
                let account = &pair.alice.daemon.account_statuses()[0];
                assert_eq!(account["rolledBackAt"], Value::Null, "{fault:?}, {nth}");
                let message = pair.alice.send(&pair.bob, "still here");
                assert_eq!(pair.bob.read(&pair.alice, &message), "still here");
            };
            if daemon_is_up {
                sound(&pair);
                pair.alice.daemon.kill();
            }
            daemon_is_up = pair.alice.daemon.try_restart();
            assert!(daemon_is_up, "{fault:?}, {nth}: it does not start");
            sound(&pair);
            if !reached {
                break;
            }
            failures += 1;
        }
    }
    assert!(failures > 20, "{failures}");
    failures
}

/// Lets the first, the second … system call of `method` fail, each time on a daemon that `ready`
/// has prepared, and repeats the call, every other time after a kill. How often it failed.
fn sweep_of_account(method: &str, params: &Value, all: bool, ready: impl Fn(&Daemon)) -> u64 {
    let (mut daemon, disk) = Disk::with_daemon(&QUIET, false);
    let mut failures = 0;
    for fault in faults_of_files() {
        for nth in call_numbers(&fault, all) {
            ready(&daemon);
            let before = disk.failed();
            disk.fail(&fault, nth);
            let answer = daemon.call(method, params.clone());
            disk.mend();
            let reached = disk.failed() > before;
            let killed = nth % 2 == 0;
            if killed {
                daemon.kill_and_restart();
            }
            if let Err(error) = answer {
                assert!(reached, "{error}");
                is_store_failed(&error);
                failures += 1;
                let again = daemon.call(method, params.clone());
                // An account that was being erased is erased at the next start.
                let erased = killed && method == "account_remove";
                let done = match &again {
                    Ok(_) => true,
                    Err(error) => erased && error["data"]["kind"] == "account_not_found",
                };
                assert!(done, "{method}, {fault:?}, {nth}: {again:?}");
            }
            if !reached {
                break;
            }
        }
    }
    failures
}

/// The parameters that make an account, and those that remove it.
pub fn account() -> (Value, Value) {
    let (key, made) = (hex(&[7; 32]), "new");
    let daemon = Daemon::start();
    let params = json!({"account": made, "privateKey": key});
    let info = daemon.ok("account_import", params.clone());
    let removal = json!({"account": made, "publicKey": info["publicKey"]});
    (params, removal)
}

pub fn has_account(daemon: &Daemon) -> bool {
    let accounts = daemon.ok("account_list", json!({}));
    !accounts.as_array().expect("a list").is_empty()
}

/// Makes an account; how often that failed.
pub fn making(all: bool) -> u64 {
    let (params, removal) = account();
    let failures = sweep_of_account("account_import", &params, all, |daemon| {
        if has_account(daemon) {
            daemon.ok("account_remove", removal.clone());
        }
    });
    assert!(failures > 20, "{failures}");
    failures
}

/// Removes an account; how often that failed.
pub fn removing(all: bool) -> u64 {
    let (params, removal) = account();
    let failures = sweep_of_account("account_remove", &removal, all, |daemon| {
        if !has_account(daemon) {
            daemon.ok("account_import", params.clone());
        }
    });
    assert!(failures > 5, "{failures}");
    failures
}

#[test]
fn a_start_on_a_failing_disk_succeeds_or_reports_it_and_keeps_the_store() {
    starting(false);
}

#[test]
fn a_failed_creation_of_an_account_succeeds_when_repeated() {
    making(false);
}

#[test]
fn a_failed_removal_of_an_account_succeeds_when_repeated() {
    removing(false);
}
