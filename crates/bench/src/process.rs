//! Processor time and memory of a process, from `/proc`.

use std::fs;

/// Index of the user time in `/proc/PID/stat`, counted after the name, which ends with a bracket.
/// The system time comes next.
const USER_TIME_FIELD: usize = 11;

/// Resident memory, in KiB; `None` if the system does not tell.
pub(crate) fn resident_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Processor time that all threads of a process have taken, in seconds, by steps of a clock tick,
/// usually 10 ms; 0 if the system does not tell.
pub(crate) fn cpu_seconds(pid: Option<u32>) -> f64 {
    let ticks = || -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid?)).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let times = fields.split(' ').skip(USER_TIME_FIELD).take(2);
        times.map(|ticks| ticks.parse::<f64>().ok()).sum()
    };
    ticks().unwrap_or(0.0) / rustix::param::clock_ticks_per_second().max(1) as f64
}
