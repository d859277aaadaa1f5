//! The store proper.

use crypto_core::{MessageId, MessageKey, SessionId, Suite};
use engine::{
    model::{
        Device, DeviceKem, KemDelivery, OwnBundle, OwnPreKey, Session, Standing, StoreError,
        StoredAnswer, StoredKey, UnixMillis,
    },
    store::{Store as _, StoreRead as _, Transaction as _, WriteBack, contract},
};

use super::*;
use crate::SqliteStore;

#[test]
fn sqlite_keeps_the_contract() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let number = std::cell::Cell::new(0);
    contract::run(|| {
        number.set(number.get() + 1);
        directory
            .create_account(&account(&format!("a{}", number.get())))
            .unwrap()
    });
}

#[test]
fn what_was_committed_is_there_after_a_reopen_and_what_was_not_is_gone() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let session = |seed| {
        contract::session(
            seed,
            Suite::X25519,
            Standing::Expired {
                since: UnixMillis(1),
            },
        )
    };
    store.begin().unwrap();
    store.put_session(&session(1)).unwrap();
    store.commit().unwrap();
    store.begin().unwrap();
    store.put_session(&session(2)).unwrap();
    drop(store);
    let (_, store) = directory.open_account(&name("a")).unwrap();
    assert!(
        store
            .session(&SessionId::from_bytes([1; 32]))
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .session(&SessionId::from_bytes([2; 32]))
            .unwrap()
            .is_none()
    );
}

#[test]
fn the_reader_sees_what_is_committed_and_can_write_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let reader = directory.reader(&name("a")).unwrap();
    store.begin().unwrap();
    store
        .put_session(&contract::session(1, Suite::X25519, Standing::Active))
        .unwrap();
    assert_eq!(reader.counts().unwrap().sessions, 0);
    store.commit().unwrap();
    assert_eq!(reader.counts().unwrap().sessions, 1);
    let written = reader.connection.execute("DELETE FROM sessions", ());
    assert!(written.is_err());
}

#[test]
fn the_pragmas_that_durability_and_secrecy_rest_on_are_set() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let store = directory.create_account(&account("a")).unwrap();
    let pragma = |name: &str| -> String {
        store
            .connection
            .query_row(
                &format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"),
                (),
                |row| row.get(0),
            )
            .unwrap()
    };
    for (name, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("secure_delete", "1"),
        ("foreign_keys", "1"),
        ("temp_store", "2"),
        ("trusted_schema", "0"),
    ] {
        assert_eq!(pragma(name), value, "{name}");
    }
    // SQLCipher's own has no table.
    let locked: String = store
        .connection
        .query_row("PRAGMA cipher_memory_security", (), |row| row.get(0))
        .unwrap();
    assert_eq!(locked, "1");
    let intact: String = store
        .connection
        .query_row("PRAGMA integrity_check", (), |row| row.get(0))
        .unwrap();
    assert_eq!(intact, "ok");
    let loose: i64 = store
        .connection
        .query_row(
            "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0 \
             AND name NOT LIKE 'sqlite_%'",
            (),
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(loose, 0, "every table is STRICT");
}

#[test]
fn no_file_holds_a_secret_or_an_identity_in_the_clear() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("alice")).unwrap();
    store.begin().unwrap();
    let session = contract::session(0x5c, Suite::Secp256k1, Standing::Active);
    store.put_session(&session).unwrap();
    store
        .put_stored_key(&StoredKey {
            message: MessageId::from_bytes([0x6d; 32]),
            session: session.id,
            key: MessageKey::from_stored([0x7e; 32]),
            read_at: None,
            read: None,
        })
        .unwrap();
    store
        .put_own_prekey(&OwnPreKey {
            kem: vec![contract::own_kem_prekey(0x3a)],
            ..contract::own_prekey(0x4b, true, None)
        })
        .unwrap();
    store.commit().unwrap();
    let account = account("alice");
    let needles: Vec<Vec<u8>> = vec![
        vec![0xa7; 16],
        vec![0x7e; 16],
        vec![0x4b; 16],
        vec![0x3a; 16],
        vec![0x5c; 16],
        account.identity.public().x().to_vec(),
        session.peer.x().to_vec(),
        b"this-very-device".to_vec(),
        b"CREATE TABLE".to_vec(),
    ];
    let mut files = Vec::new();
    collect(scratch.path(), &mut files);
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let content = std::fs::read(&file).unwrap();
        for needle in &needles {
            let found = content
                .windows(needle.len())
                .any(|window| window == needle.as_slice());
            assert!(!found, "{} holds {needle:02x?}", file.display());
        }
    }
}

