//! Bundles whose signatures were checked before.

use std::sync::Arc;

use crypto_core::{VerifiedBundle, sha256};

use crate::{Remembered, WireError, wire};

/// Bundles remembered: as many contacts as a busy account hears of in a day. About 1 KiB each.
const MAX_REMEMBERED: usize = 4096;

/// Verified bundles by the digest of their bytes (protocol §3): peers repeat
/// theirs on every message, and a signature check costs more than the message.
///
/// Verification depends on the bytes alone, so an entry never goes stale.
#[derive(Debug)]
pub(crate) struct VerifiedBundles(Remembered<[u8; 32], Arc<VerifiedBundle>>);

impl Default for VerifiedBundles {
    fn default() -> Self {
        Self(Remembered::new(MAX_REMEMBERED))
    }
}

impl VerifiedBundles {
    /// Parses and verifies `wire`, or finds that it was verified before.
    pub(crate) fn verify(&mut self, wire: &[u8]) -> Result<Arc<VerifiedBundle>, WireError> {
        let digest = sha256(wire);
        if let Some(known) = self.0.get(&digest) {
            return Ok(Arc::clone(known));
        }
        let verified = wire::decode_bundle(wire)?
            .verify()
            .map_err(|error| WireError(error.to_string()))?;
        let verified = Arc::new(verified);
        self.0.keep(digest, Arc::clone(&verified));
        Ok(verified)
    }
}
