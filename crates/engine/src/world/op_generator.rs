//! Mixed schedules drawn by lot: numbers become steps, and steps a schedule that names devices and
//! messages.

use super::{
    HOUR,
    op::{ClockFault, Op, Place},
};

/// Nobody restores or reinstalls a device twice in a minute: versions count minutes (protocol §3,
/// the bundle we publish).
const MINUTE: u64 = 61_000;

/// The kinds of things that happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
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
    PutBack,
    /// A device loses its state.
    Reinstall,
    /// A clock becomes wrong, or right again.
    Clock,
}

/// How often each is drawn.
pub type Chances = &'static [(u32, Event)];

/// What is drawn for one step.
pub type Draw = [u16; 4];

/// Turns what was drawn into a schedule for so many devices of each identity. What still waits in
/// the end is read then if `all_arrives`.
#[must_use]
pub fn schedule(devices: &[usize], chances: Chances, draws: &[Draw], all_arrives: bool) -> Vec<Op> {
    let places: Vec<Place> = devices
        .iter()
        .enumerate()
        .flat_map(|(identity, count)| (0..*count).map(move |device| (identity, device)))
        .collect();
    let mut lots = Lots {
        waiting: places.iter().map(|_| Vec::new()).collect(),
        identities: devices.len(),
        places,
        schedule: Vec::new(),
        next: 0,
    };
    for draw in draws {
        lots.step(chances, *draw);
    }
    if all_arrives {
        lots.read_all();
    }
    lots.schedule
}

struct Lots {
    places: Vec<Place>,
    identities: usize,
    /// The messages that wait for each device.
    waiting: Vec<Vec<u64>>,
    schedule: Vec<Op>,
    next: u64,
}

impl Lots {
    fn step(&mut self, chances: Chances, [kind, a, b, c]: Draw) {
        let [a, b, c] = [a, b, c].map(usize::from);
        let slot = a % self.places.len();
        let at = self.places[slot];
        let op = match drawn(chances, kind) {
            Event::Send => {
                let others = (0..self.identities).filter(|to| *to != at.0);
                let others: Vec<usize> = others.collect();
                self.send(at, others[b % others.len()])
            }
            Event::ReadNext => return self.read(slot, 0, true),
            Event::ReadAny => return self.read(slot, b, true),
            Event::ReadUnconfirmed => return self.read(slot, b, false),
            Event::Lose => {
                let waiting = &mut self.waiting[slot];
                if !waiting.is_empty() {
                    waiting.remove(b % waiting.len());
                }
                return;
            }
            Event::WaitHours => Op::Advance((1 + c as u64 % 30) * HOUR),
            Event::WaitDays => Op::Advance((1 + c as u64 % 17) * 24 * HOUR),
            Event::Reset => Op::Reset {
                at,
                with: b % self.identities,
            },
            Event::BackUp => Op::BackUp(at),
            Event::PutBack => {
                self.schedule.push(Op::Advance(MINUTE));
                Op::PutBack(at)
            }
            Event::Reinstall => {
                self.schedule.push(Op::Advance(MINUTE));
                Op::Reinstall {
                    at,
                    same_id: c % 2 == 0,
                }
            }
            Event::Clock => {
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
    fn send(&mut self, from: Place, to: usize) -> Op {
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

fn drawn(chances: Chances, number: u16) -> Event {
    let all: u32 = chances.iter().map(|(weight, _)| weight).sum();
    let mut place = u32::from(number) % all;
    for (weight, event) in chances {
        if place < *weight {
            return *event;
        }
        place -= weight;
    }
    Event::Send
}
