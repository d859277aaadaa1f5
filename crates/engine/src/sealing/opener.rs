//! Opening envelopes. The sender of a sealed message is its signer.

use std::sync::Arc;

use crypto_core::{IdentityKey, IdentityKeyPair};
use envelope::{
    MIN_ASYMMETRIC_BYTES, MIN_SYMMETRIC_BYTES, OpenWith, Opened, SymmetricKey, Unopened,
    is_asymmetric,
};
use zeroize::Zeroizing;

use crate::model::Correspondent;

/// What an uncompressed key begins with.
const UNCOMPRESSED: u8 = 4;

/// Opens envelopes for one account. It needs no store and changes nothing, so that the envelopes of
/// strangers take no time of the account's thread.
#[derive(Clone, Debug)]
pub struct Opener {
    identity: Arc<IdentityKeyPair>,
}

/// A wire message, and who signed its envelope.
pub struct SignedMessage {
    /// The signer of the envelope.
    pub sender: IdentityKey,
    /// The encoded wire message.
    pub wire: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for SignedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedMessage")
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

/// Why opening an envelope gave no signed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnsealError {
    /// The envelope does not open.
    Unopened(Unopened),
    /// It is not signed.
    Unsigned,
    /// No derived key opens it, and not every key that may do so is derived.
    KeysPending,
}

impl From<Unopened> for UnsealError {
    fn from(unopened: Unopened) -> Self {
        Self::Unopened(unopened)
    }
}

impl Opener {
    pub(super) const fn new(identity: Arc<IdentityKeyPair>) -> Self {
        Self { identity }
    }

    /// The account's own key pair.
    #[must_use]
    pub fn identity(&self) -> &IdentityKeyPair {
        &self.identity
    }

    /// Opens an envelope with the key of its topic.
    ///
    /// # Errors
    /// [`UnsealError`], the reason.
    pub fn unseal_with(
        &self,
        key: &SymmetricKey,
        sealed: &[u8],
    ) -> Result<SignedMessage, UnsealError> {
        signed(envelope::open(OpenWith::Key(key), sealed)?)
    }

    /// Opens an envelope with our identity key if it is asymmetric, else with the negotiated keys
    /// that are derived in `others`.
    ///
    /// # Errors
    /// [`UnsealError`], the reason.
    pub fn unseal(
        &self,
        sealed: &[u8],
        others: &[Correspondent],
    ) -> Result<SignedMessage, UnsealError> {
        if is_asymmetric(sealed) {
            return signed(envelope::open(OpenWith::Recipient(&self.identity), sealed)?);
        }
        if sealed.len() < MIN_SYMMETRIC_BYTES {
            return Err(Unopened::Malformed.into());
        }
        for secret in others.iter().filter_map(|other| other.shared.as_ref()) {
            match self.unseal_with(&secret.key, sealed) {
                Err(UnsealError::Unopened(Unopened::AuthenticationFailed)) => {}
                unsealed => return unsealed,
            }
        }
        if others.iter().any(|other| other.shared.is_none()) {
            return Err(UnsealError::KeysPending);
        }
        // Most likely an envelope to an identity whose first bytes were damaged.
        let was_asymmetric =
            sealed.first() == Some(&UNCOMPRESSED) && sealed.len() >= MIN_ASYMMETRIC_BYTES;
        Err(UnsealError::Unopened(if was_asymmetric {
            Unopened::Malformed
        } else {
            Unopened::AuthenticationFailed
        }))
    }
}

fn signed(opened: Opened) -> Result<SignedMessage, UnsealError> {
    let sender = opened.signer.ok_or(UnsealError::Unsigned)?;
    Ok(SignedMessage {
        sender,
        wire: opened.payload,
    })
}
