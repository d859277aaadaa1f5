//! Envelopes under a key that both sides know: `AES-256-GCM(plaintext) ‖ tag(16) ‖ nonce(12)`,
//! without associated data.

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::AeadInOut as _};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{key::SymmetricKey, seal::Unopened};

const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;

/// Length of the shortest symmetric envelope: flags, tag and nonce.
pub const MIN_SYMMETRIC_BYTES: usize = 1 + TAG_BYTES + NONCE_BYTES;

#[expect(
    clippy::expect_used,
    reason = "AES-GCM seals up to 64 GiB, and a vector is a buffer that grows"
)]
pub(crate) fn seal(rng: &mut dyn CryptoRng, key: &SymmetricKey, plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let mut sealed = Vec::with_capacity(plaintext.len() + TAG_BYTES + NONCE_BYTES);
    sealed.extend_from_slice(plaintext);
    cipher(key)
        .encrypt_in_place(&Nonce::from(nonce), &[], &mut sealed)
        .expect("no plaintext in memory is that long");
    sealed.extend_from_slice(&nonce);
    sealed
}

pub(crate) fn open(key: &SymmetricKey, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    if envelope.len() < MIN_SYMMETRIC_BYTES {
        return Err(Unopened::Malformed);
    }
    let (sealed, nonce) = envelope
        .split_last_chunk::<NONCE_BYTES>()
        .ok_or(Unopened::Malformed)?;
    let mut plaintext = Zeroizing::new(sealed.to_vec());
    cipher(key)
        .decrypt_in_place(&Nonce::from(*nonce), &[], &mut *plaintext)
        .map_err(|_| Unopened::AuthenticationFailed)?;
    Ok(plaintext)
}

fn cipher(key: &SymmetricKey) -> Aes256Gcm {
    Aes256Gcm::new(key.secret_bytes().into())
}
