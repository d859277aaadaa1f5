//! Devices whose version went back, and impossible versions (protocol §3, versions).

use crypto_core::{RawEntry, sign_bundle};
use serde_json::{Value, json};

use crate::{
    among_peers::people::*,
    support::{
        Daemon, Party,
        bundles::{bundle_of, entry, identity, into_2026, with_ratchet_prekey},
        hex, list, text,
    },
};

/// 2020-01-01T00:00:00Z, from which the versions of supplied ids count.
const BEGINNING_OF_2020: u64 = 1_577_836_800_000;

/// Alice's device is ours and Bob's like status-go's; they have talked for two days, so that Bob's
/// version is 3.
fn talking_for_days() -> (Party, StatusGo) {
    let (alice, mut bob) = (Party::new("alice"), StatusGo::of(2, 1));
    swap(&alice, &mut bob);
    for _ in 0..2 {
        says(&alice, &mut bob, "hello");
        pass(&[&alice], 25 * HOUR);
        hears(&alice, &mut bob, "hello");
    }
    (alice, bob)
}

/// Bob's device is known by its new prekey, and that it was set up again was told.
fn is_believed(alice: &Party, bob: &mut StatusGo, read: &Value) {
    assert_eq!(warnings(read), ["version_went_back"]);
    let known = device(alice, &bob.key, bob.id());
    assert_eq!(known["version"], 1);
    assert_eq!(known["refusedVersion"], Value::Null);
    assert!(known["versionWentBackAt"].is_u64(), "{known}");
    assert_eq!(
        told(alice, "installation.version_went_back"),
        [json!({"identity": bob.key, "installationId": bob.id(), "from": 3, "to": 1})]
    );
    for _ in 0..3 {
        says(alice, bob, "you are back");
        assert_eq!(
            warnings(&hears(alice, bob, "so I am")),
            Vec::<String>::new()
        );
    }
}

/// Bob loses his phone's state and sets it up again under its old id: its versions begin at 1
/// again. Alice hears of it with his first message, which proves that it is he, and what she
/// answers he reads.
#[test]
fn a_device_that_was_set_up_again_is_believed_with_its_first_message() {
    let (alice, mut bob) = talking_for_days();
    pass(&[&alice], HOUR);
    bob.is_set_up_again();
    bob.meets(&alice);
    let read = hears(&alice, &mut bob, "I have lost everything");
    is_believed(&alice, &mut bob, &read);
}

/// The same, but his first message goes by DH, since he knows no device of hers: that proves
/// nobody, and so changes nothing but that it is told. His second one is proven.
#[test]
fn what_a_message_brings_that_proves_nobody_is_not_believed_and_told() {
    let (alice, mut bob) = talking_for_days();
    pass(&[&alice], HOUR);
    bob.is_set_up_again();
    let read = hears(&alice, &mut bob, "I have lost everything");
    assert_eq!(read["authenticated"], false);
    assert_eq!(warnings(&read), ["version_not_believed"]);
    let known = device(&alice, &bob.key, bob.id());
    assert_eq!(
        (&known["version"], &known["refusedVersion"]),
        (&json!(3), &json!(1))
    );
    assert!(told(&alice, "installation.version_went_back").is_empty());

    // What she answers is for the state that he has lost. He learns from it that there is a device
    // of hers.
    let sent = write(&alice, &bob.key, "can you read this?");
    let unread = bob.receives(&alice, &message_for(&sent, &bob.key));
    unread.text.expect_err("its session is lost");
    let read = hears(&alice, &mut bob, "no");
    assert_eq!(read["authenticated"], true);
    is_believed(&alice, &mut bob, &read);
}

/// Every secret byte of the identity whose bundles are made here.
const SEED: u8 = 5;

/// A bundle of that identity, signed when the clock of this daemon showed so many seconds more than
/// now.
fn bundle(at: &Party, later: i64, entries: Vec<RawEntry>) -> String {
    let signed = into_2026(now(at).0) + later;
    hex(&bundle_of(&identity(&[SEED; 32]), signed, entries))
}

/// The identity of those bundles.
fn key() -> String {
    let key = identity(&[SEED; 32]).public().to_uncompressed();
    hex(&key.expect("a point"))
}

fn severity(report: &str, id: &str) -> Value {
    let report: Value = serde_json::from_str(report).expect("JSON");
    let mut findings = list(&report["findings"]).iter();
    let finding = findings.find(|finding| finding["id"] == id);
    finding.expect("a finding")["severity"].clone()
}

/// A contact code of Bob's has a lower version than Alice knows of his laptop. A code proves
/// nothing of who set the laptop up again, so that it is not believed: the answer says so, the
/// listing and `doctor` do, and a reset settles it.
#[test]
fn a_contact_code_with_a_lower_version_is_not_believed_until_the_user_says_so() {
    let alice = Party::new("alice");
    let laptop = |prekey, version| vec![entry("laptop", prekey, version)];
    let known = || {
        let known = device(&alice, &key(), "laptop");
        (known["version"].clone(), known["refusedVersion"].clone())
    };
    let doctor = || {
        let report = ratchetd("doctor", &alice.daemon.data_dir(), &["--json"]);
        severity(&report, "devices.refused")
    };
    import(&alice, &bundle(&alice, -60, laptop(2, 5)));

    // Old news is nothing to tell of.
    let answer = import(&alice, &bundle(&alice, -120, laptop(3, 4)));
    assert_eq!(warnings(&answer), [""; 0]);

    let lower = bundle(&alice, -30, laptop(4, 2));
    assert_eq!(warnings(&import(&alice, &lower)), ["version_not_believed"]);
    assert_eq!(known(), (json!(5), json!(2)));
    assert_eq!(doctor(), "warning");

    let params = json!({"identity": key(), "installationId": "laptop"});
    alice.daemon.ok("session_reset", params);
    assert_eq!(known(), (json!(5), Value::Null));
    assert_eq!(warnings(&import(&alice, &lower)), [""; 0]);
    assert_eq!(known(), (json!(2), Value::Null));
    assert_eq!(doctor(), "ok");
}

