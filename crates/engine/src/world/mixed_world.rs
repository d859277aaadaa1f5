//! A world of ratchetd's and simulated status-go devices that runs [`Op`]s, and records what each
//! device made of each message and what the sender knew when it sent it.

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{ANY_INSTALLATION, IdentityKey};

use super::{
    BEGINNING,
    op::{DeviceIndex, IN_2038, Op},
    participant::{OutgoingMessage, Participant, ReadOutcome},
    read_attempt::{Heard, ReadAttempt},
    sweep_times,
};
use crate::{
    model::{CopyOf, Mode},
    wire::{WireMessage, decode_bundle},
};

/// The result of an operation.
#[derive(Debug)]
pub(super) enum OpOutcome {
    Nothing,
    Sent(Vec<AddressedTo>),
    /// The outcome for each wire message that was addressed to the reader's identity.
    Read(Vec<ReadOutcome>),
}

/// A wire message that was sent: the identity it is addressed to, and the devices it was encrypted
/// for.
pub(super) type AddressedTo = (usize, Vec<(String, Mode)>);

pub(super) struct MixedWorld {
    /// True time, in milliseconds.
    now: u64,
    paired: bool,
    /// The devices of each identity.
    identities: Vec<Vec<Slot>>,
    /// Every device there has been, by its installation id.
    ids: BTreeMap<String, DeviceIndex>,
    /// The installation id of each device in each incarnation.
    names: BTreeMap<(DeviceIndex, u32), String>,
    sent: BTreeMap<u64, SendRecord>,
    /// The IVs that devices of ours used. An IV comes from a message key: a repeated IV is a key
    /// used twice.
    ivs: BTreeSet<Vec<u8>>,
    pub(super) attempts: Vec<ReadAttempt>,
}

/// A device over all its reinstalls and restores, and what it has learnt of others.
struct Slot {
    device: Box<dyn Participant>,
    installs: u32,
    /// When it was last reinstalled.
    installed_at: u64,
    /// Counts its states: reinstalling and restoring each begin a new one.
    incarnation: u32,
    /// This incarnation began with a restore.
    by_restore: bool,
    /// What it has heard from devices, by device and incarnation.
    heard: BTreeMap<(DeviceIndex, u32), Heard>,
    /// The prekeys on which it began sessions under its current id.
    begun: BTreeMap<Vec<u8>, PreKeyUse>,
    /// The prekeys that it published under its current id: how often it had been reinstalled when
    /// it first did, and the version.
    published: BTreeMap<Vec<u8>, (u32, u32)>,
    /// The sessions that others began with it, by the installation id that they named and its
    /// prekey: how often they had been reinstalled.
    begun_here: BTreeMap<(String, Option<Vec<u8>>), BTreeSet<u32>>,
    /// When a reply of it to an identity was last withheld.
    withheld: BTreeMap<usize, u64>,
    /// The devices of which it has read something, with their incarnations. status-go takes it that
    /// these listen to the topic that the two identities share.
    met: BTreeSet<(DeviceIndex, u32)>,
}

/// When a device began sessions on a prekey.
#[derive(Clone, Copy, Debug)]
struct PreKeyUse {
    /// How often it had been reinstalled when it first did.
    first: u32,
    /// How often it had been when it last did.
    last_install: u32,
    /// The incarnation in which it last did.
    last: u32,
}

struct SendRecord {
    from: DeviceIndex,
    /// The sender's incarnation.
    incarnation: u32,
    /// How often the sender had been reinstalled.
    installs: u32,
    at: u64,
    /// The identity that it was sent to.
    to: IdentityKey,
    posted: Vec<OutgoingMessage>,
    /// What the sender had heard by then.
    heard: BTreeMap<(DeviceIndex, u32), Heard>,
    /// When a device of each identity had last withheld a reply to the sender's, since the sender
    /// was last reinstalled.
    withheld: BTreeMap<usize, u64>,
    /// The prekeys on which the sender had begun sessions before it was reinstalled under its id.
    former: BTreeSet<Vec<u8>>,
}

impl Slot {
    /// Notes the prekey of the device that a wire message of it publishes.
    fn note_published(&mut self, wire: &[u8]) {
        let message = WireMessage::decode(wire).expect("a message");
        for bundle in &message.bundles {
            let bundle = decode_bundle(bundle).expect("a bundle");
            let mut entries = bundle.entries.into_iter();
            let own = entries.find(|entry| entry.installation_id == self.device.id());
            let own = own.expect("the entry of the sender");
            let published = self.published.entry(own.signed_pre_key);
            published.or_insert((self.installs, own.version));
        }
    }

