//! Group keys: whose are taken, what is written and read under them, and for how long.

use crypto_core::{
    ANY_INSTALLATION, GroupKeyId, MessageId, Wiped,
    hash_ratchet::{HashChain, MAX_MESSAGE_NUMBER, key_id},
};
use proptest::prelude::*;

use super::*;
use crate::{
    GroupKeyRequest, GroupSendRequest,
    groups::{NewGroup, Update},
    model::{
        GroupId, GroupKey, GroupKeyDue, GroupKeyError, GroupKeyRefused, GroupKeyRule,
        GroupKeyState, GroupKeyView, GroupSent, JudgedGroupKey, MAX_GROUP_SETTERS,
        MAX_KEYS_PER_GROUP, MAX_READ_PER_GROUP_KEY, SharedGroupKey,
    },
    wire::{WireEntry, WireGroupHeader, encode_group_keys, encode_message},
};

const SECRET: [u8; 32] = [9; 32];

fn group() -> GroupId {
    GroupId::new(&[7; 33]).unwrap()
}

fn other_group() -> GroupId {
    GroupId::new(b"a channel").unwrap()
}

impl TestDevice {
    fn trust(&mut self, group: &GroupId, setters: &[IdentityKey]) -> Result<(), SendError> {
        self.transact(|engine, store, _| engine.trust_group_setters(store, group, setters))
            .map(drop)
    }

    fn create_key(&mut self, recipients: &[IdentityKey]) -> Result<SharedGroupKey, SendError> {
        let request = request(recipients);
        self.transact(|engine, store, env| engine.create_group_key(store, env, &request))
    }

    fn share_key(&mut self, recipients: &[IdentityKey]) -> Result<SharedGroupKey, SendError> {
        let request = request(recipients);
        self.transact(|engine, store, env| engine.share_group_key(store, env, &request))
    }

    fn write(&mut self, text: &[u8], id: Option<&str>) -> Result<GroupSent, SendError> {
        let request = GroupSendRequest {
            group: group(),
            payload: text.to_vec().into(),
            request_id: id.map(str::to_owned),
            seal: false,
        };
        self.transact(|engine, store, env| engine.encrypt_group_with_key(store, env, &request))
    }

    fn take_in(&mut self, from: IdentityKey, wire: &[u8], sealed: bool) -> Received {
        let request = ReceiveRequest {
            sender: from,
            message: WireMessage::decode(wire),
            confirm: false,
            sealed,
        };
        self.transact(|engine, store, env| engine.receive(store, env, request))
            .unwrap()
    }

    /// Receives a message that must write nothing.
    fn take_in_vain(&mut self, from: IdentityKey, wire: &[u8]) -> Outcome {
        let request = ReceiveRequest {
            sender: from,
            message: WireMessage::decode(wire),
            confirm: true,
            sealed: true,
        };
        let mut env = Env {
            now: self.now,
            running: self.running,
            rng: &mut self.rng,
        };
        self.store.begin().unwrap();
        let received = self
            .engine
            .receive(&mut self.store, &mut env, request)
            .unwrap();
        assert!(!self.store.has_changed().unwrap());
        self.store.commit().unwrap();
        received.outcome
    }

    /// The secret of the current key of a group.
    fn secret(&self, group: &GroupId) -> [u8; 32] {
        *self.store.group_keys(group).unwrap()[0].key
    }

    fn keys(&self) -> Vec<GroupKeyView> {
        let viewer = self.engine.viewer();
        viewer.group_keys(&self.store, self.now, None).unwrap()
    }

    /// Has a key from the start, which this device is trusted to set.
    fn holding(mut self, timestamp: u64) -> Self {
        let key = GroupKey {
            group: group(),
            id: id_of(timestamp),
            timestamp,
            key: Wiped::new(SECRET),
            set_by: self.key,
            added_at: self.now,
            highest: 0,
            closed: false,
            replaced_at: None,
        };
        let me = self.key;
        self.trust(&group(), &[me]).unwrap();
        self.transact(|_, store, _| store.put_group_key(&key))
            .unwrap();
        self
    }
}

fn request(recipients: &[IdentityKey]) -> GroupKeyRequest {
    GroupKeyRequest {
        group: group(),
        recipients: Some(recipients.to_vec()),
        request_id: None,
        seal: None,
    }
}

/// The identity of the devices with this number.
fn identity(number: u8) -> IdentityKey {
    *IdentityKeyPair::from_secret_bytes(&[number; 32])
        .unwrap()
        .public()
}

fn id_of(timestamp: u64) -> GroupKeyId {
    key_id(group().as_bytes(), timestamp, &SECRET)
}

fn message_with(from: &str, entry: WireEntry) -> Vec<u8> {
    encode_message(WireMessage {
        installation: from.to_owned(),
        entries: [(ANY_INSTALLATION.to_owned(), entry)].into(),
        ..WireMessage::default()
    })
}

