//! The methods: parameters in, the account's worker or reader, results out.

mod account;
mod called;
mod clock;
mod contact;
mod device;
mod envelope;
mod event;
mod identity;
mod message;
mod system;
mod topic;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use engine::{AccountName, UnixMillis};
use jsonrpsee::{RpcModule, types::ErrorObjectOwned};
use rpc::{
    Kind, Method, Params as _, RpcError, methods, openrpc,
    params::Fields,
    types::{MemoryProtection, OpenRpcDocument},
};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use self::called::Called;
use crate::{
    accounts::{AccountHandle, Accounts},
    clock::Clock,
    metrics::Metrics,
    probe::Probe,
    timers::Timers,
    topic_keys::TopicKeys,
};

/// What the methods work on.
#[derive(Debug)]
pub struct Daemon {
    /// The accounts.
    pub accounts: Accounts,
    /// The clock.
    pub clock: Arc<Clock>,
    /// The hourly sweep.
    pub timers: Timers,
    /// Whether things work.
    pub probe: Probe,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What keeps its memory to itself.
    pub memory: MemoryProtection,
    /// When the daemon started.
    pub started_at: UnixMillis,
    /// Keys derived from passwords at the same time: each takes up to 512 MiB.
    pub derivations: Semaphore,
    /// Keys derived from the names of topics.
    pub topic_keys: TopicKeys,
    /// It finishes what it has begun, and begins nothing more.
    pub stopping: AtomicBool,
}

impl Daemon {
    /// Begins nothing more from here on.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Who waits for events is answered at once: the server waits for those answers.
        self.accounts.events().stop_waiting();
    }

    /// Whether it was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// One: another would only slow it down.
pub const MAX_DERIVATIONS: usize = 1;

pub(crate) use self::system::revision;

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
                let called = Called::begin(M::NAME, Arc::clone(&daemon.metrics));
                let read =
                    Fields::parse(params.as_str(), M::Params::FIELDS).and_then(M::Params::read);
                let result = match read {
                    Ok(params) => {
                        let call = function(Arc::clone(&daemon), params);
                        let span = called.span();
                        // It goes on, and is counted, though its client may have gone.
                        tokio::spawn(async move { called.end(call.await) }.instrument(span))
                            .await
                            .unwrap_or_else(|_| {
                                tracing::error!(method = M::NAME, "a method panicked");
                                Err(RpcError::new(
                                    Kind::Internal,
                                    "the call failed inside the daemon",
                                ))
                            })
                    }
                    Err(error) => called.end(Err(error)),
                };
                result.map_err(|error| error_object(&error))
            }
        })
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// All methods but those that need a WebSocket, which the server has; those for development only if asked.
///
/// # Errors
/// In words, if a name stands twice.
pub fn module(
    daemon: Arc<Daemon>,
    dev: bool,
) -> std::result::Result<RpcModule<Arc<Daemon>>, String> {
    let mut module = RpcModule::new(daemon);
    let m = &mut module;
    register::<methods::AccountCreate, _, _>(m, account::account_create)?;
    register::<methods::AccountRecover, _, _>(m, account::account_recover)?;
    register::<methods::AccountImport, _, _>(m, account::account_import)?;
    register::<methods::AccountList, _, _>(m, account::account_list)?;
    register::<methods::AccountGet, _, _>(m, account::account_get)?;
    register::<methods::AccountExport, _, _>(m, account::account_export)?;
    register::<methods::AccountImportKeystore, _, _>(m, account::account_import_keystore)?;
    register::<methods::AccountRemove, _, _>(m, account::account_remove)?;
    register::<methods::BundleGet, _, _>(m, message::bundle_get)?;
    register::<methods::BundleImport, _, _>(m, message::bundle_import)?;
    register::<methods::BundleInspect, _, _>(m, message::bundle_inspect)?;
    register::<methods::MessageEncrypt, _, _>(m, message::message_encrypt)?;
    register::<methods::MessageEncryptGroup, _, _>(m, message::message_encrypt_group)?;
    register::<methods::MessageEncryptPublic, _, _>(m, message::message_encrypt_public)?;
    register::<methods::MessageAdvertise, _, _>(m, message::message_advertise)?;
    register::<methods::MessageDecrypt, _, _>(m, message::message_decrypt)?;
    register::<methods::MessageConfirm, _, _>(m, message::message_confirm)?;
    register::<methods::MessageInspect, _, _>(m, message::message_inspect)?;
    register::<methods::MessageExplain, _, _>(m, message::message_explain)?;
    register::<methods::InstallationList, _, _>(m, device::installation_list)?;
    register::<methods::InstallationEnable, _, _>(m, device::installation_enable)?;
    register::<methods::InstallationDisable, _, _>(m, device::installation_disable)?;
    register::<methods::InstallationSetMetadata, _, _>(m, device::installation_set_metadata)?;
    register::<methods::SessionList, _, _>(m, device::session_list)?;
    register::<methods::SessionReset, _, _>(m, device::session_reset)?;
    register::<methods::ContactList, _, _>(m, contact::contact_list)?;
    register::<methods::ContactGet, _, _>(m, contact::contact_get)?;
    register::<methods::ContactRequest, _, _>(m, contact::contact_request)?;
    register::<methods::ContactAccept, _, _>(m, contact::contact_accept)?;
    register::<methods::ContactDecline, _, _>(m, contact::contact_decline)?;
    register::<methods::ContactVerify, _, _>(m, contact::contact_verify)?;
    register::<methods::ContactCodeQrDrawn, _, _>(m, identity::contact_code_qr)?;
    register::<methods::IdentityDescribe, _, _>(m, identity::identity_describe)?;
    register::<methods::TopicContactCode, _, _>(m, topic::topic_contact_code)?;
    register::<methods::TopicPartitioned, _, _>(m, topic::topic_partitioned)?;
    register::<methods::EnvelopeSeal, _, _>(m, envelope::envelope_seal)?;
    register::<methods::EnvelopeOpen, _, _>(m, envelope::envelope_open)?;
    register::<methods::TopicNegotiated, _, _>(m, topic::topic_negotiated)?;
    register::<methods::TopicPublic, _, _>(m, topic::topic_public)?;
    register::<methods::TopicParse, _, _>(m, topic::topic_parse)?;
    register::<methods::ClockNext, _, _>(m, clock::clock_next)?;
    register::<methods::ClockObserve, _, _>(m, clock::clock_observe)?;
    register::<methods::EventList, _, _>(m, event::event_list)?;
    register::<methods::SystemHealth, _, _>(m, system::system_health)?;
    register::<methods::SystemVersion, _, _>(m, system::system_version)?;
    register::<methods::SystemStatus, _, _>(m, system::system_status)?;
    register::<methods::SystemSetLogFilter, _, _>(m, system::system_set_log_filter)?;
    register::<methods::RpcDiscover, _, _>(m, move |_, _| async move {
        Ok(OpenRpcDocument(openrpc::document(dev)))
    })?;
    if dev {
        register::<methods::DevNow, _, _>(m, system::dev_now)?;
        register::<methods::DevAdvanceTime, _, _>(m, system::dev_advance_time)?;
        register::<methods::DevImportPrekey, _, _>(m, system::dev_import_prekey)?;
    }
    Ok(module)
}

