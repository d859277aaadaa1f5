//! Duplicates of tables and of records that have no `Clone`, because they hold secrets.

use std::collections::BTreeMap;

use crypto_core::{MessageKey, RatchetPreKeyPair, SignedPreKeyPair, Wiped};

use super::Tables;
use crate::model::{
    Gap, GroupKey, OwnKemPreKey, OwnPreKey, OwnRatchetPreKey, StoreError, StoredKey,
};

impl Tables {
    pub(super) fn duplicate(&self) -> Result<Self, StoreError> {
        Ok(Self {
            own_prekeys: duplicate_table(&self.own_prekeys, duplicate_own_prekey)?,
            own_bundle: self.own_bundle.clone(),
            peers: self.peers.clone(),
            negotiated: self.negotiated.clone(),
            contacts: self.contacts.clone(),
            devices: self.devices.clone(),
            installations: self.installations.clone(),
            active: self.active.clone(),
            sessions: duplicate_table(&self.sessions, |(age, session)| {
                Ok((*age, session.duplicate()))
            })?,
            stored_keys: duplicate_table(&self.stored_keys, |(age, key)| {
                Ok((*age, duplicate_stored_key(key)))
            })?,
            gaps: duplicate_table(&self.gaps, |(age, gap)| Ok((*age, duplicate_gap(gap))))?,
            confirmed: self.confirmed.clone(),
            first_messages: self.first_messages.clone(),
            replies: self.replies.clone(),
            clocks: self.clocks.clone(),
            groups: self.groups.clone(),
            group_entries: self.group_entries.clone(),
            forgotten_groups: self.forgotten_groups.clone(),
            group_keys: duplicate_table(&self.group_keys, |key| Ok(duplicate_group_key(key)))?,
            erased_group_keys: self.erased_group_keys.clone(),
            group_messages: self.group_messages.clone(),
            messages_of_group_key: self.messages_of_group_key.clone(),
            group_setters: self.group_setters.clone(),
            timekeeping: self.timekeeping.clone(),
            events: self.events.clone(),
            last_event: self.last_event.clone(),
            next_age: self.next_age,
        })
    }
}

fn duplicate_table<K: Ord + Clone, V>(
    table: &BTreeMap<K, V>,
    copy: impl Fn(&V) -> Result<V, StoreError>,
) -> Result<BTreeMap<K, V>, StoreError> {
    table
        .iter()
        .map(|(key, value)| Ok((key.clone(), copy(value)?)))
        .collect()
}

pub(super) fn duplicate_own_prekey(prekey: &OwnPreKey) -> Result<OwnPreKey, StoreError> {
    let signed =
        SignedPreKeyPair::from_stored(&prekey.signed.secret_bytes(), *prekey.signed.public())
            .map_err(|_| StoreError::Corrupt("a record in memory".to_owned()))?;
    let ratchet = prekey.ratchet.as_ref().map(|ratchet| OwnRatchetPreKey {
        pair: RatchetPreKeyPair::from_stored(&ratchet.pair.secret_bytes(), *ratchet.pair.public()),
        signature: ratchet.signature,
    });
    Ok(OwnPreKey {
        signed,
        ratchet,
        kem: prekey.kem.iter().map(OwnKemPreKey::duplicate).collect(),
        ..*prekey
    })
}

pub(super) fn duplicate_stored_key(key: &StoredKey) -> StoredKey {
    StoredKey {
        key: MessageKey::from_stored(*key.key.secret_bytes()),
        ..*key
    }
}

pub(super) fn duplicate_gap(gap: &Gap) -> Gap {
    Gap {
        keys: Wiped::new(gap.keys.to_vec()),
        ..*gap
    }
}

pub(super) fn duplicate_group_key(key: &GroupKey) -> GroupKey {
    GroupKey {
        group: key.group.clone(),
        key: Wiped::new(*key.key),
        ..*key
    }
}
