//! What a received bundle changes (protocol §3, spec 3.3, 4.1, 4.3).

use std::time::Duration;

use crypto_core::{
    EntryFault, IdentityKey, InstallationId, SkippedEntry, VerifiedBundle, VerifiedEntry,
};

use crate::{
    BundleImportError, Device, DeviceMetadata, DevicePreKey, Engine, Env, ImportedBundle,
    ImportedEntry, MAX_BUNDLES_PER_MESSAGE, Pairing, Peer, Role, Standing, Store, StoreError,
    UnixMillis, Warning, WarningKind, wire,
};

/// Versions an honest device can run ahead of what we know, before days are counted (protocol §3, jump rule).
const JUMP_ALLOWANCE: u64 = 10;
/// How far a signed timestamp may lie ahead of our clock before it counts as now.
const TIMESTAMP_TOLERANCE: Duration = Duration::from_secs(24 * 60 * 60);
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
/// Characters of a malformed installation id shown in a warning: it can be as long as the message.
const MAX_SHOWN_CHARS: usize = 64;

/// What the bundles of one message, or one imported bundle, brought.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    /// Well-signed bundles of the sender or of ourselves that were read.
    pub(crate) bundles: usize,
    /// Every valid entry, in order.
    pub(crate) entries: Vec<ImportedEntry>,
    /// What was odd.
    pub(crate) warnings: Vec<Warning>,
    /// An entry of the device in question that is older than what we hold of it (protocol §7, sent before a re-key).
    pub(crate) before_rekey: bool,
}

impl Adopted {
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
    /// Imports a bundle that came by another way than a message: a contact code, a QR code.
    ///
    /// # Errors
    /// [`BundleImportError::Invalid`] if the bytes are no bundle or not signed by the identity they name.
    pub fn import_bundle(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        wire: &[u8],
    ) -> Result<ImportedBundle, BundleImportError> {
        let bundle = self
            .verified
            .verify(wire)
            .map_err(|error| BundleImportError::Invalid(error.to_string()))?;
        let mut adopted = Adopted::default();
        self.adopt(store, env.now, &bundle, &mut adopted)?;
        Ok(ImportedBundle {
            identity: *bundle.identity(),
            installations: adopted.entries,
            warnings: adopted.warnings,
        })
    }

    /// Reads the bundles of a message: the first few of the sender's or of our own identity; the
    /// rest is ignored. A bad one is skipped with a warning and never loses the message.
    pub(crate) fn adopt_all(
        &mut self,
        store: &mut dyn Store,
        now: UnixMillis,
        sender: &IdentityKey,
        sender_device: Option<&InstallationId>,
        bundles: &[Vec<u8>],
    ) -> Result<Adopted, StoreError> {
        let mut adopted = Adopted::default();
        let mut read = 0;
        for encoded in bundles {
            if let Err(ignored) = self.concerns_us(sender, encoded) {
                adopted.warnings.push(ignored);
                continue;
            }
            read += 1;
            if read > MAX_BUNDLES_PER_MESSAGE {
                adopted.warn(
                    WarningKind::TooManyBundles,
                    format!("at most {MAX_BUNDLES_PER_MESSAGE} are read from one message"),
                );
                break;
            }
            match self.verified.verify(encoded) {
                Ok(bundle) => {
                    self.note_older_entry(store, sender, sender_device, &bundle, &mut adopted)?;
                    self.adopt(store, now, &bundle, &mut adopted)?;
                }
                Err(error) => adopted.warn(WarningKind::InvalidBundle, error.to_string()),
            }
        }
        Ok(adopted)
    }

    /// Only the sender's bundles and our own count; a stranger's costs no signature check.
    fn concerns_us(&self, sender: &IdentityKey, encoded: &[u8]) -> Result<(), Warning> {
        let raw = wire::decode_bundle(encoded).map_err(|error| Warning {
            kind: WarningKind::InvalidBundle,
            detail: error.to_string(),
        })?;
        if raw.identity == sender.to_bytes() || raw.identity == self.me().to_bytes() {
            return Ok(());
        }
        let known_form = IdentityKey::from_wire(&raw.identity).is_ok();
        Err(Warning {
            kind: if known_form {
                WarningKind::ForeignBundle
            } else {
                WarningKind::InvalidBundle
            },
            detail: "a bundle of another identity than the sender's and ours".to_owned(),
        })
    }

