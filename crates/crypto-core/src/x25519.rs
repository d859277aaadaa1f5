//! The ratchet prekey: the X25519 key a bundle entry carries for suite x25519 (protocol §3).

use std::fmt;

use rand_core::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::{
    hash::hex,
    keys::{DhOutput, KeyError},
    wiped::Wiped,
};

/// Length of an X25519 public key, in bytes.
pub const X25519_KEY_BYTES: usize = 32;

/// A private X25519 key with its public half.
pub(crate) struct XPair {
    secret: StaticSecret,
    public: [u8; X25519_KEY_BYTES],
}

impl XPair {
    /// Takes a 32-byte draw as the private key itself.
    pub(crate) fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self::from_secret_bytes(&bytes)
    }

    pub(crate) fn from_secret_bytes(bytes: &[u8; 32]) -> Self {
        let secret = StaticSecret::from(*bytes);
        let public = PublicKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    /// A pair from a store, with its public half: saves a scalar multiplication.
    pub(crate) fn from_stored(bytes: &[u8; 32], public: [u8; X25519_KEY_BYTES]) -> Self {
        Self {
            secret: StaticSecret::from(*bytes),
            public,
        }
    }

    pub(crate) const fn public(&self) -> &[u8; X25519_KEY_BYTES] {
        &self.public
    }

    /// A second pair of the same key, for an attempt that may fail.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            secret: self.secret.clone(),
            public: self.public,
        }
    }

    pub(crate) fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.to_bytes())
    }

    /// X25519. An all-zero output is an error, never a key (protocol §5).
    pub(crate) fn agree(&self, peer: &[u8; X25519_KEY_BYTES]) -> Result<DhOutput, KeyError> {
        let shared = self.secret.diffie_hellman(&PublicKey::from(*peer));
        if !shared.was_contributory() {
            return Err(KeyError::NoSecret);
        }
        Ok(Wiped::new(shared.to_bytes()))
    }
}

/// A public key as it came from others: 32 bytes, bit 255 clear, not of low order.
pub(crate) fn checked_x25519(bytes: &[u8]) -> Result<[u8; X25519_KEY_BYTES], KeyError> {
    let bytes: [u8; X25519_KEY_BYTES] = bytes.try_into().map_err(|_| KeyError::Form)?;
    if bytes.last().is_some_and(|byte| byte & 0x80 != 0) {
        return Err(KeyError::Form);
    }
    // Every X25519 scalar is a multiple of the cofactor: a point gives zero with any of them if and
    // only if it is of low order.
    XPair::from_secret_bytes(&[1; 32]).agree(&bytes)?;
    Ok(bytes)
}

/// A ratchet prekey: 32 bytes, bit 255 clear, not of low order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RatchetPreKey([u8; X25519_KEY_BYTES]);

impl RatchetPreKey {
    /// Reads the 32 bytes of the wire.
    ///
    /// # Errors
    /// [`KeyError`] if they are not 32, have bit 255 set, or name a point of low order.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, KeyError> {
        checked_x25519(bytes).map(Self)
    }

    /// Takes bytes that came from [`Self::to_bytes`] unchecked.
    #[must_use]
    pub const fn from_stored(bytes: [u8; X25519_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; X25519_KEY_BYTES] {
        self.0
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; X25519_KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for RatchetPreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RatchetPreKey({})", hex(&self.0))
    }
}

/// A ratchet prekey with its private half.
pub struct RatchetPreKeyPair {
    pub(crate) inner: XPair,
    public: RatchetPreKey,
}

impl RatchetPreKeyPair {
    /// A fresh pair; the private key is one 32-byte draw.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self::new(XPair::generate(rng))
    }

    /// The pair of a private key. Every 32 bytes are one.
    #[must_use]
    pub fn from_secret_bytes(bytes: &[u8; 32]) -> Self {
        Self::new(XPair::from_secret_bytes(bytes))
    }

    /// A pair from a store; saves computing the public half again.
    #[must_use]
    pub fn from_stored(bytes: &[u8; 32], public: RatchetPreKey) -> Self {
        Self::new(XPair::from_stored(bytes, public.0))
    }

    fn new(inner: XPair) -> Self {
        let public = RatchetPreKey(*inner.public());
        Self { inner, public }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &RatchetPreKey {
        &self.public
    }

    /// The private key, for a store.
    #[must_use]
    pub fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.inner.secret_bytes()
    }
}

impl fmt::Debug for RatchetPreKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RatchetPreKeyPair(..)")
    }
}
