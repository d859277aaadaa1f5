//! Random schedules of [`Op`]s: turns random numbers into operations on devices and messages that
//! exist.

use super::{
    HOUR,
    op::{ClockFault, DeviceIndex, Op},
    weights::Weights,
};

/// Wait before a restore or a reinstall: versions count minutes (protocol §3, the bundle we
/// publish), and no device goes through two of these within one.
const MINUTE: u64 = 61_000;

/// The kinds of operations that are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpKind {
    /// A device sends a message.
    Send,
    /// A device reads the oldest message that waits for it.
    ReadNext,
    /// A device reads any message that waits for it.
    ReadAny,
    /// The same without a confirmation: the message goes on waiting.
    ReadUnconfirmed,
    /// A message that waits for a device is lost.
    Lose,
    /// Hours pass.
    WaitHours,
    /// Days pass.
    WaitDays,
    /// A user of ours resets the sessions with an identity.
    Reset,
    /// A backup is made.
    BackUp,
    /// A backup is restored.
    RestoreBackup,
    /// A device loses its state.
    Reinstall,
    /// A clock becomes wrong, or right again.
    Clock,
}

/// The weight of each kind of operation in a random schedule.
pub type OpWeights = Weights<OpKind>;

/// The random numbers of one operation.
pub type Draw = [u16; 4];

/// Turns random numbers into a schedule for this many devices of each identity. With `all_arrives`,
/// what still waits at the end is read then.
#[must_use]
pub fn generate_schedule(
    devices: &[usize],
    weights: &OpWeights,
    draws: &[Draw],
    all_arrives: bool,
) -> Vec<Op> {
    let places: Vec<DeviceIndex> = devices
        .iter()
        .enumerate()
        .flat_map(|(identity, count)| (0..*count).map(move |device| (identity, device)))
        .collect();
    let mut generator = OpGenerator {
        waiting: places.iter().map(|_| Vec::new()).collect(),
        identities: devices.len(),
        places,
        schedule: Vec::new(),
        next: 0,
    };
    for draw in draws {
        generator.add(weights, *draw);
    }
    if all_arrives {
        generator.read_all();
    }
    generator.schedule
}

struct OpGenerator {
    places: Vec<DeviceIndex>,
    identities: usize,
    /// The messages that wait for each device.
    waiting: Vec<Vec<u64>>,
    schedule: Vec<Op>,
    next: u64,
}

impl OpGenerator {
    fn add(&mut self, weights: &OpWeights, [kind, a, b, c]: Draw) {
        let [a, b, c] = [a, b, c].map(usize::from);
        let slot = a % self.places.len();
        let at = self.places[slot];
        let op = match weights.pick(kind) {
            OpKind::Send => {
                let others = (0..self.identities).filter(|to| *to != at.0);
                let others: Vec<usize> = others.collect();
                self.send(at, others[b % others.len()])
            }
            OpKind::ReadNext => return self.read(slot, 0, true),
            OpKind::ReadAny => return self.read(slot, b, true),
            OpKind::ReadUnconfirmed => return self.read(slot, b, false),
            OpKind::Lose => {
                let waiting = &mut self.waiting[slot];
                if !waiting.is_empty() {
                    waiting.remove(b % waiting.len());
                }
                return;
            }
            OpKind::WaitHours => Op::Advance((1 + c as u64 % 30) * HOUR),
            OpKind::WaitDays => Op::Advance((1 + c as u64 % 17) * 24 * HOUR),
            OpKind::Reset => Op::Reset {
                at,
                with: b % self.identities,
            },
            OpKind::BackUp => Op::BackUp(at),
            OpKind::RestoreBackup => {
                self.schedule.push(Op::Advance(MINUTE));
                Op::RestoreBackup(at)
            }
            OpKind::Reinstall => {
                self.schedule.push(Op::Advance(MINUTE));
                Op::Reinstall {
                    at,
                    same_id: c % 2 == 0,
                }
            }
            OpKind::Clock => {
                let faults = [
                    ClockFault::None,
                    ClockFault::TwoDaysSlow,
                    ClockFault::From1970,
                    ClockFault::In2038,
                ];
                Op::Clock(at, faults[c % faults.len()])
            }
        };
        self.schedule.push(op);
    }

    /// The message waits for all devices of the recipient, and the sender's other ones.
    fn send(&mut self, from: DeviceIndex, to: usize) -> Op {
        let n = self.next;
        self.next += 1;
        for (place, waiting) in self.places.iter().zip(&mut self.waiting) {
            if *place != from && (place.0 == to || place.0 == from.0) {
                waiting.push(n);
            }
        }
        Op::Send { from, to, n }
    }

    fn read(&mut self, slot: usize, which: usize, confirm: bool) {
        let at = self.places[slot];
        let waiting = &mut self.waiting[slot];
        if waiting.is_empty() {
            return;
        }
        let which = which % waiting.len();
        let n = if confirm {
            waiting.remove(which)
        } else {
            waiting[which]
        };
        self.schedule.push(Op::Read { at, n, confirm });
    }

    fn read_all(&mut self) {
        for slot in 0..self.places.len() {
            while !self.waiting[slot].is_empty() {
                self.read(slot, 0, true);
            }
        }
    }
}
