//! What the accounts hold, counted when somebody asks for the metrics.

use std::{sync::TryLockError, time::Duration};

use session_store::StoreStats;

use super::registry::Accounts;

/// The stores are counted at most this often, however often somebody asks.
const COUNTED_EVERY: Duration = Duration::from_secs(5);

/// All accounts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What they hold, as last counted: closed ones when they were closed.
    pub held: StoreStats,
    /// Calls that wait.
    pub queued: u64,
}

impl Accounts {
    /// Sets the gauges of the metrics to what the accounts hold now. Blocks.
    pub fn update_gauges(&self) {
        let totals = self.totals();
        let (known, open) = (self.count(), self.open_count());
        self.common
            .metrics
            .gauges
            .set_accounts(known, open, totals.queued);
        let now = self.common.clock.now();
        let oldest = totals.held.prekey_created_at.map(|made| now.since(made));
        let gauges = &self.common.metrics.gauges;
        gauges.set_store_stats(&totals.held, oldest.unwrap_or_default());
    }

    /// Counts what the open stores hold, if that was not done a moment ago, and adds up all.
    /// Blocks.
    pub fn totals(&self) -> Totals {
        {
            // Held while they are counted: who asks meanwhile is shown the last count, and does not
            // wait for a disk.
            let counted = match self.counted.try_lock() {
                Ok(counted) => Some(counted),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            let running = self.common.clock.running();
            let is_fresh = |counted: Duration| running.saturating_sub(counted) < COUNTED_EVERY;
            if let Some(mut counted) = counted
                && !counted.is_some_and(is_fresh)
            {
                let now = self.common.clock.now();
                for account in self.open_ones().values() {
                    account.count_if_changed(now);
                }
                *counted = Some(running);
            }
        }
        self.with_all(|accounts| {
            let mut totals = Totals::default();
            for account in accounts.values() {
                totals.queued += account.worker.queued();
                if let Some(held) = account.condition().held {
                    totals.held = totals.held.and(&held);
                }
            }
            totals
        })
    }
}
