//! Stores of earlier versions.

use crypto_core::{
    AssociatedData, IdentityKeyPair, MessageId, MessageKey, SessionId, SessionRatchet, SkipLimits,
    Suite,
};
use engine::{
    Contact, ContactState, Session, Standing, Store as _, StoreRead as _, StoredKey,
    Transaction as _, UnixMillis, store_contract, world::Sequence,
};

use super::*;
use crate::{SqliteStore, schema::ACCOUNT};

/// Sessions of a suite in each state that its ratchet can be in: without chains, with the sending one, with both.
fn sessions(suite: Suite, first: u8) -> Vec<Session> {
    let fresh = |seed| store_contract::session(seed, suite, Standing::Active);
    let initiator = store_contract::initiated(first, suite);
    let ad = AssociatedData::empty();
    let (next, sealed) = initiator.ratchet.copy().seal(&ad, b"text").unwrap();
    let limits = SkipLimits {
        max_skip: 0,
        max_steps: 0,
    };
    let mut rng = Sequence(1);
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
    let after_count = 3 + 64 + ratchet.suite().header_key_bytes() + 4;
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
        .execute_batch(
            "DROP TABLE session_chains;
             ALTER TABLE contacts DROP COLUMN requested_at;
             PRAGMA user_version = 7;",
        )
        .unwrap();
}

#[test]
fn sessions_of_before_their_chains_were_apart_go_on() {
    assert_eq!(ACCOUNT.len(), 10);
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
    store.step_session(&all[0]).unwrap();
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
    };
    store.begin().unwrap();
    for (seed, state) in [(2, ContactState::RequestSent), (3, ContactState::Accepted)] {
        store.put_contact(&contact(seed, state, None)).unwrap();
    }
    store.commit().unwrap();
    let as_before = "ALTER TABLE contacts DROP COLUMN requested_at; PRAGMA user_version = 9";
    store.connection.execute_batch(as_before).unwrap();
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
