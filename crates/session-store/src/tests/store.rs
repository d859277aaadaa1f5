//! The store proper.

use crypto_core::{MessageId, MessageKey, SessionId, Suite};
use engine::{
    Standing, Store as _, StoreRead as _, StoredKey, Transaction as _, UnixMillis, store_contract,
};

use super::*;

#[test]
fn sqlite_keeps_the_contract() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = open(scratch.path()).unwrap();
    let number = std::cell::Cell::new(0);
    store_contract::run(|| {
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
        store_contract::session(
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
        .put_session(&store_contract::session(1, Suite::X25519, Standing::Active))
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
    let session = store_contract::session(0x5c, Suite::Secp256k1, Standing::Active);
    store.put_session(&session).unwrap();
    store
        .put_stored_key(&StoredKey {
            message: MessageId::from_bytes([0x6d; 32]),
            session: session.id,
            key: MessageKey::from_stored([0x7e; 32]),
            read_at: None,
        })
        .unwrap();
    store
        .put_own_prekey(&store_contract::own_prekey(0x4b, true, None))
        .unwrap();
    store.commit().unwrap();
    let account = account("alice");
    let needles: Vec<Vec<u8>> = vec![
        vec![0xa7; 16],
        vec![0x7e; 16],
        vec![0x4b; 16],
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
