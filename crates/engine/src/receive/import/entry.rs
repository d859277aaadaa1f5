//! What one entry of a verified bundle does to the device it names (protocol §3).

use std::time::Duration;

use crypto_core::{HeaderKey, InstallationId, VerifiedBundle, VerifiedEntry};

use super::{
    BundleImport,
    lower::{Lower, refuse},
    trusted_stamp,
};
use crate::{
    engine::{Engine, settled_time::ending_at},
    model::{
        Device, DevicePreKey, EventKind, ImportedEntry, Pairing, Peer, Role, Session, Standing,
        StoreError, UnixMillis, Warning, WarningKind,
    },
    sessions::expiry::expire,
    store::{Store, record_event},
};

/// Versions an honest device can run ahead of what we know, before days are counted (protocol §3,
/// jump rule).
const JUMP_ALLOWANCE: u64 = 10;
/// Clocks that are right differ by less than this (protocol §3, dated later).
const RIGHT_CLOCKS_DIFFER: Duration = Duration::from_secs(60 * 60);
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
/// 2018-01-01T00:00:00Z, before there was any client of this protocol: a device that replaces its
/// prekey once a day cannot have come further than one version a day since then (protocol §3,
/// versions).
const FIRST_PREKEYS: UnixMillis = UnixMillis(1_514_764_800_000);

/// What an entry's rules need of the bundle around it.
pub(super) struct BundleContext<'a> {
    pub(super) bundle: &'a VerifiedBundle,
    /// The signed timestamp as far as we believe it, nanoseconds; 0 if there is none.
    pub(super) stamp: i64,
    /// When it was signed, or came if it does not say; `None` if its timestamp is not believed:
    /// then it can have been under way for long.
    pub(super) dated_at: Option<UnixMillis>,
    pub(super) now: UnixMillis,
    /// Now, or the time that is settled if our clock is behind it.
    pub(super) latest: UnixMillis,
    /// The device that sent it on its own message; `None` if it came by another way.
    pub(super) sender: Option<&'a InstallationId>,
    /// Where the stale timer of a device first met here begins, and of those that it omits if it is
    /// not the newest; `None` if it is the newest.
    pub(super) omitted_since: Option<UnixMillis>,
    /// We may have begun sessions on the prekeys that it lists, in a state that was lost.
    pub(super) may_be_begun: bool,
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
    fn prekey(
        &self,
        store: &dyn Store,
        entry: &VerifiedEntry,
        before: Option<&DevicePreKey>,
    ) -> Result<DevicePreKey, StoreError> {
        // Of a device first met like this nothing is known that a jump could be measured by.
        let earliest = before.map_or(UnixMillis(0), |before| before.dated_at);
        // It may be one that the device had before, or a device that was forgotten.
        let key = entry.prekey.signed_pre_key();
        let sessions = store.sessions_on_prekey(self.bundle.identity(), key)?;
        let begun = sessions.iter().any(Session::uses_prekey);
        Ok(DevicePreKey {
            key: entry.prekey.clone(),
            version: entry.version,
            protocol_version: entry.protocol_version,
            bundle_ns: self.stamp,
            signed_ns: self.bundle.timestamp_ns(),
            dated_at: self.dated_at.unwrap_or(earliest),
            begun: begun || self.may_be_begun,
            any_version: false,
        })
    }

    /// Whether it is dated later than the bundle that `known` came with. One that is dated ahead of
    /// our clock is held against another such date alone: when it came says nothing of when it was
    /// made. One that is held against when such a bundle came must be of a clock that is right.
    fn is_later_than(&self, known: &DevicePreKey) -> bool {
        let signed = self.bundle.timestamp_ns();
        let misdated = known.signed_ns != known.bundle_ns;
        if self.stamp != signed {
            return misdated && signed > known.signed_ns;
        }
        let is_right = UnixMillis::from_nanos(signed) <= self.latest.after(RIGHT_CLOCKS_DIFFER);
        (is_right || !misdated) && signed > trusted_stamp(known.bundle_ns, self.latest)
    }

    /// The highest version that a device without the extension can have, if nothing is known of it.
    fn highest_at_first(&self) -> u64 {
        // The date is the signer's own word: who moves digits into a version cannot move it.
        let dated_at = UnixMillis::from_nanos(self.bundle.timestamp_ns());
        plausible(0, FIRST_PREKEYS, self.now.max(dated_at))
    }
}

