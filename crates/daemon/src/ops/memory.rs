//! Limits of the process: nobody reads its memory, it has few heaps, and may open many files.
//!
//! There are no core dumps, no tracing by the same user, and, where that is allowed, no swapping.

use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt as _, process::CommandExt as _},
    path::Path,
    process::Command,
};

use rpc::types::MemoryProtection;
use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};

use crate::config::MemoryLock;

/// Forbids core dumps and tracing of this process, and makes its new files unreadable to other
/// users. Called for every command: each may hold secrets.
#[must_use]
pub fn protect() -> MemoryProtection {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let limited = setrlimit(Resource::Core, none).is_ok();
    let closed = not_dumpable();
    MemoryProtection {
        // A core that is piped to a program is not under the limit, and one of a process that is
        // not dumpable is none.
        core_dumps: !(limited && closed),
        traceable: !closed,
        locked: false,
        reason: None,
    }
}

/// File descriptors of an open account: its database, log and shared memory, the file of the
/// rollback guard, and two of the connection that only reads.
pub const DESCRIPTORS_OF_ACCOUNT: u64 = 6;
/// File descriptors for everything but accounts and connections: the registry, the event log,
/// listeners, files of a call.
const OTHER_DESCRIPTORS: u64 = 64;

/// Raises the limit of open files to the highest value allowed, and gives it; `None` if there is
/// none. Some systems start programs with less, for those that cannot deal with more. If it cannot
/// be raised it stays as it is.
pub fn raise_descriptors() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => before.maximum,
        Err(_) => before.current,
    }
}

/// How many of `wanted` accounts can be open under this limit of descriptors, so that `connections`
/// fit beside them; at least one, and as many as half of the limit has room for.
#[must_use]
pub fn accounts_within(limit: Option<u64>, wanted: u64, connections: u64) -> u64 {
    let Some(limit) = limit else { return wanted };
    let beside = limit.saturating_sub(OTHER_DESCRIPTORS);
    let left = beside.saturating_sub(connections).max(beside / 2);
    wanted.min((left / DESCRIPTORS_OF_ACCOUNT).max(1))
}

/// The variable that the C library reads when a program starts, for how many heaps it may keep.
const HEAPS: &str = "MALLOC_ARENA_MAX";
/// Heaps for each processor, where the C library would keep eight: enough for threads not to wait
/// for one another.
const HEAPS_PER_PROCESSOR: usize = 2;

/// Executes this program again in the same process with fewer heaps, unless their number is set
/// already. Memory that one account gives back can then be used for the next, where it would stay
/// in a heap that only a few accounts share. Returns if there is nothing to do or it fails: then
/// there are more heaps, and nothing else differs.
pub fn limit_heaps() {
    if std::env::var_os(HEAPS).is_some() {
        return;
    }
    // The arguments that the kernel was given, not those of `main`: a program that was started
    // through the loader is an argument of the loader, which is the program that runs here.
    let started = std::env::current_exe().and_then(|program| {
        let given = std::fs::read("/proc/self/cmdline")?;
        Ok((program, given))
    });
    if let Ok((program, given)) = started {
        // It comes back only with an error.
        let _ = with_fewer_heaps(&program, &given).exec();
    }
}

/// `program` with the arguments that were `given` to this one, each ended by a zero and its name
/// first, and fewer heaps.
fn with_fewer_heaps(program: &Path, given: &[u8]) -> Command {
    let mut command = Command::new(program);
    let given = given.strip_suffix(&[0]).unwrap_or(given);
    let mut arguments = given.split(|byte| *byte == 0).map(OsStr::from_bytes);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    command
        .args(arguments)
        .env(HEAPS, (processors * HEAPS_PER_PROCESSOR).to_string());
    command
}

