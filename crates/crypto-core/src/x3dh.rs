//! X3DH without one-time prekeys (protocol §4, spec 2.4.1), alone or with a KEM (protocol §13).

use std::fmt;

use zeroize::Zeroize as _;

use crate::{
    bundle::VerifiedPreKey,
    hash::keccak256,
    ids::SessionId,
    kem::KemSecret,
    keys::{
        DhOutput, EphemeralKey, EphemeralKeyPair, IdentityKey, IdentityKeyPair, KeyError,
        SignedPreKeyPair,
    },
    wiped::Wiped,
    x25519::RatchetPreKey,
};

const POST_QUANTUM_SK_DOMAIN: &[u8] = b"ratchetd/x25519-mlkem768/sk/1";

/// SK, the secret that X3DH gives both sides.
pub struct SharedKey(Wiped<[u8; 32]>);

impl SharedKey {
    /// The secret of these bytes.
    #[must_use]
    pub fn from_stored(bytes: [u8; 32]) -> Self {
        Self(Wiped::new(bytes))
    }

    /// The 32 secret bytes, for the ratchet.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The part of it that is kept to order two crossed sessions.
    #[must_use]
    pub fn prefix(&self) -> SharedKeyPrefix {
        let mut prefix = [0; SharedKeyPrefix::BYTES];
        prefix
            .iter_mut()
            .zip(*self.0)
            .for_each(|(to, from)| *to = from);
        SharedKeyPrefix(prefix)
    }
}

/// The first 8 bytes of SK. Of two crossed sessions the one whose SK comes first in byte order is
/// used (spec 3.2), which these bytes decide except once in 2^64. The rest is not kept: together
/// with the first ratchet key it would open everything that was sent before the first answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharedKeyPrefix([u8; Self::BYTES]);

impl SharedKeyPrefix {
    /// Its length.
    pub const BYTES: usize = 8;

    /// A prefix from a store.
    #[must_use]
    pub const fn from_stored(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for SharedKeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKeyPrefix(..)")
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(..)")
    }
}

/// What suite x25519-mlkem768 adds to SK. The session id binds the rest: identities, devices,
/// KEM prekey and ciphertext.
#[derive(Clone, Copy, Debug)]
pub struct PostQuantum<'a> {
    /// SS, which the initiator encapsulated to the responder's KEM prekey.
    pub secret: &'a KemSecret,
    /// RPK_B, the responder's ratchet prekey.
    pub ratchet_pre_key: &'a RatchetPreKey,
    /// The session.
    pub session: &'a SessionId,
}

/// The initiator's side: `Keccak256(DH(IK_A, SPK_B) ‖ DH(EK_A, IK_B) ‖ DH(EK_A, SPK_B))`, or with a
/// KEM secret `Keccak256("ratchetd/x25519-mlkem768/sk/1" ‖ the three ‖ SS ‖ RPK_B ‖ session id)`.
///
/// # Errors
/// [`KeyError`] if a key of the peer is no point of the curve.
pub fn initiate(
    own: &IdentityKeyPair,
    ephemeral: &EphemeralKeyPair,
    peer: &VerifiedPreKey,
    post_quantum: Option<PostQuantum<'_>>,
) -> Result<SharedKey, KeyError> {
    let prekey = peer.signed_pre_key().0.decompress()?;
    let outputs = [
        own.inner.agree_on(&prekey),
        ephemeral.inner.agree(&peer.identity().0)?,
        ephemeral.inner.agree_on(&prekey),
    ];
    Ok(combine(outputs, post_quantum))
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
    post_quantum: Option<PostQuantum<'_>>,
) -> Result<SharedKey, KeyError> {
    let ephemeral = ephemeral.0.decompress()?;
    let outputs = [
        prekey.inner.agree(&peer.0)?,
        own.inner.agree_on(&ephemeral),
        prekey.inner.agree_on(&ephemeral),
    ];
    Ok(combine(outputs, post_quantum))
}

fn combine([dh1, dh2, dh3]: [DhOutput; 3], post_quantum: Option<PostQuantum<'_>>) -> SharedKey {
    let mut shared = match post_quantum {
        None => keccak256(&[dh1.as_slice(), dh2.as_slice(), dh3.as_slice()]),
        Some(added) => keccak256(&[
            POST_QUANTUM_SK_DOMAIN,
            dh1.as_slice(),
            dh2.as_slice(),
            dh3.as_slice(),
            added.secret.secret_bytes(),
            added.ratchet_pre_key.as_bytes(),
            added.session.as_bytes(),
        ]),
    };
    let key = SharedKey::from_stored(shared);
    shared.zeroize();
    key
}
