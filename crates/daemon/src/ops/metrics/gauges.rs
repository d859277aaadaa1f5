//! Values that are set when somebody asks: what the accounts hold, and the process itself.

use std::time::Duration;

use crypto_core::Suite;
use engine::model::UnixMillis;
use prometheus::{Gauge, IntGauge, IntGaugeVec, Opts};
use session_store::StoreStats;

use super::Register;
use crate::ops::build::{REVISION, VERSION};

/// Values that go up and down.
#[derive(Debug)]
pub(crate) struct Gauges {
    accounts: IntGauge,
    open: IntGauge,
    queued: IntGauge,
    sessions: IntGaugeVec,
    stored_keys: IntGauge,
    unconfirmed_keys: IntGauge,
    stale_devices: IntGauge,
    bundle_age: Gauge,
    resident: IntGauge,
    started: Gauge,
    build: IntGaugeVec,
}

impl Gauges {
    pub(super) fn registered(new: &Register) -> prometheus::Result<Self> {
        Ok(Self {
            accounts: new.gauge("ratchetd_accounts", "Accounts.")?,
            open: new.gauge("ratchetd_accounts_open", "Accounts that are open.")?,
            queued: new.gauge(
                "ratchetd_queue_depth",
                "Calls that wait for an account, over all accounts.",
            )?,
            sessions: new.keep(IntGaugeVec::new(
                Opts::new(
                    "ratchetd_sessions",
                    "Sessions of any standing, over all accounts, by suite; of each account and suite at most 100000 are counted.",
                ),
                &["suite"],
            )?)?,
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
        })
    }

    /// How many accounts there are and are open, and how many calls wait for them.
    pub(crate) fn set_accounts(&self, known: usize, open: usize, queued: u64) {
        self.accounts.set(integer(known as u64));
        self.open.set(integer(open as u64));
        self.queued.set(integer(queued));
    }

    /// What the stores hold, and the age of the oldest published prekey.
    pub(crate) fn set_store_stats(&self, held: &StoreStats, prekey_age: Duration) {
        for suite in Suite::ALL {
            if let Ok(sessions) = self.sessions.get_metric_with_label_values(&[suite.name()]) {
                sessions.set(integer(held.sessions.of(suite)));
            }
        }
        self.stored_keys.set(integer(held.stored_keys));
        self.unconfirmed_keys.set(integer(held.unconfirmed_keys));
        self.stale_devices.set(integer(held.stale_devices));
        self.bundle_age.set(seconds(prekey_age));
    }

    /// What the process itself is, and the memory it has now.
    pub(super) fn set_process(&self, started_at: UnixMillis) {
        if let Some(bytes) = resident() {
            self.resident.set(integer(bytes));
        }
        self.started
            .set(seconds(Duration::from_millis(started_at.0)));
        let version = [VERSION, REVISION.unwrap_or_default()];
        if let Ok(build) = self.build.get_metric_with_label_values(&version) {
            build.set(1);
        }
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
