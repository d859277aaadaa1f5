//! Importing bundles (protocol §3, spec 3.3, 4.1, 4.3).
//!
//! [`entry`] judges one entry of a bundle, [`lower`] entries of a lower version than we have,
//! [`kem`] takes the KEM prekeys beside it, and [`known`] decides which devices are recorded and
//! which are stale.

mod entry;
mod kem;
mod known;
mod lower;

use crypto_core::{
    EntryFault, IdentityKey, InstallationId, RawKemPreKey, SignedPreKey, SkippedEntry,
    VerifiedBundle,
};

use self::entry::BundleContext;
pub(crate) use self::{entry::meet, lower::Lower};
use crate::{
    engine::{Engine, settled_time::ending_at},
    model::{
        BundleImportError, Env, ImportedBundle, ImportedEntry, KemState, MAX_BUNDLES_LOOKED_AT,
        MAX_BUNDLES_PER_MESSAGE, Peer, StoreError, UnixMillis, Warning, WarningKind,
    },
    store::Store,
    wire::decode_kem_prekeys,
};

/// What importing the bundles of a message, or a single one, has found.
#[derive(Debug, Default)]
pub(crate) struct BundleImport {
    /// Whether there was a valid bundle of the sender.
    pub(crate) of_sender: bool,
    /// Every valid entry, in order.
    pub(crate) entries: Vec<ImportedEntry>,
    /// The warnings.
    pub(crate) warnings: Vec<Warning>,
    /// Whether the message was made before its device replaced its prekey (protocol §7, sent before
    /// a re-key).
    pub(crate) before_rekey: bool,
    /// Whether a bundle lists the device that sent the message.
    pub(crate) lists_sender: bool,
    /// The entry of that device if its version is lower than what we have. It is decided upon when
    /// the message is decrypted (protocol §3, versions).
    pub(crate) lower: Option<Lower>,
    /// The newest credible date of the sender's bundles that list that device.
    pub(crate) dated_at: Option<UnixMillis>,
}

impl BundleImport {
    fn warn(&mut self, kind: WarningKind, detail: impl Into<String>) {
        self.warnings.push(Warning {
            kind,
            detail: detail.into(),
        });
    }

    /// The devices met for the first time.
    pub(crate) fn new_installations(&self) -> Vec<InstallationId> {
        self.entries
            .iter()
            .filter(|entry| entry.is_new)
            .map(|entry| entry.installation.clone())
            .collect()
    }
}

impl Engine {
    /// Imports a bundle that did not come in a message: a contact code, a QR code.
    ///
    /// # Errors
    /// [`BundleImportError::Invalid`] if the bytes are not a bundle or not signed by the identity
    /// that they name.
    pub fn import_bundle(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        wire: &[u8],
    ) -> Result<ImportedBundle, BundleImportError> {
        let bundle = self
            .verified
            .read(wire)
            .and_then(|read| self.verified.verify(read))
            .map_err(|error| BundleImportError::Invalid(error.to_string()))?;
        let mut import = BundleImport::default();
        let beside = decode_kem_prekeys(wire);
        self.apply_bundle(store, env.now, (&bundle, &beside), None, &mut import)?;
        for entry in &mut import.entries {
            let device = store.device(bundle.identity(), &entry.installation)?;
            entry.kem = device.map_or(KemState::None, |device| device.kem_state());
        }
        Ok(ImportedBundle {
            identity: *bundle.identity(),
            installations: import.entries,
            warnings: import.warnings,
        })
    }

