//! Bringing our KEM prekeys to other devices, and asking for theirs (protocol §13, how they
//! travel).

use crypto_core::{ANY_INSTALLATION, IdentityKey, InstallationId, VerifiedKemPreKey};

use crate::{
    engine::Engine,
    model::{
        Device, DeviceKem, KemDelivery, MAX_KEM_PREKEYS_PER_BUNDLE, NotPostQuantum, SendError,
        StoreError,
    },
    own_bundle::Publication,
    send::encrypt_for_device::MessageParts,
    store::{Store, StoreRead},
};

impl Engine {
    /// Adds to a message that has an entry for `device` the KEM prekeys of ours that are due to it,
    /// counts the message, and asks for the device's own if that is missing or aged.
    pub(super) fn exchange_kem(
        &self,
        store: &mut dyn Store,
        device: &Device,
        publication: &Publication,
        parts: &mut MessageParts,
    ) -> Result<(), StoreError> {
        if !self.config.allows_post_quantum() {
            return Ok(());
        }
        self.ask_for_kem(device, parts);
        let takes = device.prekey.as_ref();
        if takes.is_none_or(|prekey| prekey.key.ratchet_pre_key().is_none()) {
            return Ok(());
        }
        let (before, listed) = (&device.kem.deliveries, &publication.kem);
        let heard = |key| count_before(before, key).is_none();
        if before.len() == listed.len() && listed.iter().all(heard) {
            return Ok(());
        }
        let after: Vec<_> = listed
            .iter()
            .map(|key| {
                let count = count_before(before, key);
                if let Some(count) = count
                    && KemDelivery::rides(count)
                {
                    parts.brought.insert(key.installation_id().clone());
                }
                KemDelivery {
                    listed: key.installation_id().clone(),
                    version: key.version(),
                    count: count.map(|count| count.saturating_add(1)),
                }
            })
            .collect();
        // The record may have changed since it was read: a new session has ended a re-key.
        let record = store.device(&device.identity, &device.installation)?;
        let record = record.unwrap_or_else(|| device.clone());
        store.put_device(&Device {
            kem: DeviceKem {
                deliveries: after,
                ..record.kem
            },
            ..record
        })
    }

    /// Asks for the KEM prekey of `device` if that is missing or aged.
    pub(super) fn ask_for_kem(&self, device: &Device, parts: &mut MessageParts) {
        if self.config.allows_post_quantum() && device.wants_kem() {
            parts.wanted.push(device.installation.as_str().to_owned());
        }
    }

    /// Why a copy for `device` that is below suite x25519-mlkem768 is so.
    pub(super) fn why_below(&self, device: &Device) -> NotPostQuantum {
        if self.config.allows_post_quantum() {
            device.why_below()
        } else {
            NotPostQuantum::Forbidden
        }
    }

    /// The same of a copy for an identity of which no device is known.
    pub(super) fn why_below_unknown(&self) -> NotPostQuantum {
        if self.config.allows_post_quantum() {
            NotPostQuantum::NotOffered
        } else {
            NotPostQuantum::Forbidden
        }
    }

    /// The devices among `devices` whose KEM prekeys an advertisement asks for. Of an identity of
    /// which no device is known, that of any device.
    pub(super) fn asked_of(&self, devices: &[Device], none_known: bool) -> Vec<String> {
        if !self.config.allows_post_quantum() {
            return Vec::new();
        }
        if none_known {
            return vec![ANY_INSTALLATION.to_owned()];
        }
        let wanting = devices.iter().filter(|device| device.wants_kem());
        wanting
            .map(|device| device.installation.as_str().to_owned())
            .take(MAX_KEM_PREKEYS_PER_BUNDLE)
            .collect()
    }

    /// Refuses a text by DH to an identity to which nothing may be written below suite
    /// x25519-mlkem768.
    pub(super) fn check_by_dh(
        &self,
        store: &dyn StoreRead,
        recipient: &IdentityKey,
        payload: &[u8],
    ) -> Result<(), SendError> {
        if payload.is_empty() || !self.config.allows_post_quantum() {
            return Ok(());
        }
        let devices = store.devices(recipient)?;
        let required = devices.iter().any(|device| device.kem.post_quantum);
        if required || self.config.requires_post_quantum() {
            return Err(SendError::SuiteForbidden {
                recipient: recipient.to_compact(),
            });
        }
        Ok(())
    }

    /// Records that a ratchet message of `device` was read, which asks for the KEM prekeys of the
    /// devices `wanted`: these are due to it again, and the others have come to it. Whether that
    /// changes the record, which the caller stores then.
    pub(crate) fn hear_of_kem(
        &self,
        store: &dyn StoreRead,
        device: &mut Device,
        wanted: &[String],
    ) -> Result<bool, StoreError> {
        let asks = |listed: &InstallationId| wanted.iter().any(|name| name == listed.as_str());
        let deliveries = &mut device.kem.deliveries;
        if deliveries.is_empty()
            && self.config.allows_post_quantum()
            && let Some(bundle) = store.own_bundle()?
        {
            let listed = self.listed_kem(store, &bundle)?;
            deliveries.extend(listed.iter().map(|key| KemDelivery {
                listed: key.installation_id().clone(),
                version: key.version(),
                count: Some(0),
            }));
        }
        let mut changed = false;
        for delivery in deliveries {
            let count = asks(&delivery.listed).then_some(0);
            changed |= count != delivery.count;
            delivery.count = count;
        }
        Ok(changed)
    }

    /// Whether an advertisement that asks for the KEM prekeys of the devices `wanted` asks for one
    /// that is held of a device in our bundle. This device's own may not be made yet.
    pub(crate) fn can_answer(
        &self,
        store: &dyn StoreRead,
        wanted: &[String],
    ) -> Result<bool, StoreError> {
        if wanted.is_empty() || !self.config.allows_post_quantum() {
            return Ok(false);
        }
        let names = |listed: &InstallationId| {
            let mut wanted = wanted.iter();
            wanted.any(|name| name == listed.as_str() || name == ANY_INSTALLATION)
        };
        let listed = match store.own_bundle()? {
            Some(bundle) => self.listed_kem(store, &bundle)?,
            None => Vec::new(),
        };
        let of_siblings = listed.iter().any(|key| names(key.installation_id()));
        Ok(names(self.this_device()) || of_siblings)
    }
}

/// How many messages were written to a device while this KEM prekey was due to it; `None` if it was
/// heard to have it.
fn count_before(deliveries: &[KemDelivery], key: &VerifiedKemPreKey) -> Option<u32> {
    let mut deliveries = deliveries.iter();
    deliveries
        .find(|delivery| {
            delivery.listed == *key.installation_id() && delivery.version == key.version()
        })
        .map_or(Some(0), |delivery| delivery.count)
}
