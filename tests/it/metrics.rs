//! `GET /metrics`: what it tells, and that it tells nothing of identities and contents.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Daemon, Party, spoilt, text};
use serde_json::json;

const OPERATIONS: &str = include_str!("../../docs/operations.md");

fn metrics(daemon: &Daemon) -> String {
    let answer = daemon.get("/metrics");
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .headers
            .to_ascii_lowercase()
            .contains("content-type: text/plain; version=0.0.4")
    );
    String::from_utf8(answer.body).expect("UTF-8")
}

/// The value of a series, written as it stands there; nothing if it is not there.
fn value(metrics: &str, series: &str) -> Option<f64> {
    metrics.lines().find_map(|line| {
        let value = line.strip_prefix(series)?.strip_prefix(' ')?;
        Some(value.parse().expect("a number"))
    })
}

/// Names and types of all metrics.
fn families(metrics: &str) -> BTreeMap<String, String> {
    let types = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| line.split_once(' ').expect("a name and a type"))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

#[test]
fn calls_outcomes_and_what_is_stored_are_counted() {
    let (alice, bob) = Party::acquainted();
    let letters: Vec<String> = ["one", "two", "three"]
        .iter()
        .map(|letter| alice.send(&bob, letter))
        .collect();
    bob.receive(&alice, &letters[2]);
    bob.receive(&alice, &spoilt(&letters[1]));
    let refused = bob
        .daemon
        .call("message_decrypt", json!({"sender": "0x00"}));
    refused.expect_err("a key that is none");
    bob.daemon
        .call("no_such_method", json!({}))
        .expect_err("no such method");

    let told = metrics(&bob.daemon);
    for (series, expected) in [
        (
            r#"ratchetd_calls_total{method="message_decrypt",outcome="ok"}"#,
            2.0,
        ),
        (
            r#"ratchetd_calls_total{method="message_decrypt",outcome="invalid_key"}"#,
            1.0,
        ),
        (
            r#"ratchetd_calls_total{method="unknown",outcome="method_not_found"}"#,
            1.0,
        ),
        (
            r#"ratchetd_call_duration_seconds_count{method="message_decrypt"}"#,
            3.0,
        ),
        (
            r#"ratchetd_decrypt_outcomes_total{outcome="decrypted"}"#,
            1.0,
        ),
        (
            r#"ratchetd_decrypt_outcomes_total{outcome="undecryptable"}"#,
            1.0,
        ),
        (
            r#"ratchetd_undecryptable_total{reason="authentication_failed"}"#,
            1.0,
        ),
        (
            r#"ratchetd_undecryptable_total{reason="message_key_gone"}"#,
            0.0,
        ),
        (r#"ratchetd_decrypted_total{suite="x25519"}"#, 1.0),
        (r#"ratchetd_decrypted_total{suite="x25519-mlkem768"}"#, 0.0),
        (r#"ratchetd_decrypted_total{suite="none"}"#, 0.0),
        (r#"ratchetd_connections_total{listener="tcp"}"#, 0.0),
        ("ratchetd_accounts", 1.0),
        (r#"ratchetd_sessions{suite="x25519"}"#, 1.0),
        (r#"ratchetd_sessions{suite="x25519-mlkem768"}"#, 0.0),
        (r#"ratchetd_sessions{suite="secp256k1"}"#, 0.0),
        // The first two are still to come, the third was read and not confirmed.
        ("ratchetd_stored_keys", 3.0),
        ("ratchetd_unconfirmed_keys", 1.0),
        ("ratchetd_stale_devices", 0.0),
        ("ratchetd_queue_depth", 0.0),
    ] {
        assert_eq!(value(&told, series), Some(expected), "{series}\n{told}");
    }
    // Each phase of each call and of each commit was timed.
    for phase in ["load", "crypto", "commit"] {
        let series = format!(r#"ratchetd_phase_duration_seconds_count{{phase="{phase}"}}"#);
        assert!(value(&told, &series) > Some(0.0), "{told}");
    }
    assert!(value(&told, "ratchetd_batch_size_count") > Some(0.0));
    assert!(value(&told, "process_resident_memory_bytes") > Some(1_000_000.0));

    let sent = metrics(&alice.daemon);
    let encrypted = r#"ratchetd_calls_total{method="message_encrypt",outcome="ok"}"#;
    assert_eq!(value(&sent, encrypted), Some(3.0));
    let copies = r#"ratchetd_encrypted_copies_total{suite="x25519"}"#;
    assert_eq!(value(&sent, copies), Some(3.0));
}

#[test]
fn bundles_age_and_devices_go_stale() {
    let (alice, _bob) = Party::acquainted();
    alice.daemon.ok("bundle_get", json!({}));
    let hour = 60 * 60 * 1000;
    alice.daemon.ok("dev_advanceTime", json!({"ms": 3 * hour}));
    let told = metrics(&alice.daemon);
    let age = value(&told, "ratchetd_bundle_age_seconds").expect("an age");
    assert!((10_800.0..10_900.0).contains(&age), "{age}");
    alice.daemon.ok("dev_advanceTime", json!({"ms": 30 * hour}));
    let told = metrics(&alice.daemon);
    let age = value(&told, "ratchetd_bundle_age_seconds").expect("an age");
    assert!(age < 10.0 * 3600.0, "it was replaced on the way: {age}");
}

#[test]
fn metrics_hold_no_identity_and_no_content() {
    let (alice, bob) = (Party::new("alice-in-private"), Party::new("bob-in-private"));
    let letter = alice.send(&bob, "swordfish");
    bob.read(&alice, &letter);
    bob.daemon
        .call("swordfish", json!({"swordfish": 1}))
        .expect_err("no such method");
    let told = metrics(&bob.daemon);
    let compressed = bob.daemon.ok("account_get", json!({}))["compressedKey"].take();
    let message = letter.trim_start_matches("0x");
    for secret in [
        "in-private",
        "swordfish",
        &alice.installation,
        &bob.installation,
        &alice.key[4..40],
        &bob.key[4..40],
        &text(&compressed),
        &message[..40],
    ] {
        assert!(!told.contains(secret), "{secret}");
    }
    // Labels take their values from lists; no client adds to them.
    let labels: BTreeSet<&str> = told
        .lines()
        .filter_map(|line| Some(line.split_once('{')?.1.split_once('}')?.0))
        .flat_map(|labels| labels.split(','))
        .filter_map(|label| Some(label.split_once('=')?.0))
        .collect();
    let known = [
        "le", "listener", "method", "outcome", "phase", "reason", "revision", "status", "suite",
        "version",
    ];
    assert!(labels.is_subset(&known.into()), "{labels:?}");
}

/// The metrics that the alerts of the operations page look at, each with the values of its labels
/// that it asks for.
fn alerts() -> Vec<(String, Vec<(String, String)>)> {
    let expressions = OPERATIONS
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "));
    let mut found = Vec::new();
    for expression in expressions {
        for (at, _) in expression.match_indices("ratchetd_") {
            let rest = &expression[at..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
            let matchers = rest
                .strip_prefix('{')
                .and_then(|rest| rest.split_once('}'))
                .map_or("", |(matchers, _)| matchers);
            let labels = matchers.split(',').filter(|matcher| !matcher.is_empty());
            let labels = labels.flat_map(|matcher| {
                let (label, values) = matcher.split_once('=').expect("a matcher");
                let values = values.trim_start_matches('~').trim_matches('"');
                values
                    .split('|')
                    .map(|value| (label.to_owned(), value.to_owned()))
                    .collect::<Vec<_>>()
            });
            found.push((name.to_owned(), labels.collect()));
        }
    }
    assert!(found.len() > 2, "{found:?}");
    found
}

#[test]
fn what_the_alerts_look_at_is_there_from_the_start_so_that_the_first_failure_is_a_rise() {
    let told = metrics(&Daemon::start());
    let series = |name: &str, label: &str| -> Vec<f64> {
        told.lines()
            .filter(|line| line.starts_with(name) && line.contains(label))
            .map(|line| line.rsplit(' ').next().expect("a value"))
            .map(|value| value.parse().expect("a number"))
            .collect()
    };
    for (name, labels) in alerts() {
        let mut there = told
            .lines()
            .filter_map(|line| line.strip_prefix(name.as_str()));
        assert!(there.any(|rest| rest.starts_with([' ', '{'])), "{name}");
        for (label, value) in labels {
            let found = series(&format!("{name}{{"), &format!("{label}=\"{value}\""));
            // A series for each method, or one at least.
            let expected = if name == "ratchetd_calls_total" {
                rpc::METHODS.len()
            } else {
                1
            };
            assert!(found.len() >= expected, "{name}{{{label}={value}}}");
            assert!(found.iter().all(|value| *value == 0.0), "{name}");
        }
    }
}

#[test]
fn the_operations_page_lists_every_metric() {
    let (alice, bob) = (Party::new("alice"), Party::new("bob"));
    bob.receive(&alice, &alice.send(&bob, "hello"));
    bob.daemon.get("/nothing");
    let told = families(&metrics(&bob.daemon));
    let section = OPERATIONS
        .split("\n## Metrics\n")
        .nth(1)
        .expect("a section");
    let section = section.split("\n## ").next().expect("its text");
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`');
        Some((name.to_owned(), cells.next()?.to_owned()))
    });
    assert_eq!(rows.collect::<BTreeMap<_, _>>(), told);
}

#[test]
fn a_message_that_comes_again_is_none_of_those_that_could_not_be_read() {
    let (alice, bob) = Party::acquainted();
    let message = alice.send(&bob, "hello");
    assert_eq!(bob.read(&alice, &message), "hello");
    assert_eq!(bob.receive(&alice, &message)["reason"], "already_read");
    let told = metrics(&bob.daemon);
    let outcomes = "ratchetd_decrypt_outcomes_total{outcome=";
    for (outcome, expected) in [
        ("decrypted", Some(1.0)),
        ("already_read", Some(1.0)),
        ("undecryptable", Some(0.0)),
    ] {
        let series = format!("{outcomes}\"{outcome}\"}}");
        assert_eq!(value(&told, &series), expected, "{series}\n{told}");
    }
    let unread = told
        .lines()
        .filter(|line| line.starts_with("ratchetd_undecryptable_total{"));
    for line in unread {
        assert!(
            line.ends_with(" 0") && !line.contains("already_read"),
            "{line}"
        );
    }
    let events = bob.daemon.ok("event_list", json!({"limit": 1000}));
    assert!(!events.to_string().contains("undecryptable"), "{events}");
}
