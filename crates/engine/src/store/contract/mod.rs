//! The contract that every store keeps. [`run`] checks it, and is run by the tests of each store.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a contract says what it expects by panicking"
)]

mod batches;
mod gaps;
mod groups;
mod random;
mod records;
mod time;

use std::sync::Arc;

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKey, MAX_INSTALLATION_ID_CHARS, MessageId,
    MessageKey, RatchetPreKeyPair, SessionId, SharedKeyPrefix, Suite, VerifiedPreKey,
};

use self::batches::{
    a_batch_that_keeps_no_write_has_no_changes, a_rollback_undoes_one_call_and_an_abort_the_batch,
    batch_calls_out_of_turn_are_errors,
};
pub use self::gaps::gap;
use self::gaps::{
    gaps_round_trip_and_are_found, the_oldest_gaps_and_keys_of_a_session_are_dropped_first,
    the_oldest_unanswered_gaps_are_dropped_first,
};
use self::groups::{
    a_removed_group_leaves_nothing_and_takes_nothing_along,
    an_erased_group_key_leaves_its_timestamp, group_keys_round_trip_and_are_found,
    groups_round_trip_in_order, logs_round_trip, setters_are_replaced_as_a_list,
    the_groups_forgotten_first_are_dropped_first, the_newest_messages_of_a_group_key_are_kept,
};
pub use self::groups::{group_entry, group_facts, group_key, group_record};
pub use self::random::SplitMix64;
pub use self::records::{
    held_kem_prekey, initiated, kem_handshake, kem_prekey, own_kem_prekey, own_prekey, session,
};
use self::records::{installation, key, prekey, prekey_text, session_text};
use self::time::{
    chat_clocks_round_trip, events_stay_in_order_until_removed, records_due_for_erasure_are_found,
    sweep_dates_are_found,
};
use crate::{
    model::{
        ConfirmedMessages, Contact, ContactState, Device, DeviceKem, DeviceMetadata, DevicePreKey,
        Discoveries, Handshake, HeldKemPreKey, KemDelivery, ListedPreKey, NegotiatedTopic,
        OwnBundle, OwnPreKey, Pairing, PastKeys, Peer, ReadTag, Role, RunningTime, Session,
        Standing, StoredAnswer, StoredKey, UnixMillis,
    },
    store::{StoreRead, Transaction},
};

/// Runs the whole contract on fresh stores.
pub fn run<S: Transaction>(fresh: impl Fn() -> S) {
    own_records_round_trip(&mut fresh());
    peers_and_devices_round_trip(&mut fresh());
    what_is_known_of_kem_prekeys_round_trips(&mut fresh());
    contacts_round_trip_in_order(&mut fresh());
    sessions_round_trip_and_are_found(&mut fresh());
    sessions_with_kem_round_trip(&mut fresh());
    session_progress_round_trips(&mut fresh());
    at_most_one_session_is_active(&mut fresh());
    updated_stored_keys_keep_their_age(&mut fresh());
    gaps_round_trip_and_are_found(&mut fresh());
    the_oldest_gaps_and_keys_of_a_session_are_dropped_first(&mut fresh());
    the_oldest_unanswered_gaps_are_dropped_first(&mut fresh());
    confirmed_messages_go_with_their_session(&mut fresh());
    first_messages_and_replies_are_remembered(&mut fresh());
    records_due_for_erasure_are_found(&mut fresh());
    sweep_dates_are_found(&mut fresh());
    chat_clocks_round_trip(&mut fresh());
    groups_round_trip_in_order(&mut fresh());
    logs_round_trip(&mut fresh());
    the_groups_forgotten_first_are_dropped_first(&mut fresh());
    group_keys_round_trip_and_are_found(&mut fresh());
    an_erased_group_key_leaves_its_timestamp(&mut fresh());
    the_newest_messages_of_a_group_key_are_kept(&mut fresh());
    setters_are_replaced_as_a_list(&mut fresh());
    a_removed_group_leaves_nothing_and_takes_nothing_along(&mut fresh());
    events_stay_in_order_until_removed(&mut fresh());
    a_rollback_undoes_one_call_and_an_abort_the_batch(&mut fresh());
    batch_calls_out_of_turn_are_errors(&mut fresh());
    a_batch_that_keeps_no_write_has_no_changes(&mut fresh());
}

