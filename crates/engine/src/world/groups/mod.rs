//! Groups in the simulated world: members who act apart, one of them on two devices, one with
//! status-go, and one who forges what it can. Their updates, keys and messages are lost, repeated,
//! reordered and tampered with, processes crash, clocks jump.
//!
//! The oracle holds each device to all that it was given. It works out what that makes of a group,
//! of its keys and of each message, by rules that are written once more (`group_rules`, `known`),
//! and compares: what is in the store, what is read and why not, what is sent, and to whom.

mod keys;
mod known;
mod logs;
mod outsiders;
mod step;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use crypto_core::{GroupKeyId, GroupOrigin, IdentityKey, MessageId};

pub use self::step::{GroupStep, GroupStepKind, GroupStepWeights};
use self::{known::Known, outsiders::StatusGoMember};
use super::{CrashPoint, Disks, SplitMix64, World};
use crate::{
    engine::{Engine, ReceiveRequest},
    groups::state::LogEvent,
    model::{Config, Env, GroupId, Outcome, Received, UnixMillis},
    store::Store,
    wire::WireMessage,
};

/// Our devices. Mallory's is as honest as the others; what she forges is made beside it.
const DEVICES: [&str; 6] = [
    "alice/phone",
    "alice/laptop",
    "bob/phone",
    "carol/phone",
    "dave/phone",
    "mallory/phone",
];
const ALICE: usize = 0;
const BOB: usize = 2;
const CAROL: usize = 3;
const DAVE: usize = 4;
const MALLORY: usize = 5;
/// The place of the device of status-go, after ours.
const STATUS_GO: usize = DEVICES.len();
/// The group without a log, whose keys Alice and Bob may set. Those before it have one.
const WITHOUT_LOG: usize = 3;

/// Members of groups, what is in flight between them, and what is true.
pub struct GroupWorld<H: Disks> {
    world: World<H>,
    groups: Vec<GroupId>,
    /// What each of our devices has to know of each group.
    known: Vec<Vec<Known>>,
    /// What each of our devices has read and not confirmed, with the number of the mail.
    unconfirmed: Vec<BTreeMap<MessageId, u64>>,
    /// Keys that a device has confirmed, by the number of the mail.
    confirmed: BTreeSet<(usize, u64)>,
    in_flight: Vec<Vec<Rc<Mail>>>,
    /// All that was ever sent to each device.
    sent: Vec<Vec<Rc<Mail>>>,
    status_go: StatusGoMember,
    /// The events that were signed, by their group and their bytes.
    signed: BTreeMap<(usize, Vec<u8>), LogEvent>,
    /// What each device has encrypted: no number of a key comes twice.
    numbers: BTreeSet<(usize, GroupKeyId, u32)>,
    rng: SplitMix64,
    /// How many requests and mails there were.
    count: u64,
    /// What was sent before this may be too old to be read.
    readable_since: u64,
}

impl<H: Disks> std::fmt::Debug for GroupWorld<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.world.fmt(f)
    }
}

/// What is in flight to a device.
#[derive(Clone)]
struct Mail {
    number: u64,
    /// Who it says that it is from.
    from: IdentityKey,
    /// It is in an envelope, which that one signed.
    sealed: bool,
    group: usize,
    body: Body,
}

#[derive(Clone)]
enum Body {
    /// The events of an update, and whether the frontend knows whom it is from.
    Update(Vec<Vec<u8>>, bool),
    Keys(Keys),
    Message(GroupMessageMail),
}

/// Keys of a group, on their way to one identity.
#[derive(Clone)]
struct Keys {
    wire: Vec<u8>,
    /// They stand in the payload of a ratchet message.
    in_ratchet: bool,
    /// The group that they are named for beside them, under the MAC of such a message.
    named: Option<usize>,
    /// The number in the header, where 0 has to be.
    number: u32,
    /// Each with its timestamp.
    keys: Vec<(u64, [u8; 32])>,
}

/// A message under a group key.
#[derive(Clone)]
struct GroupMessageMail {
    wire: Vec<u8>,
    id: MessageId,
    key: GroupKeyId,
    number: u32,
    /// `None` if it is damaged.
    text: Option<Vec<u8>>,
}

impl<H: Disks> GroupWorld<H> {
    /// A world with its stores on `disks` and its keys from `seed`: devices that know each other,
    /// and four groups. The first has the rules `admins`, Alice and Bob are its admins and Dave is
    /// not in it; the second is status-go's, with its rules, and Carol is not in it; the third has
    /// the rules `admins`, and of it Mallory has not heard. Of the first all have accepted, in
    /// three of four worlds of all, and the first two have keys.
    pub fn build(disks: H, seed: u64) -> Self {
        let world = World::build(disks, seed, &DEVICES, Config::default());
        let status_go = StatusGoMember::new(seed);
        let mut made = Self {
            groups: Vec::new(),
            known: vec![Vec::new(); DEVICES.len()],
            unconfirmed: vec![BTreeMap::new(); DEVICES.len()],
            confirmed: BTreeSet::new(),
            in_flight: vec![Vec::new(); DEVICES.len() + 1],
            sent: vec![Vec::new(); DEVICES.len() + 1],
            status_go,
            signed: BTreeMap::new(),
            numbers: BTreeSet::new(),
            rng: SplitMix64::named(seed, "groups"),
            count: 0,
            readable_since: 0,
            world,
        };
        made.meet();
        made.found(&[BOB, CAROL, MALLORY, STATUS_GO]);
        for at in 0..DEVICES.len() {
            made.deliver_all(at);
            made.act(at, 0, CrashPoint::Never, |engine, store, env, group| {
                engine.group_accept(store, env, group)
            });
        }
        let bob = made.identity(BOB);
        made.act(ALICE, 0, CrashPoint::Never, |engine, store, env, group| {
            engine.group_promote(store, env, group, &[bob])
        });
        made.status_go_founds(&[ALICE, BOB, DAVE, MALLORY]);
        made.found(&[BOB, DAVE, STATUS_GO]);
        made.trust();
        made.deliver_everything();
        if !seed.is_multiple_of(4) {
            for (at, group) in [
                (ALICE, 1),
                (BOB, 1),
                (BOB, 2),
                (DAVE, 1),
                (DAVE, 2),
                (MALLORY, 1),
            ] {
                made.act(at, group, CrashPoint::Never, |engine, store, env, group| {
                    engine.group_accept(store, env, group)
                });
            }
            made.give_key(BOB, 0, None, CrashPoint::Never);
            made.status_go_sets_keys(1, false, true);
            made.deliver_everything();
        }
        made
    }

