//! Digests of keys that were replaced: past receiving chains of a session, former prekeys of a
//! device.

use crypto_core::HeaderKey;

use crate::model::tags::{Tag, Tags, tag};

/// Keys recorded at most.
const MAX_PAST_KEYS: usize = 64;

/// Digests of the last 64 keys that were replaced, oldest first.
///
/// If the header key of a message is that of a past receiving chain and its message key is not
/// stored, then the message was read and confirmed, or its key was dropped. Such a message is
/// reported as one whose key is gone, and not as forged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastKeys(Tags<MAX_PAST_KEYS>);

impl PastKeys {
    /// Adds a key; drops the oldest if there are too many.
    pub fn push(&mut self, key: &HeaderKey) {
        self.0.push(tag_of(key));
    }

    /// Whether `key` was added, and not dropped since.
    #[must_use]
    pub fn contains(&self, key: &HeaderKey) -> bool {
        self.0.contains(&tag_of(key))
    }

    /// The stored form: the digests, one after the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Reads what [`Self::to_bytes`] wrote; a partial digest at the end is dropped.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Tags::from_bytes(bytes))
    }
}

fn tag_of(key: &HeaderKey) -> Tag {
    tag(&[b"ratchetd/retired-chain/1", key.as_bytes()])
}