impl Engine {
    /// Applies one entry.
    pub(super) fn import_entry(
        &self,
        store: &mut dyn Store,
        context: &BundleContext<'_>,
        entry: &VerifiedEntry,
        import: &mut BundleImport,
    ) -> Result<(), StoreError> {
        let identity = context.bundle.identity();
        let known = store.device(identity, &entry.installation_id)?;
        let without_extension = entry.prekey.ratchet_pre_key().is_none();
        let too_high = u64::from(entry.version) > context.highest_at_first();
        let verdict = match &known {
            None if without_extension && too_high => {
                // A device of ours under a given id, listed by a sibling that does not know the
                // extension, looks like this.
                let name = &entry.installation_id;
                if context.sender.is_none_or(|sender| sender == name) {
                    let detail = format!("{name} version {} is not adopted", entry.version);
                    import.warn(WarningKind::VersionJump, detail);
                }
                return self.meet_without_prekey(store, context, name, entry.version, import);
            }
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
                    import.warn(
                        WarningKind::TooManyDevices,
                        entry.installation_id.to_string(),
                    );
                    return Ok(());
                }
                let device = self.new_device(store, context, entry)?;
                meet(store, &device, context.now)?;
                imported.is_new = true;
            }
            (Verdict::Replace, Some(device)) => {
                let prekey = context.prekey(store, entry, device.prekey.as_ref())?;
                replace_prekey(store, device, prekey, context.activity(), context.now)?;
                imported.is_newer = true;
            }
            (Verdict::Lower { later }, Some(device)) => {
                if context.sender == Some(&device.installation) {
                    let lower = Lower {
                        known: device.prekey.as_ref().map(|prekey| prekey.version),
                        prekey: context.prekey(store, entry, device.prekey.as_ref())?,
                        device: device.installation,
                        later,
                    };
                    import.lower = Some(Lower::newest(import.lower.take(), lower));
                } else if later {
                    let refused = refuse(store, device, entry.version)?;
                    import.warnings.push(refused);
                }
            }
            (Verdict::Complete, Some(device)) => {
                let before = device.prekey.as_ref();
                let mut prekey = context.prekey(store, entry, before)?;
                if let Some(before) = before {
                    if entry.version <= before.version {
                        prekey.dated_at = before.dated_at;
                    }
                    if prekey.bundle_ns <= before.bundle_ns {
                        (prekey.bundle_ns, prekey.signed_ns) = (before.bundle_ns, before.signed_ns);
                    }
                    prekey.version = prekey.version.max(before.version);
                    prekey.begun |=
                        before.begun && before.key.signed_pre_key() == prekey.key.signed_pre_key();
                    prekey.any_version = before.any_version;
                }
                store.put_device(&Device {
                    prekey: Some(prekey),
                    extension_shown: device.extension_shown
                        || entry.prekey.ratchet_pre_key().is_some(),
                    ..device
                })?;
            }
            (Verdict::Keep, Some(_)) => {}
            (Verdict::Refuse(kind), Some(device)) => {
                // A sibling that does not know the extension leaves it out of every message, which
                // is no fault of anybody.
                let of_sibling = context
                    .sender
                    .is_some_and(|name| *name != device.installation);
                if kind != WarningKind::MissingExtension || !of_sibling {
                    let warning = refuse(store, device, entry.version)?;
                    import.warnings.push(Warning { kind, ..warning });
                }
                return Ok(());
            }
        }
        import.entries.push(imported);
        Ok(())
    }

    fn new_device(
        &self,
        store: &dyn Store,
        context: &BundleContext<'_>,
        entry: &VerifiedEntry,
    ) -> Result<Device, StoreError> {
        let identity = context.bundle.identity();
        let own = *identity == self.me();
        let installation = entry.installation_id.clone();
        Ok(Device {
            prekey: Some(context.prekey(store, entry, None)?),
            last_active_at: context.activity(),
            omitted_since: context.omitted_since,
            extension_shown: entry.prekey.ratchet_pre_key().is_some(),
            ..Device::met(*identity, installation, own, context.now)
        })
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
    /// Nothing new.
    Keep,
    /// Another prekey of a lower version, or of the same from a bundle that is not newer.
    Lower {
        /// The bundle is dated later than the one that the known prekey came with.
        later: bool,
    },
    /// Not believed.
    Refuse(WarningKind),
}

