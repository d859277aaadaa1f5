//! The library that is loaded into a daemon and lets its disk fail: `shim.c`, and the file of
//! orders through which a test tells it what to do.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use super::random::Random;
use crate::support::Daemon;

/// Size of the file of orders in bytes: seven numbers and a part of a path.
const ORDERS: usize = 7 * 8 + PART;
const PART: usize = 64;

/// Indices of numbers in the file of orders, each of 8 bytes.
const COUNTDOWN: u64 = 1;
const BROKEN: u64 = 5;
const FAILED: u64 = 6;

/// Kinds of system calls that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Write = 1,
    Sync = 2,
    Truncate = 4,
    /// Making, renaming and removing files.
    Name = 8,
    /// Writing past the end of a file. Overwriting works on a full disk.
    Growth = 16,
    /// Syncing a directory.
    Directory = 32,
    /// All of the first four.
    Any = 1 + 2 + 4 + 8,
}

/// What a failing call does before it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Nothing = 0,
    /// Half of a write; the next write fails.
    Part = 1,
    /// All that was asked for.
    Everything = 2,
    /// Nothing, and the process is killed.
    Death = 3,
}

/// The system's number of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    Io = 5,
    Full = 28,
}

/// How a disk fails.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub call: Call,
    pub errno: Errno,
    pub effect: Effect,
    /// Whether all calls of this kind fail from then on.
    pub lasting: bool,
    /// Only calls on files whose path contains this fail.
    pub part: &'static str,
}

impl Fault {
    /// Fails once with an I/O error, nothing done.
    pub const fn once(call: Call) -> Self {
        Self {
            call,
            errno: Errno::Io,
            effect: Effect::Nothing,
            lasting: false,
            part: "",
        }
    }

    /// A random fault.
    pub fn any(random: &mut Random) -> Self {
        let (call, errno) = match random.below(6) {
            0 => (Call::Growth, Errno::Full),
            1 => (Call::Write, Errno::Full),
            2 => (Call::Write, Errno::Io),
            3 | 4 => (Call::Sync, Errno::Io),
            _ => (Call::Any, Errno::Io),
        };
        let effect = match random.below(4) {
            0 => Effect::Part,
            // A full disk does not write.
            1 if errno == Errno::Io => Effect::Everything,
            _ => Effect::Nothing,
        };
        let part = match random.below(4) {
            0 => "-wal",
            1 => "/accounts/",
            2 => "/events.db",
            _ => "",
        };
        Self {
            call,
            errno,
            effect,
            lasting: random.one_in(3),
            part,
        }
    }
}

/// The file of orders of the disk under one daemon.
pub struct Disk(File);

impl Disk {
    /// Starts a daemon on a fresh directory, on a disk that can fail. With a journal, what the
    /// daemon does not sync can be undone.
    pub fn with_daemon(arguments: &[&str], journal: bool) -> (Daemon, Self) {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let (environment, disk) = Self::in_directory(&directory, journal);
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        let daemon = Daemon::start_in_with(directory, arguments, environment);
        (daemon, disk)
    }

    /// The environment with which a daemon in this directory has to be started.
    pub fn in_directory(directory: &TempDir, journal: bool) -> (Vec<(String, String)>, Self) {
        let directory = directory.path().canonicalize().expect("a path");
        let orders = directory.join("orders");
        fs::write(&orders, [0; ORDERS]).expect("the orders");
        let mut environment = vec![
            ("LD_PRELOAD", library().to_owned()),
            ("RATCHETD_FAULTS_DIRECTORY", directory.join("data")),
            ("RATCHETD_FAULTS_ORDERS", orders.clone()),
        ];
        if journal {
            let journal = journal_of(&directory);
            fs::create_dir(&journal).expect("a place for the journal");
            environment.push(("RATCHETD_FAULTS_JOURNAL", journal));
        }
        let environment = environment.into_iter().map(|(name, path)| {
            let path = path.into_os_string().into_string().expect("text");
            (name.to_owned(), path)
        });
        let file = OpenOptions::new().read(true).write(true).open(orders);
        (environment.collect(), Self(file.expect("the orders")))
    }

    fn read(&self, which: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, which * 8).expect("orders");
        u64::from_ne_bytes(bytes)
    }

    fn write(&self, which: u64, number: u64) {
        self.0
            .write_all_at(&number.to_ne_bytes(), which * 8)
            .expect("orders");
    }

    /// Lets the `nth` call from now on fail.
    pub fn fail(&self, fault: &Fault, nth: u64) {
        self.mend();
        let mut part = [0; PART];
        part[..fault.part.len()].copy_from_slice(fault.part.as_bytes());
        self.0.write_all_at(&part, 7 * 8).expect("orders");
        for (which, number) in [
            (0, fault.call as u64),
            (2, fault.errno as u64),
            (3, fault.effect as u64),
            (4, u64::from(fault.lasting)),
            // Last: it begins here.
            (COUNTDOWN, nth),
        ] {
            self.write(which, number);
        }
    }

    /// How many of the calls of [`Call::Any`] there are during `act`.
    pub fn calls_in(&self, act: impl FnOnce()) -> u64 {
        /// More calls than there are: none fails.
        const FAR_OFF: u64 = 1 << 40;
        self.fail(&Fault::once(Call::Any), FAR_OFF);
        act();
        let calls = FAR_OFF - self.read(COUNTDOWN);
        self.mend();
        calls
    }

    /// Ends all faults.
    pub fn mend(&self) {
        self.write(COUNTDOWN, 0);
        self.write(0, 0);
        self.write(BROKEN, 0);
    }

    /// How many system calls have failed.
    pub fn failed(&self) -> u64 {
        self.read(FAILED)
    }
}

/// Where the library keeps its undo journal for a daemon in this directory.
pub fn journal_of(directory: &Path) -> PathBuf {
    directory.join("undo")
}

/// The library, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/faults");
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        // Another run may be using the one it has compiled: that file stays what it is.
        let made = directory.join(format!("shim-{}.so", std::process::id()));
        let status = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"])
            .args(["-shared", "-fPIC", "-pthread", "-o"])
            .arg(&made)
            .args([sources.join("shim.c"), sources.join("journal.c")])
            .status()
            .expect("a C compiler, called cc");
        assert!(status.success(), "the shim does not compile");
        let library = directory.join("shim.so");
        fs::rename(made, &library).expect("the shim's place");
        library
    })
}
