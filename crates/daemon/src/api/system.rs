//! The methods of the daemon itself.

use std::{sync::Arc, time::Duration};

use crypto_core::{RatchetPreKeyPair, SignedPreKeyPair};
use engine::{PreKeyImport, model::Counts, store::StoreRead as _};
use rpc::{
    ErrorKind, RpcError, methods,
    params::PrivateKey,
    types::{
        AccountStatus, Clock as ClockInfo, Health, HealthStatus, ImportedPreKeyInfo, LogFilterInfo,
        Status, Version,
    },
};

use super::{Daemon, OnAccount, Result, blocking};
use crate::ops::{
    build::{REVISION, VERSION},
    dev::Dev,
    log,
    probe::Faults,
};

/// Furthest the development clock moves in one call: every timer on the way is run, and there is
/// one an hour.
const MAX_ADVANCE: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(super) async fn system_health(daemon: Arc<Daemon>, _: methods::NoParams) -> Result<Health> {
    let faults = Arc::clone(&daemon.probe).check().await.err();
    let status = if faults.is_none() {
        HealthStatus::Ok
    } else {
        HealthStatus::Failing
    };
    Ok(Health {
        status,
        reason: faults.as_ref().map(ToString::to_string),
        hint: faults.as_ref().map(Faults::hint),
        dev_on_real_data: daemon.dev == Dev::OnRealData,
    })
}

pub(super) async fn system_set_log_filter(
    _: Arc<Daemon>,
    params: methods::LogFilterParams,
) -> Result<LogFilterInfo> {
    let filter = params.filter.0;
    let previous = log::set_filter(&filter).map_err(|error| {
        RpcError::invalid(error).about("filter").with_hint(
            "give off, error, warn, info, debug or trace, or directives such as daemon=debug",
        )
    })?;
    Ok(LogFilterInfo { filter, previous })
}

pub(super) async fn system_version(_: Arc<Daemon>, _: methods::NoParams) -> Result<Version> {
    Ok(Version {
        name: "ratchetd".to_owned(),
        version: VERSION.to_owned(),
        revision: REVISION.map(str::to_owned),
        protocol: 1,
    })
}

pub(super) async fn system_status(daemon: Arc<Daemon>, _: methods::NoParams) -> Result<Status> {
    let faults = Arc::clone(&daemon.probe).check().await.err();
    blocking(move || {
        let accounts = daemon.accounts.all();
        let accounts = accounts.iter().filter_map(|account| {
            let read = account.read(|_, reader| Ok((reader.counts()?, reader.found_displaced()?)));
            // One that cannot be read is no reason to say nothing of the others.
            let (counts, found, unreadable) = match read {
                Ok((counts, found)) => (counts, found, None),
                Err(error) if error.kind == ErrorKind::AccountNotFound => return None,
                Err(error) => (Counts::default(), None, Some(error.message)),
            };
            let unwritable = || faults.as_ref().and_then(|faults| faults.of(&account.name));
            Some(AccountStatus {
                account: account.info.account.clone(),
                peers: counts.peers,
                devices: counts.devices,
                sessions: counts.sessions,
                stored_keys: counts.stored_keys,
                queued: account.worker.queued(),
                rolled_back_at: found.map(|found| found.at.0),
                rolled_back_reason: found.map(|found| found.how),
                failing: unreadable.or_else(unwritable),
            })
        });
        Ok(Status {
            version: VERSION.to_owned(),
            revision: REVISION.map(str::to_owned),
            pid: std::process::id(),
            started_at: daemon.started_at.0,
            now: daemon.clock.now().0,
            newest_event: daemon.accounts.events().newest(),
            memory: daemon.memory.clone(),
            dev: daemon.dev != Dev::Off,
            dev_on_real_data: daemon.dev == Dev::OnRealData,
            accounts: accounts.collect(),
            contact_policy: daemon.accounts.contact_policy(),
            failing: faults.as_ref().map(ToString::to_string),
        })
    })
    .await
}

pub(super) async fn dev_now(daemon: Arc<Daemon>, _: methods::NoParams) -> Result<ClockInfo> {
    Ok(ClockInfo {
        now: daemon.clock.now().0,
    })
}

pub(super) async fn dev_advance_time(
    daemon: Arc<Daemon>,
    params: methods::AdvanceTimeParams,
) -> Result<ClockInfo> {
    let span = Duration::from_millis(params.ms.0);
    if span > MAX_ADVANCE {
        return Err(RpcError::invalid("more than a year")
            .about("ms")
            .with_hint(format!(
                "advance by at most {} ms at once, and again for more",
                MAX_ADVANCE.as_millis()
            )));
    }
    daemon.sweeper.advance(&daemon.accounts, span).await;
    Ok(ClockInfo {
        now: daemon.clock.now().0,
    })
}

pub(super) fn dev_import_prekey(
    on: OnAccount<'_, '_>,
    params: methods::ImportPreKeyParams,
) -> Result<ImportedPreKeyInfo> {
    let signed =
        SignedPreKeyPair::from_secret_bytes(&params.signed_pre_key_private.0).map_err(|_| {
            RpcError::new(ErrorKind::InvalidKey, "not a private key of the curve")
                .about("signedPreKeyPrivate")
        })?;
    let ratchet = params
        .ratchet_pre_key_private
        .map(|PrivateKey(secret)| RatchetPreKeyPair::from_secret_bytes(&secret));
    let import = PreKeyImport {
        signed,
        ratchet,
        version: params.version.map(|version| version.0),
        current: params.current,
        created_at: params.created_at,
    };
    Ok(on.engine.import_prekey(on.store, on.env, import)?.into())
}
