//! Contacts: who asked whom, what was answered, and who may be written to (spec 1.5.x).
//!
//! Under [`ContactPolicy::Open`] states are only recorded. Under [`ContactPolicy::Request`] they
//! are a gate: nothing but a contact request goes to an identity that has not been accepted, and
//! what a declined one sends is dropped.

use crypto_core::{IdentityKey, SafetyNumber};

use crate::{
    engine::{Engine, SendRequest},
    model::{
        Contact, ContactMark, ContactPolicy, ContactState, Env, EventKind, Handshake, Outcome,
        Received, Role, SendError, Sent, Standing, StoreError, UnixMillis,
    },
    queries::Viewer,
    sessions::lifecycle::standing_now,
    store::{Store, StoreRead, record_event},
};

/// What tells of a received message whether it answers a request of ours, besides what it was read
/// by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AnswerEvidence {
    /// What it says that it is.
    pub(crate) mark: Option<ContactMark>,
    /// The newest date of a bundle that came with it and lists its own device. Who knows the
    /// device's bundles signs a new one for every message, or once a day.
    pub(crate) dated_at: Option<UnixMillis>,
}

/// A contact as a frontend shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// Who.
    pub identity: IdentityKey,
    /// How we stand to each other.
    pub state: ContactState,
    /// The user has compared the safety number.
    pub verified: bool,
    /// Some device of theirs has an established session that we send on.
    pub forward_secrecy: bool,
    /// To be compared by another way.
    pub safety_number: SafetyNumber,
    /// When the record was begun; `None` if there is none.
    pub added_at: Option<UnixMillis>,
}

/// A contact's new state, and what has to be sent.
#[derive(Debug)]
pub struct ContactChange {
    /// As it is now.
    pub contact: ContactView,
    /// What goes to the contact.
    pub sent: Sent,
}

impl Engine {
    /// Asks `identity` to become a contact: sends the introduction, whatever the policy. Asking one
    /// who has asked us accepts.
    ///
    /// # Errors
    /// [`SendError`]; nothing of the call may then be kept.
    pub fn request_contact(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
        identity: &IdentityKey,
    ) -> Result<ContactChange, SendError> {
        let state = match self.state_of(store, identity)? {
            ContactState::None | ContactState::RequestSent | ContactState::Declined => {
                ContactState::RequestSent
            }
            ContactState::RequestReceived | ContactState::Accepted => ContactState::Accepted,
        };
        self.step(store, env, identity, state, Some(request))
    }

    /// Accepts `identity`, and sends it a message, so that both ends have forward secrecy.
    ///
    /// # Errors
    /// [`SendError`]; nothing of the call may then be kept.
    pub fn accept_contact(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
        identity: &IdentityKey,
    ) -> Result<ContactChange, SendError> {
        self.step(store, env, identity, ContactState::Accepted, Some(request))
    }

    /// Declines `identity`. It learns nothing by it, unless it is told something: `request` says
    /// what.
    ///
    /// # Errors
    /// [`SendError`]; nothing of the call may then be kept.
    pub fn decline_contact(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: Option<&SendRequest>,
        identity: &IdentityKey,
    ) -> Result<ContactChange, SendError> {
        self.step(store, env, identity, ContactState::Declined, request)
    }

    /// Notes whether the user has compared the safety number with `identity`.
    ///
    /// # Errors
    /// [`SendError`] if the store fails, or `identity` is our own.
    pub fn verify_contact(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: &IdentityKey,
        verified: bool,
    ) -> Result<ContactView, SendError> {
        let contact = self.recorded(store, env, identity)?;
        store.put_contact(&Contact {
            verified,
            ..contact
        })?;
        Ok(self.viewer().contact(store, identity)?)
    }

    fn step(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: &IdentityKey,
        state: ContactState,
        request: Option<&SendRequest>,
    ) -> Result<ContactChange, SendError> {
        let contact = self.recorded(store, env, identity)?;
        let requested_at = match (contact.state, state) {
            // Asked again: an answer to the first request is one.
            (ContactState::RequestSent, ContactState::RequestSent) => contact.requested_at,
            (_, ContactState::RequestSent) => Some(env.now),
            _ => None,
        };
        store.put_contact(&Contact {
            state,
            requested_at,
            ..contact
        })?;
        if state == ContactState::Accepted && contact.state != state {
            let identity = *identity;
            record_event(
                store,
                env.now,
                EventKind::ContactAccepted {
                    identity,
                    by_us: true,
                },
            )?;
        }
        let sent = match request {
            // Whatever the policy: the user decided about this very contact.
            Some(request) => self.send_to_contact(store, env, request, mark(state))?,
            None => Sent::default(),
        };
        Ok(ContactChange {
            contact: self.viewer().contact(store, identity)?,
            sent,
        })
    }

    /// The record of `identity`, or the one that it begins with.
    fn recorded(
        &self,
        store: &dyn Store,
        env: &Env<'_>,
        identity: &IdentityKey,
    ) -> Result<Contact, SendError> {
        if *identity == self.me() {
            return Err(SendError::OwnIdentity);
        }
        Ok(store.contact(identity)?.unwrap_or(Contact {
            identity: *identity,
            state: ContactState::None,
            verified: false,
            added_at: env.now,
            requested_at: None,
        }))
    }

    fn state_of(
        &self,
        store: &dyn StoreRead,
        identity: &IdentityKey,
    ) -> Result<ContactState, StoreError> {
        let contact = store.contact(identity)?;
        Ok(contact.map_or(ContactState::None, |contact| contact.state))
    }

