//! The effects of actions on a world. Devices are given by their index.

use std::{collections::BTreeSet, time::Duration};

use crypto_core::{IdentityKey, MessageId};

use super::{
    Disks, World,
    device::{CrashPoint, ReadState, SimulatedDevice, group_request, send_request},
    oracle::{self, Arrival},
    sent_message::SentMessage,
};
use crate::{
    engine::{Engine, ReceiveRequest, SendRequest},
    model::{ContactMark, ContactState, Env, Outcome, ReceiveError, Sent},
    store::{Store, StoreRead as _},
    wire::WireMessage,
};

/// How long it takes to restore a backup: so long that the KEM prekey that one restore makes does
/// not serve with the prekey of the next. Versions count minutes, and it serves with those of 14
/// (protocol §13, limits).
const RESTORING: Duration = Duration::from_secs(15 * 60);

/// What an attacker changes of a message before it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tampering {
    None,
    /// One bit is flipped.
    BitFlipped {
        byte: usize,
        bit: u8,
    },
    /// This identity is named as its sender.
    SenderForged(usize),
}

/// How a message is delivered to a device.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeliveryOptions {
    pub(super) confirm: bool,
    pub(super) crash: CrashPoint,
    pub(super) tampering: Tampering,
}

impl DeliveryOptions {
    pub(super) const DEFAULT: Self = Self::intact(true, CrashPoint::Never);

    pub(super) const fn intact(confirm: bool, crash: CrashPoint) -> Self {
        Self {
            confirm,
            crash,
            tampering: Tampering::None,
        }
    }

    pub(super) const fn tampered(tampering: Tampering) -> Self {
        Self {
            tampering,
            ..Self::DEFAULT
        }
    }
}

impl<H: Disks> World<H> {
    pub(super) fn send_from(&mut self, from: usize, to: usize, text: &str, crash: CrashPoint) {
        let request = send_request(self.key_of(to), text.as_bytes());
        self.request_from(from, &request, crash);
    }

    /// A device sends a text to all identities at once, its own among them.
    pub(super) fn send_to_all_from(&mut self, from: usize, text: &str) {
        let everybody = (0..self.identities.len()).map(|identity| self.key_of(identity));
        let request = group_request(everybody.collect(), text.as_bytes());
        self.request_from(from, &request, CrashPoint::Never);
    }

    fn request_from(&mut self, from: usize, request: &SendRequest, crash: CrashPoint) {
        self.turn_on(from);
        let above = oracle::active_above(&self.devices[from], request);
        let sent =
            self.devices[from].call(&mut self.disks, self.now, crash, |engine, store, env| {
                engine.send(store, env, request)
            });
        let sent = sent.expect("sent");
        if crash != CrashPoint::BeforeCommit {
            self.devices[from].note_written(&sent);
        }
        if crash != CrashPoint::Never {
            return;
        }
        let sender = &self.devices[from];
        oracle::check_not_downward(sender, &above, &sent);
        let mut addressed: BTreeSet<_> = request.recipients.iter().copied().collect();
        // A text that nobody gets yet is copied when it is sent.
        if sent.only_asks() {
            addressed.remove(&sender.key);
        } else {
            addressed.insert(sender.key);
        }
        for identity in addressed {
            let known = sender.store().devices(&identity).expect("read");
            let known = known
                .iter()
                .filter(|device| device.installation != sender.id);
            let left_out = sent.skipped.iter().filter(|left| left.identity == identity);
            let reached = sent
                .messages
                .iter()
                .filter(|message| message.recipient == Some(identity))
                .flat_map(|message| &message.targets)
                .filter(|target| target.installation.is_some());
            assert_eq!(
                known.count(),
                left_out.count() + reached.count(),
                "a device was left out silently"
            );
        }
        for message in sent.messages {
            self.dispatch(from, message, Some(request));
        }
    }