fn own_records_round_trip(store: &mut impl Transaction) {
    assert!(store.own_bundle().expect("read").is_none());
    assert!(store.current_own_prekey().expect("read").is_none());
    store.begin().expect("begin");
    for (seed, with_ratchet, replaced_at, kem) in [
        (5, true, Some(UnixMillis(9)), vec![5]),
        (6, false, Some(UnixMillis(10)), vec![]),
        (7, true, None, vec![]),
        (7, true, None, vec![7, 5]),
    ] {
        let record = OwnPreKey {
            kem: kem.into_iter().map(own_kem_prekey).collect(),
            ..own_prekey(seed, with_ratchet, replaced_at)
        };
        store.put_own_prekey(&record).expect("put");
        let found = store.own_prekey(record.signed.public()).expect("read");
        assert_eq!(found.as_ref().map(prekey_text), Some(prekey_text(&record)));
        let replaced = store.own_prekey_replaced_at(record.signed.public());
        assert_eq!(replaced.expect("read"), replaced_at);
    }
    let current = store.current_own_prekey().expect("read").expect("there");
    let kem: Vec<_> = current.kem.iter().map(|kem| kem.version).collect();
    assert_eq!((current.version, kem), (7, vec![7, 5]));
    assert!(store.own_prekey(&prekey(8)).expect("read").is_none());
    for (names, kem) in [
        (vec!["b", "a"], Some(3)),
        (vec!["c"], Some(4)),
        (vec!["c"], None),
    ] {
        let mut entries: Vec<ListedPreKey> = names
            .iter()
            .map(|name| ListedPreKey {
                installation: installation(name),
                signed_pre_key: prekey(7),
                ratchet_pre_key: (*name == "a")
                    .then(|| *RatchetPreKeyPair::from_secret_bytes(&[7; 32]).public()),
                version: 3,
                protocol_version: 1,
            })
            .collect();
        entries.sort_by(|a, b| a.installation.cmp(&b.installation));
        let bundle = OwnBundle {
            wire: vec![1, 2, 3],
            made_at: UnixMillis(4),
            timestamp_ns: 1_700_000_000_000_000_001,
            version: u32::MAX,
            prekey_created_at: UnixMillis(5),
            entries,
            kem_pre_key: kem.map(|seed| kem_prekey(&installation("x1-k1-me"), seed)),
        };
        store.put_own_bundle(&bundle).expect("put");
        assert_eq!(store.own_bundle().expect("read"), Some(bundle));
    }
    store.commit().expect("commit");
}

fn contacts_round_trip_in_order(store: &mut impl Transaction) {
    let states = [
        ContactState::None,
        ContactState::RequestSent,
        ContactState::RequestReceived,
        ContactState::Accepted,
        ContactState::Declined,
    ];
    store.begin().expect("begin");
    let mut all = Vec::new();
    for (seed, state) in (2..).zip(states) {
        let contact = |verified| Contact {
            identity: key(seed),
            state,
            verified,
            added_at: UnixMillis(seed.into()),
            requested_at: (state == ContactState::RequestSent).then_some(UnixMillis(7)),
            asked: state == ContactState::Accepted,
            decided_at: (state == ContactState::Declined).then_some(UnixMillis(8)),
        };
        assert_eq!(store.contact(&key(seed)).expect("read"), None);
        for verified in [true, seed % 2 == 0] {
            store.put_contact(&contact(verified)).expect("put");
            let found = store.contact(&key(seed)).expect("read");
            assert_eq!(found, Some(contact(verified)));
        }
        all.push(contact(seed % 2 == 0));
    }
    all.sort_by_key(|contact| contact.identity);
    assert_eq!(store.contacts().expect("read"), all);
    store.commit().expect("commit");
}

