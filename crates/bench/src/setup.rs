//! What every measurement is told: with which daemon, on which disk, and for how long.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::builder::RangedU64ValueParser;
use serde::Serialize;
use tempfile::TempDir;

/// Number of a file system in memory, from statfs(2): nothing there is durable, and a commit costs
/// nothing.
const TMPFS: i64 = 0x0102_1994;

/// The options that all measurements have.
#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Setup {
    /// The program that scratch daemons are started from [default: ratchetd beside this program]
    #[arg(long, value_name = "PATH")]
    ratchetd: Option<PathBuf>,
    /// Where scratch daemons and bare commits have their files [default: the system's directory for
    /// temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Connections that call at once, each talking with a contact of its own
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = within(1..=250))]
    pub connections: usize,
    /// How long each kind of call is measured, all rounds together
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0, value_parser = seconds)]
    seconds: f64,
    /// How often everything is measured: medians are taken of the rounds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = within(1..=100))]
    pub rounds: usize,
    /// Print everything that was measured as one JSON object, each round's rates included
    #[arg(long)]
    pub json: bool,
}

/// Reads a number within this range.
pub(crate) fn within(range: RangeInclusive<u64>) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(range)
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds > 0.0 && *seconds <= 3600.0)
        .ok_or_else(|| "it must be a number above 0, and at most 3600".to_owned())
}

impl Setup {
    /// The program that scratch daemons are started from.
    pub(crate) fn ratchetd(&self) -> Result<PathBuf, String> {
        if let Some(given) = &self.ratchetd {
            return Ok(given.clone());
        }
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let beside = own.with_file_name("ratchetd");
        if beside.is_file() {
            return Ok(beside);
        }
        let beside = beside.display();
        Err(format!(
            "there is no {beside}: say with --ratchetd where the daemon's program is"
        ))
    }

    /// A directory that is removed at the end.
    pub(crate) fn scratch(&self) -> Result<TempDir, String> {
        let scratch = match &self.dir {
            Some(directory) => tempfile::tempdir_in(directory),
            None => tempfile::tempdir(),
        };
        scratch.map_err(|error| format!("no scratch directory can be made: {error}"))
    }

    /// How long a kind is measured in a round.
    pub(crate) fn span(&self) -> Duration {
        Duration::from_secs_f64(self.seconds / self.rounds as f64)
    }
}

/// Reasons why figures measured in this directory mean little.
pub(crate) fn warnings(directory: &Path) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if cfg!(debug_assertions) {
        warnings.push("this program was built without optimisations: its figures mean nothing");
    }
    if rustix::fs::statfs(directory).is_ok_and(|found| found.f_type == TMPFS) {
        warnings
            .push("the directory is in memory, where commits cost nothing: choose one by --dir");
    }
    warnings
}
