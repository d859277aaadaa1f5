//! Devices of ours among devices like status-go's, judged by a twin of their world.
//!
//! The same schedule runs twice: among devices of both makes, and among such as every device is
//! like status-go's. What a device of the twin reads, the device in its place reads as well. Where
//! all are ours, and of suite x25519, the twin is the same world in which every message is read at
//! once by everybody. What may be lost all the same is named, one by one, by [`Exemption`].

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::Suite;

use super::{
    HOUR,
    mixed_world::MixedWorld,
    op::{DeviceIndex, Op},
    ours::{Frontend, Ours},
    participant::Participant,
    random::SplitMix64,
    read_attempt::ReadAttempt,
    status_go::StatusGo,
};
use crate::model::Config;

/// Spans of protocol §1.
const ERASED_AFTER: u64 = 14 * 24 * HOUR;
const STALE_AFTER: u64 = 7 * 24 * HOUR;

/// Who made a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implementation {
    /// We did, and this frontend speaks for it.
    Ours(Frontend),
    /// It is like status-go's.
    StatusGo,
}

/// A world of both makes: the devices of each identity.
#[derive(Clone, Debug)]
pub struct Population {
    /// The makes of the devices, by identity.
    pub devices: Vec<Vec<Implementation>>,
    /// The devices of an identity were given each other's bundle and enabled when they were set up.
    pub paired: bool,
    /// What reaches ours came in envelopes that the sender signed (protocol §9).
    pub sealed: bool,
    /// The settings of ours.
    pub config: Config,
    /// What all keys come from.
    pub seed: u64,
}

/// Why a message that the twin reads may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exemption {
    /// What it was encrypted to was replaced, superseded or expired two weeks ago, and is erased
    /// (spec 3.4; protocol §7, erasure). status-go keeps it for ever.
    Erased,
    /// A device of ours left the device out, from which nothing came for a week that it could
    /// believe, and which has siblings (spec 4.3; protocol §3, stale timers). status-go writes to
    /// all it ever knew.
    Stale,
    /// The device was put back to an older state, and its sender had not heard of it since; or it
    /// is like status-go's, and goes on with a session that the device began before, until its own
    /// prekey is replaced (docs/security.md, a state that runs twice). Its place in the twin loses
    /// nothing.
    RestoreBackup,
    /// A device like status-go's heard of what the device was before it was put back, or
    /// reinstalled under its id, after it had heard of the present one, and begins on the lowest
    /// version it knows (protocol §7: such ids should not be supplied again).
    FormerPreKey,
    /// Its sender or the device, one of them ours, was reinstalled under its id, and the other,
    /// like status-go's, keeps the ratchet of a session that was begun before on the same prekey,
    /// until that is replaced (protocol §7: such ids should not be supplied again).
    FormerRatchet,
    /// The device is like status-go's and was reinstalled under its id, so that its versions begin
    /// anew; nothing proved to its sender, a device of ours, that it is the device itself that
    /// shows a lower one (protocol §3, receiving a bundle).
    VersionUnproven,
    /// Both are like status-go's, and one was reinstalled under its id: it begins on a prekey on
    /// which it began before, since a device of ours told it of that one, where its place in the
    /// twin still writes by DH (protocol §7: such ids should not be supplied again).
    OldId,
    /// Both are ours, and the sender knows the device by the listing of a sibling of status-go
    /// alone, without its ratchet prekey: it waits for the device's own bundle (protocol §3,
    /// verifying).
    ListedWithoutExtension,
    /// The sender in the twin had heard of no device of the identity, and wrote to any, by DH. Here
    /// it had heard of one: it did not know this one, or as it was before it was reinstalled, and
    /// is answered with its bundle (spec 4.4; protocol §6); or both are like status-go's, and it
    /// began a session that is dead between these two.
    AnotherDeviceMet,
    /// All are ours, and in a world in which nothing is late its sender would have heard of the
    /// device, as it is now (protocol §7, account recovery; spec 4.4).
    NotHeardOf,
    /// The frontend of the device, or of another one of its identity, withheld its reply, or the
    /// limits on replies did, and its sender has not heard of it since (spec 4.4; protocol §7,
    /// replies).
    ReplyWithheld,
}

