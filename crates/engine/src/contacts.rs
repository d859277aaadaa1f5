//! Contact requests and their answers (spec 1.5.x).
//!
//! The states are those of [`ContactState`]; what the user and what messages do to them are the two
//! tables of protocol §7. Messages of a declined identity are not read. Under
//! [`ContactPolicy::Request`] nothing but a contact request is sent to an identity that was not
//! accepted.

use std::time::Duration;

use crypto_core::{IdentityKey, SafetyNumber};

use crate::{
    engine::{Engine, SendRequest},
    model::{
        Contact, ContactMark, ContactPolicy, ContactState, Decision, Env, EventKind, Handshake,
        Outcome, Peer, Received, Role, SendError, Sent, Standing, StoreError, UnixMillis,
    },
    queries::Viewer,
    sealing::listening::{is_declined, tell_declined},
    sessions::lifecycle::standing_now,
    store::{Store, StoreRead, record_event},
};

/// Evidence that a received message answers a request of ours.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AnswerEvidence {
    /// The contact mark of the message.
    pub(crate) mark: Option<ContactMark>,
    /// The newest date of a bundle in the message that lists its device. Clients sign a new bundle
    /// for every message, or once a day.
    pub(crate) dated_at: Option<UnixMillis>,
}

/// A contact as a frontend shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// The identity.
    pub identity: IdentityKey,
    /// What was asked and answered.
    pub state: ContactState,
    /// The user has compared the safety number.
    pub verified: bool,
    /// Whether one of its devices has an established session that is active.
    pub forward_secrecy: bool,
    /// The safety number, to compare over another channel.
    pub safety_number: SafetyNumber,
    /// When the record was made; `None` if there is none.
    pub added_at: Option<UnixMillis>,
}

/// A contact after a change, and the messages to send.
#[derive(Debug)]
pub struct ContactChange {
    /// The contact now.
    pub contact: ContactView,
    /// The messages for the contact.
    pub sent: Sent,
}

