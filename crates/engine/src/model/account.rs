//! The account that a store belongs to.

use std::{fmt, sync::Arc};

use crypto_core::{IdentityKeyPair, InstallationId};

use crate::model::UnixMillis;

/// Longest account name, in characters: it is also a file name.
pub const MAX_ACCOUNT_NAME_CHARS: usize = 64;

/// The local name of an account: `[a-z0-9][a-z0-9._-]{0,63}`. It is never on the wire.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountName(String);

/// The text is not an account name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "an account name is 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"
)]
pub struct AccountNameError;

impl AccountName {
    /// Parses `name`.
    ///
    /// # Errors
    /// [`AccountNameError`] if it is not of the form above.
    pub fn parse(name: &str) -> Result<Self, AccountNameError> {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let starts_well = name.chars().next().is_some_and(letter);
        let well_formed = name
            .chars()
            .all(|c| letter(c) || matches!(c, '.' | '_' | '-'));
        if starts_well && well_formed && name.len() <= MAX_ACCOUNT_NAME_CHARS {
            Ok(Self(name.to_owned()))
        } else {
            Err(AccountNameError)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account: one device of one identity. A clone shares the identity key pair.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its local name.
    pub name: AccountName,
    /// The identity key pair, IK. Shared with the [`Opener`](crate::sealing::Opener), which runs
    /// outside the account's thread.
    pub identity: Arc<IdentityKeyPair>,
    /// The id of this device.
    pub installation: InstallationId,
    /// Whether the id was generated here, so that no bundle can have named it before (protocol §3,
    /// `version`).
    pub fresh_installation: bool,
    /// When the account was made.
    pub created_at: UnixMillis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_directory_or_collide_are_refused() {
        for bad in ["", "..", ".a", "-a", "A", "a/b", "a\0", "a b", "ä"] {
            assert_eq!(AccountName::parse(bad), Err(AccountNameError), "{bad:?}");
        }
        assert_eq!(AccountName::parse(&"a".repeat(65)), Err(AccountNameError));
        for good in ["a", "0", "alice", "a..b", "alice-phone_2.x"] {
            assert_eq!(AccountName::parse(good).unwrap().as_str(), good);
        }
        assert!(AccountName::parse(&"a".repeat(64)).is_ok());
    }
}
