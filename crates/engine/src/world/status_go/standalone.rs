//! A status-go device for tests outside of the simulated world, which carry its messages to
//! daemons.

use crypto_core::IdentityKey;

use super::StatusGo;
use crate::{
    model::UnixMillis,
    world::{
        SplitMix64,
        participant::{OutgoingMessage, Participant as _, ReadOutcome},
    },
};

/// A status-go device that takes and gives bytes. It has no clock: every call passes the time.
pub struct StatusGoDevice(StatusGo);

/// What a [`StatusGoDevice`] made of a wire message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusGoReadResult {
    /// The text, or a description of the error.
    pub text: Result<Vec<u8>, String>,
    /// The wire message that it sends in reply: its bundle, if the message was not for it.
    pub reply: Option<Vec<u8>>,
}

impl std::fmt::Debug for StatusGoDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StatusGoDevice").field(&self.id()).finish()
    }
}

impl StatusGoDevice {
    /// A new device of the identity with this private key. The same seed gives it the same id and
    /// the same keys.
    #[must_use]
    pub fn new(identity: &[u8; 32], seed: u64) -> Self {
        Self(StatusGo::new(identity, SplitMix64(seed)))
    }

    /// The public key of its identity.
    #[must_use]
    pub fn key(&self) -> IdentityKey {
        self.0.key()
    }

    /// Its installation id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// Its bundle, with a new prekey if the last one is a day old.
    pub fn bundle(&mut self, now: UnixMillis) -> Vec<u8> {
        self.0.bundle(now.0)
    }

    /// Imports a bundle that came outside of any message.
    pub fn import_bundle(&mut self, bundle: &[u8], now: UnixMillis) {
        self.0.import_bundle(bundle, now.0);
    }

    /// The wire message of a text for an identity. The copies for its own other devices are left
    /// out.
    pub fn send(&mut self, to: &IdentityKey, text: &[u8], now: UnixMillis) -> Vec<u8> {
        let posted = self.0.send(to, text, now.0).into_iter().next();
        posted
            .map(|OutgoingMessage { wire, .. }| wire)
            .expect("a message")
    }

    /// Receives a wire message of that identity, and confirms it if it opens.
    pub fn read(&mut self, from: &IdentityKey, wire: &[u8], now: UnixMillis) -> StatusGoReadResult {
        let read = self.0.read(from, wire, true, now.0);
        StatusGoReadResult {
            text: match read.outcome {
                ReadOutcome::Read(text) => Ok(text),
                ReadOutcome::Other(words) => Err(words),
                failed => Err(format!("{failed:?}")),
            },
            reply: read.reply.map(|posted| posted.wire),
        }
    }

    /// The user enables another device of its identity, whose bundle it has imported.
    pub fn enable(&mut self, id: &str) {
        self.0.enable(id, None, 0);
    }

    /// It loses its state and is set up again under its old id.
    pub fn reinstall(&mut self) {
        self.0.reinstall(true, 0);
    }
}
