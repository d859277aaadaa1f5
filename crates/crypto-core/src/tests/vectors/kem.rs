//! KEM prekeys and the key agreement of suite x25519-mlkem768.

use serde_json::Value;

use super::{super::Draws, bytes, entries, file, identity, installation, key, number};
use crate::*;

/// The fields of a protobuf message, by number: of varints their value, of the others their bytes.
struct Fields(Vec<(u64, u64, Vec<u8>)>);

impl Fields {
    fn read(mut from: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !from.is_empty() {
            let tag = varint(&mut from);
            let value = varint(&mut from);
            let length = match tag & 7 {
                0 => 0,
                2 => usize::try_from(value).unwrap(),
                other => panic!("wire type {other}"),
            };
            let (content, rest) = from.split_at(length);
            fields.push((tag >> 3, value, content.to_vec()));
            from = rest;
        }
        Self(fields)
    }

    fn all(&self, field: u64) -> Vec<&[u8]> {
        let found = self.0.iter().filter(|(number, ..)| *number == field);
        found.map(|(_, _, content)| content.as_slice()).collect()
    }

    fn one(&self, field: u64) -> &[u8] {
        let [one] = self.all(field)[..] else {
            panic!("field {field} is not there once");
        };
        one
    }

    fn number(&self, field: u64) -> u64 {
        let found = self.0.iter().find(|(number, ..)| *number == field);
        found.map_or(0, |(_, value, _)| *value)
    }

    fn version(&self, field: u64) -> u32 {
        self.number(field).try_into().unwrap()
    }
}

