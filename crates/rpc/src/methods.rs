//! The methods: names, parameters, results. This file reads as the API reference.

use crypto_core::{IdentityKey, InstallationId};
use engine::AccountName;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    forms::{
        At, BundleBytes, MessageIds, Millis, Number, Payload, PrivateKey, RequestId, Secret, Text,
        Wire, Words,
    },
    params::{ParamInfo, Params, params},
    types::{
        AccountInfo, BundleInfo, Clock, Confirmed, Decrypted, Encrypted, Envelopes, Health,
        ImportedBundleInfo, ImportedPreKeyInfo, InspectedBundleInfo, InspectedMessageInfo,
        InstallationInfo, NewAccount, Removed, SessionInfo, Status, Version,
    },
};

/// A method: its name and the types of both directions.
pub trait Method {
    /// As it is called.
    const NAME: &'static str;
    /// What it does, in a line.
    const SUMMARY: &'static str;
    /// What it takes.
    type Params: Params + Send + 'static;
    /// What it gives.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}

/// A method, for listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodInfo {
    /// As it is called.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// What it takes, in the order of positions.
    pub params: &'static [ParamInfo],
    /// It exists only with `--dev`.
    pub dev: bool,
}

/// Defines the methods and their list.
macro_rules! methods {
    ($(
        $(#[doc = $summary:literal])+
        $(@$dev:ident)? $method:ident = $name:literal ($params:ty) -> $reply:ty;
    )*) => {
        $(
            $(#[doc = $summary])+
            #[derive(Clone, Copy, Debug)]
            pub struct $method;

            impl Method for $method {
                const NAME: &'static str = $name;
                const SUMMARY: &'static str = concat!($($summary),+).trim_ascii();
                type Params = $params;
                type Reply = $reply;
            }
        )*

        /// Every method there is.
        pub const METHODS: &[MethodInfo] = &[
            $(MethodInfo {
                name: $name,
                summary: <$method as Method>::SUMMARY,
                params: <$params as Params>::FIELDS,
                dev: is_dev!($($dev)?),
            },)*
        ];
    };
}

macro_rules! is_dev {
    () => {
        false
    };
    (dev) => {
        true
    };
}

params! {
    /// No parameters.
    NoParams {}
}

params! {
    /// An account alone.
    AccountOnly {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
    }
}

params! {
    /// For `account_create`.
    CreateParams {
        /// The new account's name.
        account = "account": AccountName,
        /// Only to continue a device that lived before; a fresh one is made by default.
        installation_id = "installationId": Option<InstallationId>,
        /// Length of the recovery phrase: 12 by default.
        words = "words": Option<Words>,
    }
}

params! {
    /// For `account_recover`.
    RecoverParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The recovery phrase.
        mnemonic = "mnemonic": Secret,
        /// Its passphrase, if it has one.
        mnemonic_passphrase = "mnemonicPassphrase": Option<Secret>,
        /// Only to continue a device that lived before.
        installation_id = "installationId": Option<InstallationId>,
    }
}

params! {
    /// For `account_import`.
    ImportAccountParams {
        /// The new account's name.
        account = "account": AccountName,
        /// The chat key.
        private_key = "privateKey": PrivateKey,
        /// Only to continue a device that lived before.
        installation_id = "installationId": Option<InstallationId>,
    }
}

params! {
    /// For `account_remove`.
    RemoveParams {
        /// Which; never left out.
        account = "account": AccountName,
        /// Its public key, to make sure it is meant.
        public_key = "publicKey": IdentityKey,
    }
}

params! {
    /// For `bundle_import`.
    ImportBundleParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The bundle.
        bundle = "bundle": BundleBytes,
    }
}

params! {
    /// For `bundle_inspect`.
    InspectBundleParams {
        /// The bundle.
        bundle = "bundle": BundleBytes,
    }
}

params! {
    /// For `message_encrypt`.
    EncryptParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The identity to write to.
        recipient = "recipient": IdentityKey,
        /// The plaintext as bytes.
        payload = "payload": Option<Payload>,
        /// The plaintext as text.
        text = "text": Option<Text>,
        /// Makes a retry safe for 24 hours.
        request_id = "requestId": Option<RequestId>,
    }
}

params! {
    /// For `message_encryptPublic`.
    EncryptPublicParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The content as bytes.
        payload = "payload": Option<Payload>,
        /// The content as text.
        text = "text": Option<Text>,
    }
}

params! {
    /// For `message_advertise`.
    AdvertiseParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The identity to tell of our bundle.
        recipient = "recipient": IdentityKey,
    }
}

