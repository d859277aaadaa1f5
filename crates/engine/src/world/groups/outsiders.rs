//! Members that are no engine: one of status-go, and Mallory, who signs and encrypts what she
//! likes.

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{
    ANY_INSTALLATION, EphemeralKeyPair, GroupKeyId, GroupRules, IdentityKey, IdentityKeyPair,
    MessageId, dh_message,
    hash_ratchet::{HashChain, key_id},
};
use rand_core::Rng as _;

use super::{
    Body, DEVICES, GroupMessageMail, GroupWorld, Keys, MALLORY, Mail, STATUS_GO, keys::is_for,
};
use crate::{
    groups::state::{Act, GroupEvent, LogEvent},
    model::{GroupEntry, GroupId},
    store::StoreRead as _,
    wire::{
        WireEntry, WireGroupHeader, WireGroupKeys, WireMessage, encode_group_keys, encode_message,
    },
    world::{
        CrashPoint, Disks, StatusGoDevice, World, device::send_request, group_rules::StatusGoGroup,
    },
};

/// The secrets of the identities: those of a [`World`] are numbered from 1.
const MALLORYS_SECRET: [u8; 32] = [5; 32];
const STATUS_GO_SECRET: [u8; 32] = [6; 32];

/// A member with a device of status-go, which keeps logs and keys as that does.
pub(super) struct StatusGoMember {
    device: StatusGoDevice,
    identity: IdentityKeyPair,
    logs: BTreeMap<usize, Vec<LogEvent>>,
    /// The keys of each group, with the highest number: whoever they come from, the highest
    /// timestamp is written with.
    keys: BTreeMap<usize, BTreeMap<(u64, [u8; 32]), u32>>,
}

impl StatusGoMember {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            device: StatusGoDevice::new(&STATUS_GO_SECRET, seed),
            identity: pair(&STATUS_GO_SECRET),
            logs: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    pub(super) fn key(&self) -> IdentityKey {
        *self.identity.public()
    }

    /// It and the devices of the world learn each other's bundles.
    pub(super) fn meet<H: Disks>(&mut self, world: &mut World<H>) {
        for device in &mut world.devices {
            let now = device.clock(world.now);
            let theirs = device.published.last().expect("a bundle");
            self.device.import_bundle(theirs, now);
            let ours = self.device.bundle(now);
            device
                .call(
                    &mut world.disks,
                    world.now,
                    CrashPoint::Never,
                    |engine, store, env| engine.import_bundle(store, env, &ours),
                )
                .expect("imported");
        }
    }

    fn log(&self, group: usize) -> &[LogEvent] {
        self.logs.get(&group).map_or(&[], Vec::as_slice)
    }

    fn group(&self, group: usize) -> StatusGoGroup {
        StatusGoGroup::judge(self.log(group)).expect("it keeps nothing else")
    }

    /// Adds events to a log, if it allows all of it then.
    fn add(&mut self, group: usize, events: Vec<LogEvent>) -> bool {
        let log = self.log(group).iter().cloned().chain(events);
        let log: BTreeMap<_, _> = log.map(|event| (event.place(), event)).collect();
        let log: Vec<_> = log.into_values().collect();
        let allowed = StatusGoGroup::judge(&log).is_some();
        if allowed {
            self.logs.insert(group, log);
        }
        allowed
    }
}

fn pair(secret: &[u8; 32]) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(secret).expect("a key")
}

pub(super) fn id_of_key(group: &GroupId, timestamp: u64, key: &[u8; 32]) -> GroupKeyId {
    key_id(group.as_bytes(), timestamp, key)
}

/// An event as it stands in an update: after its signature.
fn bytes_of(event: &LogEvent) -> Vec<u8> {
    [event.entry.signature.as_slice(), &event.entry.event].concat()
}

/// An event of `signer`, read from an update.
pub(super) fn read_signed(group: &GroupId, signer: IdentityKey, bytes: &[u8]) -> LogEvent {
    let (signature, event) = bytes.split_first_chunk().expect("a signature");
    let text = group.as_text().expect("a log");
    let entry = GroupEntry {
        id: crypto_core::GroupEventId::derive(&signer, text, event),
        signer,
        signature: *signature,
        event: event.to_vec(),
        ended: Vec::new(),
    };
    let event = GroupEvent::decode(event).expect("an event");
    LogEvent { entry, event }
}

