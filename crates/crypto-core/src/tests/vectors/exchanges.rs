//! Recorded ratchet exchanges.

use serde_json::Value;

use super::{super::Draws, bytes, entries, file, key, number};
use crate::{
    keys::Pair,
    ratchet::chain::{ChainKey, RootKey},
    *,
};

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
        SessionRatchet::initiate(&shared(), &verified, RatchetCurve::X25519, &mut draws).unwrap();
    let own = OwnPreKeys {
        signed: &signed,
        ratchet: Some(&prekey),
    };
    let mut responder = SessionRatchet::respond(&shared(), own, RatchetCurve::X25519).unwrap();
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
        assert_eq!(opened.ratchet.dh_bytes()[3..35], root);
        (initiator, responder) = if from_initiator {
            (from, opened.ratchet)
        } else {
            (opened.ratchet, from)
        };
    }
}
