//! Compares the simulated status-go with recordings of the real one.

use crate::world::replay_recording;

const RECORDING: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/vectors/status-go-behaviour.json"
));

/// At every step of every schedule: for whom a message is encrypted and how, and what each device
/// makes of it.
#[test]
fn simulated_devices_do_at_each_step_what_status_go_did() {
    let worlds = replay_recording(RECORDING).expect("a recording");
    assert_eq!(worlds.len(), 27);
    let mut differences = 0;
    for world in &worlds {
        for difference in world.differences.iter().take(3) {
            println!("{}: {difference:?}", world.world);
        }
        differences += world.differences.len();
    }
    assert_eq!(differences, 0, "steps came out otherwise than recorded");
}

/// The recordings have no step for this.
#[test]
fn simulated_devices_read_a_message_again_until_it_is_confirmed() {
    let world = r#"{"format": "ratchetd-behaviour/1", "worlds": [{"name": "w", "devices": [1, 1], "paired": false,
        "ops": [["send", 0, 0, 1, 0], ["read", 1, 0, 0, true], ["send", 1, 0, 0, 1],
            ["read", 0, 0, 1, false], ["read", 0, 0, 1, true], ["read", 0, 0, 1, true]],
        "outcomes": [[[1, [["none", "dh"]]]], ["read"], [[0, [["0/0", "x3dh"]]]],
            ["read"], ["read"], ["old_chain"]]}]}"#;
    let worlds = replay_recording(world).expect("a recording");
    assert_eq!(worlds[0].differences, []);
}

#[test]
fn an_invalid_recording_is_an_error_that_names_the_operation() {
    let world = |op: &str| {
        format!(
            r#"{{"format": "ratchetd-behaviour/1", "worlds": [{{"name": "w", "devices": [1, 1],
                "paired": true, "ops": [["send", 0, 0, 1, 0], {op}], "outcomes": [null, null]}}]}}"#
        )
    };
    assert!(replay_recording(&world(r#"["read", 1, 0, 0, true]"#)).is_ok());
    for op in [
        r#""send""#,
        "[]",
        r#"["leave", 0, 0]"#,
        r#"["advance"]"#,
        r#"["advance", -1]"#,
        r#"["advance", 1e300]"#,
        r#"["advance", "2"]"#,
        r#"["send", 0, 0, 1, 0]"#,
        r#"["send", 0, 1, 1, 1]"#,
        r#"["send", 0, 0, 2, 1]"#,
        r#"["send", 0, 0, 1]"#,
        r#"["send", 0, 0, 1, -1]"#,
        r#"["read", 1, 0, 1, true]"#,
        r#"["read", 1, 0, 0, 1]"#,
        r#"["read", 2, 0, 0, true]"#,
        r#"["reinstall", 0, 0]"#,
        r#"["reinstall", 18446744073709551615, 0, true]"#,
    ] {
        let error = replay_recording(&world(op)).expect_err(op).to_string();
        let compact: serde_json::Value = serde_json::from_str(op).expect("JSON");
        assert!(error.contains(&format!("step 1, {compact}: ")), "{error}");
    }
    for (text, words) in [
        ("", "EOF"),
        ("[]", "format"),
        (r#"{"format": "ratchetd-behaviour/1"}"#, "worlds"),
        (
            r#"{"format": "ratchetd-behaviour/1", "worlds": [1]}"#,
            "ops",
        ),
    ] {
        let error = replay_recording(text).expect_err(text).to_string();
        assert!(error.contains(words), "{error}");
    }
}
