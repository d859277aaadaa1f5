//! The negotiated topics that this device listens to (protocol §9).
//!
//! An identity may write by the topic that it shares with us as soon as it can have heard of this
//! device. So its topic is on the list from the first message or reply that we send it, in the
//! transaction of that.

use crypto_core::IdentityKey;

use crate::{
    engine::Engine,
    model::{ContactState, EventKind, Peer, StoreError, UnixMillis},
    store::{Store, StoreRead, record_event},
};

/// Negotiated topics that are listened to although the user never wrote there. A reply is due to
/// strangers as well, and a frontend has to subscribe to each topic.
pub const MAX_LISTENED_FOR_REPLIES: u64 = 1024;

/// What an identity is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SentAs {
    /// A message of the user.
    Message,
    /// A reply that the protocol asks for.
    Reply,
}

impl Engine {
    /// Has the topic that we share with `peer` listened to from now on, and tells of it. The caller
    /// writes the record.
    pub(crate) fn listen(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        peer: &mut Peer,
        sent_as: SentAs,
    ) -> Result<(), StoreError> {
        // Our own is always listened to.
        if peer.listened || peer.identity == self.me() {
            return Ok(());
        }
        if sent_as == SentAs::Reply && store.listened_for_replies()? >= MAX_LISTENED_FOR_REPLIES {
            return Ok(());
        }
        peer.listened = true;
        if is_declined(store, &peer.identity)? {
            return Ok(());
        }
        tell(store, now, peer.identity, true)
    }

    /// [Listens](Self::listen) for answers of `identity`, and writes its record.
    pub(crate) fn listen_to(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        identity: &IdentityKey,
        sent_as: SentAs,
    ) -> Result<(), StoreError> {
        let known = store.peer(identity)?;
        let mut peer = known.clone().unwrap_or_else(|| Peer::new(*identity));
        self.listen(store, now, &mut peer, sent_as)?;
        if peer.listened && known.is_none_or(|known| !known.listened) {
            store.put_peer(&peer)?;
        }
        Ok(())
    }
}

/// Tells of a change of a contact's state that changes the list: nothing of a declined contact is
/// read.
pub(crate) fn tell_declined(
    store: &mut dyn Store,
    now: UnixMillis,
    identity: IdentityKey,
    declined: bool,
) -> Result<(), StoreError> {
    if store.peer(&identity)?.is_some_and(|peer| peer.listened) {
        tell(store, now, identity, !declined)?;
    }
    Ok(())
}

fn tell(
    store: &mut dyn Store,
    now: UnixMillis,
    identity: IdentityKey,
    listened: bool,
) -> Result<(), StoreError> {
    record_event(store, now, EventKind::TopicChanged { identity, listened })
}

/// Whether the user has declined `identity`.
pub(crate) fn is_declined(
    store: &dyn StoreRead,
    identity: &IdentityKey,
) -> Result<bool, StoreError> {
    let contact = store.contact(identity)?;
    Ok(contact.is_some_and(|contact| contact.state == ContactState::Declined))
}
