//! Taking up the updates of others (protocol §10).

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{GroupEventId, GroupOrigin, IdentityKey, Signature};

use crate::{
    chat_clock::highest_clock,
    engine::Engine,
    groups::{
        changes::changes,
        log::{Folded, Log},
        state::{GroupEvent, LogEvent},
    },
    model::{
        Applied, Env, EventKind, ForgottenGroup, GroupChange, GroupEntry, GroupId, GroupOutcome,
        GroupRecord, GroupRefusal, GroupStanding, IgnoredReason, MAX_FORGOTTEN_GROUPS, Membership,
        StoreError, UnixMillis, WireError,
    },
    store::{Store, StoreRead, record_event},
    wire::decode_update,
};

/// Signatures that are checked of one update, of a tenth of a millisecond each: as many as the
/// largest log has.
pub const MAX_CHECKED_EVENTS: usize = 4096 + 1000;

/// A decoded update, of which nothing is checked but the id of its group.
#[derive(Clone, Debug)]
pub struct Update(Option<Decoded>);

#[derive(Clone, Debug)]
struct Decoded {
    group: GroupId,
    text: String,
    origin: GroupOrigin,
    /// Signed events.
    events: Vec<Vec<u8>>,
}

/// An update whose signatures were checked.
#[derive(Clone, Debug)]
pub struct CheckedUpdate(Result<Checked, GroupRefusal>);

#[derive(Clone, Debug)]
struct Checked {
    group: GroupId,
    origin: GroupOrigin,
    events: Vec<LogEvent>,
    ignored: Ignored,
}

/// How many events do not count, by reason.
#[derive(Clone, Debug, Default)]
struct Ignored([usize; IgnoredReason::ALL.len()]);

impl Ignored {
    fn add(&mut self, reason: IgnoredReason, events: usize) {
        let counts = IgnoredReason::ALL.iter().zip(&mut self.0);
        for (_, count) in counts.filter(|(counted, _)| **counted == reason) {
            *count += events;
        }
    }

    fn list(&self) -> Vec<(IgnoredReason, usize)> {
        let counts = IgnoredReason::ALL.iter().copied().zip(self.0);
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

impl Update {
    /// Decodes a `MembershipUpdateMessage`. This needs no account, and is done before the call
    /// waits for one, as is [`Self::check`].
    ///
    /// # Errors
    /// [`WireError`] if it is larger than [`MAX_UPDATE_BYTES`](crate::model::MAX_UPDATE_BYTES).
    /// What is no update is read as one that will be refused.
    pub fn decode(wire: &[u8]) -> Result<Self, WireError> {
        let update = decode_update(wire)?;
        Ok(Self(update.and_then(|update| {
            Some(Decoded {
                group: GroupId::new(update.group.as_bytes())?,
                origin: GroupOrigin::of(&update.group)?,
                text: update.group,
                events: update.events,
            })
        })))
    }

    /// The group it is of; `None` if it is no update.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        self.0.as_ref().map(|update| &update.group)
    }

    /// Checks the signatures. An event that is among the `known` ones, the log of this group,
    /// costs nothing; without them the result is the same.
    #[must_use]
    pub fn check(self, known: &[GroupEntry]) -> CheckedUpdate {
        let update = self.0.ok_or(GroupRefusal::Malformed);
        CheckedUpdate(update.and_then(|update| update.check(known)))
    }
}

impl Decoded {
    fn check(self, known: &[GroupEntry]) -> Result<Checked, GroupRefusal> {
        // Of another group's log nothing is known here.
        let of_this_group = |entry: &&GroupEntry| {
            entry.id == GroupEventId::derive(&entry.signer, &self.text, &entry.event)
        };
        let known: BTreeMap<(&[u8], &[u8]), &GroupEntry> = known
            .iter()
            .filter(of_this_group)
            .map(|entry| {
                let bytes = (entry.signature.as_slice(), entry.event.as_slice());
                (bytes, entry)
            })
            .collect();
        let mut ignored = Ignored::default();
        let mut events = Vec::new();
        let mut signed = Vec::new();
        let distinct: BTreeSet<&[u8]> = self.events.iter().map(Vec::as_slice).collect();
        for bytes in distinct {
            let read = bytes
                .split_first_chunk()
                .filter(|(_, event)| !event.is_empty())
                .ok_or(IgnoredReason::Malformed)
                .and_then(|(signature, event)| Ok((signature, event, GroupEvent::decode(event)?)));
            match read {
                Ok((signature, bytes, event)) => match known.get(&(signature.as_slice(), bytes)) {
                    Some(entry) => events.push(LogEvent {
                        entry: (*entry).clone(),
                        event,
                    }),
                    None => signed.push((signature, bytes, event)),
                },
                Err(reason) => ignored.add(reason, 1),
            }
        }
        if signed.len() > MAX_CHECKED_EVENTS {
            return Err(GroupRefusal::LogFull);
        }
        for (signature, bytes, event) in signed {
            match signed_entry(&self.text, signature, bytes) {
                Some(entry) => events.push(LogEvent { entry, event }),
                None => ignored.add(IgnoredReason::BadSignature, 1),
            }
        }
        // What a leaving ended is judged anew in each update.
        for event in &mut events {
            event.entry.ended.clear();
        }
        Ok(Checked {
            group: self.group,
            origin: self.origin,
            events,
            ignored,
        })
    }
}

/// The entry of an event, if its signature is one.
fn signed_entry(group: &str, signature: &[u8; 65], event: &[u8]) -> Option<GroupEntry> {
    let parsed = Signature::from_wire(signature).ok()?;
    let signer = parsed.group_event_signer(group, event).ok()?;
    Some(GroupEntry {
        id: GroupEventId::derive(&signer, group, event),
        signer,
        signature: *signature,
        event: event.to_vec(),
        ended: Vec::new(),
    })
}

/// A group and its log before and after a change.
pub(crate) struct Change<'a> {
    pub(crate) group: &'a GroupId,
    /// `None` if the group is new.
    pub(crate) record: Option<GroupRecord>,
    pub(crate) before: &'a Log,
    pub(crate) was: &'a Folded<'a>,
    pub(crate) after: &'a Log,
    pub(crate) is: &'a Folded<'a>,
}

