//! The oracle: checks the invariants of protocol §7 after everything that a device sends or reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crypto_core::{
    IdentityKey, InstallationId, MessageId, SessionId, SignedPreKey, Suite, kem_serves,
};

use super::{
    HOUR,
    device::{CrashPoint, Fingerprint, ReadState, SentReply, SimulatedDevice},
    sent_message::SentMessage,
};
use crate::{
    engine::SendRequest,
    model::{
        AddressedMessage, ContactMark, ContactState, CopyOf, Mode, Outcome, Reason, Received, Sent,
        Standing,
    },
    sealing::agreed,
    store::Transaction,
    wire,
};

/// How long a message is readable, whatever happens (protocol §7).
const READABLE: Duration = Duration::from_secs(13 * 24 * 60 * 60);
/// How long a message that was read can be read again until it is confirmed, in milliseconds
/// (protocol §1).
const UNCONFIRMED: u64 = 24 * HOUR;
/// The span in which replies to one device, and to one identity, are counted (protocol §1).
const REPLY_SPAN: Duration = Duration::from_secs(2 * 60 * 60);
const REPLIES_TO_IDENTITY: usize = 3;

/// The texts that were really sent, by message id.
#[derive(Debug, Default)]
pub(super) struct SentTexts {
    said: BTreeMap<MessageId, SentText>,
    /// The IVs that devices used. An IV comes from a message key: a repeated IV is a key used
    /// twice.
    ivs: BTreeSet<Vec<u8>>,
    /// What was encapsulated, and for which session: none serves two.
    ciphertexts: BTreeMap<Vec<u8>, SessionId>,
}

#[derive(Debug)]
struct SentText {
    sender: IdentityKey,
    installation: InstallationId,
    recipient: InstallationId,
    suite: Suite,
    text: String,
    copy_of: Option<CopyOf>,
}

impl SentTexts {
    /// Records a message that left a device, and checks that no message key was used before.
    pub(super) fn record(&mut self, sent: &SentMessage) {
        for target in &sent.targets {
            assert!(
                matches!(target.mode, Mode::X3dh | Mode::Ratchet),
                "{target:?}"
            );
            let text = sent.text.clone().expect("no empty ratchet messages");
            let said = SentText {
                sender: sent.sender,
                installation: sent.installation.clone(),
                recipient: target.installation.clone(),
                suite: target.suite,
                text,
                copy_of: sent.copy_of.clone(),
            };
            let before = self.said.insert(target.message, said);
            assert!(before.is_none(), "a message key encrypts twice: {before:?}");
        }
        let message = wire::WireMessage::decode(&sent.wire).expect("our own message");
        for entry in message.entries.values().filter(|entry| entry.dr.is_some()) {
            let iv = entry.payload.iter().take(16).copied().collect();
            assert!(self.ivs.insert(iv), "an IV is used twice");
        }
        for target in &sent.targets {
            let entry = &message.entries[target.installation.as_str()];
            let x3dh = entry.x3dh.as_ref();
            let ciphertext = x3dh.map_or(&[][..], |header| &header.kem_ciphertext);
            assert_eq!(
                !ciphertext.is_empty(),
                target.suite.is_post_quantum() && target.mode == Mode::X3dh
            );
            if !ciphertext.is_empty() {
                let session = self.ciphertexts.entry(ciphertext.to_vec());
                let session = session.or_insert(target.session);
                assert_eq!(*session, target.session, "two sessions of one secret");
            }
        }
    }

