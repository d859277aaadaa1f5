//! What changes with the size of the state: many sessions, many messages, many accounts.

use std::{cell::RefCell, collections::VecDeque, path::Path, rc::Rc};

use crate::{
    Args,
    closed_loop::{CallKind, Limit, Workload, run_loop},
    connection::Connection,
    figure::median,
    mix::Mix,
    peer::Peer,
    population::{
        Population, encrypt_request, establish_sessions, group_params, import_bundles, key_text,
    },
    progress::Progress,
    report::{ManyAccounts, Scaling},
    test_daemon::{TestAccount, TestDaemon},
};

/// Sessions of the small store.
const FEW: usize = 10;
/// Recipients that are written to in the large one, evenly spread over all.
const SPREAD: usize = 1000;
/// Peers made and dropped at once.
const CHUNK: usize = 1000;
/// Messages in a block; the first block is what the last ones are compared with.
const BLOCK: u64 = 1000;
/// Of this many blocks at the end the median counts.
const LAST_BLOCKS: usize = 11;
/// Starts of the daemon with many accounts.
const STARTS: usize = 5;

/// What encrypting costs with `sessions` of them in the store, compared with a few: to the same
/// recipients, and to recipients from all over the store.
pub(crate) async fn sessions(
    args: &Args,
    daemon: &TestDaemon,
    sessions: u64,
    progress: &Progress,
) -> Result<(Scaling, Scaling), String> {
    let account = daemon.create_account().await?;
    let few = new_contacts(daemon, &account, FEW).await?;
    let before = encrypt_rate(args, daemon, &account, &few).await?;
    let mut all = few.clone();
    let wanted = usize::try_from(sessions).unwrap_or(usize::MAX);
    while all.len() < wanted {
        progress.step(&format!("{} of {sessions} sessions", all.len()));
        let chunk = CHUNK.min(wanted - all.len());
        all.extend(new_contacts(daemon, &account, chunk).await?);
    }
    progress.step("messages to the same few");
    let same = encrypt_rate(args, daemon, &account, &few).await?;
    progress.step("messages to recipients all over");
    let every = all.len().div_ceil(SPREAD).max(1);
    let spread: Vec<String> = all.into_iter().step_by(every).collect();
    let spread = encrypt_rate(args, daemon, &account, &spread).await?;
    Ok((
        Scaling::new(FEW as u64, sessions, before, same),
        Scaling::new(FEW as u64, sessions, before, spread),
    ))
}

/// Steps of progress in [`sessions`].
pub(crate) fn steps_of_sessions(sessions: u64) -> u64 {
    sessions.div_ceil(CHUNK as u64) + 2
}

/// Sets up sessions of the account with this many new devices; their keys in the interface's form.
async fn new_contacts(
    daemon: &TestDaemon,
    account: &TestAccount,
    count: usize,
) -> Result<Vec<String>, String> {
    let mut peers = Peer::several(count)?;
    establish_sessions(daemon, account, &mut peers).await?;
    peers
        .iter()
        .map(|peer| key_text(&peer.identity()))
        .collect()
}

/// Calls of `message_encrypt` a second, to one recipient after the other; the median of the rounds.
async fn encrypt_rate(
    args: &Args,
    daemon: &TestDaemon,
    account: &TestAccount,
    recipients: &[String],
) -> Result<f64, String> {
    let calls = recipients
        .iter()
        .map(|recipient| encrypt_request(account, recipient))
        .collect();
    let workload = Rc::new(RefCell::new(Repeat(calls)));
    let mut rates = Vec::new();
    for round in 0..=args.rounds() {
        let (connections, limit) = (args.connections(), args.limit());
        let result = run_loop(daemon.socket(), connections, limit, &workload).await?;
        if let Some(error) = result.first_error {
            return Err(error);
        }
        // The first round is a warm-up.
        if round > 0 {
            rates.push(result.rate());
        }
    }
    Ok(median(&rates))
}

