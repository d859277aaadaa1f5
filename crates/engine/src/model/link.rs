//! What one device of an identity gives another that is linked to it (protocol §12).

use std::{fmt, sync::Arc};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId, Wiped};

use super::{ContactState, UnixMillis};

/// Largest contents of a second code, in bytes: some 750 contacts without names.
pub const MAX_LINK_BYTES: usize = 32 * 1024;
/// The same, if the code has to fit a QR code of the largest size: some 38 contacts.
pub const MAX_LINK_QR_BYTES: usize = 2048;
/// Longest name of a contact that goes along, in bytes.
pub const MAX_LINK_NAME_BYTES: usize = 128;

/// What is sealed in a second code.
pub struct LinkContents {
    /// The identity key of both devices.
    pub identity: Arc<IdentityKeyPair>,
    /// The device that gives it.
    pub giver: InstallationId,
    /// The bundle that this device publishes, encoded.
    pub bundle: Vec<u8>,
    /// Its contacts, the most important first.
    pub contacts: Vec<LinkedContact>,
    /// How many more it has, for which there was no room.
    pub left_out: u16,
}

impl fmt::Debug for LinkContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkContents(..)")
    }
}

/// A contact that goes along.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedContact {
    /// The identity.
    pub identity: IdentityKey,
    /// What was asked and answered.
    pub state: ContactState,
    /// The user has compared the safety number.
    pub verified: bool,
    /// It has asked us, or accepted us.
    pub asked: bool,
    /// In [`ContactState::RequestSent`], when we asked; else when the user last decided about it.
    /// Never the time 0.
    pub at: Option<UnixMillis>,
    /// What a frontend calls it; empty if it calls it nothing.
    pub name: String,
}

impl fmt::Debug for LinkedContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkedContact(..)")
    }
}

/// The contents of a second code, encoded.
#[derive(Debug)]
pub struct GivenLink {
    /// To be sealed.
    pub contents: Wiped<Vec<u8>>,
    /// How many contacts are in it.
    pub contacts: usize,
    /// For how many more there was no room.
    pub left_out: usize,
}
