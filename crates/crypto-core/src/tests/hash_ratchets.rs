//! Group keys: chains, messages, and entries of a `RekeyGroup`.

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::Aead as _};

use crate::{
    hash_ratchet::{
        GROUP_KEY_BYTES, HashChain, MAX_MESSAGE_NUMBER, MIN_PAYLOAD_BYTES, REKEY_ENTRY_BYTES,
        deprecated_key_id, open_rekey_entry, rekey_index,
    },
    tests::Draws,
    *,
};
use rand_core::Rng as _;

const KEY: [u8; GROUP_KEY_BYTES] = [7; GROUP_KEY_BYTES];

fn member(seed: u8) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[seed; 32]).unwrap()
}

/// The chain by its definition, each number from the beginning.
fn by_hand(number: u32) -> [u8; 32] {
    (0..number).fold(KEY, |key, _| keccak256(&[&key]))
}

#[test]
fn a_number_has_one_key_in_whatever_order_numbers_are_asked_for() {
    let mut rng = Draws::seeded(1);
    let mut numbers = vec![1, 1023, 1024, 1025, 2047, 2048, 2049, 5000];
    let expected: Vec<_> = numbers.iter().map(|n| (*n, by_hand(*n))).collect();
    for _ in 0..20 {
        let mut chain = HashChain::new(&KEY);
        numbers.sort_by_cached_key(|_| rng.next_u64());
        for number in &numbers {
            let found = chain.message_key(*number).unwrap();
            let (_, key) = expected.iter().find(|(n, _)| n == number).unwrap();
            assert_eq!(found.secret_bytes(), key, "{number} of {numbers:?}");
        }
    }
}

#[test]
fn numbers_beyond_the_chain_have_no_key() {
    let mut chain = HashChain::new(&KEY);
    assert!(chain.message_key(0).is_none());
    assert!(chain.message_key(MAX_MESSAGE_NUMBER + 1).is_none());
    assert!(chain.message_key(u32::MAX).is_none());
    let last = chain.message_key(MAX_MESSAGE_NUMBER).unwrap();
    assert_eq!(*last.secret_bytes(), by_hand(MAX_MESSAGE_NUMBER));
}

#[test]
fn a_message_opens_under_its_number_alone_and_unchanged() {
    let mut chain = HashChain::new(&KEY);
    let key = chain.message_key(5).unwrap();
    let payload = key.seal([3; 12], b"text").unwrap();
    assert_eq!(payload.len(), MIN_PAYLOAD_BYTES + 4);
    assert_eq!(**key.open(&payload).unwrap(), *b"text");
    assert!(chain.message_key(6).unwrap().open(&payload).is_none());
    for index in 0..payload.len() {
        let mut changed = payload.clone();
        changed[index] ^= 0x10;
        assert!(key.open(&changed).is_none(), "{index}");
    }
    for shorter in 0..payload.len() {
        assert!(key.open(&payload[..shorter]).is_none(), "{shorter}");
    }
    assert!(
        key.open(&key.seal([3; 12], b"").unwrap())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_short_id_is_the_low_half_of_the_timestamp() {
    assert_eq!(deprecated_key_id(0x0123_4567_89ab_cdef), 0x89ab_cdef);
}

#[test]
fn a_rekey_entry_opens_for_its_member_alone_and_unchanged() {
    let (setter, member) = (member(1), [member(2), member(3)]);
    let agreed = setter.agree(member[0].public()).unwrap();
    let nonce = [9; 12];
    let sealed = Aes256Gcm::new(agreed.secret_bytes().into())
        .encrypt(&Nonce::from(nonce), KEY.as_slice())
        .unwrap();
    let entry = [nonce.as_slice(), &sealed].concat();
    assert_eq!(entry.len(), REKEY_ENTRY_BYTES);
    let by = |own: &IdentityKeyPair, entry: &[u8]| {
        open_rekey_entry(&own.agree(setter.public()).unwrap(), entry).map(|key| *key)
    };
    assert_eq!(by(&member[0], &entry), Some(KEY));
    assert_eq!(by(&member[1], &entry), None);
    for index in 0..entry.len() {
        let mut changed = entry.clone();
        changed[index] ^= 1;
        assert_eq!(by(&member[0], &changed), None, "{index}");
        assert_eq!(by(&member[0], &entry[..index]), None, "{index}");
    }
    assert_eq!(by(&member[0], &[&entry[..], &[0]].concat()), None);
}

/// A key and its negative have one place.
#[test]
fn the_place_of_an_entry_is_of_the_x_coordinate() {
    let member = *member(2).public();
    let mut negative = member.to_bytes();
    let x = u32::from_le_bytes(negative[1..5].try_into().unwrap());
    negative[0] ^= 1;
    let negative = IdentityKey::from_wire(&negative).unwrap();
    assert_eq!(rekey_index(&member), x);
    assert_eq!(rekey_index(&negative), x);
}
