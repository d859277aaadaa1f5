//! The types of results, as they stand in JSON: camelCase, times in milliseconds since the
//! epoch, bytes as `0x` and lowercase hex.
//!
//! A value that is absent is `null`, except where the interface marks the member as
//! optional: then it is left out.

mod account;
mod bundle;
mod by_outcome;
mod closed;
mod contact;
mod device;
mod envelope;
mod event;
mod explain;
mod group;
mod identity;
mod link;
mod message;
mod system;
mod topic;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::hex::{decode_hex, to_hex};

pub use account::{AccountInfo, ExportedAccount, NewAccount, Removed};
pub use bundle::{
    BundleInfo, ImportedBundleInfo, ImportedInstallation, InspectedBundleEntry,
    InspectedBundleInfo, InspectedKemPreKeyInfo, WarningInfo,
};
pub(crate) use by_outcome::never_null;
pub use closed::{
    Addressed, ContactMark, ContactPolicy, ContactState, GroupChangeKind, GroupKeyDue,
    GroupKeyRefused, GroupKeyState, GroupMode, GroupOutcome, GroupRefusal, GroupRules,
    GroupStanding, HealthStatus, IgnoredReason, InstallationState, KemPreKeyState, KemState,
    KeyDropped, MessageKeyState, Mode, NextAction, NextStep, NotPostQuantum, Outcome,
    PostQuantumState, PreKeyState, Reason, Role, RollbackKind, SessionState, SkipReason, Standing,
    Suite, TopicKind, WarningKind,
};
pub use contact::{ContactInfo, ContactStepInfo};
pub use device::{InstallationInfo, MetadataInfo, SessionInfo, SessionsReset};
pub use envelope::{
    ChatClock, EnvelopeKind, EnvelopeOutcome, EnvelopeReason, OpenedEnvelope, SealedEnvelope,
};
pub use event::{
    AcceptedContact, AddedGroupKey, BundleRotated, ChangedGroup, ChangedTopic, DeviceVersion,
    DiscoveredDevice, DroppedKey, DueGroupKey, EventData, EventDevice, EventInfo, EventSession,
    EventTicketInfo, Events, GroupInvitation, Lagged, RequestedContact, RolledBackStore,
    UndecryptableMessage,
};
pub use explain::{Explanation, NamedKemPreKeyInfo, NamedPreKeyInfo, PossibleSessionInfo};
pub use group::{
    Act, Applied, Forgotten, GoneMember, Group, GroupChange, GroupKeyInfo, GroupMember,
    GroupSetters, IgnoredEvents, ListedGroup, ReceivedGroupKey, SharedGroupKey, UsedGroupKey,
};
pub use identity::{ContactCodeDrawing, IdenticonInfo, IdentityInfo, QrFormat};
pub use link::{
    AnsweredLink, BegunLink, ConfirmedLink, LinkedAccount, LinkedContactInfo, OfferedLink,
};
pub use message::{
    Confirmed, CopyOfInfo, Decrypted, DhHeaderInfo, DrHeaderInfo, Encrypted, EnvelopeInfo,
    Envelopes, HrHeaderInfo, InspectedMessageInfo, InspectedTargetInfo, SkippedInfo, TargetInfo,
    X3dhHeaderInfo,
};
pub use system::{
    AccountStatus, AccountTotals, Clock, Health, ImportedPreKeyInfo, LogFilterInfo,
    MemoryProtection, OpenRpcDocument, Status, Version,
};
pub use topic::{ListenedTopic, ListenedTopics, ParsedTopic, TopicInfo};

/// Bytes, `0x` and lowercase hex in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl JsonSchema for Hex {
    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^0x([0-9a-f]{2})*$",
            "description": "Bytes: 0x and lowercase hex digits.",
        })
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As JSON that is made already: hex digits need not be searched for characters to escape,
        // one by one.
        let json = format!("\"{}\"", to_hex(&self.0));
        RawValue::from_string(json)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode_hex(&text).map(Self).map_err(|fault| {
            serde::de::Error::custom(format!("expected 0x and hex digits: {fault}"))
        })
    }
}
