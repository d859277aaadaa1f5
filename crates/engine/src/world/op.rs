//! The operations of schedules that run in a mixed world and its twin.

use super::HOUR;

/// A device: the index of its identity, and its index among the devices of that identity.
pub type DeviceIndex = (usize, usize);

/// One operation of a schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Time passes, in milliseconds.
    Advance(u64),
    /// A device sends message `n` to an identity, with copies for the other devices of its own.
    Send {
        /// The sending device.
        from: DeviceIndex,
        /// The receiving identity.
        to: usize,
        /// The number of the message.
        n: u64,
    },
    /// The wire messages of message `n` that are addressed to the identity of this device reach it.
    Read {
        /// The reading device.
        at: DeviceIndex,
        /// The number of the message.
        n: u64,
        /// Whether it is confirmed if it opens.
        confirm: bool,
    },
    /// A device loses its state.
    Reinstall {
        /// The device.
        at: DeviceIndex,
        /// Whether it keeps its installation id.
        same_id: bool,
    },
    /// The user of a device of ours resets the sessions with an identity.
    Reset {
        /// The device.
        at: DeviceIndex,
        /// The identity.
        with: usize,
    },
    /// A device's state is backed up.
    BackUp(DeviceIndex),
    /// A device's state is replaced by its last backup.
    RestoreBackup(DeviceIndex),
    /// A device's clock is wrong from now on, or right again.
    Clock(DeviceIndex, ClockFault),
}

/// How a clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockFault {
    /// It is right.
    None,
    /// It was reset to the epoch, a day ago.
    From1970,
    /// It is two days slow.
    TwoDaysSlow,
    /// It is in the year 2038.
    In2038,
}

/// 2038-01-19, in milliseconds.
pub(super) const IN_2038: u64 = 2_147_472_000_000;
const DAY: u64 = 24 * HOUR;

impl ClockFault {
    /// The clock minus the true time, in milliseconds, if the fault begins at the true time `now`.
    pub(super) fn error(self, now: u64) -> i64 {
        let signed = |time: u64| i64::try_from(time).expect("this millennium");
        match self {
            Self::None => 0,
            Self::From1970 => signed(DAY) - signed(now),
            Self::TwoDaysSlow => -signed(2 * DAY),
            Self::In2038 => signed(IN_2038) - signed(now),
        }
    }
}
