//! Results about bundles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Hex, WarningKind};

/// The bundle we publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleInfo {
    /// The encoded bundle.
    pub bundle: Hex,
    /// The bundle as text, for QR codes and profiles.
    pub contact_code: String,
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
    /// The ratchet prekey of suite x25519; null if there is none, as with devices of status-go.
    pub ratchet_pre_key: Option<Hex>,
    /// Whether the ratchet prekey is signed for this entry; null if there is none, or if the bundle
    /// is not valid.
    pub ratchet_valid: Option<bool>,
}
