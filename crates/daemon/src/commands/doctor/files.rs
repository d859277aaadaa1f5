//! Checks of files: their permissions, and the disk they are on.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{statfs, statvfs};
use session_store::Unfinished;

use super::{Finding, Severity};
use crate::config::Settings;

/// Others may not read what is secret.
const PRIVATE: u32 = 0o077;
/// Others may not write.
const UNWRITABLE: u32 = 0o022;
/// The log of a database that is written to grows to about this before it is written back; some
/// times that for several accounts.
const LOG_BYTES: u64 = 16 * 1024 * 1024;
/// Below this the next commit may fail.
const NO_ROOM_BYTES: u64 = 1024 * 1024;
/// Files that the daemon makes and removes while it runs: a few for each account.
const FEW_FILES: u64 = 64;

/// Who owns the files, and who else may read or write them.
pub(super) fn permissions(settings: &Settings) -> Vec<Finding> {
    let data_dir = &settings.data_dir;
    let mut wrong = Vec::new();
    let owner = fs::metadata(data_dir).map_or(0, |found| found.uid());
    let mut check = |path: &Path, forbidden: u32, mend: &str| {
        let Ok(found) = fs::metadata(path) else {
            return;
        };
        if found.uid() != owner {
            wrong.push(Finding::new(
                "permissions.owner",
                Severity::Problem,
                format!(
                    "{} belongs to uid {}, the directory to uid {owner}",
                    path.display(),
                    found.uid()
                ),
                format!("chown {owner} {}", path.display()),
            ));
        }
        let mode = found.permissions().mode() & 0o777;
        if mode & forbidden != 0 {
            let may = if forbidden & 0o044 != 0 {
                "read or write"
            } else {
                "write to"
            };
            wrong.push(Finding::new(
                "permissions.mode",
                Severity::Problem,
                format!("others may {may} {} (mode {mode:04o})", path.display()),
                format!("chmod {mend} {}", path.display()),
            ));
        }
    };
    check(data_dir, UNWRITABLE, "0700");
    check(&data_dir.join("accounts"), UNWRITABLE, "0700");
    for path in below(data_dir) {
        let secret = path.file_name().is_some_and(|name| name != "ratchetd.toml");
        check(&path, if secret { PRIVATE } else { UNWRITABLE }, "0600");
    }
    check(&settings.token_file, PRIVATE, "0600");
    if let Some(passphrase) = &settings.passphrase_file
        && let Ok(found) = fs::metadata(passphrase)
    {
        // It may well belong to root, and be readable by the daemon's group.
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            wrong.push(Finding::new(
                "permissions.mode",
                Severity::Problem,
                format!(
                    "everybody may read {} (mode {mode:04o})",
                    passphrase.display()
                ),
                format!("chmod o= {}", passphrase.display()),
            ));
        }
    }
    if wrong.is_empty() {
        wrong.push(Finding::ok(
            "permissions",
            "only their owner may read and write the files",
        ));
    }
    wrong
}

/// The files of a data directory that a daemon makes, except its sockets and scratch devices.
fn below(data_dir: &Path) -> Vec<PathBuf> {
    let files = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect()
    };
    let mut found = files(data_dir);
    found.extend(files(&data_dir.join("accounts")));
    found.sort();
    found
}

/// Work that a crash has interrupted.
pub(super) fn unfinished(data_dir: &Path) -> Option<Finding> {
    let (id, message, advice) = match session_store::unfinished(data_dir)? {
        Unfinished::Restore => (
            "restore.unfinished",
            "a restore was cut off, and nothing opens the directory",
            "run `ratchetd restore` with the same backup again",
        ),
        Unfinished::Rekey => (
            "rekey.unfinished",
            "a change of the key was cut off near its end",
            "start the daemon with the new key: it finishes the change",
        ),
    };
    Some(Finding::new(id, Severity::Problem, message, advice))
}

