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
    /// Whether the daemon works.
    pub status: HealthStatus,
    /// What is failing, with the account and the file where there is one; null if nothing is.
    pub reason: Option<String>,
    /// What to do about what is failing; null if nothing is.
    pub hint: Option<String>,
    /// Whether callers may move the clock and set prekeys of accounts that may be real.
    pub dev_on_real_data: bool,
}

/// The program that is running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// The name of the program.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// The git revision it was built from; null if that is not known.
    pub revision: Option<String>,
    /// The version of the protocol that our bundles name.
    pub protocol: u32,
}

/// What is logged, and what was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogFilterInfo {
    /// The filter from now on.
    pub filter: String,
    /// The filter until now.
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
    /// The number of the daemon's process.
    pub pid: u32,
    /// When the daemon started.
    pub started_at: u64,
    /// The daemon's clock.
    pub now: u64,
    /// The number of the newest event, 0 if there was none: as `after` it leads to those that are
    /// still to come.
    pub newest_event: u64,
    /// How the daemon's memory is protected.
    pub memory: MemoryProtection,
    /// Whether callers may move the clock and set prekeys.
    pub dev: bool,
    /// Whether callers may do so to accounts that may be real: the data directory was made or used
    /// without `--dev`.
    pub dev_on_real_data: bool,
    /// What is failing, as `system_health` says it; null if nothing is.
    pub failing: Option<String>,
    /// Whom messages may be sent to, as `contacts.policy` says.
    pub contact_policy: ContactPolicy,
    /// All accounts of the daemon together.
    pub accounts: AccountTotals,
    /// The account that was asked for; null if none was.
    pub account: Option<AccountStatus>,
    /// The first 100 accounts that somebody should look at: those that cannot be read or written,
    /// as far as was found, those whose queue is nearly full, and those whose store was found to be
    /// an older state or a copy in the last 14 days.
    pub attention: Vec<AccountStatus>,
    /// How many such accounts there are besides.
    pub attention_more: u64,
}

/// All accounts of the daemon together. What a closed one holds is what it held when it was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountTotals {
    /// How many accounts there are.
    pub total: u64,
    /// How many of them are open: a call opens an account, and closes for it the one that was used
    /// longest ago if `accounts.open_max` are open.
    pub open: u64,
    /// How many identities are known.
    pub peers: u64,
    /// How many devices are known.
    pub devices: u64,
    /// How many sessions there are, of any standing.
    pub sessions: u64,
    /// How many message keys are kept.
    pub stored_keys: u64,
    /// How many calls wait.
    pub queued: u64,
}

/// How the daemon's memory is protected, as far as the system allowed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryProtection {
    /// Whether a crash may leave a core.
    pub core_dumps: bool,
    /// Whether other processes of the same user may read the memory.
    pub traceable: bool,
    /// Whether all of the memory is locked, so that none is swapped out.
    pub locked: bool,
    /// Why the memory is not locked; null if it is.
    pub reason: Option<String>,
}

/// How an account is doing, as was last found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountStatus {
    /// The name of the account.
    pub account: String,
    /// Whether it is open.
    pub open: bool,
    /// How many identities are known.
    pub peers: u64,
    /// How many devices are known.
    pub devices: u64,
    /// How many sessions there are, of any standing.
    pub sessions: u64,
    /// How many message keys are kept.
    pub stored_keys: u64,
    /// How many calls wait for the account.
    pub queued: u64,
    /// When the account's store was last found to be an older state or a copy; null if never.
    /// Nothing is sent on sessions from before.
    pub rolled_back_at: Option<u64>,
    /// Why the store was not the newest state of the account then; null if it always was.
    pub rolled_back_reason: Option<RollbackKind>,
    /// Why the account's store cannot be read or written, as far as was found; null if it can.
    pub failing: Option<String>,
}

/// The development clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// The time in milliseconds since the epoch.
    pub now: u64,
}

/// A prekey that was set from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedPreKeyInfo {
    /// The public signed prekey.
    pub signed_pre_key: Hex,
    /// The public ratchet prekey; null if there is none.
    pub ratchet_pre_key: Option<Hex>,
    /// The version of the prekey.
    pub version: u32,
}