    /// Imports the bundles of a message: the first few of the sender and of our own identity. The
    /// rest is ignored. A bad bundle gives a warning, and the message is still read.
    pub(crate) fn import_all(
        &mut self,
        store: &mut dyn Store,
        now: UnixMillis,
        sender: &IdentityKey,
        sender_device: Option<&InstallationId>,
        bundles: &[Vec<u8>],
    ) -> Result<BundleImport, StoreError> {
        let mut import = BundleImport::default();
        let mut read = 0;
        let mut listed = None;
        for encoded in bundles.iter().take(MAX_BUNDLES_LOOKED_AT) {
            let bundle = match self.verified.read(encoded) {
                Ok(bundle) => bundle,
                Err(error) => {
                    import.warn(WarningKind::InvalidBundle, error.to_string());
                    continue;
                }
            };
            if let Err(ignored) = self.concerns_us(sender, bundle.identity()) {
                import.warnings.push(ignored);
                continue;
            }
            read += 1;
            if read > MAX_BUNDLES_PER_MESSAGE {
                import.warn(
                    WarningKind::TooManyBundles,
                    format!("at most {MAX_BUNDLES_PER_MESSAGE} are read from one message"),
                );
                break;
            }
            match self.verified.verify(bundle) {
                Ok(bundle) => {
                    let of_sender = bundle.identity() == sender;
                    if of_sender {
                        let version = version_of(&bundle, sender_device);
                        let latest = ending_at(store, now)?;
                        let dated_at = version.and_then(|_| signed_at(&bundle, latest));
                        listed = listed.max(version);
                        import.dated_at = import.dated_at.max(dated_at);
                        import.of_sender = true;
                    }
                    let device = sender_device.filter(|_| of_sender);
                    let beside = decode_kem_prekeys(encoded);
                    self.apply_bundle(store, now, (&bundle, &beside), device, &mut import)?;
                }
                Err(error) => import.warn(WarningKind::InvalidBundle, error.to_string()),
            }
        }
        let older = Self::made_before_rekey(store, sender, sender_device, listed)?;
        if !older {
            // The newest entry counts: a relay could add an outdated bundle of a sibling.
            import.lower = None;
        }
        let news = import.lower.as_ref().is_some_and(Lower::is_later);
        import.before_rekey = older && !news;
        Ok(import)
    }

    /// Only bundles of the sender and of our own identity are imported. Others cost no signature
    /// check.
    fn concerns_us(&self, sender: &IdentityKey, named: &[u8]) -> Result<(), Warning> {
        if named == sender.as_bytes() || named == self.me().as_bytes() {
            return Ok(());
        }
        let known_form = matches!(named, [2 | 3, x @ ..] if x.len() == 32);
        Err(Warning {
            kind: if known_form {
                WarningKind::ForeignBundle
            } else {
                WarningKind::InvalidBundle
            },
            detail: "a bundle of another identity than the sender's and ours".to_owned(),
        })
    }

    /// Whether the newest entry of its own device in a message has a lower version than we have.
    /// Then the message was made before a re-key and must not change standings (protocol §7). The
    /// newest counts, so that a relay cannot make a message look old by adding an old bundle.
    fn made_before_rekey(
        store: &dyn Store,
        sender: &IdentityKey,
        sender_device: Option<&InstallationId>,
        listed: Option<u32>,
    ) -> Result<bool, StoreError> {
        let (Some(device), Some(listed)) = (sender_device, listed) else {
            return Ok(false);
        };
        let known = store
            .device(sender, device)?
            .and_then(|device| device.prekey);
        Ok(known.is_some_and(|prekey| listed < prekey.version))
    }

    /// Applies one verified bundle, and the KEM prekeys beside it. `sender` is the device that sent
    /// it, if it came in a message of its identity.
    fn apply_bundle(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        (bundle, beside): (&VerifiedBundle, &[Option<RawKemPreKey>]),
        sender: Option<&InstallationId>,
        import: &mut BundleImport,
    ) -> Result<(), StoreError> {
        let identity = bundle.identity();
        // With a clock that was set back, a bundle of today must not look like one of tomorrow.
        let latest = ending_at(store, now)?;
        let stamp = trusted_stamp(bundle.timestamp_ns(), latest);
        let dated_at = match stamp {
            0 => Some(now),
            _ => (stamp == bundle.timestamp_ns()).then(|| UnixMillis::from_nanos(stamp)),
        };
        let known_peer = store.peer(identity)?;
        let peer = known_peer.clone().unwrap_or_else(|| Peer::new(*identity));
        // A date that a clock recorded when it was ahead must not stay the newest until then.
        let newest = trusted_stamp(peer.newest_bundle_ns, latest);
        let is_newest = stamp != 0 && stamp >= newest;
        let peer = Peer {
            newest_bundle_ns: newest.max(stamp),
            newest_bundle_at: if stamp > newest {
                Some(now)
            } else {
                peer.newest_bundle_at
            },
            ..peer
        };
        if known_peer.as_ref() != Some(&peer) {
            store.put_peer(&peer)?;
        }

        let context = BundleContext {
            bundle,
            stamp,
            dated_at,
            now,
            latest,
            sender,
            omitted_since: (!is_newest).then_some(latest),
            may_be_begun: self.prekeys_may_be_begun(store, bundle, stamp, now)?,
        };
        for entry in bundle.entries() {
            if self.is_this_device(identity, &entry.installation_id) {
                let signed_pre_key = entry.prekey.signed_pre_key();
                self.check_clone(store, signed_pre_key, entry.version, import)?;
            } else {
                self.import_entry(store, &context, entry, import)?;
            }
        }
        for skipped in bundle.skipped() {
            self.take_skipped(store, &context, skipped, import)?;
        }
        self.import_kem_prekeys(store, &context, beside, import)?;
        import.lists_sender |= sender.is_some_and(|sender| context.lists(sender));
        known::run_stale_timers(store, &context, self.config.stale_after)?;
        Ok(())
    }

