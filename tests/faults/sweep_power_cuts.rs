//! The power goes at one call of the system after another, of what is done to whole accounts and of
//! starts.

use serde_json::{Value, json};

use super::{
    disk::{Pair, QUIET},
    power::cut,
    random::{Random, seed},
    shim::{Call, Disk, Fault, Manner},
    sweep_accounts::{account, has_account},
    sweep_messages::turns,
};
use crate::support::Daemon;

/// How often each moment is tried, if all are: what is lost is another part each time.
const TIMES: u64 = 3;

/// What the daemon dies at, and how often.
fn moments(all: bool) -> (&'static [Call], u64) {
    match all {
        true => (&[Call::Sync, Call::Name, Call::Write], TIMES),
        false => (&[Call::Sync, Call::Name], 1),
    }
}

fn death(call: Call) -> Fault {
    Fault {
        manner: Manner::Death,
        ..Fault::once(call)
    }
}

/// The power goes, and comes back.
fn power_fails(random: &mut Random, daemon: &mut Daemon) {
    daemon.kill();
    cut(random, &daemon.data_dir());
    daemon.restart();
}

/// Lets the daemon die at the first, the second … call of the system in `method`, until it answers;
/// it has the account afterwards as `before`, or as `after` if it answered. How often it died.
fn die_in(method: &str, params: &Value, before: bool, all: bool, ready: impl Fn(&Daemon)) -> u64 {
    let seed = seed();
    let mut random = Random::of(seed, 0);
    let (mut daemon, disk) = Disk::under(&QUIET, true);
    let mut deaths = 0;
    let (calls, times) = moments(all);
    for &call in calls {
        for nth in turns(&death(call), all) {
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
                    let status = daemon.ok("system_status", json!({}));
                    let account = &status["accounts"][0];
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
    die_in("account_import", &params, false, all, |daemon| {
        if has_account(daemon) {
            daemon.ok("account_remove", removal.clone());
        }
    })
}

/// Removes an account; how often the daemon died of it.
pub fn removing(all: bool) -> u64 {
    let (params, removal) = account();
    die_in("account_remove", &removal, true, all, |daemon| {
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
    let (calls, times) = moments(all);
    for &call in calls {
        // Every other time after an end in order, which renames what tells a store's newest state.
        let ends = [true, false].repeat(usize::try_from(times).expect("a few"));
        for nth in turns(&death(call), all) {
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
                let status = pair.alice.daemon.ok("system_status", json!({}));
                let account = &status["accounts"][0];
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
fn an_account_is_whole_or_not_there_wherever_the_power_goes_when_it_is_made() {
    let deaths = making(false);
    assert!(deaths > 10, "{deaths}");
}

#[test]
fn an_account_is_whole_or_not_there_wherever_the_power_goes_when_it_is_removed() {
    let deaths = removing(false);
    assert!(deaths > 5, "{deaths}");
}

#[test]
fn a_store_is_its_newest_state_wherever_the_power_goes_at_a_start() {
    let deaths = starting(false);
    assert!(deaths > 5, "{deaths}");
}

#[test]
fn nothing_is_sent_while_the_name_of_the_log_is_not_on_the_disk() {
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
fn the_power_goes_at_every_single_write() {
    let deaths = [
        ("making an account", making(true)),
        ("removing one", removing(true)),
        ("starting", starting(true)),
    ];
    println!("deaths at calls of the system: {deaths:?}");
}
