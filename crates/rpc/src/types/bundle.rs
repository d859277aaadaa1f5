//! Results about bundles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Hex, WarningKind};

/// The bundle we publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WarningInfo {
    /// What it is.
    pub kind: WarningKind,
    /// What it is about.
    pub detail: String,
}

/// What an imported bundle brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedBundleInfo {
    /// Whose.
    pub identity: Hex,
    /// Its entries that are known now.
    pub installations: Vec<ImportedInstallation>,
    /// What was odd.
    pub warnings: Vec<WarningInfo>,
}

/// One entry of an imported bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedBundleInfo {
    /// Whose it claims to be; null if that is no key.
    pub identity: Option<Hex>,
    /// Its signed timestamp, nanoseconds: more digits than a JavaScript number holds exactly;
    /// `createdAt` has fewer.
    pub timestamp: i64,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
