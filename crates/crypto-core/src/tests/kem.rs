//! KEM prekeys: ml-kem against a second library, and what a signature, a session id and SK bind.

use libcrux_ml_kem::mlkem768::{
    self, MlKem768Ciphertext, MlKem768KeyPair, MlKem768PrivateKey, MlKem768PublicKey,
};
use proptest::{prelude::*, sample::Index};

use super::Draws;
use crate::*;

fn author() -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[7; 32]).unwrap()
}

/// A pair of the second library.
fn other_pair(seed: [u8; KEM_SEED_BYTES]) -> MlKem768KeyPair {
    mlkem768::generate_key_pair(seed)
}

fn other_public(key: &[u8; KEM_PUBLIC_KEY_BYTES]) -> MlKem768PublicKey {
    key.into()
}

fn other_decapsulate(key: &MlKem768PrivateKey, ciphertext: &KemCiphertext) -> [u8; 32] {
    let ciphertext: MlKem768Ciphertext = ciphertext.as_bytes().into();
    mlkem768::decapsulate(key, &ciphertext)
}

fn array<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    prop::collection::vec(any::<u8>(), N).prop_map(|bytes| bytes.try_into().unwrap())
}

fn flipped(bytes: &[u8], bit: Index) -> Vec<u8> {
    let bit = bit.index(bytes.len() * 8);
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of any seed, draw and changed ciphertext, both libraries make the same, and what a change
    /// makes of the secret is another one.
    #[test]
    fn both_libraries_agree(
        seed in array::<KEM_SEED_BYTES>(),
        m in array::<32>(),
        bit in any::<Index>(),
    ) {
        let pair = KemPreKeyPair::from_seed(&seed);
        let other = other_pair(seed);
        prop_assert_eq!(pair.public().as_bytes(), other.pk());
        let (ciphertext, secret) = pair.public().encapsulate(&mut Draws::of(&[m])).unwrap();
        let (theirs, their_secret) = mlkem768::encapsulate(other.public_key(), m);
        prop_assert_eq!(ciphertext.as_bytes(), theirs.as_slice());
        prop_assert_eq!(*secret.secret_bytes(), their_secret);
        prop_assert_eq!(*pair.decapsulate(&ciphertext).secret_bytes(), their_secret);
        let read = other_decapsulate(other.private_key(), &ciphertext);
        prop_assert_eq!(read, their_secret);

        let changed = KemCiphertext::from_wire(&flipped(ciphertext.as_bytes(), bit)).unwrap();
        let rejected = pair.decapsulate(&changed);
        prop_assert_ne!(*rejected.secret_bytes(), their_secret);
        let theirs = other_decapsulate(other.private_key(), &changed);
        prop_assert_eq!(*rejected.secret_bytes(), theirs);
    }

    /// Any bytes of the length are a ciphertext, of which both libraries read the same secret.
    #[test]
    fn both_libraries_read_any_ciphertext_alike(
        seed in array::<KEM_SEED_BYTES>(),
        ciphertext in array::<KEM_CIPHERTEXT_BYTES>(),
    ) {
        let ciphertext = KemCiphertext::from_wire(&ciphertext).unwrap();
        let ours = KemPreKeyPair::from_seed(&seed).decapsulate(&ciphertext);
        let theirs = other_decapsulate(other_pair(seed).private_key(), &ciphertext);
        prop_assert_eq!(*ours.secret_bytes(), theirs);
    }

    /// Keys of which one coefficient is any of the 4096: both libraries refuse those from 3329 on,
    /// and encapsulate to the others alike.
    #[test]
    fn both_libraries_refuse_the_same_keys(
        seed in array::<KEM_SEED_BYTES>(),
        m in array::<32>(),
        place in 0_usize..768,
        coefficient in prop_oneof![3327_u16..3332, 0_u16..4096],
    ) {
        let mut key = *KemPreKeyPair::from_seed(&seed).public().as_bytes();
        // Two coefficients of 12 bits in three bytes, the low bits first.
        let at = place / 2 * 3;
        let [low, high] = coefficient.to_le_bytes();
        if place % 2 == 0 {
            key[at] = low;
            key[at + 1] = key[at + 1] & 0xf0 | high;
        } else {
            key[at + 1] = key[at + 1] & 0x0f | low << 4;
            key[at + 2] = low >> 4 | high << 4;
        }
        let theirs = other_public(&key);
        let ours = KemPreKey::from_wire(&key);
        prop_assert_eq!(ours.is_ok(), coefficient < 3329);
        prop_assert_eq!(ours.is_ok(), mlkem768::validate_public_key(&theirs));
        match ours {
            Ok(ours) => {
                let (ciphertext, secret) = ours.encapsulate(&mut Draws::of(&[m])).unwrap();
                let (theirs, their_secret) = mlkem768::encapsulate(&theirs, m);
                prop_assert_eq!(ciphertext.as_bytes(), theirs.as_slice());
                prop_assert_eq!(*secret.secret_bytes(), their_secret);
            }
            Err(error) => prop_assert_eq!(error, KeyError::Coefficient),
        }
    }

    /// Both libraries say the same of any bytes as a key.
    #[test]
    fn both_libraries_check_any_key_alike(key in array::<KEM_PUBLIC_KEY_BYTES>()) {
        let theirs = mlkem768::validate_public_key(&other_public(&key));
        prop_assert_eq!(KemPreKey::from_wire(&key).is_ok(), theirs);
    }

    /// A session id is of everything that goes into it, each part in its place.
    #[test]
    fn a_session_id_changes_with_any_bit(seed in any::<u64>(), bit in any::<Index>()) {
        let agreed = Agreed::new(seed);
        let changes = agreed.changed(bit);
        let mut ids: Vec<SessionId> = changes.iter().map(Agreed::session).collect();
        ids.push(agreed.session());
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), changes.len() + 1);
    }
}

