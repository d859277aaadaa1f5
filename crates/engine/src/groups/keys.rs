//! The keys of a group: who may set them, which are taken, which is current, and when another one
//! is due (protocol §11).

use std::{sync::Arc, time::Duration};

use crypto_core::{
    GroupKeyId, IdentityKey, Wiped,
    hash_ratchet::{
        GROUP_KEY_BYTES, MAX_MESSAGE_NUMBER, REKEY_ENTRY_BYTES, key_id, open_rekey_entry,
        rekey_index,
    },
    sha256,
};

use crate::{
    engine::Engine,
    groups::{kept, state::State},
    model::{
        Config, Env, EventKind, GROUP_KEY_AGE, GroupId, GroupKey, GroupKeyDue, GroupKeyError,
        GroupKeyRefused, GroupKeyRule, GroupKeyState, GroupKeyView, GroupLimits, JudgedGroupKey,
        MAX_GROUP_SETTERS, MAX_GROUPS_WITH_KEYS, MAX_KEYS_PER_GROUP, Membership, SendError,
        StoreError, UnixMillis,
    },
    store::{Store, StoreRead, record_event},
    wire::{WireGroupKeys, WireRekey},
};

/// How far the timestamp of a key of a group with a log may lie ahead of our clock, as the clock of
/// an event of the log.
const AHEAD_WITH_LOG: Duration = Duration::from_secs(120);
/// The same of a group without a log.
const AHEAD_WITHOUT_LOG: Duration = Duration::from_secs(24 * 60 * 60);
/// How far the timestamp of a new key lies ahead of our clock.
const NEW_KEY_AHEAD: Duration = Duration::from_millis(10);
/// Entries of a rekeying that are tried: members share an index by chance.
const MAX_ENTRIES_TRIED: usize = 16;

/// A group, and who may set its keys.
pub(crate) struct KeyRules {
    pub(crate) group: GroupId,
    /// Who is in it, if it has a log.
    pub(crate) membership: Option<Arc<Membership>>,
    /// Who was named, if it has none.
    setters: Vec<IdentityKey>,
}

impl KeyRules {
    /// The rules of a group, in which this is who is in it; `None` if nothing is known of it.
    fn of(
        store: &dyn StoreRead,
        group: &GroupId,
        membership: Option<Arc<Membership>>,
    ) -> Result<Option<Self>, StoreError> {
        let setters = match membership {
            Some(_) => Vec::new(),
            None => store.group_setters(group)?,
        };
        let known = membership.is_some() || !setters.is_empty();
        Ok(known.then(|| Self {
            group: group.clone(),
            membership,
            setters,
        }))
    }

    /// Whether `identity` was given the right to set keys.
    fn names(&self, identity: &IdentityKey) -> bool {
        match &self.membership {
            Some(membership) => membership.admins.contains(identity),
            None => self.setters.contains(identity),
        }
    }

    /// How far ahead of our clock the timestamp of a key may lie.
    const fn most_ahead(&self) -> Duration {
        match self.membership {
            Some(_) => AHEAD_WITH_LOG,
            None => AHEAD_WITHOUT_LOG,
        }
    }

    /// Why nothing more may be written under the current key, if that is so.
    pub(crate) fn due(&self, key: &GroupKey) -> Option<GroupKeyDue> {
        let exposed = self.membership.as_ref().is_some_and(|membership| {
            membership.newest_going >= Some(key.timestamp)
                || !membership.members.contains(&key.set_by)
        });
        if exposed || key.closed {
            Some(GroupKeyDue::Removal)
        } else if key.highest >= MAX_MESSAGE_NUMBER {
            Some(GroupKeyDue::Spent)
        } else {
            None
        }
    }

    /// Fails unless `me` may set a key of the group now.
    pub(crate) fn check_setter(&self, me: &IdentityKey) -> Result<(), GroupKeyError> {
        self.check_accepted()?;
        self.names(me)
            .then_some(())
            .ok_or(GroupKeyError::Forbidden(GroupKeyRule::NotSetter))
    }

