//! The methods of group keys.

use std::sync::Arc;

use engine::GroupKeyRequest;
use rpc::{
    methods,
    params::Sealing,
    types::{GroupKeyInfo, GroupSetters, SharedGroupKey},
};

use super::{Daemon, OnAccount, Result};

pub(super) fn group_key_create(
    on: OnAccount<'_, '_>,
    params: methods::CreateGroupKeyParams,
) -> Result<SharedGroupKey> {
    let request = GroupKeyRequest {
        group: params.group,
        recipients: params.recipients.map(|recipients| recipients.0),
        request_id: params.request_id.map(|id| id.0),
        seal: Sealing::asked_of_group(params.seal)?,
    };
    let shared = SharedGroupKey::from(on.engine.create_group_key(on.store, on.env, &request)?);
    on.metrics.encrypted(&shared.envelopes);
    Ok(shared)
}

pub(super) fn group_key_share(
    on: OnAccount<'_, '_>,
    params: methods::ShareGroupKeyParams,
) -> Result<SharedGroupKey> {
    let request = GroupKeyRequest {
        group: params.group,
        recipients: params.recipients.map(|recipients| recipients.0),
        request_id: None,
        seal: Sealing::asked_of_group(params.seal)?,
    };
    let shared = SharedGroupKey::from(on.engine.share_group_key(on.store, on.env, &request)?);
    on.metrics.encrypted(&shared.envelopes);
    Ok(shared)
}

pub(super) async fn group_key_list(
    daemon: Arc<Daemon>,
    params: methods::ListGroupKeysParams,
) -> Result<Vec<GroupKeyInfo>> {
    let account = daemon.account(params.account.as_ref())?;
    let now = daemon.clock.now();
    let keys = account
        .read(move |viewer, reader| viewer.group_keys(reader, now, params.group.as_ref()))
        .await?;
    Ok(keys.into_iter().map(GroupKeyInfo::from).collect())
}

pub(super) fn group_key_trust(
    on: OnAccount<'_, '_>,
    params: methods::TrustParams,
) -> Result<GroupSetters> {
    let (group, setters) = (&params.group, &params.setters.0);
    let setters = on.engine.trust_group_setters(on.store, group, setters)?;
    Ok(GroupSetters::new(group, &setters))
}