/// What goes into a session id, as bytes of the wire that need not be points of the curve.
#[derive(Clone)]
struct Agreed {
    keys: [[u8; SECP256K1_KEY_BYTES]; 4],
    devices: [InstallationId; 2],
    kem_id: [u8; 32],
    ciphertext: Vec<u8>,
}

impl Agreed {
    fn new(seed: u64) -> Self {
        let mut rng = Draws::seeded(seed);
        let kem = KemPreKeyPair::generate(&mut rng);
        let (ciphertext, _) = kem.public().encapsulate(&mut rng).unwrap();
        let mut key = || IdentityKeyPair::generate(&mut rng).public().to_bytes();
        Self {
            keys: [key(), key(), key(), key()],
            devices: ["x1-k1-phone", "desktop"].map(|id| InstallationId::parse(id).unwrap()),
            kem_id: *kem.public().id().as_bytes(),
            ciphertext: ciphertext.as_bytes().to_vec(),
        }
    }

    fn session(&self) -> SessionId {
        self.session_of(Suite::X25519MlKem768)
    }

    fn session_of(&self, suite: Suite) -> SessionId {
        let [party, peer, signed, ephemeral] = self.keys;
        let [initiator, responder] = &self.devices;
        let ciphertext = KemCiphertext::from_wire(&self.ciphertext).unwrap();
        let installations = match suite {
            Suite::X25519MlKem768 => SessionInstallations::X25519MlKem768 {
                initiator,
                responder,
                kem_id: &KemId::from_bytes(self.kem_id),
                ciphertext: &ciphertext,
            },
            Suite::X25519 => SessionInstallations::X25519 {
                initiator,
                responder,
            },
            Suite::Secp256k1 => SessionInstallations::Secp256k1,
        };
        SessionId::derive(&SessionParties {
            initiator: &IdentityKey::from_stored(party),
            responder: &IdentityKey::from_stored(peer),
            installations,
            signed_pre_key: &SignedPreKey::from_stored(signed),
            ephemeral: &EphemeralKey::from_stored(ephemeral),
        })
    }