params! {
    /// For `message_decrypt`.
    DecryptParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The identity that the transport names as the sender.
        sender = "sender": IdentityKey,
        /// The wire message.
        message = "message": Wire,
        /// Confirm at once: the message is read at most once. False by default.
        confirm = "confirm": Option<bool>,
    }
}

params! {
    /// For `message_confirm`.
    ConfirmParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The messages whose text is stored.
        message_ids = "messageIds": MessageIds,
    }
}

params! {
    /// For `message_inspect`.
    InspectMessageParams {
        /// The wire message.
        message = "message": Wire,
    }
}

params! {
    /// For `installation_list` and `session_list`.
    ListParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// Whose.
        identity = "identity": Option<IdentityKey>,
    }
}

params! {
    /// For `dev_advanceTime`.
    AdvanceTimeParams {
        /// How far.
        ms = "ms": Millis,
    }
}

params! {
    /// For `dev_importPrekey`.
    ImportPreKeyParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The signed prekey's private half.
        signed_pre_key_private = "signedPreKeyPrivate": PrivateKey,
        /// The ratchet prekey's private half.
        ratchet_pre_key_private = "ratchetPreKeyPrivate": Option<PrivateKey>,
        /// One above the present by default.
        version = "version": Option<Number>,
        /// Now by default.
        created_at = "createdAt": Option<At>,
    }
}

methods! {
    /// Makes an account with a new identity, and shows its recovery phrase this once.
    AccountCreate = "account_create" (CreateParams) -> NewAccount;
    /// Makes an account from a recovery phrase: a new device of that identity.
    AccountRecover = "account_recover" (RecoverParams) -> AccountInfo;
    /// Makes an account from a private key: a new device of that identity.
    AccountImport = "account_import" (ImportAccountParams) -> AccountInfo;
    /// Lists the accounts.
    AccountList = "account_list" (NoParams) -> Vec<AccountInfo>;
    /// Shows one account.
    AccountGet = "account_get" (AccountOnly) -> AccountInfo;
    /// Erases an account and all its data.
    AccountRemove = "account_remove" (RemoveParams) -> Removed;

    /// Gives the bundle to publish; rotates the prekey first if that is due.
    BundleGet = "bundle_get" (AccountOnly) -> BundleInfo;
    /// Takes a contact's bundle that came by another way than a message.
    BundleImport = "bundle_import" (ImportBundleParams) -> ImportedBundleInfo;
    /// Takes a bundle apart without any key.
    BundleInspect = "bundle_inspect" (InspectBundleParams) -> InspectedBundleInfo;

    /// Encrypts for every active device of the recipient and for our own other devices.
    MessageEncrypt = "message_encrypt" (EncryptParams) -> Encrypted;
    /// Wraps a public message: not encrypted.
    MessageEncryptPublic = "message_encryptPublic" (EncryptPublicParams) -> Envelopes;
    /// Makes the empty message that tells the recipient of our bundle.
    MessageAdvertise = "message_advertise" (AdvertiseParams) -> Envelopes;
    /// Reads a received wire message.
    MessageDecrypt = "message_decrypt" (DecryptParams) -> Decrypted;
    /// Erases the keys of messages whose text the caller has stored.
    MessageConfirm = "message_confirm" (ConfirmParams) -> Confirmed;
    /// Takes a wire message apart without any key.
    MessageInspect = "message_inspect" (InspectMessageParams) -> InspectedMessageInfo;

    /// Lists the devices of an identity, ours by default.
    InstallationList = "installation_list" (ListParams) -> Vec<InstallationInfo>;
    /// Lists the sessions with an identity, or with all.
    SessionList = "session_list" (ListParams) -> Vec<SessionInfo>;

    /// Whether the daemon works.
    SystemHealth = "system_health" (NoParams) -> Health;
    /// What is running.
    SystemVersion = "system_version" (NoParams) -> Version;
    /// How the daemon and its accounts are doing.
    SystemStatus = "system_status" (NoParams) -> Status;

    /// Reads the development clock.
    @dev DevNow = "dev_now" (NoParams) -> Clock;
    /// Moves the development clock forward, and runs what falls due on the way.
    @dev DevAdvanceTime = "dev_advanceTime" (AdvanceTimeParams) -> Clock;
    /// Takes a known prekey, for conformance runs.
    @dev DevImportPrekey = "dev_importPrekey" (ImportPreKeyParams) -> ImportedPreKeyInfo;
}