    /// Fails if the group has a log by which we are not in it, or have not accepted.
    pub(crate) fn check_accepted(&self) -> Result<(), GroupKeyError> {
        let membership = self.membership.as_ref();
        membership
            .is_none_or(|membership| membership.accepted)
            .then_some(())
            .ok_or(GroupKeyError::Forbidden(GroupKeyRule::NotAccepted))
    }
}

/// Keys in a message, and what speaks for them.
pub(crate) struct OfferedKeys<'a> {
    /// The group that the header names, as it stands there.
    pub(crate) group: &'a [u8],
    /// Who wrote the message, if it is genuine.
    pub(crate) sender: IdentityKey,
    /// Whether the message proves that the sender meant these keys for this group.
    pub(crate) vouched: bool,
    pub(crate) keys: &'a WireGroupKeys,
}

impl Engine {
    /// Names who may set the keys of a group without a log. The empty list forgets the group with
    /// its keys. Gives the list, each identity once.
    ///
    /// # Errors
    /// [`SendError::GroupKey`] if the group has a log, or a limit would be passed;
    /// [`SendError::Store`] if the store fails.
    pub fn trust_group_setters(
        &self,
        store: &mut dyn Store,
        group: &GroupId,
        setters: &[IdentityKey],
    ) -> Result<Vec<IdentityKey>, SendError> {
        if store.group(group)?.is_some() {
            return Err(GroupKeyError::Forbidden(GroupKeyRule::HasLog).into());
        }
        let mut each_once = Vec::new();
        for setter in setters {
            if !each_once.contains(setter) {
                each_once.push(*setter);
            }
        }
        if each_once.len() > MAX_GROUP_SETTERS {
            let count = each_once.len();
            return Err(GroupKeyError::TooManySetters { count }.into());
        }
        if each_once.is_empty() {
            store.remove_group(group)?;
        } else {
            check_room(store, group)??;
            store.put_group_setters(group, &each_once)?;
        }
        Ok(each_once)
    }

    /// The rules for the keys of a group; `None` if nothing is known of it.
    pub(crate) fn key_rules(
        &mut self,
        store: &dyn StoreRead,
        group: &GroupId,
    ) -> Result<Option<KeyRules>, StoreError> {
        let membership = self.membership(store, group)?;
        KeyRules::of(store, group, membership)
    }

    /// Who is in a group; `None` if it has no log here. It is remembered as long as the group's
    /// record stays the same, and [`Self::follow_change`] is not called.
    pub(crate) fn membership(
        &mut self,
        store: &dyn StoreRead,
        group: &GroupId,
    ) -> Result<Option<Arc<Membership>>, StoreError> {
        let Some(record) = store.group(group)? else {
            return Ok(None);
        };
        let name = sha256(group.as_bytes());
        let known = self.memberships.get(&name);
        if let Some((_, known)) = known.filter(|(of, _)| *of == record) {
            return Ok(Some(Arc::clone(known)));
        }
        let found = membership(store, &self.config.groups, &self.me(), group)?.map(Arc::new);
        if let Some(found) = &found {
            self.memberships.insert(name, (record, Arc::clone(found)));
        }
        Ok(found)
    }

