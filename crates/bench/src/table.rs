//! Tables for people, and the bars in them.

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

use crate::figure::Figure;

/// A bar: what a figure should be at least or at most.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

impl Bar {
    /// Compares a value with its bar; `None` if it was not measured.
    pub(crate) fn of(
        (name, measured, bound, bar): (&'static str, Option<f64>, Bound, f64),
    ) -> Option<Self> {
        let measured = measured?;
        let met = match bound {
            Bound::Least => measured >= bar,
            Bound::Most => measured <= bar,
        };
        Some(Self {
            name,
            measured,
            bar,
            bound,
            met,
        })
    }
}

/// The columns of the figures: times are in microseconds, of the daemon and the caller of processor
/// time for one call.
const FIGURE_COLUMNS: [&str; 8] = [
    "call", "conns", "calls/s", "/empty", "p50 µs", "p99 µs", "daemon", "caller",
];

/// The figures, a line each.
pub(crate) fn figures(figures: &[Figure]) -> String {
    let rows = figures.iter().map(|figure| {
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
    table(FIGURE_COLUMNS, rows)
}

/// The bars, a line each.
pub(crate) fn bars(bars: &[Bar]) -> String {
    let rows = bars.iter().map(|bar| {
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
    table(["bar", "measured", "should be", "met"], rows)
}

/// The warnings, a line each.
pub(crate) fn warnings(warnings: &[&str]) -> String {
    warnings.iter().flat_map(|line| [line, "\n"]).collect()
}

/// A table with a heading; all but the first column are numbers.
pub(crate) fn table<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
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
pub(crate) fn short(number: f64) -> String {
    match number.abs() {
        large if large >= 100.0 => format!("{number:.0}"),
        middle if middle >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}