/// Signatures do not tell where a version ends and the next id begins, if that begins with a digit,
/// as the ids of status-go do. A relay moves digits, before Alice has met any of Bob's devices. She
/// does not believe what comes of it, and takes up the genuine bundle after it.
#[test]
fn digits_moved_into_a_version_are_not_believed_at_the_first_meeting() {
    let alice = Party::new("alice");
    let (phone, tablet) = ("3f1c-phone", "40128374-tablet");
    let genuine = vec![entry(phone, 2, 7), entry(tablet, 3, 1)];
    let moved = vec![entry(phone, 2, 74_012_837), entry("4-tablet", 3, 1)];
    let signed = |entries: &[RawEntry]| sign_bundle(&identity(&[SEED; 32]), entries, 0).to_bytes();
    assert_eq!(signed(&genuine), signed(&moved), "Bob's own signature");

    let answer = import(&alice, &bundle(&alice, -60, moved));
    assert_eq!(warnings(&answer), ["version_jump"]);
    assert_eq!(device(&alice, &key(), phone)["version"], Value::Null);
    let answer = import(&alice, &bundle(&alice, -30, genuine));
    assert_eq!(warnings(&answer), [""; 0]);
    assert_eq!(device(&alice, &key(), phone)["version"], 7);
    assert_eq!(device(&alice, &key(), tablet)["version"], 1);
}

/// An id that was given may have lived before: its versions begin at the minutes since 2020, above
/// all that one prekey a day and some resets can have come to. Those of an id that is made here
/// begin at 1.
#[test]
fn the_versions_of_an_id_that_was_given_count_minutes() {
    let minute = |party: &Party| (now(party).0 - BEGINNING_OF_2020) / 60_000;
    let version = |party: &Party| {
        let bundle = party.daemon.ok("bundle_get", json!({}));
        bundle["version"].as_u64().expect("a number")
    };
    let daemon = Daemon::start();
    let (bob, before, after) = {
        let shown = daemon.ok("dev_now", json!({}))["now"].as_u64();
        let bob = ours_on(daemon, 2, json!("bobs-phone"));
        let after = minute(&bob);
        (
            bob,
            (shown.expect("a time") - BEGINNING_OF_2020) / 60_000,
            after,
        )
    };
    let first = version(&bob);
    assert!(
        (before..=after).contains(&first),
        "{before} {first} {after}"
    );
    assert_eq!(version(&ours(2)), 1);
}

/// Bob's device of ours has a given id and started over with somebody five times today. Its disk is
/// lost, and an hour later it is set up again under the same id: what it publishes then is above
/// all that.
#[test]
fn a_device_of_ours_that_was_set_up_again_is_at_once_above_what_it_was() {
    let alice = Party::new("alice");
    let bob = ours_on(Daemon::start(), 2, json!("bobs-phone"));
    introduce(&alice, &bob);
    introduce(&bob, &alice);
    for _ in 0..5 {
        let params = json!({"identity": alice.key});
        bob.daemon.ok("session_reset", params);
        assert_eq!(alice.read(&bob, &bob.send(&alice, "anew")), "anew");
    }
    let daemon = Daemon::start();
    daemon.ok("dev_advanceTime", json!({"ms": HOUR}));
    pass(&[&alice], HOUR);
    let bob = ours_on(daemon, 2, json!("bobs-phone"));
    introduce(&bob, &alice);
    assert_eq!(
        device(&alice, &bob.key, "bobs-phone")["refusedVersion"],
        Value::Null
    );
    let message = alice.send(&bob, "are you back?");
    assert_eq!(bob.read(&alice, &message), "are you back?");
}

/// Bob's laptop is first listed by a sibling that leaves out its extension, under a version into
/// which digits were moved. Its own bundle has the same prekey and the extension, and completes
/// what is known, whatever its version.
#[test]
fn an_entry_with_the_known_prekey_and_an_extension_completes_what_is_known() {
    let alice = Party::new("alice");
    import(&alice, &bundle(&alice, -60, vec![entry("laptop", 2, 14)]));
    assert_eq!(device(&alice, &key(), "laptop")["suite"], "secp256k1");
    let own = with_ratchet_prekey(entry("laptop", 2, 1), &identity(&[SEED; 32]), 2, 9);
    let answer = import(&alice, &bundle(&alice, -30, vec![own]));
    assert_eq!(warnings(&answer), [""; 0]);
    let known = device(&alice, &key(), "laptop");
    assert_eq!(known["suite"], "x25519");
    assert_eq!(text(&known["state"]), "active");
}
