//! What inspecting shows.

use super::*;

#[test]
fn inspecting_shows_kem_prekeys_headers_and_what_is_asked_for() {
    let (mut alice, mut bob) = acquainted();
    let full = inspect_bundle(&bob.bundle()).unwrap();
    let key = bob.kem_of_bundle();
    let id = KemPreKey::from_stored(&key.key).unwrap().id();
    assert_eq!(full.fault, None);
    let [shown] = &full.kem_pre_keys[..] else {
        panic!("{full:?}")
    };
    assert_eq!((shown.installation.as_str(), shown.version), ("x1-bob", 1));
    assert_eq!((shown.id, shown.valid), (Some(id), true));
    assert_eq!(inspect_bundle(&bob.short()).unwrap().kem_pre_keys, []);
    let forged = RawKemPreKey { version: 2, ..key };
    let forged = with_kem_prekeys(bob.short(), vec![forged]);
    let shown = inspect_bundle(&forged).unwrap().kem_pre_keys.remove(0);
    assert_eq!((shown.id, shown.valid), (Some(id), false));

    let first = alice.send(bob.key, "first");
    let inspected = inspect_message(&first.wire).unwrap();
    let header = inspected.targets[0].x3dh.as_ref().unwrap();
    assert_eq!(header.kem_id, id.as_bytes());
    assert_eq!(header.kem_ciphertext_bytes, KEM_CIPHERTEXT_BYTES);
    assert_eq!(inspected.kem_wanted, [""; 0]);
    let explained = bob.explained(alice.key, &first);
    assert_eq!(explained.kem_pre_key, Some((id, KemPreKeyState::Current)));
    assert_eq!(explained.suite, Some(X25519MlKem768));
    bob.read(alice.key, &first);
    alice.forget_kem(&bob);
    let asking = alice.send(bob.key, "asking");
    let inspected = inspect_message(&asking.wire).unwrap();
    assert_eq!(inspected.kem_wanted, ["x1-bob"]);
    let explained = bob.explained(alice.key, &asking);
    assert_eq!(explained.sessions.len(), 1);
    assert_eq!(explained.suite, Some(X25519MlKem768));
}
