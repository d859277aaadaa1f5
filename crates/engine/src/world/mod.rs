//! A simulated world, which tests the engine against the invariants of protocol §7, and groups
//! against protocol §10 and §11.
//!
//! There are three harnesses:
//!
//! * [`World`] is a population of devices with their own clocks and disks, and a network that
//!   loses, repeats, reorders, withholds and forges messages. Faults are injected: crashes around a
//!   commit, wrong clocks, lost states, restored backups. After every step an oracle that knows
//!   what was really sent checks the invariants, and panics if one is broken. Tests are written as
//!   scenarios (`scenario`) or run random schedules of [`Action`]s.
//! * [`Population`] runs schedules of [`Op`]s among our devices and simulated devices of status-go
//!   (`status_go`), and again in a twin world of status-go alone. What is read in the twin must be
//!   read here, too, but for a closed list of [`Exemption`]s.
//! * [`GroupWorld`] runs schedules of [`GroupStep`]s in groups, among devices of a [`World`], one of
//!   status-go and a member who forges. Its oracle works out by rules of its own what each of our
//!   devices has to make of all that it was given.
//!
//! Everything is deterministic: keys come from a seed, time from the schedule.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a world in which an invariant is broken panics"
)]

mod action;
mod convergence;
mod device;
mod disks;
mod effects;
pub(crate) mod group_rules;
mod groups;
mod mixed_world;
mod op;
mod op_generator;
mod oracle;
mod ours;
mod participant;
mod read_attempt;
mod recording;
mod relay;
mod scenario;
mod sent_message;
mod status_go;
mod twin;
mod weights;

use std::{iter, rc::Rc, time::Duration};

use crypto_core::{IdentityKey, Suite};

pub use self::{
    action::{Action, ActionKind, ActionWeights},
    device::CrashPoint,
    disks::{Disks, MemoryDisks},
    groups::{GroupStep, GroupStepKind, GroupStepWeights, GroupWorld},
    op::{ClockFault, DeviceIndex, Op},
    op_generator::{Draw, OpKind, OpWeights, generate_schedule},
    ours::Frontend,
    recording::{Difference, RecordingError, Replayed, replay_recording},
    relay::RelayFault,
    scenario::{days, hours},
    status_go::{StatusGoDevice, StatusGoReadResult},
    twin::{Comparison, ConvergenceReport, Exemption, Implementation, Loss, Population},
    weights::Weights,
};
use self::{
    device::{DeviceSetup, Program, SimulatedDevice},
    oracle::SentTexts,
    relay::Relay,
    sent_message::{SentMessage, SentTarget},
};
pub use crate::store::contract::SplitMix64;
use crate::{
    engine::SendRequest,
    model::{AddressedMessage, Config, CopyOf, Mode, UnixMillis},
    store::StoreRead as _,
};

/// Start of every world: 2023-11-14.
const BEGINNING: UnixMillis = UnixMillis(1_700_000_000_000);
const HOUR: u64 = 3_600_000;

/// A population of devices, the messages in flight between them, and what was really sent.
pub struct World<H: Disks> {
    disks: H,
    /// True time, in milliseconds since the epoch. The clocks of devices may show another one.
    now: u64,
    identities: Vec<String>,
    devices: Vec<SimulatedDevice<H::Store>>,
    sent_texts: SentTexts,
    relay: Relay,
    /// The devices have the limits of protocol §1, so that no readable message may be lost to a limit.
    keeps_everything: bool,
}

impl<H: Disks> std::fmt::Debug for World<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.devices.iter().map(|device| &device.setup.name);
        f.debug_list().entries(names).finish()
    }
}

impl World<MemoryDisks> {
    /// A world in memory, of devices named as in `alice/phone`.
    #[must_use]
    pub fn new(devices: &[&str]) -> Self {
        Self::build(MemoryDisks::default(), 0, devices, Config::default())
    }
}

impl<H: Disks> World<H> {
    /// A world with its stores on `disks` and its keys from `seed`. The bundles of a device whose
    /// name ends in `*` lack the extension of protocol §3, as those of status-go do. One in `~` runs
    /// a program of ours from before suite x25519-mlkem768; one in `~~` has that suite left out.
    #[must_use]
    pub fn build(mut disks: H, seed: u64, devices: &[&str], config: Config) -> Self {
        let mut identities: Vec<String> = Vec::new();
        let now = BEGINNING.0;
        let devices = devices
            .iter()
            .map(|described| {
                let name = described.trim_end_matches(['*', '~']);
                let (owner, _) = name.split_once('/').unwrap_or((name, name));
                let identity = identities
                    .iter()
                    .position(|known| known == owner)
                    .unwrap_or_else(|| {
                        identities.push(owner.to_owned());
                        identities.len() - 1
                    });
                let mut config = config.clone();
                if described.ends_with('~') {
                    config
                        .suites
                        .retain(|suite| *suite != Suite::X25519MlKem768);
                }
                let setup = DeviceSetup {
                    name: name.to_owned(),
                    identity,
                    program: match described.strip_prefix(name) {
                        Some("*") => Program::StatusGo,
                        Some("~") => Program::Older,
                        _ => Program::Current,
                    },
                    config,
                    seed,
                };
                SimulatedDevice::new(&mut disks, setup, now)
            })
            .collect();
        Self {
            disks,
            now,
            identities,
            devices,
            sent_texts: SentTexts::default(),
            relay: Relay::default(),
            keeps_everything: config == Config::default(),
        }
    }

