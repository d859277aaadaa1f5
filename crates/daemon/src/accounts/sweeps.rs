//! The hourly sweep of every account, by a clock that is never set.

use std::{sync::Arc, time::Duration};

use engine::SWEEP_INTERVAL;
use tokio::sync::Mutex;

use crate::{api::Daemon, ops::clock::Clock};

/// When the next sweep falls due.
#[derive(Debug)]
pub struct Timers {
    clock: Arc<Clock>,
    /// In running time. Held while the sweeps run, so that the timer and a moved clock do not run them twice.
    due: Mutex<Duration>,
}

impl Timers {
    /// The first sweep is due at once.
    #[must_use]
    pub fn new(clock: Arc<Clock>) -> Self {
        Self {
            due: Mutex::new(clock.running()),
            clock,
        }
    }

    /// Sweeps whenever it is time to, until the task is ended.
    pub async fn run(&self, daemon: &Daemon) {
        loop {
            let mut due = self.due.lock().await;
            let wait = due.saturating_sub(self.clock.running());
            if wait.is_zero() {
                *due = self.sweep(daemon).await;
            } else {
                drop(due);
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Moves the development clock forward, and sweeps whenever that falls due on the way.
    pub async fn advance(&self, daemon: &Daemon, span: Duration) {
        let mut due = self.due.lock().await;
        let mut left = span;
        loop {
            let wait = due.saturating_sub(self.clock.running());
            if wait.is_zero() {
                *due = self.sweep(daemon).await;
            } else if left.is_zero() {
                break;
            } else {
                // The clock moves by whole milliseconds: rounded up, so that it arrives.
                let wait = wait.saturating_add(Duration::from_micros(999));
                let step =
                    Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
                        .min(left);
                self.clock.advance(step);
                left = left.saturating_sub(step);
            }
        }
    }

    /// Sweeps every account, each in a transaction of its own; gives the time of the next sweep. One that
    /// fails is made up for then: expiry is judged at use, and a sweep only writes it down.
    async fn sweep(&self, daemon: &Daemon) -> Duration {
        let next = self.clock.running().saturating_add(SWEEP_INTERVAL);
        for account in daemon.accounts.all() {
            let swept = account
                .worker
                .call(|engine, store, env| Ok(engine.sweep(store, env)?));
            if let Err(error) = swept.await {
                tracing::warn!(account = account.info.account, %error, "a sweep was put off");
            }
        }
        next
    }
}
