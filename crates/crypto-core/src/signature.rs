//! Ethereum-style recoverable signatures (protocol §2).

use std::fmt;

use k256::ecdsa::{RecoveryId, Signature as Ecdsa, SigningKey, VerifyingKey};

use crate::{
    hash::hex,
    keys::{IdentityKey, IdentityKeyPair, Point},
};

/// Length of a signature, in bytes: r, s and v.
pub const SIGNATURE_BYTES: usize = 65;

/// A signature: r ‖ s ‖ v with v 0 or 1, and low s except in [`Self::recover_any_s`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE_BYTES]);

/// A signature that is malformed, or not by the expected identity.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the signature is not one of this identity over these bytes")]
pub struct SignatureError;

impl Signature {
    /// Reads the 65 bytes of the wire.
    ///
    /// # Errors
    /// [`SignatureError`] if they are not 65.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, SignatureError> {
        bytes.try_into().map(Self).map_err(|_| SignatureError)
    }

    /// The 65 bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; SIGNATURE_BYTES] {
        self.0
    }

    /// The identity that signed `digest`.
    ///
    /// # Errors
    /// [`SignatureError`] if v is neither 0 nor 1, s is high, or no key can have made it.
    pub fn recover(&self, digest: &[u8; 32]) -> Result<IdentityKey, SignatureError> {
        let signature = self.numbers()?;
        if signature.normalize_s() != signature {
            return Err(SignatureError);
        }
        self.recover_from(&signature, digest)
    }

    /// The identity that signed `digest`, with high s accepted too: anyone can turn such a
    /// signature into its other form, so it must not be used to identify anything.
    ///
    /// # Errors
    /// [`SignatureError`] if v is neither 0 nor 1, or no key can have made it.
    pub fn recover_any_s(&self, digest: &[u8; 32]) -> Result<IdentityKey, SignatureError> {
        self.recover_from(&self.numbers()?, digest)
    }

    /// r and s, each above zero and below the group's order.
    fn numbers(&self) -> Result<Ecdsa, SignatureError> {
        let [rs @ .., _] = self.0;
        Ecdsa::from_slice(&rs).map_err(|_| SignatureError)
    }

    fn recover_from(
        &self,
        signature: &Ecdsa,
        digest: &[u8; 32],
    ) -> Result<IdentityKey, SignatureError> {
        let [.., v] = self.0;
        let recovery = match v {
            0 | 1 => RecoveryId::from_byte(v).ok_or(SignatureError)?,
            _ => return Err(SignatureError),
        };
        let key = VerifyingKey::recover_from_prehash(digest, signature, recovery)
            .map_err(|_| SignatureError)?;
        Ok(IdentityKey(Point::from_public(&key.into())))
    }

    /// Checks that `identity` signed `digest`.
    ///
    /// # Errors
    /// [`SignatureError`] if it did not.
    pub fn verify(&self, identity: &IdentityKey, digest: &[u8; 32]) -> Result<(), SignatureError> {
        if self.recover(digest)? == *identity {
            Ok(())
        } else {
            Err(SignatureError)
        }
    }
}

impl IdentityKeyPair {
    /// Signs a digest (RFC 6979: the same input gives the same signature).
    #[must_use]
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Signature {
        let key = SigningKey::from(self.inner.secret());
        let (signature, recovery) = key.sign_prehash_recoverable(digest);
        let mut bytes = [0; SIGNATURE_BYTES];
        let whole = signature.to_bytes().into_iter().chain([recovery.to_byte()]);
        bytes
            .iter_mut()
            .zip(whole)
            .for_each(|(to, from)| *to = from);
        Signature(bytes)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex(&self.0))
    }
}
