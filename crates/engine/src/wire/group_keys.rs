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
    /// What is sealed for the members of this index; nothing if there is no entry for it. Of
    /// several the last counts, as in any map.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_key_is_read_with_its_group() {
        let encoded = encode_group_keys(b"a group", u64::MAX, &[7; 32]);
        let keys = WireGroupKeys::decode(&encoded).unwrap();
        assert_eq!(keys.group, b"a group");
        assert_eq!(*keys.keys[0].key, [7; 32]);
        assert_eq!(keys.keys[0].timestamp, u64::MAX);
        assert_eq!((keys.keys.len(), &keys.rekey), (1, &None));
        assert_eq!(WireGroupKeys::count(&encoded), 1);
    }

    #[test]
    fn debug_shows_no_key() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains("199"), "{shown}");
        }
        shows_nothing::<WireGroupKey>(&WireGroupKey {
            key: Wiped::new(vec![199; 32]),
            timestamp: 1,
        });
    }

    #[test]
    fn what_has_no_key_is_none() {
        let only_group = proto::HrKeys {
            group_id: vec![1],
            ..proto::HrKeys::default()
        };
        let broken = proto::HrKeys {
            keys: vec![vec![0xff]],
            ..proto::HrKeys::default()
        };
        let encoded = [only_group, broken].map(|keys| keys.encode_to_vec());
        for bytes in [&[][..], b"a text", &[0xff; 8], &encoded[0], &encoded[1]] {
            assert_eq!(WireGroupKeys::decode(bytes), None, "{bytes:?}");
        }
    }

    /// Of any number of keys the first are decoded, and of entries those of one index.
    #[test]
    fn as_many_as_count_are_decoded() {
        let key = |timestamp| proto::HrKey {
            timestamp,
            ..proto::HrKey::default()
        };
        let mut keys: Vec<_> = (0..40).map(|number| key(number).encode_to_vec()).collect();
        keys.push(vec![0xff]);
        let entry = |key, value: &[u8]| {
            let value = value.to_vec();
            proto::RekeyEntry { key, value }.encode_to_vec()
        };
        let rekey = proto::RekeyGroup {
            timestamp: 5,
            keys: vec![
                entry(1, b"old"),
                entry(1, b"one"),
                vec![0xff],
                entry(2, b"two"),
            ],
        };
        let encoded = proto::HrKeys {
            keys,
            rekey_group: Some(rekey),
            ..proto::HrKeys::default()
        }
        .encode_to_vec();
        let read = WireGroupKeys::decode(&encoded).unwrap();
        let timestamps: Vec<_> = read.keys.iter().map(|key| key.timestamp).collect();
        assert_eq!(timestamps, (0..32).collect::<Vec<_>>());
        let rekey = read.rekey.unwrap();
        assert_eq!(rekey.timestamp, 5);
        assert_eq!(
            [1, 2, 3].map(|index| rekey.at(index)),
            [&b"one"[..], b"two", b""]
        );
        assert_eq!(WireGroupKeys::count(&encoded), 42);
    }
}
