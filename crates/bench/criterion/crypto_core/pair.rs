//! Two parties with a session of ours.

use std::hint::black_box;

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKeyPair, InstallationId, OwnPreKeys,
    RatchetPreKeyPair, Sealed, SessionRatchet, SharedKey, SignedPreKeyPair, SkipLimits, Suite,
    VerifiedPreKey, x3dh,
};

use crate::rng;

/// The daemon's own limits.
const LIMITS: SkipLimits = SkipLimits {
    max_skip: 1000,
    max_steps: 2000,
};

/// The keys that a session is set up with.
pub(crate) struct Keys {
    pub(crate) alice: IdentityKeyPair,
    pub(crate) bob: IdentityKeyPair,
    pub(crate) signed: SignedPreKeyPair,
    pub(crate) ratchet: RatchetPreKeyPair,
    /// Bob's prekey as Alice has it.
    pub(crate) prekey: VerifiedPreKey,
    ad: AssociatedData,
    suite: Suite,
}

impl Keys {
    pub(crate) fn new(suite: Suite) -> Self {
        let (alice, bob) = (
            IdentityKeyPair::generate(&mut rng()),
            IdentityKeyPair::generate(&mut rng()),
        );
        let signed = SignedPreKeyPair::generate(&mut rng());
        let ratchet = RatchetPreKeyPair::generate(&mut rng());
        let prekey =
            VerifiedPreKey::from_stored(*bob.public(), *signed.public(), Some(*ratchet.public()));
        let (phone, laptop) = (
            InstallationId::from_random([1; 16]),
            InstallationId::from_random([2; 16]),
        );
        let ad = match suite {
            Suite::X25519 => AssociatedData::x25519(
                (alice.public(), &phone),
                (bob.public(), &laptop),
                signed.public(),
                ratchet.public(),
            ),
            Suite::Secp256k1 => AssociatedData::empty(),
        };
        Self {
            alice,
            bob,
            signed,
            ratchet,
            prekey,
            ad,
            suite,
        }
    }

    /// Alice's side of a new session up to its first message, and her ephemeral key.
    pub(crate) fn initiate(&self, text: &[u8]) -> (EphemeralKeyPair, End, Sealed) {
        let ephemeral = EphemeralKeyPair::generate(&mut rng());
        let shared = x3dh::initiate(&self.alice, &ephemeral, &self.prekey).expect("keys");
        let ratchet = SessionRatchet::initiate(&shared, &self.prekey, self.suite, &mut rng());
        let mut end = self.end(ratchet.expect("keys"));
        let first = end.seal(text);
        (ephemeral, end, first)
    }

    /// Bob's side, with the first message opened.
    pub(crate) fn respond(&self, ephemeral: &EphemeralKeyPair, first: &Sealed) -> End {
        let shared = x3dh::respond(
            &self.bob,
            &self.signed,
            self.alice.public(),
            ephemeral.public(),
        );
        let mut end = self.end(self.answering(&shared.expect("keys")));
        end.open(first);
        end
    }

    fn answering(&self, shared: &SharedKey) -> SessionRatchet {
        let own = OwnPreKeys {
            signed: &self.signed,
            ratchet: Some(&self.ratchet),
        };
        SessionRatchet::respond(shared, own, self.suite).expect("keys")
    }

    fn end(&self, ratchet: SessionRatchet) -> End {
        End {
            ratchet: Some(ratchet),
            ad: self.ad.clone(),
        }
    }
}

/// One end of a session.
pub(crate) struct End {
    ratchet: Option<SessionRatchet>,
    pub(crate) ad: AssociatedData,
}

impl End {
    /// Seals the next message.
    pub(crate) fn seal(&mut self, text: &[u8]) -> Sealed {
        let ratchet = self.ratchet.take().expect("a ratchet");
        let (next, sealed) = ratchet.seal(&self.ad, text).expect("a sending chain");
        self.ratchet = Some(next);
        sealed
    }

    /// Opens a message and goes on from there.
    pub(crate) fn open(&mut self, message: &Sealed) {
        let opened = self.opened(message);
        black_box(&opened.plaintext);
        self.ratchet = Some(opened.ratchet);
    }

    /// Opens a message and stays where it is.
    pub(crate) fn opened(&self, message: &Sealed) -> crypto_core::Opened<SessionRatchet> {
        let ratchet = self.ratchet.as_ref().expect("a ratchet");
        ratchet
            .open(
                &message.header,
                &self.ad,
                &message.ciphertext,
                &LIMITS,
                &mut rng(),
            )
            .expect("a message that opens")
    }
}

/// Two ends that have heard each other: Alice sends on a chain that Bob receives on.
pub(crate) fn established(suite: Suite) -> (End, End) {
    let keys = Keys::new(suite);
    let (ephemeral, mut alice, first) = keys.initiate(b"hello");
    let mut bob = keys.respond(&ephemeral, &first);
    alice.open(&bob.seal(b"hi"));
    bob.open(&alice.seal(b"so"));
    (alice, bob)
}
