//! The methods of bundles and messages.

use std::sync::Arc;

use engine::{
    GroupSendRequest, MembersSendRequest, ReceiveRequest, SendRequest,
    model::ReceiveError,
    wire::{WireMessage, inspect_bundle, inspect_message},
};
use rpc::{
    RpcError, methods,
    params::{Addressees, Arrived, Sealing, one_payload},
    types::{
        BundleInfo, Confirmed, Decrypted, Encrypted, EnvelopeInfo, Envelopes, EventInfo,
        Explanation, ImportedBundleInfo, InspectedBundleInfo, InspectedMessageInfo,
    },
};

use super::{Daemon, OnAccount, Result, blocking, envelope::unseal};
use crate::accounts::registry::AccountHandle;

pub(super) fn bundle_get(on: OnAccount<'_, '_>, _: methods::AccountOnly) -> Result<BundleInfo> {
    let bundle = on.engine.bundle(on.store, on.env)?;
    let identity = on.engine.account().identity.public();
    Ok(BundleInfo::new(identity, bundle))
}

pub(super) fn bundle_import(
    on: OnAccount<'_, '_>,
    params: methods::ImportBundleParams,
) -> Result<ImportedBundleInfo> {
    let bundle = &params.bundle.0;
    Ok(on.engine.import_bundle(on.store, on.env, bundle)?.into())
}

pub(super) async fn bundle_inspect(
    _: Arc<Daemon>,
    params: methods::InspectBundleParams,
) -> Result<InspectedBundleInfo> {
    blocking(move || {
        inspect_bundle(&params.bundle.0)
            .map(InspectedBundleInfo::from)
            .map_err(|error| RpcError::not_a_bundle(&error))
    })
    .await
}

pub(super) async fn message_encrypt(
    daemon: Arc<Daemon>,
    params: methods::EncryptParams,
) -> Result<Encrypted> {
    let account = daemon.account(params.account.as_ref())?;
    let request = SendRequest {
        recipients: vec![params.recipient],
        payload: one_payload(params.payload, params.text)?.into(),
        request_id: params.request_id.map(|id| id.0),
        seal: Sealing::asked(params.seal),
    };
    let sent = send(&account, request).await?;
    daemon.metrics.encrypted(&sent.envelopes);
    Ok(sent)
}

pub(super) async fn message_encrypt_group(
    daemon: Arc<Daemon>,
    params: methods::EncryptGroupParams,
) -> Result<Encrypted> {
    let account = daemon.account(params.account.as_ref())?;
    let addressees = Addressees::read(
        params.recipients,
        params.group,
        params.joined_only,
        params.mode,
    )?;
    let payload = one_payload(params.payload, params.text)?.into();
    let request_id = params.request_id.map(|id| id.0);
    let sent = match addressees {
        Addressees::Recipients(recipients) => {
            let request = SendRequest {
                recipients,
                payload,
                request_id,
                seal: Sealing::asked_of_group(params.seal)?,
            };
            send(&account, request).await?
        }
        Addressees::Members { group, joined_only } => {
            let request = MembersSendRequest {
                group,
                joined_only,
                payload,
                request_id,
                seal: Sealing::asked_of_group(params.seal)?,
            };
            let sent = account
                .worker
                .call(move |engine, store, env| Ok(engine.send_to_members(store, env, &request)?));
            Encrypted::from(sent.await?)
        }
        Addressees::UnderKey(group) => {
            let request = GroupSendRequest {
                group,
                payload,
                request_id,
                seal: Sealing::asked_under_key(params.seal)?,
            };
            let sent = account.worker.call(move |engine, store, env| {
                Ok(engine.encrypt_group_with_key(store, env, &request)?)
            });
            Encrypted::from(sent.await?)
        }
    };
    daemon.metrics.encrypted(&sent.envelopes);
    Ok(sent)
}

async fn send(account: &AccountHandle, request: SendRequest) -> Result<Encrypted> {
    account
        .worker
        .call(move |engine, store, env| Ok(engine.send(store, env, &request)?))
        .await
        .map(Encrypted::from)
}

