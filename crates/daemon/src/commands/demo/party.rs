//! One daemon of the story: a child process with a store and a socket of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crypto_core::{IdentityKey, InstallationId, MessageId};
use engine::AccountName;
use rpc::{
    Method,
    client::{Address, Client},
    forms::MessageIds,
    methods,
    types::{AccountInfo, Decrypted, Encrypted, EnvelopeInfo},
};

use super::{Told, decrypt_params, encrypt_params};

/// A daemon, ended with this value.
pub(super) struct Party {
    data_dir: PathBuf,
    process: Child,
    client: Client,
    device: Option<(IdentityKey, InstallationId)>,
}

/// The account's name is local to each daemon.
pub(super) fn account_name() -> Result<AccountName, String> {
    AccountName::parse("me").map_err(|error| error.to_string())
}

impl Party {
    pub(super) async fn start(scratch: &Path, name: &str) -> Result<Self, String> {
        let data_dir = scratch.join(name);
        let process = spawn(&data_dir)?;
        let client = Client::new(Address::Unix(socket(&data_dir)));
        Ok(Self {
            data_dir,
            process,
            client,
            device: None,
        })
    }

    /// Remembers whose daemon this is.
    pub(super) fn is(&mut self, account: &AccountInfo) -> Result<(), String> {
        let identity = IdentityKey::from_compact(&account.compressed_key)
            .map_err(|error| error.to_string())?;
        let installation =
            InstallationId::parse(&account.installation_id).map_err(|error| error.to_string())?;
        self.device = Some((identity, installation));
        Ok(())
    }

    pub(super) fn identity(&self) -> Result<IdentityKey, String> {
        self.device().map(|(identity, _)| *identity)
    }

    pub(super) fn installation(&self) -> Result<InstallationId, String> {
        self.device().map(|(_, installation)| installation.clone())
    }

    fn device(&self) -> Result<&(IdentityKey, InstallationId), String> {
        let device = self.device.as_ref();
        device.ok_or_else(|| "no account yet".to_owned())
    }

    pub(super) async fn call<M: Method>(&self, params: M::Params) -> Told<M> {
        self.client
            .call::<M>(params)
            .await
            .map_err(|error| format!("{}: {error}", M::NAME))
    }

    pub(super) async fn encrypt(&self, recipient: &Self, text: &str) -> Result<Encrypted, String> {
        let params = encrypt_params(recipient.identity()?, text);
        self.call::<methods::MessageEncrypt>(params).await
    }

    pub(super) async fn decrypt(
        &self,
        sender: &Self,
        envelope: &EnvelopeInfo,
    ) -> Result<Decrypted, String> {
        let params = decrypt_params(sender.identity()?, envelope);
        self.call::<methods::MessageDecrypt>(params).await
    }

    pub(super) async fn confirm(&self, read: &Decrypted) -> Result<(), String> {
        let id = read.message_id.as_ref().ok_or("the message has no id")?;
        let id: [u8; 32] =
            id.0.as_slice()
                .try_into()
                .map_err(|_| "a message id of another length".to_owned())?;
        self.call::<methods::MessageConfirm>(methods::ConfirmParams {
            account: None,
            message_ids: MessageIds(vec![MessageId::from_bytes(id)]),
        })
        .await?;
        Ok(())
    }

    /// Ends the daemon as a power cut would, and starts it again on the same store.
    pub(super) async fn kill_and_restart(&mut self) -> Result<(), String> {
        self.end();
        self.process = spawn(&self.data_dir)?;
        Ok(())
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        self.end();
    }
}

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("s")
}

/// Starts this program as a daemon and waits until it says that it listens.
fn spawn(data_dir: &Path) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    // The story is the same whatever the reader's own daemon is told by its environment.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RATCHETD_") {
            command.env_remove(name);
        }
    }
    let mut process = command
        .arg("serve")
        .arg("--data-dir")
        .arg(data_dir)
        .arg("--socket")
        .arg(socket(data_dir))
        .args(["--log-filter", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut line = String::new();
    if let Some(out) = process.stdout.take() {
        BufReader::new(out)
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
    }
    if line.starts_with("listening on unix:") {
        Ok(process)
    } else {
        let _ = process.kill();
        let _ = process.wait();
        Err("a daemon of the story did not start".to_owned())
    }
}