fn collect(path: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn a_full_disk_fails_the_batch_and_loses_nothing_else() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let reply = |bytes: usize| StoredAnswer {
        input: [1; 32],
        reply: vec![7; bytes],
        at: RunningTime(1),
    };
    store.begin().unwrap();
    store.put_stored_answer("before", &reply(1)).unwrap();
    store.commit().unwrap();
    let allow_pages = |store: &SqliteStore, pages: u32| {
        let allowed: i64 = store
            .connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), (), |row| {
                row.get(0)
            })
            .unwrap();
        allowed
    };
    // SQLite takes no fewer than there are.
    allow_pages(&store, 1);
    store.begin().unwrap();
    store.savepoint().unwrap();
    store.put_stored_answer("small", &reply(1)).unwrap();
    let full = store.put_stored_answer("large", &reply(1 << 20));
    assert_eq!(full, Err(StoreError::Refused(engine::model::Trouble::Full)));
    store.abort().unwrap();
    allow_pages(&store, u32::MAX - 1);
    store.begin().unwrap();
    store.put_stored_answer("after", &reply(1 << 20)).unwrap();
    store.commit().unwrap();
    for (id, there) in [
        ("before", true),
        ("small", false),
        ("large", false),
        ("after", true),
    ] {
        assert_eq!(store.stored_answer(id).unwrap().is_some(), there, "{id}");
    }
}

#[test]
fn a_commit_that_failed_is_overwritten_in_the_log_before_anyone_is_told() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let reply = StoredAnswer {
        input: [1; 32],
        reply: vec![7],
        at: RunningTime(1),
    };
    let commits = |store: &SqliteStore| {
        let count = "SELECT commits FROM epoch";
        let count = store.connection.query_row(count, (), |row| row.get(0));
        count.unwrap_or(-1_i64)
    };
    let batch = |store: &mut SqliteStore, id: &str| {
        store.begin()?;
        store.put_stored_answer(id, &reply)?;
        store.commit()
    };
    // Commits that fail, as far as SQLite has come then, as on a disk that does not answer.
    store
        .connection
        .execute_batch(
            "CREATE TABLE whole (id INTEGER PRIMARY KEY);
             CREATE TABLE part (id INTEGER REFERENCES whole DEFERRABLE INITIALLY DEFERRED);
             CREATE TABLE failing (id INTEGER);
             CREATE TRIGGER fails AFTER UPDATE ON epoch WHEN (SELECT count(*) FROM failing) > 0
             BEGIN INSERT INTO part VALUES (1); END;",
        )
        .unwrap();
    let before = commits(&store);
    store.begin().unwrap();
    store.put_stored_answer("once", &reply).unwrap();
    store.run("INSERT INTO failing VALUES (1)", ()).unwrap();
    let failed = store.commit();
    assert!(matches!(failed, Err(StoreError::Corrupt(_))), "{failed:?}");
    assert_eq!(commits(&store), before + 1, "nothing was put over it");
    // While nothing can be put over it, nothing else is done, and callers are told that it may be
    // there.
    store.run("INSERT INTO failing VALUES (1)", ()).unwrap();
    let failed = batch(&mut store, "in doubt");
    assert!(matches!(failed, Err(StoreError::InDoubt(_))), "{failed:?}");
    assert!(store.begin().is_err());
    assert_eq!(commits(&store), before + 1);
    store.run("DELETE FROM failing", ()).unwrap();
    batch(&mut store, "after").unwrap();
    assert_eq!(commits(&store), before + 3, "nothing was put over it");
    for (id, there) in [("once", false), ("in doubt", false), ("after", true)] {
        assert_eq!(store.stored_answer(id).unwrap().is_some(), there, "{id}");
    }
}

