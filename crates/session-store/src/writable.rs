//! Whether the files of a data directory could be written, told without writing to them.
//!
//! No file is opened for this: a process that closes a descriptor of a database loses the locks
//! that SQLite holds on it.

use std::{
    fmt, fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use engine::model::{AccountName, Trouble};
use rustix::{
    fs::{Access, AtFlags, CWD, accessat},
    process::geteuid,
};

use crate::{
    data_dir::{ACCOUNTS, COMPANIONS, DataDir, EVENTS, account_names, companion, database_of},
    files::create_file,
    lock::LOCK_FILE,
    registry::REGISTRY,
    rollback_guard::Sidecars,
    trouble,
};

/// Root needs no permission.
const ROOT: u32 = 0;
/// The name under which a file is made and removed, to see whether that can be done. What a crash
/// leaves of it among the accounts is erased at the next start, as by its first characters it is an
/// account that was being made.
const TRIAL: &str = ".new-trial";

/// A file or directory that cannot be written to, or is not what it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable {
    /// Which.
    pub path: PathBuf,
    /// What is wrong with it, without its path.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

type Result<T> = std::result::Result<T, Unwritable>;

impl DataDir {
    /// Whether files can be made in the directory and in that of the accounts: one is, and removed.
    ///
    /// # Errors
    /// [`Unwritable`], which says what to do.
    pub fn check_directories(&self) -> Result<()> {
        [self.path().to_owned(), self.path().join(ACCOUNTS)]
            .iter()
            .try_for_each(|directory| {
                check(directory, Kind::Directory, us())?;
                try_making(&directory.join(TRIAL))
                    .map_err(|error| Unwritable::refused(directory, &error))
            })
    }

    /// Whether the event log's files could be opened and written.
    ///
    /// # Errors
    /// [`Unwritable`], which says what to do.
    pub fn check_event_log(&self) -> Result<()> {
        check_database(&self.path().join(EVENTS), us())
    }

    /// Whether an account's files could be opened and written.
    ///
    /// # Errors
    /// [`Unwritable`], which says what to do.
    pub fn check_account(&self, name: &AccountName) -> Result<()> {
        check_database(&self.path().join(database_of(name)), us())
    }
}

/// What in a data directory its owner could not write to, each with the account that it belongs to,
/// if it does. Changes nothing.
#[must_use]
pub fn unwritable(data_dir: &Path) -> Vec<(Option<AccountName>, Unwritable)> {
    let owner = fs::metadata(data_dir).map_or_else(|_| us(), |found| found.uid());
    let accounts = data_dir.join(ACCOUNTS);
    if let Err(wrong) = check(data_dir, Kind::Directory, owner) {
        // That of all others, most likely.
        return vec![(None, wrong)];
    }
    let of_all = [
        check_if_there(&accounts, Kind::Directory, owner),
        check_if_there(&data_dir.join(LOCK_FILE), Kind::File, owner),
        check_database_if_there(&data_dir.join(EVENTS), owner),
        check_database_if_there(&data_dir.join(REGISTRY), owner),
    ];
    let mut found: Vec<_> = of_all
        .into_iter()
        .filter_map(|checked| Some((None, checked.err()?)))
        .collect();
    let sidecars = Sidecars::read(&accounts).ok();
    for name in account_names(&accounts).unwrap_or_default() {
        let database = data_dir.join(database_of(&name));
        let sidecars = sidecars.as_ref().map(|all| all.paths(&database));
        let sidecars = sidecars.unwrap_or_default();
        let checked = check_database(&database, owner).and_then(|()| {
            sidecars
                .iter()
                .try_for_each(|sidecar| check_if_there(sidecar, Kind::File, owner))
        });
        found.extend(checked.err().map(|wrong| (Some(name), wrong)));
    }
    found
}

fn us() -> u32 {
    geteuid().as_raw()
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// What a path has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
}

fn check_database(path: &Path, user: u32) -> Result<()> {
    check(path, Kind::File, user)?;
    COMPANIONS
        .iter()
        .try_for_each(|suffix| check_if_there(&companion(path, suffix), Kind::File, user))
}

fn check_database_if_there(path: &Path, user: u32) -> Result<()> {
    if is_there(path) {
        check_database(path, user)
    } else {
        Ok(())
    }
}

/// As [`check`], of something that may be missing, or be removed in this moment.
fn check_if_there(path: &Path, kind: Kind, user: u32) -> Result<()> {
    match check(path, kind, user) {
        Err(wrong) if is_there(path) => Err(wrong),
        _ => Ok(()),
    }
}

/// Whether `user`, the owner of all, may write to a file, or make files in a directory.
fn check(path: &Path, kind: Kind, user: u32) -> Result<()> {
    let refused = |error: io::Error| Unwritable::refused(path, &error);
    let found = fs::metadata(path).map_err(refused)?;
    let (is_it, what, bits, wanted) = match kind {
        Kind::File => (found.is_file(), "file", 0o600, "u+rw"),
        Kind::Directory => (found.is_dir(), "directory", 0o700, "u+rwx"),
    };
    if !is_it {
        return Err(Unwritable {
            path: path.to_owned(),
            problem: format!("it is no {what}"),
            mend: "put back what was there, or restore the directory from a backup".to_owned(),
        });
    }
    let mode = found.mode() & 0o777;
    if user != ROOT && found.uid() == user && mode & bits != bits {
        return Err(Unwritable {
            path: path.to_owned(),
            problem: format!("its owner may not read and write it (mode {mode:04o})"),
            mend: format!("chmod {wanted} {}", path.display()),
        });
    }
    if user == us() || us() == ROOT {
        let mut access = Access::READ_OK | Access::WRITE_OK;
        if kind == Kind::Directory {
            access |= Access::EXEC_OK;
        }
        accessat(CWD, path, access, AtFlags::empty()).map_err(|error| refused(error.into()))?;
    }
    Ok(())
}

fn try_making(path: &Path) -> io::Result<()> {
    match create_file(path) {
        // A crash has left it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create_file(path)?;
        }
        made => drop(made?),
    }
    fs::remove_file(path)
}

