//! The prekeys of this device and the bundle that publishes them (protocol §3, spec 2.2, 2.3).
//!
//! The bundle is kept in the store and sent with every message. It is made again when the prekey is
//! rotated, or when the enabled devices of our identity or their prekeys change; and signed again,
//! with another date, for each message that may reach a device of status-go.

use crypto_core::{
    InstallationId, KemPreKeyPair, RatchetPreKeyPair, RawBundle, RawEntry, RawKemPreKey,
    SignedPreKeyPair, VerifiedKemPreKey, Wiped, kem_is_aged, kem_serves, sign_bundle,
    sign_kem_prekey, sign_ratchet_prekey,
};
use rand_core::CryptoRng;

use crate::{
    engine::{Engine, PreKeyImport, settled_time::ending_at},
    model::{
        Device, Env, EventKind, ImportedPreKey, ListedPreKey, MAX_KEM_PREKEYS_PER_BUNDLE,
        OwnBundle, OwnKemPreKey, OwnPreKey, OwnRatchetPreKey, Pairing, PublishedBundle, SendError,
        StoreError, UnixMillis,
    },
    store::{Store, StoreRead, record_event},
    wire::{decode_bundle, encode_bundle, encode_contact_code, with_kem_prekeys},
};

/// The `protocol_version` of our entries, for information (protocol §3).
pub(crate) const PROTOCOL_VERSION: u32 = 1;
/// 2020-01-01T00:00:00Z. The first version of a device whose id may have been used before is the
/// number of minutes since then (protocol §3).
const VERSION_EPOCH: UnixMillis = UnixMillis(1_577_836_800_000);
/// The smallest timestamp with 19 digits, so that the signed bytes of a bundle parse in one way
/// only (protocol §3).
const MIN_TIMESTAMP_NS: i64 = 1_000_000_000_000_000_000;

const SECONDS_PER_MINUTE: u64 = 60;

/// Our bundle, with the KEM prekeys that messages may bring beside it (protocol §13).
pub(crate) struct Publication {
    pub(crate) bundle: OwnBundle,
    /// What is held of the devices that the bundle lists, this one first.
    pub(crate) kem: Vec<VerifiedKemPreKey>,
}

impl Publication {
    /// The encoded bundle, with the KEM prekeys of the devices that are `brought`.
    pub(crate) fn bringing(&self, brought: impl Fn(&InstallationId) -> bool) -> Vec<u8> {
        let keys = self.kem.iter().filter(|key| brought(key.installation_id()));
        with_kem_prekeys(
            self.bundle.wire.clone(),
            keys.map(RawKemPreKey::from).collect(),
        )
    }

    /// The encoded bundle with all of them.
    pub(crate) fn bringing_all(&self) -> Vec<u8> {
        self.bringing(|_| true)
    }
}

impl Engine {
    /// The bundle that we publish. Rotates the prekey first if that is due.
    ///
    /// # Errors
    /// [`SendError::Store`] if the store fails.
    pub fn bundle(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
    ) -> Result<PublishedBundle, SendError> {
        let publication = self.publication(store, env)?;
        let full = publication.bringing_all();
        let bundle = publication.bundle;
        Ok(PublishedBundle {
            contact_code: encode_contact_code(&bundle.wire),
            contact_code_full: encode_contact_code(&full),
            version: bundle.version,
            created_at: bundle.made_at,
            expires_at: bundle.prekey_created_at.after(self.config.prekey_rotation),
            installations: bundle
                .entries
                .into_iter()
                .map(|entry| entry.installation)
                .collect(),
            wire: bundle.wire,
        })
    }

    /// Our bundle, as [`Self::current_bundle`] gives it, and the KEM prekeys beside it.
    pub(crate) fn publication(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
    ) -> Result<Publication, SendError> {
        let bundle = self.current_bundle(store, env)?;
        Ok(Publication {
            kem: self.listed_kem(store, &bundle)?,
            bundle,
        })
    }

