//! Explaining why a message opens or does not: which keys it needs, and which of them are here.

use std::mem;

use crypto_core::{
    ANY_INSTALLATION, IdentityKey, InstallationId, KemId, MessageId, RatchetCurve, SignedPreKey,
    Suite,
};

use crate::{
    engine::{Engine, ReceiveRequest},
    model::{
        Env, InspectedMessage, InstallationView, KemPreKeyState, Mode, ReceiveError, Received,
        Session, StoreError, UnixMillis, WireError,
    },
    queries::SessionView,
    receive::{first_message::X3dhHeader, ratchet::trials, trial::RatchetEntry},
    store::Store,
    wire::{WireEntry, WireMessage},
};

/// The explanation of a message.
#[derive(Debug)]
pub struct Explained {
    /// What [`Engine::receive`] would answer now.
    pub received: Received,
    /// The decoded message.
    pub message: InspectedMessage,
    /// Whom it is for.
    pub addressed: Addressed,
    /// The device that the message names as its sender, if it is known.
    pub installation: Option<InstallationView>,
    /// The suite of its entry; `None` if that is not known without its session.
    pub suite: Option<Suite>,
    /// The signed prekey that its entry names.
    pub prekey: Option<NamedPreKey>,
    /// The KEM prekey that its entry names, and whether it is kept with that signed prekey
    /// (protocol §13).
    pub kem_pre_key: Option<(KemId, KemPreKeyState)>,
    /// The sessions that its entry is tried on, in this order; at most
    /// [`MAX_SESSION_TRIALS`](crate::model::MAX_SESSION_TRIALS).
    pub sessions: Vec<PossibleSession>,
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed {
    /// It has an entry for this device, in this mode; `None` if its headers do not fit together.
    ThisDevice(Option<Mode>),
    /// Any device of our identity can read its entry (DH).
    AnyDevice,
    /// Whoever has the key of a group can read its entry, or it brings such keys.
    Group,
    /// It is public.
    Everyone,
    /// It has entries, and none of them is for this device.
    OtherDevices,
    /// It has no entry: it carries bundles at most.
    Nobody,
}

/// A signed prekey that an entry names (protocol §5: the responder's, on which the session is
/// built).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedPreKey {
    /// Its public part.
    pub key: SignedPreKey,
    /// Whether it is ours.
    pub state: PreKeyState,
}

/// Whether a signed prekey is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreKeyState {
    /// The one that our bundle lists.
    Current,
    /// One that was replaced. New sessions can be begun on it until it is erased.
    Replaced {
        /// When it was replaced.
        since: UnixMillis,
        /// The earliest that it will be erased, with what rests on it.
        erase_at: UnixMillis,
    },
    /// It is the other side's, or it was ours and is erased.
    NotOurs,
}

/// A session that a message may belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PossibleSession {
    /// The session.
    pub session: SessionView,
    /// The id of the message if it belongs to this session.
    pub message: MessageId,
    /// Its key in this session.
    pub key: MessageKeyState,
}

/// The state of a message's key in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKeyState {
    /// It is kept since the message was read, until it is confirmed.
    Read,
    /// It is kept since a later message was read.
    Skipped,
    /// It was used or dropped, and erased.
    Gone,
    /// The receiving chain reaches it by skipping this many messages.
    Ahead {
        /// Messages between the last one read and this one.
        missing: u32,
    },
    /// It would begin a new receiving chain, with a DH step of the other side.
    NewChain,
}

impl Engine {
    /// Explains a received message by receiving it. **The caller must undo all writes of this
    /// function**, by running it in a savepoint. `message` is the same message, [decoded for
    /// display](WireMessage::inspect).
    ///
    /// # Errors
    /// As of [`Self::receive`].
    pub fn explain(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: ReceiveRequest,
        message: InspectedMessage,
    ) -> Result<Explained, ReceiveError> {
        let wire = request.message.as_ref().map_err(WireError::clone)?;
        let installation = InstallationId::parse(&wire.installation).ok();
        let from = (&request.sender, installation.as_ref());
        let (addressed, entry) = self.addressed(wire, &message);
        let needs = match entry {
            Some(entry) => self.needs(store, env.now, from, entry)?,
            None => Needs::default(),
        };
        let known = self
            .viewer()
            .installations(store, env.now, Some(&request.sender))?
            .into_iter()
            .find(|view| Some(&view.device.installation) == installation.as_ref());
        // The reply is not sent, so it does not count against the limit.
        let only = self.replies.only(&request.sender);
        let replies = mem::replace(&mut self.replies, only);
        let received = self.receive(store, env, request);
        self.replies = replies;
        Ok(Explained {
            received: received?,
            message,
            addressed,
            installation: known,
            suite: needs.suite,
            prekey: needs.prekey,
            kem_pre_key: needs.kem_pre_key,
            sessions: needs.sessions,
        })
    }

