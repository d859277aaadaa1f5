//! Envelopes of messages on Whisper and Waku networks, version 1 (Whisper v6, Waku v1, a
//! WakuMessage with `version: 1`): sealed to a key and signed by their author. And the topics that
//! they are sent on.
//!
//! The signature covers the payload but not the recipient, the topic or the time. So anyone who can
//! open an envelope can seal its plaintext again to somebody else, with the signature of its
//! author.
//!
//! Pure functions and values: no I/O, no clock. Randomness is an argument. Secrets are wiped when
//! dropped, do not implement `Clone`, and show nothing in `Debug`.

mod asymmetric;
mod content_topic;
mod key;
pub mod payload;
mod seal;
mod symmetric;
#[cfg(test)]
mod tests;
mod topic;

pub use asymmetric::{MIN_ASYMMETRIC_BYTES, is_asymmetric};
pub use content_topic::{ContentTopic, ContentTopicError, Shard};
pub use key::{SymmetricKey, SymmetricKeyError};
pub use seal::{
    Envelope, Kind, MAX_ENVELOPE_BYTES, MAX_PADDING_BYTES, MAX_PAYLOAD_BYTES, OpenWith, Opened,
    Padding, SealError, SealTo, Unopened, open, seal,
};
pub use symmetric::MIN_SYMMETRIC_BYTES;
pub use topic::{Topic, TopicName};
