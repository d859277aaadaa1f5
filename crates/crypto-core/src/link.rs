//! Linking a device: the two codes, and the digits between them (protocol §12).
//!
//! The device that is new makes a [`NewDevice`] and shows its [`FirstCode`]. The old one reads
//! that, draws a challenge, and gives the [`SecondCode`] only to who knows the response. What is in
//! the second code is for the callers.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, AeadInOut as _, consts::U12},
};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;

use crate::{
    hash::keccak256,
    installation::{InstallationId, random_uuid},
    keys::{DhOutput, KeyError},
    okm::{NO_SALT, Okm},
    wiped::Wiped,
    x25519::{X25519_KEY_BYTES, XPair, checked_x25519},
};

/// Separates the response from every other digest.
const RESPONSE_DOMAIN: &[u8] = b"ratchetd/link-response/1";
/// Separates these keys from all others.
const KEYS_INFO: &[u8] = b"ratchetd/link/1";
/// The version of the protocol, the first byte of either code.
const VERSION: u8 = 2;
/// Random bytes of an installation id.
const ID_BYTES: usize = 16;
/// Length of the first code, in bytes.
pub const FIRST_CODE_BYTES: usize = 1 + X25519_KEY_BYTES + ID_BYTES;
/// Length of the commitment to the keys, in bytes.
const COMMITMENT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// What the second code has besides the contents, in bytes.
pub const SECOND_CODE_OVERHEAD_BYTES: usize = 1 + X25519_KEY_BYTES + COMMITMENT_BYTES + TAG_BYTES;

/// How many numbers have six digits.
const MODULUS: u32 = 1_000_000;
/// Decimal digits of a challenge or response.
pub const LINK_DIGITS: usize = 6;

/// Why a code cannot be used.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LinkCodeError {
    /// Not of this form, or the key in it gives no secret.
    #[error("not a code of this form")]
    Malformed,
    /// Of a later version of the protocol.
    #[error("a code of another version")]
    Version,
    /// Altered, or made for another code, challenge or device.
    #[error("the code is not authentic")]
    Authentication,
}

/// Six decimal digits that a person carries from one device to the other: the challenge of the old
/// one, or the response of the new one. They are not to be shown but to that person.
#[derive(Clone, Copy)]
pub struct LinkDigits(u32);

impl LinkDigits {
    /// A challenge: all are equally likely.
    pub fn draw(rng: &mut dyn CryptoRng) -> Self {
        /// The largest multiple of a million that 32 bits hold.
        const BELOW: u32 = u32::MAX - u32::MAX % MODULUS;
        loop {
            let mut bytes = [0; 4];
            rng.fill_bytes(&mut bytes);
            let drawn = u32::from_be_bytes(bytes);
            if drawn < BELOW {
                return Self(drawn % MODULUS);
            }
        }
    }

    /// Reads six digits; `None` if it is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_number =
            text.len() == LINK_DIGITS && text.bytes().all(|digit| digit.is_ascii_digit());
        text.parse().ok().filter(|_| is_number).map(Self)
    }

    /// The six digits as text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:0LINK_DIGITS$}", self.0)
    }

    /// Whether they are the same, in constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for LinkDigits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkDigits(..)")
    }
}

/// What the new device shows: a fresh public key, and the id that the device will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstCode {
    key: [u8; X25519_KEY_BYTES],
    id: [u8; ID_BYTES],
}

impl FirstCode {
    /// Reads the bytes of a code.
    ///
    /// # Errors
    /// [`LinkCodeError`] if they are of another length or version, the key is none, or the id is
    /// not random of version 4.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinkCodeError> {
        let (version, rest) = bytes.split_first().ok_or(LinkCodeError::Malformed)?;
        if *version != VERSION {
            return Err(LinkCodeError::Version);
        }
        let (key, id) = rest
            .split_first_chunk::<X25519_KEY_BYTES>()
            .ok_or(LinkCodeError::Malformed)?;
        let id: [u8; ID_BYTES] = id.try_into().map_err(|_| LinkCodeError::Malformed)?;
        if random_uuid(id) != id {
            return Err(LinkCodeError::Malformed);
        }
        let key = checked_x25519(key).map_err(|_| LinkCodeError::Malformed)?;
        Ok(Self { key, id })
    }

    /// The bytes: `version ‖ key ‖ id`.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; FIRST_CODE_BYTES] {
        let mut bytes = [VERSION; FIRST_CODE_BYTES];
        let parts = self.key.iter().chain(&self.id);
        bytes
            .iter_mut()
            .skip(1)
            .zip(parts)
            .for_each(|(to, from)| *to = *from);
        bytes
    }

    /// The id that the device will have.
    #[must_use]
    pub fn installation(&self) -> InstallationId {
        InstallationId::from_random(self.id)
    }

    /// What the holder of this code answers to a challenge: the first 16 bytes of
    /// Keccak-256(domain ‖ code ‖ challenge), big-endian, modulo a million.
    #[must_use]
    pub fn response(&self, challenge: &LinkDigits) -> LinkDigits {
        let digits = challenge.text();
        let digest = keccak256(&[RESPONSE_DOMAIN, &self.to_bytes(), digits.as_bytes()]);
        let first = digest.iter().take(size_of::<u128>());
        let number = first.fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
        LinkDigits(u32::try_from(number % u128::from(MODULUS)).unwrap_or_default())
    }

    /// Seals the contents to the holder of this code who was given this challenge.
    ///
    /// # Errors
    /// [`KeyError`] if the key agreement gives no secret, which it does with every key that was
    /// read from bytes.
    pub fn seal(
        &self,
        challenge: &LinkDigits,
        contents: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<SecondCode, KeyError> {
        let pair = XPair::generate(rng);
        let key = *pair.public();
        let keys = Keys::derive(&pair.agree(&self.key)?, self, &key, challenge);
        let sealed = keys
            .cipher()
            .encrypt(&keys.nonce(), contents)
            .map_err(|_| KeyError::Form)?;
        Ok(SecondCode {
            key,
            commitment: *keys.commitment(),
            sealed,
        })
    }
}

