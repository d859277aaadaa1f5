//! Which devices of an identity a message is encrypted for (spec 4.2, 4.3, protocol §7).

use std::cmp::Reverse;

use crypto_core::{IdentityKey, InstallationId};

use crate::{
    model::{
        Config, Device, InstallationState, Pairing, SkipReason, Skipped, StoreError, UnixMillis,
    },
    store::StoreRead,
};

/// The devices of one identity, sorted out.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// Those that a message is for, the most recently active first.
    pub(crate) chosen: Vec<Device>,
    /// The others, each with its reason.
    pub(crate) skipped: Vec<Skipped>,
    /// Every device is known to be one of ours: none lacks the extension (protocol §3). Not so if
    /// no device is known.
    pub(crate) all_extended: bool,
}

/// Sorts the devices of `identity`. `this_device` is in neither list.
pub(crate) fn targets(
    store: &dyn StoreRead,
    config: &Config,
    identity: &IdentityKey,
    this_device: Option<&InstallationId>,
    now: UnixMillis,
) -> Result<Targets, StoreError> {
    let states = states(store, config, identity, this_device, now)?;
    let mut targets = Targets {
        all_extended: !states.is_empty() && states.iter().all(|(device, _)| device.extension_shown),
        ..Targets::default()
    };
    for (device, state) in states {
        let reason = match state {
            InstallationState::Active => {
                targets.chosen.push(device);
                continue;
            }
            InstallationState::Pending => SkipReason::Pending,
            InstallationState::Disabled => SkipReason::Disabled,
            InstallationState::Stale => SkipReason::Stale,
            InstallationState::OverLimit => SkipReason::OverLimit,
        };
        targets.skipped.push(Skipped {
            identity: *identity,
            installation: device.installation,
            reason,
        });
    }
    Ok(targets)
}

/// Every device of `identity` with its state, the most recently active first.
///
/// `own_device` is given for our own identity: it counts towards the limit itself, and our other
/// devices are never stale, because the user has enabled them.
pub(crate) fn states(
    store: &dyn StoreRead,
    config: &Config,
    identity: &IdentityKey,
    own_device: Option<&InstallationId>,
    now: UnixMillis,
) -> Result<Vec<(Device, InstallationState)>, StoreError> {
    let devices = store.devices(identity)?;
    let mut ranked = Vec::with_capacity(devices.len());
    for device in devices {
        // Devices without prekey and session come last, so that they displace none that can be
        // reached.
        let reachable = device.prekey.is_some()
            || store
                .active_session(identity, &device.installation)?
                .is_some();
        let wrote = device.wrote_at.believed(now).after(config.stale_after) > now;
        let rank = (reachable, wrote, device.last_active_at.believed(now));
        ranked.push((Reverse(rank), device));
    }
    ranked.sort_by(|(a, one), (b, other)| (a, &one.installation).cmp(&(b, &other.installation)));
    let devices = ranked.into_iter().map(|(_, device)| device);
    let mut places = config
        .max_devices
        .saturating_sub(usize::from(own_device.is_some()));
    Ok(devices
        .filter(|device| Some(&device.installation) != own_device)
        .map(|device| {
            let stale = own_device.is_none() && device.is_stale(now, config.stale_after);
            let state = match device.pairing {
                Pairing::Pending => InstallationState::Pending,
                Pairing::Disabled => InstallationState::Disabled,
                Pairing::Enabled if stale => InstallationState::Stale,
                Pairing::Enabled if places == 0 => InstallationState::OverLimit,
                Pairing::Enabled => {
                    places -= 1;
                    InstallationState::Active
                }
            };
            (device, state)
        })
        .collect())
}