/// A message that a device could not read, and the device in its place in the twin could.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The message.
    pub n: u64,
    /// Who sent it.
    pub from: DeviceIndex,
    /// Who could not read it.
    pub at: DeviceIndex,
    /// What the device made of it.
    pub found: String,
}

/// What came of a schedule.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Messages, by device, that the twin read and the device in its place was given.
    pub demanded: usize,
    /// Those that it could not read.
    pub losses: Vec<Loss>,
    /// Those that it may lose, and why.
    pub exempt: BTreeMap<Exemption, usize>,
}

/// What came of a schedule some messages later.
#[derive(Debug)]
pub struct ConvergenceReport {
    /// The messages of the last round that were not read.
    pub unread: Vec<Loss>,
    /// Pairs of devices of ours that would send to each other on two sessions.
    pub diverging: Vec<(DeviceIndex, DeviceIndex)>,
}

impl Population {
    /// A cast with one frontend for all of ours: `o` is a device of ours, `s` one like status-go's,
    /// and `|` stands between identities.
    #[must_use]
    pub fn parse(described: &str, paired: bool) -> Self {
        let implementation = |letter| match letter {
            'o' => Implementation::Ours(Frontend::SendsReplies),
            's' => Implementation::StatusGo,
            other => panic!("no implementation {other:?}"),
        };
        let identity = |devices: &str| devices.trim().chars().map(implementation).collect();
        Self {
            devices: described.split('|').map(identity).collect(),
            paired,
            sealed: false,
            config: Config::default(),
            seed: 0,
        }
    }

    /// The same with this frontend for all of ours.
    #[must_use]
    pub fn with_frontend(mut self, frontend: Frontend) -> Self {
        for implementation in self.devices.iter_mut().flatten() {
            if *implementation != Implementation::StatusGo {
                *implementation = Implementation::Ours(frontend);
            }
        }
        self
    }

    fn mixed_world(&self) -> MixedWorld {
        let counts: Vec<usize> = self.devices.iter().map(Vec::len).collect();
        MixedWorld::new(&counts, self.paired, |at, now| {
            self.participant(at, self.devices[at.0][at.1], now)
        })
    }

    fn twin(&self) -> MixedWorld {
        if self.is_all_x25519() {
            return self.mixed_world();
        }
        let counts: Vec<usize> = self.devices.iter().map(Vec::len).collect();
        MixedWorld::new(&counts, self.paired, |at, now| {
            self.participant(at, Implementation::StatusGo, now)
        })
    }

    /// All are ours, and nobody keeps them to the suite of status-go.
    fn is_all_x25519(&self) -> bool {
        let ours =
            |implementation: &Implementation| matches!(implementation, Implementation::Ours(_));
        self.devices.iter().flatten().all(ours) && self.config.allows(Suite::X25519)
    }

    fn participant(
        &self,
        (identity, device): DeviceIndex,
        implementation: Implementation,
        now: u64,
    ) -> Box<dyn Participant> {
        match implementation {
            Implementation::Ours(frontend) => {
                let name = format!("{identity}/{device}");
                let config = self.config.clone();
                let frontend = (frontend, self.sealed);
                Box::new(Ours::new(&name, identity, config, frontend, self.seed, now))
            }
            Implementation::StatusGo => {
                let secret = [u8::try_from(identity).expect("few identities") + 1; 32];
                let rng = SplitMix64::named(self.seed, &format!("status-go {identity}/{device}"));
                Box::new(StatusGo::new(&secret, rng))
            }
        }
    }

    fn is_ours(&self, (identity, device): DeviceIndex) -> bool {
        self.devices[identity][device] != Implementation::StatusGo
    }

