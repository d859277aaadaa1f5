//! Results about accounts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::Hex;

/// An account: one device of one identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountInfo {
    /// The name of the account in this daemon.
    pub account: String,
    /// The public key of the identity, `0x04…`, which Status calls the chat key.
    pub public_key: Hex,
    /// The public key in its compact form, `zQ3sh…`.
    pub compressed_key: String,
    /// The id of this device.
    pub installation_id: String,
    /// When the account was made in this daemon.
    pub created_at: u64,
}

/// A new account with its recovery phrase, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// The account.
    #[serde(flatten)]
    pub account: AccountInfo,
    /// The recovery phrase: whoever has it has the identity.
    pub mnemonic: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// An identity key under a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportedAccount {
    /// The keystore file: Web3 Secret Storage, version 3. Whoever has it and the password has the
    /// identity.
    pub keystore: serde_json::Value,
}

impl std::fmt::Debug for ExportedAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExportedAccount(..)")
    }
}

/// The answer to a removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// Always true.
    pub removed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_account_shows_who_it_is_and_not_its_phrase() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(
                !shown.contains("swordfish") && shown.contains("alice"),
                "{shown}"
            );
        }
        let account = AccountInfo {
            account: "alice".to_owned(),
            public_key: Hex(Vec::new()),
            compressed_key: String::new(),
            installation_id: String::new(),
            created_at: 0,
        };
        shows_nothing::<NewAccount>(&NewAccount {
            account,
            mnemonic: "swordfish".to_owned(),
        });
    }

    #[test]
    fn an_exported_key_is_not_shown() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains("swordfish"), "{shown}");
        }
        shows_nothing::<ExportedAccount>(&ExportedAccount {
            keystore: serde_json::json!({"crypto": "swordfish"}),
        });
    }
}
