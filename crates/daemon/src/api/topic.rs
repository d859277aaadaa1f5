//! The methods of topics. Only the topic of two identities needs an account.

use std::sync::Arc;

use crypto_core::IdentityKey;
use engine::{
    model::{Correspondent, NegotiatedTopic},
    queries::ListenedPage,
    store::StoreRead as _,
};
use envelope::{SymmetricKey, TopicName};
use rpc::{
    ErrorKind, RpcError,
    convert::public_key,
    methods,
    types::{Hex, ListenedTopic, ListenedTopics, ParsedTopic, TopicInfo, TopicKind},
};
use zeroize::Zeroizing;

use super::{Daemon, Result, blocking, stopping};
use crate::accounts::registry::AccountHandle;

/// Topics shared with others in an answer to a call without a limit. Each that was never derived
/// takes some ten milliseconds.
const DEFAULT_LIMIT: usize = 100;
/// Topics whose keys are kept by one call of the account's worker.
const KEPT_AT_ONCE: usize = 100;

pub(super) async fn topic_list(
    daemon: Arc<Daemon>,
    params: methods::ListTopicsParams,
) -> Result<ListenedTopics> {
    let account = daemon.account(params.account.as_ref())?;
    let limit = params.limit.map_or(DEFAULT_LIMIT, |limit| limit.0);
    let mut topics = Vec::new();
    if params.after_peer.is_none() {
        topics = own_topics(&daemon, &account).await?;
    }
    let (own, after) = (account.identity, params.after_peer);
    let (page, itself) = account
        .read(move |viewer, reader| {
            let page = viewer.listened(reader, after.as_ref(), limit)?;
            let itself = Correspondent {
                identity: own,
                shared: reader.negotiated(&own)?,
            };
            Ok((page, after.is_none().then_some(itself)))
        })
        .await?;
    let ListenedPage { peers, next } = page;
    // What devices of status-go of this identity write to each other.
    let all = itself.into_iter().chain(peers).collect();
    let shared = derived(&daemon, &account, all).await?;
    topics.extend(
        shared
            .iter()
            .map(|(peer, topic)| ListenedTopic::shared(peer, topic)),
    );
    Ok(ListenedTopics {
        topics,
        next: next.as_ref().map(public_key),
    })
}

/// The topics of an account alone.
async fn own_topics(daemon: &Arc<Daemon>, account: &AccountHandle) -> Result<Vec<ListenedTopic>> {
    let identity = &account.identity;
    let own = |error: crypto_core::KeyError| RpcError::internal(error.to_string());
    let contact_code = TopicName::contact_code(identity).map_err(own)?;
    let personal = TopicName::personal_discovery(identity).map_err(own)?;
    let partitioned = TopicName::partitioned(identity);
    let code_key = key_of(daemon, &contact_code).await?;
    Ok(vec![
        ListenedTopic::own(
            TopicKind::ContactCode,
            contact_code.topic(),
            code_key.as_deref(),
        ),
        ListenedTopic::own(TopicKind::Partitioned, partitioned.topic(), None),
        ListenedTopic::own(TopicKind::Personal, personal.topic(), None),
    ])
}

/// The topics shared with others, in their order. Those that were never derived take turns with
/// all others that are, and are kept.
async fn derived(
    daemon: &Arc<Daemon>,
    account: &Arc<AccountHandle>,
    others: Vec<Correspondent>,
) -> Result<Vec<(IdentityKey, Arc<NegotiatedTopic>)>> {
    let opener = account.opener().await?;
    let mut all = Vec::with_capacity(others.len());
    let mut fresh = Vec::new();
    for Correspondent { identity, shared } in others {
        let topic = match shared {
            Some(kept) => kept,
            None => {
                let _turn = daemon.topic_keys.turn().await.map_err(stopping)?;
                let opener = opener.clone();
                let topic = blocking(move || {
                    NegotiatedTopic::derive(opener.identity(), &identity)
                        .map(Arc::new)
                        .map_err(|error| RpcError::internal(error.to_string()))
                })
                .await?;
                fresh.push((identity, Arc::clone(&topic)));
                topic
            }
        };
        all.push((identity, topic));
        if fresh.len() == KEPT_AT_ONCE {
            keep(account, std::mem::take(&mut fresh)).await?;
        }
    }
    keep(account, fresh).await?;
    Ok(all)
}

/// Keeps topics that were derived.
pub(super) async fn keep(
    account: &AccountHandle,
    derived: Vec<(IdentityKey, Arc<NegotiatedTopic>)>,
) -> Result<()> {
    if derived.is_empty() {
        return Ok(());
    }
    account
        .worker
        .call(move |_, store, _| {
            for (identity, shared) in &derived {
                store.put_negotiated(identity, shared)?;
            }
            Ok(())
        })
        .await
}

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
    let opener = account.opener().await?;
    let name = TopicName::negotiated(opener.identity(), &params.identity)
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
    let key = key_of(daemon, &name).await?;
    Ok(TopicInfo::new(&name, key.as_deref()))
}

/// The key of a topic, if it has one.
async fn key_of(daemon: &Arc<Daemon>, name: &TopicName) -> Result<Option<Arc<SymmetricKey>>> {
    if !name.is_keyed() {
        return Ok(None);
    }
    let text = Zeroizing::new(name.as_str().to_owned());
    topic_key(daemon, text).await.map(Some)
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
