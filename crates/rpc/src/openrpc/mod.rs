//! The interface as an OpenRPC document, made from the types that requests and answers really have.

use std::collections::BTreeSet;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    convert::Advice as _,
    error::{ErrorData, ErrorKind},
    methods::{
        EnvelopeSeal, EventSubscribe, EventUnsubscribe, METHODS, MessageDecrypt, MessageEncrypt,
        MessageEncryptGroup, MessageEncryptPublic, Method as _, MethodInfo, RpcDiscover,
    },
    params::ParamInfo,
    types::{EventInfo, Reason, never_null},
};

/// The version of OpenRPC that the document follows.
const OPENRPC: &str = "1.3.2";
/// One real call of every method: `{method: {params, result}}`.
const EXAMPLES: &str = include_str!("examples.json");

/// Methods with parameters of which one set is given, and none of the others. There may be several
/// such choices: each is a list of sets.
const ONE_OF: [(&str, &[&[&[&str]]]); 5] = [
    (MessageEncrypt::NAME, &[CONTENT]),
    (
        MessageEncryptGroup::NAME,
        &[CONTENT, &[&["recipients"], &["group"]]],
    ),
    (MessageEncryptPublic::NAME, &[CONTENT]),
    (
        MessageDecrypt::NAME,
        &[&[&["sender", "message"], &["sealed"]]],
    ),
    (
        EnvelopeSeal::NAME,
        &[CONTENT, &[&["recipient"], &["symKey"], &["password"]]],
    ),
];
/// What is said, as bytes or as text.
const CONTENT: &[&[&str]] = &[&["payload"], &["text"]];

/// What any call can fail with.
const ANY: [ErrorKind; 3] = [
    ErrorKind::InvalidParams,
    ErrorKind::Internal,
    ErrorKind::ShuttingDown,
];
/// What a call can fail with that names an account, or leaves it out.
const ACCOUNT: [ErrorKind; 2] = [ErrorKind::AccountNotFound, ErrorKind::AccountAmbiguous];

/// The document; `dev`: with the methods for development.
#[must_use]
pub fn document(dev: bool) -> Value {
    // OpenRPC takes schemas of draft 7.
    let settings = SchemaSettings::draft07().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.transforms.push(Box::new(left_out_or_there));
    });
    let mut generator = settings.into_generator();
    let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    let methods: Vec<Value> = METHODS
        .iter()
        // The method that gives the document is part of the specification, and not of it.
        .filter(|method| method.name != RpcDiscover::NAME && (dev || !method.dev))
        .map(|info| method(info, examples.get(info.name), &mut generator))
        .collect();
    let event = generator.subschema_for::<EventInfo>();
    let data = generator.subschema_for::<ErrorData>();
    let errors: Map<String, Value> = ErrorKind::ALL
        .iter()
        .map(|kind| (kind.name().to_owned(), error(*kind)))
        .collect();
    let reasons: Map<String, Value> = Reason::ALL
        .iter()
        .map(|reason| (reason.name().to_owned(), advice(*reason)))
        .collect();
    let mut schemas = generator.take_definitions(true);
    for (name, schema) in &mut schemas {
        polish(schema, name);
    }
    json!({
        "openrpc": OPENRPC,
        "info": {
            "title": "ratchetd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "End-to-end encryption with forward secrecy for chat frontends. Parameters go by name. The daemon also takes them in an array, in the order of `x-positions`, with null for one that is left out. The `data` of every error answer has the schema `ErrorData`, which `x-error-data` refers to. Each error of a method lists in `data.kinds` the values of `ErrorKind` that it can have; `components.errors` has an example of each.",
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{
            "name": "TCP, if the daemon was asked to listen there",
            "url": "http://127.0.0.1:8645",
            "description": "With the header `authorization: Bearer TOKEN`. The same is served on the Unix socket without a token.",
        }],
        "methods": methods,
        "components": {
            "schemas": schemas,
            "errors": errors,
        },
        "x-error-data": data,
        "x-reasons": reasons,
        "x-notifications": [{
            "name": "event_notification",
            "summary": "Over a WebSocket: an event of a subscription.",
            "params": [
                {
                    "name": "subscription",
                    "description": "The name of the subscription, which event_subscribe answered.",
                    "required": true,
                    "schema": {"type": "string"},
                },
                {"name": "result", "description": "The event that happened.", "required": true, "schema": event},
            ],
        }],
    })
}

/// What a call of the method can fail with, in the order of the error table.
#[must_use]
pub fn errors(method: &MethodInfo) -> Vec<ErrorKind> {
    let names_account = method
        .params
        .iter()
        .any(|param| param.name == "account" && !param.required);
    let refused = method.params.iter().flat_map(|param| param.refused);
    let fails = method.fails.iter().copied().flatten();
    let mut kinds: Vec<ErrorKind> = ErrorKind::ALL.to_vec();
    let listed: Vec<ErrorKind> = ANY
        .iter()
        .chain(ACCOUNT.iter().filter(|_| names_account))
        .chain(refused)
        .chain(fails)
        .copied()
        .collect();
    kinds.retain(|kind| listed.contains(kind));
    kinds
}

