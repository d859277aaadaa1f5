//! The log of a group: what is kept of updates, what counts of it, and what is sent (protocol §10).

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crypto_core::{GroupEventId, GroupOrigin, IdentityKey};

use crate::{
    groups::state::{Act, GroupEvent, LogEvent, State, Verdict},
    model::{
        GoneMember, GroupEntry, GroupId, GroupLimits, GroupMember, GroupView,
        MAX_MADE_UPDATE_BYTES, StoreError,
    },
    store::StoreRead,
    wire::{WireUpdate, encode_update},
};

/// Bytes that a removal may take in a log that is full: three times what one has.
const MAX_SPARE_BYTES_PER_REMOVAL: usize = 640;

/// The events of a group, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log(Vec<LogEvent>);

/// What the events of a log have made.
#[derive(Debug)]
pub(crate) struct Folded<'a> {
    pub(crate) state: State<'a>,
    /// Each event, in order, and whether it counts.
    verdicts: Vec<(&'a LogEvent, Verdict)>,
}

impl Log {
    /// The log of a group; empty if there is none.
    pub(crate) fn load(store: &dyn StoreRead, group: &GroupId) -> Result<Self, StoreError> {
        let entries = store.group_log(group)?;
        let events = entries.into_iter().map(|entry| {
            let event = GroupEvent::decode(&entry.event)
                .map_err(|_| StoreError::Corrupt("an event of a group".to_owned()))?;
            Ok(LogEvent { entry, event })
        });
        Ok(Self::of(events.collect::<Result<_, StoreError>>()?))
    }

    /// These events in their order, each once.
    pub(crate) fn of(events: Vec<LogEvent>) -> Self {
        let mut log = Self::default();
        log.unite(events);
        log
    }

    pub(crate) fn events(&self) -> &[LogEvent] {
        &self.0
    }

    /// Bytes of the events with their signatures.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(LogEvent::bytes).sum()
    }

    /// The highest clock, of events that do not count as well; 0 of an empty log.
    pub(crate) fn highest_clock(&self) -> u64 {
        self.0.last().map_or(0, |last| last.event.clock)
    }

    /// What the events make, one after the other.
    pub(crate) fn fold(&self, origin: GroupOrigin, limits: &GroupLimits) -> Folded<'_> {
        let mut state = State::new(origin, limits.members);
        let verdicts = self
            .0
            .iter()
            .map(|event| (event, state.apply(event)))
            .collect();
        Folded { state, verdicts }
    }

    /// What is kept of an update with these events: those that are valid within it, each leaving
    /// with the event that began the membership it ends. `None` without a valid creation. Also
    /// gives how many events are dropped.
    pub(crate) fn judged(
        &self,
        origin: GroupOrigin,
        limits: &GroupLimits,
    ) -> Option<(Vec<LogEvent>, usize)> {
        let folded = self.fold(origin, limits);
        if !folded.state.is_created() {
            return None;
        }
        let valid: Vec<LogEvent> = folded
            .verdicts
            .iter()
            .filter(|(_, verdict)| *verdict != Verdict::NotEntitled)
            .map(|(event, verdict)| {
                let mut event = (*event).clone();
                if let Verdict::Leaves(began) = verdict {
                    event.entry.ended = vec![*began];
                }
                event
            })
            .collect();
        let dropped = self.0.len() - valid.len();
        Some((valid, dropped))
    }

    /// The union with what was kept of an update.
    pub(crate) fn merged(&self, update: Vec<LogEvent>) -> Self {
        let mut merged = self.clone();
        merged.unite(update);
        merged.prune();
        merged
    }

    fn unite(&mut self, events: Vec<LogEvent>) {
        let mut all: BTreeMap<(u64, GroupEventId), LogEvent> = BTreeMap::new();
        for event in std::mem::take(&mut self.0).into_iter().chain(events) {
            match all.entry(event.place()) {
                Entry::Vacant(place) => {
                    place.insert(event);
                }
                Entry::Occupied(mut known) => {
                    let known = &mut known.get_mut().entry;
                    // Of several signatures of one signer the same one, whichever comes first.
                    known.signature = known.signature.min(event.entry.signature);
                    known.ended.extend(event.entry.ended);
                    known.ended.sort_unstable();
                    known.ended.dedup();
                }
            }
        }
        self.0 = all.into_values().collect();
    }

    /// Drops what a plain member could fill a log with: of each signer all acceptances but the
    /// last, and all leavings that were not the first to end a membership.
    fn prune(&mut self) {
        let accepts = |event: &&LogEvent| event.event.act == Act::Accept;
        let last_acceptances: BTreeMap<IdentityKey, GroupEventId> = self
            .0
            .iter()
            .filter(accepts)
            .map(|event| (event.entry.signer, event.entry.id))
            .collect();
        let mut ended = BTreeSet::new();
        self.0.retain_mut(|event| {
            let signer = event.entry.signer;
            match event.event.act {
                Act::Accept => last_acceptances.get(&signer) == Some(&event.entry.id),
                Act::Remove(Some(member)) if member == signer => {
                    let first = |began: &GroupEventId| ended.insert((signer, *began));
                    event.entry.ended.retain(first);
                    !event.entry.ended.is_empty()
                }
                _ => true,
            }
        });
    }

    /// Whether this log is too large to take the place of `before`.
    pub(crate) fn is_too_large(&self, before: &Self, limits: &GroupLimits) -> bool {
        let (events, bytes) = (self.0.len(), self.bytes());
        if events <= limits.events && bytes <= limits.log_bytes {
            return false;
        }
        let known: BTreeSet<GroupEventId> = before.0.iter().map(|event| event.entry.id).collect();
        let only_removals = self
            .0
            .iter()
            .filter(|event| !known.contains(&event.entry.id))
            .all(|event| matches!(event.event.act, Act::Remove(_)));
        let spare_bytes = limits.removals * MAX_SPARE_BYTES_PER_REMOVAL;
        !only_removals
            || events > limits.events + limits.removals
            || bytes > limits.log_bytes + spare_bytes
    }

    /// The entries of this log that `before` has not, or has in another form.
    pub(crate) fn new_entries<'a>(&'a self, before: &Self) -> Vec<&'a GroupEntry> {
        let known: BTreeMap<GroupEventId, &GroupEntry> = before
            .0
            .iter()
            .map(|event| (event.entry.id, &event.entry))
            .collect();
        self.0
            .iter()
            .map(|event| &event.entry)
            .filter(|entry| known.get(&entry.id) != Some(entry))
            .collect()
    }

    fn ids(&self) -> BTreeSet<GroupEventId> {
        self.0.iter().map(|event| event.entry.id).collect()
    }

    /// The events of this log that `after` has not.
    pub(crate) fn lost_in(&self, after: &Self) -> Vec<GroupEventId> {
        self.ids().difference(&after.ids()).copied().collect()
    }

    /// Whether both have the same events.
    pub(crate) fn has_events_of(&self, other: &Self) -> bool {
        self.ids() == other.ids()
    }
}

