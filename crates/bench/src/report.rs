//! The report: everything that was measured, and how it compares with the bars.

use serde::Serialize;
use serde_json::Value;

use crate::{
    Args,
    figure::Figure,
    table::{self, Bar, Bound},
};

/// A daemon with many accounts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyAccounts {
    /// Resident memory after all sessions were used, in KiB.
    pub resident_kib: Option<u64>,
    /// Resident memory after a new start, in KiB.
    pub resident_after_start_kib: Option<u64>,
    /// From the start of the process until it listens, in milliseconds; the median of some starts.
    /// Its key is in a file, and needs no derivation.
    pub start_ms: f64,
}

/// The report. What was not asked for is left out or null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report<'a> {
    /// Why the figures mean little, if they do.
    pub warnings: Vec<&'static str>,
    /// How it was measured.
    pub settings: &'a Args,
    /// What the daemon says of its version.
    pub daemon: Value,
    /// The calls and the floors.
    pub figures: Vec<Figure>,
    /// Resident memory of a scratch daemon with one account before anything was measured, in KiB.
    pub idle_kib: Option<u64>,
    /// A daemon with many accounts.
    pub many_accounts: Option<ManyAccounts>,
    /// How the figures compare with the bars.
    pub bars: Vec<Bar>,
}

impl Report<'_> {
    /// Fills in [`Report::bars`]; what was not measured has none.
    pub(crate) fn compare_with_bars(&mut self) {
        let figure = |name, connections| {
            let mut figures = self.figures.iter();
            figures.find(|figure| figure.name == name && figure.connections == connections)
        };
        let many = self.settings.setup.connections;
        let rate = |name, connections| Some(figure(name, connections)?.calls_per_second);
        let of_empty = |name| figure(name, many)?.of_empty;
        let p50 = |name| Some(figure(name, 1)?.p50_us);
        let over_floor = |name| Some(p50(name)? - p50("empty")? - p50("commit")?);
        let of_floor = || Some(p50("group")? / (p50("seals")? + p50("commit")?));
        let shared = || Some(rate("slow commits", many)? / rate("slow commits", 1)?);
        let cost = |small, large| Some(rate(small, many)? / rate(large, many)?);
        let mib = |kib: Option<u64>| Some(kib? as f64 / 1024.0);
        let accounts = self.many_accounts.as_ref();
        let used = accounts.and_then(|all| all.resident_kib.max(all.resident_after_start_kib));
        let start = accounts.map(|all| all.start_ms);
        let (few, sessions, spread) = ("few sessions", "many sessions", "many sessions, all used");
        let (least, most) = (Bound::Least, Bound::Most);
        self.bars = [
            ("encrypt / empty", of_empty("encrypt"), least, 0.5),
            ("slow commits, all / 1 connection", shared(), least, 20.0),
            ("decrypt / empty", of_empty("decrypt"), least, 0.4),
            ("strange, a second", rate("strange", many), least, 10_000.0),
            (
                "encrypt − empty − commit, µs",
                over_floor("encrypt"),
                most,
                100.0,
            ),
            (
                "decrypt − empty − commit, µs",
                over_floor("decrypt"),
                most,
                100.0,
            ),
            ("group / (seals + commit)", of_floor(), most, 2.0),
            ("cost with many sessions", cost(few, sessions), most, 1.3),
            ("the same, all used", cost(few, spread), most, 1.3),
            (
                "cost of the last messages",
                cost("first messages", "last messages"),
                most,
                1.3,
            ),
            ("idle memory, MiB", mib(self.idle_kib), most, 32.0),
            ("memory with many accounts, MiB", mib(used), most, 128.0),
            ("start with many accounts, ms", start, most, 300.0),
        ]
        .into_iter()
        .filter_map(Bar::of)
        .collect();
    }

    /// The figures and the bars as tables of at most 80 columns, after the warnings: what fits a
    /// screen. Everything else that was measured is in the JSON.
    pub(crate) fn tables(&self) -> String {
        let warnings = table::warnings(&self.warnings);
        let (figures, bars) = (table::figures(&self.figures), table::bars(&self.bars));
        format!("{warnings}{figures}\n\n{bars}")
    }
}