fn peers_and_devices_round_trip(store: &mut impl Transaction) {
    store.begin().expect("begin");
    for (newest_bundle_at, last_sent_at, written_at) in [
        (None, None, None),
        (
            Some(UnixMillis(3)),
            Some(UnixMillis(4)),
            Some(UnixMillis(4)),
        ),
    ] {
        let peer = Peer {
            identity: key(2),
            newest_bundle_ns: i64::MAX,
            newest_bundle_at,
            last_sent_at,
            written_at,
            discoveries: Discoveries {
                since: UnixMillis(6),
                told: 7,
            },
            listened: last_sent_at.is_some(),
        };
        store.put_peer(&peer).expect("put");
        assert_eq!(store.peer(&key(2)).expect("read"), Some(peer));
    }
    for (seed, written_at) in [
        (3, None),
        (4, Some(UnixMillis(5))),
        (5, Some(UnixMillis(3))),
    ] {
        let peer = Peer {
            last_sent_at: Some(UnixMillis(9)),
            written_at,
            listened: seed != 4,
            ..Peer::new(key(seed))
        };
        store.put_peer(&peer).expect("put");
    }
    let listened = |store: &dyn StoreRead, after: Option<u8>, limit| -> Vec<IdentityKey> {
        let after = after.map(key);
        let found = store.listened_after(after.as_ref(), limit).expect("read");
        found.iter().map(|found| found.identity).collect()
    };
    let mut all = [2, 3, 5].map(key);
    all.sort_unstable();
    assert_eq!(listened(store, None, 9), all);
    assert_eq!(listened(store, None, 2), all[..2]);
    for seed in [2, 3, 5] {
        let (_, rest) = all.split_at(all.partition_point(|found| *found <= key(seed)));
        assert_eq!(listened(store, Some(seed), 9), rest);
    }
    assert_eq!(store.listened_for_replies().expect("read"), 1);
    let found = store.correspondents(4).expect("read");
    let written_to: Vec<_> = found.iter().map(|found| found.identity).collect();
    assert_eq!(written_to, [4, 2, 5].map(key));
    assert!(found.iter().all(|found| found.shared.is_none()));
    let bytes: Vec<u8> = (0..36).collect();
    let shared = Arc::new(NegotiatedTopic::from_bytes(&bytes).expect("a key"));
    assert!(store.negotiated(&key(2)).expect("read").is_none());
    store.put_negotiated(&key(2), &shared).expect("put");
    // Replacing the peer's record keeps the shared secret.
    let peer = store.peer(&key(2)).expect("read").expect("a peer");
    store.put_peer(&peer).expect("put");
    let kept =
        |found: &Option<Arc<NegotiatedTopic>>| found.as_ref().map(|kept| kept.to_bytes().to_vec());
    let found = store.correspondents(2).expect("read");
    let found: Vec<_> = found.iter().map(|found| kept(&found.shared)).collect();
    assert_eq!(found, [None, Some(bytes.clone())]);
    let found = store.listened_after(None, 9).expect("read");
    let shared = found.iter().filter(|found| found.shared.is_some());
    let shared: Vec<_> = shared.map(|found| found.identity).collect();
    assert_eq!(shared, [key(2)]);
    assert_eq!(kept(&store.negotiated(&key(2)).expect("read")), Some(bytes));
    let bare = Device {
        identity: key(2),
        installation: installation("b"),
        prekey: None,
        pairing: Pairing::Pending,
        wrote_at: UnixMillis(2),
        last_active_at: UnixMillis(3),
        omitted_since: None,
        rekey_due: false,
        extension_shown: false,
        stale_told: false,
        former: PastKeys::default(),
        refused_version: None,
        went_back_at: None,
        kem: DeviceKem::default(),
        metadata: DeviceMetadata::default(),
    };
    let full = Device {
        installation: installation("a"),
        prekey: Some(DevicePreKey {
            key: VerifiedPreKey::from_stored(
                key(2),
                prekey(7),
                Some(*RatchetPreKeyPair::from_secret_bytes(&[7; 32]).public()),
            ),
            version: u32::MAX,
            protocol_version: 1,
            bundle_ns: -1,
            signed_ns: 7,
            dated_at: UnixMillis(5),
            begun: true,
            any_version: true,
        }),
        pairing: Pairing::Disabled,
        omitted_since: Some(UnixMillis(4)),
        rekey_due: true,
        extension_shown: true,
        stale_told: true,
        former: PastKeys::from_bytes(&[3; 16]),
        refused_version: Some(u32::MAX),
        went_back_at: Some(UnixMillis(6)),
        kem: DeviceKem {
            held: Some(held_kem_prekey(&installation("a"), 7)),
            shown: true,
            post_quantum: true,
            only_from_itself: true,
            deliveries: vec![
                delivery(&"k".repeat(MAX_INSTALLATION_ID_CHARS), u32::MAX, Some(0)),
                delivery("x1-k1-me", 3, None),
            ],
        },
        metadata: DeviceMetadata {
            name: "Phöne".to_owned(),
            device_type: "phone".to_owned(),
            push_token: "t'oken".to_owned(),
        },
        ..bare.clone()
    };
    let plain = Device {
        installation: installation("c"),
        prekey: full.prekey.as_ref().map(|prekey| DevicePreKey {
            key: VerifiedPreKey::from_stored(key(2), *prekey.key.signed_pre_key(), None),
            begun: false,
            any_version: false,
            ..prekey.clone()
        }),
        pairing: Pairing::Enabled,
        ..bare.clone()
    };
    for device in [&bare, &full, &plain] {
        store.put_device(device).expect("put");
        let found = store.device(&key(2), &device.installation).expect("read");
        assert_eq!(found.as_ref(), Some(device));
    }
    let omitted = Device {
        omitted_since: Some(UnixMillis(5)),
        ..bare.clone()
    };
    store.put_device(&omitted).expect("put");
    let found = store.omitted_devices().expect("read");
    assert!(found.contains(&omitted) && !found.contains(&plain));
    store.put_device(&bare).expect("put");
    let elsewhere = Device {
        identity: key(9),
        ..bare.clone()
    };
    store.put_device(&elsewhere).expect("put");
    let mut all = vec![full.clone(), bare.clone(), plain.clone(), elsewhere];
    all.sort_by_key(|device| (device.identity, device.installation.clone()));
    assert_eq!(store.devices_after(None, 9).expect("read"), all);
    for (place, device) in all.iter().enumerate() {
        let after = store.devices_after(Some(&device.name()), 1).expect("read");
        assert_eq!(after.first(), all.get(place + 1));
    }
    assert_eq!(store.devices(&key(2)).expect("read"), [full, bare, plain]);
    assert!(store.devices(&key(3)).expect("read").is_empty());
    store
        .remove_device(&key(2), &installation("a"))
        .expect("remove");
    assert_eq!(store.devices(&key(2)).expect("read").len(), 2);
    store.commit().expect("commit");
}

