//! Wire messages and bundles written anew from what was read of them, for tests that hold reader
//! and writer against each other.

use crypto_core::{IdentityKeyPair, sign_bundle};

use crate::{
    model::WireError,
    wire::{WireMessage, decode_bundle, encode_bundle, encode_message},
};

/// Reads a wire message and writes it again: known fields only, each once.
///
/// # Errors
/// [`WireError`] if the bytes are no wire message.
pub fn rewrite_message(wire: &[u8]) -> Result<Vec<u8>, WireError> {
    Ok(encode_message(WireMessage::decode(wire)?))
}

/// Reads a bundle and writes it again: known fields only, each once.
///
/// # Errors
/// [`WireError`] if the bytes are no bundle.
pub fn rewrite_bundle(wire: &[u8]) -> Result<Vec<u8>, WireError> {
    Ok(encode_bundle(decode_bundle(wire)?))
}

/// The bundle as `identity` would have made it: under its name and signed by it, whatever it lists.
/// The signatures of ratchet prekeys are left as they are.
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
