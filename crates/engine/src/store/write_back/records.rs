//! The records of a [`WriteBack`]: what is read from the cache, and which writes are held back.

use std::sync::Arc;

use crypto_core::{
    GroupEventId, GroupKeyId, HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey,
    SessionId, SignedPreKey,
};

use super::{BatchState, Result, WriteBack};
use crate::{
    model::{
        ChatKey, ConfirmedMessages, Contact, Correspondent, Counts, Device, DeviceName, Event,
        ForgottenGroup, Gap, GroupEntry, GroupId, GroupKey, GroupMessage, GroupRecord,
        NegotiatedTopic, OwnBundle, OwnPreKey, Peer, RunningTime, Session, StoredAnswer, StoredKey,
        SweepDates, Timekeeping, UnixMillis,
    },
    store::{Store, StoreRead, Transaction},
};

impl<S: StoreRead> WriteBack<S> {
    fn read_devices(&self, identity: &IdentityKey) -> Result<Vec<Device>> {
        Ok(self.dirty.devices_up_to_date(self.store.devices(identity)?))
    }
}

/// Methods that pass a call on to the underlying store.
macro_rules! delegate {
    (read $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&self, $($given: $type),*) -> Result<$found> {
            self.store.$name($($given),*)
        }
    )*};
    (write $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&mut self, $($given: $type),*) -> Result<$found> {
            self.flushed()?.$name($($given),*)
        }
    )*};
    (cached $($name:ident($($given:ident: $type:ty),*) -> $found:ty;)*) => {$(
        fn $name(&mut self, $($given: $type),*) -> Result<$found> {
            self.cache_for_write();
            self.flushed()?.$name($($given),*)
        }
    )*};
    (sessions $($name:ident($($given:ident: $type:ty),*);)*) => {$(
        fn $name(&self, $($given: $type),*) -> Result<Vec<Session>> {
            Ok(self.dirty.up_to_date(self.store.$name($($given),*)?))
        }
    )*};
}

impl<S: StoreRead> StoreRead for WriteBack<S> {
    fn own_bundle(&self) -> Result<Option<OwnBundle>> {
        self.cache
            .own_bundle
            .or_read((), || self.store.own_bundle())
    }

    fn timekeeping(&self) -> Result<Timekeeping> {
        self.cache
            .timekeeping
            .or_read((), || self.store.timekeeping())
    }

    fn own_prekey_replaced_at(&self, key: &SignedPreKey) -> Result<Option<UnixMillis>> {
        let read = || self.store.own_prekey_replaced_at(key);
        self.cache.own_prekeys_replaced.or_read(*key, read)
    }

    fn peer(&self, identity: &IdentityKey) -> Result<Option<Peer>> {
        let read = || self.store.peer(identity);
        self.cache.peers.or_read(*identity, read)
    }

    fn negotiated(&self, identity: &IdentityKey) -> Result<Option<Arc<NegotiatedTopic>>> {
        let read = || self.store.negotiated(identity);
        self.cache.negotiated.or_read(*identity, read)
    }

    fn contact(&self, identity: &IdentityKey) -> Result<Option<Contact>> {
        let read = || self.store.contact(identity);
        self.cache.contacts.or_read(*identity, read)
    }

    fn devices(&self, identity: &IdentityKey) -> Result<Vec<Device>> {
        let read = || self.read_devices(identity);
        self.cache.devices.or_read(*identity, read)
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
        self.cache.devices.part_or_read(*identity, read, this)
    }

    fn omitted_devices(&self) -> Result<Vec<Device>> {
        Ok(self.dirty.devices_up_to_date(self.store.omitted_devices()?))
    }

    fn devices_after(&self, after: Option<&DeviceName>, limit: usize) -> Result<Vec<Device>> {
        let found = self.store.devices_after(after, limit)?;
        Ok(self.dirty.devices_up_to_date(found))
    }