impl Unwritable {
    fn refused(path: &Path, error: &io::Error) -> Self {
        let trouble = trouble::of_io(error);
        let mend = match trouble {
            Some(Trouble::Denied) => give_to_us(path),
            Some(trouble) => trouble.advice().to_owned(),
            None => "put back what was there, or restore the directory from a backup".to_owned(),
        };
        Self {
            path: path.to_owned(),
            problem: trouble
                .map_or_else(|| error.to_string(), |trouble| trouble.words().to_owned()),
            mend,
        }
    }
}

/// The command that gives the daemon's user a file, if its owner is what is wrong.
fn give_to_us(path: &Path) -> String {
    match fs::metadata(path) {
        Ok(found) if found.uid() != us() => format!("chown {} {}", us(), path.display()),
        _ => Trouble::Denied.advice().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_the_owner_may_not_write_is_named_with_the_command_that_mends_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(&path, "").unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        // As for a directory of this user that root looks at: root itself may do everything.
        let owner = 65_534;
        if us() == ROOT {
            std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
            std::os::unix::fs::chown(directory.path(), Some(owner), None).unwrap();
        }
        let owner = fs::metadata(&path).unwrap().uid();
        for (path, kind, wrong, right, mend) in [
            (&*path, Kind::File, 0o400, 0o600, "chmod u+rw "),
            (
                directory.path(),
                Kind::Directory,
                0o500,
                0o700,
                "chmod u+rwx ",
            ),
        ] {
            mode(path, wrong);
            let found = check(path, kind, owner).unwrap_err();
            assert_eq!(found.path, path);
            assert_eq!(found.mend, format!("{mend}{}", path.display()));
            mode(path, right);
            assert_eq!(check(path, kind, owner), Ok(()));
        }
    }
}