fn message_with(entry: WireEntry) -> Vec<u8> {
    encode_message(WireMessage {
        installation: "another".to_owned(),
        entries: BTreeMap::from([(ANY_INSTALLATION.to_owned(), entry)]),
        ..WireMessage::default()
    })
}

/// The message with another header of groups beside its entries.
fn with_header(wire: &[u8], change: impl Fn(&mut WireGroupHeader)) -> Vec<u8> {
    let mut message = WireMessage::decode(wire).expect("a message");
    for entry in message.entries.values_mut() {
        change(entry.hr.get_or_insert_default());
    }
    encode_message(message)
}

impl<H: Disks> GroupWorld<H> {
    fn sign(&mut self, pair: &IdentityKeyPair, group: usize, clock: u64, act: Act) -> LogEvent {
        let text = self.groups[group].as_text().expect("a log");
        let event = GroupEvent { clock, act };
        let event = LogEvent::sign(pair, text, event).expect("signed");
        self.signed.insert((group, bytes_of(&event)), event.clone());
        event
    }

    fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    // The member of status-go.

    pub(super) fn status_go_founds(&mut self, members: &[usize]) {
        let text = GroupRules::Members.new_group_id(&self.status_go.key(), self.random());
        let id = GroupId::new(text.expect("a key").as_bytes()).expect("an id");
        let group = self.add_group(id);
        let create = Act::Create {
            name: "status".to_owned(),
            color: String::new(),
        };
        let members = members.iter().map(|at| self.identity(*at)).collect();
        self.status_go_acts(group, create);
        self.status_go_acts(group, Act::Invite(members));
    }

    /// It does what its own rules allow, and sends its whole log to everybody in the group.
    pub(super) fn status_go_acts(&mut self, group: usize, act: Act) {
        let last = self.status_go.log(group).last();
        let clock = last.map_or(0, |last| last.event.clock + 1);
        let pair = pair(&STATUS_GO_SECRET);
        let event = self.sign(&pair, group, clock.max(self.world.now), act);
        let was = self.status_go.group(group).members;
        if self.status_go.add(group, vec![event]) {
            let log = self.status_go.log(group).iter().map(bytes_of).collect();
            let is = self.status_go.group(group).members;
            let to = self.devices_of(&was.union(&is).copied().collect(), STATUS_GO);
            self.post(
                self.status_go.key(),
                false,
                group,
                Body::Update(log, true),
                &to,
            );
        }
    }

    pub(super) fn status_go_takes(&mut self, mail: &Mail) {
        let now = self.world.now;
        match &mail.body {
            Body::Update(events, _) => {
                let events: Option<Vec<_>> = events
                    .iter()
                    .map(|bytes| self.signed.get(&(mail.group, bytes.clone())).cloned())
                    .collect();
                let in_time = |events: &Vec<LogEvent>| {
                    events
                        .iter()
                        .all(|event| event.event.clock <= now + 120_000)
                };
                if let Some(events) = events.filter(in_time) {
                    self.status_go.add(mail.group, events);
                }
            }
            Body::Keys(keys) => {
                let now = crate::model::UnixMillis(now);
                let read = self.status_go.device.read(&mail.from, &keys.wire, now);
                let read = read.text.ok().and_then(|text| WireGroupKeys::decode(&text));
                let held = self.status_go.keys.entry(mail.group).or_default();
                for key in read.into_iter().flat_map(|read| read.keys) {
                    if let Ok(secret) = key.key.as_slice().try_into() {
                        held.entry((key.timestamp, secret)).or_default();
                    }
                }
            }
            Body::Message(_) => (),
        }
    }

    /// It sets keys of its own, which it does not name inside, in ratchet messages or in clear.
    pub(super) fn status_go_sets_keys(&mut self, group: usize, many: bool, sealed: bool) {
        let held = self.status_go.keys.entry(group).or_default();
        let last = held
            .last_key_value()
            .map_or(0, |((timestamp, _), _)| timestamp + 1);
        let first = last.max(self.world.now + 10);
        let keys: Vec<(u64, [u8; 32])> = (0..if many { 32 } else { 1 })
            .map(|more| (first + more, self.random()))
            .collect();
        let held = self.status_go.keys.entry(group).or_default();
        held.extend(keys.iter().map(|key| (*key, 0)));
        for member in self.status_go.group(group).members {
            self.send_keys_of_status_go(group, &keys, member, sealed);
        }
    }