    /// An entry for this device changes nothing. If its key was never ours, another device uses our
    /// id.
    fn check_clone(
        &self,
        store: &dyn Store,
        signed_pre_key: &SignedPreKey,
        version: u32,
        import: &mut BundleImport,
    ) -> Result<(), StoreError> {
        let ours = store.own_prekey(signed_pre_key)?.is_some();
        // A lower version may be an old one of ours, whose prekey was erased.
        let held = store
            .own_bundle()?
            .map_or(0, |bundle| bundle.version)
            .saturating_sub(self.versions_held());
        if !ours && version >= held {
            import.warn(
                WarningKind::ClonedInstallation,
                format!("{} lists a prekey that is not ours", self.this_device()),
            );
        }
        Ok(())
    }

    /// Reports an entry that is malformed. One that only lacks the extension of its device was
    /// published by a sibling that does not know the extension, and shows that there is such a
    /// device (protocol §3).
    fn take_skipped(
        &self,
        store: &mut dyn Store,
        context: &BundleContext<'_>,
        skipped: &SkippedEntry,
        import: &mut BundleImport,
    ) -> Result<(), StoreError> {
        let detail = format!("{}: {}", skipped.installation_id, skipped.reason);
        if skipped.reason != EntryFault::MissingExtension {
            import.warn(WarningKind::InvalidEntry, detail);
            return Ok(());
        }
        if self.is_this_device(context.bundle.identity(), &skipped.installation_id) {
            return match &skipped.signed_pre_key {
                Some(key) => self.check_clone(store, key, skipped.version, import),
                None => Ok(()),
            };
        }
        if context.sender == Some(&skipped.installation_id) {
            // A device would not leave out its own extension.
            import.warn(WarningKind::MissingExtension, detail);
        }
        let (name, version) = (&skipped.installation_id, skipped.version);
        if store.device(context.bundle.identity(), name)?.is_some() {
            return Ok(());
        }
        self.import_new(store, context, name, version, None, import)
    }

    /// Whether the lost state of a store that was rolled back may have begun sessions on the
    /// prekeys of this bundle. A device replaces its prekey at each rotation, so that its own later
    /// bundles list another one; a sibling continues to list the last prekey of a device that is
    /// off.
    fn prekeys_may_be_begun(
        &self,
        store: &dyn Store,
        bundle: &VerifiedBundle,
        stamp: i64,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let Some(rolled_back_at) = store.timekeeping()?.rolled_back_at else {
            return Ok(false);
        };
        let dated_at = UnixMillis::from_nanos(stamp);
        let alone = bundle.entries().len() + bundle.skipped().len() == 1;
        let made_since = alone && dated_at >= rolled_back_at.after(self.config.prekey_rotation);
        Ok(now < rolled_back_at.after(self.config.erase_after) && !made_since)
    }

    /// How many own prekeys are kept: one per rotation within the erasure span.
    fn versions_held(&self) -> u32 {
        let rotation = self.config.prekey_rotation.as_secs().max(1);
        u32::try_from(self.config.erase_after.as_secs() / rotation).unwrap_or(u32::MAX)
    }
}

/// The version that the bundle lists for this device.
fn version_of(bundle: &VerifiedBundle, device: Option<&InstallationId>) -> Option<u32> {
    bundle
        .entries()
        .iter()
        .find(|entry| Some(&entry.installation_id) == device)
        .map(|entry| entry.version)
}

/// A timestamp over a day ahead of the `latest` time counts as that time (protocol §3): otherwise a
/// bundle dated 2099 would be the newest for ever.
fn trusted_stamp(timestamp_ns: i64, latest: UnixMillis) -> i64 {
    if UnixMillis::from_nanos(timestamp_ns).is_far_ahead(latest) {
        latest.as_nanos()
    } else {
        timestamp_ns
    }
}

/// When a bundle was signed, if its timestamp is credible.
fn signed_at(bundle: &VerifiedBundle, latest: UnixMillis) -> Option<UnixMillis> {
    let stamp = bundle.timestamp_ns();
    let believed = stamp != 0 && trusted_stamp(stamp, latest) == stamp;
    believed.then(|| UnixMillis::from_nanos(stamp))
}
