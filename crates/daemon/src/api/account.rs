//! The accounts' methods.

use std::sync::Arc;

use crypto_core::{
    IdentityKeyPair, Mnemonic, MnemonicError, WordCount,
    keystore::{Keystore, ScryptCost},
};
use rand_core::Rng as _;
use rpc::{
    ErrorKind, RpcError,
    keystore::{KeystoreFileError, write_keystore_file},
    methods,
    params::Secret,
    types::{AccountInfo, ExportedAccount, NewAccount, Removed},
};

use super::{Daemon, Result, blocking, stopping};
use crate::ops::entropy::entropy;

pub(super) async fn account_create(
    daemon: Arc<Daemon>,
    params: methods::CreateParams,
) -> Result<NewAccount> {
    let words = params.words.map_or(WordCount::Twelve, |words| words.0);
    let (identity, phrase) = blocking(move || {
        let mnemonic = Mnemonic::generate(words, &mut entropy());
        let identity = mnemonic.chat_key("").map_err(derivation_failed)?;
        Ok((identity, mnemonic.phrase()))
    })
    .await?;
    let id = params.installation_id.map(|id| id.0);
    let made = daemon.accounts.create(params.account, identity, id);
    Ok(NewAccount {
        account: made.await?,
        mnemonic: phrase.to_string(),
    })
}

pub(super) async fn account_recover(
    daemon: Arc<Daemon>,
    params: methods::RecoverParams,
) -> Result<AccountInfo> {
    let (phrase, passphrase) = (params.mnemonic, params.mnemonic_passphrase);
    let identity = blocking(move || recovered(&phrase, passphrase.as_ref())).await?;
    let id = params.installation_id.map(|id| id.0);
    daemon.accounts.create(params.account, identity, id).await
}

fn recovered(phrase: &Secret, passphrase: Option<&Secret>) -> Result<IdentityKeyPair> {
    let mnemonic = Mnemonic::parse(&phrase.0).map_err(|error: MnemonicError| {
        let refused = RpcError::new(ErrorKind::InvalidMnemonic, error.to_string()).about("mnemonic");
        match error {
            MnemonicError::WordCount(1) => refused.with_hint(
                "give the words of the phrase; a private key goes to `account_import`, a keystore file to `account_importKeystore`",
            ),
            _ => refused,
        }
    })?;
    mnemonic
        .chat_key(passphrase.map_or("", |passphrase| passphrase.0.as_str()))
        .map_err(derivation_failed)
}

fn derivation_failed(error: crypto_core::KeyError) -> RpcError {
    RpcError::internal(error.to_string())
}

pub(super) async fn account_import(
    daemon: Arc<Daemon>,
    params: methods::ImportAccountParams,
) -> Result<AccountInfo> {
    let identity = IdentityKeyPair::from_secret_bytes(&params.private_key.0).map_err(|_| {
        RpcError::new(ErrorKind::InvalidKey, "not a private key of the curve").about("privateKey")
    })?;
    let id = params.installation_id.map(|id| id.0);
    daemon.accounts.create(params.account, identity, id).await
}

pub(super) async fn account_export(
    daemon: Arc<Daemon>,
    params: methods::ExportParams,
) -> Result<ExportedAccount> {
    if params.password.0.is_empty() {
        return Err(RpcError::invalid("the password is empty")
            .about("password")
            .with_hint("give a password: whoever has the file can try as many as they like"));
    }
    let account = daemon.account(params.account.as_ref())?;
    let secret = account
        .worker
        .call(|engine, _, _| Ok(engine.account().identity.secret_bytes()))
        .await?;
    let _turn = daemon.derivations.acquire().await.map_err(stopping)?;
    blocking(move || {
        let mut rng = entropy();
        let keystore = IdentityKeyPair::from_secret_bytes(&secret)
            .map_err(derivation_failed)
            .and_then(|identity| {
                Keystore::seal(
                    &identity,
                    &params.password.0,
                    ScryptCost::STANDARD,
                    &mut rng,
                )
                .map_err(|error| RpcError::internal(error.to_string()))
            })?;
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Ok(ExportedAccount {
            keystore: write_keystore_file(&keystore, id),
        })
    })
    .await
}

pub(super) async fn account_import_keystore(
    daemon: Arc<Daemon>,
    params: methods::ImportKeystoreParams,
) -> Result<AccountInfo> {
    let turn = daemon.derivations.acquire().await.map_err(stopping)?;
    let identity = blocking(move || {
        let opened = params.keystore.keystore.open(&params.password.0);
        opened.map_err(|error| KeystoreFileError::from(error).into())
    })
    .await?;
    drop(turn);
    let id = params.installation_id.map(|id| id.0);
    daemon.accounts.create(params.account, identity, id).await
}

pub(super) async fn account_list(
    daemon: Arc<Daemon>,
    params: methods::ListAccountsParams,
) -> Result<Vec<AccountInfo>> {
    let limit = params.limit.map_or(usize::MAX, |limit| limit.0);
    let page = daemon.accounts.page(params.after.as_ref(), limit);
    Ok(page.iter().map(|account| account.info()).collect())
}

pub(super) async fn account_get(
    daemon: Arc<Daemon>,
    params: methods::AccountOnly,
) -> Result<AccountInfo> {
    Ok(daemon.account(params.account.as_ref())?.info())
}

pub(super) async fn account_remove(
    daemon: Arc<Daemon>,
    params: methods::RemoveParams,
) -> Result<Removed> {
    daemon
        .accounts
        .remove(params.account, params.public_key)
        .await?;
    Ok(Removed { removed: true })
}