impl<'a> Folded<'a> {
    /// The events that count and tell more than those after them: valid, and no image that was
    /// replaced or acceptance that does not stand any more.
    pub(crate) fn sent(&self) -> impl Iterator<Item = &'a LogEvent> {
        self.verdicts.iter().filter_map(|(event, verdict)| {
            let stands = match event.event.act {
                Act::Picture(_) => self.state.image.map(|(_, trace)| trace.event),
                Act::Accept => self
                    .state
                    .members
                    .get(&event.entry.signer)
                    .and_then(|member| member.joined)
                    .map(|trace| trace.event),
                _ => Some(event.entry.id),
            };
            let counts = *verdict != Verdict::NotEntitled && stands == Some(event.entry.id);
            counts.then_some(*event)
        })
    }

    /// The valid events.
    pub(crate) fn valid(&self) -> impl Iterator<Item = &'a LogEvent> {
        self.verdicts
            .iter()
            .filter(|(_, verdict)| *verdict != Verdict::NotEntitled)
            .map(|(event, _)| *event)
    }

    /// The update that brings another member to this state.
    pub(crate) fn update(&self, group: &GroupId) -> Vec<u8> {
        encode_update(WireUpdate {
            // The id of a group with a log is text.
            group: group.as_text().unwrap_or_default().to_owned(),
            events: self
                .sent()
                .map(|LogEvent { entry, .. }| [entry.signature.as_slice(), &entry.event].concat())
                .collect(),
        })
    }

    /// The group as a frontend shows it to `me`, without its image and update.
    pub(crate) fn view(&self, group: &GroupId, origin: GroupOrigin, me: &IdentityKey) -> GroupView {
        let state = &self.state;
        let text = |text: Option<(&str, _)>| text.map_or("", |(text, _)| text).to_owned();
        GroupView {
            group: group.clone(),
            name: text(state.name),
            color: text(state.color),
            image: None,
            rules: origin.rules,
            creator: origin.creator,
            own: state.standing(me),
            members: state
                .members
                .iter()
                .map(|(identity, member)| GroupMember {
                    identity: *identity,
                    admin: member.admin.is_some(),
                    joined: member.joined.is_some(),
                    added_by: member.added.by,
                    added_at: member.added.at,
                })
                .collect(),
            gone: state
                .gone
                .iter()
                .map(|(identity, gone)| GoneMember {
                    identity: *identity,
                    left: gone.left,
                    by: gone.going.by,
                    at: gone.going.at,
                })
                .collect(),
            clock: self.clock(),
            events: self.sent().count(),
            digest: self.digest(),
            update: None,
        }
    }

    /// Equal for two members who agree on the group.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let ids: Vec<GroupEventId> = self.sent().map(|event| event.entry.id).collect();
        GroupEventId::log_digest(&ids)
    }

    /// The highest clock of the events that count.
    pub(crate) fn clock(&self) -> u64 {
        self.sent().last().map_or(0, |event| event.event.clock)
    }

    /// [`Self::view`] with the image, and the update if that is not too large to be made.
    pub(crate) fn whole_view(
        &self,
        group: &GroupId,
        origin: GroupOrigin,
        me: &IdentityKey,
    ) -> GroupView {
        let update = self.update(group);
        GroupView {
            image: self.state.image.map(|(image, _)| image.to_vec()),
            update: (update.len() <= MAX_MADE_UPDATE_BYTES).then_some(update),
            ..self.view(group, origin, me)
        }
    }
}
