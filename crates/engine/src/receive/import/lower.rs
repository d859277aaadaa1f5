//! Entries of a lower version than we have: the device was set up again under its old id, or
//! restored (protocol §3, versions).

use crypto_core::{IdentityKey, InstallationId};

use super::entry::replace_prekey;
use crate::{
    engine::Engine,
    model::{
        Device, DevicePreKey, Env, EventKind, Role, Session, StoreError, UnixMillis, Warning,
        WarningKind,
    },
    store::{Store, record_event},
};

/// An entry of a lower version than we have of a device, in a message of that device.
#[derive(Clone, Debug)]
pub(crate) struct Lower {
    pub(super) device: InstallationId,
    pub(super) prekey: DevicePreKey,
    /// The version that we had.
    pub(super) known: Option<u32>,
    /// The bundle is dated later than the one that the known prekey came with.
    pub(super) later: bool,
}

impl Lower {
    /// Whether its bundle is newer, so that it is not just a late message from before the device
    /// replaced its prekey.
    pub(crate) const fn is_later(&self) -> bool {
        self.later
    }

    /// The one of two whose bundle is dated later.
    pub(super) fn newest(one: Option<Self>, other: Self) -> Self {
        match one {
            Some(one) if one.prekey.bundle_ns >= other.prekey.bundle_ns => one,
            _ => other,
        }
    }
}

/// Records an entry that is refused, once for each version, and gives the warning.
pub(super) fn refuse(
    store: &mut dyn Store,
    device: Device,
    version: u32,
) -> Result<Warning, StoreError> {
    let detail = format!("{} version {version} is not adopted", device.installation);
    if device.refused_version != Some(version) {
        store.put_device(&Device {
            refused_version: Some(version),
            ..device
        })?;
    }
    Ok(Warning {
        kind: WarningKind::VersionNotBelieved,
        detail,
    })
}

impl Engine {
    /// Decides about an entry of a lower version whose message has authenticated its sender
    /// (protocol §3, versions). It is accepted if its bundle is dated later than that of the known
    /// prekey. Otherwise it is outdated, or refused if its date cannot be right.
    pub(crate) fn settle_version(
        &self,
        store: &mut dyn Store,
        env: &Env<'_>,
        session: Option<&Session>,
        identity: &IdentityKey,
        lower: &Lower,
    ) -> Result<Option<Warning>, StoreError> {
        let known = store.device(identity, &lower.device)?;
        let Some((device, before)) = known.and_then(|device| {
            let version = device.prekey.as_ref()?.version;
            Some((device, version))
        }) else {
            return Ok(None);
        };
        let version = lower.prekey.version;
        // Another bundle of the same message may have had a higher version.
        if Some(before) != lower.known {
            return Ok(None);
        }
        if !lower.later {
            return if self.is_misdated(store, session, &lower.prekey)? {
                refuse(store, device, version).map(Some)
            } else {
                Ok(None)
            };
        }
        let went_back = Device {
            went_back_at: Some(env.now),
            ..device
        };
        let (name, dated_at) = (
            went_back.name(),
            UnixMillis::from_nanos(lower.prekey.bundle_ns),
        );
        replace_prekey(store, went_back, lower.prekey.clone(), dated_at, env.now)?;
        let detail = format!("{}: version {version} after {before}", name.installation);
        record_event(
            store,
            env.now,
            EventKind::VersionWentBack {
                device: name,
                from: before,
                to: version,
            },
        )?;
        Ok(Some(Warning {
            kind: WarningKind::VersionWentBack,
            detail,
        }))
    }

    /// Refuses an entry of a lower version whose message did not authenticate its sender.
    pub(crate) fn refuse_version(
        &self,
        store: &mut dyn Store,
        identity: &IdentityKey,
        lower: &Lower,
    ) -> Result<Option<Warning>, StoreError> {
        let device = store.device(identity, &lower.device)?;
        device
            .filter(|_| lower.later)
            .map(|device| refuse(store, device, lower.prekey.version))
            .transpose()
    }

    /// Whether the bundle of a decrypted message cannot be as old as it is dated, because it would
    /// be older than our prekey that the message names, or than its session.
    fn is_misdated(
        &self,
        store: &dyn Store,
        session: Option<&Session>,
        prekey: &DevicePreKey,
    ) -> Result<bool, StoreError> {
        let dated_at = UnixMillis::from_nanos(prekey.bundle_ns);
        let earliest = match session {
            None => return Ok(false),
            Some(session) if session.role == Role::Responder => {
                let named = store.own_prekey(&session.signed_pre_key)?;
                named.map_or(session.created_at, |own| own.created_at)
            }
            Some(session) => session.created_at,
        };
        // A bundle is reused for one rotation.
        Ok(dated_at.after(self.config.prekey_rotation) < earliest)
    }
}