    /// Whom a message is for, and its entry for this device.
    fn addressed<'a>(
        &self,
        wire: &'a WireMessage,
        message: &InspectedMessage,
    ) -> (Addressed, Option<&'a WireEntry>) {
        let this = self.this_device().as_str();
        if !wire.public.is_empty() {
            (Addressed::Everyone, None)
        } else if let Some(entry) = wire.entries.get(this) {
            let mut targets = message.targets.iter();
            let target = targets.find(|target| target.installation == this);
            let mode = target.and_then(|target| target.mode);
            (Addressed::ThisDevice(mode), Some(entry))
        } else if let Some(entry) = wire.entries.get(ANY_INSTALLATION) {
            let of_group = entry.hr.is_some() && entry.dh.is_none();
            let addressed = if of_group {
                Addressed::Group
            } else {
                Addressed::AnyDevice
            };
            (addressed, None)
        } else if wire.entries.is_empty() {
            (Addressed::Nobody, None)
        } else {
            (Addressed::OtherDevices, None)
        }
    }

    /// The prekeys that an entry names, and the sessions that it may belong to.
    fn needs(
        &self,
        store: &dyn Store,
        now: UnixMillis,
        from: (&IdentityKey, Option<&InstallationId>),
        entry: &WireEntry,
    ) -> Result<Needs, StoreError> {
        let parsed = entry
            .dr
            .as_ref()
            .and_then(|header| RatchetEntry::parse(header, entry));
        let Some(parsed) = parsed else {
            return Ok(Needs::default());
        };
        let curve = parsed.header.key.curve();
        let x3dh = entry.x3dh.as_ref();
        let header = x3dh.and_then(|x3dh| X3dhHeader::parse(x3dh, curve));
        let (prekey, sessions) = match (&header, x3dh) {
            (Some(header), _) => {
                let begun = self.session_begun(store, from, header)?;
                (Some(header.prekey), begun.into_iter().collect())
            }
            (None, Some(x3dh)) => (SignedPreKey::from_wire(&x3dh.id).ok(), Vec::new()),
            (None, None) => match &parsed.id.filter(SignedPreKey::is_on_curve) {
                Some(prekey) => {
                    let since = self.still_in_use(now);
                    let trials = trials(store, from, &parsed, prekey, since)?;
                    (Some(*prekey), trials.sessions)
                }
                None => (None, Vec::new()),
            },
        };
        let suite = match (&header, sessions.as_slice()) {
            (Some(header), _) => Some(header.suite()),
            (None, [only]) => Some(only.suite()),
            (None, _) if curve == RatchetCurve::Secp256k1 => Some(Suite::Secp256k1),
            _ => None,
        };
        let kem_id = header.as_ref().and_then(|header| header.kem.as_ref());
        let kem_pre_key = match (kem_id, &prekey) {
            (Some((id, _)), Some(prekey)) => Some((*id, kem_state(store, prekey, id)?)),
            _ => None,
        };
        let viewer = self.viewer();
        let possible = |session: &Session| {
            Ok(PossibleSession {
                session: viewer.session(store, session)?,
                message: parsed.id_on(session),
                key: key_state(store, session, &parsed)?,
            })
        };
        Ok(Needs {
            suite,
            prekey: prekey.map(|key| self.named(store, key)).transpose()?,
            kem_pre_key,
            sessions: sessions
                .iter()
                .map(possible)
                .collect::<Result<_, StoreError>>()?,
        })
    }

    /// The session that a first message has set up here before.
    fn session_begun(
        &self,
        store: &dyn Store,
        from: (&IdentityKey, Option<&InstallationId>),
        header: &X3dhHeader,
    ) -> Result<Option<Session>, StoreError> {
        let Some(id) = self.incoming_session_id(from, header) else {
            return Ok(None);
        };
        let session = store.session(&id)?;
        Ok(session.filter(|session| session.peer == *from.0))
    }

    fn named(&self, store: &dyn Store, key: SignedPreKey) -> Result<NamedPreKey, StoreError> {
        let state = match store.own_prekey_replaced_at(&key)? {
            Some(since) => PreKeyState::Replaced {
                since,
                erase_at: since.after(self.config.erase_after),
            },
            None if store.own_prekey(&key)?.is_some() => PreKeyState::Current,
            None => PreKeyState::NotOurs,
        };
        Ok(NamedPreKey { key, state })
    }
}

/// What the entry of a message needs to be read.
#[derive(Default)]
struct Needs {
    suite: Option<Suite>,
    prekey: Option<NamedPreKey>,
    kem_pre_key: Option<(KemId, KemPreKeyState)>,
    sessions: Vec<PossibleSession>,
}

/// Which of the KEM prekeys that the signed prekey `prekey` of ours keeps is `id`.
fn kem_state(
    store: &dyn Store,
    prekey: &SignedPreKey,
    id: &KemId,
) -> Result<KemPreKeyState, StoreError> {
    let own = store.own_prekey(prekey)?;
    let kept = own.and_then(|own| own.kem.iter().position(|kem| kem.id == *id));
    Ok(match kept {
        Some(0) => KemPreKeyState::Current,
        Some(_) => KemPreKeyState::Before,
        None => KemPreKeyState::NotOurs,
    })
}

fn key_state(
    store: &dyn Store,
    session: &Session,
    message: &RatchetEntry<'_>,
) -> Result<MessageKeyState, StoreError> {
    if let Some(kept) = message.kept_key_on(session, store)? {
        return Ok(if kept.stored.read_at.is_some() {
            MessageKeyState::Read
        } else {
            MessageKeyState::Skipped
        });
    }
    let (key, n) = (message.header.key, message.header.n);
    if session.ratchet.receiving_key() != Some(key) {
        return Ok(if session.past_chains.contains(&key) {
            MessageKeyState::Gone
        } else {
            MessageKeyState::NewChain
        });
    }
    let next = session.ratchet.receiving_number().unwrap_or_default();
    Ok(n.checked_sub(next)
        .map_or(MessageKeyState::Gone, |missing| MessageKeyState::Ahead {
            missing,
        }))
}
