//! Contacts: what may be said to them, and what their messages count for.

use super::*;

#[test]
fn an_empty_payload_goes_on_a_ratchet_and_nowhere_else() {
    let (mut alice, mut bob) = established();
    let empty = alice.send(bob.key, "");
    assert_eq!(bob.read(alice.key, &empty), "");

    // By DH it would be an advertisement, and in public nothing at all.
    let carol = Device::new(3, "carol");
    let refused = alice.try_send(&[carol.key], "", None);
    assert!(matches!(refused, Err(SendError::EmptyPayload)));
    let before = bob.fingerprint();
    let refused = bob.try_send(&[alice.key, carol.key], "", Some("r"));
    assert!(matches!(refused, Err(SendError::EmptyPayload)));
    assert_eq!(bob.fingerprint(), before, "all targets or none");
    assert!(bob.try_send(&[alice.key], "", Some("r")).is_ok());
    let refused = alice.transact(|engine, store, env| engine.public_message(store, env, b""));
    assert!(matches!(refused, Err(SendError::EmptyPayload)));
    // What is meant as one can be made.
    let advertised =
        alice.transact(|engine, store, env| engine.advertise(store, env, &carol.key, None));
    assert_eq!(mode(&advertised.unwrap()), Mode::Dh);
}
