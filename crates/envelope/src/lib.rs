//! What goes around a message on a Whisper or Waku network: the payload of version 1 (Whisper v6, Waku v1, a WakuMessage
//! with `version: 1`), which is sealed to a key and signed by its author, and the topics it goes by.
//!
//! An envelope says who wrote it and nothing of where it goes: the recipient, the topic and the time are not under the
//! signature. Whoever can open one can seal its inside again to somebody else, under the signer's name.
//!
//! Pure functions and values: no I/O, no clock. Randomness is an argument. Secrets zeroize when dropped, cannot be
//! cloned, and show nothing in `Debug`.

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
