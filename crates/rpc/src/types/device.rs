//! Results about devices and sessions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Hex, InstallationState, Mode, Role, SessionState, Standing, Suite};

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// How it stands.
    pub state: InstallationState,
    /// Whether it may be sent to at all.
    pub enabled: bool,
    /// Informational; null until a bundle lists it.
    pub protocol_version: Option<u32>,
    /// The suite the next new session with it uses; null if its prekey is not known.
    pub suite: Option<Suite>,
    /// How the next message for it is encrypted; null if it gets none. `dh`, without forward
    /// secrecy, until the device has a new prekey: in suite secp256k1 one session is begun on each,
    /// and that one was reset, erased or lost with a store.
    pub next_mode: Option<Mode>,
    /// Version of its prekey; null if that is not known.
    pub version: Option<u32>,
    /// A version that its bundles list and that is not believed; null if there is none. A message
    /// of the device itself, or `session_reset`, settles it.
    pub refused_version: Option<u32>,
    /// When its version was last lower than before, because it was set up again or restored.
    pub version_went_back_at: Option<u64>,
    /// Its last activity.
    pub last_active_at: u64,
    /// When it became, or will become, stale; null if no timer runs.
    pub stale_at: Option<u64>,
    /// What the frontend noted about it.
    pub metadata: MetadataInfo,
}

/// What a frontend may note about a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// The same at both ends.
    pub session_id: Hex,
    /// The other identity.
    pub identity: Hex,
    /// The other device; null until it is known.
    pub installation_id: Option<String>,
    /// The curve of its ratchet.
    pub suite: Suite,
    /// Who began it.
    pub role: Role,
    /// Whether it was answered.
    pub state: SessionState,
    /// What it is used for.
    pub standing: Standing,
    /// It is the one session of suite secp256k1 that is begun on the present prekey of its device,
    /// and is not to be used: the device is written to by DH until it has a new prekey.
    pub prekey_blocked: bool,
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

/// The answer to `session_reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsReset {
    /// Sessions that expired.
    pub expired: u64,
}
