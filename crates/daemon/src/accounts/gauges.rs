//! What the accounts hold, counted when somebody asks for the metrics.

use std::{sync::PoisonError, time::Duration};

use session_store::StoreStats;

use super::registry::Accounts;

/// The stores are counted at most this often, however often somebody asks.
const COUNTED_EVERY: Duration = Duration::from_secs(5);

impl Accounts {
    /// Sets the gauges of the metrics to what the accounts hold now. Blocks.
    pub fn update_gauges(&self) {
        let accounts = self.all();
        let queued = accounts.iter().map(|account| account.worker.queued()).sum();
        self.metrics.gauges.set_accounts(accounts.len(), queued);
        // Held while they are counted: who asks meanwhile is shown the same count.
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.clock.running();
        let is_fresh = |counted: Duration| running.saturating_sub(counted) < COUNTED_EVERY;
        if !counted.is_some_and(is_fresh) {
            self.count_stores();
            *counted = Some(running);
        }
    }

    /// Counts what the stores hold, on the connections that only read.
    fn count_stores(&self) {
        let now = self.clock.now();
        let mut all = StoreStats::default();
        let mut oldest_prekey = Duration::ZERO;
        for account in self.all() {
            let omitted_by = now.before(account.viewer.stale_after());
            // One that is just being removed holds nothing.
            let Ok(held) = account.read(|_, reader| reader.stats(&account.identity, omitted_by))
            else {
                continue;
            };
            all.sessions = all.sessions.saturating_add(held.sessions);
            all.stored_keys = all.stored_keys.saturating_add(held.stored_keys);
            all.unconfirmed_keys = all.unconfirmed_keys.saturating_add(held.unconfirmed_keys);
            all.stale_devices = all.stale_devices.saturating_add(held.stale_devices);
            if let Some(made) = held.prekey_created_at {
                oldest_prekey = oldest_prekey.max(now.since(made));
            }
        }
        self.metrics.gauges.set_store_stats(&all, oldest_prekey);
    }
}
