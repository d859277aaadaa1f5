//! What messages cost around a gap, in the processor's time.

use std::time::Duration;

use crypto_core::IdentityKey;
use engine::{
    Config, ReceiveRequest, SendRequest,
    model::{AddressedMessage, Outcome},
    store::{Transaction, WriteBack, memory::MemoryStore},
    wire::WireMessage,
};

use super::{flood::End, *};

/// Messages that are passed over.
const GAP: usize = 900;
/// Messages that are read of them, and in their order.
const READ: usize = 100;
const ROUNDS: usize = 9;

/// The time that this thread has had the processor.
fn processor_time() -> Duration {
    let had = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(had.split_whitespace().next().unwrap().parse().unwrap())
}

fn send<S: Transaction>(from: &mut End<S>, to: IdentityKey) -> AddressedMessage {
    let request = SendRequest {
        recipients: vec![to],
        payload: vec![0x74; 100].into(),
        request_id: None,
        seal: None,
    };
    let sent = from.in_calls(1, |engine, store, env, _| engine.send(store, env, &request));
    sent.into_iter().next().unwrap().messages.remove(0)
}

/// Reads these, so many in a commit; what one takes.
fn read<S: Transaction>(
    to: &mut End<S>,
    from: IdentityKey,
    sent: &[&AddressedMessage],
    batch: usize,
) -> Duration {
    let begun = processor_time();
    for batch in sent.chunks(batch) {
        let outcomes = to.in_calls(batch.len(), |engine, store, env, call| {
            let request = ReceiveRequest {
                sender: from,
                message: WireMessage::decode(&batch[call].wire),
                confirm: true,
                sealed: false,
            };
            engine.receive(store, env, request)
        });
        for received in outcomes {
            assert!(matches!(received.outcome, Outcome::Decrypted(_)));
        }
    }
    (processor_time() - begun) / u32::try_from(sent.len()).unwrap()
}

#[test]
#[ignore = "measures"]
fn what_messages_cost_around_a_gap() {
    let mut costs = vec![Vec::new(); 5];
    for _ in 0..ROUNDS {
        let scratch = tempfile::tempdir().unwrap();
        let directory = open(scratch.path()).unwrap();
        let patient = || Config {
            unanswered_messages: u64::MAX,
            ..Config::default()
        };
        let mut bob = End::new(2, patient(), |account| {
            WriteBack::new(directory.create_account(account).unwrap())
        });
        let mut alice = End::new(1, patient(), |_| MemoryStore::default());
        let bundle = bob.in_calls(1, |engine, store, env, _| engine.bundle(store, env));
        alice.in_calls(1, |engine, store, env, _| {
            engine.import_bundle(store, env, &bundle[0].wire)
        });
        let (from, to) = (alice.key, bob.key);
        let hello = send(&mut alice, to);
        read(&mut bob, from, &[&hello], 1);
        let answer = send(&mut bob, from);
        read(&mut alice, to, &[&answer], 1);
        let sent: Vec<_> = (0..GAP + 2 * READ).map(|_| send(&mut alice, to)).collect();
        let (missing, later) = sent.split_at(GAP);
        let later: Vec<_> = later.iter().collect();
        // The newest first; then here and there, many in a commit.
        let newest: Vec<_> = missing.iter().rev().take(READ).collect();
        let scattered: Vec<_> = missing.iter().step_by(7).take(READ).collect();
        for (costs, cost) in costs.iter_mut().zip([
            read(&mut bob, from, &later[..1], 1),
            read(&mut bob, from, &newest, 1),
            read(&mut bob, from, &scattered, 50),
            read(&mut bob, from, &later[1..READ], 1),
            read(&mut bob, from, &later[READ..], 50),
        ]) {
            costs.push(cost);
        }
    }
    let what = [
        "that passes 900 over",
        "out of the gap, newest first",
        "out of the gap, here and there, 50 a commit",
        "in order",
        "in order, 50 a commit",
    ];
    for (what, mut costs) in what.into_iter().zip(costs) {
        costs.sort();
        println!("{what}: {:?} ({:?})", costs[ROUNDS / 2], costs[0]);
    }
}
