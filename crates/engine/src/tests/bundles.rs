//! What received bundles change, and what they must not change (protocol §3).

use super::*;
use crate::{
    model::{SkipReason, WarningKind},
    wire::{decode_bundle, encode_bundle},
};
use crypto_core::{RawBundle, sign_bundle};

/// The same bundle after a change, signed again by its identity.
pub(super) fn resigned(identity: u8, wire: &[u8], change: impl FnOnce(&mut RawBundle)) -> Vec<u8> {
    let mut raw = decode_bundle(wire).unwrap();
    change(&mut raw);
    let pair = IdentityKeyPair::from_secret_bytes(&[identity; 32]).unwrap();
    raw.signature = sign_bundle(&pair, &raw.entries, raw.timestamp)
        .to_bytes()
        .to_vec();
    encode_bundle(raw)
}

fn kinds(imported: &crate::model::ImportedBundle) -> Vec<WarningKind> {
    imported
        .warnings
        .iter()
        .map(|warning| warning.kind)
        .collect()
}

#[test]
fn a_bundle_is_made_once_and_reused_until_its_content_changes() {
    let mut bob = TestDevice::new(2, "bob");
    let first = bob.bundle();
    bob.later(23 * HOUR);
    assert_eq!(bob.bundle(), first);
    bob.later(HOUR);
    let second = decode_bundle(&bob.bundle()).unwrap();
    let first = decode_bundle(&first).unwrap();
    assert_eq!(
        (first.entries[0].version, second.entries[0].version),
        (1, 2)
    );
    assert!(second.timestamp > first.timestamp);
    assert_ne!(
        first.entries[0].signed_pre_key,
        second.entries[0].signed_pre_key
    );
}

#[test]
fn a_supplied_id_begins_at_a_version_above_all_it_can_have_published() {
    let mut bob = TestDevice::new(2, "bob");
    bob.engine.account.fresh_installation = false;
    // Minutes from 2020-01-01 to 2023-11-14 22:13.
    assert_eq!(
        decode_bundle(&bob.bundle()).unwrap().entries[0].version,
        2_036_053
    );
}

#[test]
fn a_clock_set_back_makes_no_older_bundle_and_one_from_the_far_future_still_rotates() {
    let mut bob = TestDevice::new(2, "bob");
    let first = decode_bundle(&bob.bundle()).unwrap();
    bob.now = UnixMillis(BEGINNING.0 - 3 * DAY);
    // The prekey is dated more than a rotation ahead: it is replaced, by a bundle that is newer
    // than the last all the same.
    let second = decode_bundle(&bob.bundle()).unwrap();
    assert!(second.timestamp > first.timestamp);
    assert_eq!(second.entries[0].version, 2);
}

#[test]
fn a_bundle_from_last_week_changes_nothing() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let old = bob.bundle();
    pass(&mut [&mut alice, &mut bob], 7 * DAY);
    alice.import_bundle(&bob.bundle());
    let known = alice.known(bob.key, &bob.id).unwrap();
    let imported = alice.import_bundle(&old);
    assert!(!imported.installations[0].is_newer);
    assert_eq!(alice.known(bob.key, &bob.id).unwrap(), known);
}

#[test]
fn a_bundle_that_omits_a_device_makes_it_stale_after_a_week_and_a_newer_one_revives_it() {
    let mut alice = TestDevice::new(1, "alice");
    let (mut phone, mut laptop) = (TestDevice::new(2, "phone"), TestDevice::new(2, "laptop"));
    alice.import_bundle(&phone.bundle());
    // The laptop does not know the phone: its bundle omits it.
    pass(&mut [&mut alice, &mut phone, &mut laptop], HOUR);
    alice.import_bundle(&laptop.bundle());
    let reasons = |alice: &mut TestDevice, key| {
        let sent = alice.sent(key, "x");
        sent.skipped
            .iter()
            .map(|s| (s.installation.clone(), s.reason))
            .collect::<Vec<_>>()
    };
    assert_eq!(reasons(&mut alice, phone.key), []);
    pass(&mut [&mut alice, &mut phone, &mut laptop], 7 * DAY);
    assert_eq!(
        reasons(&mut alice, phone.key),
        [(phone.id.clone(), SkipReason::Stale)]
    );
    alice.import_bundle(&phone.bundle());
    // Now the phone's bundle is the newest, and omits the laptop, whose timer has just begun.
    assert_eq!(reasons(&mut alice, phone.key), []);
}

