//! KEM prekeys beside a bundle: what is taken, passed over in silence or warned of.

use super::*;

/// A bundle with these objects in field 16.
fn beside(bundle: &[u8], objects: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = bundle.to_vec();
    for object in objects {
        // Field 16, length-delimited.
        wire.extend([0x82, 0x01]);
        let length = u16::try_from(object.len()).unwrap();
        wire.extend([
            u8::try_from(length & 0x7f).unwrap() | 0x80,
            u8::try_from(length >> 7).unwrap(),
        ]);
        wire.extend(object);
    }
    wire
}

#[test]
fn a_bad_kem_prekey_gives_a_warning_and_breaks_nothing() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let (short, good) = (bob.short(), bob.kem_of_bundle());
    let bob_identity = IdentityKeyPair::from_secret_bytes(&[2; 32]).unwrap();
    let signed = |change: &dyn Fn(&mut RawKemPreKey)| {
        let mut raw = good.clone();
        change(&mut raw);
        let key = KemPreKey::from_stored(&raw.key).unwrap();
        let id = InstallationId::parse(&raw.installation_id).unwrap();
        let signature = sign_kem_prekey(&bob_identity, &id, raw.version, &key);
        raw.signature = signature.to_bytes().to_vec();
        raw
    };
    let with = |change: &dyn Fn(&mut RawKemPreKey)| {
        let mut raw = good.clone();
        change(&mut raw);
        raw
    };
    let cut = |raw: &mut RawKemPreKey, length| raw.key.resize(length, 0);
    let bad = [
        with(&|raw| cut(raw, 1183)),
        with(&|raw| cut(raw, 1185)),
        with(&|raw| raw.key.clear()),
        with(&|raw| raw.installation_id.clear()),
        with(&|raw| raw.installation_id = "not an id".to_owned()),
        with(&|raw| raw.signature.clear()),
        with(&|raw| raw.signature[5] ^= 1),
        with(&|raw| raw.version = 0),
        with(&|raw| raw.key[7] ^= 1),
        signed(&|raw| raw.key[..3].fill(0xff)),
        // The last coefficient.
        signed(&|raw| raw.key[1149..1152].fill(0xff)),
    ];
    for raw in bad {
        let wire = with_kem_prekeys(short.clone(), vec![raw.clone()]);
        let imported = alice.import_bundle(&wire);
        let kinds: Vec<_> = imported.warnings.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [WarningKind::InvalidKemPreKey], "{raw:?}");
        assert_eq!(imported.installations.len(), 1);
        assert_eq!(alice.held(&bob), None);
    }
    let no_protobuf = beside(&short, &[vec![0xff; 3]]);
    // Field 16 with a number beside a good one: the field as a whole is of no form.
    let number = [bob.bundle(), vec![0x80, 0x01, 1]].concat();
    for wire in [no_protobuf, number] {
        let imported = alice.import_bundle(&wire);
        assert_eq!(imported.warnings.len(), 1);
        assert_eq!(imported.warnings[0].kind, WarningKind::InvalidKemPreKey);
        assert_eq!(imported.installations.len(), 1);
        assert_eq!(alice.held(&bob), None);
    }
    // A message with one is read.
    bob.import_bundle(&alice.short());
    let message = altered(&bob.send(alice.key, "x"), |message| {
        message.bundles = vec![beside(&short, &[vec![0xff; 3]])];
    });
    let received = alice.receive(bob.key, &message);
    assert_eq!(warnings(&received), [WarningKind::InvalidKemPreKey]);
    assert!(matches!(received.outcome, Outcome::Decrypted(_)));
    assert_eq!(alice.held(&bob), None);
}

#[test]
fn of_more_than_four_kem_prekeys_four_are_looked_at() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let (short, good) = (bob.short(), bob.kem_of_bundle());
    let other = RawKemPreKey {
        installation_id: "x1-other".to_owned(),
        ..good.clone()
    };
    let mut keys = vec![other; MAX_KEM_PREKEYS_PER_BUNDLE];
    keys.push(good);
    let import = |alice: &mut TestDevice, keys: &[RawKemPreKey]| {
        let imported = alice.import_bundle(&with_kem_prekeys(short.clone(), keys.to_vec()));
        imported.warnings.len()
    };
    assert_eq!(import(&mut alice, &keys), 1);
    assert_eq!(alice.held(&bob), None);
    assert_eq!(import(&mut alice, &keys[1..]), 0);
    assert_eq!(alice.held(&bob), Some(1));
}

