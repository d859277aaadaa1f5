//! The methods of contacts.

use std::sync::Arc;

use crypto_core::IdentityKey;
use engine::{Engine, Env, SendRequest, contacts::ContactChange, model::SendError, store::Store};
use rpc::{
    RpcError, methods,
    params::{Payload, Sealing, Text, one_payload},
    types::{ContactInfo, ContactStepInfo},
};

use super::{Daemon, Result, blocking};

pub(super) async fn contact_list(
    daemon: Arc<Daemon>,
    params: methods::AccountOnly,
) -> Result<Vec<ContactInfo>> {
    let account = daemon.account(params.account.as_ref())?;
    blocking(move || {
        let contacts = account.read(|viewer, reader| viewer.contacts(reader))?;
        Ok(contacts.into_iter().map(ContactInfo::from).collect())
    })
    .await
}

pub(super) async fn contact_get(
    daemon: Arc<Daemon>,
    params: methods::ContactParams,
) -> Result<ContactInfo> {
    let account = daemon.account(params.account.as_ref())?;
    blocking(move || {
        if params.identity == account.identity {
            return Err(SendError::OwnIdentity.into());
        }
        let contact = account.read(|viewer, reader| viewer.contact(reader, &params.identity))?;
        Ok(contact.into())
    })
    .await
}

pub(super) async fn contact_request(
    daemon: Arc<Daemon>,
    params: methods::IntroduceParams,
) -> Result<ContactStepInfo> {
    introduce(daemon, params, Engine::request_contact).await
}

pub(super) async fn contact_accept(
    daemon: Arc<Daemon>,
    params: methods::IntroduceParams,
) -> Result<ContactStepInfo> {
    introduce(daemon, params, Engine::accept_contact).await
}

type Introduce = fn(
    &mut Engine,
    &mut dyn Store,
    &mut Env<'_>,
    &SendRequest,
    &IdentityKey,
) -> std::result::Result<ContactChange, SendError>;

async fn introduce(
    daemon: Arc<Daemon>,
    params: methods::IntroduceParams,
    introduce: Introduce,
) -> Result<ContactStepInfo> {
    let account = daemon.account(params.account.as_ref())?;
    let request = SendRequest {
        recipients: vec![params.identity],
        payload: introduction(params.payload, params.text)?.into(),
        request_id: None,
        seal: Sealing::asked(params.seal),
    };
    account
        .worker
        .call(move |engine, store, env| {
            Ok(introduce(engine, store, env, &request, &params.identity)?)
        })
        .await
        .map(ContactStepInfo::from)
}

/// The introduction, which may be empty.
fn introduction(
    payload: Option<Payload>,
    text: Option<Text>,
) -> std::result::Result<Vec<u8>, RpcError> {
    if payload.is_none() && text.is_none() {
        return Ok(Vec::new());
    }
    one_payload(payload, text)
}

pub(super) async fn contact_decline(
    daemon: Arc<Daemon>,
    params: methods::IntroduceParams,
) -> Result<ContactStepInfo> {
    let account = daemon.account(params.account.as_ref())?;
    let is_told = params.payload.is_some() || params.text.is_some();
    let request = SendRequest {
        recipients: vec![params.identity],
        payload: introduction(params.payload, params.text)?.into(),
        request_id: None,
        seal: Sealing::asked(params.seal),
    };
    account
        .worker
        .call(move |engine, store, env| {
            let request = is_told.then_some(&request);
            Ok(engine.decline_contact(store, env, request, &params.identity)?)
        })
        .await
        .map(ContactStepInfo::from)
}

pub(super) async fn contact_verify(
    daemon: Arc<Daemon>,
    params: methods::VerifyContactParams,
) -> Result<ContactInfo> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| {
            Ok(engine.verify_contact(store, env, &params.identity, params.verified)?)
        })
        .await
        .map(ContactInfo::from)
}
