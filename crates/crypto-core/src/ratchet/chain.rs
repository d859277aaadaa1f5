//! Root keys, chain keys and message keys: the symmetric half of the ratchet (protocol §5).

use std::fmt;

use aes::Aes256;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{ids::AssociatedData, keys::DhOutput, ratchet::Header};

const ROOT_INFO: &[u8] = b"rsZUpEuXUqqwXBvSy3EcievAh4cMj6QL";
const MESSAGE_INFO: &[u8] = b"pcwSByyx2CRdryCffXJwy7xgVZWtW5Sh";
const NEXT_CHAIN_KEY: [u8; 1] = [0x0f];
const MESSAGE_KEY: [u8; 1] = [0x10];
const NO_SALT: [u8; 32] = [0; 32];

const IV_BYTES: usize = 16;
const MAC_BYTES: usize = 32;
/// Bytes that encryption adds to a plaintext: the IV before it and the MAC after it.
pub const SEAL_OVERHEAD_BYTES: usize = IV_BYTES + MAC_BYTES;

/// A message that is too short to be one, or not what was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsealed {
    TooShort,
    NotAuthentic,
}

macro_rules! secret {
    ($(#[$doc:meta])* $vis:vis $name:ident) => {
        $(#[$doc])*
        $vis struct $name(Zeroizing<[u8; 32]>);

        impl $name {
            /// The key as a store keeps it.
            #[must_use]
            $vis fn from_stored(bytes: [u8; 32]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// The 32 secret bytes, for a store.
            #[must_use]
            $vis fn secret_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret!(
    /// The root of all chains; each DH step replaces it.
    pub(crate) RootKey
);
secret!(
    /// The state of a chain; each message replaces it.
    pub(crate) ChainKey
);
secret!(
    /// The key of one message.
    pub MessageKey
);

impl RootKey {
    /// A DH step: the next root key, and the chain that begins here.
    pub(crate) fn step(&self, dh: &DhOutput) -> (Self, ChainKey) {
        let mut okm = Zeroizing::new([[0; 32]; 3]);
        expand(&*self.0, &**dh, ROOT_INFO, okm.as_flattened_mut());
        // The last third is a header key, which this protocol has no use for.
        let [root, chain, _] = *okm;
        (Self::from_stored(root), ChainKey::from_stored(chain))
    }

    /// A working copy, for an attempt that may fail.
    pub(crate) fn copy(&self) -> Self {
        Self(self.0.clone())
    }
}

impl ChainKey {
    /// A chain step: the next chain key, and the key of the message at this place.
    pub(crate) fn step(self) -> (Self, MessageKey) {
        let keyed = hmac(self.0.as_slice());
        let next = keyed.clone().chain_update(NEXT_CHAIN_KEY).finalize();
        let message = keyed.chain_update(MESSAGE_KEY).finalize();
        (
            Self::from_stored(next.into_bytes().into()),
            MessageKey::from_stored(message.into_bytes().into()),
        )
    }

    /// A working copy, for an attempt that may fail.
    pub(crate) fn copy(&self) -> Self {
        Self(self.0.clone())
    }
}

impl MessageKey {
    /// Encrypts: `IV ‖ AES-256-CTR(plaintext) ‖ HMAC-SHA-256(AD ‖ header ‖ IV ‖ body)`. Consumes the key: none encrypts twice.
    pub(crate) fn seal(self, header: &Header, ad: &AssociatedData, plaintext: &[u8]) -> Vec<u8> {
        let keys = SealKeys::of(&self);
        let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD_BYTES);
        sealed.extend_from_slice(keys.iv());
        sealed.extend_from_slice(plaintext);
        let (iv, body) = sealed.split_at_mut(IV_BYTES);
        apply_ctr(&keys, iv, body);
        let mac = keys.mac(header, ad, &sealed).finalize().into_bytes();
        sealed.extend_from_slice(&mac);
        sealed
    }

    /// Decrypts what [`Self::seal`] made. The MAC is compared in constant time, before anything is decrypted;
    /// the IV is the wire's, under the MAC.
    pub(crate) fn open(
        &self,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unsealed> {
        let (sealed, mac) = ciphertext
            .split_last_chunk::<MAC_BYTES>()
            .ok_or(Unsealed::TooShort)?;
        let (iv, body) = sealed
            .split_at_checked(IV_BYTES)
            .ok_or(Unsealed::TooShort)?;
        let keys = SealKeys::of(self);
        keys.mac(header, ad, sealed)
            .verify_slice(mac)
            .map_err(|_| Unsealed::NotAuthentic)?;
        let mut plaintext = Zeroizing::new(body.to_vec());
        apply_ctr(&keys, iv, &mut plaintext);
        Ok(plaintext)
    }
}

/// What one message key expands to: 32 bytes for encryption, 32 for authentication, and the IV.
struct SealKeys(Zeroizing<[[u8; 16]; 5]>);

impl SealKeys {
    fn of(key: &MessageKey) -> Self {
        let mut okm = Zeroizing::new([[0; 16]; 5]);
        expand(&NO_SALT, &*key.0, MESSAGE_INFO, okm.as_flattened_mut());
        Self(okm)
    }

    fn encryption(&self) -> &[u8] {
        let [encryption @ .., _, _, _] = &*self.0;
        encryption.as_flattened()
    }

    fn authentication(&self) -> &[u8] {
        let [_, _, authentication @ .., _] = &*self.0;
        authentication.as_flattened()
    }

    fn iv(&self) -> &[u8; IV_BYTES] {
        let [.., iv] = &*self.0;
        iv
    }

    /// The MAC over the associated data, the header and `IV ‖ body`.
    fn mac(&self, header: &Header, ad: &AssociatedData, sealed: &[u8]) -> Hmac<Sha256> {
        hmac(self.authentication())
            .chain_update(ad.as_bytes())
            .chain_update(header.n.to_le_bytes())
            .chain_update(header.pn.to_le_bytes())
            .chain_update(header.key.as_bytes())
            .chain_update(sealed)
    }
}

#[expect(
    clippy::expect_used,
    reason = "HKDF refuses only outputs over 255 hashes; these are 80 and 96 bytes"
)]
fn expand(salt: &[u8], ikm: &[u8], info: &[u8], okm: &mut [u8]) {
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, okm)
        .expect("the output is short");
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("every length is a key")
}

#[expect(clippy::expect_used, reason = "the lengths are those of AES-256-CTR")]
fn apply_ctr(keys: &SealKeys, iv: &[u8], data: &mut [u8]) {
    Ctr128BE::<Aes256>::new_from_slices(keys.encryption(), iv)
        .expect("32 bytes of key and 16 of IV")
        .apply_keystream(data);
}
