//! The steps of a schedule, by the devices that take them.

use super::HOUR;

/// A device by its identity and its number there.
pub type DeviceIndex = (usize, usize);

/// One step of a schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Time passes, in milliseconds.
    Advance(u64),
    /// Message `n` for an identity, and the copies for the own other devices.
    Send {
        /// The device.
        from: DeviceIndex,
        /// The identity.
        to: usize,
        /// The message.
        n: u64,
    },
    /// What there is of message `n` for the identity of this device reaches it.
    Read {
        /// The device.
        at: DeviceIndex,
        /// The message.
        n: u64,
        /// It is confirmed if it opens.
        confirm: bool,
    },
    /// The state of the device is gone.
    Reinstall {
        /// The device.
        at: DeviceIndex,
        /// It keeps its installation id.
        same_id: bool,
    },
    /// The user of a device of ours starts over with an identity.
    Reset {
        /// The device.
        at: DeviceIndex,
        /// The identity.
        with: usize,
    },
    /// A backup of the device's state is made.
    BackUp(DeviceIndex),
    /// The last backup takes the place of its state.
    RestoreBackup(DeviceIndex),
    /// Its clock is wrong from now on.
    Clock(DeviceIndex, ClockFault),
}

/// What a clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockFault {
    /// It is right.
    None,
    /// It began at the epoch, as if the device had just been given a new battery.
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
    /// By how many milliseconds a clock is wrong that gets this fault now.
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
