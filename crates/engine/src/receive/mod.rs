//! Receiving (protocol §7, "Receive").
//!
//! `import` imports the bundles of a message. Then its one entry for this device is read:
//! `ratchet` finds the session, `first_message` sets it up, `trial` decrypts on a copy of its
//! ratchet, and `persist` writes what changed. `group_key` reads what group keys have to do with.
//!
//! Nothing of a message is written before it is authenticated, except its bundles, which have their
//! own signatures.

mod explain;
mod first_message;
mod group_key;
mod import;
mod persist;
pub(crate) mod ratchet;
mod trial;

pub use self::explain::{
    Addressed, Explained, MessageKeyState, NamedPreKey, PossibleSession, PreKeyState,
};

use std::cell::OnceCell;

use crypto_core::{
    ANY_INSTALLATION, DhMessageError, EphemeralKey, IdentityKey, InstallationId, MessageId, Wiped,
    dh_message,
};

use crate::{
    contacts::AnswerEvidence,
    engine::{Engine, ReceiveRequest},
    model::{
        Config, ContactMark, Env, Outcome, Reason, ReceiveError, Received, RunningTime, Seal,
        SendError, Session, StoreError, UnixMillis, Warning, WarningKind,
    },
    receive::{
        import::BundleImport,
        ratchet::{Read, ReplyDue},
    },
    sealing::listening::SentAs,
    sessions::lifecycle::Arrival,
    store::Store,
    wire::{WireEntry, WireMessage},
};

