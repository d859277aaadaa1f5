//! The keys of the groups: who makes them, what is sent and read under them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crypto_core::{IdentityKey, InstallationId};
use zeroize::Zeroizing;

use super::{
    ALICE, BOB, Body, DEVICES, GroupMessageMail, GroupWorld, Keys, Mail, STATUS_GO, WITHOUT_LOG,
    known::HeldKey, outsiders::id_of_key,
};
use crate::{
    engine::Engine,
    model::{
        AddressedMessage, Env, GroupId, GroupKeyError, GroupKeyRule, MAX_KEYS_PER_GROUP, Outcome,
        Reason, SendError,
    },
    send::{GroupKeyRequest, GroupSendRequest, MembersSendRequest},
    store::{Store, StoreRead as _},
    world::{CrashPoint, Disks},
};

impl<H: Disks> GroupWorld<H> {
    /// Alice and Bob may set the keys of the group without a log.
    pub(super) fn trust(&mut self) {
        let group = GroupId::new(&[7; 33]).expect("an id");
        self.add_group(group.clone());
        let setters = [ALICE, BOB].map(|at| self.identity(at));
        for at in 0..DEVICES.len() {
            self.call(at, CrashPoint::Never, |engine, store, _| {
                engine.trust_group_setters(store, &group, &setters)
            })
            .expect("trusted");
            self.known[at][WITHOUT_LOG].trusted = setters.into();
        }
    }

