//! `ratchetd call METHOD [name=value …|JSON]`: one call over the daemon's socket.

mod params;
pub(super) mod show;

use std::io::{self, Read, Write};

use rpc::{
    ErrorKind, METHODS, Method as _, MethodInfo, client::ClientError, methods,
    suggest::did_you_mean,
};
use serde_json::{Value, json};

use self::params::Given;
use super::{
    Failure,
    output::Output,
    reach::{Accounts, Ended, ReachArgs, Reached, report_failure},
};
use crate::commands::terminal::{ASIDE, HEADING, Look, NAME, columns, wrap};

/// What `--help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  ratchetd call --list
  ratchetd call account_create account=alice
  ratchetd call message_encrypt account=alice recipient=bob text='good morning'
  ratchetd call account_recover account=alice mnemonic=- < phrase.txt
  ratchetd call --json contact_list '{\"account\":\"alice\"}'

Exits with 0, with 1 if the daemon answers with an error, with 2 if no call was
made or no answer came, and with 3 if the result could not be written.";

/// What `call` takes.
#[derive(Debug, clap::Args)]
pub struct CallArgs {
    /// The method, such as message_encrypt: --list names all
    #[arg(required_unless_present = "list")]
    method: Option<String>,
    /// Parameters as name=value, or all of them as one JSON object or array. A value that is - is
    /// read from standard input, and so is the JSON if - stands alone. Where a public key is
    /// expected, the name of one of the daemon's own accounts stands for the key of that account
    #[arg(value_name = "NAME=VALUE|JSON", conflicts_with = "list")]
    params: Vec<String>,
    /// Print the result as JSON, whole, and an error of the daemon, too
    #[arg(long)]
    json: bool,
    /// Print tables with all columns and whole values, however long their lines become [default: as
    /// wide as the terminal, as COLUMNS says, or 80 columns]
    #[arg(long)]
    wide: bool,
    /// List the methods and their parameters, or describe the one that is named; needs no daemon
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Calls, and prints the result.
///
/// # Errors
/// If the output cannot be written.
pub fn run(
    args: &CallArgs,
    input: &mut dyn Read,
    out: &mut Output<'_>,
    diagnostics: &mut dyn Write,
) -> io::Result<Ended> {
    let name = args.method.as_deref().unwrap_or_default();
    let known = METHODS.iter().find(|known| known.name == name);
    if args.list {
        return match (&args.method, known) {
            (None, _) => list(METHODS, args.json, out),
            (Some(_), Some(method)) if args.json => list(std::slice::from_ref(method), true, out),
            (Some(_), Some(method)) => describe(method, out),
            (Some(_), None) => {
                let _ = writeln!(diagnostics, "ratchetd call: {}", no_such_method(name));
                return Ok(Ended::NotCalled);
            }
        }
        .map(|()| Ended::Result);
    }
    let prepared = Given::read(known, &args.params, input)
        .map_err(Into::into)
        .and_then(|given| Ok((given, args.reach.reach()?)));
    let (given, daemon) = match prepared {
        Ok(prepared) => prepared,
        Err(failed) => return Ok(report_failure("call", &failed, diagnostics)),
    };
    match call(&daemon, name, known, given) {
        Ok(result) => {
            out.if_lost(if name == methods::AccountCreate::NAME {
                "the account was made, and its recovery phrase is lost: keep its key with account_export, or remove the account and make another"
            } else {
                "the call was made, and only its result is lost"
            });
            if args.json {
                writeln!(out, "{result:#}")?;
            } else {
                let columns = if args.wide { usize::MAX } else { columns() };
                show::show(&result, Look::of_output(), columns, out)?;
            }
            Ok(Ended::Result)
        }
        Err((
            ClientError::Call {
                code,
                message,
                data,
            },
            _,
        )) if args.json => {
            let error = json!({"code": code, "message": message, "data": data});
            let _ = writeln!(diagnostics, "{error:#}");
            Ok(Ended::Error)
        }
        Err((error, remark)) => {
            let ended = report_failure("call", &Failure::from(error), diagnostics);
            if let Some(remark) = remark {
                let _ = writeln!(diagnostics, "{remark}");
            }
            Ok(ended)
        }
    }
}

/// Makes the call, with what else is to be said if it fails.
fn call(
    daemon: &Reached,
    name: &str,
    known: Option<&MethodInfo>,
    mut given: Given,
) -> Result<Value, (ClientError, Option<String>)> {
    let mut nobody = None;
    if let Some(known) = known {
        nobody = given
            .look_up_names(known, &mut Accounts::of(daemon))
            .map_err(|error| (error, None))?;
    }
    daemon.call_raw(name, &given).map_err(|error| {
        let remark = match (&error, known) {
            (
                ClientError::Call {
                    data: Some(data), ..
                },
                _,
            ) => match data.kind {
                ErrorKind::InvalidKey => nobody,
                // The daemon's own guess knows the daemon's version.
                ErrorKind::MethodNotFound if !data.hint.contains("did you mean") => meant(name),
                _ => None,
            },
            (ClientError::Call { .. }, _) | (_, Some(_)) => None,
            // Asked later, a daemon would say so.
            (_, None) => Some(no_such_method(name)),
        };
        (error, remark)
    })
}

fn meant(method: &str) -> Option<String> {
    did_you_mean(method, METHODS.iter().map(|method| method.name))
}

fn no_such_method(name: &str) -> String {
    let shown = rpc::json::shown(name);
    let hint = meant(name).unwrap_or_else(|| ErrorKind::MethodNotFound.hint().to_owned());
    format!("there is no method {shown:?} in this version: {hint}")
}

fn list(methods: &[MethodInfo], as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    if as_json {
        let params = |method: &MethodInfo| -> Vec<Value> {
            let params = method.params.iter();
            params
                .map(|param| json!({"name": param.name, "takes": param.takes, "required": param.required}))
                .collect()
        };
        let all: Vec<Value> = methods
            .iter()
            .map(|method| {
                json!({"name": method.name, "summary": method.summary, "params": params(method), "dev": method.dev})
            })
            .collect();
        return writeln!(out, "{:#}", Value::Array(all));
    }
    let look = Look::of_output();
    for method in methods {
        heading(method, look, out)?;
        let dev = if method.dev { " (with --dev)" } else { "" };
        paragraph(&format!("{}{dev}", method.summary), look, out)?;
    }
    Ok(())
}

/// A method with everything that is known of its parameters.
fn describe(method: &MethodInfo, out: &mut dyn Write) -> io::Result<()> {
    let look = Look::of_output();
    heading(method, look, out)?;
    for text in [method.summary, method.more] {
        paragraph(text, Look::PLAIN, out)?;
    }
    for param in method.params {
        writeln!(out)?;
        let optional = if param.required { "" } else { " (optional)" };
        writeln!(out, "{}{optional}", look.paint(NAME, param.name))?;
        paragraph(param.about, Look::PLAIN, out)?;
        paragraph(&format!("Takes {}.", param.takes), look, out)?;
    }
    Ok(())
}

/// The method's name and its parameters, in brackets those that may be left out.
fn heading(method: &MethodInfo, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let params = method.params.iter().map(|param| {
        if param.required {
            param.name.to_owned()
        } else {
            format!("[{}]", param.name)
        }
    });
    let params: Vec<String> = params.collect();
    let line = format!("{} {}", method.name, params.join(" "));
    for (index, line) in wrap(&line, columns() - INDENT).into_iter().enumerate() {
        match line.strip_prefix(method.name) {
            Some(rest) if index == 0 => {
                writeln!(out, "{}{rest}", look.paint(HEADING, method.name))?;
            }
            _ => writeln!(out, "{:INDENT$}{line}", "")?,
        }
    }
    Ok(())
}

/// Columns that text is indented by.
const INDENT: usize = 4;

fn paragraph(text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for line in wrap(text, columns() - INDENT) {
        writeln!(out, "{:INDENT$}{}", "", look.paint(ASIDE, &line))?;
    }
    Ok(())
}
