//! The accounts' methods.

use std::sync::Arc;

use crypto_core::{IdentityKeyPair, Mnemonic, MnemonicError, WordCount};
use rpc::{
    Kind, RpcError,
    forms::Secret,
    methods,
    types::{AccountInfo, NewAccount, Removed},
};

use super::{Daemon, Result, blocking};
use crate::entropy::entropy;

pub(super) async fn account_create(
    daemon: Arc<Daemon>,
    params: methods::CreateParams,
) -> Result<NewAccount> {
    blocking(move || {
        let words = params.words.map_or(WordCount::Twelve, |words| words.0);
        let mnemonic = Mnemonic::generate(words, &mut entropy());
        let identity = mnemonic.chat_key("").map_err(derivation_failed)?;
        let account = daemon
            .accounts
            .create(params.account, identity, params.installation_id)?;
        Ok(NewAccount {
            account,
            mnemonic: mnemonic.phrase().to_string(),
        })
    })
    .await
}

pub(super) async fn account_recover(
    daemon: Arc<Daemon>,
    params: methods::RecoverParams,
) -> Result<AccountInfo> {
    blocking(move || {
        let identity = recovered(&params.mnemonic, params.mnemonic_passphrase.as_ref())?;
        daemon
            .accounts
            .create(params.account, identity, params.installation_id)
    })
    .await
}

fn recovered(phrase: &Secret, passphrase: Option<&Secret>) -> Result<IdentityKeyPair> {
    let mnemonic = Mnemonic::parse(&phrase.0).map_err(|error: MnemonicError| {
        RpcError::new(Kind::InvalidMnemonic, error.to_string()).about("mnemonic")
    })?;
    mnemonic
        .chat_key(passphrase.map_or("", |passphrase| passphrase.0.as_str()))
        .map_err(derivation_failed)
}

fn derivation_failed(error: crypto_core::KeyError) -> RpcError {
    RpcError::new(Kind::Internal, error.to_string())
}

pub(super) async fn account_import(
    daemon: Arc<Daemon>,
    params: methods::ImportAccountParams,
) -> Result<AccountInfo> {
    blocking(move || {
        let identity = IdentityKeyPair::from_secret_bytes(&params.private_key.0).map_err(|_| {
            RpcError::new(Kind::InvalidKey, "not a private key of the curve").about("privateKey")
        })?;
        daemon
            .accounts
            .create(params.account, identity, params.installation_id)
    })
    .await
}

pub(super) async fn account_list(
    daemon: Arc<Daemon>,
    _: methods::NoParams,
) -> Result<Vec<AccountInfo>> {
    let accounts = daemon.accounts.all();
    Ok(accounts
        .iter()
        .map(|account| account.info.clone())
        .collect())
}

pub(super) async fn account_get(
    daemon: Arc<Daemon>,
    params: methods::AccountOnly,
) -> Result<AccountInfo> {
    Ok(daemon.account(params.account.as_ref())?.info.clone())
}

pub(super) async fn account_remove(
    daemon: Arc<Daemon>,
    params: methods::RemoveParams,
) -> Result<Removed> {
    blocking(move || {
        daemon
            .accounts
            .remove(&params.account, &params.public_key)?;
        Ok(Removed { removed: true })
    })
    .await
}
