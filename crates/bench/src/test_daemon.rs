//! The daemon that is measured, and the accounts that were made there for it.

use std::{
    cell::RefCell,
    ffi::OsStr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crypto_core::IdentityKey;
use daemon::{commands::child::Child, ops::entropy::entropy};
use rand_core::Rng as _;
use serde_json::{Value, json};

use crate::{connection::Line, process::Process};

/// How the names of our accounts begin.
const PREFIX: &str = "bench-";

/// An account made for the measurement.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Its name.
    pub name: String,
    /// As the interface shows it.
    pub public_key: String,
    /// The same.
    pub identity: IdentityKey,
}

/// A daemon.
#[derive(Debug)]
pub(crate) struct Host {
    socket: PathBuf,
    /// Tells our accounts from those of another measurement at the same time.
    run: String,
    made: RefCell<Vec<Made>>,
    /// A scratch daemon ends with this value.
    child: Option<Child>,
}

impl Host {
    /// One that runs already.
    pub(crate) fn running(socket: &Path) -> Self {
        Self::new(socket.to_owned(), None)
    }

    /// Starts `program` on this data directory, with these flags besides; how long it took until it
    /// listened.
    pub(crate) fn scratch(
        program: &Path,
        data_dir: &Path,
        flags: &[&OsStr],
    ) -> Result<(Self, Duration), String> {
        let began = Instant::now();
        let child = Child::serve(program, data_dir, flags)?;
        let started_in = began.elapsed();
        Ok((
            Self::new(child.socket().to_owned(), Some(child)),
            started_in,
        ))
    }

    fn new(socket: PathBuf, child: Option<Child>) -> Self {
        let mut run = [0; 4];
        entropy().fill_bytes(&mut run);
        Self {
            socket,
            run: const_hex::encode(run),
            made: RefCell::default(),
            child,
        }
    }

    /// Has a scratch daemon stop in its own time, so that it leaves its stores as one that is stopped does.
    pub(crate) fn stop(self) -> Result<(), String> {
        self.child.map_or(Ok(()), Child::stop)
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn is_scratch(&self) -> bool {
        self.child.is_some()
    }

    /// Its resident memory, in KiB, if the system tells.
    pub(crate) async fn resident_kib(&self) -> Option<u64> {
        let line = Line::open(&self.socket).await.ok()?;
        Process::new(line.process()?).resident_kib()
    }

    /// Makes an account.
    pub(crate) async fn make_account(&self) -> Result<Made, String> {
        let number = self.made.borrow().len() + 1;
        let name = format!("{PREFIX}{}-{number}", self.run);
        let mut line = Line::open(&self.socket).await?;
        let account = line
            .ask("account_create", &json!({"account": name}))
            .await?;
        let text = |member: &str| account.get(member).and_then(Value::as_str);
        let identity = text("compressedKey")
            .and_then(|key| IdentityKey::from_compact(key).ok())
            .ok_or("account_create gave no key")?;
        let made = Made {
            name,
            public_key: text("publicKey").unwrap_or_default().to_owned(),
            identity,
        };
        self.made.borrow_mut().push(made.clone());
        Ok(made)
    }

    /// Removes every account that was made here. A scratch daemon takes its own with it.
    pub(crate) async fn clean(&self) -> Result<(), String> {
        if self.is_scratch() {
            return Ok(());
        }
        let mut line = Line::open(&self.socket).await?;
        let mut failed = None;
        for made in self.made.take() {
            let params = json!({"account": made.name, "publicKey": made.public_key});
            if let Err(error) = line.ask("account_remove", &params).await {
                failed = Some(format!("{} is left behind: {error}", made.name));
                line = Line::open(&self.socket).await?;
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