    fn send_keys_of_status_go(
        &mut self,
        group: usize,
        keys: &[(u64, [u8; 32])],
        member: IdentityKey,
        sealed: bool,
    ) {
        let (me, id) = (self.status_go.key(), self.groups[group].clone());
        if member == me {
            return;
        }
        let payload = encoded(&[], keys);
        let now = crate::model::UnixMillis(self.world.now);
        let in_ratchet = keys.len() == 1 && !sealed;
        let wire = if in_ratchet {
            let wire = self.status_go.device.send(&member, &payload, now);
            with_header(&wire, |header| header.group = id.as_bytes().to_vec())
        } else {
            message_with(WireEntry {
                hr: Some(WireGroupHeader {
                    group: id.as_bytes().to_vec(),
                    keys: payload,
                    ..WireGroupHeader::default()
                }),
                ..WireEntry::default()
            })
        };
        let keys = Keys {
            wire,
            in_ratchet,
            named: None,
            number: 0,
            keys: keys.to_vec(),
        };
        let to = self.devices_of(&BTreeSet::from([member]), STATUS_GO);
        self.post(me, sealed, group, Body::Keys(keys), &to);
    }

    pub(super) fn status_go_writes(&mut self, group: usize, sealed: bool) {
        let held = self.status_go.keys.entry(group).or_default();
        if let Some(mut newest) = held.last_entry() {
            *newest.get_mut() += 1;
            let (key, number) = (*newest.key(), *newest.get());
            let message = self.encrypt(group, key, number);
            let to: Vec<usize> = (0..DEVICES.len()).collect();
            self.post(
                self.status_go.key(),
                sealed,
                group,
                Body::Message(message),
                &to,
            );
        }
    }

    /// A message under a key, by whoever has it.
    fn encrypt(
        &mut self,
        group: usize,
        (timestamp, secret): (u64, [u8; 32]),
        number: u32,
    ) -> GroupMessageMail {
        let text = self.next_count().to_string().into_bytes();
        let key = id_of_key(&self.groups[group], timestamp, &secret);
        let mut chain = HashChain::new(&secret);
        // Past the end of the chain nothing is looked at.
        let message_key = chain.message_key(number).or_else(|| chain.message_key(1));
        let message_key = message_key.expect("the first key");
        let payload = message_key.seal(self.random(), &text).expect("sealed");
        GroupMessageMail {
            id: MessageId::of_payload(&payload),
            wire: message_with(WireEntry {
                hr: Some(WireGroupHeader {
                    number,
                    group: self.groups[group].as_bytes().to_vec(),
                    key: key.as_bytes().to_vec(),
                    ..WireGroupHeader::default()
                }),
                payload,
                ..WireEntry::default()
            }),
            key,
            number,
            text: Some(text),
        }
    }

    // Mallory, and whoever carries the messages.

    /// Mallory signs an event with any clock, and shows it to a device among a part of all that was
    /// ever signed, in another group as well.
    pub(super) fn forge_event(&mut self, group: usize, act: Act, back: u64, part: u16, to: usize) {
        let clock = (self.world.now + 130_000).saturating_sub(back);
        self.sign(&pair(&MALLORYS_SECRET), group, clock, act);
        let shown = |place: usize| part.rotate_left(place as u32 * 7) & 1 == 0;
        let all = self.signed.keys().enumerate();
        let all = all
            .filter(|(place, (of, _))| shown(*place) && (*of == group || part.is_multiple_of(4)));
        let events = all.map(|(_, (_, bytes))| bytes.clone()).collect();
        let body = Body::Update(events, part.is_multiple_of(3));
        self.post(self.identity(MALLORY), false, group, body, &[to]);
    }

