//! An identity key under a password: Web3 Secret Storage, version 3, without its JSON.
//!
//! `dk = KDF(password, salt)`, 32 bytes; the key is under AES-128-CTR with `dk[0..16]`; the MAC is
//! `Keccak-256(dk[16..32] ‖ ciphertext)`.

use std::fmt;

use aes::Aes128;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use pbkdf2::pbkdf2_hmac;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::{
    hash::keccak256,
    keys::{IdentityKey, IdentityKeyPair},
    mnemonic::{MAX_PHRASE_BYTES, Mnemonic},
};

/// Limit on the memory of scrypt's table, `128·n·r` bytes: twice what the usual keystores take, so
/// that a stranger's file cannot exhaust the machine.
pub const MAX_SCRYPT_TABLE_BYTES: u64 = 512 * 1024 * 1024;
/// Limit on the memory of scrypt's blocks, `128·r·p` bytes besides its table: usually under 10 KiB.
pub const MAX_SCRYPT_BLOCK_BYTES: u64 = 1024 * 1024;
/// Limit on the work of scrypt, `128·n·r·p` bytes filled and read once each: a few seconds. The
/// usual keystores take a quarter of it.
pub const MAX_SCRYPT_WORK_BYTES: u64 = 1024 * 1024 * 1024;
/// Limit on scrypt's `p`, which is usually 1 to 8.
pub const MAX_SCRYPT_P: u64 = 16;
/// Limit on the rounds of PBKDF2: a few seconds. The usual keystores take 262144.
pub const MAX_PBKDF2_ROUNDS: u64 = 10_000_000;
/// Longest salt. The usual ones have 32 bytes.
pub const MAX_SALT_BYTES: usize = 256;
/// Longest ciphertext of a key.
pub const MAX_CIPHERTEXT_BYTES: usize = 32;

/// Length of the salts we write.
const SALT_BYTES: usize = 32;

/// Why a keystore gives no key.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeystoreError {
    /// The cost of the key derivation is invalid, or above the limits.
    #[error("{0}: write the keystore again with its program's usual settings")]
    Cost(&'static str),
    /// A part has a wrong length.
    #[error("{0}: the keystore is cut short or damaged, take another copy")]
    Length(&'static str),
    /// The MAC does not hold.
    #[error("the password is wrong, or the keystore is damaged: try the password again")]
    Password,
    /// It holds a recovery phrase in place of a key, as some wallets write it.
    #[error(
        "the keystore holds a recovery phrase and no key: look the phrase up in the program that wrote it, and give its words to `account_recover`"
    )]
    Phrase,
    /// The decrypted bytes are no private key: zero, or not below the group's order.
    #[error("the keystore holds no identity key: take the one that was exported for this account")]
    NoKey,
    /// The address is not that of the key.
    #[error("the keystore's address is not that of its key: it was altered, take another copy")]
    Address,
}

/// The cost of scrypt, within the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScryptCost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl ScryptCost {
    /// What other programs use by default: 256 MiB, about a second.
    pub const STANDARD: Self = Self {
        log_n: 18,
        r: 8,
        p: 1,
    };
    /// What other programs use where memory is short: 4 MiB.
    pub const LIGHT: Self = Self {
        log_n: 12,
        r: 8,
        p: 6,
    };

    /// The cost of these numbers.
    ///
    /// # Errors
    /// [`KeystoreError::Cost`] if `n` is no power of two above 1, if `r` or `p` is 0, or if a limit
    /// is exceeded.
    pub fn new(n: u64, r: u64, p: u64) -> Result<Self, KeystoreError> {
        if !n.is_power_of_two() || n == 1 || r == 0 || p == 0 {
            return Err(KeystoreError::Cost(
                "scrypt's n must be a power of two above 1, r and p at least 1",
            ));
        }
        let table = n.saturating_mul(r).saturating_mul(128);
        let blocks = r.saturating_mul(p).saturating_mul(128);
        if p > MAX_SCRYPT_P || table > MAX_SCRYPT_TABLE_BYTES || blocks > MAX_SCRYPT_BLOCK_BYTES {
            return Err(KeystoreError::Cost(
                "scrypt's n, r and p ask for more than 512 MiB of memory",
            ));
        }
        if table.saturating_mul(p) > MAX_SCRYPT_WORK_BYTES {
            return Err(KeystoreError::Cost(
                "scrypt's n, r and p ask for more than a few seconds",
            ));
        }
        let small = |number| u32::try_from(number).map_err(|_| KeystoreError::Cost("scrypt"));
        Ok(Self {
            log_n: u8::try_from(n.trailing_zeros()).map_err(|_| KeystoreError::Cost("scrypt"))?,
            r: small(r)?,
            p: small(p)?,
        })
    }

    /// n: memory and time.
    #[must_use]
    pub const fn n(&self) -> u64 {
        1 << self.log_n
    }

    /// r: the size of a block.
    #[must_use]
    pub const fn r(&self) -> u32 {
        self.r
    }

    /// p: how many times the work is done.
    #[must_use]
    pub const fn p(&self) -> u32 {
        self.p
    }
}

