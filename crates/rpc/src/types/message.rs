//! Results about messages.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::types::{
    ContactMark, Hex, InspectedBundleInfo, Mode, NextAction, Outcome, Reason, SkipReason, Suite,
    WarningInfo, by_outcome::by_outcome,
};

/// One device a message was encrypted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetInfo {
    /// The device; `"none"` for DH to an identity of which no device is known; null for a public
    /// message.
    pub installation_id: Option<String>,
    /// How it is encrypted.
    pub mode: Mode,
    /// The session's; null for DH and public messages.
    pub suite: Option<Suite>,
    /// The session, the same at both ends; null for DH and public messages.
    pub session_id: Option<Hex>,
    /// The message, the same at both ends.
    pub message_id: Hex,
}

/// A wire message for the transport.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvelopeInfo {
    /// Whom it is for; null for a public message.
    pub recipient: Option<Hex>,
    /// The encoded `ProtocolMessage`.
    pub message: Hex,
    /// The devices it is encrypted for. What goes by DH any other device of the identity can read,
    /// too, if it has no copy of its own.
    pub targets: Vec<TargetInfo>,
    /// The same in an envelope that this identity signed, ready for a relay; left out unless `seal`
    /// asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sealed: Option<Hex>,
    /// The topic that the envelope goes by: 4 bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub topic: Option<Hex>,
    /// The same as a Waku network names it: `/waku/1/0x…/rfc26`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_topic: Option<String>,
}

/// A device that got no copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkippedInfo {
    /// Whose.
    pub identity: Hex,
    /// Which.
    pub installation_id: String,
    /// Why.
    pub reason: SkipReason,
}

/// The answer to a send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Encrypted {
    /// One wire message per identity addressed; our own devices' copies come last.
    pub envelopes: Vec<EnvelopeInfo>,
    /// Whether every copy has forward secrecy.
    pub forward_secrecy: bool,
    /// The devices left out.
    pub skipped: Vec<SkippedInfo>,
}

/// Wire messages without more to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelopes {
    /// The wire messages.
    pub envelopes: Vec<EnvelopeInfo>,
}

/// What became of a received message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = Self::by_outcome)]
pub struct Decrypted {
    /// What it is.
    pub outcome: Outcome,
    /// The message, the same at both ends; null if the bytes do not tell.
    pub message_id: Option<Hex>,
    /// The identity that the caller named, or that signed the envelope; null if that did not open.
    pub sender: Option<Hex>,
    /// The device the message names; null if it names none.
    pub installation_id: Option<String>,
    /// The plaintext.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload: Option<Hex>,
    /// The plaintext, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// It was read through a ratchet.
    pub forward_secrecy: bool,
    /// The sender's identity is proven: by the message itself, or by the signature of the envelope
    /// that it came in.
    pub authenticated: bool,
    /// It was read before, and not confirmed.
    pub duplicate: bool,
    /// The session it was read on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<Hex>,
    /// Why it was not read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_action: Option<NextAction>,
    /// To be sent back to the sender.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply: Option<EnvelopeInfo>,
    /// Devices met for the first time.
    pub new_installations: Vec<String>,
    /// What was odd.
    pub warnings: Vec<WarningInfo>,
}

impl Decrypted {
    /// Says in the schema what is there with which outcome.
    fn by_outcome(schema: &mut Schema) {
        let outcomes = Outcome::ALL.iter().map(|outcome| {
            let present: &[&str] = match outcome {
                Outcome::Decrypted | Outcome::Public => &["messageId", "sender", "payload"],
                Outcome::Bundle | Outcome::Own => &["sender"],
                Outcome::NotTargeted | Outcome::Undecryptable => {
                    &["sender", "reason", "hint", "nextAction"]
                }
                Outcome::Unopened => &["reason", "hint", "nextAction"],
            };
            (outcome.name(), outcome.about(), present)
        });
        by_outcome(schema, outcomes);
    }
}

impl std::fmt::Debug for Decrypted {
    /// Never the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decrypted")
            .field("outcome", &self.outcome)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// The answer to a confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmed {
    /// How many were read, not yet confirmed, and are confirmed now.
    pub confirmed: u64,
}

/// A wire message taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedMessageInfo {
    /// The device it names as its sender, of whatever form.
    pub installation_id: String,
    /// Its bundles.
    pub bundles: Vec<InspectedBundleInfo>,
    /// Its entries.
    pub targets: Vec<InspectedTargetInfo>,
    /// Length of its public message; 0 if there is none.
    pub public_bytes: u64,
    /// What it says that it is to a contact; null if it says nothing.
    pub contact: Option<ContactMark>,
}

/// One entry of an inspected message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedTargetInfo {
    /// The device it is for, or `none`.
    pub installation_id: String,
    /// How it is encrypted; null if its headers make no sense together.
    pub mode: Option<Mode>,
    /// X3DH header.
    pub x3dh_header: Option<X3dhHeaderInfo>,
    /// DR header.
    pub dr_header: Option<DrHeaderInfo>,
    /// DH header.
    pub dh_header: Option<DhHeaderInfo>,
    /// Length of the ciphertext.
    pub payload_bytes: u64,
}

/// An X3DH header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct X3dhHeaderInfo {
    /// The initiator's ephemeral key.
    pub key: Hex,
    /// The responder's signed prekey.
    pub id: Hex,
}

/// A DR header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrHeaderInfo {
    /// Ratchet public key.
    pub key: Hex,
    /// Number in its chain.
    pub n: u32,
    /// Length of the chain before.
    pub pn: u32,
    /// The responder's signed prekey.
    pub id: Hex,
}

/// A DH header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DhHeaderInfo {
    /// The ephemeral key.
    pub key: Hex,
}