/// A message under a key of [`SECRET`], by whoever has it.
fn crafted(chain: &mut HashChain, timestamp: u64, number: u32, text: &[u8]) -> Vec<u8> {
    let payload = chain.message_key(number).unwrap().seal([3; 12], text);
    message_with(
        "x1-carol",
        WireEntry {
            hr: Some(WireGroupHeader {
                number,
                group: group().as_bytes().to_vec(),
                key: id_of(timestamp).as_bytes().to_vec(),
                ..WireGroupHeader::default()
            }),
            payload: payload.unwrap(),
            ..WireEntry::default()
        },
    )
}

/// Keys in a header, in clear.
fn bare(group: &GroupId, timestamp: u64, secret: [u8; 32]) -> Vec<u8> {
    let keys = encode_group_keys(group.as_bytes(), timestamp, &secret);
    message_with(
        "x1-carol",
        WireEntry {
            hr: Some(WireGroupHeader {
                group: group.as_bytes().to_vec(),
                keys: keys.to_vec(),
                ..WireGroupHeader::default()
            }),
            ..WireEntry::default()
        },
    )
}

/// The same message with another group in its headers.
fn moved_to(group: &GroupId, wire: &[u8]) -> Vec<u8> {
    let mut message = WireMessage::decode(wire).unwrap();
    for entry in message.entries.values_mut() {
        if let Some(header) = &mut entry.hr {
            header.group = group.as_bytes().to_vec();
        }
    }
    encode_message(message)
}

/// With a payload damaged.
fn damaged(wire: &[u8]) -> Vec<u8> {
    let mut message = WireMessage::decode(wire).unwrap();
    for entry in message.entries.values_mut() {
        entry.payload[0] ^= 1;
    }
    encode_message(message)
}

fn text_of(received: &Received) -> &[u8] {
    match &received.outcome {
        Outcome::Decrypted(text) => text,
        other => panic!("not read: {other:?}"),
    }
}

fn verdicts(received: &Received) -> Vec<(GroupKeyState, Option<GroupKeyRefused>)> {
    let judged = received.group_keys.iter();
    judged
        .map(|JudgedGroupKey { state, refused, .. }| (*state, *refused))
        .collect()
}

const ACCEPTED: (GroupKeyState, Option<GroupKeyRefused>) = (GroupKeyState::Accepted, None);

fn refused(reason: GroupKeyRefused) -> (GroupKeyState, Option<GroupKeyRefused>) {
    (GroupKeyState::Refused, Some(reason))
}

fn group_error<T: std::fmt::Debug>(result: Result<T, SendError>) -> GroupKeyError {
    match result {
        Err(SendError::GroupKey(error)) => error,
        other => panic!("no error of group keys: {other:?}"),
    }
}

/// Alice, who sets the keys, and Bob, with a session.
fn setter_and_member() -> (TestDevice, TestDevice) {
    let (mut alice, mut bob) = established();
    let setter = alice.key;
    for device in [&mut alice, &mut bob] {
        device.trust(&group(), &[setter]).unwrap();
    }
    (alice, bob)
}

#[test]
fn a_key_made_is_taken_and_both_write_and_read_under_it() {
    let (mut alice, mut bob) = setter_and_member();
    let made = alice.create_key(&[bob.key]).unwrap();
    let received = bob.take_in(alice.key, &made.sent.messages[0].wire, false);
    assert_eq!(received.outcome, Outcome::GroupKey);
    assert!(received.authenticated && received.message.is_some());
    assert_eq!(verdicts(&received), [ACCEPTED]);
    assert_eq!(received.group_keys[0].key, Some(made.key));
    let added = EventKind::GroupKeyAdded {
        group: group(),
        key: made.key,
        by: alice.key,
        current: true,
    };
    assert!(bob.events().contains(&added));
    for number in (1..=6).step_by(2) {
        let sent = alice.write(b"from alice", None).unwrap();
        assert_eq!((sent.used.number, sent.used.key), (number, made.key));
        assert_eq!(sent.message.recipient, None);
        assert_eq!(sent.message.targets[0].mode, Mode::Group);
        let received = bob.take_in(alice.key, &sent.message.wire, false);
        assert_eq!(text_of(&received), b"from alice");
        assert!(!received.authenticated && !received.forward_secrecy);
        assert_eq!(received.message, Some(sent.message.targets[0].message));
        let sent = bob.write(b"from bob", None).unwrap();
        assert_eq!(sent.used.number, number + 1);
        let received = alice.take_in(bob.key, &sent.message.wire, true);
        assert_eq!(text_of(&received), b"from bob");
        assert!(received.authenticated && !received.forward_secrecy);
    }
}