#[test]
fn a_batch_that_sqlite_undid_takes_no_more_calls() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    store.begin().unwrap();
    // What SQLite does by itself after some failures of the disk.
    store.connection.execute_batch("ROLLBACK").unwrap();
    assert!(store.savepoint().is_err());
    assert!(store.commit().is_err());
    store.abort().unwrap();
    store.begin().unwrap();
    store.savepoint().unwrap();
    store.release().unwrap();
    store.commit().unwrap();
}

#[test]
fn nothing_that_was_put_down_is_kept_of_a_batch_that_sqlite_undid() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = WriteBack::new(directory.create_account(&account("a")).unwrap());
    let made = contract::session(1, Suite::X25519, Standing::Active);
    store.begin().unwrap();
    store.savepoint().unwrap();
    store.put_session(&made).unwrap();
    store.release().unwrap();
    store.commit().unwrap();

    store.begin().unwrap();
    store.savepoint().unwrap();
    let installation = made.installation.as_ref().unwrap();
    let found = store.active_session(&made.peer, installation).unwrap();
    let mut session = found.unwrap();
    session.sent += 1;
    store.put_session(&session).unwrap();
    store.release().unwrap();
    store.inner().connection.execute_batch("ROLLBACK").unwrap();
    assert!(store.commit().is_err());
    let kept = store.inner().session(&made.id).unwrap().unwrap();
    assert_eq!(kept.sent, made.sent);
}

#[test]
fn the_look_ups_of_every_message_go_by_an_index() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let store = directory.create_account(&account("a")).unwrap();
    for (query, index) in [
        (
            "sessions WHERE peer = ?1 AND installation = ?2 AND standing = 0",
            "sessions_active",
        ),
        (
            "sessions WHERE peer = ?1 AND signed_pre_key = ?2",
            "sessions_on_prekey",
        ),
        ("sessions WHERE peer = ?1", "sessions_on_prekey"),
        ("sessions WHERE id = ?1", "sqlite_autoindex_sessions_1"),
        (
            "stored_keys WHERE message = ?1",
            "sqlite_autoindex_stored_keys_1",
        ),
        (
            "stored_keys WHERE session = ?1 LIMIT 1",
            "stored_keys_of_session",
        ),
        (
            "gaps WHERE session = ?1 AND chain = ?2 AND last >= ?3 ORDER BY last LIMIT 1",
            "gaps_of_chain",
        ),
        ("gaps WHERE session = ?1 LIMIT 1", "gaps_of_chain"),
        ("gaps WHERE answered = 0 AND peer = ?1", "gaps_unanswered"),
        ("own_prekeys WHERE public = ?1", "PRIMARY KEY"),
        (
            "devices WHERE identity = ?1 AND installation = ?2",
            "PRIMARY KEY",
        ),
        (
            "device_kem_keys WHERE identity = ?1 AND installation = ?2",
            "sqlite_autoindex_device_kem_keys_1",
        ),
        (
            "first_messages WHERE identity = ?1 AND prekey = ?2",
            "first_messages_prekey",
        ),
        (
            "first_messages WHERE session = ?1",
            "first_messages_session",
        ),
        (
            "sessions WHERE signed_pre_key = ?1 AND role = 1 AND standing <> 2 \
             ORDER BY age DESC LIMIT 9",
            "sessions_on_own_prekey",
        ),
        ("sessions WHERE standing_since <= ?1", "sessions_ended"),
        ("sessions WHERE suite = ?1", "sessions_by_suite"),
        ("stored_keys WHERE read_at < ?1", "stored_keys_read"),
        ("replies WHERE request_id = ?1", "PRIMARY KEY"),
        ("replies WHERE at < ?1", "replies_by_age"),
        ("groups WHERE group_id = ?1", "sqlite_autoindex_groups_1"),
        (
            "group_events WHERE of_group = ?1 ORDER BY id",
            "group_events_of_group",
        ),
        (
            "group_events WHERE of_group = ?1 AND id = ?2",
            "group_events_of_group",
        ),
        (
            "group_keys WHERE group_id = ?1 AND id = ?2",
            "group_keys_of_group",
        ),
        (
            "group_keys WHERE group_id = ?1 ORDER BY timestamp DESC, id DESC",
            "group_keys_by_timestamp",
        ),
        ("group_keys WHERE replaced_at <= ?1", "group_keys_replaced"),
        ("group_messages WHERE message = ?1", "PRIMARY KEY"),
        (
            "group_messages WHERE of_key = ?1 AND age <= ?2",
            "group_messages_of_key",
        ),
        ("group_setters WHERE group_id = ?1", "PRIMARY KEY"),
    ] {
        let explained = format!("EXPLAIN QUERY PLAN SELECT * FROM {query}");
        let mut statement = store.connection.prepare(&explained).unwrap();
        let plan: Vec<String> = statement
            .raw_query()
            .mapped(|row| row.get("detail"))
            .collect::<Result<_, _>>()
            .unwrap();
        let searched = plan.first().unwrap();
        assert!(
            plan.len() == 1 && searched.starts_with("SEARCH") && searched.contains(index),
            "{query}: {plan:?}"
        );
    }
}