impl Engine {
    /// Asks `identity` to become a contact, with an introduction, under any policy. If it has asked
    /// us, even if it was declined since, this accepts it.
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
        self.decide_contact(store, env, identity, ContactMark::Request, request, true)
    }

    /// Accepts `identity`, and sends it a message, so that both sides have forward secrecy.
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
        self.decide_contact(store, env, identity, ContactMark::Accept, request, true)
    }

    /// Declines `identity`. Unless it is `told`, the message in `request` is for our own other
    /// devices alone, which follow.
    ///
    /// # Errors
    /// [`SendError`]; nothing of the call may then be kept.
    pub fn decline_contact(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &SendRequest,
        identity: &IdentityKey,
        told: bool,
    ) -> Result<ContactChange, SendError> {
        self.decide_contact(store, env, identity, ContactMark::Decline, request, told)
    }

    /// Records whether the user has compared the safety number with `identity`.
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
        let contact = self.contact_or_new(store, env, identity)?;
        store.put_contact(&Contact {
            verified,
            ..contact
        })?;
        Ok(self.viewer().contact(store, identity)?)
    }

    fn decide_contact(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        identity: &IdentityKey,
        step: ContactMark,
        request: &SendRequest,
        told: bool,
    ) -> Result<ContactChange, SendError> {
        let contact = self.contact_or_new(store, env, identity)?;
        // After the last decision, even if a device of ours whose clock is ahead has made that.
        let last = contact.decided_at.map(|at| at.believed(env.now));
        let next = last.map(|at| at.after(Duration::from_millis(1)));
        let at = next.map_or(env.now, |next| next.max(env.now));
        let state = put_decision(store, env.now, &contact, Decision { step, at })?;
        // Whoever requests one who has asked accepts: the message and the copies say so.
        let step = mark(state).unwrap_or(step);
        // Under any policy: the user has decided about this contact.
        let sent = self.send_decision(store, env, request, Decision { step, at }, told)?;
        Ok(ContactChange {
            contact: self.viewer().contact(store, identity)?,
            sent,
        })
    }

    /// The record of `identity`, or a new one; our own is none.
    fn contact_or_new(
        &self,
        store: &dyn Store,
        env: &Env<'_>,
        identity: &IdentityKey,
    ) -> Result<Contact, SendError> {
        if *identity == self.me() {
            return Err(SendError::OwnIdentity);
        }
        Ok(known_or_new(store, env.now, identity)?)
    }

    /// Follows what another device of ours says with the copy of a message: whom the user has
    /// written to there, and decided about (protocol §7, contacts).
    pub(crate) fn follow_copy(
        &self,
        store: &mut dyn Store,
        now: UnixMillis,
        received: &Received,
    ) -> Result<(), StoreError> {
        let (Some(copy), false) = (&received.copy_of, received.duplicate) else {
            return Ok(());
        };
        let me = self.me();
        let others = copy.recipients.iter().filter(|recipient| **recipient != me);
        for identity in others {
            let step = copy.decision.map(|decision| decision.step);
            if step != Some(ContactMark::Decline) {
                note_written(store, now, identity)?;
            }
            if let Some(decision) = copy.decision {
                follow(store, now, identity, decision)?;
            }
        }
        Ok(())
    }

    /// Whether the user has written to `identity`.
    fn has_written_to(
        &self,
        store: &dyn StoreRead,
        identity: &IdentityKey,
    ) -> Result<bool, StoreError> {
        let peer = store.peer(identity)?;
        Ok(peer.is_some_and(|peer| peer.written_at.is_some()))
    }

    fn state_of(
        &self,
        store: &dyn StoreRead,
        identity: &IdentityKey,
    ) -> Result<ContactState, StoreError> {
        let contact = store.contact(identity)?;
        Ok(contact.map_or(ContactState::None, |contact| contact.state))
    }

    /// Checks that messages may be sent to `identity`.
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

    /// Whether messages of `sender` are dropped unread, under any policy.
    pub(crate) fn is_declined(
        &self,
        store: &dyn StoreRead,
        sender: &IdentityKey,
    ) -> Result<bool, StoreError> {
        Ok(*sender != self.me() && is_declined(store, sender)?)
    }

    /// Updates the contact state of a sender other than us after its message was read (protocol §7,
    /// contacts). A message that does not authenticate its sender writes nothing.
    pub(crate) fn update_contact(
        &self,
        store: &mut dyn Store,
        env: &Env<'_>,
        received: &mut Received,
        answer: AnswerEvidence,
    ) -> Result<(), StoreError> {
        let identity = received.sender;
        let read = matches!(
            received.outcome,
            Outcome::Decrypted(_) | Outcome::Contact(_)
        );
        if !read || received.duplicate {
            return Ok(());
        }
        let contact = known_or_new(store, env.now, &identity)?;
        let (state, requests) = match (contact.state, answer.mark) {
            // A decline neither asks nor accepts.
            (_, Some(ContactMark::Decline)) => return Ok(()),
            // They answer what we wrote first.
            (ContactState::None, None) if self.has_written_to(store, &identity)? => return Ok(()),
            // Who accepts somebody that has not asked wants to be a contact as well.
            (ContactState::None, _) if received.authenticated => {
                (ContactState::RequestReceived, true)
            }
            (ContactState::None, _) => {
                received.told_request = true;
                return Ok(());
            }
            (ContactState::RequestSent, mark) => {
                let answers = received.authenticated
                    && (mark.is_some() || is_newer(store, received, contact.requested_at, answer)?);
                if !answers {
                    received.told_request = mark != Some(ContactMark::Accept);
                    return Ok(());
                }
                (ContactState::Accepted, mark == Some(ContactMark::Request))
            }
            _ => return Ok(()),
        };
        store.put_contact(&Contact {
            state,
            requested_at: None,
            asked: true,
            ..contact
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

/// The record of `identity`, or a new one.
fn known_or_new(
    store: &dyn StoreRead,
    now: UnixMillis,
    identity: &IdentityKey,
) -> Result<Contact, StoreError> {
    Ok(store.contact(identity)?.unwrap_or(Contact {
        identity: *identity,
        state: ContactState::None,
        verified: false,
        added_at: now,
        requested_at: None,
        asked: false,
        decided_at: None,
    }))
}

/// Records that the user has written to `identity` on another device. This one was not sent
/// anything by that.
fn note_written(
    store: &mut dyn Store,
    now: UnixMillis,
    identity: &IdentityKey,
) -> Result<(), StoreError> {
    let peer = store.peer(identity)?;
    let peer = peer.unwrap_or_else(|| Peer::new(*identity));
    if peer.written_at.is_some() {
        return Ok(());
    }
    store.put_peer(&Peer {
        written_at: Some(now),
        ..peer
    })
}

/// Follows a decision that was made on another device, unless a later one is known.
fn follow(
    store: &mut dyn Store,
    now: UnixMillis,
    identity: &IdentityKey,
    decision: Decision,
) -> Result<(), StoreError> {
    let contact = known_or_new(store, now, identity)?;
    // A device whose clock is far ahead has no say over what comes after.
    let at = if decision.at.is_far_ahead(now) {
        now
    } else {
        decision.at
    };
    let known = contact.decided_at.map(|known| known.believed(now));
    if known.is_some_and(|known| known >= at) {
        return Ok(());
    }
    put_decision(store, now, &contact, Decision { at, ..decision }).map(drop)
}

/// Writes what follows from a decision of the user on this device or another one of ours; gives the
/// new state.
fn put_decision(
    store: &mut dyn Store,
    now: UnixMillis,
    contact: &Contact,
    Decision { step, at }: Decision,
) -> Result<ContactState, StoreError> {
    let state = match step {
        ContactMark::Decline => ContactState::Declined,
        ContactMark::Request if !contact.asked && contact.state != ContactState::Accepted => {
            ContactState::RequestSent
        }
        ContactMark::Request | ContactMark::Accept => ContactState::Accepted,
    };
    let requested_at = match (contact.state, state) {
        // Asked again: an answer to the first request counts.
        (ContactState::RequestSent, ContactState::RequestSent) => contact.requested_at,
        (_, ContactState::RequestSent) => Some(at.min(now)),
        _ => None,
    };
    store.put_contact(&Contact {
        state,
        requested_at,
        decided_at: Some(at),
        ..*contact
    })?;
    let identity = contact.identity;
    if state == ContactState::Accepted && contact.state != state {
        let by_us = true;
        record_event(store, now, EventKind::ContactAccepted { identity, by_us })?;
    }
    let [was, is] = [contact.state, state].map(|state| state == ContactState::Declined);
    if was != is {
        tell_declined(store, now, identity, is)?;
    }
    Ok(state)
}

/// The contact mark of the message that reports a contact's new state.
const fn mark(state: ContactState) -> Option<ContactMark> {
    match state {
        ContactState::RequestSent => Some(ContactMark::Request),
        ContactState::Accepted => Some(ContactMark::Accept),
        ContactState::Declined => Some(ContactMark::Decline),
        ContactState::None | ContactState::RequestReceived => None,
    }
}

/// Whether a message without a mark was certainly written after we asked: it came on a ratchet, and
/// its bundle is dated after the request, or its session was begun on a later key. A message by DH
/// may be a replay.
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
    /// The contact `identity`; without a record, it is in [`ContactState::None`].
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn contact(
        &self,
        store: &dyn StoreRead,
        identity: &IdentityKey,
    ) -> Result<ContactView, StoreError> {
        let contact = store.contact(identity)?;
        self.view(store, identity, contact)
    }

    /// All contacts with a record, by key.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn contacts(&self, store: &dyn StoreRead) -> Result<Vec<ContactView>, StoreError> {
        store
            .contacts()?
            .into_iter()
            .map(|contact| self.view(store, &contact.identity, Some(contact)))
            .collect()
    }

    fn view(
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
