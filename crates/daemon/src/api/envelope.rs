//! The methods of envelopes. They write no store and wait for no worker, except to open a closed
//! account and to keep a key that was derived.

use std::sync::Arc;

use engine::{
    model::{Correspondent, MAX_NEGOTIATED_KEYS, NegotiatedTopic},
    sealing::{Opener, SignedMessage, UnsealError},
    store::StoreRead as _,
};
use envelope::{OpenWith, Padding, SealError, SealTo, SymmetricKey, is_asymmetric};
use rpc::{
    ErrorKind, RpcError,
    convert::public_key,
    methods,
    params::{Secret, SymKey, one_content},
    types::{Hex, OpenedEnvelope, SealedEnvelope},
};

use super::{
    Daemon, Result, blocking, stopping,
    topic::{keep, topic_key},
};
use crate::{accounts::registry::AccountHandle, ops::entropy::entropy};

/// A key as a caller gives it.
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

    /// The key. One that has to be derived waits for its turn.
    async fn key(self, daemon: &Arc<Daemon>) -> Result<Arc<SymmetricKey>> {
        match self {
            Self::Bytes(key) => Ok(Arc::new(key.0)),
            Self::Text(text) => topic_key(daemon, text.0).await,
        }
    }
}

/// What an envelope is sealed to.
enum Target<I> {
    Identity(I),
    Key(Arc<SymmetricKey>),
}

fn refused(what: &str, field: &str) -> RpcError {
    RpcError::invalid(what)
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
        (Some(recipient), None) => Target::Identity(recipient),
        (None, Some(key)) => Target::Key(key.key(&daemon).await?),
        (Some(_), Some(_)) => return Err(refused("both a recipient and a key", "recipient")),
        (None, None) => {
            return Err(refused(
                "no recipient, no symKey and no password",
                "recipient",
            ));
        }
    };
    let signs = params.sign.unwrap_or(true);
    // An envelope without a signature needs no account. One that is named has to exist all the
    // same.
    let account = if signs || params.account.is_some() {
        Some(daemon.account(params.account.as_ref())?)
    } else {
        None
    };
    let signer = match account.filter(|_| signs) {
        Some(account) => Some(account.opener().await?),
        None => None,
    };
    blocking(move || {
        let to = match &to {
            Target::Identity(recipient) => SealTo::Recipient(recipient),
            Target::Key(key) => SealTo::Key(key),
        };
        let padding = match &params.padding {
            Some(padding) => Padding::Given(&padding.0),
            None => Padding::Random,
        };
        let identity = signer.as_ref().map(Opener::identity);
        let sealed = envelope::seal(&mut entropy(), to, identity, &payload, padding)
            .map_err(|error| not_sealed(&error))?;
        Ok(SealedEnvelope {
            envelope: Hex(sealed.into_bytes()),
            kind: to.kind().into(),
            signer: identity.map(|identity| public_key(identity.public())),
        })
    })
    .await
}

fn not_sealed(error: &SealError) -> RpcError {
    let message = error.to_string();
    match error {
        SealError::PayloadTooLarge(_) => {
            RpcError::new(ErrorKind::PayloadTooLarge, message).about("payload")
        }
        SealError::PaddingTooLarge(_) => {
            RpcError::new(ErrorKind::PayloadTooLarge, message).about("padding")
        }
        SealError::Recipient(_) => RpcError::new(ErrorKind::InvalidKey, message).about("recipient"),
    }
}

pub(super) async fn envelope_open(
    daemon: Arc<Daemon>,
    params: methods::OpenParams,
) -> Result<OpenedEnvelope> {
    let with = match GivenKey::read(params.sym_key, params.password)? {
        Some(key) => {
            // An account is not needed. One that is named has to exist all the same.
            if params.account.is_some() {
                daemon.account(params.account.as_ref())?;
            }
            Target::Key(key.key(&daemon).await?)
        }
        None => {
            let account = daemon.account(params.account.as_ref())?;
            Target::Identity(account.opener().await?)
        }
    };
    blocking(move || {
        let with = match &with {
            Target::Identity(opener) => OpenWith::Recipient(opener.identity()),
            Target::Key(key) => OpenWith::Key(key),
        };
        Ok(envelope::open(with, &params.envelope.0).into())
    })
    .await
}

/// The wire message in an envelope, and who signed it. Nothing is written, and an envelope that
/// does not open never reaches the account's worker.
pub(super) async fn unseal(
    daemon: &Arc<Daemon>,
    account: &Arc<AccountHandle>,
    envelope: Vec<u8>,
    key: Option<SymmetricKey>,
) -> Result<std::result::Result<SignedMessage, UnsealError>> {
    let opener = account.opener().await?;
    if let Some(key) = key {
        return blocking(move || Ok(opener.unseal_with(&key, &envelope))).await;
    }
    if is_asymmetric(&envelope) {
        return blocking(move || Ok(opener.unseal(&envelope, &[]))).await;
    }
    let trial = daemon.topic_keys.envelope_limits.trial(envelope.len());
    let _trial = trial.await.map_err(stopping)?;
    let envelope: Arc<[u8]> = envelope.into();
    let unsealed = account.unseal(Arc::clone(&envelope)).await?;
    if !matches!(unsealed, Err(UnsealError::KeysPending)) {
        return Ok(unsealed);
    }
    // The sender may be anybody: a few keys are derived for it, never those that are kept already.
    let Some(_turn) = daemon.topic_keys.envelope_limits.turn() else {
        return Ok(Err(UnsealError::KeysPending));
    };
    derive_some(daemon, account).await?;
    account.unseal(envelope).await
}

/// Derives some of the keys that are missing, those of the contacts the user wrote to last, and
/// keeps them.
async fn derive_some(daemon: &Arc<Daemon>, account: &Arc<AccountHandle>) -> Result<()> {
    let opener = account.opener().await?;
    let others = account.read(|_, reader| reader.correspondents(MAX_NEGOTIATED_KEYS));
    let mut others = others.await?;
    others.retain(|other| other.shared.is_none());
    let limits = &daemon.topic_keys.envelope_limits;
    others.truncate(limits.grant(daemon.clock.running(), others.len()));
    let derived = blocking(move || {
        let derive = |other: Correspondent| {
            let shared = NegotiatedTopic::derive(opener.identity(), &other.identity).ok()?;
            Some((other.identity, Arc::new(shared)))
        };
        Ok(others.into_iter().filter_map(derive).collect::<Vec<_>>())
    })
    .await?;
    keep(account, derived).await
}
