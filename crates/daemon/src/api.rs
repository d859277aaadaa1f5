//! The methods: parameters in, the account's worker or reader, results out.

use std::{future::Future, sync::Arc, time::Duration};

use crypto_core::{
    IdentityKeyPair, Mnemonic, MnemonicError, RatchetPreKeyPair, SignedPreKeyPair, WordCount,
};
use engine::{
    AccountName, PreKeyImport, ReceiveRequest, SendRequest, StoreRead as _, UnixMillis,
    inspect_bundle, inspect_message,
};
use jsonrpsee::{RpcModule, types::ErrorObjectOwned};
use rpc::{
    Kind, Method, Params as _, RpcError,
    forms::{PrivateKey, Secret, one_payload},
    methods,
    params::Fields,
    types::{
        AccountInfo, AccountStatus, BundleInfo, Clock as ClockInfo, Confirmed, Decrypted,
        Encrypted, EnvelopeInfo, Envelopes, Health, ImportedBundleInfo, ImportedPreKeyInfo,
        InspectedBundleInfo, InspectedMessageInfo, InstallationInfo, NewAccount, Removed,
        SessionInfo, Status, Version,
    },
};

use crate::{
    accounts::{AccountHandle, Accounts},
    clock::Clock,
    entropy::entropy,
    probe::Probe,
};

/// What the methods work on.
#[derive(Debug)]
pub struct Daemon {
    /// The accounts.
    pub accounts: Accounts,
    /// The clock.
    pub clock: Arc<Clock>,
    /// Whether things work.
    pub probe: Probe,
    /// When the daemon started.
    pub started_at: UnixMillis,
}

type Result<T> = std::result::Result<T, RpcError>;

/// An error as JSON-RPC carries it.
#[must_use]
pub fn error_object(error: &RpcError) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(error.kind.code(), error.message.clone(), Some(error.data()))
}

/// Registers one method: reads its parameters, runs it, and answers in its types. A panic in it is
/// answered as an internal error, under the request's own id.
fn register<M, F, R>(
    module: &mut RpcModule<Arc<Daemon>>,
    function: F,
) -> std::result::Result<(), String>
where
    M: Method,
    F: Fn(Arc<Daemon>, M::Params) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<M::Reply>> + Send + 'static,
{
    module
        .register_async_method(M::NAME, move |params, daemon, _| {
            let function = function.clone();
            async move {
                let read =
                    Fields::parse(params.as_str(), M::Params::FIELDS).and_then(M::Params::read);
                let result = match read {
                    Ok(params) => {
                        let call = function(Arc::clone(&daemon), params);
                        tokio::spawn(call).await.unwrap_or_else(|_| {
                            tracing::error!(method = M::NAME, "a method panicked");
                            Err(RpcError::new(
                                Kind::Internal,
                                "the call failed inside the daemon",
                            ))
                        })
                    }
                    Err(error) => Err(error),
                };
                result.map_err(|error| {
                    tracing::debug!(method = M::NAME, kind = ?error.kind, "refused");
                    error_object(&error)
                })
            }
        })
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// All methods; those for development only if asked.
///
/// # Errors
/// In words, if a name stands twice.
pub fn module(
    daemon: Arc<Daemon>,
    dev: bool,
) -> std::result::Result<RpcModule<Arc<Daemon>>, String> {
    let mut module = RpcModule::new(daemon);
    let m = &mut module;
    register::<methods::AccountCreate, _, _>(m, account_create)?;
    register::<methods::AccountRecover, _, _>(m, account_recover)?;
    register::<methods::AccountImport, _, _>(m, account_import)?;
    register::<methods::AccountList, _, _>(m, account_list)?;
    register::<methods::AccountGet, _, _>(m, account_get)?;
    register::<methods::AccountRemove, _, _>(m, account_remove)?;
    register::<methods::BundleGet, _, _>(m, bundle_get)?;
    register::<methods::BundleImport, _, _>(m, bundle_import)?;
    register::<methods::BundleInspect, _, _>(m, bundle_inspect)?;
    register::<methods::MessageEncrypt, _, _>(m, message_encrypt)?;
    register::<methods::MessageEncryptPublic, _, _>(m, message_encrypt_public)?;
    register::<methods::MessageAdvertise, _, _>(m, message_advertise)?;
    register::<methods::MessageDecrypt, _, _>(m, message_decrypt)?;
    register::<methods::MessageConfirm, _, _>(m, message_confirm)?;
    register::<methods::MessageInspect, _, _>(m, message_inspect)?;
    register::<methods::InstallationList, _, _>(m, installation_list)?;
    register::<methods::SessionList, _, _>(m, session_list)?;
    register::<methods::SystemHealth, _, _>(m, system_health)?;
    register::<methods::SystemVersion, _, _>(m, system_version)?;
    register::<methods::SystemStatus, _, _>(m, system_status)?;
    if dev {
        register::<methods::DevNow, _, _>(m, dev_now)?;
        register::<methods::DevAdvanceTime, _, _>(m, dev_advance_time)?;
        register::<methods::DevImportPrekey, _, _>(m, dev_import_prekey)?;
    }
    Ok(module)
}

/// Runs what blocks (files, key derivation, the reading connection) off the threads that serve connections.
async fn blocking<T: Send + 'static>(
    function: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(function)
        .await
        .unwrap_or_else(|_| {
            Err(RpcError::new(
                Kind::Internal,
                "the call failed inside the daemon",
            ))
        })
}