/// By DH and in a copy for our own device: both carry the header, and the payload names the group.
#[test]
fn a_key_reaches_unknown_devices_and_our_own() {
    let (mut phone, mut laptop) = (TestDevice::new(1, "phone"), TestDevice::new(1, "laptop"));
    let mut bob = TestDevice::new(2, "bob");
    let (phone_id, laptop_id) = (phone.id.clone(), laptop.id.clone());
    let bundles = [phone.bundle(), laptop.bundle()];
    phone.import_bundle(&bundles[1]);
    laptop.import_bundle(&bundles[0]);
    phone.enable(&laptop_id).unwrap();
    laptop.enable(&phone_id).unwrap();
    for device in [&mut phone, &mut laptop, &mut bob] {
        let setter = identity(1);
        device.trust(&group(), &[setter]).unwrap();
    }
    let made = phone.create_key(&[bob.key]).unwrap();
    let [by_dh, copy] = made.sent.messages.as_slice() else {
        panic!("{:?}", made.sent)
    };
    assert_eq!(by_dh.targets[0].mode, Mode::Dh);
    let unproven = refused(GroupKeyRefused::Unauthenticated);
    let received = bob.take_in(phone.key, &by_dh.wire, false);
    assert_eq!(verdicts(&received), [unproven]);
    let received = bob.take_in(phone.key, &by_dh.wire, true);
    assert_eq!(verdicts(&received), [ACCEPTED]);
    let received = laptop.take_in(phone.key, &copy.wire, false);
    assert_eq!(verdicts(&received), [ACCEPTED]);
    assert!(received.copy_of.is_some());
}

/// §8.5: no key is taken from whom nobody named, or for another group than its setter meant.
#[test]
fn keys_are_taken_only_of_setters_and_for_the_group_they_meant() {
    let (mut alice, mut bob) = setter_and_member();
    let mut carol = TestDevice::new(3, "carol");
    meet(&mut carol, &mut bob);
    let alice_key = alice.key;
    bob.trust(&other_group(), &[alice_key]).unwrap();
    let made = alice.create_key(&[bob.key]).unwrap();
    let wire = &made.sent.messages[0].wire;
    // Whoever carries it may change the header, which is under no MAC.
    let received = bob.take_in(alice.key, &moved_to(&other_group(), wire), false);
    let unauthenticated = refused(GroupKeyRefused::Unauthenticated);
    assert_eq!(verdicts(&received), [unauthenticated]);
    assert!(bob.keys().is_empty());
    // It was refused, not confirmed: with its own header it is read again.
    let received = bob.take_in(alice.key, wire, false);
    assert_eq!(verdicts(&received), [ACCEPTED]);
    assert!(received.duplicate);

    let me = carol.key;
    carol.trust(&group(), &[me]).unwrap();
    let hers = carol.create_key(&[bob.key]).unwrap();
    let received = bob.take_in(carol.key, &hers.sent.messages[0].wire, true);
    assert_eq!(verdicts(&received), [refused(GroupKeyRefused::NotEntitled)]);
    for (sealed, sender, group, expected) in [
        (false, alice.key, group(), unauthenticated),
        (
            true,
            carol.key,
            group(),
            refused(GroupKeyRefused::NotEntitled),
        ),
        (
            true,
            alice.key,
            GroupId::new(b"unheard of").unwrap(),
            refused(GroupKeyRefused::GroupUnknown),
        ),
        (true, alice.key, group(), ACCEPTED),
        (true, alice.key, group(), (GroupKeyState::Known, None)),
    ] {
        let wire = bare(&group, bob.now.0 - 1, SECRET);
        assert_eq!(verdicts(&bob.take_in(sender, &wire, sealed)), [expected]);
    }
    // The older one is kept beside the current one.
    let keys = bob.keys();
    assert_eq!(keys[0].key, made.key);
    assert_eq!((keys[0].current, keys[0].erase_at), (true, None));
    assert!(!keys[1].current && keys[1].erase_at.is_some());
    assert_eq!(keys.len(), 2);
}

#[test]
fn timestamps_far_ahead_and_zero_are_malformed() {
    let mut bob = TestDevice::new(2, "bob");
    let me = bob.key;
    bob.trust(&group(), &[me]).unwrap();
    let latest = bob.now.0 + DAY;
    for (timestamp, taken) in [
        (0, false),
        (latest + 1, false),
        (u64::MAX, false),
        (latest, true),
    ] {
        let received = bob.take_in(me, &bare(&group(), timestamp, SECRET), true);
        let malformed = refused(GroupKeyRefused::Malformed);
        let expected = if taken { ACCEPTED } else { malformed };
        assert_eq!(verdicts(&received), [expected], "{timestamp}");
    }
    // A new key is above it, whatever our clock says.
    let made = bob.create_key(&[]).unwrap();
    assert_eq!(made.timestamp, latest + 1);
}

