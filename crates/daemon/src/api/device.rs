//! The methods of devices and sessions.

use std::sync::Arc;

use rpc::{
    methods,
    types::{InstallationInfo, SessionInfo, SessionsReset},
};

use super::{Daemon, OnAccount, Result};

pub(super) async fn installation_list(
    daemon: Arc<Daemon>,
    params: methods::ListParams,
) -> Result<Vec<InstallationInfo>> {
    let account = daemon.account(params.account.as_ref())?;
    let (now, identity) = (daemon.clock.now(), params.identity);
    let views = account
        .read(move |viewer, reader| viewer.installations(reader, now, identity.as_ref()))
        .await?;
    Ok(views.into_iter().map(InstallationInfo::from).collect())
}

pub(super) fn installation_enable(
    on: OnAccount<'_, '_>,
    params: methods::PairingParams,
) -> Result<InstallationInfo> {
    let (identity, installation) = (params.identity.as_ref(), &params.installation_id);
    let view = on
        .engine
        .enable_installation(on.store, on.env, identity, installation)?;
    Ok(view.into())
}

pub(super) fn installation_disable(
    on: OnAccount<'_, '_>,
    params: methods::PairingParams,
) -> Result<InstallationInfo> {
    let (identity, installation) = (params.identity.as_ref(), &params.installation_id);
    let view = on
        .engine
        .disable_installation(on.store, on.env, identity, installation)?;
    Ok(view.into())
}

pub(super) fn installation_set_metadata(
    on: OnAccount<'_, '_>,
    params: methods::SetMetadataParams,
) -> Result<InstallationInfo> {
    let (identity, installation) = (params.identity.as_ref(), &params.installation_id);
    let metadata = params.metadata.0;
    let view = on
        .engine
        .set_metadata(on.store, on.env, identity, installation, metadata)?;
    Ok(view.into())
}

pub(super) async fn session_list(
    daemon: Arc<Daemon>,
    params: methods::ListParams,
) -> Result<Vec<SessionInfo>> {
    let account = daemon.account(params.account.as_ref())?;
    let sessions = account
        .read(move |viewer, reader| viewer.sessions(reader, params.identity.as_ref()))
        .await?;
    Ok(sessions.into_iter().map(SessionInfo::from).collect())
}

pub(super) fn session_reset(
    on: OnAccount<'_, '_>,
    params: methods::ResetParams,
) -> Result<SessionsReset> {
    let (identity, installation) = (&params.identity, params.installation_id.as_ref());
    let expired = on
        .engine
        .reset_sessions(on.store, on.env, identity, installation)?;
    Ok(SessionsReset {
        expired: expired as u64,
    })
}
