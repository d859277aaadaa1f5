//! `ratchetd doctor`: checks everything a daemon depends on, and says what to do. Changes nothing.

mod files;
mod peers;
mod serving;
mod stores;

use std::{io::Write, path::PathBuf};

use serde::Serialize;

use crate::{
    commands::{
        Failure,
        terminal::{BAD, GOOD, Look, NAME, WARNING},
    },
    config::{DirectoryFlags, Flags, Settings, read_passphrase},
    ops::{build::VERSION, clock::Clock},
};

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The daemon's Unix socket [default: as for serve]
    #[arg(long, env = "RATCHETD_SOCKET", value_name = "PATH")]
    socket: Option<String>,
    #[command(flatten)]
    directory: DirectoryFlags,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is as it should be.
    Ok,
    /// Good to know; nothing needs to be done.
    Notice,
    /// It works, and something should be done about it.
    Warning,
    /// It does not work, or is not safe.
    Problem,
}

/// The result of one check.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// Its stable name, with dots.
    id: &'static str,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// What was found.
    message: String,
    /// What to do about it; absent if nothing needs to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    version: &'static str,
    data_dir: PathBuf,
    findings: Vec<Finding>,
    worst: Severity,
}

impl Finding {
    fn ok(id: &'static str, message: impl Into<String>) -> Self {
        Self {
            id,
            severity: Severity::Ok,
            account: None,
            message: message.into(),
            advice: None,
        }
    }

    fn new(
        id: &'static str,
        severity: Severity,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            advice: Some(advice.into()),
            ..Self::ok(id, message)
        }
    }

    fn of(self, account: &str) -> Self {
        Self {
            account: Some(account.to_owned()),
            ..self
        }
    }
}

/// Checks everything, prints the findings, and returns the severity of the worst.
///
/// # Errors
/// One line, if the configuration does not say where to look.
pub fn run(args: DoctorArgs, out: &mut dyn Write) -> Result<Severity, Failure> {
    let mut flags = Flags::from(args.directory);
    flags.socket = args.socket;
    let settings = Settings::load(flags)?;
    let findings = examine(&settings);
    let worst = findings.iter().map(|finding| finding.severity).max();
    let report = Report {
        version: VERSION,
        data_dir: settings.data_dir,
        findings,
        worst: worst.unwrap_or(Severity::Ok),
    };
    // It does not matter whether the output is read.
    let _ = if args.json {
        print_json(&report, out)
    } else {
        print(&report, out)
    };
    Ok(report.worst)
}

fn examine(settings: &Settings) -> Vec<Finding> {
    let data_dir = &settings.data_dir;
    if !session_store::is_data_directory(data_dir) && session_store::unfinished(data_dir).is_none()
    {
        return vec![Finding::new(
            "directory",
            Severity::Problem,
            format!("{} is no data directory of ratchetd", data_dir.display()),
            "name it with --data-dir, or start `ratchetd serve` once, which makes it",
        )];
    }
    let mut findings = files::permissions(settings);
    findings.extend(files::writable(data_dir));
    findings.extend(files::unfinished(data_dir));
    findings.push(files::filesystem(data_dir));
    findings.push(files::headroom(data_dir));
    let (serving, of_daemon) = serving::look(settings);
    findings.extend(of_daemon);
    let passphrase = settings.passphrase_file.as_deref().map(read_passphrase);
    match passphrase.transpose() {
        Ok(passphrase) => {
            let passphrase = passphrase.as_ref().map(|bytes| bytes.as_slice());
            let now = Clock::default().now();
            findings.extend(stores::look(settings, passphrase, serving, now));
        }
        Err(error) => findings.push(Finding::new(
            "store.key",
            Severity::Problem,
            error.to_string(),
            "name the file with the passphrase with --passphrase-file",
        )),
    }
    findings
}

fn print_json(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

fn print(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let look = Look::of_output();
    writeln!(out, "{}", report.data_dir.display())?;
    for finding in &report.findings {
        let (word, style) = match finding.severity {
            Severity::Ok => ("ok", GOOD),
            Severity::Notice => ("notice", NAME),
            Severity::Warning => ("warning", WARNING),
            Severity::Problem => ("problem", BAD),
        };
        let shown = look.paint(style, &format!("{word:<7}"));
        let account = finding.account.as_ref();
        let account = account.map_or_else(String::new, |account| format!("{account}: "));
        writeln!(
            out,
            "{shown}  {:<22}  {account}{}",
            finding.id, finding.message
        )?;
        if let Some(advice) = &finding.advice {
            writeln!(out, "{:33}{advice}", "")?;
        }
    }
    writeln!(
        out,
        "{}",
        match report.worst {
            Severity::Ok | Severity::Notice => "nothing needs to be done",
            Severity::Warning => "it works; see the warnings",
            Severity::Problem => "it does not work as it should; see the problems",
        }
    )
}
