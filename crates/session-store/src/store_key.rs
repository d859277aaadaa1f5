//! The key of all stores of a data directory.
//!
//! Either 32 random bytes in a file of their own, or derived from a passphrase with Argon2id. Which
//! of the two is settled when the directory is first used, and changed by [`crate::rekey`].

use std::{fmt, fs, io::Write as _, path::Path};

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    error::OpenError,
    files::{check_private, create_file, sync_directory},
};

/// Holds the random key, in hex.
pub const KEY_FILE: &str = "store.key";
/// Holds how the key is derived from the passphrase. Not secret.
pub const KDF_FILE: &str = "store-kdf.toml";

/// Argon2id: 64 MiB, 3 passes, 1 lane (RFC 9106, second choice, with one lane: a daemon starts
/// once).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// Limits on what a file that someone tampered with can cost.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;
/// Nor can such a file make the derivation weaker than this.
const MIN_MEMORY_KIB: u32 = 19 * 1024;

const SALT_BYTES: usize = 16;
const CHECK_DOMAIN: &[u8] = b"ratchetd/store-key-check/1";
/// The key and description files are a few lines.
const MAX_FILE_BYTES: u64 = 4096;

/// The key of the stores. Secret.
pub(crate) struct StoreKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(..)")
    }
}

/// How a key is derived from a passphrase: the contents of [`KDF_FILE`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    version: u32,
    algorithm: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    /// Tells a wrong passphrase from a damaged store. Derived from the key by a one-way function.
    check: String,
}

/// Whether a directory has a file that its key comes from.
pub(crate) fn is_settled(directory: &Path) -> bool {
    !files(directory).is_empty()
}

/// The files in `directory` that its key comes from. [`KDF_FILE`] is not secret.
pub(crate) fn files(directory: &Path) -> Vec<&'static str> {
    let mut files = vec![KEY_FILE, KDF_FILE];
    files.retain(|file| directory.join(file).exists());
    files
}

impl StoreKey {
    /// The key of a directory that has one.
    ///
    /// # Errors
    /// [`OpenError`] if there is none, or as of [`Self::load`].
    pub(crate) fn load_known(
        directory: &Path,
        passphrase: Option<&[u8]>,
    ) -> Result<Self, OpenError> {
        let key_file = directory.join(KEY_FILE);
        let kdf_file = directory.join(KDF_FILE);
        match (passphrase, key_file.exists(), kdf_file.exists()) {
            (None, true, _) => Self::read_key_file(&key_file),
            (None, false, true) => Err(OpenError::PassphraseNeeded(directory.to_owned())),
            (Some(_), true, _) => Err(OpenError::PassphraseNotUsed(directory.to_owned())),
            (Some(passphrase), false, true) => Self::derive_known(directory, &kdf_file, passphrase),
            (_, false, false) => Err(OpenError::NoDataDirectory(directory.to_owned())),
        }
    }

    /// The key of a directory. Made at the first start: from the passphrase if there is one, or
    /// else at random.
    ///
    /// # Errors
    /// [`OpenError`] if the passphrase is wrong, missing or not used, or a file cannot be used.
    pub(crate) fn load(
        directory: &Path,
        passphrase: Option<&[u8]>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OpenError> {
        if is_settled(directory) {
            return Self::load_known(directory, passphrase);
        }
        match passphrase {
            None => Self::make_key_file(&directory.join(KEY_FILE), rng),
            Some(passphrase) => Self::derive_new(&directory.join(KDF_FILE), passphrase, rng),
        }
    }

    /// The statement that gives SQLCipher the raw key, without further derivation.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        joined(&["PRAGMA key = \"x'", &hex(&*self.0), "'\";"])
    }

    /// The statement that puts an open database under this key.
    pub(crate) fn rekey_pragma(&self) -> Zeroizing<String> {
        joined(&["PRAGMA rekey = \"x'", &hex(&*self.0), "'\";"])
    }

