//! Stores of earlier versions.

use crypto_core::{
    AssociatedData, EphemeralKeyPair, IdentityKey, IdentityKeyPair, MessageId, MessageKey,
    RatchetCurve, SessionId, SessionRatchet, SharedKey, SkipLimits, Suite, VerifiedPreKey,
};
use engine::{
    model::{
        Contact, ContactState, Device, DeviceKem, DevicePreKey, GroupId, GroupKey, Handshake,
        OwnBundle, Role, Session, Standing, StoredKey, UnixMillis,
    },
    store::{Store as _, StoreRead as _, Transaction as _, contract},
    world::SplitMix64,
};

use super::*;
use crate::{SessionsBySuite, SqliteStore, schema::ACCOUNT};

/// Sessions of a suite in each state that its ratchet can be in: without chains, with the sending
/// one, with both.
fn sessions(suite: Suite, first: u8) -> Vec<Session> {
    let fresh = |seed| contract::session(seed, suite, Standing::Active);
    let initiator = contract::initiated(first, suite);
    let initiator = Session {
        ratchet: with_shared_key(&initiator.ratchet, &[first; 32]),
        ..initiator
    };
    let ad = AssociatedData::empty();
    let (next, sealed) = initiator.ratchet.duplicate().seal(&ad, b"text").unwrap();
    let limits = SkipLimits {
        max_skip: 0,
        max_steps: 0,
    };
    let mut rng = SplitMix64(1);
    let opened =
        fresh(first)
            .ratchet
            .open(&sealed.header, &ad, &sealed.ciphertext, &limits, &mut rng);
    let of = |seed, ratchet: SessionRatchet| Session {
        id: SessionId::from_bytes([seed; 32]),
        installation: Some(InstallationId::parse(&format!("x1-{seed}")).unwrap()),
        ratchet,
        last_sent_at: Some(UnixMillis(7)),
        last_received_at: (seed % 2 == 0).then_some(UnixMillis(8)),
        sent: u64::from(seed),
        received: 1 << 40,
        advances: 3,
        ..fresh(first)
    };
    vec![
        of(first, fresh(first).ratchet),
        of(first + 1, initiator.ratchet),
        of(first + 2, next),
        of(first + 3, opened.unwrap().ratchet),
    ]
}

fn records(store: &SqliteStore) -> Vec<String> {
    let sessions = store.sessions(None).unwrap();
    sessions
        .iter()
        .map(|session| format!("{session:?} {:?}", *session.ratchet.to_bytes()))
        .collect()
}

/// A ratchet as it was laid out before its chains were apart.
fn in_one(ratchet: &SessionRatchet) -> Vec<u8> {
    let (dh, chains) = (ratchet.dh_bytes(), ratchet.chain_bytes());
    let after_count = 3 + 64 + ratchet.curve().header_key_bytes() + 4;
    let (fixed, receiving_key) = dh.split_at(after_count);
    let sends = dh[2] & 1;
    let receives = dh[2] >> 1;
    let (sending, receiving) = chains.split_at(usize::from(sends) * 36);
    [
        &[1, dh[1]],
        &fixed[3..],
        &[sends],
        sending,
        &[receives],
        receiving_key,
        receiving,
    ]
    .concat()
}

/// Takes the migrations from the eighth on back.
fn join_chains(store: &SqliteStore) {
    let connection = &store.connection;
    let sessions = store.sessions(None).unwrap();
    connection
        .execute_batch(
            "ALTER TABLE sessions ADD COLUMN last_sent_at INTEGER;
             ALTER TABLE sessions ADD COLUMN last_received_at INTEGER;
             ALTER TABLE sessions ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
             ALTER TABLE sessions ADD COLUMN received INTEGER NOT NULL DEFAULT 0;
             ALTER TABLE sessions ADD COLUMN advances INTEGER NOT NULL DEFAULT 0;
             UPDATE sessions SET (last_sent_at, last_received_at, sent, received, advances) =
                 (SELECT last_sent_at, last_received_at, sent, received, advances
                  FROM session_chains WHERE session_chains.age = sessions.age);",
        )
        .unwrap();
    for session in sessions {
        connection
            .execute(
                "UPDATE sessions SET ratchet = ?2 WHERE id = ?1",
                (session.id.as_bytes(), in_one(&session.ratchet)),
            )
            .unwrap();
    }
    connection
        .execute_batch(&format!(
            "{BEFORE_THE_TENTH} DROP TABLE session_chains; PRAGMA user_version = 7;"
        ))
        .unwrap();
}