    /// Judges the first keys of a message, at most `most`, each alone, and keeps those that are
    /// accepted.
    pub(crate) fn take_keys(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        offered: &OfferedKeys<'_>,
        most: usize,
    ) -> Result<Vec<JudgedGroupKey>, StoreError> {
        let group = GroupId::new(offered.group);
        let rules = match &group {
            Some(group) => self.key_rules(store, group)?,
            None => None,
        };
        let sealed = offered.keys.rekey.as_ref();
        let sealed = sealed.and_then(|rekey| Some((self.rekeyed(offered.sender, rekey)?, rekey)));
        let in_clear = offered.keys.keys.iter();
        let all = in_clear
            .map(|key| (key.key.as_slice(), key.timestamp))
            .chain(
                sealed
                    .iter()
                    .map(|(key, rekey)| (key.as_slice(), rekey.timestamp)),
            );
        let mut judged = Vec::new();
        for (key, timestamp) in all.take(most) {
            let found = read_key(env.now, group.as_ref(), rules.as_ref(), key, timestamp);
            let Some((id, key)) = found else {
                judged.push(JudgedGroupKey {
                    group: group.clone(),
                    key: None,
                    timestamp: None,
                    state: GroupKeyState::Refused,
                    refused: Some(GroupKeyRefused::Malformed),
                });
                continue;
            };
            let verdict =
                self.take_key(store, env, offered, rules.as_ref(), (id, timestamp, key))?;
            judged.push(JudgedGroupKey {
                group: group.clone(),
                key: Some(id),
                timestamp: Some(timestamp),
                state: verdict.unwrap_or(GroupKeyState::Refused),
                refused: verdict.err(),
            });
        }
        Ok(judged)
    }

    /// The key that is sealed for us in a rekeying, if there is one.
    fn rekeyed(
        &self,
        sender: IdentityKey,
        rekey: &WireRekey,
    ) -> Option<Wiped<[u8; GROUP_KEY_BYTES]>> {
        let entries = rekey.at(rekey_index(&self.me()));
        let agreed = self.account.identity.agree(&sender).ok()?;
        entries
            .chunks(REKEY_ENTRY_BYTES)
            .take(MAX_ENTRIES_TRIED)
            .find_map(|entry| open_rekey_entry(&agreed, entry))
    }

    /// Judges a well-formed key, and keeps it if it is accepted.
    fn take_key(
        &self,
        store: &mut dyn Store,
        env: &Env<'_>,
        offered: &OfferedKeys<'_>,
        rules: Option<&KeyRules>,
        (id, timestamp, key): (GroupKeyId, u64, Wiped<[u8; GROUP_KEY_BYTES]>),
    ) -> Result<Result<GroupKeyState, GroupKeyRefused>, StoreError> {
        let Some(rules) = rules else {
            return Ok(Err(GroupKeyRefused::GroupUnknown));
        };
        let group = &rules.group;
        if !offered.vouched {
            return Ok(Err(GroupKeyRefused::Unauthenticated));
        }
        // Our other device may pass on a key of whoever set it.
        if !rules.names(&offered.sender) && offered.sender != self.me() {
            return Ok(Err(GroupKeyRefused::NotEntitled));
        }
        if store.group_key(group, &id)?.is_some() {
            return Ok(Ok(GroupKeyState::Known));
        }
        let held = store.group_keys(group)?;
        let newer = held.iter().filter(|held| place(held) > (timestamp, id));
        if newer.count() >= MAX_KEYS_PER_GROUP || store.erased_group_keys(group)? >= Some(timestamp)
        {
            return Ok(Err(GroupKeyRefused::TooOld));
        }
        if check_room(store, group)?.is_err() {
            return Ok(Err(GroupKeyRefused::GroupUnknown));
        }
        let key = GroupKey {
            group: group.clone(),
            id,
            timestamp,
            key,
            set_by: offered.sender,
            added_at: env.now,
            highest: 0,
            closed: false,
            replaced_at: None,
        };
        keep_key(store, env.now, key, held)?;
        Ok(Ok(GroupKeyState::Accepted))
    }

