//! Recorded vectors, properties, and what is refused.

mod bundles;
mod copies;
mod dh_messages;
mod hash_ratchets;
mod kem;
mod keys;
mod keystores;
mod limits;
mod links;
mod mnemonics;
mod portraits;
mod properties;
mod ratchets;
mod secrets;
mod vectors;

use rand_core::{TryCryptoRng, TryRng};

/// Gives the draws it was told to, in order, then a repeatable sequence.
pub(crate) struct Draws {
    told: Vec<Vec<u8>>,
    state: u64,
}

impl Draws {
    pub(crate) fn of<const N: usize>(told: &[[u8; N]]) -> Self {
        Self {
            told: told.iter().rev().map(|draw| draw.to_vec()).collect(),
            state: 1,
        }
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            told: Vec::new(),
            state: seed,
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
        match self.told.pop() {
            Some(draw) => to.copy_from_slice(&draw[..to.len()]),
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