    /// The KEM prekeys that are held of the devices that our bundle lists, at most as many as are
    /// read. None if the suite is not used here: whoever had one would begin sessions that are
    /// refused.
    pub(crate) fn listed_kem(
        &self,
        store: &dyn StoreRead,
        bundle: &OwnBundle,
    ) -> Result<Vec<VerifiedKemPreKey>, StoreError> {
        if !self.config.allows_post_quantum() {
            return Ok(Vec::new());
        }
        let listed = |device: &Device| bundle.of(&device.installation).is_some();
        let held = |device: Device| {
            let held = device.kem.held?;
            Some(VerifiedKemPreKey::from_stored(
                device.installation,
                held.version,
                held.key,
                held.signature,
            ))
        };
        let siblings = store.devices(&self.me())?.into_iter().filter(listed);
        let all = bundle.kem_pre_key.iter().cloned();
        let all = all.chain(siblings.filter_map(held));
        Ok(all.take(MAX_KEM_PREKEYS_PER_BUNDLE).collect())
    }

    /// The bundle in the store. A new one is made if there is none, if a rotation is due, or if our
    /// enabled devices or their prekeys differ from what it lists.
    pub(crate) fn current_bundle(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
    ) -> Result<OwnBundle, SendError> {
        if let Some(bundle) = self.standing_bundle(store, env.now)? {
            return Ok(bundle);
        }
        match store.current_own_prekey()? {
            Some(prekey)
                if !self.rotation_due(prekey.created_at, env.now)
                    && !self.lacks_kem(prekey.ratchet.is_some(), !prekey.kem.is_empty()) =>
            {
                Ok(self.publish(store, &prekey, env.now)?)
            }
            _ => self.replace_prekey(store, env, 1),
        }
    }

    /// The bundle in the store, if no other has to be made.
    pub(crate) fn standing_bundle(
        &self,
        store: &dyn StoreRead,
        now: UnixMillis,
    ) -> Result<Option<OwnBundle>, StoreError> {
        match store.own_bundle()? {
            Some(bundle)
                if !self.replacement_due(&bundle, now)
                    && self.lists_exactly(&bundle, &self.enabled_siblings(store)?) =>
            {
                Ok(Some(bundle))
            }
            _ => Ok(None),
        }
    }

    /// Signs our bundle again, dated now, for a message that may reach a device of status-go. That
    /// writes to the three devices of an identity whose bundles have the latest dates, and dates
    /// its own with every message (protocol §3).
    pub(crate) fn sign_anew(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        bundle: &mut OwnBundle,
    ) -> Result<(), StoreError> {
        if bundle.made_at == now {
            return Ok(());
        }
        let unsigned = decode_bundle(&bundle.wire)
            .map_err(|_| StoreError::Corrupt("our own bundle".to_owned()))?;
        bundle.timestamp_ns = next_timestamp(now, bundle.timestamp_ns);
        bundle.made_at = now;
        bundle.wire = self.sign_and_encode(unsigned.entries, bundle.timestamp_ns);
        store.put_own_bundle(bundle)
    }

    /// When the prekey of our bundle was made; `None` if there is none, or if a rotation is due.
    pub(crate) fn standing_prekey(
        &self,
        store: &dyn Store,
        now: UnixMillis,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let bundle = store.own_bundle()?;
        Ok(bundle
            .filter(|bundle| !self.replacement_due(bundle, now))
            .map(|bundle| bundle.prekey_created_at))
    }

    /// Replaces the prekey, whether or not that is due, and publishes the new one, whose version is
    /// higher by `version_increment`.
    pub(crate) fn replace_prekey(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        version_increment: u32,
    ) -> Result<OwnBundle, SendError> {
        let outdated = store.current_own_prekey()?;
        let prekey = self.rotate(store, env, outdated, version_increment)?;
        Ok(self.publish(store, &prekey, env.now)?)
    }