fn delivery(listed: &str, version: u32, count: Option<u32>) -> KemDelivery {
    KemDelivery {
        listed: installation(listed),
        version,
        count,
    }
}

/// What is known of the KEM prekeys of a device is replaced as a whole, with whatever else changes.
fn what_is_known_of_kem_prekeys_round_trips(store: &mut impl Transaction) {
    store.begin().expect("begin");
    let device = |kem, omitted_since, name: &str| Device {
        kem,
        omitted_since,
        metadata: DeviceMetadata {
            name: name.to_owned(),
            ..DeviceMetadata::default()
        },
        ..Device::met(key(2), installation("a"), false, UnixMillis(1))
    };
    let held = |seed| Some(held_kem_prekey(&installation("a"), seed));
    let none = DeviceKem::default();
    let first = DeviceKem {
        held: held(3),
        shown: true,
        deliveries: vec![delivery("x1-k1-me", 3, Some(u32::MAX - 1))],
        ..DeviceKem::default()
    };
    let second = DeviceKem {
        held: held(4),
        post_quantum: true,
        deliveries: vec![delivery("x1-k1-me", 4, None), delivery("b", 1, Some(1))],
        ..DeviceKem::default()
    };
    let same_version = DeviceKem {
        held: held(5).map(|held| HeldKemPreKey { version: 4, ..held }),
        ..second.clone()
    };
    let forgotten = DeviceKem {
        held: None,
        only_from_itself: true,
        ..first.clone()
    };
    let unchanged = first.clone();
    let kinds = [
        &none,
        &first,
        &unchanged,
        &second,
        &same_version,
        &forgotten,
    ];
    // Each after each.
    for before in kinds {
        for after in kinds {
            for (omitted_since, name) in [(None, ""), (None, "b"), (Some(UnixMillis(5)), "")] {
                for device in [
                    device(before.clone(), None, ""),
                    device(after.clone(), omitted_since, name),
                ] {
                    store.put_device(&device).expect("put");
                    let found = store.devices(&key(2)).expect("read");
                    assert_eq!(found, [device]);
                }
            }
        }
    }
    // Another device of the same id, and one that was removed.
    let other = Device {
        identity: key(3),
        ..device(first.clone(), None, "")
    };
    store.put_device(&other).expect("put");
    store.put_device(&device(second, None, "")).expect("put");
    store
        .remove_device(&key(2), &installation("a"))
        .expect("remove");
    let anew = device(none, None, "");
    store.put_device(&anew).expect("put");
    let mut all = vec![anew, other];
    all.sort_by_key(|device| device.identity);
    assert_eq!(store.devices_after(None, 9).expect("read"), all);
    store.commit().expect("commit");
}

