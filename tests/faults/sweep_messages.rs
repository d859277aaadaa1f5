//! One call of the system after another fails in what is done to a message.

use serde_json::{Value, json};

use super::{
    disk::{Pair, faults, is_store_failed, sent},
    shim::{Call, Fault},
    sweep_accounts,
};
use crate::support::only_message;

/// Which calls of the system are to fail, one after the other: every one that waits for the disk or
/// names a file. Writes are many and much alike, and some of them stand for all unless `all` are
/// wanted.
pub fn turns(fault: &Fault, all: bool) -> impl Iterator<Item = u64> {
    let all = all || fault.call != Call::Write;
    std::iter::successors(Some(1), move |nth| {
        Some(nth + 1 + if all { 0 } else { nth / 3 })
    })
}

/// Lets the first, the second, the third … call of the system fail in `act`, and `judge` what it
/// answered, until one passes without the failing call being reached; how often the disk failed.
fn sweep<P>(
    pair: &mut Pair,
    fault: &Fault,
    all: bool,
    prepare: impl Fn(&Pair) -> P,
    act: impl Fn(&Pair, &P) -> Result<Value, Value>,
    judge: impl Fn(&Pair, &P, Result<Value, Value>),
) -> u64 {
    let mut failures = 0;
    for nth in turns(fault, all) {
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
        // What the process knew is gone; what the system was told is not.
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
fn a_message_that_the_disk_refuses_was_not_sent_and_can_be() {
    sending(false);
}

#[test]
fn a_message_that_the_disk_refuses_was_not_read_and_can_be() {
    reading(false);
}

#[test]
fn a_confirmation_that_the_disk_refuses_erased_nothing_and_can_be_given() {
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
