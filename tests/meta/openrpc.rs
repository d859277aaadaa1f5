//! The OpenRPC document, checked against the daemon: every method, every example. The answers of
//! all other tests are checked in `support::document`.
//!
//! `RATCHETD_WRITE=1 cargo test -p daemon --test meta openrpc` writes the examples from a real
//! conversation; run it twice, the second time for the tables that are made from them.

mod reference;

use std::{collections::BTreeSet, fs, process::Command};

use crate::support::{DOCUMENT, Daemon, RATCHETD, WebSocket, text, validator};
use serde_json::{Map, Value, json};

const EXAMPLES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../rpc/src/openrpc/examples.json"
);
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");

/// Whether files are to be written instead of compared.
fn writes() -> bool {
    std::env::var_os("RATCHETD_WRITE").is_some()
}

fn methods(document: &Value) -> Vec<&Value> {
    let methods = document["methods"].as_array().expect("methods");
    methods.iter().collect()
}

fn names(document: &Value) -> BTreeSet<String> {
    methods(document)
        .iter()
        .map(|method| text(&method["name"]))
        .collect()
}

/// A daemon that remembers the first call of each method and what it answered.
struct Told {
    daemon: Daemon,
    calls: Map<String, Value>,
}

impl Told {
    fn call(&mut self, method: &str, params: Value) -> Value {
        let result = self.daemon.ok(method, params.clone());
        self.calls
            .entry(method)
            .or_insert_with(|| json!({"params": params, "result": result}));
        result
    }
}

/// Calls every method once; the calls and their results.
fn tour() -> Map<String, Value> {
    let mut told = Told {
        daemon: Daemon::start(),
        calls: Map::new(),
    };
    told.call("system_version", json!({}));
    told.call("system_health", json!({}));
    told.call("system_setLogFilter", json!({"filter": "warn"}));
    told.call("dev_now", json!({}));
    accounts(&mut told);
    let alice = told.call("account_get", json!({"account": "alice"}));
    let bob = told.call("account_create", json!({"account": "bob"}));
    let (alice, bob) = (&alice["publicKey"], &bob["publicKey"]);
    messages(&mut told, alice, bob);
    envelopes(&mut told, bob);
    devices_and_contacts(&mut told, bob);
    let events = json!({"account": "alice", "after": 0, "limit": 3});
    told.call("event_list", events);
    let mut socket = WebSocket::open(&told.daemon.socket());
    for (method, params) in [
        ("event_subscribe", json!({"account": "alice"})),
        ("event_unsubscribe", json!({"subscription": "events-1"})),
    ] {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = socket.ask(&request);
        let call = json!({"params": params, "result": answer["result"]});
        told.calls.insert(method.to_owned(), call);
    }
    told.call("dev_advanceTime", json!({"ms": 60_000}));
    let prekey = format!("0x{}", "17".repeat(32));
    let params = json!({"account": "bob", "signedPreKeyPrivate": prekey, "version": 9});
    told.call("dev_importPrekey", params);
    told.call("system_status", json!({}));
    let key = told.calls["account_import"]["result"]["publicKey"].clone();
    let params = json!({"account": "imported", "publicKey": key});
    told.call("account_remove", params);
    told.calls
}

fn accounts(told: &mut Told) {
    told.call("account_create", json!({"account": "alice", "words": 12}));
    let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let params = json!({"account": "recovered", "mnemonic": phrase});
    told.call("account_recover", params);
    let key = format!("0x{}", "2a".repeat(32));
    let params = json!({"account": "imported", "privateKey": key});
    told.call("account_import", params);
    let params = json!({"account": "imported", "password": "correct horse battery staple"});
    let keystore = told.call("account_export", params)["keystore"].take();
    let params = json!({"account": "opened", "keystore": keystore, "password": "correct horse battery staple"});
    told.call("account_importKeystore", params);
    told.call("account_list", json!({}));
}

fn messages(told: &mut Told, alice: &Value, bob: &Value) {
    let bundle = told.call("bundle_get", json!({"account": "bob"}));
    told.call("bundle_inspect", json!({"bundle": bundle["contactCode"]}));
    let params = json!({"account": "alice", "bundle": bundle["contactCode"]});
    told.call("bundle_import", params);
    let params =
        json!({"account": "alice", "recipient": bob, "text": "hello", "requestId": "letter-1"});
    let sent = told.call("message_encrypt", params);
    let message = &sent["envelopes"][0]["message"];
    told.call("message_inspect", json!({"message": message}));
    let params = json!({"account": "bob", "sender": alice, "message": message});
    told.call("message_explain", params.clone());
    let read = told.call("message_decrypt", params);
    let params = json!({"account": "bob", "messageIds": [read["messageId"]]});
    told.call("message_confirm", params);
    let params = json!({"account": "alice", "recipients": [bob], "text": "hello, all"});
    told.call("message_encryptGroup", params);
    let params = json!({"account": "alice", "text": "to whom it may concern"});
    told.call("message_encryptPublic", params);
    let params = json!({"account": "bob", "recipient": alice});
    told.call("message_advertise", params);
}