#[test]
fn the_timer_of_a_device_begins_no_earlier_than_the_last_bundle_that_lists_it_was_made_or_it_was_met()
 {
    let mut alice = TestDevice::new(1, "alice");
    let (mut phone, mut laptop) = (TestDevice::new(2, "phone"), TestDevice::new(2, "laptop"));
    let old = laptop.bundle();
    pass(&mut [&mut alice, &mut phone], HOUR);
    alice.import_bundle(&phone.bundle());
    alice.later(HOUR);
    let (key, id) = (laptop.key, laptop.id.clone());
    let omitted_since = |alice: &mut TestDevice, bundle: &[u8]| {
        alice.import_bundle(bundle);
        alice.known(key, &id).unwrap().omitted_since
    };
    // First met in a bundle that is not the newest.
    let met = alice.now;
    assert_eq!(omitted_since(&mut alice, &old), Some(met));
    alice.later(HOUR);
    assert_eq!(omitted_since(&mut alice, &old), Some(met));
    // Two days later it makes a bundle, and the phone another one, which comes first.
    alice.later(2 * DAY);
    laptop.now = alice.now;
    let made = laptop.bundle();
    phone.now = UnixMillis(alice.now.0 + HOUR);
    assert_eq!(omitted_since(&mut alice, &phone.bundle()), Some(met));
    assert_eq!(omitted_since(&mut alice, &made), Some(laptop.now));
}

#[test]
fn a_bundle_dated_2099_does_not_stay_the_newest_for_ever() {
    let mut alice = TestDevice::new(1, "alice");
    let (mut phone, mut laptop) = (TestDevice::new(2, "phone"), TestDevice::new(2, "laptop"));
    let dated = resigned(2, &phone.bundle(), |raw| {
        raw.timestamp = 4_070_908_800_000_000_000
    });
    alice.import_bundle(&dated);
    assert!(alice.known(phone.key, &phone.id).unwrap().last_active_at <= alice.now);
    pass(&mut [&mut alice, &mut laptop], HOUR);
    alice.import_bundle(&laptop.bundle());
    // The laptop's bundle is newer: the phone's timer runs, not the laptop's.
    assert!(
        alice
            .known(phone.key, &phone.id)
            .unwrap()
            .omitted_since
            .is_some()
    );
    assert!(
        alice
            .known(laptop.key, &laptop.id)
            .unwrap()
            .omitted_since
            .is_none()
    );
}

#[test]
fn an_empty_bundle_starts_timers_and_no_more() {
    let (mut alice, mut bob) = established();
    bob.later(1);
    let empty = resigned(2, &bob.bundle(), |raw| {
        raw.entries.clear();
        raw.timestamp += 1_000_000;
    });
    alice.import_bundle(&empty);
    assert_eq!(mode(&alice.send(bob.key, "still here")), Mode::Ratchet);
}

#[test]
fn a_bundle_of_33_devices_is_refused_whole_and_the_33rd_known_device_pushes_out_the_least_active() {
    let mut alice = TestDevice::new(1, "alice");
    let mut bob = TestDevice::new(2, "bob");
    let many = resigned(2, &bob.bundle(), |raw| {
        let entry = raw.entries[0].clone();
        raw.entries.extend((0..32).map(|n| crypto_core::RawEntry {
            installation_id: format!("plain-{n}"),
            ratchet_pre_key: Vec::new(),
            ratchet_signature: Vec::new(),
            ..entry.clone()
        }));
    });
    let refused = alice.transact(|engine, store, env| engine.import_bundle(store, env, &many));
    assert!(refused.is_err());
    let mut devices: Vec<TestDevice> = (0..33)
        .map(|n| TestDevice::new(2, &format!("d{n:02}")))
        .collect();
    for (n, device) in devices.iter_mut().enumerate() {
        device.later(n as u64 * 1000);
        alice.now = device.now;
        let bundle = device.bundle();
        alice.import_bundle(&bundle);
    }
    assert_eq!(alice.store.devices(&bob.key).unwrap().len(), 32);
    assert!(alice.known(bob.key, &devices[0].id).is_none());
    assert!(alice.known(bob.key, &devices[32].id).is_some());
}

#[test]
fn a_signed_bundle_of_any_size_cannot_fill_the_memory() {
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::new(2, "bob"));
    let fat = resigned(2, &bob.bundle(), |raw| {
        raw.entries.push(crypto_core::RawEntry {
            installation_id: "x".repeat(crate::wire::MAX_BUNDLE_BYTES),
            ..raw.entries[0].clone()
        });
    });
    let refused = alice.transact(|engine, store, env| engine.import_bundle(store, env, &fat));
    assert!(refused.unwrap_err().to_string().contains("bytes"));
}

