//! Linking a device (protocol §12).

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::Aead as _};
use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

use super::Draws;
use crate::{
    keccak256,
    link::{FIRST_CODE_BYTES, FirstCode, LinkCodeError, LinkDigits, NewDevice, SecondCode},
};

fn digits(text: &str) -> LinkDigits {
    LinkDigits::parse(text).unwrap()
}

#[test]
fn what_is_sealed_opens_for_the_device_and_the_challenge_and_for_no_other() {
    let mut rng = Draws::seeded(1);
    let device = NewDevice::generate(&mut rng);
    let challenge = LinkDigits::draw(&mut rng);
    let code = device
        .code()
        .seal(&challenge, b"contents", &mut rng)
        .unwrap();
    assert_eq!(
        device.open(&challenge, &code).unwrap().as_slice(),
        b"contents"
    );

    let refused = Err(LinkCodeError::Authentication);
    let open = |device: &NewDevice, challenge: &LinkDigits, code: &SecondCode| {
        device.open(challenge, code).map(|_| ())
    };
    let other = NewDevice::generate(&mut rng);
    assert_eq!(open(&other, &challenge, &code), refused);
    for other in 0..1000 {
        let other = digits(&format!("{other:06}"));
        assert!(other.is(&challenge) || open(&device, &other, &code) == refused);
    }
    // Sealed to the same key under another id, or by who did not see the challenge.
    let mut bytes = device.code().to_bytes();
    bytes[FIRST_CODE_BYTES - 1] ^= 1;
    let twin = FirstCode::from_bytes(&bytes).unwrap();
    let code = twin.seal(&challenge, b"contents", &mut rng).unwrap();
    assert_eq!(open(&device, &challenge, &code), refused);
}

#[test]
fn every_bit_of_the_second_code_counts() {
    let mut rng = Draws::seeded(2);
    let device = NewDevice::generate(&mut rng);
    let challenge = LinkDigits::draw(&mut rng);
    let code = device.code().seal(&challenge, b"c", &mut rng).unwrap();
    let bytes = code.to_bytes();
    assert_eq!(SecondCode::from_bytes(&bytes), Ok(code));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let opened = SecondCode::from_bytes(&changed)
                .and_then(|code| device.open(&challenge, &code).map(|_| ()));
            assert!(opened.is_err(), "bit {bit} of byte {at}");
        }
    }
    for length in 0..82 {
        let cut = SecondCode::from_bytes(&bytes[..length.min(80)]);
        assert_eq!(cut, Err(LinkCodeError::Malformed), "{length}");
    }
}

/// A commitment that was copied beside another ciphertext helps nobody, and neither does another
/// commitment beside the right one: else one code could be tried with many challenges.
#[test]
fn a_code_is_of_one_challenge() {
    let mut rng = Draws::seeded(3);
    let device = NewDevice::generate(&mut rng);
    let (one, two) = (digits("000001"), digits("000002"));
    let code = device.code().seal(&one, b"c", &mut rng).unwrap();
    assert!(device.open(&one, &code).is_ok());
    assert!(device.open(&two, &code).is_err());
    let mut bytes = code.to_bytes();
    bytes[33] ^= 1;
    let uncommitted = SecondCode::from_bytes(&bytes).unwrap();
    assert!(device.open(&one, &uncommitted).is_err());
}

