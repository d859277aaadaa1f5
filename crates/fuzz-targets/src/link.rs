//! The codes by which a device is linked, and what is sealed in the second one.

use std::sync::Arc;

use crypto_core::{
    link::{FirstCode, LinkDigits, NewDevice, SecondCode},
    typed::one_word,
};
use engine::{
    Config,
    model::{ContactState, LinkContents, LinkedContact, MAX_LINK_BYTES, UnixMillis},
    wire::{
        decode_first_code, decode_link_contents, decode_second_code, encode_first_code,
        encode_link_contents, encode_second_code,
    },
    world::SplitMix64,
};
use rpc::params::{FirstCodeText, Form as _, SecondCodeText};
use serde_json::Value;

use crate::{Seed, device::Device};

/// Reads an input as either code or as the contents of the second one, or damages a good one. The
/// first byte chooses.
///
/// What is read is written in one way, and as it stood there. What was sealed opens the same, and
/// not at all once a bit has changed. Contents begin an account that has enabled their giver, or
/// change nothing.
pub fn link(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    match choice % 5 {
        0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                codes(text);
            }
        }
        1 => {
            if let Ok(code) = FirstCode::from_bytes(rest) {
                assert_eq!(code.to_bytes().as_slice(), rest);
                assert!(code.installation().promises_ratchet_prekey());
            }
        }
        2 => {
            if let Ok(code) = SecondCode::from_bytes(rest) {
                assert_eq!(code.to_bytes(), rest);
            }
        }
        3 => contents(rest),
        _ => damaged(rest),
    }
}

fn codes(text: &str) {
    let first = decode_first_code(text);
    if let Ok(code) = &first {
        assert_eq!(encode_first_code(code), *one_word(text));
    }
    let second = decode_second_code(text);
    if let Ok(code) = &second {
        assert_eq!(encode_second_code(code), *one_word(text));
        assert!(first.is_err(), "one text is both codes");
    }
    match FirstCodeText::read(Value::from(text)) {
        Ok(parameter) => assert_eq!(Ok(parameter.0), first),
        Err(error) => assert!(first.is_err() && !error.hint.is_empty()),
    }
    match SecondCodeText::read(Value::from(text)) {
        Ok(parameter) => assert_eq!(Ok(parameter.0), second),
        Err(error) => assert!(second.is_err() && !error.hint.is_empty()),
    }
}

/// What somebody seals who knows the challenge.
fn contents(bytes: &[u8]) {
    let Some(read) = decode_link_contents(bytes) else {
        return;
    };
    let again = encode_link_contents(&read, bytes.len()).expect("it had room before");
    assert_eq!(again.contents.as_slice(), bytes, "read in two ways");
    assert_eq!(again.contacts, read.contacts.len());
    let mut device = Device::new(1, "x1-new", Config::default());
    let me = device.key;
    // An account has the identity that was given, and this one has its own.
    if *read.identity.public() != me {
        return;
    }
    let taken = device.call(|engine, store, env| engine.take_link(store, env, &read, None));
    let devices = device.store_devices(&me);
    if taken.is_ok() {
        assert!(devices.contains(&(read.giver.clone(), true)));
    } else {
        assert!(devices.is_empty(), "what is refused changes nothing");
    }
}

/// The first bytes seal something; of the rest each three change one bit.
fn damaged(input: &[u8]) {
    let Some((seed, damage)) = input.split_first_chunk::<8>() else {
        return;
    };
    let mut rng = SplitMix64(u64::from_le_bytes(*seed));
    let device = NewDevice::generate(&mut rng);
    let challenge = LinkDigits::draw(&mut rng);
    let sealed = device.code().seal(&challenge, seed, &mut rng);
    let code = sealed.expect("a fresh key").to_bytes();
    let mut changed = code.clone();
    for change in damage.chunks_exact(3) {
        let [high, low, bit] = change else { continue };
        let place = usize::from(u16::from_be_bytes([*high, *low])) % changed.len();
        if let Some(byte) = changed.get_mut(place) {
            *byte ^= 1 << (bit % 8);
        }
    }
    let opened = SecondCode::from_bytes(&changed).and_then(|code| device.open(&challenge, &code));
    match opened {
        Ok(opened) => {
            assert_eq!(changed, code, "a changed code was opened");
            assert_eq!(opened.as_slice(), seed);
        }
        Err(error) => assert_ne!(changed, code, "a good code was refused: {error}"),
    }
}

/// One of each, and some that are damaged.
#[must_use]
pub fn link_seeds() -> Vec<Seed> {
    let chosen = |choice: u8, rest: &[u8]| [&[choice], rest].concat();
    let mut rng = SplitMix64(7);
    let device = NewDevice::generate(&mut rng);
    let challenge = LinkDigits::draw(&mut rng);
    let second = device.code().seal(&challenge, &[7; 64], &mut rng);
    let second = second.expect("a fresh key");
    let mut seeds = vec![
        (
            "first code".to_owned(),
            chosen(1, &device.code().to_bytes()),
        ),
        ("second code".to_owned(), chosen(2, &second.to_bytes())),
    ];
    for (name, text) in [
        ("first code as text", encode_first_code(device.code())),
        ("second code as text", encode_second_code(&second)),
        ("prefix alone", "ratchetd-link-1:".to_owned()),
        ("another version", "ratchetd-link-2:Ag".to_owned()),
    ] {
        seeds.push((name.to_owned(), chosen(0, text.as_bytes())));
    }
    let mut old = Device::new(1, "x1-old", Config::default());
    let bundle = old.call(|engine, store, env| engine.bundle(store, env));
    let bundle = bundle.expect("a bundle").wire;
    let other = Device::new(2, "x1-other", Config::default());
    for (name, giver, identity) in [
        ("contents", &old, 1),
        ("contents of a device that is not listed", &other, 1),
        ("contents of another identity", &old, 2),
    ] {
        let contact = LinkedContact {
            identity: other.key,
            state: ContactState::RequestSent,
            verified: true,
            asked: false,
            at: Some(UnixMillis(1)),
            name: "Ö".to_owned(),
        };
        let link = LinkContents {
            identity: Arc::new(Device::new(identity, "x1-any", Config::default()).identity()),
            giver: giver.id.clone(),
            bundle: bundle.clone(),
            contacts: vec![contact],
            left_out: 3,
        };
        let given = encode_link_contents(&link, MAX_LINK_BYTES).expect("room");
        seeds.push((name.to_owned(), chosen(3, &given.contents)));
    }
    for (name, change) in [
        ("nothing", &[][..]),
        ("version", &[0, 0, 1]),
        ("key", &[0, 5, 1]),
        ("commitment", &[0, 40, 1]),
        ("contents", &[0, 66, 1]),
        ("tag", &[0, 80, 1]),
    ] {
        seeds.push((
            format!("damaged {name}"),
            chosen(4, &[&[1; 8], change].concat()),
        ));
    }
    seeds
}
