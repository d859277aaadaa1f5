//! Disks that fail: one call, all calls for a while, and at random under load.

use std::thread;

use serde_json::{Value, json};

use super::{
    run::{Plan, number, run},
    shim::{Call, Disk, Effect, Errno, Fault},
};
use crate::support::{Party, only_message};

/// How the hint of a call that failed on its disk begins; the rest depends on the error.
pub const HINT: &str = "nothing was done and nothing was lost: ";
/// The hint when the disk failed in the middle of a commit that could not be undone.
pub const IN_DOUBT: &str = "mend the disk, then repeat the call: it was not done, unless the daemon was ended or the power went before";

/// The development clock, and no log of the faults that are injected.
pub const QUIET: [&str; 3] = ["--dev", "--log-filter", "off"];

/// A device whose disk can fail, and its peer.
pub struct Pair {
    pub disk: Disk,
    pub alice: Party,
    pub bob: Party,
}

impl Pair {
    /// With a session on which both have answered; with an undo journal if power is to be cut.
    pub fn new(journal: bool) -> Self {
        let (daemon, disk) = Disk::with_daemon(&QUIET, journal);
        let alice = Party::with(daemon, "alice", json!({}));
        let bob = Party::new("bob");
        let pair = Self { disk, alice, bob };
        pair.alice.learn(&pair.bob);
        pair.bob.learn(&pair.alice);
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
    let (part, everything) = (Effect::Part, Effect::Everything);
    vec![
        Fault::once(Call::Sync),
        Fault {
            errno: Errno::Full,
            ..write
        },
        Fault {
            errno: Errno::Full,
            effect: part,
            ..write
        },
        Fault {
            effect: everything,
            ..write
        },
    ]
}

/// How many messages `at` has sent, as `session_list` tells it.
pub fn sent(at: &Party) -> u64 {
    let sent = |session: &Value| session["sent"].as_u64().expect("a number");
    at.sessions().iter().map(sent).sum()
}

#[test]
fn calls_in_a_failed_commit_each_get_the_error_and_succeed_when_repeated() {
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
fn a_daemon_on_a_failing_disk_reads_is_not_ready_and_recovers_by_itself() {
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
fn one_file_that_cannot_be_written_makes_the_daemon_unready_and_is_named() {
    let (daemon, disk) = Disk::with_daemon(&QUIET, false);
    for account in ["alice", "bob"] {
        daemon.ok("account_create", json!({"account": account}));
        // A closed account is not written to.
        daemon.ok("bundle_get", json!({"account": account}));
    }
    let readiness = || -> (u16, Value) {
        daemon.ok("dev_advanceTime", json!({"ms": 1000}));
        let answer = daemon.get("/readyz");
        (
            answer.status,
            serde_json::from_slice(&answer.body).expect("JSON"),
        )
    };
    let hint = |errno| match errno {
        Errno::Full => "free some disk space",
        Errno::Io => "errors of the disk",
    };
    for (part, named) in [
        ("/accounts/bob.db", "account bob: "),
        ("/events.db", "the event log: "),
    ] {
        for (call, errno) in [
            (Call::Write, Errno::Full),
            (Call::Write, Errno::Io),
            (Call::Sync, Errno::Io),
        ] {
            assert_eq!(readiness().0, 200);
            let fault = Fault {
                errno,
                lasting: true,
                part,
                ..Fault::once(call)
            };
            disk.fail(&fault, 1);
            let (status, said) = readiness();
            assert_eq!(status, 503, "{fault:?}");
            let reason = said["reason"].as_str().expect("a reason");
            assert!(reason.starts_with(named), "{fault:?}: {said}");
            let advice = said["hint"].as_str().expect("a hint");
            assert!(advice.contains(hint(errno)), "{fault:?}: {said}");
            // It is the answer also when nothing has changed.
            assert_eq!(readiness().1, said);
            for account in daemon.account_statuses() {
                let named =
                    named == format!("account {}: ", account["account"].as_str().unwrap_or(""));
                assert_eq!(account["failing"].is_string(), named, "{account}");
            }
            disk.mend();
        }
    }
    assert_eq!(readiness().0, 200);
}

/// So that a poll finds at once what a user has met, however many accounts there are.
#[test]
fn an_account_whose_last_call_failed_is_in_the_next_check_whosever_turn_it_is() {
    let (daemon, disk) = Disk::with_daemon(&QUIET, false);
    let names: Vec<String> = (0..12).map(|number| format!("a{number:02}")).collect();
    for account in &names {
        daemon.ok("account_create", json!({"account": account}));
    }
    let fault = Fault {
        errno: Errno::Full,
        lasting: true,
        part: "/accounts/a07.db",
        ..Fault::once(Call::Write)
    };
    disk.fail(&fault, 1);
    let next = json!({"account": "a07", "chat": "c"});
    let error = daemon
        .call("clock_next", next.clone())
        .expect_err("no disk");
    is_store_failed(&error);
    for _ in 0..3 {
        daemon.ok("dev_advanceTime", json!({"ms": 1000}));
        let health = daemon.ok("system_health", json!({}));
        let reason = health["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("account a07: "), "{health}");
    }
    disk.mend();
    daemon.ok("clock_next", next);
    daemon.ok("dev_advanceTime", json!({"ms": 1000}));
    assert_eq!(daemon.ok("system_health", json!({}))["status"], "ok");
}

#[test]
fn nothing_is_lost_forked_or_half_done_when_disks_fail() {
    run(&Plan::faults(40).crowded());
}

#[test]
#[ignore = "takes minutes: RATCHETD_FAULTS says how many times a disk fails"]
fn nothing_is_lost_forked_or_half_done_in_hundreds_of_faults() {
    run(&Plan::faults(number("RATCHETD_FAULTS", 800)).crowded());
}
