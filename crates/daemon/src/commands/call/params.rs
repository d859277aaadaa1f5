//! The parameters of a call as they are given on the command line.

use std::{fmt, io::Read};

use crypto_core::IdentityKey;
use rpc::{
    MethodInfo,
    client::ClientError,
    params::{Form as _, Members, ParamInfo, Recipients, Setters},
    suggest::did_you_mean,
};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    commands::reach::{Accounts, Named},
    config::input::STANDARD,
};

/// The parameter whose value is the text of a message.
const TEXT: &str = "text";
/// The parameter that repeats an account's key to make sure of it: its name would not.
const REPEATED_KEY: &str = "publicKey";
/// More than the largest request that a daemon takes.
const MAX_INPUT_BYTES: u64 = 16 << 20;

/// The parameters of a call.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Given {
    /// JSON that goes to the daemon as it is.
    Json(Box<RawValue>),
    /// Values by name.
    ByName(Map<String, Value>),
}

impl fmt::Debug for Given {
    /// Never their values: parameters hold keys, phrases and payloads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(..)")
    }
}

impl Given {
    /// Reads them. `method` is what is known of the method, if anything is.
    ///
    /// # Errors
    /// What is wrong and what to do: first with the names, then with the values.
    pub(super) fn read(
        method: Option<&MethodInfo>,
        given: &[String],
        input: &mut dyn Read,
    ) -> Result<Self, String> {
        match given {
            [only] if only == STANDARD => parse_json(&read_all(input)?),
            [only] if only.trim_start().starts_with(['{', '[']) => parse_json(only),
            _ => by_name(method, given, input).map(Self::ByName),
        }
    }

    /// Puts keys where names of accounts stand for them, and returns what is to be said of a name
    /// that no account has.
    ///
    /// # Errors
    /// As the client says.
    pub(super) fn look_up_names(
        &mut self,
        method: &MethodInfo,
        accounts: &mut Accounts<'_>,
    ) -> Result<Option<String>, ClientError> {
        let Self::ByName(members) = self else {
            return Ok(None);
        };
        let mut nobody = None;
        for param in method.params.iter().filter(|param| takes_keys(param)) {
            let texts = match members.get_mut(param.name) {
                Some(Value::Array(items)) => items.iter_mut().collect(),
                Some(other) => vec![other],
                None => continue,
            };
            for text in texts {
                match text.as_str().map(|text| accounts.find(text)).transpose()? {
                    Some(Named::Account(key)) => *text = key.into(),
                    Some(Named::Nobody(said)) => nobody = Some(said),
                    Some(Named::NoName) | None => {}
                }
            }
        }
        Ok(nobody)
    }
}

fn takes_keys(param: &ParamInfo) -> bool {
    let keys = [
        IdentityKey::TAKES,
        Recipients::TAKES,
        Members::TAKES,
        Setters::TAKES,
    ];
    keys.contains(&param.takes) && param.name != REPEATED_KEY
}

fn by_name(
    method: Option<&MethodInfo>,
    given: &[String],
    input: &mut dyn Read,
) -> Result<Map<String, Value>, String> {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for assignment in given {
        let (name, value) = assignment
            .split_once('=')
            .ok_or_else(|| not_an_assignment(method, assignment))?;
        if let Some(method) = method.filter(|method| param(method, name).is_none()) {
            return Err(unknown(method, name));
        }
        if pairs.iter().any(|(earlier, _)| *earlier == name) {
            return Err(format!("{name} is given twice: give each parameter once"));
        }
        pairs.push((name, value));
    }
    let from_input: Vec<&str> = pairs
        .iter()
        .filter(|(_, value)| *value == STANDARD)
        .map(|(name, _)| *name)
        .collect();
    if let [first, second, ..] = from_input.as_slice() {
        return Err(format!(
            "{first} and {second} cannot both be read from standard input: give one of them otherwise"
        ));
    }
    let mut members = Map::new();
    for (name, value) in pairs {
        let value = if value == STANDARD {
            without_line_end(name, read_all(input)?)
        } else {
            value.to_owned()
        };
        members.insert(name.to_owned(), typed(method, name, value)?);
    }
    Ok(members)
}

fn param<'a>(method: &'a MethodInfo, name: &str) -> Option<&'a ParamInfo> {
    method.params.iter().find(|param| param.name == name)
}

