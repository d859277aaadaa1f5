//! Results about messages.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::types::{
    ContactMark, Hex, InspectedBundleInfo, Mode, NextAction, NotPostQuantum, Outcome, Reason,
    ReceivedGroupKey, SkipReason, Suite, UsedGroupKey, WarningInfo, by_outcome::by_outcome,
};

/// One device a message was encrypted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetInfo {
    /// The id of the device; `"none"` for DH to an identity of which no device is known; null for a
    /// public message.
    pub installation_id: Option<String>,
    /// How the entry is encrypted for the device.
    pub mode: Mode,
    /// The suite of the session; null for DH and public messages.
    pub suite: Option<Suite>,
    /// The id of the session, which is equal at both ends; null for DH and public messages.
    pub session_id: Option<Hex>,
    /// The id of the message, which is equal at both ends.
    pub message_id: Hex,
    /// Whether the copy stays secret from whoever records it now and has a quantum computer later:
    /// whether it is of suite x25519-mlkem768.
    pub post_quantum: bool,
    /// Why the copy is not post-quantum. Left out if it is, and of public messages and those under
    /// a group key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_post_quantum: Option<NotPostQuantum>,
}

/// A wire message for the transport.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvelopeInfo {
    /// The identity that the message is for; null for a public message.
    pub recipient: Option<Hex>,
    /// The wire message: an encoded `ProtocolMessage`.
    pub message: Hex,
    /// The devices that the message is encrypted for. What goes by DH can be read by any other
    /// device of the identity, too, if it has no copy of its own. Empty if the message is an
    /// advertisement, which has no text: beside devices in `skipped` it asks for KEM prekeys that
    /// are missing.
    pub targets: Vec<TargetInfo>,
    /// The wire message in an envelope that this identity signed, ready for a relay. Left out
    /// unless `seal` asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sealed: Option<Hex>,
    /// The topic to send the sealed envelope by: 4 bytes. Left out unless `seal` asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub topic: Option<Hex>,
    /// The topic as a Waku network names it: `/waku/1/0x…/rfc26`. Left out unless `seal` asked for
    /// it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_topic: Option<String>,
}

/// A device that got no copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkippedInfo {
    /// The identity that the device belongs to.
    pub identity: Hex,
    /// The id of the device.
    pub installation_id: String,
    /// Why the device got no copy. With `kem_key_missing`, send the envelopes of this result all the
    /// same. If no device of the recipient got a copy, send the text again once
    /// `installation.kem_prekey` names the device; or import the contact's `contactCodeFull` with
    /// `bundle_import`, and send the text again. Beside a copy for another device the text is not
    /// withheld, and the next message reaches this one.
    pub reason: SkipReason,
}

/// The messages that were made for a send, and the devices that were left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Encrypted {
    /// The wire messages to send, one for each identity; the one with the copies for our own
    /// devices comes last.
    pub envelopes: Vec<EnvelopeInfo>,
    /// Whether every copy has forward secrecy.
    pub forward_secrecy: bool,
    /// Whether every copy is post-quantum, those for our own devices too; false if there is no copy,
    /// and under a group key.
    pub post_quantum: bool,
    /// The devices that got no copy, and why.
    pub skipped: Vec<SkippedInfo>,
    /// The group key that the message is encrypted under. Left out unless `mode` asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_key: Option<UsedGroupKey>,
}

/// Wire messages to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelopes {
    /// The wire messages to send.
    pub envelopes: Vec<EnvelopeInfo>,
}

/// For whom a message was that another device of this identity sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyOfInfo {
    /// The identities that the message was addressed to, each once, in the order of the call. Our
    /// own is among them if it was named there.
    pub recipients: Vec<Hex>,
    /// The request id of the call that made the message. Left out if it had none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
}

