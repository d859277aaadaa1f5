//! Each value of a closed set, on which a program may branch, occurs in an end-to-end test.

use std::{fs, process::Command};

use crate::{
    sources::{files, top},
    support::RATCHETD,
};
use serde_json::Value;

/// Values that no end-to-end test can provoke, and why.
const UNMET: [(&str, &str); 1] = [(
    "internal",
    "a defect of the daemon: that it is answered as one is shown inside, with a call that panics on purpose",
)];

/// The values of a closed set, with the name of the set; of events, the type of each.
fn values(schemas: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, schema) in schemas.as_object().expect("schemas") {
        let listed = schema["enum"].as_array().into_iter().flatten();
        let one_of = schema["oneOf"].as_array().into_iter().flatten();
        let one_of = one_of.filter_map(|one| {
            let event = &one["properties"]["type"];
            [&one["const"], &event["const"], &event["enum"][0]]
                .into_iter()
                .find(|value| value.is_string())
        });
        found.extend(listed.chain(one_of).filter_map(|value| {
            let value = value.as_str()?;
            Some((name.clone(), value.to_owned()))
        }));
    }
    found
}

#[test]
fn every_value_of_every_closed_set_is_met_from_outside() {
    // The tests at the top of the repository, which start the daemon.
    let sources: Vec<String> = files(&top().join("tests"), "rs")
        .iter()
        .filter(|path| !path.ends_with("closed_sets.rs"))
        .map(|path| fs::read_to_string(path).expect("a source"))
        .collect();
    let document = Command::new(RATCHETD)
        .arg("openrpc")
        .output()
        .expect("to run ratchetd");
    let document: Value = serde_json::from_slice(&document.stdout).expect("JSON");
    let values = values(&document["components"]["schemas"]);
    for set in [
        "Reason",
        "WarningKind",
        "ErrorKind",
        "EventInfo",
        "NextAction",
    ] {
        let count = values.iter().filter(|(name, _)| name == set).count();
        assert!(count >= 4, "{set}: {count}");
    }
    let unmet: Vec<_> = values
        .iter()
        .filter(|(_, value)| UNMET.iter().all(|(unmet, _)| unmet != value))
        .filter(|(_, value)| {
            // Alone, or after the name of an account.
            let quoted = [format!("\"{value}\""), format!(" {value}\"")];
            let names = |source: &String| quoted.iter().any(|text| source.contains(text));
            !sources.iter().any(names)
        })
        .collect();
    assert!(unmet.is_empty(), "no test names {unmet:#?}");
}
