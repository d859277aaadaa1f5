//! The hourly sweep of every account, by a clock that is never set.

use std::{sync::Arc, time::Duration};

use engine::model::SWEEP_INTERVAL;
use tokio::sync::Mutex;

use super::registry::Accounts;
use crate::ops::clock::Clock;

/// Knows when the next sweep falls due.
#[derive(Debug)]
pub struct Sweeper {
    clock: Arc<Clock>,
    /// In running time. Held while the sweeps run, so that the timer and a moved clock do not run
    /// them twice.
    due: Mutex<Duration>,
}

impl Sweeper {
    /// The first sweep is due at once.
    #[must_use]
    pub fn new(clock: Arc<Clock>) -> Self {
        Self {
            due: Mutex::new(clock.running()),
            clock,
        }
    }

    /// Sweeps whenever it is time to, until the task is ended.
    pub async fn run(&self, accounts: &Accounts) {
        loop {
            let mut due = self.due.lock().await;
            let wait = due.saturating_sub(self.clock.running());
            if wait.is_zero() {
                *due = self.sweep(accounts).await;
            } else {
                drop(due);
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Moves the development clock forward, and sweeps whenever that falls due on the way.
    pub async fn advance(&self, accounts: &Accounts, span: Duration) {
        let mut due = self.due.lock().await;
        let mut left = span;
        loop {
            let wait = due.saturating_sub(self.clock.running());
            if wait.is_zero() {
                *due = self.sweep(accounts).await;
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

    /// Sweeps every account, each in a transaction of its own, and returns when the next sweep is
    /// due. A sweep that fails is made up for then: expiry is judged at use, and a sweep only
    /// writes it down.
    async fn sweep(&self, accounts: &Accounts) -> Duration {
        let next = self.clock.running().saturating_add(SWEEP_INTERVAL);
        for account in accounts.all() {
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
