//! Parameters of the methods of accounts.

use crypto_core::IdentityKey;
use engine::model::AccountName;

use crate::params::{
    KeystoreFile, NewInstallationId, PageLimit, PrivateKey, Secret, Words, params,
};

params! {
    /// For `account_list`.
    ListAccountsParams {
        /// The most accounts to give in one answer. By default all are given.
        limit = "limit": Option<PageLimit>,
        /// Where the list goes on: after the account of this name, whether there is one or not. By
        /// default it begins.
        after = "after": Option<AccountName>,
    }

    /// For `account_create`.
    CreateParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The id of the new device; a fresh one is made by default. One that was used before must
        /// not be given where a contact uses status-go: neither would read the other until the
        /// prekeys of both have changed.
        installation_id = "installationId": Option<NewInstallationId>,
        /// Length of the recovery phrase, in words: 12 by default.
        words = "words": Option<Words>,
    }

    /// For `account_recover`.
    RecoverParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The recovery phrase.
        mnemonic = "mnemonic": Secret,
        /// The passphrase of the recovery phrase, if it has one.
        mnemonic_passphrase = "mnemonicPassphrase": Option<Secret>,
        /// The id of the new device. Best left out, and a fresh one is made: contacts on status-go
        /// do not read a device whose id was used before.
        installation_id = "installationId": Option<NewInstallationId>,
    }

    /// For `account_import`.
    ImportAccountParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The private key of the identity, which Status calls the chat key.
        private_key = "privateKey": PrivateKey,
        /// The id of the new device. Best left out, and a fresh one is made: contacts on status-go
        /// do not read a device whose id was used before.
        installation_id = "installationId": Option<NewInstallationId>,
    }

    /// For `account_export`.
    ExportParams {
        account;
        /// The password that the keystore file is encrypted with.
        password = "password": Secret,
    }

    /// For `account_importKeystore`.
    ImportKeystoreParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The keystore file.
        keystore = "keystore": KeystoreFile,
        /// The password of the keystore file.
        password = "password": Secret,
        /// The id of the new device. Best left out, and a fresh one is made: contacts on status-go
        /// do not read a device whose id was used before.
        installation_id = "installationId": Option<NewInstallationId>,
    }

    /// For `account_remove`.
    RemoveParams {
        /// The account to erase. It must be named even if there is only one.
        account = "account": AccountName,
        /// The public key of that account, so that no other is erased by mistake.
        public_key = "publicKey": IdentityKey,
    }
}
