//! Plain key agreements: of two identities, and of an identity with an ephemeral key.

use std::fmt;

use k256::PublicKey;

use crate::keys::{
    DhOutput, EphemeralKeyPair, IdentityKey, IdentityKeyPair, KeyError, UNCOMPRESSED_KEY_BYTES,
};

/// What two parties agree on: the x coordinate of the shared point, 32 bytes big-endian. No hash.
pub struct AgreedSecret(DhOutput);

impl AgreedSecret {
    /// The 32 secret bytes, for a key derivation.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for AgreedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreedSecret(..)")
    }
}

impl IdentityKeyPair {
    /// The secret that these two identities share: the same at both ends.
    ///
    /// # Errors
    /// [`KeyError`] if the other key came from a store and is no point of the curve.
    pub fn agree(&self, other: &IdentityKey) -> Result<AgreedSecret, KeyError> {
        self.inner.agree(&other.0).map(AgreedSecret)
    }

    /// The secret shared with the maker of this ephemeral key, uncompressed as envelopes carry it.
    /// A key and its negative give the same secret.
    ///
    /// # Errors
    /// [`KeyError`] if the bytes do not begin with 4, or are no point of the curve.
    pub fn agree_uncompressed(
        &self,
        ephemeral: &[u8; UNCOMPRESSED_KEY_BYTES],
    ) -> Result<AgreedSecret, KeyError> {
        if !matches!(ephemeral, [4, ..]) {
            return Err(KeyError::Form);
        }
        let peer = PublicKey::from_sec1_bytes(ephemeral).map_err(|_| KeyError::NotOnCurve)?;
        Ok(AgreedSecret(self.inner.agree_on(&peer)))
    }
}

impl EphemeralKeyPair {
    /// The secret that only `recipient` can compute from the public half.
    ///
    /// # Errors
    /// [`KeyError`] if the recipient's key came from a store and is no point of the curve.
    pub fn agree(&self, recipient: &IdentityKey) -> Result<AgreedSecret, KeyError> {
        self.inner.agree(&recipient.0).map(AgreedSecret)
    }

    /// The public half, uncompressed, as envelopes carry it.
    ///
    /// # Errors
    /// [`KeyError`] if the pair came from a store with a public half that is no point of the curve.
    pub fn public_uncompressed(&self) -> Result<[u8; UNCOMPRESSED_KEY_BYTES], KeyError> {
        self.inner.public().to_uncompressed()
    }
}
