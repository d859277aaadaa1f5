//! Random schedules of a [`World`]: the actions, how often each is drawn, and how they are run.

use std::time::Duration;

use super::{
    CrashPoint, Disks, RelayFault, World, days,
    effects::{DeliveryOptions, Tampering},
    hours,
    weights::Weights,
};
use crate::model::ContactMark;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the variant of Action of that name")]
pub enum ActionKind {
    Send,
    SendToAll,
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
    Decide,
    Relay,
    Update,
}

/// One action of a schedule. Devices, identities and messages in flight are given by numbers, taken
/// modulo how many there are. An action on a message does nothing where none is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the numbers described above")]
pub enum Action {
    /// A device sends to an identity that is not its own.
    Send { from: usize, to: usize },
    /// A device sends to all identities in one call, its own among them.
    SendToAll { from: usize },
    /// A message arrives and its text is confirmed at once.
    Deliver { at: usize, which: usize },
    /// The network loses a message.
    Drop { at: usize, which: usize },
    /// A copy of a message arrives and is not confirmed; the message stays in flight.
    DeliverUnconfirmed { at: usize, which: usize },
    /// A copy of a message arrives and is confirmed; the message stays in flight, to arrive again.
    Redeliver { at: usize, which: usize },
    /// The frontend confirms all it has read.
    Confirm { at: usize },
    /// Time passes.
    Wait(Duration),
    /// A contact code is imported: the newest of a device, or one that is `age` bundles older.
    Import { at: usize, of: usize, age: usize },
    /// The newest is imported with the KEM prekeys beside it.
    ImportFull { at: usize, of: usize },
    /// A device advertises its bundle to an identity that is not its own.
    Advertise { from: usize, to: usize },
    /// A copy of a message arrives with one bit flipped.
    FlipBit {
        at: usize,
        which: usize,
        byte: usize,
        bit: u8,
    },
    /// A copy of a message arrives with another identity named as its sender.
    ForgeSender { at: usize, which: usize, by: usize },
    /// A device's clock jumps.
    ClockJump {
        at: usize,
        by: Duration,
        ahead: bool,
    },
    /// A device's clock is set right.
    CorrectClock { at: usize },
    /// A device's process crashes while it sends: nothing leaves the device.
    CrashSending {
        from: usize,
        to: usize,
        committed: bool,
    },
    /// A device's process crashes while it reads.
    CrashReading {
        at: usize,
        which: usize,
        committed: bool,
        confirm: bool,
    },
    /// A device's process ends and a new one starts.
    Restart { at: usize },
    /// A device is turned off. The next action that involves it turns it on again.
    TurnOff { at: usize },
    /// A device loses its state and is set up again under a new id.
    Reinstall { at: usize },
    /// A device's store is backed up.
    BackUp { at: usize },
    /// A device's store is replaced by its last backup.
    RestoreBackup { at: usize },
    /// A user enables a device, of their own identity or of another.
    Enable { at: usize, of: usize },
    /// A user disables a device.
    Disable { at: usize, of: usize },
    /// A user resets the sessions with an identity.
    Reset { at: usize, with: usize },
    /// A user requests, accepts or declines an identity that is not their own, and says so.
    Decide {
        at: usize,
        with: usize,
        step: ContactMark,
    },
    /// From now on a relay does this to the messages of one device to another.
    Relay {
        at: usize,
        from: usize,
        fault: Option<RelayFault>,
    },
    /// A device gets the current program.
    Update { at: usize },
}

/// The weight of each kind of action in a random schedule.
pub type ActionWeights = Weights<ActionKind>;