    /// Mallory offers a key of her own: in clear or by DH in the name of another, in a message or
    /// an envelope of hers.
    pub(super) fn forge_key(&mut self, group: usize, how: u16, named: IdentityKey, to: usize) {
        let (mallory, id) = (self.identity(MALLORY), self.groups[group].clone());
        let keys = vec![(self.world.now + 20, self.random())];
        let payload = encoded(id.as_bytes(), &keys);
        let recipient = self.identity(to);
        if recipient == mallory {
            return;
        }
        let header = WireGroupHeader {
            group: id.as_bytes().to_vec(),
            ..WireGroupHeader::default()
        };
        let (from, sealed) = match how % 4 {
            0 | 1 => (named, false),
            _ => (mallory, how % 4 == 3),
        };
        let mut to = self.devices_of(&BTreeSet::from([recipient]), MALLORY);
        let wire = match how % 4 {
            0 | 3 => message_with(WireEntry {
                hr: Some(header),
                payload,
                ..WireEntry::default()
            }),
            1 => {
                let ephemeral = EphemeralKeyPair::generate(&mut self.rng);
                let sealed = dh_message::seal(&ephemeral, self.random(), &recipient, &payload);
                message_with(WireEntry {
                    hr: Some(header),
                    dh: Some(ephemeral.public().to_bytes().to_vec()),
                    payload: sealed.expect("a key"),
                    ..WireEntry::default()
                })
            }
            _ => {
                let request = send_request(recipient, &payload);
                let sent = self.call(MALLORY, CrashPoint::Never, |engine, store, env| {
                    engine.send(store, env, &request)
                });
                let sent = sent.expect("sent").messages.swap_remove(0);
                to.retain(|to| *to == STATUS_GO || is_for(&sent, &self.world.devices[*to].id));
                with_header(&sent.wire, |hr| hr.group.clone_from(&header.group))
            }
        };
        let keys = Keys {
            wire,
            in_ratchet: how % 4 == 2,
            named: Some(group),
            number: 0,
            keys,
        };
        self.post(from, sealed, group, Body::Keys(keys), &to);
    }

    /// Mallory writes under a key that she has, with any number, in any name.
    pub(super) fn forge_message(&mut self, group: usize, which: u16, number: u32, from: usize) {
        let store = self.world.devices[MALLORY].store();
        let held = store.group_keys(&self.groups[group]).expect("read");
        let Some(key) = held.get(usize::from(which) % held.len().max(1)) else {
            return;
        };
        let message = self.encrypt(group, (key.timestamp, *key.key), number);
        let from = self.identity(from);
        let sealed = from == self.identity(MALLORY) && which.is_multiple_of(2);
        let to: Vec<usize> = (0..MALLORY).collect();
        self.post(from, sealed, group, Body::Message(message), &to);
    }

    /// A copy of a mail that was changed on its way. What is in an envelope cannot be.
    pub(super) fn tampered(&self, mail: &Mail, how: u16) -> Option<Mail> {
        let mut mail = mail.clone();
        if mail.sealed {
            return None;
        }
        match &mut mail.body {
            Body::Update(events, _) => *events.last_mut()?.last_mut()? ^= 1,
            Body::Keys(keys) if how.is_multiple_of(4) && keys.in_ratchet => {
                keys.number = 3;
                keys.wire = with_header(&keys.wire, |header| header.number = 3);
            }
            Body::Keys(keys) => {
                mail.group = usize::from(how) % self.groups.len();
                let group = self.groups[mail.group].as_bytes();
                keys.wire = with_header(&keys.wire, |header| header.group = group.to_vec());
            }
            Body::Message(message) => {
                let mut wire = WireMessage::decode(&message.wire).expect("a message");
                let payload = &mut wire.entries.first_entry()?.into_mut().payload;
                payload[usize::from(how) % 28] ^= 1;
                message.id = MessageId::of_payload(payload);
                message.text = None;
                message.wire = encode_message(wire);
            }
        }
        Some(mail)
    }
}

/// An `HRKeys`, which names its group unless that is empty.
fn encoded(group: &[u8], keys: &[(u64, [u8; 32])]) -> Vec<u8> {
    let each = keys.iter();
    let each = each.map(|(timestamp, key)| encode_group_keys(group, *timestamp, key).to_vec());
    each.collect::<Vec<_>>().concat()
}
