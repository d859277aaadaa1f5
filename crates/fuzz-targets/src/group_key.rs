//! Headers of group keys, and keys in them.

use engine::{
    Config, ReceiveRequest,
    model::{GroupId, GroupKeyState, Outcome},
    wire::WireMessage,
};

use crate::{Seed, device::Device};

/// The group of the reader. Its second identity may set the keys.
const GROUP: &[u8] = b"a channel";
const SETTER: u8 = 1;
const OTHER: u8 = 3;
/// Most keys that one message brings.
const MAX_KEYS: usize = 32;

/// An input is the header of an entry (an encoded `HRHeader`) and its payload: flags, two bytes
/// with the length of the header, the header, the payload.
///
/// Only a setter's keys, in a sealed envelope, are taken; what is not read and brings no key writes
/// nothing.
pub fn group_key(input: &[u8]) {
    let Some(([flags, low, high], rest)) = input.split_first_chunk::<3>() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let (header, payload) = rest.split_at(length.min(rest.len()));
    let (sealed, by_setter) = (flags & 1 != 0, flags & 2 != 0);
    let mut reader = Device::new(2, "x1-reader", Config::default());
    let setter = Device::new(SETTER, "x1-setter", Config::default()).key;
    let other = Device::new(OTHER, "x1-other", Config::default()).key;
    let group = GroupId::new(GROUP).expect("an id");
    reader
        .call(|engine, store, _| engine.trust_group_setters(store, &group, &[setter]))
        .expect("trusted");
    let sender = if by_setter { setter } else { other };
    let wire = message(header, payload);
    let Ok(message) = WireMessage::decode(&wire) else {
        return;
    };
    let before = reader.store.contents();
    let receive = |reader: &mut Device| {
        let request = ReceiveRequest {
            sender,
            message: Ok(message.clone()),
            confirm: false,
            sealed,
        };
        let received = reader.call(|engine, store, env| engine.receive(store, env, request));
        received.expect("a store in memory")
    };
    let received = receive(&mut reader);
    let accepted = received
        .group_keys
        .iter()
        .filter(|key| key.state == GroupKeyState::Accepted)
        .count();
    assert!(received.group_keys.len() <= MAX_KEYS);
    assert!(accepted == 0 || (sealed && by_setter), "whose key is this?");
    let read = matches!(received.outcome, Outcome::Decrypted(_));
    if accepted == 0 && !read {
        assert_eq!(reader.store.contents(), before, "something was written");
    }
    let again = receive(&mut reader);
    let news = again.group_keys.iter();
    let mut news = news.filter(|key| key.state == GroupKeyState::Accepted);
    assert!(news.next().is_none(), "a key was taken twice");
}

/// A message with one entry for everybody.
fn message(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut parts = Vec::new();
    append(&mut parts, &[0x1a], payload);
    append(&mut parts, &[0xb2, 0x06], header);
    let mut entry = Vec::new();
    append(&mut entry, &[0x0a], b"none");
    append(&mut entry, &[0x12], &parts);
    let mut message = Vec::new();
    append(&mut message, &[0x12], b"x1-other");
    append(&mut message, &[0xaa, 0x06], &entry);
    message
}

/// Appends a protobuf field of bytes.
fn append(to: &mut Vec<u8>, tag: &[u8], bytes: &[u8]) {
    to.extend_from_slice(tag);
    let mut length = bytes.len();
    while length >= 0x80 {
        to.push((length % 0x80) as u8 | 0x80);
        length /= 0x80;
    }
    to.push(length as u8);
    to.extend_from_slice(bytes);
}

/// A key in a header by everybody, sealed or not; one in the payload; a message under a key that is
/// not there.
#[must_use]
pub fn group_key_seeds() -> Vec<Seed> {
    let mut key = Vec::new();
    append(&mut key, &[0x12], &[7; 32]);
    key.extend([0x18, 5]);
    let mut keys = Vec::new();
    append(&mut keys, &[0x0a], &key);
    append(&mut keys, &[0x82, 0x01], GROUP);
    let header = |number: u8, key: &[u8], keys: &[u8]| {
        let mut header = vec![0x10, number];
        append(&mut header, &[0x1a], GROUP);
        append(&mut header, &[0x22], key);
        append(&mut header, &[0x2a], keys);
        header
    };
    let input = |flags: u8, header: &[u8], payload: &[u8]| {
        let length = u16::try_from(header.len()).unwrap_or(u16::MAX);
        [&[flags], length.to_le_bytes().as_slice(), header, payload].concat()
    };
    let mut seeds = Vec::new();
    for flags in 0..4 {
        let bare = input(flags, &header(0, &[], &keys), &[]);
        seeds.push((format!("in-header-{flags}"), bare));
    }
    seeds.push((
        "in-payload".to_owned(),
        input(3, &header(0, &[], &[]), &keys),
    ));
    let with_text = input(3, &header(0, &[], &keys), b"a text");
    seeds.push(("beside-a-text".to_owned(), with_text));
    let message = input(1, &header(1, &[9; 32], &[]), &[1; 40]);
    seeds.push(("message".to_owned(), message));
    seeds
}