#[test]
fn sessions_of_before_their_chains_were_apart_go_on() {
    assert_eq!(ACCOUNT.len(), 21);
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let message = MessageId::from_bytes([5; 32]);
    store.begin().unwrap();
    let mut all = sessions(Suite::X25519, 10);
    all.extend(sessions(Suite::Secp256k1, 20));
    for session in &all {
        store.put_session(session).unwrap();
    }
    store.remove_session(&all[1].id).unwrap();
    store
        .put_stored_key(&StoredKey {
            message,
            session: all[3].id,
            key: MessageKey::from_stored([6; 32]),
            read_at: None,
            read: None,
        })
        .unwrap();
    store.commit().unwrap();
    let before = records(&store);
    assert_eq!(before.len(), 7);
    join_chains(&store);
    drop(store);

    let (_, mut store) = directory.open_account(&name("a")).unwrap();
    assert_eq!(records(&store), before);
    assert!(store.stored_key(&message).unwrap().is_some());
    let left_behind: u32 = store
        .connection
        .query_row(
            "SELECT count(*) FROM pragma_table_info('sessions') WHERE name IN ('last_sent_at', \
                 'last_received_at', 'sent', 'received', 'advances')",
            (),
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left_behind, 0);
    store.begin().unwrap();
    store.savepoint().unwrap();
    store.put_session_progress(&all[0]).unwrap();
    store.release().unwrap();
    store.commit().unwrap();
}

#[test]
fn contacts_that_were_asked_before_it_was_noted_when_were_asked_when_they_were_recorded() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let contact = |seed: u8, state, requested_at| Contact {
        identity: *IdentityKeyPair::from_secret_bytes(&[seed; 32])
            .unwrap()
            .public(),
        state,
        verified: true,
        added_at: UnixMillis(seed.into()),
        requested_at,
        asked: state == ContactState::Accepted,
        decided_at: None,
    };
    store.begin().unwrap();
    for (seed, state) in [(2, ContactState::RequestSent), (3, ContactState::Accepted)] {
        store.put_contact(&contact(seed, state, None)).unwrap();
    }
    store.commit().unwrap();
    let as_before = format!("{BEFORE_THE_TENTH} PRAGMA user_version = 9");
    store.connection.execute_batch(&as_before).unwrap();
    drop(store);
    let (_, store) = directory.open_account(&name("a")).unwrap();
    for (seed, state, at) in [
        (2, ContactState::RequestSent, Some(UnixMillis(2))),
        (3, ContactState::Accepted, None),
    ] {
        let expected = contact(seed, state, at);
        assert_eq!(store.contact(&expected.identity).unwrap(), Some(expected));
    }
}

/// Until the nineteenth migration a number that no message has said that a key was closed.
#[test]
fn a_group_key_that_was_closed_by_its_number_is_closed() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let group = GroupId::new(b"a group").unwrap();
    store.begin().unwrap();
    for (seed, highest) in [(1, u32::MAX), (2, 7)] {
        let key = GroupKey {
            highest,
            ..contract::group_key(&group, seed, u64::from(seed), None)
        };
        store.put_group_key(&key).unwrap();
    }
    store.commit().unwrap();
    let as_before = format!(
        "{BEFORE_THE_TWENTIETH} ALTER TABLE group_keys DROP COLUMN closed; \
         PRAGMA user_version = 18;"
    );
    store.connection.execute_batch(&as_before).unwrap();
    drop(store);

    let (_, store) = directory.open_account(&name("a")).unwrap();
    let keys = store.group_keys(&group).unwrap();
    let facts: Vec<_> = keys.iter().map(|key| (key.highest, key.closed)).collect();
    assert_eq!(facts, [(7, false), (100_000, true)]);
}

#[test]
fn a_store_of_before_there_were_kem_prekeys_goes_on_without_any() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let mut all = sessions(Suite::X25519, 10);
    all.extend(sessions(Suite::Secp256k1, 20));
    all.push(waiting(30, Suite::X25519, Standing::Active));
    let device = device_of(&all[8], 7);
    let own = contract::own_prekey(5, true, None);
    let bundle = OwnBundle {
        wire: vec![1, 2, 3],
        made_at: UnixMillis(4),
        timestamp_ns: 5,
        version: 6,
        prekey_created_at: UnixMillis(7),
        entries: Vec::new(),
        kem_pre_key: None,
    };
    store.begin().unwrap();
    for session in &all {
        store.put_session(session).unwrap();
    }
    store.put_device(&device).unwrap();
    store.put_own_prekey(&own).unwrap();
    store.put_own_bundle(&bundle).unwrap();
    store.commit().unwrap();
    let before = records(&store);
    let as_before = format!("{BEFORE_THE_TWENTIETH} PRAGMA user_version = 19;");
    store.connection.execute_batch(&as_before).unwrap();
    drop(store);

    let (_, mut store) = directory.open_account(&name("a")).unwrap();
    assert_eq!(records(&store), before);
    let sessions = store.sessions(None).unwrap();
    assert_eq!(sessions.len(), 9);
    assert!(
        sessions
            .iter()
            .all(|session| !session.post_quantum && session.kem.is_none())
    );
    assert_eq!(store.devices(&peer()), Ok(vec![device.clone()]));
    assert_eq!(store.own_bundle(), Ok(Some(bundle)));
    let found = store.current_own_prekey().unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{own:?}"));
    // From then on there may be some.
    let held = contract::held_kem_prekey(&device.installation, 3);
    let with_kem = Device {
        kem: DeviceKem {
            held: Some(held),
            ..DeviceKem::default()
        },
        ..device
    };
    store.begin().unwrap();
    store.put_device(&with_kem).unwrap();
    store.commit().unwrap();
    assert_eq!(store.devices(&peer()), Ok(vec![with_kem]));
}

