//! The methods of devices and sessions.

use std::sync::Arc;

use crypto_core::{IdentityKey, InstallationId};
use engine::{
    Engine, Env,
    model::{InstallationView, PairingError},
    store::Store,
};
use rpc::{
    methods,
    types::{InstallationInfo, SessionInfo, SessionsReset},
};

use super::{Daemon, Result, blocking};

pub(super) async fn installation_list(
    daemon: Arc<Daemon>,
    params: methods::ListParams,
) -> Result<Vec<InstallationInfo>> {
    let account = daemon.account(params.account.as_ref())?;
    blocking(move || {
        let now = daemon.clock.now();
        let views = account
            .read(|viewer, reader| viewer.installations(reader, now, params.identity.as_ref()))?;
        Ok(views.into_iter().map(InstallationInfo::from).collect())
    })
    .await
}

pub(super) async fn installation_enable(
    daemon: Arc<Daemon>,
    params: methods::PairingParams,
) -> Result<InstallationInfo> {
    pair(daemon, params, Engine::enable_installation).await
}

pub(super) async fn installation_disable(
    daemon: Arc<Daemon>,
    params: methods::PairingParams,
) -> Result<InstallationInfo> {
    pair(daemon, params, Engine::disable_installation).await
}

type Pair = fn(
    &mut Engine,
    &mut dyn Store,
    &mut Env<'_>,
    Option<&IdentityKey>,
    &InstallationId,
) -> std::result::Result<InstallationView, PairingError>;

async fn pair(
    daemon: Arc<Daemon>,
    params: methods::PairingParams,
    pair: Pair,
) -> Result<InstallationInfo> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| {
            let identity = params.identity.as_ref();
            Ok(pair(engine, store, env, identity, &params.installation_id)?)
        })
        .await
        .map(InstallationInfo::from)
}

pub(super) async fn installation_set_metadata(
    daemon: Arc<Daemon>,
    params: methods::SetMetadataParams,
) -> Result<InstallationInfo> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| {
            let identity = params.identity.as_ref();
            let metadata = params.metadata.0;
            Ok(engine.set_metadata(store, env, identity, &params.installation_id, metadata)?)
        })
        .await
        .map(InstallationInfo::from)
}

pub(super) async fn session_list(
    daemon: Arc<Daemon>,
    params: methods::ListParams,
) -> Result<Vec<SessionInfo>> {
    let account = daemon.account(params.account.as_ref())?;
    blocking(move || {
        let sessions =
            account.read(|viewer, reader| viewer.sessions(reader, params.identity.as_ref()))?;
        Ok(sessions.into_iter().map(SessionInfo::from).collect())
    })
    .await
}

pub(super) async fn session_reset(
    daemon: Arc<Daemon>,
    params: methods::ResetParams,
) -> Result<SessionsReset> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| {
            let installation = params.installation_id.as_ref();
            let expired = engine.reset_sessions(store, env, &params.identity, installation)?;
            Ok(SessionsReset {
                expired: expired as u64,
            })
        })
        .await
}
