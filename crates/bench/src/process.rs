//! Processor time and memory of a process, from `/proc`.

use std::{fs, time::Duration};

/// Index of the user time in `/proc/PID/stat`, counted after the name, which ends with a bracket.
/// The system time comes next.
const USER_TIME_FIELD: usize = 11;

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    directory: String,
}

impl Process {
    /// The process with this id.
    pub(crate) fn new(pid: u32) -> Self {
        Self {
            directory: format!("/proc/{pid}"),
        }
    }

    /// This process.
    pub(crate) fn own() -> Self {
        Self {
            directory: "/proc/self".to_owned(),
        }
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("{}/status", self.directory)).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    }
}

/// Processor time that all threads of a process have taken; in steps of a clock tick, usually 10
/// ms.
pub(crate) fn cpu_time(process: &Process) -> Option<Duration> {
    let stat = fs::read_to_string(format!("{}/stat", process.directory)).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(USER_TIME_FIELD);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    let ticks = ticks()?.saturating_add(ticks()?);
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_nanos(
        ticks.saturating_mul(1_000_000_000 / per_second),
    ))
}
