//! What a daemon takes by itself: time to start, memory, descriptors, threads, and answers about
//! all its accounts.

use std::{rc::Rc, time::Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::directory::Directory;
use crate::{
    connection::{Connection, read_request, request},
    figure::median,
    process::{descriptors, threads},
    test_daemon::TestDaemon,
};

/// How often each of the answers about all accounts is asked for.
const ASKED: usize = 51;

/// An answer about all accounts.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    /// Bytes of its body.
    pub bytes: usize,
    /// Median of the times it took, in milliseconds.
    pub p50_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// What was found of one daemon. Memory is resident memory in KiB; what the system does not tell is
/// null.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Standing {
    /// How many accounts it has.
    pub accounts: usize,
    /// What its data directory takes on the disk before anything was measured, in KiB.
    pub disk_kib: Option<u64>,
    /// From the start of the process until it listened, in milliseconds, of each start.
    pub listening_ms: Vec<f64>,
    /// The same until `/readyz` said that it is ready.
    pub ready_ms: Vec<f64>,
    /// Memory when it was ready, of each start.
    pub ready_kib: Vec<u64>,
    /// Memory of the start that was measured further, before any account was called.
    pub unused_kib: Option<u64>,
    /// Memory when as many accounts were called as are kept open.
    pub open_kib: Option<u64>,
    /// Memory when all were called once.
    pub used_kib: Option<u64>,
    /// Accounts that were open then, if the daemon tells.
    pub open: Option<u64>,
    /// Descriptors then, with as many connections as there were.
    pub descriptors: Option<u64>,
    /// Threads then.
    pub threads: Option<u64>,
    /// Connections then.
    pub connections: usize,
    /// `GET /metrics`.
    pub metrics: Answer,
    /// `system_status`.
    pub status: Answer,
}

impl Standing {
    /// Of a directory whose daemon does not run.
    pub(super) fn new(directory: &Directory<'_>) -> Self {
        Self {
            accounts: directory.accounts,
            disk_kib: directory.disk_kib(),
            listening_ms: Vec::new(),
            ready_ms: Vec::new(),
            ready_kib: Vec::new(),
            unused_kib: None,
            open_kib: None,
            used_kib: None,
            open: None,
            descriptors: None,
            threads: None,
            connections: 0,
            metrics: Answer::default(),
            status: Answer::default(),
        }
    }

    /// Starts the daemon once more, and stops it.
    pub(super) async fn start(&mut self, directory: &Directory<'_>) -> Result<(), String> {
        let (daemon, start) = directory.start().await?;
        self.listening_ms.push(start.listening_ms);
        self.ready_ms.push(start.ready_ms);
        self.ready_kib.extend(daemon.resident_kib().await);
        daemon.stop()
    }

    /// Median of the starts until it listened, in milliseconds.
    pub(super) fn listening_ms(&self) -> f64 {
        median(self.listening_ms.clone())
    }

    /// Median of the starts until it was ready, in milliseconds.
    pub(super) fn ready_ms(&self) -> f64 {
        median(self.ready_ms.clone())
    }

    /// Median of the memory after a start, in KiB; `None` if the system does not tell.
    pub(super) fn ready_kib(&self) -> Option<f64> {
        let kib: Vec<f64> = self.ready_kib.iter().map(|kib| *kib as f64).collect();
        (!kib.is_empty()).then(|| median(kib))
    }

    /// Memory of the accounts that are open, in KiB: what calling them added.
    pub(super) fn of_open_kib(&self) -> Option<f64> {
        Some(self.open_kib? as f64 - self.unused_kib? as f64)
    }

    /// Counts open accounts, descriptors and threads while this many connections are open, each of
    /// which has been answered.
    pub(super) async fn count(
        &mut self,
        daemon: &TestDaemon,
        connections: usize,
    ) -> Result<(), String> {
        let mut held = Vec::new();
        for _ in 0..connections {
            let mut connection = Connection::open(daemon.socket()).await?;
            connection.ask("system_version", &json!({})).await?;
            held.push(connection);
        }
        if let Some(connection) = held.first_mut() {
            let status = connection.ask("system_status", &json!({})).await?;
            self.open = status.pointer("/accounts/open").and_then(Value::as_u64);
        }
        let process = held.first().and_then(Connection::process);
        self.connections = held.len();
        self.descriptors = process.and_then(descriptors);
        self.threads = process.and_then(threads);
        Ok(())
    }
}

/// Asks both daemons in turn for what they say of all their accounts.
pub(super) async fn ask(
    one: &mut Standing,
    one_daemon: &TestDaemon,
    many: &mut Standing,
    many_daemon: &TestDaemon,
) -> Result<(), String> {
    let metrics = read_request("/metrics");
    let status = request("system_status", &json!({}));
    let mut connections = [
        Connection::open(one_daemon.socket()).await?,
        Connection::open(many_daemon.socket()).await?,
    ];
    let [one_metrics, many_metrics] = ask_in_turn(&mut connections, &metrics).await?;
    let [one_status, many_status] = ask_in_turn(&mut connections, &status).await?;
    (one.metrics, one.status) = (one_metrics, one_status);
    (many.metrics, many.status) = (many_metrics, many_status);
    Ok(())
}

async fn ask_in_turn(
    connections: &mut [Connection; 2],
    request: &Rc<[u8]>,
) -> Result<[Answer; 2], String> {
    let mut answers = [Answer::default(), Answer::default()];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ASKED {
        for ((connection, answer), times) in
            connections.iter_mut().zip(&mut answers).zip(&mut times)
        {
            let began = Instant::now();
            answer.bytes = connection.exchange(request).await?.len();
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    for (answer, times) in answers.iter_mut().zip(times) {
        answer.max_ms = times.iter().copied().fold(0.0, f64::max);
        answer.p50_ms = median(times);
    }
    Ok(answers)
}