    /// Checks that a text that is said to be authentic was sent by that identity; in the
    /// suites of Curve25519 by that device, and to this one.
    fn check_authentic(
        &self,
        received: &Received,
        reader: &InstallationId,
        text: &str,
        intact: bool,
    ) -> MessageId {
        let id = received.message.expect("a message id");
        let said = self.said.get(&id).expect("nobody sent this");
        assert_eq!(said.text, text, "another text than was sent");
        assert_eq!(said.sender, received.sender, "another sender");
        assert_eq!(received.post_quantum, said.suite.is_post_quantum());
        if said.suite != Suite::Secp256k1 {
            assert_eq!(Some(&said.installation), received.installation.as_ref());
            assert_eq!(said.recipient, *reader);
        }
        // What is damaged may be missing, but says nothing else.
        if intact || received.copy_of.is_some() {
            assert_eq!(received.copy_of, said.copy_of, "whom it was for");
        }
        id
    }
}

/// A message as it was delivered to a device.
pub(super) struct Arrival<'a> {
    pub(super) sent: &'a SentMessage,
    /// It is not tampered with.
    pub(super) intact: bool,
    pub(super) confirm: bool,
    pub(super) crash: CrashPoint,
    /// True time.
    pub(super) now: u64,
}

/// Whether the reader has to be able to open the message now.
pub(super) fn must_open<S: Transaction>(
    reader: &SimulatedDevice<S>,
    sent: &SentMessage,
    now: u64,
) -> bool {
    let Some(target) = sent.target_for(&reader.id) else {
        return false;
    };
    let went_ahead = |then| reader.clock_went_ahead(sent.left, then, now);
    let since = target.readable_since;
    let young = since.is_some_and(|since| went_ahead(since) < READABLE);
    let unread = match reader.read.get(&target.message) {
        None => true,
        Some(ReadState::Confirmed { .. }) => false,
        Some(ReadState::Unconfirmed { uptime }) => reader.uptime(now) - uptime < UNCONFIRMED,
    };
    let declined = reader.stands_to(&sent.sender) == ContactState::Declined;
    // A restored store may lack the session, the prekey or the chain position that the message
    // needs.
    let known = reader.restored_at.is_none_or(|when| sent.left > when);
    young && target.keys_known && unread && known && !declined
}

/// Checks the result of receiving a message against what it had to be, and notes what the frontend
/// knows now.
pub(super) fn check_received<S: Transaction>(
    sent_texts: &SentTexts,
    reader: &mut SimulatedDevice<S>,
    arrival: &Arrival<'_>,
    must_open: bool,
    received: &Received,
) {
    let Arrival { sent, .. } = *arrival;
    if received.outcome == Outcome::Undecryptable(Reason::AlreadyRead) {
        let id = received.message.expect("a message id");
        assert!(
            confirmed_afterwards(reader, &id),
            "a text would be dropped that nobody has stored"
        );
    }
    match &received.outcome {
        Outcome::Decrypted(text) => {
            let text = String::from_utf8(text.to_vec()).expect("text");
            if received.authenticated {
                let id = sent_texts.check_authentic(received, &reader.id, &text, arrival.intact);
                note_read(reader, arrival, id, received.duplicate);
            } else {
                assert!(received.copy_of.is_none(), "nothing proves for whom it was");
                assert!(sent.dh, "only DH messages are not authentic");
                // If tampering removed its bundle, an advertisement is an empty message.
                let said = sent.text.as_deref().unwrap_or_default();
                assert_eq!(text, said);
                assert!(!arrival.intact || sent.text.is_some());
            }
            if arrival.crash == CrashPoint::Never {
                reader.texts.push(text);
            }
        }
        Outcome::Bundle if arrival.intact => assert!(sent.text.is_none(), "a text was lost"),
        // A decline of a contact with a post-quantum device has no text.
        Outcome::Contact(ContactMark::Decline) if arrival.intact => {
            assert_eq!(sent.text.as_deref(), Some(""), "a text was lost");
        }
        Outcome::Own if arrival.intact => assert_eq!(sent.installation, reader.id),
        Outcome::NotTargeted(reason) if arrival.intact => {
            assert!(
                !sent.dh && sent.target_for(&reader.id).is_none(),
                "it was for us"
            );
            let own = sent.sender == reader.key;
            let fitting = if own {
                Reason::NotPaired
            } else {
                Reason::OtherInstallation
            };
            assert_eq!(*reason, fitting);
        }
        Outcome::Undecryptable(Reason::Declined) => {
            let state = reader.stands_to(&received.sender);
            assert_eq!(state, ContactState::Declined, "nobody declined it");
        }
        Outcome::Undecryptable(reason) if arrival.intact => {
            // Entries for any device (by DH) always open: this one is for this device, on a
            // ratchet.
            let target = sent.target_for(&reader.id).expect("not for us, or by DH");
            assert!(
                !must_open,
                "a message had to open: {reason:?}, {:?}",
                sent.text
            );
            let session = reader.store().session(&target.session).expect("read");
            let fits = match (reason, target.mode) {
                (Reason::SessionNotFound, Mode::Ratchet) => session.is_none(),
                (Reason::PreKeyNotFound, Mode::X3dh) => session.is_none(),
                // Of an erased session, if there are others on the same prekey to try; or on a
                // ratchet of which the restore lost a part.
                (Reason::AuthenticationFailed, Mode::Ratchet) => {
                    session.is_none() || reader.restored_at.is_some()
                }
                // As long as the session is there, what was confirmed is told apart.
                (Reason::MessageKeyGone, _) => {
                    session.is_none() || !confirmed_afterwards(reader, &target.message)
                }
                (Reason::AlreadyRead, _) => received.message == Some(target.message),
                _ => false,
            };
            assert!(fits, "{reason:?} does not fit {target:?}");
            if *reason == Reason::PreKeyNotFound && reader.restored_at.is_none() {
                let held = reader.store().own_prekey(&prekey_of(sent, &reader.id));
                assert!(
                    held.expect("read").is_none(),
                    "its KEM prekey is gone before it"
                );
            }
        }
        _ => assert!(!arrival.intact, "{:?}", received.outcome),
    }
    assert!(
        !must_open || matches!(received.outcome, Outcome::Decrypted(_)),
        "a message had to open: {:?}",
        received.outcome
    );
    check_reply(reader, arrival, received);
}

