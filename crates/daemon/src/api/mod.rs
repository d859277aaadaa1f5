//! The methods: parameters in, the account's worker or reader, results out.

mod account;
mod call_guard;
mod clock;
mod contact;
mod detach_on_drop;
mod device;
mod envelope;
mod event;
mod identity;
mod message;
pub mod qr;
mod response;
mod system;
mod topic;

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use engine::model::{AccountName, UnixMillis};
use rpc::{
    ErrorKind, Method, Params as _, RpcError, methods, openrpc,
    params::Fields,
    types::{MemoryProtection, OpenRpcDocument},
};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

pub(crate) use self::response::{failed, succeeded};
use self::{call_guard::Called, detach_on_drop::GoesOn};
use crate::{
    accounts::{
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
    pub accounts: Accounts,
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

    /// Everything that is counted, as Prometheus text. Blocks.
    pub(crate) fn render_metrics(&self) -> std::result::Result<Vec<u8>, String> {
        self.accounts.update_gauges();
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

/// Reads the parameters of a request, which stand there as they were written beside its id, and
/// gives what runs it. That keeps nothing of the text but the id.
type Run = dyn Fn(&Arc<Daemon>, &str, Option<&str>, &Arc<Room>) -> Answering + Send + Sync;

/// An answer's text on its way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = String> + Send>>;

/// The methods by name.
#[derive(Default)]
pub struct Methods(HashMap<&'static str, Box<Run>>);

impl Methods {
    /// The answer of the method of this name, if there is one, to a request that has its room
    /// until its call has ended.
    pub(crate) fn run(
        &self,
        method: &str,
        daemon: &Arc<Daemon>,
        id: &str,
        params: Option<&str>,
        room: &Arc<Room>,
    ) -> Option<Answering> {
        let run = self.0.get(method)?;
        Some(run(daemon, id, params, room))
    }

    fn insert<F>(&mut self, name: &'static str, run: F)
    where
        F: Fn(&Arc<Daemon>, &str, Option<&str>, &Arc<Room>) -> Answering + Send + Sync + 'static,
    {
        self.0.insert(name, Box::new(run));
    }

    /// Registers one method: it reads its parameters, runs, and answers in its types. A panic in it
    /// is answered as an internal error, under the request's own id.
    pub(crate) fn register<M, F, R>(&mut self, function: F)
    where
        M: Method,
        F: Fn(Arc<Daemon>, M::Params) -> R + Send + Sync + 'static,
        R: Future<Output = Result<M::Output>> + Send + 'static,
    {
        self.insert(M::NAME, move |daemon, id, params, room| {
            let called = Called::begin(M::NAME, Arc::clone(&daemon.metrics));
            let request = Request {
                bytes: params.map_or(0, str::len),
                room: Arc::clone(room),
            };
            let id: Box<str> = id.into();
            let read = Fields::parse(params, M::Params::FIELDS).and_then(M::Params::read);
            let call = read.map(|params| function(Arc::clone(daemon), params));
            Box::pin(async move {
                let result = match call {
                    Ok(call) => {
                        let span = called.span();
                        let call = async move { called.end(call.await) }.instrument(span);
                        GoesOn::new(request.run(call)).await.unwrap_or_else(|_| {
                            tracing::error!(method = M::NAME, "a method panicked");
                            Err(RpcError::new(
                                ErrorKind::Internal,
                                "the call failed inside the daemon",
                            ))
                        })
                    }
                    Err(error) => called.end(Err(error)),
                };
                match result {
                    Ok(reply) => succeeded(&id, &reply),
                    Err(error) => failed(&id, &error),
                }
            })
        });
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// All methods but those that need a WebSocket, which the server has; those for development only if
/// asked.
#[must_use]
pub fn methods(dev: bool) -> Methods {
    let mut all = Methods::default();
    let m = &mut all;
    m.register::<methods::AccountCreate, _, _>(account::account_create);
    m.register::<methods::AccountRecover, _, _>(account::account_recover);
    m.register::<methods::AccountImport, _, _>(account::account_import);
    m.register::<methods::AccountList, _, _>(account::account_list);
    m.register::<methods::AccountGet, _, _>(account::account_get);
    m.register::<methods::AccountExport, _, _>(account::account_export);
    m.register::<methods::AccountImportKeystore, _, _>(account::account_import_keystore);
    m.register::<methods::AccountRemove, _, _>(account::account_remove);
    m.register::<methods::BundleGet, _, _>(message::bundle_get);
    m.register::<methods::BundleImport, _, _>(message::bundle_import);
    m.register::<methods::BundleInspect, _, _>(message::bundle_inspect);
    m.register::<methods::MessageEncrypt, _, _>(message::message_encrypt);
    m.register::<methods::MessageEncryptGroup, _, _>(message::message_encrypt_group);
    m.register::<methods::MessageEncryptPublic, _, _>(message::message_encrypt_public);
    m.register::<methods::MessageAdvertise, _, _>(message::message_advertise);
    m.register::<methods::MessageDecrypt, _, _>(message::message_decrypt);
    m.register::<methods::MessageConfirm, _, _>(message::message_confirm);
    m.register::<methods::MessageInspect, _, _>(message::message_inspect);
    m.register::<methods::MessageExplain, _, _>(message::message_explain);
    m.register::<methods::InstallationList, _, _>(device::installation_list);
    m.register::<methods::InstallationEnable, _, _>(device::installation_enable);
    m.register::<methods::InstallationDisable, _, _>(device::installation_disable);
    m.register::<methods::InstallationSetMetadata, _, _>(device::installation_set_metadata);
    m.register::<methods::SessionList, _, _>(device::session_list);
    m.register::<methods::SessionReset, _, _>(device::session_reset);
    m.register::<methods::ContactList, _, _>(contact::contact_list);
    m.register::<methods::ContactGet, _, _>(contact::contact_get);
    m.register::<methods::ContactRequest, _, _>(contact::contact_request);
    m.register::<methods::ContactAccept, _, _>(contact::contact_accept);
    m.register::<methods::ContactDecline, _, _>(contact::contact_decline);
    m.register::<methods::ContactVerify, _, _>(contact::contact_verify);
    m.register::<methods::ContactCodeQrDrawn, _, _>(identity::contact_code_qr);
    m.register::<methods::IdentityDescribe, _, _>(identity::identity_describe);
    m.register::<methods::TopicContactCode, _, _>(topic::topic_contact_code);
    m.register::<methods::TopicPartitioned, _, _>(topic::topic_partitioned);
    m.register::<methods::TopicPersonal, _, _>(topic::topic_personal);
    m.register::<methods::EnvelopeSeal, _, _>(envelope::envelope_seal);
    m.register::<methods::EnvelopeOpen, _, _>(envelope::envelope_open);
    m.register::<methods::TopicNegotiated, _, _>(topic::topic_negotiated);
    m.register::<methods::TopicPublic, _, _>(topic::topic_public);
    m.register::<methods::TopicParse, _, _>(topic::topic_parse);
    m.register::<methods::ClockNext, _, _>(clock::clock_next);
    m.register::<methods::ClockObserve, _, _>(clock::clock_observe);
    m.register::<methods::EventList, _, _>(event::event_list);
    m.register::<methods::SystemHealth, _, _>(system::system_health);
    m.register::<methods::SystemVersion, _, _>(system::system_version);
    m.register::<methods::SystemStatus, _, _>(system::system_status);
    m.register::<methods::SystemSetLogFilter, _, _>(system::system_set_log_filter);
    m.register::<methods::RpcDiscover, _, _>(move |_, _| async move {
        Ok(OpenRpcDocument(openrpc::document(dev)))
    });
    if dev {
        m.register::<methods::DevNow, _, _>(system::dev_now);
        m.register::<methods::DevAdvanceTime, _, _>(system::dev_advance_time);
        m.register::<methods::DevImportPrekey, _, _>(system::dev_import_prekey);
    }
    all
}

/// Runs what blocks or takes long (files, key derivation, the reading connection, inspections) off
/// the threads that serve connections.
async fn blocking<T: Send + 'static>(
    function: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(function)
        .await
        .unwrap_or_else(|_| {
            Err(RpcError::new(
                ErrorKind::Internal,
                "the call failed inside the daemon",
            ))
        })
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
    use crate::ops::entropy::entropy;

    pub(crate) fn daemon(directory: &tempfile::TempDir) -> Arc<Daemon> {
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
            probe: Arc::new(Probe::new(directory.path(), Arc::clone(&clock))),
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
            stopping: AtomicBool::new(false),
            clock,
        })
    }

    #[tokio::test]
    async fn a_method_that_panics_is_answered_under_its_own_id_and_the_next_call_works() {
        let directory = tempfile::tempdir().unwrap();
        let daemon = daemon(&directory);
        let mut methods = Methods::default();
        methods.register::<methods::SystemVersion, _, _>(|_, _| async { panic!("on purpose") });
        methods.register::<methods::AccountList, _, _>(|_, _| async { Ok(Vec::new()) });
        let answer = async |id: &str, method: &str| -> Value {
            let room = Arc::new(daemon.budget.room());
            let answer = methods.run(method, &daemon, id, None, &room).unwrap();
            let answer = answer.await;
            serde_json::from_str(&answer).unwrap()
        };
        let panicked = answer("\"seven\"", "system_version").await;
        assert_eq!(panicked["jsonrpc"], "2.0");
        assert_eq!(panicked["id"], "seven");
        assert_eq!(panicked["error"]["code"], -32603);
        assert_eq!(panicked["error"]["data"]["kind"], "internal");
        assert!(!panicked.to_string().contains("on purpose"));
        let next = answer("8", "account_list").await;
        assert_eq!(next, json!({"jsonrpc": "2.0", "id": 8, "result": []}));
    }

    #[test]
    fn the_development_methods_are_there_only_when_asked_for() {
        let names = |dev: bool| -> Vec<&str> { methods(dev).0.into_keys().collect() };
        assert!(!names(false).iter().any(|name| name.starts_with("dev_")));
        let mut all = names(true);
        all.extend(["event_subscribe", "event_unsubscribe"]);
        let mut described: Vec<&str> = rpc::METHODS.iter().map(|method| method.name).collect();
        all.sort_unstable();
        described.sort_unstable();
        assert_eq!(all, described);
    }

    #[tokio::test]
    async fn envelopes_of_strangers_have_a_few_keys_derived_and_each_once_and_hold_up_no_contact() {
        let directory = tempfile::tempdir().unwrap();
        let daemon = daemon(&directory);
        let methods = methods(false);
        let call = async |method: &str, params: Value| -> Value {
            let params = params.to_string();
            let room = Arc::new(daemon.budget.room());
            let answer = methods
                .run(method, &daemon, "1", Some(&params), &room)
                .unwrap();
            let mut answer: Value = serde_json::from_str(&answer.await).unwrap();
            answer["result"].take()
        };
        call("account_create", json!({"account": "alice"})).await;
        let account = daemon.account(None).unwrap();
        let kept = || {
            let others = account
                .read(|_, reader| reader.correspondents(100))
                .unwrap();
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
        assert_eq!(kept(), 0);
        let junk = json!({"sealed": format!("0x{}", "01".repeat(60))});
        let read = call("message_decrypt", junk.clone()).await;
        assert_eq!((&read["outcome"], kept()), (&json!("unopened"), 4));
        assert_eq!(read["reason"], "keys_pending");
        assert_eq!(read["nextAction"], "wait");
        for _ in 0..2 {
            let read = call("message_decrypt", junk.clone()).await;
            assert_eq!(
                (&read["reason"], kept()),
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
        assert_eq!((&read["reason"], kept()), (&json!("keys_pending"), 6));
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
