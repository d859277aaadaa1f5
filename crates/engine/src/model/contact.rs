//! Contacts (spec 1.5.x).

use crypto_core::IdentityKey;

use super::{ContactState, UnixMillis};

/// Whom messages may be sent to, and whose messages are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactPolicy {
    /// Everybody.
    #[default]
    Open,
    /// Only contacts that were accepted.
    Request,
}

/// The record of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The identity.
    pub identity: IdentityKey,
    /// What was asked and answered.
    pub state: ContactState,
    /// The user has compared the safety number.
    pub verified: bool,
    /// When the record was begun.
    pub added_at: UnixMillis,
    /// In [`ContactState::RequestSent`], when we asked: older messages are no answer.
    pub requested_at: Option<UnixMillis>,
}
