//! The keys that we share with others: derived once, and kept in the store.

use std::{fmt, sync::Arc};

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError};
use envelope::{SymmetricKey, Topic, TopicName};
use zeroize::Zeroizing;

/// Identities whose keys are tried on an envelope that names nobody: those that the user last wrote
/// to. A few hundred nanoseconds each for a small envelope.
pub const MAX_NEGOTIATED_KEYS: usize = 1024;
/// Length of what is kept of two identities: the topic, then its key.
const NEGOTIATED_BYTES: usize = 4 + 32;

/// What two identities share. It follows from their keys, and from nothing else.
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
    /// What we share with `other`: some ten milliseconds of a processor.
    ///
    /// # Errors
    /// [`KeyError`] if the other's key came from a store and is no point of the curve.
    pub fn derive(own: &IdentityKeyPair, other: &IdentityKey) -> Result<Self, KeyError> {
        let name = TopicName::negotiated(own, other)?;
        Ok(Self {
            topic: name.topic(),
            key: SymmetricKey::from_password(name.as_str()),
        })
    }

    /// Its bytes, for a store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(NEGOTIATED_BYTES));
        bytes.extend_from_slice(&self.topic.to_bytes());
        bytes.extend_from_slice(self.key.secret_bytes());
        bytes
    }

    /// Of the bytes that a store gives; `None` if they are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (topic, key) = bytes.split_first_chunk()?;
        Some(Self {
            topic: Topic::from_bytes(*topic),
            key: SymmetricKey::from_bytes(key).ok()?,
        })
    }
}

/// An identity that the user wrote to, and what we share with it, if that was derived.
#[derive(Clone, Debug)]
pub struct Correspondent {
    /// Who.
    pub identity: IdentityKey,
    /// What we share.
    pub shared: Option<Arc<NegotiatedTopic>>,
}
