//! Keys derived from the names of topics and other texts.
//!
//! Each takes milliseconds of a processor, so the last ones are remembered, and what a stranger's
//! envelope may cost is limited.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crypto_core::keccak256;
use engine::store::BoundedCache;
use envelope::SymmetricKey;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Keys derived at the same time: a caller that asks for many leaves processors to messages.
const MAX_TURNS: usize = 2;
/// Keys remembered: those of the public chats that a user reads.
const MAX_REMEMBERED: usize = 64;

/// Keys that one envelope may have derived, some ten milliseconds each: its sender may be anybody.
const MAX_DERIVED_PER_CALL: usize = 4;
/// Keys that the envelopes of all accounts may have derived in a second: a sixth of a processor.
/// Each is derived once and kept in the store, so this matters only for stores of older versions,
/// and after messages to large groups.
const MAX_DERIVED_PER_SECOND: usize = 16;

/// Largest envelope that is tried with all keys without waiting for others: 64 MiB of work for 1024
/// keys, tens of milliseconds. Larger ones wait for one another.
const SMALL_ENVELOPE_BYTES: usize = 64 << 10;

/// Limits of what envelopes may have derived and tried.
#[derive(Debug)]
pub struct EnvelopeLimits {
    /// The second of running time, and what was granted in it.
    spent: Mutex<(u64, usize)>,
    /// One envelope at a time: two would derive the same.
    turn: Semaphore,
    /// One large envelope at a time: with a thousand keys it takes seconds of a processor.
    large: Semaphore,
}

impl EnvelopeLimits {
    fn new() -> Self {
        Self {
            spent: Mutex::default(),
            turn: Semaphore::new(1),
            large: Semaphore::new(1),
        }
    }

    /// Waits until an envelope of so many bytes may be tried with all keys. A small one does not
    /// wait.
    ///
    /// # Errors
    /// [`AcquireError`] at an end of the daemon.
    pub async fn trial(&self, bytes: usize) -> Result<Option<SemaphorePermit<'_>>, AcquireError> {
        if bytes <= SMALL_ENVELOPE_BYTES {
            return Ok(None);
        }
        self.large.acquire().await.map(Some)
    }

    /// The right to have keys derived, while it is held; `None` while another envelope has it.
    pub fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.try_acquire().ok()
    }

    /// How many of `wanted` keys may be derived now, in running time. They count as derived.
    pub fn grant(&self, running: Duration, wanted: usize) -> usize {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let second = running.as_secs();
        if spent.0 != second {
            *spent = (second, 0);
        }
        let left = MAX_DERIVED_PER_SECOND.saturating_sub(spent.1);
        let granted = wanted.min(MAX_DERIVED_PER_CALL).min(left);
        spent.1 += granted;
        granted
    }
}

/// Derives keys, a few at a time, and remembers the last ones. Those that are forgotten are wiped.
#[derive(Debug)]
pub struct TopicKeys {
    turns: Semaphore,
    /// What envelopes may have derived and tried.
    pub envelope_limits: EnvelopeLimits,
    /// By a digest of the text, which may be a secret.
    known: Mutex<BoundedCache<[u8; 32], Arc<SymmetricKey>>>,
}

impl Default for TopicKeys {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(MAX_TURNS),
            envelope_limits: EnvelopeLimits::new(),
            known: Mutex::new(BoundedCache::new(MAX_REMEMBERED)),
        }
    }
}

impl TopicKeys {
    /// Waits until another key may be derived.
    ///
    /// # Errors
    /// [`AcquireError`] at an end of the daemon.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.turns.acquire().await
    }

    /// The key of a text, if it is remembered.
    #[must_use]
    pub fn known(&self, text: &str) -> Option<Arc<SymmetricKey>> {
        self.lock().get(&digest(text)).cloned()
    }

    /// The key of a text. Blocks while it is derived.
    #[must_use]
    pub fn of(&self, text: &str) -> Arc<SymmetricKey> {
        self.known(text).unwrap_or_else(|| {
            let key = Arc::new(SymmetricKey::from_password(text));
            self.lock().insert(digest(text), Arc::clone(&key));
            key
        })
    }

    /// Nothing panics under this lock, and the keys can be derived again.
    fn lock(&self) -> MutexGuard<'_, BoundedCache<[u8; 32], Arc<SymmetricKey>>> {
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
    fn envelopes_have_a_few_keys_derived_at_a_time_and_a_few_in_a_second() {
        let keys = TopicKeys::default();
        let at = Duration::from_millis;
        let granted: Vec<usize> = (0..6)
            .map(|_| keys.envelope_limits.grant(at(5_000), 100))
            .collect();
        assert_eq!(granted, [4, 4, 4, 4, 0, 0]);
        assert_eq!(keys.envelope_limits.grant(at(5_999), 1), 0);
        assert_eq!(keys.envelope_limits.grant(at(6_000), 1), 1);
        assert_eq!(keys.envelope_limits.grant(at(6_500), 100), 4);
        let turn = keys.envelope_limits.turn();
        assert!(turn.is_some() && keys.envelope_limits.turn().is_none());
        drop(turn);
        assert!(keys.envelope_limits.turn().is_some());
    }

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