/// The rounds of PBKDF2-HMAC-SHA-256, within the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pbkdf2Rounds(u32);

impl Pbkdf2Rounds {
    /// So many rounds.
    ///
    /// # Errors
    /// [`KeystoreError::Cost`] if there are none, or more than [`MAX_PBKDF2_ROUNDS`].
    pub fn new(rounds: u64) -> Result<Self, KeystoreError> {
        if !(1..=MAX_PBKDF2_ROUNDS).contains(&rounds) {
            return Err(KeystoreError::Cost("PBKDF2's c must be from 1 to 10000000"));
        }
        u32::try_from(rounds)
            .map(Self)
            .map_err(|_| KeystoreError::Cost("PBKDF2"))
    }

    /// How many.
    #[must_use]
    pub const fn get(&self) -> u32 {
        self.0
    }
}

/// How the password becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kdf {
    /// scrypt.
    Scrypt(ScryptCost),
    /// PBKDF2-HMAC-SHA-256.
    Pbkdf2(Pbkdf2Rounds),
}

impl Kdf {
    fn derive(self, password: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
        let mut derived = Zeroizing::new([0; 32]);
        let password = password.as_bytes();
        match self {
            Self::Scrypt(ScryptCost { log_n, r, p }) => {
                let params = scrypt::Params::new(log_n, r, p)
                    .map_err(|_| KeystoreError::Cost("scrypt's n, r and p do not go together"))?;
                scrypt::scrypt(password, salt, &params, derived.as_mut_slice())
                    .map_err(|_| KeystoreError::Cost("scrypt"))?;
            }
            Self::Pbkdf2(Pbkdf2Rounds(rounds)) => {
                pbkdf2_hmac::<Sha256>(password, salt, rounds, derived.as_mut_slice());
            }
        }
        Ok(derived)
    }
}

/// A private key under a password. Without the password nothing in it is secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Keystore {
    /// How the password becomes a key.
    pub kdf: Kdf,
    /// At most [`MAX_SALT_BYTES`].
    pub salt: Vec<u8>,
    /// The counter that AES-128-CTR begins with.
    pub iv: [u8; 16],
    /// 1 to [`MAX_CIPHERTEXT_BYTES`] bytes: keys with leading zeros were once written without them.
    /// A longer one holds no key.
    pub ciphertext: Vec<u8>,
    /// Keccak-256 of the second half of the derived key and the ciphertext.
    pub mac: [u8; 32],
    /// The last 20 bytes of Keccak-256 of the public key, if the file has it.
    pub address: Option<[u8; 20]>,
}

impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keystore")
            .field("kdf", &self.kdf)
            .finish_non_exhaustive()
    }
}

impl Keystore {
    /// Encrypts a key under a password. The password is normalised to NFKC: its bytes are the same,
    /// however it was typed.
    ///
    /// # Errors
    /// [`KeystoreError::Cost`], which a [`ScryptCost`] rules out.
    pub fn seal(
        identity: &IdentityKeyPair,
        password: &str,
        cost: ScryptCost,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, KeystoreError> {
        let kdf = Kdf::Scrypt(cost);
        let mut salt = vec![0; SALT_BYTES];
        let mut iv = [0; 16];
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut iv);
        let password = collected(password.nfkc());
        let derived = kdf.derive(&password, &salt)?;
        let mut ciphertext = identity.secret_bytes().to_vec();
        apply_ctr(&derived, &iv, &mut ciphertext);
        Ok(Self {
            kdf,
            salt,
            iv,
            mac: mac(&derived, &ciphertext),
            ciphertext,
            address: Some(address(identity.public())?),
        })
    }

