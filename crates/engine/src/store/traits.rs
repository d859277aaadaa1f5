//! The interface between the rules and a database.
//!
//! It speaks of whole records: a store keeps and finds them, and the rules decide. No method
//! applies a policy of its own.

use std::{sync::Arc, time::Duration};

use crypto_core::{
    GroupEventId, GroupKeyId, HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey,
    SessionId, SignedPreKey,
};

use crate::model::{
    ChatKey, ConfirmedMessages, Contact, Correspondent, Counts, Device, DeviceName, Event,
    ForgottenGroup, Gap, GroupEntry, GroupId, GroupKey, GroupMessage, GroupRecord, NegotiatedTopic,
    OwnBundle, OwnPreKey, Peer, RunningTime, Session, StoreError, StoredAnswer, StoredKey,
    SweepDates, Timekeeping, UnixMillis,
};

/// Reading, which is all that a read-only connection offers.
pub trait StoreRead {
    /// The own prekey whose public part is `key`, current or expired.
    fn own_prekey(&self, key: &SignedPreKey) -> Result<Option<OwnPreKey>, StoreError>;
    /// When the own prekey whose public part is `key` was replaced; `None` if it is current or
    /// unknown. Called for every message of a session built on it, so it must not decode a key
    /// pair.
    fn own_prekey_replaced_at(&self, key: &SignedPreKey) -> Result<Option<UnixMillis>, StoreError>;
    /// The current own prekey: the one not replaced, of the highest version if there were several.
    fn current_own_prekey(&self) -> Result<Option<OwnPreKey>, StoreError>;
    /// The own prekeys that were replaced, each with the time of that.
    fn replaced_own_prekeys(&self) -> Result<Vec<(SignedPreKey, UnixMillis)>, StoreError>;
    /// The bundle we publish.
    fn own_bundle(&self) -> Result<Option<OwnBundle>, StoreError>;
    /// The record of an identity.
    fn peer(&self, identity: &IdentityKey) -> Result<Option<Peer>, StoreError>;
    /// Identities that the user wrote to, each with its negotiated topic if that was derived, the
    /// last one first; at most `limit`.
    fn correspondents(&self, limit: usize) -> Result<Vec<Correspondent>, StoreError>;
    /// Identities whose negotiated topic is listened to, each with that topic if it was derived, in
    /// the order of their keys, beginning after `after`; at most `limit`.
    fn listened_after(
        &self,
        after: Option<&IdentityKey>,
        limit: usize,
    ) -> Result<Vec<Correspondent>, StoreError>;
    /// How many of these the user never wrote to.
    fn listened_for_replies(&self) -> Result<u64, StoreError>;
    /// The topic negotiated with `identity`, if it was derived.
    fn negotiated(
        &self,
        identity: &IdentityKey,
    ) -> Result<Option<Arc<NegotiatedTopic>>, StoreError>;
    /// The record of a contact.
    fn contact(&self, identity: &IdentityKey) -> Result<Option<Contact>, StoreError>;
    /// All contacts, by key in byte order.
    fn contacts(&self) -> Result<Vec<Contact>, StoreError>;
    /// The devices of `identity`, by installation id in byte order.
    fn devices(&self, identity: &IdentityKey) -> Result<Vec<Device>, StoreError>;
    /// The devices of all identities in the order of their keys, beginning after `after`; at most
    /// `limit`.
    fn devices_after(
        &self,
        after: Option<&DeviceName>,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError>;
    /// The devices of any identity whose stale timer runs.
    fn omitted_devices(&self) -> Result<Vec<Device>, StoreError>;
    /// One device.
    fn device(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Device>, StoreError>;
    /// One session.
    fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError>;
    /// The session on which we send to this device, if there is one.
    fn active_session(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Session>, StoreError>;
    /// Sessions with `identity` built on `prekey` (theirs or ours), newest first.
    fn sessions_on_prekey(
        &self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
    ) -> Result<Vec<Session>, StoreError>;
    /// All sessions with `identity`, or with anyone, newest first.
    fn sessions(&self, identity: Option<&IdentityKey>) -> Result<Vec<Session>, StoreError>;
    /// Sessions with anyone that were begun on our own `prekey` and are not recorded as expired; at
    /// most `limit`.
    fn unexpired_on_own_prekey(
        &self,
        prekey: &SignedPreKey,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError>;
    /// Sessions with anyone that are not recorded as expired; at most `limit`.
    fn unexpired_sessions(&self, limit: usize) -> Result<Vec<Session>, StoreError>;
    /// Sessions that are recorded as superseded or expired at `cutoff` or before; at most `limit`.
    fn sessions_ended_by(
        &self,
        cutoff: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError>;
    /// Sessions that are recorded as superseded or expired after `moment`; at most `limit`.
    fn sessions_ended_after(
        &self,
        moment: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError>;
    /// How many sessions there are with `identity`.
    fn session_count(&self, identity: &IdentityKey) -> Result<usize, StoreError>;
    /// How many keys the session has stored, those of its gaps included.
    fn stored_key_count(&self, session: &SessionId) -> Result<u64, StoreError>;
    /// Whether the session has any stored key, or a gap.
    fn has_stored_keys(&self, session: &SessionId) -> Result<bool, StoreError>;
    /// The stored key of a message, if it is kept outside a gap.
    fn stored_key(&self, message: &MessageId) -> Result<Option<StoredKey>, StoreError>;
    /// The key of message `n` of a chain, if it lies in a gap and was not used.
    fn skipped_key(
        &self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<Option<MessageKey>, StoreError>;
    /// The gaps of a session, oldest first.
    fn gaps(&self, session: &SessionId) -> Result<Vec<Gap>, StoreError>;
    /// The messages of a session that were read and confirmed.
    fn confirmed_messages(&self, session: &SessionId) -> Result<ConfirmedMessages, StoreError>;
    /// Whether a first message has set up session `id`, even if the session was erased since.
    fn first_message_seen(&self, id: &SessionId) -> Result<bool, StoreError>;
    /// How many first messages of `identity` on this own prekey are recorded.
    fn first_message_count(
        &self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
    ) -> Result<u32, StoreError>;
    /// The answer kept for a request id.
    fn stored_answer(&self, request_id: &str) -> Result<Option<StoredAnswer>, StoreError>;
    /// The clock of a chat, if it has one of its own.
    fn chat_clock(&self, chat: &ChatKey) -> Result<Option<u64>, StoreError>;
    /// How many chats have a clock.
    fn chat_clock_count(&self) -> Result<u64, StoreError>;
    /// The record of a group that has a log.
    fn group(&self, group: &GroupId) -> Result<Option<GroupRecord>, StoreError>;
    /// The groups that have a log, by the time when they were taken up, then by id.
    fn groups(&self) -> Result<Vec<GroupRecord>, StoreError>;
    /// How many groups have a log, and how many of them we have not accepted.
    fn group_counts(&self) -> Result<(u64, u64), StoreError>;
    /// The events of a group's log, by id in byte order.
    fn group_log(&self, group: &GroupId) -> Result<Vec<GroupEntry>, StoreError>;
    /// One event of a group's log.
    fn group_entry(
        &self,
        group: &GroupId,
        id: &GroupEventId,
    ) -> Result<Option<GroupEntry>, StoreError>;
    /// What is known of a group that was forgotten.
    fn forgotten_group(&self, group: &GroupId) -> Result<Option<ForgottenGroup>, StoreError>;
    /// One key of a group.
    fn group_key(&self, group: &GroupId, id: &GroupKeyId) -> Result<Option<GroupKey>, StoreError>;
    /// The keys of a group, the highest timestamp first, and of equal ones the highest id: the
    /// current key is the first.
    fn group_keys(&self, group: &GroupId) -> Result<Vec<GroupKey>, StoreError>;
    /// Groups that have keys, by id in byte order, beginning after `after`; at most `limit`.
    fn groups_with_keys(
        &self,
        after: Option<&GroupId>,
        limit: usize,
    ) -> Result<Vec<GroupId>, StoreError>;
    /// Keys of any group that were replaced at `cutoff` or before; at most `limit`.
    fn group_keys_replaced_by(
        &self,
        cutoff: UnixMillis,
        limit: usize,
    ) -> Result<Vec<GroupKey>, StoreError>;
    /// Keys of any group that are recorded as replaced after `moment`; at most `limit`.
    fn group_keys_replaced_after(
        &self,
        moment: UnixMillis,
        limit: usize,
    ) -> Result<Vec<GroupKey>, StoreError>;
    /// The highest timestamp of the keys that were erased of a group.
    fn erased_group_keys(&self, group: &GroupId) -> Result<Option<u64>, StoreError>;
    /// A message that was read under a group key that is there.
    fn group_message(&self, message: &MessageId) -> Result<Option<GroupMessage>, StoreError>;
    /// Whose keys are taken of a group without a log, by key in byte order.
    fn group_setters(&self, group: &GroupId) -> Result<Vec<IdentityKey>, StoreError>;
    /// The clocks of the store, as last written.
    fn timekeeping(&self) -> Result<Timekeeping, StoreError>;
    /// The dates by which a sweep of the account with the identity `own` judges what there is.
    fn sweep_dates(&self, own: &IdentityKey) -> Result<SweepDates, StoreError>;
    /// The oldest events, at most `limit`, with their numbers in this store, which only rise.
    fn events(&self, limit: usize) -> Result<Vec<(u64, Event)>, StoreError>;
    /// How many records there are.
    fn counts(&self) -> Result<Counts, StoreError>;
}

/// Writing. `put_…` inserts a record or replaces the whole record of the same key.
pub trait Store: StoreRead {
    /// Writes an own prekey; its key is the public part.
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<(), StoreError>;
    /// Erases an own prekey, and the record of first messages on it.
    fn remove_own_prekey(&mut self, key: &SignedPreKey) -> Result<(), StoreError>;
    /// Replaces the bundle we publish.
    fn put_own_bundle(&mut self, bundle: &OwnBundle) -> Result<(), StoreError>;
    /// Writes the record of an identity.
    fn put_peer(&mut self, peer: &Peer) -> Result<(), StoreError>;
    /// Writes the topic negotiated with an identity.
    fn put_negotiated(
        &mut self,
        identity: &IdentityKey,
        shared: &Arc<NegotiatedTopic>,
    ) -> Result<(), StoreError>;
    /// Writes the record of a contact.
    fn put_contact(&mut self, contact: &Contact) -> Result<(), StoreError>;
    /// Writes a device.
    fn put_device(&mut self, device: &Device) -> Result<(), StoreError>;
    /// Removes a device, but not its sessions.
    fn remove_device(
        &mut self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<(), StoreError>;
    /// Writes a session.
    fn put_session(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Writes the chains, counts and times of a session that is there and differs in nothing else.
    /// Nearly every message writes just this.
    fn put_session_progress(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Erases a session with its stored keys and what was confirmed of it; gives the messages among
    /// them that were read and not confirmed.
    fn remove_session(&mut self, id: &SessionId) -> Result<Vec<MessageId>, StoreError>;
    /// Writes a message key of a session that is there. A key that is replaced keeps its age.
    fn put_stored_key(&mut self, key: &StoredKey) -> Result<(), StoreError>;
    /// Erases a message key.
    fn remove_stored_key(&mut self, message: &MessageId) -> Result<(), StoreError>;
    /// Writes a gap of a session that is there. A gap that is replaced keeps its age. Gaps and keys
    /// outside of gaps are aged in one order.
    fn put_gap(&mut self, gap: &Gap) -> Result<(), StoreError>;
    /// Overwrites the key of message `n` of a chain in its gap; erases the gap if it has no other.
    fn erase_skipped_key(
        &mut self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<(), StoreError>;
    /// Erases the oldest keys of a session, those of its gaps included, until `keep` are left, and
    /// its oldest gaps until they have at most `places` in all; gives the messages among them that
    /// were read and not confirmed.
    fn drop_oldest_stored_keys(
        &mut self,
        session: &SessionId,
        keep: u32,
        places: u32,
    ) -> Result<Vec<MessageId>, StoreError>;
    /// Erases the oldest unanswered gaps, with this identity or with anyone, until at most `gaps`
    /// are left, with at most `places` in all.
    fn drop_oldest_unanswered(
        &mut self,
        peer: Option<&IdentityKey>,
        gaps: u32,
        places: u32,
    ) -> Result<(), StoreError>;
    /// Erases the keys of messages first read before `cutoff` and not confirmed since; gives the
    /// messages.
    fn drop_keys_read_before(&mut self, cutoff: RunningTime) -> Result<Vec<MessageId>, StoreError>;
    /// Writes the messages of a session that were read and confirmed. The session is there.
    fn put_confirmed_messages(
        &mut self,
        session: &SessionId,
        confirmed: &ConfirmedMessages,
    ) -> Result<(), StoreError>;
    /// Records that a first message has set up session `id`.
    fn put_first_message(
        &mut self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
        id: &SessionId,
    ) -> Result<(), StoreError>;
    /// Writes the answer to a request id.
    fn put_stored_answer(
        &mut self,
        request_id: &str,
        reply: &StoredAnswer,
    ) -> Result<(), StoreError>;
    /// Erases the answers given before `cutoff`.
    fn remove_stored_answers_before(&mut self, cutoff: RunningTime) -> Result<(), StoreError>;
    /// Writes the clock of a chat.
    fn put_chat_clock(&mut self, chat: &ChatKey, clock: u64) -> Result<(), StoreError>;
    /// Writes the record of a group; its log stays as it is.
    fn put_group(&mut self, group: &GroupRecord) -> Result<(), StoreError>;
    /// Erases everything of a group, with or without a log: its record, log and setters, its keys,
    /// the messages read under them, and the timestamp of those that were erased.
    fn remove_group(&mut self, group: &GroupId) -> Result<(), StoreError>;
    /// Writes an event of the log of a group that is there.
    fn put_group_entry(&mut self, group: &GroupId, entry: &GroupEntry) -> Result<(), StoreError>;
    /// Removes an event of a group's log.
    fn remove_group_entry(&mut self, group: &GroupId, id: &GroupEventId) -> Result<(), StoreError>;
    /// Records that a group was forgotten.
    fn put_forgotten_group(&mut self, forgotten: &ForgottenGroup) -> Result<(), StoreError>;
    /// Removes the record of a group that was forgotten.
    fn remove_forgotten_group(&mut self, group: &GroupId) -> Result<(), StoreError>;
    /// Removes the records of the groups that were forgotten first, until at most `limit` are left.
    fn keep_forgotten_groups(&mut self, limit: usize) -> Result<(), StoreError>;
    /// Writes a key of a group.
    fn put_group_key(&mut self, key: &GroupKey) -> Result<(), StoreError>;
    /// Erases a key of a group, with the messages that were read under it, and keeps its timestamp
    /// if no higher one was kept.
    fn remove_group_key(&mut self, group: &GroupId, id: &GroupKeyId) -> Result<(), StoreError>;
    /// Writes a message that was read under a group key that is there, and removes the oldest of
    /// that key, so that at most the last `keep` are left. A message that is replaced keeps its
    /// age, unless its key is another.
    fn put_group_message(&mut self, message: &GroupMessage, keep: u32) -> Result<(), StoreError>;
    /// Replaces the list of those whose keys are taken of a group.
    fn put_group_setters(
        &mut self,
        group: &GroupId,
        setters: &[IdentityKey],
    ) -> Result<(), StoreError>;
    /// Writes the clocks of the store.
    fn put_timekeeping(&mut self, time: &Timekeeping) -> Result<(), StoreError>;
    /// Adds an event after all others.
    fn append_event(&mut self, event: &Event) -> Result<(), StoreError>;
    /// Erases the events up to this number.
    fn remove_events_up_to(&mut self, number: u64) -> Result<(), StoreError>;
}

/// A store that makes several calls durable in one commit.
///
/// The order is `begin, (savepoint, release | rollback)*, commit | abort`; a function called out of
/// turn returns an error. After an error of `commit` nothing of the batch is kept.
pub trait Transaction: Store {
    /// Begins a batch.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Fails if no batch is open. A store may undo a batch by itself, and would then keep each
    /// further write at once.
    fn check_open(&self) -> Result<(), StoreError>;
    /// Begins one call of the batch.
    fn savepoint(&mut self) -> Result<(), StoreError>;
    /// Ends the call and keeps its writes.
    fn release(&mut self) -> Result<(), StoreError>;
    /// Ends the call and undoes its writes.
    fn rollback(&mut self) -> Result<(), StoreError>;
    /// Whether the batch has changed anything.
    fn has_changed(&mut self) -> Result<bool, StoreError>;
    /// Makes the batch durable. A batch that has changed nothing does not touch the disk.
    fn commit(&mut self) -> Result<(), StoreError>;
    /// Undoes the whole batch.
    fn abort(&mut self) -> Result<(), StoreError>;
    /// Frees memory that is held for speed alone, and erases the remains of earlier batches. For an
    /// account that is idle.
    fn release_memory(&mut self) -> Result<(), StoreError>;

    /// The time spent in the store since the last call of this function; zero if it is not
    /// measured.
    fn take_spent(&mut self) -> Duration {
        Duration::ZERO
    }
}
