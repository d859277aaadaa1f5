//! Reads of the store in memory.

use std::{ops::Bound, sync::Arc};

use crypto_core::{
    GroupEventId, GroupKeyId, HeaderKey, IdentityKey, InstallationId, MessageId, MessageKey,
    SessionId, SignedPreKey,
};

use super::{
    MemoryStore,
    duplicate::{duplicate_gap, duplicate_group_key, duplicate_own_prekey, duplicate_stored_key},
};
use crate::{
    model::{
        ChatKey, ConfirmedMessages, Contact, Correspondent, Counts, Device, DeviceName, Event,
        ForgottenGroup, Gap, GroupEntry, GroupId, GroupKey, GroupMessage, GroupRecord,
        NegotiatedTopic, OwnBundle, OwnPreKey, Peer, Role, Session, Standing, StoreError,
        StoredAnswer, StoredKey, SweepDates, Timekeeping, UnixMillis,
    },
    store::StoreRead,
};

impl MemoryStore {
    fn correspondent(&self, peer: &Peer) -> Correspondent {
        Correspondent {
            identity: peer.identity,
            shared: self.tables.negotiated.get(&peer.identity).cloned(),
        }
    }
}

impl StoreRead for MemoryStore {
    fn own_prekey(&self, key: &SignedPreKey) -> Result<Option<OwnPreKey>, StoreError> {
        let found = self.tables.own_prekeys.get(key);
        found.map(duplicate_own_prekey).transpose()
    }

    fn own_prekey_replaced_at(&self, key: &SignedPreKey) -> Result<Option<UnixMillis>, StoreError> {
        let found = self.tables.own_prekeys.get(key);
        Ok(found.and_then(|prekey| prekey.replaced_at))
    }

    fn current_own_prekey(&self) -> Result<Option<OwnPreKey>, StoreError> {
        let current = self
            .tables
            .own_prekeys
            .values()
            .filter(|prekey| prekey.replaced_at.is_none())
            .max_by_key(|prekey| prekey.version);
        current.map(duplicate_own_prekey).transpose()
    }

    fn replaced_own_prekeys(&self) -> Result<Vec<(SignedPreKey, UnixMillis)>, StoreError> {
        let prekeys = self.tables.own_prekeys.iter();
        Ok(prekeys
            .filter_map(|(key, prekey)| Some((*key, prekey.replaced_at?)))
            .collect())
    }

    fn own_bundle(&self) -> Result<Option<OwnBundle>, StoreError> {
        Ok(self.tables.own_bundle.get(&()).cloned())
    }

    fn peer(&self, identity: &IdentityKey) -> Result<Option<Peer>, StoreError> {
        Ok(self.tables.peers.get(identity).cloned())
    }

    fn correspondents(&self, limit: usize) -> Result<Vec<Correspondent>, StoreError> {
        let peers = self.tables.peers.values();
        let mut written_to: Vec<_> = peers.filter(|peer| peer.written_at.is_some()).collect();
        written_to.sort_by_key(|peer| (std::cmp::Reverse(peer.written_at), peer.identity));
        let correspondents = written_to.into_iter().map(|peer| self.correspondent(peer));
        Ok(correspondents.take(limit).collect())
    }

