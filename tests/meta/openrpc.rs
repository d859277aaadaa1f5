//! The OpenRPC document, checked against the daemon: every method, every example. The answers of
//! all other tests are checked in `support::document`.
//!
//! `RATCHETD_WRITE=1 cargo test -p daemon --test meta openrpc` writes the examples from a real
//! conversation; run it twice, the second time for the tables that are made from them.

mod reference;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use crate::support::{DOCUMENT, Daemon, RATCHETD, WebSocket, text, validator};
use serde_json::{Map, Value, json};

const EXAMPLES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../rpc/src/openrpc/examples.json"
);
/// The meta-schema of OpenRPC 1.3, as `@open-rpc/meta-schema` 1.14.9 publishes it (Apache-2.0).
const OPENRPC_META_SCHEMA: &str = include_str!("openrpc/openrpc-meta-schema.json");
/// The one for the schemas in it, as `@json-schema-tools/meta-schema` 1.8.0 publishes it
/// (Apache-2.0).
const JSON_META_SCHEMA: &str = include_str!("openrpc/json-meta-schema.json");

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
    groups(&mut told, alice, bob);
    links(&mut told, bob);
    let events = json!({"account": "alice", "after": 0, "limit": 3});
    told.call("event_list", events);
    told.call("event_ticket", json!({}));
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
    told.call("topic_list", json!({"account": "alice", "limit": 1}));
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

fn groups(told: &mut Told, alice: &Value, bob: &Value) {
    let params =
        json!({"account": "alice", "name": "Friends", "members": [bob], "color": "#8a5cf5"});
    let made = told.call("group_create", params);
    let group = &made["group"]["group"];
    let with = |account: &str, more: Value| {
        let mut params = json!({"account": account, "group": group});
        for (name, value) in more.as_object().expect("an object") {
            params[name] = value.clone();
        }
        params
    };
    let params = json!({"account": "bob", "update": made["update"], "sender": alice});
    told.call("group_apply", params);
    told.call("group_accept", with("bob", json!({})));
    told.call("group_edit", with("alice", json!({"name": "Old friends"})));
    told.call("group_promote", with("alice", json!({"members": [bob]})));
    told.call("group_list", json!({"account": "alice"}));
    told.call("group_get", with("alice", json!({})));
    let made = told.call("groupKey_create", with("alice", json!({})));
    told.call(
        "groupKey_share",
        with("alice", json!({"recipients": [bob]})),
    );
    told.call("groupKey_list", with("alice", json!({})));
    let community = json!({"account": "bob", "group": "0x02", "setters": [alice]});
    told.call("groupKey_trust", community);
    assert!(made["keyId"].is_string());
    told.call("group_leave", with("bob", json!({})));
    told.call("group_forget", with("bob", json!({})));
    let key = told
        .daemon
        .ok("account_create", json!({"account": "carol"}))["publicKey"]
        .take();
    told.call("group_invite", with("alice", json!({"members": [key]})));
    told.call("group_remove", with("alice", json!({"members": [key]})));
}

fn links(told: &mut Told, bob: &Value) {
    let begun = told.call("link_begin", json!({}));
    let offered = told.call(
        "link_offer",
        json!({"account": "alice", "code": begun["code"]}),
    );
    let params = json!({"link": begun["link"], "challenge": offered["challenge"]});
    let answered = told.call("link_answer", params);
    let params = json!({
        "link": offered["link"],
        "response": answered["response"],
        "names": [{"identity": bob, "name": "Bob"}],
    });
    let given = told.call("link_confirm", params);
    let params = json!({"link": begun["link"], "account": "laptop", "code": given["code"]});
    told.call("link_accept", params);
}