/// Until the twenty-first migration it was noted alone whether ML-KEM had a part in a session.
#[test]
fn sessions_of_before_their_suites_were_noted_are_counted_by_them() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let mut all = sessions(Suite::X25519, 10);
    all.extend(sessions(Suite::X25519, 20).into_iter().skip(1));
    all.extend(sessions(Suite::Secp256k1, 30).into_iter().skip(2));
    all.extend(sessions(Suite::X25519MlKem768, 40).into_iter().skip(3));
    store.begin().unwrap();
    for session in &all {
        store.put_session(session).unwrap();
    }
    store.commit().unwrap();
    let before = records(&store);
    store
        .connection
        .execute_batch(
            "DROP TRIGGER IF EXISTS temp.sessions_come;
             DROP TRIGGER IF EXISTS temp.sessions_gone;
             DROP TRIGGER IF EXISTS temp.sessions_moved;
             ALTER TABLE sessions ADD COLUMN post_quantum INTEGER NOT NULL DEFAULT 0;
             UPDATE sessions SET post_quantum = 1 WHERE suite = 3;
             DROP INDEX sessions_by_suite;
             ALTER TABLE sessions DROP COLUMN suite;
             PRAGMA user_version = 20;",
        )
        .unwrap();
    drop(store);

    let (_, store) = directory.open_account(&name("a")).unwrap();
    assert_eq!(records(&store), before);
    let held = store.stats(&peer(), UnixMillis(0)).unwrap();
    let expected = SessionsBySuite {
        post_quantum: 1,
        x25519: 7,
        secp256k1: 2,
    };
    assert_eq!(held.sessions, expected);
}

/// SK of the sessions below that wait for their answer.
const SHARED: [u8; 32] = [0x5a; 32];

/// The state of an initiator as it was kept: in suite secp256k1 with a receiving chain that begins
/// as SK.
fn with_shared_key(ratchet: &SessionRatchet, shared: &[u8; 32]) -> SessionRatchet {
    let (mut dh, mut chains) = (ratchet.dh_bytes().to_vec(), ratchet.chain_bytes().to_vec());
    if ratchet.curve() == RatchetCurve::Secp256k1 {
        dh[2] = 3;
        dh.truncate(dh.len() - 32);
        chains[36..68].copy_from_slice(shared);
    }
    SessionRatchet::from_parts(&dh, &chains).unwrap()
}

/// An initiator that waits for its answer, as its state was kept: in suite secp256k1 it reads on a
/// chain that begins as SK.
fn waiting(seed: u8, suite: Suite, standing: Standing) -> Session {
    let own = contract::own_prekey(seed, true, None);
    let ratchet = own.ratchet.map(|ratchet| *ratchet.pair.public());
    let prekey = VerifiedPreKey::from_stored(peer(), *own.signed.public(), ratchet);
    let shared = SharedKey::from_stored(SHARED);
    let initiated =
        SessionRatchet::initiate(&shared, &prekey, suite.curve(), &mut SplitMix64(1)).unwrap();
    Session {
        id: SessionId::from_bytes([seed; 32]),
        peer: peer(),
        installation: Some(InstallationId::parse(&format!("phone-{seed}")).unwrap()),
        role: Role::Initiator,
        signed_pre_key: *own.signed.public(),
        handshake: Handshake::Unconfirmed {
            order: None,
            ephemeral: *EphemeralKeyPair::from_secret_bytes(&[seed; 32])
                .unwrap()
                .public(),
        },
        ratchet: with_shared_key(&initiated, &SHARED),
        standing,
        ..contract::session(seed, suite, standing)
    }
}

fn peer() -> IdentityKey {
    *IdentityKeyPair::from_secret_bytes(&[2; 32])
        .unwrap()
        .public()
}

