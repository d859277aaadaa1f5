//! Everything that was measured, and what it says of the bars.

use serde::Serialize;

use crate::{
    figure::{Figure, Latency, Step},
    machine::Place,
};

/// Added to an empty call and a bare commit: what one call on an idle daemon may take besides, in microseconds.
const ALLOWANCE_US: f64 = 100.0;

/// What was asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    /// The running daemon's socket; null for a scratch daemon.
    pub socket: Option<String>,
    /// Connections at once.
    pub connections: usize,
    /// Time for each kind of call, all rounds together; null if a number of calls was given.
    pub seconds: Option<f64>,
    /// Calls of each kind in a round; null if a time was given.
    pub calls: Option<u64>,
    /// Rounds.
    pub rounds: usize,
    /// What is called together.
    pub mix: String,
    /// Those that the connections talk with.
    pub peers: usize,
    /// Members of the group.
    pub members: usize,
}

/// A floor: something measured without the daemon.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Floor {
    /// How often it was done.
    pub count: u64,
    /// How long it took.
    pub latency: Latency,
    /// How that was distributed.
    pub distribution: Vec<Step>,
}

/// The floors beside the empty call.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Floors {
    /// One durable commit of one small row.
    pub bare_commit: Floor,
    /// One message sealed for each member of the group, by the cryptography alone.
    pub seals: Floor,
}

/// How much is gained by sharing commits when one costs so much more.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommitCost {
    /// What is added to each commit, in milliseconds.
    pub added_ms: u64,
    /// Encryptions on one connection.
    pub one: Figure,
    /// Encryptions on all connections.
    pub many: Figure,
    /// The latter's rate against the former's.
    pub ratio: f64,
}

/// What a message costs in a small and in a large state.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Growth {
    /// Sessions in the store, or messages before.
    pub from: u64,
    /// The same of the large state.
    pub to: u64,
    /// Calls a second in the small one.
    pub before: f64,
    /// Calls a second in the large one.
    pub after: f64,
    /// How many times as much a message costs.
    pub ratio: f64,
}

/// A full daemon.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Full {
    /// Its accounts.
    pub accounts: usize,
    /// Sessions of all of them.
    pub sessions: u64,
    /// Resident memory when it has done its work, in KiB.
    pub resident_kib: Option<u64>,
    /// Resident memory after a new start, in KiB.
    pub resident_after_start_kib: Option<u64>,
    /// From the start of the process until it listens, in milliseconds; the median of some starts. Its key needs no derivation.
    pub start_ms: f64,
}

/// A bar that this command measures.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bar {
    /// What of.
    pub name: String,
    /// What was measured.
    pub measured: f64,
    /// What it should be.
    pub bar: f64,
    /// Of what both are a number; empty for ratios.
    pub unit: &'static str,
    /// Whether it should be at least that, not at most.
    pub at_least: bool,
    /// Whether it is.
    pub met: bool,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Where it was measured.
    pub place: Place,
    /// What was asked for.
    pub asked: Asked,
    /// What calls are compared with.
    pub floors: Floors,
    /// The calls.
    pub figures: Vec<Figure>,
    /// Only if asked for.
    pub commit_cost: Option<CommitCost>,
    /// Resident memory of a scratch daemon with one account before anything was measured, in KiB.
    pub idle_kib: Option<u64>,
    /// With many sessions in the store, to the same recipients as with few. Only if asked for.
    pub sessions: Option<Growth>,
    /// The same to recipients from all over the store.
    pub sessions_spread: Option<Growth>,
    /// Only if asked for.
    pub messages: Option<Growth>,
    /// Only if asked for.
    pub full: Option<Full>,
    /// What that says of the bars.
    pub bars: Vec<Bar>,
    /// Calls that failed.
    pub errors: u64,
    /// What was wrong with the first.
    pub first_error: Option<String>,
}

impl Report {
    fn figure(&self, name: &str, connections: usize) -> Option<&Figure> {
        let mut figures = self.figures.iter();
        figures.find(|figure| figure.name == name && figure.connections == connections)
    }

