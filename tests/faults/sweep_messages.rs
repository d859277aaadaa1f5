//! Each system call fails once, one run after another, while a message is sent, read or confirmed.

use serde_json::{Value, json};

use super::{
    disk::{Pair, faults, is_store_failed, sent},
    shim::{Call, Fault},
    sweep_accounts,
};
use crate::support::only_message;

/// The numbers of the system calls that are to fail, one after the other: every one that waits for
/// the disk or names a file. Writes are many and alike, so unless `all` are wanted a part of them
/// is tried.
pub fn call_numbers(fault: &Fault, all: bool) -> impl Iterator<Item = u64> {
    let all = all || fault.call != Call::Write;
    std::iter::successors(Some(1), move |nth| {
        Some(nth + 1 + if all { 0 } else { nth / 3 })
    })
}

/// Lets the first, the second, the third … system call of `act` fail, and calls `judge` with the
/// answer, until `act` ends before the failing call is reached. How often the disk failed.
fn sweep<P>(
    pair: &mut Pair,
    fault: &Fault,
    all: bool,
    prepare: impl Fn(&Pair) -> P,
    act: impl Fn(&Pair, &P) -> Result<Value, Value>,
    judge: impl Fn(&Pair, &P, Result<Value, Value>),
) -> u64 {
    let mut failures = 0;
    for nth in call_numbers(fault, all) {
        let prepared = prepare(pair);
        let before = pair.disk.failed();
        pair.disk.fail(fault, nth);
        let answer = act(pair, &prepared);
        pair.disk.mend();
        if let Err(error) = &answer {
            is_store_failed(error);
        }
        let reached = pair.disk.failed() > before;
        assert!(reached || answer.is_ok(), "{fault:?}, {nth}: {answer:?}");
        // The memory of the process is lost; what it wrote is not.
        pair.alice.daemon.kill_and_restart();
        judge(pair, &prepared, answer);
        if !reached {
            break;
        }
        failures += 1;
    }
    assert!(failures > 0, "{fault:?} was never reached");
    failures
}

fn sending(all: bool) -> u64 {
    let mut pair = Pair::new(false);
    let mut failures = 0;
    for fault in faults() {
        failures += sweep(
            &mut pair,
            &fault,
            all,
            |pair| sent(&pair.alice),
            |pair, _| {
                let params = json!({"recipient": pair.bob.key, "text": "once"});
                pair.alice.daemon.call("message_encrypt", params)
            },
            |pair, before, answer| {
                let answered = answer.is_ok();
                assert_eq!(sent(&pair.alice), before + u64::from(answered));
                if let Ok(answer) = answer {
                    let message = only_message(&answer);
                    assert_eq!(pair.bob.read(&pair.alice, &message), "once");
                }
                let message = pair.alice.send(&pair.bob, "again");
                assert_eq!(pair.bob.read(&pair.alice, &message), "again");
            },
        );
    }
    failures
}

fn reading(all: bool) -> u64 {
    let mut pair = Pair::new(false);
    let mut failures = 0;
    for fault in faults() {
        let params = |pair: &Pair, wire: &String| json!({"sender": pair.bob.key, "message": wire, "confirm": true});
        failures += sweep(
            &mut pair,
            &fault,
            all,
            |pair| pair.bob.send(&pair.alice, "to be read once"),
            |pair, wire| {
                pair.alice
                    .daemon
                    .call("message_decrypt", params(pair, wire))
            },
            |pair, wire, answer| {
                let again = pair.alice.daemon.ok("message_decrypt", params(pair, wire));
                let read = match answer {
                    Ok(read) => {
                        assert_eq!(again["outcome"], "undecryptable", "{again}");
                        assert_eq!(again["reason"], "message_key_gone", "{again}");
                        read
                    }
                    Err(_) => again,
                };
                assert_eq!(read["text"], "to be read once", "{fault:?}: {read}");
                assert_eq!(read["duplicate"], false, "{read}");
            },
        );
    }
    failures
}

fn confirming(all: bool) -> u64 {
    let mut pair = Pair::new(false);
    let mut failures = 0;
    for fault in faults() {
        failures += sweep(
            &mut pair,
            &fault,
            all,
            |pair| {
                pair.alice
                    .receive(&pair.bob, &pair.bob.send(&pair.alice, "x"))
            },
            |pair, read| {
                let params = json!({"messageIds": [read["messageId"]]});
                pair.alice.daemon.call("message_confirm", params)
            },
            |pair, read, answer| {
                let left = u64::from(answer.is_err());
                assert_eq!(pair.alice.confirm(read), left, "{fault:?}");
            },
        );
    }
    failures
}

#[test]
fn a_failed_encryption_sends_nothing_and_succeeds_when_repeated() {
    sending(false);
}

#[test]
fn a_failed_decryption_succeeds_when_repeated() {
    reading(false);
}

#[test]
fn a_failed_confirmation_erases_nothing_and_succeeds_when_repeated() {
    confirming(false);
}

#[test]
#[ignore = "takes minutes"]
fn every_single_write_fails_once() {
    let failures = [
        ("sending", sending(true)),
        ("reading", reading(true)),
        ("confirming", confirming(true)),
        ("starting", sweep_accounts::starting(true)),
        ("making an account", sweep_accounts::making(true)),
        ("removing one", sweep_accounts::removing(true)),
    ];
    println!("failing calls of the system: {failures:?}");
}
