//! `ratchetd serve`: the daemon.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use listenfd::ListenFd;
use rpc::types::MemoryProtection;
use session_store::DataDir;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    accounts::{
        registry::Accounts,
        sweeps::Sweeper,
        topic_keys::TopicKeys,
        worker::{WorkerConfig, default_threads},
    },
    api::{Daemon, MAX_DERIVATIONS, event_tickets::EventTickets, link::Links, methods},
    commands::{Failure, output::Output},
    config::{Flags, Settings, read_passphrase},
    ops::{
        budget::{Budget, MAX_BYTES},
        build::VERSION,
        clock::Clock,
        dev::Dev,
        entropy::entropy,
        log, memory,
        metrics::Metrics,
        probe::Probe,
        supervisor,
    },
    server::Server,
};

/// Threads for what blocks: reading beside the workers, key derivations, files. Of one account none
/// has more than one that waits for its disk.
const BLOCKING_THREADS: usize = 8;

/// How many accounts are open, and how many threads run them.
struct Workers {
    open_max: usize,
    threads: usize,
}

/// Serves until a signal asks it to stop.
///
/// # Errors
/// One line saying what is wrong and what to do.
pub fn run(flags: Flags, mut memory: MemoryProtection) -> Result<(), Failure> {
    let settings = Settings::load(&flags)?;
    let descriptors = memory::raise_descriptors();
    // Before there are secrets in memory, and while this is the only thread.
    memory::lock(settings.memory_lock, &mut memory)?;
    // Also while this is the only thread: it removes variables from the environment.
    let listeners = ListenFd::from_env();
    let metrics = Arc::new(Metrics::new()?);
    // Dropped last: nothing is logged after that.
    let _log = log::start(
        settings.log,
        &settings.log_filter,
        metrics.log_lines_lost.clone(),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()?;
    let workers = workers(&settings, descriptors);
    runtime.block_on(serve(settings, flags, listeners, memory, metrics, workers))
}

/// How the accounts are run, with as many of them open as there are descriptors for.
fn workers(settings: &Settings, descriptors: Option<u64>) -> Workers {
    // On each of two listeners.
    let connections = 2 * u64::from(settings.rpc.max_connections);
    let wanted = u64::from(settings.accounts.open_max);
    let fits = memory::accounts_within(descriptors, wanted, connections);
    if fits < wanted {
        tracing::warn!(
            descriptors,
            open_max = wanted,
            "there are file descriptors for {fits} open accounts beside the connections: raise the limit (LimitNOFILE=, --ulimit nofile=, ulimit -n), or fewer are open than was set"
        );
    }
    Workers {
        open_max: usize::try_from(fits).unwrap_or(usize::MAX),
        threads: match settings.accounts.workers {
            0 => default_threads(),
            set => usize::try_from(set).unwrap_or(usize::MAX),
        },
    }
}

async fn serve(
    settings: Settings,
    flags: Flags,
    listeners: ListenFd,
    memory: MemoryProtection,
    metrics: Arc<Metrics>,
    workers: Workers,
) -> Result<(), Failure> {
    // Before anything else, so that no signal during the start is lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hangup = signal(SignalKind::hangup())?;

    let clock = Arc::new(Clock::default());
    let passphrase = settings
        .passphrase_file
        .as_deref()
        .map(read_passphrase)
        .transpose()?;
    let passphrase = passphrase.as_ref().map(|bytes| bytes.as_slice());
    let directory = DataDir::open(&settings.data_dir, passphrase, &mut entropy())?;
    let dev = Dev::admit(&settings, &directory)?;
    let worker = WorkerConfig {
        commit_cost: settings.dev_commit_cost,
        open_max: workers.open_max,
        threads: workers.threads,
        ..WorkerConfig::from(usize::try_from(settings.rpc.queue).unwrap_or(usize::MAX))
    };
    let accounts = Arc::new(Accounts::open(
        directory,
        Arc::clone(&clock),
        Arc::clone(&metrics),
        settings.engine.clone(),
        worker,
    )?);
    let daemon = Arc::new(Daemon {
        probe: Arc::new(Probe::new(
            &settings.data_dir,
            Arc::clone(&clock),
            accounts.clone(),
        )),
        sweeper: Sweeper::new(Arc::clone(&clock)),
        metrics,
        memory,
        dev,
        started_at: clock.now(),
        budget: Budget::new(MAX_BYTES),
        derivations: tokio::sync::Semaphore::new(MAX_DERIVATIONS),
        topic_keys: TopicKeys::default(),
        event_tickets: Arc::new(EventTickets::new(Arc::clone(&clock))),
        links: Links::new(Arc::clone(&clock)),
        stopping: AtomicBool::new(false),
        accounts,
        clock,
    });
    let methods = methods(Arc::clone(&daemon), settings.dev)?;
    let server = Server::start(Arc::clone(&daemon), methods, &settings, listeners).await?;
    announce(server.addresses.clone())?;
    // Not earlier: a start that fails prints one line only.
    memory::log_protection(&daemon.memory);
    tracing::info!(version = VERSION, dev = settings.dev, "ready");

    let swept = Arc::clone(&daemon);
    let sweeping = tokio::spawn(async move { swept.sweeper.run(&swept.accounts).await });
    let filtering = tokio::spawn(read_filter_again(hangup, flags));
    let watched = supervisor::ready(Arc::clone(&daemon.probe));
    wait_for_any(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping");
    supervisor::stopping();
    watched.abort();
    filtering.abort();
    // A sweep that a worker has begun is finished with its other calls.
    sweeping.abort();
    daemon.stop();
    server.stop().await;
    tokio::task::spawn_blocking(move || daemon.accounts.close()).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Reads the log filter from the configuration again with every SIGHUP.
async fn read_filter_again(mut hangup: Signal, flags: Flags) {
    while hangup.recv().await.is_some() {
        let set = Settings::load(&flags)
            .map_err(|error| error.to_string())
            .and_then(|settings| log::set_filter(&settings.log_filter));
        match set {
            Ok(_) => tracing::info!("the log filter was read again"),
            Err(error) => tracing::error!(%error, "the log filter stays as it is"),
        }
    }
}

async fn wait_for_any(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Prints a line for each listener, for the process that started the daemon. One that cannot be
/// written is no reason not to serve, and on a thread of its own a write that does not return holds
/// nothing up.
fn announce(addresses: Vec<String>) -> io::Result<()> {
    let print = move || {
        let mut out = Output::new(io::stdout());
        for address in addresses {
            out.say(&format!("listening on {address}"));
        }
        if let Err(lost) = out.end() {
            tracing::warn!("nobody was told where the daemon listens: {lost}");
        }
    };
    thread::Builder::new()
        .name("announce".to_owned())
        .spawn(print)
        .map(drop)
}