/// Both are there until the other side has answered.
fn sessions_with_kem_round_trip(store: &mut impl Transaction) {
    let superseded = Standing::Superseded {
        since: UnixMillis(5),
    };
    store.begin().expect("begin");
    for standing in [Standing::Active, superseded] {
        let mut session = Session {
            kem: Some(kem_handshake(7)),
            handshake: Handshake::Unconfirmed {
                order: Some(SharedKeyPrefix::from_stored([3; 8])),
                ephemeral: *EphemeralKeyPair::from_secret_bytes(&[4; 32])
                    .expect("a scalar")
                    .public(),
            },
            ..initiated(1, Suite::X25519MlKem768)
        };
        let mut put = |session: &Session| {
            store.put_session(session).expect("put");
            let found = store.session(&session.id).expect("read").expect("there");
            assert_eq!(session_text(&found), session_text(session));
            assert_eq!(found.suite(), Suite::X25519MlKem768);
        };
        put(&session);
        session.received = 1;
        put(&session);
        // It is confirmed, alone or together with what a session is searched by.
        session.kem = None;
        session.handshake = Handshake::Established;
        session.standing = standing;
        put(&session);
        store.remove_session(&session.id).expect("remove");
    }
    store.commit().expect("commit");
}

fn sessions_round_trip_and_are_found(store: &mut impl Transaction) {
    store.begin().expect("begin");
    let superseded = Standing::Superseded {
        since: UnixMillis(5),
    };
    let mut first = session(1, Suite::X25519, superseded);
    first.lost_to = Some(SessionId::from_bytes([9; 32]));
    first.takeover = Some((SessionId::from_bytes([8; 32]), 77));
    let mut second = session(2, Suite::Secp256k1, Standing::Active);
    second.role = Role::Initiator;
    second.ratchet_pre_key = None;
    second.handshake = Handshake::Unconfirmed {
        order: Some(SharedKeyPrefix::from_stored([3; 8])),
        ephemeral: *EphemeralKeyPair::from_secret_bytes(&[4; 32])
            .expect("a scalar")
            .public(),
    };
    let mut third = session(
        3,
        Suite::Secp256k1,
        Standing::Expired {
            since: UnixMillis(6),
        },
    );
    third.installation = None;
    third.signed_pre_key = first.signed_pre_key;
    third.sent = u64::from(u32::MAX) + 1;
    for session in [&first, &second, &third] {
        store.put_session(session).expect("put");
        let found = store.session(&session.id).expect("read").expect("there");
        assert_eq!(session_text(&found), session_text(session));
    }
    // An update keeps the session's age.
    first.standing = Standing::Expired {
        since: UnixMillis(7),
    };
    first.received = 3;
    first.past_chains = PastKeys::from_bytes(&[1; 16]);
    first.last_sent_at = Some(UnixMillis(8));
    store.put_session(&first).expect("put");
    let ids = |sessions: Vec<Session>| {
        sessions
            .iter()
            .map(|session| session.id)
            .collect::<Vec<_>>()
    };
    let all = store.sessions(Some(&key(2))).expect("read");
    assert_eq!(all.last().map(session_text), Some(session_text(&first)));
    assert_eq!(ids(all), [third.id, second.id, first.id]);
    assert_eq!(ids(store.sessions(None).expect("read")).len(), 3);
    assert!(store.sessions(Some(&key(3))).expect("read").is_empty());
    assert_eq!(store.session_count(&key(2)).expect("read"), 3);
    let on_prekey = store.sessions_on_prekey(&key(2), &first.signed_pre_key);
    assert_eq!(ids(on_prekey.expect("read")), [third.id, first.id]);
    let active = store.active_session(&key(2), &installation("x1-phone"));
    assert_eq!(
        active.expect("read").map(|session| session.id),
        Some(second.id)
    );
    let other = store.active_session(&key(2), &installation("x1-other"));
    assert!(other.expect("read").is_none());
    store.remove_session(&second.id).expect("remove");
    assert!(store.session(&second.id).expect("read").is_none());
    store.commit().expect("commit");
}