impl Daemon {
    fn account(&self, name: Option<&AccountName>) -> Result<Arc<AccountHandle>> {
        self.accounts.find(name)
    }
}

async fn account_create(daemon: Arc<Daemon>, params: methods::CreateParams) -> Result<NewAccount> {
    blocking(move || {
        let words = params.words.map_or(WordCount::Twelve, |words| words.0);
        let mnemonic = Mnemonic::generate(words, &mut entropy());
        let identity = mnemonic.chat_key("").map_err(derivation_failed)?;
        let account = daemon
            .accounts
            .create(params.account, identity, params.installation_id)?;
        Ok(NewAccount {
            account,
            mnemonic: mnemonic.phrase().to_string(),
        })
    })
    .await
}

async fn account_recover(
    daemon: Arc<Daemon>,
    params: methods::RecoverParams,
) -> Result<AccountInfo> {
    blocking(move || {
        let identity = recovered(&params.mnemonic, params.mnemonic_passphrase.as_ref())?;
        daemon
            .accounts
            .create(params.account, identity, params.installation_id)
    })
    .await
}

fn recovered(phrase: &Secret, passphrase: Option<&Secret>) -> Result<IdentityKeyPair> {
    let mnemonic = Mnemonic::parse(&phrase.0).map_err(|error: MnemonicError| {
        RpcError::new(Kind::InvalidMnemonic, error.to_string()).about("mnemonic")
    })?;
    mnemonic
        .chat_key(passphrase.map_or("", |passphrase| passphrase.0.as_str()))
        .map_err(derivation_failed)
}

fn derivation_failed(error: crypto_core::KeyError) -> RpcError {
    RpcError::new(Kind::Internal, error.to_string())
}

async fn account_import(
    daemon: Arc<Daemon>,
    params: methods::ImportAccountParams,
) -> Result<AccountInfo> {
    blocking(move || {
        let identity = IdentityKeyPair::from_secret_bytes(&params.private_key.0).map_err(|_| {
            RpcError::new(Kind::InvalidKey, "not a private key of the curve").about("privateKey")
        })?;
        daemon
            .accounts
            .create(params.account, identity, params.installation_id)
    })
    .await
}

async fn account_list(daemon: Arc<Daemon>, _: methods::NoParams) -> Result<Vec<AccountInfo>> {
    let accounts = daemon.accounts.all()?;
    Ok(accounts
        .iter()
        .map(|account| account.info.clone())
        .collect())
}

async fn account_get(daemon: Arc<Daemon>, params: methods::AccountOnly) -> Result<AccountInfo> {
    Ok(daemon.account(params.account.as_ref())?.info.clone())
}

async fn account_remove(daemon: Arc<Daemon>, params: methods::RemoveParams) -> Result<Removed> {
    blocking(move || {
        daemon
            .accounts
            .remove(&params.account, &params.public_key)?;
        Ok(Removed { removed: true })
    })
    .await
}

async fn bundle_get(daemon: Arc<Daemon>, params: methods::AccountOnly) -> Result<BundleInfo> {
    let account = daemon.account(params.account.as_ref())?;
    let identity = account.identity;
    account
        .worker
        .call(move |engine, store, env| Ok(BundleInfo::new(&identity, engine.bundle(store, env)?)))
        .await
}

async fn bundle_import(
    daemon: Arc<Daemon>,
    params: methods::ImportBundleParams,
) -> Result<ImportedBundleInfo> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| {
            Ok(engine.import_bundle(store, env, &params.bundle.0)?.into())
        })
        .await
}

async fn bundle_inspect(
    _: Arc<Daemon>,
    params: methods::InspectBundleParams,
) -> Result<InspectedBundleInfo> {
    inspect_bundle(&params.bundle.0)
        .map(InspectedBundleInfo::from)
        .map_err(|error| RpcError::not_a_bundle(&error))
}

async fn message_encrypt(daemon: Arc<Daemon>, params: methods::EncryptParams) -> Result<Encrypted> {
    let account = daemon.account(params.account.as_ref())?;
    let request = SendRequest {
        recipients: vec![params.recipient],
        payload: one_payload(params.payload, params.text)?,
        request_id: params.request_id.map(|id| id.0),
    };
    account
        .worker
        .call(move |engine, store, env| Ok(engine.send(store, env, &request)?))
        .await
        .map(Encrypted::from)
}

