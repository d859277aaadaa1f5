//! Bundles: the signed lists of an identity's prekeys (protocol §3, spec 2.2, 2.4.1).

use std::collections::BTreeSet;

use crate::{
    hash::keccak256,
    installation::InstallationId,
    keys::{IdentityKey, IdentityKeyPair, SignedPreKey},
    signature::Signature,
    x25519::RatchetPreKey,
};

/// Entries one bundle may list (protocol §1).
pub const MAX_BUNDLE_ENTRIES: usize = 32;
/// Smallest timestamp other than 0, in nanoseconds. It has 19 digits like all later ones, so that
/// the signed bytes can be parsed in one way only.
pub const MIN_TIMESTAMP_NS: i64 = 1_000_000_000_000_000_000;

/// Domain of the extension's signature.
const EXTENSION_DOMAIN: &[u8] = b"ratchetd/ratchet-prekey/1";

/// A bundle from the wire, nothing of it verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawBundle {
    /// Claimed identity.
    pub identity: Vec<u8>,
    /// Its entries, one per device.
    pub entries: Vec<RawEntry>,
    /// The identity's signature over the entries and the timestamp.
    pub signature: Vec<u8>,
    /// When it was made, nanoseconds since the epoch; 0 if it does not say.
    pub timestamp: i64,
}

/// One entry of a bundle from the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawEntry {
    /// The device.
    pub installation_id: String,
    /// Its signed prekey.
    pub signed_pre_key: Vec<u8>,
    /// Rises with every rotation.
    pub version: u32,
    /// Informational; not signed.
    pub protocol_version: u32,
    /// Extension: the ratchet prekey of suite x25519.
    pub ratchet_pre_key: Vec<u8>,
    /// Extension: the identity's signature over it.
    pub ratchet_signature: Vec<u8>,
}

/// Why a bundle is refused as a whole.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BundleError {
    /// The identity is no 33-byte key of the curve.
    #[error("the bundle names no identity")]
    Identity,
    /// The timestamp is neither 0 nor at least [`MIN_TIMESTAMP_NS`].
    #[error("the bundle's timestamp is out of range")]
    Timestamp,
    /// It lists more than [`MAX_BUNDLE_ENTRIES`] devices.
    #[error("the bundle lists more than {MAX_BUNDLE_ENTRIES} devices")]
    TooManyEntries,
    /// It lists an installation id twice.
    #[error("the bundle lists a device twice")]
    DuplicateEntry,
    /// An installation id or a signed prekey is malformed. The signed bytes have no separators:
    /// only the form of each part tells it from its neighbours, so with one part malformed the
    /// signature vouches for none of them.
    #[error("an entry of the bundle is not of the form that tells the signed bytes apart")]
    Form,
    /// It is not signed by the identity it names.
    #[error("the bundle is not signed by the identity it names")]
    Signature,
}

/// Why one entry of a well-signed bundle is skipped.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum EntryFault {
    /// The signed prekey is no point of the curve.
    #[error("the signed prekey is no key")]
    BadSignedPreKey,
    /// The ratchet prekey is malformed, or not signed for this entry.
    #[error("the ratchet prekey is not signed for this entry")]
    BadExtension,
    /// The installation id promises a ratchet prekey, and there is none.
    #[error("the ratchet prekey that the id promises is missing")]
    MissingExtension,
}

/// A bundle signed by its identity, its entries checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBundle {
    identity: IdentityKey,
    timestamp_ns: i64,
    entries: Vec<VerifiedEntry>,
    skipped: Vec<SkippedEntry>,
}

/// An entry of a verified bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEntry {
    /// The device.
    pub installation_id: InstallationId,
    /// The prekey for new sessions with it.
    pub prekey: VerifiedPreKey,
    /// Rises with every rotation.
    pub version: u32,
    /// Informational; not signed.
    pub protocol_version: u32,
}

/// An entry that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedEntry {
    /// The device.
    pub installation_id: InstallationId,
    /// What is wrong with it.
    pub reason: EntryFault,
    /// Its signed prekey, if that is one.
    pub signed_pre_key: Option<SignedPreKey>,
    /// Its version.
    pub version: u32,
}