/// The signed prekey that the first message for this device names.
fn prekey_of(sent: &SentMessage, reader: &InstallationId) -> SignedPreKey {
    let message = wire::WireMessage::decode(&sent.wire).expect("our own message");
    let header = message.entries[reader.as_str()].x3dh.as_ref();
    SignedPreKey::named(&header.expect("a first message").id).expect("a key")
}

/// Nothing is written below suite x25519-mlkem768 to a post-quantum device, nor by DH to one of its
/// identity, while the writer may use the suite (protocol §13).
pub(super) fn check_post_quantum<S: Transaction>(
    sender: &SimulatedDevice<S>,
    message: &AddressedMessage,
    request: Option<&SendRequest>,
) {
    if !sender.setup.config.allows_post_quantum() {
        return;
    }
    let recipient = message.recipient.expect("a recipient");
    for target in message.targets.iter().filter(|it| !it.is_post_quantum()) {
        let Some(installation) = &target.installation else {
            let told = request.is_some_and(|request| !request.payload.is_empty());
            let marked = sender.post_quantum.iter().any(|(of, _)| *of == recipient);
            assert!(!told || !marked, "a text by DH to a post-quantum device");
            continue;
        };
        let name = (recipient, installation.clone());
        let marked = sender.post_quantum.contains(&name);
        assert!(!marked, "a text below to a post-quantum device");
    }
}

/// The active sessions of suite x25519-mlkem768 with the devices that a request is for.
pub(super) fn active_above<S: Transaction>(
    sender: &SimulatedDevice<S>,
    request: &SendRequest,
) -> BTreeSet<SessionId> {
    let recipients = request.recipients.iter();
    recipients
        .flat_map(|recipient| sender.store().sessions(Some(recipient)).expect("read"))
        .filter(|session| session.post_quantum && session.standing == Standing::Active)
        .map(|session| session.id)
        .collect()
}

