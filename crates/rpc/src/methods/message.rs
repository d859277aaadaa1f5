//! Parameters of the methods of bundles and messages.

use crypto_core::IdentityKey;

use crate::params::{
    BundleBytes, EnvelopeBytes, MessageIds, Payload, Recipients, RequestId, Sealing, SymKey, Text,
    Wire, params,
};

params! {
    /// For `bundle_import`.
    ImportBundleParams {
        account;
        /// The bundle.
        bundle = "bundle": BundleBytes,
    }

    /// For `bundle_inspect`.
    InspectBundleParams {
        /// The bundle.
        bundle = "bundle": BundleBytes,
    }

    /// For `message_encrypt`.
    EncryptParams {
        account;
        /// The identity to write to.
        recipient = "recipient": IdentityKey,
        /// The plaintext as bytes.
        payload = "payload": Option<Payload>,
        /// The plaintext as text.
        text = "text": Option<Text>,
        /// Makes a retry safe for 24 hours.
        request_id = "requestId": Option<RequestId>,
        /// Give each message also sealed, for a relay: by the negotiated topic once it is agreed
        /// upon (`true`), or by the one named.
        seal = "seal": Option<Sealing>,
    }

    /// For `message_encryptGroup`.
    EncryptGroupParams {
        account;
        /// The identities to write to.
        recipients = "recipients": Recipients,
        /// The plaintext as bytes.
        payload = "payload": Option<Payload>,
        /// The plaintext as text.
        text = "text": Option<Text>,
        /// Makes a retry safe for 24 hours.
        request_id = "requestId": Option<RequestId>,
        /// Give each message also sealed, for a relay: by the negotiated topic once it is agreed
        /// upon (`true`), or by the one named.
        seal = "seal": Option<Sealing>,
    }

    /// For `message_encryptPublic`.
    EncryptPublicParams {
        account;
        /// The content as bytes.
        payload = "payload": Option<Payload>,
        /// The content as text.
        text = "text": Option<Text>,
    }

    /// For `message_advertise`.
    AdvertiseParams {
        account;
        /// The identity to tell of our bundle.
        recipient = "recipient": IdentityKey,
        /// As for `message_encrypt`.
        seal = "seal": Option<Sealing>,
    }

    /// For `message_decrypt`.
    DecryptParams {
        account;
        /// The identity that the transport names as the sender. With `message`; not with `sealed`.
        sender = "sender": Option<IdentityKey>,
        /// The wire message.
        message = "message": Option<Wire>,
        /// Confirm at once: the message is read at most once. False by default.
        confirm = "confirm": Option<bool>,
        /// The message in its envelope, instead of `sender` and `message`: the signature names the
        /// sender.
        sealed = "sealed": Option<EnvelopeBytes>,
        /// The key of the topic that `sealed` came by, from `topic_negotiated`. Without it, our
        /// identity and the keys that we share with the 1024 identities last written to are tried.
        sym_key = "symKey": Option<SymKey>,
    }

    /// For `message_explain`.
    ExplainParams {
        account;
        /// The identity that the transport names as the sender.
        sender = "sender": IdentityKey,
        /// The wire message.
        message = "message": Wire,
    }

    /// For `message_confirm`.
    ConfirmParams {
        account;
        /// The messages whose text is stored.
        message_ids = "messageIds": MessageIds,
    }

    /// For `message_inspect`.
    InspectMessageParams {
        /// The wire message.
        message = "message": Wire,
    }
}
