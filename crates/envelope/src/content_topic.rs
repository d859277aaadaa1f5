//! The names that a Waku network gives to topics and to parts of itself: content topics and shards.

use std::fmt;

use crate::topic::Topic;

const PREFIX: &str = "/waku/1/0x";
const SUFFIX: &str = "/rfc26";

/// A content topic, `/waku/1/0x<topic>/rfc26`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentTopic(Topic);

/// A text that is not a content topic of these networks.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("a content topic is /waku/1/0x, eight hex digits and /rfc26")]
pub struct ContentTopicError;

impl ContentTopic {
    /// Reads exactly `/waku/1/0x`, eight hex digits of either case and `/rfc26`.
    ///
    /// # Errors
    /// [`ContentTopicError`].
    pub fn parse(text: &str) -> Result<Self, ContentTopicError> {
        text.strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_suffix(SUFFIX))
            .filter(|digits| digits.len() == 8)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .map(|number| Self(Topic::from_bytes(number.to_be_bytes())))
            .ok_or(ContentTopicError)
    }

    /// The topic in it.
    #[must_use]
    pub const fn topic(self) -> Topic {
        self.0
    }
}

impl From<Topic> for ContentTopic {
    fn from(topic: Topic) -> Self {
        Self(topic)
    }
}

impl fmt::Display for ContentTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}{SUFFIX}", self.0)
    }
}

/// A shard: a part of a network that nodes join or leave as a whole. Displayed as its pubsub topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The network; 16 is Status.
    pub cluster: u16,
    /// The shard in it.
    pub index: u16,
}

impl Shard {
    /// The default shard, which messages between two people are sent on.
    pub const DEFAULT: Self = Self {
        cluster: 16,
        index: 32,
    };
    /// The shard where everyone may publish, for messages to the owners of communities.
    pub const NON_PROTECTED: Self = Self {
        cluster: 16,
        index: 64,
    };
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/waku/2/rs/{}/{}", self.cluster, self.index)
    }
}
