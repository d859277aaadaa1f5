//! Decoding and encoding again, for tests that compare the decoder with the encoder.

use crypto_core::{IdentityKeyPair, sign_bundle};

use crate::{
    model::WireError,
    wire::{WireMessage, decode_bundle, encode_bundle, encode_message},
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
    Ok(encode_bundle(decode_bundle(wire)?))
}

/// The same bundle in the name of `identity` and signed by it. The signatures of ratchet prekeys
/// stay as they are.
///
/// # Errors
/// [`WireError`] if the bytes are no bundle.
pub fn resign_bundle(wire: &[u8], identity: &IdentityKeyPair) -> Result<Vec<u8>, WireError> {
    let mut bundle = decode_bundle(wire)?;
    bundle.identity = identity.public().to_bytes().to_vec();
    bundle.signature = sign_bundle(identity, &bundle.entries, bundle.timestamp)
        .to_bytes()
        .to_vec();
    Ok(encode_bundle(bundle))
}
