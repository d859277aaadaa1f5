//! Recovery phrases: BIP-39 words and the chat key they stand for (EIP-1581).

use std::fmt;

use bip32::{DerivationPath, XPrv};
use bip39::Language;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::keys::{IdentityKeyPair, KeyError};

/// Where the chat key lies below the seed.
const CHAT_KEY_PATH: &str = "m/43'/60'/1581'/0'/0";
/// Longest phrase read, in bytes: 24 words of at most 8 letters, with room for odd spacing.
const MAX_PHRASE_BYTES: usize = 1024;

/// A phrase of English BIP-39 words whose checksum holds. As secret as the identity it stands for.
pub struct Mnemonic(bip39::Mnemonic);

/// How many words a new phrase has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordCount {
    /// 128 bits of entropy.
    Twelve,
    /// 256 bits of entropy.
    TwentyFour,
}

/// Why a text is no phrase.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum MnemonicError {
    /// Not 12, 15, 18, 21 or 24 words.
    #[error("a phrase has 12, 15, 18, 21 or 24 words")]
    WordCount,
    /// A word that is not on the list; the number counts from 1.
    #[error("word {0} is not on the English word list")]
    UnknownWord(usize),
    /// The words are on the list, but not in this combination.
    #[error("the checksum does not hold: a word is wrong, or two are exchanged")]
    Checksum,
}

impl Mnemonic {
    /// A fresh phrase.
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
        let phrase = bip39::Mnemonic::from_entropy_in(Language::English, bytes)
            .expect("the length is one of BIP-39's");
        Self(phrase)
    }

    /// Reads a phrase: any white space between the words, either case.
    ///
    /// # Errors
    /// [`MnemonicError`].
    pub fn parse(text: &str) -> Result<Self, MnemonicError> {
        if text.len() > MAX_PHRASE_BYTES {
            return Err(MnemonicError::WordCount);
        }
        let lower = Zeroizing::new(text.to_lowercase());
        let words: Vec<&str> = lower.split_whitespace().collect();
        let phrase = Zeroizing::new(words.join(" "));
        bip39::Mnemonic::parse_in_normalized(Language::English, &phrase)
            .map(Self)
            .map_err(|error| match error {
                bip39::Error::UnknownWord(index) => MnemonicError::UnknownWord(index + 1),
                bip39::Error::InvalidChecksum => MnemonicError::Checksum,
                _ => MnemonicError::WordCount,
            })
    }

    /// The words, one space between them.
    #[must_use]
    pub fn phrase(&self) -> Zeroizing<String> {
        let words: Vec<&str> = self.0.words().collect();
        Zeroizing::new(words.join(" "))
    }

    /// The chat key at m/43'/60'/1581'/0'/0. The passphrase is normalised as BIP-39 says; empty means none.
    ///
    /// # Errors
    /// [`KeyError`] if the derivation meets an invalid key, which happens once in 2^127.
    pub fn chat_key(&self, passphrase: &str) -> Result<IdentityKeyPair, KeyError> {
        let seed = Zeroizing::new(self.0.to_seed(passphrase));
        let path: DerivationPath = CHAT_KEY_PATH.parse().map_err(|_| KeyError::Form)?;
        let key =
            XPrv::derive_from_path(seed.as_slice(), &path).map_err(|_| KeyError::NotOnCurve)?;
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(key.private_key().to_bytes().into());
        IdentityKeyPair::from_secret_bytes(&secret)
    }
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mnemonic(..)")
    }
}
