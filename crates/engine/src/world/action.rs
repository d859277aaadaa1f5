//! What can happen, drawn by lot: the steps of a schedule.

use std::time::Duration;

use super::{
    Fate, Home, World, days,
    effects::{Damage, Handing},
    hours,
};

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is told by the variant of Step that bears its name"
)]
pub enum Kind {
    Send,
    Deliver,
    Drop,
    DeliverUnconfirmed,
    Repeat,
    Confirm,
    Wait,
    Import,
    Advertise,
    Flip,
    Impostor,
    Jump,
    SetClock,
    DieSending,
    DieReading,
    Restart,
    TurnOff,
    LoseState,
    BackUp,
    PutBack,
    Enable,
    Disable,
    Reset,
}

/// One thing that happens. Devices, identities and parcels are given by numbers, taken modulo how many there are;
/// a step for which nothing is on the way does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the numbers told of above")]
pub enum Step {
    /// A device sends to an identity that is not its own.
    Send { from: usize, to: usize },
    /// A parcel arrives and its text is confirmed at once.
    Deliver { at: usize, which: usize },
    /// A parcel is lost.
    Drop { at: usize, which: usize },
    /// A parcel arrives and is not confirmed; it stays on the way.
    DeliverUnconfirmed { at: usize, which: usize },
    /// A parcel arrives, and stays on the way to arrive again.
    Repeat { at: usize, which: usize },
    /// The frontend confirms all it has read.
    Confirm { at: usize },
    /// Time passes.
    Wait(Duration),
    /// A contact code reaches a device: the newest, or one some bundles older.
    Import { at: usize, of: usize, age: usize },
    /// A device advertises its bundle to an identity that is not its own.
    Advertise { from: usize, to: usize },
    /// A copy of a parcel arrives with one bit changed.
    Flip {
        at: usize,
        which: usize,
        byte: usize,
        bit: u8,
    },
    /// A copy of a parcel arrives under the name of another identity.
    Impostor { at: usize, which: usize, by: usize },
    /// A device's clock jumps.
    Jump {
        at: usize,
        by: Duration,
        ahead: bool,
    },
    /// A device's clock is set right.
    SetClock { at: usize },
    /// A device's process dies while it sends; nothing leaves it.
    DieSending {
        from: usize,
        to: usize,
        committed: bool,
    },
    /// A device's process dies while it reads.
    DieReading {
        at: usize,
        which: usize,
        committed: bool,
        confirm: bool,
    },
    /// A device's process ends and a new one starts.
    Restart { at: usize },
    /// A device is off until it has something to do.
    TurnOff { at: usize },
    /// A device loses its state and starts over under a new id.
    LoseState { at: usize },
    /// A backup of a device's store is made.
    BackUp { at: usize },
    /// The last backup of a device's store is put in its place.
    PutBack { at: usize },
    /// A user enables a device, of his own or of another.
    Enable { at: usize, of: usize },
    /// A user disables a device.
    Disable { at: usize, of: usize },
    /// A user starts over with an identity.
    Reset { at: usize, with: usize },
}

/// How often each kind of step is drawn.
#[derive(Clone, Debug)]
pub struct Mix(Vec<(u32, Kind)>);

impl Mix {
    /// Messages, losses and waits: what happens every day.
    #[must_use]
    pub fn everyday() -> Self {
        Self(vec![
            (30, Kind::Send),
            (30, Kind::Deliver),
            (5, Kind::Drop),
            (3, Kind::DeliverUnconfirmed),
            (3, Kind::Repeat),
            (2, Kind::Confirm),
            (8, Kind::Wait),
            (4, Kind::Import),
            (2, Kind::Advertise),
            (2, Kind::Flip),
            (1, Kind::Impostor),
            (2, Kind::TurnOff),
        ])
    }

    /// The same with something more.
    #[must_use]
    pub fn and(mut self, weight: u32, kind: Kind) -> Self {
        self.0.push((weight, kind));
        self
    }

    /// The step that four random numbers name.
    #[must_use]
    pub fn step(&self, [kind, a, b, c]: [u16; 4]) -> Step {
        let all: u32 = self.0.iter().map(|(weight, _)| weight).sum();
        let mut place = u32::from(kind) % all;
        let mut chosen = Kind::Send;
        for (weight, kind) in &self.0 {
            if place < *weight {
                chosen = *kind;
                break;
            }
            place -= weight;
        }
        Step::of(chosen, a, b, c)
    }
}

impl Step {
    fn of(kind: Kind, a: u16, b: u16, c: u16) -> Self {
        // Twelve is a multiple of every number of devices there may be: small numbers, evenly drawn.
        let [at, which, more] = [a % 12, b, c].map(usize::from);
        let (from, to, of) = (at, which, which);
        let odd = c % 2 == 1;
        match kind {
            Kind::Send => Self::Send { from, to },
            Kind::Deliver => Self::Deliver { at, which },
            Kind::Drop => Self::Drop { at, which },
            Kind::DeliverUnconfirmed => Self::DeliverUnconfirmed { at, which },
            Kind::Repeat => Self::Repeat { at, which },
            Kind::Confirm => Self::Confirm { at },
            Kind::Wait => Self::Wait(span(c)),
            Kind::Import => {
                // Every other time the newest.
                let age = if odd { more / 2 % 8 } else { 0 };
                Self::Import { at, of, age }
            }
            Kind::Advertise => Self::Advertise { from, to },
            Kind::Flip => {
                let (byte, bit) = (more, (b % 8) as u8);
                Self::Flip {
                    at,
                    which,
                    byte,
                    bit,
                }
            }
            Kind::Impostor => Self::Impostor {
                at,
                which,
                by: more,
            },
            Kind::Jump => {
                let by = [hours(1), hours(30), days(3), days(16), days(30)];
                let by = by[which % by.len()];
                Self::Jump {
                    at,
                    by,
                    ahead: !odd,
                }
            }
            Kind::SetClock => Self::SetClock { at },
            Kind::DieSending => Self::DieSending {
                from,
                to,
                committed: odd,
            },
            Kind::DieReading => Self::DieReading {
                at,
                which,
                committed: odd,
                confirm: c % 4 > 1,
            },
            Kind::Restart => Self::Restart { at },
            Kind::TurnOff => Self::TurnOff { at },
            Kind::LoseState => Self::LoseState { at },
            Kind::BackUp => Self::BackUp { at },
            Kind::PutBack => Self::PutBack { at },
            Kind::Enable => Self::Enable { at, of },
            Kind::Disable => Self::Disable { at, of },
            Kind::Reset => Self::Reset { at, with: which },
        }
    }
}

