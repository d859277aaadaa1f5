//! A message at a device that was to read it, with what decides whether it had to.

use super::{op::DeviceIndex, participant::ReadOutcome};

/// A device that read, or could not read, what there was of a message for it.
#[derive(Clone, Debug)]
pub(super) struct ReadAttempt {
    pub(super) n: u64,
    pub(super) from: DeviceIndex,
    pub(super) at: DeviceIndex,
    /// How often the device had been reinstalled.
    pub(super) installs: u32,
    /// How often its sender had been.
    pub(super) from_installs: u32,
    /// `None` if no wire message was addressed to its identity.
    pub(super) outcome: Option<ReadOutcome>,
    /// It was for any device of the identity.
    pub(super) by_dh: bool,
    pub(super) sent_at: u64,
    pub(super) read_at: u64,
    /// The responder's prekey that the entry for this device names.
    pub(super) prekey: Option<Vec<u8>>,
    /// When a session of that prekey was last in use here, the one that ended first, as far as the
    /// device erases any.
    pub(super) last_in_use: Option<u64>,
    /// What the sender, before it sent, had heard of the device as it is now.
    pub(super) heard: Option<Heard>,
    /// The sender heard of what the device was before, after it had heard of it as it is now.
    pub(super) heard_late: bool,
    /// The prekey is one on which the device began sessions before it was put back, and none since.
    pub(super) begun_before: bool,
    /// The prekey is one on which the sender or the device began sessions before it was reinstalled
    /// under its id.
    pub(super) former: bool,
    /// The device is as it is since it was put back to an older state.
    pub(super) by_restore: bool,
    /// When a frontend of its identity last withheld what it had to say to the sender's.
    pub(super) withheld: Option<u64>,
}

/// What was heard of a device in one of its lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Last by a message that proves who sent it, on a ratchet.
    pub(super) proven: Option<u64>,
    /// When the newest of it was sent.
    pub(super) newest: u64,
}

impl ReadAttempt {
    pub(super) fn is_read(&self) -> bool {
        matches!(self.outcome, Some(ReadOutcome::Read(_)))
    }
}
