//! The report: everything that was measured, and how it compares with the bars.

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::Value;

use crate::{Args, figure::Figure};

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

/// A bar: what a figure should be at least or at most.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bar {
    /// What was measured.
    pub name: &'static str,
    /// Its value.
    pub measured: f64,
    /// What the value should be, at least or at most.
    pub bar: f64,
    /// Which of the two.
    pub bound: Bound,
    /// Whether it is.
    pub met: bool,
}

/// Which values are on the right side of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bound {
    /// Those at or above it.
    Least,
    /// Those at or below it.
    Most,
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
        let many = self.settings.connections;
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
        .filter_map(|(name, measured, bound, bar)| {
            let measured = measured?;
            let met = match bound {
                Bound::Least => measured >= bar,
                Bound::Most => measured <= bar,
            };
            Some(Bar {
                name,
                measured,
                bar,
                bound,
                met,
            })
        })
        .collect();
    }

    /// The figures and the bars as tables of at most 80 columns, after the warnings: what fits a
    /// screen. Everything else that was measured is in the JSON.
    pub(crate) fn tables(&self) -> String {
        let figures = self.figures.iter().map(|figure| {
            vec![
                figure.name.clone(),
                figure.connections.to_string(),
                short(figure.calls_per_second),
                figure.of_empty.map(short).unwrap_or_default(),
                short(figure.p50_us),
                short(figure.p99_us),
                short(figure.daemon_us),
                short(figure.caller_us),
            ]
        });
        let figures = table(FIGURE_COLUMNS, figures);
        let bars = self.bars.iter().map(|bar| {
            let bound = match bar.bound {
                Bound::Least => "at least",
                Bound::Most => "at most",
            };
            vec![
                bar.name.to_owned(),
                short(bar.measured),
                format!("{bound} {}", short(bar.bar)),
                if bar.met { "yes" } else { "no" }.to_owned(),
            ]
        });
        let bars = table(["bar", "measured", "should be", "met"], bars);
        let warnings: String = self.warnings.iter().flat_map(|line| [line, "\n"]).collect();
        format!("{warnings}{figures}\n\n{bars}")
    }
}

/// The columns of the figures: times are in microseconds, of the daemon and the caller of processor
/// time for one call.
const FIGURE_COLUMNS: [&str; 8] = [
    "call", "conns", "calls/s", "/empty", "p50 µs", "p99 µs", "daemon", "caller",
];

/// A table with a heading; all but the first column are numbers.
fn table<const N: usize>(heading: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(heading.map(Cell::new));
    for row in rows {
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// A number with three digits at least, and no more of them than say something.
fn short(number: f64) -> String {
    match number.abs() {
        large if large >= 100.0 => format!("{number:.0}"),
        middle if middle >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}
