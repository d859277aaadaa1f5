//! Mixed schedules pick by lot: numbers become steps, and steps a schedule that names devices and
//! messages.

use super::{
    HOUR,
    op::{ClockFault, DeviceIndex, Op},
};

/// Nobody restores or reinstalls a device twice in a minute: versions count minutes (protocol §3,
/// the bundle we publish).
const MINUTE: u64 = 61_000;

/// The kinds of things that happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpKind {
    /// A device writes.
    Send,
    /// A device reads the oldest message that waits for it.
    ReadNext,
    /// A device reads any message that waits for it.
    ReadAny,
    /// The same, and it is not confirmed: it goes on waiting.
    ReadUnconfirmed,
    /// A message that waits for a device never reaches it.
    Lose,
    /// Hours pass.
    WaitHours,
    /// Days pass.
    WaitDays,
    /// A user of ours starts over with an identity.
    Reset,
    /// A backup is made.
    BackUp,
    /// A backup is put back.
    RestoreBackup,
    /// A device loses its state.
    Reinstall,
    /// A clock becomes wrong, or right again.
    Clock,
}

/// How often each is pick.
pub type OpWeights = &'static [(u32, OpKind)];

/// What is pick for one step.
pub type Draw = [u16; 4];

/// Turns what was pick into a schedule for so many devices of each identity. What still waits in
/// the end is read then if `all_arrives`.
#[must_use]
pub fn generate_schedule(
    devices: &[usize],
    weights: OpWeights,
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
        generator.step(weights, *draw);
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
    fn step(&mut self, weights: OpWeights, [kind, a, b, c]: Draw) {
        let [a, b, c] = [a, b, c].map(usize::from);
        let slot = a % self.places.len();
        let at = self.places[slot];
        let op = match pick(weights, kind) {
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

    /// The message waits for all devices of the recipient, and the others of the sender.
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

fn pick(weights: OpWeights, number: u16) -> OpKind {
    let all: u32 = weights.iter().map(|(weight, _)| weight).sum();
    let mut place = u32::from(number) % all;
    for (weight, kind) in weights {
        if place < *weight {
            return *kind;
        }
        place -= weight;
    }
    OpKind::Send
}
