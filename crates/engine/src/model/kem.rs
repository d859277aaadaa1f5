//! KEM prekeys, as a store keeps them (protocol §13).

use crypto_core::{
    InstallationId, KEM_SEED_BYTES, KemCiphertext, KemId, KemPreKey, KemPreKeyPair, Signature,
    Wiped, kem_is_aged, kem_serves,
};

use crate::model::{Device, KemState, NotPostQuantum, PostQuantumState};

/// KEM prekeys read of one bundle, and devices asked for in one message (protocol §13).
pub const MAX_KEM_PREKEYS_PER_BUNDLE: usize = 4;
/// Messages on which a KEM prekey rides as long as it is due: the first ones.
const FIRST_RIDES: u32 = 4;
/// Then every so many messages.
const RIDE_EVERY: u32 = 16;

/// A KEM prekey of this device. It is kept as the seed of the pair; the expanded key is made when
/// it is used, and wiped after.
#[derive(Debug)]
pub struct OwnKemPreKey {
    /// d ‖ z, which the pair is made from.
    pub seed: Wiped<[u8; KEM_SEED_BYTES]>,
    /// The id of its public half.
    pub id: KemId,
    /// The version of the signed prekey that it was made with.
    pub version: u32,
}

impl OwnKemPreKey {
    /// The record of the pair that this seed makes.
    #[must_use]
    pub fn from_seed(seed: Wiped<[u8; KEM_SEED_BYTES]>, version: u32) -> Self {
        Self {
            id: KemPreKeyPair::from_seed(&seed).public().id(),
            seed,
            version,
        }
    }

    /// A second record of the same key. Records with secrets have no `Clone`, so that none is
    /// copied by accident.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            seed: Wiped::new(*self.seed),
            ..*self
        }
    }
}

/// What the initiator of a session of suite x25519-mlkem768 repeats until the first answer. Both
/// are public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KemHandshake {
    /// The responder's KEM prekey.
    pub id: KemId,
    /// What was encapsulated to it.
    pub ciphertext: KemCiphertext,
}

/// What is known of the KEM prekeys of a device, and what it was sent of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceKem {
    /// Its newest KEM prekey.
    pub held: Option<HeldKemPreKey>,
    /// It has shown one: it has KEM prekeys, even if its id does not promise them.
    pub shown: bool,
    /// A message of a post-quantum session with it was read: nothing is written to it below.
    pub post_quantum: bool,
    /// The user has reset it: none is taken from its siblings until it brings one itself. It may
    /// have gone back to a program that has none.
    pub only_from_itself: bool,
    /// How far the KEM prekeys of our devices have come to it.
    pub deliveries: Vec<KemDelivery>,
}

/// A KEM prekey of another device, verified, with its signature: it is passed on between siblings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldKemPreKey {
    /// Its version.
    pub version: u32,
    /// The public key.
    pub key: KemPreKey,
    /// The identity's signature over it.
    pub signature: Signature,
}

/// How far the KEM prekey of one of our devices has come to a device of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KemDelivery {
    /// Our device.
    pub listed: InstallationId,
    /// The version of its KEM prekey.
    pub version: u32,
    /// How many messages were written while it was due; `None` once the other device was heard not
    /// to ask for it.
    pub count: Option<u32>,
}

impl KemDelivery {
    /// Whether a KEM prekey rides on the next message after `count` messages.
    pub(crate) const fn rides(count: u32) -> bool {
        count < FIRST_RIDES || (count - FIRST_RIDES + 1).is_multiple_of(RIDE_EVERY)
    }
}

impl Device {
    /// The KEM prekey of this device that serves with its adopted prekey, if one is held.
    #[must_use]
    pub fn serving_kem(&self) -> Option<&HeldKemPreKey> {
        let version = self.prekey.as_ref()?.version;
        let held = self.kem.held.as_ref();
        held.filter(|held| kem_serves(held.version, version))
    }

    /// Whether this device has KEM prekeys: its id promises them, or it has shown one.
    #[must_use]
    pub fn has_kem(&self) -> bool {
        self.kem.shown || self.installation.promises_kem_prekeys()
    }

    /// What is held of its KEM prekeys.
    #[must_use]
    pub fn kem_state(&self) -> KemState {
        match (self.serving_kem(), &self.prekey) {
            (Some(held), Some(prekey)) if kem_is_aged(held.version, prekey.version) => {
                KemState::Aged
            }
            (Some(_), _) => KemState::Held,
            (None, _) if self.has_kem() => KemState::Missing,
            (None, _) => KemState::None,
        }
    }

    /// Whether it takes part in suite x25519-mlkem768.
    #[must_use]
    pub fn post_quantum_state(&self) -> PostQuantumState {
        if self.kem.post_quantum {
            PostQuantumState::Required
        } else if self.has_kem() {
            PostQuantumState::Offered
        } else {
            PostQuantumState::None
        }
    }

    /// Why a copy for it that is below suite x25519-mlkem768 is so, where the suite may be used.
    pub(crate) fn why_below(&self) -> NotPostQuantum {
        if self.has_kem() {
            NotPostQuantum::KeyMissing
        } else {
            NotPostQuantum::NotOffered
        }
    }

    /// Whether its KEM prekey is to be asked for: one is of use, and none is held or a newer one
    /// exists.
    pub(crate) fn wants_kem(&self) -> bool {
        let usable = self.prekey.as_ref();
        usable.is_some_and(|prekey| prekey.key.ratchet_pre_key().is_some())
            && self.kem_state() != KemState::Held
    }
}
