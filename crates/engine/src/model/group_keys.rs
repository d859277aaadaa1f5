//! Group keys: what calls about them give, and their limits (protocol §11).

use std::{collections::BTreeSet, time::Duration};

use crypto_core::{GroupKeyId, IdentityKey};

use crate::model::{
    AddressedMessage, GroupId, GroupKeyDue, GroupKeyRefused, GroupKeyState, Sent, UnixMillis,
};

/// Keys kept of a group, the newest.
pub const MAX_KEYS_PER_GROUP: usize = 32;
/// Groups of which keys are kept.
pub const MAX_GROUPS_WITH_KEYS: usize = 1000;
/// Identities that may set the keys of a group without a log.
pub const MAX_GROUP_SETTERS: usize = 16;
/// Messages read under a key that are remembered, so that they are not read twice.
pub const MAX_READ_PER_GROUP_KEY: u32 = 4096;
/// Age at which whoever may set a key is told to set another: forward secrecy is that of new keys.
pub const GROUP_KEY_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A key that came with a message, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedGroupKey {
    /// The group that the message names; `None` if that is no group id.
    pub group: Option<GroupId>,
    /// The key's id; `None` if it is malformed.
    pub key: Option<GroupKeyId>,
    /// Its timestamp, in milliseconds; `None` if it is malformed.
    pub timestamp: Option<u64>,
    /// What became of it.
    pub state: GroupKeyState,
    /// Why it was refused; `None` if it was not.
    pub refused: Option<GroupKeyRefused>,
}

/// What a group message is encrypted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedGroupKey {
    /// The group.
    pub group: GroupId,
    /// The key.
    pub key: GroupKeyId,
    /// The message's number under the key, from 1.
    pub number: u32,
}

/// A message for a whole group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSent {
    /// The message, which has no recipient of its own.
    pub message: AddressedMessage,
    /// What it is encrypted under.
    pub used: UsedGroupKey,
}

/// A group key, and the messages that bring it to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedGroupKey {
    /// The group.
    pub group: GroupId,
    /// The key's id.
    pub key: GroupKeyId,
    /// The key's timestamp, in milliseconds.
    pub timestamp: u64,
    /// The messages with the key.
    pub sent: Sent,
}

/// A group key as a frontend shows it, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupKeyView {
    /// The group.
    pub group: GroupId,
    /// The key's id.
    pub key: GroupKeyId,
    /// The key's timestamp, in milliseconds.
    pub timestamp: u64,
    /// Who set it.
    pub set_by: IdentityKey,
    /// Whether it is the current key of its group, which is written with.
    pub current: bool,
    /// The highest number of a message that was read or sent under it; 0 before the first.
    pub highest: u32,
    /// The earliest that it will be erased; `None` if it is current.
    pub erase_at: Option<UnixMillis>,
    /// Why another key should take its place, if it is current and one should.
    pub due: Option<GroupKeyDue>,
}

/// Who is in a group with a log, as far as its keys are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    /// Who is in the group, the invited included.
    pub(crate) members: BTreeSet<IdentityKey>,
    /// Those of them who are admins.
    pub(crate) admins: BTreeSet<IdentityKey>,
    /// Whether we are in it and have accepted.
    pub(crate) accepted: bool,
    /// The highest clock of a going of somebody who is still gone, in milliseconds.
    pub(crate) newest_going: Option<u64>,
}

/// The rule by which we may not do something with the keys of a group.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GroupKeyRule {
    /// Writing, and setting keys, in a group with a log.
    #[error("only who is in the group and has accepted may do this")]
    NotAccepted,
    /// Setting keys.
    #[error(
        "only an admin may set the key of a group with a log, and of another group only whom \
         groupKey_trust named: name your own identity there to set it yourself"
    )]
    NotSetter,
    /// Giving a key to somebody.
    #[error("{} is not in the group", .0.to_compact())]
    NotMember(IdentityKey),
    /// Naming the recipients of a new key.
    #[error("a new key of a group with a log is for everybody in it: name no recipients")]
    WholeGroup,
    /// Naming who may set keys.
    #[error("the keys of a group with a log are set by its admins")]
    HasLog,
    /// Sealing.
    #[error("a group whose id is no text has no topic of its own: use envelope_seal")]
    NoTopic,
}

/// A call about a group key failed. Nothing was written.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GroupKeyError {
    /// Nothing is known of the group.
    #[error("no such group is known")]
    NotFound,
    /// It is not allowed to us now.
    #[error("{0}")]
    Forbidden(GroupKeyRule),
    /// [`MAX_GROUP_SETTERS`].
    #[error("{count} identities; at most {MAX_GROUP_SETTERS} may set the keys of a group")]
    TooManySetters {
        /// How many were named.
        count: usize,
    },
    /// [`MAX_GROUPS_WITH_KEYS`].
    #[error("keys of {MAX_GROUPS_WITH_KEYS} groups are kept")]
    TooManyGroups,
    /// There is no key of the group to write or to share.
    #[error("there is no key of this group here")]
    Missing,
    /// The current key must not be written under any more.
    #[error("another key of this group is due, because of {0}")]
    Due(GroupKeyDue),
}
