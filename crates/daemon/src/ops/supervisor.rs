//! Messages to the supervisor that started the daemon, systemd or one like it (sd_notify). Without
//! one nothing is sent.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use sd_notify::NotifyState;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::ops::probe::Probe;

/// The status while all is well.
const READY: &str = "serving";
/// A supervisor that has not taken a message in this time is not waited for. The message stays
/// until it is taken, and meanwhile no other is sent.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the supervisor is told.
enum Notice {
    /// We listen.
    Ready,
    /// A check has come to its end, with this status.
    Alive(String),
    /// We are about to end.
    Stopping,
}

impl Notice {
    fn states(&self) -> [NotifyState<'_>; 2] {
        match self {
            Self::Ready => [NotifyState::Ready, NotifyState::Status(READY)],
            Self::Alive(status) => [NotifyState::Watchdog, NotifyState::Status(status)],
            Self::Stopping => [NotifyState::Stopping, NotifyState::Status("stopping")],
        }
    }
}

/// Says that the daemon listens. From then on a task answers the watchdog, if there is one,
/// whenever the check of readiness comes to an end. Its result goes into the status only: a restart
/// would not mend a full disk. The task ends with the daemon.
pub fn ready(probe: Arc<Probe>) -> JoinHandle<()> {
    notify(Notice::Ready);
    let mut limit = 0;
    let watched = sd_notify::watchdog_enabled(false, &mut limit);
    tokio::spawn(async move {
        if watched {
            // Twice within the given time: one answer may be late.
            watch(probe, Duration::from_micros(limit) / 2).await;
        }
    })
}

/// Says that the daemon finishes the calls it has accepted, and ends.
pub fn stopping() {
    notify(Notice::Stopping);
}

async fn watch(probe: Arc<Probe>, every: Duration) {
    // A timer with a period of zero panics.
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let status = match Arc::clone(&probe).check().await {
            Ok(()) => READY.to_owned(),
            Err(faults) => format!("not ready: {faults}: {}", faults.hint()),
        };
        let sent = tokio::task::spawn_blocking(move || notify(Notice::Alive(status)));
        if sent.await.is_err() {
            tracing::error!("telling the supervisor panicked");
        }
    }
}

/// Sends a message, on a thread of its own: that blocks while the supervisor takes none. Messages
/// are sent one after another.
fn notify(notice: Notice) {
    /// Comes when the last message is taken, if it was not yet.
    static UNTAKEN: Mutex<Option<Receiver<()>>> = Mutex::new(None);
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    // Nothing panics under the lock.
    let mut untaken = UNTAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(taken) = untaken.take()
        && !is_taken(&taken)
    {
        *untaken = Some(taken);
        return;
    }
    let (sent, taken) = channel::<()>();
    let send = move || {
        if let Err(error) = sd_notify::notify(false, &notice.states()) {
            tracing::warn!(%error, "the supervisor could not be notified");
        }
        drop(sent);
    };
    match thread::Builder::new().name("notify".to_owned()).spawn(send) {
        Ok(_) => *untaken = (!is_taken(&taken)).then_some(taken),
        Err(error) => tracing::warn!(%error, "the supervisor could not be notified"),
    }
}

/// Waits until a message is taken, for a while.
fn is_taken(message: &Receiver<()>) -> bool {
    message.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Disconnected)
}