fn method(info: &MethodInfo, example: Option<&Value>, generator: &mut SchemaGenerator) -> Value {
    let (group, _) = info.name.split_once(['_', '.']).unwrap_or((info.name, ""));
    let mut schema = (info.output)(generator).to_value();
    let about = about_result(info, &schema, generator);
    polish(&mut schema, &format!("{}Result", pascal(info.name)));
    // A list of the document has the required parameters first; in an array they stand as they
    // always did, which is told beside it.
    let (required, optional): (Vec<&ParamInfo>, Vec<&ParamInfo>) =
        info.params.iter().partition(|param| param.required);
    let params = [required, optional].concat();
    let positions: Vec<&str> = info.params.iter().map(|param| param.name).collect();
    let mut method = json!({
        "name": info.name,
        "tags": [{"name": group}],
        "summary": info.summary,
        "description": info.more,
        "paramStructure": "by-name",
        "params": params.iter().map(|param| content(info, param)).collect::<Vec<_>>(),
        "result": {"name": "result", "description": about, "schema": schema},
        "errors": by_code(&errors(info)),
        "examples": example.map(|example| pairing(info, &params, example)).into_iter().collect::<Vec<_>>(),
        "x-positions": positions,
    });
    let one_of = ONE_OF.iter().find(|(name, _)| *name == info.name);
    if let (Some(members), Some((_, choices))) = (method.as_object_mut(), one_of) {
        members.insert("x-one-of".to_owned(), json!(choices));
    }
    method
}

/// A member that can be left out is left out where there is nothing to say, and never null.
fn left_out_or_there(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &String| {
        let names = required.as_array();
        names.is_some_and(|names| names.iter().any(|one| one == name))
    };
    if let Some(Value::Object(members)) = schema.get_mut("properties") {
        let optional = members.iter_mut().filter(|(name, _)| !is_required(name));
        optional.for_each(|(_, member)| never_null(member));
    }
}

/// What an answer is, in a sentence: of its schema, or of that of its items.
fn about_result(info: &MethodInfo, schema: &Value, generator: &SchemaGenerator) -> String {
    let of = |schema: &Value| -> Option<String> {
        let path = schema.get("$ref")?.as_str()?;
        let (_, name) = path.rsplit_once('/')?;
        let about = generator.definitions().get(name)?.get("description")?;
        about.as_str().map(one_line)
    };
    if let Some(about) = of(schema) {
        return about;
    }
    match schema.get("items").and_then(of) {
        Some(about) => format!("An array. What each item is: {about}"),
        None if info.name == EventSubscribe::NAME => "The name of the subscription.".to_owned(),
        None if info.name == EventUnsubscribe::NAME => {
            "Whether there was a subscription of this name.".to_owned()
        }
        None => info.summary.to_owned(),
    }
}

/// One error for each code (the specification wants them to differ), with the kinds that it stands
/// for.
fn by_code(kinds: &[ErrorKind]) -> Vec<Value> {
    let codes: BTreeSet<i32> = kinds.iter().map(|kind| kind.code()).collect();
    codes
        .into_iter()
        .map(|code| {
            let of_code = kinds.iter().filter(|kind| kind.code() == code);
            let about: Vec<&str> = of_code.clone().map(|kind| kind.about()).collect();
            let names: Vec<&str> = of_code.map(|kind| kind.name()).collect();
            json!({"code": code, "message": about.join(" "), "data": {"kinds": names}})
        })
        .collect()
}

fn content(method: &MethodInfo, param: &ParamInfo) -> Value {
    let mut schema = (param.schema)();
    polish(&mut schema, &part(&pascal(method.name), param.name));
    json!({
        "name": param.name,
        "description": format!("{} It takes {}.", param.about, param.takes),
        "required": param.required,
        "schema": schema,
    })
}

/// Makes a schema fit for generators of clients: each part that can have a name of its own gets one
/// as its title, a description is one line, and formats that JSON Schema does not know are left out
/// (the bounds say what they say).
fn polish(schema: &mut Value, title: &str) {
    let Some(parts) = schema.as_object_mut() else {
        return;
    };
    if !parts.contains_key("$ref") {
        parts.insert("title".to_owned(), title.into());
    }
    if let Some(Value::String(about)) = parts.get_mut("description") {
        *about = one_line(about);
    }
    if matches!(parts.get("format"), Some(Value::String(format)) if format.starts_with("uint")) {
        parts.remove("format");
    }
    for (name, member) in parts
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        polish(member, &part(title, name));
    }
    if let Some(items) = parts.get_mut("items") {
        polish(items, &format!("{title}Item"));
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        let variants = parts.get_mut(list).and_then(Value::as_array_mut);
        for (variant, number) in variants.into_iter().flatten().zip(1..) {
            // What tells a variant from the others names it: its value, its type, or its outcome.
            let tag = variant
                .pointer("/properties/type/const")
                .or(variant.pointer("/properties/outcome/const"))
                .or(variant.get("const"));
            let name = tag
                .and_then(Value::as_str)
                .map_or_else(|| format!("Option{number}"), pascal);
            polish(variant, &(title.to_owned() + &name));
        }
    }
}

/// The title of a part, which no type has: types are not named so.
fn part(whole: &str, name: &str) -> String {
    format!("{}Of{whole}", pascal(name))
}

/// A name in pascal case, as generators have the names of types: `AccountCreate` of
/// `account_create`.
fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn error(kind: ErrorKind) -> Value {
    json!({
        "code": kind.code(),
        "message": kind.about(),
        "data": {"kind": kind, "hint": kind.hint()},
    })
}

fn advice(reason: Reason) -> Value {
    json!({"hint": reason.hint(), "nextAction": reason.next_action()})
}

/// A call and its answer.
fn pairing(info: &MethodInfo, params: &[&ParamInfo], example: &Value) -> Value {
    let params: Vec<Value> = params
        .iter()
        .filter_map(|param| {
            let value = example.get("params")?.get(param.name)?;
            Some(json!({"name": param.name, "value": value}))
        })
        .collect();
    json!({
        "name": format!("a call of {}", info.name),
        "params": params,
        "result": {"name": "result", "value": example.get("result")},
    })
}
