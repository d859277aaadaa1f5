//! Groups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{GroupChangeKind, Hex};

/// Something that is different in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupChange {
    /// What is different.
    pub change: GroupChangeKind,
    /// Whom the change is about. Left out if it is about the group itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identity: Option<Hex>,
    /// The identity that signed the event behind it.
    pub by: Hex,
    /// The clock of that event.
    pub at: u64,
}