    /// The user of `at` requests, accepts or declines an identity, and says so.
    pub(super) fn decide_at(&mut self, at: usize, with: usize, step: ContactMark, text: &str) {
        let identity = self.key_of(with);
        // Nothing may be said by DH where a device is post-quantum.
        let device = &self.devices[at];
        let marked = device.post_quantum.iter().any(|(of, _)| *of == identity);
        let silent = step == ContactMark::Decline && marked;
        let text = if silent && device.setup.config.allows_post_quantum() {
            ""
        } else {
            text
        };
        let request = send_request(identity, text.as_bytes());
        let change = self.call_at(at, |engine, store, env| match step {
            ContactMark::Request => engine.request_contact(store, env, &request, &identity),
            ContactMark::Accept => engine.accept_contact(store, env, &request, &identity),
            ContactMark::Decline => engine.decline_contact(store, env, &request, &identity, true),
        });
        let sent = change.expect("decided").sent;
        let now = self.now;
        let device = &mut self.devices[at];
        oracle::check_decided(device, identity, step, now);
        device.note_written(&sent);
        for message in sent.messages {
            self.dispatch(at, message, Some(&request));
        }
    }

    pub(super) fn advertise_from(&mut self, from: usize, to: usize) {
        let recipient = self.key_of(to);
        let message = self.call_at(from, |engine, store, env| {
            engine.advertise(store, env, &recipient, None)
        });
        self.dispatch(from, message.expect("an advertisement"), None);
    }

    /// Turns the device on and makes one call, during which it does not crash.
    fn call_at<T, E>(
        &mut self,
        at: usize,
        call: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.turn_on(at);
        self.devices[at].call(&mut self.disks, self.now, CrashPoint::Never, call)
    }

    /// A device receives a message, and the oracle checks the result against the invariants.
    pub(super) fn receive_at(&mut self, at: usize, sent: &SentMessage, options: DeliveryOptions) {
        self.turn_on(at);
        let (sender, mut wire) = self.tampered(sent, options.tampering);
        let intact = options.tampering == Tampering::None;
        let relayed = self.relayed(sent, at).filter(|_| intact);
        let arrival = Arrival {
            sent,
            intact,
            confirm: options.confirm,
            crash: options.crash,
            now: self.now,
        };
        let reader = &mut self.devices[at];
        let must_open =
            intact && self.keeps_everything && oracle::must_open(reader, sent, self.now);
        let dies_before = options.crash == CrashPoint::BeforeCommit;
        let before = (!must_open || dies_before).then(|| reader.fingerprint());
        let request = |wire: &[u8]| ReceiveRequest {
            sender,
            message: WireMessage::decode(wire),
            confirm: options.confirm,
            sealed: false,
        };
        let unchanged = relayed.map(|relayed| {
            let wire = std::mem::replace(&mut wire, relayed);
            reader.sessions_after(self.now, request(&wire))
        });
        let request = request(&wire);
        let received = reader.call(
            &mut self.disks,
            self.now,
            options.crash,
            |engine, store, env| engine.receive(store, env, request),
        );
        let (read, again) = match &received {
            Ok(received) => {
                oracle::check_received(&self.sent_texts, reader, &arrival, must_open, received);
                oracle::check_heard(reader, &arrival, received);
                oracle::check_marked(reader, &arrival, received);
                let read = matches!(received.outcome, Outcome::Decrypted(_));
                (read && !received.duplicate, received.duplicate)
            }
            Err(ReceiveError::NotAMessage(_)) if !intact => (false, false),
            Err(error) => panic!("not received: {error}"),
        };
        if let Some(before) = before
            && (!read || dies_before)
        {
            let confirmed_again = again && options.confirm && !dies_before;
            oracle::check_unchanged(&before, &reader.fingerprint(), confirmed_again);
        }
        if let Some(unchanged) = unchanged.filter(|_| !dies_before) {
            let sessions = reader.fingerprint();
            assert_eq!(sessions, unchanged, "field 16 changed a session");
        }
        let Ok(received) = received else { return };
        if options.crash != CrashPoint::Never {
            return;
        }
        if intact {
            self.check_bundle_taken(at, sent);
        }
        if let Some(reply) = received.reply {
            self.dispatch(at, reply, None);
        }
    }

