//! The order in which everything is measured.

use std::{ffi::OsStr, path::Path};

use crate::{
    Args,
    closed_loop::{CallKind, Latencies, Limit, latencies},
    figure::{Series, distribution, latency},
    floor::{Commits, Seals},
    machine::Machine,
    mix::Mix,
    population::Population,
    progress::Progress,
    report::{CommitCost, Floor, Floors, Report, Settings},
    scaling,
    test_daemon::TestDaemon,
};

/// The warm-up round before the first is this many times shorter; its figures are thrown away.
const WARM_UP: u32 = 4;

/// What is measured in each round, besides the floors.
struct Phase {
    name: String,
    mix: Mix,
    connections: usize,
}

/// Measures everything that was asked for, and removes the accounts made for it, also after an
/// error or a signal.
pub(crate) async fn measure(args: &Args) -> Result<Report, String> {
    let scratch = match &args.dir {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    };
    let scratch = scratch.map_err(|error| format!("no scratch directory can be made: {error}"))?;
    let daemon = match &args.socket {
        Some(socket) => TestDaemon::running(socket),
        None => TestDaemon::scratch(&args.ratchetd()?, &scratch.path().join("d"), &[])?.0,
    };
    let machine = Machine::of(scratch.path().parent().unwrap_or(scratch.path()));
    let measured = tokio::select! {
        measured = measure_all(args, &daemon, machine, scratch.path()) => measured,
        _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
    };
    let removed = daemon.remove_accounts().await;
    let mut report = measured?;
    removed?;
    report.compare_with_bars();
    Ok(report)
}

async fn measure_all(
    args: &Args,
    daemon: &TestDaemon,
    machine: Machine,
    scratch: &Path,
) -> Result<Report, String> {
    let progress = Progress::new();
    let mut report = measure_calls(args, daemon, machine, scratch, &progress).await?;
    if let Some(added_ms) = args.commit_cost {
        let data_dir = scratch.join("c");
        report.commit_cost = Some(commit_cost(args, &data_dir, added_ms, &progress).await?);
    }
    if let Some(sessions) = args.sessions() {
        progress.more(scaling::steps_of_sessions(sessions));
        let (same, spread) = scaling::sessions(args, daemon, sessions, &progress).await?;
        report.sessions = Some(same);
        report.sessions_spread = Some(spread);
    }
    if let Some(messages) = args.messages() {
        progress.more(scaling::steps_of_messages(messages));
        report.messages = Some(scaling::messages(args, daemon, messages, &progress).await?);
    }
    if let Some(accounts) = args.accounts() {
        progress.more(scaling::steps_of_accounts(accounts));
        let data_dir = scratch.join("a");
        report.many_accounts = Some(scaling::accounts(args, accounts, &data_dir, &progress).await?);
    }
    Ok(report)
}

/// Encryptions on one connection and on all, by a scratch daemon whose commits take longer.
async fn commit_cost(
    args: &Args,
    data_dir: &Path,
    added_ms: u64,
    progress: &Progress,
) -> Result<CommitCost, String> {
    let cost = format!("--dev-commit-cost-ms={added_ms}");
    let flags: [&OsStr; 2] = ["--dev".as_ref(), cost.as_ref()];
    let (daemon, _) = TestDaemon::scratch(&args.ratchetd()?, data_dir, &flags)?;
    let account = daemon.create_account().await?;
    let population = Population::build(&daemon, account, args.peers(), 0).await?;
    let encrypt = Mix::only(CallKind::Encrypt);
    let name = CallKind::Encrypt.name();
    let mut one = Series::new(name, 1)?;
    let mut many = Series::new(name, args.connections())?;
    progress.more(args.rounds() as u64 + 1);
    for round in 0..=args.rounds() {
        progress.step("encryptions with slow commits");
        for (series, connections) in [(&mut one, 1), (&mut many, args.connections())] {
            let result = population
                .measure(&encrypt, connections, args.limit())
                .await?;
            if let Some(error) = result.first_error {
                return Err(error);
            }
            if round > 0 {
                series.add(&result, None)?;
            }
        }
    }
    let (one, many) = (one.figure(None), many.figure(None));
    Ok(CommitCost {
        added_ms,
        ratio: many.calls_per_second / one.calls_per_second.max(f64::EPSILON),
        one,
        many,
    })
}

