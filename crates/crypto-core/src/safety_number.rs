//! Safety numbers, which two people compare to verify each other's keys.

use std::fmt;

use crate::{hash::keccak256, keys::IdentityKey};

/// Separates this digest from every other use of a key.
const DOMAIN: &[u8] = b"ratchetd/safety-number/1";
/// Decimal digits of one half: 99 bits, so that nobody finds a key with the same half.
const HALF_DIGITS: usize = 30;
/// 10 to the power of [`HALF_DIGITS`].
const HALF_MODULUS: u128 = 1_000_000_000_000_000_000_000_000_000_000;

/// Sixty decimal digits that name two identities, the same at both ends. For each identity, a half
/// is the first 16 bytes of Keccak-256(domain ‖ compressed key), big-endian, modulo 10^30; the
/// smaller half comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SafetyNumber([u128; 2]);

impl SafetyNumber {
    /// The number of two identities, in either order.
    #[must_use]
    pub fn of(one: &IdentityKey, other: &IdentityKey) -> Self {
        let mut halves = [half(one), half(other)];
        halves.sort_unstable();
        Self(halves)
    }
}

fn half(key: &IdentityKey) -> u128 {
    let digest = keccak256(&[DOMAIN, key.as_bytes()]);
    let first = digest
        .into_iter()
        .take(size_of::<u128>())
        .fold(0, |number: u128, byte| number << 8 | u128::from(byte));
    first % HALF_MODULUS
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.0;
        write!(f, "{first:0HALF_DIGITS$}{second:0HALF_DIGITS$}")
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafetyNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::IdentityKeyPair;

    fn key(number: u8) -> IdentityKey {
        *IdentityKeyPair::from_secret_bytes(&[number; 32])
            .unwrap()
            .public()
    }

    #[test]
    fn both_ends_see_the_same_sixty_digits_and_any_other_pair_others() {
        let number = SafetyNumber::of(&key(1), &key(2)).to_string();
        assert_eq!(number, SafetyNumber::of(&key(2), &key(1)).to_string());
        assert_eq!(number.len(), 60);
        assert!(number.bytes().all(|digit| digit.is_ascii_digit()));
        for other in [(1, 3), (3, 2), (1, 1), (2, 2)] {
            let other = SafetyNumber::of(&key(other.0), &key(other.1)).to_string();
            assert_ne!(number, other);
        }
    }

    #[test]
    fn a_half_with_leading_zeros_keeps_its_thirty_digits() {
        let number = SafetyNumber([7, HALF_MODULUS - 1]).to_string();
        assert_eq!(number, format!("{}7{}", "0".repeat(29), "9".repeat(30)));
    }

    #[test]
    fn the_number_is_the_documented_one() {
        let half = |number: u8| {
            let digest = keccak256(&[b"ratchetd/safety-number/1", key(number).as_bytes()]);
            let bytes: [u8; 16] = digest[..16].try_into().unwrap();
            format!("{:030}", u128::from_be_bytes(bytes) % 10_u128.pow(30))
        };
        let mut halves = [half(1), half(2)];
        halves.sort();
        assert_eq!(
            SafetyNumber::of(&key(1), &key(2)).to_string(),
            halves.concat()
        );
    }
}
