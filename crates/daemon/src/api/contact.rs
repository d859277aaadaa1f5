//! The methods of contacts.

use std::sync::Arc;

use engine::{SendRequest, contacts::ContactChange, model::SendError};
use rpc::{
    methods,
    params::{Sealing, one_payload},
    types::{ContactInfo, ContactStepInfo},
};

use super::{Daemon, OnAccount, Result};
use crate::ops::metrics::Metrics;

pub(super) async fn contact_list(
    daemon: Arc<Daemon>,
    params: methods::AccountOnly,
) -> Result<Vec<ContactInfo>> {
    let account = daemon.account(params.account.as_ref())?;
    let contacts = account
        .read(|viewer, reader| viewer.contacts(reader))
        .await?;
    Ok(contacts.into_iter().map(ContactInfo::from).collect())
}

pub(super) async fn contact_get(
    daemon: Arc<Daemon>,
    params: methods::ContactParams,
) -> Result<ContactInfo> {
    let account = daemon.account(params.account.as_ref())?;
    if params.identity == account.identity {
        return Err(SendError::OwnIdentity.into());
    }
    let contact = account.read(move |viewer, reader| viewer.contact(reader, &params.identity));
    Ok(contact.await?.into())
}

pub(super) fn contact_request(
    on: OnAccount<'_, '_>,
    params: methods::IntroduceParams,
) -> Result<ContactStepInfo> {
    let identity = params.identity;
    let request = introduction(params)?;
    let change = on
        .engine
        .request_contact(on.store, on.env, &request, &identity)?;
    Ok(step(on.metrics, change))
}

pub(super) fn contact_accept(
    on: OnAccount<'_, '_>,
    params: methods::IntroduceParams,
) -> Result<ContactStepInfo> {
    let identity = params.identity;
    let request = introduction(params)?;
    let change = on
        .engine
        .accept_contact(on.store, on.env, &request, &identity)?;
    Ok(step(on.metrics, change))
}

/// The message of an introduction, whose payload may be empty.
fn introduction(params: methods::IntroduceParams) -> Result<SendRequest> {
    let payload = match (params.payload, params.text) {
        (None, None) => Vec::new(),
        (payload, text) => one_payload(payload, text)?,
    };
    Ok(SendRequest {
        recipients: vec![params.identity],
        payload: payload.into(),
        request_id: None,
        seal: Sealing::asked(params.seal),
    })
}

pub(super) fn contact_decline(
    on: OnAccount<'_, '_>,
    params: methods::IntroduceParams,
) -> Result<ContactStepInfo> {
    let identity = params.identity;
    let is_told = params.payload.is_some() || params.text.is_some();
    let request = introduction(params)?;
    let change = on
        .engine
        .decline_contact(on.store, on.env, &request, &identity, is_told)?;
    Ok(step(on.metrics, change))
}

fn step(metrics: &Metrics, change: ContactChange) -> ContactStepInfo {
    let step = ContactStepInfo::from(change);
    metrics.encrypted(&step.envelopes);
    step
}

pub(super) fn contact_verify(
    on: OnAccount<'_, '_>,
    params: methods::VerifyContactParams,
) -> Result<ContactInfo> {
    let (identity, verified) = (&params.identity, params.verified);
    let contact = on
        .engine
        .verify_contact(on.store, on.env, identity, verified)?;
    Ok(contact.into())
}