    fn index_of(&self, name: &str) -> usize {
        let named = |device: &SimulatedDevice<_>| device.setup.name == name;
        self.devices
            .iter()
            .position(named)
            .unwrap_or_else(|| panic!("no device {name}"))
    }

    fn key_of(&self, identity: usize) -> IdentityKey {
        let of = |device: &&SimulatedDevice<_>| device.setup.identity == identity;
        self.devices.iter().find(of).expect("a device").key
    }

    fn turn_on(&mut self, at: usize) {
        let device = &mut self.devices[at];
        if !device.on {
            device.restart(&mut self.disks, self.now);
            device.sweep(&mut self.disks, self.now);
        }
        device.publish_older_prekey(&mut self.disks, self.now);
    }

    /// True time passes. Devices that are on sweep, so that what has ended is erased when due.
    pub fn advance(&mut self, span: Duration) {
        let end = self.now + u64::try_from(span.as_millis()).expect("a span");
        for now in sweep_times(self.now, end) {
            self.now = now;
            for device in self.devices.iter_mut().filter(|device| device.on) {
                device.sweep(&mut self.disks, self.now);
            }
        }
    }

    /// A message leaves a device: the oracle records it, and it is in flight to every other device
    /// of the recipient. Without a request it only carries a bundle, and without targets it asks for
    /// KEM prekeys in place of the text.
    fn dispatch(&mut self, from: usize, message: AddressedMessage, request: Option<&SendRequest>) {
        let sender = &self.devices[from];
        let recipient = message.recipient.expect("a recipient");
        oracle::check_listened(&self.devices, sender, &message);
        oracle::check_post_quantum(sender, &message, request);
        let asks = message.targets.is_empty();
        let request = request.filter(|_| !asks);
        let text = request
            .map(|request| String::from_utf8(request.payload.to_vec()).expect("texts are sent"));
        let copied = request.filter(|_| recipient == sender.key);
        let mut sent = SentMessage {
            from,
            sender: sender.key,
            installation: sender.id.clone(),
            left: self.now,
            wire: message.wire,
            text,
            copy_of: copied.map(|request| CopyOf {
                recipients: request.recipients.clone(),
                request_id: request.request_id.clone(),
                decision: None,
            }),
            dh: asks,
            targets: Vec::new(),
        };
        for target in message.targets {
            assert_eq!(target.not_post_quantum.is_none(), target.is_post_quantum());
            let (Some(installation), Some((suite, session))) =
                (target.installation, target.session)
            else {
                sent.dh = true;
                continue;
            };
            let of =
                |device: &&SimulatedDevice<_>| device.key == recipient && device.id == installation;
            let reader = self.devices.iter().find(of);
            sent.targets.push(SentTarget {
                readable_since: reader.map(|reader| reader.readable_since(&session, self.now)),
                keys_known: reader.is_some_and(|reader| {
                    let begins = target.mode == Mode::X3dh;
                    sender.knows_prekey_of(reader)
                        && (begins || !reader.restore_lost(suite, &session))
                }),
                installation,
                message: target.message,
                session,
                mode: target.mode,
                suite,
            });
        }
        self.sent_texts.record(&sent);
        self.relay.see(&sent);
        let sent = Rc::new(sent);
        for (at, device) in self.devices.iter_mut().enumerate() {
            if device.key == recipient && at != from {
                device.in_flight.push(Rc::clone(&sent));
            }
        }
    }

    /// Checks that no identity takes more room in any store than protocol §1 allows.
    fn check_bounds(&self) {
        for device in &self.devices {
            oracle::check_kem_prekeys(device);
            for identity in 0..self.identities.len() {
                oracle::check_bounds(device, &self.key_of(identity));
            }
            assert!(device.store().counts().expect("read").peers <= self.identities.len() as u64);
        }
    }
}

/// The times after `now`, up to `end`, at which devices sweep: twice, an hour apart, early in each
/// day and at the end. That has the same effect as a sweep every hour.
fn sweep_times(mut now: u64, end: u64) -> impl Iterator<Item = u64> {
    let mut passed = 0;
    iter::from_fn(move || {
        if now >= end {
            return None;
        }
        let step = if passed % 24 < 2 { 1 } else { 22 };
        let left = end - now;
        let step = if left > HOUR {
            (step * HOUR).min(left - HOUR)
        } else {
            left
        };
        now += step;
        passed += step / HOUR;
        Some(now)
    })
}