/// The same encryptions over and over.
struct Repeat(VecDeque<Rc<[u8]>>);

impl Workload for Repeat {
    fn next(&mut self, _: usize) -> Option<(CallKind, Rc<[u8]>)> {
        let call = self.0.pop_front()?;
        self.0.push_back(Rc::clone(&call));
        Some((CallKind::Encrypt, call))
    }

    fn answered(&mut self, _: usize, _: CallKind, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

/// What a message costs after `messages` others, half of them sent and half received, compared with
/// the first.
pub(crate) async fn messages(
    args: &Args,
    daemon: &TestDaemon,
    messages: u64,
    progress: &Progress,
) -> Result<Scaling, String> {
    let account = daemon.create_account().await?;
    let population = Population::build(daemon, account, args.peers(), 0).await?;
    let connections = args.connections();
    let block = BLOCK.min(messages);
    let half = Limit::Calls(block.div_ceil(2));
    // The first messages should not pay for the first use of a connection.
    population
        .measure(&Mix::only(CallKind::Empty), connections, half)
        .await?;
    let mut rates = Vec::new();
    let blocks = messages.div_ceil(block).saturating_add(LAST_BLOCKS as u64);
    for number in 0..blocks {
        if number.is_multiple_of(10) {
            progress.step(&format!("{} of {messages} messages", number * block));
        }
        let mut seconds = 0.0;
        for kind in [CallKind::Encrypt, CallKind::Decrypt] {
            let mix = Mix::only(kind);
            let result = population.measure(&mix, connections, half).await?;
            if let Some(error) = result.first_error {
                return Err(error);
            }
            seconds += result.elapsed.as_secs_f64();
        }
        rates.push(block as f64 / seconds.max(f64::EPSILON));
    }
    let before = rates.first().copied().unwrap_or_default();
    let last = rates.get(rates.len().saturating_sub(LAST_BLOCKS)..);
    let after = median(last.unwrap_or_default());
    Ok(Scaling::new(block, messages, before, after))
}

/// Steps of progress in [`messages`].
pub(crate) fn steps_of_messages(messages: u64) -> u64 {
    (messages.div_ceil(BLOCK.min(messages)) + LAST_BLOCKS as u64).div_ceil(10)
}

/// A daemon with this many accounts, each with a session with every member of the group: its
/// memory, and how long it takes to start.
pub(crate) async fn accounts(
    args: &Args,
    accounts: usize,
    data_dir: &Path,
    progress: &Progress,
) -> Result<ManyAccounts, String> {
    let program = args.ratchetd()?;
    let (daemon, _) = TestDaemon::scratch(&program, data_dir, &[])?;
    let mut contacts = Peer::several(args.members())?;
    for number in 1..=accounts {
        progress.step(&format!("account {number} of {accounts}"));
        let account = daemon.create_account().await?;
        import_bundles(&daemon, &account, &mut contacts).await?;
        let mut connection = Connection::open(daemon.socket()).await?;
        let params = group_params(&account, &contacts)?;
        connection.ask("message_encryptGroup", &params).await?;
    }
    let resident_kib = daemon.resident_kib().await;
    daemon.stop()?;
    let mut starts = Vec::new();
    let mut resident_after_start_kib = None;
    for _ in 0..STARTS {
        progress.step("a start");
        let (daemon, start) = TestDaemon::scratch(&program, data_dir, &[])?;
        starts.push(start.as_secs_f64() * 1000.0);
        resident_after_start_kib = daemon.resident_kib().await;
        daemon.stop()?;
    }
    Ok(ManyAccounts {
        accounts,
        sessions: (accounts * args.members()) as u64,
        resident_kib,
        resident_after_start_kib,
        start_ms: median(&starts),
    })
}

/// Steps of progress in [`accounts`].
pub(crate) const fn steps_of_accounts(accounts: usize) -> u64 {
    (accounts + STARTS) as u64
}
