//! A device of ours that takes part in a mixed world, with the frontend that drives it.

use std::collections::BTreeMap;

use crypto_core::{ANY_INSTALLATION, IdentityKey, InstallationId, SessionId, SignedPreKey};

use super::{
    MemoryDisks,
    device::{CrashPoint, DeviceSetup, SimulatedDevice, send_request},
    participant::{OutgoingMessage, Participant, ReadOutcome, ReadResult},
};
use crate::{
    engine::{Engine, ReceiveRequest},
    model::{AddressedMessage, Env, Outcome, Reason, Received, SendError, Sent, Standing},
    sessions::lifecycle::standing_now,
    store::{Store, StoreRead as _, memory::MemoryStore},
    wire::WireMessage,
};

/// What a frontend does with the replies that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frontend {
    /// It sends every reply.
    SendsReplies,
    /// It sends every other reply.
    SendsSomeReplies,
    /// It sends no reply.
    SendsNoReplies,
    /// It does what `nextAction` says, and nothing else.
    FollowsNextAction,
}

/// One device of ours, with a disk of its own.
pub(super) struct Ours {
    device: SimulatedDevice<MemoryStore>,
    disks: MemoryDisks,
    frontend: Frontend,
    /// Messages reach it in envelopes that the sender signed.
    sealed: bool,
    /// The replies it has been given so far.
    replies: u32,
    /// By prekey: when each session on it was last active, and, under `None`, when the prekey was
    /// last the one in the device's own bundle.
    in_use: BTreeMap<Vec<u8>, BTreeMap<Option<SessionId>, u64>>,
}

impl Ours {
    pub(super) fn new(setup: DeviceSetup, frontend: Frontend, sealed: bool, now: u64) -> Self {
        let mut disks = MemoryDisks::default();
        let device = SimulatedDevice::new(&mut disks, setup, now);
        let mut ours = Self {
            device,
            disks,
            frontend,
            sealed,
            replies: 0,
            in_use: BTreeMap::new(),
        };
        ours.sweep(now);
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

    /// What the frontend does with the result of receiving a message.
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
            copy_of: received.copy_of,
            reply: received.reply.filter(|_| sends).map(outgoing),
            withheld,
            outcome: match received.outcome {
                Outcome::Decrypted(text) => ReadOutcome::Read(text.to_vec()),
                Outcome::Public(_)
                | Outcome::Contact(_)
                | Outcome::Bundle
                | Outcome::GroupKey
                | Outcome::Own => ReadOutcome::Read(Vec::new()),
                Outcome::NotTargeted(_) => ReadOutcome::NotTargeted,
                Outcome::Undecryptable(reason) => ReadOutcome::Other(format!("{reason:?}")),
            },
        }
    }
}

/// Whether the protocol demands a reply, within its limits (protocol §7, replies).
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
        let request = send_request(*to, text);
        let sent = self.call(now, |engine, store, env| engine.send(store, env, &request));
        match sent {
            Ok(Sent { messages, .. }) => messages.into_iter().map(outgoing).collect(),
            // The user is told of the error, and no message is sent.
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
        self.call(now, |engine, store, env| engine.publication(store, env))
            .expect("a bundle")
            .bringing_all()
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

    fn sweep(&mut self, now: u64) {
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
            // Prekeys that it made after the backup are lost.
            let store = self.device.store();
            let sessions = store.sessions(None).expect("read");
            self.in_use.retain(|prekey, _| {
                let key = SignedPreKey::from_wire(prekey).expect("a prekey");
                store.own_prekey(&key).expect("read").is_some()
                    || sessions.iter().any(|session| session.signed_pre_key == key)
            });
            self.sweep(now);
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
        self.device.reinstall(&mut self.disks, now, id);
        self.in_use.clear();
        self.sweep(now);
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn listens_to(&self, identity: &IdentityKey) -> bool {
        !self.sealed || *identity == self.device.key || self.device.listens_to(identity)
    }

    fn last_in_use(&self, prekey: &[u8]) -> Option<u64> {
        self.in_use.get(prekey)?.values().min().copied()
    }

    fn sends_on(&mut self, to: &IdentityKey, now: u64) -> Vec<(String, SessionId)> {
        let sessions = self.device.sends_on(&mut self.disks, *to, now);
        let sessions = sessions.unwrap_or_default().into_iter();
        sessions
            .map(|(id, (_, session))| (id.as_str().to_owned(), session))
            .collect()
    }
}

fn outgoing(message: AddressedMessage) -> OutgoingMessage {
    let target = |target: crate::model::Target| {
        let id = target.installation.as_ref().map(InstallationId::as_str);
        (id.unwrap_or(ANY_INSTALLATION).to_owned(), target.mode)
    };
    OutgoingMessage {
        recipient: message.recipient.expect("a recipient"),
        targets: message.targets.into_iter().map(target).collect(),
        wire: message.wire,
    }
}
