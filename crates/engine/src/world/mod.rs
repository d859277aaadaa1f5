//! A simulated world: devices with clocks and disks of their own, and a network that loses, repeats,
//! reorders and withholds (protocol §7, the invariants).
//!
//! A scenario reads like a story. After every step an oracle that knows the truth holds what the devices
//! did against the invariants; it panics where one is broken.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a world that breaks a law says so by panicking"
)]

mod action;
mod convergence;
mod device;
mod disks;
mod effects;
mod mixed_world;
mod op;
mod op_generator;
mod oracle;
mod ours;
mod participant;
mod random;
mod read_attempt;
mod recording;
mod scenario;
mod sent_message;
mod status_go;
mod twin;

use std::{iter, rc::Rc, time::Duration};

use crypto_core::IdentityKey;

pub use self::{
    action::{Action, ActionKind, ActionWeights},
    device::CrashPoint,
    disks::{Disks, MemoryDisks},
    op::{ClockFault, DeviceIndex, Op},
    op_generator::{Draw, OpKind, OpWeights, generate_schedule},
    ours::Frontend,
    random::SplitMix64,
    recording::{Difference, RecordingError, Replayed, replay_recording},
    scenario::{days, hours},
    status_go::{StatusGoDevice, StatusGoReadResult},
    twin::{Comparison, ConvergenceReport, Exemption, Implementation, Loss, Population},
};
use self::{
    device::SimulatedDevice,
    oracle::SentTexts,
    sent_message::{SentMessage, SentTarget},
};
use crate::{
    model::{AddressedMessage, Config, UnixMillis},
    store::StoreRead as _,
};

/// Every world begins here: 2023-11-14.
const BEGINNING: UnixMillis = UnixMillis(1_700_000_000_000);
/// One hour, in milliseconds.
const HOUR: u64 = 3_600_000;

/// Devices, what is on the way between them, and the truth about it.
pub struct World<H: Disks> {
    disks: H,
    seed: u64,
    /// True time, in milliseconds since the epoch. Clocks may show another one.
    now: u64,
    identities: Vec<String>,
    devices: Vec<SimulatedDevice<H::Store>>,
    sent_texts: SentTexts,
    config: Config,
    /// The numbers of `config` are those of protocol §1, so that nothing readable may be lost to a limit.
    keeps_everything: bool,
}

impl<H: Disks> std::fmt::Debug for World<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.devices.iter().map(|device| &device.name);
        f.debug_list().entries(names).finish()
    }
}

impl World<MemoryDisks> {
    /// A world in memory, of devices named as `alice/phone`.
    #[must_use]
    pub fn new(devices: &[&str]) -> Self {
        Self::build(MemoryDisks::default(), 0, devices, Config::default())
    }
}

impl<H: Disks> World<H> {
    /// A world whose stores are kept in `home` and whose keys come from `seed`. A device whose name ends in `*`
    /// is like one of status-go: its bundles never have the extension of protocol §3.
    #[must_use]
    pub fn build(mut disks: H, seed: u64, devices: &[&str], config: Config) -> Self {
        let mut identities: Vec<String> = Vec::new();
        let now = BEGINNING.0;
        let devices = devices
            .iter()
            .map(|described| {
                let name = described.trim_end_matches('*');
                let without_extension = name != *described;
                let owner = owner_of(name);
                let identity = identities
                    .iter()
                    .position(|known| known == owner)
                    .unwrap_or_else(|| {
                        identities.push(owner.to_owned());
                        identities.len() - 1
                    });
                SimulatedDevice::new(
                    &mut disks,
                    name,
                    identity,
                    without_extension,
                    config.clone(),
                    seed,
                    now,
                )
            })
            .collect();
        Self {
            disks,
            seed,
            now,
            identities,
            devices,
            sent_texts: SentTexts::default(),
            keeps_everything: config == Config::default(),
            config,
        }
    }

    /// The device of this name.
    fn index_of(&self, name: &str) -> usize {
        let named = |device: &SimulatedDevice<_>| device.name == name;
        self.devices
            .iter()
            .position(named)
            .unwrap_or_else(|| panic!("no device {name}"))
    }

    fn key_of(&self, identity: usize) -> IdentityKey {
        let of = |device: &&SimulatedDevice<_>| device.identity == identity;
        self.devices.iter().find(of).expect("a device").key
    }

    /// Turns the device on if it is off.
    fn turn_on(&mut self, at: usize) {
        let device = &mut self.devices[at];
        if !device.on {
            device.restart(&mut self.disks, self.now);
            device.sweep(&mut self.disks, self.now);
        }
        device.publish_prekey_without_extension(&mut self.disks, self.now);
    }

    /// True time passes, and devices that are on sweep, so that what ended long enough ago is
    /// erased.
    fn advance(&mut self, span: Duration) {
        let end = self.now + u64::try_from(span.as_millis()).expect("a span");
        for now in sweep_times(self.now, end) {
            self.now = now;
            for device in self.devices.iter_mut().filter(|device| device.on) {
                device.sweep(&mut self.disks, self.now);
            }
        }
    }

    /// What a device sent leaves it: the oracle takes it down, and every device of the recipient gets a parcel.
    fn dispatch(&mut self, from: usize, envelope: AddressedMessage, text: Option<&str>) {
        let sender = &self.devices[from];
        let recipient = envelope.recipient.expect("a recipient");
        let mut sent = SentMessage {
            from,
            sender: sender.key,
            installation: sender.id.clone(),
            left: self.now,
            wire: envelope.wire,
            text: text.map(str::to_owned),
            dh: false,
            targets: Vec::new(),
        };
        for target in envelope.targets {
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
                clock: reader.map(|reader| reader.clock(self.now)),
                prekey_known: reader.is_some_and(|reader| sender.knows_prekey_of(reader)),
                installation,
                message: target.message,
                session,
                mode: target.mode,
                suite,
            });
        }
        self.sent_texts.record(&sent);
        let sent = Rc::new(sent);
        for (at, device) in self.devices.iter_mut().enumerate() {
            if device.key == recipient && at != from {
                device.in_flight.push(Rc::clone(&sent));
            }
        }
    }

    /// No identity takes more room anywhere than protocol §1 grants.
    fn check_bounds(&self) {
        for device in &self.devices {
            for identity in 0..self.identities.len() {
                oracle::check_bounds(device, &self.key_of(identity), &self.config);
            }
            assert!(device.store().counts().expect("read").peers <= self.identities.len() as u64);
        }
    }
}

/// The moments after `now`, up to `end`, at which devices sweep: two an hour apart early in each
/// day, and two at the end, do what one every hour would.
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

fn owner_of(name: &str) -> &str {
    name.split_once('/').map_or(name, |(owner, _)| owner)
}
