//! Why a message opens, or does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{
    Addressed, Hex, InspectedMessageInfo, InstallationInfo, MessageKeyState, Mode, NextStep,
    Outcome, PreKeyState, Reason, SessionInfo, WarningInfo,
};

/// What a message is, what it needs, what of that there is, and what to do next. Nothing was
/// changed to find it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What `message_decrypt` would answer now.
    pub outcome: Outcome,
    /// Why it would not be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// What is to be known of that, for people.
    pub hint: String,
    /// What to do.
    pub next_action: NextStep,
    /// Whether `message_decrypt` would give a `reply` to send.
    pub reply_due: bool,
    /// All of it in sentences, one after the other, for people.
    pub explanation: Vec<String>,
    /// The message, the same at both ends; null if the bytes do not tell.
    pub message_id: Option<Hex>,
    /// The session it opens on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<Hex>,
    /// Read through a ratchet.
    pub forward_secrecy: bool,
    /// The sender's identity is proven by the message itself.
    pub authenticated: bool,
    /// Read before, and not confirmed.
    pub duplicate: bool,
    /// The identity the caller named.
    pub sender: Hex,
    /// The device the message names; null if it names none.
    pub installation_id: Option<String>,
    /// What is known of that device; null if nothing is.
    pub installation: Option<InstallationInfo>,
    /// For whom it is.
    pub addressed_to: Addressed,
    /// How the entry for this device is encrypted; null if there is none, or its headers make no
    /// sense together.
    pub mode: Option<Mode>,
    /// The signed prekey that the entry names; null if it names none.
    pub prekey: Option<NamedPreKeyInfo>,
    /// The sessions that the entry is tried on, in this order; at most 8.
    pub sessions: Vec<PossibleSessionInfo>,
    /// Devices it would tell of for the first time.
    pub new_installations: Vec<String>,
    /// What was odd.
    pub warnings: Vec<WarningInfo>,
    /// The message taken apart, as `message_inspect` does.
    pub message: InspectedMessageInfo,
}

/// A signed prekey that an entry names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedPreKeyInfo {
    /// Its public part.
    pub signed_pre_key: Hex,
    /// What is known of it.
    pub state: PreKeyState,
    /// When it was replaced; null if it was not.
    pub replaced_at: Option<u64>,
    /// The earliest that it will be erased; null if it was not replaced.
    pub erase_at: Option<u64>,
}

/// A session that an entry can be of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PossibleSessionInfo {
    /// The session.
    pub session: SessionInfo,
    /// What the message is called if it is of this session.
    pub message_id: Hex,
    /// Where its key is.
    pub message_key: MessageKeyState,
    /// Messages between the last one read and this one; null unless it is ahead.
    pub missing: Option<u32>,
}