/// Progress is only what a message changes of a session.
fn session_progress_round_trips(store: &mut impl Transaction) {
    store.begin().expect("begin");
    for suite in Suite::ALL {
        let kem = suite.is_post_quantum().then(|| kem_handshake(9));
        let mut session = Session {
            kem,
            ..initiated(9, suite)
        };
        store.savepoint().expect("savepoint");
        assert!(store.put_session_progress(&session).is_err());
        store.rollback().expect("rollback");
        store.put_session(&session).expect("put");
        for number in 1..4 {
            let ad = AssociatedData::empty();
            let (ratchet, _) = session.ratchet.seal(&ad, b"text").expect("seal");
            session = Session {
                ratchet,
                last_sent_at: Some(UnixMillis(number)),
                last_received_at: (number > 1).then_some(UnixMillis(number + 1)),
                sent: number,
                received: number + 1,
                advances: number + 2,
                ..session
            };
            store.savepoint().expect("savepoint");
            store.put_session_progress(&session).expect("step");
            store.rollback().expect("rollback");
            let found = store.session(&session.id).expect("read").expect("there");
            assert_ne!(session_text(&found), session_text(&session));
            store.savepoint().expect("savepoint");
            store.put_session_progress(&session).expect("step");
            store.release().expect("release");
            let found = store.session(&session.id).expect("read").expect("there");
            assert_eq!(session_text(&found), session_text(&session));
        }
        store.remove_session(&session.id).expect("remove");
        assert!(store.session(&session.id).expect("read").is_none());
        store.savepoint().expect("savepoint");
        assert!(store.put_session_progress(&session).is_err());
        store.rollback().expect("rollback");
    }
    store.commit().expect("commit");
}

