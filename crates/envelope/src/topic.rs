//! Topics: four bytes beside an envelope, by which a network routes it, and the names that they are
//! derived from.

use std::fmt;

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError, keccak256};
use zeroize::Zeroizing;

use crate::key::SymmetricKey;

/// Number of partitioned topics that identities are divided among.
const PARTITIONS: u32 = 5000;
/// Prefix of the names of discovery topics.
const DISCOVERY: &str = "contact-discovery-";
/// Suffix of the names of contact code topics.
const CONTACT_CODE: &str = "-contact-code";

/// The first four bytes of Keccak-256 of a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic([u8; 4]);

impl Topic {
    /// The topic of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let [a, b, c, d, ..] = keccak256(&[name.as_bytes()]);
        Self([a, b, c, d])
    }

    /// The topic of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

/// Eight lowercase hex digits, without prefix.
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&const_hex::encode(self.0))
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({self})")
    }
}

/// The text that a topic is derived from and, if its envelopes are symmetric, their key too. The
/// text of a negotiated topic is as secret as the key.
pub struct TopicName {
    text: Zeroizing<String>,
    keyed: bool,
}

impl TopicName {
    fn keyed(text: String) -> Self {
        let text = Zeroizing::new(text);
        Self { text, keyed: true }
    }

    fn to_recipient(text: String) -> Self {
        let text = Zeroizing::new(text);
        Self { text, keyed: false }
    }

    /// The topic where an identity publishes its contact code. Its key is derived from the
    /// identity, so everyone can read there.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn contact_code(identity: &IdentityKey) -> Result<Self, KeyError> {
        let key = const_hex::encode(identity.to_uncompressed()?);
        Ok(Self::keyed(format!("0x{key}{CONTACT_CODE}")))
    }

    /// The topic where an identity gets first messages, together with every 5000th other identity.
    /// Derived from the x coordinate only: the same for a key and its negative.
    #[must_use]
    pub fn partitioned(identity: &IdentityKey) -> Self {
        let partition = identity.x().into_iter().fold(0, |rest: u32, byte| {
            (rest * 256 + u32::from(byte)) % PARTITIONS
        });
        Self::to_recipient(format!("{DISCOVERY}{partition}"))
    }

    /// The topic where one identity alone gets messages: everyone who knows the identity can see
    /// when.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn personal_discovery(identity: &IdentityKey) -> Result<Self, KeyError> {
        let key = const_hex::encode(identity.to_uncompressed()?);
        Ok(Self::to_recipient(format!("{DISCOVERY}{key}")))
    }

    /// The topic where two identities write to each other, the same at both ends and unknown to
    /// others. The text is their shared secret in hex.
    ///
    /// # Errors
    /// [`KeyError`] if the other's key came from a store and is no point of the curve.
    pub fn negotiated(own: &IdentityKeyPair, other: &IdentityKey) -> Result<Self, KeyError> {
        let secret = own.agree(other)?;
        Ok(Self::keyed(const_hex::encode(secret.secret_bytes())))
    }

    /// The topic of a public chat. Its name is not normalised.
    #[must_use]
    pub fn public_chat(name: &str) -> Self {
        Self::keyed(name.to_owned())
    }

    /// The topic where a community's members write to its owner. `community` is the community's
    /// key.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn community_owner(community: &IdentityKey) -> Result<Self, KeyError> {
        Ok(Self::to_recipient(const_hex::encode(
            community.to_uncompressed()?,
        )))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether its envelopes are symmetric, so that there is a key.
    #[must_use]
    pub const fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// Its topic.
    #[must_use]
    pub fn topic(&self) -> Topic {
        Topic::of(&self.text)
    }

    /// The key of its envelopes, derived again at each call; `None` if they are sealed to an
    /// identity.
    #[must_use]
    pub fn symmetric_key(&self) -> Option<SymmetricKey> {
        self.keyed.then(|| SymmetricKey::from_password(&self.text))
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TopicName(..)")
    }
}
