//! Negotiated topics: derived once for each other identity, and kept in the store.

use std::{fmt, sync::Arc};

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError};
use envelope::{SymmetricKey, Topic, TopicName};
use zeroize::Zeroizing;

/// Identities whose keys are tried on a symmetric envelope, which names no recipient: those that
/// the user wrote to last. Each takes a few hundred nanoseconds for a small envelope.
pub const MAX_NEGOTIATED_KEYS: usize = 1024;
/// Length of the stored form: the topic, then its key.
const NEGOTIATED_BYTES: usize = 4 + 32;

/// The topic that two identities share, and the symmetric key of its envelopes. Both are derived
/// from the identity keys alone.
pub struct NegotiatedTopic {
    pub(crate) topic: Topic,
    pub(crate) key: SymmetricKey,
}

impl fmt::Debug for NegotiatedTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NegotiatedTopic(..)")
    }
}

impl NegotiatedTopic {
    /// Derives the topic and key that we share with `other`. This takes about ten milliseconds.
    ///
    /// # Errors
    /// [`KeyError`] if the key of `other` came from a store and is not a point of the curve.
    pub fn derive(own: &IdentityKeyPair, other: &IdentityKey) -> Result<Self, KeyError> {
        let name = TopicName::negotiated(own, other)?;
        Ok(Self {
            topic: name.topic(),
            key: SymmetricKey::from_password(name.as_str()),
        })
    }

    /// The topic.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        self.topic
    }

    /// The key of the envelopes there.
    #[must_use]
    pub const fn key(&self) -> &SymmetricKey {
        &self.key
    }

    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(NEGOTIATED_BYTES));
        bytes.extend_from_slice(&self.topic.to_bytes());
        bytes.extend_from_slice(self.key.secret_bytes());
        bytes
    }

    /// Reads the stored form; `None` if the bytes are not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (topic, key) = bytes.split_first_chunk()?;
        Some(Self {
            topic: Topic::from_bytes(*topic),
            key: SymmetricKey::from_bytes(key).ok()?,
        })
    }
}

/// An identity that the user wrote to.
#[derive(Clone, Debug)]
pub struct Correspondent {
    /// The identity.
    pub identity: IdentityKey,
    /// The topic and key that we share with it, if they were derived.
    pub shared: Option<Arc<NegotiatedTopic>>,
}
