//! Opening sealed messages: who wrote one is what its signature says, and nothing else.

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

/// Opens envelopes that are for one account. It needs no store and changes nothing, so strangers'
/// envelopes cost the account's own thread nothing.
#[derive(Clone, Debug)]
pub struct Opener {
    identity: Arc<IdentityKeyPair>,
}

/// A wire message and who signed the envelope around it.
pub struct SignedMessage {
    /// Who signed it.
    pub sender: IdentityKey,
    /// The wire message. Public or not, it may show what is in it.
    pub wire: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for SignedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedMessage")
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

/// Why a sealed message gives no wire message and sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnsealError {
    /// The envelope does not open.
    Unopened(Unopened),
    /// It opens, and nobody signed it: it is refused.
    Unsigned,
    /// No key at hand opens it, and not every key that may is at hand.
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

    /// Opens a sealed message with the key of the topic that it came by.
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

    /// Opens a sealed message with whatever fits: our identity or, if its bytes are none of an
    /// envelope to an identity, the keys that we share with `others`. It derives none.
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
        // Most likely one to an identity whose first bytes were changed.
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