    /// Decrypts the key. Takes the memory and time that [`Kdf`] asks for, within the limits.
    ///
    /// Programs differ in how they normalise a password before they derive the key: it is tried as
    /// it is, then in NFC, NFD and NFKC, where those differ.
    ///
    /// # Errors
    /// [`KeystoreError`].
    pub fn open(&self, password: &str) -> Result<IdentityKeyPair, KeystoreError> {
        if self.salt.len() > MAX_SALT_BYTES {
            return Err(KeystoreError::Length("the salt has more than 256 bytes"));
        }
        if !(1..=MAX_PHRASE_BYTES).contains(&self.ciphertext.len()) {
            return Err(NOT_OF_A_KEY);
        }
        for form in forms(password) {
            let derived = self.kdf.derive(&form, &self.salt)?;
            let expected = mac(&derived, &self.ciphertext);
            if bool::from(expected.ct_eq(&self.mac)) {
                return self.decrypt(&derived);
            }
        }
        Err(KeystoreError::Password)
    }

    fn decrypt(&self, derived: &[u8; 32]) -> Result<IdentityKeyPair, KeystoreError> {
        let Some(zeros) = MAX_CIPHERTEXT_BYTES.checked_sub(self.ciphertext.len()) else {
            return Err(self.error_of_longer(derived));
        };
        let mut secret = Zeroizing::new([0; MAX_CIPHERTEXT_BYTES]);
        let (_, key) = secret.split_at_mut(zeros);
        key.copy_from_slice(&self.ciphertext);
        apply_ctr(derived, &self.iv, key);
        let identity =
            IdentityKeyPair::from_secret_bytes(&secret).map_err(|_| KeystoreError::NoKey)?;
        if let Some(said) = self.address
            && said != address(identity.public())?
        {
            return Err(KeystoreError::Address);
        }
        Ok(identity)
    }

    /// The error for a ciphertext that is longer than a key.
    fn error_of_longer(&self, derived: &[u8; 32]) -> KeystoreError {
        let mut held = Zeroizing::new(self.ciphertext.clone());
        apply_ctr(derived, &self.iv, &mut held);
        match std::str::from_utf8(&held).map(Mnemonic::parse) {
            Ok(Ok(_)) => KeystoreError::Phrase,
            _ => NOT_OF_A_KEY,
        }
    }
}

/// The ciphertext does not have the length of a key's.
const NOT_OF_A_KEY: KeystoreError = KeystoreError::Length("the ciphertext has not 1 to 32 bytes");

/// A password as it was given, and in each normalisation form that differs.
fn forms(password: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![Zeroizing::new(password.to_owned())];
    for form in [
        collected(password.nfc()),
        collected(password.nfd()),
        collected(password.nfkc()),
    ] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// Collects into one allocation: a text that grows leaves copies behind.
fn collected(characters: impl Iterator<Item = char> + Clone) -> Zeroizing<String> {
    let bytes = characters.clone().map(char::len_utf8).sum();
    let mut text = Zeroizing::new(String::with_capacity(bytes));
    text.extend(characters);
    text
}

fn mac(derived: &[u8; 32], ciphertext: &[u8]) -> [u8; 32] {
    keccak256(&[derived.split_at(16).1, ciphertext])
}

#[expect(
    clippy::expect_used,
    reason = "half of 32 bytes is a key of AES-128, 16 bytes are its counter"
)]
fn apply_ctr(derived: &[u8; 32], iv: &[u8; 16], data: &mut [u8]) {
    Ctr128BE::<Aes128>::new_from_slices(derived.split_at(16).0, iv)
        .expect("the lengths are those of AES-128")
        .apply_keystream(data);
}

fn address(identity: &IdentityKey) -> Result<[u8; 20], KeystoreError> {
    let uncompressed = identity
        .to_uncompressed()
        .map_err(|_| KeystoreError::NoKey)?;
    let [_, point @ ..] = uncompressed;
    let digest = keccak256(&[&point]);
    digest
        .last_chunk::<20>()
        .copied()
        .ok_or(KeystoreError::NoKey)
}