    /// Runs a schedule, and then lets everybody agree.
    pub fn run(&mut self, steps: &[GroupStep]) {
        for step in steps {
            self.step(*step);
        }
        self.converge();
    }

    /// All learn each other's bundles.
    fn meet(&mut self) {
        // Some with KEM prekeys, and others without.
        if self.count.is_multiple_of(2) {
            self.world.introduce_fully();
        } else {
            self.world.introduce();
        }
        self.status_go.meet(&mut self.world);
        self.readable_since = self.count;
    }

    /// Whose a device is.
    fn identity(&self, at: usize) -> IdentityKey {
        match self.world.devices.get(at) {
            Some(device) => device.key,
            None => self.status_go.key(),
        }
    }

    fn origin(&self, group: usize) -> GroupOrigin {
        let text = self.groups[group].as_text();
        text.and_then(GroupOrigin::of).expect("a group with a log")
    }

    fn clock(&self, at: usize) -> UnixMillis {
        self.world.devices[at].clock(self.world.now)
    }

    fn next_count(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn call<T, E>(
        &mut self,
        at: usize,
        crash: CrashPoint,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let World {
            devices,
            disks,
            now,
            ..
        } = &mut self.world;
        devices[at].call(disks, *now, crash, call)
    }

    /// Sends something to devices.
    fn post(&mut self, from: IdentityKey, sealed: bool, group: usize, body: Body, to: &[usize]) {
        let mail = Rc::new(Mail {
            number: self.next_count(),
            from,
            sealed,
            group,
            body,
        });
        for at in to {
            self.in_flight[*at].push(Rc::clone(&mail));
            self.sent[*at].push(Rc::clone(&mail));
        }
    }

    /// The devices of these identities, but for one.
    fn devices_of(&self, identities: &BTreeSet<IdentityKey>, but: usize) -> Vec<usize> {
        (0..=STATUS_GO)
            .filter(|at| *at != but && identities.contains(&self.identity(*at)))
            .collect()
    }

    fn deliver_everything(&mut self) {
        for at in 0..=STATUS_GO {
            self.deliver_all(at);
        }
    }

    fn deliver_all(&mut self, at: usize) {
        for mail in std::mem::take(&mut self.in_flight[at]) {
            self.deliver(at, &mail, false, CrashPoint::Never);
        }
    }

    fn deliver(&mut self, at: usize, mail: &Mail, confirm: bool, crash: CrashPoint) {
        if at == STATUS_GO {
            return self.status_go_takes(mail);
        }
        match &mail.body {
            Body::Update(events, named) => {
                let sender = named.then_some(mail.from);
                self.apply(at, mail.group, events, sender, crash);
            }
            Body::Keys(keys) => self.read_keys(at, mail, keys, confirm, crash),
            Body::Message(message) => self.read_message(at, mail, message, confirm, crash),
        }
    }

    fn receive(
        &mut self,
        at: usize,
        mail: &Mail,
        wire: &[u8],
        confirm: bool,
        crash: CrashPoint,
    ) -> Received {
        let request = ReceiveRequest {
            sender: mail.from,
            message: WireMessage::decode(wire),
            confirm,
            sealed: mail.sealed,
        };
        let received = self.call(at, crash, |engine, store, env| {
            engine.receive(store, env, request)
        });
        let received = received.expect("received");
        if crash != CrashPoint::BeforeCommit
            && matches!(received.outcome, Outcome::Decrypted(_) | Outcome::GroupKey)
        {
            let id = received.message.expect("an id");
            if confirm {
                self.confirm_one(at, mail.number, id);
            } else {
                self.unconfirmed[at].insert(id, mail.number);
            }
        }
        received
    }

    fn confirm_one(&mut self, at: usize, mail: u64, id: MessageId) {
        self.unconfirmed[at].remove(&id);
        self.confirmed.insert((at, mail));
        for known in &mut self.known[at] {
            known.confirm(&id);
        }
    }

    /// The frontend confirms all that it has read.
    fn confirm(&mut self, at: usize) {
        let read: Vec<_> = self.unconfirmed[at].clone().into_iter().collect();
        let ids: Vec<MessageId> = read.iter().map(|(id, _)| *id).collect();
        self.call(at, CrashPoint::Never, |engine, store, _| {
            engine.confirm(store, &ids)
        })
        .expect("confirmed");
        for (id, mail) in read {
            self.confirm_one(at, mail, id);
        }
    }
}
