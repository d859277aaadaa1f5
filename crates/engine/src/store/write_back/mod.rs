//! A store that remembers what every message asks for and few change, and writes what every message changes once a batch.
//!
//! The bundle we publish, the devices of an identity, and what is known of it are read again and again between two
//! changes. They are kept in memory as the store below has them. Whatever was written is taken over at once; when something
//! that was written is undone, everything is forgotten. What moves with every message, a session and the times of a device, is
//! [`steps`]: it is put down here and reaches the store below with the commit.

mod dirty;

use std::{cell::RefCell, collections::HashMap, hash::Hash, mem, sync::Arc, time::Duration};

use crypto_core::{
    HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey, SessionId, SignedPreKey,
};

use self::dirty::DirtyRecords;
use crate::{
    model::{
        ChatKey, Contact, Correspondent, Counts, Device, DeviceName, Event, Gap, NegotiatedTopic,
        OwnBundle, OwnPreKey, Peer, RunningTime, Session, StoreError, StoredAnswer, StoredKey,
        Timekeeping, UnixMillis,
    },
    store::{Store, StoreRead, Transaction},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Records of a kind that are remembered, about 300 bytes each: four groups of the largest size. When there are more, all
/// are forgotten, so that no order of their use has to be kept.
const MAX_REMEMBERED: usize = 4096;

/// Another store, and what it was asked for of late.
#[derive(Debug)]
pub struct WriteBack<S> {
    store: S,
    kept: Kept,
    steps: DirtyRecords,
    call: Call,
    /// Why the batch cannot be kept.
    failed: Option<StoreError>,
    /// Whether the call that is open has written any of what is remembered.
    written: bool,
    /// Whether the batch has.
    batch_written: bool,
    event_appended: bool,
}

/// How far the call that is open has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Call {
    /// No batch is open.
    #[default]
    NoBatch,
    /// A batch is open, and no call.
    Between,
    /// It has put down steps at most.
    Begun,
    /// It has a savepoint in the store below, and has written to it.
    Saved,
}

/// What the store below holds.
#[derive(Debug, Default)]
struct Kept {
    own_bundle: CachedRecords<(), Option<OwnBundle>>,
    timekeeping: CachedRecords<(), Timekeeping>,
    own_prekeys_replaced: CachedRecords<SignedPreKey, Option<UnixMillis>>,
    peers: CachedRecords<IdentityKey, Option<Peer>>,
    negotiated: CachedRecords<IdentityKey, Option<Arc<NegotiatedTopic>>>,
    contacts: CachedRecords<IdentityKey, Option<Contact>>,
    /// By installation id, as the store gives them.
    devices: CachedRecords<IdentityKey, Vec<Device>>,
    /// Sessions that have stored no keys.
    without_keys: CachedRecords<SessionId, ()>,
}

/// Records of one kind.
#[derive(Debug)]
struct CachedRecords<K, V>(RefCell<HashMap<K, V>>);

impl<K, V> Default for CachedRecords<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Hash + Eq, V: Clone> CachedRecords<K, V> {
    /// What is remembered under this key, or what `read` finds.
    fn or_read(&self, key: K, read: impl FnOnce() -> Result<V>) -> Result<V> {
        self.part_or_read(key, read, V::clone)
    }

    /// The same, of which only a part is asked for.
    fn part_or_read<P>(
        &self,
        key: K,
        read: impl FnOnce() -> Result<V>,
        part: impl FnOnce(&V) -> P,
    ) -> Result<P> {
        if let Some(known) = self.0.borrow().get(&key) {
            return Ok(part(known));
        }
        let found = read()?;
        let asked = part(&found);
        self.remember(key, found);
        Ok(asked)
    }

    fn remember(&self, key: K, value: V) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(key, value);
    }
}

impl<S> WriteBack<S> {
    /// Remembers nothing yet.
    pub fn new(store: S) -> Self {
        Self {
            store,
            kept: Kept::default(),
            steps: DirtyRecords::default(),
            call: Call::NoBatch,
            failed: None,
            written: false,
            batch_written: false,
            event_appended: false,
        }
    }

    /// The store below. What is written past this one is not noticed, and what was put down here may not have reached it.
    pub const fn inner(&mut self) -> &mut S {
        &mut self.store
    }