/// A message leaves a session of suite x25519-mlkem768 for one below only if it has expired,
/// whether or not the device is post-quantum yet (protocol §13).
pub(super) fn check_not_downward<S: Transaction>(
    sender: &SimulatedDevice<S>,
    above: &BTreeSet<SessionId>,
    sent: &Sent,
) {
    let targets = sent.messages.iter().flat_map(|message| &message.targets);
    let below: BTreeSet<_> = targets
        .filter(|target| !target.is_post_quantum())
        .filter_map(|target| target.installation.clone())
        .collect();
    for id in above {
        let Some(session) = sender.store().session(id).expect("read") else {
            continue;
        };
        let left = matches!(session.standing, Standing::Superseded { .. });
        let device = session.installation.expect("a session of a device");
        assert!(
            !left || !below.contains(&device),
            "a session is left downward"
        );
    }
}

/// A device is post-quantum from when a message of a session of suite x25519-mlkem768 with it was
/// read while a KEM prekey of it was held (protocol §13).
pub(super) fn check_marked<S: Transaction>(
    reader: &mut SimulatedDevice<S>,
    arrival: &Arrival<'_>,
    received: &Received,
) {
    if arrival.crash == CrashPoint::BeforeCommit {
        return;
    }
    let name = (arrival.sent.sender, arrival.sent.installation.clone());
    let device = reader.store().device(&name.0, &name.1).expect("read");
    let Some(device) = device else {
        reader.post_quantum.remove(&name);
        return;
    };
    let read = matches!(received.outcome, Outcome::Decrypted(_)) && !received.duplicate;
    if read && received.post_quantum && device.kem.held.is_some() {
        reader.post_quantum.insert(name.clone());
    }
    let marked = reader.post_quantum.contains(&name);
    assert_eq!(
        device.kem.post_quantum, marked,
        "whether it is post-quantum"
    );
}

/// How a device stands to an identity, as it has to be (protocol §7, contacts).
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownContact {
    state: ContactState,
    /// The identity has asked, or accepted.
    asked: bool,
    /// The user has written to it.
    pub(super) wrote: bool,
    /// True time of the request that is open.
    requested_at: u64,
}

impl Default for KnownContact {
    fn default() -> Self {
        Self {
            state: ContactState::None,
            asked: false,
            wrote: false,
            requested_at: 0,
        }
    }
}

/// Checks what a decision of the user made of a contact.
pub(super) fn check_decided<S: Transaction>(
    device: &mut SimulatedDevice<S>,
    identity: IdentityKey,
    step: ContactMark,
    now: u64,
) {
    let found = device.stands_to(&identity);
    let known = device.contacts.entry(identity).or_default();
    let before = known.state;
    known.state = match (step, before) {
        (ContactMark::Decline, _) => ContactState::Declined,
        (ContactMark::Accept, _)
        | (ContactMark::Request, ContactState::RequestReceived | ContactState::Accepted) => {
            ContactState::Accepted
        }
        (ContactMark::Request, _) if known.asked => ContactState::Accepted,
        (ContactMark::Request, _) => ContactState::RequestSent,
    };
    if known.state == ContactState::RequestSent && before != known.state {
        known.requested_at = now;
    }
    assert_eq!(found, known.state, "{step:?} of {before:?}");
}