/// A prekey whose owner's signature was checked. X3DH takes nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedPreKey {
    identity: IdentityKey,
    signed_pre_key: SignedPreKey,
    ratchet_pre_key: Option<RatchetPreKey>,
}

impl VerifiedPreKey {
    /// A prekey as a store keeps it: its parts were verified before they were stored.
    #[must_use]
    pub const fn from_stored(
        identity: IdentityKey,
        signed_pre_key: SignedPreKey,
        ratchet_pre_key: Option<RatchetPreKey>,
    ) -> Self {
        Self {
            identity,
            signed_pre_key,
            ratchet_pre_key,
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// SPK, the signed prekey.
    #[must_use]
    pub const fn signed_pre_key(&self) -> &SignedPreKey {
        &self.signed_pre_key
    }

    /// The ratchet prekey of suite x25519, if the entry carries one.
    #[must_use]
    pub const fn ratchet_pre_key(&self) -> Option<&RatchetPreKey> {
        self.ratchet_pre_key.as_ref()
    }
}

impl VerifiedBundle {
    /// Whose it is.
    #[must_use]
    pub const fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// When it says it was made, nanoseconds since the epoch; 0 if it does not say.
    #[must_use]
    pub const fn timestamp_ns(&self) -> i64 {
        self.timestamp_ns
    }

    /// The usable entries, by installation id in byte order.
    #[must_use]
    pub fn entries(&self) -> &[VerifiedEntry] {
        &self.entries
    }

    /// The entries that cannot be used.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedEntry] {
        &self.skipped
    }
}

impl RawBundle {
    /// Checks the signature and the form of the signed bytes, then each entry by itself: a bad
    /// entry is skipped, and the others are used.
    ///
    /// # Errors
    /// [`BundleError`] if the bundle as a whole is refused.
    pub fn verify(&self) -> Result<VerifiedBundle, BundleError> {
        let identity = IdentityKey::from_wire(&self.identity).map_err(|_| BundleError::Identity)?;
        if self.timestamp != 0 && self.timestamp < MIN_TIMESTAMP_NS {
            return Err(BundleError::Timestamp);
        }
        if self.entries.len() > MAX_BUNDLE_ENTRIES {
            return Err(BundleError::TooManyEntries);
        }
        let ids: BTreeSet<&str> = self
            .entries
            .iter()
            .map(|e| e.installation_id.as_str())
            .collect();
        if ids.len() != self.entries.len() {
            return Err(BundleError::DuplicateEntry);
        }
        let digest = bundle_digest(&self.entries, self.timestamp);
        Signature::from_wire(&self.signature)
            .and_then(|signature| signature.verify(&identity, &digest))
            .map_err(|_| BundleError::Signature)?;

        let entries = sorted(&self.entries)
            .into_iter()
            .map(|entry| Ok((entry.installation()?, entry)))
            .collect::<Result<Vec<_>, BundleError>>()?;
        let mut verified = VerifiedBundle {
            identity,
            timestamp_ns: self.timestamp,
            entries: Vec::new(),
            skipped: Vec::new(),
        };
        for (installation_id, raw) in entries {
            match raw.verify(&identity, &installation_id) {
                Ok(entry) => verified.entries.push(entry),
                Err(reason) => verified.skipped.push(SkippedEntry {
                    installation_id,
                    reason,
                    signed_pre_key: SignedPreKey::from_wire(&raw.signed_pre_key).ok(),
                    version: raw.version,
                }),
            }
        }
        Ok(verified)
    }
}

impl RawEntry {
    /// The device, if the entry's part of the signed bytes can be told from its neighbours': the id
    /// has no character that a prekey begins with, and the prekey has its fixed length. The digits
    /// of a version could still be read as the beginning of the next id, so an id of digits
    /// followed by `x1-` is refused: no device of ours has such an id.
    fn installation(&self) -> Result<InstallationId, BundleError> {
        let installation =
            InstallationId::parse(&self.installation_id).map_err(|_| BundleError::Form)?;
        let has_key_form =
            matches!(self.signed_pre_key.as_slice(), [2 | 3, x @ ..] if x.len() == 32);
        if has_key_form && installation.may_be_listed() {
            Ok(installation)
        } else {
            Err(BundleError::Form)
        }
    }