    /// Every message carries its sender's current prekey. A device that received an intact message
    /// knows that prekey from then on, unless the bundle is dated so far ahead of the device's
    /// clock that its date cannot tell old from new.
    fn check_bundle_taken(&self, at: usize, sent: &SentMessage) {
        let (reader, sender) = (&self.devices[at], &self.devices[sent.from]);
        let clock = reader.clock(self.now);
        let dated = sender.bundle_dated_at();
        let fresh = sender.published_in(sent)
            && reader.stands_to(&sent.sender) != ContactState::Declined
            && sender.id == sent.installation
            && !dated.is_some_and(|dated| dated.is_far_ahead(clock));
        if fresh && !reader.may_reject_bundle_of(sender) && at != sent.from && self.keeps_everything
        {
            assert!(reader.knows_prekey_of(sender), "a bundle was not taken up");
        }
    }

    fn tampered(&self, sent: &SentMessage, tampering: Tampering) -> (IdentityKey, Vec<u8>) {
        let mut wire = sent.wire.clone();
        match tampering {
            Tampering::None => (sent.sender, wire),
            Tampering::BitFlipped { byte, bit } => {
                let index = byte % wire.len();
                wire[index] ^= 1 << (bit % 8);
                (sent.sender, wire)
            }
            Tampering::SenderForged(identity) => (self.key_of(identity), wire),
        }
    }

    /// Delivers the message in flight to `at` at `index`, and takes it out of flight.
    pub(super) fn deliver_nth(&mut self, at: usize, index: usize) {
        let sent = self.devices[at].in_flight.remove(index);
        self.receive_at(at, &sent, DeliveryOptions::DEFAULT);
    }

    /// The frontend confirms everything it has read.
    pub(super) fn confirm_at(&mut self, at: usize) {
        self.turn_on(at);
        let unconfirmed: Vec<_> = self.devices[at]
            .read
            .iter()
            .filter(|(_, state)| matches!(state, ReadState::Unconfirmed { .. }))
            .map(|(id, _)| *id)
            .collect();
        let store = self.devices[at].store();
        let is_kept = |id: &MessageId| store.stored_key(id).expect("read").is_some();
        let kept: BTreeSet<_> = unconfirmed.iter().copied().filter(is_kept).collect();
        let confirmed = self
            .call_at(at, |engine, store, _| engine.confirm(store, &unconfirmed))
            .expect("confirmed");
        assert_eq!(confirmed, kept.len());
        let reader = &mut self.devices[at];
        let uptime = reader.uptime(self.now);
        let fresh = unconfirmed.iter().filter(|id| match reader.read.get(id) {
            Some(ReadState::Unconfirmed { uptime: read_at }) => uptime == *read_at,
            _ => false,
        });
        assert!(
            !self.keeps_everything || confirmed >= fresh.count(),
            "a key was dropped early"
        );
        for id in unconfirmed {
            let afterwards = kept.contains(&id);
            reader.read.insert(id, ReadState::Confirmed { afterwards });
        }
    }

    /// `at` imports the full contact code of `of`.
    pub(super) fn import_full_at(&mut self, at: usize, of: usize) {
        let publication = self.call_at(of, |engine, store, env| engine.publication(store, env));
        let wire = publication.expect("a bundle").bringing_all();
        self.call_at(at, |engine, store, env| {
            engine.import_bundle(store, env, &wire)
        })
        .expect("imported");
    }

    /// `at` imports a bundle of `of`: its newest, or one that is `age` bundles older.
    pub(super) fn import_at(&mut self, at: usize, of: usize, age: usize) {
        self.turn_on(at);
        if age == 0 {
            let bundle = self
                .call_at(of, |engine, store, env| engine.bundle(store, env))
                .expect("a bundle");
            let published = &mut self.devices[of].published;
            if published.last() != Some(&bundle.wire) {
                published.push(bundle.wire);
            }
        }
        let published = &self.devices[of].published;
        let Some(wire) = published
            .iter()
            .rev()
            .nth(age % published.len().max(1))
            .cloned()
        else {
            return;
        };
        self.call_at(at, |engine, store, env| {
            engine.import_bundle(store, env, &wire)
        })
        .expect("imported");
    }