/// A device that publishes the prekey of this session.
fn device_of(session: &Session, dated_at: u64) -> Device {
    Device {
        prekey: Some(DevicePreKey {
            key: VerifiedPreKey::from_stored(peer(), session.signed_pre_key, None),
            version: 4,
            protocol_version: 1,
            bundle_ns: 5,
            signed_ns: 5,
            dated_at: UnixMillis(dated_at),
            begun: false,
            any_version: false,
        }),
        ..Device::met(
            peer(),
            session.installation.clone().unwrap(),
            false,
            UnixMillis(6),
        )
    }
}

/// Today's layout, and the one of three migrations ago.
#[test]
fn stores_that_hold_the_shared_key_are_brought_up_to_date() {
    let superseded = Standing::Superseded {
        since: UnixMillis(9),
    };
    for version in [9, 7] {
        let scratch = tempfile::tempdir().unwrap();
        let directory = open(scratch.path()).unwrap();
        let mut store = directory.create_account(&account("a")).unwrap();
        let all = [
            waiting(1, Suite::Secp256k1, Standing::Active),
            waiting(2, Suite::X25519, Standing::Active),
            waiting(3, Suite::Secp256k1, superseded),
            contract::session(4, Suite::Secp256k1, Standing::Active),
        ];
        store.begin().unwrap();
        for (session, dated_at) in all.iter().zip([7, 0, 7, 7]) {
            store.put_session(session).unwrap();
            let installation = session.installation.clone().unwrap();
            let met = Session {
                installation: Some(installation),
                ..waiting(session.id.as_bytes()[0], session.suite(), Standing::Active)
            };
            store.put_device(&device_of(&met, dated_at)).unwrap();
        }
        store.put_timekeeping(&ran(77)).unwrap();
        store.commit().unwrap();
        store
            .connection
            .execute(
                "UPDATE sessions SET shared = ?1 WHERE shared IS NOT NULL",
                [SHARED],
            )
            .unwrap();
        if version == 7 {
            join_chains(&store);
        } else {
            let as_before = format!("{BEFORE_THE_TENTH} PRAGMA user_version = {version}");
            store.connection.execute_batch(&as_before).unwrap();
        }
        assert!(holds(&store, &SHARED));
        drop(store);

        let (_, store) = directory.open_account(&name("a")).unwrap();
        assert!(!holds(&store, &SHARED[8..]), "version {version}");
        assert_eq!(store.timekeeping(), Ok(ran(77)));
        let session = |seed: u8| {
            let id = SessionId::from_bytes([seed; 32]);
            store.session(&id).unwrap().unwrap()
        };
        let kept = SharedKey::from_stored(SHARED).prefix();
        for (seed, expected) in [(1, Some(kept)), (2, Some(kept)), (3, None)] {
            let session = session(seed);
            let Handshake::Unconfirmed { order, .. } = session.handshake else {
                panic!("it was not answered");
            };
            assert_eq!(order, expected);
            // It goes on sending where it was.
            let suite = session.suite();
            let sealed = session
                .ratchet
                .seal(&AssociatedData::empty(), b"text")
                .unwrap()
                .1;
            let before = waiting(seed, suite, Standing::Active);
            let as_before = before.ratchet.seal(&AssociatedData::empty(), b"text");
            assert_eq!(sealed, as_before.unwrap().1);
        }
        assert_eq!(session(1).ratchet.receiving_key(), None);
        assert_eq!(session(4).handshake, Handshake::Established);
        // On the prekeys of the first and the third a session of suite secp256k1 was begun.
        let prekey = |seed: u8| {
            let name = session(seed).installation.unwrap();
            store.device(&peer(), &name).unwrap().unwrap().prekey
        };
        let begun = [1, 2, 3].map(|seed| prekey(seed).unwrap().begun);
        assert_eq!(begun, [true, false, true]);
        let any_version = [1, 2, 3].map(|seed| prekey(seed).unwrap().any_version);
        assert_eq!(any_version, [false, true, false]);
    }
}

/// Whether any column of any session holds these bytes.
fn holds(store: &SqliteStore, secret: &[u8]) -> bool {
    let rows = "SELECT coalesce(shared, x'') || ratchet FROM sessions";
    let chains = match store
        .connection
        .prepare("SELECT chains FROM session_chains")
    {
        Ok(_) => format!("{rows} UNION ALL SELECT chains FROM session_chains"),
        Err(_) => rows.to_owned(),
    };
    let mut statement = store.connection.prepare(&chains).unwrap();
    let mut found = statement.query(()).unwrap();
    while let Some(row) = found.next().unwrap() {
        let bytes = row.get_ref(0).unwrap().as_bytes().unwrap();
        if bytes.windows(secret.len()).any(|part| part == secret) {
            return true;
        }
    }
    false
}