#[test]
fn a_stripped_extension_is_not_adopted_and_a_siblings_copy_without_it_keeps_the_known_one() {
    let strip = |raw: &mut RawBundle| {
        raw.entries[0].ratchet_pre_key.clear();
        raw.entries[0].ratchet_signature.clear();
        raw.timestamp += 1;
    };
    // An id that does not promise the extension, but showed it once.
    let (mut alice, mut bob) = (
        TestDevice::new(1, "alice"),
        TestDevice::with(2, "bob", Config::default()),
    );
    let known = bob.bundle();
    alice.import_bundle(&known);
    assert_eq!(kinds(&alice.import_bundle(&resigned(2, &known, strip))), []);
    pass(&mut [&mut alice, &mut bob], DAY);
    let stripped = resigned(2, &bob.bundle(), strip);
    assert_eq!(
        kinds(&alice.import_bundle(&stripped)),
        [WarningKind::MissingExtension]
    );
    assert_eq!(
        alice
            .known(bob.key, &bob.id)
            .unwrap()
            .prekey
            .unwrap()
            .version,
        1
    );
    alice.import_bundle(&bob.bundle());
    assert_eq!(
        alice
            .known(bob.key, &bob.id)
            .unwrap()
            .prekey
            .unwrap()
            .version,
        2
    );

    // An id that promises it.
    let mut carol = TestDevice::new(3, "carol");
    let known = carol.bundle();
    let stripped = resigned(3, &known, strip);
    assert_eq!(kinds(&alice.import_bundle(&stripped)), []);
    let met = alice.known(carol.key, &carol.id).unwrap();
    assert_eq!(met.prekey, None);
    alice.import_bundle(&known);
    assert_eq!(kinds(&alice.import_bundle(&stripped)), []);
}

#[test]
fn a_version_jump_is_not_adopted_unless_the_extension_vouches_for_it() {
    let version = |version| {
        move |raw: &mut RawBundle| {
            raw.entries[0].version = version;
            raw.entries[0].signed_pre_key =
                SignedPreKeyPair::from_secret_bytes(&[version as u8; 32])
                    .unwrap()
                    .public()
                    .to_bytes()
                    .to_vec();
            raw.timestamp += i64::from(version);
        }
    };
    let (mut alice, mut bob) = (TestDevice::new(1, "alice"), TestDevice::plain(2, "bob"));
    let first = bob.bundle();
    alice.import_bundle(&first);
    assert_eq!(
        kinds(&alice.import_bundle(&resigned(2, &first, version(12)))),
        [WarningKind::VersionJump]
    );
    assert_eq!(
        kinds(&alice.import_bundle(&resigned(2, &first, version(11)))),
        []
    );
    alice.later(3 * DAY);
    assert_eq!(
        kinds(&alice.import_bundle(&resigned(2, &first, version(25)))),
        [WarningKind::VersionJump]
    );
    assert_eq!(
        kinds(&alice.import_bundle(&resigned(2, &first, version(24)))),
        []
    );
    // A reset by the user makes one version jump acceptable.
    alice.reset(bob.key, None).unwrap();
    assert_eq!(
        kinds(&alice.import_bundle(&resigned(2, &first, version(90)))),
        []
    );
    assert_eq!(
        kinds(&alice.import_bundle(&resigned(2, &first, version(200)))),
        [WarningKind::VersionJump]
    );
}

#[test]
fn entries_for_our_own_device_change_nothing_and_a_clone_is_reported() {
    let mut phone = TestDevice::new(1, "phone");
    let own = phone.bundle();
    assert_eq!(kinds(&phone.import_bundle(&own)), []);
    phone.later(DAY);
    phone.bundle();
    assert_eq!(kinds(&phone.import_bundle(&own)), []);
    let mut clone = TestDevice::new(1, "phone");
    clone.rng = SplitMix64(99);
    clone.now = phone.now;
    let theirs = clone.bundle();
    assert_eq!(
        kinds(&phone.import_bundle(&theirs)),
        [WarningKind::ClonedInstallation]
    );
    assert!(phone.known(phone.key, &phone.id).is_none());
}

#[test]
fn the_contact_code_reads_back_in_every_form_of_base64() {
    let wire = TestDevice::new(1, "phone").bundle();
    let code = crate::wire::encode_contact_code(&wire);
    let url_safe = code.replace('+', "-").replace('/', "_");
    for text in [
        code.as_str(),
        code.trim_end_matches('='),
        &url_safe,
        &format!(" {code}\n"),
    ] {
        assert_eq!(
            crate::wire::decode_contact_code(text).as_ref(),
            Some(&wire),
            "{text}"
        );
    }
    for bad in ["", "====", "not base64!", "a"] {
        assert_eq!(crate::wire::decode_contact_code(bad), None, "{bad}");
    }
}
