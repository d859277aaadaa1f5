//! What changes with the size of the state: many sessions, many messages, many accounts.

use std::{collections::VecDeque, path::Path, rc::Rc};

use crate::{
    Args,
    closed_loop::{Calls, Limit, run_loop},
    connection::Connection,
    figure::{Figure, median},
    peer::Peer,
    population::{
        Kind, MESSAGE, Population, encrypt_request, establish_sessions, group_request,
        import_bundles,
    },
    report::ManyAccounts,
    test_daemon::{TestAccount, TestDaemon},
};

/// Sessions of the small store.
const FEW: usize = 10;
/// Recipients that are written to in the large one, evenly spread over all.
const SPREAD: usize = 1000;
/// Peers made and dropped at once.
const CHUNK: usize = 1000;
/// About as many messages are in a block; the first is what the last ones are compared with.
const BLOCK: usize = 1000;
/// Of this many blocks at the end the median counts.
const LAST_BLOCKS: usize = 11;
/// Starts of the daemon with many accounts.
const STARTS: usize = 5;

/// What encrypting costs with a few sessions in the store, and with `sessions` of them: to the same
/// recipients, and to recipients from all over the store.
pub(crate) async fn sessions(
    args: &Args,
    daemon: &TestDaemon,
    sessions: usize,
) -> Result<[Figure; 3], String> {
    let account = daemon.create_account().await?;
    let few = new_contacts(daemon, &account, FEW).await?;
    let before = encrypt("few sessions", args, daemon, few.clone()).await?;
    let mut all = few.clone();
    while all.len() < sessions {
        let chunk = CHUNK.min(sessions - all.len());
        all.extend(new_contacts(daemon, &account, chunk).await?);
    }
    let same = encrypt("many sessions", args, daemon, few).await?;
    let every = all.len().div_ceil(SPREAD);
    let spread = all.into_iter().step_by(every).collect();
    let spread = encrypt("many sessions, all used", args, daemon, spread).await?;
    Ok([before, same, spread])
}

/// Sets up sessions of the account with this many new devices, and returns calls that encrypt to
/// them.
async fn new_contacts(
    daemon: &TestDaemon,
    account: &TestAccount,
    count: usize,
) -> Result<VecDeque<Rc<[u8]>>, String> {
    let mut peers = Peer::several(count)?;
    establish_sessions(daemon, account, &mut peers).await?;
    let calls = peers
        .iter()
        .map(|peer| encrypt_request(&account.name, peer));
    Ok(calls.collect())
}

/// These calls on all connections, one after the other.
async fn encrypt(
    name: &str,
    args: &Args,
    daemon: &TestDaemon,
    calls: VecDeque<Rc<[u8]>>,
) -> Result<Figure, String> {
    let mut calls = Calls::repeated([calls], MESSAGE, None);
    let (connections, limit) = (args.setup.connections, Limit::Time(args.setup.span()));
    let mut rounds = Vec::new();
    for _ in 0..=args.setup.rounds {
        rounds.push(run_loop(daemon.socket(), connections, limit, &mut calls).await?);
    }
    Figure::new(name, connections, &rounds, None)
}

/// The first messages of an account, and those after `messages` others; half of them are sent, and
/// half received.
pub(crate) async fn messages(
    args: &Args,
    daemon: &TestDaemon,
    messages: usize,
) -> Result<[Figure; 2], String> {
    let connections = args.setup.connections;
    let account = daemon.create_account().await?;
    let mut population = Population::build(daemon, account, connections, 0).await?;
    let each = (BLOCK.min(messages) / 2 / connections).max(1);
    // The first messages should not pay for the first use of a connection.
    let warm_up = population
        .measure(Kind::Empty, connections, Limit::Each(each))
        .await?;
    let mut blocks = vec![warm_up];
    for number in 0..messages.div_ceil(each * connections * 2) + LAST_BLOCKS + 1 {
        let mut block = population
            .measure(Kind::Encrypt, connections, Limit::Each(each))
            .await?;
        let received = population
            .measure(Kind::Decrypt, connections, Limit::Each(each))
            .await?;
        block.add(&received)?;
        // The first block is kept, then those that may be the last ones and one before.
        if number > LAST_BLOCKS + 1 {
            blocks.remove(2);
        }
        blocks.push(block);
    }
    let (first, last) = blocks.split_at(2);
    Ok([
        Figure::new("first messages", connections, first, None)?,
        Figure::new("last messages", connections, last, None)?,
    ])
}

/// A daemon with this many accounts, each with a session with every member of the group: its
/// memory, and how long it takes to start.
pub(crate) async fn accounts(
    args: &Args,
    accounts: usize,
    data_dir: &Path,
) -> Result<ManyAccounts, String> {
    let program = args.setup.ratchetd()?;
    let (daemon, _) = TestDaemon::scratch(&program, data_dir, &[])?;
    let mut contacts = Peer::several(args.members)?;
    for _ in 0..accounts {
        let account = daemon.create_account().await?;
        import_bundles(&daemon, &account, &mut contacts).await?;
        let mut connection = Connection::open(daemon.socket()).await?;
        connection.call(&group_request(&account, &contacts)).await?;
    }
    let resident_kib = daemon.resident_kib().await;
    daemon.stop()?;
    let mut starts = Vec::new();
    let mut resident_after_start_kib = None;
    for _ in 0..STARTS {
        let (daemon, start) = TestDaemon::scratch(&program, data_dir, &[])?;
        starts.push(start.as_secs_f64() * 1000.0);
        resident_after_start_kib = daemon.resident_kib().await;
        daemon.stop()?;
    }
    Ok(ManyAccounts {
        resident_kib,
        resident_after_start_kib,
        start_ms: median(starts),
    })
}