/// The calls and the floors, one after the other in each round.
async fn measure_calls(
    args: &Args,
    daemon: &TestDaemon,
    machine: Machine,
    scratch: &Path,
    progress: &Progress,
) -> Result<Report, String> {
    let mut commits = Commits::in_directory(scratch)?;
    let phases = phases(args);
    progress.more((args.rounds() as u64 + 1) * (phases.len() as u64 + 2));
    progress.step("accounts and contacts");
    let version = daemon.version().await?;
    let account = daemon.create_account().await?;
    let idle_kib = if daemon.is_scratch() {
        daemon.resident_kib().await
    } else {
        None
    };
    let population = Population::build(daemon, account, args.peers(), args.members()).await?;
    let mut seals = Seals::of(args.members())?;
    let (mut all_commits, mut all_seals) = (latencies()?, latencies()?);
    let mut series = series(args, &phases)?;
    let mut first_error = None;
    for round in 0..=args.rounds() {
        let warm_up = round == 0;
        let limit = if warm_up {
            shorter(args.limit())
        } else {
            args.limit()
        };
        for (phase, series) in phases.iter().zip(&mut series) {
            progress.step(&format!(
                "{}, {} connections",
                phase.name, phase.connections
            ));
            let result = population
                .measure(&phase.mix, phase.connections, limit)
                .await?;
            if let Some(error) = &result.first_error {
                first_error.get_or_insert_with(|| error.clone());
            }
            if warm_up && result.errors == 0 {
                continue;
            }
            for (kind, each) in series {
                each.add(&result, *kind)?;
            }
        }
        progress.step("bare commits");
        let committed = commits.measure(limit)?;
        progress.step("bare seals");
        let sealed = seals.measure(limit)?;
        if !warm_up {
            add(&mut all_commits, &committed)?;
            add(&mut all_seals, &sealed)?;
        }
    }
    let empty = |connections| {
        let phases = phases.iter().zip(&series);
        phases
            .filter(|(phase, _)| phase.name == "empty" && phase.connections == connections)
            .find_map(|(_, series)| series.first().map(|(_, each)| each))
    };
    let figures: Vec<_> = phases
        .iter()
        .zip(&series)
        .flat_map(|(phase, series)| {
            let floor = empty(phase.connections).filter(|_| phase.name != "empty");
            series.iter().map(move |(_, each)| each.figure(floor))
        })
        .collect();
    Ok(Report {
        machine,
        daemon: version,
        settings: settings(args),
        floors: Floors {
            bare_commit: floor(&all_commits),
            seals: floor(&all_seals),
        },
        errors: figures.iter().map(|figure| figure.errors).sum(),
        figures,
        commit_cost: None,
        idle_kib,
        sessions: None,
        sessions_spread: None,
        messages: None,
        many_accounts: None,
        bars: Vec::new(),
        first_error,
    })
}

/// Each kind alone, on one connection and on all, then the mix. Groups are measured on one
/// connection alone, since one such call is a load by itself, and strangers' messages on all.
fn phases(args: &Args) -> Vec<Phase> {
    let many = args.connections();
    let mut alone = vec![
        (CallKind::Empty, 1),
        (CallKind::Encrypt, 1),
        (CallKind::Decrypt, 1),
        (CallKind::Group, 1),
    ];
    if many > 1 {
        alone.extend([
            (CallKind::Empty, many),
            (CallKind::Encrypt, many),
            (CallKind::Decrypt, many),
            (CallKind::Strange, many),
        ]);
    }
    alone.retain(|(kind, _)| args.only.is_empty() || args.only.contains(kind));
    let mut phases: Vec<Phase> = alone
        .into_iter()
        .map(|(kind, connections)| Phase {
            name: kind.name().to_owned(),
            mix: Mix::only(kind),
            connections,
        })
        .collect();
    if args.only.is_empty() {
        phases.push(Phase {
            name: "mix".to_owned(),
            mix: args.mix.clone(),
            connections: many,
        });
    }
    phases
}

/// What is collected of a phase: all calls, and of the mix those of each kind as well.
type PhaseSeries = Vec<(Option<CallKind>, Series)>;

/// One for each phase.
fn series(args: &Args, phases: &[Phase]) -> Result<Vec<PhaseSeries>, String> {
    phases
        .iter()
        .map(|phase| {
            let mut series = vec![(None, Series::new(&phase.name, phase.connections)?)];
            if phase.name == "mix" {
                for kind in CallKind::ALL {
                    if args.mix.share(kind) > 0.0 {
                        let name = format!("mix: {}", kind.name());
                        series.push((Some(kind), Series::new(&name, phase.connections)?));
                    }
                }
            }
            Ok(series)
        })
        .collect()
}

fn settings(args: &Args) -> Settings {
    Settings {
        socket: args
            .socket
            .as_ref()
            .map(|socket| socket.display().to_string()),
        connections: args.connections(),
        seconds: args.calls.is_none().then_some(args.seconds),
        calls: args.calls,
        rounds: args.rounds(),
        mix: args.mix.to_string(),
        peers: args.peers(),
        members: args.members(),
    }
}

fn shorter(limit: Limit) -> Limit {
    match limit {
        Limit::Time(span) => Limit::Time(span / WARM_UP),
        Limit::Calls(calls) => Limit::Calls(calls.div_ceil(u64::from(WARM_UP))),
    }
}

fn add(all: &mut Latencies, more: &Latencies) -> Result<(), String> {
    all.add(more).map_err(|error| error.to_string())
}

fn floor(latencies: &Latencies) -> Floor {
    Floor {
        count: latencies.len(),
        latency: latency(latencies),
        distribution: distribution(latencies),
    }
}
