//! Reading what group keys have to do with (protocol §11): messages under one, and keys that come
//! with messages.

use crypto_core::MessageId;

use crate::{
    engine::Engine,
    groups::keys::OfferedKeys,
    model::{Env, GroupId, Outcome, Reason, ReceiveError, Received, StoreError},
    receive::Incoming,
    store::Store,
    wire::{MAX_KEYS_READ, WireEntry, WireGroupHeader, WireGroupKeys},
};

impl Engine {
    /// Reads a message under a group key. Nothing but an envelope authenticates its sender: every
    /// member has the key.
    pub(super) fn read_with_group_key(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        incoming: &Incoming<'_>,
        header: &WireGroupHeader,
        entry: &WireEntry,
    ) -> Result<Received, ReceiveError> {
        let from = (&incoming.sender, incoming.confirm);
        let read = self.read_group_message(store, env, from, header, &entry.payload)?;
        let received = match read.opened {
            Ok(opened) => Received {
                authenticated: incoming.sealed,
                duplicate: opened.duplicate,
                ..incoming.outcome(Outcome::Decrypted(opened.text))
            },
            Err(reason) => incoming.undecryptable(reason),
        };
        Ok(Received {
            message: read.message,
            group_key: read.used,
            ..received
        })
    }

    /// Reads an entry that carries keys, and is not encrypted.
    pub(super) fn read_bare_keys(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        incoming: &Incoming<'_>,
        header: &WireGroupHeader,
        entry: &WireEntry,
    ) -> Result<Received, ReceiveError> {
        let in_header = WireGroupKeys::decode(&header.keys);
        let has_text =
            in_header.is_some() && !entry.payload.is_empty() && entry.payload != header.keys;
        let keys = in_header.or_else(|| WireGroupKeys::decode(&entry.payload));
        let (Some(keys), Some(_)) = (keys, GroupId::new(&header.group)) else {
            return Ok(incoming.undecryptable(Reason::Malformed));
        };
        let (outcome, named) = if has_text {
            (Outcome::Public(entry.payload.clone()), &entry.payload)
        } else if entry.payload.is_empty() {
            (Outcome::GroupKey, &header.keys)
        } else {
            (Outcome::GroupKey, &entry.payload)
        };
        let offered = incoming.offered(header, &keys, false);
        Ok(Received {
            message: Some(MessageId::of_payload(named)),
            authenticated: incoming.sealed,
            group_keys: self.take_keys(store, env, &offered, MAX_KEYS_READ)?,
            ..incoming.outcome(outcome)
        })
    }

    /// Adds the keys that a message for one device, or by DH, carries. If they are its payload,
    /// there is nothing to show. Nothing vouches for the header: it never costs the payload.
    pub(super) fn with_keys(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        incoming: &Incoming<'_>,
        header: &WireGroupHeader,
        (entry, received): (&WireEntry, Received),
    ) -> Result<Received, ReceiveError> {
        let payload = match &received.outcome {
            Outcome::Decrypted(payload) => WireGroupKeys::decode(payload).map(|keys| {
                let same = **payload == header.keys;
                (keys, same)
            }),
            Outcome::Bundle => None,
            _ => return Ok(received),
        };
        let mut received = received;
        let mut judge = |keys: &WireGroupKeys, inside: bool| -> Result<(), StoreError> {
            let offered = incoming.offered(header, keys, inside && entry.dr.is_some());
            let room = MAX_KEYS_READ.saturating_sub(received.group_keys.len());
            let judged = self.take_keys(store, env, &offered, room)?;
            received.group_keys.extend(judged);
            Ok(())
        };
        let mut in_header = WireGroupKeys::decode(&header.keys);
        let brings_keys = payload.is_some();
        if let Some((keys, same)) = payload {
            judge(&keys, true)?;
            in_header = in_header.filter(|_| !same);
        }
        if let Some(keys) = in_header {
            judge(&keys, false)?;
        }
        if brings_keys {
            received.outcome = Outcome::GroupKey;
        }
        Ok(received)
    }
}

impl Incoming<'_> {
    /// The keys of this message, with what speaks for them: its envelope, or that they stood inside
    /// the payload of a ratchet message that names their group itself. The header is under no MAC.
    fn offered<'a>(
        &self,
        header: &'a WireGroupHeader,
        keys: &'a WireGroupKeys,
        in_ratchet: bool,
    ) -> OfferedKeys<'a> {
        OfferedKeys {
            group: &header.group,
            sender: self.sender,
            vouched: self.sealed || (in_ratchet && keys.group == header.group),
            keys,
        }
    }
}
