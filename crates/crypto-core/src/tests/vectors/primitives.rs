//! Recorded keys, agreements, steps, seals and ids.

use super::{bytes, entries, file, identity, installation, key, number};
use crate::{
    keys::Pair,
    ratchet::{
        Header,
        chain::{ChainKey, RootKey},
    },
    x25519::XPair,
    *,
};

#[test]
fn keys() {
    for entry in entries(&file("status-go-primitives"), "keys") {
        let pair = IdentityKeyPair::from_secret_bytes(&key(&entry["private_key"])).unwrap();
        assert_eq!(
            pair.public().to_bytes().to_vec(),
            bytes(&entry["compressed"])
        );
        let uncompressed = bytes(&entry["uncompressed"]);
        assert_eq!(
            pair.public().to_uncompressed().unwrap().to_vec(),
            uncompressed
        );
        assert_eq!(
            IdentityKey::from_sec1(&uncompressed).unwrap(),
            *pair.public()
        );
        assert_eq!(
            IdentityKey::from_compact(&pair.public().to_compact()),
            Ok(*pair.public())
        );
        // Ethereum's address pins the whole point and the hash at once.
        let digest = keccak256(&[&uncompressed[1..]]);
        assert_eq!(digest[12..].to_vec(), bytes(&entry["address"]));
    }
}

#[test]
fn secp256k1_agreement_is_the_padded_x_coordinate() {
    for entry in entries(&file("status-go-primitives"), "dh") {
        let own = Pair::from_secret_bytes(&key(&entry["private_key"])).unwrap();
        let peer = Pair::from_secret_bytes(&key(&entry["peer_private_key"])).unwrap();
        assert_eq!(
            peer.public().as_bytes().to_vec(),
            bytes(&entry["peer_public_key"])
        );
        let expected = key(&entry["shared_x_32_bytes_big_endian_left_padded"]);
        assert_eq!(*own.agree(peer.public()).unwrap(), expected);
        assert_eq!(*peer.agree(own.public()).unwrap(), expected);
    }
}

#[test]
fn x25519_agreement() {
    for entry in entries(&file("x25519-primitives"), "x25519") {
        let own = XPair::from_secret_bytes(&key(&entry["private_key"]));
        assert_eq!(*own.public(), key(&entry["public_key"]));
        let shared = own.agree(&key(&entry["peer_public_key"])).unwrap();
        assert_eq!(*shared, key(&entry["shared"]));
    }
}

#[test]
fn low_order_points_give_no_secret_and_are_no_ratchet_prekeys() {
    for entry in entries(&file("x25519-primitives"), "x25519_refused") {
        let point = key(&entry["peer_public_key"]);
        let own = XPair::from_secret_bytes(&[9; 32]);
        assert_eq!(own.agree(&point).err(), Some(KeyError::NoSecret), "{entry}");
        assert!(RatchetPreKey::from_wire(&point).is_err(), "{entry}");
    }
}

#[test]
fn x3dh_both_sides() {
    for name in ["status-go-primitives", "x25519-primitives"] {
        for entry in entries(&file(name), "x3dh") {
            let secret = |member: &str| key(&entry[member]);
            let alice =
                IdentityKeyPair::from_secret_bytes(&secret("initiator_identity_private")).unwrap();
            let ephemeral =
                EphemeralKeyPair::from_secret_bytes(&secret("initiator_ephemeral_private"))
                    .unwrap();
            let bob =
                IdentityKeyPair::from_secret_bytes(&secret("responder_identity_private")).unwrap();
            let prekey =
                SignedPreKeyPair::from_secret_bytes(&secret("responder_signed_prekey_private"))
                    .unwrap();
            let expected = entry
                .get("sk")
                .unwrap_or(&entry["shared_key_keccak256_dh1_dh2_dh3"]);
            let verified = VerifiedPreKey::from_stored(*bob.public(), *prekey.public(), None);
            let ours = x3dh::initiate(&alice, &ephemeral, &verified, None).unwrap();
            let theirs =
                x3dh::respond(&bob, &prekey, alice.public(), ephemeral.public(), None).unwrap();
            assert_eq!(*ours.secret_bytes(), key(expected));
            assert_eq!(*theirs.secret_bytes(), key(expected));
        }
    }
}

#[test]
fn dh_messages() {
    for entry in entries(&file("status-go-primitives"), "dh_message") {
        let ephemeral =
            EphemeralKeyPair::from_secret_bytes(&key(&entry["ephemeral_private"])).unwrap();
        let bob =
            IdentityKeyPair::from_secret_bytes(&key(&entry["recipient_identity_private"])).unwrap();
        let nonce = bytes(&entry["nonce"]).try_into().unwrap();
        let plaintext = bytes(&entry["plaintext"]);
        let payload = bytes(&entry["payload_ciphertext_tag_nonce"]);
        assert_eq!(
            dh_message::seal(&ephemeral, nonce, bob.public(), &plaintext).unwrap(),
            payload
        );
        let opened = dh_message::open(&bob, ephemeral.public(), &payload).unwrap();
        assert_eq!(*opened, plaintext);
        for cut in 0..28 {
            assert_eq!(
                dh_message::open(&bob, ephemeral.public(), &payload[..cut]).err(),
                Some(DhMessageError::Malformed)
            );
        }
    }
}

#[test]
fn root_steps() {
    for name in ["status-go-primitives", "x25519-primitives"] {
        for entry in entries(&file(name), "kdf_rk") {
            let root = RootKey::from_stored(key(&entry["root_key_salt"]));
            let dh = Wiped::new(key(&entry["dh_out_ikm"]));
            let (next, chain) = root.step(&dh);
            assert_eq!(*next.secret_bytes(), key(&entry["new_root_key"]));
            assert_eq!(*chain.secret_bytes(), key(&entry["chain_key"]));
        }
    }
}