#[test]
fn the_newest_keys_are_kept_and_an_erased_one_does_not_come_back() {
    let mut bob = TestDevice::new(2, "bob");
    let me = bob.key;
    bob.trust(&group(), &[me]).unwrap();
    let most = u64::try_from(MAX_KEYS_PER_GROUP).unwrap();
    for timestamp in 1..=most + 1 {
        let received = bob.take_in(me, &bare(&group(), timestamp, SECRET), true);
        assert_eq!(verdicts(&received), [ACCEPTED]);
    }
    let kept: Vec<_> = bob.keys().iter().map(|key| key.timestamp).collect();
    assert_eq!(kept, (2..=most + 1).rev().collect::<Vec<_>>());
    let too_old = refused(GroupKeyRefused::TooOld);
    let received = bob.take_in(me, &bare(&group(), 1, SECRET), true);
    assert_eq!(verdicts(&received), [too_old]);

    // Before one was erased as well.
    let mut carol = TestDevice::new(3, "carol");
    carol.trust(&group(), &[me]).unwrap();
    for timestamp in (1..=most + 1).rev() {
        let received = carol.take_in(me, &bare(&group(), timestamp, SECRET), true);
        let expected = if timestamp > 1 { ACCEPTED } else { too_old };
        assert_eq!(verdicts(&received), [expected]);
    }
    assert_eq!(carol.keys().len(), MAX_KEYS_PER_GROUP);

    // All but the current one were replaced, and go after two weeks.
    bob.hours(15 * 24);
    let kept: Vec<_> = bob.keys().iter().map(|key| key.timestamp).collect();
    assert_eq!(kept, [most + 1]);
    let received = bob.take_in(me, &bare(&group(), most, SECRET), true);
    assert_eq!(verdicts(&received), [too_old]);
    let received = bob.take_in(me, &bare(&group(), most + 1, [8; 32]), true);
    assert_eq!(verdicts(&received), [ACCEPTED]);
}

#[test]
fn replaced_keys_are_erased_after_two_weeks_and_the_last_is_not() {
    let mut alice = TestDevice::new(1, "alice").holding(BEGINNING.0);
    alice.sweep();
    let made = alice.create_key(&[]).unwrap();
    alice.hours(14 * 24 - 2);
    assert_eq!(alice.keys().len(), 2);
    assert_eq!(alice.keys()[0].due, Some(GroupKeyDue::Age));
    // Both the sweep and the one before it have to say so.
    alice.hours(3);
    let kept: Vec<_> = alice.keys().iter().map(|key| key.key).collect();
    assert_eq!(kept, [made.key]);
    alice.hours(30 * 24);
    assert_eq!(alice.keys().len(), 1);
}

#[test]
fn what_no_key_is_here_for_is_read_once_the_key_has_come() {
    let (mut alice, mut bob) = setter_and_member();
    let made = alice.create_key(&[bob.key]).unwrap();
    let sent = alice.write(b"early", None).unwrap();
    let outcome = bob.take_in_vain(alice.key, &sent.message.wire);
    assert_eq!(outcome, Outcome::Undecryptable(Reason::GroupKeyMissing));
    bob.take_in(alice.key, &made.sent.messages[0].wire, false);
    // Under this key, and of this group.
    let moved = moved_to(&other_group(), &sent.message.wire);
    let outcome = bob.take_in_vain(alice.key, &moved);
    assert_eq!(outcome, Outcome::Undecryptable(Reason::GroupKeyMissing));
    assert_eq!(
        text_of(&bob.take_in(alice.key, &sent.message.wire, false)),
        b"early"
    );
}

#[test]
fn the_last_number_may_come_first_and_spends_the_key() {
    let mut bob = TestDevice::new(2, "bob").holding(5);
    let carol = identity(3);
    let mut chain = HashChain::new(&SECRET);
    let beyond = {
        let wire = crafted(&mut chain, 5, 1, b"beyond");
        let mut message = WireMessage::decode(&wire).unwrap();
        for entry in message.entries.values_mut() {
            entry.hr.as_mut().unwrap().number = MAX_MESSAGE_NUMBER + 1;
        }
        encode_message(message)
    };
    let outcome = bob.take_in_vain(carol, &beyond);
    assert_eq!(outcome, Outcome::Undecryptable(Reason::TooManySkipped));
    let last = crafted(&mut chain, 5, MAX_MESSAGE_NUMBER, b"last");
    let outcome = bob.take_in_vain(carol, &damaged(&last));
    assert_eq!(
        outcome,
        Outcome::Undecryptable(Reason::AuthenticationFailed)
    );
    assert_eq!(bob.write(b"one", None).unwrap().used.number, 1);
    assert_eq!(text_of(&bob.take_in(carol, &last, false)), b"last");
    let spent = EventKind::GroupKeyDue {
        group: group(),
        key: id_of(5),
        reason: GroupKeyDue::Spent,
    };
    assert!(bob.events().contains(&spent));
    assert_eq!(bob.keys()[0].due, Some(GroupKeyDue::Spent));
    let due = GroupKeyError::Due(GroupKeyDue::Spent);
    assert_eq!(group_error(bob.write(b"two", None)), due);
    let before = crafted(&mut chain, 5, MAX_MESSAGE_NUMBER - 1, b"before");
    assert_eq!(text_of(&bob.take_in(carol, &before, false)), b"before");
    bob.create_key(&[]).unwrap();
    assert_eq!(bob.write(b"two", None).unwrap().used.number, 1);
}

