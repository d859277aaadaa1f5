//! `ratchetd doctor`: checks everything a daemon depends on, and says what to do. Changes nothing.

mod files;
mod peers;
mod serving;
mod stores;
mod suites;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use serde::Serialize;

use crate::{
    commands::{
        Failure,
        output::Output,
        terminal::{ASIDE, BAD, GOOD, Look, NAME, WARNING, columns, wrap},
    },
    config::{DirectoryFlags, Flags, Settings, read_passphrase},
    ops::{build::VERSION, clock::Clock},
};

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Print all findings as one JSON object, also those about healthy accounts
    #[arg(long)]
    json: bool,
    /// Unix socket that the daemon listens on, if one serves the directory [default:
    /// $XDG_RUNTIME_DIR/ratchetd.sock, or ratchetd.sock in the data directory]
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
pub fn run(args: DoctorArgs, out: &mut Output<'_>) -> Result<Severity, Failure> {
    let mut flags = Flags::from(args.directory);
    flags.socket = args.socket;
    let settings = Settings::load(&flags)?;
    let findings = examine(&settings);
    let worst = findings.iter().map(|finding| finding.severity).max();
    let report = Report {
        version: VERSION,
        data_dir: settings.data_dir,
        findings,
        worst: worst.unwrap_or(Severity::Ok),
    };
    if args.json {
        print_json(&report, out)?;
    } else {
        print(&report, Look::of_output(), columns(), out)?;
    }
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
    findings.push(suites::allowed(&settings.engine));
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

fn print_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

/// Columns of the severity, and of the name of a check.
const SEVERITY: usize = 9;
const ID: usize = 22;

/// Everything about the directory and the daemon; of the accounts what is not as it should be, and
/// a line for each where all is.
fn print(report: &Report, look: Look, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", report.data_dir.display())?;
    let mut accounts: Vec<&str> = Vec::new();
    for finding in &report.findings {
        match finding.account.as_deref() {
            None => print_finding(finding, look, columns, out)?,
            Some(account) if !accounts.contains(&account) => accounts.push(account),
            Some(_) => {}
        }
    }
    for account in accounts {
        let findings = report.findings.iter();
        let (well, other): (Vec<&Finding>, Vec<&Finding>) = findings
            .filter(|finding| finding.account.as_deref() == Some(account))
            .partition(|finding| finding.severity == Severity::Ok);
        if other.is_empty() {
            let message = format!("all is well ({} checks)", well.len());
            let healthy = Finding::ok("account", message).of(account);
            print_finding(&healthy, look, columns, out)?;
        }
        for finding in other {
            print_finding(finding, look, columns, out)?;
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

fn print_finding(
    finding: &Finding,
    look: Look,
    columns: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (word, style) = match finding.severity {
        Severity::Ok => ("ok", GOOD),
        Severity::Notice => ("notice", NAME),
        Severity::Warning => ("warning", WARNING),
        Severity::Problem => ("problem", BAD),
    };
    let account = finding.account.as_ref();
    let account = account.map_or_else(String::new, |account| format!("{account}: "));
    let indent = SEVERITY + ID + 1;
    let room = columns.saturating_sub(indent);
    for (index, line) in wrap(&format!("{account}{}", finding.message), room)
        .into_iter()
        .enumerate()
    {
        if index == 0 {
            let word = look.paint(style, &format!("{word:<SEVERITY$}"));
            writeln!(out, "{word}{:<ID$} {line}", finding.id)?;
        } else {
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    for line in wrap(finding.advice.as_deref().unwrap_or_default(), room) {
        writeln!(out, "{:indent$}{}", "", look.paint(ASIDE, &line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(findings: Vec<Finding>) -> String {
        let worst = findings.iter().map(|finding| finding.severity).max();
        let report = Report {
            version: VERSION,
            data_dir: "/data".into(),
            findings,
            worst: worst.unwrap_or(Severity::Ok),
        };
        let mut out = Vec::new();
        print(&report, Look::PLAIN, 80, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_healthy_account_is_a_line_and_of_another_all_that_is_wrong_is_told() {
        let of = |account: &str, severity| {
            Finding::new(
                "store.epoch",
                severity,
                format!("what was found {}", "at length ".repeat(20)),
                "what to do ".repeat(20),
            )
            .of(account)
        };
        let mut findings = vec![Finding::ok("permissions", "fine")];
        for account in ["alice", "bob", "carol"] {
            findings.push(Finding::ok("queue.depth", "empty").of(account));
        }
        for account in ["alice", "bob", "carol"] {
            findings.push(Finding::ok("clock.jump", "none").of(account));
        }
        findings.push(of("bob", Severity::Warning));
        findings.push(of("carol", Severity::Notice));
        let text = printed(findings);
        let about = |name: &str| text.matches(&format!("{name}: ")).count();
        assert_eq!([about("alice"), about("bob"), about("carol")], [1, 1, 1]);
        assert!(
            text.contains("account                alice: all is well (2 checks)\n"),
            "{text}"
        );
        assert!(
            text.contains("warning  store.epoch            bob: what"),
            "{text}"
        );
        assert!(
            text.contains("notice   store.epoch            carol: what"),
            "{text}"
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words.matches("what to do").count(), 40);
    }
}