/// Mostly short, sometimes close to one of the spans of protocol §1, or past it.
fn span(drawn: u16) -> Duration {
    match drawn % 16 {
        0..3 => hours(1),
        3 => hours(3),
        4 => hours(15),
        5..11 => hours(25),
        11 => days(3),
        12 => days(7),
        13 => days(12) + hours(20),
        14 => days(15),
        _ => days(20),
    }
}

impl<H: Home> World<H> {
    /// Lets the steps happen, one after the other, and then holds that all settle.
    pub fn live(&mut self, steps: &[Step]) {
        for (number, step) in steps.iter().enumerate() {
            self.step(number, *step);
        }
        self.check_bounds();
        self.settles();
    }

    fn step(&mut self, number: usize, step: Step) {
        let count = self.devices.len();
        let text = format!("text {number}");
        match step {
            Step::Send { from, to } => {
                let to = self.other(from % count, to);
                self.send_from(from % count, to, &text, Fate::Answers);
            }
            Step::Deliver { at, which } => self.deliver_one(at, which, Handing::PLAIN),
            Step::Drop { at, which } => {
                let waiting = &mut self.devices[at % count].in_flight;
                if !waiting.is_empty() {
                    waiting.remove(which % waiting.len());
                }
            }
            Step::DeliverUnconfirmed { at, which } => {
                let confirm = false;
                self.hand_copy(
                    at,
                    which,
                    Handing {
                        confirm,
                        ..Handing::PLAIN
                    },
                );
            }
            Step::Repeat { at, which } => self.hand_copy(at, which, Handing::PLAIN),
            Step::Confirm { at } => self.confirm_at(at % count),
            Step::Wait(span) => self.pass(span),
            Step::Import { at, of, age } => {
                if at % count != of % count {
                    self.import_at(at % count, of % count, age);
                }
            }
            Step::Advertise { from, to } => {
                let to = self.other(from % count, to);
                self.advertise_from(from % count, to);
            }
            Step::Flip {
                at,
                which,
                byte,
                bit,
            } => {
                let damage = Damage::Flipped { byte, bit };
                self.hand_copy(
                    at,
                    which,
                    Handing {
                        damage,
                        ..Handing::PLAIN
                    },
                );
            }
            Step::Impostor { at, which, by } => {
                let damage = Damage::SaidToBeFrom(by % self.identities.len());
                self.hand_copy(
                    at,
                    which,
                    Handing {
                        damage,
                        ..Handing::PLAIN
                    },
                );
            }
            Step::Jump { at, by, ahead } => self.jump_at(at % count, by, ahead),
            Step::SetClock { at } => self.devices[at % count].set_clock_error(0, self.now),
            Step::DieSending {
                from,
                to,
                committed,
            } => {
                let to = self.other(from % count, to);
                self.send_from(from % count, to, &text, fate(committed));
            }
            Step::DieReading {
                at,
                which,
                committed,
                confirm,
            } => {
                let fate = fate(committed);
                self.hand_copy(
                    at,
                    which,
                    Handing {
                        confirm,
                        fate,
                        ..Handing::PLAIN
                    },
                );
            }
            Step::Restart { at } => self.restart_at(at % count),
            Step::TurnOff { at } => self.devices[at % count].turn_off(self.now),
            Step::LoseState { at } => self.start_over_at(at % count),
            Step::BackUp { at } => self.devices[at % count].back_up(&mut self.home),
            Step::PutBack { at } => self.put_back_at(at % count),
            Step::Enable { at, of } => self.pair_at(at % count, of % count, true),
            Step::Disable { at, of } => self.pair_at(at % count, of % count, false),
            Step::Reset { at, with } => self.reset_at(at % count, with % self.identities.len()),
        }
    }

    fn deliver_one(&mut self, at: usize, which: usize, handing: Handing) {
        let at = at % self.devices.len();
        let waiting = self.devices[at].in_flight.len();
        if waiting > 0 {
            self.deliver_from(at, which % waiting, handing);
        }
    }

    /// A copy arrives; the parcel itself stays on the way.
    fn hand_copy(&mut self, at: usize, which: usize, handing: Handing) {
        let at = at % self.devices.len();
        let waiting = &self.devices[at].in_flight;
        if !waiting.is_empty() {
            let parcel = std::rc::Rc::clone(&waiting[which % waiting.len()]);
            self.hand(at, &parcel, handing);
        }
    }

    /// An identity that is not the device's own.
    fn other(&self, from: usize, drawn: usize) -> usize {
        let own = self.devices[from].identity;
        let others: Vec<_> = (0..self.identities.len()).filter(|to| *to != own).collect();
        others[drawn % others.len()]
    }
}

fn fate(committed: bool) -> Fate {
    if committed {
        Fate::DiesAfterCommit
    } else {
        Fate::DiesBeforeCommit
    }
}
