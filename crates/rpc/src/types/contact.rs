//! Results about contacts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{ContactState, EnvelopeInfo, Hex, SkippedInfo};

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactInfo {
    /// Who, uncompressed.
    pub identity: Hex,
    /// The same in the short form, `zQ3sh…`.
    pub compressed_key: String,
    /// How we stand to it.
    pub state: ContactState,
    /// The user has compared the safety number.
    pub verified: bool,
    /// Some device of theirs has answered ours: what is sent to it now has forward secrecy.
    pub forward_secrecy: bool,
    /// 60 decimal digits, the same at both ends: to be compared by another way.
    pub safety_number: String,
    /// When it was first recorded; null if it is not.
    pub added_at: Option<u64>,
}

/// A contact's new state, and what has to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactStepInfo {
    /// As it is now.
    #[serde(flatten)]
    pub contact: ContactInfo,
    /// Wire messages for the transport.
    pub envelopes: Vec<EnvelopeInfo>,
    /// Devices that got no copy.
    pub skipped: Vec<SkippedInfo>,
}
