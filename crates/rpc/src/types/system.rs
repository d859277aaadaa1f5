//! Results about the daemon itself.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::types::{ContactPolicy, HealthStatus, Hex, RollbackKind};

/// The interface, for programs: an OpenRPC document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpenRpcDocument(pub serde_json::Value);

impl JsonSchema for OpenRpcDocument {
    fn schema_name() -> Cow<'static, str> {
        "OpenRpcDocument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "An OpenRPC document, as https://spec.open-rpc.org says.",
            "required": ["openrpc", "info", "methods"],
        })
    }
}

/// Whether the daemon works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Whether it does.
    pub status: HealthStatus,
    /// What is failing.
    pub reason: Option<String>,
    /// Whether callers may move the clock and set prekeys of accounts that may be real.
    pub dev_on_real_data: bool,
}

/// What is running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogFilterInfo {
    /// From now on.
    pub filter: String,
    /// Until now.
    pub previous: String,
}

/// How the daemon is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// The git revision it was built from; null if that is not known.
    pub revision: Option<String>,
    /// When it started.
    pub started_at: u64,
    /// Its clock.
    pub now: u64,
    /// The number of the newest event, 0 if there was none: as `after` it leads to those that are
    /// still to come.
    pub newest_event: u64,
    /// What keeps its memory to itself.
    pub memory: MemoryProtection,
    /// Whether callers may move the clock and set prekeys.
    pub dev: bool,
    /// Whether they may do so to accounts that may be real: their data directory was made or used
    /// without `--dev`.
    pub dev_on_real_data: bool,
    /// Whom messages may be sent to, as `contacts.policy` says.
    pub contact_policy: ContactPolicy,
    /// Its accounts.
    pub accounts: Vec<AccountStatus>,
}

/// What keeps the daemon's memory to itself, as it was achieved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryProtection {
    /// Whether a crash may leave a core.
    pub core_dumps: bool,
    /// Whether other processes of the same user may read the memory.
    pub traceable: bool,
    /// Whether all of it is locked, so that none is swapped out.
    pub locked: bool,
    /// Why it is not locked; null if it is.
    pub reason: Option<String>,
}

/// How an account is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// When its store was last found to be an older state or a copy; null if never. Sessions from
    /// before do not send.
    pub rolled_back_at: Option<u64>,
    /// What it was found to be then.
    pub rolled_back_reason: Option<RollbackKind>,
}

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// Milliseconds since the epoch.
    pub now: u64,
}

/// A prekey taken from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedPreKeyInfo {
    /// Its signed half.
    pub signed_pre_key: Hex,
    /// Its ratchet half.
    pub ratchet_pre_key: Option<Hex>,
    /// Its version.
    pub version: u32,
}