/// Runs what blocks or takes long (files, key derivation, the reading connection, inspections) off the threads that serve connections.
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

/// A turn could not be waited for: nobody closes a semaphore but an end of the daemon.
fn stopping<E>(_: E) -> RpcError {
    RpcError::new(Kind::ShuttingDown, "the daemon is stopping")
}

impl Daemon {
    fn account(&self, name: Option<&AccountName>) -> Result<Arc<AccountHandle>> {
        self.accounts.find(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use session_store::DataDir;

    use super::*;
    use crate::entropy::entropy;

    fn daemon(directory: &tempfile::TempDir) -> Arc<Daemon> {
        let clock = Arc::new(Clock::default());
        let data_dir = DataDir::open(directory.path(), None, &mut entropy()).unwrap();
        let config = engine::Config::default();
        let metrics = Arc::new(Metrics::new().unwrap());
        Arc::new(Daemon {
            accounts: Accounts::open(
                data_dir,
                Arc::clone(&clock),
                Arc::clone(&metrics),
                config,
                8,
            )
            .unwrap(),
            metrics,
            probe: Probe::new(directory.path(), Arc::clone(&clock)),
            timers: Timers::new(Arc::clone(&clock)),
            memory: MemoryProtection {
                core_dumps: true,
                traceable: true,
                locked: false,
                reason: None,
            },
            started_at: clock.now(),
            derivations: Semaphore::new(MAX_DERIVATIONS),
            topic_keys: TopicKeys::default(),
            stopping: AtomicBool::new(false),
            clock,
        })
    }

    async fn answer(module: &RpcModule<Arc<Daemon>>, request: &Value) -> Value {
        let (answer, _) = module
            .raw_json_request(&request.to_string(), 1)
            .await
            .unwrap();
        serde_json::from_str(answer.get()).unwrap()
    }

    #[tokio::test]
    async fn a_method_that_panics_is_answered_under_its_own_id_and_the_next_call_works() {
        let directory = tempfile::tempdir().unwrap();
        let mut module = RpcModule::new(daemon(&directory));
        register::<methods::SystemVersion, _, _>(&mut module, |_, _| async {
            panic!("on purpose")
        })
        .unwrap();
        register::<methods::AccountList, _, _>(&mut module, |_, _| async { Ok(Vec::new()) })
            .unwrap();
        let call = |id: &str, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method});
        let panicked = answer(&module, &call("seven", "system_version")).await;
        assert_eq!(panicked["id"], "seven");
        assert_eq!(panicked["error"]["code"], -32603);
        assert_eq!(panicked["error"]["data"]["kind"], "internal");
        assert!(!panicked.to_string().contains("on purpose"));
        let next = answer(&module, &call("eight", "account_list")).await;
        assert_eq!(next["result"], json!([]));
    }

    #[tokio::test]
    async fn the_development_methods_are_there_only_when_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let daemon = daemon(&directory);
        let names = |dev: bool| -> Vec<&str> {
            let module = module(Arc::clone(&daemon), dev).unwrap();
            module.method_names().collect()
        };
        assert!(!names(false).iter().any(|name| name.starts_with("dev_")));
        let mut all = names(true);
        all.extend(["event_subscribe", "event_unsubscribe"]);
        let mut described: Vec<&str> = rpc::METHODS.iter().map(|method| method.name).collect();
        all.sort_unstable();
        described.sort_unstable();
        assert_eq!(all, described);
    }
}