fn at_most_one_session_is_active(store: &mut impl Transaction) {
    store.begin().expect("begin");
    store
        .put_session(&session(1, Suite::X25519, Standing::Active))
        .expect("put");
    let twin = session(2, Suite::X25519, Standing::Active);
    assert!(store.put_session(&twin).is_err());
    store.abort().expect("abort");
}

fn updated_stored_keys_keep_their_age(store: &mut impl Transaction) {
    let stored = |message: u8, session: u8, read_at| StoredKey {
        message: MessageId::from_bytes([message; 32]),
        session: SessionId::from_bytes([session; 32]),
        key: MessageKey::from_stored([message; 32]),
        read_at,
        read: read_at.map(|_| ReadTag::from_stored([message; 8])),
    };
    store.begin().expect("begin");
    assert!(store.put_stored_key(&stored(10, 1, None)).is_err());
    for seed in [1, 2] {
        let superseded = Standing::Superseded {
            since: UnixMillis(1),
        };
        store
            .put_session(&session(seed, Suite::X25519, superseded))
            .expect("put");
    }
    for message in 10..16 {
        store
            .put_stored_key(&stored(message, 1, None))
            .expect("put");
        store
            .put_stored_key(&stored(message + 100, 2, None))
            .expect("put");
    }
    // An update that marks a key as read keeps its age.
    let read = stored(10, 1, Some(RunningTime(7)));
    store.put_stored_key(&read).expect("put");
    let found = store
        .stored_key(&read.message)
        .expect("read")
        .expect("there");
    assert_eq!(found.key.secret_bytes(), read.key.secret_bytes());
    assert_eq!((found.session, found.read_at), (read.session, read.read_at));
    assert_eq!(found.read, read.read);
    store
        .remove_stored_key(&MessageId::from_bytes([12; 32]))
        .expect("remove");

    let id = SessionId::from_bytes([1; 32]);
    assert!(store.has_stored_keys(&id).expect("read"));
    assert_eq!(store.drop_oldest_stored_keys(&id, 5, 0).expect("drop"), []);
    let dropped = store.drop_oldest_stored_keys(&id, 2, 0).expect("drop");
    assert_eq!(dropped, [read.message]);
    assert_eq!(store.stored_key_count(&id).expect("read"), 2);
    for (message, there) in [
        (10, false),
        (11, false),
        (13, false),
        (14, true),
        (15, true),
    ] {
        let found = store.stored_key(&MessageId::from_bytes([message; 32]));
        assert_eq!(found.expect("read").is_some(), there, "{message}");
    }
    assert_eq!(store.drop_oldest_stored_keys(&id, 0, 0).expect("drop"), []);
    assert_eq!(store.stored_key_count(&id).expect("read"), 0);
    assert!(!store.has_stored_keys(&id).expect("read"));
    // Keys are removed with their session.
    let other = SessionId::from_bytes([2; 32]);
    assert_eq!(store.stored_key_count(&other).expect("read"), 6);
    for (message, at) in [(111, 5), (113, 9)] {
        let read = stored(message, 2, Some(RunningTime(at)));
        store.put_stored_key(&read).expect("put");
    }
    let message = |message: u8| MessageId::from_bytes([message; 32]);
    let dropped = store.drop_keys_read_before(RunningTime(9)).expect("drop");
    assert_eq!(dropped, [message(111)]);
    let unconfirmed = store.remove_session(&other).expect("remove");
    assert_eq!(unconfirmed, [message(113)]);
    assert_eq!(store.stored_key_count(&other).expect("read"), 0);
    store.commit().expect("commit");
}

