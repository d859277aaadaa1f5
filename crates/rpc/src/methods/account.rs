//! Parameters of the methods of accounts.

use crypto_core::IdentityKey;
use engine::model::AccountName;

use crate::params::{KeystoreFile, NewInstallationId, PrivateKey, Secret, Words, params};

params! {
    /// For `account_create`.
    CreateParams {
        /// The new account's name.
        account = "account": AccountName,
        /// A fresh one is made by default. One that was used before must not be given where a
        /// contact uses status-go: neither would read the other until the prekeys of both have
        /// changed.
        installation_id = "installationId": Option<NewInstallationId>,
        /// Length of the recovery phrase: 12 by default.
        words = "words": Option<Words>,
    }

    /// For `account_recover`.
    RecoverParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The recovery phrase.
        mnemonic = "mnemonic": Secret,
        /// Its passphrase, if it has one.
        mnemonic_passphrase = "mnemonicPassphrase": Option<Secret>,
        /// As for `account_create`: best left out.
        installation_id = "installationId": Option<NewInstallationId>,
    }

    /// For `account_import`.
    ImportAccountParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The chat key.
        private_key = "privateKey": PrivateKey,
        /// As for `account_create`: best left out.
        installation_id = "installationId": Option<NewInstallationId>,
    }

    /// For `account_export`.
    ExportParams {
        account;
        /// The password that the key is put under.
        password = "password": Secret,
    }

    /// For `account_importKeystore`.
    ImportKeystoreParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The keystore file.
        keystore = "keystore": KeystoreFile,
        /// Its password.
        password = "password": Secret,
        /// As for `account_create`: best left out.
        installation_id = "installationId": Option<NewInstallationId>,
    }

    /// For `account_remove`.
    RemoveParams {
        /// Which; never left out.
        account = "account": AccountName,
        /// Its public key, to make sure it is meant.
        public_key = "publicKey": IdentityKey,
    }
}
