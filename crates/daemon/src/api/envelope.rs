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

use super::{Daemon, Result, blocking, stopping};
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
        let text = match self {
            Self::Bytes(key) => return Ok(Arc::new(key.0)),
            Self::Text(text) => text.0,
        };
        if let Some(known) = daemon.topic_keys.known(&text) {
            return Ok(known);
        }
        let _turn = daemon.topic_keys.turn().await.map_err(stopping)?;
        let daemon = Arc::clone(daemon);
        blocking(move || Ok(daemon.topic_keys.of(&text))).await
    }
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
    let key = GivenKey::read(params.sym_key, params.password)?;
    match (&params.recipient, &key) {
        (None, None) => {
            return Err(refused(
                "no recipient, no symKey and no password",
                "recipient",
            ));
        }
        (Some(_), Some(_)) => return Err(refused("both a recipient and a key", "recipient")),
        _ => {}
    }
    // What nobody signs needs no account; one that is named is there all the same.
    let account = if params.sign.unwrap_or(true) || params.account.is_some() {
        Some(daemon.account(params.account.as_ref())?)
    } else {
        None
    };
    let signer = account.filter(|_| params.sign.unwrap_or(true));
    let key = match key {
        Some(key) => Some(key.key(&daemon).await?),
        None => None,
    };
    blocking(move || {
        let to = match (&params.recipient, &key) {
            (Some(recipient), _) => SealTo::Recipient(recipient),
            (None, Some(key)) => SealTo::Key(key),
            (None, None) => return Err(refused("no recipient and no key", "recipient")),
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
    let key = GivenKey::read(params.sym_key, params.password)?;
    let account = if key.is_none() || params.account.is_some() {
        Some(daemon.account(params.account.as_ref())?)
    } else {
        None
    };
    let key = match key {
        Some(key) => Some(key.key(&daemon).await?),
        None => None,
    };
    blocking(move || {
        let with = match (&key, &account) {
            (Some(key), _) => OpenWith::Key(key),
            (None, Some(account)) => OpenWith::Recipient(account.opener.identity()),
            (None, None) => return Err(refused("no account and no key", "account")),
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
    // Without its key, a symmetric envelope may ask for many that are not at hand.
    let _turn = if key.is_none() && !is_asymmetric(&envelope) {
        Some(daemon.topic_keys.turn().await.map_err(stopping)?)
    } else {
        None
    };
    let account = Arc::clone(account);
    blocking(move || match key {
        Some(key) => Ok(account.opener.unseal_with(&key, &envelope)),
        None => account.opener.unseal(&envelope, || {
            account.read(|_, reader| reader.identities_sent_to(MAX_NEGOTIATED_KEYS))
        }),
    })
    .await
}
