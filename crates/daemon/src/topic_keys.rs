//! Keys from the names of topics and other texts: milliseconds of a processor each, so some are remembered.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use crypto_core::keccak256;
use envelope::SymmetricKey;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

/// Keys worked out at the same time: whoever asks for many leaves processors to messages.
const MAX_TURNS: usize = 2;
/// Keys remembered: those of the public chats that somebody reads.
const MAX_REMEMBERED: usize = 64;

/// Works keys out, a few at a time, and remembers the last. What is forgotten is wiped.
#[derive(Debug)]
pub struct TopicKeys {
    turns: Semaphore,
    known: Mutex<Known>,
}

/// By a digest of the text, which may be a secret.
#[derive(Debug, Default)]
struct Known {
    by_digest: HashMap<[u8; 32], Arc<SymmetricKey>>,
    oldest_first: VecDeque<[u8; 32]>,
}

impl Default for TopicKeys {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(MAX_TURNS),
            known: Mutex::default(),
        }
    }
}

impl TopicKeys {
    /// Waits until another key may be worked out.
    ///
    /// # Errors
    /// [`AcquireError`] at an end of the daemon.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.turns.acquire().await
    }

    /// The key of a text. Blocks while it is worked out.
    #[must_use]
    pub fn of(&self, text: &Zeroizing<String>) -> Arc<SymmetricKey> {
        let digest = keccak256(&[text.as_bytes()]);
        // A panic under the lock leaves the map whole: it is changed by single calls.
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known().by_digest.get(&digest) {
            return Arc::clone(key);
        }
        let key = Arc::new(SymmetricKey::from_password(text));
        let mut known = known();
        if known.by_digest.insert(digest, Arc::clone(&key)).is_none() {
            known.oldest_first.push_back(digest);
        }
        if known.by_digest.len() > MAX_REMEMBERED
            && let Some(oldest) = known.oldest_first.pop_front()
        {
            known.by_digest.remove(&oldest);
        }
        key
    }

    /// Whether the key of a text is at hand.
    #[must_use]
    pub fn is_known(&self, text: &Zeroizing<String>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_digest.contains_key(&keccak256(&[text.as_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_the_same_key_and_bounded() {
        let keys = TopicKeys::default();
        let status = Zeroizing::new("status".to_owned());
        let first = keys.of(&status);
        assert!(Arc::ptr_eq(&first, &keys.of(&status)));
        assert_eq!(
            first.secret_bytes(),
            SymmetricKey::from_password("status").secret_bytes()
        );
        for number in 0..MAX_REMEMBERED {
            drop(keys.of(&Zeroizing::new(number.to_string())));
        }
        assert!(!keys.is_known(&status));
        assert_eq!(keys.known.lock().unwrap().by_digest.len(), MAX_REMEMBERED);
    }
}
