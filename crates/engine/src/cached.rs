//! A store that remembers what every message asks for and few change.
//!
//! The bundle we publish, the devices of an identity, and what is known of it are read again and again between two
//! changes. They are kept in memory as the store below has them: no secret is among them. Whatever was written is taken
//! over at once; when something that was written is undone, everything is forgotten.

use std::{cell::RefCell, collections::HashMap, hash::Hash};

use crypto_core::{IdentityKey, InstallationId, MessageId, SessionId, SignedPreKey};

use crate::{
    Contact, Counts, Device, Event, OwnBundle, OwnPreKey, Peer, RunningTime, Session, Store,
    StoreError, StoreRead, StoredKey, StoredReply, Transaction, UnixMillis,
};

type Result<T> = std::result::Result<T, StoreError>;

/// Records of a kind that are remembered, about 300 bytes each: four groups of the largest size. When there are more, all
/// are forgotten, so that no order of their use has to be kept.
const MAX_REMEMBERED: usize = 4096;

/// Another store, and what it was asked for of late.
#[derive(Debug)]
pub struct Cached<S> {
    store: S,
    kept: Kept,
    /// Whether the call that is open has written any of what is remembered.
    written: bool,
    /// Whether the batch has.
    batch_written: bool,
}

/// What the store below holds.
#[derive(Debug, Default)]
struct Kept {
    own_bundle: Remembered<(), Option<OwnBundle>>,
    own_prekeys_replaced: Remembered<SignedPreKey, Option<UnixMillis>>,
    peers: Remembered<IdentityKey, Option<Peer>>,
    contacts: Remembered<IdentityKey, Option<Contact>>,
    /// By installation id, as the store gives them.
    devices: Remembered<IdentityKey, Vec<Device>>,
}

/// Records of one kind.
#[derive(Debug)]
struct Remembered<K, V>(RefCell<HashMap<K, V>>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    /// What is remembered under this key, or what `read` finds.
    fn or_read(&self, key: K, read: impl FnOnce() -> Result<V>) -> Result<V> {
        if let Some(known) = self.0.borrow().get(&key) {
            return Ok(known.clone());
        }
        let found = read()?;
        let mut known = self.0.borrow_mut();
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(key, found.clone());
        Ok(found)
    }
}

impl<S> Cached<S> {
    /// Remembers nothing yet.
    pub fn new(store: S) -> Self {
        Self {
            store,
            kept: Kept::default(),
            written: false,
            batch_written: false,
        }
    }

    /// The store below. What is written past this one is not noticed.
    pub const fn inner(&mut self) -> &mut S {
        &mut self.store
    }

    /// Frees what is remembered.
    pub fn forget(&mut self) {
        self.kept = Kept::default();
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

/// Passes these on.
macro_rules! pass_on {
    (read $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&self, $($given: $type),*) -> Result<$found> {
            self.store.$name($($given),*)
        }
    )*};
    (write $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&mut self, $($given: $type),*) -> Result<$found> {
            self.store.$name($($given),*)
        }
    )*};
}

impl<S: StoreRead> StoreRead for Cached<S> {
    fn own_bundle(&self) -> Result<Option<OwnBundle>> {
        self.kept.own_bundle.or_read((), || self.store.own_bundle())
    }

    fn own_prekey_replaced_at(&self, key: &SignedPreKey) -> Result<Option<UnixMillis>> {
        let read = || self.store.own_prekey_replaced_at(key);
        self.kept.own_prekeys_replaced.or_read(*key, read)
    }

    fn peer(&self, identity: &IdentityKey) -> Result<Option<Peer>> {
        let read = || self.store.peer(identity);
        self.kept.peers.or_read(*identity, read)
    }

    fn contact(&self, identity: &IdentityKey) -> Result<Option<Contact>> {
        let read = || self.store.contact(identity);
        self.kept.contacts.or_read(*identity, read)
    }

    fn devices(&self, identity: &IdentityKey) -> Result<Vec<Device>> {
        let read = || self.store.devices(identity);
        self.kept.devices.or_read(*identity, read)
    }

