//! The order in which everything is measured.

use std::path::Path;

use crate::{
    Args,
    closed_loop::Limit,
    figure::{Figure, Round},
    floor::Floors,
    population::{Kind, Population},
    report::Report,
    scaling,
    setup::warnings,
    test_daemon::TestDaemon,
};

/// Measures everything that was asked for, and removes the accounts made for it, also after an
/// error or a signal.
pub(crate) async fn measure(args: &Args) -> Result<Report<'_>, String> {
    let scratch = args.setup.scratch()?;
    let daemon = match &args.socket {
        Some(socket) => TestDaemon::running(socket),
        None => TestDaemon::scratch(&args.setup.ratchetd()?, &scratch.path().join("d"), &[])?.0,
    };
    let measured = tokio::select! {
        measured = measure_all(args, &daemon, scratch.path()) => measured,
        _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
    };
    let removed = daemon.remove_accounts().await;
    let mut report = measured?;
    removed?;
    report.compare_with_bars();
    Ok(report)
}

async fn measure_all<'a>(
    args: &'a Args,
    daemon: &TestDaemon,
    scratch: &Path,
) -> Result<Report<'a>, String> {
    let mut report = Report {
        warnings: warnings(scratch),
        settings: args,
        daemon: daemon.version().await?,
        figures: Vec::new(),
        idle_kib: None,
        many_accounts: None,
        bars: Vec::new(),
    };
    let account = daemon.create_account().await?;
    if daemon.is_scratch() {
        report.idle_kib = daemon.resident_kib().await;
    }
    let population =
        Population::build(daemon, account, args.setup.connections, args.members).await?;
    let floors = Floors::new(scratch, args.members)?;
    report.figures = measure_calls(args, population, floors).await?;
    if let Some(added_ms) = args.commit_cost {
        let slow = slow_commits(args, &scratch.join("c"), added_ms).await?;
        report.figures.extend(slow);
    }
    if let Some(sessions) = args.sessions {
        let figures = scaling::sessions(args, daemon, sessions).await?;
        report.figures.extend(figures);
    }
    if let Some(messages) = args.messages {
        let figures = scaling::messages(args, daemon, messages).await?;
        report.figures.extend(figures);
    }
    if let Some(accounts) = args.accounts {
        let many = scaling::accounts(args, accounts, &scratch.join("a")).await?;
        report.many_accounts = Some(many);
    }
    Ok(report)
}

/// The calls and the floors, one after the other in each round. Groups are measured on one
/// connection alone, since one such call is a load by itself unless it is under a key, and
/// strangers' messages on all.
async fn measure_calls(
    args: &Args,
    mut population: Population,
    mut floors: Floors,
) -> Result<Vec<Figure>, String> {
    let many = args.setup.connections;
    let mut phases = vec![
        (Kind::Commit, 1),
        (Kind::Seals, 1),
        (Kind::Empty, 1),
        (Kind::Encrypt, 1),
        (Kind::Decrypt, 1),
        (Kind::Group, 1),
        (Kind::Key, 1),
    ];
    if many > 1 {
        phases.extend([
            (Kind::Empty, many),
            (Kind::Encrypt, many),
            (Kind::Decrypt, many),
            (Kind::Strange, many),
        ]);
    }
    phases.retain(|(kind, _)| args.only.is_empty() || args.only.contains(kind));
    let mut rounds: Vec<Vec<Round>> = phases.iter().map(|_| Vec::new()).collect();
    for _ in 0..=args.setup.rounds {
        for ((kind, connections), rounds) in phases.iter().zip(&mut rounds) {
            let limit = Limit::Time(args.setup.span());
            rounds.push(match kind {
                Kind::Commit => floors.commits(args.setup.span())?,
                Kind::Seals => floors.seals(args.setup.span())?,
                _ => population.measure(*kind, *connections, limit).await?,
            });
        }
    }
    let mut figures: Vec<Figure> = Vec::new();
    for ((kind, connections), rounds) in phases.into_iter().zip(rounds) {
        let empty = figures
            .iter()
            .find(|figure| figure.name == "empty" && figure.connections == connections)
            .map(|figure| figure.rounds.as_slice());
        figures.push(Figure::new(kind.name(), connections, &rounds, empty)?);
    }
    Ok(figures)
}

/// Encryptions on one connection and on all, by a scratch daemon whose commits take longer.
async fn slow_commits(
    args: &Args,
    data_dir: &Path,
    added_ms: usize,
) -> Result<[Figure; 2], String> {
    let cost = format!("--dev-commit-cost-ms={added_ms}");
    let flags = ["--dev".as_ref(), cost.as_ref()];
    let (daemon, _) = TestDaemon::scratch(&args.setup.ratchetd()?, data_dir, &flags)?;
    let account = daemon.create_account().await?;
    let mut population = Population::build(&daemon, account, args.setup.connections, 0).await?;
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..=args.setup.rounds {
        for (rounds, connections) in [(&mut one, 1), (&mut many, args.setup.connections)] {
            let limit = Limit::Time(args.setup.span());
            rounds.push(
                population
                    .measure(Kind::Encrypt, connections, limit)
                    .await?,
            );
        }
    }
    Ok([
        Figure::new("slow commits", 1, &one, None)?,
        Figure::new("slow commits", args.setup.connections, &many, None)?,
    ])
}
