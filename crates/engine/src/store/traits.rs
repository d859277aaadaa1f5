//! What the rules need of a store.
//!
//! A small interface in whole records: a backend keeps and finds, the rules decide.
//! There is no method that marks, flags or cleans by a policy of its own.

use std::{sync::Arc, time::Duration};

use crypto_core::{
    HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey, SessionId, SignedPreKey,
};

use crate::model::{
    ChatKey, Contact, Correspondent, Counts, Device, DeviceName, Event, Gap, NegotiatedTopic,
    OwnBundle, OwnPreKey, Peer, RunningTime, Session, StoreError, StoredAnswer, StoredKey,
    Timekeeping, UnixMillis,
};

/// Reading. A read-only connection offers just this.
pub trait StoreRead {
    /// The own prekey whose public part is `key`, current or expired.
    fn own_prekey(&self, key: &SignedPreKey) -> Result<Option<OwnPreKey>, StoreError>;
    /// When the own prekey whose public part is `key` was replaced; `None` if it is current, or unknown. Asked on every
    /// message of a session built on it, so it must not cost the unpacking of a key pair.
    fn own_prekey_replaced_at(&self, key: &SignedPreKey) -> Result<Option<UnixMillis>, StoreError>;
    /// The current own prekey: the one not replaced, of the highest version if there were several.
    fn current_own_prekey(&self) -> Result<Option<OwnPreKey>, StoreError>;
    /// The own prekeys that were replaced, with the moment.
    fn replaced_own_prekeys(&self) -> Result<Vec<(SignedPreKey, UnixMillis)>, StoreError>;
    /// The bundle we publish.
    fn own_bundle(&self) -> Result<Option<OwnBundle>, StoreError>;
    /// What is known of `identity`.
    fn peer(&self, identity: &IdentityKey) -> Result<Option<Peer>, StoreError>;
    /// Identities that the user wrote to, with what we share with them, the last first; at most
    /// `limit`.
    fn correspondents(&self, limit: usize) -> Result<Vec<Correspondent>, StoreError>;
    /// What we share with `identity`, if that was derived.
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
    /// The devices of any identity in the order of their keys, from the one after `after` on; at
    /// most `limit`.
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
    /// The session we send on to this device, if there is one.
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
    /// Sessions with anyone that were begun on our own `prekey` and whose record does not say that they have expired; at most `limit`.
    fn unexpired_on_own_prekey(
        &self,
        prekey: &SignedPreKey,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError>;
    /// Sessions with anyone whose record does not say that they have expired; at most `limit`.
    fn unexpired_sessions(&self, limit: usize) -> Result<Vec<Session>, StoreError>;
    /// Sessions whose record says that they were superseded or expired at `cutoff` or before; at most `limit`.
    fn sessions_ended_by(
        &self,
        cutoff: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError>;
    /// Sessions whose record says that they were superseded or expired after `moment`; at most
    /// `limit`.
    fn sessions_ended_after(
        &self,
        moment: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError>;
    /// How many sessions there are with `identity`.
    fn session_count(&self, identity: &IdentityKey) -> Result<usize, StoreError>;
    /// How many keys the session has stored, those of its gaps included.
    fn stored_key_count(&self, session: &SessionId) -> Result<u64, StoreError>;
    /// Whether the session has stored any, or has a gap.
    fn has_stored_keys(&self, session: &SessionId) -> Result<bool, StoreError>;
    /// The stored key of a message, if it is kept by itself.
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
    /// Whether a first message that made session `id` was accepted, even if the session is long erased.
    fn first_message_seen(&self, id: &SessionId) -> Result<bool, StoreError>;
    /// First messages remembered of `identity` on this own prekey.
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
    /// The clocks of the store, as they were last written down.
    fn timekeeping(&self) -> Result<Timekeeping, StoreError>;
    /// The oldest events, at most `limit`, with their numbers in this store. Numbers only rise.
    fn events(&self, limit: usize) -> Result<Vec<(u64, Event)>, StoreError>;
    /// How much there is.
    fn counts(&self) -> Result<Counts, StoreError>;
}

/// Writing. `put` inserts or replaces the whole record of the same key.
pub trait Store: StoreRead {
    /// Keeps an own prekey; its key is the public part.
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<(), StoreError>;
    /// Erases an own prekey, with the first messages remembered on it.
    fn remove_own_prekey(&mut self, key: &SignedPreKey) -> Result<(), StoreError>;
    /// Keeps the bundle we publish; there is one.
    fn put_own_bundle(&mut self, bundle: &OwnBundle) -> Result<(), StoreError>;
    /// Keeps what is known of an identity.
    fn put_peer(&mut self, peer: &Peer) -> Result<(), StoreError>;
    /// Keeps what we share with an identity.
    fn put_negotiated(
        &mut self,
        identity: &IdentityKey,
        shared: &Arc<NegotiatedTopic>,
    ) -> Result<(), StoreError>;
    /// Keeps the record of a contact.
    fn put_contact(&mut self, contact: &Contact) -> Result<(), StoreError>;
    /// Keeps a device.
    fn put_device(&mut self, device: &Device) -> Result<(), StoreError>;
    /// Forgets a device. Its sessions stay.
    fn remove_device(
        &mut self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<(), StoreError>;
    /// Keeps a session.
    fn put_session(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Keeps what a message moves in a session that is there, and whose record differs in nothing else: its chains, counts
    /// and times. Nearly every message writes just this.
    fn put_session_progress(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Erases a session and its stored keys; names those of messages that were read and not confirmed.
    fn remove_session(&mut self, id: &SessionId) -> Result<Vec<MessageId>, StoreError>;
    /// Keeps a message key of a session that is there. A key that is already there keeps its age.
    fn put_stored_key(&mut self, key: &StoredKey) -> Result<(), StoreError>;
    /// Erases a message key.
    fn remove_stored_key(&mut self, message: &MessageId) -> Result<(), StoreError>;
    /// Keeps a gap of a session that is there. One that is already there keeps its age. Their ages
    /// and those of keys that are kept by themselves are counted together.
    fn put_gap(&mut self, gap: &Gap) -> Result<(), StoreError>;
    /// Overwrites the key of message `n` of a chain in its gap; erases a gap that has no other.
    fn erase_skipped_key(
        &mut self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<(), StoreError>;
    /// Erases the oldest keys of a session, those of its gaps included, until `keep` are left, and
    /// its oldest gaps while they have more than `places` in all; names the messages that were read
    /// and not confirmed.
    fn drop_oldest_stored_keys(
        &mut self,
        session: &SessionId,
        keep: u32,
        places: u32,
    ) -> Result<Vec<MessageId>, StoreError>;
    /// Erases the oldest gaps that are not answered, with this identity or with anyone, until there
    /// are `gaps` at most, of `places` in all.
    fn drop_oldest_unanswered(
        &mut self,
        peer: Option<&IdentityKey>,
        gaps: u32,
        places: u32,
    ) -> Result<(), StoreError>;
    /// Erases the keys of messages first read before `cutoff` and not confirmed since; names the messages.
    fn drop_keys_read_before(&mut self, cutoff: RunningTime) -> Result<Vec<MessageId>, StoreError>;
    /// Remembers a first message that was accepted.
    fn put_first_message(
        &mut self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
        id: &SessionId,
    ) -> Result<(), StoreError>;
    /// Keeps the answer to a request id.
    fn put_stored_answer(
        &mut self,
        request_id: &str,
        reply: &StoredAnswer,
    ) -> Result<(), StoreError>;
    /// Erases the answers given before `cutoff`.
    fn remove_stored_answers_before(&mut self, cutoff: RunningTime) -> Result<(), StoreError>;
    /// Keeps the clock of a chat.
    fn put_chat_clock(&mut self, chat: &ChatKey, clock: u64) -> Result<(), StoreError>;
    /// Keeps the clocks of the store.
    fn put_timekeeping(&mut self, time: &Timekeeping) -> Result<(), StoreError>;
    /// Adds an event after all others.
    fn append_event(&mut self, event: &Event) -> Result<(), StoreError>;
    /// Erases the events up to this number.
    fn remove_events_up_to(&mut self, number: u64) -> Result<(), StoreError>;
}

/// A store that can take several calls into one durable commit.
///
/// `begin … (savepoint … release | rollback)* … commit`; a call out of turn is an error.
/// After an error of `commit` nothing of the batch is kept.
pub trait Transaction: Store {
    /// Begins a batch.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Fails if no batch is open: a store may undo one by itself, and would keep at once whatever is written then.
    fn check_open(&self) -> Result<(), StoreError>;
    /// Begins one call of the batch.
    fn savepoint(&mut self) -> Result<(), StoreError>;
    /// Ends the call and keeps what it wrote.
    fn release(&mut self) -> Result<(), StoreError>;
    /// Ends the call and undoes what it wrote.
    fn rollback(&mut self) -> Result<(), StoreError>;
    /// Whether the batch has changed anything that is kept.
    fn has_changed(&mut self) -> Result<bool, StoreError>;
    /// Makes the batch durable. One that has changed nothing is ended, and costs the disk nothing.
    fn commit(&mut self) -> Result<(), StoreError>;
    /// Undoes the whole batch.
    fn abort(&mut self) -> Result<(), StoreError>;
    /// Gives back memory that is held for speed alone, and erases what is left behind of earlier
    /// batches. For an account that nobody has called for a while.
    fn release_memory(&mut self) -> Result<(), StoreError>;

    /// The time spent in the store since this was asked last; zero if it is not measured.
    fn take_spent(&mut self) -> Duration {
        Duration::ZERO
    }
}
