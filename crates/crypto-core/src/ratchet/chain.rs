//! Root keys, chain keys and message keys: the symmetric half of the ratchet (protocol §5).

use std::fmt;

use aes::Aes256Enc;
use ctr::{
    Ctr64BE, Ctr128BE,
    cipher::{KeyIvInit, StreamCipher},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{
    ids::AssociatedData,
    keys::DhOutput,
    okm::{NO_SALT, Okm, hmac},
    ratchet::Header,
    wiped::Wiped,
};

const ROOT_INFO: &[u8] = b"rsZUpEuXUqqwXBvSy3EcievAh4cMj6QL";
const MESSAGE_INFO: &[u8] = b"pcwSByyx2CRdryCffXJwy7xgVZWtW5Sh";
const COPY_OF_INFO: &[u8] = b"ratchetd/copy-of/1";
const NEXT_CHAIN_KEY: [u8; 1] = [0x0f];
const MESSAGE_KEY: [u8; 1] = [0x10];

const IV_BYTES: usize = 16;
const MAC_BYTES: usize = 32;
const AES_BLOCK_BYTES: usize = 16;
/// Bytes that encryption adds to a plaintext: the IV before it and the MAC after it.
pub const SEAL_OVERHEAD_BYTES: usize = IV_BYTES + MAC_BYTES;

/// Why a ciphertext does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsealed {
    TooShort,
    NotAuthentic,
}

macro_rules! secret {
    ($(#[$doc:meta])* $vis:vis $name:ident) => {
        $(#[$doc])*
        $vis struct $name(Wiped<[u8; 32]>);

        impl $name {
            /// The key from a store.
            #[must_use]
            $vis fn from_stored(bytes: [u8; 32]) -> Self {
                Self(Wiped::new(bytes))
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
        // The specification derives a third key, for headers, which this protocol does not use.
        let okm = Okm::of(hmac(self.0.as_slice()), dh.as_slice(), ROOT_INFO);
        let [root, chain] = okm.0;
        (Self::from_stored(root), ChainKey::from_stored(chain))
    }

    /// A second key of the same bytes, for an attempt that may fail.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
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

    /// A second key of the same bytes, for an attempt that may fail.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

impl MessageKey {
    /// A second key of the same bytes, for an attempt that may fail.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// Seals a message, and beside it for whom it was, if it is a copy: each under keys of its own.
    /// Consumes the key: no key encrypts twice.
    pub(crate) fn seal(
        self,
        header: &Header,
        ad: &AssociatedData,
        plaintext: &[u8],
        copy_of: Option<&[u8]>,
    ) -> (Vec<u8>, Option<Vec<u8>>) {
        let message = SealKeys::of(&self, MESSAGE_INFO).seal(header, ad, plaintext);
        let copy_of =
            copy_of.map(|copy_of| SealKeys::of(&self, COPY_OF_INFO).seal(header, ad, copy_of));
        (message, copy_of)
    }

    /// Decrypts the message that [`Self::seal`] made.
    pub(crate) fn open(
        &self,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
    ) -> Result<Wiped<Vec<u8>>, Unsealed> {
        SealKeys::of(self, MESSAGE_INFO).open(header, ad, ciphertext)
    }

    /// Decrypts what a copy says beside its message (protocol §5); `None` if it is not what was
    /// sealed with this very message.
    #[must_use]
    pub fn open_copy_of(
        &self,
        header: &Header,
        ad: &AssociatedData,
        sealed: &[u8],
    ) -> Option<Wiped<Vec<u8>>> {
        let keys = SealKeys::of(self, COPY_OF_INFO);
        keys.open(header, ad, sealed).ok()
    }
}

/// What one message key expands to under one label: 32 bytes for encryption, 32 for
/// authentication, and the IV.
struct SealKeys(Okm<16, 5>);

impl SealKeys {
    fn of(key: &MessageKey, info: &[u8]) -> Self {
        Self(Okm::of(NO_SALT.clone(), key.0.as_slice(), info))
    }

    /// Encrypts: `IV ‖ AES-256-CTR(plaintext) ‖ HMAC-SHA-256(AD ‖ header ‖ IV ‖ body)`. Consumes
    /// the keys: none encrypts twice.
    fn seal(self, header: &Header, ad: &AssociatedData, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD_BYTES);
        sealed.extend_from_slice(self.iv());
        sealed.extend_from_slice(plaintext);
        let (_, body) = sealed.split_at_mut(IV_BYTES);
        apply_ctr(&self, self.iv(), body);
        let mac = self.mac(header, ad, &sealed).finalize().into_bytes();
        sealed.extend_from_slice(&mac);
        sealed
    }

    /// Decrypts what [`Self::seal`] made. The MAC is compared in constant time before anything is
    /// decrypted. The IV is taken from the wire; the MAC covers it.
    fn open(
        &self,
        header: &Header,
        ad: &AssociatedData,
        ciphertext: &[u8],
    ) -> Result<Wiped<Vec<u8>>, Unsealed> {
        let (sealed, mac) = ciphertext
            .split_last_chunk::<MAC_BYTES>()
            .ok_or(Unsealed::TooShort)?;
        let (iv, body) = sealed.split_first_chunk().ok_or(Unsealed::TooShort)?;
        self.mac(header, ad, sealed)
            .verify_slice(mac)
            .map_err(|_| Unsealed::NotAuthentic)?;
        let mut plaintext = Wiped::new(body.to_vec());
        apply_ctr(self, iv, &mut plaintext);
        Ok(plaintext)
    }

    fn encryption(&self) -> &[u8] {
        let [encryption @ .., _, _, _] = &self.0.0;
        encryption.as_flattened()
    }

    fn authentication(&self) -> &[u8] {
        let [_, _, authentication @ .., _] = &self.0.0;
        authentication.as_flattened()
    }

    fn iv(&self) -> &[u8; IV_BYTES] {
        let [.., iv] = &self.0.0;
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

/// AES-256-CTR, whose counter is the whole IV. While its low half does not overflow, a 64-bit
/// counter gives the same, and a long message takes a fifth less time.
fn apply_ctr(keys: &SealKeys, iv: &[u8; IV_BYTES], data: &mut [u8]) {
    if low_half_overflows(iv, data.len()) {
        apply::<Ctr128BE<Aes256Enc>>(keys, iv, data);
    } else {
        apply::<Ctr64BE<Aes256Enc>>(keys, iv, data);
    }
}

fn low_half_overflows(iv: &[u8; IV_BYTES], bytes: usize) -> bool {
    let [.., a, b, c, d, e, f, g, h] = *iv;
    let low = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let blocks = u64::try_from(bytes.div_ceil(AES_BLOCK_BYTES)).unwrap_or(u64::MAX);
    low.checked_add(blocks).is_none()
}

#[expect(clippy::expect_used, reason = "the lengths are those of AES-256-CTR")]
fn apply<C: KeyIvInit + StreamCipher>(keys: &SealKeys, iv: &[u8; IV_BYTES], data: &mut [u8]) {
    C::new_from_slices(keys.encryption(), iv)
        .expect("32 bytes of key and 16 of IV")
        .apply_keystream(data);
}
