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

/// Added to methods with an optional parameter before another one.
const BY_POSITION: &str =
    "By position, give null for a parameter that is left out before another one.";

/// Methods with parameters of which one set is given, and none of the others. There may be several
/// such choices: each is a list of sets.
const ONE_OF: [(&str, &[&[&[&str]]]); 5] = [
    (MessageEncrypt::NAME, &[CONTENT]),
    (MessageEncryptGroup::NAME, &[CONTENT]),
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
        .filter(|method| dev || !method.dev)
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
    json!({
        "openrpc": OPENRPC,
        "info": {
            "title": "ratchetd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "End-to-end encryption with forward secrecy for chat frontends. Every answer with an error has `data` of the schema `ErrorData`. An error of a method lists in `data.kinds` what it can be: names of `components.errors`.",
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{
            "name": "TCP, if the daemon was asked to listen there",
            "url": "http://127.0.0.1:8645",
            "description": "With the header `authorization: Bearer TOKEN`. The same is served on the Unix socket without a token.",
        }],
        "methods": methods,
        "components": {
            "schemas": generator.take_definitions(true),
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
                    "description": "What event_subscribe answered.",
                    "required": true,
                    "schema": {"type": "string"},
                },
                {"name": "result", "description": "The event.", "required": true, "schema": event},
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
    let schema = (info.output)(generator);
    let about = about_result(info, schema.as_value(), generator);
    let own = json!({
        "params": {},
        "result": {"openrpc": OPENRPC, "info": {"title": "ratchetd, in excerpts"}, "methods": []},
    });
    let example = example.or_else(|| (info.name == RpcDiscover::NAME).then_some(&own));
    let mut method = json!({
        "name": info.name,
        "tags": [{"name": group}],
        "summary": info.summary,
        "description": info.more,
        "paramStructure": "either",
        "params": info.params.iter().map(param).collect::<Vec<_>>(),
        "result": {"name": "result", "description": about, "schema": schema},
        "errors": by_code(&errors(info)),
        "examples": example.map(|example| pairing(info, example)).into_iter().collect::<Vec<_>>(),
    });
    let is_behind_an_optional_one = info
        .params
        .iter()
        .skip_while(|param| param.required)
        .any(|param| param.required);
    let one_of = ONE_OF.iter().find(|(name, _)| *name == info.name);
    if let Some(members) = method.as_object_mut() {
        if is_behind_an_optional_one {
            members.insert("x-by-position".to_owned(), BY_POSITION.into());
        }
        if let Some((_, choices)) = one_of {
            members.insert("x-one-of".to_owned(), json!(choices));
        }
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
        about.as_str().map(str::to_owned)
    };
    if let Some(about) = of(schema) {
        return about;
    }
    match schema.get("items").and_then(of) {
        Some(about) => format!("A list, in which each is this: {about}"),
        None if info.name == EventSubscribe::NAME => "The name of the subscription.".to_owned(),
        None if info.name == EventUnsubscribe::NAME => "Whether there was one.".to_owned(),
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

fn param(info: &ParamInfo) -> Value {
    json!({
        "name": info.name,
        "description": format!("{} It takes {}.", info.about, info.takes),
        "required": info.required,
        "schema": (info.schema)(),
    })
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
fn pairing(info: &MethodInfo, example: &Value) -> Value {
    let params: Vec<Value> = info
        .params
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
