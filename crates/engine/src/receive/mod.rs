//! Receiving: bundles, then the one entry that is for us (protocol §7, "Receive").
//!
//! Every key is tried on a copy. Nothing of a message is written before it is
//! authenticated; its bundles are signed on their own.

mod explain;
mod first_message;
mod import;
mod persist;
pub(crate) mod ratchet;
mod trial;

pub use self::explain::{
    Addressed, Explained, MessageKeyState, NamedPreKey, PossibleSession, PreKeyState,
};

use std::cell::OnceCell;

use crypto_core::{
    DhMessageError, EphemeralKey, IdentityKey, InstallationId, MessageId, Wiped, dh_message,
};

use crate::{
    contacts::AnswerEvidence,
    engine::{Engine, ReceiveRequest},
    model::{
        Env, Outcome, Reason, ReceiveError, Received, RunningTime, Seal, SendError, Session,
        StoreError, UnixMillis, Warning, WarningKind,
    },
    receive::{
        import::BundleImport,
        ratchet::{Read, ReplyDue},
    },
    send::record_sent,
    sessions::lifecycle::Arrival,
    store::Store,
    wire::{ANY_INSTALLATION, WireEntry, WireMessage},
};

impl Engine {
    /// Reads a received wire message.
    ///
    /// # Errors
    /// [`ReceiveError`] if the bytes are no wire message (of a sealed one that is an outcome) or
    /// the store fails. A message that cannot be read is an outcome with a reason.
    pub fn receive(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: ReceiveRequest,
    ) -> Result<Received, ReceiveError> {
        let sender = request.sender;
        let message = match request.message {
            Ok(message) => message,
            // What somebody put into an envelope is not the caller's mistake.
            Err(_) if request.sealed => {
                let outcome = Outcome::Undecryptable(Reason::Malformed);
                return Ok(Received::new(sender, None, outcome));
            }
            Err(error) => return Err(error.into()),
        };
        let installation = InstallationId::parse(&message.installation).ok();
        let own = sender == self.me() && installation.as_ref() == Some(self.this_device());
        let declined = self.is_declined(store, &sender)?;
        // Of one who was declined nothing is taken up, and nothing told: its bundles as little as
        // its text.
        let bundles = if declined { &[][..] } else { &message.bundles };
        let import = self.import_all(store, env.now, &sender, installation.as_ref(), bundles)?;
        if own {
            // Bundles first: if the keys in it are not ours, someone else is using our id.
            let mut received = Received::new(sender, installation, Outcome::Own);
            received.warnings = import.warnings;
            return Ok(received);
        }
        let incoming = Incoming {
            sender,
            installation,
            confirm: request.confirm,
            sealed: request.sealed,
            read_at: self.running_time(store, env)?,
            import: &import,
            settled: OnceCell::new(),
        };
        let answer = AnswerEvidence {
            mark: message.contact,
            dated_at: import.dated_at,
        };
        let mut received = if declined {
            // Unread, so that its keys are still there if the user thinks better of it.
            incoming.undecryptable(Reason::Declined)
        } else {
            self.read(store, env, &incoming, message)?
        };
        self.contact_wrote(store, env, &mut received, answer)?;
        received.lost_with_store = self.is_lost_with_store(store, env.now, &received)?;
        let settled = incoming.settled.into_inner();
        received.warnings.extend(match (settled, &import.lower) {
            (Some(warning), _) => warning,
            (None, Some(lower)) => self.refuse_version(store, &sender, lower)?,
            (None, None) => None,
        });
        received.new_installations = import.new_installations();
        received.warnings.splice(0..0, import.warnings);
        if received.duplicate {
            // What came with it was told when it was read first; since then anybody can have put
            // another bundle beside it.
            let told = |warning: &Warning| warning.kind == WarningKind::VersionNotBelieved;
            received.warnings.retain(|warning| !told(warning));
        }
        Ok(received)
    }

