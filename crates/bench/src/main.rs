//! `ratchetd-bench`: what calls to ratchetd cost, over the real interface, beside their floors:
//! what they cannot cost less than.
//!
//! It starts a scratch daemon, or takes the socket of a running one, and calls it in a closed loop.
//! The empty call and the two floors that need no daemon are measured in the same rounds, so that
//! ratios between them hold on a machine whose speed changes.

mod closed_loop;
mod connection;
mod figure;
mod floor;
mod hosting;
mod measure;
mod peer;
mod population;
mod process;
mod report;
mod scaling;
mod setup;
mod table;
mod test_daemon;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use daemon::{
    commands::{
        output::Output,
        usage::{explain, parse},
    },
    config::MAX_COMMIT_COST_MS,
};
use serde::Serialize;

use crate::{
    population::Kind,
    setup::{Setup, within},
};

/// Nothing could be measured.
const NOT_DONE: u8 = 2;

/// Measure what calls to ratchetd cost, on a scratch daemon or a running one.
#[derive(Debug, clap::Parser, Serialize)]
#[command(
    name = "ratchetd-bench",
    version,
    args_conflicts_with_subcommands = true
)]
#[serde(rename_all = "camelCase")]
struct Args {
    #[command(subcommand)]
    #[serde(skip)]
    command: Option<Command>,
    #[command(flatten)]
    #[serde(flatten)]
    setup: Setup,
    /// Measure the daemon that runs on this Unix socket, with accounts of its own that are removed
    /// at the end [default: a scratch daemon]
    #[arg(long, value_name = "PATH", conflicts_with = "ratchetd")]
    socket: Option<PathBuf>,
    /// Measure these kinds of calls alone, such as encrypt,empty: for a profile, or a quick look
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    only: Vec<Kind>,
    /// Members of the group that group messages are encrypted for
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = within(1..=1000))]
    members: usize,
    /// Measure encryptions also while every commit takes this many milliseconds more
    #[arg(long, value_name = "MS", conflicts_with = "socket",
        value_parser = within(1..=MAX_COMMIT_COST_MS))]
    commit_cost: Option<usize>,
    /// Measure encryptions also with this many sessions in the store
    #[arg(long, value_name = "N", conflicts_with = "socket",
        default_value_if("heavy", "true", "100000"), value_parser = within(11..=1_000_000))]
    sessions: Option<usize>,
    /// Measure messages also after an account has sent and received this many others
    #[arg(long, value_name = "N", conflicts_with = "socket",
        default_value_if("heavy", "true", "1000000"), value_parser = within(1..=100_000_000))]
    messages: Option<usize>,
    /// Measure memory and start also of a daemon with this many accounts, each with sessions with
    /// as many contacts as the group has members
    #[arg(long, value_name = "N", conflicts_with = "socket",
        default_value_if("heavy", "true", "100"), value_parser = within(1..=1000))]
    accounts: Option<usize>,
    /// Measure large stores, too, for tens of minutes: 100000 sessions, 1000000 messages and 100
    /// accounts, where --sessions, --messages and --accounts do not say otherwise
    #[arg(long, conflicts_with = "socket")]
    heavy: bool,
}

/// What is measured besides calls.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Measure a daemon with many accounts, beside one with a single account
    ///
    /// How long they take to start, their memory, files and threads, calls to accounts that are
    /// closed, messages over many accounts at once, and whether a thousand accounts can be made
    /// where a process may open 1,024 files.
    Hosting(hosting::Options),
}

fn main() -> ExitCode {
    let mut out = Output::new(io::stdout());
    let code = match parse::<Args>() {
        Ok((args, _)) => match run(&args) {
            Ok(report) => {
                out.say(&report);
                0
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "ratchetd-bench: {error}");
                NOT_DONE
            }
        },
        Err(error) => explain(&error, &mut out),
    };
    out.exit("ratchetd-bench", code)
}

/// Measures, and returns what is to be printed.
///
/// # Errors
/// One line, if it could not be measured.
fn run(args: &Args) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    match &args.command {
        Some(Command::Hosting(options)) => {
            let report = runtime.block_on(hosting::measure(options))?;
            printed(options.setup.json, &report, || report.tables())
        }
        None => {
            let report = runtime.block_on(measure::measure(args))?;
            printed(args.setup.json, &report, || report.tables())
        }
    }
}

/// A report as it was asked for.
fn printed(
    json: bool,
    report: &impl Serialize,
    tables: impl FnOnce() -> String,
) -> Result<String, String> {
    if json {
        return serde_json::to_string_pretty(report).map_err(|error| error.to_string());
    }
    Ok(tables())
}
