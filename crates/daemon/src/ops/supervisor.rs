//! Messages to the supervisor that started the daemon, systemd or one like it (sd_notify). Without
//! one nothing is sent.

use std::{sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::ops::probe::Probe;

/// The status while all is well.
const READY: &str = "serving";

/// Says that the daemon listens. From then on a task answers the watchdog, if there is one,
/// whenever the check of readiness comes to an end. Its result goes into the status only: a restart
/// would not mend a full disk. The task ends with the daemon.
pub fn ready(probe: Arc<Probe>) -> JoinHandle<()> {
    notify(&[NotifyState::Ready, NotifyState::Status(READY)]);
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
    notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

async fn watch(probe: Arc<Probe>, every: Duration) {
    // A timer with a period of zero panics.
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let probe = Arc::clone(&probe);
        // Sending blocks while the supervisor takes no messages.
        let sent = tokio::task::spawn_blocking(move || {
            let status = match probe.check() {
                Ok(()) => READY.to_owned(),
                Err(reason) => format!("not ready: {reason}"),
            };
            notify(&[NotifyState::Watchdog, NotifyState::Status(&status)]);
        });
        if sent.await.is_err() {
            tracing::error!("the check of readiness panicked");
        }
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, states) {
        tracing::warn!(%error, "the supervisor could not be notified");
    }
}