    /// Makes a new current key of a group, whose keys we may set, and keeps it.
    pub(crate) fn make_key(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        rules: &KeyRules,
    ) -> Result<GroupKey, SendError> {
        let group = &rules.group;
        check_room(store, group)??;
        let mut secret = Wiped::new([0; GROUP_KEY_BYTES]);
        env.rng.fill_bytes(&mut *secret);
        let held = store.group_keys(group)?;
        let last = held.first().map(|key| key.timestamp);
        let last = last.max(store.erased_group_keys(group)?);
        let going = rules.membership.as_ref();
        let going = going.and_then(|membership| membership.newest_going);
        let timestamp = new_timestamp(env.now, last, going);
        let id = key_id(group.as_bytes(), timestamp, &secret);
        let key = |key| GroupKey {
            group: group.clone(),
            id,
            timestamp,
            key,
            set_by: self.me(),
            added_at: env.now,
            highest: 0,
            closed: false,
            replaced_at: None,
        };
        keep_key(store, env.now, key(Wiped::new(*secret)), held)?;
        Ok(key(secret))
    }

    /// Follows a change of a group's log: a going may make another key due. `before` is who was in
    /// the group, if it was known.
    pub(crate) fn follow_change(
        &mut self,
        store: &mut dyn Store,
        now: UnixMillis,
        (group, before, after): (&GroupId, Option<&Membership>, &Membership),
    ) -> Result<(), StoreError> {
        self.memberships.remove(&sha256(group.as_bytes()));
        let held = store.group_keys(group)?;
        let Some(current) = held.into_iter().next() else {
            return Ok(());
        };
        let rules = |membership: &Membership| KeyRules {
            group: group.clone(),
            membership: Some(Arc::new(membership.clone())),
            setters: Vec::new(),
        };
        let due = before.and_then(|before| rules(before).due(&current));
        let someone_is_gone = before.is_some_and(|before| {
            let mut were = before.members.iter();
            were.any(|member| !after.members.contains(member))
        });
        let current = if someone_is_gone && current.set_by == self.me() {
            // Who is gone was given the key, whatever the clock of the going says.
            let closed = GroupKey {
                closed: true,
                ..current
            };
            store.put_group_key(&closed)?;
            closed
        } else {
            current
        };
        match rules(after).due(&current) {
            Some(reason) if due.is_none() => tell_due(store, now, group, current.id, reason),
            _ => Ok(()),
        }
    }
}

impl Membership {
    /// Who is in a group of this state, as far as its keys are concerned.
    pub(crate) fn of(state: &State<'_>, me: &IdentityKey) -> Self {
        let admins = state.members.keys().filter(|key| state.is_admin(key));
        Self {
            members: state.members.keys().copied().collect(),
            admins: admins.copied().collect(),
            accepted: state.has_joined(me),
            newest_going: state.gone.values().map(|gone| gone.going.at).max(),
        }
    }
}

/// Who is in a group, worked out from its log; `None` if it has none here.
fn membership(
    store: &dyn StoreRead,
    limits: &GroupLimits,
    me: &IdentityKey,
    group: &GroupId,
) -> Result<Option<Membership>, StoreError> {
    let kept = kept(store, group)?;
    Ok(kept.map(|(origin, log)| Membership::of(&log.fold(origin, limits).state, me)))
}

/// Reads a key: its id, and its 32 bytes; `None` if it is malformed.
fn read_key(
    now: UnixMillis,
    group: Option<&GroupId>,
    rules: Option<&KeyRules>,
    key: &[u8],
    timestamp: u64,
) -> Option<(GroupKeyId, Wiped<[u8; GROUP_KEY_BYTES]>)> {
    let key = Wiped::new(<[u8; GROUP_KEY_BYTES]>::try_from(key).ok()?);
    let ahead = rules.map_or(AHEAD_WITHOUT_LOG, KeyRules::most_ahead);
    if timestamp == 0 || timestamp > now.after(ahead).0 {
        return None;
    }
    Some((key_id(group?.as_bytes(), timestamp, &key), key))
}

/// The order of keys: the highest is current.
const fn place(key: &GroupKey) -> (u64, GroupKeyId) {
    (key.timestamp, key.id)
}

