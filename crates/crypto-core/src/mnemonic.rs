//! Recovery phrases: BIP-39 words and the chat key they stand for (EIP-1581).

use std::{borrow::Cow, fmt};

use bip32::{DerivationPath, XPrv};
use bip39::Language;
use pbkdf2::pbkdf2_hmac;
use rand_core::CryptoRng;
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::{
    keys::{IdentityKeyPair, KeyError},
    typed::visible,
};

/// Derivation path of the chat key below the seed.
const CHAT_KEY_PATH: &str = "m/43'/60'/1581'/0'/0";
/// Longest phrase that is read, in bytes. 24 words of any list have less than half of that.
pub(crate) const MAX_PHRASE_BYTES: usize = 2048;
/// Rounds of PBKDF2-HMAC-SHA-512 from a phrase to its seed (BIP-39).
const SEED_ROUNDS: u32 = 2048;
/// Prefix of the seed's salt (BIP-39).
const SEED_SALT: &str = "mnemonic";

/// A phrase from one of the ten BIP-39 word lists, with its checksum verified, or a Russian phrase.
/// As secret as the identity it stands for.
///
/// Status also has a Russian list, which is not one of BIP-39's. The seed needs no list, so a
/// phrase in Russian letters is taken as it is written; [`Mnemonic::has_checksum`] then says that
/// typing errors are not detected.
pub struct Mnemonic {
    /// In NFKD and lowercase, one space between the words, as the seed is derived from it.
    phrase: Zeroizing<String>,
    has_checksum: bool,
}

/// How many words a new phrase has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordCount {
    /// 128 bits of entropy.
    Twelve,
    /// 256 bits of entropy.
    TwentyFour,
}

/// Why a text is not a phrase.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum MnemonicError {
    /// Not 12, 15, 18, 21 or 24 words, but so many.
    #[error("a phrase has 12, 15, 18, 21 or 24 words, and this has {0}")]
    WordCount(usize),
    /// More than 2048 bytes.
    #[error("a phrase is not as long as this text")]
    TooLong,
    /// The word of this number, from 1, is on no list that has all words before it.
    #[error("word {0} is on no word list together with those before it")]
    UnknownWord(usize),
    /// The words are on one list, but their checksum does not hold.
    #[error("the checksum does not hold: a word is wrong, or two are exchanged")]
    Checksum,
}

impl Mnemonic {
    /// A fresh phrase, in English.
    pub fn generate(words: WordCount, rng: &mut dyn CryptoRng) -> Self {
        let mut entropy = Zeroizing::new([0; 32]);
        rng.fill_bytes(entropy.as_mut_slice());
        let bytes = match words {
            WordCount::Twelve => entropy.split_at(16).0,
            WordCount::TwentyFour => entropy.as_slice(),
        };
        #[expect(
            clippy::expect_used,
            reason = "16 and 32 bytes are entropy lengths of BIP-39"
        )]
        let made = bip39::Mnemonic::from_entropy_in(Language::English, bytes)
            .expect("the length is one of BIP-39's");
        let words: Vec<&str> = made.words().collect();
        Self {
            phrase: Zeroizing::new(words.join(" ")),
            has_checksum: true,
        }
    }

    /// Reads a phrase: any white space between the words, either case, composed or decomposed
    /// accents; invisible characters are ignored. A phrase that is valid in two languages has one
    /// seed.
    ///
    /// # Errors
    /// [`MnemonicError`].
    pub fn parse(text: &str) -> Result<Self, MnemonicError> {
        if text.len() > MAX_PHRASE_BYTES {
            return Err(MnemonicError::TooLong);
        }
        let lower = Zeroizing::new(nfkd(&visible(text)).to_lowercase());
        let words: Vec<&str> = lower.split_whitespace().collect();
        if !matches!(words.len(), 12 | 15 | 18 | 21 | 24) {
            return Err(MnemonicError::WordCount(words.len()));
        }
        let phrase = Zeroizing::new(words.join(" "));
        let has_checksum = match check(&phrase) {
            Ok(()) => true,
            Err(MnemonicError::UnknownWord(_)) if words.iter().all(|word| is_russian(word)) => {
                false
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            phrase,
            has_checksum,
        })
    }

    /// The words in lowercase, with accents decomposed and one space between them.
    #[must_use]
    pub fn phrase(&self) -> Zeroizing<String> {
        self.phrase.clone()
    }

    /// Whether the words have a checksum. Without one, a wrong word gives another identity instead
    /// of an error.
    #[must_use]
    pub const fn has_checksum(&self) -> bool {
        self.has_checksum
    }

    /// The chat key at m/43'/60'/1581'/0'/0. The passphrase is normalised as BIP-39 says; empty
    /// means none.
    ///
    /// # Errors
    /// [`KeyError`] if the derivation meets an invalid key, which happens once in 2^127.
    pub fn chat_key(&self, passphrase: &str) -> Result<IdentityKeyPair, KeyError> {
        let seed = self.seed(passphrase);
        let path: DerivationPath = CHAT_KEY_PATH.parse().map_err(|_| KeyError::Form)?;
        let key =
            XPrv::derive_from_path(seed.as_slice(), &path).map_err(|_| KeyError::NotOnCurve)?;
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(key.private_key().to_bytes().into());
        IdentityKeyPair::from_secret_bytes(&secret)
    }

    pub(crate) fn seed(&self, passphrase: &str) -> Zeroizing<[u8; 64]> {
        let passphrase = nfkd(passphrase);
        let mut salt = Zeroizing::new(String::with_capacity(SEED_SALT.len() + passphrase.len()));
        salt.push_str(SEED_SALT);
        salt.push_str(&passphrase);
        let mut seed = Zeroizing::new([0; 64]);
        pbkdf2_hmac::<Sha512>(
            self.phrase.as_bytes(),
            salt.as_bytes(),
            SEED_ROUNDS,
            seed.as_mut_slice(),
        );
        seed
    }
}

/// Checks that all words are on one list and their checksum holds. If not, gives the error of the
/// list that has the most of the first words.
fn check(phrase: &str) -> Result<(), MnemonicError> {
    let mut furthest = (0, MnemonicError::UnknownWord(1));
    for language in Language::ALL {
        let said = match bip39::Mnemonic::parse_in_normalized(*language, phrase) {
            Ok(_) => return Ok(()),
            Err(bip39::Error::UnknownWord(index)) => {
                (index + 1, MnemonicError::UnknownWord(index + 1))
            }
            Err(bip39::Error::InvalidChecksum) => (usize::MAX, MnemonicError::Checksum),
            Err(_) => continue,
        };
        if said.0 > furthest.0 {
            furthest = said;
        }
    }
    Err(furthest.1)
}

/// Whether a word consists of the 33 Russian letters, decomposed: two have a breve or a diaeresis.
fn is_russian(word: &str) -> bool {
    word.starts_with(|first| matches!(first, 'а'..='я'))
        && word
            .chars()
            .all(|letter| matches!(letter, 'а'..='я' | '\u{306}' | '\u{308}'))
}

/// Compatibility decomposition: however a text was typed, its bytes are the same.
fn nfkd(text: &str) -> Zeroizing<String> {
    let mut text = Cow::Borrowed(text);
    bip39::Mnemonic::normalize_utf8_cow(&mut text);
    Zeroizing::new(text.into_owned())
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mnemonic(..)")
    }
}
