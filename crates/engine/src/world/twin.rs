//! Differential tests: our devices among simulated devices of status-go, compared with a twin
//! world.
//!
//! A schedule runs twice: in a mixed world, and in a twin in which every device is one of
//! status-go. What a device reads in the twin must be read by its counterpart in the mixed world.
//! If all devices are ours and use suite x25519, the twin is the same world, but every message is
//! read at once by every device. The only messages that may be lost all the same are those of an
//! [`Exemption`].

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::Suite;

use super::{
    HOUR, SplitMix64,
    device::{DeviceSetup, Program},
    mixed_world::MixedWorld,
    op::{DeviceIndex, Op},
    ours::{Frontend, Ours},
    participant::Participant,
    read_attempt::ReadAttempt,
    status_go::StatusGo,
};
use crate::model::Config;

/// Time limits of protocol §1, in milliseconds.
const ERASED_AFTER: u64 = 14 * 24 * HOUR;
const STALE_AFTER: u64 = 7 * 24 * HOUR;

/// The implementation that a device runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implementation {
    /// Our engine, driven by this frontend.
    Ours(Frontend),
    /// The simulation of status-go.
    StatusGo,
}

/// The devices of a mixed world and their settings.
#[derive(Clone, Debug)]
pub struct Population {
    /// The implementation of each device, by identity.
    pub devices: Vec<Vec<Implementation>>,
    /// The devices of an identity import each other's bundle and enable each other when they are
    /// set up.
    pub paired: bool,
    /// Messages reach our devices in envelopes that the sender signed (protocol §9).
    pub sealed: bool,
    /// The settings of our devices.
    pub config: Config,
    /// The seed of all keys.
    pub seed: u64,
}

/// Why a message may be lost that is read in the twin. Below, "the device" is the one that loses
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exemption {
    /// The prekey or session it was encrypted to was replaced, superseded or expired two weeks ago,
    /// and is erased (spec 3.4; protocol §7, erasure). status-go never erases any.
    Erased,
    /// The sender, one of ours, left the device out, because the device has siblings and for a week
    /// nothing that proves its sender came from it (spec 4.3; protocol §3, stale timers). status-go
    /// sends to all devices it has ever known.
    Stale,
    /// The device was restored from a backup, and the sender had not heard from it since; or the
    /// sender is one of status-go, and goes on with a session that the device began before the
    /// restore, until its own prekey is replaced (docs/security.md, a state that runs twice). Its
    /// counterpart in the twin is not restored.
    Restored,
    /// The sender heard from the device's state before its restore, or before its reinstall under
    /// the same id, after it had heard from the current one; or it had heard of that one from a
    /// sibling alone. One of status-go begins on the lowest version that it knows. One of ours begins on the higher version of a device of status-go,
    /// and nothing has proved the lower one to it since (spec 3.3; protocol §3, receiving a bundle;
    /// §7: such ids should not be supplied again).
    FormerPreKey,
    /// The sender or the device was reinstalled under the same id. One of the two is ours; the one
    /// of status-go keeps the ratchet of the session that was begun on the same prekey by the first
    /// message that it got, until that is replaced (protocol §7: such ids should not be supplied
    /// again).
    FormerRatchet,
    /// The device is one of status-go and was reinstalled under the same id, so that its versions
    /// start again. Nothing proved to the sender, one of ours, that the lower version comes from
    /// the device itself (protocol §3, receiving a bundle).
    VersionUnproven,
    /// Both are of status-go, and one was reinstalled under the same id. It began again on a prekey
    /// on which it had begun before, because a device of ours told it of that one; its counterpart
    /// in the twin had not heard of it then (protocol §7: such ids should not be supplied again).
    OldId,
    /// The sender, one of ours, knows the device by its bundles alone, and wrote to as many others
    /// of its identity as get a copy, all of which had written on a ratchet within a week (spec
    /// 4.2; protocol §7, who gets a copy). status-go goes by the dates of bundles alone.
    OverLimit,
    /// Both are ours, and the sender knows the device only from the bundle of a sibling of
    /// status-go, without its ratchet prekey: it waits for the device's own bundle (protocol §3,
    /// verifying).
    ListedWithoutExtension,
    /// In the twin the sender had heard from no device of the identity, and sent to any device, by
    /// DH. Here it had heard from one, but not from this one, or only from before its reinstall,
    /// and gets its bundle in reply (spec 4.4; protocol §6); or both are of status-go, and it began
    /// a session that is dead between these two.
    AnotherDeviceMet,
    /// All are ours, and the sender would have heard from the device's current incarnation only in
    /// a world in which no message is late (protocol §7, account recovery; spec 4.4).
    NotHeardOf,
    /// The frontend of the device, or of a sibling, or the limits on replies withheld its reply,
    /// and the sender has not heard from it since (spec 4.4; protocol §7, replies).
    ReplyWithheld,
}

