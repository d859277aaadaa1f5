//! What systemd, or whatever else started us in its manner, is told of us (sd_notify). Without one,
//! nobody is.

use std::{sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::ops::probe::Probe;

/// The status while all is well.
const READY: &str = "serving";

/// We listen. From now on the watchdog, if there is one, hears of us for as long as the check of
/// readiness comes to an end. What it finds is in the status: a new start would not mend a full
/// disk. The task that sees to it ends with the daemon.
pub fn ready(probe: Arc<Probe>) -> JoinHandle<()> {
    tell(&[NotifyState::Ready, NotifyState::Status(READY)]);
    let mut limit = 0;
    let watched = sd_notify::watchdog_enabled(false, &mut limit);
    tokio::spawn(async move {
        if watched {
            // Twice within the time that we are given: one answer may be late.
            watch(probe, Duration::from_micros(limit) / 2).await;
        }
    })
}

/// We finish what was accepted, and end.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

async fn watch(probe: Arc<Probe>, every: Duration) {
    // A timer with a period of nothing panics.
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let probe = Arc::clone(&probe);
        // Telling waits for a supervisor that does not take its messages, too.
        let told = tokio::task::spawn_blocking(move || {
            let status = match probe.check() {
                Ok(()) => READY.to_owned(),
                Err(reason) => format!("not ready: {reason}"),
            };
            tell(&[NotifyState::Watchdog, NotifyState::Status(&status)]);
        });
        if told.await.is_err() {
            tracing::error!("the check of readiness panicked");
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, states) {
        tracing::warn!(%error, "the supervisor could not be told");
    }
}
