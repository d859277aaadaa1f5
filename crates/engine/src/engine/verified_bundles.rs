//! Bundles whose signatures were checked before.

use std::sync::Arc;

use crypto_core::{RawBundle, VerifiedBundle, sha256};

use crate::{model::WireError, store::BoundedCache, wire};

/// Bundles remembered: as many contacts as a busy account hears of in a day. About 1 KiB each.
const MAX_REMEMBERED: usize = 4096;

/// Verified bundles by the digest of their bytes (protocol §3): peers repeat
/// theirs on every message, and a signature check costs more than the message.
///
/// Verification depends on the bytes alone, so an entry never goes stale.
#[derive(Debug)]
pub(crate) struct VerifiedBundles(BoundedCache<[u8; 32], Arc<VerifiedBundle>>);

impl Default for VerifiedBundles {
    fn default() -> Self {
        Self(BoundedCache::new(MAX_REMEMBERED))
    }
}

/// A bundle that was read, and may have been verified before.
#[derive(Debug)]
pub(crate) enum ReadBundle {
    /// It was.
    Known(Arc<VerifiedBundle>),
    /// Its signatures are still to be checked. The digest is that of its bytes.
    New { digest: [u8; 32], raw: RawBundle },
}

impl ReadBundle {
    /// The identity that it names, of whatever form.
    pub(crate) fn identity(&self) -> &[u8] {
        match self {
            Self::Known(verified) => verified.identity().as_bytes(),
            Self::New { raw, .. } => &raw.identity,
        }
    }
}

impl VerifiedBundles {
    /// Finds a bundle that was verified before, or splits it into its parts.
    pub(crate) fn read(&self, wire: &[u8]) -> Result<ReadBundle, WireError> {
        // One that is too large is not to be hashed either.
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

    /// Checks its signatures, if nobody has, and remembers it.
    pub(crate) fn verify(&mut self, read: ReadBundle) -> Result<Arc<VerifiedBundle>, WireError> {
        let (digest, raw) = match read {
            ReadBundle::Known(verified) => return Ok(verified),
            ReadBundle::New { digest, raw } => (digest, raw),
        };
        let verified = raw.verify().map_err(|error| WireError(error.to_string()))?;
        let verified = Arc::new(verified);
        self.0.keep(digest, Arc::clone(&verified));
        Ok(verified)
    }
}
