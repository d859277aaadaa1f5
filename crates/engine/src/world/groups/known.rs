//! What a device has to know of a group, and to do by that: protocol §10 and §11, written once
//! more.

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{GroupEventId, GroupKeyId, GroupOrigin, IdentityKey, MessageId};

use super::GroupMessageMail;
use crate::{
    groups::state::LogEvent,
    model::{
        GroupKeyDue, GroupKeyError, GroupKeyRefused, GroupKeyRule, GroupKeyState, GroupRefusal,
        MAX_KEYS_PER_GROUP, Reason, UnixMillis,
    },
    world::group_rules::{PlainGroup, PlainLog},
};

/// How far an event may be ahead of a device's clock, in milliseconds.
const AHEAD: u64 = 120_000;
/// The highest number of a message.
const MOST_MESSAGES: u32 = 100_000;

/// A key by its age: the last one is current.
pub(super) type KeyPlace = (u64, GroupKeyId);

#[derive(Clone, Debug)]
pub(super) struct HeldKey {
    pub(super) set_by: IdentityKey,
    /// The highest number that was read or written.
    pub(super) highest: u32,
    /// We made it, and have heard of a going since.
    pub(super) closed: bool,
    /// Whom this device gave it when it made it.
    pub(super) gave: BTreeSet<IdentityKey>,
}

impl HeldKey {
    pub(super) const fn of(set_by: IdentityKey) -> Self {
        Self {
            set_by,
            highest: 0,
            closed: false,
            gave: BTreeSet::new(),
        }
    }
}

#[derive(Clone, Default)]
pub(super) struct Known {
    /// `None` if it has none.
    pub(super) log: Option<PlainLog>,
    /// What the log makes of the group.
    pub(super) group: PlainGroup,
    /// The clock of the newest event that was known when it was forgotten.
    forgotten: Option<u64>,
    /// Who may set the keys of a group without a log.
    pub(super) trusted: BTreeSet<IdentityKey>,
    pub(super) keys: BTreeMap<KeyPlace, HeldKey>,
    /// The highest timestamp of the keys that were erased.
    pub(super) erased: u64,
    /// The messages that were read, and whether they were confirmed.
    read: BTreeMap<(GroupKeyId, MessageId), bool>,
}

impl Known {
    /// The events of the log.
    pub(super) fn ids(&self) -> BTreeSet<GroupEventId> {
        self.log.as_ref().map(PlainLog::ids).unwrap_or_default()
    }

    /// Takes up what is valid of an update; false if nothing is.
    pub(super) fn take_up(
        &mut self,
        origin: GroupOrigin,
        me: &IdentityKey,
        update: Vec<LogEvent>,
    ) -> bool {
        let log = self.log.get_or_insert_default();
        let taken = log.take(origin, update);
        let was = std::mem::replace(&mut self.group, log.group(origin));
        let mut were = was.members.keys();
        let somebody_went = were.any(|one| !self.group.members.contains_key(one));
        if let Some(mut current) = self.keys.last_entry()
            && somebody_went
            && current.get().set_by == *me
        {
            current.get_mut().closed = true;
        }
        taken
    }

    /// What there is to know after an update that `sender` brought, or why it is refused.
    pub(super) fn judge(
        &self,
        origin: GroupOrigin,
        me: &IdentityKey,
        mut update: Vec<LogEvent>,
        now: UnixMillis,
        sender: Option<IdentityKey>,
    ) -> Result<Self, GroupRefusal> {
        let mut next = self.clone();
        update.retain(|event| event.event.clock <= now.0 + AHEAD);
        if !next.take_up(origin, me, update) {
            return Err(GroupRefusal::NotCreated);
        }
        let (was, is) = (&self.group.members, &next.group.members);
        let stranger = |one: IdentityKey| !was.contains_key(&one) && !is.contains_key(&one);
        let is_new = self.log.is_none();
        if sender.is_some_and(stranger) || (is_new && !is.contains_key(me)) {
            return Err(GroupRefusal::NotMember);
        }
        if is_new && self.forgotten >= Some(is[me].0) {
            return Err(GroupRefusal::Forgotten);
        }
        next.forgotten = None;
        Ok(next)
    }

    pub(super) fn forget(&mut self) {
        let log = self.log.take().expect("a log");
        *self = Self {
            forgotten: log.kept().last().map(|event| event.event.clock),
            ..Self::default()
        };
    }

    /// Whether `me` may write to the group, and set its keys if it is named.
    fn check_accepted(&self, me: &IdentityKey) -> Result<(), GroupKeyError> {
        if self.log.is_none() && self.trusted.is_empty() {
            return Err(GroupKeyError::NotFound);
        }
        (self.log.is_none() || self.group.joined.contains(me))
            .then_some(())
            .ok_or(GroupKeyError::Forbidden(GroupKeyRule::NotAccepted))
    }

