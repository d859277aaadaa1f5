//! How many bytes messages take on the wire.

use crypto_core::Suite;

use super::*;

const TEXT: &str = "A hundred bytes of text, as a person writes them who has little to say and \
                    says it in one long line.";

/// Devices of one identity under ids as they are generated, all of which list each other.
fn devices(identity: u8, count: u8, suites: &[Suite]) -> Vec<TestDevice> {
    let config = Config {
        suites: suites.to_vec(),
        ..Config::default()
    };
    let named = |n| format!("x1-k1-0000000{n}-0000-4000-8000-00000000000{identity}");
    let mut devices: Vec<_> = (0..count)
        .map(|n| TestDevice::with(identity, &named(n), config.clone()))
        .collect();
    for one in 0..devices.len() {
        let bundle = devices[one].bundle();
        let id = devices[one].id.clone();
        for other in (0..devices.len()).filter(|other| *other != one) {
            devices[other].import_bundle(&bundle);
            devices[other].enable(&id).unwrap();
        }
    }
    devices
}

/// The bytes of a first message, of one without KEM prekeys until the answer, and of one after it.
fn sizes(count: u8, suites: &[Suite]) -> [usize; 3] {
    let (mut alice, mut bob) = (devices(1, count, suites), devices(2, count, suites));
    let (me, peer) = (alice[0].key, bob[0].key);
    let bundle = bob[0].bundle();
    alice[0].import_bundle(&bundle);
    let unanswered: Vec<_> = (0..5).map(|_| alice[0].send(peer, TEXT)).collect();
    assert_eq!(unanswered[0].targets.len(), usize::from(count));
    for device in &mut bob {
        device.read(me, &unanswered[0]);
        let answer = device.send(me, TEXT);
        alice[0].read(peer, &answer);
    }
    let answered = alice[0].send(peer, TEXT);
    [&unanswered[0], &unanswered[4], &answered].map(|message| message.wire.len())
}

#[test]
fn messages_of_a_hundred_bytes_and_contact_codes_have_these_sizes() {
    assert_eq!(TEXT.len(), 100);
    println!("devices  x25519  with KEM prekeys  set-up  after");
    for (count, expected) in [(1, [696, 3128, 1826, 626]), (3, [1770, 9066, 5160, 1560])] {
        let [below, ..] = sizes(count, &[Suite::X25519]);
        let [first, set_up, after] = sizes(count, &Suite::ALL);
        println!("{count:7}  {below:6}  {first:16}  {set_up:6}  {after:5}");
        assert_eq!([below, first, set_up, after], expected);
    }
    for (count, expected) in [(1, [408, 2144]), (3, [920, 6136])] {
        let mut first = devices(1, count, &Suite::ALL).remove(0);
        let published = first.transact(|engine, store, env| engine.bundle(store, env));
        let published = published.unwrap();
        let codes = [&published.contact_code, &published.contact_code_full];
        let lengths = codes.map(|code| code.len());
        println!("contact codes of {count}: {lengths:?} characters");
        assert_eq!(lengths, expected);
    }
}
