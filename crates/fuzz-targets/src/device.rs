//! A device over a store in memory, whose calls can all be taken back.

use std::time::Duration;

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, SignedPreKey, SignedPreKeyPair, SkipLimits, Suite,
};
use engine::{
    Config, Engine, Env, PreKeyImport, ReceiveRequest, SendRequest,
    model::{
        Account, AccountName, AddressedMessage, BundleImportError, ImportedBundle, Pairing,
        ReceiveError, Received, SendError, Sent, UnixMillis,
    },
    queries::Viewer,
    receive::Explained,
    store::{Store, StoreRead as _, Transaction as _, memory::MemoryStore},
    wire::{WireMessage, decode_contact_code},
    world::SplitMix64,
};
use zeroize::Zeroizing;

/// Where all devices begin: 2023-11-14.
const BEGINNING: UnixMillis = UnixMillis(1_700_000_000_000);

/// One device of one identity. A batch of its store is always open.
pub(crate) struct Device {
    engine: Engine,
    pub(crate) store: MemoryStore,
    rng: SplitMix64,
    now: UnixMillis,
    running: Duration,
    identity: u8,
    pub(crate) key: IdentityKey,
    pub(crate) id: InstallationId,
    config: Config,
}

impl Device {
    /// A device of the identity with this number.
    pub(crate) fn new(identity: u8, id: &str, config: Config) -> Self {
        let id = InstallationId::parse(id).expect("an id");
        let engine = engine_of(identity, &id, &config);
        let key = *engine.account().identity.public();
        let seed = id.as_str().bytes().fold(u64::from(identity), |seed, byte| {
            seed.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let mut store = MemoryStore::default();
        store.begin().expect("a batch");
        Self {
            engine,
            store,
            rng: SplitMix64(seed),
            now: BEGINNING,
            running: Duration::ZERO,
            identity,
            key,
            id,
            config,
        }
    }

    /// A small configuration: the limits on skipping are met by small numbers.
    pub(crate) fn small() -> Config {
        Config {
            skip: SkipLimits {
                max_skip: 20,
                max_steps: 40,
            },
            max_message_keys: 30,
            max_known_devices: 8,
            ..Config::default()
        }
    }

    /// The same with suite x25519-mlkem768 left out.
    pub(crate) fn below() -> Config {
        Config {
            suites: vec![Suite::X25519, Suite::Secp256k1],
            ..Self::small()
        }
    }

    /// A new process begins, with another configuration.
    pub(crate) fn configure(&mut self, config: Config) {
        self.config = config;
        self.engine = engine_of(self.identity, &self.id, &self.config);
    }

    /// The identity's private key.
    pub(crate) fn identity(&self) -> IdentityKeyPair {
        pair(self.identity)
    }

    /// Gives it a prekey like one of status-go's: without the extension.
    pub(crate) fn make_plain(&mut self) -> SignedPreKey {
        let signed = SignedPreKeyPair::generate(&mut self.rng);
        let public = *signed.public();
        let import = PreKeyImport {
            signed,
            ratchet: None,
            kem: Vec::new(),
            version: None,
            current: None,
            created_at: None,
        };
        self.call(|engine, store, env| engine.import_prekey(store, env, import))
            .expect("a prekey");
        public
    }

    /// The lists of its account.
    pub(crate) fn viewer(&self) -> Viewer {
        self.engine.viewer()
    }

    /// The devices of an identity, each with whether it is enabled.
    pub(crate) fn store_devices(&self, identity: &IdentityKey) -> Vec<(InstallationId, bool)> {
        let devices = self.store.devices(identity).expect("devices").into_iter();
        devices
            .map(|device| (device.installation, device.pairing == Pairing::Enabled))
            .collect()
    }

    /// What was done so far stays.
    pub(crate) fn commit(&mut self) {
        self.store.commit().expect("committed");
        self.store.begin().expect("a batch");
    }

    /// Everything since the last commit is undone, and a new process begins.
    pub(crate) fn take_back(&mut self) {
        self.store.abort().expect("undone");
        self.store.begin().expect("a batch");
        self.engine = engine_of(self.identity, &self.id, &self.config);
    }

    /// One call: kept if it succeeds, undone if not.
    pub(crate) fn call<T, E>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut env = Env {
            now: self.now,
            running: self.running,
            rng: &mut self.rng,
        };
        self.store.savepoint().expect("a savepoint");
        let result = call(&mut self.engine, &mut self.store, &mut env);
        let ended = if result.is_ok() {
            self.store.release()
        } else {
            self.store.rollback()
        };
        ended.expect("ended");
        result
    }

    /// What a message would be, which is undone.
    pub(crate) fn explain(
        &mut self,
        sender: IdentityKey,
        wire: &[u8],
    ) -> Result<Explained, ReceiveError> {
        let message = WireMessage::decode(wire)?;
        let inspected = message.inspect();
        let request = ReceiveRequest {
            sender,
            message: Ok(message),
            confirm: false,
            sealed: false,
        };
        let mut explained = None;
        let undone: Result<(), ()> = self.call(|engine, store, env| {
            explained = Some(engine.explain(store, env, request, inspected));
            Err(())
        });
        undone.expect_err("undone");
        explained.expect("it was called")
    }

    pub(crate) fn bundle(&mut self) -> Result<Vec<u8>, SendError> {
        self.call(|engine, store, env| engine.bundle(store, env))
            .map(|bundle| bundle.wire)
    }

    /// The bundle with the KEM prekeys beside it.
    pub(crate) fn full_bundle(&mut self) -> Vec<u8> {
        let bundle = self.call(|engine, store, env| engine.bundle(store, env));
        let code = bundle.expect("a bundle").contact_code_full;
        decode_contact_code(&code).expect("our own code")
    }

    pub(crate) fn import(&mut self, wire: &[u8]) -> Result<ImportedBundle, BundleImportError> {
        self.call(|engine, store, env| engine.import_bundle(store, env, wire))
    }

    pub(crate) fn try_send(&mut self, to: IdentityKey, text: &str) -> Result<Sent, SendError> {
        let request = SendRequest {
            recipients: vec![to],
            payload: Zeroizing::new(text.as_bytes().to_vec()),
            request_id: None,
            seal: None,
        };
        self.call(|engine, store, env| engine.send(store, env, &request))
    }

    /// The wire message for `to`.
    pub(crate) fn send(&mut self, to: IdentityKey, text: &str) -> Vec<u8> {
        self.send_on(to, text).wire
    }

    /// The message for `to`, with its targets.
    pub(crate) fn send_on(&mut self, to: IdentityKey, text: &str) -> AddressedMessage {
        let sent = self.try_send(to, text).expect("sent");
        let for_them = |envelope: &AddressedMessage| envelope.recipient == Some(to);
        let envelope = sent.messages.into_iter().find(for_them);
        envelope.expect("an envelope")
    }

    pub(crate) fn receive(
        &mut self,
        sender: IdentityKey,
        wire: &[u8],
        confirm: bool,
    ) -> Result<Received, ReceiveError> {
        let request = ReceiveRequest {
            sender,
            message: WireMessage::decode(wire),
            confirm,
            sealed: false,
        };
        self.call(|engine, store, env| engine.receive(store, env, request))
    }

    /// As many days pass, and each brings a new signed prekey.
    pub(crate) fn later_by_days(&mut self, days: u32) {
        for _ in 0..days {
            self.later(25);
            self.bundle().expect("a bundle");
        }
    }

    /// Time passes.
    pub(crate) fn later(&mut self, hours: u64) {
        self.now = UnixMillis(self.now.0 + hours * 3_600_000);
        self.running += Duration::from_secs(hours * 3600);
    }
}

/// The private key of the identity with this number.
pub(crate) fn pair(identity: u8) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[identity; 32]).expect("a key")
}

fn engine_of(identity: u8, id: &InstallationId, config: &Config) -> Engine {
    let account = Account {
        name: AccountName::parse("me").expect("a name"),
        identity: pair(identity).into(),
        installation: id.clone(),
        fresh_installation: true,
        created_at: BEGINNING,
    };
    Engine::new(account, config.clone())
}

/// Panics if a store holds something else than before, showing the first record that differs.
pub(crate) fn check_same(before: &[String], store: &MemoryStore, said: &str) {
    let after = store.contents();
    if before != after {
        let same = before.iter().zip(&after).take_while(|(a, b)| a == b);
        let at = same.count();
        panic!("{said}:\n{:?}\n{:?}", before.get(at), after.get(at));
    }
}
