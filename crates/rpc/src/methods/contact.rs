//! Parameters of the methods of contacts.

use crypto_core::IdentityKey;

use crate::params::{Payload, Sealing, Text, params};

params! {
    /// For `contact_get`.
    ContactParams {
        account;
        /// The identity of the contact.
        identity = "identity": IdentityKey,
    }

    /// For `contact_request`, `contact_accept` and `contact_decline`.
    IntroduceParams {
        account;
        /// The identity of the contact.
        identity = "identity": IdentityKey,
        /// What the message says, as bytes.
        payload = "payload": Option<Payload>,
        /// What the message says, as text.
        text = "text": Option<Text>,
        /// Whether each message also comes sealed in an envelope for a relay, and by which topic it
        /// goes: `true` for the negotiated topic once it is agreed upon, or one of the two by name.
        /// By default it does not.
        seal = "seal": Option<Sealing>,
    }

    /// For `contact_verify`.
    VerifyContactParams {
        account;
        /// The identity of the contact.
        identity = "identity": IdentityKey,
        /// Whether both people compared the safety number and it was equal.
        verified = "verified": bool,
    }
}
