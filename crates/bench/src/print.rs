//! The report as text: a table, histograms, and with `--bars` a table in Markdown.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use daemon::commands::terminal::{ASIDE, BAD, GOOD, HEADING, Look, NAME, WARNING};

use crate::{
    figure::{Bucket, Figure, Latency},
    report::{Bar, Report, Scaling},
};

/// Widest bar of a histogram, in characters.
const WIDEST: u64 = 50;
/// Parts of a character that a bar may end with, from none to seven eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Printed for a value that is unknown.
const UNKNOWN: &str = "-";

/// Prints the report: the machine, the calls, their latencies, and with `bars` how they compare
/// with the bars.
pub(crate) fn print(
    report: &Report,
    bars: bool,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    settings(report, look, out)?;
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

fn settings(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let (machine, settings) = (&report.machine, &report.settings);
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    let daemon = settings.socket.as_deref().unwrap_or("a scratch daemon");
    let length = match (settings.seconds, settings.calls) {
        (_, Some(calls)) => format!("{calls} calls of each kind in each of"),
        (seconds, None) => format!("{} s for each kind in", seconds.unwrap_or_default()),
    };
    let lines = [
        (
            "machine",
            format!(
                "{}, {} processors, kernel {}",
                known(&machine.processor),
                machine.processors,
                known(&machine.kernel)
            ),
        ),
        (
            "directory",
            format!("{} ({})", machine.directory, known(&machine.filesystem)),
        ),
        ("daemon", format!("{daemon}, version {}", report.daemon)),
        (
            "measured",
            format!(
                "{length} {} rounds, {} peers",
                settings.rounds, settings.peers
            ),
        ),
    ];
    for (name, value) in lines {
        writeln!(out, "{}  {value}", look.paint(NAME, &format!("{name:9}")))?;
    }
    for warning in machine.warnings() {
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
                .map_or_else(|| UNKNOWN.to_owned(), |ratio| format!("{ratio:.2}")),
        ];
        row.extend(spans(latency));
        row.extend(
            [figure.daemon_cpu_us, figure.caller_cpu_us]
                .map(|cpu| cpu.map_or_else(|| UNKNOWN.to_owned(), span)),
        );
        row.push(figure.errors.to_string());
        table.add_row(row);
    }
    let floors = &report.floors;
    let seals = format!("{} bare seals", report.settings.members);
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

/// A time given in microseconds, with three digits and its unit.
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

fn histogram(
    about: &str,
    distribution: &[Bucket],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let counts = distribution.iter().map(|bucket| bucket.count);
    let most = counts.max().unwrap_or(0);
    if most == 0 {
        return Ok(());
    }
    writeln!(out, "\n{}", look.paint(HEADING, about))?;
    for bucket in distribution {
        let eighths = (bucket.count * WIDEST * 8).div_ceil(most);
        let whole = usize::try_from(eighths / 8).unwrap_or(0);
        let part = usize::try_from(eighths % 8).unwrap_or(0);
        let bar = "█".repeat(whole) + EIGHTHS.get(part).copied().unwrap_or_default();
        let from = format!("{:>8}", span(bucket.from_us));
        writeln!(out, "{}  {bar} {}", look.paint(NAME, &from), bucket.count)?;
    }
    Ok(())
}

/// What was measured besides calls, and whether the bars are met.
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
    for (what, scaling) in [
        ("sessions", &report.sessions),
        ("sessions, all in use,", &report.sessions_spread),
        ("messages", &report.messages),
    ] {
        let Some(Scaling {
            from,
            to,
            before,
            after,
            ratio,
        }) = scaling
        else {
            continue;
        };
        lines.push((
            format!("{what} {to} against {from}"),
            format!(
                "{after:.0} calls/s against {before:.0}: a message costs {ratio:.2} times as much"
            ),
        ));
    }
    let mib = |kib: Option<u64>| {
        kib.map_or_else(
            || UNKNOWN.to_owned(),
            |kib| format!("{:.1} MiB", kib as f64 / 1024.0),
        )
    };
    if report.idle_kib.is_some() {
        lines.push((
            "resident memory, one account".to_owned(),
            mib(report.idle_kib),
        ));
    }
    if let Some(many) = &report.many_accounts {
        lines.push((
            format!("{} accounts, {} sessions", many.accounts, many.sessions),
            format!(
                "resident memory {}, after a new start {}; ready in {:.0} ms",
                mib(many.resident_kib),
                mib(many.resident_after_start_kib),
                many.start_ms
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