    fn session(&self, id: &SessionId) -> Result<Option<Session>> {
        if let Some(held) = self.dirty.session(id) {
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
        if let Some(held) = self.dirty.active(&device) {
            return Ok(Some(held));
        }
        let found = self.store.active_session(identity, installation)?;
        let found = self.dirty.up_to_date(found.into_iter().collect()).pop();
        if let Some(session) = &found {
            self.dirty.hold_active(device, session);
        }
        Ok(found)
    }

    fn sessions_on_prekey(
        &self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
    ) -> Result<Vec<Session>> {
        let key = (*identity, *prekey);
        if let Some(held) = self.dirty.on_prekey(&key) {
            return Ok(held);
        }
        let found = self.store.sessions_on_prekey(identity, prekey)?;
        let found = self.dirty.up_to_date(found);
        self.dirty.hold_on_prekey(key, &found);
        Ok(found)
    }

    fn has_stored_keys(&self, session: &SessionId) -> Result<bool> {
        if self.cache.without_keys.0.borrow().contains_key(session) {
            return Ok(false);
        }
        let has = self.store.has_stored_keys(session)?;
        if !has {
            self.cache.without_keys.insert(*session, ());
        }
        Ok(has)
    }

    delegate! { sessions
        sessions(identity: Option<&IdentityKey>);
        unexpired_on_own_prekey(prekey: &SignedPreKey, limit: usize);
        unexpired_sessions(limit: usize);
        sessions_ended_by(cutoff: UnixMillis, limit: usize);
        sessions_ended_after(moment: UnixMillis, limit: usize);
    }

    delegate! { read
        own_prekey(key: &SignedPreKey) -> Option<OwnPreKey>;
        current_own_prekey() -> Option<OwnPreKey>;
        replaced_own_prekeys() -> Vec<(SignedPreKey, UnixMillis)>;
        contacts() -> Vec<Contact>;
        correspondents(limit: usize) -> Vec<Correspondent>;
        listened_after(after: Option<&IdentityKey>, limit: usize) -> Vec<Correspondent>;
        listened_for_replies() -> u64;
        session_count(identity: &IdentityKey) -> usize;
        stored_key_count(session: &SessionId) -> u64;
        stored_key(message: &MessageId) -> Option<StoredKey>;
        skipped_key(session: &SessionId, chain: &HeaderKey, n: u32) -> Option<MessageKey>;
        gaps(session: &SessionId) -> Vec<Gap>;
        confirmed_messages(session: &SessionId) -> ConfirmedMessages;
        first_message_seen(id: &SessionId) -> bool;
        first_message_count(identity: &IdentityKey, prekey: &SignedPreKey) -> u32;
        stored_answer(request_id: &str) -> Option<StoredAnswer>;
        chat_clock(chat: &ChatKey) -> Option<u64>;
        chat_clock_count() -> u64;
        group(group: &GroupId) -> Option<GroupRecord>;
        groups() -> Vec<GroupRecord>;
        group_counts() -> (u64, u64);
        group_log(group: &GroupId) -> Vec<GroupEntry>;
        group_entry(group: &GroupId, id: &GroupEventId) -> Option<GroupEntry>;
        forgotten_group(group: &GroupId) -> Option<ForgottenGroup>;
        group_key(group: &GroupId, id: &GroupKeyId) -> Option<GroupKey>;
        group_keys(group: &GroupId) -> Vec<GroupKey>;
        groups_with_keys(after: Option<&GroupId>, limit: usize) -> Vec<GroupId>;
        group_keys_replaced_by(cutoff: UnixMillis, limit: usize) -> Vec<GroupKey>;
        group_keys_replaced_after(moment: UnixMillis, limit: usize) -> Vec<GroupKey>;
        erased_group_keys(group: &GroupId) -> Option<u64>;
        group_message(message: &MessageId) -> Option<GroupMessage>;
        group_setters(group: &GroupId) -> Vec<IdentityKey>;
        events(limit: usize) -> Vec<(u64, Event)>;
        sweep_dates(own: &IdentityKey) -> SweepDates;
        counts() -> Counts;
    }
}

impl<S: Transaction> Store for WriteBack<S> {
    fn put_own_prekey(&mut self, prekey: &OwnPreKey) -> Result<()> {
        self.cache_for_write()
            .own_prekeys_replaced
            .0
            .get_mut()
            .clear();
        self.flushed()?.put_own_prekey(prekey)
    }

    fn remove_own_prekey(&mut self, key: &SignedPreKey) -> Result<()> {
        self.cache_for_write()
            .own_prekeys_replaced
            .0
            .get_mut()
            .clear();
        self.flushed()?.remove_own_prekey(key)
    }

    fn put_own_bundle(&mut self, bundle: &OwnBundle) -> Result<()> {
        self.cache_for_write().own_bundle.0.get_mut().clear();
        self.flushed()?.put_own_bundle(bundle)
    }

    fn put_timekeeping(&mut self, time: &Timekeeping) -> Result<()> {
        self.cache_for_write().timekeeping.0.get_mut().clear();
        self.flushed()?.put_timekeeping(time)
    }

    fn put_peer(&mut self, peer: &Peer) -> Result<()> {
        self.cache_for_write()
            .peers
            .0
            .get_mut()
            .remove(&peer.identity);
        self.flushed()?.put_peer(peer)
    }

