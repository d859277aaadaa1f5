//! Keccak-256 (protocol §2), which is not FIPS-202 SHA3-256, and SHA-256.

use sha2::Sha256;
use sha3::{Digest as _, Keccak256};

/// Keccak-256 of the parts, one after the other.
#[must_use]
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256, for digests that stay inside this program: processors have instructions for it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lowercase hex, for `Debug` of public values.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
