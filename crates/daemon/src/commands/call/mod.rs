//! `ratchetd call METHOD [name=value …|JSON]`: one call over the daemon's socket.

mod show;

use std::io::{Read, Write};

use rpc::{METHODS, MethodInfo, client::ClientError};
use serde_json::{Map, Value, json};

use super::reach::{Ended, ReachArgs, report_failure};
use crate::commands::terminal::{ASIDE, HEADING, Look};

/// The parameter whose value is the text of a message.
const TEXT: &str = "text";

/// What `call` takes.
#[derive(Debug, clap::Args)]
pub struct CallArgs {
    #[command(flatten)]
    reach: ReachArgs,
    /// Print the result, or the error, as JSON
    #[arg(long)]
    json: bool,
    /// List the methods and their parameters
    #[arg(long)]
    list: bool,
    /// The method
    #[arg(required_unless_present = "list")]
    method: Option<String>,
    /// name=value, or one JSON object or array; name=- and - read standard input
    #[arg(allow_hyphen_values = true)]
    params: Vec<String>,
}

/// Calls, and prints the result.
///
/// # Errors
/// If the output cannot be written.
pub fn run(
    args: CallArgs,
    input: &mut dyn Read,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> std::io::Result<Ended> {
    if args.list {
        list(args.json, out)?;
        return Ok(Ended::Result);
    }
    let method = args.method.clone().unwrap_or_default();
    let prepared = params(&method, &args.params, input)
        .map_err(Into::into)
        .and_then(|params| Ok((params, args.reach.reach()?)));
    let (params, daemon) = match prepared {
        Ok(prepared) => prepared,
        Err(failed) => return report_failure("call", &failed, diagnostics),
    };
    match daemon.call_raw(&method, params) {
        Ok(result) => {
            if args.json {
                writeln!(out, "{result:#}")?;
            } else {
                show::show(&result, Look::of_output(), out)?;
            }
            Ok(Ended::Result)
        }
        Err(ClientError::Call {
            code,
            message,
            data,
        }) if args.json => {
            let error = json!({"code": code, "message": message, "data": data});
            writeln!(diagnostics, "{error:#}")?;
            Ok(Ended::Error)
        }
        Err(error) => report_failure("call", &error.into(), diagnostics),
    }
}

fn list(as_json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    if as_json {
        let params = |method: &MethodInfo| -> Vec<Value> {
            let params = method.params.iter();
            params
                .map(|param| json!({"name": param.name, "takes": param.takes, "required": param.required}))
                .collect()
        };
        let all: Vec<Value> = METHODS
            .iter()
            .map(|method| {
                json!({"name": method.name, "summary": method.summary, "params": params(method), "dev": method.dev})
            })
            .collect();
        return writeln!(out, "{:#}", Value::Array(all));
    }
    let look = Look::of_output();
    for method in METHODS {
        let params: Vec<String> = method
            .params
            .iter()
            .map(|param| {
                if param.required {
                    param.name.to_owned()
                } else {
                    format!("[{}]", param.name)
                }
            })
            .collect();
        let dev = if method.dev { " (with --dev)" } else { "" };
        let name = look.paint(HEADING, method.name);
        writeln!(out, "{name} {}", params.join(" "))?;
        let about = look.paint(ASIDE, &format!("{}{dev}", method.summary));
        writeln!(out, "    {about}")?;
    }
    Ok(())
}

/// The parameters as JSON.
fn params(method: &str, given: &[String], input: &mut dyn Read) -> Result<Value, String> {
    let known = METHODS.iter().find(|known| known.name == method);
    match given {
        [only] if only == "-" => parse_json(&read_all(input)?),
        [only] if only.starts_with(['{', '[']) => parse_json(only),
        _ => {
            let mut members = Map::new();
            let mut input = Some(input);
            for assignment in given {
                let (name, value) = assignment.split_once('=').ok_or_else(|| {
                    format!("{assignment:?} is neither name=value nor a JSON object")
                })?;
                let value = if value == "-" {
                    let input = input
                        .take()
                        .ok_or("standard input can be read for one parameter only")?;
                    from_input(name, read_all(input)?)
                } else {
                    value.to_owned()
                };
                members.insert(name.to_owned(), typed(known, name, value)?);
            }
            Ok(Value::Object(members))
        }
    }
}

/// A text is sent as it was read. From other values, such as keys and phrases, the line end that
/// editors and `echo` add is removed.
fn from_input(name: &str, mut value: String) -> String {
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
        .and_then(|method| method.params.iter().find(|param| param.name == name))
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

fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("the parameters are not JSON: {error}"))
}

fn read_all(input: &mut dyn Read) -> Result<String, String> {
    let mut text = String::new();
    input
        .read_to_string(&mut text)
        .map_err(|error| format!("standard input: {error}"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(method: &str, given: &[&str], input: &str) -> Result<Value, String> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        params(method, &given, &mut input.as_bytes())
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
        assert!(error.contains("one parameter"), "{error}");
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
}
