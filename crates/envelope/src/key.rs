//! The keys of symmetric envelopes.

use std::fmt;

use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of a symmetric key, in bytes.
const KEY_BYTES: usize = 32;
/// Rounds of PBKDF2-HMAC-SHA-256 from a text to its key. The networks use 65356, not 65536.
const ROUNDS: u32 = 65_356;

/// A key of symmetric envelopes, for opening and for sealing them.
pub struct SymmetricKey(Zeroizing<[u8; KEY_BYTES]>);

/// The bytes are not a symmetric key.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("a symmetric key has 32 bytes, not all of them zero")]
pub struct SymmetricKeyError;

impl SymmetricKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`SymmetricKeyError`] if they are not 32, or all zero.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SymmetricKeyError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES || bytes.iter().fold(0, |all, byte| all | byte) == 0 {
            return Err(SymmetricKeyError);
        }
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }

    /// The key of a text: PBKDF2-HMAC-SHA-256 without salt. It protects nothing from somebody who
    /// can guess the text. Takes some milliseconds, so keep a key that is used again.
    #[must_use]
    pub fn from_password(text: &str) -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        pbkdf2_hmac::<Sha256>(text.as_bytes(), &[], ROUNDS, key.as_mut_slice());
        Self(key)
    }

    /// The 32 secret bytes.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for SymmetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SymmetricKey(..)")
    }
}
