//! Trial decryption of a ratchet message, on a copy of a session's ratchet. Nothing is written
//! here.

use crypto_core::{
    AssociatedData, Header, HeaderKey, MessageId, MessageKey, OpenError, Opened, SessionRatchet,
    SignedPreKey,
};

use crate::{
    engine::Engine,
    model::{CopyOf, Env, Gap, ReadTag, Reason, Session, StoreError, StoredKey},
    receive::Plaintext,
    store::{Store, StoreRead},
    wire::{WireEntry, WireRatchetHeader, decode_copy_of},
};

/// A parsed ratchet entry.
pub(crate) struct RatchetEntry<'a> {
    pub(crate) header: Header,
    /// The session's signed prekey, if the DR header names one. It is only used to find sessions,
    /// and need not be a point of the curve.
    pub(crate) id: Option<SignedPreKey>,
    pub(crate) ciphertext: &'a [u8],
    /// For whom the message was, sealed, if it is a copy; empty if not.
    copy_of: &'a [u8],
}

impl<'a> RatchetEntry<'a> {
    /// Parses a DR header and the rest of its entry; `None` if the ratchet key is malformed.
    pub(crate) fn parse(header: &WireRatchetHeader, entry: &'a WireEntry) -> Option<Self> {
        Some(Self {
            header: Header {
                key: HeaderKey::from_wire(&header.key).ok()?,
                n: header.n,
                pn: header.pn,
            },
            id: SignedPreKey::named(&header.id).ok(),
            ciphertext: &entry.payload,
            copy_of: &entry.copy_of,
        })
    }

    /// The message's id, if it belongs to this session.
    pub(crate) fn id_on(&self, session: &Session) -> MessageId {
        MessageId::ratchet(&session.id, &self.header.key, self.header.n)
    }

    /// What names its ciphertext as that of a message.
    fn read_tag(&self, message: &MessageId) -> ReadTag {
        ReadTag::of(message, self.ciphertext)
    }

    /// The message's key, if this session has stored it. Most messages are the next of their chain,
    /// and most sessions have no stored keys, which stores cache: then nothing is searched.
    pub(crate) fn kept_key_on(
        &self,
        session: &Session,
        store: &(impl StoreRead + ?Sized),
    ) -> Result<Option<KeptKey>, StoreError> {
        let ratchet = &session.ratchet;
        let is_ahead = ratchet.receiving_key() == Some(self.header.key)
            && ratchet.receiving_number() <= Some(self.header.n);
        if is_ahead || !store.has_stored_keys(&session.id)? {
            return Ok(None);
        }
        let message = self.id_on(session);
        let (chain, n) = (self.header.key, self.header.n);
        if let Some(key) = store.skipped_key(&session.id, &chain, n)? {
            let stored = StoredKey {
                message,
                session: session.id,
                key,
                read_at: None,
                read: None,
            };
            return Ok(Some(KeptKey {
                stored,
                place: Some((chain, n)),
            }));
        }
        let stored = store.stored_key(&message)?;
        Ok(stored.map(|stored| KeptKey {
            stored,
            place: None,
        }))
    }
}

/// A stored key.
pub(crate) struct KeptKey {
    pub(crate) stored: StoredKey,
    /// The chain and the number of its message if the key is in a gap; `None` if it has a record of
    /// its own, because its message was read, or from an earlier version.
    pub(crate) place: Option<(HeaderKey, u32)>,
}

/// A decrypted message, with the changes that are still to be written.
pub(crate) struct DecryptedMessage {
    pub(crate) message: MessageId,
    pub(crate) plaintext: Plaintext,
    pub(crate) copy_of: Option<CopyOf>,
    /// What names this ciphertext, once it is confirmed.
    pub(crate) read: ReadTag,
    pub(crate) opened_by: OpenedBy,
}

impl DecryptedMessage {
    /// Whether it was read before.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(&self.opened_by, OpenedBy::Kept(key) if key.stored.read_at.is_some())
    }
}

/// How a message was opened.
pub(crate) enum OpenedBy {
    /// By advancing the receiving chain.
    Advance(Box<Advance>),
    /// With a stored key: the message was skipped, or read and not confirmed.
    Kept(Box<KeptKey>),
}

