//! One daemon of the story: a child process with a store and a socket of its own.

use std::path::{Path, PathBuf};

use crypto_core::{IdentityKey, InstallationId, MessageId};
use engine::model::AccountName;
use rpc::{
    Method,
    client::{Address, Client},
    methods,
    params::MessageIds,
    types::{AccountInfo, Decrypted, Encrypted, EnvelopeInfo},
};

use super::{Told, decrypt_params, encrypt_params};
use crate::commands::child::Child;

/// A daemon, killed with this value.
pub(super) struct Party {
    data_dir: PathBuf,
    /// None only while it is between two lives.
    process: Option<Child>,
    client: Client,
    device: Option<(IdentityKey, InstallationId)>,
}

/// The account's name is local to each daemon.
pub(super) fn account_name() -> Result<AccountName, String> {
    AccountName::parse("me").map_err(|error| error.to_string())
}

/// The demo's daemons are this program once more.
fn own_program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|error| error.to_string())
}

impl Party {
    pub(super) async fn start(scratch: &Path, name: &str) -> Result<Self, String> {
        let data_dir = scratch.join(name);
        let process = Child::serve(&own_program()?, &data_dir, &[])?;
        let client = Client::new(Address::Unix(process.socket().to_owned()));
        Ok(Self {
            data_dir,
            process: Some(process),
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
        // Killed when dropped, and its lock is free before the next one asks for it.
        self.process = None;
        self.process = Some(Child::serve(&own_program()?, &self.data_dir, &[])?);
        Ok(())
    }
}
