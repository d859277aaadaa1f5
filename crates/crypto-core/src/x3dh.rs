//! X3DH without one-time prekeys (protocol §4, spec 2.4.1).

use std::fmt;

use zeroize::Zeroize as _;

use crate::{
    bundle::VerifiedPreKey,
    hash::keccak256,
    keys::{
        DhOutput, EphemeralKey, EphemeralKeyPair, IdentityKey, IdentityKeyPair, KeyError,
        SignedPreKeyPair,
    },
    wiped::Wiped,
};

/// SK, the secret that X3DH gives both sides.
pub struct SharedKey(Wiped<[u8; 32]>);

impl SharedKey {
    /// A secret as a store keeps it.
    #[must_use]
    pub fn from_stored(bytes: [u8; 32]) -> Self {
        Self(Wiped::new(bytes))
    }

    /// The 32 secret bytes, for a store or the ratchet.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this secret comes first in byte order: of two crossed sessions that one is used (spec 3.2).
    #[must_use]
    pub fn precedes(&self, other: &Self) -> bool {
        *self.0 < *other.0
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(..)")
    }
}

/// The initiator's side: `Keccak256(DH(IK_A, SPK_B) ‖ DH(EK_A, IK_B) ‖ DH(EK_A, SPK_B))`.
///
/// # Errors
/// [`KeyError`] if a key of the peer is no point of the curve.
pub fn initiate(
    own: &IdentityKeyPair,
    ephemeral: &EphemeralKeyPair,
    peer: &VerifiedPreKey,
) -> Result<SharedKey, KeyError> {
    let prekey = peer.signed_pre_key().0.decompress()?;
    Ok(combine([
        own.inner.agree_on(&prekey),
        ephemeral.inner.agree(&peer.identity().0)?,
        ephemeral.inner.agree_on(&prekey),
    ]))
}

/// The responder's side of the same.
///
/// # Errors
/// [`KeyError`] if a key of the peer is no point of the curve.
pub fn respond(
    own: &IdentityKeyPair,
    prekey: &SignedPreKeyPair,
    peer: &IdentityKey,
    ephemeral: &EphemeralKey,
) -> Result<SharedKey, KeyError> {
    let ephemeral = ephemeral.0.decompress()?;
    Ok(combine([
        prekey.inner.agree(&peer.0)?,
        own.inner.agree_on(&ephemeral),
        prekey.inner.agree_on(&ephemeral),
    ]))
}

fn combine([dh1, dh2, dh3]: [DhOutput; 3]) -> SharedKey {
    let mut shared = keccak256(&[dh1.as_slice(), dh2.as_slice(), dh3.as_slice()]);
    let key = SharedKey::from_stored(shared);
    shared.zeroize();
    key
}
