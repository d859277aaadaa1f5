//! Records for the contract, and their contents as text that can be compared.

use std::sync::Arc;

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, KEM_CIPHERTEXT_BYTES, KemCiphertext, KemId,
    KemPreKeyPair, OwnPreKeys, RatchetPreKeyPair, SessionId, SessionRatchet, SharedKey,
    SignedPreKey, SignedPreKeyPair, Suite, VerifiedKemPreKey, VerifiedPreKey, Wiped,
    sign_kem_prekey, sign_ratchet_prekey,
};

use super::random::SplitMix64;
use crate::model::{
    Handshake, HeldKemPreKey, KemHandshake, OwnKemPreKey, OwnPreKey, OwnRatchetPreKey, Role,
    Session, SessionStart, Standing, UnixMillis,
};

pub(super) fn identity(seed: u8) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[seed; 32]).expect("a scalar")
}

pub(super) fn key(seed: u8) -> IdentityKey {
    *identity(seed).public()
}

pub(super) fn signed(seed: u8) -> SignedPreKeyPair {
    SignedPreKeyPair::from_secret_bytes(&[seed; 32]).expect("a scalar")
}

pub(super) fn prekey(seed: u8) -> SignedPreKey {
    *signed(seed).public()
}

pub(super) fn installation(name: &str) -> InstallationId {
    InstallationId::parse(name).expect("an id")
}

/// A prekey with or without its ratchet half.
#[must_use]
pub fn own_prekey(seed: u8, with_ratchet: bool, replaced_at: Option<UnixMillis>) -> OwnPreKey {
    let signed = signed(seed);
    let pair = RatchetPreKeyPair::from_secret_bytes(&[seed; 32]);
    let signature = sign_ratchet_prekey(
        &identity(1),
        &installation("x1-me"),
        signed.public(),
        pair.public(),
        1,
    );
    OwnPreKey {
        signed,
        ratchet: with_ratchet.then_some(OwnRatchetPreKey { pair, signature }),
        kem: Vec::new(),
        version: u32::from(seed),
        created_at: UnixMillis(u64::from(seed)),
        replaced_at,
    }
}

/// A KEM prekey of this device, which was made with the signed prekey of version `seed`.
#[must_use]
pub fn own_kem_prekey(seed: u8) -> OwnKemPreKey {
    let seed_bytes = Wiped::new([seed; 64]);
    OwnKemPreKey {
        id: KemPreKeyPair::from_seed(&seed_bytes).public().id(),
        seed: seed_bytes,
        version: u32::from(seed),
    }
}

/// The same as it is signed by the identity and listed.
#[must_use]
pub fn kem_prekey(installation: &InstallationId, seed: u8) -> VerifiedKemPreKey {
    let key = KemPreKeyPair::from_seed(&[seed; 64]).public().clone();
    let version = u32::from(seed);
    let signature = sign_kem_prekey(&identity(1), installation, version, &key);
    VerifiedKemPreKey::from_stored(installation.clone(), version, key, signature)
}

/// A KEM prekey of another device, as it is held.
#[must_use]
pub fn held_kem_prekey(installation: &InstallationId, seed: u8) -> HeldKemPreKey {
    let listed = kem_prekey(installation, seed);
    HeldKemPreKey {
        version: listed.version(),
        key: listed.key().clone(),
        signature: *listed.signature(),
    }
}

/// What an initiator of suite x25519-mlkem768 repeats.
///
/// # Panics
/// Never: all bytes of this length are a ciphertext.
#[must_use]
pub fn kem_handshake(seed: u8) -> Arc<KemHandshake> {
    Arc::new(KemHandshake {
        id: KemId::from_bytes([seed; 32]),
        ciphertext: KemCiphertext::from_wire(&[seed; KEM_CIPHERTEXT_BYTES]).expect("a ciphertext"),
    })
}

/// A session of any suite, set up as the responder.
#[must_use]
pub fn session(seed: u8, suite: Suite, standing: Standing) -> Session {
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[seed; 32]);
    let signed = signed(seed);
    let own = OwnPreKeys {
        signed: &signed,
        ratchet: Some(&ratchet),
    };
    let start = SessionStart {
        id: SessionId::from_bytes([seed; 32]),
        peer: key(2),
        installation: Some(installation("x1-phone")),
        role: Role::Responder,
        signed_pre_key: *signed.public(),
        ratchet_pre_key: Some(*ratchet.public()),
        post_quantum: suite.is_post_quantum(),
        kem: None,
        handshake: Handshake::Established,
        ratchet: SessionRatchet::respond(&SharedKey::from_stored([seed; 32]), own, suite.curve())
            .expect("a ratchet"),
    };
    Session {
        standing,
        ..Session::begin(start, UnixMillis(1))
    }
}

/// A session of any suite, set up as the initiator: it can send.
#[must_use]
pub fn initiated(seed: u8, suite: Suite) -> Session {
    let own = own_prekey(seed, true, None);
    let ratchet = own.ratchet.map(|ratchet| *ratchet.pair.public());
    let prekey = VerifiedPreKey::from_stored(key(2), *own.signed.public(), ratchet);
    let shared = SharedKey::from_stored([seed; 32]);
    let mut rng = SplitMix64(u64::from(seed));
    Session {
        role: Role::Initiator,
        ratchet: SessionRatchet::initiate(&shared, &prekey, suite.curve(), &mut rng)
            .expect("a ratchet"),
        ..session(seed, suite, Standing::Active)
    }
}

/// The contents of a session, secrets included.
pub(super) fn session_text(session: &Session) -> String {
    let handshake = match &session.handshake {
        Handshake::Unconfirmed { order, ephemeral } => {
            let order = order.map(|order| *order.as_bytes());
            format!("{order:?} {ephemeral:?}")
        }
        Handshake::Established => "established".to_owned(),
    };
    let kem = session.kem.as_deref();
    let kem = kem.map(|kem| (kem.id, kem.ciphertext.as_bytes()));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {} {kem:?} {handshake} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {} {}",
        session.id,
        session.peer,
        session.installation,
        session.role,
        session.signed_pre_key,
        session.ratchet_pre_key,
        session.post_quantum,
        session.standing,
        session.lost_to,
        session.takeover,
        session.ratchet.to_bytes().as_slice(),
        session.past_chains,
        session.created_at,
        session.last_sent_at,
        session.last_received_at,
        session.sent,
        session.received,
        session.advances,
    )
}

pub(super) fn prekey_text(prekey: &OwnPreKey) -> String {
    let ratchet = prekey.ratchet.as_ref().map(|ratchet| {
        (
            ratchet.pair.secret_bytes().to_vec(),
            *ratchet.pair.public(),
            ratchet.signature,
        )
    });
    let kem: Vec<_> = prekey
        .kem
        .iter()
        .map(|kem| (kem.seed.as_slice(), kem.id, kem.version))
        .collect();
    format!(
        "{:?} {:?} {ratchet:?} {kem:?} {} {:?} {:?}",
        prekey.signed.secret_bytes().as_slice(),
        prekey.signed.public(),
        prekey.version,
        prekey.created_at,
        prekey.replaced_at,
    )
}
