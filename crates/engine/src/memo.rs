//! Bundles whose signatures were checked before.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crypto_core::{VerifiedBundle, keccak256};

use crate::{WireError, wire};

/// Bundles remembered: as many contacts as a busy account hears of in a day. About 1 KiB each.
const MAX_REMEMBERED: usize = 4096;

/// Verified bundles by the digest of their bytes (protocol §3): peers repeat
/// theirs on every message, and a signature check costs more than the message.
///
/// Verification depends on the bytes alone, so an entry never goes stale.
#[derive(Debug, Default)]
pub(crate) struct VerifiedBundles {
    by_digest: HashMap<[u8; 32], Arc<VerifiedBundle>>,
    oldest_first: VecDeque<[u8; 32]>,
}

impl VerifiedBundles {
    /// Parses and verifies `wire`, or finds that it was verified before.
    pub(crate) fn verify(&mut self, wire: &[u8]) -> Result<Arc<VerifiedBundle>, WireError> {
        let digest = keccak256(&[wire]);
        if let Some(known) = self.by_digest.get(&digest) {
            return Ok(Arc::clone(known));
        }
        let verified = wire::decode_bundle(wire)?
            .verify()
            .map_err(|error| WireError(error.to_string()))?;
        let verified = Arc::new(verified);
        if self.by_digest.len() >= MAX_REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_digest.remove(&oldest);
        }
        self.by_digest.insert(digest, Arc::clone(&verified));
        self.oldest_first.push_back(digest);
        Ok(verified)
    }
}