#[test]
fn chain_steps() {
    for name in ["status-go-primitives", "x25519-primitives"] {
        for entry in entries(&file(name), "kdf_ck") {
            let named = |one: &str, other: &str| key(entry.get(one).unwrap_or(&entry[other]));
            let (next, message) = ChainKey::from_stored(key(&entry["chain_key"])).step();
            assert_eq!(
                *next.secret_bytes(),
                named("next_chain_key", "next_chain_key_hmac_0x0f")
            );
            assert_eq!(
                *message.secret_bytes(),
                named("message_key", "message_key_hmac_0x10")
            );
        }
    }
}

#[test]
fn sealing_without_associated_data() {
    for entry in entries(&file("status-go-primitives"), "message_encrypt") {
        let header = Header {
            key: HeaderKey::from_wire(&bytes(&entry["header"]["dh"])).unwrap(),
            n: number(&entry["header"]["n"]),
            pn: number(&entry["header"]["pn"]),
        };
        let message_key = || MessageKey::from_stored(key(&entry["message_key"]));
        let plaintext = bytes(&entry["plaintext"]);
        let (sealed, _) = message_key().seal(&header, &AssociatedData::empty(), &plaintext, None);
        assert_eq!(sealed[..16].to_vec(), bytes(&entry["iv"]));
        assert_eq!(sealed, bytes(&entry["payload_iv_ct_mac32"]));
        let opened = message_key()
            .open(&header, &AssociatedData::empty(), &sealed)
            .unwrap();
        assert_eq!(*opened, plaintext);
    }
}

#[test]
fn sealing_with_associated_data() {
    for entry in entries(&file("x25519-primitives"), "seal") {
        let header = Header {
            key: HeaderKey::from_wire(&bytes(&entry["ratchet_public_key"])).unwrap(),
            n: number(&entry["n"]),
            pn: number(&entry["pn"]),
        };
        let ad = AssociatedData::from_bytes(bytes(&entry["ad"]));
        let plaintext = bytes(&entry["plaintext"]);
        let message_key = MessageKey::from_stored(key(&entry["message_key"]));
        let (sealed, _) = message_key.seal(&header, &ad, &plaintext, None);
        assert_eq!(sealed, bytes(&entry["payload"]));
    }
}

#[test]
fn associated_data() {
    for entry in entries(&file("x25519-primitives"), "ad") {
        let ad = AssociatedData::x25519(
            (
                &identity(&entry["initiator_identity"]),
                &installation(&entry["initiator_installation"]),
            ),
            (
                &identity(&entry["responder_identity"]),
                &installation(&entry["responder_installation"]),
            ),
            &SignedPreKey::from_wire(&bytes(&entry["signed_pre_key"])).unwrap(),
            &RatchetPreKey::from_wire(&bytes(&entry["ratchet_pre_key"])).unwrap(),
        );
        assert_eq!(ad.as_bytes().to_vec(), bytes(&entry["ad"]));
    }
}

#[test]
fn session_ids() {
    for entry in entries(&file("x25519-primitives"), "session_id") {
        let names = entry
            .get("initiator_installation")
            .filter(|name| !name.is_null())
            .map(|name| {
                (
                    installation(name),
                    installation(&entry["responder_installation"]),
                )
            });
        let installations = match (&names, entry["suite"].as_str().unwrap()) {
            (Some((initiator, responder)), "x25519") => SessionInstallations::X25519 {
                initiator,
                responder,
            },
            _ => SessionInstallations::Secp256k1,
        };
        let id = SessionId::derive(&SessionParties {
            initiator: &identity(&entry["initiator_identity"]),
            responder: &identity(&entry["responder_identity"]),
            installations,
            signed_pre_key: &SignedPreKey::from_wire(&bytes(&entry["signed_pre_key"])).unwrap(),
            ephemeral: &EphemeralKey::from_wire(&bytes(&entry["ephemeral_key"])).unwrap(),
        });
        assert_eq!(*id.as_bytes(), key(&entry["session_id"]), "{entry}");
    }
}

#[test]
fn message_ids() {
    for entry in entries(&file("x25519-primitives"), "message_id") {
        let input = bytes(&entry["input"]);
        let id = if entry["kind"] == "ratchet" {
            MessageId::ratchet(
                &SessionId::from_bytes(key(&entry["session_id"])),
                &HeaderKey::from_wire(&bytes(&entry["header_key"])).unwrap(),
                number(&entry["n"]),
            )
        } else {
            MessageId::of_payload(input.strip_prefix(b"ratchetd/message/1").unwrap())
        };
        assert_eq!(*id.as_bytes(), key(&entry["message_id"]), "{entry}");
    }
}

#[test]
fn group_keys() {
    for entry in entries(&file("status-go-primitives"), "hash_ratchet") {
        let secret = key(&entry["key"]);
        let timestamp = entry["timestamp"].as_u64().unwrap();
        let id = hash_ratchet::key_id(&bytes(&entry["group_id"]), timestamp, &secret);
        let recorded = key(&entry["key_id_keccak256_group_ts_le64_key"]);
        assert_eq!(*id.as_bytes(), recorded);
        let mut chain = hash_ratchet::HashChain::new(&secret);
        for step in entries(entry, "keys") {
            let found = chain.message_key(number(&step["seq_no"])).unwrap();
            assert_eq!(*found.secret_bytes(), key(&step["aes_256_gcm_key"]));
        }
    }
}
