//! Parameters of the methods of envelopes and clocks.

use crypto_core::IdentityKey;
use engine::model::{AccountName, UnixMillis};

use crate::params::{
    ChatName, ClockValue, EnvelopeBytes, EnvelopePayload, PaddingBytes, Secret, SymKey, Text,
    params,
};

params! {
    /// For `envelope_seal`.
    SealParams {
        account;
        /// The content of the envelope, as bytes.
        payload = "payload": Option<EnvelopePayload>,
        /// The content of the envelope, as text.
        text = "text": Option<Text>,
        /// The identity that the envelope is sealed to: it alone can open it.
        recipient = "recipient": Option<IdentityKey>,
        /// The symmetric key that the envelope is sealed with: whoever has it can open it.
        sym_key = "symKey": Option<SymKey>,
        /// A text that the symmetric key is derived from, such as the name of a public chat.
        password = "password": Option<Secret>,
        /// Whether the account's identity signs the envelope: true by default.
        sign = "sign": Option<bool>,
        /// What the envelope is filled up with: by default random bytes, up to a multiple of 256.
        padding = "padding": Option<PaddingBytes>,
    }

    /// For `envelope_open`.
    OpenParams {
        /// The account whose identity opens the envelope, unless a key does. May be left out when
        /// there is exactly one.
        account = "account": Option<AccountName>,
        /// The envelope as the relay delivered it.
        envelope = "envelope": EnvelopeBytes,
        /// The symmetric key of the topic that the envelope came by.
        sym_key = "symKey": Option<SymKey>,
        /// A text that the symmetric key is derived from, such as the name of a public chat.
        password = "password": Option<Secret>,
    }

    /// For `clock_next`.
    ClockNextParams {
        account;
        /// The name that the frontend has for the chat.
        chat = "chat": ChatName,
    }

    /// For `clock_observe`.
    ClockObserveParams {
        account;
        /// The name that the frontend has for the chat.
        chat = "chat": ChatName,
        /// The clock of the message that was received.
        clock = "clock": ClockValue,
        /// The time of the envelope that the message came in.
        envelope_at = "envelopeAt": UnixMillis,
    }
}
