//! Results about bundles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Hex, KemState, WarningKind};

/// The bundle we publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleInfo {
    /// The encoded bundle.
    pub bundle: Hex,
    /// The bundle as text, for QR codes and profiles: about 400 characters for one device, 900 for
    /// three.
    pub contact_code: String,
    /// The bundle as text with the KEM prekeys of its devices, for profiles and messengers: about
    /// 2100 characters for one device, 6100 for three, which no QR code holds well. Whoever imports
    /// it begins in suite x25519-mlkem768, so that the first text is post-quantum. Equal to
    /// `contactCode` if there is no KEM prekey.
    pub contact_code_full: String,
    /// Our identity.
    pub identity: Hex,
    /// The version of this device's prekey, which rises by one with each new one.
    pub version: u32,
    /// When the bundle was made.
    pub created_at: u64,
    /// When this device's prekey is due to be replaced.
    pub expires_at: u64,
    /// The ids of the devices that the bundle lists.
    pub installation_ids: Vec<String>,
}

/// A warning: something was odd, and nothing else failed for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WarningInfo {
    /// The kind of the warning.
    pub kind: WarningKind,
    /// What the warning is about, in words.
    pub detail: String,
}

/// What an imported bundle brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedBundleInfo {
    /// The identity whose bundle it is.
    pub identity: Hex,
    /// The devices that the bundle lists and that are known now.
    pub installations: Vec<ImportedInstallation>,
    /// What was odd about the bundle.
    pub warnings: Vec<WarningInfo>,
}

/// One entry of an imported bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedInstallation {
    /// The id of the device.
    pub installation_id: String,
    /// The version of the device's prekey that the bundle lists.
    pub version: u32,
    /// Whether the device was not known before.
    pub is_new: bool,
    /// Whether its prekey replaced an older one that was known.
    pub is_newer: bool,
    /// What is held of the device's KEM prekeys now. With `missing`, ask for the `contactCodeFull`
    /// of its user, or write: the device brings its KEM prekey with its answer.
    pub kem: KemState,
}

/// A bundle taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedBundleInfo {
    /// The identity whose bundle it claims to be; null if that is no public key.
    pub identity: Option<Hex>,
    /// The signed timestamp in nanoseconds: more digits than a JavaScript number holds exactly;
    /// `createdAt` has fewer.
    pub timestamp: i64,
    /// The signed timestamp in milliseconds; null if there is none.
    pub created_at: Option<u64>,
    /// The entries, one for each device.
    pub entries: Vec<InspectedBundleEntry>,
    /// The KEM prekeys beside the entries: at most 4, since no more are read.
    pub kem_pre_keys: Vec<InspectedKemPreKeyInfo>,
    /// Whether the bundle is well formed and signed by its identity.
    pub valid: bool,
    /// Why the bundle is not valid; null if it is.
    pub reason: Option<String>,
}

/// One entry of an inspected bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedBundleEntry {
    /// The id of the device.
    pub installation_id: String,
    /// The public signed prekey of the device.
    pub signed_pre_key: Hex,
    /// The version of the device's prekey.
    pub version: u32,
    /// The version of the protocol that the device says it speaks. Nothing depends on it.
    pub protocol_version: u32,
    /// The ratchet prekey of suites x25519 and x25519-mlkem768; null if there is none, as with
    /// devices of status-go.
    pub ratchet_pre_key: Option<Hex>,
    /// Whether the ratchet prekey is signed for this entry; null if there is none, or if the bundle
    /// is not valid.
    pub ratchet_valid: Option<bool>,
}

/// A KEM prekey beside an inspected bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedKemPreKeyInfo {
    /// The id of the device, whatever its form.
    pub installation_id: String,
    /// The version of the signed prekey that the KEM prekey was made with.
    pub version: u32,
    /// The id of the KEM prekey: 32 bytes, a hash of its public key; null if that does not have
    /// 1184 bytes.
    pub kem_id: Option<Hex>,
    /// Whether the KEM prekey is well formed and signed by the identity.
    pub valid: bool,
}
