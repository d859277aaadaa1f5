//! Which messages of a session were read and confirmed, so that one that comes again is told apart
//! from one whose key is gone for another reason.

use crypto_core::MessageId;

use crate::model::tags::{Tag, Tags, tag};

/// Messages of one session recorded at most: 2 KiB, half a page of the database.
const MAX_CONFIRMED: usize = 256;
/// Bytes of the MAC at the end of a ciphertext.
const MAC_BYTES: usize = 32;

/// Names a ciphertext that was read: a digest of its message id and of its MAC, which was verified
/// then.
///
/// The id alone would not do. It names a place in a chain, and a peer whose state runs twice
/// encrypts two texts for one place: the second must not pass for read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadTag(Tag);

impl ReadTag {
    /// The tag of a message with this id and ciphertext.
    #[must_use]
    pub fn of(message: &MessageId, ciphertext: &[u8]) -> Self {
        let mac = ciphertext.last_chunk::<MAC_BYTES>();
        let mac = mac.map_or(&[][..], <[u8; MAC_BYTES]>::as_slice);
        Self(tag(&[b"ratchetd/read/1", message.as_bytes(), mac]))
    }

    /// The tag from a store.
    #[must_use]
    pub const fn from_stored(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The 8 bytes, for a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

/// The last 256 messages of a session that the caller has confirmed after they were read.
///
/// A message that is found here was returned before, and its text is stored, by the caller's own
/// word. One that is not may have been read as well: its tag was pushed out, or nobody said that
/// its text arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmedMessages(Tags<MAX_CONFIRMED>);

impl ConfirmedMessages {
    /// Adds a message; drops the oldest if there are too many.
    pub fn push(&mut self, message: ReadTag) {
        self.0.push(message.0);
    }

    /// Whether the message was added, and not dropped since.
    #[must_use]
    pub fn contains(&self, message: ReadTag) -> bool {
        self.0.contains(&message.0)
    }

    /// The stored form: the tags, one after the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Reads what [`Self::to_bytes`] wrote; a partial tag at the end is dropped.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Tags::from_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(n: u8) -> ReadTag {
        ReadTag::of(&MessageId::from_bytes([n; 32]), &[n; 48])
    }

    #[test]
    fn a_tag_names_one_ciphertext_of_one_place_in_a_chain() {
        let id = MessageId::from_bytes([1; 32]);
        let tag = ReadTag::of(&id, &[2; 60]);
        // What the MAC covers is named by the MAC.
        assert_eq!(tag, ReadTag::of(&id, &[2; 48]));
        assert_ne!(tag, ReadTag::of(&id, &[3; 60]));
        assert_ne!(tag, ReadTag::of(&MessageId::from_bytes([4; 32]), &[2; 60]));
        assert_eq!(ReadTag::from_stored(*tag.as_bytes()), tag);
        // What is too short to have a MAC was never read, and is some other tag.
        assert_ne!(tag, ReadTag::of(&id, &[]));
    }

    #[test]
    fn the_oldest_of_257_messages_is_forgotten() {
        let mut confirmed = ConfirmedMessages::default();
        for n in 0..=255 {
            confirmed.push(message(n));
        }
        assert!((0..=255).all(|n| confirmed.contains(message(n))));
        confirmed.push(ReadTag::from_stored([7; 8]));
        assert!(!confirmed.contains(message(0)) && confirmed.contains(message(1)));
        assert!(confirmed.contains(ReadTag::from_stored([7; 8])));
        let bytes = confirmed.to_bytes();
        assert_eq!(bytes.len(), 2048);
        assert_eq!(ConfirmedMessages::from_bytes(&bytes), confirmed);
    }
}
