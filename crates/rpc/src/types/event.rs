//! What is told of events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event, or the mark that some are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventInfo {
    /// Its number: what to give as `after` to go on behind it.
    pub seq: u64,
    /// When it happened; of the mark `lagged`, when that was found out.
    pub at: u64,
    /// Whose; null for `lagged`.
    pub account: Option<String>,
    /// `session.established` and the like, or `lagged`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What there is to say about it, by type.
    pub data: Value,
}

/// A part of the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// In order.
    pub events: Vec<EventInfo>,
    /// What to give as `after` next time. It moves on past the events of other accounts, too.
    pub next: u64,
    /// Events between `after` and `next` are no longer there.
    pub lagged: bool,
}
