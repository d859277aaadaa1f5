//! Passphrases, which are given in files.

use std::{fs, path::Path};

use zeroize::Zeroizing;

use super::ConfigError;

/// A passphrase longer than this is a wrong file.
const MAX_PASSPHRASE_BYTES: u64 = 64 * 1024;

/// The passphrase in a file: its content without the line end that editors add.
///
/// # Errors
/// [`ConfigError`] if it cannot be read, or is none.
pub fn read_passphrase(path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let wrong = |cause: &dyn std::fmt::Display| {
        ConfigError(format!("passphrase_file {}: {cause}", path.display()))
    };
    let size = fs::metadata(path).map_err(|error| wrong(&error))?.len();
    if size > MAX_PASSPHRASE_BYTES {
        return Err(wrong(&"too large for a passphrase"));
    }
    let mut passphrase = fs::read(path)
        .map(Zeroizing::new)
        .map_err(|error| wrong(&error))?;
    while matches!(passphrase.last(), Some(b'\n' | b'\r')) {
        passphrase.pop();
    }
    if passphrase.is_empty() {
        return Err(wrong(&"the passphrase is empty"));
    }
    Ok(passphrase)
}