fn unknown(method: &MethodInfo, name: &str) -> String {
    let names: Vec<&str> = method.params.iter().map(|param| param.name).collect();
    let name = rpc::json::shown(name);
    if names.is_empty() {
        return format!("{} has no parameter {name:?}: it takes none", method.name);
    }
    let meant = did_you_mean(&name, names.iter().copied()).map(|meant| format!(": {meant}"));
    format!(
        "{} has no parameter {name:?}{}\nits parameters are: {}",
        method.name,
        meant.unwrap_or_default(),
        names.join(", ")
    )
}

fn not_an_assignment(method: Option<&MethodInfo>, given: &str) -> String {
    let params = method.map_or(&[][..], |method| method.params);
    let likely = params.iter().find(|param| param.required);
    let likely = likely.or(params.first()).map_or("name", |param| param.name);
    let given = rpc::json::shown(given);
    format!(
        "{given:?} is neither name=value nor, alone, JSON or -: write for example {likely}={given}"
    )
}

/// A text is sent as it was read. From other values, such as keys and phrases, the line end that
/// editors and `echo` add is removed.
fn without_line_end(name: &str, mut value: String) -> String {
    if name != TEXT {
        value.truncate(value.trim_end_matches(['\n', '\r']).len());
    }
    value
}

/// Parameters that take numbers, booleans or arrays are given as such; all others are text, even if
/// they look otherwise.
///
/// # Errors
/// One line, if an array is needed and the value is none: a shell may have removed its quotation
/// marks.
fn typed(method: Option<&MethodInfo>, name: &str, value: String) -> Result<Value, String> {
    let takes = method
        .and_then(|method| param(method, name))
        .map_or("", |param| param.takes);
    let is_json = [
        "a number",
        "a whole number",
        "a time",
        "true or false",
        "true, false",
        "an array",
        "an object",
    ]
    .iter()
    .any(|form| takes.starts_with(form));
    if is_json && let Ok(parsed) = serde_json::from_str(&value) {
        return Ok(parsed);
    }
    if takes.starts_with("an array") {
        return Err(format!(
            "{name} takes several values: write {name}='[\"…\",\"…\"]', in quotation marks"
        ));
    }
    Ok(Value::String(value))
}

fn parse_json(text: &str) -> Result<Given, String> {
    let json: Box<RawValue> = serde_json::from_str(text)
        .map_err(|error| format!("the parameters are not JSON: {error}"))?;
    Ok(Given::Json(json))
}

