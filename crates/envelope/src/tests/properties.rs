//! Whatever is sealed opens; whatever was changed does not, or has another signer; noise has an
//! outcome.

use crypto_core::{EphemeralKeyPair, IdentityKeyPair};
use proptest::{collection::vec, option, prelude::*};

use super::Draws;
use crate::*;

fn pairs() -> impl Strategy<Value = IdentityKeyPair> {
    any::<[u8; 32]>().prop_filter_map("a scalar", |bytes| {
        IdentityKeyPair::from_secret_bytes(&bytes).ok()
    })
}

fn keys() -> impl Strategy<Value = SymmetricKey> {
    any::<[u8; 32]>().prop_filter_map("not zero", |bytes| SymmetricKey::from_bytes(&bytes).ok())
}

proptest! {
    #[test]
    fn what_is_sealed_opens_the_same(
        recipient in pairs(),
        key in keys(),
        signer in option::of(pairs()),
        payload in vec(any::<u8>(), 0..700),
        padding in option::of(vec(any::<u8>(), 0..700)),
        seed in any::<u64>(),
    ) {
        let chosen = padding.as_deref().map_or(Padding::Random, Padding::Given);
        let mut rng = Draws::seeded(seed);
        for (to, with) in [
            (SealTo::Recipient(recipient.public()), OpenWith::Recipient(&recipient)),
            (SealTo::Key(&key), OpenWith::Key(&key)),
        ] {
            let sealed = seal(&mut rng, to, signer.as_ref(), &payload, chosen).unwrap();
            let opened = open(with, sealed.as_bytes()).unwrap();
            prop_assert_eq!(&*opened.payload, &payload);
            match &padding {
                Some(padding) => prop_assert_eq!(&*opened.padding, padding),
                None => prop_assert!((1..=256).contains(&opened.padding.len())),
            }
            prop_assert_eq!(opened.signer.as_ref(), signer.as_ref().map(|pair| pair.public()));
        }
    }

    /// Of a plaintext too, which whoever has the key may have written as they like.
    #[test]
    fn noise_has_an_outcome(
        own in pairs(),
        key in keys(),
        noise in vec(any::<u8>(), 0..400),
        tag in any::<bool>(),
    ) {
        let mut noise = noise;
        if let (true, Some(first)) = (tag, noise.first_mut()) {
            *first = 4;
        }
        prop_assert!(open(OpenWith::Key(&key), &noise).is_err());
        prop_assert!(open(OpenWith::Recipient(&own), &noise).is_err());
        let inside = payload::read(&noise);
        let sealed = asymmetric::seal(&mut Draws::seeded(1), own.public(), &noise).unwrap();
        let opened = open(OpenWith::Recipient(&own), &sealed);
        prop_assert_eq!(
            inside.as_ref().map(|inside| (&inside.payload, &inside.padding, inside.signer)).map_err(|reason| *reason),
            opened.as_ref().map(|inside| (&inside.payload, &inside.padding, inside.signer)).map_err(|reason| *reason)
        );
    }

    /// Whoever changes the inside and seals it again gets an error or another signer, never the
    /// signer's word.
    #[test]
    fn a_changed_inside_is_not_the_signers(
        signer in pairs(),
        payload in vec(any::<u8>(), 0..80),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let mut rng = Draws::seeded(1);
        let mut inside = payload::write(&mut rng, Some(&signer), &payload, Padding::Random).unwrap();
        let at = at.index(inside.len());
        inside[at] ^= flip;
        if let Ok(read) = payload::read(&inside) {
            prop_assert_ne!(read.signer.as_ref(), Some(signer.public()));
        }
    }

    #[test]
    fn content_topics_read_what_they_write(topic in any::<[u8; 4]>(), noise in ".{0,40}") {
        let topic = Topic::from_bytes(topic);
        let content = ContentTopic::from(topic);
        prop_assert_eq!(ContentTopic::parse(&content.to_string()).unwrap().topic(), topic);
        if let Ok(read) = ContentTopic::parse(&noise) {
            prop_assert_eq!(read.to_string(), noise.to_lowercase());
        }
    }
}

/// Every bit of an envelope, one after the other. R is not under the MAC, but no single bit of it
/// leaves it on the curve.
#[test]
fn no_bit_can_be_changed() {
    let (alice, bob) = (super::party(1), super::party(2));
    let key = SymmetricKey::from_bytes(&[7; 32]).unwrap();
    let mut rng = Draws::seeded(1);
    for (to, with) in [
        (SealTo::Recipient(bob.public()), OpenWith::Recipient(&bob)),
        (SealTo::Key(&key), OpenWith::Key(&key)),
    ] {
        let sealed = seal(&mut rng, to, Some(&alice), b"hello", Padding::Given(b"p")).unwrap();
        let mut envelope = sealed.into_bytes();
        for bit in 0..envelope.len() * 8 {
            envelope[bit / 8] ^= 1 << (bit % 8);
            let reason = open(with, &envelope).err();
            let beyond_r = with.kind() == Kind::Symmetric || bit >= 65 * 8;
            let expected = if beyond_r {
                Unopened::AuthenticationFailed
            } else {
                Unopened::Malformed
            };
            assert_eq!(reason, Some(expected), "bit {bit}");
            envelope[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(open(with, &envelope).is_ok());
    }
}

/// The negative of R opens too: two envelopes, one inside.
#[test]
fn the_negated_ephemeral_key_opens() {
    let bob = super::party(2);
    let ephemeral = EphemeralKeyPair::from_secret_bytes(&[4; 32]).unwrap();
    let told = [vec![4; 32], vec![5; 16]];
    let mut draws = Draws::of(told);
    let to = SealTo::Recipient(bob.public());
    let sealed = seal(&mut draws, to, None, b"hello", Padding::Given(&[])).unwrap();
    let mut negative = ephemeral.public().to_bytes();
    negative[0] ^= 1;
    let negative = crypto_core::IdentityKey::from_wire(&negative).unwrap();
    let mut envelope = sealed.into_bytes();
    assert_eq!(envelope[..65], ephemeral.public_uncompressed().unwrap());
    envelope[..65].copy_from_slice(&negative.to_uncompressed().unwrap());
    let opened = open(OpenWith::Recipient(&bob), &envelope).unwrap();
    assert_eq!(*opened.payload, b"hello");
}
