//! Keys from the names of topics and other texts: milliseconds of a processor each, so some are remembered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crypto_core::keccak256;
use engine::Remembered;
use envelope::SymmetricKey;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Keys worked out at the same time: whoever asks for many leaves processors to messages.
const MAX_TURNS: usize = 2;
/// Keys remembered: those of the public chats that somebody reads.
const MAX_REMEMBERED: usize = 64;

/// Works keys out, a few at a time, and remembers the last. What is forgotten is wiped.
#[derive(Debug)]
pub struct TopicKeys {
    turns: Semaphore,
    /// By a digest of the text, which may be a secret.
    known: Mutex<Remembered<[u8; 32], Arc<SymmetricKey>>>,
}

impl Default for TopicKeys {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(MAX_TURNS),
            known: Mutex::new(Remembered::new(MAX_REMEMBERED)),
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

    /// The key of a text, if it is at hand.
    #[must_use]
    pub fn known(&self, text: &str) -> Option<Arc<SymmetricKey>> {
        self.lock().get(&digest(text)).cloned()
    }

    /// The key of a text. Blocks while it is worked out.
    #[must_use]
    pub fn of(&self, text: &str) -> Arc<SymmetricKey> {
        self.known(text).unwrap_or_else(|| {
            let key = Arc::new(SymmetricKey::from_password(text));
            self.lock().keep(digest(text), Arc::clone(&key));
            key
        })
    }

    /// Nothing panics under this lock, and what it guards can be lost.
    fn lock(&self) -> MutexGuard<'_, Remembered<[u8; 32], Arc<SymmetricKey>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(text: &str) -> [u8; 32] {
    keccak256(&[text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_the_same_key_and_bounded() {
        let keys = TopicKeys::default();
        let status = "status";
        let first = keys.of(status);
        assert!(Arc::ptr_eq(&first, &keys.of(status)));
        assert_eq!(
            first.secret_bytes(),
            SymmetricKey::from_password("status").secret_bytes()
        );
        for number in 0..MAX_REMEMBERED {
            drop(keys.of(&number.to_string()));
        }
        assert!(keys.known(status).is_none());
    }
}
