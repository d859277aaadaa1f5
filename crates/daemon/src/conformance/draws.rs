//! A generator that replays recorded randomness.

use std::collections::VecDeque;

use rand_core::{TryCryptoRng, TryRng};

/// Gives the recorded draws in order. A generator cannot fail, so a draw of another length is noted.
pub(super) struct Draws {
    recorded: VecDeque<Vec<u8>>,
    other: bool,
}

impl Draws {
    pub(super) fn new(recorded: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            recorded: recorded.into_iter().collect(),
            other: false,
        }
    }

    /// Checks that all recorded draws were taken; there may have been more.
    pub(super) fn check_taken(&self) -> Result<(), String> {
        if self.recorded.is_empty() {
            Ok(())
        } else {
            Err("less randomness is drawn than was recorded".to_owned())
        }
    }

    /// Checks that all recorded draws were taken, and no other.
    pub(super) fn check_exact(&self) -> Result<(), String> {
        if self.other || !self.recorded.is_empty() {
            return Err("other randomness is drawn than was recorded".to_owned());
        }
        Ok(())
    }
}

impl TryRng for Draws {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.other = true;
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.other = true;
        Ok(0)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        match self.recorded.pop_front() {
            Some(draw) if draw.len() == to.len() => to.copy_from_slice(&draw),
            _ => {
                self.other = true;
                // Of zeros no key can be made, and another draw would be asked for without end.
                to.fill(1);
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Draws {}
