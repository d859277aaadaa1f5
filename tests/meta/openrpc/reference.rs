//! The tables of `docs/api.md`, made from the OpenRPC document.
//!
//! What stands between `<!-- methods GROUP -->` and `<!-- end -->` is a table of the methods of
//! that group; between `<!-- type NAME -->` and `<!-- end -->`, one of the members of that type, or
//! of the values of that list; between `<!-- errors -->` or `<!-- reasons -->` and `<!-- end -->`,
//! one of all errors, or of why a message was not read.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::text;

const END: &str = "<!-- end -->";

/// The page with its tables made anew.
pub(crate) fn renewed(page: &str, document: &Value) -> String {
    let mut parts = page.split("<!-- ");
    let mut new = parts.next().expect("a beginning").to_owned();
    for part in parts {
        let (mark, rest) = part.split_once(" -->").expect("the end of a mark");
        let words: Vec<&str> = mark.split(' ').collect();
        let table = match words.as_slice() {
            ["methods", group] => methods(document, group),
            ["type", name] => type_table(document, name),
            ["errors"] => errors(document),
            ["reasons"] => reasons(document),
            ["end"] => {
                let _ = write!(new, "{END}{rest}");
                continue;
            }
            // A mark of something else.
            _ => {
                let _ = write!(new, "<!-- {mark} -->{rest}");
                continue;
            }
        };
        let _ = write!(new, "<!-- {mark} -->\n\n{table}\n");
    }
    new
}

fn methods(document: &Value, group: &str) -> String {
    let mut table = "| method | parameters | result | |\n| --- | --- | --- | --- |\n".to_owned();
    for method in document["methods"].as_array().expect("methods") {
        if method["tags"][0]["name"] != group {
            continue;
        }
        let params = method["params"].as_array().expect("params").iter();
        let params: Vec<String> = params
            .map(|param| {
                let optional = if param["required"] == true { "" } else { "?" };
                format!("`{}{optional}`", text(&param["name"]))
            })
            .collect();
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            text(&method["name"]),
            params.join(", "),
            type_name(&method["result"]["schema"]),
            cell(&method["summary"]),
        );
    }
    table
}

/// A text in a row of a table, which ends with its line.
fn cell(value: &Value) -> String {
    text(value).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn type_table(document: &Value, name: &str) -> String {
    let schema = &document["components"]["schemas"][name];
    // The table has what a result can have with any outcome.
    let by_outcome = schema["properties"]["outcome"].is_object();
    if let Some(values) = schema["oneOf"].as_array().filter(|_| !by_outcome) {
        if schema["properties"].is_object() {
            return event_types(values);
        }
        let mut table = format!("| {name} | |\n| --- | --- |\n");
        for value in values {
            let _ = writeln!(
                table,
                "| `{}` | {} |",
                text(&value["const"]),
                cell(&value["description"])
            );
        }
        return table;
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut table = format!("| {name} | | |\n| --- | --- | --- |\n");
    let members = schema["properties"].as_object();
    for (member, schema) in members.unwrap_or_else(|| panic!("no type {name}")) {
        let optional = if required.contains(&member.as_str()) {
            ""
        } else {
            "?"
        };
        let about = cell(&schema["description"]);
        let _ = writeln!(
            table,
            "| `{member}{optional}` | {} | {about} |",
            type_name(schema)
        );
    }
    table
}

fn event_types(values: &[Value]) -> String {
    let mut table = "| type | data | |\n| --- | --- | --- |\n".to_owned();
    for value in values {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} |",
            text(&value["properties"]["type"]["const"]),
            type_name(&value["properties"]["data"]),
            cell(&value["description"])
        );
    }
    table
}

fn errors(document: &Value) -> String {
    let mut table = "| code | kind | | what to do |\n| --- | --- | --- | --- |\n".to_owned();
    let errors = document["components"]["errors"].as_object();
    let mut errors: Vec<&Value> = errors.expect("errors").values().collect();
    errors.sort_by_key(|error| error["code"].as_i64());
    for error in errors {
        let _ = writeln!(
            table,
            "| {} | `{}` | {} | {} |",
            error["code"],
            text(&error["data"]["kind"]),
            cell(&error["message"]),
            cell(&error["data"]["hint"]).replace('|', "\\|"),
        );
    }
    table
}

fn reasons(document: &Value) -> String {
    let mut table = "| reason | | nextAction |\n| --- | --- | --- |\n".to_owned();
    let values = &document["components"]["schemas"]["Reason"]["oneOf"];
    for value in values.as_array().expect("values") {
        let name = text(&value["const"]);
        let advice = &document["x-reasons"][&name];
        let (hint, action) = (text(&advice["hint"]), text(&advice["nextAction"]));
        let _ = writeln!(table, "| `{name}` | {hint} | `{action}` |");
    }
    table
}

/// A type as people say it.
fn type_name(schema: &Value) -> String {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap_or_default();
        return if name == "Bytes" {
            "bytes".to_owned()
        } else {
            name.to_owned()
        };
    }
    for list in ["allOf", "anyOf"] {
        if let Some(parts) = schema[list].as_array() {
            let names: Vec<String> = parts.iter().map(type_name).collect();
            return names.join(" or ");
        }
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("[{}]", type_name(&schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names: Vec<String> = names.iter().map(text).collect();
            names.join(" or ")
        }
        _ => "any".to_owned(),
    }
}
