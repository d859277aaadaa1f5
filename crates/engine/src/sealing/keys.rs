//! The keys that we share with others, worked out once.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crypto_core::{IdentityKey, IdentityKeyPair, KeyError};
use envelope::{SymmetricKey, Topic, TopicName};

/// Negotiated keys remembered, about 200 bytes each; those of as many identities are tried on an envelope that names nobody.
pub const MAX_NEGOTIATED_KEYS: usize = 1024;

/// What two identities share.
#[derive(Debug)]
pub(crate) struct Negotiated {
    pub(crate) topic: Topic,
    pub(crate) key: SymmetricKey,
}

/// The negotiated keys of one account, by the other's identity. What is forgotten is wiped, and worked out again.
#[derive(Default)]
pub(crate) struct NegotiatedKeys(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_identity: HashMap<IdentityKey, Arc<Negotiated>>,
    oldest_first: VecDeque<IdentityKey>,
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
        // A panic under the lock leaves the map whole: it is changed by single calls.
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_identity.get(other).cloned()
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
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known
            .by_identity
            .insert(*other, Arc::clone(&made))
            .is_none()
        {
            known.oldest_first.push_back(*other);
        }
        if known.by_identity.len() > MAX_NEGOTIATED_KEYS
            && let Some(oldest) = known.oldest_first.pop_front()
        {
            known.by_identity.remove(&oldest);
        }
        Ok(made)
    }
}
