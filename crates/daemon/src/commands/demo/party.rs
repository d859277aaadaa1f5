//! One daemon of the story: a child process with a store and a socket of its own.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
};

use crypto_core::{IdentityKey, InstallationId, MessageId};
use engine::model::{AccountName, Seal};
use rpc::{
    Method,
    client::{Address, Client},
    methods,
    params::{EnvelopeBytes, MessageIds, Params as _, Sealing, Text, Wire},
    types::{AccountInfo, Decrypted, Encrypted, EnvelopeInfo, NewAccount},
};
use serde_json::Value;

use super::{Result, Told};
use crate::commands::child::Child;

/// A call that was made, and its result.
pub(super) struct Called {
    pub(super) device: &'static str,
    pub(super) method: &'static str,
    pub(super) params: Value,
    pub(super) result: Value,
}

/// The calls of all devices that were not shown yet.
pub(super) type Calls = Rc<RefCell<Vec<Called>>>;

/// A daemon, killed with this value.
pub(super) struct Party {
    /// Whose device it is: "Alice's phone".
    name: &'static str,
    calls: Calls,
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
    /// Starts one; `name` says whose device it is.
    pub(super) fn start(scratch: &Path, name: &'static str, calls: &Calls) -> Result<Self> {
        let data_dir = scratch.join(name);
        let process = Child::serve(&std::env::current_exe()?, &data_dir, &[])?;
        let client = Client::new(Address::Unix(process.socket().to_owned()));
        Ok(Self {
            name,
            calls: Rc::clone(calls),
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

    /// Whose device it is.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it has this installation id.
    pub(super) fn has(&self, installation: &str) -> bool {
        let device = self.device.as_ref();
        device.is_some_and(|(_, own)| own.as_str() == installation)
    }

    pub(super) async fn call<M: Method>(&self, params: M::Params) -> Told<M> {
        let given = Value::Object(params.write());
        let called = self.client.call::<M>(params).await;
        let result = called.map_err(|error| format!("{}: {error}", M::NAME))?;
        self.calls.borrow_mut().push(Called {
            device: self.name,
            method: M::NAME,
            params: given,
            result: serde_json::to_value(&result)?,
        });
        Ok(result)
    }

    pub(super) async fn encrypt(&self, recipient: &Self, text: &str) -> Result<Encrypted> {
        self.encrypt_and_seal(recipient, text, None).await
    }

    /// Encrypts, and seals by the topic that both have agreed upon.
    pub(super) async fn seal(&self, recipient: &Self, text: &str) -> Result<Encrypted> {
        let seal = Sealing(Some(Seal::Agreed));
        self.encrypt_and_seal(recipient, text, Some(seal)).await
    }

    async fn encrypt_and_seal(
        &self,
        recipient: &Self,
        text: &str,
        seal: Option<Sealing>,
    ) -> Result<Encrypted> {
        self.call::<methods::MessageEncrypt>(methods::EncryptParams {
            account: None,
            recipient: recipient.identity()?,
            payload: None,
            text: Some(Text(text.to_owned())),
            request_id: None,
            seal,
        })
        .await
    }

    /// Reads a sealed message, whose signature names the sender.
    pub(super) async fn open(&self, sealed: Vec<u8>) -> Result<Decrypted> {
        self.call::<methods::MessageDecrypt>(methods::DecryptParams {
            account: None,
            sender: None,
            message: None,
            confirm: None,
            sealed: Some(EnvelopeBytes(sealed)),
            sym_key: None,
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
    pub(super) fn kill_and_restart(&mut self) -> Result<()> {
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
