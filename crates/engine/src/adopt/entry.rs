//! What one entry of a verified bundle does to the device it names (protocol §3).

use crypto_core::{InstallationId, VerifiedBundle, VerifiedEntry};

use super::Adopted;
use crate::{
    Device, DevicePreKey, Engine, EventKind, ImportedEntry, Role, Standing, Store, StoreError,
    UnixMillis, WarningKind, event::note, sweep::expire,
};

/// Versions an honest device can run ahead of what we know, before days are counted (protocol §3, jump rule).
const JUMP_ALLOWANCE: u64 = 10;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// What an entry's rules need of the bundle around it.
pub(super) struct BundleContext<'a> {
    pub(super) bundle: &'a VerifiedBundle,
    /// The signed timestamp as far as we believe it, nanoseconds; 0 if there is none.
    pub(super) stamp: i64,
    /// When it was signed, or came if it does not say; `None` if its timestamp is not believed: then it can have been under
    /// way for long.
    pub(super) dated_at: Option<UnixMillis>,
    pub(super) now: UnixMillis,
    /// Where the stale timer of a device first met here begins: it is absent from a newer bundle.
    pub(super) omitted_since: Option<UnixMillis>,
}

impl BundleContext<'_> {
    /// When the devices listed were last active, as far as this bundle tells.
    pub(super) fn activity(&self) -> UnixMillis {
        if self.stamp == 0 {
            self.now
        } else {
            UnixMillis::from_nanos(self.stamp)
        }
    }

    pub(super) fn lists(&self, installation: &InstallationId) -> bool {
        let valid = self
            .bundle
            .entries()
            .iter()
            .any(|entry| entry.installation_id == *installation);
        let skipped = self
            .bundle
            .skipped()
            .iter()
            .any(|entry| entry.installation_id == *installation);
        valid || skipped
    }

    /// What is known of a device's prekey after this bundle, if `before` was known before it.
    fn prekey(&self, entry: &VerifiedEntry, before: Option<&DevicePreKey>) -> DevicePreKey {
        // Of a device first met like this nothing is known that a jump could be measured by.
        let earliest = before.map_or(UnixMillis(0), |before| before.dated_at);
        DevicePreKey {
            key: entry.prekey.clone(),
            version: entry.version,
            protocol_version: entry.protocol_version,
            bundle_ns: self.stamp,
            dated_at: self.dated_at.unwrap_or(earliest),
        }
    }
}

impl Engine {
    /// Applies one entry.
    pub(super) fn adopt_entry(
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
                let device = self.new_device(context, entry);
                store.put_device(&device)?;
                let discovered = EventKind::InstallationDiscovered {
                    own: device.identity == self.me(),
                    device: device.name(),
                };
                note(store, context.now, discovered)?;
                imported.is_new = true;
            }
            (Verdict::Replace, Some(device)) => {
                expire_sessions_on(store, &device, context.now)?;
                let activity = context.activity();
                store.put_device(&Device {
                    prekey: Some(context.prekey(entry, device.prekey.as_ref())),
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
                    prekey: Some(context.prekey(entry, device.prekey.as_ref())),
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
        let installation = entry.installation_id.clone();
        Device {
            prekey: Some(context.prekey(entry, None)),
            last_seen_at: context.activity(),
            last_active_at: context.activity(),
            omitted_since: context.omitted_since,
            extension_shown: entry.prekey.ratchet_pre_key().is_some(),
            ..Device::met(*identity, installation, own, context.now)
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
    // From when the known version was signed: a message that was withheld is no news of today.
    let days = context.now.since(known.dated_at).as_secs() / SECONDS_PER_DAY;
    let plausible = u64::from(known.version)
        .saturating_add(JUMP_ALLOWANCE)
        .saturating_add(days);
    if !offers_extension && u64::from(entry.version) > plausible {
        return Verdict::Refuse(WarningKind::VersionJump);
    }
    Verdict::Replace
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
    for session in store.sessions_on_prekey(&device.identity, old.key.signed_pre_key())? {
        let built_by_us = session.role == Role::Initiator;
        let expired = matches!(session.standing, Standing::Expired { .. });
        if built_by_us && !expired && session.installation.as_ref() == Some(&device.installation) {
            expire(store, session, now, now)?;
        }
    }
    Ok(())
}
