//! The secp256k1 keys, with a type for each of their roles (protocol §2).

use std::fmt;

use k256::{PublicKey, SecretKey, elliptic_curve::sec1::ToSec1Point as _};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{hash::hex, wiped::Wiped};

/// Length of a compressed secp256k1 public key, in bytes.
pub const SECP256K1_KEY_BYTES: usize = 33;
/// Length of an uncompressed secp256k1 public key, in bytes.
pub const UNCOMPRESSED_KEY_BYTES: usize = 65;

/// A malformed key, or one that failed in a key agreement.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// Wrong length or prefix.
    #[error("not a key of the expected form")]
    Form,
    /// No point of the curve, or no scalar of its group.
    #[error("not a key of the curve")]
    NotOnCurve,
    /// A coefficient of an ML-KEM key is not below 3329.
    #[error("a coefficient of the key is out of range")]
    Coefficient,
    /// The key agreement gave no secret: the peer's key is of low order.
    #[error("the key agreement gave no secret")]
    NoSecret,
    /// The suite needs a ratchet prekey that is not there.
    #[error("the ratchet prekey is missing")]
    NoRatchetPreKey,
}

/// The 32-byte output of a Diffie-Hellman agreement.
pub(crate) type DhOutput = Wiped<[u8; 32]>;

/// A compressed point. One from the wire was checked to lie on the curve; one from a store fails in
/// the key agreement if it does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Point([u8; SECP256K1_KEY_BYTES]);

impl Point {
    pub(crate) fn from_wire(bytes: &[u8]) -> Result<Self, KeyError> {
        let point = Self::named(bytes)?;
        point.decompress()?;
        Ok(point)
    }

    fn named(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; SECP256K1_KEY_BYTES] = bytes.try_into().map_err(|_| KeyError::Form)?;
        if !matches!(bytes, [2 | 3, ..]) {
            return Err(KeyError::Form);
        }
        Ok(Self(bytes))
    }

    pub(crate) const fn from_stored(bytes: [u8; SECP256K1_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) fn from_public(key: &PublicKey) -> Self {
        let encoded = key.to_sec1_point(true);
        let mut bytes = [0; SECP256K1_KEY_BYTES];
        bytes
            .iter_mut()
            .zip(encoded.as_bytes())
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    pub(crate) fn decompress(&self) -> Result<PublicKey, KeyError> {
        if !matches!(self.0, [2 | 3, ..]) {
            return Err(KeyError::Form);
        }
        PublicKey::from_sec1_bytes(&self.0).map_err(|_| KeyError::NotOnCurve)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; SECP256K1_KEY_BYTES] {
        &self.0
    }

    pub(crate) fn to_uncompressed(self) -> Result<[u8; UNCOMPRESSED_KEY_BYTES], KeyError> {
        let encoded = self.decompress()?.to_sec1_point(false);
        encoded.as_bytes().try_into().map_err(|_| KeyError::Form)
    }

    fn x(&self) -> [u8; 32] {
        let [_, x @ ..] = self.0;
        x
    }
}

/// A private scalar with its public point.
pub(crate) struct Pair {
    secret: SecretKey,
    public: Point,
}

impl Pair {
    /// Draws 32 bytes until they are a valid scalar.
    pub(crate) fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        loop {
            rng.fill_bytes(bytes.as_mut_slice());
            if let Ok(pair) = Self::from_secret_bytes(&bytes) {
                return pair;
            }
        }
    }

    pub(crate) fn from_secret_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = SecretKey::from_slice(bytes).map_err(|_| KeyError::NotOnCurve)?;
        let public = Point::from_public(&secret.public_key());
        Ok(Self { secret, public })
    }

    /// A pair from a store, with its public half: saves a scalar multiplication.
    pub(crate) fn from_stored(bytes: &[u8; 32], public: Point) -> Result<Self, KeyError> {
        let secret = SecretKey::from_slice(bytes).map_err(|_| KeyError::NotOnCurve)?;
        Ok(Self { secret, public })
    }

    pub(crate) const fn public(&self) -> &Point {
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
        Zeroizing::new(self.secret.to_bytes().into())
    }

    pub(crate) const fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// The x coordinate of the shared point, big endian (protocol §2). No hash.
    pub(crate) fn agree(&self, peer: &Point) -> Result<DhOutput, KeyError> {
        Ok(self.agree_on(&peer.decompress()?))
    }

    /// [`Self::agree`] with a decompressed point: decompression is a sixth of the work.
    pub(crate) fn agree_on(&self, peer: &PublicKey) -> DhOutput {
        let shared = self.secret.diffie_hellman(peer);
        Wiped::new((*shared.raw_secret_bytes()).into())
    }
}