    /// Each part with this bit of it turned, each key with its sign turned, and parts that have
    /// changed places.
    fn changed(&self, bit: Index) -> Vec<Self> {
        let mut all = Vec::new();
        for at in 0..4 {
            let mut changed = self.clone();
            // A bit of the x coordinate, and the sign.
            let [_, x @ ..] = &mut changed.keys[at];
            let turned = flipped(x, bit);
            x.copy_from_slice(&turned);
            all.push(changed);
            let mut changed = self.clone();
            changed.keys[at][0] ^= 1;
            all.push(changed);
        }
        for at in 0..2 {
            let mut changed = self.clone();
            let mut id = changed.devices[at].as_str().to_owned();
            let place = bit.index(id.len());
            let other = if id.as_bytes()[place] == b'z' {
                "y"
            } else {
                "z"
            };
            id.replace_range(place..=place, other);
            changed.devices[at] = InstallationId::parse(&id).unwrap();
            all.push(changed);
        }
        let mut changed = self.clone();
        changed.kem_id = flipped(&changed.kem_id, bit).try_into().unwrap();
        all.push(changed);
        let mut changed = self.clone();
        changed.ciphertext = flipped(&changed.ciphertext, bit);
        all.push(changed);

        let mut changed = self.clone();
        changed.devices.swap(0, 1);
        all.push(changed);
        let mut changed = self.clone();
        changed.keys.swap(0, 1);
        all.push(changed);
        // The same characters, divided otherwise.
        let mut changed = self.clone();
        changed.devices = ["x1-k1-phoned", "esktop"].map(|id| InstallationId::parse(id).unwrap());
        all.push(changed);
        all
    }
}

#[test]
fn the_suites_have_session_ids_and_associated_data_of_their_own() {
    let agreed = Agreed::new(1);
    let [session, x25519, secp256k1] = Suite::ALL.map(|suite| agreed.session_of(suite));
    assert!(session != x25519 && session != secp256k1 && x25519 != secp256k1);
    let ad = AssociatedData::x25519_mlkem768(&session);
    let expected = [b"ratchetd/x25519-mlkem768/1", session.as_bytes().as_slice()].concat();
    assert_eq!(ad.as_bytes(), expected);
}

/// Without the KEM the negative of a key names the same session, which X3DH gives the same secret.
/// With it the id differs, and SK with the id.
#[test]
fn a_negated_ephemeral_key_is_another_session_and_secret() {
    let agreed = Agreed::new(2);
    let mut negated = agreed.clone();
    negated.keys[3][0] ^= 1;
    let (bob, signed) = (
        author(),
        SignedPreKeyPair::from_secret_bytes(&[3; 32]).unwrap(),
    );
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[4; 32]);
    let kem = KemPreKeyPair::from_seed(&[5; KEM_SEED_BYTES]);
    let ciphertext = KemCiphertext::from_wire(&agreed.ciphertext).unwrap();
    let secret = kem.decapsulate(&ciphertext);
    let alice = IdentityKey::from_stored(agreed.keys[0]);
    let shared = |agreed: &Agreed, session: Option<&SessionId>| {
        let added = session.map(|session| x3dh::PostQuantum {
            secret: &secret,
            ratchet_pre_key: ratchet.public(),
            session,
        });
        let ephemeral = EphemeralKey::from_stored(agreed.keys[3]);
        *x3dh::respond(&bob, &signed, &alice, &ephemeral, added)
            .unwrap()
            .secret_bytes()
    };
    assert_eq!(shared(&agreed, None), shared(&negated, None));
    let of_its_session = |agreed: &Agreed| shared(agreed, Some(&agreed.session()));
    assert_ne!(of_its_session(&agreed), of_its_session(&negated));
}

