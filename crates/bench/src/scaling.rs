//! What changes with the size of the state: many sessions, many messages, many accounts.

use std::{cell::RefCell, collections::VecDeque, path::Path, rc::Rc};

use daemon::ops::clock::Clock;
use serde_json::json;

use crate::{
    BenchArgs,
    closed_loop::{Kind, Limit, Source, drive},
    connection::{Line, request},
    figure::median,
    mix::Mix,
    peer::Peer,
    population::{PAYLOAD, Town, befriend, group_params, hex, import, shown},
    progress::Progress,
    report::{Full, Growth},
    test_daemon::{Host, Made},
};

/// Sessions of the small store.
const FEW: usize = 10;
/// Recipients that are written to in the large one, evenly spread over all.
const SPREAD: usize = 1000;
/// Peers made and forgotten at once.
const CHUNK: usize = 1000;
/// Messages that are counted as the first.
const FIRST: u64 = 1000;
/// Of the blocks of so many messages at the end, the median counts.
const LAST_BLOCKS: usize = 11;
/// Starts of the full daemon.
const STARTS: usize = 5;

/// What encrypting costs with `sessions` of them in the store against a few: with the same recipients, and with recipients
/// from all over the store.
pub(crate) async fn sessions(
    args: &BenchArgs,
    host: &Host,
    sessions: u64,
    progress: &Progress,
) -> Result<(Growth, Growth), String> {
    let clock = Clock::default();
    let made = host.make_account().await?;
    let few = friends(host, &made, &clock, FEW).await?;
    let before = encrypting(args, host, &made, &few).await?;
    let mut all = few.clone();
    let wanted = usize::try_from(sessions).unwrap_or(usize::MAX);
    while all.len() < wanted {
        progress.step(&format!("{} of {sessions} sessions", all.len()));
        let chunk = CHUNK.min(wanted - all.len());
        all.extend(friends(host, &made, &clock, chunk).await?);
    }
    progress.step("messages to the same few");
    let same = encrypting(args, host, &made, &few).await?;
    progress.step("messages to recipients all over");
    let every = all.len().div_ceil(SPREAD).max(1);
    let spread: Vec<String> = all.into_iter().step_by(every).collect();
    let spread = encrypting(args, host, &made, &spread).await?;
    let growth = |after: f64| Growth {
        from: FEW as u64,
        to: sessions,
        before,
        after,
        ratio: before / after.max(f64::EPSILON),
    };
    Ok((growth(same), growth(spread)))
}

/// How many steps [`sessions`] takes.
pub(crate) fn steps_of(sessions: u64) -> u64 {
    sessions.div_ceil(CHUNK as u64) + 2
}

/// Has the account talk with so many new devices, in both directions; their keys.
async fn friends(
    host: &Host,
    made: &Made,
    clock: &Clock,
    count: usize,
) -> Result<Vec<String>, String> {
    let mut peers = (0..count)
        .map(|_| Peer::new(clock))
        .collect::<Result<Vec<_>, _>>()?;
    befriend(host, made, clock, &mut peers).await?;
    peers.iter().map(|peer| shown(&peer.identity())).collect()
}

/// Calls of `message_encrypt` a second, to one recipient after the other; the median of the rounds.
async fn encrypting(
    args: &BenchArgs,
    host: &Host,
    made: &Made,
    recipients: &[String],
) -> Result<f64, String> {
    let calls: VecDeque<Rc<[u8]>> = recipients
        .iter()
        .map(|recipient| {
            let params =
                json!({"account": made.name, "recipient": recipient, "payload": hex(PAYLOAD)});
            request("message_encrypt", &params).into()
        })
        .collect();
    let source = Rc::new(RefCell::new(Ring(calls)));
    let mut rates = Vec::new();
    for round in 0..=args.rounds() {
        let driven = drive(host.socket(), args.connections(), args.limit(), &source).await?;
        if let Some(error) = driven.first_error {
            return Err(error);
        }
        if round > 0 {
            rates.push(driven.rate());
        }
    }
    Ok(median(&rates))
}