    /// Whether it published the prekey before it was reinstalled under its id, with a higher
    /// version than its first one since.
    fn had_higher_version(&self, prekey: &[u8]) -> bool {
        let now = self.published.values();
        let now = now.filter(|(installs, _)| *installs == self.installs);
        let lowest = now.map(|(_, version)| *version).min();
        let then = self.published.get(prekey);
        let then = then.filter(|(installs, _)| *installs < self.installs);
        lowest.is_some_and(|now| then.is_some_and(|(_, then)| *then > now))
    }
}

impl MixedWorld {
    /// A world with this many devices for each identity, made by `new_device`.
    pub(super) fn new(
        devices: &[usize],
        paired: bool,
        mut new_device: impl FnMut(DeviceIndex, u64) -> Box<dyn Participant>,
    ) -> Self {
        let mut world = Self {
            now: BEGINNING.0,
            paired,
            identities: Vec::new(),
            ids: BTreeMap::new(),
            names: BTreeMap::new(),
            sent: BTreeMap::new(),
            ivs: BTreeSet::new(),
            attempts: Vec::new(),
        };
        for (identity, count) in devices.iter().enumerate() {
            let born = (0..*count).map(|device| Slot {
                device: new_device((identity, device), BEGINNING.0),
                installs: 0,
                installed_at: BEGINNING.0,
                incarnation: 0,
                by_restore: false,
                heard: BTreeMap::new(),
                begun: BTreeMap::new(),
                published: BTreeMap::new(),
                begun_here: BTreeMap::new(),
                withheld: BTreeMap::new(),
                met: BTreeSet::new(),
            });
            world.identities.push(born.collect());
            for device in 0..*count {
                world.register_id((identity, device));
                world.pair((identity, device), None);
            }
        }
        world
    }

    fn register_id(&mut self, at: DeviceIndex) {
        let slot = self.slot(at).expect("a device");
        let (id, incarnation) = (slot.device.id().to_owned(), slot.incarnation);
        self.names.insert((at, incarnation), id.clone());
        self.ids.insert(id, at);
    }

    /// If the world is a paired one, the device and its siblings import each other's bundle and
    /// enable each other, the device in place of `instead_of`.
    fn pair(&mut self, (identity, device): DeviceIndex, instead_of: Option<&str>) {
        if !self.paired {
            return;
        }
        for other in (0..self.identities[identity].len()).filter(|other| *other != device) {
            for (at, of) in [(device, other), (other, device)] {
                let now = self.tick();
                let shown = &mut self.identities[identity][of].device;
                let (bundle, id) = (shown.bundle(now), shown.id().to_owned());
                let learns = &mut self.identities[identity][at].device;
                learns.import_bundle(&bundle, now);
                learns.enable(&id, instead_of.filter(|_| of == device), now);
                let of = (identity, of);
                let incarnation = self.identities[identity][of.1].incarnation;
                self.hears((identity, at), (of, incarnation), false, now);
            }
        }
    }

    /// Every operation takes a millisecond.
    const fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn slot(&mut self, (identity, device): DeviceIndex) -> Result<&mut Slot, String> {
        self.identities
            .get_mut(identity)
            .and_then(|devices| devices.get_mut(device))
            .ok_or_else(|| format!("there is no device {identity}/{device}"))
    }

    fn key(&mut self, identity: usize) -> Result<IdentityKey, String> {
        self.slot((identity, 0))
            .map(|slot| slot.device.key())
            .map_err(|_| format!("there is no identity {identity}"))
    }

