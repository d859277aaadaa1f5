//! Who is in a private group: what the functions for groups give, and their limits (protocol §10).

use crypto_core::{GroupRules, IdentityKey};

use crate::model::{
    GroupChangeKind, GroupId, GroupOutcome, GroupRefusal, GroupStanding, IgnoredReason, StoreError,
};

/// Largest update that is read.
pub const MAX_UPDATE_BYTES: usize = 1024 * 1024;
/// Largest update that is made: a frontend puts a message beside it, within the same megabyte.
pub const MAX_MADE_UPDATE_BYTES: usize = 1_000_000;
/// Largest event of a log, its signature left out. A larger one is ignored.
pub const MAX_GROUP_EVENT_BYTES: usize = 512 * 1024;
/// Longest name of a group, in bytes.
pub const MAX_GROUP_NAME_BYTES: usize = 1024;
/// Longest colour of a group, in bytes.
pub const MAX_GROUP_COLOR_BYTES: usize = 64;
/// Largest image of a group, in bytes.
pub const MAX_GROUP_IMAGE_BYTES: usize = 400_000;
/// Most members that one event may name.
pub const MAX_NAMED_MEMBERS: usize = 1000;
/// Groups that are remembered as forgotten: of older ones an old log may come back.
pub const MAX_FORGOTTEN_GROUPS: usize = 1000;

/// The limits of groups. `Default` is protocol §1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLimits {
    /// Members of a group, the invited included.
    pub members: usize,
    /// Events of a log.
    pub events: usize,
    /// Bytes of a log: its events with their signatures.
    pub log_bytes: usize,
    /// Events that removals may add to a log that is full: nobody can make room for itself by
    /// filling a log.
    pub removals: usize,
    /// Groups of an account.
    pub groups: u64,
    /// Groups of an account that it has not accepted: anybody can invite it to any number.
    pub invitations: u64,
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self {
            members: 1000,
            events: 4096,
            log_bytes: 4 * 1024 * 1024,
            removals: 1000,
            groups: 1000,
            invitations: 64,
        }
    }
}

/// A group as a frontend shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its id.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Its colour; empty if it was made without one.
    pub color: String,
    /// Its image, in the form that the frontend chose.
    pub image: Option<Vec<u8>>,
    /// Who may do what.
    pub rules: GroupRules,
    /// Who made it.
    pub creator: IdentityKey,
    /// What we are in it.
    pub own: GroupStanding,
    /// Who is in the group, the invited included, by key.
    pub members: Vec<GroupMember>,
    /// Who was in the group and is no more, by key.
    pub gone: Vec<GoneMember>,
    /// The highest clock of its events.
    pub clock: u64,
    /// How many events count.
    pub events: usize,
    /// Equal for two members who agree on the group.
    pub digest: [u8; 32],
    /// The update that brings another member to this state; `None` if it would have more than
    /// [`MAX_MADE_UPDATE_BYTES`].
    pub update: Option<Vec<u8>>,
}

/// Somebody in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Who.
    pub identity: IdentityKey,
    /// Whether it is an admin.
    pub admin: bool,
    /// Whether it has accepted.
    pub joined: bool,
    /// Who invited it, or itself for the creator.
    pub added_by: IdentityKey,
    /// The clock of that.
    pub added_at: u64,
}

/// Somebody who was in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoneMember {
    /// Who.
    pub identity: IdentityKey,
    /// Whether it left; else it was removed.
    pub left: bool,
    /// Who did it.
    pub by: IdentityKey,
    /// The clock of that.
    pub at: u64,
}

/// What one of our own acts in a group has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAct {
    /// The group after it.
    pub group: GroupView,
    /// What the others have to get: the whole log.
    pub update: Vec<u8>,
    /// Who has to get it: who was in the group before or is after, without us, by key.
    pub recipients: Vec<IdentityKey>,
}

/// What became of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What it did.
    pub outcome: GroupOutcome,
    /// Why it was refused; `None` if it was not.
    pub refusal: Option<GroupRefusal>,
    /// The group after it, without its update; `None` if the update was refused.
    pub group: Option<GroupView>,
    /// The difference to the group before it. Nothing of a group that is new.
    pub changes: Vec<GroupChange>,
    /// How many of its events do not count, by reason. Nothing of an update that is refused.
    pub ignored: Vec<(IgnoredReason, usize)>,
}

/// A difference between two states of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupChange {
    /// What has changed.
    pub kind: GroupChangeKind,
    /// Of whom, unless it is the group's name, colour or image.
    pub identity: Option<IdentityKey>,
    /// Who did it.
    pub by: IdentityKey,
    /// The clock of the event.
    pub at: u64,
}

/// The rule by which we may not do something in a group now.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GroupRule {
    /// All acts.
    #[error("only who is in the group may do this, and we are not")]
    NotInGroup,
    /// Writing to the group.
    #[error("only who has accepted the invitation may do this: call group_accept first")]
    NotAccepted,
    /// Acts of admins.
    #[error("only an admin of the group may do this")]
    NotAdmin,
    /// Removing and promoting.
    #[error("{} is not in the group", .0.to_compact())]
    NotMember(IdentityKey),
    /// Removing.
    #[error("{} is an admin, and may only leave by itself", .0.to_compact())]
    OtherAdmin(IdentityKey),
    /// Removing ourselves.
    #[error("nobody removes itself: call group_leave")]
    OwnRemoval,
    /// Forgetting.
    #[error("a group may be forgotten when we are invited, have left or were removed: leave first")]
    StillIn,
    /// Any act, after our clock was set back.
    #[error("events of the group are dated ahead of our clock, and ours would come before them")]
    Overtaken,
}

/// The limit that an act in a group would pass.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GroupLimit {
    /// [`GroupLimits::members`].
    #[error("the group would have more than {0} members, invited ones included")]
    Members(usize),
    /// [`GroupLimits::events`] or [`GroupLimits::log_bytes`].
    #[error("the log of the group is full: only removals have room in it")]
    Log,
    /// [`MAX_MADE_UPDATE_BYTES`].
    #[error("the log of the group would have more than {0} bytes")]
    Update(usize),
    /// [`GroupLimits::groups`].
    #[error("the account has {0} groups: forget some that are over")]
    Groups(u64),
}

/// A call about a group failed. Nothing was written.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GroupError {
    /// The store failed; the call may be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such group is known.
    #[error("no such group is known")]
    NotFound,
    /// It is not allowed to us now.
    #[error("{0}")]
    Forbidden(GroupRule),
    /// A limit would be passed.
    #[error("{0}")]
    Limit(GroupLimit),
    /// The request id was used with other input.
    #[error("the request id was used for another request")]
    RequestIdReused,
    /// A name, colour, image or list of members is empty where it may not be, or too large.
    #[error("{0} has a size that no event may have")]
    Size(&'static str),
}