/// SK is of the three agreements, the KEM secret, the ratchet prekey and the session.
#[test]
fn the_shared_key_changes_with_all_that_is_agreed() {
    let [alice, bob, carol] =
        [1, 2, 6].map(|n| IdentityKeyPair::from_secret_bytes(&[n; 32]).unwrap());
    let [signed, other] = [3, 7].map(|n| SignedPreKeyPair::from_secret_bytes(&[n; 32]).unwrap());
    let [ephemeral, fresh] = [4, 8].map(|n| EphemeralKeyPair::from_secret_bytes(&[n; 32]).unwrap());
    let [ratchet, newer] = [5, 9].map(|n| RatchetPreKeyPair::from_secret_bytes(&[n; 32]));
    let kem = KemPreKeyPair::from_seed(&[1; KEM_SEED_BYTES]);
    let [secret, rejected] = [1, 2].map(|n| {
        let ciphertext = KemCiphertext::from_wire(&[n; KEM_CIPHERTEXT_BYTES]).unwrap();
        kem.decapsulate(&ciphertext)
    });
    let [session, next] = [1, 2].map(|n| SessionId::from_bytes([n; 32]));
    let added = x3dh::PostQuantum {
        secret: &secret,
        ratchet_pre_key: ratchet.public(),
        session: &session,
    };
    let shared = |own: &IdentityKeyPair,
                  ephemeral: &EphemeralKeyPair,
                  peer: &IdentityKeyPair,
                  signed: &SignedPreKeyPair,
                  added| {
        let prekey = VerifiedPreKey::from_stored(*peer.public(), *signed.public(), None);
        let shared = x3dh::initiate(own, ephemeral, &prekey, added).unwrap();
        *shared.secret_bytes()
    };
    let mut found = vec![
        shared(&alice, &ephemeral, &bob, &signed, Some(added)),
        shared(&alice, &ephemeral, &bob, &signed, None),
        shared(&carol, &ephemeral, &bob, &signed, Some(added)),
        shared(&alice, &fresh, &bob, &signed, Some(added)),
        shared(&alice, &ephemeral, &carol, &signed, Some(added)),
        shared(&alice, &ephemeral, &bob, &other, Some(added)),
    ];
    for changed in [
        x3dh::PostQuantum {
            secret: &rejected,
            ..added
        },
        x3dh::PostQuantum {
            ratchet_pre_key: newer.public(),
            ..added
        },
        x3dh::PostQuantum {
            session: &next,
            ..added
        },
    ] {
        found.push(shared(&alice, &ephemeral, &bob, &signed, Some(changed)));
    }
    let count = found.len();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), count);
}

#[test]
fn a_kem_prekey_serves_fourteen_versions_and_is_aged_after_seven() {
    for (kem, prekey, serves, aged) in [
        (1, 0, false, false),
        (1, 1, true, false),
        (1, 7, true, false),
        (1, 8, true, true),
        (1, 14, true, true),
        (1, 15, false, true),
        (0, 0, true, false),
        (0, 13, true, true),
        (0, 14, false, true),
        (0, u32::MAX, false, true),
        (u32::MAX, 0, false, false),
        (u32::MAX, u32::MAX - 1, false, false),
        (u32::MAX, u32::MAX, true, false),
        (u32::MAX - 6, u32::MAX, true, false),
        (u32::MAX - 7, u32::MAX, true, true),
        (u32::MAX - 13, u32::MAX, true, true),
        (u32::MAX - 14, u32::MAX, false, true),
    ] {
        assert_eq!(kem_serves(kem, prekey), serves, "{kem} with {prekey}");
        assert_eq!(kem_is_aged(kem, prekey), aged, "{kem} with {prekey}");
    }
}

fn signed(device: &str, version: u32) -> RawKemPreKey {
    let key = KemPreKeyPair::from_seed(&[9; KEM_SEED_BYTES]);
    let device = InstallationId::parse(device).unwrap();
    let signature = sign_kem_prekey(&author(), &device, version, key.public());
    RawKemPreKey::from(&VerifiedKemPreKey::from_stored(
        device,
        version,
        key.public().clone(),
        signature,
    ))
}

#[test]
fn a_kem_prekey_is_signed_for_its_device_its_version_and_its_key() {
    let identity = *author().public();
    let good = signed("x1-k1-phone", 8);
    assert!(good.verify(&identity).is_ok());
    let stranger = IdentityKeyPair::from_secret_bytes(&[8; 32]).unwrap();
    let refused = |raw: &RawKemPreKey, identity: &IdentityKey| raw.verify(identity).err();
    let not_signed = Some(KemPreKeyError::Signature);
    assert_eq!(refused(&good, stranger.public()), not_signed);
    let other_key = KemPreKeyPair::from_seed(&[10; KEM_SEED_BYTES]);
    let mut changes = vec![
        RawKemPreKey {
            version: 7,
            ..good.clone()
        },
        RawKemPreKey {
            version: 8 << 24,
            ..good.clone()
        },
        RawKemPreKey {
            installation_id: "x1-k1-phon".to_owned(),
            ..good.clone()
        },
        RawKemPreKey {
            key: other_key.public().as_bytes().to_vec(),
            ..good.clone()
        },
        RawKemPreKey {
            signature: good.signature[..64].to_vec(),
            ..good.clone()
        },
        RawKemPreKey {
            signature: Vec::new(),
            ..good.clone()
        },
    ];
    changes.extend((0..SIGNATURE_BYTES).map(|at| {
        let mut changed = good.clone();
        changed.signature[at] ^= 1;
        changed
    }));
    for changed in &changes {
        assert_eq!(refused(changed, &identity), not_signed, "{changed:?}");
    }
}