/// An account with a KEM prekey in every place that has one, and the device that one is held of.
fn with_kem_prekeys(directory: &DataDir) -> (SqliteStore, Device) {
    let mut store = directory.create_account(&account("a")).unwrap();
    let session = Session {
        kem: Some(contract::kem_handshake(3)),
        ..contract::initiated(1, Suite::X25519MlKem768)
    };
    let listed = InstallationId::parse("x1-k1-me").unwrap();
    let installation = session.installation.clone().unwrap();
    let device = Device {
        kem: DeviceKem {
            held: Some(contract::held_kem_prekey(&installation, 3)),
            deliveries: vec![KemDelivery {
                listed: listed.clone(),
                version: 4,
                count: None,
            }],
            ..DeviceKem::default()
        },
        ..Device::met(session.peer, installation, false, UnixMillis(1))
    };
    store.begin().unwrap();
    store.put_session(&session).unwrap();
    store.put_device(&device).unwrap();
    store
        .put_own_prekey(&OwnPreKey {
            kem: vec![contract::own_kem_prekey(5), contract::own_kem_prekey(3)],
            ..contract::own_prekey(5, true, None)
        })
        .unwrap();
    store
        .put_own_bundle(&OwnBundle {
            wire: vec![1],
            made_at: UnixMillis(1),
            timestamp_ns: 1,
            version: 5,
            prekey_created_at: UnixMillis(1),
            entries: Vec::new(),
            kem_pre_key: Some(contract::kem_prekey(&listed, 5)),
        })
        .unwrap();
    store.commit().unwrap();
    (store, device)
}