/// Locks all memory, now and later, page by page as it is used.
///
/// A lock under a limit would make allocations fail once the limit is reached: where there is one,
/// nothing is locked.
///
/// # Errors
/// Why it cannot be locked, if it has to be.
pub fn lock(wanted: MemoryLock, state: &mut MemoryProtection) -> Result<(), String> {
    let refused = match wanted {
        MemoryLock::Off => Some("memory.lock is off".to_owned()),
        MemoryLock::Auto | MemoryLock::Require => unlimited().and_then(|()| lock_all()).err(),
    };
    state.locked = refused.is_none();
    match (wanted, &refused) {
        (MemoryLock::Require, Some(reason)) => Err(format!("memory.lock: {reason}")),
        _ => {
            state.reason = refused;
            Ok(())
        }
    }
}

/// Logs what was achieved.
pub fn log_protection(state: &MemoryProtection) {
    if state.core_dumps || state.traceable {
        tracing::warn!(
            core_dumps = state.core_dumps,
            traceable = state.traceable,
            "the memory of this process may be shown to others"
        );
    }
    tracing::info!(
        locked = state.locked,
        reason = state.reason.as_deref(),
        "memory"
    );
}

#[cfg(target_os = "linux")]
fn not_dumpable() -> bool {
    use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
        && dumpable_behavior().is_ok_and(|now| now == DumpableBehavior::NotDumpable)
}

#[cfg(not(target_os = "linux"))]
fn not_dumpable() -> bool {
    false
}

/// Whether as much may be locked as is ever used: no limit, or a capability that stands above it.
#[cfg(target_os = "linux")]
fn unlimited() -> Result<(), String> {
    use rustix::thread::{CapabilitySet, capabilities};
    let limit = getrlimit(Resource::Memlock);
    if limit.maximum.is_none() {
        let raised = Rlimit {
            current: None,
            maximum: None,
        };
        return setrlimit(Resource::Memlock, raised).map_err(|error| error.to_string());
    }
    let capable =
        capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    // The kernel asks for the capability of the machine, not for that of a rootless container.
    let of_the_machine = std::fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]));
    if capable && of_the_machine {
        return Ok(());
    }
    let bytes = limit.current.unwrap_or_default();
    Err(format!(
        "RLIMIT_MEMLOCK is {bytes} bytes, and locking under a limit makes allocations fail: give it as unlimited, or CAP_IPC_LOCK"
    ))
}

#[cfg(target_os = "linux")]
fn lock_all() -> Result<(), String> {
    use rustix::mm::{MlockAllFlags, mlockall};
    // On fault: what is mapped and never used, as most of the threads' stacks, costs nothing.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(|error| format!("mlockall: {error}"))
}

#[cfg(not(target_os = "linux"))]
fn unlimited() -> Result<(), String> {
    Err("only on Linux".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn lock_all() -> Result<(), String> {
    unlimited()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_accounts_are_open_as_there_are_descriptors_beside_the_connections() {
        assert_eq!(accounts_within(None, 256, 512), 256);
        assert_eq!(accounts_within(Some(65_536), 256, 512), 256);
        // All that the settings allow fits exactly.
        assert_eq!(accounts_within(Some(64 + 512 + 6 * 256), 256, 512), 256);
        assert_eq!(accounts_within(Some(64 + 512 + 6 * 256 - 1), 256, 512), 255);
        // Half is for accounts where there are too few for all connections.
        assert_eq!(accounts_within(Some(64 + 600), 256, 512), 50);
        assert_eq!(accounts_within(Some(0), 256, 512), 1);
    }

    #[test]
    fn it_is_started_anew_as_it_was_with_fewer_heaps() {
        let given = b"ratchetd\0serve\0--data-dir\0a b\0\0";
        let command = with_fewer_heaps(Path::new("/proc/self/exe"), given);
        assert!(command.get_args().eq(["serve", "--data-dir", "a b", ""]));
        let heaps: Vec<_> = command.get_envs().collect();
        let [(name, Some(number))] = heaps[..] else {
            panic!("{heaps:?}");
        };
        assert_eq!(name, "MALLOC_ARENA_MAX");
        let number: usize = number.to_str().unwrap().parse().unwrap();
        assert!(number >= 2 && number.is_multiple_of(2));
    }
}
