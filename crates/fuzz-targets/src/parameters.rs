//! The parameters of every method.

use std::collections::BTreeSet;

use rpc::METHODS;
use serde_json::{Map, Value};

use crate::Seed;

/// JSON-RPC's number for parameters that are not what the method takes.
const INVALID_PARAMS: i32 = -32602;

/// The parameters of the method that the first byte numbers.
///
/// What is read is written by name and read the same again. A refusal has the number that JSON-RPC
/// gives it, says what to do, and names the parameter where there is one to name; it never quotes
/// what it was given, which may be secret.
pub fn parameters(input: &[u8]) {
    let Some((number, text)) = input.split_first() else {
        return;
    };
    let number = usize::from(*number) % METHODS.len();
    let (Ok(text), Some(method)) = (std::str::from_utf8(text), METHODS.get(number)) else {
        return;
    };
    match (method.rewrite)(text) {
        Ok(written) => {
            let names = method.params.iter().map(|info| info.name);
            for info in method.params.iter().filter(|info| info.required) {
                assert!(written.contains_key(info.name), "{} is missing", info.name);
            }
            assert!(written.keys().all(|name| names.clone().any(|n| n == name)));
            let again = Value::Object(written.clone()).to_string();
            assert_eq!(
                (method.rewrite)(&again),
                Ok(written),
                "read differently when written"
            );
        }
        Err(error) => {
            assert_eq!(error.kind.code(), INVALID_PARAMS, "{}", method.name);
            assert!(!error.message.is_empty() && !error.hint.is_empty());
            let by_name = matches!(serde_json::from_str(text), Ok(Value::Object(_)));
            assert!(!by_name || error.field.is_some(), "nothing is named");
            assert!(error.message.len() < 200 && error.hint.len() < 400);
        }
    }
}

/// The parameters of each method, after its number: of every fourth by position, of the others by
/// name. Methods that take what an earlier one takes are left out.
#[must_use]
pub fn parameter_seeds(value: impl Fn(&str) -> Value) -> Vec<Seed> {
    let mut taken = BTreeSet::new();
    let methods = METHODS.iter().zip(0_u8..);
    methods
        .filter(|(method, _)| {
            let names = method.params.iter().map(|info| info.name);
            taken.insert(names.collect::<Vec<_>>())
        })
        .map(|(method, number)| {
            let names = method.params.iter().map(|info| info.name);
            let (form, params) = if number % 4 == 0 {
                ("by position", names.map(&value).collect())
            } else {
                let by_name: Map<_, _> = names.map(|name| (name.to_owned(), value(name))).collect();
                ("by name", Value::Object(by_name))
            };
            let input = [&[number], params.to_string().as_bytes()].concat();
            (format!("{} {form}", method.name), input)
        })
        .collect()
}