/// The same calls over and over.
struct Ring(VecDeque<Rc<[u8]>>);

impl Source for Ring {
    fn next(&mut self, _: usize) -> Option<(Kind, Rc<[u8]>)> {
        let call = self.0.pop_front()?;
        self.0.push_back(Rc::clone(&call));
        Some((Kind::Encrypt, call))
    }

    fn answered(&mut self, _: usize, _: Kind, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

/// What a message costs after so many others, half of them sent and half of them read, against the first.
pub(crate) async fn messages(
    args: &BenchArgs,
    host: &Host,
    messages: u64,
    progress: &Progress,
) -> Result<Growth, String> {
    let made = host.make_account().await?;
    let town = Town::build(host, made, args.peers(), 0).await?;
    // The first messages should not pay for connections that nobody has used yet.
    let first = FIRST.min(messages);
    let block = Limit::Calls(first.div_ceil(2));
    let connections = args.connections();
    town.measure(&Mix::only(Kind::Empty), connections, block)
        .await?;
    let mut rates = Vec::new();
    let blocks = messages.div_ceil(first).saturating_add(LAST_BLOCKS as u64);
    for number in 0..blocks {
        if number.is_multiple_of(10) {
            progress.step(&format!("{} of {messages} messages", number * first));
        }
        let mut seconds = 0.0;
        for kind in [Kind::Encrypt, Kind::Decrypt] {
            let driven = town.measure(&Mix::only(kind), connections, block).await?;
            if let Some(error) = driven.first_error {
                return Err(error);
            }
            seconds += driven.elapsed.as_secs_f64();
        }
        rates.push(first as f64 / seconds.max(f64::EPSILON));
    }
    let before = rates.first().copied().unwrap_or_default();
    let last = rates.get(rates.len().saturating_sub(LAST_BLOCKS)..);
    let after = median(last.unwrap_or_default());
    Ok(Growth {
        from: first,
        to: messages,
        before,
        after,
        ratio: before / after.max(f64::EPSILON),
    })
}

/// How many steps [`messages`] takes.
pub(crate) fn steps_of_messages(messages: u64) -> u64 {
    (messages.div_ceil(FIRST.min(messages)) + LAST_BLOCKS as u64).div_ceil(10)
}

/// A daemon with many accounts, each with a session with every member of the group: its memory, and how long it takes to start.
pub(crate) async fn full(
    args: &BenchArgs,
    accounts: usize,
    data_dir: &Path,
    progress: &Progress,
) -> Result<Full, String> {
    let clock = Clock::default();
    let (host, _) = Host::scratch(&args.ratchetd()?, data_dir, &[])?;
    let mut contacts = (0..args.members())
        .map(|_| Peer::new(&clock))
        .collect::<Result<Vec<_>, _>>()?;
    for number in 1..=accounts {
        progress.step(&format!("account {number} of {accounts}"));
        let made = host.make_account().await?;
        import(&host, &made, &clock, &mut contacts).await?;
        let mut line = Line::open(host.socket()).await?;
        let params = group_params(&made, &contacts)?;
        line.ask("message_encryptGroup", &params).await?;
    }
    let resident_kib = host.resident_kib().await;
    host.stop()?;
    let mut starts = Vec::new();
    let mut resident_after_start_kib = None;
    for _ in 0..STARTS {
        progress.step("a start");
        let (host, took) = Host::scratch(&args.ratchetd()?, data_dir, &[])?;
        starts.push(took.as_secs_f64() * 1000.0);
        resident_after_start_kib = host.resident_kib().await;
        host.stop()?;
    }
    Ok(Full {
        accounts,
        sessions: (accounts * args.members()) as u64,
        resident_kib,
        resident_after_start_kib,
        start_ms: median(&starts),
    })
}

/// How many steps [`full`] takes.
pub(crate) const fn steps_of_accounts(accounts: usize) -> u64 {
    (accounts + STARTS) as u64
}
