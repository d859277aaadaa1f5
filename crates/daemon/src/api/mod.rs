//! The methods: parameters in, the account's worker or reader, results out.

mod account;
mod call_guard;
mod clock;
mod contact;
mod detach_on_drop;
mod device;
mod envelope;
mod event;
pub mod event_tickets;
mod group;
mod group_key;
mod identity;
pub mod link;
mod message;
pub mod qr;
mod response;
mod system;
mod topic;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use engine::{
    Engine, Env,
    model::{AccountName, UnixMillis},
    store::Store,
};
use jsonrpsee::{Extensions, Methods, RpcModule, core::RegisterMethodError, types::Params};
use rpc::{
    ErrorKind, Method, Params as _, RpcError, methods, openrpc,
    params::{AccountParams, Fields},
    types::{MemoryProtection, OpenRpcDocument},
};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

pub(crate) use self::{call_guard::CallGuard, response::error_object};
use self::{detach_on_drop::DetachOnDrop, event_tickets::EventTickets, link::Links};
use crate::{
    accounts::{
        blocking,
        registry::{AccountHandle, Accounts},
        sweeps::Sweeper,
        topic_keys::TopicKeys,
    },
    ops::{
        budget::{Budget, Request, Room},
        clock::Clock,
        dev::Dev,
        metrics::Metrics,
        probe::Probe,
    },
};

/// What the methods work on.
#[derive(Debug)]
pub struct Daemon {
    /// The accounts.
    pub accounts: Arc<Accounts>,
    /// The clock.
    pub clock: Arc<Clock>,
    /// The hourly sweep.
    pub sweeper: Sweeper,
    /// Whether things work.
    pub probe: Arc<Probe>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What keeps its memory to itself.
    pub memory: MemoryProtection,
    /// What it lets callers do to its accounts.
    pub dev: Dev,
    /// When the daemon started.
    pub started_at: UnixMillis,
    /// Room for requests and answers.
    pub budget: Budget,
    /// Keys derived from passwords at the same time: each takes up to 512 MiB.
    pub derivations: Semaphore,
    /// Keys derived from the names of topics.
    pub topic_keys: TopicKeys,
    /// What opens a stream of events without the token.
    pub event_tickets: Arc<EventTickets>,
    /// Devices that are being linked.
    pub links: Links,
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

    /// Everything that is counted, as Prometheus text.
    pub(crate) async fn render_metrics(&self) -> std::result::Result<Vec<u8>, String> {
        self.accounts.update_gauges().await;
        self.metrics.render(self.started_at)
    }

    /// Whether it was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// One: another would only slow it down.
pub const MAX_DERIVATIONS: usize = 1;

type Result<T> = std::result::Result<T, RpcError>;

/// Registers one method: it reads its parameters, runs, and answers in its types. A panic in it is
/// answered as an internal error, under the request's own id. Its request has its room until the
/// call has ended.
pub(crate) fn register<M, F, R>(
    module: &mut RpcModule<Daemon>,
    function: F,
) -> std::result::Result<(), RegisterMethodError>
where
    M: Method,
    F: Fn(Arc<Daemon>, M::Params) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<M::Output>> + Send + 'static,
{
    let run = move |params: Params<'static>, daemon: Arc<Daemon>, extensions: Extensions| {
        let guard = CallGuard::begin(M::NAME, Arc::clone(&daemon.metrics));
        let room = extensions.get::<Arc<Room>>().map(Arc::clone);
        let request = Request {
            bytes: params.len_bytes(),
            room: room.unwrap_or_else(|| Arc::new(daemon.budget.room())),
        };
        let read = Fields::parse(params.as_str(), M::Params::FIELDS).and_then(M::Params::read);
        let call = read.map(|params| function(daemon, params));
        async move {
            let result = match call {
                Ok(call) => {
                    let span = guard.span();
                    let call = async move { guard.end(call.await) }.instrument(span);
                    DetachOnDrop::new(request.run(call))
                        .await
                        .unwrap_or_else(|_| {
                            tracing::error!(method = M::NAME, "a method panicked");
                            Err(RpcError::internal("the call failed inside the daemon"))
                        })
                }
                Err(error) => guard.end(Err(error)),
            };
            result.map_err(|error| error_object(&error))
        }
    };
    module.register_async_method(M::NAME, run)?;
    Ok(())
}

