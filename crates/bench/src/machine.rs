//! The machine and the file system that a measurement was made on.

use std::{fs, path::Path};

use serde::Serialize;

/// File systems in memory: nothing there is durable, and a commit costs nothing.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// The machine, and the directory that was measured in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    /// Whether this program was built with optimisations: without, its figures mean nothing.
    pub optimised: bool,
    /// The processor, as the system names it.
    pub processor: Option<String>,
    /// Processors that this process may use.
    pub processors: usize,
    /// The kernel.
    pub kernel: Option<String>,
    /// Where the scratch daemon and the bare commits have their files.
    pub directory: String,
    /// The file system there.
    pub filesystem: Option<String>,
}

impl Machine {
    /// This machine, and the file system of this directory.
    pub(crate) fn of(directory: &Path) -> Self {
        Self {
            optimised: !cfg!(debug_assertions),
            processor: first_value("/proc/cpuinfo", "model name"),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .ok()
                .map(|release| release.trim().to_owned()),
            directory: directory.display().to_string(),
            filesystem: filesystem(directory),
        }
    }

    /// Reasons why the figures mean little.
    pub(crate) fn warnings(&self) -> Vec<&'static str> {
        let in_memory = self.filesystem.as_deref();
        let in_memory = in_memory.is_some_and(|kind| IN_MEMORY.contains(&kind));
        [
            (!self.optimised, "this program was built without optimisations: its figures mean nothing"),
            (in_memory, "the directory is in memory, where commits cost nothing: choose one on a disk by --dir"),
        ]
        .into_iter()
        .filter_map(|(holds, words)| holds.then_some(words))
        .collect()
    }
}

/// The value of the first line of a file that begins with `name`; a colon is between the two.
fn first_value(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (_, value) = text
        .lines()
        .find(|line| line.starts_with(name))?
        .split_once(':')?;
    Some(value.trim().to_owned())
}

/// The type of the file system that a directory is on.
fn filesystem(directory: &Path) -> Option<String> {
    let directory = directory.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    type_in(&directory, &mounts)
}

/// The same from the text of `mountinfo`. Of the mounts above the directory the deepest counts, and
/// of equally deep ones the last.
fn type_in(directory: &Path, mounts: &str) -> Option<String> {
    /// Field of a line with the mount point; the type comes after a lone dash.
    const MOUNT_POINT: usize = 4;
    let mut found: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(MOUNT_POINT)?.replace("\\040", " ");
        let kind = after.split(' ').next()?;
        if directory.starts_with(&point) && found.is_none_or(|(depth, _)| point.len() >= depth) {
            found = Some((point.len(), kind));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_tells_the_file_system() {
        let mounts = "21 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                      30 21 0:25 / /tmp rw shared:1 - tmpfs tmpfs rw\n\
                      31 21 0:26 / /my\\040disk rw - xfs /dev/vdb rw\n";
        for (path, kind) in [
            ("/var/tmp", "ext4"),
            ("/tmp/x", "tmpfs"),
            ("/tmpx", "ext4"),
            ("/my disk/x", "xfs"),
        ] {
            assert_eq!(type_in(Path::new(path), mounts).as_deref(), Some(kind));
        }
        assert_eq!(type_in(Path::new("/"), ""), None);
    }
}