#[test]
fn a_message_is_read_again_until_it_is_confirmed() {
    let mut bob = TestDevice::new(2, "bob").holding(5);
    let carol = identity(3);
    let mut chain = HashChain::new(&SECRET);
    let wire = crafted(&mut chain, 5, 3, b"text");
    let first = bob.take_in(carol, &wire, true);
    assert!(!first.duplicate);
    let again = bob.take_in(carol, &wire, true);
    assert!(again.duplicate);
    assert_eq!(text_of(&again), b"text");
    let id = first.message.unwrap();
    let confirm = |device: &mut TestDevice, id: MessageId| {
        device
            .transact(|engine, store, _| engine.confirm(store, &[id]))
            .unwrap()
    };
    assert_eq!(confirm(&mut bob, id), 1);
    assert_eq!(confirm(&mut bob, id), 0);
    let outcome = bob.take_in_vain(carol, &wire);
    assert_eq!(outcome, Outcome::Undecryptable(Reason::MessageKeyGone));
    // The same bytes under another key were never read, and do not open.
    let other = key_id(group().as_bytes(), 4, &[8; 32]);
    let me = bob.key;
    bob.take_in(me, &bare(&group(), 4, [8; 32]), true);
    let mut message = WireMessage::decode(&wire).unwrap();
    for entry in message.entries.values_mut() {
        entry.hr.as_mut().unwrap().key = other.as_bytes().to_vec();
    }
    let outcome = bob.take_in_vain(carol, &encode_message(message));
    assert_eq!(
        outcome,
        Outcome::Undecryptable(Reason::AuthenticationFailed)
    );
    // Another message of the same number is another message.
    let other = crafted(&mut chain, 5, 3, b"other");
    assert_eq!(text_of(&bob.take_in(carol, &other, true)), b"other");

    for number in 4..4 + MAX_READ_PER_GROUP_KEY - 2 {
        let wire = crafted(&mut chain, 5, number, b"");
        bob.transact(|engine, store, env| {
            let request = ReceiveRequest {
                sender: carol,
                message: WireMessage::decode(&wire),
                confirm: true,
                sealed: false,
            };
            engine.receive(store, env, request)
        })
        .unwrap();
    }
    let outcome = bob.take_in_vain(carol, &wire);
    assert_eq!(outcome, Outcome::Undecryptable(Reason::MessageKeyGone));
    let last = crafted(&mut chain, 5, 9999, b"one more");
    bob.take_in(carol, &last, true);
    let reread = bob.take_in(carol, &wire, true);
    assert!(!reread.duplicate, "an older one reads as new");
}

#[test]
fn a_retry_gets_the_same_bytes() {
    let (mut alice, bob) = setter_and_member();
    let request = GroupKeyRequest {
        request_id: Some("k".to_owned()),
        ..request(&[bob.key])
    };
    let mut create = |request: &GroupKeyRequest| {
        alice.transact(|engine, store, env| engine.create_group_key(store, env, request))
    };
    let made = create(&request).unwrap();
    assert_eq!(create(&request).unwrap(), made);
    let other = GroupKeyRequest {
        recipients: Some(Vec::new()),
        ..request
    };
    assert!(matches!(create(&other), Err(SendError::RequestIdReused)));
    let sent = alice.write(b"text", Some("m")).unwrap();
    assert_eq!(alice.write(b"text", Some("m")).unwrap(), sent);
    let other = alice.write(b"other", Some("m"));
    assert!(matches!(other, Err(SendError::RequestIdReused)));
    assert_eq!(alice.write(b"text", None).unwrap().used.number, 2);
    assert_eq!(alice.keys().len(), 1);
}

#[test]
fn whoever_may_not_set_a_key_makes_and_shares_none() {
    let (mut alice, mut bob) = setter_and_member();
    assert_eq!(group_error(alice.write(b"", None)), GroupKeyError::Missing);
    assert_eq!(group_error(alice.share_key(&[])), GroupKeyError::Missing);
    let made = alice.create_key(&[bob.key]).unwrap();
    bob.take_in(alice.key, &made.sent.messages[0].wire, false);
    let not_setter = GroupKeyError::Forbidden(GroupKeyRule::NotSetter);
    assert_eq!(group_error(bob.create_key(&[])), not_setter);
    assert_eq!(group_error(bob.share_key(&[alice.key])), not_setter);
    let shared = alice.share_key(&[bob.key]).unwrap();
    assert_eq!((shared.key, shared.timestamp), (made.key, made.timestamp));
    let received = bob.take_in(alice.key, &shared.sent.messages[0].wire, false);
    assert_eq!(verdicts(&received), [(GroupKeyState::Known, None)]);
    let mut stranger = TestDevice::new(5, "stranger");
    assert_eq!(
        group_error(stranger.write(b"", None)),
        GroupKeyError::NotFound
    );
    assert_eq!(
        group_error(stranger.create_key(&[])),
        GroupKeyError::NotFound
    );
}