#[test]
fn what_is_of_no_use_is_passed_over_before_anything_is_computed() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let mut plain = TestDevice::plain(2, "plain");
    bob.short();
    bob.days(1);
    assert_eq!(bob.kept(), [1]);
    alice.import_bundle(&plain.short());
    // Its signature is not looked at.
    let unsigned = |id: &str, version| RawKemPreKey {
        installation_id: id.to_owned(),
        version,
        key: vec![0xff; 1184],
        signature: Vec::new(),
    };
    let own = beside(&alice.short(), &[]);
    let own = with_kem_prekeys(own, vec![unsigned("x1-alice", 1)]);
    assert_eq!(alice.import_bundle(&own).warnings, []);
    alice.import_bundle(&bob.bundle());
    for (id, version) in [
        ("x1-unknown", 1),
        ("plain", 1),
        ("x1-bob", 1),
        ("x1-bob", 3),
        ("x1-bob", u32::MAX),
        ("x1-bob", 0),
    ] {
        let wire = with_kem_prekeys(bob.short(), vec![unsigned(id, version)]);
        assert_eq!(alice.import_bundle(&wire).warnings, [], "{id} {version}");
    }
    assert_eq!(alice.held(&bob), Some(1));
    let newer = with_kem_prekeys(bob.short(), vec![unsigned("x1-bob", 2)]);
    assert_eq!(alice.import_bundle(&newer).warnings.len(), 1);
}

#[test]
fn an_old_kem_prekey_brought_again_is_passed_over() {
    let (mut alice, mut bob) = post_quantum();
    let old = bob.kem_of_bundle();
    let held = |alice: &TestDevice, bob: &TestDevice| {
        let device = alice.known(bob.key, &bob.id).unwrap();
        device.kem.held.unwrap().key.id()
    };
    bob.days(7);
    pass(&mut [&mut alice], 7 * DAY);
    alice.import_bundle(&bob.bundle());
    let newest = held(&alice, &bob);
    let again = with_kem_prekeys(bob.short(), vec![old.clone()]);
    assert_eq!(alice.import_bundle(&again).warnings, []);
    assert_eq!(held(&alice, &bob), newest);
    // Nor under the version of the newest.
    let renamed = RawKemPreKey { version: 8, ..old };
    let again = with_kem_prekeys(bob.short(), vec![renamed]);
    alice.import_bundle(&again);
    assert_eq!(held(&alice, &bob), newest);
    assert_eq!(alice.held(&bob), Some(8));
}

#[test]
fn field_16_changes_no_session_and_no_standing() {
    let (mut alice, mut bob) = post_quantum();
    alice.forget_kem(&bob);
    let before = alice.fingerprint();
    let prekey = alice.known(bob.key, &bob.id).unwrap().prekey;
    alice.import_bundle(&bob.bundle());
    assert_eq!(alice.held(&bob), Some(1));
    assert_eq!(alice.fingerprint(), before);
    assert_eq!(alice.known(bob.key, &bob.id).unwrap().prekey, prekey);
}

#[test]
fn arrivals_of_kem_prekeys_are_events_up_to_the_daily_limit_of_the_identity() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    alice.import_bundle(&bob.short());
    alice.import_bundle(&bob.bundle());
    alice.import_bundle(&bob.bundle());
    assert_eq!(arrivals(&mut alice), 1);
    // One that takes the place of another that serves is no news.
    bob.days(7);
    alice.import_bundle(&bob.bundle());
    assert_eq!((alice.held(&bob), arrivals(&mut alice)), (Some(8), 0));
    let known = alice.store.peer(&bob.key).unwrap().unwrap();
    assert_eq!(known.discoveries.told, 2, "the device, and its KEM prekey");
    alice.forget_kem(&bob);
    let mut full = known;
    full.discoveries.told = MAX_DISCOVERIES_TOLD;
    alice
        .transact(|_, store, _| store.put_peer(&Peer { ..full }))
        .unwrap();
    alice.import_bundle(&bob.bundle());
    assert_eq!((alice.held(&bob), arrivals(&mut alice)), (Some(8), 0));
    alice.forget_kem(&bob);
    alice.later(DAY);
    alice.import_bundle(&bob.bundle());
    assert_eq!(arrivals(&mut alice), 1);
}
