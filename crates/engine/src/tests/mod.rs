//! Tests of the engine's rules over the store in memory: with two or three devices driven directly
//! ([`TestDevice`]), and in the simulated world ([`crate::world`]).

mod already_read;
mod bundles;
mod chat_clock;
mod compromise;
mod contacts;
mod copies;
mod devices;
mod events;
mod group_keys;
mod group_schedules;
mod group_world;
mod groups;
mod hostile;
mod linking;
mod next_sweep;
mod post_quantum;
mod proptest_runner;
mod recordings;
mod regressions;
mod schedules;
mod sealing;
mod secrets;
mod sessions;
mod sizes;
mod skipped_keys;
mod time;
mod twin_regressions;
mod twin_schedules;

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, RatchetPreKeyPair, SignedPreKeyPair,
};

use crate::{
    engine::{Engine, PreKeyImport, ReceiveRequest, SendRequest},
    model::{
        Account, AccountName, AddressedMessage, Config, Env, EventKind, InstallationView, Mode,
        Outcome, PairingError, Reason, ReceiveError, Received, SendError, Sent, Session, Standing,
        UnixMillis,
    },
    store::{Store, StoreRead, Transaction, memory::MemoryStore},
    wire::{WireMessage, decode_contact_code},
    world::SplitMix64,
};

/// Start of every test: 2023-11-14.
const BEGINNING: UnixMillis = UnixMillis(1_700_000_000_000);
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// One device with its own clock, store and randomness.
struct TestDevice {
    engine: Engine,
    store: MemoryStore,
    rng: SplitMix64,
    now: UnixMillis,
    running: std::time::Duration,
    key: IdentityKey,
    id: InstallationId,
}

impl TestDevice {
    /// A device of the identity with this number, under an id that promises the extension.
    fn new(identity: u8, id: &str) -> Self {
        Self::with(identity, &format!("x1-{id}"), Config::default())
    }

    fn with(identity: u8, id: &str, config: Config) -> Self {
        let identity = IdentityKeyPair::from_secret_bytes(&[identity; 32]).unwrap();
        let key = *identity.public();
        let id = InstallationId::parse(id).unwrap();
        let account = Account {
            name: AccountName::parse("me").unwrap(),
            identity: identity.into(),
            installation: id.clone(),
            fresh_installation: true,
            created_at: BEGINNING,
        };
        let seed = id
            .as_str()
            .bytes()
            .fold(u64::from(key.as_bytes()[1]), |seed, byte| {
                seed.wrapping_mul(31).wrapping_add(u64::from(byte))
            });
        Self {
            engine: Engine::new(account, config),
            store: MemoryStore::default(),
            rng: SplitMix64(seed),
            now: BEGINNING,
            running: std::time::Duration::ZERO,
            key,
            id,
        }
    }

    /// A device as of status-go: an id without the promise, a prekey without the extension.
    fn plain(identity: u8, id: &str) -> Self {
        let mut device = Self::with(identity, id, Config::default());
        let signed = SignedPreKeyPair::generate(&mut device.rng);
        device.import(signed, None, 1);
        device
    }

    fn import(
        &mut self,
        signed: SignedPreKeyPair,
        ratchet: Option<RatchetPreKeyPair>,
        version: u32,
    ) {
        let import = PreKeyImport {
            signed,
            ratchet,
            kem: Vec::new(),
            version: Some(version),
            current: None,
            created_at: None,
        };
        self.transact(|engine, store, env| engine.import_prekey(store, env, import))
            .unwrap();
    }

