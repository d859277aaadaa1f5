//! Entries of a lower version than we hold: a device that was set up again under its old id, or
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

/// An entry of a lower version than we hold of the device, on a message of that device.
#[derive(Clone, Debug)]
pub(crate) struct Lower {
    pub(super) device: InstallationId,
    pub(super) prekey: DevicePreKey,
    /// The version that was known of it.
    pub(super) known: Option<u32>,
    /// The bundle is dated later than the one that the known prekey came with.
    pub(super) later: bool,
}

impl Lower {
    /// Whether it is news, and not what a message says that was under way when the device replaced
    /// its prekey.
    pub(crate) const fn is_later(&self) -> bool {
        self.later
    }

    /// The one of two that its bundle dates later.
    pub(super) fn newest(one: Option<Self>, other: Self) -> Self {
        match one {
            Some(one) if one.prekey.bundle_ns >= other.prekey.bundle_ns => one,
            _ => other,
        }
    }
}

/// Notes an entry that is not believed, once for each version, and gives the warning.
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
    /// Decides about an entry of a lower version, whose message has opened (protocol §3, versions):
    /// it is taken if its bundle is dated later than the one that the known prekey came with.
    /// Otherwise it is old news, unless its date cannot be right.
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
        // Another bundle of the same message may have brought a higher one.
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

    /// Notes an entry of a lower version whose message did not prove its sender.
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

    /// Whether a bundle that rode on a message that opened cannot be as old as it is dated: it
    /// would have been made before the prekey of ours was that the message names, or the session
    /// that it opened on.
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
        // A bundle is sent for a day before another one is made.
        Ok(dated_at.after(self.config.prekey_rotation) < earliest)
    }
}
