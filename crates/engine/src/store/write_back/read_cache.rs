//! Records that are read for every message and change rarely.

use std::{cell::RefCell, collections::HashMap, hash::Hash, sync::Arc};

use crypto_core::{IdentityKey, SessionId, SignedPreKey};

use super::Result;
use crate::model::{Contact, Device, NegotiatedTopic, OwnBundle, Peer, Timekeeping, UnixMillis};

/// Records of one kind, about 300 bytes each: four groups of the largest size. A full cache is
/// emptied, so that no order of use has to be kept.
const MAX_CACHED: usize = 4096;

/// Copies of records as the underlying store holds them, or will hold them after the commit.
#[derive(Debug, Default)]
pub(super) struct ReadCache {
    pub(super) own_bundle: CachedRecords<(), Option<OwnBundle>>,
    pub(super) timekeeping: CachedRecords<(), Timekeeping>,
    pub(super) own_prekeys_replaced: CachedRecords<SignedPreKey, Option<UnixMillis>>,
    pub(super) peers: CachedRecords<IdentityKey, Option<Peer>>,
    pub(super) negotiated: CachedRecords<IdentityKey, Option<Arc<NegotiatedTopic>>>,
    pub(super) contacts: CachedRecords<IdentityKey, Option<Contact>>,
    /// By installation id in byte order.
    pub(super) devices: CachedRecords<IdentityKey, Vec<Device>>,
    /// Sessions that have no stored keys.
    pub(super) without_keys: CachedRecords<SessionId, ()>,
}

/// Records of one kind.
#[derive(Debug)]
pub(super) struct CachedRecords<K, V>(pub(super) RefCell<HashMap<K, V>>);

impl<K, V> Default for CachedRecords<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Hash + Eq, V: Clone> CachedRecords<K, V> {
    /// The cached value, or the one that `read` finds, which is then cached.
    pub(super) fn or_read(&self, key: K, read: impl FnOnce() -> Result<V>) -> Result<V> {
        self.part_or_read(key, read, V::clone)
    }

    /// A part of the cached value, or of the one that `read` finds.
    pub(super) fn part_or_read<P>(
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
        self.insert(key, found);
        Ok(asked)
    }

    pub(super) fn insert(&self, key: K, value: V) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MAX_CACHED {
            known.clear();
        }
        known.insert(key, value);
    }
}
