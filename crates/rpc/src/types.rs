//! The types of results, as they stand in JSON: camelCase, times in milliseconds since the
//! epoch, bytes as `0x` and lowercase hex.
//!
//! A value that is absent is `null`, except where the interface marks the member as
//! optional: then it is left out.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::forms::to_hex;

/// Bytes, `0x` and lowercase hex in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_prefix("0x")
            .and_then(|digits| const_hex::decode(digits).ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("expected 0x and hex digits"))
    }
}

/// An account: one device of one identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountInfo {
    /// Its local name.
    pub account: String,
    /// The chat key, `0x04…`.
    pub public_key: Hex,
    /// The same, `zQ3sh…`.
    pub compressed_key: String,
    /// This device.
    pub installation_id: String,
    /// When it was made here.
    pub created_at: u64,
}

/// A new account with its recovery phrase, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// The account.
    #[serde(flatten)]
    pub account: AccountInfo,
    /// The phrase: whoever has it has the identity.
    pub mnemonic: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// The answer to a removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Always true.
    pub removed: bool,
}

/// The bundle we publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleInfo {
    /// Encoded.
    pub bundle: Hex,
    /// The same as text, for QR codes and profiles.
    pub contact_code: String,
    /// Our identity.
    pub identity: Hex,
    /// Version of this device's prekey.
    pub version: u32,
    /// When the bundle was made.
    pub created_at: u64,
    /// When this device's prekey is due to be replaced.
    pub expires_at: u64,
    /// The devices it lists.
    pub installation_ids: Vec<String>,
}

/// Something odd that cost nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningInfo {
    /// A stable name.
    pub kind: String,
    /// What it is about.
    pub detail: String,
}

/// What an imported bundle brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedBundleInfo {
    /// Whose.
    pub identity: Hex,
    /// Its entries that are known now.
    pub installations: Vec<ImportedInstallation>,
    /// What was odd.
    pub warnings: Vec<WarningInfo>,
}

/// One entry of an imported bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedInstallation {
    /// The device.
    pub installation_id: String,
    /// The version listed.
    pub version: u32,
    /// It was not known before.
    pub is_new: bool,
    /// Its prekey replaced an older one.
    pub is_newer: bool,
}

/// A bundle taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedBundleInfo {
    /// Whose it claims to be; null if that is no key.
    pub identity: Option<Hex>,
    /// Its signed timestamp, nanoseconds, as text: JSON numbers are not that precise everywhere.
    pub timestamp: String,
    /// The same in milliseconds; null if it has none.
    pub created_at: Option<u64>,
    /// Its entries.
    pub entries: Vec<InspectedBundleEntry>,
    /// Whether it is well formed and signed by its identity.
    pub valid: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// One entry of an inspected bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedBundleEntry {
    /// The device.
    pub installation_id: String,
    /// Its signed prekey.
    pub signed_pre_key: Hex,
    /// Its version.
    pub version: u32,
    /// Informational.
    pub protocol_version: u32,
    /// The ratchet prekey of suite x25519; null if there is none.
    pub ratchet_pre_key: Option<Hex>,
    /// Whether it is signed for this entry; null if there is none, or the bundle is not valid.
    pub ratchet_valid: Option<bool>,
}

/// One device a message was encrypted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetInfo {
    /// The device; `"none"` for DH; null for a public message.
    pub installation_id: Option<String>,
    /// `x3dh`, `ratchet`, `dh` or `public`.
    pub mode: String,
    /// `x25519` or `secp256k1`; null for DH and public messages.
    pub suite: Option<String>,
    /// The session, the same at both ends; null for DH and public messages.
    pub session_id: Option<Hex>,
    /// The message, the same at both ends.
    pub message_id: Hex,
}

/// A wire message for the transport.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeInfo {
    /// Whom it is for; null for a public message.
    pub recipient: Option<Hex>,
    /// The encoded `ProtocolMessage`.
    pub message: Hex,
    /// The devices that can read it.
    pub targets: Vec<TargetInfo>,
}

/// A device that got no copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SkippedInfo {
    /// Whose.
    pub identity: Hex,
    /// Which.
    pub installation_id: String,
    /// `stale`, `over_limit`, `pending`, `disabled`, `suite_forbidden` or `no_prekey`.
    pub reason: String,
}

/// The answer to a send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelopes {
    /// The wire messages.
    pub envelopes: Vec<EnvelopeInfo>,
}