    /// Imports a prekey pair, for conformance runs.
    ///
    /// # Errors
    /// [`SendError::Store`] if the store fails.
    pub fn import_prekey(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        import: PreKeyImport,
    ) -> Result<ImportedPreKey, SendError> {
        let (current, ending) = (store.current_own_prekey()?, ending_at(store, env.now)?);
        let newest = current.as_ref().map_or(0, |prekey| prekey.version);
        let version = import.version.unwrap_or_else(|| newest.saturating_add(1));
        let is_current = import.current.unwrap_or(version > newest);
        let kem = if is_current && self.lacks_kem(import.ratchet.is_some(), !import.kem.is_empty())
        {
            vec![make_kem_prekey(env.rng, version)]
        } else {
            import.kem
        };
        let prekey = self.own_prekey(
            import.signed,
            import.ratchet,
            kem,
            version,
            import.created_at.unwrap_or(env.now),
            (!is_current).then_some(ending),
        );
        if is_current && let Some(current) = current {
            store.put_own_prekey(&OwnPreKey {
                replaced_at: Some(ending),
                ..current
            })?;
        }
        store.put_own_prekey(&prekey)?;
        if is_current {
            self.publish(store, &prekey, env.now)?;
        }
        Ok(ImportedPreKey {
            signed_pre_key: *prekey.signed.public(),
            ratchet_pre_key: prekey.ratchet.map(|ratchet| *ratchet.pair.public()),
            version,
        })
    }

    /// Makes the bundle that we publish from now on. Every one but the first has an event.
    fn publish(
        &self,
        store: &mut dyn Store,
        own: &OwnPreKey,
        now: UnixMillis,
    ) -> Result<OwnBundle, StoreError> {
        let (known, siblings) = (store.own_bundle()?, self.enabled_siblings(store)?);
        let last_timestamp = known.as_ref().map_or(0, |bundle| bundle.timestamp_ns);
        let bundle = self.make_bundle(own, &siblings, now, last_timestamp);
        store.put_own_bundle(&bundle)?;
        if let Some(known) = known {
            let entries = bundle.entries.iter();
            let rotated = EventKind::BundleRotated {
                version: bundle.version,
                prekey_replaced: bundle.version != known.version,
                installations: entries.map(|entry| entry.installation.clone()).collect(),
            };
            record_event(store, now, rotated)?;
        }
        Ok(bundle)
    }

    /// Replaces the current prekey, or makes the first one.
    fn rotate(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        outdated: Option<OwnPreKey>,
        version_increment: u32,
    ) -> Result<OwnPreKey, StoreError> {
        let version = outdated
            .as_ref()
            .map_or_else(
                || self.first_version(env.now).saturating_sub(1),
                |outdated| outdated.version,
            )
            .saturating_add(version_increment);
        let kem_before = outdated.as_ref().map_or(&[][..], |outdated| &outdated.kem);
        let kem_before: Vec<_> = kem_before.iter().map(OwnKemPreKey::duplicate).collect();
        if let Some(outdated) = outdated {
            store.put_own_prekey(&OwnPreKey {
                replaced_at: Some(ending_at(store, env.now)?),
                ..outdated
            })?;
        }
        let signed = SignedPreKeyPair::generate(env.rng);
        let ratchet = RatchetPreKeyPair::generate(env.rng);
        let kem = next_kem(kem_before, env.rng, version);
        let prekey = self.own_prekey(signed, Some(ratchet), kem, version, env.now, None);
        store.put_own_prekey(&prekey)?;
        Ok(prekey)
    }

    /// Assembles a prekey, and signs its ratchet prekey.
    fn own_prekey(
        &self,
        signed: SignedPreKeyPair,
        ratchet: Option<RatchetPreKeyPair>,
        kem: Vec<OwnKemPreKey>,
        version: u32,
        created_at: UnixMillis,
        replaced_at: Option<UnixMillis>,
    ) -> OwnPreKey {
        let ratchet = ratchet.map(|pair| OwnRatchetPreKey {
            signature: sign_ratchet_prekey(
                &self.account.identity,
                self.this_device(),
                signed.public(),
                pair.public(),
                version,
            ),
            pair,
        });
        OwnPreKey {
            signed,
            ratchet,
            kem,
            version,
            created_at,
            replaced_at,
        }
    }

