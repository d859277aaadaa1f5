//! The order in which everything is measured.

use std::path::Path;

use crate::{
    BenchArgs,
    closed_loop::{Kind, Latencies, Limit, latencies},
    figure::{Tally, distribution, latency},
    floor::{Commits, Seals},
    growth,
    machine::Place,
    mix::Mix,
    population::Town,
    progress::Progress,
    report::{Asked, CommitCost, Floor, Floors, Report},
    test_daemon::Host,
};

/// A round before the first, this part of its length, whose figures are thrown away.
const WARM_UP: u32 = 4;

/// What is measured in each round, besides the floors.
struct Phase {
    name: String,
    mix: Mix,
    connections: usize,
}

/// Measures everything that was asked for.
pub(crate) async fn measure(args: &BenchArgs) -> Result<Report, String> {
    let scratch = match &args.dir {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    };
    let scratch = scratch.map_err(|error| format!("no scratch directory can be made: {error}"))?;
    let host = match &args.socket {
        Some(socket) => Host::running(socket),
        None => Host::scratch(&args.ratchetd()?, &scratch.path().join("d"), &[])?.0,
    };
    let place = Place::of(scratch.path().parent().unwrap_or(scratch.path()));
    let measured = tokio::select! {
        measured = everything(args, &host, place, scratch.path()) => measured,
        _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
    };
    let cleaned = host.clean().await;
    let mut report = measured?;
    cleaned?;
    report.judge();
    Ok(report)
}

async fn everything(
    args: &BenchArgs,
    host: &Host,
    place: Place,
    scratch: &Path,
) -> Result<Report, String> {
    let progress = Progress::of(0);
    let mut report = main_part(args, host, place, scratch, &progress).await?;
    if let Some(added_ms) = args.commit_cost {
        let data_dir = scratch.join("c");
        report.commit_cost = Some(commit_cost(args, &data_dir, added_ms, &progress).await?);
    }
    if let Some(sessions) = args.sessions() {
        progress.more(scaling::steps_of(sessions));
        let (same, spread) = scaling::sessions(args, host, sessions, &progress).await?;
        report.sessions = Some(same);
        report.sessions_spread = Some(spread);
    }
    if let Some(messages) = args.messages() {
        progress.more(scaling::steps_of_messages(messages));
        report.messages = Some(scaling::messages(args, host, messages, &progress).await?);
    }
    if let Some(accounts) = args.accounts() {
        progress.more(scaling::steps_of_accounts(accounts));
        let data_dir = scratch.join("f");
        report.full = Some(scaling::full(args, accounts, &data_dir, &progress).await?);
    }
    Ok(report)
}

