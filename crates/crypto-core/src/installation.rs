//! Installation ids: the names of the devices of an identity (protocol §2).

use std::{fmt, sync::Arc};

/// Longest installation id, in characters.
pub const MAX_INSTALLATION_ID_CHARS: usize = 64;

/// Prefix of ids whose bundle entries always carry a ratchet prekey.
const RATCHET_PREFIX: &str = "x1-";
/// Prefix of ids whose devices have KEM prekeys besides. It begins with [`RATCHET_PREFIX`].
const KEM_PREFIX: &str = "x1-k1-";
/// Names the entry of a message that any device of an identity can read, so no device may have it
/// for its id.
pub const ANY_INSTALLATION: &str = "none";

/// An installation id: 1 to 64 characters of `A-Za-z0-9._-`, never `none`. Clones share the text,
/// since every message makes several.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallationId(Arc<str>);

/// A text that is no installation id.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("an installation id is 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not \"none\"")]
pub struct InstallationIdError;

impl InstallationId {
    /// Parses an id.
    ///
    /// # Errors
    /// [`InstallationIdError`] if it is not of the form above.
    pub fn parse(text: &str) -> Result<Self, InstallationIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let well_formed = (1..=MAX_INSTALLATION_ID_CHARS).contains(&text.len())
            && text.bytes().all(allowed)
            && text != ANY_INSTALLATION;
        if well_formed {
            Ok(Self(text.into()))
        } else {
            Err(InstallationIdError)
        }
    }

    /// A fresh id of our own form: `x1-k1-` and a random (version 4) UUID.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{KEM_PREFIX}{}", uuid_text(bytes)).into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id itself promises, inside the signed bytes of a bundle, that the entry carries
    /// a ratchet prekey.
    #[must_use]
    pub fn promises_ratchet_prekey(&self) -> bool {
        self.0.starts_with(RATCHET_PREFIX)
    }

    /// Whether the id itself promises that the device has KEM prekeys (protocol §13).
    #[must_use]
    pub fn promises_kem_prekeys(&self) -> bool {
        self.0.starts_with(KEM_PREFIX)
    }

    /// Whether a bundle may list it: not if it is digits followed by `x1-`. In a bundle's signed
    /// bytes nothing separates an id from the version before it, so the digits could be that
    /// version's.
    #[must_use]
    pub fn may_be_listed(&self) -> bool {
        let undigited = self.0.trim_start_matches(|c: char| c.is_ascii_digit());
        undigited.len() == self.0.len() || !undigited.starts_with(RATCHET_PREFIX)
    }

    /// The id after its length, as in associated data and session ids.
    pub(crate) fn length_prefixed(&self) -> Vec<u8> {
        // At most 64 bytes, by construction.
        let length = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        [&length.to_be_bytes(), self.0.as_bytes()].concat()
    }
}

/// These bytes with the marks of a random (version 4) UUID.
pub(crate) const fn random_uuid(mut bytes: [u8; 16]) -> [u8; 16] {
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    bytes
}

/// The random UUID of these bytes as text.
pub(crate) fn uuid_text(bytes: [u8; 16]) -> String {
    let mut text = String::new();
    for (index, byte) in random_uuid(bytes).iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_be_confused_or_break_the_signed_bytes_are_refused() {
        for bad in ["", "none", "a b", "a/b", "ü", "a\0", "a\n", "{}"] {
            assert_eq!(
                InstallationId::parse(bad),
                Err(InstallationIdError),
                "{bad:?}"
            );
        }
        assert!(InstallationId::parse(&"x".repeat(65)).is_err());
        for good in ["x", "None", "A.b_c-9", "none1", &"x".repeat(64)] {
            assert_eq!(InstallationId::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn digits_before_the_promise_are_not_listed() {
        for (id, listed) in [
            ("x1-phone", true),
            ("7x1-phone", false),
            ("20x1-", false),
            ("7x1phone", true),
            ("7-x1-phone", true),
            ("ax1-phone", true),
            ("123", true),
        ] {
            let id = InstallationId::parse(id).unwrap();
            assert_eq!(id.may_be_listed(), listed, "{id}");
        }
    }

    #[test]
    fn fresh_ids_are_version_4_uuids_behind_both_promises() {
        let id = InstallationId::from_random([0xff; 16]);
        assert_eq!(id.as_str(), "x1-k1-ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(id.promises_ratchet_prekey() && id.promises_kem_prekeys());
        let id = InstallationId::from_random([0; 16]);
        assert_eq!(id.as_str(), "x1-k1-00000000-0000-4000-8000-000000000000");
        assert_eq!(InstallationId::parse(id.as_str()), Ok(id));
    }
}
