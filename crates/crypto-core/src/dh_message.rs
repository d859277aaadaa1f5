//! DH messages: encryption to an identity key alone, when no bundle is known (protocol §6).
//!
//! They have no forward secrecy and do not authenticate the sender.

use crate::{
    keys::{EphemeralKey, EphemeralKeyPair, IdentityKey, IdentityKeyPair, KeyError},
    wiped::Wiped,
};
use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, AeadInOut as _},
};

/// Length of the nonce at the end of the payload, in bytes.
pub const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Why a DH message does not open.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DhMessageError {
    /// Shorter than tag and nonce, or the ephemeral key is no point of the curve.
    #[error("not a DH message")]
    Malformed,
    /// Altered, or not for this identity.
    #[error("the DH message is not authentic")]
    Authentication,
}

/// Encrypts to `recipient`: `AES-256-GCM(DH(EK, IK)) ‖ nonce`. Each message needs its own ephemeral
/// key.
///
/// # Errors
/// [`KeyError`] if the recipient's key is no point of the curve.
pub fn seal(
    ephemeral: &EphemeralKeyPair,
    nonce: [u8; NONCE_BYTES],
    recipient: &IdentityKey,
    plaintext: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let cipher = cipher(ephemeral.inner.agree(&recipient.0)?.as_slice())?;
    let mut payload = cipher
        .encrypt(&Nonce::from(nonce), plaintext)
        .map_err(|_| KeyError::Form)?;
    payload.extend_from_slice(&nonce);
    Ok(payload)
}

/// Decrypts what [`seal`] made.
///
/// # Errors
/// [`DhMessageError`].
pub fn open(
    own: &IdentityKeyPair,
    ephemeral: &EphemeralKey,
    payload: &[u8],
) -> Result<Wiped<Vec<u8>>, DhMessageError> {
    let (sealed, nonce) = payload
        .split_last_chunk::<NONCE_BYTES>()
        .filter(|(sealed, _)| sealed.len() >= TAG_BYTES)
        .ok_or(DhMessageError::Malformed)?;
    let shared = own
        .inner
        .agree(&ephemeral.0)
        .map_err(|_| DhMessageError::Malformed)?;
    let cipher = cipher(shared.as_slice()).map_err(|_| DhMessageError::Malformed)?;
    let mut plaintext = Wiped::new(sealed.to_vec());
    cipher
        .decrypt_in_place(&Nonce::from(*nonce), &[], &mut *plaintext)
        .map_err(|_| DhMessageError::Authentication)?;
    Ok(plaintext)
}

fn cipher(key: &[u8]) -> Result<Aes256Gcm, KeyError> {
    Aes256Gcm::new_from_slice(key).map_err(|_| KeyError::Form)
}
