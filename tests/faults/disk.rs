//! Disks that fail, one call of the system after another.

use std::thread;

use serde_json::{Value, json};

use super::{
    run::{Plan, number, run},
    shim::{Call, Disk, Errno, Fault, Manner},
};
use crate::support::{Party, only_message};

/// How what is said to do about a disk that fails begins; the rest goes by what is wrong with it.
pub const HINT: &str = "nothing was done and nothing was lost: ";
/// And about one that fails in the middle of a commit and then lets nothing be put over it.
pub const IN_DOUBT: &str = "mend the disk, then repeat the call: it was not done, unless the daemon was ended or the power went before";

/// The development clock, and no word about a disk that fails on purpose.
pub const QUIET: [&str; 3] = ["--dev", "--log-filter", "off"];

/// A device whose disk fails, and one that it talks to.
pub struct Pair {
    pub disk: Disk,
    pub alice: Party,
    pub bob: Party,
}

impl Pair {
    /// With a session that both have answered on; with a journal, if the power is to go.
    pub fn new(journal: bool) -> Self {
        let (daemon, disk) = Disk::under(&QUIET, journal);
        let alice = Party::with(daemon, "alice", json!({}));
        let bob = Party::new("bob");
        let pair = Self { disk, alice, bob };
        for (from, to) in [(&pair.alice, &pair.bob), (&pair.bob, &pair.alice)] {
            let bundle = from.daemon.ok("bundle_get", json!({}))["contactCode"].take();
            to.daemon.ok("bundle_import", json!({"bundle": bundle}));
        }
        for _ in 0..2 {
            pair.bob.read(&pair.alice, &pair.alice.send(&pair.bob, "a"));
            pair.alice.read(&pair.bob, &pair.bob.send(&pair.alice, "b"));
        }
        pair
    }
}

pub fn is_store_failed(error: &Value) {
    assert_eq!(error["data"]["kind"], "store_failed", "{error}");
    assert_eq!(error["code"], 1701, "{error}");
    let hint = error["data"]["hint"].as_str().expect("text");
    assert!(hint.starts_with(HINT), "{error}");
}

/// The ways in which a disk fails once.
pub fn faults() -> Vec<Fault> {
    let write = Fault::once(Call::Write);
    let (part, everything) = (Manner::Part, Manner::Everything);
    vec![
        Fault::once(Call::Sync),
        Fault {
            errno: Errno::Full,
            ..write
        },
        Fault {
            errno: Errno::Full,
            manner: part,
            ..write
        },
        Fault {
            manner: everything,
            ..write
        },
    ]
}

/// How often `at` has sent to the other, as its sessions tell it.
pub fn sent(at: &Party) -> u64 {
    let sent = |session: &Value| session["sent"].as_u64().expect("a number");
    at.sessions().iter().map(sent).sum()
}

#[test]
fn calls_that_share_a_commit_that_fails_are_told_once_each_and_work_when_repeated() {
    const CALLERS: u64 = 16;
    let pair = Pair::new(false);
    for (turn, fault) in faults().iter().enumerate() {
        let before = sent(&pair.alice);
        let params = |caller: u64| {
            let id = format!("{turn} {caller}");
            json!({"recipient": pair.bob.key, "text": id, "requestId": id})
        };
        let call = |caller| pair.alice.daemon.call("message_encrypt", params(caller));
        pair.disk.fail(fault, 1);
        let answers: Vec<_> = thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| scope.spawn(move || call(caller)))
                .collect();
            let answers = callers.into_iter();
            answers
                .map(|caller| caller.join().expect("an answer"))
                .collect()
        });
        let failed = answers.iter().filter_map(|answer| answer.as_ref().err());
        failed.clone().for_each(is_store_failed);
        let failed = failed.count() as u64;
        assert!(failed > 0, "{fault:?}: nobody was told");
        assert_eq!(sent(&pair.alice), before + CALLERS - failed);
        for (caller, answer) in (0..).zip(answers) {
            let again = call(caller).expect("the disk works again");
            if let Ok(answer) = answer {
                assert_eq!(again, answer, "another message");
            }
            let text = pair.bob.read(&pair.alice, &only_message(&again));
            assert_eq!(text, format!("{turn} {caller}"));
        }
        assert_eq!(sent(&pair.alice), before + CALLERS);
    }
}

#[test]
fn while_the_disk_fails_the_daemon_reads_and_says_that_it_is_not_ready_and_recovers_by_itself() {
    let pair = Pair::new(false);
    let ready = || {
        let daemon = &pair.alice.daemon;
        // The answer is remembered for a second.
        daemon.ok("dev_advanceTime", json!({"ms": 1000}));
        daemon.get("/readyz").status
    };
    let full = |call| Fault {
        errno: Errno::Full,
        lasting: true,
        ..Fault::once(call)
    };
    let lasting = |call| Fault {
        lasting: true,
        ..Fault::once(call)
    };
    for fault in [
        full(Call::Write),
        full(Call::Any),
        lasting(Call::Sync),
        lasting(Call::Any),
    ] {
        assert_eq!(ready(), 200);
        pair.alice.daemon.ok("dev_advanceTime", json!({"ms": 1000}));
        let wire = pair.bob.send(&pair.alice, "while it failed");
        let before = sent(&pair.alice);
        pair.disk.fail(&fault, 1);
        let calls = [
            (
                "message_encrypt",
                json!({"recipient": pair.bob.key, "text": "x"}),
            ),
            (
                "message_decrypt",
                json!({"sender": pair.bob.key, "message": wire, "confirm": true}),
            ),
        ];
        for (method, params) in calls.clone() {
            let error = pair.alice.daemon.call(method, params).expect_err("no disk");
            assert_eq!(error["data"]["kind"], "store_failed", "{fault:?}: {error}");
        }
        assert_eq!(sent(&pair.alice), before);
        let daemon = &pair.alice.daemon;
        let unready = daemon.get("/readyz");
        let reason: Value = serde_json::from_slice(&unready.body).expect("JSON");
        assert_eq!(
            (unready.status, &reason["status"]),
            (503, &json!("failing"))
        );
        assert_eq!(daemon.get("/livez").status, 200);
        pair.disk.mend();
        for (method, params) in calls {
            let answer = daemon.ok(method, params);
            match method {
                "message_encrypt" => {
                    assert_eq!(pair.bob.read(&pair.alice, &only_message(&answer)), "x");
                }
                _ => assert_eq!(answer["text"], "while it failed", "{answer}"),
            }
        }
        assert_eq!(sent(&pair.alice), before + 1);
        assert_eq!(ready(), 200);
    }
}

#[test]
fn nothing_is_lost_forked_or_half_done_when_disks_fail() {
    run(&Plan::faults(40));
}

#[test]
#[ignore = "takes minutes: RATCHETD_FAULTS says how many times a disk fails"]
fn nothing_is_lost_forked_or_half_done_in_hundreds_of_faults() {
    run(&Plan::faults(number("RATCHETD_FAULTS", 800)));
}
