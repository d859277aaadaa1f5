//! Parameters of the methods of contacts.

use crypto_core::IdentityKey;

use crate::params::{Payload, Sealing, Text, params};

params! {
    /// For `contact_get`.
    ContactParams {
        account;
        /// Who.
        identity = "identity": IdentityKey,
    }

    /// For `contact_request`, `contact_accept` and `contact_decline`.
    IntroduceParams {
        account;
        /// Who.
        identity = "identity": IdentityKey,
        /// What to say, as bytes.
        payload = "payload": Option<Payload>,
        /// What to say, as text.
        text = "text": Option<Text>,
        /// As for `message_encrypt`.
        seal = "seal": Option<Sealing>,
    }

    /// For `contact_verify`.
    VerifyContactParams {
        account;
        /// Who.
        identity = "identity": IdentityKey,
        /// Whether the safety numbers were compared and are the same.
        verified = "verified": bool,
    }
}
