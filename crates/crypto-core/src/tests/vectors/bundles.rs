//! Recorded signatures, bundles and extensions.

use serde_json::Value;

use super::{bytes, entries, file, installation, key, number};
use crate::*;

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
        let mut ids = raw.entries.iter().map(|entry| &entry.installation_id);
        if ids.all(|id| InstallationId::parse(id).is_ok()) {
            let verified = raw.verify().unwrap();
            assert!(verified.skipped().is_empty());
            assert_eq!(verified.entries().len(), raw.entries.len());
        } else {
            // status-go signs ids of any form; with such a one the signed bytes cannot be told
            // apart.
            assert_eq!(raw.verify(), Err(BundleError::Form));
        }
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
    // The other ambiguity is inherent to status-go ids: both parse, which the jump rule has to
    // bear.
    let entry = &entries(&file, "bundle_repartition")[1];
    assert!(split(&bytes(&entry["signed"])).verify().is_ok());
    assert!(split(&bytes(&entry["repartitioned"])).verify().is_ok());
}