    fn listened_after(
        &self,
        after: Option<&IdentityKey>,
        limit: usize,
    ) -> Result<Vec<Correspondent>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(*after));
        let peers = self.tables.peers.range((from, Bound::Unbounded));
        Ok(peers
            .filter(|(_, peer)| peer.listened)
            .take(limit)
            .map(|(_, peer)| self.correspondent(peer))
            .collect())
    }

    fn listened_for_replies(&self) -> Result<u64, StoreError> {
        let peers = self.tables.peers.values();
        let replied = peers.filter(|peer| peer.listened && peer.written_at.is_none());
        Ok(replied.count() as u64)
    }

    fn negotiated(
        &self,
        identity: &IdentityKey,
    ) -> Result<Option<Arc<NegotiatedTopic>>, StoreError> {
        Ok(self.tables.negotiated.get(identity).cloned())
    }

    fn contact(&self, identity: &IdentityKey) -> Result<Option<Contact>, StoreError> {
        Ok(self.tables.contacts.get(identity).copied())
    }

    fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        Ok(self.tables.contacts.values().copied().collect())
    }

    fn devices(&self, identity: &IdentityKey) -> Result<Vec<Device>, StoreError> {
        let known = self.installations(identity).into_iter();
        Ok(known
            .filter_map(|id| self.tables.devices.get(&(*identity, id)).cloned())
            .collect())
    }

    fn devices_after(
        &self,
        after: Option<&DeviceName>,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |name| {
            Bound::Excluded((name.identity, name.installation.clone()))
        });
        let devices = self.tables.devices.range((from, Bound::Unbounded));
        Ok(devices
            .take(limit)
            .map(|(_, device)| device.clone())
            .collect())
    }

    fn omitted_devices(&self) -> Result<Vec<Device>, StoreError> {
        let devices = self.tables.devices.values();
        Ok(devices
            .filter(|device| device.omitted_since.is_some())
            .cloned()
            .collect())
    }

    fn device(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Device>, StoreError> {
        let key = (*identity, installation.clone());
        Ok(self.tables.devices.get(&key).cloned())
    }

    fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let found = self.tables.sessions.get(id);
        Ok(found.map(|(_, session)| session.duplicate()))
    }

    fn active_session(
        &self,
        identity: &IdentityKey,
        installation: &InstallationId,
    ) -> Result<Option<Session>, StoreError> {
        let device = (*identity, installation.clone());
        let active = self.tables.active.get(&device);
        active.map_or(Ok(None), |id| self.session(id))
    }

    fn sessions_on_prekey(
        &self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
    ) -> Result<Vec<Session>, StoreError> {
        Ok(self.sessions_where(|session| {
            session.peer == *identity && session.signed_pre_key == *prekey
        }))
    }

    fn sessions(&self, identity: Option<&IdentityKey>) -> Result<Vec<Session>, StoreError> {
        let wanted = |session: &Session| identity.is_none_or(|identity| session.peer == *identity);
        Ok(self.sessions_where(wanted))
    }

    fn unexpired_on_own_prekey(
        &self,
        prekey: &SignedPreKey,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let found = self.sessions_where(|session| {
            session.role == Role::Responder
                && session.signed_pre_key == *prekey
                && !matches!(session.standing, Standing::Expired { .. })
        });
        Ok(first(found, limit))
    }

    fn unexpired_sessions(&self, limit: usize) -> Result<Vec<Session>, StoreError> {
        let found =
            self.sessions_where(|session| !matches!(session.standing, Standing::Expired { .. }));
        Ok(first(found, limit))
    }

    fn sessions_ended_by(
        &self,
        cutoff: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let found = self.sessions_where(|session| match session.standing {
            Standing::Active => false,
            Standing::Superseded { since } | Standing::Expired { since } => since <= cutoff,
        });
        Ok(first(found, limit))
    }

    fn sessions_ended_after(
        &self,
        moment: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let found = self.sessions_where(|session| match session.standing {
            Standing::Active => false,
            Standing::Superseded { since } | Standing::Expired { since } => since > moment,
        });
        Ok(first(found, limit))
    }

    fn session_count(&self, identity: &IdentityKey) -> Result<usize, StoreError> {
        let sessions = self.tables.sessions.values();
        Ok(sessions
            .filter(|(_, session)| session.peer == *identity)
            .count())
    }

    fn stored_key_count(&self, session: &SessionId) -> Result<u64, StoreError> {
        let held = self.gaps_of(session).into_iter();
        let held = held.map(|(_, gap)| u64::from(gap.held())).sum::<u64>();
        Ok(self.keys_of(session).len() as u64 + held)
    }

    fn has_stored_keys(&self, session: &SessionId) -> Result<bool, StoreError> {
        Ok(!self.keys_of(session).is_empty() || !self.gaps_of(session).is_empty())
    }

    fn stored_key(&self, message: &MessageId) -> Result<Option<StoredKey>, StoreError> {
        let found = self.tables.stored_keys.get(message);
        Ok(found.map(|(_, key)| duplicate_stored_key(key)))
    }

    fn skipped_key(
        &self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Result<Option<MessageKey>, StoreError> {
        let gap = self.gap_of(session, chain, n);
        Ok(gap.and_then(|(_, gap)| duplicate_gap(gap).take(n)))
    }

    fn gaps(&self, session: &SessionId) -> Result<Vec<Gap>, StoreError> {
        let gaps = self.gaps_of(session).into_iter();
        Ok(gaps.map(|(_, gap)| duplicate_gap(gap)).collect())
    }

    fn confirmed_messages(&self, session: &SessionId) -> Result<ConfirmedMessages, StoreError> {
        let confirmed = self.tables.confirmed.get(session);
        Ok(confirmed.cloned().unwrap_or_default())
    }

    fn first_message_seen(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(self.tables.first_messages.contains_key(id))
    }

    fn first_message_count(
        &self,
        identity: &IdentityKey,
        prekey: &SignedPreKey,
    ) -> Result<u32, StoreError> {
        let known = self.tables.first_messages.values();
        let count = known
            .filter(|(of, on)| of == identity && on == prekey)
            .count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn stored_answer(&self, request_id: &str) -> Result<Option<StoredAnswer>, StoreError> {
        Ok(self.tables.replies.get(request_id).cloned())
    }

    fn chat_clock(&self, chat: &ChatKey) -> Result<Option<u64>, StoreError> {
        Ok(self.tables.clocks.get(chat).copied())
    }

    fn chat_clock_count(&self) -> Result<u64, StoreError> {
        Ok(self.tables.clocks.len() as u64)
    }

    fn group(&self, group: &GroupId) -> Result<Option<GroupRecord>, StoreError> {
        Ok(self.tables.groups.get(group).cloned())
    }

    fn groups(&self) -> Result<Vec<GroupRecord>, StoreError> {
        Ok(self.groups_by_age())
    }

    fn group_counts(&self) -> Result<(u64, u64), StoreError> {
        let groups = self.tables.groups.values();
        let not_accepted = groups.filter(|group| !group.accepted).count();
        Ok((self.tables.groups.len() as u64, not_accepted as u64))
    }

    fn group_log(&self, group: &GroupId) -> Result<Vec<GroupEntry>, StoreError> {
        Ok(self.log_of(group))
    }

    fn group_entry(
        &self,
        group: &GroupId,
        id: &GroupEventId,
    ) -> Result<Option<GroupEntry>, StoreError> {
        let name = (group.clone(), *id);
        Ok(self.tables.group_entries.get(&name).cloned())
    }

    fn forgotten_group(&self, group: &GroupId) -> Result<Option<ForgottenGroup>, StoreError> {
        Ok(self.tables.forgotten_groups.get(group).cloned())
    }

    fn group_key(&self, group: &GroupId, id: &GroupKeyId) -> Result<Option<GroupKey>, StoreError> {
        let name = (group.clone(), *id);
        Ok(self.tables.group_keys.get(&name).map(duplicate_group_key))
    }

    fn group_keys(&self, group: &GroupId) -> Result<Vec<GroupKey>, StoreError> {
        Ok(self.group_keys_where(|key| key.group == *group))
    }

    fn groups_with_keys(
        &self,
        after: Option<&GroupId>,
        limit: usize,
    ) -> Result<Vec<GroupId>, StoreError> {
        let names = self.tables.group_keys.keys();
        let mut groups: Vec<_> = names.map(|(group, _)| group.clone()).collect();
        groups.dedup();
        groups.retain(|group| after.is_none_or(|after| group > after));
        groups.truncate(limit);
        Ok(groups)
    }

    fn group_keys_replaced_by(
        &self,
        cutoff: UnixMillis,
        limit: usize,
    ) -> Result<Vec<GroupKey>, StoreError> {
        let replaced = |key: &GroupKey| key.replaced_at.is_some_and(|at| at <= cutoff);
        Ok(first(self.group_keys_where(replaced), limit))
    }

    fn group_keys_replaced_after(
        &self,
        moment: UnixMillis,
        limit: usize,
    ) -> Result<Vec<GroupKey>, StoreError> {
        let replaced = |key: &GroupKey| key.replaced_at.is_some_and(|at| at > moment);
        Ok(first(self.group_keys_where(replaced), limit))
    }

    fn erased_group_keys(&self, group: &GroupId) -> Result<Option<u64>, StoreError> {
        Ok(self.tables.erased_group_keys.get(group).copied())
    }

    fn group_message(&self, message: &MessageId) -> Result<Option<GroupMessage>, StoreError> {
        let found = self.tables.group_messages.get(message);
        Ok(found.map(|(_, message)| message.clone()))
    }

    fn group_setters(&self, group: &GroupId) -> Result<Vec<IdentityKey>, StoreError> {
        let setters = self.tables.group_setters.get(group);
        Ok(setters.into_iter().flatten().copied().collect())
    }

    fn timekeeping(&self) -> Result<Timekeeping, StoreError> {
        let time = self.tables.timekeeping.get(&());
        Ok(time.copied().unwrap_or_default())
    }

    fn sweep_dates(&self, own: &IdentityKey) -> Result<SweepDates, StoreError> {
        let (sessions, prekeys) = (&self.tables.sessions, &self.tables.own_prekeys);
        let ended = |(_, session): &(u64, Session)| match session.standing {
            Standing::Active => None,
            Standing::Superseded { since } | Standing::Expired { since } => Some(since),
        };
        let replaced = prekeys.values().filter_map(|prekey| prekey.replaced_at);
        let group_keys = self.tables.group_keys.values();
        let replaced = replaced.chain(group_keys.filter_map(|key| key.replaced_at));
        let ends = sessions.values().filter_map(ended).chain(replaced);
        let devices = self.tables.devices.values();
        let timers = devices.clone().filter_map(|device| device.omitted_since);
        let untold = devices.filter(|device| !device.stale_told && device.identity != *own);
        let stored_keys = self.tables.stored_keys.values();
        let answers = self.tables.replies.values();
        let is_overdue = |(_, session): &(u64, Session)| {
            let prekey = prekeys.get(&session.signed_pre_key);
            session.role == Role::Responder
                && !matches!(session.standing, Standing::Expired { .. })
                && prekey.is_some_and(|prekey| prekey.replaced_at.is_some())
        };
        Ok(SweepDates {
            first_end: ends.clone().min(),
            last_end: ends.chain(timers).max(),
            first_omission: untold.filter_map(|device| device.omitted_since).min(),
            first_unconfirmed: stored_keys.filter_map(|(_, key)| key.read_at).min(),
            first_answer: answers.map(|answer| answer.at).min(),
            expiry_unrecorded: sessions.values().any(is_overdue),
        })
    }

    fn events(&self, limit: usize) -> Result<Vec<(u64, Event)>, StoreError> {
        let events = self.tables.events.iter().take(limit);
        Ok(events
            .map(|(number, event)| (*number, event.clone()))
            .collect())
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        let gaps = self.tables.gaps.values();
        let held = gaps.map(|(_, gap)| u64::from(gap.held())).sum::<u64>();
        Ok(Counts {
            peers: self.tables.peers.len() as u64,
            devices: self.tables.devices.len() as u64,
            sessions: self.tables.sessions.len() as u64,
            stored_keys: self.tables.stored_keys.len() as u64 + held,
        })
    }
}

fn first<T>(mut found: Vec<T>, limit: usize) -> Vec<T> {
    found.truncate(limit);
    found
}
