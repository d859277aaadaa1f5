//! A device in a schedule, whoever made it: ours, or like status-go's.

use crypto_core::{IdentityKey, SessionId};

use crate::model::Mode;

/// A device that schedules can be run with. `now` is the true time, in milliseconds; its clock may
/// show another one.
pub(super) trait Participant {
    /// Its identity.
    fn key(&self) -> IdentityKey;
    /// Its installation id.
    fn id(&self) -> &str;
    /// A text for an identity, and the copies for the other devices of its own.
    fn send(&mut self, to: &IdentityKey, text: &[u8], now: u64) -> Vec<OutgoingMessage>;
    /// A wire message comes, from that identity.
    fn read(&mut self, from: &IdentityKey, wire: &[u8], confirm: bool, now: u64) -> ReadResult;
    /// The bundle that it shows now.
    fn bundle(&mut self, now: u64) -> Vec<u8>;
    /// A bundle reaches it outside of any message.
    fn import_bundle(&mut self, bundle: &[u8], now: u64);
    /// The user enables another device of its identity, of which it was given the bundle, in the
    /// place of one that is no more.
    fn enable(&mut self, id: &str, instead_of: Option<&str>, now: u64);
    /// An hour or more has passed.
    fn pass(&mut self, now: u64);
    /// Its clock is wrong by so many milliseconds from now on.
    fn set_clock_error(&mut self, error: i64, now: u64);
    /// A backup of its state is made.
    fn back_up(&mut self);
    /// The last backup takes the place of its state; false if there is none.
    fn restore_backup(&mut self, now: u64) -> bool;
    /// The user starts over with an identity, if the device knows how to.
    fn reset(&mut self, with: &IdentityKey, now: u64);
    /// Its state is gone, and it starts under the same id or a new one.
    fn reinstall(&mut self, same_id: bool, now: u64);
    /// No key of it may encrypt twice, whatever happens.
    fn is_ours(&self) -> bool;
    /// When it last would have sent on a session of this prekey, the one that ended first, or have
    /// given it to others; `None` if it keeps what it has for ever.
    fn last_in_use(&self, prekey: &[u8]) -> Option<u64>;
    /// The sessions that its next message to the identity goes on, by installation id, if it can
    /// tell.
    fn sends_on(&mut self, to: &IdentityKey, now: u64) -> Vec<(String, SessionId)>;
}

/// A wire message that left a device.
#[derive(Clone, Debug)]
pub(super) struct OutgoingMessage {
    /// The identity it is addressed to.
    pub(super) recipient: IdentityKey,
    /// The installation ids it was encrypted for, or `none`, and how.
    pub(super) targets: Vec<(String, Mode)>,
    pub(super) wire: Vec<u8>,
}

/// What a device made of a wire message.
#[derive(Debug)]
pub(super) struct ReadResult {
    pub(super) outcome: ReadOutcome,
    /// What it says to that, to all devices of the sender's identity.
    pub(super) reply: Option<OutgoingMessage>,
    /// It had something to say, and its user's frontend does not send such things.
    pub(super) withheld: bool,
}

impl From<ReadOutcome> for ReadResult {
    fn from(outcome: ReadOutcome) -> Self {
        Self {
            outcome,
            reply: None,
            withheld: false,
        }
    }
}

/// Whether a message opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    /// The text.
    Read(Vec<u8>),
    /// Not for this device.
    NotTargeted,
    /// On a prekey or session that the device does not have.
    NoSession,
    /// Its place in its chain was passed, and its key is not there.
    OldChain,
    /// The MAC does not fit.
    Mac,
    /// Something else, in words.
    Other(String),
}

impl ReadOutcome {
    pub(super) fn other(words: &str) -> Self {
        Self::Other(words.to_owned())
    }
}
