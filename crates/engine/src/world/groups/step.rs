//! The steps of random schedules of a [`GroupWorld`].

use std::rc::Rc;

use super::{Body, DEVICES, GroupWorld, Mail, STATUS_GO, WITHOUT_LOG};
use crate::{
    groups::{GroupEdit, state::Act},
    world::{CrashPoint, Disks, days, weights::Weights},
};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "what the functions of their names say")]
pub enum GroupStepKind {
    Invite,
    Accept,
    Remove,
    Promote,
    Leave,
    Edit,
    Forget,
    SendLog,
    MakeKey,
    ShareKey,
    Write,
    WritePairwise,
    Deliver,
    DeliverAll,
    Redeliver,
    Tamper,
    Drop,
    Confirm,
    StatusGoActs,
    StatusGoSetsKeys,
    StatusGoWrites,
    ForgeEvent,
    ForgeKey,
    ForgeMessage,
    ClockJump,
    Restart,
    Wait,
    WaitLong,
}

/// A step: by which device, in which group, and numbers that choose the rest, each taken modulo
/// what there is to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupStep {
    kind: GroupStepKind,
    at: usize,
    group: usize,
    numbers: [u16; 2],
}

/// The weight of each kind of step in a random schedule.
pub type GroupStepWeights = Weights<GroupStepKind>;

impl GroupStepWeights {
    /// What happens in groups.
    #[must_use]
    pub fn of_groups() -> Self {
        Self::of(&[
            (4, GroupStepKind::Invite),
            (4, GroupStepKind::Accept),
            (6, GroupStepKind::Remove),
            (2, GroupStepKind::Promote),
            (3, GroupStepKind::Leave),
            (2, GroupStepKind::Edit),
            (1, GroupStepKind::Forget),
            (3, GroupStepKind::SendLog),
            (5, GroupStepKind::MakeKey),
            (3, GroupStepKind::ShareKey),
            (14, GroupStepKind::Write),
            (2, GroupStepKind::WritePairwise),
            (12, GroupStepKind::Deliver),
            (10, GroupStepKind::DeliverAll),
            (8, GroupStepKind::Redeliver),
            (4, GroupStepKind::Tamper),
            (3, GroupStepKind::Drop),
            (4, GroupStepKind::Confirm),
            (3, GroupStepKind::StatusGoActs),
            (4, GroupStepKind::StatusGoSetsKeys),
            (2, GroupStepKind::StatusGoWrites),
            (5, GroupStepKind::ForgeEvent),
            (3, GroupStepKind::ForgeKey),
            (4, GroupStepKind::ForgeMessage),
            (4, GroupStepKind::ClockJump),
            (2, GroupStepKind::Restart),
            (3, GroupStepKind::Wait),
            (2, GroupStepKind::WaitLong),
        ])
    }

    /// The step that random numbers give.
    #[must_use]
    pub fn step(&self, [kind, at, group, a, b]: [u16; 5]) -> GroupStep {
        // Most happens in the first group, and much is done by its admins.
        let group = [0, 0, 0, 0, 1, 1, 2, 3][usize::from(group % 8)];
        GroupStep {
            kind: self.pick(kind),
            at: [0, 1, 2, 0, 1, 2, 3, 4, 5][usize::from(at) % 9],
            group,
            numbers: [a, b],
        }
    }
}

