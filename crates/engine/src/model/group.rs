//! Groups, as a store keeps them: what their logs consist of, and their keys (protocol §10, §11).

use std::fmt;

use crypto_core::{
    GroupEventId, GroupKeyId, IdentityKey, MessageId, Wiped, hash_ratchet::GROUP_KEY_BYTES,
};

use crate::model::UnixMillis;

/// Bytes of a group id at most (protocol §11).
pub const MAX_GROUP_ID_BYTES: usize = 256;
/// Bytes of the signature of an event of a log: r, s and v (protocol §10).
pub const GROUP_SIGNATURE_BYTES: usize = 65;

/// The id of a group: text if the group has a log (protocol §10), otherwise any bytes that name a
/// community or a channel (protocol §11).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(Vec<u8>);

impl GroupId {
    /// The group id of these bytes; `None` if it is empty or has more than
    /// [`MAX_GROUP_ID_BYTES`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (1..=MAX_GROUP_ID_BYTES)
            .contains(&bytes.len())
            .then(|| Self(bytes.to_vec()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text; `None` if they are not UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupId({})", self.0.escape_ascii())
    }
}

/// What is known of a group with a log, apart from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// The group.
    pub group: GroupId,
    /// Whether we have accepted, by the log as it is.
    pub accepted: bool,
    /// When the group was created or taken up here.
    pub taken_up: UnixMillis,
    /// The highest clock of the events that count, in milliseconds.
    pub clock: u64,
    /// Bytes of the log: of its events with their signatures.
    pub kept_bytes: u64,
    /// Events of the log.
    pub kept_events: u32,
}

/// An event of a group's log (protocol §10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEntry {
    /// Its id.
    pub id: GroupEventId,
    /// Who signed it.
    pub signer: IdentityKey,
    /// The signature that came with it first.
    pub signature: [u8; GROUP_SIGNATURE_BYTES],
    /// The event, in the encoding of its signer.
    pub event: Vec<u8>,
    /// Of a leaving: the events that began the memberships that it was the first to end, as judged
    /// in the updates that it came in.
    pub ended: Vec<GroupEventId>,
}

/// A group that was forgotten. An older log does not bring it back (protocol §10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgottenGroup {
    /// The group.
    pub group: GroupId,
    /// The highest clock of the events that were known of it, in milliseconds.
    pub newest: u64,
    /// When it was forgotten.
    pub at: UnixMillis,
}

/// A key of a group (protocol §11).
#[derive(Debug)]
pub struct GroupKey {
    /// The group, with or without a log.
    pub group: GroupId,
    /// Its id, which depends on group, timestamp and key.
    pub id: GroupKeyId,
    /// The timestamp that its setter gave it, in milliseconds. The highest is that of the current
    /// key.
    pub timestamp: u64,
    /// K, from which the keys of all its messages follow.
    pub key: Wiped<[u8; GROUP_KEY_BYTES]>,
    /// Who set it.
    pub set_by: IdentityKey,
    /// When it was made or received here.
    pub added_at: UnixMillis,
    /// The highest number of a message that was read or sent under it; 0 before the first.
    pub highest: u32,
    /// Whether we made it and have since heard that somebody is gone from the group, who has it
    /// whatever the clock of the going says. Nothing is written under it any more.
    pub closed: bool,
    /// When a newer key replaced it; `None` if it is current. It is erased 14 days later.
    pub replaced_at: Option<UnixMillis>,
}

/// A message that was read under a group key (protocol §11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMessage {
    /// The message.
    pub message: MessageId,
    /// The group of the key.
    pub group: GroupId,
    /// The key.
    pub key: GroupKeyId,
    /// Whether the frontend has confirmed it.
    pub confirmed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_id_has_at_least_one_byte_and_at_most_256() {
        let length = |bytes| GroupId::new(&vec![7; bytes]).map(|id| id.as_bytes().len());
        let lengths = [0, 1, 256, 257].map(length);
        assert_eq!(lengths, [None, Some(1), Some(256), None]);
    }

    #[test]
    fn a_group_id_is_text_if_it_is_utf_8() {
        let text = |bytes| GroupId::new(bytes).and_then(|id| id.as_text().map(str::to_owned));
        assert_eq!(text(b"x1-a").as_deref(), Some("x1-a"));
        assert_eq!(text(&[2, 0xff]), None);
    }
}
