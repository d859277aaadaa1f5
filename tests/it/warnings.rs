//! Warnings about bundles and messages, and what is still taken of those.

use crate::support::{
    Daemon,
    bundles::{bundle_of, entry, field, identity, with_ratchet_prekey},
    hex, text,
};
use crypto_core::RawEntry;
use serde_json::{Value, json};

/// Every secret byte of the identity whose bundles are made here.
const SEED: u8 = 5;

fn public_key() -> String {
    hex(&identity(&[SEED; 32])
        .public()
        .to_uncompressed()
        .expect("a point"))
}

fn bundle(after: i64, entries: Vec<RawEntry>) -> Vec<u8> {
    bundle_of(&identity(&[SEED; 32]), after, entries)
}

fn import(at: &Daemon, bundle: &[u8]) -> Value {
    at.ok("bundle_import", json!({"bundle": hex(bundle)}))
}

fn kinds(answer: &Value) -> Vec<String> {
    let warnings = answer["warnings"].as_array().expect("warnings");
    let kinds = warnings.iter().map(|warning| {
        assert!(!text(&warning["detail"]).is_empty(), "{warning}");
        text(&warning["kind"])
    });
    kinds.collect()
}

fn known(at: &Daemon) -> Vec<String> {
    let listed = at.ok("installation_list", json!({"identity": public_key()}));
    let listed = listed.as_array().expect("devices");
    listed
        .iter()
        .map(|device| text(&device["installationId"]))
        .collect()
}

fn daemon() -> Daemon {
    let daemon = Daemon::start();
    daemon.ok("account_create", json!({"account": "bob"}));
    daemon
}

#[test]
fn an_entry_that_cannot_be_used_is_warned_of_and_the_others_are_taken() {
    let bob = daemon();
    let mut off_the_curve = entry("tablet", 1, 1);
    off_the_curve.signed_pre_key[1..].fill(0xff);
    let answer = import(
        &bob,
        &bundle(
            0,
            vec![
                entry("laptop", 2, 1),
                off_the_curve,
                entry("x1-phone", 3, 1),
            ],
        ),
    );
    // One that only lacks what its id promises was published by another device, which does not know
    // it.
    assert_eq!(kinds(&answer), ["invalid_entry"]);
    assert_eq!(known(&bob), ["laptop", "x1-phone"]);
}

#[test]
fn an_entry_that_has_lost_its_ratchet_prekey_is_warned_of_and_not_taken() {
    let bob = daemon();
    let whole = with_ratchet_prekey(entry("laptop", 2, 1), &identity(&[SEED; 32]), 2, 9);
    assert!(kinds(&import(&bob, &bundle(0, vec![whole]))).is_empty());
    let lost = import(&bob, &bundle(60, vec![entry("laptop", 3, 2)]));
    assert_eq!(kinds(&lost), ["missing_extension"]);
    let listed = bob.ok("installation_list", json!({"identity": public_key()}));
    assert_eq!(listed[0]["version"], 1);
}

#[test]
fn a_version_that_runs_ahead_of_time_is_warned_of_and_not_believed() {
    let bob = daemon();
    assert!(kinds(&import(&bob, &bundle(0, vec![entry("laptop", 2, 1)]))).is_empty());
    let leap = import(&bob, &bundle(60, vec![entry("laptop", 3, 4_000_000)]));
    assert_eq!(kinds(&leap), ["version_jump"]);
    // The next version is.
    assert!(kinds(&import(&bob, &bundle(120, vec![entry("laptop", 4, 2)]))).is_empty());
}

#[test]
fn a_prekey_of_our_own_device_that_is_not_ours_is_reported_as_a_clone() {
    let alice = Daemon::start();
    alice.ok(
        "account_import",
        json!({"account": "me", "privateKey": hex(&[SEED; 32]), "installationId": "laptop"}),
    );
    let answer = import(&alice, &bundle(0, vec![entry("laptop", 9, 1_000)]));
    assert_eq!(kinds(&answer), ["cloned_installation"]);
}

#[test]
fn a_device_for_which_there_is_no_room_is_warned_of() {
    let bob = daemon();
    let named = |range: std::ops::Range<u8>| {
        range
            .map(|n| entry(&format!("device-{n:02}"), n + 1, 1))
            .collect::<Vec<_>>()
    };
    assert!(kinds(&import(&bob, &bundle(0, named(0..32)))).is_empty());
    assert_eq!(known(&bob).len(), 32);
    // What the user decided about is not forgotten for another one, and neither is what the new
    // bundle lists.
    bob.ok(
        "installation_disable",
        json!({"identity": public_key(), "installationId": "device-00"}),
    );
    let answer = import(&bob, &bundle(60, named(1..33)));
    assert_eq!(kinds(&answer), ["too_many_devices"]);
    assert!(!known(&bob).contains(&"device-32".to_owned()));
}

#[test]
fn a_message_whose_sender_is_no_device_is_read_and_warned_of() {
    let bob = daemon();
    // A public message of an installation with a space in its name.
    let wire = [field(2, b"no device"), field(102, b"hello")].concat();
    let read = bob.ok(
        "message_decrypt",
        json!({"sender": public_key(), "message": hex(&wire)}),
    );
    assert_eq!(read["outcome"], "public");
    assert_eq!(read["text"], "hello");
    assert_eq!(kinds(&read), ["invalid_installation"]);
}