    /// Makes one call in a batch of its own, which is kept if the call succeeds and undone if not.
    fn transact<T, E>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut env = Env {
            now: self.now,
            running: self.running,
            rng: &mut self.rng,
        };
        self.store.begin().unwrap();
        self.store.savepoint().unwrap();
        let result = call(&mut self.engine, &mut self.store, &mut env);
        if result.is_ok() {
            self.store.release().unwrap();
        } else {
            self.store.rollback().unwrap();
        }
        self.store.commit().unwrap();
        result
    }

    fn try_send(
        &mut self,
        to: &[IdentityKey],
        text: &str,
        id: Option<&str>,
    ) -> Result<Sent, SendError> {
        let request = SendRequest {
            recipients: to.to_vec(),
            payload: text.as_bytes().to_vec().into(),
            request_id: id.map(str::to_owned),
            seal: None,
        };
        self.transact(|engine, store, env| engine.send(store, env, &request))
    }

    /// Sends to one identity; the whole result.
    fn sent(&mut self, to: IdentityKey, text: &str) -> Sent {
        self.try_send(&[to], text, None).unwrap()
    }

    /// Sends to one identity; its wire message.
    fn send(&mut self, to: IdentityKey, text: &str) -> AddressedMessage {
        let sent = self.sent(to, text);
        sent.messages.into_iter().next().unwrap()
    }

    fn try_receive(
        &mut self,
        from: IdentityKey,
        wire: &[u8],
        confirm: bool,
    ) -> Result<Received, ReceiveError> {
        let request = ReceiveRequest {
            sender: from,
            message: WireMessage::decode(wire),
            confirm,
            sealed: false,
        };
        self.transact(|engine, store, env| engine.receive(store, env, request))
    }

    fn receive(&mut self, from: IdentityKey, envelope: &AddressedMessage) -> Received {
        self.try_receive(from, &envelope.wire, true).unwrap()
    }

    /// Reads a message that has to open.
    fn read(&mut self, from: IdentityKey, envelope: &AddressedMessage) -> String {
        let received = self.receive(from, envelope);
        match received.outcome {
            Outcome::Decrypted(text) => String::from_utf8(text.to_vec()).unwrap(),
            other => panic!("not read: {other:?}"),
        }
    }

    /// Receives a message that must not open; the reason.
    fn refusal(&mut self, from: IdentityKey, envelope: &AddressedMessage) -> Reason {
        match self.receive(from, envelope).outcome {
            Outcome::Undecryptable(reason) | Outcome::NotTargeted(reason) => reason,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Its bundle, with the KEM prekeys beside it.
    fn bundle(&mut self) -> Vec<u8> {
        let bundle = self.transact(|engine, store, env| engine.bundle(store, env));
        decode_contact_code(&bundle.unwrap().contact_code_full).unwrap()
    }

    fn import_bundle(&mut self, wire: &[u8]) -> crate::model::ImportedBundle {
        self.transact(|engine, store, env| engine.import_bundle(store, env, wire))
            .unwrap()
    }

    fn enable(&mut self, id: &InstallationId) -> Result<InstallationView, PairingError> {
        self.transact(|engine, store, env| engine.enable_installation(store, env, None, id))
    }

    fn disable(&mut self, id: &InstallationId) -> Result<InstallationView, PairingError> {
        self.transact(|engine, store, env| engine.disable_installation(store, env, None, id))
    }

    fn reset(
        &mut self,
        with: IdentityKey,
        device: Option<&InstallationId>,
    ) -> Result<usize, PairingError> {
        self.transact(|engine, store, env| engine.reset_sessions(store, env, &with, device))
    }

    fn sweep(&mut self) {
        self.transact(|engine, store, env| engine.sweep(store, env))
            .unwrap();
    }

    /// Lets hours pass, with a sweep at the end of each.
    fn hours(&mut self, hours: u64) {
        for _ in 0..hours {
            self.later(HOUR);
            self.sweep();
        }
    }

    /// The events since the last call.
    fn events(&mut self) -> Vec<EventKind> {
        let events = self.store.events(usize::MAX).unwrap();
        if let Some((last, _)) = events.last() {
            self.store.begin().unwrap();
            self.store.remove_events_up_to(*last).unwrap();
            self.store.commit().unwrap();
        }
        events.into_iter().map(|(_, event)| event.kind).collect()
    }

    fn known(&self, identity: IdentityKey, id: &InstallationId) -> Option<crate::model::Device> {
        self.store.device(&identity, id).unwrap()
    }

    fn sessions(&self, with: IdentityKey) -> Vec<Session> {
        self.store.sessions(Some(&with)).unwrap()
    }

    /// The active session with an identity.
    fn active(&self, with: IdentityKey) -> Option<Session> {
        self.sessions(with)
            .into_iter()
            .find(|session| session.standing == Standing::Active)
    }

    /// Everything that a message that is not read must not change.
    fn fingerprint(&self) -> Vec<Vec<u8>> {
        let mut prints: Vec<Vec<u8>> = self
            .store
            .sessions(None)
            .unwrap()
            .iter()
            .map(|session| {
                let facts = format!(
                    "{:?}{:?}{:?}{:?}{}{}{}",
                    session.id,
                    session.standing,
                    session.takeover,
                    session.installation,
                    session.sent,
                    session.received,
                    self.store.stored_key_count(&session.id).unwrap(),
                );
                [session.ratchet.to_bytes().as_slice(), facts.as_bytes()].concat()
            })
            .collect();
        prints.sort();
        prints
    }

    fn later(&mut self, millis: u64) {
        self.now = UnixMillis(self.now.0 + millis);
        self.running += std::time::Duration::from_millis(millis);
    }
}

fn pass(devices: &mut [&mut TestDevice], millis: u64) {
    for device in devices {
        device.later(millis);
    }
}

/// Two devices with an established session that both send on.
fn established() -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    meet(&mut alice, &mut bob);
    (alice, bob)
}

fn meet(alice: &mut TestDevice, bob: &mut TestDevice) {
    let bundle = bob.bundle();
    alice.import_bundle(&bundle);
    let hello = alice.send(bob.key, "hello");
    assert_eq!(bob.read(alice.key, &hello), "hello");
    let hi = bob.send(alice.key, "hi");
    assert_eq!(alice.read(bob.key, &hi), "hi");
    let so = alice.send(bob.key, "so");
    assert_eq!(bob.read(alice.key, &so), "so");
}

fn mode(envelope: &AddressedMessage) -> Mode {
    envelope.targets[0].mode
}
