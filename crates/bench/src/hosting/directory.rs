//! A data directory with accounts, and the daemon that serves it.

use std::{
    collections::{BTreeSet, VecDeque},
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    time::Instant,
};

use serde_json::{Value, json};

use crate::{
    connection::{Connection, read_request, request},
    peer::Peer,
    population::{call_all, encrypt_request},
    test_daemon::TestDaemon,
};

/// What the names of the accounts begin with.
const PREFIX: &str = "hosted-";
/// Bytes of a block as stat(2) counts them.
const BLOCK_BYTES: u64 = 512;

/// How daemons are started.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// Their program.
    pub program: PathBuf,
    /// Their flags besides those for the data directory and the socket.
    pub flags: Vec<OsString>,
}

impl Launch {
    /// The flags, as a daemon is given them.
    pub(super) fn flags(&self) -> Vec<&OsStr> {
        self.flags.iter().map(OsString::as_os_str).collect()
    }

    /// A command that becomes the daemon, with its soft and its hard limit of descriptors lowered.
    pub(super) fn limited_to(&self, descriptors: usize) -> Command {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""))
            .arg(&self.program);
        command
    }
}

/// How long a start took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// Until the daemon listened, in milliseconds.
    pub listening_ms: f64,
    /// Until `/readyz` said that it is ready, in milliseconds.
    pub ready_ms: f64,
}

/// A data directory with this many accounts.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    /// How its daemon is started.
    pub launch: &'a Launch,
    /// Where it is.
    pub path: PathBuf,
    /// How many accounts there are, or will be when it is prepared.
    pub accounts: usize,
}

impl Directory<'_> {
    /// Starts its daemon, and waits until it is ready.
    pub(super) async fn start(&self) -> Result<(TestDaemon, Start), String> {
        let began = Instant::now();
        let (daemon, listening) =
            TestDaemon::scratch(&self.launch.program, &self.path, &self.launch.flags())?;
        let mut connection = Connection::open(daemon.socket()).await?;
        connection.exchange(&read_request("/readyz")).await?;
        let start = Start {
            listening_ms: listening.as_secs_f64() * 1e3,
            ready_ms: began.elapsed().as_secs_f64() * 1e3,
        };
        Ok((daemon, start))
    }

    /// Makes the accounts that are not there yet, over this many connections; how many they were.
    /// A directory with other accounts is refused.
    pub(super) async fn prepare(&self, connections: usize) -> Result<usize, String> {
        let (daemon, _) = self.start().await?;
        let mut connection = Connection::open(daemon.socket()).await?;
        let accounts = connection.ask("account_list", &json!({})).await?;
        let there: BTreeSet<&str> = accounts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|account| account.get("account").and_then(Value::as_str))
            .collect();
        if let Some(other) = there.iter().find(|name| !name.starts_with(PREFIX)) {
            let path = self.path.display();
            return Err(format!(
                "{path} has an account {other}: name a directory for measurements alone"
            ));
        }
        let missing: VecDeque<_> = (1..=self.accounts)
            .map(name)
            .filter(|name| !there.contains(name.as_str()))
            .map(|name| request("account_create", &json!({"account": name})))
            .collect();
        let made = missing.len();
        call_all(&daemon, missing, connections).await?;
        daemon.stop()?;
        Ok(made)
    }

    /// For each account in order a call that encrypts a message to this stranger, with whom there
    /// is no session.
    pub(super) fn calls(&self, stranger: &Peer) -> Vec<Rc<[u8]>> {
        (1..=self.accounts)
            .map(|number| encrypt_request(&name(number), stranger))
            .collect()
    }

    /// What it takes on the disk, in KiB.
    pub(super) fn disk_kib(&self) -> Option<u64> {
        disk_bytes(&self.path).map(|bytes| bytes / 1024).ok()
    }
}

/// The name of an account by its number.
pub(super) fn name(number: usize) -> String {
    format!("{PREFIX}{number}")
}

/// Bytes of the blocks that the files below a directory take, and the directories themselves.
fn disk_bytes(path: &Path) -> std::io::Result<u64> {
    let found = fs::symlink_metadata(path)?;
    let mut bytes = found.blocks() * BLOCK_BYTES;
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            bytes += disk_bytes(&entry?.path())?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_of_all_files_below_are_counted() {
        let directory = tempfile::tempdir().unwrap();
        let before = disk_bytes(directory.path()).unwrap();
        let below = directory.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let file = fs::File::create(below.join("c")).unwrap();
        std::io::Write::write_all(&mut &file, &[1; 100_000]).unwrap();
        file.sync_all().unwrap();
        let after = disk_bytes(directory.path()).unwrap();
        assert!(after >= before + 100_000, "{before} {after}");
        assert!(disk_bytes(&below.join("d")).is_err());
    }

    #[test]
    fn a_limit_of_descriptors_holds_for_the_program_and_its_arguments_arrive() {
        let launch = Launch {
            program: "sh".into(),
            flags: Vec::new(),
        };
        let told = launch
            .limited_to(64)
            .args([
                "-c",
                "ulimit -Sn; ulimit -Hn; echo $1",
                "name",
                "an argument",
            ])
            .output()
            .unwrap();
        assert_eq!(told.stdout, b"64\n64\nan argument\n");
    }
}
