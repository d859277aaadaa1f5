//! HKDF-SHA-256, with what it gives in parts of equal length.

use std::sync::LazyLock;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// HMAC under 32 zeros, the salt where there is no other, keyed once.
pub(crate) static NO_SALT: LazyLock<Hmac<Sha256>> = LazyLock::new(|| hmac(&[0; 32]));

/// Output keying material of HKDF-SHA-256 in parts of equal length. Wiped when dropped.
pub(crate) struct Okm<const BYTES: usize, const PARTS: usize>(pub(crate) [[u8; BYTES]; PARTS]);

impl<const BYTES: usize, const PARTS: usize> Okm<BYTES, PARTS> {
    /// `salted` is an HMAC under the salt, with no input yet.
    pub(crate) fn of(salted: Hmac<Sha256>, ikm: &[u8], info: &[u8]) -> Self {
        let mut pseudorandom = salted.chain_update(ikm).finalize().into_bytes();
        let mut okm = Self([[0; BYTES]; PARTS]);
        expand(&pseudorandom, info, okm.0.as_flattened_mut());
        pseudorandom.as_mut_slice().zeroize();
        okm
    }
}

impl<const BYTES: usize, const PARTS: usize> ZeroizeOnDrop for Okm<BYTES, PARTS> {}

impl<const BYTES: usize, const PARTS: usize> Drop for Okm<BYTES, PARTS> {
    fn drop(&mut self) {
        self.0.as_flattened_mut().zeroize();
    }
}

#[expect(
    clippy::expect_used,
    reason = "HKDF refuses outputs over 255 hashes and pseudorandom keys below one; these are 64 to 96 bytes, of a whole one"
)]
fn expand(pseudorandom: &[u8], info: &[u8], okm: &mut [u8]) {
    Hkdf::<Sha256>::from_prk(pseudorandom)
        .expect("a whole hash")
        .expand(info, okm)
        .expect("the output is short");
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
pub(crate) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("every length is a key")
}