impl Engine {
    /// Reads a received wire message.
    ///
    /// # Errors
    /// [`ReceiveError`] if the store fails, or if the bytes are not a wire message and were not
    /// sealed. A message that cannot be read is an outcome with a reason.
    pub fn receive(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: ReceiveRequest,
    ) -> Result<Received, ReceiveError> {
        let sender = request.sender;
        let mut message = match request.message {
            Ok(message) => message,
            // The content of an envelope is the sender's mistake, and not the caller's.
            Err(_) if request.sealed => {
                let outcome = Outcome::Undecryptable(Reason::Malformed);
                return Ok(Received::new(sender, None, outcome));
            }
            Err(error) => return Err(error.into()),
        };
        let installation = InstallationId::parse(&message.installation).ok();
        let own = sender == self.me() && installation.as_ref() == Some(self.this_device());
        let declined = self.is_declined(store, &sender)?;
        // Nothing of a declined contact is recorded or reported, neither bundles nor text.
        let bundles = if declined { &[][..] } else { &message.bundles };
        let import = self.import_all(store, env.now, &sender, installation.as_ref(), bundles)?;
        if own {
            // After importing the bundles: if the keys in them are not ours, another device uses
            // our id.
            let mut received = Received::new(sender, installation, Outcome::Own);
            received.warnings = import.warnings;
            return Ok(received);
        }
        let incoming = Incoming {
            kem_wanted: &std::mem::take(&mut message.kem_wanted),
            sender,
            installation,
            confirm: request.confirm,
            sealed: request.sealed,
            marked: message.contact.is_some() && sender != self.me(),
            read_at: self.running_time(store, env)?,
            import: &import,
            settled: OnceCell::new(),
        };
        let answer = AnswerEvidence {
            mark: message.contact,
            dated_at: import.dated_at,
        };
        let mut received = if declined {
            // Not read, so that its keys are still there if the user accepts the contact later.
            incoming.undecryptable(Reason::Declined)
        } else {
            let received = self.read(store, env, &incoming, message)?;
            if incoming.sealed && incoming.settled.get().is_none() && !received.duplicate {
                // Whether it opens here or not, its envelope proves which device it is from.
                incoming.settle_version(self, store, env, None)?;
            }
            received
        };
        if sender == self.me() {
            // What a copy says is sealed; what stands beside it a relay may have written.
            let decision = received.copy_of.as_ref().and_then(|copy| copy.decision);
            received.note_contact(decision.map(|decision| decision.step));
            self.follow_copy(store, env.now, &received)?;
        } else if received.group_key.is_none() {
            // A message under a group key is for the group, and says nothing to us as a contact.
            received.note_contact(answer.mark);
            self.update_contact(store, env, &mut received, answer)?;
        }
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
            // Its bundles were reported when it was first read. Anybody can have added another one
            // since.
            let told = |warning: &Warning| warning.kind == WarningKind::VersionNotBelieved;
            received.warnings.retain(|warning| !told(warning));
        }
        Ok(received)
    }

    /// Whether a message that could not be read may belong to a session that was lost, in part or
    /// whole, when the store was rolled back.
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
        if !of_lost_state || received.group_key.is_some() {
            return Ok(false);
        }
        let rolled_back_at = store.timekeeping()?.rolled_back_at;
        Ok(rolled_back_at.is_some_and(|at| at.after(self.config.erase_after) > now))
    }

    /// Reads the part of the message that is for us.
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
            // It has no ratchet header. A ratchet entry that fails never falls back to it.
            return if entry.dr.is_none() && entry.x3dh.is_none() {
                self.read_entry(store, env, incoming, &entry)
            } else {
                Ok(incoming.undecryptable(Reason::Malformed))
            };
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
        let Some(header) = &entry.hr else {
            return self.read_pairwise(store, env, incoming, entry);
        };
        let alone = entry.x3dh.is_none() && entry.dr.is_none() && entry.dh.is_none();
        match (alone, header.number) {
            (true, 0) => self.read_bare_keys(store, env, incoming, header, entry),
            (true, _) => self.read_with_group_key(store, env, incoming, header, entry),
            (false, 0) => {
                let received = self.read_pairwise(store, env, incoming, entry)?;
                self.with_keys(store, env, incoming, header, (entry, received))
            }
            (false, _) => Ok(incoming.undecryptable(Reason::Malformed)),
        }
    }

    /// Reads an entry for one device, or by DH, whatever it says of groups.
    fn read_pairwise(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        incoming: &Incoming<'_>,
        entry: &WireEntry,
    ) -> Result<Received, ReceiveError> {
        match (&entry.dr, &entry.dh) {
            (Some(header), None) => {
                let read = self.read_ratchet(store, env, incoming, header, entry)?;
                let (mut received, reply) = incoming.report(read);
                received.warnings.extend(self.warn_below(store, &received)?);
                self.with_reply(store, env, incoming, received, reply)
            }
            (None, Some(_)) if entry.x3dh.is_none() => {
                let received = self.read_dh(incoming, entry);
                let asks = received.outcome == Outcome::Bundle
                    && self.can_answer(store, incoming.kem_wanted)?;
                let reply = if asks {
                    ReplyDue::Advertise
                } else {
                    ReplyDue::None
                };
                self.with_reply(store, env, incoming, received, reply)
            }
            _ => Ok(incoming.undecryptable(Reason::Malformed)),
        }
    }

    /// The warning that a ratchet message was read below suite x25519-mlkem768, if it is of a
    /// device to which nothing is written below (protocol §13).
    fn warn_below(
        &self,
        store: &dyn Store,
        received: &Received,
    ) -> Result<Option<Warning>, StoreError> {
        let (true, Some(installation)) = (
            received.forward_secrecy && !received.post_quantum && self.config.allows_post_quantum(),
            &received.installation,
        ) else {
            return Ok(None);
        };
        let device = store.device(&received.sender, installation)?;
        Ok(device
            .filter(|device| device.kem.post_quantum)
            .map(|device| Warning {
                kind: WarningKind::BelowPostQuantum,
                detail: format!("{} wrote below its suite", device.installation),
            }))
    }

    /// Reads a DH message (protocol §6). It has no session, and nothing but an envelope
    /// authenticates its sender.
    fn read_dh(&self, incoming: &Incoming<'_>, entry: &WireEntry) -> Received {
        let opened = entry
            .dh
            .as_deref()
            .and_then(|key| EphemeralKey::from_wire(key).ok())
            .ok_or(DhMessageError::Malformed)
            .and_then(|key| dh_message::open(&self.account.identity, &key, &entry.payload));
        let outcome = match opened {
            Ok(payload) if payload.is_empty() && incoming.advertises() => Outcome::Bundle,
            Ok(payload) => Outcome::Decrypted(payload),
            Err(DhMessageError::Malformed) => return incoming.undecryptable(Reason::Malformed),
            Err(DhMessageError::Authentication) => {
                return incoming.undecryptable(Reason::AuthenticationFailed);
            }
        };
        let message =
            matches!(outcome, Outcome::Decrypted(_)).then(|| MessageId::of_payload(&entry.payload));
        Received {
            message,
            authenticated: incoming.sealed,
            ..incoming.outcome(outcome)
        }
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
            // Anybody can provoke a reply, so a prekey that is due is not made before the limiter
            // permits it.
            ReplyDue::AdvertiseUnlessSent => match self.standing_prekey(store, env.now)? {
                Some(rotated_at) => {
                    let last_sent_at = store.peer(sender)?.and_then(|peer| peer.last_sent_at);
                    // A moment in the future was recorded by a clock that was wrong.
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
        // Under any policy on contacts: without our bundle their messages could not be read.
        let seal = incoming.sealed.then_some(Seal::Agreed);
        let envelope = self.advertisement(store, env, sender, seal)?;
        if received.authenticated {
            let bundle = self.current_bundle(store, env)?;
            self.record_sent(store, env, sender, &bundle, SentAs::Reply)?;
        } else if incoming.sealed {
            // Its envelope proves its sender, who may hear of this device for the first time.
            self.listen_to(store, env.now, sender, SentAs::Reply)?;
        }
        Ok(Received {
            reply: Some(envelope),
            ..received
        })
    }
}

/// The message around an entry.
pub(crate) struct Incoming<'a> {
    pub(crate) sender: IdentityKey,
    /// The devices whose KEM prekeys it asks for. Nothing authenticates this.
    pub(crate) kem_wanted: &'a [String],
    pub(crate) installation: Option<InstallationId>,
    pub(crate) confirm: bool,
    /// It came in an envelope that the sender signed.
    sealed: bool,
    /// It says that it is something to a contact.
    marked: bool,
    /// Now, in running time.
    pub(crate) read_at: RunningTime,
    import: &'a BundleImport,
    /// The decision about a bundle entry of a lower version, made once the message has
    /// authenticated its sender.
    settled: OnceCell<Option<Warning>>,
}

