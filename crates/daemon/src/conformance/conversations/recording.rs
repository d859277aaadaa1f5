//! The form of the file: conversations, each with its parties, their devices, and what these did in
//! order.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

/// One conversation. A step is read on its own, so that an error can name it.
#[derive(Deserialize)]
pub(super) struct Conversation {
    pub(super) config: Limits,
    pub(super) parties: BTreeMap<String, Party>,
    pub(super) devices: BTreeMap<String, DeviceOf>,
    pub(super) steps: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct Limits {
    pub(super) max_skip: u32,
    pub(super) max_message_keys_per_session: u32,
}

#[derive(Deserialize)]
pub(super) struct Party {
    pub(super) identity_private_key: Hex,
    pub(super) identity_public_key: Hex,
    pub(super) identity_compressed: Hex,
}

#[derive(Deserialize)]
pub(super) struct DeviceOf {
    pub(super) party: String,
    pub(super) installation_id: String,
}

/// What one device did, with the draws and clock readings for it.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Step {
    Send(Send),
    Receive(Receive),
    Confirm(Confirm),
    GetBundle(GetBundle),
    ProcessPublicBundle(ProcessPublicBundle),
    Drop(Drop),
    AdvanceClock(AdvanceClock),
    EnableInstallation(EnableInstallation),
}

#[derive(Deserialize)]
pub(super) struct Send {
    pub(super) msg: u64,
    pub(super) device: String,
    pub(super) kind: SendKind,
    /// Null for a public message.
    pub(super) recipient_party: Option<String>,
    pub(super) payload_hex: Hex,
    pub(super) message_hex: Hex,
    pub(super) targeted_installations: Vec<String>,
    pub(super) shared_secret: Option<Hex>,
    pub(super) rng: Vec<Draw>,
    pub(super) now: Vec<i64>,
}

/// Which of status-go's functions made the message.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum SendKind {
    /// For the devices of the recipient that are known, or by DH if none is.
    #[serde(rename = "build_direct")]
    Direct,
    #[serde(rename = "build_bundle_advertisement")]
    Advertisement,
    #[serde(rename = "build_dh")]
    Dh,
    #[serde(rename = "build_public")]
    Public,
}

#[derive(Deserialize)]
pub(super) struct Receive {
    pub(super) device: String,
    pub(super) msg: u64,
    pub(super) sender_pubkey: Hex,
    pub(super) message_id: String,
    pub(super) expect: Expect,
    pub(super) rng: Vec<Draw>,
}

/// The result in status-go.
#[derive(Deserialize)]
pub(super) struct Expect {
    pub(super) ok: bool,
    pub(super) payload_hex: Option<Hex>,
    pub(super) error_class: Option<Refusal>,
    pub(super) shared_secrets: Option<Vec<Hex>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refusal {
    /// The key was used and confirmed.
    BadUntil,
    /// By DH, for another identity.
    GcmAuthFailed,
    /// Of a sibling, which has no entry for this device.
    NotPairedDevice,
    /// Of somebody else, who has none.
    DeviceNotFound,
    /// A public message without a payload.
    NoPayload,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Confirm {
    pub(super) device: String,
    pub(super) message_id: String,
}

#[derive(Deserialize)]
pub(super) struct GetBundle {
    pub(super) device: String,
    pub(super) bundle_hex: Hex,
    pub(super) rng: Vec<Draw>,
    pub(super) now: Vec<i64>,
}

#[derive(Deserialize)]
pub(super) struct ProcessPublicBundle {
    pub(super) device: String,
    pub(super) bundle_hex: Hex,
    pub(super) expect: Processed,
}

#[derive(Deserialize)]
pub(super) struct Processed {
    pub(super) ok: bool,
}

/// A message that the device never gets.
#[derive(Deserialize)]
pub(super) struct Drop {
    pub(super) device: String,
    pub(super) msg: u64,
}

#[derive(Deserialize)]
pub(super) struct AdvanceClock {
    pub(super) set_ns: i64,
}

#[derive(Deserialize)]
pub(super) struct EnableInstallation {
    pub(super) device: String,
    pub(super) installation_id: String,
}

/// One draw of randomness: a private key, or the nonce of AES-GCM.
#[derive(Deserialize)]
pub(super) struct Draw {
    pub(super) hex: Hex,
    /// The public half of a key.
    pub(super) compressed: Option<Hex>,
    pub(super) role: Role,
    pub(super) for_installation: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    SignedPreKey,
    X3dhEphemeral,
    RatchetKey,
    DhEphemeral,
    GcmNonce,
}

/// Plain hex.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        if !text.chars().all(plain) {
            return Err(D::Error::custom("not plain hex"));
        }
        const_hex::decode(text).map(Self).map_err(D::Error::custom)
    }
}

impl Step {
    /// What it is called in errors.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::Receive(_) => "receive",
            Self::Confirm(_) => "confirm",
            Self::GetBundle(_) => "get_bundle",
            Self::ProcessPublicBundle(_) => "process_public_bundle",
            Self::Drop(_) => "drop",
            Self::AdvanceClock(_) => "advance_clock",
            Self::EnableInstallation(_) => "enable_installation",
        }
    }
}
