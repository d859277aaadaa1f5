//! What is told of events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{
    GroupChange, GroupKeyDue, Hex, KeyDropped, NextAction, Reason, Role, RollbackKind, Suite,
    TopicKind,
};

/// An event, or the mark that some are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventInfo {
    /// The number of the event: what to give as `after` to go on behind it.
    pub seq: u64,
    /// When it happened. For the mark `lagged`, when that was found out.
    pub at: u64,
    /// The account that the event is about; null for `lagged`.
    pub account: Option<String>,
    /// The type of the event, and what there is to say about it.
    #[serde(flatten)]
    pub what: EventData,
}

/// Some of the events, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Events {
    /// The events, in the order of their numbers.
    pub events: Vec<EventInfo>,
    /// What to give as `after` next time. It goes on past the events of other accounts, too.
    pub next: u64,
    /// Whether events between `after` and `next` are no longer there.
    pub lagged: bool,
}

/// A ticket for one stream of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventTicketInfo {
    /// The ticket: what to give as `ticket` in the query of `GET /events`.
    pub ticket: String,
    /// How long the ticket can be used, in milliseconds.
    pub expires_in_ms: u64,
}

/// Defines the types of events.
macro_rules! event_types {
    ($($(#[$about:meta])+ $kind:ident = $name:literal ($data:ty),)+) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum EventData {
            $($(#[$about])+ #[serde(rename = $name)] $kind($data),)+
        }

        impl EventData {
            /// The name of the type.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $name,)+
                }
            }
        }
    };
}

event_types! {
    /// Our bundle was made anew.
    BundleRotated = "bundle.rotated" (BundleRotated),
    /// A device was met for the first time.
    InstallationDiscovered = "installation.discovered" (DiscoveredDevice),
    /// A device was enabled.
    InstallationEnabled = "installation.enabled" (EventDevice),
    /// A device was disabled.
    InstallationDisabled = "installation.disabled" (EventDevice),
    /// A device was not heard of for a week.
    InstallationStale = "installation.stale" (EventDevice),
    /// A stale device was heard of again.
    InstallationActive = "installation.active" (EventDevice),
    /// A KEM prekey of a device came that serves, where none did before: a new session with the
    /// device is post-quantum. What was skipped with `kem_key_missing` can be sent again.
    InstallationKemPreKey = "installation.kem_prekey" (EventDevice),
    /// A message of a post-quantum session with a device was read for the first time: from now on
    /// nothing is written to the device below suite x25519-mlkem768.
    InstallationPostQuantum = "installation.post_quantum" (EventDevice),
    /// A device was set up again or restored: its version is lower than before.
    InstallationVersionWentBack = "installation.version_went_back" (DeviceVersion),
    /// Both ends of a session have read something of the other.
    SessionEstablished = "session.established" (EventSession),
    /// A session was superseded: another one took its place.
    SessionSuperseded = "session.superseded" (EventSession),
    /// A session that had been superseded is used again.
    SessionReactivated = "session.reactivated" (EventSession),
    /// A session ended.
    SessionExpired = "session.expired" (EventSession),
    /// A session and its keys were erased.
    SessionErased = "session.erased" (EventSession),
    /// A message could not be read. What it says of itself is not proven.
    MessageUndecryptable = "message.undecryptable" (UndecryptableMessage),
    /// The key of a message that was not confirmed is gone.
    MessageKeyDropped = "message.key_dropped" (DroppedKey),
    /// Somebody asks to become a contact.
    ContactRequested = "contact.requested" (RequestedContact),
    /// A contact is accepted.
    ContactAccepted = "contact.accepted" (AcceptedContact),
    /// A topic is to be listened to from now on, or not any more.
    TopicChanged = "topic.changed" (ChangedTopic),
    /// This account was invited to a group.
    GroupInvited = "group.invited" (GroupInvitation),
    /// A group is another than before, by an update or by our own act.
    GroupChanged = "group.changed" (ChangedGroup),
    /// A key of a group is here: messages under it can be read.
    GroupKeyAdded = "group.key_added" (AddedGroupKey),
    /// A group should have another key.
    GroupKeyDue = "group.key_due" (DueGroupKey),
    /// The account's store is an older state, or a copy: its sessions have ended.
    StoreRolledBack = "store.rolled_back" (RolledBackStore),
    /// Events before this mark are no longer there.
    Lagged = "lagged" (Lagged),
}

/// A bundle that was made anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleRotated {
    /// The version of this device's prekey.
    pub version: u32,
    /// Whether the prekey is a new one.
    pub prekey_replaced: bool,
    /// The ids of the devices that the bundle lists.
    pub installation_ids: Vec<String>,
}

