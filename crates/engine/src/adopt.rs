//! What a received bundle changes (protocol §3, spec 3.3, 4.1, 4.3).

mod entry;
mod known;

use std::time::Duration;

use crypto_core::{
    EntryFault, IdentityKey, InstallationId, SkippedEntry, VerifiedBundle, VerifiedEntry,
};

use self::entry::BundleContext;
use crate::{
    BundleImportError, Engine, Env, ImportedBundle, ImportedEntry, MAX_BUNDLES_PER_MESSAGE, Peer,
    Store, StoreError, UnixMillis, Warning, WarningKind,
};

/// Bundles of any identity looked at in one message: what a stranger adds must cost little.
const MAX_BUNDLES_LOOKED_AT: usize = 16;
/// How far a signed timestamp may lie ahead of our clock before it counts as now.
const TIMESTAMP_TOLERANCE: Duration = Duration::from_secs(24 * 60 * 60);

/// What the bundles of one message, or one imported bundle, brought.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    /// A well-signed bundle of the sender was read.
    pub(crate) of_sender: bool,
    /// Every valid entry, in order.
    pub(crate) entries: Vec<ImportedEntry>,
    /// What was odd.
    pub(crate) warnings: Vec<Warning>,
    /// An entry of the device in question that is older than what we hold of it (protocol §7, sent before a re-key).
    pub(crate) before_rekey: bool,
    /// The newest believed date of the sender's bundles that list the device in question.
    pub(crate) dated_at: Option<UnixMillis>,
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
            .read(wire)
            .and_then(|read| self.verified.verify(read))
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
        let mut listed = None;
        for encoded in bundles.iter().take(MAX_BUNDLES_LOOKED_AT) {
            let bundle = match self.verified.read(encoded) {
                Ok(bundle) => bundle,
                Err(error) => {
                    adopted.warn(WarningKind::InvalidBundle, error.to_string());
                    continue;
                }
            };
            if let Err(ignored) = self.concerns_us(sender, bundle.identity()) {
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
            match self.verified.verify(bundle) {
                Ok(bundle) => {
                    if bundle.identity() == sender {
                        let version = version_of(&bundle, sender_device);
                        let dated_at = version.and_then(|_| signed_at(&bundle, now));
                        listed = listed.max(version);
                        adopted.dated_at = adopted.dated_at.max(dated_at);
                        adopted.of_sender = true;
                    }
                    self.adopt(store, now, &bundle, &mut adopted)?;
                }
                Err(error) => adopted.warn(WarningKind::InvalidBundle, error.to_string()),
            }
        }
        adopted.before_rekey = Self::made_before_rekey(store, sender, sender_device, listed)?;
        Ok(adopted)
    }

    /// Only the sender's bundles and our own count; a stranger's costs no signature check.
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

    /// Whether the newest entry that the message carries of its own device is below the one we hold: the message was
    /// made before a re-key, and must not move sessions (protocol §7). The newest counts, so that a relay cannot
    /// make a message look old by adding an old bundle to it.
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

    /// Applies one verified bundle.
    fn adopt(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        bundle: &VerifiedBundle,
        adopted: &mut Adopted,
    ) -> Result<(), StoreError> {
        let identity = bundle.identity();
        let stamp = trusted_stamp(bundle.timestamp_ns(), now);
        let dated_at = match stamp {
            0 => Some(now),
            _ => (stamp == bundle.timestamp_ns()).then(|| UnixMillis::from_nanos(stamp)),
        };
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
            dated_at,
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
            known::run_stale_timers(store, &context)?;
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
}

/// The version that the bundle lists for this device.
fn version_of(bundle: &VerifiedBundle, device: Option<&InstallationId>) -> Option<u32> {
    bundle
        .entries()
        .iter()
        .find(|entry| Some(&entry.installation_id) == device)
        .map(|entry| entry.version)
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

/// When a bundle was signed, as far as it can be believed.
fn signed_at(bundle: &VerifiedBundle, now: UnixMillis) -> Option<UnixMillis> {
    let stamp = bundle.timestamp_ns();
    let believed = stamp != 0 && trusted_stamp(stamp, now) == stamp;
    believed.then(|| UnixMillis::from_nanos(stamp))
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
            let known = store
                .device(identity, &skipped.installation_id)?
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
    adopted.warn(
        kind,
        format!("{}: {}", skipped.installation_id, skipped.reason),
    );
    Ok(())
}
