//! The methods of envelopes. None of them reads or writes a store, or waits for an account's thread.

use std::sync::Arc;

use engine::{MAX_NEGOTIATED_KEYS, StoreRead as _, Unsealed, Unsealing};
use envelope::{OpenWith, Padding, SealError, SealTo, SymmetricKey, is_asymmetric};
use rpc::{
    Kind, RpcError,
    convert::public_key,
    forms::{Secret, SymKey, one_content},
    methods,
    types::{Hex, OpenedEnvelope, SealedEnvelope},
};

use super::{Daemon, Result, blocking, stopping, topic::topic_key};
use crate::{accounts::AccountHandle, entropy::entropy};

/// A key as it is given.
enum GivenKey {
    Bytes(SymKey),
    Text(Secret),
}

impl GivenKey {
    /// At most one of the two.
    fn read(key: Option<SymKey>, password: Option<Secret>) -> Result<Option<Self>> {
        match (key, password) {
            (Some(_), Some(_)) => Err(refused("both symKey and password", "password")),
            (Some(key), None) => Ok(Some(Self::Bytes(key))),
            (None, Some(password)) => Ok(Some(Self::Text(password))),
            (None, None) => Ok(None),
        }
    }

    /// The key. One that has to be worked out waits for its turn.
    async fn key(self, daemon: &Arc<Daemon>) -> Result<Arc<SymmetricKey>> {
        match self {
            Self::Bytes(key) => Ok(Arc::new(key.0)),
            Self::Text(text) => topic_key(daemon, text.0).await,
        }
    }
}

/// Whose an envelope is.
enum Whom<I> {
    Identity(I),
    Key(Arc<SymmetricKey>),
}

fn refused(what: &str, field: &str) -> RpcError {
    RpcError::new(Kind::InvalidParams, what)
        .about(field)
        .with_hint("give recipient, symKey or password, exactly one of them")
}

pub(super) async fn envelope_seal(
    daemon: Arc<Daemon>,
    params: methods::SealParams,
) -> Result<SealedEnvelope> {
    let payload = one_content(params.payload, params.text)?;
    let to = match (
        params.recipient,
        GivenKey::read(params.sym_key, params.password)?,
    ) {
        (Some(recipient), None) => Whom::Identity(recipient),
        (None, Some(key)) => Whom::Key(key.key(&daemon).await?),
        (Some(_), Some(_)) => return Err(refused("both a recipient and a key", "recipient")),
        (None, None) => {
            return Err(refused(
                "no recipient, no symKey and no password",
                "recipient",
            ));
        }
    };
    let signs = params.sign.unwrap_or(true);
    // What nobody signs needs no account; one that is named is there all the same.
    let account = if signs || params.account.is_some() {
        Some(daemon.account(params.account.as_ref())?)
    } else {
        None
    };
    let signer = account.filter(|_| signs);
    blocking(move || {
        let to = match &to {
            Whom::Identity(recipient) => SealTo::Recipient(recipient),
            Whom::Key(key) => SealTo::Key(key),
        };
        let padding = match &params.padding {
            Some(padding) => Padding::Given(&padding.0),
            None => Padding::Random,
        };
        let identity = signer.as_ref().map(|account| account.opener.identity());
        let sealed = envelope::seal(&mut entropy(), to, identity, &payload, padding)
            .map_err(|error| not_sealed(&error))?;
        Ok(SealedEnvelope {
            envelope: Hex(sealed.into_bytes()),
            kind: to.kind().into(),
            signer: signer.map(|account| public_key(&account.identity)),
        })
    })
    .await
}

fn not_sealed(error: &SealError) -> RpcError {
    let message = error.to_string();
    match error {
        SealError::PayloadTooLarge(_) => {
            RpcError::new(Kind::PayloadTooLarge, message).about("payload")
        }
        SealError::PaddingTooLarge(_) => {
            RpcError::new(Kind::PayloadTooLarge, message).about("padding")
        }
        SealError::Recipient(_) => RpcError::new(Kind::InvalidKey, message).about("recipient"),
    }
}

pub(super) async fn envelope_open(
    daemon: Arc<Daemon>,
    params: methods::OpenParams,
) -> Result<OpenedEnvelope> {
    let with = match GivenKey::read(params.sym_key, params.password)? {
        Some(key) => {
            // An account is not needed; one that is named is there all the same.
            if params.account.is_some() {
                daemon.account(params.account.as_ref())?;
            }
            Whom::Key(key.key(&daemon).await?)
        }
        None => Whom::Identity(daemon.account(params.account.as_ref())?),
    };
    blocking(move || {
        let with = match &with {
            Whom::Identity(account) => OpenWith::Recipient(account.opener.identity()),
            Whom::Key(key) => OpenWith::Key(key),
        };
        Ok(envelope::open(with, &params.envelope.0).into())
    })
    .await
}

/// The wire message in an envelope, and who signed it. Nothing is written, and what does not open never reaches the
/// account's thread.
pub(super) async fn unseal(
    daemon: &Arc<Daemon>,
    account: &Arc<AccountHandle>,
    envelope: Vec<u8>,
    key: Option<SymmetricKey>,
) -> Result<std::result::Result<Unsealed, Unsealing>> {
    let account = Arc::clone(account);
    if let Some(key) = key {
        return blocking(move || Ok(account.opener.unseal_with(&key, &envelope))).await;
    }
    if is_asymmetric(&envelope) {
        return blocking(move || Ok(account.opener.unseal(&envelope, &[]))).await;
    }
    // Without its key, it may ask for many that are not at hand.
    let _turn = daemon.topic_keys.turn().await.map_err(stopping)?;
    blocking(move || {
        let others = account.read(|_, reader| reader.identities_sent_to(MAX_NEGOTIATED_KEYS))?;
        Ok(account.opener.unseal(&envelope, &others))
    })
    .await
}
