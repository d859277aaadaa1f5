//! Contacts: how we and an identity stand to each other (spec 1.5.x).

use crypto_core::IdentityKey;

use super::{ContactState, UnixMillis};

/// Who may be written to, and who is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactPolicy {
    /// Everybody.
    #[default]
    Open,
    /// Those who were accepted.
    Request,
}

/// What is recorded of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub identity: IdentityKey,
    /// How we stand to each other.
    pub state: ContactState,
    /// The user has compared the safety number.
    pub verified: bool,
    /// When the record was begun.
    pub added_at: UnixMillis,
    /// In [`ContactState::RequestSent`], when we asked: what is older does not answer us.
    pub requested_at: Option<UnixMillis>,
}