    /// A device makes a new key of a group, or gives the current one to `to`, if it may.
    pub(super) fn give_key(
        &mut self,
        at: usize,
        group: usize,
        to: Option<usize>,
        crash: CrashPoint,
    ) {
        let me = self.identity(at);
        let known = &self.known[at][group];
        let everybody: BTreeSet<_> = (0..=STATUS_GO).map(|at| self.identity(at)).collect();
        let everybody = match known.log {
            Some(_) => known.group.members.keys().copied().collect(),
            None => everybody,
        };
        let recipients = match to {
            Some(to) => Some(vec![self.identity(to)]),
            None if known.log.is_none() => Some(everybody.iter().copied().collect()),
            None => None,
        };
        let may_get = |one: &&IdentityKey| **one == me || everybody.contains(*one);
        let stranger = recipients.iter().flatten().find(|one| !may_get(one));
        let expected = known.may_set(&me).and_then(|()| match stranger {
            Some(stranger) => Err(GroupKeyError::Forbidden(GroupKeyRule::NotMember(*stranger))),
            None if to.is_some() && known.keys.is_empty() => Err(GroupKeyError::Missing),
            None => Ok(()),
        });
        let request = GroupKeyRequest {
            group: self.groups[group].clone(),
            recipients: recipients.clone(),
            request_id: Some(self.next_count().to_string()),
            seal: None,
        };
        let give = |engine: &mut Engine, store: &mut dyn Store, env: &mut Env<'_>| match to {
            None => engine.create_group_key(store, env, &request),
            Some(_) => engine.share_group_key(store, env, &request),
        };
        let given = self.call(at, crash, give);
        let Some(given) = as_expected(given, &expected) else {
            return;
        };
        if crash == CrashPoint::BeforeCommit {
            return self.check_keys(at, group);
        }
        let mut others = given.sent.messages.iter();
        let asks = others.any(|it| it.targets.is_empty() && it.recipient != Some(me));
        // What was only asked for a KEM prekey is not kept for a retry.
        let given = if crash == CrashPoint::AfterCommit && !asks {
            let again = self.call(at, CrashPoint::Never, give).expect("once more");
            assert_eq!(again, given, "a retry gives something else");
            again
        } else {
            given
        };
        let place = (given.timestamp, given.key);
        let recipients: BTreeSet<_> = recipients.map_or(everybody, BTreeSet::from_iter);
        // Who lacks a KEM prekey of all devices of a recipient only asks for one.
        let reached = |one: &&IdentityKey| {
            let mut to_it = given.sent.messages.iter();
            **one == me || to_it.any(|it| it.recipient == Some(**one) && !it.targets.is_empty())
        };
        let known = &mut self.known[at][group];
        if to.is_none() {
            let newest = known.keys.last_key_value().map(|(place, _)| place.0);
            assert!(Some(given.timestamp) > newest.max(Some(known.erased)));
            let goings = known.group.gone.values();
            assert!(goings.max() < Some(&given.timestamp), "older than a going");
            let gave = recipients.iter().filter(reached).copied().collect();
            let made = HeldKey {
                gave,
                ..HeldKey::of(me)
            };
            known.keys.insert(place, made);
        } else {
            assert_eq!(
                known.keys.last_key_value().map(|(place, _)| *place),
                Some(place)
            );
        }
        self.check_keys(at, group);
        let store = self.world.devices[at].store();
        let key = store.group_key(&request.group, &given.key).expect("read");
        let key = *key.expect("the key").key;
        self.check_reached(
            at,
            &recipients,
            given.sent.messages.iter().map(|it| it.recipient),
        );
        for message in given.sent.messages {
            let to = message.recipient.into_iter().collect();
            let mut to = self.devices_of(&to, at);
            // A device whose KEM prekey is missing is left out.
            to.retain(|to| *to == STATUS_GO || is_for(&message, &self.world.devices[*to].id));
            let keys = Keys {
                wire: message.wire,
                in_ratchet: true,
                named: Some(group),
                number: 0,
                keys: vec![(given.timestamp, key)],
            };
            let sealed = self.count.is_multiple_of(2);
            self.post(me, sealed, group, Body::Keys(keys), &to);
        }
    }

    /// Checks that messages go to these identities, to our other devices, and to nobody else.
    fn check_reached(
        &self,
        at: usize,
        expected: &BTreeSet<IdentityKey>,
        recipients: impl Iterator<Item = Option<IdentityKey>>,
    ) {
        let me = self.identity(at);
        let others = |all: BTreeSet<IdentityKey>| {
            let others: BTreeSet<_> = all.into_iter().filter(|one| *one != me).collect();
            others
        };
        let reached = recipients.map(|recipient| recipient.expect("a recipient"));
        assert_eq!(
            others(reached.collect()),
            others(expected.clone()),
            "who gets it"
        );
    }

    /// A device writes to a group under its key, if it may.
    pub(super) fn write(&mut self, at: usize, group: usize, sealed: bool, crash: CrashPoint) {
        let (me, count) = (self.identity(at), self.next_count());
        let expected = self.known[at][group].may_write(&me);
        let text = count.to_string().into_bytes();
        let request = GroupSendRequest {
            group: self.groups[group].clone(),
            payload: Zeroizing::new(text.clone()),
            request_id: Some(count.to_string()),
            seal: false,
        };
        let write = |engine: &mut Engine, store: &mut dyn Store, env: &mut Env<'_>| {
            engine.encrypt_group_with_key(store, env, &request)
        };
        let sent = self.call(at, crash, write);
        let Some(sent) = as_expected(sent, &expected) else {
            return;
        };
        let number = sent.used.number;
        assert_eq!(Ok((sent.used.key, number)), expected);
        if crash == CrashPoint::BeforeCommit {
            return self.check_keys(at, group);
        }
        let unused = self.numbers.insert((at, sent.used.key, number));
        assert!(unused, "a device uses a number twice");
        let known = &mut self.known[at][group];
        let mut current = known.keys.last_entry().expect("the key");
        current.get_mut().highest = number;
        let read_by = &current.get().gave;
        let gone = known.group.gone.keys().find(|one| read_by.contains(one));
        assert_eq!(
            gone, None,
            "it was given the key by this device, and is gone"
        );
        self.check_keys(at, group);
        if crash == CrashPoint::AfterCommit {
            let again = self.call(at, CrashPoint::Never, write).expect("once more");
            assert_eq!(again, sent, "a retry gives something else");
        }
        let message = GroupMessageMail {
            wire: sent.message.wire,
            id: sent.message.targets[0].message,
            key: sent.used.key,
            number,
            text: Some(text),
        };
        let to: Vec<usize> = (0..DEVICES.len()).filter(|to| *to != at).collect();
        self.post(me, sealed, group, Body::Message(message), &to);
    }

    /// A device writes to each member of a group, if it may.
    pub(super) fn write_pairwise(&mut self, at: usize, group: usize, joined_only: bool) {
        let me = self.identity(at);
        let request = MembersSendRequest {
            group: self.groups[group].clone(),
            joined_only,
            payload: Zeroizing::new(b"to each".to_vec()),
            request_id: None,
            seal: None,
        };
        let sent = self.call(at, CrashPoint::Never, |engine, store, env| {
            engine.send_to_members(store, env, &request)
        });
        let is = &self.known[at][group].group;
        assert_eq!(sent.is_ok(), is.joined.contains(&me), "{sent:?}");
        if let Ok(sent) = sent {
            let all = is.members.keys().copied();
            let reached = all.filter(|one| !joined_only || is.joined.contains(one));
            let recipients = sent.messages.iter().map(|message| message.recipient);
            self.check_reached(at, &reached.collect(), recipients);
        }
    }

    pub(super) fn read_keys(
        &mut self,
        at: usize,
        mail: &Mail,
        keys: &Keys,
        confirm: bool,
        crash: CrashPoint,
    ) {
        let was_confirmed = self.confirmed.contains(&(at, mail.number));
        let received = self.receive(at, mail, &keys.wire, confirm, crash);
        let group = mail.group;
        if keys.number != 0 {
            assert_eq!(received.outcome, Outcome::Undecryptable(Reason::Malformed));
            return self.check_keys(at, group);
        }
        if received.outcome != Outcome::GroupKey {
            let young = mail.number > self.readable_since;
            let ours = mail.from != self.status_go.key();
            let lost = young && ours && !was_confirmed;
            assert!(!lost, "a key is lost: {:?}", received.outcome);
            return self.check_keys(at, group);
        }
        let (me, id) = (self.identity(at), self.groups[group].clone());
        let vouched = mail.sealed || (keys.in_ratchet && keys.named == Some(group));
        let ahead = Duration::from_secs(if self.known[at][group].log.is_some() {
            120
        } else {
            24 * 60 * 60
        });
        let latest = self.clock(at).after(ahead).0;
        let mut next = self.known[at][group].clone();
        let expected: Vec<_> = keys
            .keys
            .iter()
            .map(|(timestamp, key)| {
                let place = (*timestamp, id_of_key(&id, *timestamp, key));
                next.take_key(&me, mail.from, vouched, place, latest)
            })
            .collect();
        let judged = received.group_keys.iter();
        let judged: Vec<_> = judged.map(|key| (key.state, key.refused)).collect();
        assert_eq!(judged, expected, "whose keys are taken");
        if crash != CrashPoint::BeforeCommit {
            self.known[at][group] = next;
        }
        self.check_keys(at, group);
    }

    pub(super) fn read_message(
        &mut self,
        at: usize,
        mail: &Mail,
        message: &GroupMessageMail,
        confirm: bool,
        crash: CrashPoint,
    ) {
        let known = &self.known[at][mail.group];
        let expected = known.reads(&mail.from, message);
        let received = self.receive(at, mail, &message.wire, confirm, crash);
        let used = received.group_key.as_ref().expect("what it is under");
        assert_eq!((used.key, used.number), (message.key, message.number));
        let known = &mut self.known[at][mail.group];
        match (received.outcome, expected) {
            (Outcome::Decrypted(text), Ok(again)) => {
                assert_eq!(Some(text.to_vec()), message.text);
                assert_eq!(received.duplicate, again, "how often it was read");
                assert_eq!(received.authenticated, mail.sealed);
                assert!(!received.forward_secrecy);
                if crash != CrashPoint::BeforeCommit {
                    known.has_read(message, confirm);
                }
            }
            (Outcome::Undecryptable(reason), Err(expected)) => {
                assert_eq!(reason, expected);
                assert!(
                    !self.world.devices[at].changed,
                    "what fails wrote something"
                );
            }
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
        self.check_keys(at, mail.group);
    }

    /// Holds the keys that a device has of a group against those that it has to have.
    pub(super) fn check_keys(&mut self, at: usize, group: usize) {
        let (store, id) = (self.world.devices[at].store(), &self.groups[group]);
        let known = &mut self.known[at][group];
        let held = store.group_keys(id).expect("read");
        assert!(held.len() <= MAX_KEYS_PER_GROUP);
        let held: BTreeMap<_, _> = held
            .iter()
            .map(|key| ((key.timestamp, key.id), key))
            .collect();
        known.erase_all_but(|place| held.contains_key(place));
        assert_eq!(held.len(), known.keys.len(), "a key that was not taken");
        for (place, key) in &known.keys {
            let kept = held[place];
            assert_eq!(kept.set_by, key.set_by);
            assert_eq!((kept.highest, kept.closed), (key.highest, key.closed));
        }
    }
}

/// Whether a message has a copy for a device.
pub(super) fn is_for(message: &AddressedMessage, device: &InstallationId) -> bool {
    let mut targets = message.targets.iter();
    targets.any(|target| target.installation.as_ref().is_none_or(|it| it == device))
}

/// The result of sending, if it had to succeed; else it failed for the reason that was expected.
fn as_expected<T: std::fmt::Debug, U: std::fmt::Debug>(
    sent: Result<T, SendError>,
    expected: &Result<U, GroupKeyError>,
) -> Option<T> {
    match (sent, expected) {
        (Ok(sent), Ok(_)) => Some(sent),
        (Err(SendError::GroupKey(error)), Err(expected)) => {
            assert_eq!(error, *expected);
            None
        }
        (sent, expected) => panic!("{sent:?} instead of {expected:?}"),
    }
}