impl ActionWeights {
    /// What happens every day: messages, losses and waits.
    #[must_use]
    pub fn everyday() -> Self {
        Self::of(&[
            (30, ActionKind::Send),
            (3, ActionKind::SendToAll),
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

    /// The action that four random numbers give.
    #[must_use]
    pub fn action(&self, [kind, a, b, c]: [u16; 4]) -> Action {
        Action::of(self.pick(kind), a, b, c)
    }
}

impl Action {
    fn of(kind: ActionKind, a: u16, b: u16, c: u16) -> Self {
        // Twelve is a multiple of every number of devices there may be, so that small numbers are
        // drawn evenly.
        let [at, which, more] = [a % 12, b, c].map(usize::from);
        let (from, to, of) = (at, which, which);
        let odd = c % 2 == 1;
        match kind {
            ActionKind::Send => Self::Send { from, to },
            ActionKind::SendToAll => Self::SendToAll { from },
            ActionKind::Deliver => Self::Deliver { at, which },
            ActionKind::Drop => Self::Drop { at, which },
            ActionKind::DeliverUnconfirmed => Self::DeliverUnconfirmed { at, which },
            ActionKind::Redeliver => Self::Redeliver { at, which },
            ActionKind::Confirm => Self::Confirm { at },
            ActionKind::Wait => Self::Wait(span(c)),
            ActionKind::Import => {
                // Every other time the newest; half of these with KEM prekeys.
                if more % 4 == 2 {
                    return Self::ImportFull { at, of };
                }
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
            ActionKind::Decide => Self::Decide {
                at,
                with: which,
                step: ContactMark::ALL[more % ContactMark::ALL.len()],
            },
            ActionKind::Relay => Self::Relay {
                at,
                from: which,
                fault: match c % 5 {
                    0 | 1 => Some(RelayFault::Strip),
                    2 => Some(RelayFault::SwapKem),
                    3 => Some(RelayFault::ReplayKem),
                    _ => None,
                },
            },
            ActionKind::Update => Self::Update { at },
        }
    }
}

/// Mostly short; sometimes close to one of the time limits of protocol §1, or past it.
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
    /// Runs the actions in order, and then checks that sessions converge.
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
            Action::SendToAll { from } => self.send_to_all_from(from % count, &text),
            Action::Deliver { at, which } => self.deliver_one(at, which),
            Action::Drop { at, which } => {
                let waiting = &mut self.devices[at % count].in_flight;
                if !waiting.is_empty() {
                    waiting.remove(which % waiting.len());
                }
            }
            Action::DeliverUnconfirmed { at, which } => {
                let options = DeliveryOptions::intact(false, CrashPoint::Never);
                self.deliver_copy(at, which, options);
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
            Action::ImportFull { at, of } => {
                if at % count != of % count {
                    self.import_full_at(at % count, of % count);
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
                self.deliver_copy(at, which, DeliveryOptions::tampered(tampering));
            }
            Action::ForgeSender { at, which, by } => {
                let tampering = Tampering::SenderForged(by % self.identities.len());
                self.deliver_copy(at, which, DeliveryOptions::tampered(tampering));
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
                let options = DeliveryOptions::intact(confirm, crash_point(committed));
                self.deliver_copy(at, which, options);
            }
            Action::Restart { at } => self.restart_at(at % count),
            Action::TurnOff { at } => self.devices[at % count].turn_off(self.now),
            Action::Reinstall { at } => self.reinstall_at(at % count),
            Action::BackUp { at } => self.devices[at % count].back_up(&mut self.disks),
            Action::RestoreBackup { at } => self.restore_backup_at(at % count),
            Action::Enable { at, of } => self.pair_at(at % count, of % count, true),
            Action::Disable { at, of } => self.pair_at(at % count, of % count, false),
            Action::Reset { at, with } => self.reset_at(at % count, with % self.identities.len()),
            Action::Decide { at, with, step } => {
                let with = self.other(at % count, with);
                self.decide_at(at % count, with, step, &text);
            }
            Action::Relay { at, from, fault } => self.relay_at(from % count, at % count, fault),
            Action::Update { at } => self.update_at(at % count),
        }
    }

    fn deliver_one(&mut self, at: usize, which: usize) {
        let at = at % self.devices.len();
        let waiting = self.devices[at].in_flight.len();
        if waiting > 0 {
            self.deliver_nth(at, which % waiting);
        }
    }

    /// Delivers a copy; the message itself stays in flight.
    fn deliver_copy(&mut self, at: usize, which: usize, options: DeliveryOptions) {
        let at = at % self.devices.len();
        let waiting = &self.devices[at].in_flight;
        if !waiting.is_empty() {
            let sent = std::rc::Rc::clone(&waiting[which % waiting.len()]);
            self.receive_at(at, &sent, options);
        }
    }

    /// An identity that is not the device's own.
    fn other(&self, from: usize, drawn: usize) -> usize {
        let others = self.others(from);
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
