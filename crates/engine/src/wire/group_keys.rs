//! Group keys on the wire (`HRKeys`, protocol §11): in a header, or as the payload of a message.

use crypto_core::{
    Wiped,
    hash_ratchet::{GROUP_KEY_BYTES, deprecated_key_id},
};
use prost::Message as _;
use zeroize::Zeroize as _;

use super::proto;

/// Keys read from one message.
pub(crate) const MAX_KEYS_READ: usize = 32;

/// A decoded `HRKeys` with at least one key, of which nothing is checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WireGroupKeys {
    /// The group that they are of; empty if it is not named.
    pub(crate) group: Vec<u8>,
    /// The first [`MAX_KEYS_READ`] of them.
    pub(crate) keys: Vec<WireGroupKey>,
    /// A key that is sealed for each member on its own.
    pub(crate) rekey: Option<WireRekey>,
}

/// A decoded `HRKey`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WireGroupKey {
    pub(crate) key: Wiped<Vec<u8>>,
    /// In milliseconds.
    pub(crate) timestamp: u64,
}

/// A `RekeyGroup`, of which the entries are not decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WireRekey {
    /// In milliseconds.
    pub(crate) timestamp: u64,
    entries: Vec<Vec<u8>>,
}

impl WireGroupKeys {
    /// Decodes keys; `None` if the bytes are no `HRKeys`, or one without a key.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let decoded = proto::HrKeys::decode(bytes).ok()?;
        let keys: Vec<_> = decoded.keys.into_iter().map(Wiped::new).collect();
        let rekey = decoded.rekey_group.map(|rekey| WireRekey {
            timestamp: rekey.timestamp,
            entries: rekey.keys,
        });
        if keys.is_empty() && rekey.is_none() {
            return None;
        }
        let keys = keys.iter().take(MAX_KEYS_READ).map(|key| {
            let key = proto::HrKey::decode(key.as_slice()).ok()?;
            Some(WireGroupKey {
                key: Wiped::new(key.key),
                timestamp: key.timestamp,
            })
        });
        Some(Self {
            group: decoded.group_id,
            keys: keys.collect::<Option<_>>()?,
            rekey,
        })
    }

    /// How many keys these bytes hold, a rekeying as one; 0 if they are no `HRKeys`.
    pub(crate) fn count(bytes: &[u8]) -> usize {
        proto::HrKeys::decode(bytes).map_or(0, |decoded| {
            decoded.keys.len() + usize::from(decoded.rekey_group.is_some())
        })
    }
}

impl WireRekey {
    /// What is sealed for the members of this index; nothing if there is no entry for it. Of several
    /// the last counts, as in any map.
    pub(crate) fn at(&self, index: u32) -> Vec<u8> {
        let entries = self.entries.iter().rev();
        let decoded = entries.filter_map(|entry| proto::RekeyEntry::decode(entry.as_slice()).ok());
        let mut found = decoded.filter(|entry| entry.key == index);
        found.next().map_or_else(Vec::new, |entry| entry.value)
    }
}

/// Encodes a key with the name of its group.
pub(crate) fn encode_group_keys(
    group: &[u8],
    timestamp: u64,
    key: &[u8; GROUP_KEY_BYTES],
) -> Wiped<Vec<u8>> {
    let mut key = proto::HrKey {
        deprecated_key_id: deprecated_key_id(timestamp),
        key: key.to_vec(),
        timestamp,
    };
    let mut keys = proto::HrKeys {
        keys: vec![key.encode_to_vec()],
        rekey_group: None,
        group_id: group.to_vec(),
    };
    let encoded = Wiped::new(keys.encode_to_vec());
    key.key.zeroize();
    keys.keys.zeroize();
    encoded
}
