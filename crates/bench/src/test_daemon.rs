//! The daemon that is measured, and the accounts made there for the measurement.

use std::{
    cell::RefCell,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crypto_core::IdentityKey;
use daemon::commands::child::Child;
use serde_json::{Value, json};

use crate::{connection::Connection, process::resident_kib};

/// An account made for the measurement.
#[derive(Clone, Debug)]
pub(crate) struct TestAccount {
    /// Its name.
    pub name: String,
    /// Its public key, in the form that `account_remove` takes.
    pub public_key: String,
    /// The same key.
    pub identity: IdentityKey,
}

impl TestAccount {
    /// The account of this name, from what the daemon says of it.
    fn read(name: String, answer: &Value) -> Result<Self, String> {
        let text = |member: &str| answer.get(member).and_then(Value::as_str);
        let identity = text("compressedKey")
            .and_then(|key| IdentityKey::from_compact(key).ok())
            .ok_or("the daemon gave no key of an account")?;
        Ok(Self {
            name,
            public_key: text("publicKey").unwrap_or_default().to_owned(),
            identity,
        })
    }
}

/// The daemon that is measured.
#[derive(Debug)]
pub(crate) struct TestDaemon {
    socket: PathBuf,
    accounts: RefCell<Vec<TestAccount>>,
    /// The process of a scratch daemon, killed with this value; `None` for one that ran before.
    child: Option<Child>,
}

impl TestDaemon {
    /// One that runs already and listens on this socket.
    pub(crate) fn running(socket: &Path) -> Self {
        Self::new(socket.to_owned(), None)
    }

    /// Starts `program` as a scratch daemon on this data directory, with these flags besides.
    /// Returns it with the time until it listened.
    pub(crate) fn scratch(
        program: &Path,
        data_dir: &Path,
        flags: &[&OsStr],
    ) -> Result<(Self, Duration), String> {
        Self::scratch_by(Command::new(program), data_dir, flags)
    }

    /// The same by a command that ends as `program`, with the arguments it is given.
    pub(crate) fn scratch_by(
        command: Command,
        data_dir: &Path,
        flags: &[&OsStr],
    ) -> Result<(Self, Duration), String> {
        let began = Instant::now();
        let child = Child::serve_by(command, data_dir, flags)?;
        let start = began.elapsed();
        Ok((Self::new(child.socket().to_owned(), Some(child)), start))
    }

    fn new(socket: PathBuf, child: Option<Child>) -> Self {
        Self {
            socket,
            accounts: RefCell::default(),
            child,
        }
    }

    /// Stops a scratch daemon by a signal, so that it closes its stores as it does in service.
    pub(crate) fn stop(self) -> Result<(), String> {
        self.child.map_or(Ok(()), Child::stop)
    }

    /// Its Unix socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether it is a scratch daemon.
    pub(crate) fn is_scratch(&self) -> bool {
        self.child.is_some()
    }

    /// What it says of its version.
    pub(crate) async fn version(&self) -> Result<Value, String> {
        let mut connection = Connection::open(&self.socket).await?;
        connection.ask("system_version", &json!({})).await
    }

    /// The id of its process, if the system knows it.
    pub(crate) async fn process(&self) -> Option<u32> {
        let connection = Connection::open(&self.socket).await.ok()?;
        connection.process()
    }

    /// Its resident memory in KiB; `None` if the system does not tell.
    pub(crate) async fn resident_kib(&self) -> Option<u64> {
        resident_kib(self.process().await?)
    }

    /// Creates an account.
    pub(crate) async fn create_account(&self) -> Result<TestAccount, String> {
        let number = self.accounts.borrow().len() + 1;
        // The process tells them from those of another measurement at the same time.
        let name = format!("bench-{}-{number}", std::process::id());
        let mut connection = Connection::open(&self.socket).await?;
        let answer = connection
            .ask("account_create", &json!({"account": name}))
            .await?;
        let account = TestAccount::read(name, &answer)?;
        self.accounts.borrow_mut().push(account.clone());
        Ok(account)
    }

    /// An account that is there.
    pub(crate) async fn account(&self, name: String) -> Result<TestAccount, String> {
        let mut connection = Connection::open(&self.socket).await?;
        let answer = connection
            .ask("account_get", &json!({"account": name}))
            .await?;
        TestAccount::read(name, &answer)
    }

    /// Removes every account that was created here from a running daemon. Those of a scratch daemon
    /// go with its directory.
    pub(crate) async fn remove_accounts(&self) -> Result<(), String> {
        if self.is_scratch() {
            return Ok(());
        }
        let mut connection = Connection::open(&self.socket).await?;
        let mut failed = None;
        for account in self.accounts.take() {
            let params = json!({"account": account.name, "publicKey": account.public_key});
            if let Err(error) = connection.ask("account_remove", &params).await {
                failed = Some(format!("{} is left behind: {error}", account.name));
                connection = Connection::open(&self.socket).await?;
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
