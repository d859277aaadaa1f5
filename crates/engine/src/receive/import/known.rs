//! The recorded devices of an identity: how many there may be, and which are stale (protocol §1,
//! spec 4.3).

use std::time::Duration;

use crypto_core::{IdentityKey, InstallationId};

use super::entry::BundleContext;
use crate::{
    engine::Engine,
    model::{Device, EventKind, Pairing, StoreError, UnixMillis},
    sessions::lifecycle::supersede,
    store::{Store, record_event},
};

impl Engine {
    /// Removes a device if the identity already has as many as are recorded: a stale one first,
    /// then the least recently active. One that the user has decided about, or that is `listed` in
    /// the same bundle, stays. Gives whether there is room.
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
        // Its sessions stay. The active one is superseded, so that it is erased in time.
        if let Some(session) = store.active_session(identity, &device.installation)? {
            supersede(store, session, now)?;
        }
        store.remove_device(identity, &device.installation)?;
        Ok(true)
    }
}

impl Device {
    /// When the device became, or will become, stale. Its timer runs from the first bundle that
    /// omits it until the newest one lists it again, or a bundle that lists it comes in a message
    /// of the device itself (spec 4.3, protocol §3).
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

/// The newest bundle stops the timers of the devices it lists and starts those of the others. An
/// older one tells that those it lists were still devices of the identity when it was made: their
/// timers begin no earlier than that (spec 4.3).
pub(super) fn run_stale_timers(
    store: &mut dyn Store,
    context: &BundleContext<'_>,
    stale_after: Duration,
) -> Result<(), StoreError> {
    let is_newest = context.omitted_since.is_none();
    for device in store.devices(context.bundle.identity())? {
        let listed = context.lists(&device.installation);
        let omitted_since = match (is_newest, listed, device.omitted_since) {
            (true, true, _) => None,
            (true, false, running) => Some(running.unwrap_or(context.latest)),
            (false, true, Some(running)) if context.stamp != 0 => {
                Some(running.max(context.activity()))
            }
            (false, _, running) => running,
        };
        let stale = omitted_since.is_some_and(|since| since.after(stale_after) <= context.now);
        let told_alive = device.stale_told && !stale;
        if omitted_since == device.omitted_since && !told_alive {
            continue;
        }
        if told_alive {
            let alive = EventKind::InstallationActive(device.name());
            record_event(store, context.now, alive)?;
        }
        store.put_device(&Device {
            omitted_since,
            stale_told: device.stale_told && !told_alive,
            ..device
        })?;
    }
    Ok(())
}