/// The public and private types of one role.
macro_rules! role {
    ($(#[$public_doc:meta])* $public:ident, $(#[$pair_doc:meta])* $pair:ident) => {
        $(#[$public_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $public(pub(crate) Point);

        impl $public {
            /// Reads the 33 compressed bytes of the wire.
            ///
            /// # Errors
            /// [`KeyError`] if they are not of that form, or no point of the curve.
            pub fn from_wire(bytes: &[u8]) -> Result<Self, KeyError> {
                Point::from_wire(bytes).map(Self)
            }

            /// Reads the 33 compressed bytes of the wire for a lookup only: whether they are a
            /// point of the curve is not checked, which costs a square root
            /// ([`Self::is_on_curve`]).
            ///
            /// # Errors
            /// [`KeyError::Form`] if they are not of that form.
            pub fn named(bytes: &[u8]) -> Result<Self, KeyError> {
                Point::named(bytes).map(Self)
            }

            /// Whether the bytes are a point of the curve.
            #[must_use]
            pub fn is_on_curve(&self) -> bool {
                self.0.decompress().is_ok()
            }

            /// Takes bytes from [`Self::to_bytes`] unchecked: bad ones fail in the first key
            /// agreement.
            #[must_use]
            pub const fn from_stored(bytes: [u8; SECP256K1_KEY_BYTES]) -> Self {
                Self(Point::from_stored(bytes))
            }

            /// The 33 compressed bytes.
            #[must_use]
            pub const fn to_bytes(&self) -> [u8; SECP256K1_KEY_BYTES] {
                *self.0.as_bytes()
            }

            /// The 33 compressed bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; SECP256K1_KEY_BYTES] {
                self.0.as_bytes()
            }

            /// The x coordinate, 32 bytes big endian: the same for a key and its negative.
            #[must_use]
            pub fn x(&self) -> [u8; 32] {
                self.0.x()
            }
        }

        impl fmt::Debug for $public {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($public), "({})"), hex(self.0.as_bytes()))
            }
        }

        $(#[$pair_doc])*
        pub struct $pair {
            pub(crate) inner: Pair,
            public: $public,
        }

        impl $pair {
            /// A fresh pair: draws 32 bytes until they are a valid scalar.
            pub fn generate(rng: &mut dyn CryptoRng) -> Self {
                Self::new(Pair::generate(rng))
            }

            /// The pair of a private key.
            ///
            /// # Errors
            /// [`KeyError::NotOnCurve`] if the bytes are zero or not below the group's order.
            pub fn from_secret_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
                Pair::from_secret_bytes(bytes).map(Self::new)
            }

            /// A pair from a store; saves computing the public half again.
            ///
            /// # Errors
            /// [`KeyError::NotOnCurve`] if the private bytes are no scalar of the group.
            pub fn from_stored(bytes: &[u8; 32], public: $public) -> Result<Self, KeyError> {
                Pair::from_stored(bytes, public.0).map(Self::new)
            }

            fn new(inner: Pair) -> Self {
                let public = $public(*inner.public());
                Self { inner, public }
            }

            /// The public half.
            #[must_use]
            pub const fn public(&self) -> &$public {
                &self.public
            }

            /// The private key, 32 bytes big endian, for a store.
            #[must_use]
            pub fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
                self.inner.secret_bytes()
            }
        }

        impl fmt::Debug for $pair {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($pair), "(..)"))
            }
        }
    };
}

role!(
    /// An identity: the public half of a chat key, IK.
    IdentityKey,
    /// An identity with its private half: a chat key.
    IdentityKeyPair
);
role!(
    /// A signed prekey, SPK: others begin sessions with it.
    SignedPreKey,
    /// A signed prekey with its private half.
    SignedPreKeyPair
);
role!(
    /// The ephemeral key of an initiator or of a DH message, EK.
    EphemeralKey,
    /// An ephemeral key with its private half.
    EphemeralKeyPair
);

/// Multicodec `secp256k1-pub` as a varint, before the key in compact text.
const MULTICODEC_SECP256K1: [u8; 2] = [0xe7, 0x01];
/// Multibase prefix of base58btc.
const MULTIBASE_BASE58: char = 'z';
/// Compact keys have 49 characters; longer text is refused before it is decoded.
const MAX_COMPACT_CHARS: usize = 64;

impl IdentityKey {
    /// Reads a key in either SEC1 form: 33 bytes compressed or 65 uncompressed.
    ///
    /// # Errors
    /// [`KeyError`] if it is neither, or no point of the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        if !matches!(
            (bytes.len(), bytes.first()),
            (33, Some(2 | 3)) | (65, Some(4))
        ) {
            return Err(KeyError::Form);
        }
        let key = PublicKey::from_sec1_bytes(bytes).map_err(|_| KeyError::NotOnCurve)?;
        Ok(Self(Point::from_public(&key)))
    }

    /// The 65 uncompressed bytes.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn to_uncompressed(&self) -> Result<[u8; UNCOMPRESSED_KEY_BYTES], KeyError> {
        self.0.to_uncompressed()
    }

    /// The compact text form, `zQ3sh…`: base58btc of the multicodec and the compressed key.
    #[must_use]
    pub fn to_compact(&self) -> String {
        let bytes = [MULTICODEC_SECP256K1.as_slice(), self.as_bytes()].concat();
        let mut text = bs58::encode(bytes).into_string();
        text.insert(0, MULTIBASE_BASE58);
        text
    }

    /// Reads the compact text form.
    ///
    /// # Errors
    /// [`KeyError`] if it is not exactly that form.
    pub fn from_compact(text: &str) -> Result<Self, KeyError> {
        let encoded = text
            .strip_prefix(MULTIBASE_BASE58)
            .filter(|_| text.len() <= MAX_COMPACT_CHARS)
            .ok_or(KeyError::Form)?;
        let bytes = bs58::decode(encoded)
            .into_vec()
            .map_err(|_| KeyError::Form)?;
        let key = bytes
            .strip_prefix(MULTICODEC_SECP256K1.as_slice())
            .ok_or(KeyError::Form)?;
        Self::from_wire(key)
    }
}