#[test]
fn every_method_answers_as_the_document_says_and_none_is_missing() {
    let mut calls = tour();
    let called: BTreeSet<String> = calls.keys().cloned().collect();
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
        let of_account = ["topic_list", "topic_negotiated"].contains(&name.as_str());
        let of_topics = name.starts_with("topic_") && !of_account;
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

/// The meta-schema of OpenRPC, ready to judge documents.
fn meta_schema() -> jsonschema::Validator {
    let schema = |text: &str| -> Value {
        let mut schema: Value = serde_json::from_str(text).expect("a schema");
        // It names itself. Both are of draft 7.
        schema.as_object_mut().expect("an object").remove("$schema");
        schema
    };
    // The one for schemas is referred to by two names.
    let registry = jsonschema::Registry::new()
        .draft(jsonschema::Draft::Draft7)
        .add("https://meta.json-schema.tools/", schema(JSON_META_SCHEMA))
        .expect("a URI")
        .add("https://meta.json-schema.tools", schema(JSON_META_SCHEMA))
        .expect("a URI")
        .prepare()
        .expect("a registry");
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&schema(OPENRPC_META_SCHEMA))
        .expect("a schema")
}

#[test]
fn the_document_is_valid_by_the_meta_schema_of_openrpc() {
    let meta = meta_schema();
    for dev in [false, true] {
        let document = rpc::openrpc::document(dev);
        if let Err(error) = meta.validate(&document) {
            panic!("{error} at {}", error.instance_path());
        }
        for (pointer, wrong) in [
            ("/methods/0/params", json!(null)),
            ("/methods/0/params/0/schema/type", json!("text")),
            ("/methods/0/result/schema", json!(7)),
            ("/methods/0/paramStructure", json!("by name")),
            (
                "/methods/0/more",
                json!("a member that OpenRPC does not have"),
            ),
            ("/openrpc", json!("2.0.0")),
        ] {
            let mut broken = document.clone();
            let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
            broken.pointer_mut(parent).expect("a parent")[member] = wrong;
            assert!(!meta.is_valid(&broken), "{pointer}");
        }
    }
}

/// What the specification asks for in words, and generators of clients rely on.
#[test]
fn the_document_is_what_generators_of_clients_need() {
    for method in methods(&DOCUMENT) {
        let name = text(&method["name"]);
        assert!(!name.starts_with("rpc."), "{name} is reserved");
        assert_eq!(method["paramStructure"], "by-name", "{name}");
        let params = method["params"].as_array().expect("params");
        let required: Vec<bool> = params
            .iter()
            .map(|param| param["required"].as_bool().expect("a boolean"))
            .collect();
        assert!(
            required.is_sorted_by(|one, next| one >= next),
            "{name}: an optional parameter before a required one"
        );
        let mut named = BTreeSet::new();
        for param in params {
            let param = text(&param["name"]);
            let is_identifier = param.starts_with(|c: char| c.is_ascii_lowercase())
                && param.chars().all(|c| c.is_ascii_alphanumeric());
            assert!(is_identifier, "{name} {param}");
            assert!(named.insert(param), "{name}: a parameter twice");
        }
        let positions = method["x-positions"].as_array().expect("positions");
        assert_eq!(positions.iter().map(text).collect::<BTreeSet<_>>(), named);
        assert_eq!(positions.len(), named.len(), "{name}");
    }
    assert_eq!(names(&DOCUMENT).len(), methods(&DOCUMENT).len());
    // Of titles generators make names: one that stands for two things would be lost.
    let mut titles = BTreeMap::new();
    titled(&DOCUMENT, &mut titles);
    for name in names(&DOCUMENT) {
        *titles.entry(pascal(&name)).or_default() += 1;
    }
    assert!(titles.len() > 500, "{}", titles.len());
    for (title, times) in titles {
        assert_eq!(times, 1, "{title}");
    }
    // Two types whose names differ in their case alone would be one file, or one class.
    let schemas = DOCUMENT["components"]["schemas"].as_object();
    let schemas = schemas.expect("schemas");
    let folded: BTreeSet<String> = schemas.keys().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), schemas.len());
    assert!(
        schemas
            .keys()
            .all(|name| name.chars().all(char::is_alphanumeric))
    );
}