    /// Whether a message that could not be read belongs to what was lost when the store was put
    /// back: a session of then that went on elsewhere, or that this state has never had.
    fn is_lost_with_store(
        &self,
        store: &dyn Store,
        now: UnixMillis,
        received: &Received,
    ) -> Result<bool, StoreError> {
        let of_lost_state = matches!(
            received.outcome,
            Outcome::Undecryptable(
                Reason::AuthenticationFailed
                    | Reason::SessionNotFound
                    | Reason::PreKeyNotFound
                    | Reason::TooManySkipped
            )
        );
        if !of_lost_state {
            return Ok(false);
        }
        let rolled_back_at = store.timekeeping()?.rolled_back_at;
        Ok(rolled_back_at.is_some_and(|at| at.after(self.config.erase_after) > now))
    }

    /// Chooses what of the message is for us.
    fn read(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        mut message: WireMessage,
    ) -> Result<Received, ReceiveError> {
        if !message.public.is_empty() {
            let id = MessageId::of_payload(&message.public);
            return Ok(Received {
                message: Some(id),
                authenticated: incoming.sealed,
                ..incoming.outcome(Outcome::Public(message.public))
            });
        }
        if message.entries.is_empty() {
            return Ok(if incoming.import.of_sender {
                Received {
                    authenticated: incoming.sealed,
                    ..incoming.outcome(Outcome::Bundle)
                }
            } else {
                incoming.undecryptable(Reason::Malformed)
            });
        }
        if let Some(entry) = message.entries.remove(self.this_device().as_str()) {
            return self.read_entry(store, env, incoming, &entry);
        }
        if let Some(entry) = message.entries.remove(ANY_INSTALLATION) {
            // It takes only a DH header, and a ratchet entry that fails never falls back to it.
            return Ok(if entry.dr.is_none() && entry.x3dh.is_none() {
                self.read_dh(store, env, incoming, &entry)?
            } else {
                incoming.undecryptable(Reason::Malformed)
            });
        }
        let reason = if incoming.sender == self.me() {
            Reason::NotPaired
        } else {
            Reason::OtherInstallation
        };
        let received = incoming.outcome(Outcome::NotTargeted(reason));
        self.with_reply(store, env, incoming, received, ReplyDue::Advertise)
    }

    fn read_entry(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        entry: &WireEntry,
    ) -> Result<Received, ReceiveError> {
        match (&entry.dr, &entry.dh) {
            (Some(header), None) => {
                let read = self.read_ratchet(store, env, incoming, header, entry)?;
                let (received, reply) = incoming.report(read);
                self.with_reply(store, env, incoming, received, reply)
            }
            (None, Some(_)) if entry.x3dh.is_none() => self.read_dh(store, env, incoming, entry),
            _ => Ok(incoming.undecryptable(Reason::Malformed)),
        }
    }

    /// Opens a DH message (protocol §6): no session, nothing to remember, and no proof of the
    /// sender but the envelope's.
    fn read_dh(
        &self,
        store: &mut dyn Store,
        env: &Env<'_>,
        incoming: &Incoming<'_>,
        entry: &WireEntry,
    ) -> Result<Received, ReceiveError> {
        let opened = entry
            .dh
            .as_deref()
            .and_then(|key| EphemeralKey::from_wire(key).ok())
            .ok_or(DhMessageError::Malformed)
            .and_then(|key| dh_message::open(&self.account.identity, &key, &entry.payload));
        let outcome = match opened {
            Ok(payload) if payload.is_empty() && incoming.import.of_sender => Outcome::Bundle,
            Ok(payload) => Outcome::Decrypted(payload),
            Err(DhMessageError::Malformed) => return Ok(incoming.undecryptable(Reason::Malformed)),
            Err(DhMessageError::Authentication) => {
                return Ok(incoming.undecryptable(Reason::AuthenticationFailed));
            }
        };
        if incoming.sealed {
            incoming.settle_version(self, store, env, None)?;
        }
        let message =
            matches!(outcome, Outcome::Decrypted(_)).then(|| MessageId::of_payload(&entry.payload));
        Ok(Received {
            message,
            authenticated: incoming.sealed,
            ..incoming.outcome(outcome)
        })
    }

