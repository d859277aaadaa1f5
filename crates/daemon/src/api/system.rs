//! The methods of the daemon itself.

use std::{sync::Arc, time::Duration};

use crypto_core::{RatchetPreKeyPair, SignedPreKeyPair, Wiped};
use engine::{
    PreKeyImport,
    model::{AccountName, OwnKemPreKey},
};
use rpc::{
    ErrorKind, RpcError, methods,
    params::{KemSeed, PrivateKey},
    types::{
        AccountStatus, AccountTotals, Clock as ClockInfo, Health, HealthStatus, ImportedPreKeyInfo,
        LogFilterInfo, Status, Version,
    },
};

use super::{Daemon, OnAccount, Result, blocking};
use crate::{
    accounts::registry::AccountHandle,
    ops::{
        build::{REVISION, VERSION},
        dev::Dev,
        log,
        probe::Faults,
    },
};

/// Accounts that need attention, in one answer.
const MAX_ATTENTION: usize = 100;
/// A store that was put back is worth attention for so long: until then sessions from before are
/// kept (protocol §1).
const RECENTLY: Duration = Duration::from_secs(14 * 24 * 60 * 60);

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

pub(super) async fn system_status(
    daemon: Arc<Daemon>,
    params: methods::StatusParams,
) -> Result<Status> {
    let faults = Arc::clone(&daemon.probe).check().await.err();
    let account = match &params.account {
        Some(name) => match daemon.account(Some(name)) {
            Ok(account) => Some(account_status(account, faults.as_ref()).await),
            Err(error) if error.kind == ErrorKind::StoreFailed => {
                Some(unreadable(name, error.message))
            }
            Err(error) => return Err(error),
        },
        None => None,
    };
    let totals = daemon.accounts.totals().await;
    blocking(move || {
        let (attention, more) = attention(&daemon, faults.as_ref());
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
            accounts: AccountTotals {
                total: daemon.accounts.count() as u64,
                open: daemon.accounts.open_count() as u64,
                peers: totals.held.peers,
                devices: totals.held.devices,
                sessions: totals.held.sessions.all(),
                stored_keys: totals.held.stored_keys,
                queued: totals.queued,
            },
            account,
            attention,
            attention_more: more,
            contact_policy: daemon.accounts.contact_policy(),
            failing: faults.as_ref().map(ToString::to_string),
        })
    })
    .await
}

/// How one account is doing, which is opened for that.
async fn account_status(account: Arc<AccountHandle>, faults: Option<&Faults>) -> AccountStatus {
    // What is found is remembered.
    let read = account.count().await;
    let unreadable = read.err().map(|error| error.message);
    let mut status = status_of(&account, faults);
    status.failing = unreadable.or(status.failing);
    status
}

/// An account in whose file nothing can be read.
fn unreadable(name: &AccountName, failing: String) -> AccountStatus {
    AccountStatus {
        account: name.as_str().to_owned(),
        failing: Some(failing),
        ..AccountStatus::default()
    }
}

/// How an account was when that was last looked at.
fn status_of(account: &AccountHandle, faults: Option<&Faults>) -> AccountStatus {
    let condition = account.condition();
    let held = condition.held.unwrap_or_default();
    let unwritable = || faults.and_then(|faults| faults.of(&account.name));
    AccountStatus {
        account: account.name.as_str().to_owned(),
        open: account.worker.is_open(),
        peers: held.peers,
        devices: held.devices,
        sessions: held.sessions.all(),
        stored_keys: held.stored_keys,
        queued: account.worker.queued(),
        rolled_back_at: condition.found.map(|found| found.at.0),
        rolled_back_reason: condition.found.map(|found| found.how),
        failing: condition.unopened.or_else(unwritable),
    }
}

/// The first accounts that somebody should look at, and how many there are besides: those that
/// cannot be read or written, those for which many calls wait, and those whose sessions had to be
/// given up not long ago.
fn attention(daemon: &Daemon, faults: Option<&Faults>) -> (Vec<AccountStatus>, u64) {
    let recently = daemon.clock.now().before(RECENTLY).0;
    let all = daemon.accounts.all();
    let of_files = all.iter().filter_map(|account| {
        let status = status_of(account, faults);
        let is_recent = status.rolled_back_at.is_some_and(|at| at >= recently);
        let worth = status.failing.is_some() || is_recent || account.worker.is_crowded();
        worth.then_some(status)
    });
    let of_unreadable = daemon.accounts.unreadable().into_iter();
    let mut found: Vec<AccountStatus> = of_unreadable
        .map(|(name, failing)| unreadable(&name, failing))
        .chain(of_files)
        .collect();
    let more = found.len().saturating_sub(MAX_ATTENTION);
    found.truncate(MAX_ATTENTION);
    (found, more as u64)
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
    let version = params.version.map(|version| version.0);
    let current = kem_prekey(
        params.kem_seed,
        params.kem_version.map(|version| version.0).or(version),
        "kemVersion",
    )?;
    let before = kem_prekey(
        params.kem_before_seed,
        params.kem_before_version.map(|version| version.0),
        "kemBeforeVersion",
    )?;
    if before.is_some() && current.is_none() {
        return Err(RpcError::invalid("the KEM prekey after it is missing")
            .about("kemSeed")
            .with_hint("give kemSeed as well: kemBeforeSeed is the one that was before it"));
    }
    let kem = current.into_iter().chain(before).collect();
    let import = PreKeyImport {
        signed,
        ratchet,
        version,
        current: params.current,
        created_at: params.created_at,
        kem,
    };
    Ok(on.engine.import_prekey(on.store, on.env, import)?.into())
}

/// A KEM prekey of a seed, which needs a version.
fn kem_prekey(
    seed: Option<KemSeed>,
    version: Option<u32>,
    field: &str,
) -> Result<Option<OwnKemPreKey>> {
    let Some(KemSeed(seed)) = seed else {
        return Ok(None);
    };
    let version = version.ok_or_else(|| {
        RpcError::invalid("the version of the KEM prekey is missing")
            .about(field)
            .with_hint("give the version of the signed prekey that it was made with")
    })?;
    Ok(Some(OwnKemPreKey::from_seed(Wiped::new(*seed), version)))
}
