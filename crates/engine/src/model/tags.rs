//! A bounded record of what was met before, by short digests.

use crypto_core::keccak256;

/// Bytes kept of each digest.
const TAG_BYTES: usize = 8;

/// The beginning of a digest.
pub(crate) type Tag = [u8; TAG_BYTES];

/// The last `MOST` tags that were added, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags<const MOST: usize>(Vec<Tag>);

impl<const MOST: usize> Tags<MOST> {
    /// Adds a tag; drops the oldest if there are too many.
    pub(crate) fn push(&mut self, tag: Tag) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(tag);
    }

    /// Whether the tag was added, and not dropped since.
    pub(crate) fn contains(&self, tag: &Tag) -> bool {
        self.0.contains(tag)
    }

    /// The stored form: the tags, one after the other.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// Reads what [`Self::to_bytes`] wrote; a partial tag at the end is dropped.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let tags = bytes.as_chunks::<TAG_BYTES>().0;
        let newest = tags.len().saturating_sub(MOST);
        Self(tags.iter().skip(newest).copied().collect())
    }
}

/// The beginning of the Keccak-256 of the parts.
pub(crate) fn tag(parts: &[&[u8]]) -> Tag {
    let digest = keccak256(parts);
    let mut tag = [0; TAG_BYTES];
    tag.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    tag
}