    /// Holds what was measured against the bars.
    pub(crate) fn judge(&mut self) {
        let many = self.asked.connections;
        let of_empty = |name| self.figure(name, many).and_then(|figure| figure.of_empty);
        let p50 = |name| self.figure(name, 1).map(|figure| figure.latency.p50);
        let commit = self.floors.bare_commit.latency.p50;
        let added = |name| Some(p50(name)? - p50("empty")? - commit);
        let seals = self.floors.seals.latency.p50;
        let mib = |kib: Option<u64>| kib.map(|kib| kib as f64 / 1024.0);
        let full = self.full.as_ref();
        let ratio = |growth: &Option<Growth>| growth.as_ref().map(|growth| growth.ratio);
        let rows = [
            (
                format!("durable message_encrypt, {many} connections, of the empty call's rate"),
                of_empty("encrypt"),
                at_least(0.5, ""),
            ),
            (
                self.commit_cost.as_ref().map_or_else(String::new, |cost| {
                    format!(
                        "the same, {many} connections against 1, a commit costs {} ms more",
                        cost.added_ms
                    )
                }),
                self.commit_cost.as_ref().map(|cost| cost.ratio),
                at_least(20.0, "times"),
            ),
            (
                format!(
                    "message_decrypt with confirm, {many} connections, of the empty call's rate"
                ),
                of_empty("decrypt"),
                at_least(0.4, ""),
            ),
            (
                format!("strangers' sealed messages a second, {many} connections"),
                self.figure("strange", many)
                    .map(|figure| figure.calls_per_second),
                at_least(10_000.0, "a second"),
            ),
            (
                "latency of message_encrypt on an idle daemon, over empty call + bare commit, p50"
                    .to_owned(),
                added("encrypt"),
                at_most(ALLOWANCE_US, "µs"),
            ),
            (
                "latency of message_decrypt on an idle daemon, over empty call + bare commit, p50"
                    .to_owned(),
                added("decrypt"),
                at_most(ALLOWANCE_US, "µs"),
            ),
            (
                format!(
                    "message_encryptGroup to {members}, against {members} bare seals + bare commit, p50",
                    members = self.asked.members
                ),
                p50("group").map(|group| group / (seals + commit)),
                at_most(2.0, "times"),
            ),
            (
                self.sessions.as_ref().map_or_else(String::new, |growth| {
                    format!(
                        "cost of a message with {} sessions in the store against {}",
                        growth.to, growth.from
                    )
                }),
                ratio(&self.sessions),
                at_most(1.3, "times"),
            ),
            (
                "the same, to recipients from all over the store".to_owned(),
                ratio(&self.sessions_spread),
                at_most(1.3, "times"),
            ),
            (
                self.messages.as_ref().map_or_else(String::new, |growth| {
                    format!(
                        "cost of a message after {} messages against the first {}",
                        growth.to, growth.from
                    )
                }),
                ratio(&self.messages),
                at_most(1.3, "times"),
            ),
            (
                "resident memory, idle with one account".to_owned(),
                mib(self.idle_kib),
                at_most(32.0, "MiB"),
            ),
            (
                full.map_or_else(String::new, |full| {
                    format!(
                        "resident memory, {} accounts and {} sessions",
                        full.accounts, full.sessions
                    )
                }),
                full.and_then(|full| mib(full.resident_kib.max(full.resident_after_start_kib))),
                at_most(128.0, "MiB"),
            ),
            (
                full.map_or_else(String::new, |full| {
                    format!("start to ready with {} accounts", full.accounts)
                }),
                full.map(|full| full.start_ms),
                at_most(300.0, "ms"),
            ),
        ];
        self.bars = rows
            .into_iter()
            .filter_map(|(name, measured, (bar, unit, at_least))| {
                let measured = measured?;
                let met = if at_least {
                    measured >= bar
                } else {
                    measured <= bar
                };
                Some(Bar {
                    name,
                    measured,
                    bar,
                    unit,
                    at_least,
                    met,
                })
            })
            .collect();
    }
}

const fn at_least(bar: f64, unit: &'static str) -> (f64, &'static str, bool) {
    (bar, unit, true)
}

const fn at_most(bar: f64, unit: &'static str) -> (f64, &'static str, bool) {
    (bar, unit, false)
}
