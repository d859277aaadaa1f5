//! A device of ours in a schedule, with the frontend that speaks for it.

use std::collections::BTreeMap;

use crypto_core::{IdentityKey, InstallationId, SessionId, SignedPreKey};
use zeroize::Zeroizing;

use super::{
    MemoryDisks,
    device::{CrashPoint, SimulatedDevice},
    participant::{OutgoingMessage, Participant, ReadOutcome, ReadResult},
};
use crate::{
    engine::{Engine, ReceiveRequest, SendRequest},
    model::{AddressedMessage, Config, Env, Outcome, Reason, Received, SendError, Sent, Standing},
    sessions::lifecycle::standing_now,
    store::{Store, StoreRead as _, memory::MemoryStore},
    wire::WireMessage,
};

/// What a frontend does with the replies that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frontend {
    /// It sends each.
    SendsReplies,
    /// It sends every other one.
    SendsSomeReplies,
    /// It sends none.
    SendsNoReplies,
    /// It does what `nextAction` says, and nothing else.
    FollowsNextAction,
}

/// One device of ours, with a disk of its own.
pub(super) struct Ours {
    device: SimulatedDevice<MemoryStore>,
    disks: MemoryDisks,
    seed: u64,
    frontend: Frontend,
    /// What reaches it came in envelopes that the sender signed.
    sealed: bool,
    /// Replies it was given so far.
    replies: u32,
    /// When each session of a prekey was last active, and when it was last the own one of the
    /// bundle.
    in_use: BTreeMap<Vec<u8>, BTreeMap<Option<SessionId>, u64>>,
}

impl Ours {
    pub(super) fn new(
        name: &str,
        identity: usize,
        config: Config,
        (frontend, sealed): (Frontend, bool),
        seed: u64,
        now: u64,
    ) -> Self {
        let mut disks = MemoryDisks::default();
        let device = SimulatedDevice::new(&mut disks, name, identity, false, config, seed, now);
        let mut ours = Self {
            device,
            disks,
            seed,
            frontend,
            sealed,
            replies: 0,
            in_use: BTreeMap::new(),
        };
        ours.pass(now);
        ours
    }

    fn call<T, E>(
        &mut self,
        now: u64,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let result = self
            .device
            .call(&mut self.disks, now, CrashPoint::Never, call);
        self.note_in_use(now);
        result
    }

    fn note_in_use(&mut self, now: u64) {
        let store = self.device.store();
        for session in store.sessions(None).expect("read") {
            if standing_now(store, &session).expect("read") == Standing::Active {
                let prekey = session.signed_pre_key.to_bytes().to_vec();
                let sessions = self.in_use.entry(prekey).or_default();
                sessions.insert(Some(session.id), now);
            }
        }
        if let Some(prekey) = self.device.current_prekey() {
            let prekey = prekey.to_bytes().to_vec();
            self.in_use.entry(prekey).or_default().insert(None, now);
        }
    }

    /// What the frontend does about an answer.
    fn answer(&mut self, received: Received) -> ReadResult {
        let sends = match self.frontend {
            // `nextAction` is to send the reply whenever there is one.
            Frontend::SendsReplies | Frontend::FollowsNextAction => true,
            Frontend::SendsSomeReplies => self.replies.is_multiple_of(2),
            Frontend::SendsNoReplies => false,
        };
        self.replies += u32::from(received.reply.is_some());
        // The limits of protocol §1 may hold a reply back as well as the frontend.
        let withheld = match received.reply {
            Some(_) => !sends,
            None => is_reply_due(&received.outcome),
        };
        ReadResult {
            reply: received.reply.filter(|_| sends).map(posted),
            withheld,
            outcome: match received.outcome {
                Outcome::Decrypted(text) => ReadOutcome::Read(text.to_vec()),
                Outcome::Public(_) | Outcome::Bundle | Outcome::Own => {
                    ReadOutcome::Read(Vec::new())
                }
                Outcome::NotTargeted(_) => ReadOutcome::NotTargeted,
                Outcome::Undecryptable(reason) => ReadOutcome::Other(format!("{reason:?}")),
            },
        }
    }
}

/// Whether the protocol asks for a reply, within its limits (protocol §7, replies).
const fn is_reply_due(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::NotTargeted(Reason::OtherInstallation | Reason::NotPaired)
            | Outcome::Undecryptable(Reason::SessionNotFound | Reason::PreKeyNotFound)
    )
}

impl Participant for Ours {
    fn key(&self) -> IdentityKey {
        self.device.key
    }

    fn id(&self) -> &str {
        self.device.id.as_str()
    }

