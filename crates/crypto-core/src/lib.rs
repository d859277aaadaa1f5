//! The cryptography of the Status conversational security specification: keys, X3DH, both
//! ratchet suites, sealing, bundle signatures.
//!
//! Pure functions and values: no I/O, no clock, no wire format. Randomness is an argument.
//! Secrets zeroize when dropped, cannot be cloned, and show nothing in `Debug`.

mod agreement;
mod bundle;
pub mod dh_message;
mod hash;
mod ids;
mod installation;
mod keys;
pub mod keystore;
mod mnemonic;
mod portrait;
mod ratchet;
mod safety_number;
mod signature;
mod suite;
#[cfg(test)]
mod tests;
pub mod typed;
mod wiped;
mod x25519;
pub mod x3dh;

pub use agreement::AgreedSecret;
pub use bundle::*;
pub use dh_message::DhMessageError;
pub use hash::{keccak256, sha256};
pub use ids::*;
pub use installation::*;
pub use keys::{
    EphemeralKey, EphemeralKeyPair, IdentityKey, IdentityKeyPair, KeyError, SECP256K1_KEY_BYTES,
    SignedPreKey, SignedPreKeyPair, UNCOMPRESSED_KEY_BYTES,
};
pub use mnemonic::*;
pub use portrait::*;
pub use ratchet::*;
pub use safety_number::SafetyNumber;
pub use signature::*;
pub use suite::Suite;
pub use wiped::Wiped;
pub use x3dh::{SharedKey, SharedKeyPrefix};
pub use x25519::{RatchetPreKey, RatchetPreKeyPair, X25519_KEY_BYTES};
