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
        /// What is sealed, as bytes.
        payload = "payload": Option<EnvelopePayload>,
        /// What is sealed, as text.
        text = "text": Option<Text>,
        /// The identity that alone can open it.
        recipient = "recipient": Option<IdentityKey>,
        /// The key that whoever opens it has.
        sym_key = "symKey": Option<SymKey>,
        /// A text that stands for such a key, such as the name of a topic.
        password = "password": Option<Secret>,
        /// Signed by the account's identity: true by default.
        sign = "sign": Option<bool>,
        /// What it is filled up with: by default random bytes up to a multiple of 256.
        padding = "padding": Option<PaddingBytes>,
    }

    /// For `envelope_open`.
    OpenParams {
        /// May be left out when there is exactly one. Its identity opens the envelope, unless a key
        /// does.
        account = "account": Option<AccountName>,
        /// The envelope.
        envelope = "envelope": EnvelopeBytes,
        /// The key of the topic that it came by.
        sym_key = "symKey": Option<SymKey>,
        /// A text that stands for such a key, such as the name of a topic.
        password = "password": Option<Secret>,
    }

    /// For `clock_next`.
    ClockNextParams {
        account;
        /// What the frontend calls the chat.
        chat = "chat": ChatName,
    }

    /// For `clock_observe`.
    ClockObserveParams {
        account;
        /// What the frontend calls the chat.
        chat = "chat": ChatName,
        /// The clock of the message that was received.
        clock = "clock": ClockValue,
        /// The time of the envelope that it came in.
        envelope_at = "envelopeAt": UnixMillis,
    }
}