/// What became of a received message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = Self::by_outcome)]
pub struct Decrypted {
    /// What became of the message.
    pub outcome: Outcome,
    /// The id of the message, which is equal at both ends; null if the bytes do not tell it.
    pub message_id: Option<Hex>,
    /// The identity that the caller named as the sender, or that signed the envelope; null if the
    /// envelope did not open.
    pub sender: Option<Hex>,
    /// The device that the message names as its sender; null if it names none.
    pub installation_id: Option<String>,
    /// The plaintext as bytes. Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload: Option<Hex>,
    /// The plaintext as text, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// Whether the message was read through a ratchet.
    pub forward_secrecy: bool,
    /// Whether the message was read on a session of suite x25519-mlkem768: whoever has recorded it
    /// cannot read it with a quantum computer later.
    pub post_quantum: bool,
    /// Whether the sender's identity is proven: by the message itself, or by the signature of the
    /// envelope that it came in.
    pub authenticated: bool,
    /// What the message says that it is to a contact, besides its text or without one. Left out if
    /// it says nothing of the kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contact: Option<ContactMark>,
    /// Whether the message was read before, and not confirmed.
    pub duplicate: bool,
    /// For whom the message was, if it is a copy of one that another device of this identity sent.
    /// Left out of everything else, and of a copy that does not say so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub copy_of: Option<CopyOfInfo>,
    /// The group keys that came with the message, and what became of each. Left out if none came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_keys: Option<Vec<ReceivedGroupKey>>,
    /// The group key that the message is encrypted under, whether or not it was read. Left out of
    /// everything else.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_key: Option<UsedGroupKey>,
    /// The session that the message was read on. Left out if there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<Hex>,
    /// Why the message was not read. Left out if it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// What to know about the reason, for people. Left out if the message was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
    /// What to do next. Left out if there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_action: Option<NextAction>,
    /// A message to send back to the sender. Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply: Option<EnvelopeInfo>,
    /// The ids of devices of the sender that were met for the first time.
    pub new_installations: Vec<String>,
    /// What was odd about the message or its bundles.
    pub warnings: Vec<WarningInfo>,
}

impl Decrypted {
    /// Says in the schema what is there with which outcome.
    fn by_outcome(schema: &mut Schema) {
        let outcomes = Outcome::ALL.iter().map(|outcome| {
            let present: &[&str] = match outcome {
                Outcome::Decrypted | Outcome::Public => &["messageId", "sender", "payload"],
                Outcome::Contact => &["messageId", "sender", "contact"],
                Outcome::GroupKey => &["messageId", "sender", "groupKeys"],
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
    /// How many messages were read, not yet confirmed, and are confirmed now.
    pub confirmed: u64,
}

/// What is in a wire message, as far as it can be seen without keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedMessageInfo {
    /// The device that the message names as its sender, whatever its form.
    pub installation_id: String,
    /// The bundles that come with the message.
    pub bundles: Vec<InspectedBundleInfo>,
    /// The entries, one for each device that the message is for.
    pub targets: Vec<InspectedTargetInfo>,
    /// The length of the public message in it, in bytes; 0 if there is none.
    pub public_bytes: u64,
    /// What the message says that it means to a contact; null if it says nothing.
    pub contact: Option<ContactMark>,
    /// The ids of the devices whose KEM prekeys the message asks for, whatever their form: at most
    /// 4, since no more are read.
    pub kem_wanted: Vec<String>,
}

/// One entry of an inspected message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedTargetInfo {
    /// The device that the entry is for, or `none` for DH to the identity.
    pub installation_id: String,
    /// How the entry is encrypted; null if its headers make no sense together.
    pub mode: Option<Mode>,
    /// The header of a first message, by X3DH; null if there is none.
    pub x3dh_header: Option<X3dhHeaderInfo>,
    /// The header of the Double Ratchet; null if there is none.
    pub dr_header: Option<DrHeaderInfo>,
    /// The header of a message by DH; null if there is none.
    pub dh_header: Option<DhHeaderInfo>,
    /// The header of a message under a group key, or of one that brings keys; null if there is
    /// none.
    pub hr_header: Option<HrHeaderInfo>,
    /// The length of the ciphertext, in bytes.
    pub payload_bytes: u64,
    /// The length of the sealed field that says for whom the message was, in bytes: 0 in everything
    /// but copies for the sender's own devices.
    pub copy_of_bytes: u64,
}

/// The header of a first message, by X3DH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct X3dhHeaderInfo {
    /// The initiator's ephemeral key.
    pub key: Hex,
    /// The responder's signed prekey.
    pub id: Hex,
    /// The id of the responder's KEM prekey, 32 bytes; null outside of suite x25519-mlkem768.
    pub kem_id: Option<Hex>,
    /// The length of the ML-KEM-768 ciphertext, in bytes: 1088 in suite x25519-mlkem768, else 0.
    pub kem_ciphertext_bytes: u64,
}

/// The header of a message of the Double Ratchet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrHeaderInfo {
    /// The sender's public ratchet key.
    pub key: Hex,
    /// The number of the message in its chain.
    pub n: u32,
    /// The length of the chain before it.
    pub pn: u32,
    /// The responder's signed prekey.
    pub id: Hex,
}

/// The header of a message by DH to the identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DhHeaderInfo {
    /// The sender's ephemeral key.
    pub key: Hex,
}

/// The header of a message under a group key, or of one that brings keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HrHeaderInfo {
    /// The group: its id, or `0x` and hex of one without a log.
    pub group: String,
    /// The id of the key.
    pub key_id: Hex,
    /// The number of the message under the key; 0 if it brings keys.
    pub seq_no: u32,
    /// How many keys the header itself has. Keys in the payload cannot be seen without the key to
    /// it.
    pub keys: u64,
}