impl Incoming<'_> {
    /// What the rules of sessions need to know of this message.
    pub(crate) fn arrival(&self, config: &Config, now: UnixMillis) -> Arrival {
        Arrival {
            now,
            before_rekey: self.import.before_rekey,
            post_quantum: config.allows_post_quantum(),
        }
    }

    /// Whether a bundle of the message lists `installation`, which sent it.
    pub(crate) fn lists(&self, installation: &InstallationId) -> bool {
        self.import.lists_sender && self.installation.as_ref() == Some(installation)
    }

    /// Decides about a bundle entry of a lower version, because the message has authenticated its
    /// sender. Gives whether there is one.
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

    /// Whether it is an advertisement, if it has no content.
    fn advertises(&self) -> bool {
        self.import.of_sender && !self.marked
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
                    post_quantum: opened.suite.is_post_quantum(),
                    suite: Some(opened.suite),
                    authenticated: true,
                    duplicate: opened.duplicate,
                    copy_of: opened.copy_of,
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
    /// Notes what a message that was read says that it is to a contact. One that says nothing else
    /// has an outcome of its own, so that nobody is shown an empty text.
    fn note_contact(&mut self, mark: Option<ContactMark>) {
        let Outcome::Decrypted(payload) = &self.outcome else {
            return;
        };
        self.contact = mark;
        if let Some(mark) = mark.filter(|_| payload.is_empty()) {
            self.outcome = Outcome::Contact(mark);
        }
    }

    fn new(sender: IdentityKey, installation: Option<InstallationId>, outcome: Outcome) -> Self {
        Self {
            outcome,
            message: None,
            sender,
            installation,
            forward_secrecy: false,
            post_quantum: false,
            suite: None,
            authenticated: false,
            contact: None,
            duplicate: false,
            copy_of: None,
            told_request: false,
            lost_with_store: false,
            session: None,
            group_keys: Vec::new(),
            group_key: None,
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