fn varint(from: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = from.split_first().unwrap();
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn kem_prekey(encoded: &[u8]) -> RawKemPreKey {
    let fields = Fields::read(encoded);
    RawKemPreKey {
        installation_id: String::from_utf8(fields.one(1).to_vec()).unwrap(),
        version: fields.version(2),
        key: fields.one(3).to_vec(),
        signature: fields.one(4).to_vec(),
    }
}

/// A bundle without the KEM prekeys, and those.
fn bundle(encoded: &Value) -> (RawBundle, Vec<RawKemPreKey>) {
    let fields = Fields::read(&bytes(encoded));
    let entries = fields.all(2).into_iter().map(|entry| {
        let entry = Fields::read(entry);
        let prekey = Fields::read(entry.one(2));
        RawEntry {
            installation_id: String::from_utf8(entry.one(1).to_vec()).unwrap(),
            signed_pre_key: prekey.one(1).to_vec(),
            version: prekey.version(2),
            protocol_version: prekey.version(3),
            ratchet_pre_key: prekey.one(16).to_vec(),
            ratchet_signature: prekey.one(17).to_vec(),
        }
    });
    let bundle = RawBundle {
        identity: fields.one(1).to_vec(),
        entries: entries.collect(),
        signature: fields.one(4).to_vec(),
        timestamp: fields.number(5).try_into().unwrap(),
    };
    (bundle, fields.all(16).into_iter().map(kem_prekey).collect())
}

fn seed(value: &Value) -> [u8; KEM_SEED_BYTES] {
    bytes(value).try_into().unwrap()
}

#[test]
fn keys_ciphertexts_and_secrets() {
    for entry in entries(&file("mlkem-primitives"), "kem") {
        let seed = [key(&entry["d"]), key(&entry["z"])].concat();
        let seed: [u8; KEM_SEED_BYTES] = seed.try_into().unwrap();
        for pair in [
            KemPreKeyPair::from_seed(&seed),
            KemPreKeyPair::generate(&mut Draws::of(&[seed])),
        ] {
            assert_eq!(**pair.seed(), seed);
            assert_eq!(pair.public().as_bytes().to_vec(), bytes(&entry["key"]));
            assert_eq!(*pair.public().id().as_bytes(), key(&entry["kem_id"]));
            let read = KemPreKey::from_wire(&bytes(&entry["key"]));
            assert_eq!(read.as_ref(), Ok(pair.public()));
            let mut draws = Draws::of(&[key(&entry["m"])]);
            let (ciphertext, secret) = pair.public().encapsulate(&mut draws).unwrap();
            assert_eq!(ciphertext.as_bytes().to_vec(), bytes(&entry["ciphertext"]));
            assert_eq!(*secret.secret_bytes(), key(&entry["shared_secret"]));
            for (ciphertext, secret) in [
                ("ciphertext", "shared_secret"),
                ("changed", "rejected_secret"),
            ] {
                let ciphertext = KemCiphertext::from_wire(&bytes(&entry[ciphertext])).unwrap();
                let decapsulated = pair.decapsulate(&ciphertext);
                assert_eq!(*decapsulated.secret_bytes(), key(&entry[secret]));
            }
        }
    }
}

#[test]
fn keys_with_a_coefficient_out_of_range_are_refused() {
    let author = IdentityKeyPair::from_secret_bytes(&[7; 32]).unwrap();
    let device = InstallationId::parse("x1-k1-phone").unwrap();
    for entry in entries(&file("mlkem-primitives"), "kem_refused") {
        let bytes = bytes(&entry["key"]);
        let refused = KemPreKey::from_wire(&bytes).err();
        assert_eq!(refused, Some(KeyError::Coefficient), "{}", entry["note"]);
        // A store may have been changed.
        let key = KemPreKey::from_stored(&bytes).unwrap();
        let refused = key.encapsulate(&mut Draws::seeded(1)).err();
        assert_eq!(refused, Some(KeyError::Coefficient), "{}", entry["note"]);
        // Signed as it should be, it is refused for the key.
        let mut raw = RawKemPreKey {
            installation_id: device.as_str().to_owned(),
            version: 1,
            signature: sign_kem_prekey(&author, &device, 1, &key)
                .to_bytes()
                .to_vec(),
            key: bytes,
        };
        assert_eq!(raw.verify(author.public()), Err(KemPreKeyError::Key));
        // The signature is looked at before.
        raw.version = 2;
        assert_eq!(raw.verify(author.public()), Err(KemPreKeyError::Signature));
    }
}

#[test]
fn signed_kem_prekeys() {
    for entry in entries(&file("mlkem-primitives"), "kem_prekey") {
        let author = IdentityKeyPair::from_secret_bytes(&key(&entry["identity_private"])).unwrap();
        let pair = KemPreKeyPair::from_seed(&seed(&entry["seed"]));
        let id = installation(&entry["installation_id"]);
        let version = number(&entry["version"]);
        assert_eq!(*pair.public().id().as_bytes(), key(&entry["kem_id"]));
        let signature = sign_kem_prekey(&author, &id, version, pair.public());
        assert_eq!(signature.to_bytes().to_vec(), bytes(&entry["signature"]));
        let digest = key(&entry["digest"]);
        assert_eq!(signature, author.sign_digest(&digest));
        assert_eq!(keccak256(&[&bytes(&entry["signed_bytes"])]), digest);
        let raw = kem_prekey(&bytes(&entry["encoded"]));
        let verified = raw.verify(&identity(&entry["identity"])).unwrap();
        let ours =
            VerifiedKemPreKey::from_stored(id.clone(), version, pair.public().clone(), signature);
        assert_eq!(verified, ours);
        assert_eq!(verified.installation_id(), &id);
        assert_eq!(verified.version(), version);
        assert_eq!(verified.key(), pair.public());
        assert_eq!(verified.signature(), &signature);
        assert_eq!(RawKemPreKey::from(&verified), raw);
        let promised = id.as_str().starts_with("x1-k1-");
        assert_eq!(id.promises_kem_prekeys(), promised);
        assert!(id.promises_ratchet_prekey());
    }
}

/// A bundle is the same with and without them, and they belong to its devices.
#[test]
fn bundles_with_kem_prekeys() {
    for entry in entries(&file("mlkem-primitives"), "bundle") {
        let (short, none) = bundle(&entry["short"]);
        let (full, kem_prekeys) = bundle(&entry["full"]);
        assert_eq!(short, full);
        assert!(none.is_empty() && !kem_prekeys.is_empty());
        let verified = full.verify().unwrap();
        assert_eq!(*verified.identity(), identity(&entry["identity"]));
        for raw in kem_prekeys {
            let kem = raw.verify(verified.identity()).unwrap();
            let mut devices = verified.entries().iter();
            let device = devices
                .find(|device| device.installation_id == *kem.installation_id())
                .unwrap();
            assert!(kem_serves(kem.version(), device.version));
        }
    }
}

#[test]
fn key_agreements_and_first_messages() {
    for entry in entries(&file("mlkem-primitives"), "key_agreement") {
        let secret = |member: &str| key(&entry[member]);
        let alice =
            IdentityKeyPair::from_secret_bytes(&secret("initiator_identity_private")).unwrap();
        let bob =
            IdentityKeyPair::from_secret_bytes(&secret("responder_identity_private")).unwrap();
        let signed =
            SignedPreKeyPair::from_secret_bytes(&secret("signed_pre_key_private")).unwrap();
        let ratchet = RatchetPreKeyPair::from_secret_bytes(&secret("ratchet_pre_key_private"));
        let kem = KemPreKeyPair::from_seed(&seed(&entry["kem_seed"]));
        let devices = [
            installation(&entry["initiator_installation"]),
            installation(&entry["responder_installation"]),
        ];

        // What the initiator has of the responder.
        let (raw, kem_prekeys) = bundle(&entry["responder_bundle"]);
        let verified = raw.verify().unwrap();
        let device = &verified.entries()[0];
        assert_eq!(device.installation_id, devices[1]);
        assert_eq!(device.prekey.identity(), bob.public());
        assert_eq!(device.prekey.signed_pre_key(), signed.public());
        let prekey = &device.prekey;
        let ratchet_pre_key = prekey.ratchet_pre_key().unwrap();
        let kem_prekey = kem_prekeys[0].verify(bob.public()).unwrap();
        assert_eq!(kem_prekey.key(), kem.public());

        let draws: Vec<[u8; 32]> = entries(entry, "draws").iter().map(key).collect();
        let mut draws = Draws::of(&draws);
        let ephemeral = EphemeralKeyPair::generate(&mut draws);
        let public = ephemeral.public();
        assert_eq!(public.to_bytes().to_vec(), bytes(&entry["ephemeral_key"]));
        let kem_id = kem_prekey.key().id();
        assert_eq!(*kem_id.as_bytes(), secret("kem_id"));
        let (ciphertext, kem_secret) = kem_prekey.key().encapsulate(&mut draws).unwrap();
        let recorded = bytes(&entry["kem_ciphertext"]);
        assert_eq!(ciphertext.as_bytes().to_vec(), recorded);
        assert_eq!(*kem_secret.secret_bytes(), secret("kem_secret"));
        let [initiator, responder] = &devices;
        let session = SessionId::derive(&SessionParties {
            initiator: alice.public(),
            responder: bob.public(),
            installations: SessionInstallations::X25519MlKem768 {
                initiator,
                responder,
                kem_id: &kem_id,
                ciphertext: &ciphertext,
            },
            signed_pre_key: signed.public(),
            ephemeral: public,
        });
        assert_eq!(*session.as_bytes(), secret("session_id"));
        let added = |secret| {
            Some(x3dh::PostQuantum {
                secret,
                ratchet_pre_key,
                session: &session,
            })
        };
        let shared = x3dh::initiate(&alice, &ephemeral, prekey, added(&kem_secret)).unwrap();
        assert_eq!(*shared.secret_bytes(), secret("sk"));
        let decapsulated = kem.decapsulate(&KemCiphertext::from_wire(&recorded).unwrap());
        let theirs = x3dh::respond(&bob, &signed, alice.public(), public, added(&decapsulated));
        assert_eq!(*theirs.unwrap().secret_bytes(), secret("sk"));
        let ad = AssociatedData::x25519_mlkem768(&session);
        assert_eq!(ad.as_bytes(), bytes(&entry["ad"]));

        // The first message, byte for byte, read at the other end.
        let curve = Suite::X25519MlKem768.curve();
        let sending = SessionRatchet::initiate(&shared, prekey, curve, &mut draws).unwrap();
        let plaintext = bytes(&entry["plaintext"]);
        let (_, sealed) = sending.seal(&ad, &plaintext).unwrap();
        let message = Fields::read(&bytes(&entry["entry"]));
        assert_eq!(message.one(3), sealed.ciphertext);
        let x3dh_header = Fields::read(message.one(1));
        assert_eq!(x3dh_header.one(1), public.as_bytes());
        assert_eq!(x3dh_header.one(4), signed.public().as_bytes());
        assert_eq!(x3dh_header.one(16), kem_id.as_bytes());
        assert_eq!(x3dh_header.one(17), ciphertext.as_bytes());
        let dr_header = Fields::read(message.one(2));
        assert_eq!(dr_header.one(1), sealed.header.key.as_bytes());
        let id = MessageId::ratchet(&session, &sealed.header.key, sealed.header.n);
        assert_eq!(*id.as_bytes(), secret("message_id"));
        let own = OwnPreKeys {
            signed: &signed,
            ratchet: Some(&ratchet),
        };
        let limits = SkipLimits {
            max_skip: 0,
            max_steps: 0,
        };
        let opened = SessionRatchet::respond(&shared, own, curve)
            .unwrap()
            .open(
                &sealed.header,
                &ad,
                message.one(3),
                &limits,
                &mut Draws::seeded(1),
            )
            .unwrap();
        assert_eq!(*opened.plaintext, plaintext);
    }
}