    fn put_negotiated(
        &mut self,
        identity: &IdentityKey,
        shared: &Arc<NegotiatedTopic>,
    ) -> Result<()> {
        self.cache_for_write()
            .negotiated
            .0
            .get_mut()
            .remove(identity);
        self.flushed()?.put_negotiated(identity, shared)
    }

    fn put_contact(&mut self, contact: &Contact) -> Result<()> {
        let contacts = self.cache_for_write().contacts.0.get_mut();
        contacts.remove(&contact.identity);
        self.flushed()?.put_contact(contact)
    }

    /// Every message that is read writes one, so the other devices of its identity stay cached.
    fn put_device(&mut self, device: &Device) -> Result<()> {
        let is_held_back = self.state == BatchState::Begun && self.is_known(device);
        let known = self
            .cache_for_write()
            .devices
            .0
            .get_mut()
            .remove(&device.identity);
        if is_held_back {
            self.dirty.update_device(device);
        } else {
            self.flushed()?.put_device(device)?;
        }
        if let Some(mut devices) = known {
            devices.retain(|known| known.installation != device.installation);
            let before = devices.partition_point(|known| known.installation < device.installation);
            devices.insert(before, device.clone());
            let remembered = self.cache.devices.0.get_mut();
            remembered.insert(device.identity, devices);
        }
        Ok(())
    }

    fn remove_device(
        &mut self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<()> {
        self.cache_for_write().devices.0.get_mut().remove(identity);
        self.flushed()?.remove_device(identity, installation)
    }

    fn put_session(&mut self, session: &Session) -> Result<()> {
        if self.state == BatchState::Begun && self.dirty.update_session(session) {
            return Ok(());
        }
        self.flushed()?.put_session(session)?;
        self.dirty.drop_clean();
        Ok(())
    }

    /// Nothing above this store calls it: progress is told from other changes here.
    fn put_session_progress(&mut self, session: &Session) -> Result<()> {
        self.flushed()?.put_session_progress(session)?;
        self.dirty.drop_clean();
        Ok(())
    }

    fn put_stored_key(&mut self, key: &StoredKey) -> Result<()> {
        let without = self.cache_for_write().without_keys.0.get_mut();
        without.remove(&key.session);
        self.flushed()?.put_stored_key(key)
    }

    fn put_gap(&mut self, gap: &Gap) -> Result<()> {
        let without = self.cache_for_write().without_keys.0.get_mut();
        without.remove(&gap.session);
        self.flushed()?.put_gap(gap)
    }

    fn remove_session(&mut self, id: &SessionId) -> Result<Vec<MessageId>> {
        self.cache_for_write();
        let unconfirmed = self.flushed()?.remove_session(id)?;
        self.dirty.drop_clean();
        Ok(unconfirmed)
    }

    // A rollback can bring erased keys back, and must then clear `without_keys`.
    delegate! { cached
        remove_stored_key(message: &MessageId) -> ();
        erase_skipped_key(session: &SessionId, chain: &HeaderKey, n: u32) -> ();
        drop_oldest_stored_keys(session: &SessionId, keep: u32, places: u32) -> Vec<MessageId>;
        drop_oldest_unanswered(peer: Option<&IdentityKey>, gaps: u32, places: u32) -> ();
        drop_keys_read_before(cutoff: RunningTime) -> Vec<MessageId>;
    }

    fn append_event(&mut self, event: &Event) -> Result<()> {
        self.event_appended = true;
        self.flushed()?.append_event(event)
    }

    delegate! { write
        put_confirmed_messages(session: &SessionId, confirmed: &ConfirmedMessages) -> ();
        put_first_message(identity: &IdentityKey, prekey: &SignedPreKey, id: &SessionId) -> ();
        put_stored_answer(request_id: &str, reply: &StoredAnswer) -> ();
        remove_stored_answers_before(cutoff: RunningTime) -> ();
        put_chat_clock(chat: &ChatKey, clock: u64) -> ();
        put_group(group: &GroupRecord) -> ();
        remove_group(group: &GroupId) -> ();
        put_group_entry(group: &GroupId, entry: &GroupEntry) -> ();
        remove_group_entry(group: &GroupId, id: &GroupEventId) -> ();
        put_forgotten_group(forgotten: &ForgottenGroup) -> ();
        remove_forgotten_group(group: &GroupId) -> ();
        keep_forgotten_groups(limit: usize) -> ();
        put_group_key(key: &GroupKey) -> ();
        remove_group_key(group: &GroupId, id: &GroupKeyId) -> ();
        put_group_message(message: &GroupMessage, keep: u32) -> ();
        put_group_setters(group: &GroupId, setters: &[IdentityKey]) -> ();
        remove_events_up_to(number: u64) -> ();
    }
}
