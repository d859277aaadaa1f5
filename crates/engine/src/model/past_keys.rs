//! Receiving chains that a session has left behind.

use crypto_core::{HeaderKey, keccak256};

/// Chains remembered: two people taking turns, a message each way, for an evening.
pub const MAX_PAST_KEYS: usize = 64;
/// Bytes kept of each chain's digest. Only a reason hangs on it, never a decision about keys.
pub const TAG_BYTES: usize = 8;

/// Digests of the header keys of past receiving chains, oldest first.
///
/// A message of such a chain whose key is not stored was read and confirmed, or its
/// key was dropped: the caller is told so instead of being warned of a forgery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastKeys(Vec<[u8; TAG_BYTES]>);

impl PastKeys {
    /// Notes that the chain of `key` has ended.
    pub fn push(&mut self, key: &HeaderKey) {
        if self.0.len() >= MAX_PAST_KEYS {
            self.0.remove(0);
        }
        self.0.push(tag(key));
    }

    /// Whether `key` is that of a chain remembered here.
    #[must_use]
    pub fn contains(&self, key: &HeaderKey) -> bool {
        self.0.contains(&tag(key))
    }

    /// The digests, one after the other, for a store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// Reads what [`Self::to_bytes`] wrote; a partial digest at the end is dropped.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let tags = bytes.as_chunks::<TAG_BYTES>().0;
        let newest = tags.len().saturating_sub(MAX_PAST_KEYS);
        Self(tags.iter().skip(newest).copied().collect())
    }
}

fn tag(key: &HeaderKey) -> [u8; TAG_BYTES] {
    let digest = keccak256(&[b"ratchetd/retired-chain/1", key.as_bytes()]);
    let mut tag = [0; TAG_BYTES];
    tag.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    tag
}
