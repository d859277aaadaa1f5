//! A store in memory, for tests and for accounts that end with their process.
//!
//! It keeps the contract of [`Transaction`](crate::store::Transaction): [`MemoryStore::crash`]
//! loses what was not committed. Every write adds a closure that undoes it to a list. A savepoint
//! is a length of that list, and a commit empties it.

mod batch;
mod contents;
mod duplicate;
mod groups;
mod index;
mod read;
mod stored_keys;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crypto_core::{
    GroupEventId, GroupKeyId, HeaderKey, IdentityKey, InstallationId, MessageId, SessionId,
    SessionRatchet, SignedPreKey,
};

use self::{
    duplicate::{duplicate_gap, duplicate_group_key, duplicate_own_prekey, duplicate_stored_key},
    index::{DeviceKey, active_device},
};
use crate::{
    model::{
        ChatKey, ConfirmedMessages, Contact, Device, Event, ForgottenGroup, Gap, GroupEntry,
        GroupId, GroupKey, GroupMessage, GroupRecord, NegotiatedTopic, OwnBundle, OwnPreKey, Peer,
        RunningTime, Session, StoreError, StoredAnswer, StoredKey, Timekeeping,
    },
    store::Store,
};

/// Identifies a key of a group.
type GroupKeyName = (GroupId, GroupKeyId);

/// Identifies a gap: its session, its chain and the number of its last message.
type GapName = (SessionId, HeaderKey, u32);

type Undo = Box<dyn FnOnce(&mut Tables) + Send>;

/// Counts the commits of a store, and makes them fail, from outside.
#[derive(Debug, Default)]
pub struct CommitLog {
    commits: AtomicU64,
    releases: AtomicU64,
    fail_next: AtomicBool,
}

impl CommitLog {
    /// Commits that succeeded.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// How often the store was told to release memory.
    #[must_use]
    pub fn releases(&self) -> u64 {
        self.releases.load(Ordering::SeqCst)
    }

    /// Makes the next commit fail, as a full disk would.
    pub fn fail_next(&self) {
        self.fail_next.store(true, Ordering::SeqCst);
    }
}

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    tables: Tables,
    /// Undoes each write since the last commit, newest last.
    undo: Vec<Undo>,
    /// Whether a batch is open.
    open: bool,
    /// The length of `undo` at each open savepoint.
    savepoints: Vec<usize>,
    log: Arc<CommitLog>,
}

#[derive(Default)]
struct Tables {
    own_prekeys: BTreeMap<SignedPreKey, OwnPreKey>,
    own_bundle: BTreeMap<(), OwnBundle>,
    peers: BTreeMap<IdentityKey, Peer>,
    negotiated: BTreeMap<IdentityKey, Arc<NegotiatedTopic>>,
    contacts: BTreeMap<IdentityKey, Contact>,
    devices: BTreeMap<(IdentityKey, InstallationId), Device>,
    /// Index of `devices` by identity.
    installations: BTreeMap<IdentityKey, BTreeSet<InstallationId>>,
    sessions: BTreeMap<SessionId, (u64, Session)>,
    /// Index of the active ones of `sessions`, by device.
    active: BTreeMap<DeviceKey, SessionId>,
    stored_keys: BTreeMap<MessageId, (u64, StoredKey)>,
    gaps: BTreeMap<GapName, (u64, Gap)>,
    confirmed: BTreeMap<SessionId, ConfirmedMessages>,
    /// By session: the peer that began it, and the own prekey it began on.
    first_messages: BTreeMap<SessionId, (IdentityKey, SignedPreKey)>,
    replies: BTreeMap<String, StoredAnswer>,
    clocks: BTreeMap<ChatKey, u64>,
    groups: BTreeMap<GroupId, GroupRecord>,
    group_entries: BTreeMap<(GroupId, GroupEventId), GroupEntry>,
    forgotten_groups: BTreeMap<GroupId, ForgottenGroup>,
    group_keys: BTreeMap<GroupKeyName, GroupKey>,
    erased_group_keys: BTreeMap<GroupId, u64>,
    /// Each with its age among the messages of its key.
    group_messages: BTreeMap<MessageId, (u64, GroupMessage)>,
    /// Index of `group_messages` by key and age.
    messages_of_group_key: BTreeMap<(GroupKeyName, u64), MessageId>,
    group_setters: BTreeMap<GroupId, BTreeSet<IdentityKey>>,
    timekeeping: BTreeMap<(), Timekeeping>,
    events: BTreeMap<u64, Event>,
    /// The number of the newest event there has been.
    last_event: BTreeMap<(), u64>,
    /// The age of the newest session or key: ages rise with each that is added.
    next_age: u64,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore")
            .field("sessions", &self.tables.sessions.len())
            .field("stored_keys", &self.tables.stored_keys.len())
            .field("gaps", &self.tables.gaps.len())
            .finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// A handle on the store's commits.
    #[must_use]
    pub fn log(&self) -> Arc<CommitLog> {
        Arc::clone(&self.log)
    }

