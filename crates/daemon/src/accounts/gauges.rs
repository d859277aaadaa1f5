//! What the accounts hold, counted when somebody asks for the metrics.

use std::time::Duration;

use session_store::StoreStats;
use tokio::task::JoinSet;

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
    /// Sets the gauges of the metrics to what the accounts hold now.
    pub async fn update_gauges(&self) {
        let totals = self.totals().await;
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
    pub async fn totals(&self) -> Totals {
        // Held while they are counted: who asks meanwhile is shown the last count, and does not
        // wait for a disk.
        if let Ok(mut counted) = self.counted.try_lock() {
            let running = self.common.clock.running();
            let is_fresh = |counted: Duration| running.saturating_sub(counted) < COUNTED_EVERY;
            if !counted.is_some_and(is_fresh) {
                self.count_changed().await;
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

    /// Counts what the open stores hold in which something may have changed.
    async fn count_changed(&self) {
        let open = self.open_ones().into_values();
        let mut counts: JoinSet<_> = open
            .filter(|account| account.worker.is_uncounted())
            .map(|account| async move { account.count().await })
            .collect();
        // What cannot be counted now was counted at some earlier time.
        while counts.join_next().await.is_some() {}
    }
}