    /// The version of the first prekey. A device whose id was generated here begins at 1. Another
    /// id may have been used before, and must begin above every version that it can have published:
    /// one a day, one for each reset, and what each rollback of the store adds.
    fn first_version(&self, now: UnixMillis) -> u32 {
        if self.account.fresh_installation {
            return 1;
        }
        let minutes = now.since(VERSION_EPOCH).as_secs() / SECONDS_PER_MINUTE;
        u32::try_from(minutes).unwrap_or(u32::MAX).max(1)
    }

    /// Whether the prekey is due by age, or was made so far in the future that the clock was wrong.
    fn rotation_due(&self, created_at: UnixMillis, now: UnixMillis) -> bool {
        let span = self.config.prekey_rotation;
        now.since(created_at) >= span || created_at > now.after(span)
    }

    /// Whether the prekey of our bundle is to be replaced.
    fn replacement_due(&self, bundle: &OwnBundle, now: UnixMillis) -> bool {
        let mut entries = bundle.entries.iter();
        let own = entries.find(|entry| entry.installation == *self.this_device());
        let has_ratchet = own.is_some_and(|own| own.ratchet_pre_key.is_some());
        self.rotation_due(bundle.prekey_created_at, now)
            || self.lacks_kem(has_ratchet, bundle.kem_pre_key.is_some())
    }

    /// Whether a prekey lacks the KEM prekey that it should have: it is from before there were any.
    fn lacks_kem(&self, has_ratchet: bool, has_kem: bool) -> bool {
        self.config.allows_post_quantum() && has_ratchet && !has_kem
    }

    /// Our other devices that are enabled and whose prekey is known.
    fn enabled_siblings(&self, store: &dyn StoreRead) -> Result<Vec<Device>, StoreError> {
        let mut devices = store.devices(&self.me())?;
        devices.retain(|device| {
            device.pairing == Pairing::Enabled
                && device.prekey.is_some()
                && device.installation != *self.this_device()
        });
        Ok(devices)
    }

    fn lists_exactly(&self, bundle: &OwnBundle, siblings: &[Device]) -> bool {
        let listed = bundle
            .entries
            .iter()
            .filter(|entry| entry.installation != *self.this_device())
            .cloned();
        listed.eq(siblings.iter().filter_map(listed_sibling))
    }

    fn make_bundle(
        &self,
        own: &OwnPreKey,
        siblings: &[Device],
        now: UnixMillis,
        last_timestamp: i64,
    ) -> OwnBundle {
        let mut entries = vec![RawEntry {
            installation_id: self.this_device().as_str().to_owned(),
            signed_pre_key: own.signed.public().to_bytes().to_vec(),
            version: own.version,
            protocol_version: PROTOCOL_VERSION,
            ratchet_pre_key: own.ratchet.as_ref().map_or_else(Vec::new, |ratchet| {
                ratchet.pair.public().to_bytes().to_vec()
            }),
            ratchet_signature: own
                .ratchet
                .as_ref()
                .map_or_else(Vec::new, |ratchet| ratchet.signature.to_bytes().to_vec()),
        }];
        entries.extend(
            siblings
                .iter()
                .filter_map(|device| self.sibling_entry(device)),
        );
        entries.sort_by(|a, b| a.installation_id.cmp(&b.installation_id));

        let mut listed = vec![ListedPreKey {
            installation: self.this_device().clone(),
            signed_pre_key: *own.signed.public(),
            ratchet_pre_key: own.ratchet.as_ref().map(|ratchet| *ratchet.pair.public()),
            version: own.version,
            protocol_version: PROTOCOL_VERSION,
        }];
        listed.extend(siblings.iter().filter_map(listed_sibling));
        listed.sort_by(|a, b| a.installation.cmp(&b.installation));

        let timestamp_ns = next_timestamp(now, last_timestamp);
        OwnBundle {
            wire: self.sign_and_encode(entries, timestamp_ns),
            made_at: now,
            timestamp_ns,
            version: own.version,
            prekey_created_at: own.created_at,
            entries: listed,
            kem_pre_key: own.kem.first().map(|kem| self.sign_kem(kem)),
        }
    }