    fn device(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Device>> {
        let devices = self.devices(identity)?;
        Ok(devices
            .into_iter()
            .find(|device| device.installation == *installation))
    }

    pass_on! { read
        own_prekey(key: &SignedPreKey) -> Option<OwnPreKey>;
        current_own_prekey() -> Option<OwnPreKey>;
        replaced_own_prekeys() -> Vec<(SignedPreKey, UnixMillis)>;
        contacts() -> Vec<Contact>;
        omitted_devices() -> Vec<Device>;
        session(id: &SessionId) -> Option<Session>;
        active_session(identity: &IdentityKey, installation: &InstallationId) -> Option<Session>;
        sessions_on_prekey(identity: &IdentityKey, prekey: &SignedPreKey) -> Vec<Session>;
        sessions(identity: Option<&IdentityKey>) -> Vec<Session>;
        unexpired_on_own_prekey(prekey: &SignedPreKey, limit: usize) -> Vec<Session>;
        unexpired_sessions(limit: usize) -> Vec<Session>;
        sessions_ended_by(cutoff: UnixMillis, limit: usize) -> Vec<Session>;
        session_count(identity: &IdentityKey) -> usize;
        stored_key_count(session: &SessionId) -> u64;
        stored_key(message: &MessageId) -> Option<StoredKey>;
        first_message_seen(id: &SessionId) -> bool;
        first_message_count(identity: &IdentityKey, prekey: &SignedPreKey) -> u32;
        reply(request_id: &str) -> Option<StoredReply>;
        running_time() -> RunningTime;
        events(limit: usize) -> Vec<(u64, Event)>;
        counts() -> Counts;
    }
}

impl<S: Store> Store for Cached<S> {
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<()> {
        self.write().own_prekeys_replaced.0.get_mut().clear();
        self.store.put_own_prekey(prekey)
    }

    fn remove_own_prekey(&mut self, key: &SignedPreKey) -> Result<()> {
        self.write().own_prekeys_replaced.0.get_mut().clear();
        self.store.remove_own_prekey(key)
    }

    fn put_own_bundle(&mut self, bundle: &OwnBundle) -> Result<()> {
        self.write().own_bundle.0.get_mut().clear();
        self.store.put_own_bundle(bundle)
    }

    fn put_peer(&mut self, peer: &Peer) -> Result<()> {
        self.write().peers.0.get_mut().remove(&peer.identity);
        self.store.put_peer(peer)
    }

    fn put_contact(&mut self, contact: &Contact) -> Result<()> {
        let contacts = self.write().contacts.0.get_mut();
        contacts.remove(&contact.identity);
        self.store.put_contact(contact)
    }

    /// Every message that is read writes one: the others of its identity stay remembered.
    fn put_device(&mut self, device: &Device) -> Result<()> {
        let known = self.write().devices.0.get_mut().remove(&device.identity);
        self.store.put_device(device)?;
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
        self.store.remove_device(identity, installation)
    }

    pass_on! { write
        put_session(session: &Session) -> ();
        remove_session(id: &SessionId) -> Vec<MessageId>;
        put_stored_key(key: &StoredKey) -> ();
        remove_stored_key(message: &MessageId) -> ();
        drop_oldest_stored_keys(session: &SessionId, keep: u32) -> Vec<MessageId>;
        drop_keys_read_before(cutoff: RunningTime) -> Vec<MessageId>;
        put_first_message(identity: &IdentityKey, prekey: &SignedPreKey, id: &SessionId) -> ();
        put_reply(request_id: &str, reply: &StoredReply) -> ();
        remove_replies_before(cutoff: UnixMillis) -> ();
        put_running_time(time: RunningTime) -> ();
        append_event(event: &Event) -> ();
        remove_events_up_to(number: u64) -> ();
    }
}

impl<S: Transaction> Transaction for Cached<S> {
    fn begin(&mut self) -> Result<()> {
        (self.written, self.batch_written) = (false, false);
        self.store.begin()
    }

    fn savepoint(&mut self) -> Result<()> {
        self.batch_written |= self.written;
        self.written = false;
        self.store.savepoint()
    }

    fn release(&mut self) -> Result<()> {
        self.store.release()
    }

    fn rollback(&mut self) -> Result<()> {
        self.undo(self.written);
        self.store.rollback()
    }

    fn commit(&mut self) -> Result<()> {
        let committed = self.store.commit();
        self.undo(committed.is_err());
        committed
    }

    fn abort(&mut self) -> Result<()> {
        self.undo(self.written || self.batch_written);
        self.store.abort()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    #[test]
    fn a_store_that_remembers_keeps_the_contract() {
        crate::store_contract::run(|| Cached::new(MemoryStore::default()));
    }
}
