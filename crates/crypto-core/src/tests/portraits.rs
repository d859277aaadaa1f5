//! How identities look.

use proptest::prelude::*;

use super::Draws;
use crate::*;

fn key(seed: u64) -> IdentityKey {
    *IdentityKeyPair::generate(&mut Draws::seeded(seed)).public()
}

proptest! {
    #[test]
    fn every_portrait_is_within_its_bounds(seed in any::<u64>()) {
        let portrait = Portrait::of(&key(seed)).unwrap();
        let ring = portrait.colour_hash();
        prop_assert!((1..=11).contains(&ring.len()));
        for stretch in ring {
            prop_assert!((1..=MAX_STRETCH_UNITS).contains(&stretch.length));
            prop_assert!(stretch.colour < RING_COLOURS);
        }
        prop_assert!(ring.windows(2).all(|two| two[0].colour != two[1].colour));
        prop_assert!(portrait.colour_id() < COLOUR_IDS);
        let identicon = portrait.identicon();
        for row in identicon.cells() {
            prop_assert_eq!((row[0], row[1]), (row[4], row[3]));
        }
        // Of a hue at saturation 1/2 and lightness 7/10, one channel is at its most and one at its
        // least.
        prop_assert_eq!(identicon.rgb().into_iter().min(), Some(0x8c));
        prop_assert_eq!(identicon.rgb().into_iter().max(), Some(0xd9));
    }
}

/// A key and its negative differ in one byte, and have one ring: the identicon and the colour tell
/// them apart.
#[test]
fn a_negative_has_the_same_ring_and_another_picture() {
    let one = key(1);
    let mut negative = one.to_bytes();
    negative[0] ^= 1;
    let negative = IdentityKey::from_wire(&negative).unwrap();
    let (one, negative) = (
        Portrait::of(&one).unwrap(),
        Portrait::of(&negative).unwrap(),
    );
    assert_eq!(one.colour_hash(), negative.colour_hash());
    assert_ne!(one.identicon(), negative.identicon());
}

#[test]
fn the_drawing_has_a_square_for_every_cell_that_is_set() {
    for seed in 0..50 {
        let identicon = *Portrait::of(&key(seed)).unwrap().identicon();
        let svg = identicon.svg();
        let [red, green, blue] = identicon.rgb();
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "));
        assert!(svg.contains(" viewBox=\"0 0 50 50\""));
        assert!(svg.contains(&format!("fill=\"#{red:02x}{green:02x}{blue:02x}\"")));
        for (at, set) in identicon.bitmap().bytes().enumerate() {
            let (x, y) = (10 + at % 5 * 6, 10 + at / 5 * 6);
            let square = format!("M{x} {y}h6v6h-6z");
            assert_eq!(svg.contains(&square), set == b'1', "{at}: {svg}");
        }
        assert_eq!(
            svg.matches('M').count(),
            identicon.bitmap().matches('1').count()
        );
    }
}

#[test]
fn a_key_that_is_no_point_has_no_portrait() {
    assert!(Portrait::of(&IdentityKey::from_stored([0xff; 33])).is_err());
}