impl Engine {
    /// Takes up an update. `sender` is who brought it, if that is known.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn group_apply(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        update: CheckedUpdate,
        sender: Option<IdentityKey>,
    ) -> Result<Applied, StoreError> {
        let applied = match update.0 {
            Ok(checked) => self.take_up(store, env.now, checked, sender)?,
            Err(refusal) => Err(refusal),
        };
        Ok(applied.unwrap_or_else(|refusal| Applied {
            outcome: GroupOutcome::Refused,
            refusal: Some(refusal),
            group: None,
            changes: Vec::new(),
            ignored: Vec::new(),
        }))
    }

    fn take_up(
        &mut self,
        store: &mut dyn Store,
        now: UnixMillis,
        update: Checked,
        sender: Option<IdentityKey>,
    ) -> Result<Result<Applied, GroupRefusal>, StoreError> {
        let Checked {
            group,
            origin,
            events,
            mut ignored,
        } = update;
        let limits = &self.config.groups.clone();
        let (events, future) = events
            .into_iter()
            .partition::<Vec<_>, _>(|event| event.event.clock <= highest_clock(now));
        ignored.add(IgnoredReason::Future, Log::of(future).events().len());
        let Some((events, dropped)) = Log::of(events).judged(origin, limits) else {
            return Ok(Err(GroupRefusal::NotCreated));
        };
        ignored.add(IgnoredReason::NotEntitled, dropped);
        let record = store.group(&group)?;
        let before = Log::load(store, &group)?;
        let after = before.merged(events);
        let (was, is) = (before.fold(origin, limits), after.fold(origin, limits));
        if let Some(refusal) = self.refusal(store, &group, record.is_none(), &was, &is, sender)? {
            return Ok(Err(refusal));
        }
        if after.is_too_large(&before, limits) {
            return Ok(Err(GroupRefusal::LogFull));
        }
        let outcome = if record.is_none() {
            if store.group_counts()?.0 >= limits.groups {
                return Ok(Err(GroupRefusal::TooManyGroups));
            }
            GroupOutcome::Created
        } else if after.has_events_of(&before) {
            GroupOutcome::Unchanged
        } else {
            GroupOutcome::Changed
        };
        let changes = self.write_change(
            store,
            now,
            &Change {
                group: &group,
                record,
                before: &before,
                was: &was,
                after: &after,
                is: &is,
            },
        )?;
        Ok(Ok(Applied {
            outcome,
            refusal: None,
            group: Some(is.view(&group, origin, &self.me())),
            changes,
            ignored: ignored.list(),
        }))
    }

    /// Why an update is refused that `sender` brought and that would make the group what it `is`.
    fn refusal(
        &self,
        store: &dyn StoreRead,
        group: &GroupId,
        is_new: bool,
        was: &Folded<'_>,
        is: &Folded<'_>,
        sender: Option<IdentityKey>,
    ) -> Result<Option<GroupRefusal>, StoreError> {
        let stranger = sender.is_some_and(|sender| {
            let states = [&was.state, &is.state];
            !states
                .iter()
                .any(|state| state.members.contains_key(&sender))
        });
        let own = is.state.members.get(&self.me());
        if stranger || (is_new && own.is_none()) {
            return Ok(Some(GroupRefusal::NotMember));
        }
        if let (true, Some(own)) = (is_new, own)
            && let Some(forgotten) = store.forgotten_group(group)?
            && own.added.at <= forgotten.newest
        {
            return Ok(Some(GroupRefusal::Forgotten));
        }
        Ok(None)
    }

    /// Writes what has changed of a group, and tells of it; gives the difference.
    pub(crate) fn write_change(
        &mut self,
        store: &mut dyn Store,
        now: UnixMillis,
        change: &Change<'_>,
    ) -> Result<Vec<GroupChange>, StoreError> {
        let Change {
            group, after, is, ..
        } = *change;
        let entries = after.new_entries(change.before);
        let lost = change.before.lost_in(after);
        if entries.is_empty() && lost.is_empty() {
            return Ok(Vec::new());
        }
        let me = self.me();
        let accepted = is.state.has_joined(&me);
        if change.record.is_none() {
            if !accepted {
                self.make_room_for_invitation(store, now)?;
            }
            store.remove_forgotten_group(group)?;
        }
        store.put_group(&GroupRecord {
            group: group.clone(),
            accepted,
            taken_up: change.record.as_ref().map_or(now, |record| record.taken_up),
            clock: is.clock(),
            kept_bytes: u64::try_from(after.bytes()).unwrap_or(u64::MAX),
            kept_events: u32::try_from(after.events().len()).unwrap_or(u32::MAX),
        })?;
        for entry in entries {
            store.put_group_entry(group, entry)?;
        }
        for id in &lost {
            store.remove_group_entry(group, id)?;
        }
        let was = change.record.is_some();
        let was = was.then(|| Membership::of(&change.was.state, &me));
        let is_now = Membership::of(&is.state, &me);
        self.follow_change(store, now, (group, was.as_ref(), &is_now))?;
        let is_new = change.record.is_none();
        let changes = if is_new {
            Vec::new()
        } else {
            changes(change.was, is)
        };
        let was_in = change.was.state.members.contains_key(&me);
        let own = is.state.members.get(&me);
        let invited = own.filter(|_| !was_in && is.state.standing(&me) == GroupStanding::Invited);
        if let Some(own) = invited {
            let (group, by) = (group.clone(), own.added.by);
            record_event(store, now, EventKind::GroupInvited { group, by })?;
        }
        if !changes.is_empty() || (is_new && invited.is_none()) {
            let (group, changes) = (group.clone(), changes.clone());
            record_event(store, now, EventKind::GroupChanged { group, changes })?;
        }
        Ok(changes)
    }

    /// Forgets the oldest groups that we have not accepted, until one more has room.
    fn make_room_for_invitation(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let (_, invitations) = store.group_counts()?;
        let most = self.config.groups.invitations;
        let excess = (invitations + 1).saturating_sub(most);
        if excess == 0 {
            return Ok(());
        }
        let groups = store.groups()?;
        let oldest = groups.iter().filter(|record| !record.accepted);
        for record in oldest.take(usize::try_from(excess).unwrap_or(usize::MAX)) {
            erase(store, now, &record.group)?;
        }
        Ok(())
    }
}

/// Erases a group with its log and keys, whatever we are in it, and remembers that it was
/// forgotten: only an invitation that is newer than all that was known of it brings it back.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn erase(store: &mut dyn Store, now: UnixMillis, group: &GroupId) -> Result<(), StoreError> {
    let newest = Log::load(store, group)?.highest_clock();
    store.remove_group(group)?;
    store.put_forgotten_group(&ForgottenGroup {
        group: group.clone(),
        newest,
        at: now,
    })?;
    store.keep_forgotten_groups(MAX_FORGOTTEN_GROUPS)
}
