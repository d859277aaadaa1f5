//! Processor time, memory, descriptors and threads of a process, from `/proc`.

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

/// Files, sockets and whatever else a process has open; `None` if the system does not tell.
pub(crate) fn descriptors(pid: u32) -> Option<u64> {
    let directory = format!("/proc/{pid}/fd");
    if let Ok(entries) = fs::read_dir(&directory) {
        return Some(entries.count() as u64);
    }
    // Nobody but root may list those of a process that is not to be traced; how many they are is
    // the size of the directory, since Linux 6.2.
    let count = fs::metadata(&directory).ok()?.len();
    Some(count).filter(|count| *count > 0)
}

/// Threads of a process; `None` if the system does not tell.
pub(crate) fn threads(pid: u32) -> Option<u64> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    Some(entries.count() as u64)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_is_counted() {
        let own = std::process::id();
        let held: Vec<_> = (0..100)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        assert!(descriptors(own).unwrap() >= 100, "{held:?}");
        assert!(threads(own).unwrap() >= 1);
        assert!(resident_kib(own).unwrap() > 0);
        assert_eq!((descriptors(0), threads(0)), (None, None));
    }
}
