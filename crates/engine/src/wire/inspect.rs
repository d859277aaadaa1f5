//! Decoding bundles and messages for display, without any keys, whether or not they are valid.

use crypto_core::{
    EntryFault, IdentityKey, KemPreKey, RawBundle, RawEntry, RawKemPreKey, VerifiedBundle,
};

use crate::{
    model::{
        InspectedBundle, InspectedEntry, InspectedGroupHeader, InspectedKemPreKey,
        InspectedMessage, InspectedRatchetHeader, InspectedTarget, InspectedX3dhHeader,
        MAX_BUNDLES_LOOKED_AT, MAX_KEM_PREKEYS_PER_BUNDLE, Mode, WireError,
    },
    wire::{WireEntry, WireGroupKeys, WireMessage, decode_bundle, decode_kem_prekeys},
};

/// Decodes a bundle for display.
///
/// # Errors
/// [`WireError`] if the bytes cannot be decoded. Why a bundle is not valid is in `fault`.
pub fn inspect_bundle(wire: &[u8]) -> Result<InspectedBundle, WireError> {
    let bundle = decode_bundle(wire)?;
    let beside = decode_kem_prekeys(wire).into_iter();
    let beside = beside
        .take(MAX_KEM_PREKEYS_PER_BUNDLE)
        .map(Option::unwrap_or_default);
    Ok(inspect(&bundle, beside))
}

/// Decodes a wire message for display.
///
/// # Errors
/// [`WireError`] if the bytes are no wire message.
pub fn inspect_message(wire: &[u8]) -> Result<InspectedMessage, WireError> {
    Ok(WireMessage::decode(wire)?.inspect())
}

impl WireMessage {
    /// The message for display. This needs no account. The first [`MAX_BUNDLES_LOOKED_AT`] bundles
    /// are decoded and their signatures checked, and the others are ignored.
    #[must_use]
    pub fn inspect(&self) -> InspectedMessage {
        let looked_at = self.bundles.iter().take(MAX_BUNDLES_LOOKED_AT);
        let looked_at = looked_at.map(|bundle| inspect_bundle(bundle).map_err(|error| error.0));
        let others = self.bundles.iter().skip(MAX_BUNDLES_LOOKED_AT);
        let not_looked_at =
            || format!("not looked at: of a message, the first {MAX_BUNDLES_LOOKED_AT} are");
        InspectedMessage {
            installation: self.installation.clone(),
            bundles: looked_at
                .chain(others.map(|_| Err(not_looked_at())))
                .collect(),
            targets: self
                .entries
                .iter()
                .map(|(installation, entry)| inspect_target(installation, entry))
                .collect(),
            public_bytes: self.public.len(),
            contact: self.contact,
            kem_wanted: self.kem_wanted.clone(),
        }
    }
}

fn inspect(raw: &RawBundle, beside: impl Iterator<Item = RawKemPreKey>) -> InspectedBundle {
    let verified = raw.verify();
    let identity = IdentityKey::from_wire(&raw.identity).ok();
    let inspect_kem = |key: RawKemPreKey| InspectedKemPreKey {
        id: KemPreKey::from_stored(&key.key).ok().map(|key| key.id()),
        valid: identity.is_some_and(|identity| key.verify(&identity).is_ok()),
        version: key.version,
        installation: key.installation_id,
    };
    let entries = raw
        .entries
        .iter()
        .map(|entry| InspectedEntry {
            installation: entry.installation_id.clone(),
            signed_pre_key: entry.signed_pre_key.clone(),
            version: entry.version,
            protocol_version: entry.protocol_version,
            ratchet_pre_key: entry.ratchet_pre_key.clone(),
            ratchet_valid: verified
                .as_ref()
                .ok()
                .and_then(|verified| ratchet_valid(verified, entry)),
        })
        .collect();
    InspectedBundle {
        identity,
        timestamp_ns: raw.timestamp,
        entries,
        kem_pre_keys: beside.map(inspect_kem).collect(),
        fault: verified.err().map(|error| error.to_string()),
    }
}

/// Whether the entry's extension is well formed and signed; `None` if it has none.
fn ratchet_valid(verified: &VerifiedBundle, entry: &RawEntry) -> Option<bool> {
    if entry.ratchet_pre_key.is_empty() && entry.ratchet_signature.is_empty() {
        return None;
    }
    let broken = verified.skipped().iter().any(|skipped| {
        skipped.installation_id.as_str() == entry.installation_id
            && skipped.reason == EntryFault::BadExtension
    });
    Some(!broken)
}

fn inspect_target(installation: &str, entry: &WireEntry) -> InspectedTarget {
    let mode = match (&entry.x3dh, &entry.dr, &entry.dh) {
        (Some(_), Some(_), None) => Some(Mode::X3dh),
        (None, Some(_), None) => Some(Mode::Ratchet),
        (None, None, Some(_)) => Some(Mode::Dh),
        (None, None, None) if entry.hr.as_ref().is_some_and(|header| header.number > 0) => {
            Some(Mode::Group)
        }
        _ => None,
    };
    InspectedTarget {
        installation: installation.to_owned(),
        mode,
        x3dh: entry.x3dh.as_ref().map(|header| InspectedX3dhHeader {
            key: header.key.clone(),
            id: header.id.clone(),
            kem_id: header.kem_id.clone(),
            kem_ciphertext_bytes: header.kem_ciphertext.len(),
        }),
        dr: entry.dr.as_ref().map(|header| InspectedRatchetHeader {
            key: header.key.clone(),
            n: header.n,
            pn: header.pn,
            id: header.id.clone(),
        }),
        dh: entry.dh.clone(),
        hr: entry.hr.as_ref().map(|header| InspectedGroupHeader {
            group: header.group.clone(),
            key: header.key.clone(),
            number: header.number,
            keys: WireGroupKeys::count(&header.keys),
        }),
        payload_bytes: entry.payload.len(),
        copy_of_bytes: entry.copy_of.len(),
    }
}
