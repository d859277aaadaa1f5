//! The report: everything that was measured, and how it compares with the bars.

use serde::Serialize;

use crate::{
    figure::{Bucket, Figure, Latency},
    machine::Machine,
};

/// What one call on an idle daemon may take besides an empty call and a bare commit, in
/// microseconds.
const ALLOWANCE_US: f64 = 100.0;

/// How it was measured.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
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
    /// The mix.
    pub mix: String,
    /// Devices that the connections talk with.
    pub peers: usize,
    /// Members of the group.
    pub members: usize,
}

/// A floor: something measured without the daemon.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Floor {
    /// Samples taken.
    pub count: u64,
    /// How long they took.
    pub latency: Latency,
    /// How that was distributed.
    pub distribution: Vec<Bucket>,
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

/// How much is gained by sharing commits when a commit is slow.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommitCost {
    /// Added to each commit, in milliseconds.
    pub added_ms: u64,
    /// Encryptions on one connection.
    pub one: Figure,
    /// Encryptions on all connections.
    pub many: Figure,
    /// The rate on all connections over that on one.
    pub ratio: f64,
}

/// What a message costs in a small and in a large state.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Scaling {
    /// Sessions in the small store, or messages in the first block.
    pub from: u64,
    /// Sessions in the large store, or messages before the last blocks.
    pub to: u64,
    /// Calls a second in the small state.
    pub before: f64,
    /// Calls a second in the large state.
    pub after: f64,
    /// How many times as much a message costs in the large state.
    pub ratio: f64,
}

impl Scaling {
    /// From the rates before and after the state has grown.
    pub(crate) fn new(from: u64, to: u64, before: f64, after: f64) -> Self {
        Self {
            from,
            to,
            before,
            after,
            ratio: before / after.max(f64::EPSILON),
        }
    }
}

/// A daemon with many accounts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyAccounts {
    /// Its accounts.
    pub accounts: usize,
    /// Sessions of all accounts.
    pub sessions: u64,
    /// Resident memory after all sessions were used, in KiB.
    pub resident_kib: Option<u64>,
    /// Resident memory after a new start, in KiB.
    pub resident_after_start_kib: Option<u64>,
    /// From the start of the process until it listens, in milliseconds; the median of some starts.
    /// Its key is in a file, and needs no derivation.
    pub start_ms: f64,
}

/// A bar: what a figure should be at least or at most.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bar {
    /// What was measured.
    pub name: String,
    /// Its value.
    pub measured: f64,
    /// What the value should be.
    pub bar: f64,
    /// The unit of both; empty for ratios.
    pub unit: &'static str,
    /// Whether the value should be at least the bar; otherwise at most.
    pub at_least: bool,
    /// Whether it is.
    pub met: bool,
}

/// The report. What was not asked for is null.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The machine.
    pub machine: Machine,
    /// Version of the daemon.
    pub daemon: String,
    /// How it was measured.
    pub settings: Settings,
    /// What calls are compared with.
    pub floors: Floors,
    /// The calls.
    pub figures: Vec<Figure>,
    /// Encryptions with slow commits.
    pub commit_cost: Option<CommitCost>,
    /// Resident memory of a scratch daemon with one account before anything was measured, in KiB.
    pub idle_kib: Option<u64>,
    /// Messages with many sessions in the store, to the same recipients as with few.
    pub sessions: Option<Scaling>,
    /// The same to recipients from all over the store.
    pub sessions_spread: Option<Scaling>,
    /// Messages after many others.
    pub messages: Option<Scaling>,
    /// A daemon with many accounts.
    pub many_accounts: Option<ManyAccounts>,
    /// How the figures compare with the bars.
    pub bars: Vec<Bar>,
    /// Calls that failed.
    pub errors: u64,
    /// Why the first of them failed.
    pub first_error: Option<String>,
}

impl Report {
    fn figure(&self, name: &str, connections: usize) -> Option<&Figure> {
        let mut figures = self.figures.iter();
        figures.find(|figure| figure.name == name && figure.connections == connections)
    }