    /// Whether the sender's own entry is of a lower version than the one we hold: the message
    /// was made before a re-key, and must not move sessions (protocol §7).
    fn note_older_entry(
        &self,
        store: &dyn Store,
        sender: &IdentityKey,
        sender_device: Option<&InstallationId>,
        bundle: &VerifiedBundle,
        adopted: &mut Adopted,
    ) -> Result<(), StoreError> {
        let Some(device) = sender_device else {
            return Ok(());
        };
        let listed = bundle
            .entries()
            .iter()
            .find(|entry| entry.installation_id == *device);
        if let Some(listed) = listed
            && bundle.identity() == sender
            && let Some(known) = store.device(sender, device)?
            && let Some(prekey) = known.prekey
            && listed.version < prekey.version
        {
            adopted.before_rekey = true;
        }
        Ok(())
    }

    /// Applies one verified bundle.
    fn adopt(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        bundle: &VerifiedBundle,
        adopted: &mut Adopted,
    ) -> Result<(), StoreError> {
        adopted.bundles += 1;
        let identity = bundle.identity();
        let stamp = trusted_stamp(bundle.timestamp_ns(), now);
        let known_peer = store.peer(identity)?;
        let peer = known_peer.clone().unwrap_or(Peer {
            identity: *identity,
            newest_bundle_ns: 0,
            newest_bundle_at: None,
            last_sent_at: None,
        });
        let is_newest = stamp != 0 && stamp >= peer.newest_bundle_ns;
        let peer = Peer {
            newest_bundle_ns: peer.newest_bundle_ns.max(stamp),
            newest_bundle_at: if stamp > peer.newest_bundle_ns {
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
            now,
            omitted_since: if is_newest {
                None
            } else {
                peer.newest_bundle_at
            },
        };
        for entry in bundle.entries() {
            if *identity == self.me() && entry.installation_id == *self.this_device() {
                self.check_clone(store, entry, adopted)?;
            } else {
                self.adopt_entry(store, &context, entry, adopted)?;
            }
        }
        for skipped in bundle.skipped() {
            report_skipped(store, identity, skipped, adopted)?;
        }
        if is_newest {
            run_stale_timers(store, &context)?;
        }
        Ok(())
    }

    /// An entry for this very device changes nothing; but if its key was never ours, someone else is using our id.
    fn check_clone(
        &self,
        store: &dyn Store,
        entry: &VerifiedEntry,
        adopted: &mut Adopted,
    ) -> Result<(), StoreError> {
        let ours = store.own_prekey(entry.prekey.signed_pre_key())?.is_some();
        // Below the versions we still hold it is an old bundle of ours, whose prekey was erased.
        let held = store
            .own_bundle()?
            .map_or(0, |bundle| bundle.version)
            .saturating_sub(self.versions_held());
        if !ours && entry.version >= held {
            adopted.warn(
                WarningKind::ClonedInstallation,
                format!("{} lists a prekey that is not ours", entry.installation_id),
            );
        }
        Ok(())
    }

    /// Own prekeys kept: one per rotation within the erasure span.
    fn versions_held(&self) -> u32 {
        let rotation = self.config.prekey_rotation.as_secs().max(1);
        u32::try_from(self.config.erase_after.as_secs() / rotation).unwrap_or(u32::MAX)
    }

    fn adopt_entry(
        &self,
        store: &mut dyn Store,
        context: &BundleContext<'_>,
        entry: &VerifiedEntry,
        adopted: &mut Adopted,
    ) -> Result<(), StoreError> {
        let identity = context.bundle.identity();
        let known = store.device(identity, &entry.installation_id)?;
        let verdict = match &known {
            None => Verdict::Unknown,
            Some(device) => judge(device, entry, context),
        };
        let mut imported = ImportedEntry {
            installation: entry.installation_id.clone(),
            version: entry.version,
            is_new: false,
            is_newer: false,
        };
        match (verdict, known) {
            (Verdict::Unknown, _) | (_, None) => {
                let listed = |installation: &InstallationId| context.lists(installation);
                if !self.make_room_for_device(store, identity, context.now, listed)? {
                    adopted.warn(
                        WarningKind::TooManyDevices,
                        entry.installation_id.to_string(),
                    );
                    return Ok(());
                }
                store.put_device(&self.new_device(context, entry))?;
                imported.is_new = true;
            }
            (Verdict::Replace, Some(device)) => {
                expire_sessions_on(store, &device, context.now)?;
                let activity = context.activity();
                store.put_device(&Device {
                    prekey: Some(context.prekey(entry)),
                    rekey_due: true,
                    extension_shown: device.extension_shown
                        || entry.prekey.ratchet_pre_key().is_some(),
                    last_active_at: device.last_active_at.max(activity),
                    last_seen_at: device.last_seen_at.max(activity),
                    ..device
                })?;
                imported.is_newer = true;
            }
            (Verdict::Complete, Some(device)) => {
                store.put_device(&Device {
                    prekey: Some(context.prekey(entry)),
                    extension_shown: device.extension_shown
                        || entry.prekey.ratchet_pre_key().is_some(),
                    ..device
                })?;
            }
            (Verdict::Keep, Some(_)) => {}
            (Verdict::Refuse(kind), Some(device)) => {
                adopted.warn(
                    kind,
                    format!(
                        "{} version {} is not adopted",
                        device.installation, entry.version
                    ),
                );
                return Ok(());
            }
        }
        adopted.entries.push(imported);
        Ok(())
    }

    fn new_device(&self, context: &BundleContext<'_>, entry: &VerifiedEntry) -> Device {
        let identity = context.bundle.identity();
        let own = *identity == self.me();
        Device {
            identity: *identity,
            installation: entry.installation_id.clone(),
            prekey: Some(context.prekey(entry)),
            pairing: if own {
                Pairing::Pending
            } else {
                Pairing::Enabled
            },
            first_seen_at: context.now,
            last_seen_at: context.activity(),
            last_active_at: context.activity(),
            omitted_since: context.omitted_since,
            rekey_due: false,
            extension_shown: entry.prekey.ratchet_pre_key().is_some(),
            metadata: DeviceMetadata::default(),
        }
    }

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
        let own = *identity == self.me();
        let forgettable = devices
            .into_iter()
            .filter(|device| !listed(&device.installation))
            .filter(|device| !own || device.pairing == Pairing::Pending)
            .min_by_key(|device| {
                let stale = device.is_stale(now, self.config.stale_after);
                (!stale, device.last_active_at)
            });
        let Some(device) = forgettable else {
            return Ok(false);
        };
        store.remove_device(identity, &device.installation)?;
        Ok(true)
    }
}