async fn message_encrypt_public(
    daemon: Arc<Daemon>,
    params: methods::EncryptPublicParams,
) -> Result<Envelopes> {
    let account = daemon.account(params.account.as_ref())?;
    let payload = one_payload(params.payload, params.text)?;
    account
        .worker
        .call(move |engine, store, env| Ok(engine.public_message(store, env, &payload)?))
        .await
        .map(only)
}

async fn message_advertise(
    daemon: Arc<Daemon>,
    params: methods::AdvertiseParams,
) -> Result<Envelopes> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| Ok(engine.advertise(store, env, &params.recipient)?))
        .await
        .map(only)
}

fn only(envelope: engine::Envelope) -> Envelopes {
    Envelopes {
        envelopes: vec![EnvelopeInfo::from(envelope)],
    }
}

async fn message_decrypt(daemon: Arc<Daemon>, params: methods::DecryptParams) -> Result<Decrypted> {
    let account = daemon.account(params.account.as_ref())?;
    let request = ReceiveRequest {
        sender: params.sender,
        wire: params.message.0,
        confirm: params.confirm.unwrap_or(false),
    };
    account
        .worker
        .call(move |engine, store, env| Ok(engine.receive(store, env, &request)?))
        .await
        .map(Decrypted::from)
}

async fn message_confirm(daemon: Arc<Daemon>, params: methods::ConfirmParams) -> Result<Confirmed> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, _| {
            let confirmed = engine.confirm(store, &params.message_ids.0)?;
            Ok(Confirmed {
                confirmed: confirmed as u64,
            })
        })
        .await
}

async fn message_inspect(
    _: Arc<Daemon>,
    params: methods::InspectMessageParams,
) -> Result<InspectedMessageInfo> {
    inspect_message(&params.message.0)
        .map(InspectedMessageInfo::from)
        .map_err(|error| RpcError::not_a_message(&error))
}

async fn installation_list(
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

async fn session_list(
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

async fn system_health(daemon: Arc<Daemon>, _: methods::NoParams) -> Result<Health> {
    blocking(move || {
        let reason = daemon.probe.check().err();
        let status = if reason.is_none() { "ok" } else { "failing" };
        Ok(Health {
            status: status.to_owned(),
            reason,
        })
    })
    .await
}

async fn system_version(_: Arc<Daemon>, _: methods::NoParams) -> Result<Version> {
    Ok(Version {
        name: "ratchetd".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: option_env!("RATCHETD_REVISION").map(str::to_owned),
        protocol: 1,
    })
}

async fn system_status(daemon: Arc<Daemon>, _: methods::NoParams) -> Result<Status> {
    blocking(move || {
        let accounts = daemon.accounts.all()?;
        let accounts = accounts.iter().map(|account| {
            let counts = account.read(|_, reader| reader.counts())?;
            Ok(AccountStatus {
                account: account.info.account.clone(),
                peers: counts.peers,
                devices: counts.devices,
                sessions: counts.sessions,
                stored_keys: counts.stored_keys,
                queued: account.worker.queued(),
            })
        });
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: daemon.started_at.0,
            now: daemon.clock.now().0,
            accounts: accounts.collect::<Result<_>>()?,
        })
    })
    .await
}

async fn dev_now(daemon: Arc<Daemon>, _: methods::NoParams) -> Result<ClockInfo> {
    Ok(ClockInfo {
        now: daemon.clock.now().0,
    })
}

async fn dev_advance_time(
    daemon: Arc<Daemon>,
    params: methods::AdvanceTimeParams,
) -> Result<ClockInfo> {
    daemon.clock.advance(Duration::from_millis(params.ms.0));
    Ok(ClockInfo {
        now: daemon.clock.now().0,
    })
}

async fn dev_import_prekey(
    daemon: Arc<Daemon>,
    params: methods::ImportPreKeyParams,
) -> Result<ImportedPreKeyInfo> {
    let account = daemon.account(params.account.as_ref())?;
    let signed =
        SignedPreKeyPair::from_secret_bytes(&params.signed_pre_key_private.0).map_err(|_| {
            RpcError::new(Kind::InvalidKey, "not a private key of the curve")
                .about("signedPreKeyPrivate")
        })?;
    let ratchet = params
        .ratchet_pre_key_private
        .map(|PrivateKey(secret)| RatchetPreKeyPair::from_secret_bytes(&secret));
    let import = PreKeyImport {
        signed,
        ratchet,
        version: params.version.map(|version| version.0),
        created_at: params.created_at.map(|at| at.0),
    };
    account
        .worker
        .call(move |engine, store, env| Ok(engine.import_prekey(store, env, import)?))
        .await
        .map(ImportedPreKeyInfo::from)
}