fn envelopes(told: &mut Told, bob: &Value) {
    let params = json!({"account": "alice", "recipient": bob, "text": "hello from far away"});
    let sealed = told.call("envelope_seal", params);
    let params = json!({"account": "bob", "envelope": sealed["envelope"]});
    told.call("envelope_open", params);
    let params = json!({"account": "alice", "identity": bob});
    told.call("topic_negotiated", params);
    let params = json!({"account": "alice", "chat": "with bob"});
    let next = told.call("clock_next", params);
    let (clock, at) = (&next["clock"], &next["timestamp"]);
    let params = json!({"account": "bob", "chat": "with alice", "clock": clock, "envelopeAt": at});
    told.call("clock_observe", params);
}

fn devices_and_contacts(told: &mut Told, bob: &Value) {
    let whose = json!({"account": "alice", "identity": bob});
    let devices = told.call("installation_list", whose.clone());
    let device = &devices[0]["installationId"];
    let which = json!({"account": "alice", "installationId": device, "identity": bob});
    told.call("installation_disable", which.clone());
    told.call("installation_enable", which.clone());
    let mut noted = which;
    noted["metadata"] = json!({"name": "Bob's phone", "deviceType": "phone"});
    told.call("installation_setMetadata", noted);
    told.call("session_list", whose.clone());
    told.call("session_reset", whose.clone());
    let mut introduced = whose.clone();
    introduced["text"] = "It is me, Alice.".into();
    told.call("contact_request", introduced.clone());
    told.call("contact_accept", introduced);
    told.call("contact_get", whose.clone());
    let mut verified = whose.clone();
    verified["verified"] = true.into();
    told.call("contact_verify", verified);
    told.call("contact_decline", whose);
    let params = json!({"account": "alice", "format": "text"});
    told.call("contact_code_qr", params);
    told.call(
        "identity_describe",
        json!({"identity": bob, "account": "alice"}),
    );
    told.call("topic_contactCode", json!({"identity": bob}));
    told.call("topic_partitioned", json!({"identity": bob}));
    told.call("topic_personal", json!({"identity": bob}));
    let topic = told.call("topic_public", json!({"name": "status"}));
    told.call(
        "topic_parse",
        json!({"contentTopic": topic["contentTopic"]}),
    );
    told.call("contact_list", json!({"account": "alice"}));
}

#[test]
fn every_method_answers_as_the_document_says_and_none_is_missing() {
    let mut calls = tour();
    let mut called: BTreeSet<String> = calls.keys().cloned().collect();
    called.insert("rpc.discover".to_owned());
    assert_eq!(called, names(&DOCUMENT));
    if writes() {
        calls.sort_keys();
        let examples = format!("{:#}\n", Value::Object(calls));
        fs::write(EXAMPLES, examples).expect("the examples");
    }
}

