//! Sealed messages: the envelope around a wire message, signed by its author, and the topic it goes
//! by.
//!
//! Until a message of every device that is written to has arrived, envelopes go by the recipient's
//! partitioned topic, sealed to its identity. From then on both sides have shown that they have
//! each other's keys, and envelopes go by the topic that only the two can tell, sealed with its
//! key. Whoever reads listens to both.

mod opener;

use std::sync::Arc;

use crypto_core::{IdentityKey, InstallationId};
use envelope::{Padding, SealError, SealTo, TopicName};

pub use self::opener::{Opener, SignedMessage, UnsealError};
use crate::{
    engine::Engine,
    model::{
        AddressedMessage, Env, Mode, NegotiatedTopic, Seal, SealedEnvelope, SendError, StoreError,
        outcome::Size,
    },
    store::{Store, StoreRead},
};

/// Negotiated keys that one call derives, some ten milliseconds of the account's thread each. The
/// other members of a large group are written to by their partitioned topics until it is their turn
/// in a later call.
const MAX_KEYS_PER_CALL: usize = 4;

impl Engine {
    /// Opens sealed messages, beside the thread that works with the store.
    #[must_use]
    pub fn opener(&self) -> Opener {
        Opener::new(Arc::clone(&self.account.identity))
    }

    /// Seals every message that is for somebody. An answer that would be too large to be given is
    /// an error.
    pub(crate) fn seal_all(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        seal: Seal,
        envelopes: &mut [AddressedMessage],
    ) -> Result<(), SendError> {
        let mut keys_left = MAX_KEYS_PER_CALL;
        let mut size = Size::default();
        for envelope in envelopes {
            self.seal_one(store, env, seal, envelope, &mut keys_left)?;
            let sealed = envelope.sealed.as_ref();
            size.add(envelope.wire.len() + sealed.map_or(0, |sealed| sealed.envelope.len()))?;
        }
        Ok(())
    }

    fn seal_one(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        seal: Seal,
        envelope: &mut AddressedMessage,
        keys_left: &mut usize,
    ) -> Result<(), SendError> {
        let Some(recipient) = envelope.recipient else {
            return Ok(());
        };
        let negotiated = recipient != self.me()
            && match seal {
                Seal::Partitioned => false,
                Seal::Negotiated => true,
                Seal::Agreed => {
                    let written_to = store
                        .peer(&recipient)?
                        .is_some_and(|peer| peer.written_at.is_some());
                    // Derived with the first message, so that what is answered by this topic opens
                    // at once. Not for whoever is only sent a reply: that may be anybody.
                    let at_hand = written_to
                        && (store.negotiated(&recipient)?.is_some() || take_one(keys_left));
                    if at_hand {
                        self.negotiated(store, &recipient)?;
                    }
                    at_hand && agreed(store, &recipient, envelope)?
                }
            };
        let identity = &self.account.identity;
        let signer = Some(&**identity);
        let (sealed, topic) = if negotiated {
            let secret = self.negotiated(store, &recipient)?;
            let to = SealTo::Key(&secret.key);
            let sealed = envelope::seal(env.rng, to, signer, &envelope.wire, Padding::Random);
            (sealed, secret.topic)
        } else {
            let to = SealTo::Recipient(&recipient);
            let sealed = envelope::seal(env.rng, to, signer, &envelope.wire, Padding::Random);
            (sealed, TopicName::partitioned(&recipient).topic())
        };
        envelope.sealed = Some(SealedEnvelope {
            envelope: sealed.map_err(not_sealed)?.into_bytes(),
            topic,
        });
        Ok(())
    }

    /// What we share with `other`, derived if nobody has.
    fn negotiated(
        &self,
        store: &mut dyn Store,
        other: &IdentityKey,
    ) -> Result<Arc<NegotiatedTopic>, SendError> {
        if let Some(kept) = store.negotiated(other)? {
            return Ok(kept);
        }
        let derived = Arc::new(NegotiatedTopic::derive(&self.account.identity, other)?);
        store.put_negotiated(other, &derived)?;
        Ok(derived)
    }
}

/// Whether a message of every device that this one is for has arrived, so that the other end
/// listens to the negotiated topic. A message by DH is for no device in particular.
fn agreed(
    store: &dyn StoreRead,
    recipient: &IdentityKey,
    envelope: &AddressedMessage,
) -> Result<bool, StoreError> {
    for target in &envelope.targets {
        let (Some(installation), Mode::X3dh | Mode::Ratchet) = (&target.installation, target.mode)
        else {
            return Ok(false);
        };
        if !heard_of(store, recipient, installation)? {
            return Ok(false);
        }
    }
    Ok(!envelope.targets.is_empty())
}

/// Whether a message of this device was ever read, on any session that is still there.
fn heard_of(
    store: &dyn StoreRead,
    identity: &IdentityKey,
    installation: &InstallationId,
) -> Result<bool, StoreError> {
    let active = store.active_session(identity, installation)?;
    if active.is_some_and(|session| session.received > 0) {
        return Ok(true);
    }
    let sessions = store.sessions(Some(identity))?;
    Ok(sessions
        .iter()
        .any(|session| session.received > 0 && session.installation.as_ref() == Some(installation)))
}

fn take_one(left: &mut usize) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

fn not_sealed(error: SealError) -> SendError {
    match error {
        SealError::PayloadTooLarge(bytes) | SealError::PaddingTooLarge(bytes) => {
            SendError::PayloadTooLarge {
                bytes,
                limit: envelope::MAX_PAYLOAD_BYTES,
            }
        }
        SealError::Recipient(error) => error.into(),
    }
}