/// The device that is new: its code, with the private half of the key in it.
pub struct NewDevice {
    pair: XPair,
    code: FirstCode,
}

impl NewDevice {
    /// A fresh key and a fresh id.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let pair = XPair::generate(rng);
        let mut id = [0; ID_BYTES];
        rng.fill_bytes(&mut id);
        let code = FirstCode {
            key: *pair.public(),
            id: random_uuid(id),
        };
        Self { pair, code }
    }

    /// The code to show.
    #[must_use]
    pub const fn code(&self) -> &FirstCode {
        &self.code
    }

    /// Opens the second code, which must have been made for the first one by who gave this
    /// challenge.
    ///
    /// # Errors
    /// [`LinkCodeError::Authentication`] if it was not.
    pub fn open(
        &self,
        challenge: &LinkDigits,
        code: &SecondCode,
    ) -> Result<Wiped<Vec<u8>>, LinkCodeError> {
        let shared = self.pair.agree(&code.key);
        let shared = shared.map_err(|_| LinkCodeError::Authentication)?;
        let keys = Keys::derive(&shared, &self.code, &code.key, challenge);
        // Before the tag: one ciphertext can have a good tag under many keys, and who does not know
        // the challenge would guess it with all of them at once.
        if !bool::from(keys.commitment().ct_eq(&code.commitment)) {
            return Err(LinkCodeError::Authentication);
        }
        let mut contents = Wiped::new(code.sealed.clone());
        keys.cipher()
            .decrypt_in_place(&keys.nonce(), &[], &mut *contents)
            .map_err(|_| LinkCodeError::Authentication)?;
        Ok(contents)
    }
}

impl fmt::Debug for NewDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewDevice(..)")
    }
}

/// What the old device gives: its ephemeral key, a commitment to the keys of the seal, and the
/// contents, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondCode {
    key: [u8; X25519_KEY_BYTES],
    commitment: [u8; COMMITMENT_BYTES],
    /// With its tag.
    sealed: Vec<u8>,
}

impl SecondCode {
    /// Reads the bytes of a code.
    ///
    /// # Errors
    /// [`LinkCodeError`] if they are shorter than any or of another version, or the key is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinkCodeError> {
        let (version, rest) = bytes.split_first().ok_or(LinkCodeError::Malformed)?;
        if *version != VERSION {
            return Err(LinkCodeError::Version);
        }
        let read = rest
            .split_first_chunk::<X25519_KEY_BYTES>()
            .and_then(|(key, rest)| Some((key, rest.split_first_chunk::<COMMITMENT_BYTES>()?)))
            .filter(|(_, (_, sealed))| sealed.len() >= TAG_BYTES);
        let (key, (commitment, sealed)) = read.ok_or(LinkCodeError::Malformed)?;
        Ok(Self {
            key: checked_x25519(key).map_err(|_| LinkCodeError::Malformed)?,
            commitment: *commitment,
            sealed: sealed.to_vec(),
        })
    }

    /// The bytes: `version ‖ key ‖ commitment ‖ sealed`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[VERSION], &self.key[..], &self.commitment, &self.sealed].concat()
    }
}

/// What one second code is made with: the commitment, the key and the nonce.
struct Keys(Okm<32, 3>);

impl Keys {
    fn derive(
        shared: &DhOutput,
        first: &FirstCode,
        second: &[u8; X25519_KEY_BYTES],
        challenge: &LinkDigits,
    ) -> Self {
        let (first, challenge) = (first.to_bytes(), challenge.text());
        let info = [KEYS_INFO, &first, second, challenge.as_bytes()].concat();
        Self(Okm::of(NO_SALT.clone(), shared.as_slice(), &info))
    }

    const fn commitment(&self) -> &[u8; COMMITMENT_BYTES] {
        let [commitment, _, _] = &self.0.0;
        commitment
    }

    fn cipher(&self) -> Aes256Gcm {
        let [_, key, _] = &self.0.0;
        Aes256Gcm::new(key.into())
    }

    fn nonce(&self) -> Nonce<U12> {
        let [_, _, last] = &self.0.0;
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *last;
        Nonce::from([a, b, c, d, e, f, g, h, i, j, k, l])
    }
}