    /// Whether an event was appended since this was asked last.
    pub const fn take_event_appended(&mut self) -> bool {
        mem::replace(&mut self.event_appended, false)
    }

    /// Frees what is remembered.
    pub fn forget(&mut self) {
        self.kept = Kept::default();
        self.steps.forget();
    }

    fn write(&mut self) -> &mut Kept {
        self.written = true;
        &mut self.kept
    }

    /// What was written is undone.
    fn undo(&mut self, written: bool) {
        if written {
            self.forget();
        }
    }
}

impl<S: Transaction> WriteBack<S> {
    /// The store below, for something that is no step: it has all that was put down before.
    fn below(&mut self) -> Result<&mut S> {
        if self.call != Call::Saved
            && let Err(error) = self.hand_down()
        {
            // DirtyRecords of calls that have ended well may be lost with it: the batch must not be kept, whoever hears of this.
            self.failed = Some(error.clone());
            return Err(error);
        }
        Ok(&mut self.store)
    }

    /// Writes the steps of calls that have ended, and then those of the one that is open in a savepoint of its own.
    fn hand_down(&mut self) -> Result<()> {
        let own = self.steps.undo();
        self.write_steps()?;
        if self.call == Call::Begun {
            self.store.savepoint()?;
            self.call = Call::Saved;
            own.write(&mut self.store)?;
            // They may be undone there.
            self.steps.forget();
        }
        Ok(())
    }

    /// Writes all steps. They are not undone alone: whoever hears that this failed undoes the batch.
    fn write_steps(&mut self) -> Result<()> {
        if !self.steps.are_due() {
            return Ok(());
        }
        self.store.check_open()?;
        self.steps.write(&mut self.store)
    }

    /// How far the call that is open has come, which now ends.
    fn end_call(&mut self) -> Result<Call> {
        match self.call {
            Call::NoBatch | Call::Between => Err(out_of_turn()),
            ended => {
                self.call = Call::Between;
                Ok(ended)
            }
        }
    }

    /// Whether this device is known, with the same timer of its staleness: the only thing that devices are asked for by.
    fn is_known(&self, device: &Device) -> bool {
        let devices = self.kept.devices.0.borrow();
        devices.get(&device.identity).is_some_and(|known| {
            known.iter().any(|known| {
                known.installation == device.installation
                    && known.omitted_since == device.omitted_since
            })
        })
    }
}

impl<S: StoreRead> WriteBack<S> {
    fn read_devices(&self, identity: &IdentityKey) -> Result<Vec<Device>> {
        Ok(self.steps.devices_up_to_date(self.store.devices(identity)?))
    }
}

/// Passes these on.
macro_rules! pass_on {
    (read $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&self, $($given: $type),*) -> Result<$found> {
            self.store.$name($($given),*)
        }
    )*};
    (write $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&mut self, $($given: $type),*) -> Result<$found> {
            self.below()?.$name($($given),*)
        }
    )*};
    (remembered $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&mut self, $($given: $type),*) -> Result<$found> {
            self.write();
            self.below()?.$name($($given),*)
        }
    )*};
    (sessions $($name:ident($($given:ident: $type:ty),*);)*) => {$(
        fn $name(&self, $($given: $type),*) -> Result<Vec<Session>> {
            Ok(self.steps.up_to_date(self.store.$name($($given),*)?))
        }
    )*};
}

impl<S: StoreRead> StoreRead for WriteBack<S> {
    fn own_bundle(&self) -> Result<Option<OwnBundle>> {
        self.kept.own_bundle.or_read((), || self.store.own_bundle())
    }

    fn timekeeping(&self) -> Result<Timekeeping> {
        self.kept
            .timekeeping
            .or_read((), || self.store.timekeeping())
    }

    fn own_prekey_replaced_at(&self, key: &SignedPreKey) -> Result<Option<UnixMillis>> {
        let read = || self.store.own_prekey_replaced_at(key);
        self.kept.own_prekeys_replaced.or_read(*key, read)
    }

    fn peer(&self, identity: &IdentityKey) -> Result<Option<Peer>> {
        let read = || self.store.peer(identity);
        self.kept.peers.or_read(*identity, read)
    }

    fn negotiated(&self, identity: &IdentityKey) -> Result<Option<Arc<NegotiatedTopic>>> {
        let read = || self.store.negotiated(identity);
        self.kept.negotiated.or_read(*identity, read)
    }

