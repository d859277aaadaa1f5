//! The KEM prekeys beside a bundle (protocol §13, reading field 16).

use crypto_core::{KemPreKeyError, RawKemPreKey};

use super::{
    BundleImport,
    entry::{BundleContext, record_news},
};
use crate::{
    engine::Engine,
    model::{
        Device, DeviceKem, EventKind, HeldKemPreKey, MAX_KEM_PREKEYS_PER_BUNDLE, StoreError,
        WarningKind,
    },
    store::Store,
};

impl Engine {
    /// Takes the KEM prekeys beside a bundle whose entries are imported. A bad one gives a warning
    /// and breaks nothing.
    pub(super) fn import_kem_prekeys(
        &self,
        store: &mut dyn Store,
        context: &BundleContext<'_>,
        beside: &[Option<RawKemPreKey>],
        import: &mut BundleImport,
    ) -> Result<(), StoreError> {
        for key in beside.iter().take(MAX_KEM_PREKEYS_PER_BUNDLE) {
            let taken = match key {
                Some(key) => self.take_kem_prekey(store, context, key)?,
                None => Err(KemPreKeyError::Form),
            };
            if let Err(error) = taken {
                let device = key.as_ref().map_or("", |key| &key.installation_id);
                import.warn(
                    WarningKind::InvalidKemPreKey,
                    format!("{device:?}: {error}"),
                );
            }
        }
        if beside.len() > MAX_KEM_PREKEYS_PER_BUNDLE {
            import.warn(
                WarningKind::InvalidKemPreKey,
                format!("at most {MAX_KEM_PREKEYS_PER_BUNDLE} are read beside one bundle"),
            );
        }
        Ok(())
    }

    /// Takes one in place of the held one, if it is newer. An outdated one, or one of a device that
    /// it is of no use for, is passed over before anything is computed.
    fn take_kem_prekey(
        &self,
        store: &mut dyn Store,
        context: &BundleContext<'_>,
        key: &RawKemPreKey,
    ) -> Result<Result<(), KemPreKeyError>, StoreError> {
        let identity = context.bundle.identity();
        let installation = match key.installation() {
            Ok(installation) => installation,
            Err(error) => return Ok(Err(error)),
        };
        if self.is_this_device(identity, &installation) {
            return Ok(Ok(()));
        }
        let Some(device) = store.device(identity, &installation)? else {
            return Ok(Ok(()));
        };
        let of_sibling = context.sender.is_some_and(|sender| *sender != installation);
        if !device.is_newer_kem(key.version) || (device.kem.only_from_itself && of_sibling) {
            return Ok(Ok(()));
        }
        let verified = match key.verify(identity) {
            Ok(verified) => verified,
            Err(error) => return Ok(Err(error)),
        };
        let served = device.serving_kem().is_some();
        let device = Device {
            kem: DeviceKem {
                held: Some(HeldKemPreKey {
                    version: verified.version(),
                    key: verified.key().clone(),
                    signature: *verified.signature(),
                }),
                shown: true,
                only_from_itself: false,
                ..device.kem
            },
            ..device
        };
        store.put_device(&device)?;
        if !served && device.serving_kem().is_some() && self.config.allows_post_quantum() {
            let arrived = EventKind::KemPreKeyArrived(device.name());
            record_news(store, identity, context.now, arrived)?;
        }
        Ok(Ok(()))
    }
}

impl Device {
    /// Whether a KEM prekey of `version` would take the place of the held one.
    fn is_newer_kem(&self, version: u32) -> bool {
        let Some(prekey) = &self.prekey else {
            return false;
        };
        let held = self.kem.held.as_ref();
        prekey.key.ratchet_pre_key().is_some()
            && version <= prekey.version
            && held.is_none_or(|held| version > held.version)
    }
}
