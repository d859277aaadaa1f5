//! What an attacker with a device's state can read: no confirmed message from before, and nothing
//! once both sides have answered each other.

use super::*;

type NewDevice = fn(u8, &str) -> TestDevice;

/// Devices of suite x25519, and of suite secp256k1.
const SUITES: [NewDevice; 2] = [TestDevice::new, TestDevice::plain];

/// A copy of a device's whole state, on a device of the attacker.
fn copy_state(of: &TestDevice, identity: u8) -> TestDevice {
    let account = Account {
        name: AccountName::parse("me").unwrap(),
        identity: IdentityKeyPair::from_secret_bytes(&[identity; 32])
            .unwrap()
            .into(),
        installation: of.id.clone(),
        fresh_installation: true,
        created_at: BEGINNING,
    };
    TestDevice {
        engine: Engine::new(account, Config::default()),
        store: of.store.backup().unwrap(),
        rng: SplitMix64(99),
        now: of.now,
        running: of.running,
        key: of.key,
        id: of.id.clone(),
    }
}

/// Two devices that have exchanged `turns` messages each, and the messages that Bob has confirmed.
fn acquainted(make: NewDevice, turns: usize) -> (TestDevice, TestDevice, Vec<AddressedMessage>) {
    let (mut alice, mut bob) = (make(1, "alice"), make(2, "bob"));
    alice.import_bundle(&bob.bundle());
    let mut read = Vec::new();
    for turn in 0..turns {
        let message = alice.send(bob.key, "to bob");
        if turn % 2 == 0 {
            // Confirmed as it is read, or later.
            assert_eq!(bob.read(alice.key, &message), "to bob");
        } else {
            let received = bob.try_receive(alice.key, &message.wire, false).unwrap();
            let id = received.message.unwrap();
            assert_eq!(bob.engine.confirm(&mut bob.store, &[id]).unwrap(), 1);
        }
        read.push(message);
        let answer = bob.send(alice.key, "to alice");
        assert_eq!(alice.read(bob.key, &answer), "to alice");
    }
    (alice, bob, read)
}

#[test]
fn a_stolen_state_opens_nothing_that_was_read_and_confirmed_before() {
    for make in SUITES {
        let (alice, bob, read) = acquainted(make, 4);
        let mut thief = copy_state(&bob, 2);
        for message in &read {
            let refused = thief.refusal(alice.key, message);
            let gone = [Reason::AlreadyRead, Reason::MessageKeyGone];
            assert!(gone.contains(&refused), "{refused:?}");
        }
        // Nor does the sender's state open what it sent.
        let mut thief = copy_state(&alice, 1);
        for message in &read {
            let received = thief.receive(bob.key, message);
            assert!(
                !matches!(received.outcome, Outcome::Decrypted(_)),
                "{:?}",
                received.outcome
            );
        }
    }
}

#[test]
fn a_stolen_state_is_of_no_more_use_once_each_side_has_answered_the_other() {
    for make in SUITES {
        let (mut alice, mut bob, _) = acquainted(make, 2);
        let mut thief = copy_state(&bob, 2);
        // Until Bob draws a new ratchet key, the attacker can read along.
        let next = alice.send(bob.key, "the thief reads this");
        assert_eq!(thief.read(alice.key, &next), "the thief reads this");
        assert_eq!(bob.read(alice.key, &next), "the thief reads this");
        let answer = bob.send(alice.key, "healed");
        assert_eq!(alice.read(bob.key, &answer), "healed");
        for _ in 0..3 {
            let message = alice.send(bob.key, "not this");
            let reason = thief.refusal(alice.key, &message);
            assert_eq!(reason, Reason::AuthenticationFailed);
            assert_eq!(bob.read(alice.key, &message), "not this");
        }
    }
}

#[test]
fn the_identity_key_alone_opens_no_ratchet_message() {
    for make in SUITES {
        let (mut alice, bob, read) = acquainted(make, 3);
        // A new device with the same identity: all that an attacker with the recovery phrase has.
        let mut thief = make(2, "thief");
        let newest = alice.send(bob.key, "for bob's device");
        for message in read.iter().chain([&newest]) {
            assert_eq!(thief.refusal(alice.key, message), Reason::OtherInstallation);
        }
        // Under the id of Bob's own device it lacks that device's state.
        let name = bob.id.as_str();
        let mut thief = TestDevice::with(2, name, Config::default());
        for message in read.iter().chain([&newest]) {
            let reason = thief.refusal(alice.key, message);
            assert!(
                matches!(reason, Reason::SessionNotFound | Reason::PreKeyNotFound),
                "{reason:?}"
            );
        }
    }
}
