//! Topics.

use crypto_core::IdentityKey;
use engine::model::NegotiatedTopic;
use envelope::{ContentTopic, SymmetricKey, Topic, TopicName};

use super::public_key;
use crate::types::{Hex, ListenedTopic, TopicInfo, TopicKind};

impl TopicInfo {
    /// Of a name and, where envelopes have one, its key.
    #[must_use]
    pub fn new(name: &TopicName, key: Option<&SymmetricKey>) -> Self {
        let topic = name.topic();
        Self {
            name: name.as_str().to_owned(),
            topic: Hex(topic.to_bytes().to_vec()),
            content_topic: ContentTopic::from(topic).to_string(),
            sym_key: key.map(|key| Hex(key.secret_bytes().to_vec())),
        }
    }
}

impl ListenedTopic {
    /// A topic of the account alone.
    #[must_use]
    pub fn own(kind: TopicKind, topic: Topic, key: Option<&SymmetricKey>) -> Self {
        Self {
            kind,
            peer: None,
            topic: Hex(topic.to_bytes().to_vec()),
            content_topic: ContentTopic::from(topic).to_string(),
            sym_key: key.map(|key| Hex(key.secret_bytes().to_vec())),
        }
    }

    /// The topic shared with an identity.
    #[must_use]
    pub fn shared(peer: &IdentityKey, shared: &NegotiatedTopic) -> Self {
        Self {
            peer: Some(public_key(peer)),
            ..Self::own(TopicKind::Negotiated, shared.topic(), Some(shared.key()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::fixtures::*, *};

    #[test]
    fn a_topic_with_a_key_and_one_without() {
        let name = TopicName::public_chat("status");
        let status = TopicInfo::new(&name, name.symmetric_key().as_ref());
        let key = "0x36224048e42c49e5c59c57bba5024fbb8822d6b4ee6ac5fbefd8b77f5323ecc4";
        let golden = json!({"name": "status", "topic": "0xcd423760", "contentTopic": "/waku/1/0xcd423760/rfc26", "symKey": key});
        assert_eq!(serde_json::to_value(&status).unwrap(), golden);
        let discovered = TopicInfo::new(&TopicName::partitioned(identity().public()), None);
        let written = serde_json::to_value(&discovered).unwrap();
        assert!(written.get("symKey").is_none(), "{written}");
    }

    fn shows_nothing<T: std::fmt::Debug>(value: &T) {
        let shown = format!("{value:?} {value:#?}");
        let hidden = !shown.contains("status") && !shown.contains("36224048");
        assert!(hidden, "{shown}");
    }

    #[test]
    fn a_topic_that_is_listened_to() {
        let peer = *identity().public();
        let shared = NegotiatedTopic::derive(&identity(), &peer).unwrap();
        let name = TopicName::negotiated(&identity(), &peer).unwrap();
        let info = TopicInfo::new(&name, Some(shared.key()));
        let listened = serde_json::to_value(ListenedTopic::shared(&peer, &shared)).unwrap();
        let golden = json!({"kind": "negotiated", "peer": UNCOMPRESSED, "topic": info.topic,
            "contentTopic": info.content_topic, "symKey": info.sym_key});
        assert_eq!(listened, golden);
        for (kind, name) in [
            (TopicKind::ContactCode, "contact_code"),
            (TopicKind::Partitioned, "partitioned"),
            (TopicKind::Personal, "personal"),
            (TopicKind::Negotiated, "negotiated"),
        ] {
            let own = serde_json::to_value(ListenedTopic::own(kind, shared.topic(), None)).unwrap();
            assert_eq!((&own["kind"], &own["peer"]), (&json!(name), &json!(null)));
            assert!(own.get("symKey").is_none());
        }
        assert_eq!(TopicKind::ALL.len(), 4);
    }

    #[test]
    fn debug_shows_neither_name_nor_key() {
        let name = TopicName::public_chat("status");
        let named = TopicInfo::new(&name, name.symmetric_key().as_ref());
        shows_nothing::<TopicInfo>(&named);
        let (topic, key) = (name.topic(), name.symmetric_key());
        let listened = ListenedTopic::own(TopicKind::ContactCode, topic, key.as_ref());
        shows_nothing::<ListenedTopic>(&listened);
        assert!(!format!("{listened:?}").contains("54, 34"));
        // As the bytes of a list are shown.
        assert!(!format!("{named:?}").contains("54, 34"));
    }
}
