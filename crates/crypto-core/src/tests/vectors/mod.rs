//! Every entry of the primitives files, and of the account and identity files.

mod accounts;
mod bundles;
mod exchanges;
mod kem;
mod portraits;
mod primitives;

use serde_json::Value;

use crate::*;

fn file(name: &str) -> Value {
    let path = format!(
        "{}/../../tests/vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn entries<'a>(file: &'a Value, section: &str) -> &'a Vec<Value> {
    let entries = file[section].as_array().unwrap();
    assert!(!entries.is_empty(), "{section}");
    entries
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("not hex: {value}"));
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn key(value: &Value) -> [u8; 32] {
    bytes(value).try_into().unwrap()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn identity(value: &Value) -> IdentityKey {
    IdentityKey::from_wire(&bytes(value)).unwrap()
}

fn installation(value: &Value) -> InstallationId {
    InstallationId::parse(value.as_str().unwrap()).unwrap()
}
