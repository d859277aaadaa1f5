//! The methods that show identities and contact codes to people.

use std::sync::Arc;

use rpc::{
    ErrorKind, RpcError, methods,
    types::{BundleInfo, ContactCodeDrawing, IdentityInfo, QrFormat},
};

use super::{Daemon, Result, blocking};
use crate::api::qr;

pub(super) async fn identity_describe(
    daemon: Arc<Daemon>,
    params: methods::DescribeParams,
) -> Result<IdentityInfo> {
    // Without a name this needs no account, however many there are.
    let own = match &params.account {
        Some(name) => Some(daemon.account(Some(name))?.identity),
        None => None,
    };
    IdentityInfo::new(&params.identity, own.as_ref())
        .map_err(|error| RpcError::new(ErrorKind::InvalidKey, error.to_string()).about("identity"))
}

pub(super) async fn contact_code_qr(
    daemon: Arc<Daemon>,
    params: methods::ContactCodeQrParams,
) -> Result<ContactCodeDrawing> {
    let account = daemon.account(params.account.as_ref())?;
    let identity = account.identity;
    let bundle = account
        .worker
        .call(move |engine, store, env| Ok(BundleInfo::new(&identity, engine.bundle(store, env)?)))
        .await?;
    blocking(move || {
        let drawn = match params.format {
            QrFormat::Svg => qr::svg(&bundle.contact_code),
            QrFormat::Text => qr::text(&bundle.contact_code),
        };
        let qr = drawn.map_err(|error| {
            RpcError::new(ErrorKind::InstallationLimit, error.to_string()).with_hint(
                "disable devices that are not used any more: each makes the code longer; or give the contactCode of bundle_get as text",
            )
        })?;
        Ok(ContactCodeDrawing {
            contact_code: bundle.contact_code,
            format: params.format,
            qr,
        })
    })
    .await
}
