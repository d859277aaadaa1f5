//! Checks every call of every test against the OpenRPC document: its parameters, and what the
//! daemon answers.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The document, with the methods for development.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| rpc::openrpc::document(true));

/// The schemas of one method.
struct Judge {
    params: HashMap<String, Validator>,
    result: Validator,
    kinds: Vec<String>,
}

/// The document with every schema closed, so that members that it does not know are found.
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut components = DOCUMENT["components"].clone();
    for (_, schema) in components["schemas"].as_object_mut().expect("schemas") {
        close(schema);
    }
    components
});

fn close(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if members.contains_key("properties") {
        members.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

/// A schema of the document, which may refer to others of it.
pub fn validator(schema: &Value) -> Validator {
    let schema = json!({"components": *CLOSED, "allOf": [schema]});
    jsonschema::draft202012::new(&schema).expect("a schema")
}

fn judge(method: &str) -> Option<Arc<Judge>> {
    static JUDGES: LazyLock<Mutex<HashMap<String, Arc<Judge>>>> = LazyLock::new(Mutex::default);
    let mut judges = JUDGES.lock().expect("nobody panics with it");
    if let Some(judge) = judges.get(method) {
        return Some(Arc::clone(judge));
    }
    let methods = DOCUMENT["methods"].as_array().expect("methods");
    let entry = methods.iter().find(|entry| entry["name"] == method)?;
    let list = |name: &str| entry[name].as_array().expect("an array").iter();
    let judge = Arc::new(Judge {
        params: list("params")
            .map(|param| (super::text(&param["name"]), validator(&param["schema"])))
            .collect(),
        result: validator(&entry["result"]["schema"]),
        kinds: list("errors")
            .flat_map(|error| error["data"]["kinds"].as_array().expect("kinds"))
            .map(super::text)
            .collect(),
    });
    judges.insert(method.to_owned(), Arc::clone(&judge));
    Some(judge)
}

/// Checks a call.
///
/// # Panics
/// If the document does not allow this answer, or forbids a parameter that was accepted.
pub fn check(method: &str, params: &Value, answer: &Result<Value, Value>) {
    // It gives the document, and is not in it.
    if method == "rpc.discover" {
        return;
    }
    let Some(judge) = judge(method) else {
        let error = answer
            .as_ref()
            .expect_err("a method that the document names");
        assert_eq!(error["data"]["kind"], "method_not_found", "{method}");
        return;
    };
    match answer {
        Ok(result) => {
            if let Err(error) = judge.result.validate(result) {
                panic!("{method} answered what its schema forbids, {error}: {result}");
            }
            for (name, value) in params.as_object().unwrap_or(&Map::new()) {
                let schema = judge.params.get(name);
                let schema = schema.unwrap_or_else(|| panic!("{method} takes {name}"));
                if !value.is_null()
                    && let Err(error) = schema.validate(value)
                {
                    panic!("{method} took what the schema of {name} forbids, {error}: {value}");
                }
            }
        }
        Err(error) => {
            static DATA: LazyLock<Validator> =
                LazyLock::new(|| validator(&DOCUMENT["x-error-data"]));
            assert!(DATA.is_valid(&error["data"]), "{method}: {error}");
            let kind = super::text(&error["data"]["kind"]);
            // The methods for development are there with --dev only.
            let hidden = method.starts_with("dev_") && kind == "method_not_found";
            assert!(
                hidden || judge.kinds.contains(&kind),
                "{method} failed with {kind}"
            );
            assert_eq!(
                error["code"], DOCUMENT["components"]["errors"][&kind]["code"],
                "{method}"
            );
        }
    }
}
