//! Digests of keys that were replaced: past receiving chains of a session, former prekeys of a
//! device.

use crypto_core::{HeaderKey, keccak256};

/// Keys recorded at most.
const MAX_PAST_KEYS: usize = 64;
/// Bytes kept of the digest of each key.
const TAG_BYTES: usize = 8;

/// Digests of the last 64 keys that were replaced, oldest first.
///
/// If the header key of a message is that of a past receiving chain and its message key is not
/// stored, then the message was read and confirmed, or its key was dropped. Such a message is
/// reported as read before, and not as forged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastKeys(Vec<[u8; TAG_BYTES]>);

impl PastKeys {
    /// Adds a key; drops the oldest if there are too many.
    pub fn push(&mut self, key: &HeaderKey) {
        if self.0.len() >= MAX_PAST_KEYS {
            self.0.remove(0);
        }
        self.0.push(tag(key));
    }

    /// Whether `key` was added, and not dropped since.
    #[must_use]
    pub fn contains(&self, key: &HeaderKey) -> bool {
        self.0.contains(&tag(key))
    }

    /// The stored form: the digests, one after the other.
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
