//! Results about contacts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{ContactState, EnvelopeInfo, Hex, SkippedInfo};

/// An identity as a contact, and how far both sides have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactInfo {
    /// The identity of the contact, `0x04…`.
    pub identity: Hex,
    /// The identity in its compact form, `zQ3sh…`.
    pub compressed_key: String,
    /// The state of the contact.
    pub state: ContactState,
    /// Whether the user has compared the safety number and noted that it is equal.
    pub verified: bool,
    /// Whether a device of the contact has answered ours: what is sent to it now has forward
    /// secrecy.
    pub forward_secrecy: bool,
    /// The safety number: 60 decimal digits that are equal at both ends, to be compared by another
    /// way than this transport.
    pub safety_number: String,
    /// When the contact was first recorded; null if nothing was.
    pub added_at: Option<u64>,
}

/// A contact's new state, and what has to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactStepInfo {
    /// The contact as it is now.
    #[serde(flatten)]
    pub contact: ContactInfo,
    /// The wire messages to send; empty if there is nothing to send.
    pub envelopes: Vec<EnvelopeInfo>,
    /// The devices that got no copy, and why.
    pub skipped: Vec<SkippedInfo>,
}
