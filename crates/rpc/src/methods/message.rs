//! Parameters of the methods of bundles and messages.

use crypto_core::IdentityKey;
use engine::model::GroupId;

use crate::{
    params::{
        BundleBytes, EnvelopeBytes, MessageIds, Payload, Recipients, RequestId, Sealing, SymKey,
        Text, Wire, params,
    },
    types::GroupMode,
};

params! {
    /// For `bundle_import`.
    ImportBundleParams {
        account;
        /// The bundle, as bytes or as a contact code.
        bundle = "bundle": BundleBytes,
    }

    /// For `bundle_inspect`.
    InspectBundleParams {
        /// The bundle, as bytes or as a contact code.
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
        /// A name for this request, which makes a retry safe: within 24 hours, the same request
        /// under the same name gives the same bytes again.
        request_id = "requestId": Option<RequestId>,
        /// Whether each message also comes sealed in an envelope for a relay, and by which topic it
        /// goes: `true` for the negotiated topic once it is agreed upon, or one of the two by name.
        /// By default it does not.
        seal = "seal": Option<Sealing>,
    }

    /// For `message_encryptGroup`.
    EncryptGroupParams {
        account;
        /// The identities to write to, in place of `group`.
        recipients = "recipients": Option<Recipients>,
        /// The plaintext as bytes.
        payload = "payload": Option<Payload>,
        /// The plaintext as text.
        text = "text": Option<Text>,
        /// A name for this request, which makes a retry safe: within 24 hours, the same request
        /// under the same name gives the same bytes again.
        request_id = "requestId": Option<RequestId>,
        /// Whether each message also comes sealed in an envelope for a relay, and by which topic it
        /// goes: `true` for the negotiated topic once it is agreed upon, or one of the two by name.
        /// By default it does not.
        seal = "seal": Option<Sealing>,
        /// The group to write to, in place of `recipients`: everybody in it, whether or not they
        /// have accepted, and without us.
        group = "group": Option<GroupId>,
        /// Whether those who have not accepted get no copy: false by default.
        joined_only = "joinedOnly": Option<bool>,
        /// `key` for one message under the group's key, in place of one for each member. By default
        /// each member has one of its own, with forward secrecy.
        mode = "mode": Option<GroupMode>,
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
        /// The identity that our bundle is brought to.
        recipient = "recipient": IdentityKey,
        /// Whether each message also comes sealed in an envelope for a relay, and by which topic it
        /// goes: `true` for the negotiated topic once it is agreed upon, or one of the two by name.
        /// By default it does not.
        seal = "seal": Option<Sealing>,
    }

    /// For `message_decrypt`.
    DecryptParams {
        account;
        /// The identity that the transport names as the sender. It goes with `message`, not with
        /// `sealed`.
        sender = "sender": Option<IdentityKey>,
        /// The wire message as the transport delivered it.
        message = "message": Option<Wire>,
        /// Whether the message is confirmed at once, so that it is read at most once: false by
        /// default.
        confirm = "confirm": Option<bool>,
        /// The message in its envelope, in place of `sender` and `message`: the signature of the
        /// envelope names the sender.
        sealed = "sealed": Option<EnvelopeBytes>,
        /// The symmetric key of the topic that `sealed` came by, from `topic_negotiated`. Without
        /// it, our identity and the keys that we share with the 1024 identities last written to are
        /// tried.
        sym_key = "symKey": Option<SymKey>,
    }

    /// For `message_explain`.
    ExplainParams {
        account;
        /// The identity that the transport names as the sender.
        sender = "sender": IdentityKey,
        /// The wire message as the transport delivered it.
        message = "message": Wire,
    }

    /// For `message_confirm`.
    ConfirmParams {
        account;
        /// The ids of the messages whose text is stored.
        message_ids = "messageIds": MessageIds,
    }

    /// For `message_inspect`.
    InspectMessageParams {
        /// The wire message as the transport delivered it.
        message = "message": Wire,
    }
}