impl<H: Disks> GroupWorld<H> {
    pub(super) fn step(&mut self, step: GroupStep) {
        let GroupStep {
            kind,
            at,
            group,
            numbers: [a, b],
        } = step;
        let crash = match b % 12 {
            0 => CrashPoint::BeforeCommit,
            1 => CrashPoint::AfterCommit,
            _ => CrashPoint::Never,
        };
        let with_log = group.min(WITHOUT_LOG - 1);
        let (whom, odd) = (usize::from(a) % (DEVICES.len() + 1), b % 2 == 1);
        let named = self.identity(whom);
        match kind {
            GroupStepKind::Invite => self.act(at, with_log, crash, |engine, store, env, group| {
                engine.group_invite(store, env, group, &[named])
            }),
            GroupStepKind::Accept => self.act(at, with_log, crash, |engine, store, env, group| {
                engine.group_accept(store, env, group)
            }),
            GroupStepKind::Remove => self.act(at, with_log, crash, |engine, store, env, group| {
                engine.group_remove(store, env, group, &[named])
            }),
            GroupStepKind::Promote => self.act(at, with_log, crash, |engine, store, env, group| {
                engine.group_promote(store, env, group, &[named])
            }),
            GroupStepKind::Leave => self.act(at, with_log, crash, |engine, store, env, group| {
                engine.group_leave(store, env, group)
            }),
            GroupStepKind::Edit => {
                let edit = GroupEdit {
                    name: odd.then(|| format!("name {}", a % 7)),
                    color: (a.is_multiple_of(5)).then(|| format!("#{a}")),
                    image: (!odd).then(|| vec![7; 1 + usize::from(a % 3)]),
                };
                self.act(at, with_log, crash, |engine, store, env, group| {
                    engine.group_edit(store, env, group, edit)
                });
            }
            GroupStepKind::Forget => self.forget(at, with_log),
            GroupStepKind::SendLog => {
                if let Some(events) = self.update(at, with_log) {
                    let body = Body::Update(events, odd);
                    self.post(self.identity(at), false, with_log, body, &[whom]);
                }
            }
            GroupStepKind::MakeKey => self.give_key(at, group, None, crash),
            GroupStepKind::ShareKey => self.give_key(at, group, Some(whom), crash),
            GroupStepKind::Write => self.write(at, group, odd, crash),
            GroupStepKind::WritePairwise => self.write_pairwise(at, with_log, odd),
            GroupStepKind::Deliver => {
                if let Some(place) = self.pick(at, a) {
                    let mail = self.in_flight[at].remove(place);
                    self.deliver(at, &mail, odd, CrashPoint::Never);
                }
            }
            GroupStepKind::DeliverAll if odd => self.deliver_everything(),
            GroupStepKind::DeliverAll => self.deliver_all(at),
            GroupStepKind::Redeliver => {
                if let Some(mail) = self.copy(at, a) {
                    self.deliver(at, &mail, odd, crash);
                }
            }
            GroupStepKind::Tamper => {
                let mail = self.copy(at, a);
                if let Some(mail) = mail.and_then(|mail| self.tampered(&mail, b)) {
                    self.deliver(at, &mail, false, CrashPoint::Never);
                }
            }
            GroupStepKind::Drop => {
                if let Some(place) = self.pick(at, a) {
                    self.in_flight[at].remove(place);
                }
            }
            GroupStepKind::Confirm => self.confirm(at),
            GroupStepKind::StatusGoActs => {
                self.deliver_all(STATUS_GO);
                let act = self.chosen(b, whom);
                self.status_go_acts(with_log, act);
            }
            GroupStepKind::StatusGoSetsKeys => {
                self.deliver_all(STATUS_GO);
                self.status_go_sets_keys(with_log, a.is_multiple_of(2) && group == 1, odd);
            }
            GroupStepKind::StatusGoWrites => {
                self.deliver_all(STATUS_GO);
                self.status_go_writes(group, odd);
            }
            GroupStepKind::ForgeEvent => {
                let act = self.chosen(b / 16, whom);
                // Ahead of what counts, or minutes back.
                let back = [0, 12_000, 130_000, 200_000][usize::from(b % 4)];
                self.forge_event(with_log, act, back + u64::from(a), b, at);
            }
            GroupStepKind::ForgeKey => self.forge_key(group, b, named, at),
            GroupStepKind::ForgeMessage => {
                // The highest number spends a key.
                let (which, number) = match b {
                    0..=2000 => (0, 100_000),
                    2001..=4000 => (a, 100_001),
                    _ => (a, 1 + u32::from(b % 40)),
                };
                self.forge_message(group, which, number, whom);
            }
            GroupStepKind::ClockJump => {
                let error = i64::from(a % 300) * 1000;
                let now = self.world.now;
                let error = if odd { error } else { -error };
                self.world.devices[at].set_clock_error(error, now);
            }
            GroupStepKind::Restart => self.world.restart_at(at),
            GroupStepKind::Wait => self.world.now += u64::from(a) * 3,
            GroupStepKind::WaitLong => {
                self.world.advance(days(15));
                self.meet();
                for at in 0..DEVICES.len() {
                    for group in 0..self.groups.len() {
                        self.check(at, group);
                    }
                }
                self.bring_again(a);
            }
        }
        self.world.now += 1;
    }

    fn pick(&self, at: usize, which: u16) -> Option<usize> {
        usize::from(which).checked_rem(self.in_flight[at].len())
    }

    /// Something that was sent to a device, whether it has arrived or not; mostly of late.
    fn copy(&self, at: usize, which: u16) -> Option<Rc<Mail>> {
        let late = if which.is_multiple_of(4) {
            usize::MAX
        } else {
            8
        };
        let sent = &self.sent[at];
        let back = usize::from(which / 4).checked_rem(sent.len().min(late))?;
        sent.iter().rev().nth(back).cloned()
    }

    /// Each device is given something again that it was sent long ago.
    fn bring_again(&mut self, which: u16) {
        for at in 0..DEVICES.len() {
            let place = usize::from(which).checked_rem(self.sent[at].len());
            if let Some(mail) = place.map(|place| Rc::clone(&self.sent[at][place])) {
                self.deliver(at, &mail, false, CrashPoint::Never);
            }
        }
    }

    fn chosen(&self, which: u16, whom: usize) -> Act {
        let one = self.identity(whom);
        match which % 10 {
            0 | 1 => Act::Invite(vec![one]),
            2 => Act::Accept,
            3..=5 => Act::Remove(Some(one)),
            6 => Act::Promote(Some(vec![one])),
            7 => Act::Promote(Some(vec![one, self.identity(0)])),
            8 => Act::Resign(Some(one)),
            _ => Act::Rename(format!("name {}", which % 7)),
        }
    }
}
