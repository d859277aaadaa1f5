//! What one entry of a verified bundle does to the device it names (protocol §3).

use std::time::Duration;

use crypto_core::{HeaderKey, IdentityKey, InstallationId, VerifiedBundle, VerifiedEntry};

use super::{
    BundleImport,
    lower::{Lower, refuse},
    trusted_stamp,
};
use crate::{
    engine::{Engine, settled_time::ending_at},
    model::{
        Device, DevicePreKey, EventKind, ImportedEntry, KemState, Pairing, Peer, Role, Session,
        Standing, StoreError, UnixMillis, Warning, WarningKind,
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

/// The bundle around an entry.
pub(super) struct BundleContext<'a> {
    pub(super) bundle: &'a VerifiedBundle,
    /// The signed timestamp, limited to what is credible, in nanoseconds; 0 if there is none.
    pub(super) stamp: i64,
    /// When it was signed, or when it came if it has no timestamp; `None` if its timestamp is not
    /// credible: then it may be old.
    pub(super) dated_at: Option<UnixMillis>,
    pub(super) now: UnixMillis,
    /// Now, or the settled time if our clock is behind it.
    pub(super) latest: UnixMillis,
    /// The device that sent it in its own message; `None` if it did not come in a message.
    pub(super) sender: Option<&'a InstallationId>,
    /// Where the stale timer of a new device begins; `None` if this is the newest bundle of the
    /// identity.
    pub(super) omitted_since: Option<UnixMillis>,
    /// A state that was lost may have begun sessions on the prekeys that it lists.
    pub(super) may_be_begun: bool,
}

impl BundleContext<'_> {
    /// When the devices listed were last active, by this bundle.
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

    /// The record of the prekey in an entry, if `before` was the record until now.
    fn prekey(
        &self,
        store: &dyn Store,
        entry: &VerifiedEntry,
        before: Option<&DevicePreKey>,
    ) -> Result<DevicePreKey, StoreError> {
        // For a new device there is nothing from which a jump could be measured.
        let earliest = before.map_or(UnixMillis(0), |before| before.dated_at);
        // The prekey may be a former one of the device, or the device one that was removed.
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

    /// Whether it is dated later than the bundle of `known`. A date ahead of our clock is compared
    /// only with another such date, because the time of arrival says nothing of when a bundle was
    /// made. A bundle that is compared with such a time of arrival must be from a clock that is
    /// right.
    fn is_later_than(&self, known: &DevicePreKey) -> bool {
        let signed = self.bundle.timestamp_ns();
        let misdated = known.signed_ns != known.bundle_ns;
        if self.stamp != signed {
            return misdated && signed > known.signed_ns;
        }
        let is_right = UnixMillis::from_nanos(signed) <= self.latest.after(RIGHT_CLOCKS_DIFFER);
        (is_right || !misdated) && signed > trusted_stamp(known.bundle_ns, self.latest)
    }

    /// The highest version that a new device without the extension can have.
    fn highest_at_first(&self) -> u64 {
        // The date is the signer's own: an attack that moves digits into a version cannot change
        // it.
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
        let name = &entry.installation_id;
        let Some(device) = store.device(context.bundle.identity(), name)? else {
            let without_extension = entry.prekey.ratchet_pre_key().is_none();
            if without_extension && u64::from(entry.version) > context.highest_at_first() {
                // A device with a supplied id, listed by a sibling that does not know the
                // extension, also looks like this.
                if context.sender.is_none_or(|sender| sender == name) {
                    let detail = format!("{name} version {} is not adopted", entry.version);
                    import.warn(WarningKind::VersionJump, detail);
                }
                return self.import_new(store, context, name, entry.version, None, import);
            }
            let prekey = context.prekey(store, entry, None)?;
            return self.import_new(store, context, name, entry.version, Some(prekey), import);
        };
        let mut imported = ImportedEntry {
            installation: name.clone(),
            version: entry.version,
            is_new: false,
            is_newer: false,
            kem: KemState::None,
        };
        match judge(&device, entry, context) {
            Verdict::Replace => {
                let prekey = context.prekey(store, entry, device.prekey.as_ref())?;
                replace_prekey(store, device, prekey, context.activity(), context.now)?;
                imported.is_newer = true;
            }
            Verdict::Lower { later } => {
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
            Verdict::Complete => {
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
            Verdict::Keep => {}
            Verdict::Refuse(kind) => {
                // A sibling that does not know the extension leaves it out of every message: that
                // is no reason for a warning.
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
}

/// What an entry does to a known device.
enum Verdict {
    /// The prekey replaces the known one.
    Replace,
    /// The first prekey, or an addition to the known one: replaces none.
    Complete,
    /// Nothing new.
    Keep,
    /// Another prekey of a lower version, or of the same from a bundle that is not newer.
    Lower {
        /// The bundle is dated later than the one that the known prekey came with.
        later: bool,
    },
    /// It is refused.
    Refuse(WarningKind),
}

fn judge(device: &Device, entry: &VerifiedEntry, context: &BundleContext<'_>) -> Verdict {
    let offers_extension = entry.prekey.ratchet_pre_key().is_some();
    let Some(known) = &device.prekey else {
        // Known only by a session that it began, or by a sibling's bundle.
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
        // From a sibling that does not know the extension.
        return Verdict::Keep;
    }
    if same_signed && known.key.ratchet_pre_key().is_none() {
        return Verdict::Complete;
    }
    let later = context.is_later_than(known);
    let of_itself = context.sender == Some(&device.installation);
    if device.had(entry.prekey.signed_pre_key()) && !(of_itself && later) {
        // A sibling that does not know the current prekey signs the former one again with every
        // message. The device itself may have gone back to it.
        return Verdict::Keep;
    }
    // Only from the device itself: a sibling may list one that is older than what we have.
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
    // From when the known version was signed, because a message may have been withheld.
    let highest = plausible(known.version, known.dated_at.min(context.now), context.now);
    if !offers_extension && u64::from(entry.version) > highest {
        return Verdict::Refuse(WarningKind::VersionJump);
    }
    Verdict::Replace
}

/// The highest version that a device can have now that had `version` at `then`.
fn plausible(version: u32, then: UnixMillis, now: UnixMillis) -> u64 {
    let days = now.since(then).as_secs() / SECONDS_PER_DAY;
    u64::from(version)
        .saturating_add(JUMP_ALLOWANCE)
        .saturating_add(days)
}

/// Replaces the known prekey of a device (protocol §3).
pub(super) fn replace_prekey(
    store: &mut dyn Store,
    device: Device,
    prekey: DevicePreKey,
    activity: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    expire_sessions_on(store, &device, now)?;
    // A session that we began on a former prekey may be erased here, but not on the device.
    let begun = prekey.begun || device.had(prekey.key.signed_pre_key());
    let mut former = device.former.clone();
    let mut kem = device.kem.clone();
    if let Some(known) = &device.prekey {
        let key = known.key.signed_pre_key().to_bytes();
        former.push(&HeaderKey::Secp256k1(key));
        if prekey.version <= known.version {
            // The device counts anew: its next KEM prekey may not be above the held one, which it
            // does not have any more.
            kem.held = None;
        }
    }
    store.put_device(&Device {
        former,
        extension_shown: device.extension_shown || prekey.key.ratchet_pre_key().is_some(),
        prekey: Some(DevicePreKey { begun, ..prekey }),
        rekey_due: true,
        last_active_at: device.last_active_at.max(activity),
        refused_version: None,
        kem,
        ..device
    })
}

impl Engine {
    /// Records a device that is not known yet. Without a `prekey`, because the entry lacks the
    /// extension that the id promises, nothing is sent to it until it has sent its own bundle,
    /// which it does when it gets a message that is not for it (spec 4.4).
    pub(super) fn import_new(
        &self,
        store: &mut dyn Store,
        context: &BundleContext<'_>,
        installation: &InstallationId,
        version: u32,
        prekey: Option<DevicePreKey>,
        import: &mut BundleImport,
    ) -> Result<(), StoreError> {
        let identity = context.bundle.identity();
        let listed = |installation: &InstallationId| context.lists(installation);
        if !self.make_room_for_device(store, identity, context.now, listed)? {
            import.warn(WarningKind::TooManyDevices, installation.to_string());
            return Ok(());
        }
        let own = *identity == self.me();
        let with_extension = |prekey: &DevicePreKey| prekey.key.ratchet_pre_key().is_some();
        let device = Device {
            last_active_at: context.activity(),
            omitted_since: context.omitted_since,
            extension_shown: prekey.as_ref().is_some_and(with_extension),
            prekey,
            ..Device::met(*identity, installation.clone(), own, context.now)
        };
        meet(store, &device, context.now)?;
        import.entries.push(ImportedEntry {
            installation: installation.clone(),
            version,
            is_new: true,
            is_newer: false,
            kem: KemState::None,
        });
        Ok(())
    }
}

/// Writes the record of a new device, with an event unless its identity had too many new ones
/// today.
pub(crate) fn meet(
    store: &mut dyn Store,
    device: &Device,
    now: UnixMillis,
) -> Result<(), StoreError> {
    store.put_device(device)?;
    let discovered = EventKind::InstallationDiscovered {
        own: device.pairing != Pairing::Enabled,
        device: device.name(),
    };
    record_news(store, &device.identity, now, discovered)
}

/// Records an event about a device, unless its identity had too many of these today.
pub(super) fn record_news(
    store: &mut dyn Store,
    identity: &IdentityKey,
    now: UnixMillis,
    news: EventKind,
) -> Result<(), StoreError> {
    let peer = store.peer(identity)?;
    let peer = peer.unwrap_or_else(|| Peer::new(*identity));
    let Some(discoveries) = peer.discoveries.one_more(now) else {
        return Ok(());
    };
    store.put_peer(&Peer {
        discoveries,
        ..peer
    })?;
    record_event(store, now, news)
}

/// Expires the sessions that we built on the known prekey of a device (spec 3.3).
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