    fn contact(&self, identity: &IdentityKey) -> Result<Option<Contact>> {
        let read = || self.store.contact(identity);
        self.kept.contacts.or_read(*identity, read)
    }

    fn devices(&self, identity: &IdentityKey) -> Result<Vec<Device>> {
        let read = || self.read_devices(identity);
        self.kept.devices.or_read(*identity, read)
    }

    fn device(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Device>> {
        let read = || self.read_devices(identity);
        let this = |devices: &Vec<Device>| {
            let mut devices = devices.iter();
            devices
                .find(|device| device.installation == *installation)
                .cloned()
        };
        self.kept.devices.part_or_read(*identity, read, this)
    }

    fn omitted_devices(&self) -> Result<Vec<Device>> {
        Ok(self.steps.devices_up_to_date(self.store.omitted_devices()?))
    }

    fn devices_after(&self, after: Option<&DeviceName>, limit: usize) -> Result<Vec<Device>> {
        let found = self.store.devices_after(after, limit)?;
        Ok(self.steps.devices_up_to_date(found))
    }

    fn session(&self, id: &SessionId) -> Result<Option<Session>> {
        if let Some(held) = self.steps.session(id) {
            return Ok(Some(held));
        }
        self.store.session(id)
    }

    fn active_session(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Session>> {
        let device = (*identity, installation.clone());
        if let Some(held) = self.steps.active(&device) {
            return Ok(Some(held));
        }
        let found = self.store.active_session(identity, installation)?;
        let found = self.steps.up_to_date(found.into_iter().collect()).pop();
        if let Some(session) = &found {
            self.steps.is_active(device, session);
        }
        Ok(found)
    }

    fn sessions_on_prekey(
        &self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
    ) -> Result<Vec<Session>> {
        let key = (*identity, *prekey);
        if let Some(held) = self.steps.on_prekey(&key) {
            return Ok(held);
        }
        let found = self.store.sessions_on_prekey(identity, prekey)?;
        let found = self.steps.up_to_date(found);
        self.steps.are_on_prekey(key, &found);
        Ok(found)
    }

    fn has_stored_keys(&self, session: &SessionId) -> Result<bool> {
        if self.kept.without_keys.0.borrow().contains_key(session) {
            return Ok(false);
        }
        let has = self.store.has_stored_keys(session)?;
        if !has {
            self.kept.without_keys.remember(*session, ());
        }
        Ok(has)
    }

    pass_on! { sessions
        sessions(identity: Option<&IdentityKey>);
        unexpired_on_own_prekey(prekey: &SignedPreKey, limit: usize);
        unexpired_sessions(limit: usize);
        sessions_ended_by(cutoff: UnixMillis, limit: usize);
        sessions_ended_after(moment: UnixMillis, limit: usize);
    }

    pass_on! { read
        own_prekey(key: &SignedPreKey) -> Option<OwnPreKey>;
        current_own_prekey() -> Option<OwnPreKey>;
        replaced_own_prekeys() -> Vec<(SignedPreKey, UnixMillis)>;
        contacts() -> Vec<Contact>;
        correspondents(limit: usize) -> Vec<Correspondent>;
        session_count(identity: &IdentityKey) -> usize;
        stored_key_count(session: &SessionId) -> u64;
        stored_key(message: &MessageId) -> Option<StoredKey>;
        skipped_key(session: &SessionId, chain: &HeaderKey, n: u32) -> Option<MessageKey>;
        gaps(session: &SessionId) -> Vec<Gap>;
        first_message_seen(id: &SessionId) -> bool;
        first_message_count(identity: &IdentityKey, prekey: &SignedPreKey) -> u32;
        stored_answer(request_id: &str) -> Option<StoredAnswer>;
        chat_clock(chat: &ChatKey) -> Option<u64>;
        chat_clock_count() -> u64;
        events(limit: usize) -> Vec<(u64, Event)>;
        counts() -> Counts;
    }
}

impl<S: Transaction> Store for WriteBack<S> {
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<()> {
        self.write().own_prekeys_replaced.0.get_mut().clear();
        self.below()?.put_own_prekey(prekey)
    }

    fn remove_own_prekey(&mut self, key: &SignedPreKey) -> Result<()> {
        self.write().own_prekeys_replaced.0.get_mut().clear();
        self.below()?.remove_own_prekey(key)
    }

    fn put_own_bundle(&mut self, bundle: &OwnBundle) -> Result<()> {
        self.write().own_bundle.0.get_mut().clear();
        self.below()?.put_own_bundle(bundle)
    }

    fn put_timekeeping(&mut self, time: &Timekeeping) -> Result<()> {
        self.write().timekeeping.0.get_mut().clear();
        self.below()?.put_timekeeping(time)
    }

    fn put_peer(&mut self, peer: &Peer) -> Result<()> {
        self.write().peers.0.get_mut().remove(&peer.identity);
        self.below()?.put_peer(peer)
    }

    fn put_negotiated(
        &mut self,
        identity: &IdentityKey,
        shared: &Arc<NegotiatedTopic>,
    ) -> Result<()> {
        self.write().negotiated.0.get_mut().remove(identity);
        self.below()?.put_negotiated(identity, shared)
    }

    fn put_contact(&mut self, contact: &Contact) -> Result<()> {
        let contacts = self.write().contacts.0.get_mut();
        contacts.remove(&contact.identity);
        self.below()?.put_contact(contact)
    }

    /// Every message that is read writes one: the others of its identity stay remembered.
    fn put_device(&mut self, device: &Device) -> Result<()> {
        let is_step = self.call == Call::Begun && self.is_known(device);
        let known = self.write().devices.0.get_mut().remove(&device.identity);
        if is_step {
            self.steps.touch(device);
        } else {
            self.below()?.put_device(device)?;
        }
        if let Some(mut devices) = known {
            devices.retain(|known| known.installation != device.installation);
            let before = devices.partition_point(|known| known.installation < device.installation);
            devices.insert(before, device.clone());
            let remembered = self.kept.devices.0.get_mut();
            remembered.insert(device.identity, devices);
        }
        Ok(())
    }

    fn remove_device(
        &mut self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<()> {
        self.write().devices.0.get_mut().remove(identity);
        self.below()?.remove_device(identity, installation)
    }

    fn put_session(&mut self, session: &Session) -> Result<()> {
        if self.call == Call::Begun && self.steps.step(session) {
            return Ok(());
        }
        self.below()?.put_session(session)?;
        self.steps.forget();
        Ok(())
    }

    /// What comes here has been told apart already: nothing that calls this store does that itself.
    fn put_session_progress(&mut self, session: &Session) -> Result<()> {
        self.below()?.put_session_progress(session)?;
        self.steps.forget();
        Ok(())
    }

    fn put_stored_key(&mut self, key: &StoredKey) -> Result<()> {
        let without = self.write().without_keys.0.get_mut();
        without.remove(&key.session);
        self.below()?.put_stored_key(key)
    }

    fn put_gap(&mut self, gap: &Gap) -> Result<()> {
        let without = self.write().without_keys.0.get_mut();
        without.remove(&gap.session);
        self.below()?.put_gap(gap)
    }

    fn remove_session(&mut self, id: &SessionId) -> Result<Vec<MessageId>> {
        self.write();
        let unconfirmed = self.below()?.remove_session(id)?;
        self.steps.forget();
        Ok(unconfirmed)
    }

    // When keys that were erased are there again, it must be forgotten that there are none.
    pass_on! { remembered
        remove_stored_key(message: &MessageId) -> ();
        erase_skipped_key(session: &SessionId, chain: &HeaderKey, n: u32) -> ();
        drop_oldest_stored_keys(session: &SessionId, keep: u32, places: u32) -> Vec<MessageId>;
        drop_oldest_unanswered(peer: Option<&IdentityKey>, gaps: u32, places: u32) -> ();
        drop_keys_read_before(cutoff: RunningTime) -> Vec<MessageId>;
    }

    fn append_event(&mut self, event: &Event) -> Result<()> {
        self.event_appended = true;
        self.below()?.append_event(event)
    }

    pass_on! { write
        put_first_message(identity: &IdentityKey, prekey: &SignedPreKey, id: &SessionId) -> ();
        put_stored_answer(request_id: &str, reply: &StoredAnswer) -> ();
        remove_stored_answers_before(cutoff: RunningTime) -> ();
        put_chat_clock(chat: &ChatKey, clock: u64) -> ();
        remove_events_up_to(number: u64) -> ();
    }
}

impl<S: Transaction> Transaction for WriteBack<S> {
    fn begin(&mut self) -> Result<()> {
        (self.written, self.batch_written) = (false, false);
        self.failed = None;
        self.store.begin()?;
        self.call = Call::Between;
        Ok(())
    }

    fn check_open(&self) -> Result<()> {
        match self.call {
            Call::NoBatch => Err(out_of_turn()),
            _ => self.store.check_open(),
        }
    }

    fn savepoint(&mut self) -> Result<()> {
        if self.call != Call::Between {
            return Err(out_of_turn());
        }
        self.batch_written |= self.written;
        self.written = false;
        self.call = Call::Begun;
        Ok(())
    }

    fn release(&mut self) -> Result<()> {
        match self.end_call()? {
            Call::Saved => self.store.release(),
            _ => {
                self.steps.keep();
                Ok(())
            }
        }
    }

    fn rollback(&mut self) -> Result<()> {
        let ended = self.end_call()?;
        drop(self.steps.undo());
        self.undo(self.written);
        match ended {
            Call::Saved => {
                self.steps.forget();
                self.store.rollback()
            }
            _ => Ok(()),
        }
    }

    fn has_changed(&mut self) -> Result<bool> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.write_steps()?;
        self.store.has_changed()
    }

    fn commit(&mut self) -> Result<()> {
        let committed = match self.failed.take() {
            Some(error) => Err(error),
            None if self.call != Call::Between => Err(out_of_turn()),
            None => self.write_steps().and_then(|()| self.store.commit()),
        };
        match &committed {
            Ok(()) => {
                self.call = Call::NoBatch;
                self.steps.make_room();
            }
            // The store below may still have the batch open. Whoever cannot be told that this fails, too, aborts once more.
            Err(_) => drop(self.abort()),
        }
        committed
    }

    fn abort(&mut self) -> Result<()> {
        self.call = Call::NoBatch;
        self.failed = None;
        self.steps.clear();
        self.forget();
        self.store.abort()
    }

    fn release_memory(&mut self) -> Result<()> {
        if self.call != Call::NoBatch {
            return Err(out_of_turn());
        }
        self.steps.clear();
        self.forget();
        self.store.release_memory()
    }

    fn take_spent(&mut self) -> Duration {
        self.store.take_spent()
    }
}

fn out_of_turn() -> StoreError {
    StoreError::Io("a call was begun or ended out of turn".to_owned())
}

#[cfg(test)]
mod tests {
    use crypto_core::{AssociatedData, EphemeralKey, MessageKey, SharedKeyPrefix, Suite};

    use super::{dirty::MAX_HELD, *};
    use crate::{
        model::{Handshake, PastKeys, Standing},
        store::{
            contract::{initiated, session},
            memory::MemoryStore,
        },
    };

    /// Begins a call in which two more messages are sent on each of these devices' sessions.
    fn send_on_each(store: &mut WriteBack<MemoryStore>, devices: &[Device], and_write: bool) {
        store.savepoint().unwrap();
        for device in devices.iter().chain(devices) {
            let found = store.active_session(&device.identity, &device.installation);
            let session = found.unwrap().unwrap();
            store
                .put_session(&Session {
                    sent: session.sent + 1,
                    ..session
                })
                .unwrap();
        }
        if and_write {
            store.put_chat_clock(&ChatKey::of("chat"), 1).unwrap();
        }
    }

    #[test]
    fn no_step_is_lost_of_as_many_sessions_as_are_held_and_of_more() {
        for count in [1, MAX_HELD, MAX_HELD + 3] {
            no_step_is_lost_of(count);
        }
    }

    fn no_step_is_lost_of(count: usize) {
        let mut store = WriteBack::new(MemoryStore::default());
        let made = session(1, Suite::X25519, Standing::Active);
        let devices: Vec<_> = (0..count)
            .map(|number| {
                let name = InstallationId::parse(&format!("x1-{number}")).unwrap();
                Device::met(made.peer, name, false, UnixMillis(1))
            })
            .collect();
        store.begin().unwrap();
        store.savepoint().unwrap();
        for (number, device) in devices.iter().enumerate() {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            let session = Session {
                id: SessionId::from_bytes(id),
                installation: Some(device.installation.clone()),
                ..made.duplicate()
            };
            store.put_session(&session).unwrap();
        }
        store.release().unwrap();
        store.commit().unwrap();

        // Whether the call that is kept and the one that is undone after it write anything else.
        let writes = [(false, false), (true, true), (false, true), (true, false)];
        for (sent, (first, second)) in (2..).step_by(2).zip(writes) {
            store.begin().unwrap();
            send_on_each(&mut store, &devices, first);
            store.release().unwrap();
            send_on_each(&mut store, &devices, second);
            store.rollback().unwrap();
            store.commit().unwrap();
            let sessions = store.inner().sessions(None).unwrap();
            assert_eq!(sessions.len(), devices.len());
            assert!(sessions.iter().all(|session| session.sent == sent));
        }
    }

    #[test]
    fn whatever_a_step_changes_reaches_the_store_below() {
        let mut store = WriteBack::new(MemoryStore::default());
        let made = Session {
            handshake: Handshake::Unconfirmed {
                order: Some(SharedKeyPrefix::from_stored([3; 8])),
                ephemeral: EphemeralKey::from_stored([2; 33]),
            },
            ..initiated(1, Suite::Secp256k1)
        };
        store.begin().unwrap();
        store.savepoint().unwrap();
        store.put_session(&made).unwrap();
        store.release().unwrap();
        store.commit().unwrap();

        let sealed = |session: &Session| {
            let ratchet = session.ratchet.duplicate();
            ratchet.seal(&AssociatedData::empty(), b"text").unwrap().0
        };
        let changes: [&dyn Fn(&mut Session); 7] = [
            &|session| session.ratchet = sealed(session),
            &|session| session.handshake = Handshake::Established,
            &|session| session.past_chains = PastKeys::from_bytes(&[1; 8]),
            &|session| session.ratchet = initiated(2, Suite::Secp256k1).ratchet,
            &|session| (session.sent, session.received, session.advances) = (5, 6, 7),
            &|session| session.last_sent_at = Some(UnixMillis(8)),
            &|session| session.last_received_at = Some(UnixMillis(9)),
        ];
        let facts =
            |session: &Session| format!("{session:?}{:?}", session.ratchet.to_bytes().as_slice());
        let installation = made.installation.as_ref().unwrap();
        for change in changes {
            store.begin().unwrap();
            store.savepoint().unwrap();
            let found = store.active_session(&made.peer, installation).unwrap();
            let mut session = found.unwrap();
            change(&mut session);
            store.put_session(&session).unwrap();
            store.release().unwrap();
            store.commit().unwrap();
            let kept = store.inner().session(&made.id).unwrap().unwrap();
            assert_eq!(facts(&kept), facts(&session));
        }
    }

    #[test]
    fn that_a_session_has_stored_no_keys_is_forgotten_with_the_first_and_with_what_is_undone() {
        let mut store = WriteBack::new(MemoryStore::default());
        let made = session(1, Suite::X25519, Standing::Active);
        let key = StoredKey {
            message: MessageId::from_bytes([7; 32]),
            session: made.id,
            key: MessageKey::from_stored([7; 32]),
            read_at: None,
        };
        let has = |store: &WriteBack<MemoryStore>| store.has_stored_keys(&made.id).unwrap();
        store.begin().unwrap();
        store.savepoint().unwrap();
        store.put_session(&made).unwrap();
        assert!(!has(&store));
        store.put_stored_key(&key).unwrap();
        assert!(has(&store));
        store.release().unwrap();
        type Change<'a> = &'a dyn Fn(&mut WriteBack<MemoryStore>);
        let erase: [Change<'_>; 3] = [
            &|store| store.remove_stored_key(&key.message).unwrap(),
            &|store| {
                assert!(
                    store
                        .drop_oldest_stored_keys(&made.id, 0, 0)
                        .unwrap()
                        .is_empty()
                )
            },
            &|store| assert!(store.remove_session(&made.id).unwrap().is_empty()),
        ];
        for erase in erase {
            store.savepoint().unwrap();
            erase(&mut store);
            assert!(!has(&store));
            store.rollback().unwrap();
            assert!(has(&store));
        }
    }

    #[test]
    fn a_store_that_remembers_keeps_the_contract() {
        crate::store::contract::run(|| WriteBack::new(MemoryStore::default()));
    }
}