    /// Fills in [`Report::bars`]; what was not measured has none.
    pub(crate) fn compare_with_bars(&mut self) {
        let (many, members) = (self.settings.connections, self.settings.members);
        let mut bars = Bars::default();
        let of_empty = |name| self.figure(name, many)?.of_empty;
        bars.at_least(
            0.5,
            "",
            of_empty("encrypt"),
            format!("durable message_encrypt, {many} connections, of the empty call's rate"),
        );
        if let Some(cost) = &self.commit_cost {
            let added = cost.added_ms;
            bars.at_least(
                20.0,
                "times",
                Some(cost.ratio),
                format!("the same, {many} connections against 1, a commit costs {added} ms more"),
            );
        }
        bars.at_least(
            0.4,
            "",
            of_empty("decrypt"),
            format!("message_decrypt with confirm, {many} connections, of the empty call's rate"),
        );
        bars.at_least(
            10_000.0,
            "a second",
            self.figure("strange", many)
                .map(|figure| figure.calls_per_second),
            format!("strangers' sealed messages a second, {many} connections"),
        );
        let p50 = |name| Some(self.figure(name, 1)?.latency.p50);
        let commit = self.floors.bare_commit.latency.p50;
        for kind in ["encrypt", "decrypt"] {
            let over_floor = || Some(p50(kind)? - p50("empty")? - commit);
            bars.at_most(
                ALLOWANCE_US,
                "µs",
                over_floor(),
                format!(
                    "latency of message_{kind} on an idle daemon, over empty call + bare commit, p50"
                ),
            );
        }
        let seals = self.floors.seals.latency.p50;
        bars.at_most(
            2.0,
            "times",
            p50("group").map(|group| group / (seals + commit)),
            format!(
                "message_encryptGroup to {members}, against {members} bare seals + bare commit, p50"
            ),
        );
        if let Some(Scaling {
            from, to, ratio, ..
        }) = self.sessions
        {
            bars.at_most(
                1.3,
                "times",
                Some(ratio),
                format!("cost of a message with {to} sessions in the store against {from}"),
            );
        }
        bars.at_most(
            1.3,
            "times",
            self.sessions_spread.as_ref().map(|spread| spread.ratio),
            "the same, to recipients from all over the store".to_owned(),
        );
        if let Some(Scaling {
            from, to, ratio, ..
        }) = self.messages
        {
            bars.at_most(
                1.3,
                "times",
                Some(ratio),
                format!("cost of a message after {to} messages against the first {from}"),
            );
        }
        let mib = |kib: Option<u64>| kib.map(|kib| kib as f64 / 1024.0);
        bars.at_most(
            32.0,
            "MiB",
            mib(self.idle_kib),
            "resident memory, idle with one account".to_owned(),
        );
        if let Some(many) = &self.many_accounts {
            let (accounts, sessions) = (many.accounts, many.sessions);
            bars.at_most(
                128.0,
                "MiB",
                mib(many.resident_kib.max(many.resident_after_start_kib)),
                format!("resident memory, {accounts} accounts and {sessions} sessions"),
            );
            bars.at_most(
                300.0,
                "ms",
                Some(many.start_ms),
                format!("start to ready with {accounts} accounts"),
            );
        }
        self.bars = bars.0;
    }
}

/// Collects bars.
#[derive(Default)]
struct Bars(Vec<Bar>);

impl Bars {
    fn at_least(&mut self, bar: f64, unit: &'static str, measured: Option<f64>, name: String) {
        self.0.extend(measured.map(|measured| Bar {
            name,
            measured,
            bar,
            unit,
            at_least: true,
            met: measured >= bar,
        }));
    }

    fn at_most(&mut self, bar: f64, unit: &'static str, measured: Option<f64>, name: String) {
        self.0.extend(measured.map(|measured| Bar {
            name,
            measured,
            bar,
            unit,
            at_least: false,
            met: measured <= bar,
        }));
    }
}