/// What a method that is one call of an account's engine works with: a transaction of its own.
struct OnAccount<'a, 'e> {
    engine: &'a mut Engine,
    store: &'a mut dyn Store,
    env: &'a mut Env<'e>,
    metrics: &'a Metrics,
}

/// Adds a method that runs on the worker of the account that its parameters name.
fn register_on_account<M, F>(
    module: &mut RpcModule<Daemon>,
    function: F,
) -> std::result::Result<(), RegisterMethodError>
where
    M: Method<Params: AccountParams>,
    F: Fn(OnAccount<'_, '_>, M::Params) -> Result<M::Output> + Copy + Send + Sync + 'static,
{
    register::<M, _, _>(module, move |daemon, params| async move {
        let account = daemon.account(params.account())?;
        let metrics = Arc::clone(&daemon.metrics);
        let call = move |engine: &mut Engine, store: &mut dyn Store, env: &mut Env<'_>| {
            let on = OnAccount {
                engine,
                store,
                env,
                metrics: &metrics,
            };
            function(on, params)
        };
        account.worker.call(call).await
    })
}

/// All methods; those for development only if the daemon has them.
///
/// # Errors
/// [`RegisterMethodError`] if two have the same name.
pub fn methods(
    daemon: Arc<Daemon>,
    dev: bool,
) -> std::result::Result<Methods, RegisterMethodError> {
    let mut module = RpcModule::from_arc(daemon);
    let m = &mut module;
    register::<methods::AccountCreate, _, _>(m, account::account_create)?;
    register::<methods::AccountRecover, _, _>(m, account::account_recover)?;
    register::<methods::AccountImport, _, _>(m, account::account_import)?;
    register::<methods::AccountList, _, _>(m, account::account_list)?;
    register::<methods::AccountGet, _, _>(m, account::account_get)?;
    register::<methods::AccountExport, _, _>(m, account::account_export)?;
    register::<methods::AccountImportKeystore, _, _>(m, account::account_import_keystore)?;
    register::<methods::AccountRemove, _, _>(m, account::account_remove)?;
    register_on_account::<methods::BundleGet, _>(m, message::bundle_get)?;
    register_on_account::<methods::BundleImport, _>(m, message::bundle_import)?;
    register::<methods::BundleInspect, _, _>(m, message::bundle_inspect)?;
    register::<methods::MessageEncrypt, _, _>(m, message::message_encrypt)?;
    register::<methods::MessageEncryptGroup, _, _>(m, message::message_encrypt_group)?;
    register_on_account::<methods::MessageEncryptPublic, _>(m, message::message_encrypt_public)?;
    register_on_account::<methods::MessageAdvertise, _>(m, message::message_advertise)?;
    register::<methods::MessageDecrypt, _, _>(m, message::message_decrypt)?;
    register_on_account::<methods::MessageConfirm, _>(m, message::message_confirm)?;
    register::<methods::MessageInspect, _, _>(m, message::message_inspect)?;
    register::<methods::MessageExplain, _, _>(m, message::message_explain)?;
    register::<methods::InstallationList, _, _>(m, device::installation_list)?;
    register_on_account::<methods::InstallationEnable, _>(m, device::installation_enable)?;
    register_on_account::<methods::InstallationDisable, _>(m, device::installation_disable)?;
    register_on_account::<methods::InstallationSetMetadata, _>(
        m,
        device::installation_set_metadata,
    )?;
    register::<methods::LinkBegin, _, _>(m, link::link_begin)?;
    register::<methods::LinkOffer, _, _>(m, link::link_offer)?;
    register::<methods::LinkAnswer, _, _>(m, link::link_answer)?;
    register::<methods::LinkConfirm, _, _>(m, link::link_confirm)?;
    register::<methods::LinkAccept, _, _>(m, link::link_accept)?;
    register::<methods::SessionList, _, _>(m, device::session_list)?;
    register_on_account::<methods::SessionReset, _>(m, device::session_reset)?;
    register::<methods::ContactList, _, _>(m, contact::contact_list)?;
    register::<methods::ContactGet, _, _>(m, contact::contact_get)?;
    register_on_account::<methods::ContactRequest, _>(m, contact::contact_request)?;
    register_on_account::<methods::ContactAccept, _>(m, contact::contact_accept)?;
    register_on_account::<methods::ContactDecline, _>(m, contact::contact_decline)?;
    register_on_account::<methods::ContactVerify, _>(m, contact::contact_verify)?;
    register_on_account::<methods::GroupCreate, _>(m, group::group_create)?;
    register_on_account::<methods::GroupInvite, _>(m, group::group_invite)?;
    register_on_account::<methods::GroupRemove, _>(m, group::group_remove)?;
    register_on_account::<methods::GroupPromote, _>(m, group::group_promote)?;
    register_on_account::<methods::GroupAccept, _>(m, group::group_accept)?;
    register_on_account::<methods::GroupLeave, _>(m, group::group_leave)?;
    register_on_account::<methods::GroupEdit, _>(m, group::group_edit)?;
    register::<methods::GroupApply, _, _>(m, group::group_apply)?;
    register::<methods::GroupList, _, _>(m, group::group_list)?;
    register::<methods::GroupGet, _, _>(m, group::group_get)?;
    register_on_account::<methods::GroupForget, _>(m, group::group_forget)?;
    register_on_account::<methods::GroupKeyCreate, _>(m, group_key::group_key_create)?;
    register_on_account::<methods::GroupKeyShare, _>(m, group_key::group_key_share)?;
    register::<methods::GroupKeyList, _, _>(m, group_key::group_key_list)?;
    register_on_account::<methods::GroupKeyTrust, _>(m, group_key::group_key_trust)?;
    register::<methods::ContactCodeQr, _, _>(m, identity::contact_code_qr)?;
    register::<methods::IdentityDescribe, _, _>(m, identity::identity_describe)?;
    register::<methods::TopicList, _, _>(m, topic::topic_list)?;
    register::<methods::TopicContactCode, _, _>(m, topic::topic_contact_code)?;
    register::<methods::TopicPartitioned, _, _>(m, topic::topic_partitioned)?;
    register::<methods::TopicPersonal, _, _>(m, topic::topic_personal)?;
    register::<methods::EnvelopeSeal, _, _>(m, envelope::envelope_seal)?;
    register::<methods::EnvelopeOpen, _, _>(m, envelope::envelope_open)?;
    register::<methods::TopicNegotiated, _, _>(m, topic::topic_negotiated)?;
    register::<methods::TopicPublic, _, _>(m, topic::topic_public)?;
    register::<methods::TopicParse, _, _>(m, topic::topic_parse)?;
    register_on_account::<methods::ClockNext, _>(m, clock::clock_next)?;
    register_on_account::<methods::ClockObserve, _>(m, clock::clock_observe)?;
    register::<methods::EventList, _, _>(m, event::event_list)?;
    register::<methods::EventTicket, _, _>(m, event_tickets::event_ticket)?;
    register::<methods::SystemHealth, _, _>(m, system::system_health)?;
    register::<methods::SystemVersion, _, _>(m, system::system_version)?;
    register::<methods::SystemStatus, _, _>(m, system::system_status)?;
    register::<methods::SystemSetLogFilter, _, _>(m, system::system_set_log_filter)?;
    register::<methods::RpcDiscover, _, _>(m, move |_, _| async move {
        Ok(OpenRpcDocument(openrpc::document(dev)))
    })?;
    event::register_subscriptions(m)?;
    if dev {
        register::<methods::DevNow, _, _>(m, system::dev_now)?;
        register::<methods::DevAdvanceTime, _, _>(m, system::dev_advance_time)?;
        register_on_account::<methods::DevImportPrekey, _>(m, system::dev_import_prekey)?;
    }
    Ok(module.into())
}

