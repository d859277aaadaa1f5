//! The sweeps of the accounts, by a clock that is never set.
//!
//! An account is swept when something falls due in it, and an open one every hour at the latest.
//! After a night in which the machine was off that may be all of them, so they are swept one after
//! the other, with a pause between them.

use std::{sync::Arc, time::Duration};

use engine::model::SWEEP_INTERVAL;
use tokio::{sync::Mutex, time::sleep};

use super::registry::Accounts;
use crate::ops::clock::Clock;

/// The pause after the sweep of an account that was closed: ten thousand of them take an hour.
const PAUSE: Duration = Duration::from_millis(300);
/// The pause between two sweeps of one account.
pub(super) const LEAST_PAUSE: Duration = Duration::from_secs(60);
/// Nothing is due: there are no accounts.
const NOTHING_DUE: Duration = SWEEP_INTERVAL;

/// Sweeps the accounts when they are due.
#[derive(Debug)]
pub struct Sweeper {
    clock: Arc<Clock>,
    /// Held during a sweep, so that the timer and a moved clock do not sweep at the same time.
    turn: Mutex<()>,
}

/// What there is to do.
enum Next {
    /// An account was swept, which was closed before or not.
    Swept { was_closed: bool },
    /// Nothing is due for so long.
    Wait(Duration),
}

impl Sweeper {
    /// A sweeper by this clock.
    #[must_use]
    pub fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            turn: Mutex::default(),
        }
    }

    /// Sweeps whenever it is time to, until the task is ended.
    pub async fn run(&self, accounts: &Accounts) {
        loop {
            let turn = self.turn.lock().await;
            let next = self.sweep_next(accounts).await;
            drop(turn);
            match next {
                Next::Swept { was_closed: false } => {}
                Next::Swept { was_closed: true } => sleep(PAUSE).await,
                Next::Wait(wait) => tokio::select! {
                    () = sleep(wait) => {}
                    () = accounts.schedule().earlier() => {}
                },
            }
        }
    }

    /// Moves the development clock forward, and sweeps whenever that falls due on the way.
    pub async fn advance(&self, accounts: &Accounts, span: Duration) {
        let _turn = self.turn.lock().await;
        let mut left = span;
        loop {
            let wait = match self.sweep_next(accounts).await {
                Next::Swept { .. } => continue,
                Next::Wait(wait) => wait,
            };
            if left.is_zero() {
                break;
            }
            // The clock moves by whole milliseconds: rounded up, so that it arrives.
            let wait = wait.saturating_add(Duration::from_micros(999));
            let step = Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
                .min(left);
            self.clock.advance(step);
            left = left.saturating_sub(step);
        }
        accounts.schedule().look_again();
    }

    /// Sweeps the account that is due first, in a transaction of its own. A sweep that fails is
    /// made up for an hour later: expiry is judged at use, and a sweep only writes it down.
    async fn sweep_next(&self, accounts: &Accounts) -> Next {
        let running = self.clock.running();
        let Some((due, name)) = accounts.schedule().first() else {
            return Next::Wait(NOTHING_DUE);
        };
        let wait = due.saturating_sub(running);
        if !wait.is_zero() {
            return Next::Wait(wait);
        }
        let Ok(account) = accounts.find(Some(&name)) else {
            // It was just removed.
            accounts.schedule().remove(&name);
            return Next::Swept { was_closed: false };
        };
        let was_closed = !account.worker.is_open();
        // Until it is known better: as long as the account is open, calls change what is due in it,
        // and when it is closed that is seen.
        let again = |wait| running.saturating_add(wait);
        accounts.schedule().set(&name, again(SWEEP_INTERVAL));
        let swept = account.worker.maintain(|engine, store, env| {
            engine.sweep(store, env)?;
            Ok(engine.next_sweep(store, env)?)
        });
        match swept.await {
            Ok(wait) => accounts
                .schedule()
                .set_latest(&name, again(wait.max(LEAST_PAUSE))),
            Err(error) => {
                tracing::warn!(account = name.as_str(), %error, "a sweep was put off");
                accounts.schedule().set(&name, again(SWEEP_INTERVAL));
            }
        }
        Next::Swept { was_closed }
    }
}
