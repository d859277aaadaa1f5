//! One daemon of the story: a child process with a store and a socket of its own.

use std::path::{Path, PathBuf};

use crypto_core::{IdentityKey, InstallationId, MessageId};
use engine::model::AccountName;
use rpc::{
    Method,
    client::{Address, Client},
    methods,
    params::{MessageIds, Text, Wire},
    types::{AccountInfo, Decrypted, Encrypted, EnvelopeInfo, NewAccount},
};

use super::{Result, Told};
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
pub(super) fn account_name() -> Result<AccountName> {
    Ok(AccountName::parse("me")?)
}

impl Party {
    pub(super) async fn start(scratch: &Path, name: &str) -> Result<Self> {
        let data_dir = scratch.join(name);
        let process = Child::serve(&std::env::current_exe()?, &data_dir, &[])?;
        let client = Client::new(Address::Unix(process.socket().to_owned()));
        Ok(Self {
            data_dir,
            process: Some(process),
            client,
            device: None,
        })
    }

    pub(super) async fn create(&mut self) -> Result<NewAccount> {
        let params = methods::CreateParams {
            account: account_name()?,
            installation_id: None,
            words: None,
        };
        let made = self.call::<methods::AccountCreate>(params).await?;
        self.is(&made.account)?;
        Ok(made)
    }

    /// Remembers whose daemon this is.
    pub(super) fn is(&mut self, account: &AccountInfo) -> Result<()> {
        let identity = IdentityKey::from_compact(&account.compressed_key)?;
        let installation = InstallationId::parse(&account.installation_id)?;
        self.device = Some((identity, installation));
        Ok(())
    }

    pub(super) fn identity(&self) -> Result<IdentityKey> {
        self.device().map(|(identity, _)| *identity)
    }

    pub(super) fn installation(&self) -> Result<InstallationId> {
        self.device().map(|(_, installation)| installation.clone())
    }

    fn device(&self) -> Result<&(IdentityKey, InstallationId)> {
        let device = self.device.as_ref();
        device.ok_or_else(|| "no account yet".into())
    }

    pub(super) async fn call<M: Method>(&self, params: M::Params) -> Told<M> {
        self.client
            .call::<M>(params)
            .await
            .map_err(|error| format!("{}: {error}", M::NAME).into())
    }

    pub(super) async fn encrypt(&self, recipient: &Self, text: &str) -> Result<Encrypted> {
        self.call::<methods::MessageEncrypt>(methods::EncryptParams {
            account: None,
            recipient: recipient.identity()?,
            payload: None,
            text: Some(Text(text.to_owned())),
            request_id: None,
            seal: None,
        })
        .await
    }

    pub(super) async fn decrypt(
        &self,
        sender: &Self,
        envelope: &EnvelopeInfo,
    ) -> Result<Decrypted> {
        self.call::<methods::MessageDecrypt>(methods::DecryptParams {
            account: None,
            sender: Some(sender.identity()?),
            message: Some(Wire(envelope.message.0.clone())),
            confirm: None,
            sealed: None,
            sym_key: None,
        })
        .await
    }

    pub(super) async fn confirm(&self, read: &Decrypted) -> Result<()> {
        let id = read.message_id.as_ref().ok_or("the message has no id")?;
        let id: [u8; 32] =
            id.0.as_slice()
                .try_into()
                .map_err(|_| "a message id of another length")?;
        self.call::<methods::MessageConfirm>(methods::ConfirmParams {
            account: None,
            message_ids: MessageIds(vec![MessageId::from_bytes(id)]),
        })
        .await?;
        Ok(())
    }

    /// Ends the daemon as a power cut would, and starts it again on the same store.
    pub(super) async fn kill_and_restart(&mut self) -> Result<()> {
        // Killed when dropped, and its lock is free before the next one asks for it.
        self.process = None;
        self.process = Some(Child::serve(
            &std::env::current_exe()?,
            &self.data_dir,
            &[],
        )?);
        Ok(())
    }
}