/// Checks what a message made of its sender as a contact.
pub(super) fn check_heard<S: Transaction>(
    reader: &mut SimulatedDevice<S>,
    arrival: &Arrival<'_>,
    received: &Received,
) {
    let identity = received.sender;
    if arrival.crash == CrashPoint::BeforeCommit {
        return;
    }
    if identity == reader.key {
        // A copy says whom the user has written to on another device.
        let copy_of = received.copy_of.iter().filter(|_| !received.duplicate);
        for recipient in copy_of.flat_map(|copy_of| &copy_of.recipients) {
            reader.contacts.entry(*recipient).or_default().wrote = true;
        }
        return;
    }
    let found = reader.stands_to(&identity);
    let known = reader.contacts.entry(identity).or_default();
    let before = known.state;
    let message = wire::WireMessage::decode(&arrival.sent.wire).expect("our own message");
    let read = matches!(received.outcome, Outcome::Decrypted(_)) && !received.duplicate;
    let proven = received.authenticated;
    known.state = match (before, message.contact) {
        // Whoever changes a message on its way may change what it says of contacts.
        _ if !arrival.intact => found,
        (ContactState::Declined, _) => {
            assert!(!read, "a message of a declined contact is read");
            before
        }
        (_, Some(ContactMark::Decline)) => before,
        (ContactState::None, None) if known.wrote => before,
        (ContactState::None, _) if read && proven => ContactState::RequestReceived,
        (ContactState::RequestSent, Some(_)) if read && proven => ContactState::Accepted,
        (ContactState::RequestSent, None) if read && received.forward_secrecy => {
            let older = arrival.sent.left < known.requested_at;
            assert!(
                found != ContactState::Accepted || !older,
                "it answers no request"
            );
            found
        }
        _ => before,
    };
    known.asked |= before != known.state;
    assert_eq!(found, known.state, "{:?} to {before:?}", message.contact);
}

/// Whether the device has returned the message, and its frontend has then said that its text is
/// stored.
fn confirmed_afterwards<S: Transaction>(reader: &SimulatedDevice<S>, id: &MessageId) -> bool {
    let state = reader.read.get(id);
    state == Some(&ReadState::Confirmed { afterwards: true })
}

/// A message is returned again, marked as a duplicate, until it is confirmed, and never after
/// (protocol §7, read twice).
fn note_read<S: Transaction>(
    reader: &mut SimulatedDevice<S>,
    arrival: &Arrival<'_>,
    id: MessageId,
    duplicate: bool,
) {
    let before = reader.read.get(&id).copied();
    assert!(
        !matches!(before, Some(ReadState::Confirmed { .. })),
        "read again after confirmation"
    );
    assert_eq!(before.is_some(), duplicate, "the mark of a duplicate");
    if arrival.crash == CrashPoint::BeforeCommit {
        return;
    }
    let state = match before {
        _ if arrival.confirm => ReadState::Confirmed { afterwards: false },
        Some(known) => known,
        None => ReadState::Unconfirmed {
            uptime: reader.uptime(arrival.now),
        },
    };
    reader.read.insert(id, state);
}

/// A sender that lacks our session, our prekey or this device must get our bundle in reply, within
/// the limits of protocol §1.
fn check_reply<S: Transaction>(
    reader: &mut SimulatedDevice<S>,
    arrival: &Arrival<'_>,
    received: &Received,
) {
    let due = matches!(
        received.outcome,
        Outcome::NotTargeted(_)
            | Outcome::Undecryptable(Reason::SessionNotFound | Reason::PreKeyNotFound)
    );
    // A process that crashed has forgotten what it replied to.
    if arrival.crash != CrashPoint::Never {
        return;
    }
    let clock = reader.clock(arrival.now);
    let mut recent = reader.replies.clone();
    recent.retain(|(at, to, _)| {
        *to != received.sender || (*at <= clock && clock.since(*at) < REPLY_SPAN)
    });
    let to_identity = recent.iter().filter(|(_, to, _)| *to == received.sender);
    let to_device =
        |(_, to, id): &SentReply| *to == received.sender && *id == received.installation;
    let permitted = to_identity.count() < REPLIES_TO_IDENTITY && !recent.iter().any(to_device);
    if due || received.reply.is_some() {
        reader.replies = recent;
    }
    if due {
        assert_eq!(
            received.reply.is_some(),
            permitted,
            "a reply is due within its limits"
        );
    }
    if received.reply.is_some() {
        assert!(permitted, "a reply beyond the limits");
        let to = (clock, received.sender, received.installation.clone());
        reader.replies.push(to);
    }
}