    /// Runs an operation; an error if it is not possible here.
    pub(super) fn perform(&mut self, op: Op) -> Result<OpOutcome, String> {
        let now = self.tick();
        Ok(match op {
            Op::Advance(span) => {
                self.advance(span)?;
                OpOutcome::Nothing
            }
            Op::Send { from, to, n } => OpOutcome::Sent(self.send(from, to, n, now)?),
            Op::Read { at, n, confirm } => OpOutcome::Read(self.read(at, n, confirm, now)?),
            Op::Reinstall { at, same_id } => {
                let slot = self.slot(at)?;
                let before = slot.device.id().to_owned();
                slot.device.reinstall(same_id, now);
                slot.installs += 1;
                slot.installed_at = now;
                slot.incarnation += 1;
                slot.by_restore = false;
                slot.heard.clear();
                if !same_id {
                    slot.begun.clear();
                    slot.published.clear();
                }
                slot.begun_here.clear();
                slot.met.clear();
                self.register_id(at);
                self.pair(at, (!same_id).then_some(&before));
                OpOutcome::Nothing
            }
            Op::Reset { at, with } => {
                let with = self.key(with)?;
                self.slot(at)?.device.reset(&with, now);
                OpOutcome::Nothing
            }
            Op::BackUp(at) => {
                self.slot(at)?.device.back_up();
                OpOutcome::Nothing
            }
            Op::RestoreBackup(at) => {
                let slot = self.slot(at)?;
                if slot.device.restore_backup(now) {
                    slot.incarnation += 1;
                    slot.by_restore = true;
                    slot.met.clear();
                    self.register_id(at);
                }
                OpOutcome::Nothing
            }
            Op::Clock(at, fault) => {
                let slot = self.slot(at)?;
                slot.device.set_clock_error(fault.error(now), now);
                slot.device.sweep(now);
                OpOutcome::Nothing
            }
        })
    }

