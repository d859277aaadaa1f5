//! Recorded conversations of status-go, with every draw of randomness and every reading of the
//! clock.
//!
//! Each message that a device sent is made again from its draws, and has to be the recorded bytes.
//! Each message that it read has to open to the recorded text. The sessions are held in
//! `crypto-core` and follow the recording, because status-go chooses among sessions in another way
//! than the engine. What does not depend on that choice is done by the engine as well: it reads all
//! messages, and makes the first message of each session, the messages by DH and the public ones.
//! What could not be compared is counted by name.

mod bundles;
mod devices;
mod drawn;
mod entry;
mod ratchets;
mod receives;
mod recording;
mod sends;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use engine::{Config, wire::inspect_bundle};
use serde::Deserialize as _;
use serde_json::Value;

use self::{
    devices::Recorded,
    drawn::{Drawn, prekeys_of},
    recording::{Conversation, GetBundle, Hex, Role, Step},
    sends::Sent,
};
use super::{
    Checked, NotCompared,
    device::{NewDevice, Owner},
    same, words,
};

/// The format, as the file names it.
pub(super) const FORMAT: &str = "status-go recordings";

/// Not compared: which devices of a bundle were new to its reader, and whether the reader reported
/// a shared secret.
const MET: &str = "devices met";
/// Not compared: which prekey of a sibling the device knew last.
const LISTED: &str = "prekeys of siblings in a bundle";

/// Not compared: they have no visible effect.
const UNUSED: &str = "ratchet keys that nothing was sent with";

const NO_DEVICE: &str = "there is no such device";
const NO_MESSAGE: &str = "that message was not sent";

/// Replays the conversations of the file, and returns the difference found in each, and what was
/// not compared in all of them. `reader` makes the devices that read.
pub(super) fn check(
    file: &Value,
    reader: NewDevice,
) -> Result<(Vec<(String, Checked)>, NotCompared), String> {
    let conversations = file.get("conversations").and_then(Value::as_array);
    let conversations = conversations.ok_or("no conversations")?;
    let mut not_compared = NotCompared::new();
    let mut checked = Vec::new();
    for (number, conversation) in conversations.iter().enumerate() {
        let name = conversation.get("seed").and_then(Value::as_str);
        let name = name.map_or_else(|| format!("conversation {number}"), str::to_owned);
        checked.push((name, replay(conversation, reader, &mut not_compared)));
    }
    Ok((checked, not_compared))
}

fn replay(conversation: &Value, reader: NewDevice, not_compared: &mut NotCompared) -> Checked {
    let conversation = Conversation::deserialize(conversation).map_err(words)?;
    let mut steps = Vec::new();
    for (number, step) in conversation.steps.iter().enumerate() {
        let read = Step::deserialize(step);
        steps.push(read.map_err(|error| format!("step {number}: {error}"))?);
    }
    let mut world = World::new(&conversation, &steps, reader, not_compared)?;
    for (number, step) in steps.iter().enumerate() {
        world
            .step(step)
            .map_err(|difference| format!("step {number} ({}): {difference}", step.name()))?;
    }
    for _ in 0..world.unused.len() {
        world.not_compared(UNUSED);
    }
    Ok(())
}

/// The state of a conversation so far.
struct World<'a> {
    parties: BTreeMap<String, Arc<IdentityKeyPair>>,
    devices: BTreeMap<String, Recorded>,
    messages: BTreeMap<u64, Sent>,
    /// The last reading of the clock.
    clock: i64,
    /// Ratchet keys that were drawn on reading, and not sent with yet.
    unused: BTreeSet<Vec<u8>>,
    not_compared: &'a mut NotCompared,
}

