//! Recorded vectors, properties, and what is refused.

mod properties;
mod refusals;
mod sealing;
mod secrets;
mod topics;
mod vectors;

use std::collections::VecDeque;

use crypto_core::IdentityKeyPair;
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

/// Gives the draws it was told to, in order and of their lengths, then a repeatable sequence.
struct Draws {
    told: VecDeque<Vec<u8>>,
    state: u64,
}

impl Draws {
    fn of<const N: usize>(told: [Vec<u8>; N]) -> Self {
        Self {
            told: told.into(),
            state: 1,
        }
    }

    fn seeded(state: u64) -> Self {
        Self {
            told: VecDeque::new(),
            state,
        }
    }
}

impl TryRng for Draws {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.try_next_u64()? as u32)
    }

    /// SplitMix64.
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        match self.told.pop_front() {
            Some(draw) => to.copy_from_slice(&draw),
            None => {
                for chunk in to.chunks_mut(8) {
                    let bytes = self.try_next_u64()?.to_le_bytes();
                    chunk.copy_from_slice(&bytes[..chunk.len()]);
                }
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

fn file(name: &str) -> Value {
    let path = format!(
        "{}/../../tests/vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn entries<'a>(file: &'a Value, section: &str) -> &'a Vec<Value> {
    let entries = file[section].as_array().unwrap();
    assert!(!entries.is_empty(), "{section}");
    entries
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}

/// Plain hex; absent and null are no bytes.
fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or("");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn pair(value: &Value) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&bytes(value).try_into().unwrap()).unwrap()
}

fn party(number: u8) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[number; 32]).unwrap()
}
