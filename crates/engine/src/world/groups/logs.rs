//! Who is in the groups: acts of devices, the updates that they are given, and what they must have
//! of a group then.

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::IdentityKey;

use super::{ALICE, Body, DEVICES, GroupWorld, WITHOUT_LOG, known::Known, outsiders::read_signed};
use crate::{
    engine::Engine,
    groups::{
        NewGroup, Update,
        state::{Act, LogEvent},
        whole,
    },
    model::{Env, GroupAct, GroupError, GroupId, GroupLimits, GroupOutcome, GroupView},
    store::{Store, StoreRead as _},
    wire::{WireUpdate, decode_update, encode_update},
    world::{CrashPoint, Disks, group_rules::StatusGoGroup, hours},
};

impl<H: Disks> GroupWorld<H> {
    /// Alice makes a group with the rules `admins`.
    pub(super) fn found(&mut self, members: &[usize]) {
        let request = NewGroup {
            name: "friends".to_owned(),
            members: members.iter().map(|at| self.identity(*at)).collect(),
            ..NewGroup::default()
        };
        let made = self.call(ALICE, CrashPoint::Never, |engine, store, env| {
            engine.group_create(store, env, &request)
        });
        let made = made.expect("a group");
        let group = self.add_group(made.group.group.clone());
        self.acted(ALICE, group, &made, CrashPoint::Never);
    }

    pub(super) fn add_group(&mut self, group: GroupId) -> usize {
        self.groups.push(group);
        for known in &mut self.known {
            known.push(Known::default());
        }
        self.groups.len() - 1
    }

    /// A device acts in a group, if it may.
    pub(super) fn act(
        &mut self,
        at: usize,
        group: usize,
        crash: CrashPoint,
        act: impl FnOnce(
            &mut Engine,
            &mut dyn Store,
            &Env<'_>,
            &GroupId,
        ) -> Result<GroupAct, GroupError>,
    ) {
        let id = self.groups[group].clone();
        let made = self.call(at, crash, |engine, store, env| act(engine, store, env, &id));
        if let Ok(made) = made {
            self.acted(at, group, &made, crash);
        }
    }

    /// Follows an act of a device, and sends its update to whom it has to reach.
    fn acted(&mut self, at: usize, group: usize, made: &GroupAct, crash: CrashPoint) {
        let (me, origin) = (self.identity(at), self.origin(group));
        let events = decode_update(&made.update).expect("small").expect("ours");
        let events = events.events;
        let update: Vec<LogEvent> = events
            .iter()
            .map(|bytes| {
                let known = self.signed.get(&(group, bytes.clone()));
                let event = known.cloned();
                event.unwrap_or_else(|| read_signed(&self.groups[group], me, bytes))
            })
            .collect();
        let was = self.known[at][group].group.clone();
        let mut next = self.known[at][group].clone();
        // Another device of its identity may have signed the very same.
        let ids = next.ids();
        if update.iter().any(|event| !ids.contains(&event.entry.id)) {
            assert!(next.take_up(origin, &me, update.clone()), "no creation");
        }
        let mut reached: BTreeSet<IdentityKey> = was.members.keys().copied().collect();
        reached.extend(next.group.members.keys());
        reached.remove(&me);
        let recipients: BTreeSet<IdentityKey> = made.recipients.iter().copied().collect();
        assert_eq!(recipients, reached, "whom an act has to reach");
        if crash != CrashPoint::BeforeCommit {
            for (bytes, event) in events.iter().zip(update) {
                self.signed.insert((group, bytes.clone()), event);
            }
            self.known[at][group] = next;
        }
        self.check(at, group);
        if crash == CrashPoint::Never {
            reached.insert(me);
            let to = self.devices_of(&reached, at);
            self.post(me, false, group, Body::Update(events, true), &to);
        }
    }

    /// A device is given an update.
    pub(super) fn apply(
        &mut self,
        at: usize,
        group: usize,
        events: &[Vec<u8>],
        sender: Option<IdentityKey>,
        crash: CrashPoint,
    ) {
        let (me, origin) = (self.identity(at), self.origin(group));
        let signed = |bytes: &Vec<u8>| self.signed.get(&(group, bytes.clone())).cloned();
        let signed = events.iter().filter_map(signed).collect();
        let was = &self.known[at][group];
        let expected = was.judge(origin, &me, signed, self.clock(at), sender);
        let expected_outcome =
            expected
                .as_ref()
                .map_or(GroupOutcome::Refused, |next| match (&was.log, &next.log) {
                    (Some(was), Some(is)) if was.ids() == is.ids() => GroupOutcome::Unchanged,
                    (Some(_), _) => GroupOutcome::Changed,
                    (None, _) => GroupOutcome::Created,
                });
        let id = self.groups[group].clone();
        let wire = encode_update(WireUpdate {
            group: id.as_text().expect("text").to_owned(),
            events: events.to_vec(),
        });
        let log = self.world.devices[at].store().group_log(&id).expect("read");
        let update = Update::decode(&wire).expect("small").check(&log);
        let applied = self
            .call(at, crash, |engine, store, env| {
                engine.group_apply(store, env, update, sender)
            })
            .expect("applied");
        assert_eq!(applied.refusal, expected.as_ref().err().copied());
        assert_eq!(applied.outcome, expected_outcome);
        match expected {
            Err(_) => assert!(!self.world.devices[at].changed, "a refused update wrote"),
            Ok(next) if crash != CrashPoint::BeforeCommit => self.known[at][group] = next,
            Ok(_) => (),
        }
        self.check(at, group);
    }