/// The name of a method as generators have names of types.
fn pascal(name: &str) -> String {
    let words = name.split('_');
    words
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

/// The titles of the schemas in a part of the document, and how often each stands there.
fn titled(value: &Value, found: &mut BTreeMap<String, usize>) {
    match value {
        Value::Object(members) => {
            let is_schema = [
                "type",
                "oneOf",
                "anyOf",
                "allOf",
                "enum",
                "const",
                "description",
            ];
            if let Some(title) = members.get("title")
                && is_schema.iter().any(|part| members.contains_key(*part))
                && !members.contains_key("version")
            {
                *found.entry(text(title)).or_default() += 1;
            }
            members.values().for_each(|value| titled(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| titled(value, found)),
        _ => {}
    }
}

#[test]
fn whatever_the_document_names_is_described_on_its_own() {
    for method in methods(&DOCUMENT) {
        let name = text(&method["name"]);
        described(&name, &method["summary"]);
        described(&name, &method["description"]);
        described(&name, &method["result"]["description"]);
        for param in method["params"].as_array().expect("params") {
            let name = format!("{name} {}", text(&param["name"]));
            described(&name, &param["description"]);
        }
        assert_eq!(method["tags"].as_array().map(Vec::len), Some(1), "{name}");
        assert!(!method["errors"].as_array().expect("errors").is_empty());
    }
    for (name, schema) in DOCUMENT["components"]["schemas"]
        .as_object()
        .expect("schemas")
    {
        described(name, &schema["description"]);
        let members = schema["properties"].as_object().into_iter().flatten();
        for (member, schema) in members {
            described(&format!("{name}.{member}"), &schema["description"]);
        }
        for value in schema["oneOf"].as_array().into_iter().flatten() {
            described(&format!("{name} {}", value["const"]), &value["description"]);
        }
    }
}

/// Beginnings of sentences that say nothing without the sentence before them, which a program shows
/// elsewhere or not at all.
const LEANING: [&str; 7] = [
    "the same",
    "as for",
    "as there",
    "as `",
    "see above",
    "whose.",
    "which.",
];

/// Checks that a text is a sentence that can be read alone.
fn described(what: &str, about: &Value) {
    let about = about
        .as_str()
        .unwrap_or_else(|| panic!("{what} is not described"));
    assert!(about.len() >= 10, "{what}: {about}");
    assert!(about.ends_with('.'), "{what}: {about}");
    let begins = about.to_lowercase();
    assert!(
        !LEANING.iter().any(|leaning| begins.starts_with(leaning)),
        "{what}: {about}"
    );
}

#[test]
fn every_reference_of_the_document_leads_somewhere_and_every_schema_is_referred_to() {
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
    let group = daemon.ok("group_create", json!({"account": "alice", "name": "x"}));
    let value = |name: &str| match name {
        "account" => "alice".into(),
        "group" => group["group"]["group"].clone(),
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

/// A type that the pages describe in words.
const IN_WORDS: &str = "Bytes";

#[test]
fn every_method_and_every_type_stands_on_one_page() {
    let pages = reference::pages();
    let sorted = |kind: &str| {
        let mut names: Vec<String> = reference::marked(&pages, kind)
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(sorted("method"), Vec::from_iter(names(&DOCUMENT)));
    // The tables of these two say what to do as well.
    let mut types = sorted("type");
    for (table, name) in [
        ("<!-- reasons -->", "Reason"),
        ("<!-- errors -->", "ErrorKind"),
    ] {
        let times = pages.values().map(|page| page.matches(table).count()).sum();
        types.extend(vec![name.to_owned(); times]);
    }
    types.push(IN_WORDS.to_owned());
    types.sort();
    let schemas = DOCUMENT["components"]["schemas"].as_object();
    let mut expected: Vec<String> = schemas.expect("schemas").keys().cloned().collect();
    expected.sort();
    assert_eq!(types, expected);
}

#[test]
fn the_pages_of_the_interface_say_what_the_document_says() {
    let pages = reference::pages();
    for (path, present) in reference::renewed(&pages, &DOCUMENT) {
        if writes() {
            fs::write(path, present).expect("the page");
        } else {
            assert!(
                pages[&path] == present,
                "{}: run RATCHETD_WRITE=1 cargo test -p daemon --test meta openrpc",
                path.display()
            );
        }
    }
}
