//! Sealing: a wire message in an envelope that its author signs, for a topic of the network.
//!
//! At first envelopes are for the recipient's *partitioned* topic, and sealed to its identity key.
//! Once a message of every device that is written to has arrived, both sides have each other's
//! keys, and envelopes are for the *negotiated* topic, which only the two can compute, and sealed
//! with its symmetric key. Receivers listen to both, from before the first message that can be
//! answered there.

pub(crate) mod listening;
mod opener;

use std::sync::Arc;

use crypto_core::{IdentityKey, InstallationId};
use envelope::{Padding, SealError, SealTo, SymmetricKey, TopicName};

pub use self::{
    listening::MAX_LISTENED_FOR_REPLIES,
    opener::{Opener, SignedMessage, UnsealError},
};
use crate::{
    engine::Engine,
    model::{
        AddressedMessage, Env, Mode, NegotiatedTopic, Seal, SealedEnvelope, SendError, StoreError,
        outcome::Size,
    },
    store::{Store, StoreRead},
};

/// Negotiated topics that one call derives, each about ten milliseconds of the account's thread.
/// For the other members of a large group their partitioned topics are used until a later call.
const MAX_KEYS_PER_CALL: usize = 4;

impl Engine {
    /// Opens envelopes for this account, on any thread.
    #[must_use]
    pub fn opener(&self) -> Opener {
        Opener::new(Arc::clone(&self.account.identity))
    }

    /// Seals every message that has a recipient. Too large a result is an error.
    pub(crate) fn seal_all(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        seal: Seal,
        messages: &mut [AddressedMessage],
    ) -> Result<(), SendError> {
        let mut keys_left = MAX_KEYS_PER_CALL;
        let mut size = Size::default();
        for message in messages {
            self.seal_one(store, env, seal, message, &mut keys_left)?;
            let sealed = message.sealed.as_ref();
            size.add(message.wire.len() + sealed.map_or(0, |sealed| sealed.envelope.len()))?;
        }
        Ok(())
    }

    fn seal_one(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        seal: Seal,
        message: &mut AddressedMessage,
        keys_left: &mut usize,
    ) -> Result<(), SendError> {
        let Some(recipient) = message.recipient else {
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
                    // Derived with the first message, so that an answer on this topic can be opened
                    // at once; but not for a mere reply, which is sent to anybody.
                    let derived = written_to
                        && (store.negotiated(&recipient)?.is_some() || take_one(keys_left));
                    if derived {
                        self.negotiated(store, &recipient)?;
                    }
                    derived && agreed(store, &recipient, message)?
                }
            };
        let shared;
        let (to, topic) = if negotiated {
            shared = self.negotiated(store, &recipient)?;
            (SealTo::Key(&shared.key), shared.topic)
        } else {
            let topic = TopicName::partitioned(&recipient).topic();
            (SealTo::Recipient(&recipient), topic)
        };
        let signer = Some(&*self.account.identity);
        let sealed = envelope::seal(env.rng, to, signer, &message.wire, Padding::Random);
        message.sealed = Some(SealedEnvelope {
            envelope: sealed.map_err(not_sealed)?.into_bytes(),
            topic,
        });
        Ok(())
    }

    /// Seals a wire message for the public topic of this name: everyone who knows the name can open
    /// it.
    pub(crate) fn seal_for_all(
        &self,
        env: &mut Env<'_>,
        name: &str,
        wire: &[u8],
    ) -> Result<SealedEnvelope, SendError> {
        let topic = TopicName::public_chat(name);
        let key = SymmetricKey::from_password(name);
        let signer = Some(&*self.account.identity);
        let sealed = envelope::seal(env.rng, SealTo::Key(&key), signer, wire, Padding::Random);
        Ok(SealedEnvelope {
            envelope: sealed.map_err(not_sealed)?.into_bytes(),
            topic: topic.topic(),
        })
    }

    /// The topic that we share with `other`, which is derived if it is not in the store.
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

/// Whether a message of every target device has arrived, so that the other side listens to the
/// negotiated topic. A message by DH has no particular target device.
pub(crate) fn agreed(
    store: &dyn StoreRead,
    recipient: &IdentityKey,
    message: &AddressedMessage,
) -> Result<bool, StoreError> {
    for target in &message.targets {
        let (Some(installation), Mode::X3dh | Mode::Ratchet) = (&target.installation, target.mode)
        else {
            return Ok(false);
        };
        if !heard_of(store, recipient, installation)? {
            return Ok(false);
        }
    }
    Ok(!message.targets.is_empty())
}

/// Whether a message of this device was read on any session that is still there.
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