fn confirmed_messages_go_with_their_session(store: &mut impl Transaction) {
    let id = |seed: u8| SessionId::from_bytes([seed; 32]);
    let confirmed = |tags: &[u8]| {
        let mut confirmed = ConfirmedMessages::default();
        for tag in tags {
            confirmed.push(ReadTag::from_stored([*tag; 8]));
        }
        confirmed
    };
    let ended = Standing::Superseded {
        since: UnixMillis(1),
    };
    store.begin().expect("begin");
    store.savepoint().expect("savepoint");
    let of_none = store.put_confirmed_messages(&id(1), &confirmed(&[1]));
    assert!(of_none.is_err(), "of no session");
    store.rollback().expect("rollback");
    for seed in [1, 2] {
        store
            .put_session(&session(seed, Suite::X25519, ended))
            .expect("put");
    }
    let found = |store: &dyn StoreRead, seed| store.confirmed_messages(&id(seed)).expect("read");
    assert_eq!(found(store, 1), confirmed(&[]));
    for (seed, tags) in [(1, [1, 2].as_slice()), (2, &[3]), (1, &[1, 2, 4])] {
        let put = store.put_confirmed_messages(&id(seed), &confirmed(tags));
        put.expect("put");
    }
    // Writing the session again leaves them.
    store
        .put_session(&session(1, Suite::X25519, Standing::Active))
        .expect("put");
    assert_eq!(found(store, 1), confirmed(&[1, 2, 4]));
    store.savepoint().expect("savepoint");
    store.remove_session(&id(1)).expect("remove");
    assert_eq!(found(store, 1), confirmed(&[]));
    store.rollback().expect("rollback");
    assert_eq!(found(store, 1), confirmed(&[1, 2, 4]));
    store.remove_session(&id(1)).expect("remove");
    // Another one of the same id begins with none.
    store
        .put_session(&session(1, Suite::X25519, ended))
        .expect("put");
    assert_eq!(found(store, 1), confirmed(&[]));
    assert_eq!(found(store, 2), confirmed(&[3]));
    store.commit().expect("commit");
}

fn first_messages_and_replies_are_remembered(store: &mut impl Transaction) {
    store.begin().expect("begin");
    let id = |seed: u8| SessionId::from_bytes([seed; 32]);
    for seed in [1, 2, 2] {
        store
            .put_first_message(&key(2), &prekey(5), &id(seed))
            .expect("put");
    }
    // A known session keeps its peer and prekey.
    store
        .put_first_message(&key(3), &prekey(6), &id(1))
        .expect("put");
    store
        .put_first_message(&key(2), &prekey(6), &id(4))
        .expect("put");
    let seen = |store: &dyn StoreRead, seed: u8| store.first_message_seen(&id(seed)).expect("read");
    assert!(seen(store, 1) && seen(store, 2) && !seen(store, 3));
    assert_eq!(
        store
            .first_message_count(&key(2), &prekey(5))
            .expect("read"),
        2
    );
    assert_eq!(
        store
            .first_message_count(&key(3), &prekey(6))
            .expect("read"),
        0
    );
    // They are kept as long as their prekey.
    store.remove_own_prekey(&prekey(5)).expect("remove");
    assert!(!seen(store, 1) && !seen(store, 2) && seen(store, 4));

    let reply = |at| StoredAnswer {
        input: [1; 32],
        reply: vec![2; 3],
        at: RunningTime(at),
    };
    for (name, at) in [("old", 10), ("new", 20), ("new", 21)] {
        store.put_stored_answer(name, &reply(at)).expect("put");
    }
    assert_eq!(store.stored_answer("new").expect("read"), Some(reply(21)));
    store
        .remove_stored_answers_before(RunningTime(11))
        .expect("remove");
    assert_eq!(store.stored_answer("old").expect("read"), None);
    assert!(store.stored_answer("new").expect("read").is_some());
    store.commit().expect("commit");
}
