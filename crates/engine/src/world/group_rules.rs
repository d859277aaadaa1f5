//! The rules of groups, written once more for oracles: those of protocol §10 in their plainest
//! form, and status-go's.

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{GroupEventId, GroupOrigin, GroupRules, IdentityKey};

use crate::groups::state::{Act, LogEvent};

/// The clock of an event, and its id: by this events are ordered.
pub(crate) type Place = (u64, GroupEventId);

/// What the valid events of a log have made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlainGroup {
    pub(crate) name: String,
    /// Who is in it, each with the event that began that.
    pub(crate) members: BTreeMap<IdentityKey, Place>,
    pub(crate) joined: BTreeSet<IdentityKey>,
    pub(crate) admins: BTreeSet<IdentityKey>,
    /// Who is gone, each with the clock of that.
    pub(crate) gone: BTreeMap<IdentityKey, u64>,
}

impl PlainGroup {
    /// Whether the signer of the next event may do what it says.
    pub(crate) fn allows(&self, origin: GroupOrigin, event: &LogEvent) -> bool {
        let signer = event.entry.signer;
        let admin = self.admins.contains(&signer);
        let member = self.members.contains_key(&signer);
        match &event.event.act {
            Act::Create { .. } => !self.is_created() && signer == origin.creator,
            Act::Accept => member,
            Act::Rename(_) | Act::Recolor(_) | Act::Picture(_) | Act::Invite(_) => {
                admin || (member && origin.rules == GroupRules::Members)
            }
            Act::Remove(Some(whom)) if *whom == signer => member,
            Act::Remove(Some(whom)) => {
                admin && self.members.contains_key(whom) && !self.admins.contains(whom)
            }
            Act::Promote(Some(whom)) => {
                admin && whom.iter().all(|one| self.members.contains_key(one))
            }
            Act::Resign(Some(whom)) => admin && *whom == signer,
            Act::Remove(None) | Act::Promote(None) | Act::Resign(None) => false,
        }
    }

    pub(crate) fn apply(&mut self, event: &LogEvent) {
        let (signer, place) = (event.entry.signer, event.place());
        match &event.event.act {
            Act::Create { name, .. } => {
                self.name.clone_from(name);
                self.members.insert(signer, place);
                self.joined.insert(signer);
                self.admins.insert(signer);
            }
            Act::Rename(name) => self.name.clone_from(name),
            Act::Invite(whom) => {
                for one in whom {
                    self.members.entry(*one).or_insert(place);
                    self.gone.remove(one);
                }
            }
            Act::Accept => {
                self.joined.insert(signer);
            }
            Act::Remove(Some(whom)) => {
                self.members.remove(whom);
                self.joined.remove(whom);
                self.admins.remove(whom);
                self.gone.insert(*whom, place.0);
            }
            Act::Promote(Some(whom)) => self.admins.extend(whom),
            Act::Resign(_) => {
                self.admins.remove(&signer);
            }
            _ => (),
        }
    }

    fn is_created(&self) -> bool {
        !self.members.is_empty() || !self.gone.is_empty()
    }
}

/// All that was valid in the updates that somebody was given, each judged alone. A leaving stands
/// there with the events that began the memberships it ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlainLog(BTreeMap<Place, (LogEvent, BTreeSet<Place>)>);

impl PlainLog {
    /// Takes up an update; false if it has no valid creation.
    pub(crate) fn take(&mut self, origin: GroupOrigin, update: Vec<LogEvent>) -> bool {
        let update: BTreeMap<Place, LogEvent> = update
            .into_iter()
            .map(|event| (event.place(), event))
            .collect();
        let mut group = PlainGroup::default();
        for (place, event) in update {
            if group.allows(origin, &event) {
                let ended = own_leaving(&event).then(|| group.members[&event.entry.signer]);
                group.apply(&event);
                let new = || (event, BTreeSet::new());
                self.0.entry(place).or_insert_with(new).1.extend(ended);
            }
        }
        group.is_created()
    }

    /// What is kept of it: of each signer the last acceptance, and the first leaving of each
    /// membership.
    pub(crate) fn kept(&self) -> Vec<&LogEvent> {
        let accepts = |event: &LogEvent| event.event.act == Act::Accept;
        let events = self.0.values().map(|(event, _)| event);
        let last: BTreeMap<IdentityKey, Place> = events
            .filter(|event| accepts(event))
            .map(|event| (event.entry.signer, event.place()))
            .collect();
        let mut over = BTreeSet::new();
        let kept = self.0.values().filter(|(event, ended)| {
            let signer = event.entry.signer;
            if accepts(event) {
                return last[&signer] == event.place();
            }
            let firsts = ended.iter().filter(|began| over.insert((signer, **began)));
            firsts.count() > 0 || !own_leaving(event)
        });
        kept.map(|(event, _)| event).collect()
    }

    pub(crate) fn ids(&self) -> BTreeSet<GroupEventId> {
        self.kept().iter().map(|event| event.entry.id).collect()
    }

    /// What it makes of the group.
    pub(crate) fn group(&self, origin: GroupOrigin) -> PlainGroup {
        let mut group = PlainGroup::default();
        for event in self.kept() {
            if group.allows(origin, event) {
                group.apply(event);
            }
        }
        group
    }
}

fn own_leaving(event: &LogEvent) -> bool {
    matches!(&event.event.act, Act::Remove(Some(whom)) if *whom == event.entry.signer)
}

/// A group as status-go makes it of a log: one event that it does not allow refuses all.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusGoGroup {
    pub(crate) name: String,
    pub(crate) members: BTreeSet<IdentityKey>,
    pub(crate) admins: BTreeSet<IdentityKey>,
}

impl StatusGoGroup {
    pub(crate) fn judge<'a>(events: impl IntoIterator<Item = &'a LogEvent>) -> Option<Self> {
        let mut events: Vec<&LogEvent> = events.into_iter().collect();
        events.sort_by_key(|event| event.event.clock);
        let mut group = Self::default();
        for event in events {
            group.allows(event).then(|| group.apply(event))?;
        }
        Some(group)
    }

    fn allows(&self, event: &LogEvent) -> bool {
        let signer = event.entry.signer;
        let admin = self.admins.contains(&signer);
        match &event.event.act {
            Act::Create { .. } => self.members.is_empty(),
            Act::Rename(text) | Act::Recolor(text) => {
                self.members.contains(&signer) && !text.is_empty()
            }
            Act::Picture(image) => self.members.contains(&signer) && !image.is_empty(),
            Act::Invite(_) | Act::Accept => self.members.contains(&signer),
            Act::Remove(Some(whom)) => *whom == signer || (admin && !self.admins.contains(whom)),
            Act::Promote(Some(whom)) => admin && whom.iter().any(|one| self.members.contains(one)),
            Act::Resign(Some(whom)) => admin && *whom == signer,
            Act::Remove(None) | Act::Promote(None) | Act::Resign(None) => false,
        }
    }

    fn apply(&mut self, event: &LogEvent) {
        let signer = event.entry.signer;
        match &event.event.act {
            Act::Create { name, .. } => {
                self.name.clone_from(name);
                self.members.insert(signer);
                self.admins.insert(signer);
            }
            Act::Rename(name) => self.name.clone_from(name),
            Act::Invite(whom) => self.members.extend(whom),
            Act::Remove(Some(whom)) => {
                self.members.remove(whom);
                self.admins.remove(whom);
            }
            Act::Promote(Some(whom)) => self.admins.extend(whom),
            Act::Resign(_) => {
                self.admins.remove(&signer);
            }
            _ => (),
        }
    }
}
