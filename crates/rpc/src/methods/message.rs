//! Parameters of the methods of bundles and messages.

use crypto_core::IdentityKey;
use engine::AccountName;

use crate::{
    forms::{BundleBytes, MessageIds, Payload, Recipients, RequestId, Text, Wire},
    params::params,
};

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
    /// For `message_encryptGroup`.
    EncryptGroupParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The identities to write to.
        recipients = "recipients": Recipients,
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
    /// For `message_explain`.
    ExplainParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// The identity that the transport names as the sender.
        sender = "sender": IdentityKey,
        /// The wire message.
        message = "message": Wire,
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
