//! The cryptography of the Status conversational security specification: keys, bundle signatures,
//! X3DH, KEM prekeys, the Double Ratchet on both curves, DH messages, group keys; and what stands around an
//! identity: recovery phrases, keystores, linking a device, safety numbers, pictures.
//!
//! Pure functions and values: no I/O, no clock, no wire format. Randomness is an argument. Secrets
//! are wiped when dropped, do not implement `Clone`, and show nothing in `Debug`.

mod agreement;
mod bundle;
pub mod dh_message;
mod group_event;
mod hash;
pub mod hash_ratchet;
mod ids;
mod installation;
mod kem;
mod keys;
pub mod keystore;
pub mod link;
mod mnemonic;
mod okm;
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
pub use bundle::{
    BundleError, EntryFault, MAX_BUNDLE_ENTRIES, MIN_TIMESTAMP_NS, RawBundle, RawEntry,
    SkippedEntry, VerifiedBundle, VerifiedEntry, VerifiedPreKey, sign_bundle, sign_ratchet_prekey,
};
pub use dh_message::DhMessageError;
pub use group_event::{GroupOrigin, GroupRules};
pub use hash::{keccak256, sha256};
pub use ids::{
    AssociatedData, GroupEventId, GroupKeyId, KemId, MessageId, SessionId, SessionInstallations,
    SessionParties,
};
pub use installation::{
    ANY_INSTALLATION, InstallationId, InstallationIdError, MAX_INSTALLATION_ID_CHARS,
};
pub use kem::{
    KEM_CIPHERTEXT_BYTES, KEM_LIFE_VERSIONS, KEM_PUBLIC_KEY_BYTES, KEM_RENEWAL_VERSIONS,
    KEM_SEED_BYTES, KemCiphertext, KemPreKey, KemPreKeyError, KemPreKeyPair, KemSecret,
    RawKemPreKey, VerifiedKemPreKey, kem_is_aged, kem_serves, sign_kem_prekey,
};
pub use keys::{
    EphemeralKey, EphemeralKeyPair, IdentityKey, IdentityKeyPair, KeyError, SECP256K1_KEY_BYTES,
    SignedPreKey, SignedPreKeyPair, UNCOMPRESSED_KEY_BYTES,
};
pub use mnemonic::{Mnemonic, MnemonicError, WordCount};
pub use portrait::{
    COLOUR_IDS, IDENTICON_CELLS, Identicon, MAX_STRETCH_UNITS, Portrait, RING_COLOURS, Stretch,
};
pub use ratchet::{
    Header, HeaderKey, MessageKey, OpenError, Opened, OwnPreKeys, SEAL_OVERHEAD_BYTES, SealError,
    Sealed, SessionRatchet, SkipLimits, SkippedKey, StateError,
};
pub use safety_number::SafetyNumber;
pub use signature::{SIGNATURE_BYTES, Signature, SignatureError};
pub use suite::{RatchetCurve, Suite};
pub use wiped::Wiped;
pub use x3dh::{SharedKey, SharedKeyPrefix};
pub use x25519::{RatchetPreKey, RatchetPreKeyPair, X25519_KEY_BYTES};
