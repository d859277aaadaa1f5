//! Messages under a group key (protocol §11): reading them in any order, and writing the next one.

use crypto_core::{
    IdentityKey, MessageId, Wiped,
    hash_ratchet::{
        GroupMessageKey, HashChain, MAX_MESSAGE_NUMBER, MIN_PAYLOAD_BYTES, NONCE_BYTES,
        deprecated_key_id,
    },
};

use crate::{
    engine::Engine,
    groups::keys::tell_due,
    model::{
        Env, GroupId, GroupKey, GroupKeyDue, GroupKeyError, GroupMessage, MAX_READ_PER_GROUP_KEY,
        Reason, SendError, StoreError, UnixMillis, UsedGroupKey,
    },
    store::Store,
    wire::{WireEntry, WireGroupHeader},
};

/// What became of a group message.
pub(crate) struct GroupRead {
    /// What it is encrypted under; `None` if it is malformed.
    pub(crate) used: Option<UsedGroupKey>,
    /// Its id; `None` if it is malformed.
    pub(crate) message: Option<MessageId>,
    /// What it says, or why it does not open.
    pub(crate) opened: Result<OpenedText, Reason>,
}

/// The text of a group message.
pub(crate) struct OpenedText {
    pub(crate) text: Wiped<Vec<u8>>,
    /// It was read before, and not confirmed.
    pub(crate) duplicate: bool,
}

impl Engine {
    /// Reads a message under a group key. Nothing is written before its tag holds.
    pub(crate) fn read_group_message(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        (sender, confirm): (&IdentityKey, bool),
        header: &WireGroupHeader,
        payload: &[u8],
    ) -> Result<GroupRead, StoreError> {
        let used = header.used().filter(|_| payload.len() >= MIN_PAYLOAD_BYTES);
        let Some(used) = used else {
            return Ok(GroupRead {
                used: None,
                message: None,
                opened: Err(Reason::Malformed),
            });
        };
        let message = MessageId::of_payload(payload);
        let opened = self.open_group_message(store, env, (sender, confirm), &used, payload)?;
        Ok(GroupRead {
            used: Some(used),
            message: Some(message),
            opened,
        })
    }

    fn open_group_message(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        (sender, confirm): (&IdentityKey, bool),
        used: &UsedGroupKey,
        payload: &[u8],
    ) -> Result<Result<OpenedText, Reason>, StoreError> {
        let UsedGroupKey { group, key, number } = used;
        if *number > MAX_MESSAGE_NUMBER {
            return Ok(Err(Reason::TooManySkipped));
        }
        let membership = self.membership(store, group)?;
        if membership.is_some_and(|membership| !membership.members.contains(sender)) {
            return Ok(Err(Reason::NotMember));
        }
        let Some(key) = store.group_key(group, key)? else {
            return Ok(Err(Reason::GroupKeyMissing));
        };
        let message = MessageId::of_payload(payload);
        let known = store.group_message(&message)?;
        let known = known.filter(|known| known.group == *group && known.key == key.id);
        if known.as_ref().is_some_and(|known| known.confirmed) {
            return Ok(Err(Reason::MessageKeyGone));
        }
        let opened = self
            .group_message_key(&key, *number)
            .and_then(|message_key| message_key.open(payload));
        let Some(text) = opened else {
            return Ok(Err(Reason::AuthenticationFailed));
        };
        let duplicate = known.is_some();
        if !duplicate || confirm {
            let read = GroupMessage {
                message,
                group: group.clone(),
                key: key.id,
                confirmed: confirm,
            };
            store.put_group_message(&read, MAX_READ_PER_GROUP_KEY)?;
        }
        raise(store, env.now, key, *number)?;
        Ok(Ok(OpenedText { text, duplicate }))
    }

    /// Encrypts the next message under the current key of a group. The caller must commit before it
    /// releases the bytes.
    pub(crate) fn seal_group_message(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        group: &GroupId,
        payload: &[u8],
    ) -> Result<(WireEntry, UsedGroupKey), SendError> {
        let rules = self.key_rules(store, group)?;
        let rules = rules.ok_or(GroupKeyError::NotFound)?;
        rules.check_accepted()?;
        let current = store.group_keys(group)?.into_iter().next();
        let current = current.ok_or(GroupKeyError::Missing)?;
        if let Some(reason) = rules.due(&current) {
            return Err(GroupKeyError::Due(reason).into());
        }
        let number = current.highest + 1;
        let message_key = self
            .group_message_key(&current, number)
            .ok_or(GroupKeyError::Due(GroupKeyDue::Spent))?;
        let mut nonce = [0; NONCE_BYTES];
        env.rng.fill_bytes(&mut nonce);
        let payload = message_key.seal(nonce, payload)?;
        let used = UsedGroupKey {
            group: group.clone(),
            key: current.id,
            number,
        };
        let header = WireGroupHeader {
            deprecated_key: deprecated_key_id(current.timestamp),
            number,
            group: group.as_bytes().to_vec(),
            key: current.id.as_bytes().to_vec(),
            keys: Vec::new(),
        };
        raise(store, env.now, current, number)?;
        let entry = WireEntry {
            hr: Some(header),
            payload,
            ..WireEntry::default()
        };
        Ok((entry, used))
    }

    /// The key of a message under a group key; `None` if the chain has no such number.
    fn group_message_key(&mut self, key: &GroupKey, number: u32) -> Option<GroupMessageKey> {
        if self.chains.get(&key.id).is_none() {
            self.chains.insert(key.id, HashChain::new(&key.key));
        }
        self.chains.get_mut(&key.id)?.message_key(number)
    }
}

/// Records that a message of this number was read or sent. The last one spends the key.
fn raise(
    store: &mut dyn Store,
    now: UnixMillis,
    key: GroupKey,
    number: u32,
) -> Result<(), StoreError> {
    if number <= key.highest {
        return Ok(());
    }
    let is_current = key.replaced_at.is_none();
    let key = GroupKey {
        highest: number,
        ..key
    };
    store.put_group_key(&key)?;
    if number == MAX_MESSAGE_NUMBER && is_current {
        tell_due(store, now, &key.group, key.id, GroupKeyDue::Spent)?;
    }
    Ok(())
}
