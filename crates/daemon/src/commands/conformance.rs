//! `ratchetd conformance FILE…`.

use std::{
    io::{Read as _, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    config::input,
    conformance::{FORMATS, FileReport, replay},
};

/// The format of the report with `--json`.
const REPORT_FORMAT: &str = "ratchetd-conformance/1";

/// What `conformance` takes.
#[derive(Debug, clap::Args)]
pub struct ConformanceArgs {
    /// Files with vectors: of the formats ratchetd-conformance/1 and /2, of ratchetd-trust
    /// (envelopes, topics, identities, accounts, keystores), of ratchetd-groups/membership/1 and
    /// ratchetd-groups/keys/1, or conversations recorded from status-go; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object for all files instead of a line for each
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
        let report = read(path).and_then(|text| replay(&text));
        let name = input::input_name(path);
        all_passed &= matches!(
            report,
            Ok(FileReport::OtherFormat | FileReport::Replayed { failed: 0, .. })
        );
        if args.json {
            reports.push(for_programs(&name, report));
        } else {
            writeln!(out, "{name}: {}", for_people(report))?;
        }
    }
    if args.json {
        writeln!(
            out,
            "{:#}",
            json!({"format": REPORT_FORMAT, "files": reports, "passed": all_passed})
        )?;
    }
    Ok(all_passed)
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    input::open(path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    Ok(text)
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
        Ok(FileReport::OtherFormat) => format!("skipped, not of format {}", FORMATS.join(" or ")),
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