#[test]
fn a_damaged_column_of_a_kem_prekey_is_named_as_corrupt() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let (mut store, device) = with_kem_prekeys(&directory);
    let everything = |store: &SqliteStore| {
        store.current_own_prekey()?;
        store.own_bundle()?;
        store.devices(&device.identity)?;
        store.sessions(None).map(drop)
    };
    assert_eq!(everything(&store), Ok(()));
    store
        .connection
        .execute_batch("PRAGMA ignore_check_constraints = ON")
        .unwrap();
    for damage in [
        "own_prekeys SET kem = zeroblob(99)",
        "own_prekeys SET kem = zeroblob(101)",
        "own_bundle SET kem_installation = NULL",
        "own_bundle SET kem_installation = 'none'",
        "own_bundle SET kem_version = NULL",
        "own_bundle SET kem_version = -1",
        "own_bundle SET kem_version = 4294967296",
        "own_bundle SET kem_signature = NULL",
        "own_bundle SET kem_signature = zeroblob(64)",
        "own_bundle SET kem_key = NULL",
        "own_bundle SET kem_key = zeroblob(1185)",
        "devices SET kem_version = NULL",
        "devices SET kem_version = -1",
        "devices SET kem_signature = NULL",
        "devices SET kem_signature = zeroblob(66)",
        "devices SET kem_deliveries = x'00'",
        "devices SET kem_deliveries = x'ff'",
        "devices SET kem_deliveries = x'01ff0000000100000001'",
        "devices SET kem_deliveries = x'0161000000010000'",
        "devices SET kem_deliveries = x'016100000001'",
        "devices SET kem_deliveries = x'0161'",
        "devices SET kem_deliveries = CAST(kem_deliveries || x'01' AS BLOB)",
        "device_kem_keys SET key = zeroblob(1183)",
        "device_kem_keys SET key = x''",
        "sessions SET kem_id = NULL",
        "sessions SET kem_id = zeroblob(33)",
        "sessions SET kem_ciphertext = NULL",
        "sessions SET kem_ciphertext = zeroblob(1087)",
    ] {
        store.begin().unwrap();
        let done = store.changed(&format!("UPDATE {damage}"), ());
        assert_eq!(done, Ok(1), "{damage}");
        let read = everything(&store);
        assert!(
            matches!(read, Err(StoreError::Corrupt(_))),
            "{damage}: {read:?}"
        );
        store.abort().unwrap();
    }
    store.begin().unwrap();
    store.run("DELETE FROM device_kem_keys", ()).unwrap();
    let read = everything(&store);
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
    store.abort().unwrap();
    assert_eq!(everything(&store), Ok(()));
}

#[test]
fn more_kem_prekeys_than_an_own_prekey_has_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let mut store = directory.create_account(&account("a")).unwrap();
    let prekey = OwnPreKey {
        kem: [5, 4, 3].map(contract::own_kem_prekey).into(),
        ..contract::own_prekey(5, true, None)
    };
    store.begin().unwrap();
    let put = store.put_own_prekey(&prekey);
    assert!(matches!(put, Err(StoreError::Corrupt(_))), "{put:?}");
    store.abort().unwrap();
}

/// What a message changes of a device with a KEM prekey leaves the page with the key alone.
#[test]
fn a_message_does_not_write_the_key_of_a_kem_prekey() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let (mut store, mut device) = with_kem_prekeys(&directory);
    store
        .connection
        .execute_batch(
            "CREATE TEMP TABLE written (id INTEGER PRIMARY KEY) STRICT;
             CREATE TEMP TRIGGER key_comes AFTER INSERT ON main.device_kem_keys
                 BEGIN INSERT INTO written VALUES (NULL); END;",
        )
        .unwrap();
    let writes = |store: &mut SqliteStore, device: &Device| {
        store.begin().unwrap();
        store.put_device(device).unwrap();
        store.commit().unwrap();
        assert_eq!(store.devices(&device.identity), Ok(vec![device.clone()]));
        let count = "SELECT count(*) FROM written";
        store
            .connection
            .query_row(count, (), |row| row.get::<_, u32>(0))
            .unwrap()
    };
    device.last_active_at = UnixMillis(7);
    device.kem.post_quantum = true;
    device.kem.deliveries[0].count = Some(1);
    assert_eq!(writes(&mut store, &device), 0);
    device.kem.held = Some(contract::held_kem_prekey(&device.installation, 4));
    assert_eq!(writes(&mut store, &device), 1);
}

#[test]
fn a_newer_schema_is_refused_and_not_touched() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let store = directory.create_account(&account("a")).unwrap();
    store
        .connection
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    drop(store);
    for _ in 0..2 {
        let refused = directory.open_account(&name("a")).err();
        assert!(
            matches!(refused, Some(OpenError::NewerSchema { found: 99, .. })),
            "{refused:?}"
        );
    }
}
