//! Why a message opens, or does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{
    Addressed, Hex, InspectedMessageInfo, InstallationInfo, KemPreKeyState, MessageKeyState, Mode,
    NextStep, Outcome, PreKeyState, Reason, SessionInfo, Suite, WarningInfo,
};

/// What a message is, what it needs to be read, what of that is here, and what to do next. Nothing
/// was changed to find it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What `message_decrypt` would answer now.
    pub outcome: Outcome,
    /// Why the message would not be read. Left out if it would.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// What there is to know about the outcome, for people.
    pub hint: String,
    /// What to do with the message.
    pub next_action: NextStep,
    /// Whether `message_decrypt` would give a `reply` to send.
    pub reply_due: bool,
    /// The whole explanation in sentences, in their order, for people.
    pub explanation: Vec<String>,
    /// The id of the message, which is equal at both ends; null if the bytes do not tell it.
    pub message_id: Option<Hex>,
    /// The session that the message opens on. Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<Hex>,
    /// Whether the message would be read through a ratchet.
    pub forward_secrecy: bool,
    /// Whether the message would be read on a session of suite x25519-mlkem768.
    pub post_quantum: bool,
    /// Whether the message itself proves the identity of its sender.
    pub authenticated: bool,
    /// Whether the message was read before, and not confirmed.
    pub duplicate: bool,
    /// The identity that the caller named as the sender.
    pub sender: Hex,
    /// The device that the message names as its sender; null if it names none.
    pub installation_id: Option<String>,
    /// What is known of the sender's device; null if nothing is.
    pub installation: Option<InstallationInfo>,
    /// For whom the message is.
    pub addressed_to: Addressed,
    /// How the entry for this device is encrypted; null if there is none, or if its headers make no
    /// sense together.
    pub mode: Option<Mode>,
    /// The suite of the entry for this device, as far as its headers and the sessions here tell;
    /// null if they do not, or if there is none.
    pub suite: Option<Suite>,
    /// The signed prekey that the entry for this device names; null if it names none.
    pub prekey: Option<NamedPreKeyInfo>,
    /// The KEM prekey that the entry for this device names; null if it names none, as all but first
    /// messages of suite x25519-mlkem768.
    pub kem_pre_key: Option<NamedKemPreKeyInfo>,
    /// The sessions that the entry for this device is tried on, in this order; at most 8.
    pub sessions: Vec<PossibleSessionInfo>,
    /// The ids of devices that the message would tell of for the first time.
    pub new_installations: Vec<String>,
    /// What is odd about the message.
    pub warnings: Vec<WarningInfo>,
    /// What is in the message, as `message_inspect` shows it.
    pub message: InspectedMessageInfo,
}

/// A signed prekey that an entry names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedPreKeyInfo {
    /// The public signed prekey.
    pub signed_pre_key: Hex,
    /// What is known of the prekey.
    pub state: PreKeyState,
    /// When the prekey was replaced; null if it was not.
    pub replaced_at: Option<u64>,
    /// When the prekey will be erased at the earliest; null if it was not replaced.
    pub erase_at: Option<u64>,
}

/// A KEM prekey that an entry names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedKemPreKeyInfo {
    /// The id of the KEM prekey: 32 bytes, a hash of its public key.
    pub kem_id: Hex,
    /// Which of those that this device keeps with the signed prekey it is.
    pub state: KemPreKeyState,
}

/// A session that the message may belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PossibleSessionInfo {
    /// The session that is tried.
    pub session: SessionInfo,
    /// The id of the message, if it belongs to this session.
    pub message_id: Hex,
    /// Where the key of the message is, if it belongs to this session.
    pub message_key: MessageKeyState,
    /// How many messages between the last one read and this one are missing; null unless
    /// `messageKey` is `ahead`.
    pub missing: Option<u32>,
}