impl Device {
    /// When the device became, or will become, stale: its timer runs since the first bundle that omits it,
    /// and an authenticated message or a new prekey since then counts as a sign of life (spec 4.3).
    #[must_use]
    pub fn stale_at(&self, stale_after: Duration) -> Option<UnixMillis> {
        let omitted = self.omitted_since?;
        Some(omitted.max(self.last_active_at).after(stale_after))
    }

    /// Whether it is stale at `now`.
    #[must_use]
    pub fn is_stale(&self, now: UnixMillis, stale_after: Duration) -> bool {
        self.stale_at(stale_after).is_some_and(|at| at <= now)
    }
}

/// What an entry's rules need of the bundle around it.
struct BundleContext<'a> {
    bundle: &'a VerifiedBundle,
    /// The signed timestamp as far as we believe it, nanoseconds; 0 if there is none.
    stamp: i64,
    now: UnixMillis,
    /// Where the stale timer of a device first met here begins: it is absent from a newer bundle.
    omitted_since: Option<UnixMillis>,
}

impl BundleContext<'_> {
    /// When the devices listed were last active, as far as this bundle tells.
    fn activity(&self) -> UnixMillis {
        if self.stamp == 0 {
            self.now
        } else {
            UnixMillis::from_nanos(self.stamp)
        }
    }

    fn lists(&self, installation: &InstallationId) -> bool {
        let valid = self
            .bundle
            .entries()
            .iter()
            .any(|entry| entry.installation_id == *installation);
        let skipped = self
            .bundle
            .skipped()
            .iter()
            .any(|entry| entry.installation_id == installation.as_str());
        valid || skipped
    }

    fn prekey(&self, entry: &VerifiedEntry) -> DevicePreKey {
        DevicePreKey {
            key: entry.prekey.clone(),
            version: entry.version,
            protocol_version: entry.protocol_version,
            bundle_ns: self.stamp,
        }
    }
}

