//! The ratchet of a session, on either curve.

use rand_core::CryptoRng;

use super::{
    Header, HeaderKey, MessageKey, OpenError, Opened, Ratchet, SealError, Sealed, SkipLimits,
    chain::{ChainKey, RootKey},
    curve::{Secp256k1, X25519},
};
use crate::{
    bundle::VerifiedPreKey,
    ids::AssociatedData,
    keys::{KeyError, Pair, SignedPreKeyPair},
    suite::RatchetCurve,
    wiped::Wiped,
    x3dh::SharedKey,
    x25519::{RatchetPreKeyPair, XPair},
};

/// A ratchet whose curve was fixed by the session's first message.
pub struct SessionRatchet(pub(super) Either);

/// A ratchet on one of the curves.
pub(super) enum Either {
    X25519(Ratchet<X25519>),
    Secp256k1(Ratchet<Secp256k1>),
}

/// The responder's prekey pair, whose halves are its first ratchet pair, one on each curve.
#[derive(Clone, Copy, Debug)]
pub struct OwnPreKeys<'a> {
    /// First ratchet pair on secp256k1.
    pub signed: &'a SignedPreKeyPair,
    /// First ratchet pair on Curve25519.
    pub ratchet: Option<&'a RatchetPreKeyPair>,
}

impl SessionRatchet {
    /// The initiator's ratchet after X3DH.
    ///
    /// # Errors
    /// [`KeyError`] if a key is invalid, or if the curve needs a ratchet prekey that is missing.
    pub fn initiate(
        shared: &SharedKey,
        prekey: &VerifiedPreKey,
        curve: RatchetCurve,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, KeyError> {
        let root = RootKey::from_stored(*shared.secret_bytes());
        match curve {
            RatchetCurve::X25519 => {
                let prekey = prekey.ratchet_pre_key().ok_or(KeyError::NoRatchetPreKey)?;
                let key = HeaderKey::X25519(prekey.to_bytes());
                Ratchet::initiate(&root, &key, None, rng).map(Either::X25519)
            }
            RatchetCurve::Secp256k1 => {
                let key = HeaderKey::Secp256k1(prekey.signed_pre_key().to_bytes());
                // status-go may send on this chain before it has our public key; we never do
                // (protocol §5).
                let tolerated = ChainKey::from_stored(*shared.secret_bytes());
                Ratchet::initiate(&root, &key, Some(tolerated), rng).map(Either::Secp256k1)
            }
        }
        .map(Self)
    }

    /// The responder's ratchet after X3DH.
    ///
    /// # Errors
    /// [`KeyError::NoRatchetPreKey`] if the curve needs one that is missing.
    pub fn respond(
        shared: &SharedKey,
        own: OwnPreKeys<'_>,
        curve: RatchetCurve,
    ) -> Result<Self, KeyError> {
        let root = RootKey::from_stored(*shared.secret_bytes());
        Ok(Self(match curve {
            RatchetCurve::X25519 => {
                let own = own.ratchet.ok_or(KeyError::NoRatchetPreKey)?;
                let pair = XPair::from_stored(&own.secret_bytes(), own.public().to_bytes());
                Either::X25519(Ratchet::respond(root, pair))
            }
            RatchetCurve::Secp256k1 => {
                let pair = Pair::from_stored(&own.signed.secret_bytes(), own.signed.public().0)?;
                Either::Secp256k1(Ratchet::respond(root, pair))
            }
        }))
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> RatchetCurve {
        match self.0 {
            Either::X25519(_) => RatchetCurve::X25519,
            Either::Secp256k1(_) => RatchetCurve::Secp256k1,
        }
    }

    /// The peer's ratchet key whose chain we receive on, if there is one.
    #[must_use]
    pub fn receiving_key(&self) -> Option<HeaderKey> {
        let receiving = match &self.0 {
            Either::X25519(ratchet) => &ratchet.receiving,
            Either::Secp256k1(ratchet) => &ratchet.receiving,
        };
        receiving.as_ref().map(|receiving| receiving.key)
    }

    /// The number of the next message of the chain that we receive on. The keys of earlier ones are
    /// stored or erased.
    #[must_use]
    pub fn receiving_number(&self) -> Option<u32> {
        match &self.0 {
            Either::X25519(ratchet) => ratchet.receiving.as_ref().map(|chain| chain.chain.n),
            Either::Secp256k1(ratchet) => ratchet.receiving.as_ref().map(|chain| chain.chain.n),
        }
    }

    /// Whether two states of one session have no DH step between them: they differ only in their
    /// chains.
    #[must_use]
    pub fn is_same_dh_step(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Either::X25519(one), Either::X25519(other)) => one.is_same_dh_step(other),
            (Either::Secp256k1(one), Either::Secp256k1(other)) => one.is_same_dh_step(other),
            _ => false,
        }
    }