    /// Loses everything that was not committed, as the end of a process would.
    pub fn crash(&mut self) {
        self.undo_to(0);
        self.close();
    }

    /// A copy of everything that is committed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be copied.
    pub fn backup(&self) -> Result<Self, StoreError> {
        let tables = self.tables.duplicate()?;
        Ok(Self {
            tables,
            ..Self::default()
        })
    }

    fn close(&mut self) {
        self.undo.clear();
        self.savepoints.clear();
        self.open = false;
    }

    fn undo_to(&mut self, length: usize) {
        while self.undo.len() > length {
            if let Some(undo) = self.undo.pop() {
                undo(&mut self.tables);
            }
        }
    }

    /// Inserts or replaces a record, undoably.
    fn put<K, V>(&mut self, table: fn(&mut Tables) -> &mut BTreeMap<K, V>, key: K, value: V)
    where
        K: Ord + Clone + Send + 'static,
        V: Send + 'static,
    {
        let before = table(&mut self.tables).insert(key.clone(), value);
        self.undo.push(Box::new(move |tables| {
            match before {
                Some(before) => table(tables).insert(key, before),
                None => table(tables).remove(&key),
            };
        }));
    }

    /// Removes a record, undoably.
    fn remove<K, V>(&mut self, table: fn(&mut Tables) -> &mut BTreeMap<K, V>, key: K)
    where
        K: Ord + Clone + Send + 'static,
        V: Send + 'static,
    {
        if let Some(before) = table(&mut self.tables).remove(&key) {
            self.undo.push(Box::new(move |tables| {
                table(tables).insert(key, before);
            }));
        }
    }

    fn age(&mut self, known: Option<u64>) -> u64 {
        known.unwrap_or_else(|| {
            self.tables.next_age += 1;
            self.tables.next_age
        })
    }

    /// Sessions that satisfy `wanted`, newest first.
    fn sessions_where(&self, wanted: impl Fn(&Session) -> bool) -> Vec<Session> {
        let mut found: Vec<_> = self
            .tables
            .sessions
            .values()
            .filter(|(_, session)| wanted(session))
            .collect();
        found.sort_unstable_by_key(|(age, _)| std::cmp::Reverse(*age));
        let copies = found.into_iter().map(|(_, session)| session.duplicate());
        copies.collect()
    }
}

impl Store for MemoryStore {
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<(), StoreError> {
        let copy = duplicate_own_prekey(prekey)?;
        self.put(
            |tables| &mut tables.own_prekeys,
            *copy.signed.public(),
            copy,
        );
        Ok(())
    }

    fn remove_own_prekey(&mut self, key: &SignedPreKey) -> Result<(), StoreError> {
        let first_messages = self.tables.first_messages.iter();
        let remembered: Vec<SessionId> = first_messages
            .filter(|(_, (_, prekey))| prekey == key)
            .map(|(session, _)| *session)
            .collect();
        for session in remembered {
            self.remove(|tables| &mut tables.first_messages, session);
        }
        self.remove(|tables| &mut tables.own_prekeys, *key);
        Ok(())
    }

