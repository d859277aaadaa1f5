//! The devices known of an identity: how many, and which of them are stale (protocol §1, spec 4.3).

use std::time::Duration;

use crypto_core::{IdentityKey, InstallationId};

use super::entry::BundleContext;
use crate::{
    Device, Engine, EventKind, Pairing, Store, StoreError, UnixMillis, event::note,
    standing::supersede,
};

impl Engine {
    /// Forgets a device if the identity already has as many as are remembered: a stale one first, then the
    /// least recently active. One that the user decided about, or that is `listed` beside it, is not forgotten.
    pub(crate) fn make_room_for_device(
        &self,
        store: &mut dyn Store,
        identity: &IdentityKey,
        now: UnixMillis,
        listed: impl Fn(&InstallationId) -> bool,
    ) -> Result<bool, StoreError> {
        let devices = store.devices(identity)?;
        if devices.len() < self.config.max_known_devices {
            return Ok(true);
        }
        let undecided = if *identity == self.me() {
            Pairing::Pending
        } else {
            Pairing::Enabled
        };
        let forgettable = devices
            .into_iter()
            .filter(|device| !listed(&device.installation))
            .filter(|device| device.pairing == undecided)
            .min_by_key(|device| {
                let stale = device.is_stale(now, self.config.stale_after);
                (!stale, device.last_active_at)
            });
        let Some(device) = forgettable else {
            return Ok(false);
        };
        // Its sessions stay, but none of them for ever: what is sent on no more can be dropped.
        if let Some(session) = store.active_session(identity, &device.installation)? {
            supersede(store, session, now)?;
        }
        store.remove_device(identity, &device.installation)?;
        Ok(true)
    }
}

impl Device {
    /// When the device became, or will become, stale: its timer runs since the first bundle that omits it, until
    /// one lists it again. What the device itself goes on sending does not stop it: whether a device is one of
    /// the identity's is for its bundles to say (spec 4.3, protocol §1).
    #[must_use]
    pub fn stale_at(&self, stale_after: Duration) -> Option<UnixMillis> {
        Some(self.omitted_since?.after(stale_after))
    }

    /// Whether it is stale at `now`.
    #[must_use]
    pub fn is_stale(&self, now: UnixMillis, stale_after: Duration) -> bool {
        self.stale_at(stale_after).is_some_and(|at| at <= now)
    }
}

/// The newest bundle stops the timers of the devices it lists and starts those of the others (spec 4.3).
pub(super) fn run_stale_timers(
    store: &mut dyn Store,
    context: &BundleContext<'_>,
) -> Result<(), StoreError> {
    for device in store.devices(context.bundle.identity())? {
        let listed = context.lists(&device.installation);
        let omitted_since = match (listed, device.omitted_since) {
            (true, _) => None,
            (false, None) => Some(context.now),
            (false, running) => running,
        };
        let last_seen_at = if listed {
            device.last_seen_at.max(context.activity())
        } else {
            device.last_seen_at
        };
        let told_alive = listed && device.stale_told;
        if omitted_since != device.omitted_since
            || last_seen_at != device.last_seen_at
            || told_alive
        {
            if told_alive {
                note(
                    store,
                    context.now,
                    EventKind::InstallationActive(device.name()),
                )?;
            }
            store.put_device(&Device {
                omitted_since,
                last_seen_at,
                stale_told: device.stale_told && !told_alive,
                ..device
            })?;
        }
    }
    Ok(())
}
