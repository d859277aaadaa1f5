//! A disk that fails now and then under load.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    random::Random,
    shim::{Disk, Fault},
};

/// A failing call of the system is one of so many next ones, at most.
const SOON: usize = 40;
/// Requests during which a disk may go on failing, at most.
const LONG: usize = 16;

/// When the disk under a daemon fails, and for how long.
pub struct Weather(Mutex<State>);

struct State {
    disk: Disk,
    /// Requests between two orders to fail, at most; 0: none is given.
    calm: usize,
    /// Requests until the next order.
    fuse: usize,
    /// Requests until the disk is mended.
    left: usize,
    /// Failed calls when the order was given.
    failed_before: u64,
    faults: u64,
}

impl State {
    fn light(&mut self, random: &mut Random) {
        self.fuse = match self.calm {
            0 => 0,
            calm => 1 + random.below(calm),
        };
    }

    fn mend(&mut self) {
        self.disk.mend();
        self.left = 0;
        let failed = self.disk.failed();
        self.faults += u64::from(failed > self.failed_before);
        self.failed_before = failed;
    }
}

impl Weather {
    /// Nothing fails before [`Self::arm`].
    pub fn new(disk: Disk) -> Self {
        Self(Mutex::new(State {
            disk,
            calm: 0,
            fuse: 0,
            left: 0,
            failed_before: 0,
            faults: 0,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the disk fails in one of every `calm` requests at most; 0: in none.
    pub fn arm(&self, random: &mut Random, calm: usize) {
        let mut state = self.state();
        state.mend();
        state.calm = calm;
        state.light(random);
    }

    /// A request is about to be made.
    pub fn pass(&self, random: &mut Random) {
        let mut state = self.state();
        match (state.left, state.fuse) {
            (0, 0) => {}
            (0, 1) => {
                let nth = 1 + random.below(SOON) as u64;
                state.disk.fail(&Fault::any(random), nth);
                state.left = 1 + random.below(LONG);
            }
            (0, _) => state.fuse -= 1,
            (1, _) => {
                state.mend();
                state.light(random);
            }
            _ => state.left -= 1,
        }
    }

    /// The daemon was killed: the next one finds a disk that works, whatever others ask for
    /// meanwhile.
    pub fn clear(&self) {
        let mut state = self.state();
        state.mend();
        state.fuse = 0;
    }

    /// The next daemon is there.
    pub fn resume(&self, random: &mut Random) {
        self.state().light(random);
    }

    /// Orders that came to something, and calls of the system that failed.
    pub fn faults(&self) -> (u64, u64) {
        let state = self.state();
        (state.faults, state.disk.failed())
    }
}