#[test]
fn the_daemon_and_the_command_give_the_document_of_the_methods_they_have() {
    let printed = |arguments: &[&str]| -> Value {
        let output = Command::new(RATCHETD)
            .args(arguments)
            .output()
            .expect("to run");
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let develops = Daemon::start();
    let document = develops.ok("rpc.discover", json!({}));
    assert_eq!(document, *DOCUMENT);
    assert_eq!(document, printed(&["openrpc", "--dev"]));
    let mut serves = develops;
    serves.terminate();
    serves.restart_with(&[]);
    let document = serves.ok("rpc.discover", json!({}));
    assert_eq!(document, printed(&["openrpc"]));
    let missing: Vec<String> = names(&DOCUMENT)
        .difference(&names(&document))
        .cloned()
        .collect();
    assert_eq!(missing, ["dev_advanceTime", "dev_importPrekey", "dev_now"]);
    for name in missing {
        let error = serves
            .call(&name, json!({}))
            .expect_err("not without --dev");
        assert_eq!(error["data"]["kind"], "method_not_found");
    }
}

#[test]
fn every_method_has_an_example_that_its_schemas_allow() {
    for method in methods(&DOCUMENT) {
        let name = text(&method["name"]);
        let examples = method["examples"].as_array().expect("examples");
        assert_eq!(examples.len(), 1, "{name}");
        let result = &examples[0]["result"]["value"];
        assert!(
            validator(&method["result"]["schema"]).is_valid(result),
            "{name}"
        );
        for given in examples[0]["params"].as_array().expect("params") {
            let params = method["params"].as_array().expect("params");
            let param = params.iter().find(|param| param["name"] == given["name"]);
            let schema = &param.expect("a parameter of the method")["schema"];
            assert!(
                validator(schema).is_valid(&given["value"]),
                "{name} {given}"
            );
        }
    }
}

#[test]
fn methods_without_an_account_answer_as_their_examples_show() {
    let daemon = Daemon::start();
    for method in methods(&DOCUMENT) {
        let name = text(&method["name"]);
        let of_topics = name.starts_with("topic_") && name != "topic_negotiated";
        if !of_topics && !["bundle_inspect", "message_inspect"].contains(&name.as_str()) {
            continue;
        }
        let example = &method["examples"][0];
        let given = &example["params"][0];
        let mut params = json!({});
        params[text(&given["name"])] = given["value"].clone();
        assert_eq!(daemon.ok(&name, params), example["result"]["value"]);
    }
}

/// A schema of the parts of an OpenRPC document that are used here.
#[test]
fn the_document_is_a_valid_openrpc_document() {
    let schema = json!({
        "type": "object",
        "required": ["openrpc", "info", "methods", "components"],
        "patternProperties": {"^x-": true},
        "additionalProperties": false,
        "properties": {
            "openrpc": {"pattern": "^1\\.3\\.\\d+$"},
            "info": {
                "required": ["title", "version"],
                "properties": {"license": {"required": ["name"]}},
            },
            "servers": {"items": {"required": ["name", "url"]}},
            "methods": {"type": "array", "items": {
                "required": ["name", "params", "result", "summary", "description", "errors", "examples"],
                "properties": {
                    "paramStructure": {"enum": ["by-name", "by-position", "either"]},
                    "tags": {"items": {"required": ["name"]}},
                    "params": {"items": {
                        "required": ["name", "schema", "description", "required"],
                        "additionalProperties": false,
                        "properties": {
                            "name": {"pattern": "^[a-z][A-Za-z]*$"},
                            "schema": {"type": "object"},
                            "description": {"minLength": 20},
                            "required": {"type": "boolean"},
                        },
                    }},
                    "description": {"minLength": 10},
                    "result": {
                        "required": ["name", "schema", "description"],
                        "properties": {"description": {"minLength": 5}},
                    },
                    "errors": {"minItems": 1, "items": {
                        "required": ["code", "message", "data"],
                        "properties": {"data": {"required": ["kinds"]}},
                    }},
                    "examples": {"items": {
                        "required": ["name", "params", "result"],
                        "properties": {
                            "params": {"items": {"required": ["name", "value"]}},
                            "result": {"required": ["name", "value"]},
                        },
                    }},
                },
            }},
            "components": {"properties": {
                "schemas": {"additionalProperties": {"required": ["description"]}},
                "errors": {"additionalProperties": {
                    "required": ["code", "message", "data"],
                    "properties": {
                        "code": {"type": "integer"},
                        "data": {"required": ["kind", "hint"]},
                    },
                }},
            }},
        },
    });
    let form = jsonschema::draft202012::new(&schema).expect("a schema");
    if let Err(error) = form.validate(&DOCUMENT) {
        panic!("{error} at {}", error.instance_path());
    }
    // Every reference has its target, and every schema is referred to.
    let mut referred = BTreeSet::new();
    references(&DOCUMENT, &mut referred);
    let mut defined = BTreeSet::new();
    for list in ["schemas", "errors"] {
        let entries = DOCUMENT["components"][list].as_object().expect("a list");
        defined.extend(
            entries
                .keys()
                .map(|name| format!("#/components/{list}/{name}")),
        );
    }
    for method in methods(&DOCUMENT) {
        let mut codes = BTreeSet::new();
        for error in method["errors"].as_array().expect("errors") {
            assert!(codes.insert(error["code"].as_i64()), "{}", method["name"]);
            for kind in error["data"]["kinds"].as_array().expect("kinds") {
                let defined = &DOCUMENT["components"]["errors"][text(kind)];
                assert_eq!(defined["code"], error["code"], "{kind}");
                referred.insert(format!("#/components/errors/{}", text(kind)));
            }
        }
    }
    // These two answer requests that call no method.
    referred.insert("#/components/errors/parse_error".to_owned());
    referred.insert("#/components/errors/method_not_found".to_owned());
    assert_eq!(referred, defined);
    // The account alone may be left out before a parameter that must be given, and then it is said
    // how.
    for method in methods(&DOCUMENT) {
        let params = method["params"].as_array().expect("params");
        let names: BTreeSet<String> = params.iter().map(|param| text(&param["name"])).collect();
        assert_eq!(names.len(), params.len(), "{}", method["name"]);
        let last = params.iter().rposition(|param| param["required"] == true);
        let before = params.iter().take(last.unwrap_or(0));
        let left_out: Vec<&Value> = before.filter(|param| param["required"] == false).collect();
        assert!(left_out.iter().all(|param| param["name"] == "account"));
        let is_told = method["x-by-position"].is_string();
        assert_eq!(is_told, !left_out.is_empty(), "{}", method["name"]);
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(
                members
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn of_parameters_that_exclude_each_other_one_set_is_taken_and_neither_none_nor_two() {
    let daemon = Daemon::start();
    let key = daemon.ok("account_create", json!({"account": "alice"}))["publicKey"].take();
    let value = |name: &str| match name {
        "account" => "alice".into(),
        "recipient" | "sender" => key.clone(),
        "recipients" => json!([key]),
        "symKey" => format!("0x{}", "01".repeat(32)).into(),
        "text" | "password" => "x".into(),
        "payload" | "message" | "sealed" => "0x01".into(),
        _ => panic!("a value for {name}"),
    };
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let mut tried = 0;
    for method in methods(&DOCUMENT) {
        let Some(choices) = method["x-one-of"].as_array() else {
            continue;
        };
        let name = text(&method["name"]);
        let required = list(&method["params"]).into_iter();
        let required = required.filter(|param| param["required"] == true);
        let required: Vec<Value> = required.map(|param| param["name"].clone()).collect();
        for (place, sets) in choices.iter().enumerate() {
            // Of the other choices, if there are any, the first set.
            let others = choices.iter().enumerate().filter(|(at, _)| *at != place);
            let others: Vec<Value> = others.flat_map(|(_, sets)| list(&sets[0])).collect();
            let call = |given: &[&Value]| {
                let given = given.iter().flat_map(|set| list(set));
                let names = given.chain(others.clone()).chain(required.clone());
                let names = names.map(|name| text(&name)).chain(["account".to_owned()]);
                let params = names.map(|name| (name.clone(), value(&name)));
                daemon.call(&name, Value::Object(params.collect()))
            };
            let mut refused = |given: &[&Value]| {
                let error = call(given).expect_err("not one of the sets");
                assert_eq!(error["data"]["kind"], "invalid_params", "{name}: {error}");
                tried += 1;
            };
            let sets = list(sets);
            let (first, rest) = sets.split_first().expect("two sets");
            refused(&[]);
            rest.iter().for_each(|set| refused(&[first, set]));
            for set in &sets {
                let is_taken = call(&[set])
                    .map_or_else(|error| error["data"]["kind"] != "invalid_params", |_| true);
                assert!(is_taken, "{name} {set}");
            }
        }
    }
    assert!(tried >= 10, "{tried}");
}

/// Types that the page describes in words.
const IN_WORDS: [&str; 2] = ["Bytes", "OpenRpcDocument"];

#[test]
fn every_type_that_is_named_has_its_table_on_the_page() {
    let page = fs::read_to_string(REFERENCE).expect("the page");
    let schemas = DOCUMENT["components"]["schemas"].as_object();
    for name in schemas.expect("schemas").keys() {
        let tables = page.matches(&format!("<!-- type {name} -->")).count();
        let expected = usize::from(!IN_WORDS.contains(&name.as_str()));
        // The tables of these two say what to do as well.
        let advice = match name.as_str() {
            "Reason" => page.matches("<!-- reasons -->").count(),
            "ErrorKind" => page.matches("<!-- errors -->").count(),
            _ => 0,
        };
        let tables = tables + advice;
        assert_eq!(tables, expected, "{name}");
    }
}

#[test]
fn the_page_of_the_interface_says_what_the_document_says() {
    let page = fs::read_to_string(REFERENCE).expect("the page");
    let present = reference::renewed(&page, &DOCUMENT);
    if writes() {
        fs::write(REFERENCE, present).expect("the page");
    } else {
        assert!(
            page == present,
            "run RATCHETD_WRITE=1 cargo test -p daemon --test meta openrpc"
        );
    }
}
