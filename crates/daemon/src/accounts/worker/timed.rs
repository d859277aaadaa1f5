//! A store that knows how long it was at work, and whether it was told an event.

use std::{
    cell::Cell,
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use crypto_core::{
    HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey, SessionId, SignedPreKey,
};
use engine::{
    ChatKey, Contact, Correspondent, Counts, Device, DeviceName, Event, Gap, Negotiated, OwnBundle,
    OwnPreKey, Peer, RunningTime, Session, Store, StoreError, StoreRead, StoredKey, StoredReply,
    Timekeeping, Transaction, UnixMillis,
};

type Result<T> = std::result::Result<T, StoreError>;

/// Passes everything on, adds up the time it takes, and notices events. It stands below what is remembered of the store: to
/// read a clock twice for each thing that is remembered would cost more than remembering it.
pub(super) struct Timed<S> {
    store: S,
    spent: Cell<Duration>,
    told: bool,
}

impl<S> Timed<S> {
    pub(super) fn new(store: S) -> Self {
        Self {
            store,
            spent: Cell::default(),
            told: false,
        }
    }

    /// Whether an event was written since this was asked last.
    pub(super) const fn take_told(&mut self) -> bool {
        mem::replace(&mut self.told, false)
    }

    /// The time spent in the store since this was asked last.
    pub(super) fn take_spent(&self) -> Duration {
        self.spent.take()
    }
}

/// Passes these on.
macro_rules! timed {
    (read $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&self, $($given: $type),*) -> Result<$found> {
            let began = Instant::now();
            let found = self.store.$name($($given),*);
            self.spent.set(self.spent.get().saturating_add(began.elapsed()));
            found
        }
    )*};
    (write $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&mut self, $($given: $type),*) -> Result<$found> {
            let began = Instant::now();
            let found = self.store.$name($($given),*);
            self.spent.set(self.spent.get().saturating_add(began.elapsed()));
            found
        }
    )*};
}

impl<S: StoreRead> StoreRead for Timed<S> {
    timed! { read
        own_prekey(key: &SignedPreKey) -> Option<OwnPreKey>;
        own_prekey_replaced_at(key: &SignedPreKey) -> Option<UnixMillis>;
        current_own_prekey() -> Option<OwnPreKey>;
        replaced_own_prekeys() -> Vec<(SignedPreKey, UnixMillis)>;
        own_bundle() -> Option<OwnBundle>;
        peer(identity: &IdentityKey) -> Option<Peer>;
        contact(identity: &IdentityKey) -> Option<Contact>;
        contacts() -> Vec<Contact>;
        correspondents(limit: usize) -> Vec<Correspondent>;
        negotiated(identity: &IdentityKey) -> Option<Arc<Negotiated>>;
        devices(identity: &IdentityKey) -> Vec<Device>;
        devices_after(after: Option<&DeviceName>, limit: usize) -> Vec<Device>;
        omitted_devices() -> Vec<Device>;
        device(identity: &IdentityKey, installation: &InstallationId) -> Option<Device>;
        session(id: &SessionId) -> Option<Session>;
        active_session(identity: &IdentityKey, installation: &InstallationId) -> Option<Session>;
        sessions_on_prekey(identity: &IdentityKey, prekey: &SignedPreKey) -> Vec<Session>;
        sessions(identity: Option<&IdentityKey>) -> Vec<Session>;
        unexpired_on_own_prekey(prekey: &SignedPreKey, limit: usize) -> Vec<Session>;
        unexpired_sessions(limit: usize) -> Vec<Session>;
        sessions_ended_by(cutoff: UnixMillis, limit: usize) -> Vec<Session>;
        sessions_ended_after(moment: UnixMillis, limit: usize) -> Vec<Session>;
        session_count(identity: &IdentityKey) -> usize;
        stored_key_count(session: &SessionId) -> u64;
        has_stored_keys(session: &SessionId) -> bool;
        stored_key(message: &MessageId) -> Option<StoredKey>;
        skipped_key(session: &SessionId, chain: &HeaderKey, n: u32) -> Option<MessageKey>;
        gaps(session: &SessionId) -> Vec<Gap>;
        first_message_seen(id: &SessionId) -> bool;
        first_message_count(identity: &IdentityKey, prekey: &SignedPreKey) -> u32;
        reply(request_id: &str) -> Option<StoredReply>;
        chat_clock(chat: &ChatKey) -> Option<u64>;
        chat_clock_count() -> u64;
        timekeeping() -> Timekeeping;
        events(limit: usize) -> Vec<(u64, Event)>;
        counts() -> Counts;
    }
}

impl<S: Store> Store for Timed<S> {
    fn append_event(&mut self, event: &Event) -> Result<()> {
        self.told = true;
        self.store.append_event(event)
    }

    timed! { write
        put_own_prekey(prekey: &OwnPreKey) -> ();
        remove_own_prekey(key: &SignedPreKey) -> ();
        put_own_bundle(bundle: &OwnBundle) -> ();
        put_peer(peer: &Peer) -> ();
        put_negotiated(identity: &IdentityKey, shared: &Arc<Negotiated>) -> ();
        put_contact(contact: &Contact) -> ();
        put_device(device: &Device) -> ();
        remove_device(identity: &IdentityKey, installation: &InstallationId) -> ();
        put_session(session: &Session) -> ();
        step_session(session: &Session) -> ();
        remove_session(id: &SessionId) -> Vec<MessageId>;
        put_stored_key(key: &StoredKey) -> ();
        remove_stored_key(message: &MessageId) -> ();
        put_gap(gap: &Gap) -> ();
        erase_skipped_key(session: &SessionId, chain: &HeaderKey, n: u32) -> ();
        drop_oldest_stored_keys(session: &SessionId, keep: u32, places: u32) -> Vec<MessageId>;
        drop_oldest_unanswered(peer: Option<&IdentityKey>, gaps: u32, places: u32) -> ();
        drop_keys_read_before(cutoff: RunningTime) -> Vec<MessageId>;
        put_first_message(identity: &IdentityKey, prekey: &SignedPreKey, id: &SessionId) -> ();
        put_reply(request_id: &str, reply: &StoredReply) -> ();
        remove_replies_before(cutoff: RunningTime) -> ();
        put_chat_clock(chat: &ChatKey, clock: u64) -> ();
        put_timekeeping(time: &Timekeeping) -> ();
        remove_events_up_to(number: u64) -> ();
    }
}

impl<S: Transaction> Transaction for Timed<S> {
    fn check_open(&self) -> Result<()> {
        self.store.check_open()
    }

    timed! { write
        begin() -> ();
        savepoint() -> ();
        release() -> ();
        rollback() -> ();
        has_changed() -> bool;
        commit() -> ();
        abort() -> ();
        rest() -> ();
    }
}
