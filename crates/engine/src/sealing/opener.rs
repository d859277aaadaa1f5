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

/// Opens envelopes that are for one account. It needs no store and changes nothing, so strangers' envelopes cost the
/// account's own thread nothing.
#[derive(Clone, Debug)]
pub struct Opener {
    identity: Arc<IdentityKeyPair>,
}

/// A wire message and who signed the envelope around it.
pub struct Unsealed {
    /// Who signed it.
    pub sender: IdentityKey,
    /// The wire message. Public or not, it may show what is in it.
    pub wire: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unsealed")
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

/// Why a sealed message gives no wire message and sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unsealing {
    /// The envelope does not open.
    Unopened(Unopened),
    /// It opens, and nobody signed it: it is refused.
    Unsigned,
    /// No key at hand opens it, and not every key that may is at hand.
    KeysPending,
}

impl From<Unopened> for Unsealing {
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
    /// [`Unsealing`], the reason.
    pub fn unseal_with(&self, key: &SymmetricKey, sealed: &[u8]) -> Result<Unsealed, Unsealing> {
        signed(envelope::open(OpenWith::Key(key), sealed)?)
    }

    /// Opens a sealed message with whatever fits: our identity or, if its bytes are none of an envelope to an identity,
    /// the keys that we share with `others`. It derives none.
    ///
    /// # Errors
    /// [`Unsealing`], the reason.
    pub fn unseal(&self, sealed: &[u8], others: &[Correspondent]) -> Result<Unsealed, Unsealing> {
        if is_asymmetric(sealed) {
            return signed(envelope::open(OpenWith::Recipient(&self.identity), sealed)?);
        }
        if sealed.len() < MIN_SYMMETRIC_BYTES {
            return Err(Unopened::Malformed.into());
        }
        for secret in others.iter().filter_map(|other| other.shared.as_ref()) {
            match self.unseal_with(&secret.key, sealed) {
                Err(Unsealing::Unopened(Unopened::AuthenticationFailed)) => {}
                unsealed => return unsealed,
            }
        }
        if others.iter().any(|other| other.shared.is_none()) {
            return Err(Unsealing::KeysPending);
        }
        // Most likely one to an identity whose first bytes were changed.
        let was_asymmetric =
            sealed.first() == Some(&UNCOMPRESSED) && sealed.len() >= MIN_ASYMMETRIC_BYTES;
        Err(Unsealing::Unopened(if was_asymmetric {
            Unopened::Malformed
        } else {
            Unopened::AuthenticationFailed
        }))
    }
}

fn signed(opened: Opened) -> Result<Unsealed, Unsealing> {
    let sender = opened.signer.ok_or(Unsealing::Unsigned)?;
    Ok(Unsealed {
        sender,
        wire: opened.payload,
    })
}
