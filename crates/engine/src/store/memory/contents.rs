//! The whole contents of a store in memory, for comparisons.

use std::sync::Arc;

use super::{MemoryStore, Tables};
use crate::model::{
    ChatKey, Gap, GroupKey, Handshake, NegotiatedTopic, OwnPreKey, Session, StoredKey,
};

impl MemoryStore {
    /// Every record with all its bytes, secrets included: two stores hold the same records if these
    /// are equal. The counter of ages is left out, because it is no record, and so are the indexes,
    /// which follow from the records.
    #[must_use]
    pub fn contents(&self) -> Vec<String> {
        let Tables {
            own_prekeys,
            own_bundle,
            peers,
            negotiated,
            contacts,
            devices,
            installations: _,
            sessions,
            active: _,
            stored_keys,
            gaps,
            confirmed,
            first_messages,
            replies,
            clocks,
            groups,
            group_entries,
            forgotten_groups,
            group_keys,
            erased_group_keys,
            group_messages,
            messages_of_group_key: _,
            group_setters,
            timekeeping,
            events,
            last_event,
            next_age: _,
        } = &self.tables;
        let mut records = vec![format!("{own_bundle:?}{timekeeping:?}{last_event:?}")];
        records.extend(own_prekeys.values().map(own_prekey));
        records.extend(peers.values().map(|peer| format!("{peer:?}")));
        let shared = |(identity, shared): (&_, &Arc<NegotiatedTopic>)| {
            format!("{identity:?}{:?}", *shared.to_bytes())
        };
        records.extend(negotiated.iter().map(shared));
        records.extend(contacts.values().map(|contact| format!("{contact:?}")));
        records.extend(devices.values().map(|device| format!("{device:?}")));
        records.extend(sessions.values().map(|(age, of)| session(*age, of)));
        records.extend(stored_keys.values().map(|(age, of)| stored_key(*age, of)));
        records.extend(gaps.values().map(|(age, of)| gap(*age, of)));
        records.extend(confirmed.iter().map(|confirmed| format!("{confirmed:?}")));
        records.extend(first_messages.iter().map(|seen| format!("{seen:?}")));
        records.extend(replies.iter().map(|reply| format!("{reply:?}")));
        // The `Debug` output of chat keys does not show them.
        let clock = |(chat, clock): (&ChatKey, _)| format!("{:?}{clock}", chat.as_bytes());
        records.extend(clocks.iter().map(clock));
        records.extend(groups.values().map(|group| format!("{group:?}")));
        records.extend(group_entries.iter().map(|entry| format!("{entry:?}")));
        let forgotten = forgotten_groups.values();
        records.extend(forgotten.map(|group| format!("{group:?}")));
        records.extend(group_keys.values().map(group_key));
        records.extend(erased_group_keys.iter().map(|erased| format!("{erased:?}")));
        let messages = group_messages.values();
        records.extend(messages.map(|message| format!("{message:?}")));
        records.extend(group_setters.iter().map(|setters| format!("{setters:?}")));
        records.extend(events.iter().map(|event| format!("{event:?}")));
        records
    }
}

fn own_prekey(prekey: &OwnPreKey) -> String {
    let ratchet = prekey.ratchet.as_ref();
    let secret = ratchet.map(|ratchet| *ratchet.pair.secret_bytes());
    let seeds: Vec<_> = prekey.kem.iter().map(|kem| *kem.seed).collect();
    format!(
        "{prekey:?}{:?}{secret:?}{seeds:?}",
        *prekey.signed.secret_bytes()
    )
}

fn session(age: u64, session: &Session) -> String {
    let order = match session.handshake {
        Handshake::Unconfirmed { order, .. } => order.map(|order| *order.as_bytes()),
        Handshake::Established => None,
    };
    format!(
        "{age}{session:?}{:?}{:?}{order:?}",
        *session.ratchet.to_bytes(),
        session.past_chains.to_bytes()
    )
}

fn stored_key(age: u64, key: &StoredKey) -> String {
    format!("{age}{key:?}{:?}", key.key.secret_bytes())
}

fn gap(age: u64, gap: &Gap) -> String {
    format!("{age}{gap:?}{:?}", *gap.keys)
}

fn group_key(key: &GroupKey) -> String {
    format!("{key:?}{:?}", *key.key)
}