    /// Whether messages may be sent to `identity`.
    pub(crate) fn check_accepted(
        &self,
        store: &dyn StoreRead,
        identity: &IdentityKey,
    ) -> Result<(), SendError> {
        let open = self.config.contacts == ContactPolicy::Open || *identity == self.me();
        if open || self.state_of(store, identity)? == ContactState::Accepted {
            return Ok(());
        }
        Err(SendError::ContactNotAccepted {
            recipient: identity.to_compact(),
        })
    }

    /// Whether what `sender` sends is dropped unread.
    pub(crate) fn is_declined(
        &self,
        store: &dyn StoreRead,
        sender: &IdentityKey,
    ) -> Result<bool, StoreError> {
        Ok(self.config.contacts == ContactPolicy::Request
            && self.state_of(store, sender)? == ContactState::Declined)
    }

    /// What a message that was read says about its sender as a contact. Nothing is written for one
    /// that proves nobody.
    pub(crate) fn contact_wrote(
        &self,
        store: &mut dyn Store,
        env: &Env<'_>,
        received: &mut Received,
        answer: AnswerEvidence,
    ) -> Result<(), StoreError> {
        let identity = received.sender;
        let read = matches!(received.outcome, Outcome::Decrypted(_));
        if !read || received.duplicate || identity == self.me() {
            return Ok(());
        }
        let known = store.contact(&identity)?;
        let state = known.map_or(ContactState::None, |contact| contact.state);
        let (state, requests) = match (state, answer.mark) {
            // It neither asks nor accepts.
            (_, Some(ContactMark::Decline)) => return Ok(()),
            (ContactState::None, _) if received.authenticated => {
                (ContactState::RequestReceived, true)
            }
            (ContactState::None, _) => {
                received.told_request = true;
                return Ok(());
            }
            (ContactState::RequestSent, mark) => {
                let requested_at = known.and_then(|contact| contact.requested_at);
                let answers = received.authenticated
                    && (mark.is_some() || is_newer(store, received, requested_at, answer)?);
                if !answers {
                    received.told_request = mark != Some(ContactMark::Accept);
                    return Ok(());
                }
                (ContactState::Accepted, mark == Some(ContactMark::Request))
            }
            _ => return Ok(()),
        };
        store.put_contact(&Contact {
            identity,
            state,
            verified: known.is_some_and(|contact| contact.verified),
            added_at: known.map_or(env.now, |contact| contact.added_at),
            requested_at: None,
        })?;
        if let Some(message) = received.message.filter(|_| requests) {
            let asked = EventKind::ContactRequested { identity, message };
            record_event(store, env.now, asked)?;
        }
        if state == ContactState::Accepted {
            let by_us = false;
            record_event(
                store,
                env.now,
                EventKind::ContactAccepted { identity, by_us },
            )?;
        }
        Ok(())
    }
}

/// What the message says that goes with a contact's new state.
const fn mark(state: ContactState) -> Option<ContactMark> {
    match state {
        ContactState::RequestSent => Some(ContactMark::Request),
        ContactState::Accepted => Some(ContactMark::Accept),
        ContactState::Declined => Some(ContactMark::Decline),
        ContactState::None | ContactState::RequestReceived => None,
    }
}

/// Whether a message that does not say what it is was certainly written after we asked: it came on
/// a ratchet, and its bundle is dated after that, or the session was begun on a key that was not
/// there before. One by DH may have been brought again.
fn is_newer(
    store: &dyn StoreRead,
    received: &Received,
    requested_at: Option<UnixMillis>,
    answer: AnswerEvidence,
) -> Result<bool, StoreError> {
    let (Some(requested_at), Some(session)) = (requested_at, received.session) else {
        return Ok(false);
    };
    if answer.dated_at.is_some_and(|at| at >= requested_at) {
        return Ok(true);
    }
    let Some(session) = store.session(&session)? else {
        return Ok(false);
    };
    let made_at = match session.role {
        Role::Initiator => Some(session.created_at),
        Role::Responder => store
            .own_prekey(&session.signed_pre_key)?
            .map(|prekey| prekey.created_at),
    };
    Ok(made_at.is_some_and(|at| at >= requested_at))
}

impl Viewer {
    /// How we stand to `identity`; without a record, in [`ContactState::None`].
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn contact(
        &self,
        store: &dyn StoreRead,
        identity: &IdentityKey,
    ) -> Result<ContactView, StoreError> {
        let contact = store.contact(identity)?;
        self.seen(store, identity, contact)
    }

    /// All contacts that there is a record of, by key.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn contacts(&self, store: &dyn StoreRead) -> Result<Vec<ContactView>, StoreError> {
        store
            .contacts()?
            .into_iter()
            .map(|contact| self.seen(store, &contact.identity, Some(contact)))
            .collect()
    }

    fn seen(
        &self,
        store: &dyn StoreRead,
        identity: &IdentityKey,
        contact: Option<Contact>,
    ) -> Result<ContactView, StoreError> {
        let mut forward_secrecy = false;
        for session in store.sessions(Some(identity))? {
            forward_secrecy |= matches!(session.handshake, Handshake::Established)
                && standing_now(store, &session)? == Standing::Active;
        }
        Ok(ContactView {
            identity: *identity,
            state: contact.map_or(ContactState::None, |contact| contact.state),
            verified: contact.is_some_and(|contact| contact.verified),
            forward_secrecy,
            safety_number: SafetyNumber::of(self.identity(), identity),
            added_at: contact.map(|contact| contact.added_at),
        })
    }
}