    /// A device forgets a group, if it may.
    pub(super) fn forget(&mut self, at: usize, group: usize) {
        let (me, id) = (self.identity(at), self.groups[group].clone());
        let forgotten = self.call(at, CrashPoint::Never, |engine, store, env| {
            engine.group_forget(store, env, &id)
        });
        let known = &mut self.known[at][group];
        let may = known.log.is_some() && !known.group.joined.contains(&me);
        assert_eq!(forgotten.is_ok(), may, "{forgotten:?}");
        if may {
            known.forget();
        }
        self.check(at, group);
    }

    /// Holds what a device has of a group against what it has to know.
    pub(super) fn check(&mut self, at: usize, group: usize) {
        self.check_log(at, group);
        self.check_keys(at, group);
    }

    fn check_log(&self, at: usize, group: usize) {
        let (me, id) = (self.identity(at), &self.groups[group]);
        let (device, known) = (&self.world.devices[at], &self.known[at][group]);
        let store = device.store();
        let log = store.group_log(id).expect("read");
        let log: BTreeSet<_> = log.into_iter().map(|entry| entry.id).collect();
        let expected = known.log.as_ref().map(|log| log.ids()).unwrap_or_default();
        assert_eq!(log, expected, "the log of {}", device.setup.name);
        let view = whole(store, &GroupLimits::default(), &me, id).expect("read");
        assert_eq!(view.is_some(), known.log.is_some());
        if let Some(view) = view {
            let is = &known.group;
            let members: BTreeMap<_, _> = view
                .members
                .iter()
                .map(|member| (member.identity, (member.joined, member.admin)))
                .collect();
            let joined = |one: &IdentityKey| (is.joined.contains(one), is.admins.contains(one));
            let expected = is.members.keys().map(|one| (*one, joined(one))).collect();
            assert_eq!(members, expected);
            let gone: BTreeMap<_, _> = view.gone.iter().map(|it| (it.identity, it.at)).collect();
            assert_eq!((&view.name, &gone), (&is.name, &is.gone));
            // What is sent, status-go takes for the same.
            let update = decode_update(&view.update.expect("small")).expect("small");
            let update = update.expect("ours").events.into_iter();
            let update: Vec<_> = update.map(|bytes| &self.signed[&(group, bytes)]).collect();
            let pictures = update
                .iter()
                .filter(|event| matches!(event.event.act, Act::Picture(_)));
            assert!(pictures.count() <= 1, "an image that was replaced is sent");
            let theirs = StatusGoGroup::judge(update).expect("status-go refuses what we send");
            assert_eq!(theirs.members, is.members.keys().copied().collect());
            assert_eq!((theirs.admins, theirs.name), (is.admins.clone(), view.name));
        }
    }

    /// Whoever exchanges updates until nobody learns anything new agrees.
    pub(super) fn converge(&mut self) {
        for at in 0..DEVICES.len() {
            self.world.devices[at].set_clock_error(0, self.world.now);
        }
        self.world.advance(hours(1));
        for group in 0..WITHOUT_LOG {
            while let Some((from, to)) = self.differ(group) {
                let know = |it: &Self| [from, to].map(|at| it.known[at][group].ids());
                let before = know(self);
                for (from, to) in [(from, to), (to, from)] {
                    let events = self.update(from, group).expect("a log");
                    self.apply(to, group, &events, None, CrashPoint::Never);
                }
                assert_ne!(know(self), before, "they learn nothing more, and differ");
            }
        }
    }

    /// Two devices that do not agree on a group, of those that have its log.
    fn differ(&self, group: usize) -> Option<(usize, usize)> {
        let digest = |at| Some((at, self.view(at, group)?.digest));
        let digests: Vec<_> = (0..DEVICES.len()).filter_map(digest).collect();
        let (first, digest) = digests.first()?;
        let other = digests.iter().find(|(_, other)| other != digest)?;
        Some((*first, other.0))
    }

    fn view(&self, at: usize, group: usize) -> Option<GroupView> {
        let (me, store) = (self.identity(at), self.world.devices[at].store());
        whole(store, &GroupLimits::default(), &me, &self.groups[group]).expect("read")
    }

    /// The events that a device sends of a group.
    pub(super) fn update(&self, at: usize, group: usize) -> Option<Vec<Vec<u8>>> {
        let update = self.view(at, group)?.update.expect("small");
        Some(decode_update(&update).expect("small").expect("ours").events)
    }
}