    /// The user of `at` enables or disables the device `of`, if it is known there.
    pub(super) fn pair_at(&mut self, at: usize, of: usize, enable: bool) {
        self.turn_on(at);
        let other = &self.devices[of];
        let (key, id) = (other.key, other.id.clone());
        let known = self.devices[at].store().device(&key, &id).expect("read");
        if known.is_none() || at == of {
            return;
        }
        self.call_at(at, |engine, store, env| {
            if enable {
                engine.enable_installation(store, env, Some(&key), &id)
            } else {
                engine.disable_installation(store, env, Some(&key), &id)
            }
        })
        .map_or_else(limit_only, |_| ());
    }

    /// The user of `at` resets the sessions with an identity.
    pub(super) fn reset_at(&mut self, at: usize, with: usize) {
        let key = self.key_of(with);
        self.call_at(at, |engine, store, env| {
            engine.reset_sessions(store, env, &key, None)
        })
        .expect("reset");
        let device = &mut self.devices[at];
        device.post_quantum.retain(|(identity, _)| *identity != key);
        // The engine makes every prekey with the extension, so that a reset upgrades a device that
        // had none.
        let device = &self.devices[at];
        let bundle = device.store().own_bundle().expect("read");
        let updated = bundle.is_some_and(|bundle| {
            bundle
                .entries
                .iter()
                .any(|entry| entry.installation == device.id && entry.ratchet_pre_key.is_some())
        });
        if updated {
            self.devices[at].upgrade_status_go();
        }
    }

    pub(super) fn jump_at(&mut self, at: usize, by: Duration, ahead: bool) {
        let by = i64::try_from(by.as_millis()).expect("a span");
        let error = self.devices[at].clock_error() + if ahead { by } else { -by };
        self.devices[at].set_clock_error(error, self.now);
        self.turn_on(at);
    }

    pub(super) fn restart_at(&mut self, at: usize) {
        self.devices[at].restart(&mut self.disks, self.now);
        self.devices[at].sweep(&mut self.disks, self.now);
    }

    /// The device gets the current program.
    pub(super) fn update_at(&mut self, at: usize) {
        self.devices[at].update(&mut self.disks, self.now);
        self.devices[at].sweep(&mut self.disks, self.now);
    }

    pub(super) fn restore_backup_at(&mut self, at: usize) {
        if !self.devices[at].is_backed_up() {
            return;
        }
        self.advance(RESTORING);
        self.devices[at].restore_backup(&mut self.disks, self.now);
        self.devices[at].sweep(&mut self.disks, self.now);
    }

    pub(super) fn reinstall_at(&mut self, at: usize) {
        self.devices[at].reinstall(&mut self.disks, self.now, None);
        self.devices[at].sweep(&mut self.disks, self.now);
    }
}

/// Accepts a refusal because enough devices are enabled; any other error is a failure.
fn limit_only(error: crate::model::PairingError) {
    assert!(
        matches!(error, crate::model::PairingError::Limit { .. }),
        "not decided: {error}"
    );
}

impl<S: crate::store::Transaction> SimulatedDevice<S> {
    /// The oracle remembers whom the user has written to.
    fn note_written(&mut self, sent: &Sent) {
        let own = self.key;
        let recipients = sent.messages.iter().filter_map(|message| message.recipient);
        for recipient in recipients.filter(|recipient| *recipient != own) {
            self.contacts.entry(recipient).or_default().wrote = true;
        }
    }

    /// Whether the message carried the prekey that is this device's current one.
    fn published_in(&self, sent: &SentMessage) -> bool {
        let Some(current) = self.current_prekey() else {
            return false;
        };
        let message = WireMessage::decode(&sent.wire).expect("our own message");
        message.bundles.iter().any(|bundle| {
            let bundle = crate::wire::decode_bundle(bundle).expect("our own bundle");
            bundle.entries.iter().any(|entry| {
                entry.installation_id == self.id.as_str()
                    && entry.signed_pre_key == current.to_bytes()
            })
        })
    }
}
