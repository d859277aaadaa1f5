//! The two curves of the ratchet.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    hash::hex,
    keys::{DhOutput, KeyError, Pair, Point, SECP256K1_KEY_BYTES},
    suite::RatchetCurve,
    x25519::{X25519_KEY_BYTES, XPair},
};

/// A ratchet public key in a DR header. Its length tells the curve (protocol §5); whether it is a
/// point of the curve is checked when it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeaderKey {
    /// Curve25519: 32 bytes.
    X25519([u8; X25519_KEY_BYTES]),
    /// secp256k1: 33 bytes, compressed.
    Secp256k1([u8; SECP256K1_KEY_BYTES]),
}

impl HeaderKey {
    /// Reads the bytes of the wire.
    ///
    /// # Errors
    /// [`KeyError::Form`] if they are neither 32 nor 33.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, KeyError> {
        if let Ok(key) = bytes.try_into() {
            return Ok(Self::X25519(key));
        }
        bytes
            .try_into()
            .map(Self::Secp256k1)
            .map_err(|_| KeyError::Form)
    }

    /// The bytes of the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::X25519(key) => key,
            Self::Secp256k1(key) => key,
        }
    }

    /// The curve of keys of this length.
    #[must_use]
    pub const fn curve(&self) -> RatchetCurve {
        match self {
            Self::X25519(_) => RatchetCurve::X25519,
            Self::Secp256k1(_) => RatchetCurve::Secp256k1,
        }
    }
}

impl std::fmt::Debug for HeaderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeaderKey({})", hex(self.as_bytes()))
    }
}

/// What the ratchet needs of a curve.
pub(crate) trait Curve {
    /// Which of the two it is.
    const CURVE: RatchetCurve;
    /// A private key with its public half.
    type Pair;

    /// A fresh pair.
    fn generate(rng: &mut dyn CryptoRng) -> Self::Pair;
    /// The public half.
    fn public(pair: &Self::Pair) -> HeaderKey;
    /// The private half.
    fn secret_bytes(pair: &Self::Pair) -> Zeroizing<[u8; 32]>;
    /// Both halves, from a store; fails if they are not of this curve.
    fn from_stored(secret: &[u8; 32], public: &HeaderKey) -> Result<Self::Pair, KeyError>;
    /// A second pair of the same key, for an attempt that may fail.
    fn duplicate(pair: &Self::Pair) -> Self::Pair;
    /// Diffie-Hellman; fails if the peer's key is not of this curve or gives no secret.
    fn agree(pair: &Self::Pair, peer: &HeaderKey) -> Result<DhOutput, KeyError>;
}

/// Curve25519, the specification's.
#[derive(Debug)]
pub(crate) enum X25519 {}

/// secp256k1, status-go's.
#[derive(Debug)]
pub(crate) enum Secp256k1 {}

impl Curve for X25519 {
    const CURVE: RatchetCurve = RatchetCurve::X25519;
    type Pair = XPair;

    fn generate(rng: &mut dyn CryptoRng) -> XPair {
        XPair::generate(rng)
    }

    fn public(pair: &XPair) -> HeaderKey {
        HeaderKey::X25519(*pair.public())
    }

    fn secret_bytes(pair: &XPair) -> Zeroizing<[u8; 32]> {
        pair.secret_bytes()
    }

    fn from_stored(secret: &[u8; 32], public: &HeaderKey) -> Result<XPair, KeyError> {
        match public {
            HeaderKey::X25519(public) => Ok(XPair::from_stored(secret, *public)),
            HeaderKey::Secp256k1(_) => Err(KeyError::Form),
        }
    }

    fn duplicate(pair: &XPair) -> XPair {
        pair.duplicate()
    }

    fn agree(pair: &XPair, peer: &HeaderKey) -> Result<DhOutput, KeyError> {
        match peer {
            HeaderKey::X25519(peer) => pair.agree(peer),
            HeaderKey::Secp256k1(_) => Err(KeyError::Form),
        }
    }
}

impl Curve for Secp256k1 {
    const CURVE: RatchetCurve = RatchetCurve::Secp256k1;
    type Pair = Pair;

    fn generate(rng: &mut dyn CryptoRng) -> Pair {
        Pair::generate(rng)
    }

    fn public(pair: &Pair) -> HeaderKey {
        HeaderKey::Secp256k1(*pair.public().as_bytes())
    }

    fn secret_bytes(pair: &Pair) -> Zeroizing<[u8; 32]> {
        pair.secret_bytes()
    }

    fn from_stored(secret: &[u8; 32], public: &HeaderKey) -> Result<Pair, KeyError> {
        match public {
            HeaderKey::Secp256k1(public) => Pair::from_stored(secret, Point::from_stored(*public)),
            HeaderKey::X25519(_) => Err(KeyError::Form),
        }
    }

    fn duplicate(pair: &Pair) -> Pair {
        pair.duplicate()
    }

    fn agree(pair: &Pair, peer: &HeaderKey) -> Result<DhOutput, KeyError> {
        match peer {
            HeaderKey::Secp256k1(peer) => pair.agree(&Point::from_stored(*peer)),
            HeaderKey::X25519(_) => Err(KeyError::Form),
        }
    }
}
