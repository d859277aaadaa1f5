//! Deterministic randomness for tests.

use rand_core::{TryCryptoRng, TryRng};

/// The SplitMix64 generator: the same seed makes the same keys. It is no source of real ones.
#[derive(Clone, Debug)]
pub struct SplitMix64(
    /// Its state: at first the seed.
    pub u64,
);

impl SplitMix64 {
    /// A generator seeded with `seed` and a name.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed, |mixed, byte| {
            mixed
                .wrapping_add(u64::from(byte))
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(17)
        });
        Self(mixed)
    }
}

impl TryRng for SplitMix64 {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let [a, b, c, d, ..] = self.try_next_u64()?.to_le_bytes();
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in to.chunks_mut(8) {
            let bytes = self.try_next_u64()?.to_le_bytes();
            for (to, byte) in chunk.iter_mut().zip(bytes) {
                *to = byte;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for SplitMix64 {}
