//! The methods of topics. Only that of two identities needs an account.

use std::sync::Arc;

use envelope::TopicName;
use rpc::{
    Kind, RpcError, methods,
    types::{Hex, ParsedTopic, TopicInfo},
};

use super::{Daemon, Result, blocking, stopping};

pub(super) async fn topic_contact_code(
    daemon: Arc<Daemon>,
    params: methods::TopicOfParams,
) -> Result<TopicInfo> {
    let name = TopicName::contact_code(&params.identity)
        .map_err(|error| RpcError::new(Kind::InvalidKey, error.to_string()).about("identity"))?;
    described(&daemon, name).await
}

pub(super) async fn topic_partitioned(
    daemon: Arc<Daemon>,
    params: methods::TopicOfParams,
) -> Result<TopicInfo> {
    described(&daemon, TopicName::partitioned(&params.identity)).await
}

pub(super) async fn topic_negotiated(
    daemon: Arc<Daemon>,
    params: methods::NegotiatedTopicParams,
) -> Result<TopicInfo> {
    let account = daemon.account(params.account.as_ref())?;
    let name = TopicName::negotiated(account.opener.identity(), &params.identity)
        .map_err(|error| RpcError::new(Kind::InvalidKey, error.to_string()).about("identity"))?;
    described(&daemon, name).await
}

pub(super) async fn topic_public(
    daemon: Arc<Daemon>,
    params: methods::PublicTopicParams,
) -> Result<TopicInfo> {
    described(&daemon, TopicName::public_chat(&params.name.0)).await
}

pub(super) async fn topic_parse(
    _: Arc<Daemon>,
    params: methods::ParseTopicParams,
) -> Result<ParsedTopic> {
    let topic = params.content_topic.topic();
    Ok(ParsedTopic {
        topic: Hex(topic.to_bytes().to_vec()),
    })
}

/// With its key, if it has one: 65356 rounds, which wait for their turn.
async fn described(daemon: &Daemon, name: TopicName) -> Result<TopicInfo> {
    let _turn = daemon.topic_keys.turn().await.map_err(stopping)?;
    blocking(move || Ok(TopicInfo::new(&name))).await
}
