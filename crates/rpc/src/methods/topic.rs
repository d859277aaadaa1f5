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
        /// Where to go on: the `next` of the part before. By default the list begins.
        after_peer = "afterPeer": Option<IdentityKey>,
        /// How many topics shared with others at most: 100 by default.
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
