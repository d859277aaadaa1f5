//! Trying a ratchet message on a session, on a copy of its ratchet: nothing is written here.

use crypto_core::{
    AssociatedData, Header, HeaderKey, MessageId, OpenError, Opened, SessionRatchet, SignedPreKey,
};

use crate::{
    Engine, Env, Reason, Session, Store, StoreError, StoreRead, StoredKey, receive::Plaintext,
    wire::WireRatchetHeader,
};

/// A ratchet entry whose fields have been parsed.
pub(crate) struct RatchetEntry<'a> {
    pub(crate) header: Header,
    /// The session's signed prekey, if the DR header names one in its proper form. To look sessions up by: it need not be
    /// a point of the curve.
    pub(crate) id: Option<SignedPreKey>,
    pub(crate) ciphertext: &'a [u8],
}

impl<'a> RatchetEntry<'a> {
    /// Of a DR header and the bytes it stands before; `None` if its ratchet key is none.
    pub(crate) fn parse(header: &WireRatchetHeader, ciphertext: &'a [u8]) -> Option<Self> {
        Some(Self {
            header: Header {
                key: HeaderKey::from_wire(&header.key).ok()?,
                n: header.n,
                pn: header.pn,
            },
            id: SignedPreKey::named(&header.id).ok(),
            ciphertext,
        })
    }

    /// The message's id, if it is one of this session.
    pub(crate) fn id_on(&self, session: &Session) -> MessageId {
        MessageId::ratchet(&session.id, &self.header.key, self.header.n)
    }

    /// The message's key, if this session has stored it. Most sessions have stored none, which stores remember.
    pub(crate) fn stored_key_on(
        &self,
        session: &Session,
        store: &(impl StoreRead + ?Sized),
    ) -> Result<Option<StoredKey>, StoreError> {
        if store.has_stored_keys(&session.id)? {
            store.stored_key(&self.id_on(session))
        } else {
            Ok(None)
        }
    }
}

/// A message that opened, with what it will change. Nothing is written yet.
pub(crate) struct Accepted {
    pub(crate) message: MessageId,
    pub(crate) plaintext: Plaintext,
    pub(crate) opened_by: OpenedBy,
}

impl Accepted {
    /// Whether it was read before.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(&self.opened_by, OpenedBy::Stored(key) if key.read_at.is_some())
    }
}

/// How a message was opened.
pub(crate) enum OpenedBy {
    /// By moving the receiving chain.
    Advance(Box<Advance>),
    /// With a key that was kept: skipped before, or read and not confirmed.
    Stored(StoredKey),
}

/// A session's next state.
pub(crate) struct Advance {
    pub(crate) ratchet: SessionRatchet,
    pub(crate) skipped: Vec<StoredKey>,
    pub(crate) used: StoredKey,
}

impl Engine {
    /// Tries a message on a session: with its stored key if there is one, else by moving a copy of the ratchet.
    pub(crate) fn attempt(
        &self,
        store: &dyn Store,
        env: &mut Env<'_>,
        session: &Session,
        message: &RatchetEntry<'_>,
        message_id: MessageId,
    ) -> Result<Result<Accepted, Reason>, StoreError> {
        let ad = self.associated_data(session);
        if let Some(stored) = message.stored_key_on(session, store)? {
            let opened =
                session
                    .ratchet
                    .open_stored(&stored.key, &message.header, &ad, message.ciphertext);
            return Ok(opened
                .map(|plaintext| Accepted {
                    message: message_id,
                    plaintext,
                    opened_by: OpenedBy::Stored(stored),
                })
                .map_err(|error| reason_of(&error)));
        }
        if session.retired.contains(&message.header.key) {
            return Ok(Err(Reason::MessageKeyGone));
        }
        Ok(self.advance(env, session, message, message_id, &ad))
    }

    /// Moves a copy of the session's ratchet to the message.
    pub(crate) fn advance(
        &self,
        env: &mut Env<'_>,
        session: &Session,
        message: &RatchetEntry<'_>,
        message_id: MessageId,
        ad: &AssociatedData,
    ) -> Result<Accepted, Reason> {
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
        let skipped = skipped
            .into_iter()
            .map(|skipped| StoredKey {
                message: MessageId::ratchet(&session.id, &skipped.header_key, skipped.n),
                session: session.id,
                key: skipped.key,
                read_at: None,
            })
            .collect();
        let used = StoredKey {
            message: message_id,
            session: session.id,
            key: used,
            read_at: None,
        };
        Ok(Accepted {
            message: message_id,
            plaintext,
            opened_by: OpenedBy::Advance(Box::new(Advance {
                ratchet,
                skipped,
                used,
            })),
        })
    }
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
