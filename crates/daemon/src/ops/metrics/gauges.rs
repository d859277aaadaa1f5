//! What is looked up when somebody asks: what the stores hold, and the process itself.

use std::time::Duration;

use prometheus::{Gauge, IntGauge, IntGaugeVec, Opts};
use session_store::Holdings;

use super::Register;
use crate::api::{Daemon, revision};

/// What the stores hold is counted at most this often, however often somebody asks.
const COUNTED_EVERY: Duration = Duration::from_secs(5);

/// Values that are set before they are written.
#[derive(Debug)]
pub(super) struct Gauges {
    accounts: IntGauge,
    queued: IntGauge,
    sessions: IntGauge,
    stored_keys: IntGauge,
    unconfirmed_keys: IntGauge,
    stale_devices: IntGauge,
    bundle_age: Gauge,
    resident: IntGauge,
    started: Gauge,
    build: IntGaugeVec,
    /// The running time at which the stores were last looked at.
    counted: Option<Duration>,
}

impl Gauges {
    pub(super) fn registered(new: &Register) -> prometheus::Result<Self> {
        Ok(Self {
            accounts: new.gauge("ratchetd_accounts", "Accounts that are open.")?,
            queued: new.gauge(
                "ratchetd_queue_depth",
                "Calls that wait for an account, over all accounts.",
            )?,
            sessions: new.gauge(
                "ratchetd_sessions",
                "Sessions of any standing, over all accounts; of each at most 100000 are counted.",
            )?,
            stored_keys: new.gauge(
                "ratchetd_stored_keys",
                "Message keys outside their chain, skipped and unconfirmed, over all accounts; of each at most 100000 are counted.",
            )?,
            unconfirmed_keys: new.gauge(
                "ratchetd_unconfirmed_keys",
                "Those of them whose message was read and not confirmed.",
            )?,
            stale_devices: new.gauge(
                "ratchetd_stale_devices",
                "Devices of contacts that their bundles have left out for too long, over all accounts.",
            )?,
            bundle_age: new.gauge(
                "ratchetd_bundle_age_seconds",
                "Age of the signed prekey in the published bundle, the oldest of all accounts; 0 without any.",
            )?,
            resident: new.gauge("process_resident_memory_bytes", "Resident memory.")?,
            started: new.gauge(
                "process_start_time_seconds",
                "When the daemon started, since the epoch.",
            )?,
            build: new.keep(IntGaugeVec::new(
                Opts::new("ratchetd_build_info", "The version; always 1."),
                &["version", "revision"],
            )?)?,
            counted: None,
        })
    }

    /// Looks everything up. Blocks.
    pub(super) fn set(&mut self, daemon: &Daemon) {
        let accounts = daemon.accounts.all();
        self.accounts.set(integer(accounts.len() as u64));
        let queued = accounts.iter().map(|account| account.worker.queued()).sum();
        self.queued.set(integer(queued));
        let running = daemon.clock.running();
        let is_fresh = |counted: Duration| running.saturating_sub(counted) < COUNTED_EVERY;
        if !self.counted.is_some_and(is_fresh) {
            self.count(daemon);
            self.counted = Some(running);
        }
        if let Some(bytes) = resident() {
            self.resident.set(integer(bytes));
        }
        self.started
            .set(seconds(Duration::from_millis(daemon.started_at.0)));
        let version = [env!("CARGO_PKG_VERSION"), revision().unwrap_or_default()];
        if let Ok(build) = self.build.get_metric_with_label_values(&version) {
            build.set(1);
        }
    }

    /// Counts what the stores hold, on the connections that only read.
    fn count(&self, daemon: &Daemon) {
        let now = daemon.clock.now();
        let mut all = Holdings::default();
        let mut oldest = Duration::ZERO;
        for account in daemon.accounts.all() {
            let omitted_by = now.before(account.viewer.stale_after());
            // One that is just being removed holds nothing.
            let Ok(held) = account.read(|_, reader| reader.holdings(&account.identity, omitted_by))
            else {
                continue;
            };
            all.sessions = all.sessions.saturating_add(held.sessions);
            all.stored_keys = all.stored_keys.saturating_add(held.stored_keys);
            all.unconfirmed_keys = all.unconfirmed_keys.saturating_add(held.unconfirmed_keys);
            all.stale_devices = all.stale_devices.saturating_add(held.stale_devices);
            if let Some(made) = held.prekey_created_at {
                oldest = oldest.max(now.since(made));
            }
        }
        self.sessions.set(integer(all.sessions));
        self.stored_keys.set(integer(all.stored_keys));
        self.unconfirmed_keys.set(integer(all.unconfirmed_keys));
        self.stale_devices.set(integer(all.stale_devices));
        self.bundle_age.set(seconds(oldest));
    }
}

fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// In whole seconds and tenths: more is noise.
fn seconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 10.0).round() / 10.0
}

/// Resident memory in bytes, where the system tells.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}
