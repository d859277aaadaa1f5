//! What can happen, drawn by lot: the steps of a schedule.

use std::time::Duration;

use super::{
    CrashPoint, Disks, World, days,
    effects::{DeliveryOptions, Tampering},
    hours,
};

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is told by the variant of Action that bears its name"
)]
pub enum ActionKind {
    Send,
    Deliver,
    Drop,
    DeliverUnconfirmed,
    Redeliver,
    Confirm,
    Wait,
    Import,
    Advertise,
    FlipBit,
    ForgeSender,
    ClockJump,
    CorrectClock,
    CrashSending,
    CrashReading,
    Restart,
    TurnOff,
    Reinstall,
    BackUp,
    RestoreBackup,
    Enable,
    Disable,
    Reset,
}

/// One thing that happens. Devices, identities and parcels are given by numbers, taken modulo how many there are;
/// a step for which nothing is on the way does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the numbers told of above")]
pub enum Action {
    /// A device sends to an identity that is not its own.
    Send { from: usize, to: usize },
    /// A parcel arrives and its text is confirmed at once.
    Deliver { at: usize, which: usize },
    /// A parcel is lost.
    Drop { at: usize, which: usize },
    /// A parcel arrives and is not confirmed; it stays on the way.
    DeliverUnconfirmed { at: usize, which: usize },
    /// A parcel arrives, and stays on the way to arrive again.
    Redeliver { at: usize, which: usize },
    /// The frontend confirms all it has read.
    Confirm { at: usize },
    /// Time passes.
    Wait(Duration),
    /// A contact code reaches a device: the newest, or one some bundles older.
    Import { at: usize, of: usize, age: usize },
    /// A device advertises its bundle to an identity that is not its own.
    Advertise { from: usize, to: usize },
    /// A copy of a parcel arrives with one bit changed.
    FlipBit {
        at: usize,
        which: usize,
        byte: usize,
        bit: u8,
    },
    /// A copy of a parcel arrives under the name of another identity.
    ForgeSender { at: usize, which: usize, by: usize },
    /// A device's clock jumps.
    ClockJump {
        at: usize,
        by: Duration,
        ahead: bool,
    },
    /// A device's clock is set right.
    CorrectClock { at: usize },
    /// A device's process dies while it sends; nothing leaves it.
    CrashSending {
        from: usize,
        to: usize,
        committed: bool,
    },
    /// A device's process dies while it reads.
    CrashReading {
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
    Reinstall { at: usize },
    /// A backup of a device's store is made.
    BackUp { at: usize },
    /// The last backup of a device's store is put in its place.
    RestoreBackup { at: usize },
    /// A user enables a device, of his own or of another.
    Enable { at: usize, of: usize },
    /// A user disables a device.
    Disable { at: usize, of: usize },
    /// A user starts over with an identity.
    Reset { at: usize, with: usize },
}

/// How often each kind of step is drawn.
#[derive(Clone, Debug)]
pub struct ActionWeights(Vec<(u32, ActionKind)>);

impl ActionWeights {
    /// Messages, losses and waits: what happens every day.
    #[must_use]
    pub fn everyday() -> Self {
        Self(vec![
            (30, ActionKind::Send),
            (30, ActionKind::Deliver),
            (5, ActionKind::Drop),
            (3, ActionKind::DeliverUnconfirmed),
            (3, ActionKind::Redeliver),
            (2, ActionKind::Confirm),
            (8, ActionKind::Wait),
            (4, ActionKind::Import),
            (2, ActionKind::Advertise),
            (2, ActionKind::FlipBit),
            (1, ActionKind::ForgeSender),
            (2, ActionKind::TurnOff),
        ])
    }

    /// The same with something more.
    #[must_use]
    pub fn and(mut self, weight: u32, kind: ActionKind) -> Self {
        self.0.push((weight, kind));
        self
    }

