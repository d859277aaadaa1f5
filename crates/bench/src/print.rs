//! The report for people.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use daemon::commands::terminal::{ASIDE, BAD, GOOD, HEADING, Look, NAME, WARNING};

use crate::{
    figure::{Figure, Latency, Step},
    report::{Bar, Growth, Report},
};

/// Widest bar of a histogram, in characters.
const WIDEST: u64 = 50;
/// Parts of a character that a bar may end with, from none to seven eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// What stands where there is nothing.
const NOTHING: &str = "-";

/// Prints the report: where, how fast, how long, and with `bars` how that stands to the bars.
pub(crate) fn print(
    report: &Report,
    bars: bool,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    place(report, look, out)?;
    calls(report, look, out)?;
    for figure in &report.figures {
        let about = format!("{}, {}", figure.name, connections(figure.connections));
        histogram(&about, &figure.distribution, look, out)?;
    }
    let commits = &report.floors.bare_commit.distribution;
    histogram("bare durable commit", commits, look, out)?;
    more(report, look, out)?;
    if let Some(error) = &report.first_error {
        let line = format!("{} calls failed, the first: {error}", report.errors);
        writeln!(out, "\n{}", look.paint(BAD, &line))?;
    }
    if bars {
        writeln!(out)?;
        markdown(&report.bars, out)?;
    }
    Ok(())
}

fn place(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let (place, asked) = (&report.place, &report.asked);
    let unknown = || NOTHING.to_owned();
    let processor = place.processor.clone().unwrap_or_else(unknown);
    let daemon = asked
        .socket
        .clone()
        .unwrap_or_else(|| "a scratch daemon".to_owned());
    let length = match (asked.seconds, asked.calls) {
        (_, Some(calls)) => format!("{calls} calls of each kind in each of"),
        (seconds, None) => format!("{} s for each kind in", seconds.unwrap_or_default()),
    };
    let lines = [
        ("version", place.version.to_owned()),
        (
            "machine",
            format!(
                "{processor}, {} processors, kernel {}",
                place.processors,
                place.kernel.clone().unwrap_or_else(unknown)
            ),
        ),
        (
            "directory",
            format!(
                "{} ({})",
                place.directory,
                place.filesystem.clone().unwrap_or_else(unknown)
            ),
        ),
        ("daemon", daemon),
        (
            "measured",
            format!("{length} {} rounds, {} peers", asked.rounds, asked.peers),
        ),
    ];
    for (name, value) in lines {
        writeln!(out, "{}  {value}", look.paint(NAME, &format!("{name:9}")))?;
    }
    for warning in place.warnings() {
        writeln!(out, "{}", look.paint(WARNING, warning))?;
    }
    Ok(())
}