impl<'a> World<'a> {
    fn new(
        conversation: &Conversation,
        steps: &[Step],
        reader: NewDevice,
        not_compared: &'a mut NotCompared,
    ) -> Result<Self, String> {
        let mut config = Config {
            max_message_keys: conversation.config.max_message_keys_per_session,
            ..Config::default()
        };
        config.skip.max_skip = conversation.config.max_skip;
        let mut parties = BTreeMap::new();
        for (name, party) in &conversation.parties {
            let pair = IdentityKeyPair::from_secret_bytes(&key32(&party.identity_private_key)?)
                .map_err(words)?;
            for public in [&party.identity_public_key, &party.identity_compressed] {
                same("identity", pair.public(), &identity(public)?)?;
            }
            parties.insert(name.clone(), Arc::new(pair));
        }
        let mut devices = BTreeMap::new();
        for (name, device) in &conversation.devices {
            let identity = parties.get(&device.party).ok_or("a device of no party")?;
            let installation = InstallationId::parse(&device.installation_id).map_err(words)?;
            let owner = Owner {
                identity: Arc::clone(identity),
                installation,
                config: config.clone(),
            };
            let recorded = Recorded::new(reader, owner, prekeys_of(name, steps)?)?;
            devices.insert(name.clone(), recorded);
        }
        Ok(Self {
            parties,
            devices,
            messages: BTreeMap::new(),
            clock: 0,
            unused: BTreeSet::new(),
            not_compared,
        })
    }

    fn step(&mut self, step: &Step) -> Checked {
        match step {
            Step::Send(send) => self.send(send),
            Step::Receive(receive) => self.receive(receive),
            Step::Confirm(confirm) => self.device(&confirm.device)?.confirm(&confirm.message_id),
            Step::GetBundle(get) => self.get_bundle(get),
            Step::ProcessPublicBundle(process) => {
                self.not_compared(MET);
                let taken_up = self
                    .device(&process.device)?
                    .import_bundle(&process.bundle_hex.0);
                same("answer to a bundle", &taken_up.is_ok(), &process.expect.ok)
            }
            Step::Drop(drop) => {
                self.device(&drop.device)?;
                self.sent(drop.msg).map(|_| ())
            }
            Step::AdvanceClock(advance) => self.read_clock(&[advance.set_ns]),
            Step::EnableInstallation(enable) => {
                let installation = enable.installation_id.clone();
                self.device(&enable.device)?.enabled.push(installation);
                Ok(())
            }
        }
    }

    fn get_bundle(&mut self, get: &GetBundle) -> Checked {
        self.read_clock(&get.now)?;
        let mut drawn = Drawn::new(&get.rng)?;
        self.draw_prekeys(&get.device, &mut drawn)?;
        drawn.check_taken()?;
        let bundle = inspect_bundle(&get.bundle_hex.0).map_err(words)?;
        if bundle.entries.len() > 1 {
            self.not_compared(LISTED);
        }
        let device = self.devices.get(&get.device).ok_or(NO_DEVICE)?;
        bundles::check(&self.devices, device, &bundle, &get.bundle_hex.0, &get.now)
    }

    /// The prekeys among the draws of a step.
    fn draw_prekeys(&mut self, device: &str, drawn: &mut Drawn<'_>) -> Checked {
        let device = self.device(device)?;
        let installation = device.owner.installation.as_str().to_owned();
        while drawn.has(Role::SignedPreKey, &installation) {
            drawn.take(Role::SignedPreKey, Some(&installation))?;
            device.draw_prekey();
        }
        Ok(())
    }

    fn read_clock(&mut self, readings: &[i64]) -> Checked {
        for reading in readings {
            if *reading < self.clock {
                return Err("the clock goes back".to_owned());
            }
            self.clock = *reading;
        }
        Ok(())
    }

    fn device(&mut self, name: &str) -> Result<&mut Recorded, String> {
        self.devices
            .get_mut(name)
            .ok_or_else(|| NO_DEVICE.to_owned())
    }

    fn sent(&self, number: u64) -> Result<&Sent, String> {
        self.messages
            .get(&number)
            .ok_or_else(|| NO_MESSAGE.to_owned())
    }

    fn not_compared(&mut self, what: &'static str) {
        let count = self.not_compared.entry(what).or_default();
        *count = count.saturating_add(1);
    }
}

fn key32(hex: &Hex) -> Result<[u8; 32], String> {
    let key = hex.0.as_slice().try_into();
    key.map_err(|_| "a key has not 32 bytes".to_owned())
}

fn identity(key: &Hex) -> Result<IdentityKey, String> {
    IdentityKey::from_sec1(&key.0).map_err(words)
}