/// A kind of file system that is not a plain disk: its number, its name, and the finding about it.
type FileKind = (i64, &'static str, Severity, &'static str, &'static str);

const ON_A_NETWORK: &str = "locks, renaming and syncing are not sure there";
const TO_A_DISK: &str = "move the directory to a local disk, with the daemon stopped";

/// Numbers of statfs(2).
const KINDS: [FileKind; 18] = [
    (0x6969, "nfs", Severity::Warning, ON_A_NETWORK, TO_A_DISK),
    (0x517b, "smb", Severity::Warning, ON_A_NETWORK, TO_A_DISK),
    (
        0xff53_4d42,
        "cifs",
        Severity::Warning,
        ON_A_NETWORK,
        TO_A_DISK,
    ),
    (
        0xfe53_4d42,
        "smb2",
        Severity::Warning,
        ON_A_NETWORK,
        TO_A_DISK,
    ),
    (
        0x5346_414f,
        "afs",
        Severity::Warning,
        ON_A_NETWORK,
        TO_A_DISK,
    ),
    (
        0x00c3_6400,
        "ceph",
        Severity::Warning,
        ON_A_NETWORK,
        TO_A_DISK,
    ),
    (
        0x0bd0_0bd0,
        "lustre",
        Severity::Warning,
        ON_A_NETWORK,
        TO_A_DISK,
    ),
    (
        0x0116_1970,
        "gfs2",
        Severity::Warning,
        ON_A_NETWORK,
        TO_A_DISK,
    ),
    (
        0x7461_636f,
        "ocfs2",
        Severity::Warning,
        ON_A_NETWORK,
        TO_A_DISK,
    ),
    (
        0x0102_1997,
        "9p",
        Severity::Warning,
        "it is shared with another system, and syncing is not sure there",
        TO_A_DISK,
    ),
    (
        0x786f_4256,
        "vboxsf",
        Severity::Warning,
        "it is shared with another system, and syncing is not sure there",
        TO_A_DISK,
    ),
    (
        0x6a65_6a62,
        "virtiofs",
        Severity::Warning,
        "it is shared with another system, and syncing is not sure there",
        TO_A_DISK,
    ),
    (
        0x6573_5546,
        "fuse",
        Severity::Warning,
        "what it does with locks and syncing is up to a program",
        TO_A_DISK,
    ),
    (
        0x0102_1994,
        "tmpfs",
        Severity::Warning,
        "it is in memory, and gone when the system stops",
        "use it for trials alone",
    ),
    (
        0x8584_58f6,
        "ramfs",
        Severity::Warning,
        "it is in memory, and gone when the system stops",
        "use it for trials alone",
    ),
    (
        0x794c_7630,
        "overlay",
        Severity::Warning,
        "in a container it is gone with the container, and may come back in an older state",
        "mount a volume there",
    ),
    (
        0x9123_683e,
        "btrfs",
        Severity::Notice,
        "snapshots of it keep what was erased, and must not be put back under a daemon",
        "leave the directory out of snapshots, or use a passphrase",
    ),
    (
        0x2fc1_2fc1,
        "zfs",
        Severity::Notice,
        "snapshots of it keep what was erased, and must not be put back under a daemon",
        "leave the directory out of snapshots, or use a passphrase",
    ),
];

/// What kind of file system the directory is on.
pub(super) fn filesystem(data_dir: &Path) -> Finding {
    const ID: &str = "filesystem.kind";
    let number = match statfs(data_dir) {
        // Its width differs between machines; the numbers have 32 bits.
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_lossless,
            reason = "the type is the system's"
        )]
        Ok(found) => (found.f_type as i64) & 0xffff_ffff,
        Err(error) => {
            return Finding::new(
                ID,
                Severity::Warning,
                format!("the system does not tell what it is: {error}"),
                "see that the directory is on a local disk",
            );
        }
    };
    kind(number)
}