/// A turn could not be waited for: nobody closes a semaphore but an end of the daemon.
fn stopping<E>(_: E) -> RpcError {
    RpcError::new(ErrorKind::ShuttingDown, "the daemon is stopping")
}

impl Daemon {
    fn account(&self, name: Option<&AccountName>) -> Result<Arc<AccountHandle>> {
        self.accounts.find(name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crypto_core::IdentityKeyPair;
    use engine::store::StoreRead as _;
    use serde_json::{Value, json};
    use session_store::DataDir;

    use super::*;
    use crate::ops::{entropy::entropy, probe::Stores};

    pub(crate) fn daemon(directory: &tempfile::TempDir) -> Arc<Daemon> {
        let clock = Arc::new(Clock::default());
        let data_dir = DataDir::open(directory.path(), None, &mut entropy()).unwrap();
        let config = engine::Config::default();
        let metrics = Arc::new(Metrics::new().unwrap());
        let accounts = Accounts::open(
            data_dir,
            Arc::clone(&clock),
            Arc::clone(&metrics),
            config,
            8,
        );
        let accounts = Arc::new(accounts.unwrap());
        let stores: Arc<dyn Stores> = accounts.clone();
        Arc::new(Daemon {
            accounts,
            metrics,
            probe: Arc::new(Probe::new(directory.path(), Arc::clone(&clock), stores)),
            sweeper: Sweeper::new(Arc::clone(&clock)),
            memory: MemoryProtection {
                core_dumps: true,
                traceable: true,
                locked: false,
                reason: None,
            },
            dev: Dev::Off,
            started_at: clock.now(),
            budget: Budget::new(100),
            derivations: Semaphore::new(MAX_DERIVATIONS),
            topic_keys: TopicKeys::default(),
            event_tickets: Arc::new(EventTickets::new(Arc::clone(&clock))),
            links: Links::new(Arc::clone(&clock)),
            stopping: AtomicBool::new(false),
            clock,
        })
    }

    #[tokio::test]
    async fn a_method_that_panics_is_answered_under_its_own_id_and_the_next_call_works() {
        let directory = tempfile::tempdir().unwrap();
        let daemon = daemon(&directory);
        let mut module = RpcModule::from_arc(daemon);
        let m = &mut module;
        register::<methods::SystemVersion, _, _>(m, |_, _| async { panic!("on purpose") }).unwrap();
        register::<methods::AccountList, _, _>(m, |_, _| async { Ok(Vec::new()) }).unwrap();
        let answer = async |id: Value, method: &str| -> Value {
            let request = json!({"jsonrpc": "2.0", "id": id, "method": method}).to_string();
            let (answer, _) = module.raw_json_request(&request, 1).await.unwrap();
            serde_json::from_str(answer.get()).unwrap()
        };
        let panicked = answer(json!("seven"), "system_version").await;
        assert_eq!(panicked["jsonrpc"], "2.0");
        assert_eq!(panicked["id"], "seven");
        assert_eq!(panicked["error"]["code"], -32603);
        assert_eq!(panicked["error"]["data"]["kind"], "internal");
        assert!(!panicked.to_string().contains("on purpose"));
        let next = answer(json!(8), "account_list").await;
        assert_eq!(next, json!({"jsonrpc": "2.0", "id": 8, "result": []}));
    }

    #[test]
    fn the_development_methods_are_there_only_when_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let daemon = daemon(&directory);
        let names = |dev: bool| -> Vec<&str> {
            let methods = methods(Arc::clone(&daemon), dev).unwrap();
            methods.method_names().collect()
        };
        assert!(!names(false).iter().any(|name| name.starts_with("dev_")));
        let mut all = names(true);
        let mut described: Vec<&str> = rpc::METHODS.iter().map(|method| method.name).collect();
        all.sort_unstable();
        described.sort_unstable();
        assert_eq!(all, described);
    }

    #[tokio::test]
    async fn envelopes_of_strangers_have_a_few_keys_derived_and_each_once_and_hold_up_no_contact() {
        let directory = tempfile::tempdir().unwrap();
        let daemon = daemon(&directory);
        let methods = methods(Arc::clone(&daemon), false).unwrap();
        let call = async |method: &str, params: Value| -> Value {
            let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            let answer = methods.raw_json_request(&request.to_string(), 1).await;
            let mut answer: Value = serde_json::from_str(answer.unwrap().0.get()).unwrap();
            answer["result"].take()
        };
        call("account_create", json!({"account": "alice"})).await;
        let account = daemon.account(None).unwrap();
        let kept = async || {
            let others = account.read(|_, reader| reader.correspondents(100));
            let others = others.await.unwrap();
            others.iter().filter(|other| other.shared.is_some()).count()
        };
        let others: Vec<Value> = (1..=6)
            .map(|number| {
                let pair = IdentityKeyPair::from_secret_bytes(&[number; 32]).unwrap();
                json!(rpc::convert::public_key(pair.public()))
            })
            .collect();
        for other in &others {
            let hello = json!({"recipient": other, "text": "hello"});
            call("message_encrypt", hello).await;
        }
        assert_eq!(kept().await, 0);
        let junk = json!({"sealed": format!("0x{}", "01".repeat(60))});
        let read = call("message_decrypt", junk.clone()).await;
        assert_eq!((&read["outcome"], kept().await), (&json!("unopened"), 4));
        assert_eq!(read["reason"], "keys_pending");
        assert_eq!(read["nextAction"], "wait");
        for _ in 0..2 {
            let read = call("message_decrypt", junk.clone()).await;
            assert_eq!(
                (&read["reason"], kept().await),
                (&json!("authentication_failed"), 6)
            );
        }
        // While a stranger's envelope has keys derived, one by a key that is at hand opens.
        let seventh = IdentityKeyPair::from_secret_bytes(&[7; 32]).unwrap();
        let seventh = rpc::convert::public_key(seventh.public());
        call(
            "message_encrypt",
            json!({"recipient": seventh, "text": "hello"}),
        )
        .await;
        let sealed = json!({"recipient": others[0], "text": "hi", "seal": "negotiated"});
        let sent = call("message_encrypt", sealed).await;
        let _turn = daemon.topic_keys.envelope_limits.turn().unwrap();
        let back = json!({"sealed": sent["envelopes"][0]["sealed"]});
        assert_eq!(
            call("message_decrypt", back.clone()).await["outcome"],
            "own"
        );
        let read = call("message_decrypt", junk).await;
        assert_eq!((&read["reason"], kept().await), (&json!("keys_pending"), 6));
        // Nor does one wait while a large one of a stranger is tried with all keys.
        let large = json!({"sealed": format!("0x{}", "01".repeat(65_537))});
        let trial = daemon
            .topic_keys
            .envelope_limits
            .trial(65_537)
            .await
            .unwrap();
        let waits = call("message_decrypt", large.clone());
        tokio::pin!(waits);
        tokio::select! {
            biased;
            read = &mut waits => panic!("two large ones at once: {read}"),
            read = call("message_decrypt", back) => assert_eq!(read["outcome"], "own"),
        }
        drop(trial);
        assert_eq!(waits.await["outcome"], "unopened");
    }
}