/// Encryptions on one connection and on all, on a scratch daemon whose commits take longer.
async fn commit_cost(
    args: &BenchArgs,
    data_dir: &Path,
    added_ms: u64,
    progress: &Progress,
) -> Result<CommitCost, String> {
    let cost = format!("--dev-commit-cost-ms={added_ms}");
    let (host, _) = Host::scratch(
        &args.ratchetd()?,
        data_dir,
        &["--dev".as_ref(), cost.as_ref()],
    )?;
    let account = host.make_account().await?;
    let town = Town::build(&host, account, args.peers(), 0).await?;
    let encrypt = Mix::only(Kind::Encrypt);
    let name = Kind::Encrypt.name();
    let mut one = Tally::new(name, 1)?;
    let mut many = Tally::new(name, args.connections())?;
    progress.more(args.rounds() as u64 + 1);
    for round in 0..=args.rounds() {
        progress.step("encryptions with slow commits");
        for (tally, connections) in [(&mut one, 1), (&mut many, args.connections())] {
            let driven = town.measure(&encrypt, connections, args.limit()).await?;
            if let Some(error) = driven.first_error {
                return Err(error);
            }
            if round > 0 {
                tally.add(&driven, None)?;
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

async fn main_part(
    args: &BenchArgs,
    host: &Host,
    place: Place,
    scratch: &Path,
    progress: &Progress,
) -> Result<Report, String> {
    let mut commits = Commits::in_directory(scratch)?;
    let phases = phases(args);
    progress.more((args.rounds() as u64 + 1) * (phases.len() as u64 + 2));
    progress.step("accounts and contacts");
    let account = host.make_account().await?;
    let idle_kib = if host.is_scratch() {
        host.resident_kib().await
    } else {
        None
    };
    let town = Town::build(host, account, args.peers(), args.members()).await?;
    let mut seals = Seals::of(args.members())?;
    let (mut commit_held, mut seals_held) = (latencies()?, latencies()?);
    let mut tallies = tallies(args, &phases)?;
    let mut first_error = None;
    for round in 0..=args.rounds() {
        let warming = round == 0;
        let limit = if warming {
            shorter(args.limit())
        } else {
            args.limit()
        };
        for (phase, tallies) in phases.iter().zip(&mut tallies) {
            progress.step(&format!(
                "{}, {} connections",
                phase.name, phase.connections
            ));
            let driven = town.measure(&phase.mix, phase.connections, limit).await?;
            if let Some(error) = &driven.first_error {
                first_error.get_or_insert_with(|| error.clone());
            }
            if warming && driven.errors == 0 {
                continue;
            }
            for (kind, tally) in tallies {
                tally.add(&driven, *kind)?;
            }
        }
        progress.step("bare commits");
        let committed = commits.measure(limit)?;
        progress.step("bare seals");
        let sealed = seals.measure(limit)?;
        if !warming {
            add(&mut commit_held, &committed)?;
            add(&mut seals_held, &sealed)?;
        }
    }
    let empty = |connections| {
        let of_empty = phases.iter().zip(&tallies);
        of_empty
            .filter(|(phase, _)| phase.name == "empty" && phase.connections == connections)
            .find_map(|(_, tallies)| tallies.first().map(|(_, tally)| tally))
    };
    let figures: Vec<_> = phases
        .iter()
        .zip(&tallies)
        .flat_map(|(phase, tallies)| {
            let floor = empty(phase.connections).filter(|_| phase.name != "empty");
            tallies.iter().map(move |(_, tally)| tally.figure(floor))
        })
        .collect();
    Ok(Report {
        place,
        asked: asked(args),
        floors: Floors {
            bare_commit: floor(&commit_held),
            seals: floor(&seals_held),
        },
        errors: figures.iter().map(|figure| figure.errors).sum(),
        figures,
        commit_cost: None,
        idle_kib,
        sessions: None,
        sessions_spread: None,
        messages: None,
        full: None,
        bars: Vec::new(),
        first_error,
    })
}

/// Each kind alone, on one connection and on all; a group on one, since a call of it is a load by itself; then all together.
fn phases(args: &BenchArgs) -> Vec<Phase> {
    let many = args.connections();
    let mut alone = vec![
        (Kind::Empty, 1),
        (Kind::Encrypt, 1),
        (Kind::Decrypt, 1),
        (Kind::Group, 1),
    ];
    if many > 1 {
        alone.extend([
            (Kind::Empty, many),
            (Kind::Encrypt, many),
            (Kind::Decrypt, many),
            (Kind::Strange, many),
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

type Tallies = Vec<(Option<Kind>, Tally)>;

/// One for each phase, and for the mix one for each of its kinds besides.
fn tallies(args: &BenchArgs, phases: &[Phase]) -> Result<Vec<Tallies>, String> {
    phases
        .iter()
        .map(|phase| {
            let mut tallies = vec![(None, Tally::new(&phase.name, phase.connections)?)];
            if phase.name == "mix" {
                for kind in Kind::ALL {
                    if args.mix.share(kind) > 0.0 {
                        let name = format!("mix: {}", kind.name());
                        tallies.push((Some(kind), Tally::new(&name, phase.connections)?));
                    }
                }
            }
            Ok(tallies)
        })
        .collect()
}

fn asked(args: &BenchArgs) -> Asked {
    Asked {
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

fn add(held: &mut Latencies, more: &Latencies) -> Result<(), String> {
    held.add(more).map_err(|error| error.to_string())
}

fn floor(held: &Latencies) -> Floor {
    Floor {
        count: held.len(),
        latency: latency(held),
        distribution: distribution(held),
    }
}
