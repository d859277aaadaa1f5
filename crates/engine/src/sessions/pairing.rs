//! What the user decides about devices: enabling, disabling, names, resetting sessions (spec 4.1,
//! protocol §7).

use crypto_core::{IdentityKey, InstallationId};

use crate::{
    engine::{Engine, settled_time::ending_at},
    model::{
        Device, DeviceKem, DeviceMetadata, Env, EventKind, InstallationView, LinkError, Pairing,
        PairingError, Standing, StoreError,
    },
    sessions::expiry::expire,
    store::{Store, record_event},
};

impl Engine {
    /// Enables a device, ours by default. One of ours gets a copy of every message from now on, and
    /// our bundle lists it (spec 4.1). At most `max_devices` of ours are enabled, this one
    /// included.
    ///
    /// # Errors
    /// [`PairingError`]; nothing is changed then.
    pub fn enable_installation(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: Option<&IdentityKey>,
        installation: &InstallationId,
    ) -> Result<InstallationView, PairingError> {
        let identity = identity.copied().unwrap_or_else(|| self.me());
        if self.is_this_device(&identity, installation) {
            return self.shown(store, env, &identity, installation);
        }
        self.decide(store, env, &identity, installation, Pairing::Enabled)
    }

    /// Disables a device, ours by default: nothing is sent to it any more, and our bundle does not
    /// list it. Its messages are still read.
    ///
    /// # Errors
    /// [`PairingError`]; nothing is changed then.
    pub fn disable_installation(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: Option<&IdentityKey>,
        installation: &InstallationId,
    ) -> Result<InstallationView, PairingError> {
        let identity = identity.copied().unwrap_or_else(|| self.me());
        if self.is_this_device(&identity, installation) {
            return Err(PairingError::ThisDevice);
        }
        self.decide(store, env, &identity, installation, Pairing::Disabled)
    }

    /// Sets the metadata of a device, ours by default.
    ///
    /// # Errors
    /// [`PairingError`]; nothing is changed then.
    pub fn set_metadata(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: Option<&IdentityKey>,
        installation: &InstallationId,
        metadata: DeviceMetadata,
    ) -> Result<InstallationView, PairingError> {
        let identity = identity.copied().unwrap_or_else(|| self.me());
        let device = if self.is_this_device(&identity, installation) {
            // The record of this device is there for its metadata alone.
            Device {
                pairing: Pairing::Enabled,
                ..Device::met(identity, installation.clone(), true, env.now)
            }
        } else {
            known(store, &identity, installation)?
        };
        store.put_device(&Device { metadata, ..device })?;
        self.shown(store, env, &identity, installation)
    }

    /// Resets the sessions with an identity, or with one device of it: they expire, and the next
    /// message sets up a new one. The next bundle entry of the device is accepted without the
    /// extension and with any version (protocol §3), and it may be written to below suite
    /// x25519-mlkem768 again: it may have gone back to an older program (protocol §13). Gives the
    /// number of sessions that expired.
    ///
    /// In suite secp256k1 no new session is begun on a prekey on which we began one: until the
    /// device has a new prekey, it is written to by DH (protocol §7, one session for each prekey).
    ///
    /// The other side may still prefer a session that expires here to the one that takes its place,
    /// and the two might never agree. So our prekey is replaced. Our next bundle tells the other
    /// side that the sessions it began on the old one have expired (spec 3.3), and messages from
    /// before change no standing there (protocol §7, sent before a re-key).
    ///
    /// # Errors
    /// [`PairingError::NotFound`] if no such device is known, or the store's.
    pub fn reset_sessions(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: &IdentityKey,
        installation: Option<&InstallationId>,
    ) -> Result<usize, PairingError> {
        let chosen = |id: Option<&InstallationId>| installation.is_none() || installation == id;
        let mut known = false;
        for device in store.devices(identity)? {
            if !chosen(Some(&device.installation)) {
                continue;
            }
            known = true;
            let mut forgotten = Device {
                extension_shown: false,
                refused_version: None,
                kem: DeviceKem {
                    only_from_itself: true,
                    ..DeviceKem::default()
                },
                ..device.clone()
            };
            if let Some(prekey) = &mut forgotten.prekey {
                prekey.any_version = true;
            }
            if forgotten != device {
                store.put_device(&forgotten)?;
            }
        }
        let ended = ending_at(store, env.now)?;
        let mut expired = 0;
        for session in store.sessions(Some(identity))? {
            if !chosen(session.installation.as_ref()) {
                continue;
            }
            known = true;
            if !matches!(session.standing, Standing::Expired { .. }) {
                expire(store, session, ended, env.now)?;
                expired += 1;
            }
        }
        if !known && installation.is_some() {
            return Err(PairingError::NotFound);
        }
        if expired > 0 {
            self.replace_prekey(store, env, 1)?;
        }
        Ok(expired)
    }

    /// Records the decision about a device. If it is one of ours, makes the new bundle at once.
    fn decide(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: &IdentityKey,
        installation: &InstallationId,
        pairing: Pairing,
    ) -> Result<InstallationView, PairingError> {
        let own = *identity == self.me();
        let device = known(store, identity, installation)?;
        if device.pairing != pairing {
            let event = if pairing == Pairing::Enabled {
                if own {
                    self.check_device_limit(store)?;
                }
                EventKind::InstallationEnabled(device.name())
            } else {
                EventKind::InstallationDisabled(device.name())
            };
            store.put_device(&Device { pairing, ..device })?;
            record_event(store, env.now, event)?;
            if own {
                self.current_bundle(store, env)?;
            }
        }
        self.shown(store, env, identity, installation)
    }

    /// Checks that one more device of ours may be enabled.
    pub(crate) fn check_device_limit(&self, store: &dyn Store) -> Result<(), PairingError> {
        let limit = self.config.max_devices;
        let devices = store.devices(&self.me())?;
        let others = devices.iter().filter(|device| {
            device.pairing == Pairing::Enabled && device.installation != *self.this_device()
        });
        if others.count() + 1 >= limit {
            return Err(PairingError::Limit { limit });
        }
        Ok(())
    }

    pub(crate) fn is_this_device(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> bool {
        *identity == self.me() && installation == self.this_device()
    }

    fn shown(
        &self,
        store: &dyn Store,
        env: &Env<'_>,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<InstallationView, PairingError> {
        let views = self
            .viewer()
            .installations(store, env.now, Some(identity))?;
        views
            .into_iter()
            .find(|view| view.device.installation == *installation)
            .ok_or(PairingError::NotFound)
    }
}

fn known(
    store: &dyn Store,
    identity: &IdentityKey,
    installation: &InstallationId,
) -> Result<Device, PairingError> {
    store
        .device(identity, installation)?
        .ok_or(PairingError::NotFound)
}

impl From<StoreError> for LinkError {
    fn from(error: StoreError) -> Self {
        PairingError::from(error).into()
    }
}

impl From<StoreError> for PairingError {
    fn from(error: StoreError) -> Self {
        Self::Send(error.into())
    }
}
