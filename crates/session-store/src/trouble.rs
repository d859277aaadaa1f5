//! Finds the faults that a user can do something about in the errors of the system and SQLite.

use std::{fs::File, io, path::Path};

use engine::model::Trouble;
use rusqlite::{ErrorCode, ffi};
use rustix::io::Errno;

/// A file that can be opened unless there are no descriptors left.
const ALWAYS_THERE: &str = "/dev/null";

/// The fault behind an I/O error, if a user can do something about it.
#[must_use]
pub fn of_io(error: &io::Error) -> Option<Trouble> {
    match Errno::from_io_error(error)? {
        Errno::NOSPC => Some(Trouble::Full),
        Errno::DQUOT => Some(Trouble::Quota),
        Errno::ROFS => Some(Trouble::ReadOnly),
        Errno::ACCESS | Errno::PERM => Some(Trouble::Denied),
        Errno::MFILE => Some(Trouble::Descriptors),
        Errno::NFILE => Some(Trouble::SystemDescriptors),
        Errno::NOMEM => Some(Trouble::Memory),
        Errno::IO => Some(Trouble::Medium),
        _ => None,
    }
}

/// The fault behind an error of SQLite. SQLite does not tell the errno: if it could not open a
/// file, another one is tried here.
pub(crate) fn of_sqlite(error: &rusqlite::Error) -> Option<Trouble> {
    let code = error.sqlite_error()?;
    match code.code {
        ErrorCode::DiskFull => Some(Trouble::Full),
        ErrorCode::OutOfMemory => Some(Trouble::Memory),
        ErrorCode::ReadOnly => Some(Trouble::ReadOnly),
        ErrorCode::PermissionDenied => Some(Trouble::Denied),
        ErrorCode::CannotOpen => opened(Path::new(ALWAYS_THERE), false),
        ErrorCode::SystemIoFailure if code.extended_code == ffi::SQLITE_IOERR_NOMEM => {
            Some(Trouble::Memory)
        }
        ErrorCode::SystemIoFailure => {
            Some(opened(Path::new(ALWAYS_THERE), false).unwrap_or(Trouble::Medium))
        }
        _ => None,
    }
}

/// The fault behind an error in opening the database at `path`: the file itself is tried.
pub(crate) fn of_database(path: &Path, error: &rusqlite::Error) -> Option<Trouble> {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            opened(path, true).or_else(|| of_sqlite(error))
        }
        _ => of_sqlite(error),
    }
}

/// Why an existing file cannot be opened now.
fn opened(path: &Path, write: bool) -> Option<Trouble> {
    let file = File::options().read(true).write(write).open(path);
    of_io(&file.err()?)
}

/// What to do about an error, to be appended to its message; empty if nothing can be said.
pub(crate) fn advice(error: &io::Error) -> String {
    of_io(error).map_or_else(String::new, |trouble| format!(": {}", trouble.advice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OpenError;

    #[test]
    fn every_errno_that_a_user_can_meet_says_what_to_do_about_it() {
        for (errno, trouble) in [
            (Errno::NOSPC, Trouble::Full),
            (Errno::DQUOT, Trouble::Quota),
            (Errno::ROFS, Trouble::ReadOnly),
            (Errno::ACCESS, Trouble::Denied),
            (Errno::PERM, Trouble::Denied),
            (Errno::MFILE, Trouble::Descriptors),
            (Errno::NFILE, Trouble::SystemDescriptors),
            (Errno::NOMEM, Trouble::Memory),
            (Errno::IO, Trouble::Medium),
        ] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(of_io(&error), Some(trouble));
            let error = OpenError::io(Path::new("x"))(error);
            assert_eq!(error.trouble(), Some(trouble));
            assert!(error.to_string().ends_with(trouble.advice()), "{error}");
        }
        assert_eq!(of_io(&io::Error::other("no errno")), None);
    }

    #[test]
    fn what_sqlite_says_is_told_apart() {
        let failure = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        for (code, trouble) in [
            (ffi::SQLITE_FULL, Some(Trouble::Full)),
            (ffi::SQLITE_NOMEM, Some(Trouble::Memory)),
            (ffi::SQLITE_IOERR_NOMEM, Some(Trouble::Memory)),
            (ffi::SQLITE_READONLY, Some(Trouble::ReadOnly)),
            (ffi::SQLITE_PERM, Some(Trouble::Denied)),
            (ffi::SQLITE_IOERR_WRITE, Some(Trouble::Medium)),
            (ffi::SQLITE_CANTOPEN, None),
            (ffi::SQLITE_BUSY, None),
        ] {
            assert_eq!(of_sqlite(&failure(code)), trouble, "{code}");
        }
    }
}
