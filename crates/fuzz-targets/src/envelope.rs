//! Envelopes, what is in them, and content topics.

use crypto_core::IdentityKeyPair;
use engine::world::SplitMix64;
use envelope::{
    ContentTopic, Kind, OpenWith, Padding, SealTo, SymmetricKey, Topic, Unopened, open, payload,
    seal,
};

use crate::Seed;

/// Bit 2 of the flags.
const SIGNED: u8 = 4;

/// Any bytes are opened, any plaintext is read, any text is read as a content topic, and a good
/// envelope is damaged.
///
/// The first byte chooses. Noise is not opened; what is read from a plaintext stood there; what was
/// sealed opens the same, and not at all once a bit of it has changed.
pub fn envelope(input: &[u8]) {
    match input.split_first() {
        Some((choice, rest)) if choice % 4 == 0 => noise(rest),
        Some((choice, rest)) if choice % 4 == 1 => plaintext(rest),
        Some((choice, rest)) if choice % 4 == 2 => content_topic(rest),
        Some((_, rest)) => damaged(rest),
        None => {}
    }
}

fn recipient() -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[2; 32]).expect("a scalar")
}

fn key() -> SymmetricKey {
    SymmetricKey::from_bytes(&[7; 32]).expect("a key")
}

fn noise(input: &[u8]) {
    let (recipient, key) = (recipient(), key());
    for (with, least) in [
        (
            OpenWith::Recipient(&recipient),
            envelope::MIN_ASYMMETRIC_BYTES,
        ),
        (OpenWith::Key(&key), envelope::MIN_SYMMETRIC_BYTES),
    ] {
        // The recorded envelopes among the seeds are under other keys.
        let reason = open(with, input).expect_err("noise is no envelope");
        assert_ne!(reason, Unopened::BadSignature);
        if input.len() < least {
            assert_eq!(reason, Unopened::Malformed);
        } else if with.kind() == Kind::Symmetric {
            assert_eq!(reason, Unopened::AuthenticationFailed);
        }
    }
}

fn plaintext(input: &[u8]) {
    let read = match payload::read(input) {
        Ok(read) => read,
        Err(reason) => {
            assert_ne!(reason, Unopened::AuthenticationFailed);
            return;
        }
    };
    let flags = input.first().copied().expect("nothing is no plaintext");
    assert_eq!(read.signer.is_some(), flags & SIGNED != 0);
    let width = usize::from(flags % 4);
    let signature = if read.signer.is_some() { 65 } else { 0 };
    let body = input
        .get(1 + width..input.len() - signature)
        .expect("it was read");
    assert_eq!(body, [read.payload.as_slice(), &read.padding].concat());
    // Written again by somebody, it says the same, and who.
    let author = IdentityKeyPair::from_secret_bytes(&[1; 32]).expect("a scalar");
    let written = payload::write(
        &mut SplitMix64(1),
        Some(&author),
        &read.payload,
        Padding::Given(&read.padding),
    );
    let again = payload::read(&written.expect("it fitted before")).expect("it was written");
    assert_eq!(*again.payload, *read.payload);
    assert_eq!(*again.padding, *read.padding);
    assert_eq!(again.signer.as_ref(), Some(author.public()));
}

fn content_topic(input: &[u8]) {
    if let Some(topic) = input.first_chunk::<4>() {
        let written = ContentTopic::from(Topic::from_bytes(*topic)).to_string();
        let read = ContentTopic::parse(&written).expect("it was written");
        assert_eq!(read.topic().to_bytes(), *topic);
    }
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(read) = ContentTopic::parse(text)
    {
        assert_eq!(read.to_string(), text.to_ascii_lowercase());
    }
}

/// A seed, the shape, where and which bits to change, and then the payload with its padding.
fn damaged(input: &[u8]) {
    let Some((seed, [shape, split, low, high, flip, rest @ ..])) = input.split_first_chunk::<8>()
    else {
        return;
    };
    let mut rng = SplitMix64(u64::from_le_bytes(*seed));
    let author = IdentityKeyPair::generate(&mut rng);
    let (recipient, key) = (recipient(), key());
    let (to, with) = if shape & 1 == 0 {
        let to = SealTo::Recipient(recipient.public());
        (to, OpenWith::Recipient(&recipient))
    } else {
        (SealTo::Key(&key), OpenWith::Key(&key))
    };
    let signer = (shape & 2 != 0).then_some(&author);
    let (payload, padding) = rest.split_at(rest.len().min((*split).into()));
    let padding = if shape & 4 == 0 {
        Padding::Random
    } else {
        Padding::Given(padding)
    };
    let sealed = seal(&mut rng, to, signer, payload, padding).expect("within the limits");
    let mut bytes = sealed.into_bytes();
    if *flip == 0 {
        let opened = open(with, &bytes).expect("it was sealed");
        assert_eq!(*opened.payload, payload);
        let signed_by = signer.map(|pair| pair.public());
        assert_eq!(opened.signer.as_ref(), signed_by);
    } else {
        let at = usize::from(u16::from_le_bytes([*low, *high])) % bytes.len();
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= flip;
        }
        let reason = open(with, &bytes).expect_err("it was changed");
        let in_the_key = with.kind() == Kind::Asymmetric && at < 65;
        let expected = if in_the_key {
            Unopened::Malformed
        } else {
            Unopened::AuthenticationFailed
        };
        // A changed key that is a point all the same gives other keys.
        assert!(reason == expected || in_the_key, "{reason} at {at}");
    }
}

/// What was sealed, in every shape, whole and damaged in one place: for the corpus.
#[must_use]
pub fn envelope_seeds() -> Vec<Seed> {
    let damage = [(0_u16, 1), (64, 1), (70, 0x80), (300, 4)];
    let mut seeds = Vec::new();
    for (shape, (at, flip)) in (0..8).zip(damage.into_iter().cycle()) {
        let to = if shape & 1 == 0 { "recipient" } else { "key" };
        let signed = if shape & 2 == 0 { "" } else { " signed" };
        let padding = if shape & 4 == 0 { "random" } else { "given" };
        let mut push = |state: &str, at: u16, flip| {
            let [low, high] = at.to_le_bytes();
            let head = [3, shape, 0, 0, 0, 0, 0, 0, 0, shape, 5, low, high, flip];
            let input = [head.as_slice(), b"hello and its padding"].concat();
            seeds.push((
                format!("sealed to {to}{signed} {padding} padding {state}"),
                input,
            ));
        };
        push("whole", 0, 0);
        push("damaged", at, flip);
    }
    seeds
}
