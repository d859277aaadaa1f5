//! Results about groups and their keys.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::types::{
    EnvelopeInfo, GroupChangeKind, GroupKeyDue, GroupKeyRefused, GroupKeyState, GroupOutcome,
    GroupRefusal, GroupRules, GroupStanding, Hex, IgnoredReason, SkippedInfo,
    by_outcome::by_outcome,
};

/// A group, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListedGroup {
    /// The id of the group.
    pub group: String,
    /// The name of the group.
    pub name: String,
    /// The colour of the group, as its members chose it; empty if they chose none.
    pub color: String,
    /// Who may do what in the group.
    pub rules: GroupRules,
    /// The identity that created the group.
    pub creator: Hex,
    /// How this account stands to the group.
    pub own: GroupStanding,
    /// The highest clock of the group's events.
    pub clock: u64,
    /// How many events the state of the group follows from.
    pub events: u64,
    /// A digest of these events: two members with the same one agree on the group.
    pub digest: Hex,
}

/// A group and who is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// What a list shows of the group.
    #[serde(flatten)]
    pub listed: ListedGroup,
    /// Who is in the group, the invited among them.
    pub members: Vec<GroupMember>,
    /// Who was in the group and is not any more.
    pub gone: Vec<GoneMember>,
    /// The image of the group. Left out if it has none, and of everything but `group_get`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<Hex>,
    /// The whole log of the group, for a member who lacks some of it. Left out of everything but
    /// `group_get`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub update: Option<Hex>,
}

/// An identity that is in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupMember {
    /// The identity of the member.
    pub identity: Hex,
    /// Whether the member is an admin.
    pub admin: bool,
    /// Whether the member has accepted the invitation.
    pub joined: bool,
    /// The identity that invited the member; of the creator its own.
    pub added_by: Hex,
    /// The clock of the invitation; of the creator that of the creation.
    pub added_at: u64,
}

/// An identity that was in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoneMember {
    /// The identity that is gone.
    pub identity: Hex,
    /// Whether it left by itself: false if it was removed.
    pub left: bool,
    /// The identity that signed the event: its own if it left.
    pub by: Hex,
    /// The clock of the event.
    pub at: u64,
}

/// What was done in a group, and who is to hear of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Act {
    /// The group as it is now.
    pub group: Group,
    /// The whole log of the group: what to send to the recipients.
    pub update: Hex,
    /// The identities that are to get the update: all that were in the group before, or are after,
    /// without our own.
    pub recipients: Vec<Hex>,
}

/// What became of an update of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = Self::by_outcome)]
pub struct Applied {
    /// What became of the update.
    pub outcome: GroupOutcome,
    /// Why the update was refused. Left out if it was not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<GroupRefusal>,
    /// The group as it is now. Left out if the update was refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<Group>,
    /// What is different in the group.
    pub changes: Vec<GroupChange>,
    /// The events of the update that do not count.
    pub ignored: Vec<IgnoredEvents>,
}

impl Applied {
    /// Says in the schema what is there with which outcome.
    fn by_outcome(schema: &mut Schema) {
        let outcomes = GroupOutcome::ALL.iter().map(|outcome| {
            let present: &[&str] = match outcome {
                GroupOutcome::Created | GroupOutcome::Changed | GroupOutcome::Unchanged => {
                    &["group"]
                }
                GroupOutcome::Refused => &["reason"],
            };
            (outcome.name(), outcome.about(), present)
        });
        by_outcome(schema, outcomes);
    }
}

/// Something that is different in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupChange {
    /// What is different.
    pub change: GroupChangeKind,
    /// Whom the change is about. Left out if it is about the group itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identity: Option<Hex>,
    /// The identity that signed the event behind it.
    pub by: Hex,
    /// The clock of that event.
    pub at: u64,
}

/// Events of an update that do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoredEvents {
    /// Why they do not count.
    pub reason: IgnoredReason,
    /// How many they are.
    pub events: u64,
}

/// The answer to the removal of a group from this account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forgotten {
    /// Whether the group is forgotten: always true.
    pub forgotten: bool,
}

/// A group key, and the messages that bring it to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedGroupKey {
    /// The group: its id, or `0x` and hex of one without a log.
    pub group: String,
    /// The id of the key, which is equal for all who have it.
    pub key_id: Hex,
    /// The time of the key. The one with the highest is the current key.
    pub timestamp: u64,
    /// The wire messages to send, one for each identity; the one for our own devices comes last.
    pub envelopes: Vec<EnvelopeInfo>,
    /// The devices that got no copy, and why.
    pub skipped: Vec<SkippedInfo>,
    /// Whether every copy has forward secrecy.
    pub forward_secrecy: bool,
    /// Whether every copy is post-quantum, those for our own devices too; false if there is no copy.
    pub post_quantum: bool,
}

/// A group key that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupKeyInfo {
    /// The group: its id, or `0x` and hex of one without a log.
    pub group: String,
    /// The id of the key, which is equal for all who have it.
    pub key_id: Hex,
    /// The time of the key. The one with the highest is the current key.
    pub timestamp: u64,
    /// The identity that set the key.
    pub set_by: Hex,
    /// Whether it is the current key: the one that is written with.
    pub current: bool,
    /// The highest number of a message that was read or written under the key; 0 if none was.
    pub highest: u32,
    /// When the key will be erased at the earliest; null if no other has replaced it.
    pub erase_at: Option<u64>,
    /// Why another key should be made; null if there is no need. `age` is told to those who may
    /// set one.
    pub due: Option<GroupKeyDue>,
}

/// Who may set the keys of a group without a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupSetters {
    /// The group, as `0x` and hex.
    pub group: String,
    /// The identities whose keys are taken, besides our own.
    pub setters: Vec<Hex>,
}

/// A group key that a message brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedGroupKey {
    /// The group: its id, or `0x` and hex of one without a log; `0x` if the message names none.
    pub group: String,
    /// The id of the key, which is equal for all who have it. Left out if it is malformed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key_id: Option<Hex>,
    /// The time of the key. Left out if it is malformed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timestamp: Option<u64>,
    /// What became of the key.
    pub state: GroupKeyState,
    /// Why the key was not taken. Left out if it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<GroupKeyRefused>,
}

/// The group key that a message is encrypted under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsedGroupKey {
    /// The group: its id, or `0x` and hex of one without a log.
    pub group: String,
    /// The id of the key, which is equal for all who have it.
    pub key_id: Hex,
    /// The number of the message under the key. Two who write at once may use the same.
    pub seq_no: u32,
}
