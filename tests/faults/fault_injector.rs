//! The fault injector of one daemon's disk: under load it lets the disk fail at random intervals,
//! once or for some requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    random::Random,
    shim::{Disk, Fault},
};

/// The first system call that fails is at most this many calls ahead.
const MAX_CALLS_AHEAD: usize = 40;
/// Most requests during which a lasting fault goes on.
const MAX_FAILING_REQUESTS: usize = 16;

/// Decides when the disk under a daemon fails, and for how long.
pub struct FaultInjector(Mutex<State>);

struct State {
    disk: Disk,
    /// Most requests between two faults; 0: there are none.
    interval: usize,
    /// Requests until the next fault.
    countdown: usize,
    /// Requests until the disk is mended.
    left: usize,
    /// System calls that had failed when the fault was ordered.
    failed_before: u64,
    faults: u64,
}

impl State {
    fn reset_countdown(&mut self, random: &mut Random) {
        self.countdown = match self.interval {
            0 => 0,
            interval => 1 + random.below(interval),
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

impl FaultInjector {
    /// Nothing fails before [`Self::arm`].
    pub fn new(disk: Disk) -> Self {
        Self(Mutex::new(State {
            disk,
            interval: 0,
            countdown: 0,
            left: 0,
            failed_before: 0,
            faults: 0,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the disk fails after at most `interval` requests; 0: never.
    pub fn arm(&self, random: &mut Random, interval: usize) {
        let mut state = self.state();
        state.mend();
        state.interval = interval;
        state.reset_countdown(random);
    }

    /// Counts a request that is about to be made; orders a fault, or ends one, if it is time.
    pub fn before_request(&self, random: &mut Random) {
        let mut state = self.state();
        match (state.left, state.countdown) {
            (0, 0) => {}
            (0, 1) => {
                let nth = 1 + random.below(MAX_CALLS_AHEAD) as u64;
                state.disk.fail(&Fault::any(random), nth);
                state.left = 1 + random.below(MAX_FAILING_REQUESTS);
            }
            (0, _) => state.countdown -= 1,
            (1, _) => {
                state.mend();
                state.reset_countdown(random);
            }
            _ => state.left -= 1,
        }
    }

    /// The daemon was killed: mends the disk, which works until [`Self::resume`].
    pub fn stop(&self) {
        let mut state = self.state();
        state.mend();
        state.countdown = 0;
    }

    /// The daemon was started again.
    pub fn resume(&self, random: &mut Random) {
        self.state().reset_countdown(random);
    }

    /// Faults that were met, and system calls that failed.
    pub fn faults(&self) -> (u64, u64) {
        let state = self.state();
        (state.faults, state.disk.failed())
    }
}