/// The device that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventDevice {
    /// The identity that the device belongs to.
    pub identity: Hex,
    /// The id of the device.
    pub installation_id: String,
}

/// A device that was met for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredDevice {
    /// The identity that the device belongs to.
    pub identity: Hex,
    /// The id of the device.
    pub installation_id: String,
    /// Whether the device is one of our own identity.
    pub own: bool,
}

/// A device whose version is lower than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceVersion {
    /// The identity that the device belongs to.
    pub identity: Hex,
    /// The id of the device.
    pub installation_id: String,
    /// The version that was known.
    pub from: u32,
    /// The version that is known now.
    pub to: u32,
}

/// The session that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventSession {
    /// The id of the session, which is equal at both ends.
    pub session_id: Hex,
    /// The identity that the session is with.
    pub identity: Hex,
    /// The device that the session is with; null until it is known.
    pub installation_id: Option<String>,
    /// The suite of the session.
    pub suite: Suite,
    /// Who began the session.
    pub role: Role,
}

/// A message that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndecryptableMessage {
    /// The id of the message, which is equal at both ends; null if the bytes do not tell it.
    pub message_id: Option<Hex>,
    /// The identity that the caller named as the sender.
    pub sender: Hex,
    /// The device that the message names as its sender; null if it names none.
    pub installation_id: Option<String>,
    /// Why the message could not be read.
    pub reason: Option<Reason>,
    /// What to know about the reason, for people.
    pub hint: Option<String>,
    /// What to do about it.
    pub next_action: Option<NextAction>,
}

/// A message whose key is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DroppedKey {
    /// The id of the message.
    pub message_id: Hex,
    /// Why the key is gone.
    pub reason: KeyDropped,
}

/// An identity that asks to become a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestedContact {
    /// The identity of the contact.
    pub identity: Hex,
    /// The id of the message with the introduction, which `message_decrypt` gave; null if the bytes
    /// do not tell it.
    pub message_id: Option<Hex>,
    /// Whether that message proves the identity of its sender.
    pub authenticated: bool,
}

/// A contact that is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedContact {
    /// The identity of the contact.
    pub identity: Hex,
    /// Whether we accepted, and not the contact.
    pub by_us: bool,
}

/// A topic that is to be listened to, or not any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedTopic {
    /// What the topic is listened to for: always `negotiated`, since the others never change.
    pub kind: TopicKind,
    /// The identity that the topic is shared with. `topic_negotiated` gives the topic and its key.
    pub peer: Hex,
    /// Whether the topic is to be listened to from now on: false if it is not any more.
    pub listen: bool,
}

/// An invitation to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupInvitation {
    /// The id of the group.
    pub group: String,
    /// The identity that invited this account.
    pub by: Hex,
}

/// A group that is another than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedGroup {
    /// The id of the group.
    pub group: String,
    /// What is different in the group.
    pub changes: Vec<GroupChange>,
}

/// A group key that is here now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedGroupKey {
    /// The group: its id, or `0x` and hex of one without a log.
    pub group: String,
    /// The id of the key. What was not read for want of it can be decrypted again.
    pub key_id: Hex,
    /// The identity that set the key.
    pub by: Hex,
    /// Whether it is the current key: the one that is written with.
    pub current: bool,
}

/// A group key in the place of which another should be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DueGroupKey {
    /// The group: its id, or `0x` and hex of one without a log.
    pub group: String,
    /// The id of the key.
    pub key_id: Hex,
    /// Why another key should be made.
    pub reason: GroupKeyDue,
}

/// A store that is an older state, or a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolledBackStore {
    /// Why the store is not the newest state of its account.
    pub reason: RollbackKind,
    /// How many sessions ended with it.
    pub expired: u64,
}

/// The mark that events are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lagged {
    /// What to do, for people: list anew what the events were about.
    pub hint: String,
}
