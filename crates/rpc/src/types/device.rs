//! Results about devices and sessions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{
    Hex, InstallationState, Mode, PostQuantumState, Role, SessionState, Standing, Suite,
};

/// A device of an identity, ours or a contact's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstallationInfo {
    /// The identity that the device belongs to.
    pub identity: Hex,
    /// The id of the device.
    pub installation_id: String,
    /// Whether the device belongs to our own identity.
    pub own: bool,
    /// Whether it is this very device.
    #[serde(rename = "self")]
    pub this_device: bool,
    /// The state of the device: whether messages are encrypted for it, and why not.
    pub state: InstallationState,
    /// Whether the user allows messages to it: see `installation_enable`.
    pub enabled: bool,
    /// The version of the protocol that the device says it speaks; null until a bundle lists it.
    /// Nothing depends on it.
    pub protocol_version: Option<u32>,
    /// The suite that the next new session with the device uses; null if its prekey is not known.
    pub suite: Option<Suite>,
    /// Whether the device takes part in suite x25519-mlkem768.
    pub post_quantum: PostQuantumState,
    /// The version of the device's KEM prekey that is held here: that of the signed prekey it was
    /// made with. A new session is post-quantum while `version` is from this one to 13 above it.
    /// Null if none is held.
    pub kem_version: Option<u32>,
    /// How the next message for the device is encrypted; null if it gets none. `dh`, without
    /// forward secrecy, means that the device has to have a new prekey first: in suite secp256k1
    /// only one session is begun on each prekey, and that one was reset, erased or lost with a
    /// store.
    pub next_mode: Option<Mode>,
    /// The version of the device's prekey; null if that is not known.
    pub version: Option<u32>,
    /// A version of the prekey that bundles list and that is not believed; null if there is none. A
    /// message of the device itself, or `session_reset`, settles it.
    pub refused_version: Option<u32>,
    /// When the version was last found to be lower than before, because the device was set up again
    /// or restored; null if it never was.
    pub version_went_back_at: Option<u64>,
    /// When the device was last active, as far as its messages and bundles tell.
    pub last_active_at: u64,
    /// When the device became stale, or will become so if nothing is heard of it; null if no timer
    /// runs.
    pub stale_at: Option<u64>,
    /// What the frontend noted about the device.
    pub metadata: MetadataInfo,
}

/// What a frontend may note about a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetadataInfo {
    /// A name of the device for people; empty by default.
    pub name: String,
    /// The kind of the device, such as phone or laptop; empty by default.
    pub device_type: String,
    /// The address of a push service; empty by default.
    pub push_token: String,
}

/// A session with a device. No secret of it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// The id of the session, which is equal at both ends.
    pub session_id: Hex,
    /// The identity that the session is with.
    pub identity: Hex,
    /// The device that the session is with; null until it is known.
    pub installation_id: Option<String>,
    /// The suite of the session.
    pub suite: Suite,
    /// Whether the session is post-quantum: of suite x25519-mlkem768.
    pub post_quantum: bool,
    /// Who began the session.
    pub role: Role,
    /// Whether the session was answered.
    pub state: SessionState,
    /// What the session is used for.
    pub standing: Standing,
    /// Whether the session keeps its device from a new one: it is the one session of suite
    /// secp256k1 that may be begun on the present prekey of the device, and is not to be used any
    /// more. The device is written to by DH until it has a new prekey.
    pub prekey_blocked: bool,
    /// When the session was set up on this device.
    pub created_at: u64,
    /// When we last sent on the session; null if never.
    pub last_sent_at: Option<u64>,
    /// When we last received on the session; null if never.
    pub last_received_at: Option<u64>,
    /// When the session was superseded or expired; null if it is active.
    pub ended_at: Option<u64>,
    /// When the session will be erased with its keys; null if it is active.
    pub erase_at: Option<u64>,
    /// How many messages were encrypted on the session.
    pub sent: u64,
    /// How many messages were decrypted on the session.
    pub received: u64,
    /// How many message keys are kept: of messages that were skipped, or read and not confirmed.
    pub stored_keys: u64,
}

/// The answer to `session_reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsReset {
    /// How many sessions were ended.
    pub expired: u64,
}
