//! Contacts (spec 1.5.x).

use crypto_core::IdentityKey;

use super::{ContactMark, ContactState, UnixMillis};

/// What the user decided about a contact, as the copies for our own other devices say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was done.
    pub step: ContactMark,
    /// When.
    pub at: UnixMillis,
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
    /// It has asked us, or accepted us, whatever was decided about it since: whoever asks it
    /// accepts it.
    pub asked: bool,
    /// When the user last decided about it, on any device of ours. An older decision of another
    /// device does not undo a later one.
    pub decided_at: Option<UnixMillis>,
}
