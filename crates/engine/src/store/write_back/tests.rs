use crypto_core::{
    AssociatedData, EphemeralKey, InstallationId, MessageId, MessageKey, SessionId,
    SharedKeyPrefix, Suite,
};

use super::{dirty::MAX_HELD, *};
use crate::{
    model::{ChatKey, Handshake, PastKeys, Session, Standing, StoredKey, UnixMillis},
    store::{
        Store, StoreRead,
        contract::{initiated, session},
        memory::MemoryStore,
    },
};

/// Begins a call in which two more messages are sent on each of these devices' sessions.
fn send_on_each(store: &mut WriteBack<MemoryStore>, devices: &[Device], and_write: bool) {
    store.savepoint().unwrap();
    for device in devices.iter().chain(devices) {
        let found = store.active_session(&device.identity, &device.installation);
        let session = found.unwrap().unwrap();
        store
            .put_session(&Session {
                sent: session.sent + 1,
                ..session
            })
            .unwrap();
    }
    if and_write {
        store.put_chat_clock(&ChatKey::of("chat"), 1).unwrap();
    }
}

#[test]
fn no_step_is_lost_of_as_many_sessions_as_are_held_and_of_more() {
    for count in [1, MAX_HELD, MAX_HELD + 3] {
        no_step_is_lost_of(count);
    }
}

fn no_step_is_lost_of(count: usize) {
    let mut store = WriteBack::new(MemoryStore::default());
    let made = session(1, Suite::X25519, Standing::Active);
    let devices: Vec<_> = (0..count)
        .map(|number| {
            let name = InstallationId::parse(&format!("x1-{number}")).unwrap();
            Device::met(made.peer, name, false, UnixMillis(1))
        })
        .collect();
    store.begin().unwrap();
    store.savepoint().unwrap();
    for (number, device) in devices.iter().enumerate() {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let session = Session {
            id: SessionId::from_bytes(id),
            installation: Some(device.installation.clone()),
            ..made.duplicate()
        };
        store.put_session(&session).unwrap();
    }
    store.release().unwrap();
    store.commit().unwrap();

    // Whether the call that is kept and the one that is undone after it write anything else.
    let writes = [(false, false), (true, true), (false, true), (true, false)];
    for (sent, (first, second)) in (2..).step_by(2).zip(writes) {
        store.begin().unwrap();
        send_on_each(&mut store, &devices, first);
        store.release().unwrap();
        send_on_each(&mut store, &devices, second);
        store.rollback().unwrap();
        store.commit().unwrap();
        let sessions = store.inner().sessions(None).unwrap();
        assert_eq!(sessions.len(), devices.len());
        assert!(sessions.iter().all(|session| session.sent == sent));
    }
}

#[test]
fn whatever_a_step_changes_reaches_the_store_below() {
    let mut store = WriteBack::new(MemoryStore::default());
    let made = Session {
        handshake: Handshake::Unconfirmed {
            order: Some(SharedKeyPrefix::from_stored([3; 8])),
            ephemeral: EphemeralKey::from_stored([2; 33]),
        },
        ..initiated(1, Suite::Secp256k1)
    };
    store.begin().unwrap();
    store.savepoint().unwrap();
    store.put_session(&made).unwrap();
    store.release().unwrap();
    store.commit().unwrap();

    let sealed = |session: &Session| {
        let ratchet = session.ratchet.duplicate();
        ratchet.seal(&AssociatedData::empty(), b"text").unwrap().0
    };
    let changes: [&dyn Fn(&mut Session); 7] = [
        &|session| session.ratchet = sealed(session),
        &|session| session.handshake = Handshake::Established,
        &|session| session.past_chains = PastKeys::from_bytes(&[1; 8]),
        &|session| session.ratchet = initiated(2, Suite::Secp256k1).ratchet,
        &|session| (session.sent, session.received, session.advances) = (5, 6, 7),
        &|session| session.last_sent_at = Some(UnixMillis(8)),
        &|session| session.last_received_at = Some(UnixMillis(9)),
    ];
    let facts =
        |session: &Session| format!("{session:?}{:?}", session.ratchet.to_bytes().as_slice());
    let installation = made.installation.as_ref().unwrap();
    for change in changes {
        store.begin().unwrap();
        store.savepoint().unwrap();
        let found = store.active_session(&made.peer, installation).unwrap();
        let mut session = found.unwrap();
        change(&mut session);
        store.put_session(&session).unwrap();
        store.release().unwrap();
        store.commit().unwrap();
        let kept = store.inner().session(&made.id).unwrap().unwrap();
        assert_eq!(facts(&kept), facts(&session));
    }
}

#[test]
fn that_a_session_has_stored_no_keys_is_forgotten_with_the_first_and_with_what_is_undone() {
    let mut store = WriteBack::new(MemoryStore::default());
    let made = session(1, Suite::X25519, Standing::Active);
    let key = StoredKey {
        message: MessageId::from_bytes([7; 32]),
        session: made.id,
        key: MessageKey::from_stored([7; 32]),
        read_at: None,
        read: None,
    };
    let has = |store: &WriteBack<MemoryStore>| store.has_stored_keys(&made.id).unwrap();
    store.begin().unwrap();
    store.savepoint().unwrap();
    store.put_session(&made).unwrap();
    assert!(!has(&store));
    store.put_stored_key(&key).unwrap();
    assert!(has(&store));
    store.release().unwrap();
    type Change<'a> = &'a dyn Fn(&mut WriteBack<MemoryStore>);
    let erase: [Change<'_>; 3] = [
        &|store| store.remove_stored_key(&key.message).unwrap(),
        &|store| {
            assert!(
                store
                    .drop_oldest_stored_keys(&made.id, 0, 0)
                    .unwrap()
                    .is_empty()
            )
        },
        &|store| assert!(store.remove_session(&made.id).unwrap().is_empty()),
    ];
    for erase in erase {
        store.savepoint().unwrap();
        erase(&mut store);
        assert!(!has(&store));
        store.rollback().unwrap();
        assert!(has(&store));
    }
}

#[test]
fn a_store_that_remembers_keeps_the_contract() {
    crate::store::contract::run(|| WriteBack::new(MemoryStore::default()));
}
