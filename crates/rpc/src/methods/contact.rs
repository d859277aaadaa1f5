//! Parameters of the methods of contacts.

use crypto_core::IdentityKey;
use engine::AccountName;

use crate::params::{Payload, Sealing, Text, params};

params! {
    /// For `contact_get`.
    ContactParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// Who.
        identity = "identity": IdentityKey,
    }
}

params! {
    /// For `contact_request`, `contact_accept` and `contact_decline`.
    IntroduceParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// Who.
        identity = "identity": IdentityKey,
        /// What to say, as bytes.
        payload = "payload": Option<Payload>,
        /// What to say, as text.
        text = "text": Option<Text>,
        /// As for `message_encrypt`.
        seal = "seal": Option<Sealing>,
    }
}

params! {
    /// For `contact_verify`.
    VerifyContactParams {
        /// May be left out when there is exactly one.
        account = "account": Option<AccountName>,
        /// Who.
        identity = "identity": IdentityKey,
        /// Whether the safety numbers were compared and are the same.
        verified = "verified": bool,
    }
}