fn judge(device: &Device, entry: &VerifiedEntry, context: &BundleContext<'_>) -> Verdict {
    let offers_extension = entry.prekey.ratchet_pre_key().is_some();
    let Some(known) = &device.prekey else {
        // Met through a session it began, or by a sibling's listing: its first prekey replaces
        // none.
        let too_high = u64::from(entry.version) > context.highest_at_first();
        return if !offers_extension && too_high {
            Verdict::Refuse(WarningKind::VersionJump)
        } else {
            Verdict::Complete
        };
    };
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
    if same_signed && known.key.ratchet_pre_key().is_none() {
        return Verdict::Complete;
    }
    let later = context.is_later_than(known);
    let of_itself = context.sender == Some(&device.installation);
    if device.had(entry.prekey.signed_pre_key()) && !(of_itself && later) {
        // A sibling that has not heard of the present one signs it anew with every message. The
        // device itself may have gone back to it.
        return Verdict::Keep;
    }
    // Of the device itself: a sibling may list one that is older than what we know.
    if known.any_version && (of_itself || context.sender.is_none()) {
        return Verdict::Replace;
    }
    let lower = entry.version < known.version || (entry.version == known.version && !later);
    if lower && !later {
        return Verdict::Lower { later };
    }
    if !offers_extension && device.extension_shown {
        return Verdict::Refuse(WarningKind::MissingExtension);
    }
    if lower {
        return Verdict::Lower { later };
    }
    // From when the known version was signed: a message that was withheld is no news of today.
    let highest = plausible(known.version, known.dated_at.min(context.now), context.now);
    if !offers_extension && u64::from(entry.version) > highest {
        return Verdict::Refuse(WarningKind::VersionJump);
    }
    Verdict::Replace
}

/// The highest version that a device can have come to that had `version` at `then`.
fn plausible(version: u32, then: UnixMillis, now: UnixMillis) -> u64 {
    let days = now.since(then).as_secs() / SECONDS_PER_DAY;
    u64::from(version)
        .saturating_add(JUMP_ALLOWANCE)
        .saturating_add(days)
}

/// Takes another prekey in the place of the known one (protocol §3).
pub(super) fn replace_prekey(
    store: &mut dyn Store,
    device: Device,
    prekey: DevicePreKey,
    activity: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    expire_sessions_on(store, &device, now)?;
    // What was begun on one that it had before may be erased, and is not forgotten by the device.
    let begun = prekey.begun || device.had(prekey.key.signed_pre_key());
    let mut former = device.former.clone();
    if let Some(known) = &device.prekey {
        let key = known.key.signed_pre_key().to_bytes();
        former.push(&HeaderKey::Secp256k1(key));
    }
    store.put_device(&Device {
        former,
        extension_shown: device.extension_shown || prekey.key.ratchet_pre_key().is_some(),
        prekey: Some(DevicePreKey { begun, ..prekey }),
        rekey_due: true,
        last_active_at: device.last_active_at.max(activity),
        refused_version: None,
        ..device
    })
}

impl Engine {
    /// Takes up a device that a bundle lists without the extension that its id promises: as known
    /// without a prekey. It is not written to until its own bundle has come, which it sends when it
    /// finds that a message was not for it (spec 4.4).
    pub(super) fn meet_without_prekey(
        &self,
        store: &mut dyn Store,
        context: &BundleContext<'_>,
        installation: &InstallationId,
        version: u32,
        import: &mut BundleImport,
    ) -> Result<(), StoreError> {
        let identity = context.bundle.identity();
        if store.device(identity, installation)?.is_some() {
            return Ok(());
        }
        let listed = |installation: &InstallationId| context.lists(installation);
        if !self.make_room_for_device(store, identity, context.now, listed)? {
            import.warn(WarningKind::TooManyDevices, installation.to_string());
            return Ok(());
        }
        let device = Device {
            last_active_at: context.activity(),
            omitted_since: context.omitted_since,
            ..Device::met(
                *identity,
                installation.clone(),
                *identity == self.me(),
                context.now,
            )
        };
        meet(store, &device, context.now)?;
        import.entries.push(ImportedEntry {
            installation: installation.clone(),
            version,
            is_new: true,
            is_newer: false,
        });
        Ok(())
    }
}

/// Keeps a device that was met now, and tells of it, unless its identity has shown so many new ones
/// today that this is no news.
pub(crate) fn meet(
    store: &mut dyn Store,
    device: &Device,
    now: UnixMillis,
) -> Result<(), StoreError> {
    store.put_device(device)?;
    let peer = store.peer(&device.identity)?;
    let peer = peer.unwrap_or_else(|| Peer::new(device.identity));
    let Some(discoveries) = peer.discoveries.one_more(now) else {
        return Ok(());
    };
    store.put_peer(&Peer {
        discoveries,
        ..peer
    })?;
    let discovered = EventKind::InstallationDiscovered {
        own: device.pairing != Pairing::Enabled,
        device: device.name(),
    };
    record_event(store, now, discovered)
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
            let ended = ending_at(store, now)?;
            expire(store, session, ended, now)?;
        }
    }
    Ok(())
}