fn calls(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    const COLUMNS: [&str; 11] = [
        "",
        "connections",
        "calls/s",
        "of empty",
        "p50",
        "p90",
        "p99",
        "max",
        "daemon",
        "caller",
        "errors",
    ];
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(COLUMNS);
    for figure in &report.figures {
        let Figure { latency, .. } = figure;
        let mut row = vec![
            figure.name.clone(),
            figure.connections.to_string(),
            format!("{:.0}", figure.calls_per_second),
            figure
                .of_empty
                .map_or_else(|| NOTHING.to_owned(), |ratio| format!("{ratio:.2}")),
        ];
        row.extend(spans(latency));
        row.extend(
            [figure.daemon_cpu_us, figure.caller_cpu_us]
                .map(|cpu| cpu.map_or_else(|| NOTHING.to_owned(), span)),
        );
        row.push(figure.errors.to_string());
        table.add_row(row);
    }
    let floors = &report.floors;
    let seals = format!("{} bare seals", report.asked.members);
    for (name, floor) in [
        ("bare commit", &floors.bare_commit),
        (&seals, &floors.seals),
    ] {
        let rate = format!("{:.0}", 1e6 / floor.latency.mean.max(f64::EPSILON));
        let mut row = vec![name.to_owned(), String::new(), rate, String::new()];
        row.extend(spans(&floor.latency));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(out)?;
    for (index, line) in table.lines().enumerate() {
        let line = line.trim_end();
        let line = if index == 0 {
            look.paint(HEADING, line)
        } else {
            line.to_owned()
        };
        writeln!(out, "{line}")?;
    }
    let note =
        "daemon, caller: processor time for one call. Rates and ratios are medians of the rounds.";
    writeln!(out, "{}", look.paint(ASIDE, note))
}

fn spans(latency: &Latency) -> [String; 4] {
    [latency.p50, latency.p90, latency.p99, latency.max].map(span)
}

/// A span given in microseconds, with three digits.
fn span(us: f64) -> String {
    let (value, unit) = match us {
        us if us < 1_000.0 => (us, "µs"),
        us if us < 1_000_000.0 => (us / 1_000.0, "ms"),
        us => (us / 1_000_000.0, "s"),
    };
    let decimals = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

fn connections(number: usize) -> String {
    match number {
        1 => "1 connection".to_owned(),
        number => format!("{number} connections"),
    }
}

fn histogram(about: &str, steps: &[Step], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let most = steps.iter().map(|step| step.count).max().unwrap_or(0);
    if most == 0 {
        return Ok(());
    }
    writeln!(out, "\n{}", look.paint(HEADING, about))?;
    for step in steps {
        let eighths = (step.count * WIDEST * 8).div_ceil(most);
        let whole = usize::try_from(eighths / 8).unwrap_or(0);
        let part = usize::try_from(eighths % 8).unwrap_or(0);
        let bar = "█".repeat(whole) + EIGHTHS.get(part).copied().unwrap_or_default();
        let from = format!("{:>8}", span(step.from_us));
        writeln!(out, "{}  {bar} {}", look.paint(NAME, &from), step.count)?;
    }
    Ok(())
}

fn more(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::new();
    if let Some(cost) = &report.commit_cost {
        lines.push((
            format!("a commit costs {} ms more", cost.added_ms),
            format!(
                "{:.0} calls/s on {}, {:.0} on one: {:.1} times",
                cost.many.calls_per_second,
                connections(cost.many.connections),
                cost.one.calls_per_second,
                cost.ratio
            ),
        ));
    }
    let growth = |what: &str, growth: &Growth| {
        (
            format!("{what} {} against {}", growth.to, growth.from),
            format!(
                "{:.0} calls/s against {:.0}: a message costs {:.2} times as much",
                growth.after, growth.before, growth.ratio
            ),
        )
    };
    lines.extend(
        report
            .sessions
            .iter()
            .map(|sessions| growth("sessions", sessions)),
    );
    lines.extend(
        report
            .sessions_spread
            .iter()
            .map(|sessions| growth("sessions, all in use,", sessions)),
    );
    lines.extend(
        report
            .messages
            .iter()
            .map(|messages| growth("messages", messages)),
    );
    let mib = |kib: Option<u64>| {
        kib.map_or_else(
            || NOTHING.to_owned(),
            |kib| format!("{:.1} MiB", kib as f64 / 1024.0),
        )
    };
    if report.idle_kib.is_some() {
        lines.push((
            "resident memory, one account".to_owned(),
            mib(report.idle_kib),
        ));
    }
    if let Some(full) = &report.full {
        lines.push((
            format!("{} accounts, {} sessions", full.accounts, full.sessions),
            format!(
                "resident memory {}, after a new start {}; ready in {:.0} ms",
                mib(full.resident_kib),
                mib(full.resident_after_start_kib),
                full.start_ms
            ),
        ));
    }
    if !lines.is_empty() {
        writeln!(out)?;
    }
    for (name, value) in lines {
        writeln!(out, "{}  {value}", look.paint(NAME, &name))?;
    }
    let missed = report.bars.iter().filter(|bar| !bar.met).count();
    let line = match missed {
        0 => look.paint(GOOD, "every bar that was measured is met"),
        _ => look.paint(WARNING, &format!("{missed} bars are not met")),
    };
    writeln!(out, "\n{line}")
}

/// The bars as a Markdown table.
fn markdown(bars: &[Bar], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| what | measured | bar | met |")?;
    writeln!(out, "| --- | ---: | ---: | --- |")?;
    for bar in bars {
        let Bar {
            name,
            measured,
            unit,
            ..
        } = bar;
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(" {unit}")
        };
        let side = if bar.at_least { "at least" } else { "at most" };
        let met = if bar.met { "yes" } else { "no" };
        writeln!(
            out,
            "| {name} | {measured:.2}{unit} | {side} {}{unit} | {met} |",
            bar.bar
        )?;
    }
    Ok(())
}