    /// A second ratchet in the same state, for a store. Never seal with both: that would use a key
    /// twice.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(match &self.0 {
            Either::X25519(ratchet) => Either::X25519(ratchet.duplicate()),
            Either::Secp256k1(ratchet) => Either::Secp256k1(ratchet.duplicate()),
        })
    }

    /// Encrypts the next message. Consumes the ratchet and gives the next one, which must be
    /// durable before the ciphertext is sent.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(self, ad: &AssociatedData, plaintext: &[u8]) -> Result<(Self, Sealed), SealError> {
        self.seal_both(ad, plaintext, None)
    }

    /// Like [`Self::seal`], for a copy that goes to another device of our own: `copy_of` is sealed
    /// beside the message, under keys of its own (protocol §5).
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_copy(
        self,
        ad: &AssociatedData,
        plaintext: &[u8],
        copy_of: &[u8],
    ) -> Result<(Self, Sealed), SealError> {
        self.seal_both(ad, plaintext, Some(copy_of))
    }

    fn seal_both(
        self,
        ad: &AssociatedData,
        plaintext: &[u8],
        copy_of: Option<&[u8]>,
    ) -> Result<(Self, Sealed), SealError> {
        let (next, sealed) = match self.0 {
            Either::X25519(ratchet) => {
                let (next, sealed) = ratchet.seal(ad, plaintext, copy_of)?;
                (Either::X25519(next), sealed)
            }
            Either::Secp256k1(ratchet) => {
                let (next, sealed) = ratchet.seal(ad, plaintext, copy_of)?;
                (Either::Secp256k1(next), sealed)
            }
        };
        Ok((Self(next), sealed))
    }

    /// Decrypts a message for which there is no stored key. `rng` is drawn from only if it
    /// succeeds.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        &self,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
        limits: &SkipLimits,
        rng: &mut dyn CryptoRng,
    ) -> Result<Opened<Self>, OpenError> {
        Ok(match &self.0 {
            Either::X25519(ratchet) => ratchet
                .open(header, ad, ciphertext, limits, rng)?
                .map(|next| Self(Either::X25519(next))),
            Either::Secp256k1(ratchet) => ratchet
                .open(header, ad, ciphertext, limits, rng)?
                .map(|next| Self(Either::Secp256k1(next))),
        })
    }

    /// Decrypts a message with its stored key.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] or [`OpenError::Authentication`].
    pub fn open_stored(
        &self,
        key: &MessageKey,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
    ) -> Result<Wiped<Vec<u8>>, OpenError> {
        if header.key.curve() != self.curve() {
            return Err(OpenError::Malformed);
        }
        Ok(key.open(header, ad, ciphertext)?)
    }
}

impl std::fmt::Debug for SessionRatchet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionRatchet({:?}, ..)", self.curve())
    }
}

impl<R> Opened<R> {
    fn map<S>(self, wrap: impl FnOnce(R) -> S) -> Opened<S> {
        Opened {
            ratchet: wrap(self.ratchet),
            plaintext: self.plaintext,
            skipped: self.skipped,
            used: self.used,
        }
    }
}
