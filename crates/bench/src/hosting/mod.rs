//! Many accounts in one daemon: what they cost while nobody calls them, and what they cost in use.
//!
//! Two daemons are measured in the same run, one with a single account and one with many, and the
//! same is asked of both in turn.

mod calls;
mod directory;
mod encryption;
mod limited;
mod report;
mod standing;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use self::{
    calls::Pairs,
    directory::{Directory, Launch},
    encryption::Spread,
    limited::Limited,
    report::Report,
    standing::Standing,
};
use crate::{
    figure::{Figure, median},
    setup::{Setup, warnings, within},
    test_daemon::TestDaemon,
};

/// How many accounts the daemon keeps open if nothing else is set.
const OPEN_MAX: usize = 256;
/// Starts of each daemon: the median counts.
const STARTS: usize = 5;
/// Most pairs of calls, one to a closed account and one to an open one.
const PAIRS: usize = 1000;

/// How many accounts, and where they are.
#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    pub setup: Setup,
    /// Accounts of the daemon with many
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = within(2..=1_000_000))]
    pub accounts: usize,
    /// The data directory of that daemon. It is kept: the accounts that it lacks are made, which
    /// takes the most time, and the next run finds them [default: in the scratch directory]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Accounts that the daemons keep open, given to them as `[accounts] open_max` [default: what
    /// they keep by themselves, 256]
    #[arg(long, value_name = "N", value_parser = within(1..=65_536))]
    open_max: Option<usize>,
    /// Accounts that are made and called in turn by a daemon that may open 1,024 files; 0 leaves
    /// that out
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = within(0..=1_000_000))]
    limited_accounts: usize,
    /// Protect the data directories with the passphrase in this file. What deriving the key takes
    /// is told apart from the start [default: a random key, which needs no derivation]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Options {
    /// How many of the accounts are open at most.
    fn open(&self) -> usize {
        self.open_max.unwrap_or(OPEN_MAX).min(self.accounts)
    }

    /// How the daemons are started; what they are told is written to `scratch`.
    fn launch(&self, scratch: &Path) -> Result<Launch, String> {
        let mut flags: Vec<OsString> = Vec::new();
        if let Some(open_max) = self.open_max {
            let config = scratch.join("ratchetd.toml");
            fs::write(&config, format!("[accounts]\nopen_max = {open_max}\n"))
                .map_err(|error| error.to_string())?;
            flags.extend(["--config".into(), config.into()]);
        }
        Ok(Launch {
            program: self.setup.ratchetd()?,
            flags,
        })
    }
}

/// Measures everything, also the making of the accounts that are not there yet.
pub(crate) async fn measure(options: &Options) -> Result<Report<'_>, String> {
    let scratch = options.setup.scratch()?;
    let mut report = tokio::select! {
        measured = measure_all(options, scratch.path()) => measured,
        _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
    }?;
    report.compare_with_bars();
    Ok(report)
}

async fn measure_all<'a>(options: &'a Options, scratch: &Path) -> Result<Report<'a>, String> {
    let unprotected = options.launch(scratch)?;
    let mut launch = unprotected.clone();
    if let Some(file) = &options.passphrase_file {
        launch.flags.push("--passphrase-file".into());
        launch.flags.push(file.clone().into());
    }
    let many = Directory {
        launch: &launch,
        path: options.data_dir.clone().unwrap_or(scratch.join("many")),
        accounts: options.accounts,
    };
    let one = Directory {
        launch: &launch,
        path: scratch.join("one"),
        accounts: 1,
    };
    let without_passphrase = options.passphrase_file.is_some().then(|| Directory {
        launch: &unprotected,
        path: scratch.join("none"),
        accounts: 1,
    });
    let accounts_made = many.prepare(options.setup.connections).await?;
    one.prepare(1).await?;
    let mut report = Report {
        warnings: warnings(&many.path),
        settings: options,
        daemon: serde_json::Value::Null,
        accounts_made,
        derivation_ms: None,
        one: Standing::new(&one),
        many: Standing::new(&many),
        figures: Vec::new(),
        over_open: Pairs::default(),
        of_one_account: 0.0,
        pool: 2 * std::thread::available_parallelism().map_or(1, usize::from),
        open: options.open(),
        limited: None,
        bars: Vec::new(),
    };
    if options.accounts <= options.open() {
        report
            .warnings
            .push("no account is ever closed: choose more --accounts, or a lower --open-max");
    }
    report.derivation_ms = starts(&mut report, &one, &many, without_passphrase.as_ref()).await?;
    let (beside, _) = one.start().await?;
    let (daemon, _) = many.start().await?;
    report.daemon = daemon.version().await?;
    use_all(&mut report, options, (&beside, &one), (&daemon, &many)).await?;
    beside.stop()?;
    daemon.stop()?;
    if options.limited_accounts > 0 {
        let path = scratch.join("limited");
        let limited = Limited::measure(&launch, &path, options.limited_accounts).await?;
        report.limited = Some(limited);
    }
    Ok(report)
}

/// Starts each daemon several times, in turn. Returns how much of a start is derivation of the key:
/// what a daemon with one account takes longer than one without a passphrase.
async fn starts(
    report: &mut Report<'_>,
    one: &Directory<'_>,
    many: &Directory<'_>,
    without_passphrase: Option<&Directory<'_>>,
) -> Result<Option<f64>, String> {
    if let Some(directory) = without_passphrase {
        directory.prepare(1).await?;
    }
    let mut underived = Vec::new();
    for _ in 0..STARTS {
        report.one.start(one).await?;
        report.many.start(many).await?;
        if let Some(directory) = without_passphrase {
            let (daemon, start) = directory.start().await?;
            underived.push(start.ready_ms);
            daemon.stop()?;
        }
    }
    let derived = without_passphrase
        .is_some()
        .then(|| (report.one.ready_ms() - median(underived)).max(0.0));
    Ok(derived)
}

/// Calls the accounts, and measures what that takes and what it leaves.
async fn use_all(
    report: &mut Report<'_>,
    options: &Options,
    one: (&TestDaemon, &Directory<'_>),
    many: (&TestDaemon, &Directory<'_>),
) -> Result<(), String> {
    let stranger = calls::stranger()?;
    let all = many.1.calls(&stranger);
    let (first, others) = all.split_at(options.open());
    for (standing, daemon, calls) in [
        (&mut report.one, one.0, &one.1.calls(&stranger)[..]),
        (&mut report.many, many.0, first),
    ] {
        standing.unused_kib = daemon.resident_kib().await;
        calls::in_turn(daemon, calls).await?;
        standing.open_kib = daemon.resident_kib().await;
    }
    calls::in_turn(many.0, others).await?;
    for (standing, daemon) in [(&mut report.one, one.0), (&mut report.many, many.0)] {
        standing.used_kib = daemon.resident_kib().await;
        standing.count(daemon, options.setup.connections).await?;
    }
    standing::ask(&mut report.one, one.0, &mut report.many, many.0).await?;
    let (rounds, over_open) = calls::closed_and_open(many.0, &all, PAIRS).await?;
    report.over_open = over_open;
    for (name, round) in ["closed account", "open account"].into_iter().zip(rounds) {
        let figure = Figure::of_one_round(name, round)?;
        report.figures.push(figure);
    }
    let spread = Spread::build(many.0, many.1, options.open(), &options.setup).await?;
    let (figures, ratio) = spread.measure(&options.setup).await?;
    report.figures.extend(figures);
    report.of_one_account = ratio;
    Ok(())
}
