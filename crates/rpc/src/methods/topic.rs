//! Parameters of the methods of topics.

use crypto_core::IdentityKey;
use envelope::ContentTopic;

use crate::params::{ChatName, PageLimit, params};

params! {
    /// For `topic_contactCode`, `topic_partitioned` and `topic_personal`.
    TopicOfParams {
        /// The identity whose topic it is.
        identity = "identity": IdentityKey,
    }

    /// For `topic_negotiated`.
    NegotiatedTopicParams {
        account;
        /// The identity that the topic is shared with.
        identity = "identity": IdentityKey,
    }

    /// For `topic_list`.
    ListTopicsParams {
        account;
        /// Where the list goes on: the `next` of the part before. By default it begins.
        after_peer = "afterPeer": Option<IdentityKey>,
        /// The most topics shared with others to give in one answer: 100 by default.
        limit = "limit": Option<PageLimit>,
    }

    /// For `topic_public`.
    PublicTopicParams {
        /// The name of the public chat. It is taken as it is: nothing is normalised.
        name = "name": ChatName,
    }

    /// For `topic_parse`.
    ParseTopicParams {
        /// The topic as a Waku network names it.
        content_topic = "contentTopic": ContentTopic,
    }
}
