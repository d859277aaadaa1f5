//! The power is cut at each system call, one run after another, while an account is made or removed
//! and while a daemon starts.

use serde_json::{Value, json};

use super::{
    disk::{Pair, QUIET},
    power::cut,
    random::{Random, seed},
    shim::{Call, Disk, Effect, Fault},
    sweep_accounts::{account, has_account},
    sweep_messages::call_numbers,
};
use crate::support::Daemon;

/// How often each system call is tried, if all are: each time another part of the unsynced data is
/// lost.
const TIMES: u64 = 3;

/// The kinds of system calls at which the daemon dies, and how often it does at each.
fn fatal_calls(all: bool) -> (&'static [Call], u64) {
    match all {
        true => (&[Call::Sync, Call::Name, Call::Write], TIMES),
        false => (&[Call::Sync, Call::Name], 1),
    }
}

fn death(call: Call) -> Fault {
    Fault {
        effect: Effect::Death,
        ..Fault::once(call)
    }
}

/// Cuts the power and starts the daemon again.
fn power_fails(random: &mut Random, daemon: &mut Daemon) {
    daemon.kill();
    cut(random, &daemon.data_dir());
    daemon.restart();
}

/// Lets the daemon die at the first, the second … system call of `method`, until it answers. Before
/// an answer the account is there or not; after one it is not as `before`. How often the daemon
/// died.
fn die_at_each_call(
    method: &str,
    params: &Value,
    before: bool,
    all: bool,
    ready: impl Fn(&Daemon),
) -> u64 {
    let seed = seed();
    let mut random = Random::of(seed, 0);
    let (mut daemon, disk) = Disk::with_daemon(&QUIET, true);
    let mut deaths = 0;
    let (calls, times) = fatal_calls(all);
    for &call in calls {
        for nth in call_numbers(&death(call), all) {
            let mut answered = false;
            for _ in 0..times {
                ready(&daemon);
                disk.fail(&death(call), nth);
                let answer = daemon.try_call(method, params.clone());
                disk.mend();
                answered = answer.is_some();
                power_fails(&mut random, &mut daemon);
                let there = has_account(&daemon);
                let fits = match answer {
                    None => true,
                    Some(answer) => answer.is_ok() && there != before,
                };
                assert!(
                    fits,
                    "RATCHETD_SEED={seed}: {method}, {call:?}, {nth}: {there}"
                );
                if there {
                    // Whole, and its newest state.
                    daemon.ok("bundle_get", json!({}));
                    let account = &daemon.account_statuses()[0];
                    assert_eq!(account["rolledBackAt"], Value::Null, "RATCHETD_SEED={seed}");
                }
                deaths += u64::from(!answered);
            }
            if answered {
                break;
            }
        }
    }
    deaths
}

/// Makes an account; how often the daemon died of it.
pub fn making(all: bool) -> u64 {
    let (params, removal) = account();
    die_at_each_call("account_import", &params, false, all, |daemon| {
        if has_account(daemon) {
            daemon.ok("account_remove", removal.clone());
        }
    })
}

/// Removes an account; how often the daemon died of it.
pub fn removing(all: bool) -> u64 {
    let (params, removal) = account();
    die_at_each_call("account_remove", &removal, true, all, |daemon| {
        if !has_account(daemon) {
            daemon.ok("account_import", params.clone());
        }
    })
}

/// Starts a daemon; how often it died of it.
pub fn starting(all: bool) -> u64 {
    let seed = seed();
    let mut random = Random::of(seed, 0);
    let mut pair = Pair::new(true);
    let mut deaths = 0;
    let (calls, times) = fatal_calls(all);
    for &call in calls {
        // Every other time after a clean stop, which renames the sidecar file of the store.
        let ends = [true, false].repeat(usize::try_from(times).expect("a few"));
        for nth in call_numbers(&death(call), all) {
            let mut started = false;
            for &in_order in &ends {
                if in_order {
                    pair.alice.daemon.terminate();
                } else {
                    pair.alice.daemon.kill();
                }
                cut(&mut random, &pair.alice.daemon.data_dir());
                pair.disk.fail(&death(call), nth);
                started = pair.alice.daemon.try_restart();
                pair.disk.mend();
                power_fails(&mut random, &mut pair.alice.daemon);
                let account = &pair.alice.daemon.account_statuses()[0];
                assert_eq!(
                    account["rolledBackAt"],
                    Value::Null,
                    "RATCHETD_SEED={seed}: {call:?}, {nth}"
                );
                let message = pair.alice.send(&pair.bob, "still here");
                assert_eq!(pair.bob.read(&pair.alice, &message), "still here");
                deaths += u64::from(!started);
            }
            if started {
                break;
            }
        }
    }
    deaths
}

#[test]
fn an_account_is_whole_or_absent_wherever_the_power_is_cut_while_it_is_made() {
    let deaths = making(false);
    assert!(deaths > 10, "{deaths}");
}

#[test]
fn an_account_is_whole_or_absent_wherever_the_power_is_cut_while_it_is_removed() {
    let deaths = removing(false);
    assert!(deaths > 5, "{deaths}");
}

#[test]
fn a_store_is_its_newest_state_wherever_the_power_is_cut_at_a_start() {
    let deaths = starting(false);
    assert!(deaths > 5, "{deaths}");
}

#[test]
fn nothing_is_sent_before_the_name_of_the_log_is_synced() {
    let seed = seed();
    let mut random = Random::of(seed, 0);
    let mut pair = Pair::new(true);
    for turn in 0..6 {
        // The log is removed, and made again at the next start.
        pair.alice.daemon.terminate();
        cut(&mut random, &pair.alice.daemon.data_dir());
        let fault = Fault {
            lasting: true,
            ..Fault::once(Call::Directory)
        };
        pair.disk.fail(&fault, 1);
        let started = pair.alice.daemon.try_restart();
        let sent = started.then(|| pair.alice.send(&pair.bob, "before"));
        pair.disk.mend();
        if let Some(sent) = sent {
            assert_eq!(pair.bob.read(&pair.alice, &sent), "before");
        }
        power_fails(&mut random, &mut pair.alice.daemon);
        let after = pair.alice.send(&pair.bob, "after");
        let read = pair.bob.receive(&pair.alice, &after);
        assert_eq!(
            read["text"], "after",
            "RATCHETD_SEED={seed}: turn {turn}, {read}"
        );
        assert_eq!(
            read["duplicate"], false,
            "RATCHETD_SEED={seed}: turn {turn}"
        );
    }
}

#[test]
#[ignore = "takes minutes"]
fn the_power_is_cut_at_every_single_write() {
    let deaths = [
        ("making an account", making(true)),
        ("removing one", removing(true)),
        ("starting", starting(true)),
    ];
    println!("deaths at calls of the system: {deaths:?}");
}
