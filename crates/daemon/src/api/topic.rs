//! The methods of topics. Only the topic of two identities needs an account.

use std::sync::Arc;

use envelope::{SymmetricKey, TopicName};
use rpc::{
    ErrorKind, RpcError, methods,
    types::{Hex, ParsedTopic, TopicInfo},
};
use zeroize::Zeroizing;

use super::{Daemon, Result, blocking, stopping};

pub(super) async fn topic_contact_code(
    daemon: Arc<Daemon>,
    params: methods::TopicOfParams,
) -> Result<TopicInfo> {
    let name =
        TopicName::contact_code(&params.identity).map_err(|error| not_an_identity(&error))?;
    described(&daemon, name).await
}

pub(super) async fn topic_partitioned(
    daemon: Arc<Daemon>,
    params: methods::TopicOfParams,
) -> Result<TopicInfo> {
    described(&daemon, TopicName::partitioned(&params.identity)).await
}

pub(super) async fn topic_personal(
    daemon: Arc<Daemon>,
    params: methods::TopicOfParams,
) -> Result<TopicInfo> {
    let name =
        TopicName::personal_discovery(&params.identity).map_err(|error| not_an_identity(&error))?;
    described(&daemon, name).await
}

pub(super) async fn topic_negotiated(
    daemon: Arc<Daemon>,
    params: methods::NegotiatedTopicParams,
) -> Result<TopicInfo> {
    let account = daemon.account(params.account.as_ref())?;
    let name = TopicName::negotiated(account.opener.identity(), &params.identity)
        .map_err(|error| not_an_identity(&error))?;
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

/// The error for a public key of which no secret can be derived.
fn not_an_identity(error: &crypto_core::KeyError) -> RpcError {
    RpcError::new(ErrorKind::InvalidKey, error.to_string()).about("identity")
}

/// A topic with its key, if it has one.
async fn described(daemon: &Arc<Daemon>, name: TopicName) -> Result<TopicInfo> {
    let key = if name.is_keyed() {
        let text = Zeroizing::new(name.as_str().to_owned());
        Some(topic_key(daemon, text).await?)
    } else {
        None
    };
    Ok(TopicInfo::new(&name, key.as_deref()))
}

/// The key of a text, remembered or derived by 65356 rounds of PBKDF2, which wait for their turn.
pub(super) async fn topic_key(
    daemon: &Arc<Daemon>,
    text: Zeroizing<String>,
) -> Result<Arc<SymmetricKey>> {
    if let Some(known) = daemon.topic_keys.known(&text) {
        return Ok(known);
    }
    let _turn = daemon.topic_keys.turn().await.map_err(stopping)?;
    let daemon = Arc::clone(daemon);
    blocking(move || Ok(daemon.topic_keys.of(&text))).await
}
