//! The record of a device's attempt to read a message, with what decides whether it had to succeed.

use super::{op::DeviceIndex, participant::ReadOutcome};

#[derive(Clone, Debug)]
pub(super) struct ReadAttempt {
    pub(super) n: u64,
    pub(super) from: DeviceIndex,
    pub(super) at: DeviceIndex,
    /// How often the device had been reinstalled.
    pub(super) installs: u32,
    /// `None` if no wire message was addressed to its identity.
    pub(super) outcome: Option<ReadOutcome>,
    /// It was encrypted for any device of the identity, by DH.
    pub(super) by_dh: bool,
    pub(super) sent_at: u64,
    pub(super) read_at: u64,
    /// The responder's prekey that the entry for this device names.
    pub(super) prekey: Option<Vec<u8>>,
    /// [`Participant::last_in_use`](super::participant::Participant::last_in_use) of that prekey.
    pub(super) last_in_use: Option<u64>,
    /// What the sender, when it sent, had heard from the device's current incarnation.
    pub(super) heard: Option<Heard>,
    /// When the sender had last heard from an earlier incarnation of the device.
    pub(super) heard_before: Option<u64>,
    /// When the sender, by the time it sent, had last read a ratchet message of the device's id.
    pub(super) wrote: Option<u64>,
    /// The same for each of the devices of its identity that the message was encrypted for.
    pub(super) targets_wrote: Vec<Option<u64>>,
    /// The device published the prekey before it was reinstalled under its id, with a higher
    /// version than its first one since.
    pub(super) former_version: bool,
    /// The device began sessions on the prekey before it was restored, and none since.
    pub(super) begun_before: bool,
    /// The sender or the device began sessions on the prekey before it was reinstalled under its
    /// id.
    pub(super) former: bool,
    /// The device began sessions on the prekey both before and after it was reinstalled under its
    /// id.
    pub(super) begun_again: bool,
    /// Another installation of the sender under the same id, before a reinstall or after it, had
    /// begun a session on the prekey with the device.
    pub(super) begun_by_other: bool,
    /// The device's current incarnation began with a restore.
    pub(super) by_restore: bool,
    /// When a device of its identity, by the time it was sent, had last withheld a reply to the
    /// sender's, since the sender was last reinstalled.
    pub(super) withheld: Option<u64>,
}

/// When one device heard from one incarnation of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) first: u64,
    pub(super) last: u64,
    /// The last time by a ratchet message, which proves its sender.
    pub(super) proven: Option<u64>,
    /// When the newest message that was heard was sent.
    pub(super) newest: u64,
}

impl ReadAttempt {
    pub(super) fn is_read(&self) -> bool {
        matches!(self.outcome, Some(ReadOutcome::Read(_)))
    }
}