    fn put_own_bundle(&mut self, bundle: &OwnBundle) -> Result<(), StoreError> {
        self.put(|tables| &mut tables.own_bundle, (), bundle.clone());
        Ok(())
    }

    fn put_peer(&mut self, peer: &Peer) -> Result<(), StoreError> {
        self.put(|tables| &mut tables.peers, peer.identity, peer.clone());
        Ok(())
    }

    fn put_negotiated(
        &mut self,
        identity: &IdentityKey,
        shared: &Arc<NegotiatedTopic>,
    ) -> Result<(), StoreError> {
        self.put(
            |tables| &mut tables.negotiated,
            *identity,
            Arc::clone(shared),
        );
        Ok(())
    }

    fn put_contact(&mut self, contact: &Contact) -> Result<(), StoreError> {
        self.put(|tables| &mut tables.contacts, contact.identity, *contact);
        Ok(())
    }

    fn put_device(&mut self, device: &Device) -> Result<(), StoreError> {
        let key = (device.identity, device.installation.clone());
        self.list(key.clone());
        self.put(|tables| &mut tables.devices, key, device.clone());
        Ok(())
    }

    fn remove_device(
        &mut self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<(), StoreError> {
        let key = (*identity, installation.clone());
        self.unlist(&key);
        self.remove(|tables| &mut tables.devices, key);
        Ok(())
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let device = active_device(session);
        let active = device
            .as_ref()
            .and_then(|device| self.tables.active.get(device));
        if active.is_some_and(|active| *active != session.id) {
            return Err(StoreError::Corrupt("two active sessions".to_owned()));
        }
        let known = self.tables.sessions.get(&session.id).map(|(age, _)| *age);
        let age = self.age(known);
        let copy = session.duplicate();
        self.activate(&session.id, device);
        self.put(|tables| &mut tables.sessions, session.id, (age, copy));
        Ok(())
    }

    /// Changes only what progress is, so that tests notice if anything else should have
    /// changed.
    fn put_session_progress(&mut self, session: &Session) -> Result<(), StoreError> {
        let unknown = || StoreError::Corrupt("progress of no session".to_owned());
        let (age, before) = self.tables.sessions.get(&session.id).ok_or_else(unknown)?;
        let (dh, chains) = (before.ratchet.dh_bytes(), session.ratchet.chain_bytes());
        let progressed = Session {
            ratchet: SessionRatchet::from_parts(&dh, &chains).map_err(|_| unknown())?,
            last_sent_at: session.last_sent_at,
            last_received_at: session.last_received_at,
            sent: session.sent,
            received: session.received,
            advances: session.advances,
            ..before.duplicate()
        };
        let record = (*age, progressed);
        self.put(|tables| &mut tables.sessions, session.id, record);
        Ok(())
    }

    fn remove_session(&mut self, id: &SessionId) -> Result<Vec<MessageId>, StoreError> {
        let unconfirmed = self.drop_oldest_stored_keys(id, 0, 0)?;
        self.remove(|tables| &mut tables.confirmed, *id);
        self.activate(id, None);
        self.remove(|tables| &mut tables.sessions, *id);
        Ok(unconfirmed)
    }

    fn put_stored_key(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        if !self.tables.sessions.contains_key(&key.session) {
            return Err(StoreError::Corrupt("a key of no session".to_owned()));
        }
        let known = self.tables.stored_keys.get(&key.message);
        let known = known.map(|(age, _)| *age);
        let age = self.age(known);
        let copy = duplicate_stored_key(key);
        self.put(|tables| &mut tables.stored_keys, key.message, (age, copy));
        Ok(())
    }

    fn remove_stored_key(&mut self, message: &MessageId) -> Result<(), StoreError> {
        self.remove(|tables| &mut tables.stored_keys, *message);
        Ok(())
    }

    fn put_confirmed_messages(
        &mut self,
        session: &SessionId,
        confirmed: &ConfirmedMessages,
    ) -> Result<(), StoreError> {
        if !self.tables.sessions.contains_key(session) {
            return Err(StoreError::Corrupt("messages of no session".to_owned()));
        }
        let confirmed = confirmed.clone();
        self.put(|tables| &mut tables.confirmed, *session, confirmed);
        Ok(())
    }

    fn put_gap(&mut self, gap: &Gap) -> Result<(), StoreError> {
        if !self.tables.sessions.contains_key(&gap.session) {
            return Err(StoreError::Corrupt("a gap of no session".to_owned()));
        }
        let name = stored_keys::gap_name(gap);
        let known = self.tables.gaps.get(&name).map(|(age, _)| *age);
        let age = self.age(known);
        self.put(|tables| &mut tables.gaps, name, (age, duplicate_gap(gap)));
        Ok(())
    }

    fn erase_skipped_key(
        &mut self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<(), StoreError> {
        let Some((age, gap)) = self.gap_of(session, chain, n) else {
            return Ok(());
        };
        let (age, mut gap) = (*age, duplicate_gap(gap));
        gap.take(n);
        let name = stored_keys::gap_name(&gap);
        if gap.held() == 0 {
            self.remove(|tables| &mut tables.gaps, name);
        } else {
            self.put(|tables| &mut tables.gaps, name, (age, gap));
        }
        Ok(())
    }

    fn drop_oldest_stored_keys(
        &mut self,
        session: &SessionId,
        keep: u32,
        places: u32,
    ) -> Result<Vec<MessageId>, StoreError> {
        Ok(self.drop_oldest_keys_of(session, keep, places))
    }

    fn drop_oldest_unanswered(
        &mut self,
        peer: Option<&IdentityKey>,
        gaps: u32,
        places: u32,
    ) -> Result<(), StoreError> {
        self.drop_oldest_gaps(peer, gaps, places);
        Ok(())
    }

    fn drop_keys_read_before(&mut self, cutoff: RunningTime) -> Result<Vec<MessageId>, StoreError> {
        let keys = self.tables.stored_keys.iter();
        let mut old: Vec<(u64, MessageId)> = keys
            .filter(|(_, (_, key))| key.read_at.is_some_and(|at| at < cutoff))
            .map(|(message, (age, _))| (*age, *message))
            .collect();
        old.sort_unstable();
        for (_, message) in &old {
            self.remove(|tables| &mut tables.stored_keys, *message);
        }
        Ok(old.into_iter().map(|(_, message)| message).collect())
    }

    fn put_first_message(
        &mut self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
        id: &SessionId,
    ) -> Result<(), StoreError> {
        if !self.tables.first_messages.contains_key(id) {
            self.put(
                |tables| &mut tables.first_messages,
                *id,
                (*identity, *prekey),
            );
        }
        Ok(())
    }

    fn put_stored_answer(
        &mut self,
        request_id: &str,
        reply: &StoredAnswer,
    ) -> Result<(), StoreError> {
        let key = request_id.to_owned();
        self.put(|tables| &mut tables.replies, key, reply.clone());
        Ok(())
    }

    fn remove_stored_answers_before(&mut self, cutoff: RunningTime) -> Result<(), StoreError> {
        let old: Vec<String> = self
            .tables
            .replies
            .iter()
            .filter(|(_, reply)| reply.at < cutoff)
            .map(|(id, _)| id.clone())
            .collect();
        for id in old {
            self.remove(|tables| &mut tables.replies, id);
        }
        Ok(())
    }

    fn put_chat_clock(&mut self, chat: &ChatKey, clock: u64) -> Result<(), StoreError> {
        self.put(|tables| &mut tables.clocks, *chat, clock);
        Ok(())
    }

    fn put_group(&mut self, group: &GroupRecord) -> Result<(), StoreError> {
        self.put(
            |tables| &mut tables.groups,
            group.group.clone(),
            group.clone(),
        );
        Ok(())
    }

    fn remove_group(&mut self, group: &GroupId) -> Result<(), StoreError> {
        self.remove_all_of_group(group);
        Ok(())
    }

    fn put_group_entry(&mut self, group: &GroupId, entry: &GroupEntry) -> Result<(), StoreError> {
        if !self.tables.groups.contains_key(group) {
            return Err(StoreError::Corrupt("an event of no group".to_owned()));
        }
        let name = (group.clone(), entry.id);
        self.put(|tables| &mut tables.group_entries, name, entry.clone());
        Ok(())
    }

    fn remove_group_entry(&mut self, group: &GroupId, id: &GroupEventId) -> Result<(), StoreError> {
        self.remove(|tables| &mut tables.group_entries, (group.clone(), *id));
        Ok(())
    }

    fn put_forgotten_group(&mut self, forgotten: &ForgottenGroup) -> Result<(), StoreError> {
        let group = forgotten.group.clone();
        self.put(
            |tables| &mut tables.forgotten_groups,
            group,
            forgotten.clone(),
        );
        Ok(())
    }

    fn remove_forgotten_group(&mut self, group: &GroupId) -> Result<(), StoreError> {
        self.remove(|tables| &mut tables.forgotten_groups, group.clone());
        Ok(())
    }

    fn keep_forgotten_groups(&mut self, limit: usize) -> Result<(), StoreError> {
        self.drop_oldest_forgotten_groups(limit);
        Ok(())
    }

    fn put_group_key(&mut self, key: &GroupKey) -> Result<(), StoreError> {
        let name = (key.group.clone(), key.id);
        let copy = duplicate_group_key(key);
        self.put(|tables| &mut tables.group_keys, name, copy);
        Ok(())
    }

    fn remove_group_key(&mut self, group: &GroupId, id: &GroupKeyId) -> Result<(), StoreError> {
        self.erase_group_key(group, id);
        Ok(())
    }

    fn put_group_message(&mut self, message: &GroupMessage, keep: u32) -> Result<(), StoreError> {
        let name = (message.group.clone(), message.key);
        if !self.tables.group_keys.contains_key(&name) {
            return Err(StoreError::Corrupt("a message of no key".to_owned()));
        }
        self.remember_group_message(message, name, keep);
        Ok(())
    }

    fn put_group_setters(
        &mut self,
        group: &GroupId,
        setters: &[IdentityKey],
    ) -> Result<(), StoreError> {
        let (group, setters) = (group.clone(), setters.iter().copied().collect());
        if BTreeSet::is_empty(&setters) {
            self.remove(|tables| &mut tables.group_setters, group);
        } else {
            self.put(|tables| &mut tables.group_setters, group, setters);
        }
        Ok(())
    }

    fn put_timekeeping(&mut self, time: &Timekeeping) -> Result<(), StoreError> {
        self.put(|tables| &mut tables.timekeeping, (), *time);
        Ok(())
    }

    fn append_event(&mut self, event: &Event) -> Result<(), StoreError> {
        let last = self.tables.last_event.get(&()).copied().unwrap_or(0);
        let number = last + 1;
        self.put(|tables| &mut tables.last_event, (), number);
        // Through the encoded form, as in any other store.
        let event = Event::from_bytes(&event.to_bytes())?;
        self.put(|tables| &mut tables.events, number, event);
        Ok(())
    }

    fn remove_events_up_to(&mut self, number: u64) -> Result<(), StoreError> {
        let told: Vec<u64> = self
            .tables
            .events
            .range(..=number)
            .map(|(number, _)| *number)
            .collect();
        for number in told {
            self.remove(|tables| &mut tables.events, number);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_in_memory_keeps_the_contract() {
        crate::store::contract::run(MemoryStore::default);
    }
}
