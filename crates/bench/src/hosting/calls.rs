//! Calls to accounts in turn, and to closed ones beside open ones.

use std::{rc::Rc, time::Instant};

use serde::Serialize;

use crate::{
    connection::{Connection, find},
    figure::{Round, quantile},
    peer::Peer,
    population::MESSAGE,
    test_daemon::TestDaemon,
};

/// How much longer the first call of each pair took, in milliseconds: the first is to a closed
/// account, the second to the same account, which is open then.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pairs {
    /// Median of the differences.
    pub p50_ms: f64,
    /// Their 99th percentile.
    pub p99_ms: f64,
}

/// Somebody with whom no account has a session.
pub(super) fn stranger() -> Result<Peer, String> {
    let peer = Peer::several(1)?.pop();
    peer.ok_or_else(|| "there is no peer".to_owned())
}

/// Makes these calls, each of which must be answered with a message, on one connection.
pub(super) async fn in_turn(daemon: &TestDaemon, calls: &[Rc<[u8]>]) -> Result<(), String> {
    let mut connection = Connection::open(daemon.socket()).await?;
    for call in calls {
        encrypt(&mut connection, call).await?;
    }
    Ok(())
}

/// Makes a call that must be answered with a message.
pub(super) async fn encrypt(connection: &mut Connection, call: &[u8]) -> Result<(), String> {
    let answer = connection.call(call).await?;
    find(answer, MESSAGE)
        .map(|_| ())
        .ok_or_else(|| "an answer is not the one expected".to_owned())
}

/// Makes each of the calls twice in a row, and goes through them in order: each is to another
/// account, which is closed the first time if the daemon keeps fewer open than there are, and was
/// called in this order before.
pub(super) async fn closed_and_open(
    daemon: &TestDaemon,
    calls: &[Rc<[u8]>],
    at_most: usize,
) -> Result<([Round; 2], Pairs), String> {
    let mut connection = Connection::open(daemon.socket()).await?;
    let mut rounds = [Round::new()?, Round::new()?];
    let mut differences = Vec::new();
    for call in calls.iter().take(at_most) {
        let mut taken_ms = [0.0; 2];
        for (round, taken_ms) in rounds.iter_mut().zip(&mut taken_ms) {
            let began = Instant::now();
            encrypt(&mut connection, call).await?;
            let taken = began.elapsed();
            round.record(taken);
            round.elapsed += taken;
            *taken_ms = taken.as_secs_f64() * 1e3;
        }
        let [closed, open] = taken_ms;
        differences.push(closed - open);
    }
    let pairs = Pairs {
        p50_ms: quantile(differences.clone(), 0.5),
        p99_ms: quantile(differences, 0.99),
    };
    Ok((rounds, pairs))
}