/// Judges the file system with this number.
fn kind(number: i64) -> Finding {
    const ID: &str = "filesystem.kind";
    match KINDS.iter().find(|(kind, ..)| *kind == number) {
        Some((_, name, severity, what, advice)) => {
            Finding::new(ID, *severity, format!("{name}: {what}"), *advice)
        }
        None => Finding::ok(ID, "no network or shared file system that is known"),
    }
}

/// Whether there is room for the files that will be written.
pub(super) fn headroom(data_dir: &Path) -> Finding {
    const ID: &str = "disk.headroom";
    let largest = below(data_dir)
        .iter()
        .filter_map(|path| fs::metadata(path).ok())
        .map(|found| found.len())
        .max();
    // A backup, a change of the key or SQLite itself may write a database once more.
    let wanted = largest
        .unwrap_or(0)
        .saturating_mul(2)
        .saturating_add(LOG_BYTES);
    let found = match statvfs(data_dir) {
        Ok(found) => found,
        Err(error) => {
            return Finding::new(
                ID,
                Severity::Warning,
                format!("the system does not tell how much room there is: {error}"),
                "see that the disk is not full",
            );
        }
    };
    // Some file systems count no files at all.
    let files = (found.f_files > 0).then_some(found.f_favail);
    room(found.f_bavail.saturating_mul(found.f_frsize), wanted, files)
}

/// Judges the free bytes, and the free inodes if they are counted, against what is needed.
fn room(free: u64, wanted: u64, files: Option<u64>) -> Finding {
    const ID: &str = "disk.headroom";
    let said = format!("{} free, {} wanted", mebibytes(free), mebibytes(wanted));
    if free < NO_ROOM_BYTES {
        let advice =
            "make room: the daemon answers `store_failed` until there is some, and loses nothing";
        Finding::new(ID, Severity::Problem, said, advice)
    } else if free < wanted {
        Finding::new(
            ID,
            Severity::Warning,
            said,
            "make room before the disk is full",
        )
    } else if let Some(files) = files.filter(|files| *files < FEW_FILES) {
        let said = format!("room for {files} more files");
        Finding::new(
            ID,
            Severity::Warning,
            said,
            "remove files that are not needed: the daemon makes a few for each account",
        )
    } else {
        Finding::ok(ID, said)
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the system's header, which the table repeats.
    #[test]
    fn network_and_shared_file_systems_are_warned_about() {
        for (number, name) in [
            (0x6969, "nfs"),
            (0xff53_4d42, "cifs"),
            (0xfe53_4d42, "smb2"),
            (0x0102_1997, "9p"),
            (0x6573_5546, "fuse"),
            (0x0102_1994, "tmpfs"),
            (0x794c_7630, "overlay"),
        ] {
            let found = kind(number);
            assert_eq!(found.severity, Severity::Warning, "{name}");
            assert!(found.message.starts_with(&format!("{name}: ")), "{name}");
        }
        // Ext4, XFS; and one that keeps snapshots.
        for number in [0xef53, 0x5846_5342] {
            assert_eq!(kind(number).severity, Severity::Ok, "{number:x}");
        }
        assert_eq!(kind(0x9123_683e).severity, Severity::Notice);
        let numbers: std::collections::BTreeSet<i64> = KINDS.iter().map(|kind| kind.0).collect();
        assert_eq!(numbers.len(), KINDS.len());
    }

    #[test]
    fn room_is_judged_by_what_will_be_written() {
        const MIB: u64 = 1024 * 1024;
        for (free, wanted, files, severity) in [
            (100 * MIB, 20 * MIB, Some(1000), Severity::Ok),
            (100 * MIB, 20 * MIB, None, Severity::Ok),
            (19 * MIB, 20 * MIB, Some(1000), Severity::Warning),
            (100 * MIB, 20 * MIB, Some(FEW_FILES - 1), Severity::Warning),
            (MIB - 1, 20 * MIB, Some(1000), Severity::Problem),
        ] {
            assert_eq!(
                room(free, wanted, files).severity,
                severity,
                "{free} {files:?}"
            );
        }
    }
}