/// What became of a received message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decrypted {
    /// `decrypted`, `public`, `bundle`, `own`, `not_targeted` or `undecryptable`.
    pub outcome: String,
    /// The message, the same at both ends; null if the bytes do not tell.
    pub message_id: Option<Hex>,
    /// The identity the caller named.
    pub sender: Hex,
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
    /// The message itself proves the sender's identity.
    pub authenticated: bool,
    /// It was read before, and not confirmed.
    pub duplicate: bool,
    /// The session it was read on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<Hex>,
    /// Why it was not read (a closed list).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
    /// What to do: `send_reply`, `drop`, `wait` or `rekey`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_action: Option<String>,
    /// To be sent back to the sender.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply: Option<EnvelopeInfo>,
    /// Devices met for the first time.
    pub new_installations: Vec<String>,
    /// What was odd.
    pub warnings: Vec<WarningInfo>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// How many were read, not yet confirmed, and are confirmed now.
    pub confirmed: u64,
}

/// A wire message taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// One entry of an inspected message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedTargetInfo {
    /// The device it is for, or `none`.
    pub installation_id: String,
    /// `x3dh`, `ratchet` or `dh`; null if its headers make no sense together.
    pub mode: Option<String>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct X3dhHeaderInfo {
    /// The initiator's ephemeral key.
    pub key: Hex,
    /// The responder's signed prekey.
    pub id: Hex,
}

/// A DR header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhHeaderInfo {
    /// The ephemeral key.
    pub key: Hex,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallationInfo {
    /// Whose.
    pub identity: Hex,
    /// Its id.
    pub installation_id: String,
    /// It belongs to our own identity.
    pub own: bool,
    /// It is this very device.
    #[serde(rename = "self")]
    pub this_device: bool,
    /// `active`, `pending`, `disabled`, `stale` or `over_limit`.
    pub state: String,
    /// Whether it may be sent to at all.
    pub enabled: bool,
    /// Informational; null until a bundle lists it.
    pub protocol_version: Option<u32>,
    /// The suite the next new session with it uses; null if its prekey is not known.
    pub suite: Option<String>,
    /// Its last activity.
    pub last_active_at: u64,
    /// When it became, or will become, stale; null if no timer runs.
    pub stale_at: Option<u64>,
    /// What the frontend noted about it.
    pub metadata: MetadataInfo,
}

/// What a frontend may note about a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataInfo {
    /// A name for people.
    pub name: String,
    /// Phone, laptop and the like.
    pub device_type: String,
    /// Address of a push service.
    pub push_token: String,
}

/// A session. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// The same at both ends.
    pub session_id: Hex,
    /// The other identity.
    pub identity: Hex,
    /// The other device; null until it is known.
    pub installation_id: Option<String>,
    /// `x25519` or `secp256k1`.
    pub suite: String,
    /// `initiator` or `responder`.
    pub role: String,
    /// `unconfirmed` or `established`.
    pub state: String,
    /// `active`, `superseded` or `expired`.
    pub standing: String,
    /// When it was set up here.
    pub created_at: u64,
    /// When we last sent on it.
    pub last_sent_at: Option<u64>,
    /// When we last received on it.
    pub last_received_at: Option<u64>,
    /// When it was superseded or expired.
    pub ended_at: Option<u64>,
    /// When it will be erased with its keys.
    pub erase_at: Option<u64>,
    /// Messages sealed.
    pub sent: u64,
    /// Messages opened.
    pub received: u64,
    /// Message keys kept: skipped, or read and not confirmed.
    pub stored_keys: u64,
}

/// Whether the daemon works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`, or `failing`.
    pub status: String,
    /// What is failing.
    pub reason: Option<String>,
}

/// What is running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The git revision it was built from; null if that is not known.
    pub revision: Option<String>,
    /// Version of the protocol in our bundles.
    pub protocol: u32,
}

/// How the daemon is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// When it started.
    pub started_at: u64,
    /// Its clock.
    pub now: u64,
    /// Its accounts.
    pub accounts: Vec<AccountStatus>,
}

/// How an account is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountStatus {
    /// Its name.
    pub account: String,
    /// Identities known.
    pub peers: u64,
    /// Devices known.
    pub devices: u64,
    /// Sessions of any standing.
    pub sessions: u64,
    /// Message keys kept.
    pub stored_keys: u64,
    /// Calls that wait for the account's worker.
    pub queued: u64,
}

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Milliseconds since the epoch.
    pub now: u64,
}

/// A prekey taken from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedPreKeyInfo {
    /// Its signed half.
    pub signed_pre_key: Hex,
    /// Its ratchet half.
    pub ratchet_pre_key: Option<Hex>,
    /// Its version.
    pub version: u32,
}
