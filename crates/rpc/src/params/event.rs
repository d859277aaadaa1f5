//! Which events, how many, and how long to wait for them.

use engine::AccountName;
use serde_json::Value;

use crate::{error::RpcError, params::Form};

/// Most events in one answer.
pub const MAX_EVENTS: usize = 1_000;
/// Longest wait for events, in milliseconds: shorter than proxies and clients wait for an answer.
pub const MAX_WAIT_MS: u64 = 60_000;

/// What stands for all accounts. No account can have this name.
const ALL: &str = "*";

/// One account, or all of them.
#[derive(Debug)]
pub enum AccountFilter {
    /// All, also those that are made later.
    All,
    /// This one.
    One(AccountName),
}

/// A place in the sequence of events: the number of the last one known.
#[derive(Debug)]
pub struct Cursor(pub u64);

/// How many events: 1 to 1000.
#[derive(Debug)]
pub struct EventLimit(pub usize);

/// How long to wait, in milliseconds: at most a minute.
#[derive(Debug)]
pub struct WaitMillis(pub u64);

/// The id of a subscription.
#[derive(Debug)]
pub struct Subscription(pub String);

impl Form for AccountFilter {
    const TAKES: &'static str = "an account name, or \"*\" for all accounts";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "pattern": "^([*]|[a-z0-9][a-z0-9._-]{0,63})$"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        match value.as_str() {
            Some(ALL) => Ok(Self::All),
            Some(name) => AccountName::parse(name)
                .map(Self::One)
                .map_err(|_| Self::wrong()),
            None => Err(Self::wrong()),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::All => ALL.into(),
            Self::One(name) => name.as_str().into(),
        }
    }
}

impl Form for Cursor {
    const TAKES: &'static str = "a number: the seq of an event, or 0 to begin with the oldest";

    fn schema() -> Value {
        serde_json::json!({"type": "integer", "minimum": 0})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        value.as_u64().map(Self).ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Form for EventLimit {
    const TAKES: &'static str = "a whole number from 1 to 1000";

    fn schema() -> Value {
        serde_json::json!({"type": "integer", "minimum": 1, "maximum": MAX_EVENTS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        value
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=MAX_EVENTS).contains(limit))
            .map(Self)
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Form for WaitMillis {
    const TAKES: &'static str = "a whole number of milliseconds from 0 to 60000";

    fn schema() -> Value {
        serde_json::json!({"type": "integer", "minimum": 0, "maximum": MAX_WAIT_MS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        value
            .as_u64()
            .filter(|wait| *wait <= MAX_WAIT_MS)
            .map(Self)
            .ok_or_else(Self::wrong)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Form for Subscription {
    const TAKES: &'static str = "the text that event_subscribe answered";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "minLength": 1})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        match value {
            Value::String(id) => Ok(Self(id)),
            _ => Err(Self::wrong()),
        }
    }

    fn write(&self) -> Value {
        self.0.clone().into()
    }
}