    /// The step that four random numbers name.
    #[must_use]
    pub fn action(&self, [kind, a, b, c]: [u16; 4]) -> Action {
        let all: u32 = self.0.iter().map(|(weight, _)| weight).sum();
        let mut place = u32::from(kind) % all;
        let mut chosen = ActionKind::Send;
        for (weight, kind) in &self.0 {
            if place < *weight {
                chosen = *kind;
                break;
            }
            place -= weight;
        }
        Action::of(chosen, a, b, c)
    }
}

impl Action {
    fn of(kind: ActionKind, a: u16, b: u16, c: u16) -> Self {
        // Twelve is a multiple of every number of devices there may be: small numbers, evenly drawn.
        let [at, which, more] = [a % 12, b, c].map(usize::from);
        let (from, to, of) = (at, which, which);
        let odd = c % 2 == 1;
        match kind {
            ActionKind::Send => Self::Send { from, to },
            ActionKind::Deliver => Self::Deliver { at, which },
            ActionKind::Drop => Self::Drop { at, which },
            ActionKind::DeliverUnconfirmed => Self::DeliverUnconfirmed { at, which },
            ActionKind::Redeliver => Self::Redeliver { at, which },
            ActionKind::Confirm => Self::Confirm { at },
            ActionKind::Wait => Self::Wait(span(c)),
            ActionKind::Import => {
                // Every other time the newest.
                let age = if odd { more / 2 % 8 } else { 0 };
                Self::Import { at, of, age }
            }
            ActionKind::Advertise => Self::Advertise { from, to },
            ActionKind::FlipBit => {
                let (byte, bit) = (more, (b % 8) as u8);
                Self::FlipBit {
                    at,
                    which,
                    byte,
                    bit,
                }
            }
            ActionKind::ForgeSender => Self::ForgeSender {
                at,
                which,
                by: more,
            },
            ActionKind::ClockJump => {
                let by = [hours(1), hours(30), days(3), days(16), days(30)];
                let by = by[which % by.len()];
                Self::ClockJump {
                    at,
                    by,
                    ahead: !odd,
                }
            }
            ActionKind::CorrectClock => Self::CorrectClock { at },
            ActionKind::CrashSending => Self::CrashSending {
                from,
                to,
                committed: odd,
            },
            ActionKind::CrashReading => Self::CrashReading {
                at,
                which,
                committed: odd,
                confirm: c % 4 > 1,
            },
            ActionKind::Restart => Self::Restart { at },
            ActionKind::TurnOff => Self::TurnOff { at },
            ActionKind::Reinstall => Self::Reinstall { at },
            ActionKind::BackUp => Self::BackUp { at },
            ActionKind::RestoreBackup => Self::RestoreBackup { at },
            ActionKind::Enable => Self::Enable { at, of },
            ActionKind::Disable => Self::Disable { at, of },
            ActionKind::Reset => Self::Reset { at, with: which },
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

impl<H: Disks> World<H> {
    /// Lets the steps happen, one after the other, and then holds that all settle.
    pub fn run(&mut self, steps: &[Action]) {
        for (number, step) in steps.iter().enumerate() {
            self.perform(number, *step);
        }
        self.check_bounds();
        self.assert_converges();
    }

    fn perform(&mut self, number: usize, step: Action) {
        let count = self.devices.len();
        let text = format!("text {number}");
        match step {
            Action::Send { from, to } => {
                let to = self.other(from % count, to);
                self.send_from(from % count, to, &text, CrashPoint::Never);
            }
            Action::Deliver { at, which } => self.deliver_one(at, which, DeliveryOptions::DEFAULT),
            Action::Drop { at, which } => {
                let waiting = &mut self.devices[at % count].in_flight;
                if !waiting.is_empty() {
                    waiting.remove(which % waiting.len());
                }
            }
            Action::DeliverUnconfirmed { at, which } => {
                let confirm = false;
                self.deliver_copy(
                    at,
                    which,
                    DeliveryOptions {
                        confirm,
                        ..DeliveryOptions::DEFAULT
                    },
                );
            }
            Action::Redeliver { at, which } => {
                self.deliver_copy(at, which, DeliveryOptions::DEFAULT)
            }
            Action::Confirm { at } => self.confirm_at(at % count),
            Action::Wait(span) => self.advance(span),
            Action::Import { at, of, age } => {
                if at % count != of % count {
                    self.import_at(at % count, of % count, age);
                }
            }
            Action::Advertise { from, to } => {
                let to = self.other(from % count, to);
                self.advertise_from(from % count, to);
            }
            Action::FlipBit {
                at,
                which,
                byte,
                bit,
            } => {
                let tampering = Tampering::BitFlipped { byte, bit };
                self.deliver_copy(
                    at,
                    which,
                    DeliveryOptions {
                        tampering,
                        ..DeliveryOptions::DEFAULT
                    },
                );
            }
            Action::ForgeSender { at, which, by } => {
                let tampering = Tampering::SenderForged(by % self.identities.len());
                self.deliver_copy(
                    at,
                    which,
                    DeliveryOptions {
                        tampering,
                        ..DeliveryOptions::DEFAULT
                    },
                );
            }
            Action::ClockJump { at, by, ahead } => self.jump_at(at % count, by, ahead),
            Action::CorrectClock { at } => self.devices[at % count].set_clock_error(0, self.now),
            Action::CrashSending {
                from,
                to,
                committed,
            } => {
                let to = self.other(from % count, to);
                self.send_from(from % count, to, &text, crash_point(committed));
            }
            Action::CrashReading {
                at,
                which,
                committed,
                confirm,
            } => {
                let crash = crash_point(committed);
                self.deliver_copy(
                    at,
                    which,
                    DeliveryOptions {
                        confirm,
                        crash,
                        ..DeliveryOptions::DEFAULT
                    },
                );
            }
            Action::Restart { at } => self.restart_at(at % count),
            Action::TurnOff { at } => self.devices[at % count].turn_off(self.now),
            Action::Reinstall { at } => self.reinstall_at(at % count),
            Action::BackUp { at } => self.devices[at % count].back_up(&mut self.disks),
            Action::RestoreBackup { at } => self.restore_backup_at(at % count),
            Action::Enable { at, of } => self.pair_at(at % count, of % count, true),
            Action::Disable { at, of } => self.pair_at(at % count, of % count, false),
            Action::Reset { at, with } => self.reset_at(at % count, with % self.identities.len()),
        }
    }

    fn deliver_one(&mut self, at: usize, which: usize, options: DeliveryOptions) {
        let at = at % self.devices.len();
        let waiting = self.devices[at].in_flight.len();
        if waiting > 0 {
            self.deliver_nth(at, which % waiting, options);
        }
    }

    /// A copy arrives; the parcel itself stays on the way.
    fn deliver_copy(&mut self, at: usize, which: usize, options: DeliveryOptions) {
        let at = at % self.devices.len();
        let waiting = &self.devices[at].in_flight;
        if !waiting.is_empty() {
            let parcel = std::rc::Rc::clone(&waiting[which % waiting.len()]);
            self.receive_at(at, &parcel, options);
        }
    }

    /// An identity that is not the device's own.
    fn other(&self, from: usize, drawn: usize) -> usize {
        let own = self.devices[from].identity;
        let others: Vec<_> = (0..self.identities.len()).filter(|to| *to != own).collect();
        others[drawn % others.len()]
    }
}

fn crash_point(committed: bool) -> CrashPoint {
    if committed {
        CrashPoint::AfterCommit
    } else {
        CrashPoint::BeforeCommit
    }
}
