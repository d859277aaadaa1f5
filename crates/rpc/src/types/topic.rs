//! Results about topics.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Hex, TopicKind};

/// Where envelopes go, and how they are sealed there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicInfo {
    /// The text that the topic is derived from.
    pub name: String,
    /// The topic: 4 bytes.
    pub topic: Hex,
    /// The topic as a Waku network names it: `/waku/1/0x…/rfc26`.
    pub content_topic: String,
    /// The symmetric key of the envelopes there: 32 bytes. Left out where they are sealed to their
    /// recipient.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sym_key: Option<Hex>,
}

impl fmt::Debug for TopicInfo {
    /// The content topic alone: between two people the name is as secret as the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicInfo")
            .field("content_topic", &self.content_topic)
            .finish_non_exhaustive()
    }
}

/// A topic that an account listens to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListenedTopic {
    /// What the topic is listened to for.
    pub kind: TopicKind,
    /// The identity that the topic is shared with: our own for what our devices of status-go write.
    /// Null for topics of the account alone.
    pub peer: Option<Hex>,
    /// The topic: 4 bytes.
    pub topic: Hex,
    /// The topic as a Waku network names it: `/waku/1/0x…/rfc26`.
    pub content_topic: String,
    /// The symmetric key of the envelopes there: 32 bytes. Left out where they are sealed to their
    /// recipient.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sym_key: Option<Hex>,
}

impl fmt::Debug for ListenedTopic {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenedTopic")
            .field("kind", &self.kind)
            .field("content_topic", &self.content_topic)
            .finish_non_exhaustive()
    }
}

/// A part of the topics that an account listens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListenedTopics {
    /// The topics of this part: at first those of the account alone, then those shared with others,
    /// in the order of their keys.
    pub topics: Vec<ListenedTopic>,
    /// What to give as `afterPeer` for the next part; null if this is the last.
    pub next: Option<Hex>,
}

/// The topic of a content topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParsedTopic {
    /// The topic: 4 bytes.
    pub topic: Hex,
}
