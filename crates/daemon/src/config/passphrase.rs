//! Passphrases, which are given in files.

use std::{io::Read as _, path::Path};

use zeroize::Zeroizing;

use super::{ConfigError, input};

/// A passphrase longer than this is a wrong file.
const MAX_PASSPHRASE_BYTES: usize = 64 * 1024;

/// The passphrase in a file, or on standard input for `-`: its content without the line end that
/// editors add.
///
/// # Errors
/// [`ConfigError`] if it cannot be read, or is none.
pub fn read_passphrase(path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let wrong = |cause: &dyn std::fmt::Display| {
        ConfigError(format!(
            "passphrase_file {}: {cause}",
            input::input_name(path)
        ))
    };
    // As large as it may be, so that it never grows and leaves parts of itself behind.
    let mut passphrase = Zeroizing::new(Vec::with_capacity(MAX_PASSPHRASE_BYTES + 1));
    input::open(path)
        .and_then(|file| {
            let mut file = file.take(MAX_PASSPHRASE_BYTES as u64 + 1);
            file.read_to_end(&mut passphrase)
        })
        .map_err(|error| wrong(&error))?;
    if passphrase.len() > MAX_PASSPHRASE_BYTES {
        return Err(wrong(&"too large for a passphrase"));
    }
    while matches!(passphrase.last(), Some(b'\n' | b'\r')) {
        passphrase.pop();
    }
    if passphrase.is_empty() {
        return Err(wrong(&"the passphrase is empty"));
    }
    Ok(passphrase)
}
