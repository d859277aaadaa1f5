//! Topics.

use envelope::{ContentTopic, SymmetricKey, TopicName};

use crate::types::{Hex, TopicInfo};

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
    fn debug_shows_neither_name_nor_key() {
        let name = TopicName::public_chat("status");
        let named = TopicInfo::new(&name, name.symmetric_key().as_ref());
        shows_nothing::<TopicInfo>(&named);
        // As the bytes of a list are shown.
        assert!(!format!("{named:?}").contains("54, 34"));
    }
}