fn read_all(input: &mut dyn Read) -> Result<String, String> {
    let mut text = String::new();
    let read = input.take(MAX_INPUT_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| format!("standard input: {error}"))?;
    if text.len() as u64 > MAX_INPUT_BYTES {
        let limit = MAX_INPUT_BYTES >> 20;
        return Err(format!(
            "standard input has more than {limit} MiB, and no request may be as large"
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpc::METHODS;
    use serde_json::json;

    fn parsed(method: &str, given: &[&str], input: &str) -> Result<Value, String> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        let method = METHODS.iter().find(|known| known.name == method);
        let given = Given::read(method, &given, &mut input.as_bytes())?;
        Ok(serde_json::to_value(given).unwrap())
    }

    fn shows_nothing<T: fmt::Debug>(value: &T) {
        let shown = format!("{value:?} {value:#?}");
        assert!(!shown.contains("swordfish"), "{shown}");
    }

    #[test]
    fn values_are_not_shown() {
        for text in ["password=swordfish", r#"{"password":"swordfish"}"#] {
            let given = Given::read(None, &[text.to_owned()], &mut "".as_bytes()).unwrap();
            shows_nothing::<Given>(&given);
        }
    }

    fn refused(method: &str, given: &[&str]) -> String {
        parsed(method, given, "").unwrap_err()
    }

    #[test]
    fn a_single_value_for_an_array_is_answered_with_how_to_write_one() {
        let error = parsed("message_encryptGroup", &["recipients=0x04"], "").unwrap_err();
        assert!(error.contains("recipients='[\"…\""), "{error}");
        let value = parsed("message_confirm", &["messageIds=[\"0x04\"]"], "").unwrap();
        assert_eq!(value, json!({"messageIds": ["0x04"]}));
    }

    #[test]
    fn text_stays_text_even_if_it_looks_like_a_number() {
        let value = parsed("message_encrypt", &["recipient=zQ3x", "text=42"], "").unwrap();
        assert_eq!(value, json!({"recipient": "zQ3x", "text": "42"}));
    }

    #[test]
    fn numbers_booleans_and_arrays_go_as_such() {
        let value = parsed("dev_advanceTime", &["ms=86400000"], "").unwrap();
        assert_eq!(value, json!({"ms": 86_400_000}));
        let value = parsed("message_decrypt", &["confirm=true"], "").unwrap();
        assert_eq!(value, json!({"confirm": true}));
        let value = parsed("clock_observe", &["clock=7", "envelopeAt=8"], "").unwrap();
        assert_eq!(value, json!({"clock": 7, "envelopeAt": 8}));
        for (given, value) in [("true", json!(true)), ("partitioned", json!("partitioned"))] {
            let given = parsed("message_encrypt", &[&format!("seal={given}")], "").unwrap();
            assert_eq!(given, json!({"seal": value}));
        }
        let value = parsed("message_confirm", &["messageIds=[\"0x00\"]"], "").unwrap();
        assert_eq!(value, json!({"messageIds": ["0x00"]}));
    }

    #[test]
    fn standard_input_and_json_are_taken() {
        let value = parsed("message_encrypt", &["text=-"], "one = two\n").unwrap();
        assert_eq!(value, json!({"text": "one = two\n"}));
        let value = parsed("account_get", &["-"], "{\"account\":\"a\"}").unwrap();
        assert_eq!(value, json!({"account": "a"}));
        assert_eq!(
            parsed("account_get", &["[\"a\"]"], "").unwrap(),
            json!(["a"])
        );
        assert_eq!(parsed("account_list", &[], "").unwrap(), json!({}));
    }

    #[test]
    fn only_of_a_text_does_the_line_end_belong_to_the_value() {
        let value = parsed("account_import", &["privateKey=-"], "0x01\r\n").unwrap();
        assert_eq!(value, json!({"privateKey": "0x01"}));
        let value = parsed("account_recover", &["mnemonicPassphrase=-"], " x \n").unwrap();
        assert_eq!(value, json!({"mnemonicPassphrase": " x "}));
        let value = parsed("dev_advanceTime", &["ms=-"], "5\n").unwrap();
        assert_eq!(value, json!({"ms": 5}));
        let metadata = r#"metadata={"name": "Phone"}"#;
        let value = parsed("installation_setMetadata", &[metadata], "").unwrap();
        assert_eq!(value, json!({"metadata": {"name": "Phone"}}));
    }

    #[test]
    fn standard_input_is_not_given_twice() {
        let error = parsed("account_recover", &["account=-", "mnemonic=-"], "a").unwrap_err();
        assert!(error.contains("account and mnemonic"), "{error}");
    }

    #[test]
    fn what_is_neither_is_named() {
        assert!(
            parsed("account_get", &["alice"], "")
                .unwrap_err()
                .contains("alice")
        );
        assert!(
            parsed("account_get", &["{"], "")
                .unwrap_err()
                .contains("JSON")
        );
    }

    #[test]
    fn a_parameter_is_given_once() {
        let said = refused("message_encrypt", &["text=a", "recipient=b", "text=a"]);
        assert!(said.starts_with("text is given twice"), "{said}");
        // In JSON the daemon finds it: nothing here drops one of the two.
        let text = r#"{"account":"a","account":"b"}"#;
        let given = Given::read(None, &[text.to_owned()], &mut "".as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&given).unwrap(), text);
    }

    #[test]
    fn an_unknown_parameter_is_named_before_anything_is_missed_or_read() {
        let said = refused("message_encrypt", &["recipent=bob", "text=-"]);
        assert!(
            said.contains("\"recipent\": did you mean recipient?"),
            "{said}"
        );
        assert!(said.contains("requestId"), "{said}");
        let said = refused("message_encrypt", &["text=a", "nonsense", "recipent=b"]);
        assert!(said.contains("recipient=nonsense"), "{said}");
        let said = refused("system_version", &["account=a"]);
        assert!(said.contains("it takes none"), "{said}");
        // What is not known here may be known to a newer daemon.
        let value = parsed("account_frobnicate", &["with=care"], "").unwrap();
        assert_eq!(value, json!({"with": "care"}));
    }

    #[test]
    fn standard_input_without_end_is_not_read_for_ever() {
        let given = ["-".to_owned()];
        let said = Given::read(None, &given, &mut std::io::repeat(b' ')).unwrap_err();
        assert!(said.contains("16 MiB"), "{said}");
    }
}
