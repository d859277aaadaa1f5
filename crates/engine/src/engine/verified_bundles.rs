//! A cache of bundles whose signatures were checked.

use std::sync::Arc;

use crypto_core::{RawBundle, VerifiedBundle, sha256};

use crate::{model::WireError, store::BoundedCache, wire};

/// Bundles cached, about 1 KiB each: as many contacts as a busy account hears of in a day.
const MAX_CACHED: usize = 4096;

/// Verified bundles by the digest of their bytes (protocol §3): peers repeat
/// theirs on every message, and a signature check costs more than the message.
///
/// Verification depends on the bytes alone, so an entry never goes stale.
#[derive(Debug)]
pub(crate) struct VerifiedBundles(BoundedCache<[u8; 32], Arc<VerifiedBundle>>);

impl Default for VerifiedBundles {
    fn default() -> Self {
        Self(BoundedCache::new(MAX_CACHED))
    }
}

/// A decoded bundle, which may have been verified before.
#[derive(Debug)]
pub(crate) enum ReadBundle {
    /// Verified before.
    Known(Arc<VerifiedBundle>),
    /// Not verified yet. `digest` is that of its bytes.
    New { digest: [u8; 32], raw: RawBundle },
}

impl ReadBundle {
    /// The identity that it names, as on the wire.
    pub(crate) fn identity(&self) -> &[u8] {
        match self {
            Self::Known(verified) => verified.identity().as_bytes(),
            Self::New { raw, .. } => &raw.identity,
        }
    }
}

impl VerifiedBundles {
    /// Finds a bundle that was verified before, or decodes it.
    pub(crate) fn read(&self, wire: &[u8]) -> Result<ReadBundle, WireError> {
        // Before hashing: anybody can send a bundle of any size.
        wire::check_bundle_size(wire)?;
        let digest = sha256(wire);
        Ok(match self.0.get(&digest) {
            Some(known) => ReadBundle::Known(Arc::clone(known)),
            None => ReadBundle::New {
                digest,
                raw: wire::decode_bundle(wire)?,
            },
        })
    }

    /// Checks its signatures, unless that was done before, and caches it.
    pub(crate) fn verify(&mut self, read: ReadBundle) -> Result<Arc<VerifiedBundle>, WireError> {
        let (digest, raw) = match read {
            ReadBundle::Known(verified) => return Ok(verified),
            ReadBundle::New { digest, raw } => (digest, raw),
        };
        let verified = raw.verify().map_err(|error| WireError(error.to_string()))?;
        let verified = Arc::new(verified);
        self.0.insert(digest, Arc::clone(&verified));
        Ok(verified)
    }
}
