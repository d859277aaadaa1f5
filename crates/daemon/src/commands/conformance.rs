//! `ratchetd conformance FILE…`.

use std::{io::Write, path::PathBuf};

use serde_json::{Value, json};

use crate::conformance::{FORMAT, FileReport, replay_file};

/// What `conformance` takes.
#[derive(Debug, clap::Args)]
pub struct ConformanceArgs {
    /// Files of format ratchetd-conformance/1, of ratchetd-trust (envelopes, topics, identities,
    /// accounts, keystores), or conversations recorded from status-go
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON instead of a line for each file
    #[arg(long)]
    json: bool,
}

/// Replays the files, and returns whether all passed.
///
/// # Errors
/// If the report cannot be written.
pub fn run(args: &ConformanceArgs, out: &mut dyn Write) -> std::io::Result<bool> {
    let mut all_passed = true;
    let mut reports = Vec::new();
    for path in &args.files {
        let report = replay_file(path);
        all_passed &= matches!(
            report,
            Ok(FileReport::OtherFormat | FileReport::Replayed { failed: 0, .. })
        );
        if args.json {
            reports.push(for_programs(&path.display().to_string(), report));
        } else {
            writeln!(out, "{}: {}", path.display(), for_people(report))?;
        }
    }
    if args.json {
        writeln!(
            out,
            "{:#}",
            json!({"format": FORMAT, "files": reports, "passed": all_passed})
        )?;
    }
    Ok(all_passed)
}

fn for_people(report: Result<FileReport, String>) -> String {
    match report {
        Ok(FileReport::Replayed {
            passed,
            failed,
            first_failure,
            not_compared,
        }) => {
            let first = first_failure.map(|first| format!("; first: {first}"));
            let rest: Vec<String> = not_compared
                .iter()
                .map(|(what, count)| format!("{what} ({count})"))
                .collect();
            let rest = (!rest.is_empty()).then(|| format!("; not compared: {}", rest.join(", ")));
            format!(
                "{passed} passed, {failed} failed{}{}",
                first.unwrap_or_default(),
                rest.unwrap_or_default()
            )
        }
        Ok(FileReport::OtherFormat) => format!("skipped, not of format {FORMAT}"),
        Err(error) => error,
    }
}

fn for_programs(file: &str, report: Result<FileReport, String>) -> Value {
    match report {
        Ok(FileReport::Replayed {
            passed,
            failed,
            first_failure,
            not_compared,
        }) => json!({
            "file": file,
            "passed": passed,
            "failed": failed,
            "firstFailure": first_failure,
            "notCompared": not_compared,
        }),
        Ok(FileReport::OtherFormat) => json!({"file": file, "skipped": true}),
        Err(error) => json!({"file": file, "error": error}),
    }
}