    /// Adds the bundle advertisement that the protocol asks for, within its limits (protocol §1,
    /// spec 1.5.2, 4.4).
    fn with_reply(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        received: Received,
        reply: ReplyDue,
    ) -> Result<Received, ReceiveError> {
        let sender = &incoming.sender;
        let wanted = match reply {
            ReplyDue::None => false,
            ReplyDue::Advertise => true,
            // The prekey that is due is not made before it is permitted to send it: whoever asks
            // may be anybody.
            ReplyDue::AdvertiseUnlessSent => match self.standing_prekey(store, env.now)? {
                Some(rotated_at) => {
                    let last_sent_at = store.peer(sender)?.and_then(|peer| peer.last_sent_at);
                    // A moment in the future was noted by a clock that was wrong.
                    last_sent_at.is_none_or(|at| at < rotated_at || at > env.now)
                }
                None => true,
            },
        };
        if !wanted
            || !self
                .replies
                .permit(env.now, sender, incoming.installation.as_ref())
        {
            return Ok(received);
        }
        // Whatever the policy on contacts: without it their messages could not be read at all.
        let seal = incoming.sealed.then_some(Seal::Agreed);
        let envelope = self.advertisement(store, env, sender, seal)?;
        if received.authenticated {
            let bundle = self.current_bundle(store, env)?;
            record_sent(store, sender, &bundle, env, false)?;
        }
        Ok(Received {
            reply: Some(envelope),
            ..received
        })
    }
}

/// What the rules need to know of the message around an entry.
pub(crate) struct Incoming<'a> {
    pub(crate) sender: IdentityKey,
    pub(crate) installation: Option<InstallationId>,
    pub(crate) confirm: bool,
    /// Its sender signed the envelope that it came in.
    sealed: bool,
    /// Now, in running time.
    pub(crate) read_at: RunningTime,
    import: &'a BundleImport,
    /// What was decided about an entry of a lower version, once the message has proven its sender.
    settled: OnceCell<Option<Warning>>,
}

impl Incoming<'_> {
    /// What the standings of sessions need to know of this message.
    pub(crate) fn arrival(&self, now: UnixMillis) -> Arrival {
        Arrival {
            now,
            before_rekey: self.import.before_rekey,
        }
    }

    /// Whether a bundle of the message lists `installation`, which sent it.
    pub(crate) fn lists(&self, installation: &InstallationId) -> bool {
        self.import.lists_sender && self.installation.as_ref() == Some(installation)
    }

    /// The message has proven its sender: decides about an entry of a lower version, and gives
    /// whether one came with it.
    pub(crate) fn settle_version(
        &self,
        engine: &Engine,
        store: &mut dyn Store,
        env: &Env<'_>,
        session: Option<&Session>,
    ) -> Result<bool, StoreError> {
        let Some(lower) = &self.import.lower else {
            return Ok(false);
        };
        let warning = engine.settle_version(store, env, session, &self.sender, lower)?;
        self.settled.get_or_init(|| warning);
        Ok(true)
    }

    fn outcome(&self, outcome: Outcome) -> Received {
        let mut received = Received::new(self.sender, self.installation.clone(), outcome);
        if self.installation.is_none() {
            received.warnings.push(Warning {
                kind: WarningKind::InvalidInstallation,
                detail: "the message names no valid installation id as its sender".to_owned(),
            });
        }
        received
    }

    fn undecryptable(&self, reason: Reason) -> Received {
        self.outcome(Outcome::Undecryptable(reason))
    }

    fn report(&self, read: Read) -> (Received, ReplyDue) {
        match read {
            Read::Opened(opened) => {
                let received = Received {
                    message: Some(opened.message),
                    forward_secrecy: true,
                    authenticated: true,
                    duplicate: opened.duplicate,
                    session: Some(opened.session),
                    ..self.outcome(Outcome::Decrypted(opened.plaintext))
                };
                (received, opened.reply)
            }
            Read::Failed {
                reason,
                message,
                session,
                reply,
            } => {
                let received = Received {
                    message,
                    session,
                    ..self.undecryptable(reason)
                };
                (received, reply)
            }
        }
    }
}

impl Received {
    fn new(sender: IdentityKey, installation: Option<InstallationId>, outcome: Outcome) -> Self {
        Self {
            outcome,
            message: None,
            sender,
            installation,
            forward_secrecy: false,
            authenticated: false,
            duplicate: false,
            told_request: false,
            lost_with_store: false,
            session: None,
            reply: None,
            new_installations: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl From<SendError> for ReceiveError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Store(error) => Self::Store(error),
            other => Self::Key(other.to_string()),
        }
    }
}

/// A plaintext on its way to the caller.
pub(crate) type Plaintext = Wiped<Vec<u8>>;
