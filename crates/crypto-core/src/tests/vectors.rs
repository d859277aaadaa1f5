//! Every entry of the primitives files (`hash_ratchet` aside: group keys are not handled).

use serde_json::Value;
use zeroize::Zeroizing;

use super::Draws;
use crate::{
    keys::Pair,
    ratchet::{
        Header,
        chain::{ChainKey, RootKey},
    },
    x25519::XPair,
    *,
};

fn file(name: &str) -> Value {
    let path = format!(
        "{}/../../tests/vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn entries<'a>(file: &'a Value, section: &str) -> &'a Vec<Value> {
    let entries = file[section].as_array().unwrap();
    assert!(!entries.is_empty(), "{section}");
    entries
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("not hex: {value}"));
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn key(value: &Value) -> [u8; 32] {
    bytes(value).try_into().unwrap()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn identity(value: &Value) -> IdentityKey {
    IdentityKey::from_wire(&bytes(value)).unwrap()
}

fn installation(value: &Value) -> InstallationId {
    InstallationId::parse(value.as_str().unwrap()).unwrap()
}

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
            let ours = x3dh::initiate(&alice, &ephemeral, &verified).unwrap();
            let theirs = x3dh::respond(&bob, &prekey, alice.public(), ephemeral.public()).unwrap();
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
            let dh = Zeroizing::new(key(&entry["dh_out_ikm"]));
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
        let sealed = message_key().seal(&header, &AssociatedData::empty(), &plaintext);
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
        let sealed = message_key.seal(&header, &ad, &plaintext);
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
fn signatures() {
    for entry in entries(&file("status-go-primitives"), "signature") {
        let pair = IdentityKeyPair::from_secret_bytes(&key(&entry["private_key"])).unwrap();
        let digest = keccak256(&[&bytes(&entry["message"])]);
        assert_eq!(digest, key(&entry["digest"]));
        let signature = pair.sign_digest(&digest);
        assert_eq!(signature.to_bytes().to_vec(), bytes(&entry["signature"]));
        assert_eq!(signature.verify(pair.public(), &digest), Ok(()));
        refuses_changes(&signature, pair.public(), &digest);
    }
}

/// No other v, no high s, no other byte.
fn refuses_changes(signature: &Signature, identity: &IdentityKey, digest: &[u8; 32]) {
    for index in 0..SIGNATURE_BYTES {
        let mut changed = signature.to_bytes();
        changed[index] ^= 1;
        let changed = Signature::from_wire(&changed).unwrap();
        assert_eq!(
            changed.verify(identity, digest),
            Err(SignatureError),
            "byte {index}"
        );
    }
    for v in [2, 3, 27, 28, 255] {
        let mut changed = signature.to_bytes();
        changed[64] = v;
        let changed = Signature::from_wire(&changed).unwrap();
        assert_eq!(changed.recover(digest), Err(SignatureError), "v {v}");
    }
    // n - s with the other v recovers the same key in Ethereum's eyes: malleable, so refused.
    let s: [u8; 32] = signature.to_bytes()[32..64].try_into().unwrap();
    let mut high = signature.to_bytes();
    high[32..64].copy_from_slice(&negated(&s));
    high[64] ^= 1;
    let high = Signature::from_wire(&high).unwrap();
    assert_eq!(high.recover(digest), Err(SignatureError));
}

fn negated(scalar: &[u8; 32]) -> [u8; 32] {
    use k256::elliptic_curve::PrimeField as _;
    let scalar = k256::Scalar::from_repr((*scalar).into()).unwrap();
    (-scalar).to_repr().into()
}

/// The entries of a recorded status-go bundle.
fn recorded_bundle(decoded: &Value) -> RawBundle {
    let entries = decoded["signed_pre_keys"].as_object().unwrap();
    RawBundle {
        identity: bytes(&decoded["identity"]),
        entries: entries
            .iter()
            .map(|(id, entry)| RawEntry {
                installation_id: id.clone(),
                signed_pre_key: bytes(&entry["signed_pre_key"]),
                version: number(&entry["version"]),
                protocol_version: number(&entry["protocol_version"]),
                ..RawEntry::default()
            })
            .collect(),
        signature: bytes(&decoded["signature"]),
        timestamp: decoded["timestamp"].as_i64().unwrap(),
    }
}

#[test]
fn bundles_of_status_go() {
    for entry in entries(&file("status-go-primitives"), "bundle") {
        let raw = recorded_bundle(&entry["decoded"]);
        let verified = raw.verify().unwrap();
        let malformed = raw
            .entries
            .iter()
            .filter(|entry| InstallationId::parse(&entry.installation_id).is_err())
            .count();
        assert_eq!(verified.skipped().len(), malformed);
        assert_eq!(verified.entries().len(), raw.entries.len() - malformed);
        let pair =
            IdentityKeyPair::from_secret_bytes(&key(&entry["identity_private_key"])).unwrap();
        let signature = sign_bundle(&pair, &raw.entries, raw.timestamp);
        assert_eq!(
            signature.to_bytes().to_vec(),
            bytes(&entry["signature_r_s_v"])
        );
        let digest = key(&entry["keccak256_digest"]);
        assert_eq!(keccak256(&[&bytes(&entry["signed_bytes"])]), digest);
        assert_eq!(signature.verify(pair.public(), &digest), Ok(()));
    }
}

#[test]
fn bundles_with_the_extension() {
    for entry in entries(&file("x25519-primitives"), "bundle") {
        let listed = entries(entry, "entries");
        let raw = RawBundle {
            identity: bytes(&entry["identity"]),
            entries: listed
                .iter()
                .map(|listed| RawEntry {
                    installation_id: listed["installation_id"].as_str().unwrap().to_owned(),
                    signed_pre_key: bytes(&listed["signed_pre_key"]),
                    version: number(&listed["version"]),
                    protocol_version: 1,
                    ratchet_pre_key: bytes(&listed["ratchet_pre_key"]),
                    ratchet_signature: bytes(&listed["ratchet_signature"]),
                })
                .collect(),
            signature: bytes(&entry["signature"]),
            timestamp: entry["timestamp"].as_i64().unwrap(),
        };
        let verified = raw.verify().unwrap();
        assert_eq!(verified.entries().len(), listed.len());
        assert!(verified.skipped().is_empty());
        let pair = IdentityKeyPair::from_secret_bytes(&key(&entry["identity_private"])).unwrap();
        let signature = sign_bundle(&pair, &raw.entries, raw.timestamp);
        assert_eq!(signature.to_bytes().to_vec(), raw.signature);
    }
}

#[test]
fn extension_signatures() {
    for entry in entries(&file("x25519-primitives"), "extension") {
        let pair = IdentityKeyPair::from_secret_bytes(&key(&entry["identity_private"])).unwrap();
        let ratchet = RatchetPreKeyPair::from_secret_bytes(&key(&entry["ratchet_pre_key_private"]));
        assert_eq!(ratchet.public().to_bytes(), key(&entry["ratchet_pre_key"]));
        let signature = sign_ratchet_prekey(
            &pair,
            &installation(&entry["installation_id"]),
            &SignedPreKey::from_wire(&bytes(&entry["signed_pre_key"])).unwrap(),
            ratchet.public(),
            number(&entry["version"]),
        );
        assert_eq!(
            signature.to_bytes().to_vec(),
            bytes(&entry["ratchet_signature"])
        );
    }
}

/// The fields of an encoded bundle: enough protobuf to read two recorded ones.
fn split(wire: &[u8]) -> RawBundle {
    fn varint(wire: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = wire[0];
            *wire = &wire[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }
    fn fields(mut wire: &[u8]) -> Vec<(u64, u64, Vec<u8>)> {
        let mut found = Vec::new();
        while !wire.is_empty() {
            let tag = varint(&mut wire);
            let value = varint(&mut wire);
            let length = if tag & 7 == 2 { value as usize } else { 0 };
            let (bytes, rest) = wire.split_at(length);
            found.push((tag >> 3, value, bytes.to_vec()));
            wire = rest;
        }
        found
    }
    let mut bundle = RawBundle::default();
    for (field, value, bytes) in fields(wire) {
        match field {
            1 => bundle.identity = bytes,
            2 => {
                let mut entry = RawEntry::default();
                for (field, _, bytes) in fields(&bytes) {
                    if field == 1 {
                        entry.installation_id = String::from_utf8(bytes).unwrap();
                    } else {
                        for (field, value, bytes) in fields(&bytes) {
                            match field {
                                1 => entry.signed_pre_key = bytes,
                                2 => entry.version = value as u32,
                                _ => {}
                            }
                        }
                    }
                }
                bundle.entries.push(entry);
            }
            4 => bundle.signature = bytes,
            5 => bundle.timestamp = value as i64,
            _ => {}
        }
    }
    bundle
}

#[test]
fn digits_moved_between_timestamp_and_version_are_refused() {
    let file = file("x25519-primitives");
    let entry = &entries(&file, "bundle_repartition")[0];
    assert!(split(&bytes(&entry["signed"])).verify().is_ok());
    let moved = split(&bytes(&entry["repartitioned"]));
    assert_eq!(moved.verify(), Err(BundleError::Timestamp));
    // The other ambiguity is inherent to status-go ids: both parse, which the jump rule has to bear.
    let entry = &entries(&file, "bundle_repartition")[1];
    assert!(split(&bytes(&entry["signed"])).verify().is_ok());
    assert!(split(&bytes(&entry["repartitioned"])).verify().is_ok());
}

#[test]
fn chains_of_a_recorded_exchange() {
    let file = file("status-go-primitives");
    let entry = &file["dr_exchange"];
    let ra = Pair::from_secret_bytes(&key(&entry["initiator_ratchet_private"])).unwrap();
    let sb = Pair::from_secret_bytes(&key(&entry["responder_spk_private"])).unwrap();
    let rb = Pair::from_secret_bytes(&key(&entry["responder_ratchet_private"])).unwrap();
    let dh1 = ra.agree(sb.public()).unwrap();
    assert_eq!(*dh1, key(&entry["dh1"]));
    let (root, chain) = RootKey::from_stored(key(&entry["x3dh_sk"])).step(&dh1);
    assert_eq!(*root.secret_bytes(), key(&entry["root_key_1"]));
    follows(
        chain,
        &entry["initiator_send_chain_key_0"],
        &entry["initiator_message_keys"],
    );
    let dh2 = rb.agree(ra.public()).unwrap();
    assert_eq!(*dh2, key(&entry["dh2"]));
    let (root, chain) = root.step(&dh2);
    assert_eq!(*root.secret_bytes(), key(&entry["root_key_2"]));
    follows(
        chain,
        &entry["responder_send_chain_key_0"],
        &entry["responder_message_keys"],
    );
}

fn follows(mut chain: ChainKey, first: &Value, messages: &Value) {
    assert_eq!(*chain.secret_bytes(), key(first));
    for message in messages.as_array().unwrap() {
        let (next, message_key) = chain.step();
        assert_eq!(*message_key.secret_bytes(), key(&message["message_key"]));
        assert_eq!(*next.secret_bytes(), key(&message["next_chain_key"]));
        chain = next;
    }
}

#[test]
fn a_recorded_exchange_runs_both_ways_byte_for_byte() {
    const LIMITS: SkipLimits = SkipLimits {
        max_skip: 1000,
        max_steps: 2000,
    };
    let file = file("x25519-primitives");
    let entry = &file["ratchet_exchange"];
    let shared = || SharedKey::from_stored(key(&entry["sk"]));
    let prekey =
        RatchetPreKeyPair::from_secret_bytes(&key(&entry["responder_ratchet_prekey_private"]));
    let signed = SignedPreKeyPair::from_secret_bytes(&[3; 32]).unwrap();
    let verified = VerifiedPreKey::from_stored(
        *IdentityKeyPair::from_secret_bytes(&[4; 32])
            .unwrap()
            .public(),
        *signed.public(),
        Some(*prekey.public()),
    );
    let mut draws = Draws::of(&[key(&entry["initiator_ratchet_private"])]);
    let mut initiator =
        SessionRatchet::initiate(&shared(), &verified, Suite::X25519, &mut draws).unwrap();
    let own = OwnPreKeys {
        signed: &signed,
        ratchet: Some(&prekey),
    };
    let mut responder = SessionRatchet::respond(&shared(), own, Suite::X25519).unwrap();
    let ad = AssociatedData::from_bytes(bytes(&entry["ad"]));
    for message in entries(entry, "messages") {
        let from_initiator = message["sender"] == "initiator";
        let (from, to) = if from_initiator {
            (initiator, responder)
        } else {
            (responder, initiator)
        };
        let (from, sealed) = from.seal(&ad, &bytes(&message["plaintext"])).unwrap();
        assert_eq!(
            sealed.header.key.as_bytes().to_vec(),
            bytes(&message["ratchet_public_key"])
        );
        assert_eq!(sealed.header.n, number(&message["n"]));
        assert_eq!(sealed.header.pn, number(&message["pn"]));
        assert_eq!(sealed.ciphertext, bytes(&message["payload"]));
        let next = &message["receiver_next_ratchet_private"];
        let told: Vec<[u8; 32]> = next.as_str().map(|_| key(next)).into_iter().collect();
        let opened = to
            .open(
                &sealed.header,
                &ad,
                &sealed.ciphertext,
                &LIMITS,
                &mut Draws::of(&told),
            )
            .unwrap();
        assert_eq!(*opened.plaintext, bytes(&message["plaintext"]));
        assert_eq!(*opened.used.secret_bytes(), key(&message["message_key"]));
        let root = key(&message["receiver_root_key_after"]);
        assert_eq!(opened.ratchet.to_bytes()[2..34], root);
        (initiator, responder) = if from_initiator {
            (from, opened.ratchet)
        } else {
            (opened.ratchet, from)
        };
    }
}

#[test]
fn mnemonics_and_compact_keys() {
    let file = file("trust-account");
    let mut held = 0;
    for entry in entries(&file, "mnemonics") {
        let text = entry["mnemonic"].as_str().unwrap();
        let Ok(mnemonic) = Mnemonic::parse(text) else {
            // Another language, a bad checksum, or too few words: ours are stricter than status-go's.
            continue;
        };
        let normalised: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        if normalised.join(" ") != text {
            continue;
        }
        let passphrase = entry["passphrase"].as_str().unwrap_or("");
        let pair = mnemonic.chat_key(passphrase).unwrap();
        assert_eq!(
            pair.secret_bytes().to_vec(),
            bytes(&entry["privateKey"]),
            "{entry}"
        );
        assert_eq!(
            pair.public().to_compact(),
            entry["compressedKey"].as_str().unwrap()
        );
        held += 1;
    }
    assert!(held >= 8, "{held}");
    for entry in entries(&file, "compressedKeys") {
        let public = IdentityKey::from_sec1(&bytes(&entry["publicKey"])).unwrap();
        let text = entry["compressedKey"].as_str().unwrap();
        assert_eq!(public.to_compact(), text);
        assert_eq!(IdentityKey::from_compact(text), Ok(public));
    }
    for entry in entries(&file, "compressedKeysBad") {
        let input = entry["input"].as_str().unwrap();
        let ours = input.starts_with('z') && entry.get("publicKey").is_some();
        assert_eq!(IdentityKey::from_compact(input).is_ok(), ours, "{entry}");
    }
}
