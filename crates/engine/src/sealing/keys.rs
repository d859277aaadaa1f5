//! The keys that we share with others, worked out once.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError};
use envelope::{SymmetricKey, Topic, TopicName};

use crate::Remembered;

/// Negotiated keys remembered, about 200 bytes each; those of as many identities are tried on an envelope that names nobody.
pub const MAX_NEGOTIATED_KEYS: usize = 1024;

/// What two identities share.
#[derive(Debug)]
pub(crate) struct Negotiated {
    pub(crate) topic: Topic,
    pub(crate) key: SymmetricKey,
}

/// The negotiated keys of one account, by the other's identity. What is forgotten is wiped, and worked out again.
pub(crate) struct NegotiatedKeys(Mutex<Remembered<IdentityKey, Arc<Negotiated>>>);

impl Default for NegotiatedKeys {
    fn default() -> Self {
        Self(Mutex::new(Remembered::new(MAX_NEGOTIATED_KEYS)))
    }
}

impl fmt::Debug for NegotiatedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NegotiatedKeys(..)")
    }
}

impl NegotiatedKeys {
    /// Whether the key shared with `other` is at hand.
    pub(crate) fn is_known(&self, other: &IdentityKey) -> bool {
        self.known(other).is_some()
    }

    fn known(&self, other: &IdentityKey) -> Option<Arc<Negotiated>> {
        self.lock().get(other).cloned()
    }

    /// Nothing panics under this lock, and what it guards can be lost.
    fn lock(&self) -> MutexGuard<'_, Remembered<IdentityKey, Arc<Negotiated>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key shared with `other`. If it is not at hand this takes milliseconds; others do not wait meanwhile.
    ///
    /// # Errors
    /// [`KeyError`] if the other's key came from a store and is no point of the curve.
    pub(crate) fn with(
        &self,
        own: &IdentityKeyPair,
        other: &IdentityKey,
    ) -> Result<Arc<Negotiated>, KeyError> {
        if let Some(known) = self.known(other) {
            return Ok(known);
        }
        let name = TopicName::negotiated(own, other)?;
        let made = Arc::new(Negotiated {
            topic: name.topic(),
            key: SymmetricKey::from_password(name.as_str()),
        });
        self.lock().keep(*other, Arc::clone(&made));
        Ok(made)
    }
}