/// What an entry does to the device it names.
enum Verdict {
    /// The device is new.
    Unknown,
    /// The prekey replaces the known one.
    Replace,
    /// A first prekey, or the same one with more to it: replaces none.
    Complete,
    /// Nothing new, or older.
    Keep,
    /// Not believed.
    Refuse(WarningKind),
}

fn judge(device: &Device, entry: &VerifiedEntry, context: &BundleContext<'_>) -> Verdict {
    let Some(known) = &device.prekey else {
        // Met through a session it began: its first prekey replaces none.
        return Verdict::Complete;
    };
    let offers_extension = entry.prekey.ratchet_pre_key().is_some();
    if entry.prekey == known.key {
        return if entry.version > known.version {
            Verdict::Complete
        } else {
            Verdict::Keep
        };
    }
    let same_signed = entry.prekey.signed_pre_key() == known.key.signed_pre_key();
    if same_signed && !offers_extension {
        // A sibling that does not know the extension published the entry again.
        return Verdict::Keep;
    }
    if same_signed && known.key.ratchet_pre_key().is_none() && entry.version >= known.version {
        return Verdict::Complete;
    }
    let higher = entry.version > known.version
        || (entry.version == known.version && context.stamp > known.bundle_ns);
    if !higher {
        return Verdict::Keep;
    }
    if !offers_extension && device.extension_shown {
        return Verdict::Refuse(WarningKind::MissingExtension);
    }
    let days = context.now.since(device.last_seen_at).as_secs() / SECONDS_PER_DAY;
    let plausible = u64::from(known.version)
        .saturating_add(JUMP_ALLOWANCE)
        .saturating_add(days);
    if !offers_extension && u64::from(entry.version) > plausible {
        return Verdict::Refuse(WarningKind::VersionJump);
    }
    Verdict::Replace
}

/// A timestamp over a day ahead of our clock counts as now (protocol §3): otherwise one
/// bundle dated 2099 would be the newest for ever.
fn trusted_stamp(timestamp_ns: i64, now: UnixMillis) -> i64 {
    if UnixMillis::from_nanos(timestamp_ns) > now.after(TIMESTAMP_TOLERANCE) {
        now.as_nanos()
    } else {
        timestamp_ns
    }
}

/// The sessions built on a prekey that its owner replaced expire (spec 3.3). They read on.
fn expire_sessions_on(
    store: &mut dyn Store,
    device: &Device,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(old) = &device.prekey else {
        return Ok(());
    };
    for mut session in store.sessions_on_prekey(&device.identity, old.key.signed_pre_key())? {
        let built_by_us = session.role == Role::Initiator;
        let expired = matches!(session.standing, Standing::Expired { .. });
        if built_by_us && !expired && session.installation.as_ref() == Some(&device.installation) {
            session.standing = Standing::Expired { since: now };
            store.put_session(&session)?;
        }
    }
    Ok(())
}

/// A malformed entry is reported; one that only lacks the extension of a prekey we know with it is a sibling's copy.
fn report_skipped(
    store: &dyn Store,
    identity: &IdentityKey,
    skipped: &SkippedEntry,
    adopted: &mut Adopted,
) -> Result<(), StoreError> {
    let kind = match skipped.reason {
        EntryFault::MissingExtension => {
            let known = InstallationId::parse(&skipped.installation_id)
                .ok()
                .map(|installation| store.device(identity, &installation))
                .transpose()?
                .flatten()
                .and_then(|device| device.prekey);
            let republished = known
                .is_some_and(|prekey| Some(*prekey.key.signed_pre_key()) == skipped.signed_pre_key);
            if republished {
                return Ok(());
            }
            WarningKind::MissingExtension
        }
        _ => WarningKind::InvalidEntry,
    };
    let shown: String = skipped
        .installation_id
        .chars()
        .take(MAX_SHOWN_CHARS)
        .collect();
    adopted.warn(kind, format!("{shown:?}: {}", skipped.reason));
    Ok(())
}

/// The newest bundle stops the timers of the devices it lists and starts those of the others (spec 4.3).
fn run_stale_timers(store: &mut dyn Store, context: &BundleContext<'_>) -> Result<(), StoreError> {
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
        if omitted_since != device.omitted_since || last_seen_at != device.last_seen_at {
            store.put_device(&Device {
                omitted_since,
                last_seen_at,
                ..device
            })?;
        }
    }
    Ok(())
}