pub(super) fn message_encrypt_public(
    on: OnAccount<'_, '_>,
    params: methods::EncryptPublicParams,
) -> Result<Envelopes> {
    let payload = one_payload(params.payload, params.text)?;
    let public = only(on.engine.public_message(on.store, on.env, &payload)?);
    on.metrics.encrypted(&public.envelopes);
    Ok(public)
}

pub(super) fn message_advertise(
    on: OnAccount<'_, '_>,
    params: methods::AdvertiseParams,
) -> Result<Envelopes> {
    let (recipient, seal) = (&params.recipient, Sealing::asked(params.seal));
    let message = on.engine.advertise(on.store, on.env, recipient, seal)?;
    Ok(only(message))
}

fn only(envelope: engine::model::AddressedMessage) -> Envelopes {
    Envelopes {
        envelopes: vec![EnvelopeInfo::from(envelope)],
    }
}

pub(super) async fn message_decrypt(
    daemon: Arc<Daemon>,
    params: methods::DecryptParams,
) -> Result<Decrypted> {
    let confirm = params.confirm.unwrap_or(false);
    let arrived = Arrived::read(params.sender, params.message, params.sealed, params.sym_key)?;
    let account = daemon.account(params.account.as_ref())?;
    let request = match arrived {
        Arrived::Named { sender, wire } => ReceiveRequest {
            sender,
            message: WireMessage::decode(&wire),
            confirm,
            sealed: false,
        },
        Arrived::Sealed { envelope, key } => {
            match unseal(&daemon, &account, envelope, key).await? {
                Ok(unsealed) => ReceiveRequest {
                    sender: unsealed.sender,
                    message: WireMessage::decode(&unsealed.wire),
                    confirm,
                    sealed: true,
                },
                // It is counted, and no event is published: strangers' envelopes come all day.
                Err(unsealing) => {
                    let unopened = Decrypted::from(unsealing);
                    daemon.metrics.decrypted(&unopened, None);
                    return Ok(unopened);
                }
            }
        }
    };
    let received = account
        .worker
        .call(move |engine, store, env| Ok(engine.receive(store, env, request)?))
        .await?;
    let told_request = received.told_request;
    let suite = received.suite.map(rpc::convert::suite);
    let decrypted = Decrypted::from(received);
    daemon.metrics.decrypted(&decrypted, suite);
    let (name, now) = (account.name.as_str(), daemon.clock.now());
    // A message that does not prove who wrote it, or when, makes an event that is never written.
    let event = if told_request {
        EventInfo::unproven_request(name, now, &decrypted)
    } else {
        EventInfo::undecryptable(name, now, &decrypted)
    };
    if let Some(event) = event {
        blocking(move || {
            daemon.accounts.events().publish_unwritten(event);
            Ok(())
        })
        .await?;
    }
    Ok(decrypted)
}

pub(super) async fn message_explain(
    daemon: Arc<Daemon>,
    params: methods::ExplainParams,
) -> Result<Explanation> {
    let account = daemon.account(params.account.as_ref())?;
    // Not on the account's worker: the signatures of the bundles in the message are checked.
    let (request, message) = blocking(move || {
        let wire = WireMessage::decode(&params.message.0).map_err(ReceiveError::from)?;
        let message = wire.inspect();
        let request = ReceiveRequest {
            sender: params.sender,
            message: Ok(wire),
            confirm: false,
            sealed: false,
        };
        Ok((request, message))
    })
    .await?;
    account
        .worker
        .try_out(move |engine, store, env| Ok(engine.explain(store, env, request, message)?))
        .await
        .map(Explanation::from)
}

pub(super) fn message_confirm(
    on: OnAccount<'_, '_>,
    params: methods::ConfirmParams,
) -> Result<Confirmed> {
    let confirmed = on.engine.confirm(on.store, &params.message_ids.0)?;
    Ok(Confirmed {
        confirmed: confirmed as u64,
    })
}

pub(super) async fn message_inspect(
    _: Arc<Daemon>,
    params: methods::InspectMessageParams,
) -> Result<InspectedMessageInfo> {
    // The signatures of the bundles in the message are checked.
    blocking(move || {
        inspect_message(&params.message.0)
            .map(InspectedMessageInfo::from)
            .map_err(|error| RpcError::not_a_message(&error))
    })
    .await
}
