//! A device at the other end of a conversation: an engine in this process, over a store in memory.

use crypto_core::{IdentityKey, IdentityKeyPair};
use daemon::ops::{clock::Clock, entropy::entropy};
use engine::{
    Engine, Env, ReceiveRequest, SendRequest,
    model::{Account, AccountName, Outcome},
    store::memory::MemoryStore,
    wire::WireMessage,
};

use crate::floor::random_device;

/// Bytes in the interface's form.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

/// A device.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its public key in the interface's form.
    pub key: String,
    engine: Engine,
    store: MemoryStore,
    clock: Clock,
}

impl Peer {
    /// A device of a new identity.
    fn new() -> Result<Self, String> {
        let clock = Clock::default();
        let identity = IdentityKeyPair::generate(&mut entropy());
        let key = identity.public().to_uncompressed();
        let account = Account {
            name: AccountName::parse("peer").map_err(|error| error.to_string())?,
            identity: identity.into(),
            installation: random_device(),
            fresh_installation: true,
            created_at: clock.now(),
        };
        Ok(Self {
            key: hex(&key.map_err(|error| error.to_string())?),
            engine: Engine::new(account, engine::Config::default()),
            store: MemoryStore::default(),
            clock,
        })
    }

    /// This many of them.
    pub(crate) fn several(count: usize) -> Result<Vec<Self>, String> {
        (0..count).map(|_| Self::new()).collect()
    }

    /// Its bundle, as it goes on the wire.
    pub(crate) fn bundle(&mut self) -> Result<Vec<u8>, String> {
        self.transact(|engine, store, env| {
            let bundle = engine.bundle(store, env);
            bundle
                .map(|bundle| bundle.wire)
                .map_err(|error| error.to_string())
        })
    }

    /// A message to `recipient`, as it goes on the wire.
    pub(crate) fn write(
        &mut self,
        recipient: IdentityKey,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let request = SendRequest {
            recipients: vec![recipient],
            payload: payload.to_vec().into(),
            request_id: None,
            seal: None,
        };
        self.transact(|engine, store, env| {
            let sent = engine.send(store, env, &request);
            let envelope = sent
                .map_err(|error| error.to_string())?
                .messages
                .into_iter()
                .next();
            envelope
                .map(|envelope| envelope.wire)
                .ok_or_else(|| "a peer made no message".to_owned())
        })
    }

    /// Reads a message; an error unless it says what is expected.
    pub(crate) fn read(
        &mut self,
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
        self.transact(|engine, store, env| {
            let received = engine.receive(store, env, request);
            match received.map_err(|error| error.to_string())?.outcome {
                Outcome::Decrypted(text) if text.as_slice() == expected => Ok(()),
                other => Err(format!("a peer did not read what was encrypted: {other:?}")),
            }
        })
    }

    /// One call of the engine in a transaction of its own.
    fn transact<T>(
        &mut self,
        call: impl FnOnce(&mut Engine, &mut MemoryStore, &mut Env<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        use engine::store::Transaction as _;
        let mut rng = entropy();
        let mut env = Env {
            now: self.clock.now(),
            running: self.clock.running(),
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