    /// Who may set the keys.
    const fn setters(&self) -> &BTreeSet<IdentityKey> {
        match self.log {
            Some(_) => &self.group.admins,
            None => &self.trusted,
        }
    }

    pub(super) fn may_set(&self, me: &IdentityKey) -> Result<(), GroupKeyError> {
        self.check_accepted(me)?;
        self.setters()
            .contains(me)
            .then_some(())
            .ok_or(GroupKeyError::Forbidden(GroupKeyRule::NotSetter))
    }

    /// The key and the number of the next message.
    pub(super) fn may_write(&self, me: &IdentityKey) -> Result<(GroupKeyId, u32), GroupKeyError> {
        self.check_accepted(me)?;
        let current = self.keys.last_key_value();
        let ((timestamp, id), key) = current.ok_or(GroupKeyError::Missing)?;
        let exposed = self.log.is_some()
            && (self.group.gone.values().any(|at| at >= timestamp)
                || !self.group.members.contains_key(&key.set_by));
        if exposed || key.closed {
            Err(GroupKeyError::Due(GroupKeyDue::Removal))
        } else if key.highest >= MOST_MESSAGES {
            Err(GroupKeyError::Due(GroupKeyDue::Spent))
        } else {
            Ok((*id, key.highest + 1))
        }
    }

    /// What becomes of a key in a message of `from`, and whether that is proven to have meant it.
    pub(super) fn take_key(
        &mut self,
        me: &IdentityKey,
        from: IdentityKey,
        vouched: bool,
        place: KeyPlace,
        latest: u64,
    ) -> (GroupKeyState, Option<GroupKeyRefused>) {
        let newer = self.keys.keys().filter(|held| **held > place).count();
        let refused = if place.0 == 0 || place.0 > latest {
            GroupKeyRefused::Malformed
        } else if self.log.is_none() && self.trusted.is_empty() {
            GroupKeyRefused::GroupUnknown
        } else if !vouched {
            GroupKeyRefused::Unauthenticated
        } else if !self.setters().contains(&from) && from != *me {
            GroupKeyRefused::NotEntitled
        } else if self.keys.contains_key(&place) {
            return (GroupKeyState::Known, None);
        } else if newer >= MAX_KEYS_PER_GROUP || self.erased >= place.0 {
            GroupKeyRefused::TooOld
        } else {
            self.keys.insert(place, HeldKey::of(from));
            if self.keys.len() > MAX_KEYS_PER_GROUP {
                let oldest = *self.keys.keys().next().expect("many");
                self.erase_all_but(|place| *place != oldest);
            }
            return (GroupKeyState::Accepted, None);
        };
        (GroupKeyState::Refused, Some(refused))
    }

    /// Keys were erased, of which none may be the current one.
    pub(super) fn erase_all_but(&mut self, is_kept: impl Fn(&KeyPlace) -> bool) {
        let erased: Vec<KeyPlace> = self
            .keys
            .keys()
            .copied()
            .filter(|it| !is_kept(it))
            .collect();
        for place in erased {
            let newer = self.keys.keys().next_back() > Some(&place);
            assert!(newer, "the current key is erased");
            self.keys.remove(&place);
            self.erased = self.erased.max(place.0);
            self.read.retain(|(key, _), _| *key != place.1);
        }
    }

    /// Why a message of `from` is not read; whether it was before, if it is.
    pub(super) fn reads(
        &self,
        from: &IdentityKey,
        message: &GroupMessageMail,
    ) -> Result<bool, Reason> {
        let read = self.read.get(&(message.key, message.id));
        if message.number > MOST_MESSAGES {
            Err(Reason::TooManySkipped)
        } else if self.log.is_some() && !self.group.members.contains_key(from) {
            Err(Reason::NotMember)
        } else if !self.keys.keys().any(|(_, id)| *id == message.key) {
            Err(Reason::GroupKeyMissing)
        } else if read == Some(&true) {
            Err(Reason::MessageKeyGone)
        } else if message.text.is_none() {
            Err(Reason::AuthenticationFailed)
        } else {
            Ok(read.is_some())
        }
    }

    pub(super) fn has_read(&mut self, message: &GroupMessageMail, confirm: bool) {
        self.read.insert((message.key, message.id), confirm);
        for ((_, id), key) in &mut self.keys {
            if *id == message.key {
                key.highest = key.highest.max(message.number);
            }
        }
    }

    pub(super) fn confirm(&mut self, message: &MessageId) {
        for ((_, id), confirmed) in &mut self.read {
            *confirmed |= id == message;
        }
    }
}
