//! How long a connection was at work. The clock is given: this crate reads none itself.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// Adds up the time of statements.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    /// Reads the clock; without it nothing is measured.
    pub(crate) now: Option<fn() -> Instant>,
    spent: Cell<Duration>,
}

impl Stopwatch {
    /// One that measures nothing yet.
    pub(crate) const fn new() -> Self {
        Self {
            now: None,
            spent: Cell::new(Duration::ZERO),
        }
    }

    /// Measures until the lap is dropped.
    pub(crate) fn lap(&self) -> Lap<'_> {
        Lap {
            stopwatch: self,
            began: self.now.map(|now| now()),
        }
    }

    /// The time of the laps since this was asked last.
    pub(crate) fn take(&self) -> Duration {
        self.spent.take()
    }
}

/// A time that is being measured.
pub(crate) struct Lap<'a> {
    stopwatch: &'a Stopwatch,
    began: Option<Instant>,
}

impl Drop for Lap<'_> {
    fn drop(&mut self) {
        if let (Some(now), Some(began)) = (self.stopwatch.now, self.began) {
            let took = now().saturating_duration_since(began);
            let spent = &self.stopwatch.spent;
            spent.set(spent.get().saturating_add(took));
        }
    }
}