    fn make_key_file(path: &Path, rng: &mut dyn CryptoRng) -> Result<Self, OpenError> {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut_slice());
        let text = joined(&[&hex(&*key), "\n"]);
        write_new(path, text.as_bytes())?;
        Ok(Self(key))
    }

    fn read_key_file(path: &Path) -> Result<Self, OpenError> {
        check_private(path)?;
        let text = read_small(path)?;
        Self::parse(&text)
            .ok_or_else(|| OpenError::key_file(path, "it does not hold 64 hex digits"))
    }

    /// The key in the text of a key file, if that is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        unhex(text.trim()).map(Self)
    }

    fn derive_new(
        path: &Path,
        passphrase: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OpenError> {
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let mut kdf = Kdf {
            version: 1,
            algorithm: "argon2id".to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: hex(&salt).to_string(),
            check: String::new(),
        };
        let key = kdf.derive(path, passphrase)?;
        kdf.check = key.check();
        let text =
            toml::to_string(&kdf).map_err(|error| OpenError::key_file(path, error.to_string()))?;
        write_new(path, text.as_bytes())?;
        Ok(key)
    }

    fn derive_known(directory: &Path, path: &Path, passphrase: &[u8]) -> Result<Self, OpenError> {
        check_private(path)?;
        Self::derive(&read_small(path)?, path, passphrase)?
            .ok_or_else(|| OpenError::WrongPassphrase(directory.to_owned()))
    }

    /// The key that is derived as `text` says, the contents of [`KDF_FILE`]; `None` if the
    /// passphrase is wrong. `path` is where the text is from.
    ///
    /// # Errors
    /// [`OpenError::KeyFile`] if the text is malformed, or asks for more work than is allowed.
    pub(crate) fn derive(
        text: &str,
        path: &Path,
        passphrase: &[u8],
    ) -> Result<Option<Self>, OpenError> {
        let kdf: Kdf =
            toml::from_str(text).map_err(|error| OpenError::key_file(path, error.message()))?;
        let key = kdf.derive(path, passphrase)?;
        Ok((key.check() == kdf.check).then_some(key))
    }

    fn check(&self) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice())
            .expect("every length is a key")
            .chain_update(CHECK_DOMAIN)
            .finalize();
        hex(&mac.into_bytes()).to_string()
    }
}

impl Kdf {
    fn derive(&self, path: &Path, passphrase: &[u8]) -> Result<StoreKey, OpenError> {
        let unusable = |problem: &str| OpenError::key_file(path, problem);
        if self.version != 1 || self.algorithm != "argon2id" {
            return Err(unusable("it names a derivation that is not known"));
        }
        let sane = (MIN_MEMORY_KIB..=MAX_MEMORY_KIB).contains(&self.memory_kib)
            && (1..=MAX_PASSES).contains(&self.passes)
            && (1..=MAX_LANES).contains(&self.lanes);
        if !sane {
            return Err(unusable("its parameters are out of range"));
        }
        let salt = unhex::<SALT_BYTES>(&self.salt).ok_or_else(|| unusable("its salt is none"))?;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|error| unusable(&error.to_string()))?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, &*salt, key.as_mut_slice())
            .map_err(|error| unusable(&error.to_string()))?;
        Ok(StoreKey(key))
    }
}

/// Creates a file of mode 0600 and waits until it is on the disk. It gets its name when it is
/// whole.
fn write_new(path: &Path, content: &[u8]) -> Result<(), OpenError> {
    let partial = path.with_extension("new");
    let _ = fs::remove_file(&partial);
    let mut file = create_file(&partial).map_err(OpenError::io(&partial))?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&partial, path))
        .map_err(OpenError::io(path))?;
    sync_directory(path)
}

fn read_small(path: &Path) -> Result<Zeroizing<String>, OpenError> {
    let size = fs::metadata(path).map_err(OpenError::io(path))?.len();
    if size > MAX_FILE_BYTES {
        return Err(OpenError::key_file(path, "it is too large"));
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(OpenError::io(path))
}

/// Joins the parts in one allocation: a text that grows leaves copies behind.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    let size = parts.iter().map(|part| part.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(size));
    for part in parts {
        text.push_str(part);
    }
    text
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(const_hex::encode(bytes))
}

fn unhex<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    const_hex::decode_to_slice(text, bytes.as_mut_slice()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::shows_nothing;

    #[test]
    fn the_key_shows_nothing() {
        shows_nothing::<StoreKey>(&StoreKey(Zeroizing::new([0xa5; 32])));
    }
}