    /// A KEM prekey of this device as messages bring it.
    fn sign_kem(&self, kem: &OwnKemPreKey) -> VerifiedKemPreKey {
        let (device, pair) = (self.this_device(), KemPreKeyPair::from_seed(&kem.seed));
        let signature = sign_kem_prekey(&self.account.identity, device, kem.version, pair.public());
        VerifiedKemPreKey::from_stored(
            device.clone(),
            kem.version,
            pair.public().clone(),
            signature,
        )
    }

    fn sign_and_encode(&self, entries: Vec<RawEntry>, timestamp_ns: i64) -> Vec<u8> {
        let signature = sign_bundle(&self.account.identity, &entries, timestamp_ns);
        encode_bundle(RawBundle {
            identity: self.me().to_bytes().to_vec(),
            entries,
            signature: signature.to_bytes().to_vec(),
            timestamp: timestamp_ns,
        })
    }

    /// The entry of another device of ours. We have the identity key, so its extension is signed
    /// here again.
    fn sibling_entry(&self, device: &Device) -> Option<RawEntry> {
        let prekey = device.prekey.as_ref()?;
        let signed = prekey.key.signed_pre_key();
        let signature = prekey.key.ratchet_pre_key().map(|ratchet| {
            sign_ratchet_prekey(
                &self.account.identity,
                &device.installation,
                signed,
                ratchet,
                prekey.version,
            )
        });
        Some(RawEntry {
            installation_id: device.installation.as_str().to_owned(),
            signed_pre_key: signed.to_bytes().to_vec(),
            version: prekey.version,
            protocol_version: prekey.protocol_version,
            ratchet_pre_key: prekey
                .key
                .ratchet_pre_key()
                .map_or_else(Vec::new, |ratchet| ratchet.to_bytes().to_vec()),
            ratchet_signature: signature
                .map_or_else(Vec::new, |signature| signature.to_bytes().to_vec()),
        })
    }
}

/// The KEM prekeys that a signed prekey of `version` keeps, after one that kept those `before`: the
/// same, or a fresh one and the current one if that is a week old (protocol §13). After a leap of
/// versions one may serve no more: its seed goes.
fn next_kem(
    mut before: Vec<OwnKemPreKey>,
    rng: &mut dyn CryptoRng,
    version: u32,
) -> Vec<OwnKemPreKey> {
    let fresh =
        |kem: &OwnKemPreKey| kem_serves(kem.version, version) && !kem_is_aged(kem.version, version);
    if !before.first().is_some_and(fresh) {
        before.truncate(1);
        before.insert(0, make_kem_prekey(rng, version));
    }
    before.retain(|kem| kem_serves(kem.version, version));
    before
}

fn make_kem_prekey(rng: &mut dyn CryptoRng, version: u32) -> OwnKemPreKey {
    let pair = KemPreKeyPair::generate(rng);
    OwnKemPreKey {
        seed: Wiped::new(**pair.seed()),
        id: pair.public().id(),
        version,
    }
}

/// The timestamp of a bundle that is signed now: above that of the last one, whatever the clock
/// shows.
fn next_timestamp(now: UnixMillis, last: i64) -> i64 {
    now.as_nanos()
        .max(last.saturating_add(1))
        .max(MIN_TIMESTAMP_NS)
}

/// What our bundle lists of another device of ours; `None` if its prekey is not known.
fn listed_sibling(device: &Device) -> Option<ListedPreKey> {
    let prekey = device.prekey.as_ref()?;
    Some(ListedPreKey {
        installation: device.installation.clone(),
        signed_pre_key: *prekey.key.signed_pre_key(),
        ratchet_pre_key: prekey.key.ratchet_pre_key().copied(),
        version: prekey.version,
        protocol_version: prekey.protocol_version,
    })
}