/// A session's next state.
pub(crate) struct Advance {
    pub(crate) ratchet: SessionRatchet,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) used: StoredKey,
}

impl Engine {
    /// Tries to decrypt a message on a session: with its stored key if there is one, else by
    /// advancing a copy of the ratchet.
    pub(crate) fn trial_decrypt(
        &self,
        store: &dyn Store,
        env: &mut Env<'_>,
        session: &Session,
        message: &RatchetEntry<'_>,
        message_id: MessageId,
    ) -> Result<Result<DecryptedMessage, Reason>, StoreError> {
        let ad = self.associated_data(session);
        if let Some(kept) = message.kept_key_on(session, store)? {
            let opened = session.ratchet.open_stored(
                &kept.stored.key,
                &message.header,
                &ad,
                message.ciphertext,
            );
            return Ok(opened
                .map(|plaintext| DecryptedMessage {
                    message: message_id,
                    plaintext,
                    copy_of: self.copy_of(session, message, &kept.stored.key, &ad),
                    read: message.read_tag(&message_id),
                    opened_by: OpenedBy::Kept(Box::new(kept)),
                })
                .map_err(|error| reason_of(&error)));
        }
        let advanced = if session.past_chains.contains(&message.header.key) {
            Err(Reason::MessageKeyGone)
        } else {
            self.advance(env, session, message, message_id, &ad)
        };
        Ok(match advanced {
            Err(Reason::MessageKeyGone) => Err(why_gone(store, session, message, &message_id)?),
            advanced => advanced,
        })
    }

    /// Decrypts a message by advancing a copy of the session's ratchet.
    pub(crate) fn advance(
        &self,
        env: &mut Env<'_>,
        session: &Session,
        message: &RatchetEntry<'_>,
        message_id: MessageId,
        ad: &AssociatedData,
    ) -> Result<DecryptedMessage, Reason> {
        let Opened {
            ratchet,
            plaintext,
            skipped,
            used,
        } = session
            .ratchet
            .open(
                &message.header,
                ad,
                message.ciphertext,
                &self.config.skip,
                env.rng,
            )
            .map_err(|error| reason_of(&error))?;
        let copy_of = self.copy_of(session, message, &used, ad);
        let gaps = Gap::of(session, &skipped);
        let used = StoredKey {
            message: message_id,
            session: session.id,
            key: used,
            read_at: None,
            read: None,
        };
        Ok(DecryptedMessage {
            message: message_id,
            plaintext,
            copy_of,
            read: message.read_tag(&message_id),
            opened_by: OpenedBy::Advance(Box::new(Advance {
                ratchet,
                gaps,
                used,
            })),
        })
    }

    /// For whom a message was that `key` has opened, if another device of ours sent it and says so.
    /// From anybody else the field means nothing. What does not open is as good as absent: whoever
    /// could damage it can take it away as well (protocol §5, copies).
    fn copy_of(
        &self,
        session: &Session,
        message: &RatchetEntry<'_>,
        key: &MessageKey,
        ad: &AssociatedData,
    ) -> Option<CopyOf> {
        if session.peer != self.me() {
            return None;
        }
        let opened = key.open_copy_of(&message.header, ad, message.copy_of)?;
        decode_copy_of(&opened)
    }
}

/// Why the key of a message is not here. Only of a message that the caller has confirmed is it said
/// that it was read: it will be dropped without a word.
fn why_gone(
    store: &dyn Store,
    session: &Session,
    message: &RatchetEntry<'_>,
    message_id: &MessageId,
) -> Result<Reason, StoreError> {
    let confirmed = store.confirmed_messages(&session.id)?;
    Ok(if confirmed.contains(message.read_tag(message_id)) {
        Reason::AlreadyRead
    } else {
        Reason::MessageKeyGone
    })
}

fn reason_of(error: &OpenError) -> Reason {
    match error {
        OpenError::Malformed => Reason::Malformed,
        OpenError::KeyGone => Reason::MessageKeyGone,
        OpenError::TooManySkipped => Reason::TooManySkipped,
        OpenError::Authentication | OpenError::BadPreviousCount => Reason::AuthenticationFailed,
        OpenError::ChainExhausted => Reason::TooManySkipped,
    }
}