#[test]
fn setters_are_limited_and_none_forgets_the_group() {
    let mut bob = TestDevice::new(2, "bob").holding(5);
    let many: Vec<_> = (1..=17).map(identity).collect();
    let repeated = [&many[..MAX_GROUP_SETTERS], &many[..MAX_GROUP_SETTERS]].concat();
    bob.trust(&group(), &repeated).unwrap();
    let too_many = GroupKeyError::TooManySetters { count: 17 };
    assert_eq!(group_error(bob.trust(&group(), &many)), too_many);
    bob.trust(&group(), &[]).unwrap();
    assert!(bob.keys().is_empty());
    assert_eq!(group_error(bob.write(b"", None)), GroupKeyError::NotFound);
}

/// A header beside a message never costs its payload.
#[test]
fn a_header_that_is_added_or_damaged_costs_no_text() {
    let (mut alice, mut bob) = setter_and_member();
    for (keys, number) in [(&[0xff, 0xff][..], 0), (&[], 0)] {
        let sent = alice.send(bob.key, "a text");
        let mut message = WireMessage::decode(&sent.wire).unwrap();
        for entry in message.entries.values_mut() {
            entry.hr = Some(WireGroupHeader {
                number,
                group: group().as_bytes().to_vec(),
                keys: keys.to_vec(),
                ..WireGroupHeader::default()
            });
        }
        let received = bob.take_in(alice.key, &encode_message(message), false);
        assert_eq!(text_of(&received), b"a text");
        assert!(received.group_keys.is_empty());
    }
}

/// The envelope is for whoever knows the group's id.
#[test]
fn a_sealed_group_message_opens_with_the_key_of_its_topic() {
    let text_id = GroupId::new(b"x1-some-group").unwrap();
    let mut alice = TestDevice::new(1, "alice");
    let me = alice.key;
    alice.trust(&text_id, &[me]).unwrap();
    let create = GroupKeyRequest {
        group: text_id.clone(),
        ..request(&[])
    };
    alice
        .transact(|engine, store, env| engine.create_group_key(store, env, &create))
        .unwrap();
    let request = GroupSendRequest {
        group: text_id,
        payload: b"sealed".to_vec().into(),
        request_id: None,
        seal: true,
    };
    let sent = alice
        .transact(|engine, store, env| engine.encrypt_group_with_key(store, env, &request))
        .unwrap();
    let sealed = sent.message.sealed.unwrap();
    let name = envelope::TopicName::public_chat("x1-some-group");
    assert_eq!(sealed.topic, name.topic());
    let key = name.symmetric_key().unwrap();
    let opened = alice
        .engine
        .opener()
        .unseal_with(&key, &sealed.envelope)
        .unwrap();
    assert_eq!(opened.sender, me);
    assert_eq!(*opened.wire, sent.message.wire);
    let nameless = GroupId::new(&[0xff; 33]).unwrap();
    alice.trust(&nameless, &[me]).unwrap();
    let create = GroupKeyRequest {
        group: nameless.clone(),
        ..create
    };
    alice
        .transact(|engine, store, env| engine.create_group_key(store, env, &create))
        .unwrap();
    let request = GroupSendRequest {
        group: nameless,
        ..request
    };
    let sent =
        alice.transact(|engine, store, env| engine.encrypt_group_with_key(store, env, &request));
    let no_topic = GroupKeyError::Forbidden(GroupKeyRule::NoTopic);
    assert_eq!(group_error(sent), no_topic);
    assert_eq!(alice.keys().iter().map(|key| key.highest).max(), Some(1));
}

/// A group with a log: its id, and its three members, of whom Alice is the admin and Carol has not
/// accepted.
fn with_log() -> (GroupId, TestDevice, TestDevice, TestDevice) {
    let (mut alice, mut bob) = established();
    let mut carol = TestDevice::new(3, "carol");
    meet(&mut alice, &mut carol);
    let new = NewGroup {
        name: "friends".to_owned(),
        members: vec![bob.key, carol.key],
        ..NewGroup::default()
    };
    let made = alice
        .transact(|engine, store, env| engine.group_create(store, env, &new))
        .unwrap();
    let group = made.group.group;
    for member in [&mut bob, &mut carol] {
        member.take_up(&made.update);
    }
    let accepted = bob
        .transact(|engine, store, env| engine.group_accept(store, env, &group))
        .unwrap();
    alice.take_up(&accepted.update);
    carol.take_up(&accepted.update);
    (group, alice, bob, carol)
}

