//! The `Debug` output of types that hold secrets shows none of them.

use std::sync::Arc;

use crypto_core::Wiped;
use zeroize::Zeroizing;

use super::*;
use crate::{
    GroupSendRequest, MembersSendRequest,
    model::{ChatKey, Correspondent, Gap, GroupId, GroupKey, NegotiatedTopic, OwnKemPreKey},
    sealing::{Opener, SignedMessage},
    store::contract,
    wire::{WireGroupHeader, WireGroupKeys, encode_group_keys},
    world::StatusGoDevice,
};

const SECRET: u8 = 0xa5;

/// Looks for the secrets as text, and as bytes in hex and decimal.
fn shows_nothing<T: std::fmt::Debug>(value: &T) {
    let shown = format!("{value:?} {value:#?}").to_lowercase();
    for trace in [
        "swordfish",
        "73776f7264",
        "115, 119",
        "a5a5a5",
        "a5, a5",
        "165, 165",
    ] {
        assert!(!shown.contains(trace), "{shown}");
    }
}

fn text() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(b"swordfish".to_vec())
}

#[test]
fn debug_output_shows_no_plaintext() {
    let bob = TestDevice::new(2, "bob");
    shows_nothing::<SendRequest>(&SendRequest {
        recipients: vec![bob.key],
        payload: text(),
        request_id: Some("swordfish".to_owned()),
        seal: None,
    });
    shows_nothing::<GroupSendRequest>(&GroupSendRequest {
        group: GroupId::new(b"a group").unwrap(),
        payload: text(),
        request_id: Some("swordfish".to_owned()),
        seal: true,
    });
    shows_nothing::<MembersSendRequest>(&MembersSendRequest {
        group: GroupId::new(b"swordfish").unwrap(),
        joined_only: false,
        payload: text(),
        request_id: Some("swordfish".to_owned()),
        seal: None,
    });
    shows_nothing::<Outcome>(&Outcome::Decrypted(Wiped::new(text().to_vec())));
    shows_nothing::<Outcome>(&Outcome::Public(text().to_vec()));
}

#[test]
fn debug_output_shows_no_keys() {
    let mut device = TestDevice::new(SECRET, "a");
    let signed = SignedPreKeyPair::from_secret_bytes(&[SECRET; 32]).unwrap();
    let public = *signed.public();
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[SECRET; 32]);
    device.import(signed, Some(ratchet), 7);
    shows_nothing::<Engine>(&device.engine);
    shows_nothing::<MemoryStore>(&device.store);
    shows_nothing::<StatusGoDevice>(&StatusGoDevice::new(&[SECRET; 32], 7));
    let of = (crypto_core::SessionId::from_bytes([7; 32]), device.key);
    let chain = crypto_core::HeaderKey::X25519([7; 32]);
    shows_nothing::<Gap>(&contract::gap(of, chain, 9, &[SECRET]));
    let group = GroupId::new(b"group").unwrap();
    shows_nothing::<GroupKey>(&GroupKey {
        key: Wiped::new([SECRET; 32]),
        ..contract::group_key(&group, 7, 8, None)
    });
    let kept = device.store.own_prekey(&public).unwrap();
    shows_nothing(&kept.expect("the prekey"));
    shows_nothing::<OwnKemPreKey>(&OwnKemPreKey {
        seed: Wiped::new([SECRET; 64]),
        id: crypto_core::KemId::from_bytes([7; 32]),
        version: 7,
    });
    let keys = encode_group_keys(b"a group", 7, &[SECRET; 32]);
    shows_nothing::<WireGroupKeys>(&WireGroupKeys::decode(&keys).expect("the key"));
    shows_nothing::<WireGroupHeader>(&WireGroupHeader {
        keys: keys.to_vec(),
        ..WireGroupHeader::default()
    });
}

#[test]
fn debug_output_shows_no_shared_secret() {
    let device = TestDevice::new(SECRET, "a");
    let other = *TestDevice::new(2, "b").engine.account.identity.public();
    let shared = NegotiatedTopic::derive(&device.engine.account.identity, &other).unwrap();
    let digits = format!("{:?}", shared.key.secret_bytes());
    assert!(!format!("{shared:?}").contains(&digits[1..20]));
    let bytes: Vec<u8> = [&[1, 2, 3, 4][..], &[SECRET; 32]].concat();
    let kept = Arc::new(NegotiatedTopic::from_bytes(&bytes).unwrap());
    shows_nothing::<NegotiatedTopic>(&kept);
    shows_nothing::<Correspondent>(&Correspondent {
        identity: other,
        shared: Some(kept),
    });
    shows_nothing::<Opener>(&device.engine.opener());
    shows_nothing::<ChatKey>(&ChatKey::of("swordfish"));
    shows_nothing::<SignedMessage>(&SignedMessage {
        sender: other,
        wire: text(),
    });
}
