//! Two parties with a session of ours.

use std::hint::black_box;

use crypto_core::{
    AssociatedData, EphemeralKey, EphemeralKeyPair, IdentityKeyPair, InstallationId, KemCiphertext,
    KemPreKeyPair, KemSecret, OwnPreKeys, RatchetPreKeyPair, Sealed, SessionId,
    SessionInstallations, SessionParties, SessionRatchet, SharedKey, SignedPreKeyPair, SkipLimits,
    Suite, VerifiedPreKey,
    x3dh::{self, PostQuantum},
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
    pub(crate) kem: KemPreKeyPair,
    /// Bob's prekey as Alice has it.
    pub(crate) prekey: VerifiedPreKey,
    phone: InstallationId,
    laptop: InstallationId,
    suite: Suite,
}

/// The first message of a session, and what its X3DH header brings.
pub(crate) struct First {
    ephemeral: EphemeralKey,
    ciphertext: Option<KemCiphertext>,
    sealed: Sealed,
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
        Self {
            alice,
            bob,
            signed,
            ratchet,
            kem: KemPreKeyPair::generate(&mut rng()),
            prekey,
            phone: InstallationId::from_random([1; 16]),
            laptop: InstallationId::from_random([2; 16]),
            suite,
        }
    }

    /// Alice's side of a new session up to its first message.
    pub(crate) fn initiate(&self, text: &[u8]) -> (End, First) {
        let ephemeral = EphemeralKeyPair::generate(&mut rng());
        let kem = self.suite.is_post_quantum().then(|| {
            let key = self.kem.public();
            key.encapsulate(&mut rng()).expect("a key")
        });
        let (ciphertext, secret) = kem.unzip();
        let session = self.session(ephemeral.public(), ciphertext.as_ref());
        let added = self.added(secret.as_ref(), session.as_ref());
        let shared = x3dh::initiate(&self.alice, &ephemeral, &self.prekey, added).expect("keys");
        let curve = self.suite.curve();
        let ratchet = SessionRatchet::initiate(&shared, &self.prekey, curve, &mut rng());
        let mut end = self.end(ratchet.expect("keys"), session.as_ref());
        let sealed = end.seal(text);
        let first = First {
            ephemeral: *ephemeral.public(),
            ciphertext,
            sealed,
        };
        (end, first)
    }

    /// Bob's side, with the first message opened.
    pub(crate) fn respond(&self, first: &First) -> End {
        let session = self.session(&first.ephemeral, first.ciphertext.as_ref());
        let secret = first
            .ciphertext
            .as_ref()
            .map(|ciphertext| self.kem.decapsulate(ciphertext));
        let shared = x3dh::respond(
            &self.bob,
            &self.signed,
            self.alice.public(),
            &first.ephemeral,
            self.added(secret.as_ref(), session.as_ref()),
        );
        let mut end = self.end(self.answering(&shared.expect("keys")), session.as_ref());
        end.open(&first.sealed);
        end
    }

    /// The id of a session with a KEM, which is a part of its key agreement.
    fn session(
        &self,
        ephemeral: &EphemeralKey,
        ciphertext: Option<&KemCiphertext>,
    ) -> Option<SessionId> {
        let ciphertext = ciphertext?;
        Some(SessionId::derive(&SessionParties {
            initiator: self.alice.public(),
            responder: self.bob.public(),
            installations: SessionInstallations::X25519MlKem768 {
                initiator: &self.phone,
                responder: &self.laptop,
                kem_id: &self.kem.public().id(),
                ciphertext,
            },
            signed_pre_key: self.signed.public(),
            ephemeral,
        }))
    }

    fn added<'a>(
        &'a self,
        secret: Option<&'a KemSecret>,
        session: Option<&'a SessionId>,
    ) -> Option<PostQuantum<'a>> {
        Some(PostQuantum {
            secret: secret?,
            ratchet_pre_key: self.ratchet.public(),
            session: session?,
        })
    }

    fn answering(&self, shared: &SharedKey) -> SessionRatchet {
        let own = OwnPreKeys {
            signed: &self.signed,
            ratchet: Some(&self.ratchet),
        };
        SessionRatchet::respond(shared, own, self.suite.curve()).expect("keys")
    }

    fn end(&self, ratchet: SessionRatchet, session: Option<&SessionId>) -> End {
        let ad = match (self.suite, session) {
            (_, Some(session)) => AssociatedData::x25519_mlkem768(session),
            (Suite::Secp256k1, None) => AssociatedData::empty(),
            _ => AssociatedData::x25519(
                (self.alice.public(), &self.phone),
                (self.bob.public(), &self.laptop),
                self.signed.public(),
                self.ratchet.public(),
            ),
        };
        End {
            ratchet: Some(ratchet),
            ad,
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
    let (mut alice, first) = keys.initiate(b"hello");
    let mut bob = keys.respond(&first);
    alice.open(&bob.seal(b"hi"));
    bob.open(&alice.seal(b"so"));
    (alice, bob)
}