impl TestDevice {
    fn take_up(&mut self, update: &[u8]) {
        let update = Update::decode(update).unwrap().check(&[]);
        let applied = self
            .transact(|engine, store, env| engine.group_apply(store, env, update, None))
            .unwrap();
        assert_eq!(applied.refusal, None);
    }

    fn new_key(&mut self, group: &GroupId) -> Result<SharedGroupKey, SendError> {
        let request = GroupKeyRequest {
            group: group.clone(),
            recipients: None,
            request_id: None,
            seal: None,
        };
        self.transact(|engine, store, env| engine.create_group_key(store, env, &request))
    }

    fn write_to(&mut self, group: &GroupId, text: &[u8]) -> Result<GroupSent, SendError> {
        let request = GroupSendRequest {
            group: group.clone(),
            payload: text.to_vec().into(),
            request_id: None,
            seal: false,
        };
        self.transact(|engine, store, env| engine.encrypt_group_with_key(store, env, &request))
    }

    /// Takes the key that is for this device.
    fn take_key(&mut self, from: IdentityKey, made: &SharedGroupKey) {
        let mut messages = made.sent.messages.iter();
        let message = messages.find(|message| message.recipient == Some(self.key));
        let received = self.take_in(from, &message.unwrap().wire, false);
        assert_eq!(verdicts(&received), [ACCEPTED]);
    }

    fn due(&self) -> Option<GroupKeyDue> {
        self.keys()[0].due
    }
}

/// §8.5: nothing goes out under a key that somebody who is gone has, and it goes to nobody gone.
#[test]
fn a_removal_makes_another_key_due() {
    let (group, mut alice, mut bob, mut carol) = with_log();
    let made = alice.new_key(&group).unwrap();
    assert_eq!(made.sent.messages.len(), 2);
    bob.take_key(alice.key, &made);
    carol.take_key(alice.key, &made);
    let sent = bob.write_to(&group, b"to three").unwrap();
    assert_eq!(
        text_of(&carol.take_in(bob.key, &sent.message.wire, false)),
        b"to three"
    );
    let not_accepted = GroupKeyError::Forbidden(GroupKeyRule::NotAccepted);
    assert_eq!(group_error(carol.write_to(&group, b"")), not_accepted);
    let not_setter = GroupKeyError::Forbidden(GroupKeyRule::NotSetter);
    assert_eq!(group_error(bob.new_key(&group)), not_setter);

    // Keys are made ahead of the clock, and goings after that.
    pass(&mut [&mut alice, &mut bob, &mut carol], 60_000);
    let carol_key = carol.key;
    let act = alice
        .transact(|engine, store, env| engine.group_remove(store, env, &group, &[carol_key]))
        .unwrap();
    bob.take_up(&act.update);
    let due = GroupKeyError::Due(GroupKeyDue::Removal);
    for (device, setter) in [(&mut alice, true), (&mut bob, false)] {
        let told = EventKind::GroupKeyDue {
            group: group.clone(),
            key: made.key,
            reason: GroupKeyDue::Removal,
        };
        assert!(device.events().contains(&told), "{setter}");
        assert_eq!(device.due(), Some(GroupKeyDue::Removal));
        assert_eq!(group_error(device.write_to(&group, b"two")), due);
    }
    // Whoever is gone is not heard, whatever key it has.
    let mut chain = HashChain::new(&alice.secret(&group));
    let payload = chain
        .message_key(9)
        .unwrap()
        .seal([3; 12], b"still here")
        .unwrap();
    let header = WireGroupHeader {
        number: 9,
        group: group.as_bytes().to_vec(),
        key: made.key.as_bytes().to_vec(),
        ..WireGroupHeader::default()
    };
    let entry = WireEntry {
        hr: Some(header),
        payload,
        ..WireEntry::default()
    };
    let wire = message_with("x1-carol", entry);
    let outcome = bob.take_in_vain(carol.key, &wire);
    assert_eq!(outcome, Outcome::Undecryptable(Reason::NotMember));
    assert_eq!(
        text_of(&bob.take_in(alice.key, &wire, false)),
        b"still here"
    );

    let share = GroupKeyRequest {
        group: group.clone(),
        recipients: Some(vec![carol.key]),
        request_id: None,
        seal: None,
    };
    let shared = alice.transact(|engine, store, env| engine.share_group_key(store, env, &share));
    let gone = GroupKeyError::Forbidden(GroupKeyRule::NotMember(carol.key));
    assert_eq!(group_error(shared), gone);
    let next = alice.new_key(&group).unwrap();
    let recipients: Vec<_> = next.sent.messages.iter().map(|to| to.recipient).collect();
    assert_eq!(recipients, [Some(bob.key)]);
    bob.take_key(alice.key, &next);
    assert_eq!((alice.due(), bob.due()), (None, None));
    let sent = bob.write_to(&group, b"to two").unwrap();
    assert_eq!(sent.used.number, 1);
    let outcome = carol.take_in_vain(bob.key, &sent.message.wire);
    assert_eq!(outcome, Outcome::Undecryptable(Reason::GroupKeyMissing));
}

