//! Decoding and encoding again, for tests that compare the decoder with the encoder.

use crypto_core::{IdentityKeyPair, KemPreKey, RawKemPreKey, sign_bundle, sign_kem_prekey};

use crate::{
    model::WireError,
    wire::{
        WireMessage, decode_bundle, decode_kem_prekeys, encode_bundle, encode_message,
        with_kem_prekeys,
    },
};

/// Decodes a wire message and encodes it again, with known fields only.
///
/// # Errors
/// [`WireError`] if the bytes are no wire message.
pub fn rewrite_message(wire: &[u8]) -> Result<Vec<u8>, WireError> {
    Ok(encode_message(WireMessage::decode(wire)?))
}

/// Decodes a bundle and encodes it again, with known fields only.
///
/// # Errors
/// [`WireError`] if the bytes are no bundle.
pub fn rewrite_bundle(wire: &[u8]) -> Result<Vec<u8>, WireError> {
    Ok(with_kem_prekeys(
        without_kem_prekeys(wire)?,
        kem_prekeys(wire),
    ))
}

/// The same bundle without the KEM prekeys beside it.
///
/// # Errors
/// [`WireError`] if the bytes are no bundle.
pub fn without_kem_prekeys(wire: &[u8]) -> Result<Vec<u8>, WireError> {
    Ok(encode_bundle(decode_bundle(wire)?))
}

/// The KEM prekeys beside a bundle. One that cannot be decoded is an empty one.
fn kem_prekeys(wire: &[u8]) -> Vec<RawKemPreKey> {
    let beside = decode_kem_prekeys(wire).into_iter();
    beside.map(Option::unwrap_or_default).collect()
}

/// The same bundle in the name of `identity` and signed by it. The signatures of ratchet prekeys
/// and KEM prekeys stay as they are.
///
/// # Errors
/// [`WireError`] if the bytes are no bundle.
pub fn resign_bundle(wire: &[u8], identity: &IdentityKeyPair) -> Result<Vec<u8>, WireError> {
    let mut bundle = decode_bundle(wire)?;
    bundle.identity = identity.public().to_bytes().to_vec();
    bundle.signature = sign_bundle(identity, &bundle.entries, bundle.timestamp)
        .to_bytes()
        .to_vec();
    Ok(with_kem_prekeys(encode_bundle(bundle), kem_prekeys(wire)))
}

/// The same bundle with each KEM prekey beside it signed by `identity`, those of a wrong form
/// excepted.
///
/// # Errors
/// [`WireError`] if the bytes are no bundle.
pub fn resign_kem_prekeys(wire: &[u8], identity: &IdentityKeyPair) -> Result<Vec<u8>, WireError> {
    let mut beside = kem_prekeys(wire);
    for key in &mut beside {
        let public = KemPreKey::from_stored(&key.key);
        if let (Ok(installation), Ok(public)) = (key.installation(), public) {
            let signature = sign_kem_prekey(identity, &installation, key.version, &public);
            key.signature = signature.to_bytes().to_vec();
        }
    }
    Ok(with_kem_prekeys(without_kem_prekeys(wire)?, beside))
}

/// The bundle of the first with the KEM prekeys that stand beside the second.
///
/// # Errors
/// [`WireError`] if either is no bundle.
pub fn swap_kem_prekeys(wire: &[u8], beside: &[u8]) -> Result<Vec<u8>, WireError> {
    decode_bundle(beside)?;
    Ok(with_kem_prekeys(
        without_kem_prekeys(wire)?,
        kem_prekeys(beside),
    ))
}