    /// A device like status-go's does not notice that it was put back, and runs its ratchets twice:
    /// nobody can demand anything of what it sends then.
    fn applies(&self, op: Op) -> bool {
        match op {
            Op::BackUp(at) | Op::RestoreBackup(at) => self.is_ours(at),
            _ => true,
        }
    }

    /// The step as the twin takes it: its devices know no resets, and those in the place of ours
    /// are not put back, since ours lose nothing by that but what they had not heard of.
    fn in_twin(&self, op: Op) -> Vec<Op> {
        match op {
            Op::Reset { .. } | Op::BackUp(_) | Op::RestoreBackup(_) => Vec::new(),
            Op::Read { .. } if self.is_all_x25519() => Vec::new(),
            Op::Send { from, to, n } if self.is_all_x25519() => {
                let read = |at| Op::Read {
                    at,
                    n,
                    confirm: true,
                };
                let readers = self.readers(from, to).into_iter();
                std::iter::once(op).chain(readers.map(read)).collect()
            }
            _ => vec![op],
        }
    }

    /// Runs the schedule among these devices and in the twin, and holds the one against the other.
    #[must_use]
    pub fn compare_with_twin(&self, schedule: &[Op]) -> Comparison {
        let (mut mixed, mut twin) = (self.mixed_world(), self.twin());
        for op in schedule.iter().filter(|op| self.applies(**op)) {
            for op in self.in_twin(*op) {
                twin.perform(op)
                    .unwrap_or_else(|words| panic!("{op:?}: {words}"));
            }
            mixed
                .perform(*op)
                .unwrap_or_else(|words| panic!("{op:?}: {words}"));
        }
        self.compare(&mixed.attempts, &twin.attempts)
    }

    fn compare(&self, mixed: &[ReadAttempt], twin: &[ReadAttempt]) -> Comparison {
        let key = |attempt: &ReadAttempt| (attempt.n, attempt.at, attempt.installs);
        let read = |attempts: &[ReadAttempt]| -> BTreeMap<_, ReadAttempt> {
            let read = attempts.iter().filter(|attempt| attempt.is_read());
            read.map(|attempt| (key(attempt), attempt.clone()))
                .collect()
        };
        let (read, demanded) = (read(mixed), read(twin));
        let mut comparison = Comparison::default();
        let mut seen = BTreeSet::new();
        for attempt in mixed {
            let key = key(attempt);
            let Some(in_twin) = demanded.get(&key) else {
                continue;
            };
            if !seen.insert(key) {
                continue;
            }
            comparison.demanded += 1;
            if read.contains_key(&key) {
                continue;
            }
            match self.exemption(attempt, in_twin) {
                Some(exemption) => *comparison.exempt.entry(exemption).or_default() += 1,
                None => comparison.losses.push(Loss::of(attempt)),
            }
        }
        comparison
    }