/// The timestamp of a new key: above that of the last one, and above the clock of the newest going,
/// so that nobody takes it for a key that whoever is gone may have.
fn new_timestamp(now: UnixMillis, last: Option<u64>, newest_going: Option<u64>) -> u64 {
    let next = match last {
        Some(last) if last >= now.0 => last.saturating_add(1),
        _ => now.after(NEW_KEY_AHEAD).0,
    };
    newest_going.map_or(next, |going| next.max(going.saturating_add(1)))
}

/// Keeps a key among those that are `held`, of which the oldest may have to go.
fn keep_key(
    store: &mut dyn Store,
    now: UnixMillis,
    key: GroupKey,
    mut held: Vec<GroupKey>,
) -> Result<(), StoreError> {
    let added = EventKind::GroupKeyAdded {
        group: key.group.clone(),
        key: key.id,
        by: key.set_by,
        current: held
            .first()
            .is_none_or(|current| place(current) < place(&key)),
    };
    if held.len() >= MAX_KEYS_PER_GROUP
        && let Some(oldest) = held.pop()
    {
        // First, so that the new key may take its place on the disk.
        store.remove_group_key(&oldest.group, &oldest.id)?;
    }
    let replaced_at = match held.into_iter().next() {
        Some(current) if place(&current) > place(&key) => Some(now),
        Some(current) => {
            let replaced = current.replaced_at.or(Some(now));
            store.put_group_key(&GroupKey {
                replaced_at: replaced,
                ..current
            })?;
            None
        }
        None => None,
    };
    store.put_group_key(&GroupKey { replaced_at, ..key })?;
    record_event(store, now, added)
}

/// Fails if no key of the group is kept, and keys of as many others as may be.
fn check_room(
    store: &dyn StoreRead,
    group: &GroupId,
) -> Result<Result<(), GroupKeyError>, StoreError> {
    let is_new = store.group_keys(group)?.is_empty();
    let full =
        is_new && store.groups_with_keys(None, MAX_GROUPS_WITH_KEYS)?.len() >= MAX_GROUPS_WITH_KEYS;
    Ok(if full {
        Err(GroupKeyError::TooManyGroups)
    } else {
        Ok(())
    })
}

/// Tells that another key of a group is due.
pub(crate) fn tell_due(
    store: &mut dyn Store,
    now: UnixMillis,
    group: &GroupId,
    key: GroupKeyId,
    reason: GroupKeyDue,
) -> Result<(), StoreError> {
    let due = EventKind::GroupKeyDue {
        group: group.clone(),
        key,
        reason,
    };
    record_event(store, now, due)
}

/// The keys of a group, or of all groups, for display.
pub(crate) fn list_keys(
    store: &dyn StoreRead,
    config: &Config,
    now: UnixMillis,
    me: &IdentityKey,
    group: Option<&GroupId>,
) -> Result<Vec<GroupKeyView>, StoreError> {
    let groups = match group {
        Some(group) => vec![group.clone()],
        // Those that have a log are limited by themselves.
        None => store.groups_with_keys(None, 2 * MAX_GROUPS_WITH_KEYS)?,
    };
    let mut listed = Vec::new();
    for group in groups {
        let members = membership(store, &config.groups, me, &group)?.map(Arc::new);
        let rules = KeyRules::of(store, &group, members)?;
        for (index, key) in store.group_keys(&group)?.into_iter().enumerate() {
            let current = index == 0;
            let due = rules.as_ref().filter(|_| current).and_then(|rules| {
                let old = now >= UnixMillis(key.timestamp).after(GROUP_KEY_AGE);
                let age = (old && rules.check_setter(me).is_ok()).then_some(GroupKeyDue::Age);
                rules.due(&key).or(age)
            });
            listed.push(GroupKeyView {
                group: group.clone(),
                key: key.id,
                timestamp: key.timestamp,
                set_by: key.set_by,
                current,
                highest: key.highest,
                erase_at: key.replaced_at.map(|at| at.after(config.erase_after)),
                due,
            });
        }
    }
    Ok(listed)
}