/// A message that would go by the topic that two identities share must find every device there that
/// it is for: each listens since before the sender can have heard of it (protocol §9).
pub(super) fn check_listened<S: Transaction>(
    devices: &[SimulatedDevice<S>],
    sender: &SimulatedDevice<S>,
    message: &AddressedMessage,
) {
    let recipient = message.recipient.expect("a recipient");
    let own = recipient == sender.key;
    if own || !agreed(sender.store(), &recipient, message).expect("read") {
        return;
    }
    let targets = message.targets.iter();
    let targets = targets.filter_map(|target| target.installation.as_ref());
    for id in targets {
        let is_target = |device: &&SimulatedDevice<S>| device.key == recipient && device.id == *id;
        // One that was put back to an older state has forgotten whom it wrote to since.
        let mut readers = devices.iter().filter(is_target);
        let deaf =
            readers.find(|reader| reader.restored_at.is_none() && !reader.listens_to(&sender.key));
        assert!(deaf.is_none(), "nobody listens there");
    }
}

/// A message that was not read, or had been read before, must change no session; but the bundle it
/// carries may expire one, and reading it again with a confirmation erases the message's key.
pub(super) fn check_unchanged(before: &Fingerprint, after: &Fingerprint, confirmed_again: bool) {
    assert!(
        before.keys().eq(after.keys()),
        "a message that was not read made or erased a session"
    );
    let mut erased = 0;
    for (before, after) in before.values().zip(after.values()) {
        assert_eq!(
            before.state, after.state,
            "a message that was not read changed a session"
        );
        let expired = matches!(after.standing, Standing::Expired { .. });
        assert!(
            before.standing == after.standing || expired,
            "a message that was not read moved a session"
        );
        assert!(
            after.keys <= before.keys,
            "a message that was not read left keys"
        );
        erased += before.keys - after.keys;
    }
    assert_eq!(erased, u64::from(confirmed_again), "keys were erased");
}

/// Each own prekey keeps the KEM prekeys that may serve with it, and no other (protocol §13).
pub(super) fn check_kem_prekeys<S: Transaction>(device: &SimulatedDevice<S>) {
    let store = device.store();
    let replaced = store.replaced_own_prekeys().expect("read").into_iter();
    let replaced = replaced.filter_map(|(key, _)| store.own_prekey(&key).expect("read"));
    for prekey in replaced.chain(store.current_own_prekey().expect("read")) {
        let versions: Vec<u32> = prekey.kem.iter().map(|kem| kem.version).collect();
        assert!(versions.len() <= 2 && versions.is_sorted_by(|newer, older| newer > older));
        let serves = |version: &u32| kem_serves(*version, prekey.version);
        assert!(versions.iter().all(serves), "a seed outlives its use");
    }
}

/// What is kept of one identity must stay within its limits (protocol §1).
pub(super) fn check_bounds<S: Transaction>(device: &SimulatedDevice<S>, identity: &IdentityKey) {
    let config = &device.setup.config;
    let store = device.store();
    let sessions = store.sessions(Some(identity)).expect("read");
    let devices = store.devices(identity).expect("read");
    assert!(devices.len() <= config.max_known_devices);
    let mut of_device = BTreeMap::<_, usize>::new();
    for session in &sessions {
        *of_device.entry(&session.installation).or_default() += 1;
        let keys = store.stored_key_count(&session.id).expect("read");
        assert!(keys <= u64::from(config.max_message_keys));
    }
    // Neither an active session is ever erased, nor one that is just being replaced: an identity
    // with more devices than there may be sessions keeps one for each.
    let in_use = of_device.len() + 1;
    assert!(sessions.len() <= config.max_sessions_per_identity.max(in_use));
    assert!(
        of_device
            .values()
            .all(|count| *count <= config.max_sessions_per_device)
    );
}