    fn exemption(&self, lost: &ReadAttempt, in_twin: &ReadAttempt) -> Option<Exemption> {
        let (from_ours, at_ours) = (self.is_ours(lost.from), self.is_ours(lost.at));
        let siblings = &self.devices[lost.at.0];
        let targeted = lost.prekey.is_some();
        let erased = |then: u64| lost.read_at.saturating_sub(then) >= ERASED_AFTER;
        if targeted && lost.last_in_use.is_some_and(erased) {
            return Some(Exemption::Erased);
        }
        let Some(heard) = lost.heard else {
            return if lost.by_restore {
                Some(Exemption::RestoreBackup)
            } else if self.is_all_x25519() {
                Some(Exemption::NotHeardOf)
            } else if in_twin.by_dh && (!targeted || lost.installs > 0) {
                Some(Exemption::AnotherDeviceMet)
            } else if !targeted
                && from_ours
                && at_ours
                && siblings.contains(&Implementation::StatusGo)
            {
                Some(Exemption::ListedWithoutExtension)
            } else if lost.withheld.is_some() {
                Some(Exemption::ReplyWithheld)
            } else {
                None
            };
        };
        let reinstalled = lost.installs > 0 || lost.from_installs > 0;
        if !from_ours && !at_ours && targeted && reinstalled {
            return Some(Exemption::OldId);
        }
        if lost.by_restore && lost.begun_before && !from_ours {
            return Some(Exemption::RestoreBackup);
        }
        if lost.former && from_ours != at_ours {
            return Some(Exemption::FormerRatchet);
        }
        if !from_ours && at_ours && targeted && lost.heard_late && lost.last_in_use.is_none() {
            return Some(Exemption::FormerPreKey);
        }
        if from_ours && !at_ours && lost.installs > 0 && heard.proven.is_none() && !self.sealed {
            return Some(Exemption::VersionUnproven);
        }
        if lost.withheld.is_some_and(|withheld| heard.last < withheld) {
            return Some(Exemption::ReplyWithheld);
        }
        // A DH message, which can be brought again, tells of when it was sent at most.
        let recent = heard.proven.unwrap_or(0).max(heard.newest);
        let silent = lost.sent_at.saturating_sub(recent) >= STALE_AFTER;
        let left_out = !targeted && from_ours && siblings.len() > 1;
        (left_out && silent).then_some(Exemption::Stale)
    }

    /// Runs the schedule, lets every device write `rounds` messages to every other identity, each
    /// read at once by all, and then one more: which of those were not read, and which devices of
    /// ours would still send to each other on two sessions.
    #[must_use]
    pub fn converse_after(&self, schedule: &[Op], rounds: u64) -> ConvergenceReport {
        let mut mixed = self.mixed_world();
        let mut perform = |op: Op| match mixed.perform(op) {
            Ok(_) => mixed.attempts.len(),
            Err(words) => panic!("{op:?}: {words}"),
        };
        let mut n = 0;
        for op in schedule.iter().filter(|op| self.applies(**op)) {
            if let Op::Send { n: sent, .. } = op {
                n = n.max(sent + 1);
            }
            perform(*op);
        }
        let device_indices = self.device_indices();
        let mut last_round = 0;
        for _ in 0..=rounds {
            last_round = perform(Op::Advance(0));
            for from in &device_indices {
                for to in (0..self.devices.len()).filter(|to| *to != from.0) {
                    let from = *from;
                    perform(Op::Send { from, to, n });
                    for at in self.readers(from, to) {
                        let confirm = true;
                        perform(Op::Read { at, n, confirm });
                    }
                    n += 1;
                }
            }
        }
        // Nothing is sent to own devices that are not paired.
        let attempts = &mixed.attempts[last_round..];
        let meant = attempts
            .iter()
            .filter(|attempt| attempt.at.0 != attempt.from.0 || attempt.outcome.is_some());
        ConvergenceReport {
            unread: meant
                .filter(|attempt| !attempt.is_read())
                .map(Loss::of)
                .collect(),
            diverging: mixed.diverging(),
        }
    }

    fn device_indices(&self) -> Vec<DeviceIndex> {
        let devices = self.devices.iter().enumerate();
        devices
            .flat_map(|(identity, devices)| {
                (0..devices.len()).map(move |device| (identity, device))
            })
            .collect()
    }

    /// Whom a message of that device for that identity is for.
    fn readers(&self, from: DeviceIndex, to: usize) -> Vec<DeviceIndex> {
        let mut readers = self.device_indices();
        readers.retain(|at| (at.0 == to || at.0 == from.0) && *at != from);
        readers
    }
}

impl Loss {
    fn of(attempt: &ReadAttempt) -> Self {
        Self {
            n: attempt.n,
            from: attempt.from,
            at: attempt.at,
            found: match &attempt.outcome {
                Some(outcome) => format!("{outcome:?}"),
                None => "nothing was sent to its identity".to_owned(),
            },
        }
    }
}
