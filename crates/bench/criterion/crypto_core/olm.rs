//! The same with Olm, as vodozemac has it.

use std::hint::black_box;

use vodozemac::{
    Curve25519PublicKey,
    olm::{Account, OlmMessage, PreKeyMessage, Session, SessionConfig},
};

/// Two accounts; Bob's can be written to any number of times with the key that stays.
pub(crate) struct Keys {
    pub(crate) alice: Account,
    pub(crate) bob: Account,
    fallback: Curve25519PublicKey,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let mut bob = Account::new();
        bob.generate_fallback_key();
        let fallback = bob.fallback_key().into_values().next().expect("a key");
        Self {
            alice: Account::new(),
            bob,
            fallback,
        }
    }

    /// Alice's side of a new session up to its first message.
    pub(crate) fn initiate(&self, text: &[u8]) -> (Session, PreKeyMessage) {
        let mut session = self
            .alice
            .create_outbound_session(
                SessionConfig::version_1(),
                self.bob.curve25519_key(),
                self.fallback,
            )
            .expect("keys");
        match session.encrypt(text).expect("a sending chain") {
            OlmMessage::PreKey(first) => (session, first),
            OlmMessage::Normal(_) => panic!("a first message is one"),
        }
    }

    /// Bob's side, with the first message decrypted.
    pub(crate) fn respond(&mut self, first: &PreKeyMessage) -> Session {
        self.bob
            .create_inbound_session(
                SessionConfig::version_1(),
                self.alice.curve25519_key(),
                first,
            )
            .expect("a message that opens")
            .session
    }
}

/// Decrypts a message.
pub(crate) fn open(session: &mut Session, message: &OlmMessage) {
    black_box(session.decrypt(message).expect("a message that opens"));
}

/// Two ends that have heard each other: Alice sends on a chain that Bob receives on.
pub(crate) fn established() -> (Session, Session) {
    let mut keys = Keys::new();
    let (mut alice, first) = keys.initiate(b"hello");
    let mut bob = keys.respond(&first);
    open(&mut alice, &bob.encrypt("hi").expect("a sending chain"));
    open(&mut bob, &alice.encrypt("so").expect("a sending chain"));
    (alice, bob)
}