/// What was signed of a ratchet prekey or a bundle is no signature of a KEM prekey.
#[test]
fn other_signatures_of_the_identity_do_not_fit() {
    let good = signed("x1-k1-phone", 8);
    let device = good.installation().unwrap();
    let prekey = SignedPreKeyPair::from_secret_bytes(&[3; 32]).unwrap();
    let id = KemPreKey::from_wire(&good.key).unwrap().id();
    let ratchet = RatchetPreKey::from_stored(*id.as_bytes());
    let extension = sign_ratchet_prekey(&author(), &device, prekey.public(), &ratchet, 8);
    let bundle = sign_bundle(&author(), &[], 0);
    for signature in [extension, bundle, author().sign_digest(id.as_bytes())] {
        let changed = RawKemPreKey {
            signature: signature.to_bytes().to_vec(),
            ..good.clone()
        };
        let refused = changed.verify(author().public());
        assert_eq!(refused, Err(KemPreKeyError::Signature));
    }
}

/// The form is looked at first, with nothing signed.
#[test]
fn the_form_of_a_kem_prekey_is_looked_at_first() {
    let identity = *author().public();
    let with = |id: &str, length: usize| RawKemPreKey {
        installation_id: id.to_owned(),
        key: vec![0; length],
        ..RawKemPreKey::default()
    };
    let id = InstallationId::parse("x1-k1-phone").unwrap();
    let formed = with(id.as_str(), KEM_PUBLIC_KEY_BYTES);
    assert_eq!(formed.installation(), Ok(id));
    assert_eq!(formed.verify(&identity), Err(KemPreKeyError::Signature));
    for raw in [
        with("", KEM_PUBLIC_KEY_BYTES),
        with("none", KEM_PUBLIC_KEY_BYTES),
        with("a b", KEM_PUBLIC_KEY_BYTES),
        with(&"x".repeat(65), KEM_PUBLIC_KEY_BYTES),
        with("x1-k1-phone", 0),
        with("x1-k1-phone", KEM_PUBLIC_KEY_BYTES - 1),
        with("x1-k1-phone", KEM_PUBLIC_KEY_BYTES + 1),
    ] {
        assert_eq!(raw.installation(), Err(KemPreKeyError::Form));
        assert_eq!(raw.verify(&identity), Err(KemPreKeyError::Form));
    }
}

#[test]
fn other_lengths_are_neither_key_nor_ciphertext() {
    for length in [0, 32, 1087, 1089, 1183, 1185] {
        let bytes = vec![0; length];
        assert_eq!(KemPreKey::from_wire(&bytes), Err(KeyError::Form));
        assert_eq!(KemPreKey::from_stored(&bytes), Err(KeyError::Form));
        assert_eq!(KemCiphertext::from_wire(&bytes), Err(KeyError::Form));
    }
    assert!(KemPreKey::from_wire(&[0; KEM_PUBLIC_KEY_BYTES]).is_ok());
    assert!(KemCiphertext::from_wire(&[0; KEM_CIPHERTEXT_BYTES]).is_ok());
}

#[test]
fn a_kem_prekey_shows_its_id_alone() {
    let key = KemPreKeyPair::from_seed(&[9; KEM_SEED_BYTES]);
    let id = format!("{:?}", key.public().id());
    assert_eq!(
        format!("{:?}", key.public()),
        id.replace("KemId", "KemPreKey")
    );
}