    fn send(&mut self, to: &IdentityKey, text: &[u8], now: u64) -> Vec<OutgoingMessage> {
        let request = request(to, text);
        let sent = self.call(now, |engine, store, env| engine.send(store, env, &request));
        match sent {
            Ok(Sent { messages, .. }) => messages.into_iter().map(posted).collect(),
            // The user is told; nobody reads it.
            Err(SendError::SuiteForbidden { .. }) => Vec::new(),
            Err(error) => panic!("not sent: {error}"),
        }
    }

    fn read(&mut self, from: &IdentityKey, wire: &[u8], confirm: bool, now: u64) -> ReadResult {
        let request = ReceiveRequest {
            sender: *from,
            message: WireMessage::decode(wire),
            confirm,
            sealed: self.sealed,
        };
        let received = self.call(now, |engine, store, env| {
            engine.receive(store, env, request)
        });
        self.answer(received.expect("received"))
    }

    fn bundle(&mut self, now: u64) -> Vec<u8> {
        self.call(now, |engine, store, env| engine.bundle(store, env))
            .expect("a bundle")
            .wire
    }

    fn import_bundle(&mut self, bundle: &[u8], now: u64) {
        self.call(now, |engine, store, env| {
            engine.import_bundle(store, env, bundle)
        })
        .expect("imported");
    }

    fn enable(&mut self, id: &str, instead_of: Option<&str>, now: u64) {
        let parse = |id| InstallationId::parse(id).expect("an id");
        if let Some(gone) = instead_of.map(parse) {
            self.call(now, |engine, store, env| {
                engine.disable_installation(store, env, None, &gone)
            })
            .expect("disabled");
        }
        let id = parse(id);
        self.call(now, |engine, store, env| {
            engine.enable_installation(store, env, None, &id)
        })
        .expect("enabled");
    }

    fn pass(&mut self, now: u64) {
        self.device.sweep(&mut self.disks, now);
        self.note_in_use(now);
    }

    fn set_clock_error(&mut self, error: i64, now: u64) {
        self.device.set_clock_error(error, now);
    }

    fn back_up(&mut self) {
        self.device.back_up(&mut self.disks);
    }

    fn restore_backup(&mut self, now: u64) -> bool {
        let there = self.device.is_backed_up();
        if there {
            self.device.restore_backup(&mut self.disks, now);
            // What it gave to others since, it does not have any more.
            let store = self.device.store();
            let sessions = store.sessions(None).expect("read");
            self.in_use.retain(|prekey, _| {
                let key = SignedPreKey::from_wire(prekey).expect("a prekey");
                store.own_prekey(&key).expect("read").is_some()
                    || sessions.iter().any(|session| session.signed_pre_key == key)
            });
            self.pass(now);
        }
        there
    }

    fn reset(&mut self, with: &IdentityKey, now: u64) {
        self.call(now, |engine, store, env| {
            engine.reset_sessions(store, env, with, None)
        })
        .expect("reset");
    }

    fn reinstall(&mut self, same_id: bool, now: u64) {
        let id = same_id.then(|| self.device.id.clone());
        self.device.reinstall(&mut self.disks, self.seed, now, id);
        self.in_use.clear();
        self.pass(now);
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn last_in_use(&self, prekey: &[u8]) -> Option<u64> {
        self.in_use.get(prekey)?.values().min().copied()
    }

    fn sends_on(&mut self, to: &IdentityKey, now: u64) -> Vec<(String, SessionId)> {
        let request = request(to, b"probe");
        let sent = self.device.call(
            &mut self.disks,
            now,
            CrashPoint::BeforeCommit,
            |engine, store, env| engine.send(store, env, &request),
        );
        let targets = sent.into_iter().flat_map(|sent| sent.messages);
        targets
            .flat_map(|envelope| envelope.targets)
            .filter_map(|target| {
                let (_, session) = target.session?;
                Some((target.installation?.as_str().to_owned(), session))
            })
            .collect()
    }
}

fn request(to: &IdentityKey, text: &[u8]) -> SendRequest {
    SendRequest {
        recipients: vec![*to],
        payload: Zeroizing::new(text.to_vec()),
        request_id: None,
        seal: None,
    }
}

fn posted(envelope: AddressedMessage) -> OutgoingMessage {
    let target = |target: crate::model::Target| {
        let id = target.installation.as_ref().map(InstallationId::as_str);
        (id.unwrap_or("none").to_owned(), target.mode)
    };
    OutgoingMessage {
        recipient: envelope.recipient.expect("a recipient"),
        targets: envelope.targets.into_iter().map(target).collect(),
        wire: envelope.wire,
    }
}
