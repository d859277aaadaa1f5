//! Files and directories that only their owner may touch.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use crate::error::OpenError;

/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// Permission bits that let others write.
const OTHERS_WRITE: u32 = 0o022;

/// Creates a file that only its owner may read and write. Fails if there is one.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Creates a directory and its parents, which only their owner may enter.
pub(crate) fn make_directory(path: &Path) -> Result<(), OpenError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(OpenError::io(path))
}

/// Checks that a file or directory belongs to this user and nobody else may read or write it.
pub(crate) fn check_private(path: &Path) -> Result<(), OpenError> {
    check(path, OTHERS, "others can read it", "0600")
}

/// Checks that a directory belongs to this user and nobody else may change what is in it.
pub(crate) fn check_directory(path: &Path) -> Result<(), OpenError> {
    check(path, OTHERS_WRITE, "others can write to it", "0700")
}

fn check(path: &Path, forbidden: u32, problem: &str, mode: &str) -> Result<(), OpenError> {
    let metadata = fs::metadata(path).map_err(OpenError::io(path))?;
    let unsafe_because = |problem: &str, mend: String| OpenError::Unsafe {
        path: path.to_owned(),
        problem: problem.to_owned(),
        mend,
    };
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != us {
        return Err(unsafe_because(
            "it belongs to another user",
            format!("run as uid {}, or chown it to uid {us}", metadata.uid()),
        ));
    }
    if metadata.mode() & forbidden != 0 {
        return Err(unsafe_because(
            problem,
            format!("chmod {mode} {}", path.display()),
        ));
    }
    Ok(())
}

/// Waits until the entry of `path` in its directory is on the disk.
pub(crate) fn sync_directory(path: &Path) -> Result<(), OpenError> {
    match path.parent() {
        None => Ok(()),
        // A bare name lies in the working directory.
        Some(above) if above.as_os_str().is_empty() => sync_entries(Path::new(".")),
        Some(above) => sync_entries(above),
    }
}

/// Waits until the entries of a directory are on the disk.
pub(crate) fn sync_entries(directory: &Path) -> Result<(), OpenError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(OpenError::io(directory))
}

/// Overwrites a file with zeros, waits until they are on the disk, and deletes it; does nothing if
/// there is none. Old blocks that the disk itself keeps are out of reach.
pub(crate) fn wipe(path: &Path) -> Result<(), OpenError> {
    let overwritten = fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| overwrite(&mut file, 0))
        .and_then(|()| fs::remove_file(path));
    match overwritten {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(OpenError::Io {
            path: path.to_owned(),
            cause,
        }),
        _ => Ok(()),
    }
}

/// Erases a directory with all files below it, as [`wipe`] does.
pub(crate) fn wipe_directory(directory: &Path) -> Result<(), OpenError> {
    for entry in fs::read_dir(directory).map_err(OpenError::io(directory))? {
        let path = entry.map_err(OpenError::io(directory))?.path();
        if path.is_dir() {
            wipe_directory(&path)?;
        } else {
            wipe(&path)?;
        }
    }
    fs::remove_dir(directory).map_err(OpenError::io(directory))
}

/// Overwrites a file with zeros from this byte on, and waits until they are on the disk.
pub(crate) fn overwrite(file: &mut File, from: u64) -> io::Result<()> {
    let size = file.metadata()?.len().saturating_sub(from);
    if size == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::Start(from))?;
    io::copy(&mut io::repeat(0).take(size), file)?;
    file.sync_all()
}