    /// Time passes, with the sweeps that devices run every hour.
    fn advance(&mut self, span: u64) -> Result<(), String> {
        let end = self.now.checked_add(span).filter(|end| *end < IN_2038 * 4);
        let end = end.ok_or("too far in the future")?;
        for now in sweep_times(self.now, end) {
            self.now = now;
            for slot in self.identities.iter_mut().flatten() {
                slot.device.sweep(self.now);
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        from: DeviceIndex,
        to: usize,
        n: u64,
        now: u64,
    ) -> Result<Vec<AddressedTo>, String> {
        if self.sent.contains_key(&n) {
            return Err(format!("message {n} was sent before"));
        }
        let to = self.key(to)?;
        let slot = self.slot(from)?;
        let posted = slot.device.send(&to, n.to_string().as_bytes(), now);
        for posted in &posted {
            slot.note_published(&posted.wire);
        }
        for wire in posted.iter().map(|posted| &posted.wire) {
            let message = WireMessage::decode(wire).expect("a message");
            for x3dh in message.entries.into_values().filter_map(|entry| entry.x3dh) {
                let begun = slot.begun.entry(x3dh.id).or_insert(PreKeyUse {
                    first: slot.installs,
                    last_install: slot.installs,
                    last: slot.incarnation,
                });
                (begun.last_install, begun.last) = (slot.installs, slot.incarnation);
            }
        }
        let former = slot
            .begun
            .iter()
            .filter(|(_, begun)| begun.first < slot.installs);
        let former = former.map(|(prekey, _)| prekey.clone()).collect();
        let (heard, incarnation, installs) = (slot.heard.clone(), slot.incarnation, slot.installs);
        let (ours, sender, met) = (slot.device.is_ours(), slot.device.key(), slot.met.clone());
        let installed_at = self.slot(from)?.installed_at;
        let mut withheld = BTreeMap::new();
        for (identity, devices) in self.identities.iter().enumerate() {
            let last = devices.iter().filter_map(|slot| slot.withheld.get(&from.0));
            let last = last.filter(|last| **last >= installed_at).max();
            withheld.extend(last.map(|last| (identity, *last)));
        }
        let mut addressed = Vec::new();
        for message in &posted {
            if ours {
                self.check_keys(&message.wire);
            } else {
                self.check_listened(&sender, &met, message);
            }
            let identity = self.identity_of(&message.recipient);
            let targets = message.targets.iter();
            let targets = targets.map(|(id, mode)| (self.name(id), *mode)).collect();
            addressed.push((identity, targets));
        }
        self.sent.insert(
            n,
            SendRecord {
                from,
                incarnation,
                installs,
                at: now,
                to,
                posted,
                heard,
                withheld,
                former,
            },
        );
        Ok(addressed)
    }

    /// Checks that no message key of ours encrypts twice.
    fn check_keys(&mut self, wire: &[u8]) {
        let message = WireMessage::decode(wire).expect("our own message");
        for entry in message.entries.values().filter(|entry| entry.dr.is_some()) {
            let iv = entry.payload.iter().take(16).copied().collect();
            assert!(self.ivs.insert(iv), "an IV is used twice");
        }
    }

    /// Checks that a message of status-go finds all its readers at the topic that it goes by: the
    /// one that the two identities share, once the sender has read something of each device that it
    /// writes to (protocol §9).
    fn check_listened(
        &self,
        sender: &IdentityKey,
        met: &BTreeSet<(DeviceIndex, u32)>,
        message: &OutgoingMessage,
    ) {
        let reader = |(id, _): &(String, Mode)| {
            let at = self.ids.get(id)?;
            let slot = &self.identities[at.0][at.1];
            let met = slot.device.id() == id && met.contains(&(*at, slot.incarnation));
            met.then_some(slot)
        };
        let readers: Option<Vec<&Slot>> = message.targets.iter().map(reader).collect();
        for reader in readers.into_iter().flatten() {
            assert!(reader.device.listens_to(sender), "nobody listens there");
        }
    }

    fn read(
        &mut self,
        at: DeviceIndex,
        n: u64,
        confirm: bool,
        now: u64,
    ) -> Result<Vec<ReadOutcome>, String> {
        let own = self.key(at.0)?;
        let slot = self.slot(at)?;
        let (id, installs, incarnation) =
            (slot.device.id().to_owned(), slot.installs, slot.incarnation);
        let by_restore = slot.by_restore;
        let sent = self.sent.get(&n);
        let sent = sent.ok_or_else(|| format!("message {n} was not sent"))?;
        let (from, sent_at, sent_incarnation) = (sent.from, sent.at, sent.incarnation);
        let from_installs = sent.installs;
        let withheld = sent.withheld.get(&at.0).copied();
        let copied = (at.0 == from.0 && at != from).then(|| CopyOf {
            recipients: vec![sent.to],
            request_id: None,
            decision: None,
        });
        let heard = sent.heard.get(&(at, incarnation)).copied();
        let before = (0..incarnation).filter_map(|incarnation| sent.heard.get(&(at, incarnation)));
        let heard_before = before.map(|then| then.last).max();
        let for_us = sent.posted.iter().filter(|posted| posted.recipient == own);
        let wrote = |id: &str| {
            let heard = sent.heard.iter().filter(|(of, _)| self.names[of] == id);
            heard.filter_map(|(_, heard)| heard.proven).max()
        };
        let targets = for_us.clone().flat_map(|posted| &posted.targets);
        let targets_wrote = targets.map(|(id, _)| wrote(id)).collect();
        let wrote = wrote(&id);
        let wires: Vec<Vec<u8>> = for_us.map(|posted| posted.wire.clone()).collect();
        let former = sent.former.clone();
        let from_ours = self.slot(from)?.device.is_ours();
        let sender = self.key(from.0)?;
        let attempt = ReadAttempt {
            n,
            from,
            at,
            installs,
            outcome: None,
            by_dh: false,
            sent_at,
            read_at: now,
            prekey: None,
            last_in_use: None,
            heard,
            heard_before,
            wrote,
            targets_wrote,
            former_version: false,
            begun_before: false,
            former: false,
            begun_again: false,
            begun_by_other: false,
            by_restore,
            withheld,
        };
        if wires.is_empty() {
            self.attempts.push(attempt);
            return Ok(Vec::new());
        }
        let mut outcomes = Vec::new();
        for wire in wires {
            let message = WireMessage::decode(&wire).expect("a message");
            let entry = message.entries.get(&id);
            let entry_is_ratchet = entry.is_some_and(|entry| entry.dr.is_some());
            let prekey = entry.and_then(|entry| Some(entry.dr.as_ref()?.id.clone()));
            let slot = self.slot(at)?;
            let begun = prekey.as_ref().and_then(|prekey| slot.begun.get(prekey));
            let begun_again = begun.is_some_and(|begun| begun.first < begun.last_install);
            let begun_before = begun.is_some_and(|begun| begun.last < incarnation);
            let former = begun.is_some_and(|begun| begun.first < installs)
                || prekey
                    .as_ref()
                    .is_some_and(|prekey| former.contains(prekey));
            let by_dh = entry.is_none() && message.entries.contains_key(ANY_INSTALLATION);
            let former_version = prekey
                .as_ref()
                .is_some_and(|prekey| slot.had_higher_version(prekey));
            let name = (message.installation.clone(), prekey.clone());
            let begun_here = slot.begun_here.entry(name).or_default();
            let begun_by_other = begun_here.iter().any(|installs| *installs != from_installs);
            let device = &mut slot.device;
            let last_in_use = prekey
                .as_ref()
                .and_then(|prekey| device.last_in_use(prekey));
            let read = device.read(&sender, &wire, confirm, now);
            let begins = entry.is_some_and(|entry| entry.x3dh.is_some());
            if begins && read.outcome != ReadOutcome::NoSession {
                begun_here.insert(from_installs);
            }
            if let ReadOutcome::Read(text) = &read.outcome {
                let own_back = at == from && text.is_empty();
                assert!(
                    own_back || *text == n.to_string().as_bytes(),
                    "another text than was sent"
                );
            }
            let opened = matches!(read.outcome, ReadOutcome::Read(_));
            let proven = opened && entry_is_ratchet;
            let says = from_ours && device.is_ours() && proven;
            let copied = copied.clone().filter(|_| says);
            assert_eq!(read.copy_of, copied, "whom it was for");
            if opened {
                self.slot(at)?.met.insert((from, sent_incarnation));
            }
            self.hears(at, (from, sent_incarnation), proven, sent_at);
            if let Some(reply) = read.reply {
                self.slot(at)?.note_published(&reply.wire);
                for device in 0..self.identities[from.0].len() {
                    let reader = (from.0, device);
                    let slot = self.slot(reader)?;
                    let taken = slot.device.read(&own, &reply.wire, true, now);
                    if matches!(taken.outcome, ReadOutcome::Read(_)) {
                        slot.met.insert((at, incarnation));
                    }
                    self.hears(reader, (at, incarnation), false, now);
                }
            }
            if read.withheld {
                self.slot(at)?.withheld.insert(from.0, now);
            }
            self.attempts.push(ReadAttempt {
                outcome: Some(read.outcome.clone()),
                by_dh,
                prekey,
                last_in_use,
                begun_before,
                former,
                begun_again,
                begun_by_other,
                former_version,
                ..attempt.clone()
            });
            outcomes.push(read.outcome);
        }
        Ok(outcomes)
    }

    /// A device has processed a message that another one sent at `sent_at` in the given
    /// incarnation.
    fn hears(&mut self, at: DeviceIndex, of: (DeviceIndex, u32), proven: bool, sent_at: u64) {
        let now = self.now;
        let heard = &mut self.identities[at.0][at.1].heard;
        let heard = heard.entry(of).or_insert(Heard {
            first: now,
            last: now,
            proven: None,
            newest: sent_at,
        });
        heard.last = now;
        heard.newest = heard.newest.max(sent_at);
        if proven {
            heard.proven = Some(now);
        }
    }

    fn identity_of(&self, key: &IdentityKey) -> usize {
        self.identities
            .iter()
            .position(|devices| devices[0].device.key() == *key)
            .expect("an identity of this world")
    }

    /// The name of a device in schedules, marked if it was since reinstalled under another id.
    fn name(&self, id: &str) -> String {
        let Some((identity, device)) = self.ids.get(id) else {
            return id.to_owned();
        };
        let gone = self.identities[*identity][*device].device.id() != id;
        let gone = if gone { "gone " } else { "" };
        format!("{gone}{identity}/{device}")
    }

    /// Pairs of our devices that would send to each other on two different sessions.
    pub(super) fn diverging(&mut self) -> Vec<(DeviceIndex, DeviceIndex)> {
        let now = self.tick();
        let device_indices: Vec<DeviceIndex> = self.device_indices();
        let mut sends_on = BTreeMap::new();
        for from in &device_indices {
            for to in 0..self.identities.len() {
                let key = self.key(to).expect("an identity");
                let slot = self.slot(*from).expect("a device");
                for (id, session) in slot.device.sends_on(&key, now) {
                    if let Some(reader) = self.ids.get(&id) {
                        sends_on.insert((*from, *reader), session);
                    }
                }
            }
        }
        let back = |(from, to): &(DeviceIndex, DeviceIndex)| sends_on.get(&(*to, *from));
        sends_on
            .iter()
            .filter(|(pair, session)| back(pair).is_some_and(|back| back != *session))
            .map(|(pair, _)| *pair)
            .collect()
    }

    fn device_indices(&self) -> Vec<DeviceIndex> {
        let devices = |(identity, devices): (usize, &Vec<Slot>)| {
            (0..devices.len())
                .map(move |device| (identity, device))
                .collect::<Vec<_>>()
        };
        self.identities
            .iter()
            .enumerate()
            .flat_map(devices)
            .collect()
    }
}