/// A key that we gave to somebody of whose leaving we had not heard, whatever its clock says.
#[test]
fn a_key_made_before_we_heard_of_a_leaving_is_due() {
    let (group, mut alice, mut bob, _) = with_log();
    let left = bob
        .transact(|engine, store, env| engine.group_leave(store, env, &group))
        .unwrap();
    alice.later(60_000);
    let made = alice.new_key(&group).unwrap();
    alice.write_to(&group, b"to whom?").unwrap();
    alice.take_up(&left.update);
    assert_eq!(alice.due(), Some(GroupKeyDue::Removal));
    assert_eq!(alice.keys()[0].highest, 1);
    let next = alice.new_key(&group).unwrap();
    assert!(next.timestamp > made.timestamp);
    assert_eq!(alice.due(), None);
    // Once more, and nothing is new.
    alice.take_up(&left.update);
    assert_eq!(alice.due(), None);
}

#[test]
fn who_may_set_the_key_of_a_group_with_a_log_is_in_the_log() {
    let (group, mut alice, mut bob, mut carol) = with_log();
    let has_log = GroupKeyError::Forbidden(GroupKeyRule::HasLog);
    assert_eq!(group_error(bob.trust(&group, &[carol.key])), has_log);
    let named = GroupKeyRequest {
        group: group.clone(),
        recipients: Some(vec![bob.key]),
        request_id: None,
        seal: None,
    };
    let made = alice.transact(|engine, store, env| engine.create_group_key(store, env, &named));
    let whole_group = GroupKeyError::Forbidden(GroupKeyRule::WholeGroup);
    assert_eq!(group_error(made), whole_group);
    let ahead = bob.now.0 + 120_000;
    for (sender, timestamp, expected) in [
        (alice.key, ahead + 1, refused(GroupKeyRefused::Malformed)),
        (carol.key, ahead, refused(GroupKeyRefused::NotEntitled)),
        (bob.key, ahead, ACCEPTED),
        (alice.key, ahead, (GroupKeyState::Known, None)),
        (alice.key, ahead - 1, ACCEPTED),
    ] {
        // Our other device is another installation of ours.
        let received = bob.take_in(sender, &bare(&group, timestamp, SECRET), true);
        assert_eq!(verdicts(&received), [expected]);
    }
    // Forgetting takes the keys along.
    bob.transact(|engine, store, env| engine.group_leave(store, env, &group))
        .unwrap();
    bob.transact(|engine, store, env| engine.group_forget(store, env, &group))
        .unwrap();
    assert!(bob.keys().is_empty());
    let received = bob.take_in(alice.key, &bare(&group, ahead, SECRET), true);
    let unknown = refused(GroupKeyRefused::GroupUnknown);
    assert_eq!(verdicts(&received), [unknown]);
    carol.take_in(alice.key, &bare(&group, ahead, SECRET), true);
    assert_eq!(carol.keys()[0].set_by, alice.key);
}

/// What comes with a message of the schedule below.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    number: u32,
    forged: bool,
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let number = prop_oneof![4 => 1_u32..8, 2 => 1000_u32..1100, 1 => 1_u32..5000];
    let arrival = (number, any::<bool>()).prop_map(|(number, forged)| Arrival { number, forged });
    prop::collection::vec(arrival, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// §8.6: in any order, with repeats and forgeries, each message gives its text, a forged one
    /// writes nothing, and the highest number is that of the messages that were read.
    #[test]
    fn numbers_come_in_any_order(schedule in arrivals()) {
        let mut bob = TestDevice::new(2, "bob").holding(5);
        let carol = identity(3);
        let mut chain = HashChain::new(&SECRET);
        let mut read = std::collections::BTreeSet::new();
        for Arrival { number, forged } in schedule {
            let text = number.to_be_bytes();
            let wire = crafted(&mut chain, 5, number, &text);
            if forged {
                let outcome = bob.take_in_vain(carol, &damaged(&wire));
                prop_assert_eq!(outcome, Outcome::Undecryptable(Reason::AuthenticationFailed));
            } else {
                let received = bob.take_in(carol, &wire, false);
                prop_assert_eq!(text_of(&received), &text[..]);
                prop_assert_eq!(received.duplicate, !read.insert(number));
            }
            let highest = read.last().copied().unwrap_or_default();
            prop_assert_eq!(bob.keys()[0].highest, highest);
        }
        let next = read.last().copied().unwrap_or_default() + 1;
        prop_assert_eq!(bob.write(b"next", None).unwrap().used.number, next);
    }
}
