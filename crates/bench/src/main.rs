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
mod machine;
mod measure;
mod mix;
mod peer;
mod population;
mod print;
mod process;
mod progress;
mod report;
mod scaling;
mod test_daemon;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser as _;
use daemon::{commands::terminal::Look, config::MAX_COMMIT_COST_MS};

use crate::{
    closed_loop::{CallKind, Limit},
    mix::Mix,
};

/// Most connections; a daemon takes no more at once unless it is configured to.
const MAX_CONNECTIONS: i64 = 250;
/// What `--heavy` measures with.
const HEAVY_SESSIONS: u64 = 100_000;
const HEAVY_MESSAGES: u64 = 1_000_000;
const HEAVY_ACCOUNTS: usize = 100;
/// Longest time for a kind of call, in seconds.
const MAX_SECONDS: f64 = 3600.0;

/// A call failed.
const FAILED: u8 = 1;
/// Nothing could be measured.
const NOT_DONE: u8 = 2;

/// Measure what calls to ratchetd cost, on a scratch daemon or a running one.
#[derive(Debug, clap::Parser)]
#[command(name = "ratchetd-bench", version)]
struct Args {
    /// The daemon's program, for scratch daemons [default: ratchetd beside this program]
    #[arg(long, value_name = "PATH", conflicts_with = "socket")]
    ratchetd: Option<PathBuf>,
    /// Measure the daemon that runs on this Unix socket, with accounts of its own that are removed
    /// at the end [default: a scratch daemon]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Where the scratch daemon and the bare commits have their files [default: the system's
    /// directory for temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Connections at once
    #[arg(long, value_name = "N", default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..=MAX_CONNECTIONS))]
    connections: u16,
    /// Time for each kind of call, all rounds together
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0, value_parser = seconds)]
    seconds: f64,
    /// Make this many calls of each kind in each round, instead of a time
    #[arg(long, value_name = "N", conflicts_with = "seconds",
        value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    calls: Option<u64>,
    /// Rounds: each measures everything once, and medians are taken of them
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// What is called together, after each kind alone: weights of empty, encrypt, decrypt, group
    /// and strange
    #[arg(
        long,
        value_name = "MIX",
        default_value = "encrypt=50,decrypt=50,group=1"
    )]
    mix: Mix,
    /// Measure these kinds of calls alone, such as encrypt,empty: for a profile, or a quick look
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    only: Vec<CallKind>,
    /// Contacts that the connections talk with [default: one for each connection]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    peers: Option<u16>,
    /// Members of the group
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    members: u16,
    /// Measure encryptions also while every commit takes this many milliseconds more
    #[arg(long, value_name = "MS", conflicts_with = "socket",
        value_parser = clap::value_parser!(u64).range(1..=MAX_COMMIT_COST_MS))]
    commit_cost: Option<u64>,
    /// Measure encryptions also with this many sessions in the store
    #[arg(long, value_name = "N", conflicts_with = "socket",
        value_parser = clap::value_parser!(u64).range(11..=1_000_000))]
    sessions: Option<u64>,
    /// Measure messages also after this many others
    #[arg(long, value_name = "N", conflicts_with = "socket",
        value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    messages: Option<u64>,
    /// Measure memory and start also of a daemon with this many accounts, each with sessions with
    /// as many contacts as the group has members
    #[arg(long, value_name = "N", conflicts_with = "socket",
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    accounts: Option<u16>,
    /// As --sessions 100000 --messages 1000000 --accounts 100, unless they are given
    #[arg(long, conflicts_with = "socket")]
    heavy: bool,
    /// Print, as Markdown, how the figures compare with the bars
    #[arg(long)]
    bars: bool,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds > 0.0 && *seconds <= MAX_SECONDS)
        .ok_or_else(|| format!("it must be a number above 0, and at most {MAX_SECONDS}"))
}

impl Args {
    /// The program that scratch daemons are started from.
    fn ratchetd(&self) -> Result<PathBuf, String> {
        if let Some(given) = &self.ratchetd {
            return Ok(given.clone());
        }
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let beside = own.with_file_name("ratchetd");
        if beside.is_file() {
            Ok(beside)
        } else {
            Err(format!(
                "there is no {}: say with --ratchetd where the daemon's program is",
                beside.display()
            ))
        }
    }

    fn connections(&self) -> usize {
        usize::from(self.connections)
    }

    fn rounds(&self) -> usize {
        usize::from(self.rounds)
    }

    fn members(&self) -> usize {
        usize::from(self.members)
    }

    fn sessions(&self) -> Option<u64> {
        self.sessions.or(self.heavy.then_some(HEAVY_SESSIONS))
    }

    fn messages(&self) -> Option<u64> {
        self.messages.or(self.heavy.then_some(HEAVY_MESSAGES))
    }

    fn accounts(&self) -> Option<usize> {
        let given = self.accounts.map(usize::from);
        given.or(self.heavy.then_some(HEAVY_ACCOUNTS))
    }

    fn peers(&self) -> usize {
        self.peers.map_or_else(|| self.connections(), usize::from)
    }

    /// How long, or how many calls, a kind is measured in a round.
    fn limit(&self) -> Limit {
        match self.calls {
            Some(calls) => Limit::Calls(calls),
            None => Limit::Time(Duration::from_secs_f64(
                self.seconds / f64::from(self.rounds),
            )),
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args, &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => {
            // A terminal that is gone reads no error either.
            let _ = writeln!(io::stderr(), "ratchetd-bench: {error}");
            ExitCode::from(NOT_DONE)
        }
    }
}

/// Measures and prints; whether every call succeeded.
///
/// # Errors
/// One line, if it could not be measured.
fn run(args: &Args, out: &mut dyn Write) -> Result<bool, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let report = runtime.block_on(measure::measure(args))?;
    let printed = if args.json {
        serde_json::to_string_pretty(&report)
            .map_err(Into::into)
            .and_then(|report| writeln!(out, "{report}"))
    } else {
        print::print(&report, args.bars, Look::of_output(), out)
    };
    // Output that nobody reads any more is no failure.
    let _ = printed;
    Ok(report.errors == 0)
}