#[test]
fn the_bytes_are_those_of_the_document() {
    let (secret, ephemeral) = ([7; 32], [9; 32]);
    let mut rng = Draws::of(&[secret, [0xff; 32], ephemeral]);
    let device = NewDevice::generate(&mut rng);
    let public = |secret: [u8; 32]| PublicKey::from(&StaticSecret::from(secret));
    let mut id = [0xff; 16];
    (id[6], id[8]) = (0x4f, 0xbf);
    let first = [&[2], public(secret).as_bytes().as_slice(), &id].concat();
    assert_eq!(device.code().to_bytes().as_slice(), first);
    assert_eq!(
        device.code().installation().as_str(),
        "x1-k1-ffffffff-ffff-4fff-bfff-ffffffffffff"
    );

    let challenge = digits("012345");
    let digest = keccak256(&[b"ratchetd/link-response/1", &first, b"012345"]);
    let number = u128::from_be_bytes(digest[..16].try_into().unwrap()) % 1_000_000;
    assert_eq!(
        device.code().response(&challenge).text(),
        format!("{number:06}")
    );

    let code = device
        .code()
        .seal(&challenge, b"contents", &mut rng)
        .unwrap();
    let shared = StaticSecret::from(ephemeral).diffie_hellman(&public(secret));
    let info = [
        b"ratchetd/link/1",
        first.as_slice(),
        public(ephemeral).as_bytes(),
        b"012345",
    ]
    .concat();
    let mut okm = [0; 96];
    Hkdf::<Sha256>::new(Some(&[0; 32]), shared.as_bytes())
        .expand(&info, &mut okm)
        .unwrap();
    let nonce: [u8; 12] = okm[64..76].try_into().unwrap();
    let sealed = Aes256Gcm::new_from_slice(&okm[32..64])
        .unwrap()
        .encrypt(&Nonce::from(nonce), b"contents".as_slice())
        .unwrap();
    let second = [
        &[2],
        public(ephemeral).as_bytes().as_slice(),
        &okm[..32],
        &sealed,
    ]
    .concat();
    assert_eq!(code.to_bytes(), second);
}

#[test]
fn a_first_code_is_read_in_one_way_and_has_a_key() {
    let mut rng = Draws::seeded(4);
    let good = NewDevice::generate(&mut rng).code().to_bytes();
    assert_eq!(FirstCode::from_bytes(&good).unwrap().to_bytes(), good);
    let with = |at: usize, byte: u8| {
        let mut bytes = good;
        bytes[at] = byte;
        FirstCode::from_bytes(&bytes)
    };
    assert_eq!(with(0, 1), Err(LinkCodeError::Version));
    let malformed = Err(LinkCodeError::Malformed);
    assert_eq!(with(32, good[32] | 0x80), malformed);
    assert_eq!(with(33 + 6, 0x10), malformed);
    assert_eq!(with(33 + 8, 0x00), malformed);
    let low_order = [&[2], [0; 32].as_slice(), &good[33..]].concat();
    assert_eq!(FirstCode::from_bytes(&low_order), malformed);
    for length in 0..good.len() {
        assert_eq!(FirstCode::from_bytes(&good[..length]), malformed);
    }
    assert_eq!(
        FirstCode::from_bytes(&[good.as_slice(), &[0]].concat()),
        malformed
    );
}

#[test]
fn responses_follow_from_every_bit_of_the_code_and_from_the_challenge() {
    let mut rng = Draws::seeded(5);
    let code = *NewDevice::generate(&mut rng).code();
    let response = code.response(&digits("000000"));
    let mut same = 0;
    for challenge in 1..1000 {
        same += usize::from(
            code.response(&digits(&format!("{challenge:06}")))
                .is(&response),
        );
    }
    for at in (8 * 33)..(8 * FIRST_CODE_BYTES) {
        let mut bytes = code.to_bytes();
        bytes[at / 8] ^= 1 << (at % 8);
        if let Ok(other) = FirstCode::from_bytes(&bytes) {
            same += usize::from(other.response(&digits("000000")).is(&response));
        }
    }
    assert_eq!(same, 0);
}

#[test]
fn digits_are_six_and_any_of_a_million() {
    for bad in [
        "",
        "12345",
        "1234567",
        "+12345",
        "12345 ",
        "12345a",
        "١٢٣٤٥٦",
    ] {
        assert!(LinkDigits::parse(bad).is_none(), "{bad}");
    }
    assert_eq!(digits("000042").text(), "000042");
    // A draw above the largest multiple of a million is thrown away.
    let mut first = [0xff; 32];
    let mut second = [0; 32];
    second[..4].copy_from_slice(&4_293_999_999_u32.to_be_bytes());
    assert_eq!(
        LinkDigits::draw(&mut Draws::of(&[first, second])).text(),
        "999999"
    );
    first[..4].copy_from_slice(&4_294_000_000_u32.to_be_bytes());
    assert_eq!(
        LinkDigits::draw(&mut Draws::of(&[first, second])).text(),
        "999999"
    );
}
