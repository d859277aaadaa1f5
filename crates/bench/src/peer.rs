//! A device at the other end of a conversation: an engine of its own in this process, over a store in memory.

use crypto_core::{IdentityKey, IdentityKeyPair, InstallationId};
use daemon::ops::{clock::Clock, entropy::entropy};
use engine::{
    Account, AccountName, Engine, Env, Outcome, ReceiveRequest, SendRequest, WireMessage,
    memory::MemoryStore,
};
use rand_core::Rng as _;

/// A device.
#[derive(Debug)]
pub(crate) struct Peer {
    engine: Engine,
    store: MemoryStore,
}

impl Peer {
    pub(crate) fn new(clock: &Clock) -> Result<Self, String> {
        let mut id = [0; 16];
        entropy().fill_bytes(&mut id);
        let account = Account {
            name: AccountName::parse("peer").map_err(|error| error.to_string())?,
            identity: IdentityKeyPair::generate(&mut entropy()).into(),
            installation: InstallationId::from_random(id),
            fresh_installation: true,
            created_at: clock.now(),
        };
        Ok(Self {
            engine: Engine::new(account, engine::Config::default()),
            store: MemoryStore::default(),
        })
    }

    pub(crate) fn identity(&self) -> IdentityKey {
        *self.engine.account().identity.public()
    }

    /// Its bundle, as it goes on the wire.
    pub(crate) fn bundle(&mut self, clock: &Clock) -> Result<Vec<u8>, String> {
        self.with(clock, |engine, store, env| {
            let bundle = engine.bundle(store, env);
            bundle
                .map(|bundle| bundle.wire)
                .map_err(|error| error.to_string())
        })
    }

    /// A message to `recipient`, as it goes on the wire.
    pub(crate) fn write(
        &mut self,
        clock: &Clock,
        recipient: IdentityKey,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let request = SendRequest {
            recipients: vec![recipient],
            payload: payload.to_vec().into(),
            request_id: None,
            seal: None,
        };
        self.with(clock, |engine, store, env| {
            let sent = engine.send(store, env, &request);
            let envelope = sent
                .map_err(|error| error.to_string())?
                .envelopes
                .into_iter()
                .next();
            envelope
                .map(|envelope| envelope.wire)
                .ok_or_else(|| "a peer made no message".to_owned())
        })
    }

    /// Reads a message: it must be this one.
    pub(crate) fn read(
        &mut self,
        clock: &Clock,
        sender: IdentityKey,
        wire: &[u8],
        expected: &[u8],
    ) -> Result<(), String> {
        let request = ReceiveRequest {
            sender,
            message: WireMessage::decode(wire),
            confirm: true,
            sealed: false,
        };
        self.with(clock, |engine, store, env| {
            let received = engine.receive(store, env, request);
            match received.map_err(|error| error.to_string())?.outcome {
                Outcome::Decrypted(text) if text.as_slice() == expected => Ok(()),
                other => Err(format!("a peer did not read what was encrypted: {other:?}")),
            }
        })
    }

    fn with<T>(
        &mut self,
        clock: &Clock,
        call: impl FnOnce(&mut Engine, &mut MemoryStore, &mut Env<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        use engine::Transaction as _;
        let mut rng = entropy();
        let mut env = Env {
            now: clock.now(),
            running: clock.running(),
            rng: &mut rng,
        };
        self.store.begin().map_err(|error| error.to_string())?;
        let result = call(&mut self.engine, &mut self.store, &mut env);
        let ended = if result.is_ok() {
            self.store.commit()
        } else {
            self.store.abort()
        };
        ended.map_err(|error| error.to_string())?;
        result
    }
}
