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

/// What the daemon's user could not write to.
pub(super) fn writable(data_dir: &Path) -> Vec<Finding> {
    const ID: &str = "files.writable";
    let found: Vec<Finding> = session_store::unwritable(data_dir)
        .into_iter()
        .map(|(account, wrong)| {
            let finding = Finding::new(ID, Severity::Problem, wrong.to_string(), wrong.mend);
            match account {
                Some(account) => finding.of(account.as_str()),
                None => finding,
            }
        })
        .collect();
    if found.is_empty() {
        return vec![Finding::ok(ID, "their owner may write to all of them")];
    }
    found
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

/// File systems that are not plain disks, and the finding about them.
struct FileSystems {
    severity: Severity,
    what: &'static str,
    advice: &'static str,
    /// Their numbers of statfs(2), and their names.
    kinds: &'static [(i64, &'static str)],
}

const TO_A_DISK: &str = "move the directory to a local disk, with the daemon stopped";

const FILE_SYSTEMS: [FileSystems; 6] = [
    FileSystems {
        severity: Severity::Warning,
        what: "locks, renaming and syncing are not sure there",
        advice: TO_A_DISK,
        kinds: &[
            (0x6969, "nfs"),
            (0x517b, "smb"),
            (0xff53_4d42, "cifs"),
            (0xfe53_4d42, "smb2"),
            (0x5346_414f, "afs"),
            (0x00c3_6400, "ceph"),
            (0x0bd0_0bd0, "lustre"),
            (0x0116_1970, "gfs2"),
            (0x7461_636f, "ocfs2"),
        ],
    },
    FileSystems {
        severity: Severity::Warning,
        what: "it is shared with another system, and syncing is not sure there",
        advice: TO_A_DISK,
        kinds: &[
            (0x0102_1997, "9p"),
            (0x786f_4256, "vboxsf"),
            (0x6a65_6a62, "virtiofs"),
        ],
    },
    FileSystems {
        severity: Severity::Warning,
        what: "what it does with locks and syncing is up to a program",
        advice: TO_A_DISK,
        kinds: &[(0x6573_5546, "fuse")],
    },
    FileSystems {
        severity: Severity::Warning,
        what: "it is in memory, and gone when the system stops",
        advice: "use it for trials alone",
        kinds: &[(0x0102_1994, "tmpfs"), (0x8584_58f6, "ramfs")],
    },
    FileSystems {
        severity: Severity::Warning,
        what: "in a container it is gone with the container, and may come back in an older state",
        advice: "mount a volume there",
        kinds: &[(0x794c_7630, "overlay")],
    },
    FileSystems {
        severity: Severity::Notice,
        what: "snapshots of it keep what was erased, and must not be put back under a daemon",
        advice: "leave the directory out of snapshots, or use a passphrase",
        kinds: &[(0x9123_683e, "btrfs"), (0x2fc1_2fc1, "zfs")],
    },
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
    for of in &FILE_SYSTEMS {
        if let Some((_, name)) = of.kinds.iter().find(|(kind, _)| *kind == number) {
            return Finding::new(ID, of.severity, format!("{name}: {}", of.what), of.advice);
        }
    }
    Finding::ok(ID, "no network or shared file system that is known")
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
        let kinds = || FILE_SYSTEMS.iter().flat_map(|of| of.kinds);
        let numbers: std::collections::BTreeSet<i64> = kinds().map(|(number, _)| *number).collect();
        assert_eq!(numbers.len(), kinds().count());
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