    fn verify(
        &self,
        identity: &IdentityKey,
        installation_id: &InstallationId,
    ) -> Result<VerifiedEntry, EntryFault> {
        let signed_pre_key = SignedPreKey::from_wire(&self.signed_pre_key)
            .map_err(|_| EntryFault::BadSignedPreKey)?;
        let absent = self.ratchet_pre_key.is_empty() && self.ratchet_signature.is_empty();
        let ratchet_pre_key = if absent {
            if installation_id.promises_ratchet_prekey() {
                return Err(EntryFault::MissingExtension);
            }
            None
        } else {
            let key = self
                .verify_extension(identity, installation_id, &signed_pre_key)
                .ok_or(EntryFault::BadExtension)?;
            Some(key)
        };
        Ok(VerifiedEntry {
            prekey: VerifiedPreKey {
                identity: *identity,
                signed_pre_key,
                ratchet_pre_key,
            },
            installation_id: installation_id.clone(),
            version: self.version,
            protocol_version: self.protocol_version,
        })
    }

    fn verify_extension(
        &self,
        identity: &IdentityKey,
        installation_id: &InstallationId,
        signed_pre_key: &SignedPreKey,
    ) -> Option<RatchetPreKey> {
        let key = RatchetPreKey::from_wire(&self.ratchet_pre_key).ok()?;
        let digest = extension_digest(installation_id, signed_pre_key, &key, self.version);
        Signature::from_wire(&self.ratchet_signature)
            .and_then(|signature| signature.verify(identity, &digest))
            .ok()?;
        Some(key)
    }
}

/// Signs the entries of a bundle (protocol §3).
#[must_use]
pub fn sign_bundle(
    identity: &IdentityKeyPair,
    entries: &[RawEntry],
    timestamp_ns: i64,
) -> Signature {
    identity.sign_digest(&bundle_digest(entries, timestamp_ns))
}

/// Signs the ratchet prekey of an entry (protocol §3, extension).
#[must_use]
pub fn sign_ratchet_prekey(
    identity: &IdentityKeyPair,
    installation: &InstallationId,
    signed_pre_key: &SignedPreKey,
    ratchet_pre_key: &RatchetPreKey,
    version: u32,
) -> Signature {
    identity.sign_digest(&extension_digest(
        installation,
        signed_pre_key,
        ratchet_pre_key,
        version,
    ))
}

/// `id ‖ prekey ‖ decimal(version)` for every entry in byte order of the ids, then
/// `decimal(timestamp)` unless it is 0.
fn bundle_digest(entries: &[RawEntry], timestamp: i64) -> [u8; 32] {
    let mut signed = Vec::new();
    for entry in sorted(entries) {
        signed.extend_from_slice(entry.installation_id.as_bytes());
        signed.extend_from_slice(&entry.signed_pre_key);
        signed.extend_from_slice(entry.version.to_string().as_bytes());
    }
    if timestamp != 0 {
        signed.extend_from_slice(timestamp.to_string().as_bytes());
    }
    keccak256(&[&signed])
}

fn extension_digest(
    installation: &InstallationId,
    signed_pre_key: &SignedPreKey,
    ratchet_pre_key: &RatchetPreKey,
    version: u32,
) -> [u8; 32] {
    keccak256(&[
        EXTENSION_DOMAIN,
        &installation.length_prefixed(),
        signed_pre_key.as_bytes(),
        ratchet_pre_key.as_bytes(),
        &version.to_be_bytes(),
    ])
}

fn sorted(entries: &[RawEntry]) -> Vec<&RawEntry> {
    let mut sorted: Vec<&RawEntry> = entries.iter().collect();
    sorted.sort_by_key(|entry| entry.installation_id.as_bytes());
    sorted
}