/// A message that a device could not read, while its counterpart in the twin could.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The number of the message.
    pub n: u64,
    /// The device that sent it.
    pub from: DeviceIndex,
    /// The device that could not read it.
    pub at: DeviceIndex,
    /// What the device made of it.
    pub found: String,
}

/// The result of comparing a mixed world with its twin.
#[derive(Debug, Default)]
pub struct Comparison {
    /// How many messages were read in the twin and delivered to the counterpart here, for each
    /// device.
    pub demanded: usize,
    /// Those that were not read here, without an exemption.
    pub losses: Vec<Loss>,
    /// How many were not read here with each exemption.
    pub exempt: BTreeMap<Exemption, usize>,
}

/// Whether devices understand each other some messages after a schedule.
#[derive(Debug)]
pub struct ConvergenceReport {
    /// The messages of the last round that were not read.
    pub unread: Vec<Loss>,
    /// Pairs of our devices that would send to each other on two different sessions.
    pub diverging: Vec<(DeviceIndex, DeviceIndex)>,
}

impl Population {
    /// A population from a description in which `o` is a device of ours, `s` one of status-go, and
    /// `|` separates identities. All frontends send their replies.
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

    /// The same with this frontend for all devices of ours.
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

    /// All are ours, and may use suite x25519.
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
                let setup = DeviceSetup {
                    name: format!("{identity}/{device}"),
                    identity,
                    program: Program::Current,
                    config: self.config.clone(),
                    seed: self.seed,
                };
                Box::new(Ours::new(setup, frontend, self.sealed, now))
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

    /// A device of status-go does not notice that it was restored, and uses its ratchets twice:
    /// what it sends then is not tested.
    fn applies(&self, op: Op) -> bool {
        match op {
            Op::BackUp(at) | Op::RestoreBackup(at) => self.is_ours(at),
            _ => true,
        }
    }

    /// The operation as the twin runs it: its devices have no reset, and the counterparts of our
    /// devices are not restored, since a restore must cost ours nothing but what they had not heard
    /// yet.
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

    /// Runs the schedule in the mixed world and in the twin, and compares what was read.
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
        if from_ours && !at_ours && lost.begun_by_other {
            return Some(Exemption::FormerRatchet);
        }
        if !from_ours && !at_ours && (lost.begun_by_other || lost.begun_again) {
            return Some(Exemption::OldId);
        }
        let Some(heard) = lost.heard else {
            return if lost.by_restore {
                Some(Exemption::Restored)
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
            } else if !from_ours && at_ours && targeted && lost.heard_before.is_some() {
                // In the twin the sender wrote to the current prekey: a sibling had told it.
                Some(Exemption::FormerPreKey)
            } else {
                None
            };
        };
        if lost.by_restore && lost.begun_before && !from_ours {
            return Some(Exemption::Restored);
        }
        if lost.former && from_ours != at_ours {
            return Some(Exemption::FormerRatchet);
        }
        let late = |now: u64| lost.heard_before.is_some_and(|then| then >= now);
        if !from_ours && at_ours && targeted && late(heard.first) && lost.last_in_use.is_none() {
            return Some(Exemption::FormerPreKey);
        }
        if from_ours && !at_ours && lost.former_version && heard.proven.is_none() && !self.sealed {
            return Some(Exemption::VersionUnproven);
        }
        let proven = if self.sealed {
            Some(heard.last)
        } else {
            heard.proven
        };
        if from_ours && !at_ours && lost.former_version && proven.is_some_and(late) {
            return Some(Exemption::FormerPreKey);
        }
        let wrote = |at: &Option<u64>| at.is_some_and(|at| lost.sent_at - at < STALE_AFTER);
        let kept_out = lost.targets_wrote.len() == self.config.max_devices
            && lost.targets_wrote.iter().all(wrote)
            && !wrote(&lost.wrote);
        if from_ours && !targeted && kept_out {
            return Some(Exemption::OverLimit);
        }
        if lost.withheld.is_some_and(|withheld| heard.last < withheld) {
            return Some(Exemption::ReplyWithheld);
        }
        // A DH message can be replayed: it proves no more than when it was sent.
        let recent = heard.proven.unwrap_or(0).max(heard.newest);
        let silent = lost.sent_at.saturating_sub(recent) >= STALE_AFTER;
        let left_out = !targeted && from_ours && siblings.len() > 1;
        (left_out && silent).then_some(Exemption::Stale)
    }

    /// Runs the schedule, lets every device send `rounds` messages to every other identity, each
    /// read at once by all its devices, and then one more: which of those were not read, and which
    /// devices of ours would still send to each other on two sessions.
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

    /// The devices that a message of `from` to the identity is for.
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
