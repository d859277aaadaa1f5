//! One process at a time in a data directory.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    thread,
    time::Duration,
};

use crate::error::OpenError;

/// How often a lock is tried, a quarter of a second in all: `doctor` takes it for a moment to see
/// whether a daemon has it.
const ATTEMPTS: u32 = 26;
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) const LOCK_FILE: &str = "ratchetd.lock";
/// The holder's note in the lock file is one short line.
const MAX_HOLDER_BYTES: u64 = 256;

/// Takes the lock of `directory` and notes in it who holds it. The system releases it when the file
/// is closed or the process ends, however that happens.
///
/// # Errors
/// [`OpenError::Busy`] if another process has it, or what the system said.
pub(crate) fn take_lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(LOCK_FILE);
    let mut file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(OpenError::io(&path))?;
    let mut tried = file.try_lock();
    for _ in 1..ATTEMPTS {
        if !matches!(tried, Err(TryLockError::WouldBlock)) {
            break;
        }
        thread::sleep(PAUSE);
        tried = file.try_lock();
    }
    match tried {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::Busy {
                path: directory.to_owned(),
                holder: holder_in(file),
            });
        }
        Err(TryLockError::Error(cause)) => return Err(OpenError::Io { path, cause }),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "pid {}", std::process::id()))
        .map_err(OpenError::io(&path))?;
    Ok(file)
}

/// What a lock file says of its holder. It only helps the user, and may be empty.
pub(crate) fn holder_in(file: File) -> String {
    let mut holder = String::new();
    let _ = file.take(MAX_HOLDER_BYTES).read_to_string(&mut holder);
    holder.trim().to_owned()
}
