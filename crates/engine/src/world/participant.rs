//! The interface that a mixed world has to its devices, ours and those of status-go.

use crypto_core::{IdentityKey, SessionId};

use crate::model::{CopyOf, Mode};

/// A device that schedules are run with. `now` is the true time, in milliseconds; the device's
/// clock may show another one.
pub(super) trait Participant {
    fn key(&self) -> IdentityKey;
    fn id(&self) -> &str;
    /// Sends a text to an identity, with copies for the other devices of its own.
    fn send(&mut self, to: &IdentityKey, text: &[u8], now: u64) -> Vec<OutgoingMessage>;
    /// Receives a wire message of that identity.
    fn read(&mut self, from: &IdentityKey, wire: &[u8], confirm: bool, now: u64) -> ReadResult;
    /// Its current bundle.
    fn bundle(&mut self, now: u64) -> Vec<u8>;
    /// Imports a bundle that came outside of any message.
    fn import_bundle(&mut self, bundle: &[u8], now: u64);
    /// The user enables another device of its identity, whose bundle it has imported, in place of
    /// one that is gone.
    fn enable(&mut self, id: &str, instead_of: Option<&str>, now: u64);
    /// Does what is due after an hour or more.
    fn sweep(&mut self, now: u64);
    /// Sets by how many milliseconds its clock is wrong from now on.
    fn set_clock_error(&mut self, error: i64, now: u64);
    fn back_up(&mut self);
    /// Replaces its state by the last backup; false if there is none.
    fn restore_backup(&mut self, now: u64) -> bool;
    /// The user resets the sessions with an identity, if the device supports it.
    fn reset(&mut self, with: &IdentityKey, now: u64);
    /// Loses its state, and is set up again under the same id or a new one.
    fn reinstall(&mut self, same_id: bool, now: u64);
    /// Whether it is one of ours, of which the world checks that no key encrypts twice.
    fn is_ours(&self) -> bool;
    /// Whether it listens to the topic that it shares with an identity. A device of ours whose
    /// messages come unsealed has no topics.
    fn listens_to(&self, identity: &IdentityKey) -> bool;
    /// The earliest of the times when sessions on this prekey were last active here, or the prekey
    /// last was in its own bundle; `None` if the device never erases any.
    fn last_in_use(&self, prekey: &[u8]) -> Option<u64>;
    /// The sessions that its next message to the identity would go on, by installation id; none if
    /// the device cannot tell.
    fn sends_on(&mut self, to: &IdentityKey, now: u64) -> Vec<(String, SessionId)>;
}

#[derive(Clone, Debug)]
pub(super) struct OutgoingMessage {
    /// The identity it is addressed to.
    pub(super) recipient: IdentityKey,
    /// The installation ids it was encrypted for, or `none` (any device), and how.
    pub(super) targets: Vec<(String, Mode)>,
    pub(super) wire: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct ReadResult {
    pub(super) outcome: ReadOutcome,
    /// For whom it says that the message was.
    pub(super) copy_of: Option<CopyOf>,
    /// Its reply, to all devices of the sender's identity.
    pub(super) reply: Option<OutgoingMessage>,
    /// There was a reply, and the limits on replies or the frontend withheld it.
    pub(super) withheld: bool,
}

impl From<ReadOutcome> for ReadResult {
    fn from(outcome: ReadOutcome) -> Self {
        Self {
            outcome,
            copy_of: None,
            reply: None,
            withheld: false,
        }
    }
}

/// What a device made of a wire message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    /// It opened: the text.
    Read(Vec<u8>),
    /// It is not encrypted for this device.
    NotTargeted,
    /// It is on a prekey or session that the device does not have.
    NoSession,
    /// Its position in the chain has been passed, and its key is gone.
    OldChain,
    /// The MAC is wrong.
    Mac,
    /// Another error, described.
    Other(String),
}

impl ReadOutcome {
    pub(super) fn other(words: &str) -> Self {
        Self::Other(words.to_owned())
    }
}
