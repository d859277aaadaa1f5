//! Topics: four bytes on an envelope's outside, by which a network hands it on, and the names they are made of.

use std::fmt;

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError, keccak256};
use zeroize::Zeroizing;

use crate::key::SymmetricKey;

/// Into how many parts identities are divided by their partitioned topics.
const PARTITIONS: u32 = 5000;
/// What the names of discovery topics begin with.
const DISCOVERY: &str = "contact-discovery-";
/// What the names of contact code topics end with.
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
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({self})")
    }
}

/// The text that a topic is made of and, where its envelopes are symmetric, their key.
///
/// That of a negotiated topic is as secret as the key.
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

    /// Where an identity publishes its contact code. Its key follows from the identity: everyone can read there.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn contact_code(identity: &IdentityKey) -> Result<Self, KeyError> {
        let key = hex(&identity.to_uncompressed()?);
        Ok(Self::keyed(format!("0x{key}{CONTACT_CODE}")))
    }

    /// Where an identity is written to before a secret is agreed upon, together with every 5000th other one. By the x
    /// coordinate alone: the same for a key and its negative.
    #[must_use]
    pub fn partitioned(identity: &IdentityKey) -> Self {
        let partition = identity.x().into_iter().fold(0, |rest: u32, byte| {
            (rest * 256 + u32::from(byte)) % PARTITIONS
        });
        Self::to_recipient(format!("{DISCOVERY}{partition}"))
    }

    /// Where an identity alone is written to: whoever knows it sees when.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn personal_discovery(identity: &IdentityKey) -> Result<Self, KeyError> {
        let key = hex(&identity.to_uncompressed()?);
        Ok(Self::to_recipient(format!("{DISCOVERY}{key}")))
    }

    /// Where two identities write to each other, the same at both ends; nobody else can tell. The text is hex of their
    /// shared secret.
    ///
    /// # Errors
    /// [`KeyError`] if the other's key came from a store and is no point of the curve.
    pub fn negotiated(own: &IdentityKeyPair, other: &IdentityKey) -> Result<Self, KeyError> {
        let secret = own.agree(other)?;
        Ok(Self::keyed(hex(secret.secret_bytes())))
    }

    /// A public chat, by its name as it is: nothing is normalised.
    #[must_use]
    pub fn public_chat(name: &str) -> Self {
        Self::keyed(name.to_owned())
    }

    /// Where a community's members write to its owner. `community` is the community's key.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn community_owner(community: &IdentityKey) -> Result<Self, KeyError> {
        Ok(Self::to_recipient(hex(&community.to_uncompressed()?)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether its envelopes are symmetric, so that it has a key.
    #[must_use]
    pub const fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// Its topic.
    #[must_use]
    pub fn topic(&self) -> Topic {
        Topic::of(&self.text)
    }

    /// The key of the envelopes there, worked out anew each time; `None` where they are sealed to their recipient.
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

/// Lowercase hex in one allocation: what is secret leaves no copy behind.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}
