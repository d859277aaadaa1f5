//! The generated parts of the interface's pages, `docs/api.md` and those in `docs/api`, made from
//! the OpenRPC document.
//!
//! Between `<!-- method NAME -->` and `<!-- end -->` stands a method with its parameters, result and
//! errors; between `<!-- type NAME -->` and `<!-- end -->` the members of that type, or the values
//! of that list; between `<!-- index -->`, `<!-- errors -->` or `<!-- reasons -->` and
//! `<!-- end -->` a table of all methods, of all errors, or of why a message was not read.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{sources::top, support::text};

const END: &str = "<!-- end -->";

/// Columns at which a paragraph wraps.
const COLUMNS: usize = 100;

/// The pages of methods, in the order of the index.
const ORDER: [&str; 13] = [
    "accounts",
    "messages",
    "bundles",
    "devices",
    "links",
    "contacts",
    "groups",
    "identities",
    "envelopes",
    "topics",
    "clocks",
    "events",
    "daemon",
];

/// What every call can fail with, which is said once for all methods.
const ANY: [&str; 3] = ["invalid_params", "internal", "shutting_down"];

/// The pages of the interface by their path.
pub(crate) type Pages = BTreeMap<PathBuf, String>;

/// The pages as they are.
pub(crate) fn pages() -> Pages {
    let docs = top().join("docs");
    let listed = fs::read_dir(docs.join("api")).expect("docs/api");
    let pages = listed.map(|entry| entry.expect("an entry").path());
    let pages = pages.filter(|path| path.extension().is_some_and(|end| end == "md"));
    pages
        .chain([docs.join("api.md")])
        .map(|path| {
            let page = fs::read_to_string(&path).expect("a page");
            (path, page)
        })
        .collect()
}

/// The names after a mark of this kind, with the page that each stands on.
pub(crate) fn marked<'a>(pages: &'a Pages, kind: &str) -> Vec<(&'a str, &'a Path)> {
    let begin = format!("<!-- {kind} ");
    let mut found = Vec::new();
    for (path, page) in pages {
        for part in page.split(&begin).skip(1) {
            let (name, _) = part.split_once(" -->").expect("the end of a mark");
            found.push((name, path.as_path()));
        }
    }
    found
}

/// The pages with their generated parts made anew.
pub(crate) fn renewed(pages: &Pages, document: &Value) -> Pages {
    pages
        .iter()
        .map(|(path, page)| {
            let writer = Writer {
                pages,
                path,
                document,
            };
            (path.clone(), writer.renewed(page))
        })
        .collect()
}

/// Writes the parts of one page.
struct Writer<'a> {
    pages: &'a Pages,
    path: &'a Path,
    document: &'a Value,
}

impl Writer<'_> {
    fn renewed(&self, page: &str) -> String {
        let mut parts = page.split("<!-- ");
        let mut new = parts.next().expect("a beginning").to_owned();
        for part in parts {
            let (mark, rest) = part.split_once(" -->").expect("the end of a mark");
            let words: Vec<&str> = mark.split(' ').collect();
            let made = match words.as_slice() {
                ["index"] => self.index(),
                ["method", name] => self.method(name),
                ["type", name] => self.type_section(name),
                ["errors"] => errors(self.document),
                ["reasons"] => reasons(self.document),
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
            let _ = write!(new, "<!-- {mark} -->\n\n{made}\n");
        }
        new
    }

    /// All methods, page by page.
    fn index(&self) -> String {
        let mut index = String::new();
        let marked = marked(self.pages, "method");
        for name in ORDER {
            let path = top().join(format!("docs/api/{name}.md"));
            let page = self
                .pages
                .get(&path)
                .unwrap_or_else(|| panic!("no page {name}"));
            let title = page.lines().next().unwrap_or_default();
            let title = title.trim_start_matches("# ");
            let _ = writeln!(index, "**[{title}]({})**\n", self.link(&path, ""));
            let _ = writeln!(index, "| method | |\n| --- | --- |");
            for (name, _) in marked.iter().filter(|(_, at)| *at == path) {
                let summary = cell(&self.described(name)["summary"]);
                let link = self.link(&path, &name.to_lowercase());
                let _ = writeln!(index, "| [`{name}`]({link}) | {summary} |");
            }
            index.push('\n');
        }
        index.trim_end().to_owned() + "\n"
    }

    /// What the document says of a method.
    fn described(&self, name: &str) -> &Value {
        let methods = self.document["methods"].as_array().expect("methods");
        let found = methods.iter().find(|method| method["name"] == name);
        found.unwrap_or_else(|| panic!("{}: no method {name}", self.path.display()))
    }

    fn method(&self, name: &str) -> String {
        let method = self.described(name);
        let about = format!(
            "{} {}",
            text(&method["summary"]),
            text(&method["description"])
        );
        let mut section = format!("## `{name}`\n\n{}\n\n", wrapped(&about));
        let params = method["params"].as_array().expect("params");
        if !params.is_empty() {
            let _ = writeln!(section, "| parameter | type | |\n| --- | --- | --- |");
        }
        let mut order = Vec::new();
        for param in params {
            let name = text(&param["name"]);
            let optional = if param["required"] == true { "" } else { "?" };
            let _ = writeln!(
                section,
                "| `{name}{optional}` | {} | {} |",
                self.type_name(&param["schema"]),
                cell(&param["description"]),
            );
            order.push(name);
        }
        if !params.is_empty() {
            section.push('\n');
        }
        let positions = method["x-positions"].as_array().expect("positions");
        let positions: Vec<String> = positions.iter().map(text).collect();
        if positions != order {
            let _ = writeln!(
                section,
                "{}\n",
                wrapped(&format!("In an array: {}.", code(&positions)))
            );
        }
        let result = &method["result"];
        let kind = self.type_name(&result["schema"]);
        let kind = match kind.as_str() {
            "string" | "boolean" => format!("{kind}. {}", text(&result["description"])),
            _ => format!("{kind}."),
        };
        let _ = writeln!(section, "{}", wrapped(&format!("**Result**: {kind}")));
        let kinds: Vec<String> = method["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .flat_map(|error| error["data"]["kinds"].as_array().expect("kinds"))
            .map(text)
            .filter(|kind| !ANY.contains(&kind.as_str()))
            .collect();
        if !kinds.is_empty() {
            let _ = writeln!(
                section,
                "\n{}",
                wrapped(&format!("**Errors**: {}.", code(&kinds)))
            );
        }
        section
    }

    fn type_section(&self, name: &str) -> String {
        let schema = &self.document["components"]["schemas"][name];
        assert!(
            schema.is_object(),
            "{}: no type {name}",
            self.path.display()
        );
        let about = wrapped(&cell(&schema["description"]));
        let mut section = format!("#### Type {name}\n\n{about}\n\n");
        // The table has what a result can have with any outcome.
        let by_outcome = schema["properties"]["outcome"].is_object();
        let values = schema["oneOf"].as_array().filter(|_| !by_outcome);
        if schema["properties"].is_object() {
            section += &self.members(schema);
        } else if let Some(values) = values {
            section += "| value | |\n| --- | --- |\n";
            for value in values {
                let about = cell(&value["description"]);
                let _ = writeln!(section, "| `{}` | {about} |", text(&value["const"]));
            }
        }
        if let (Some(values), true) = (values, schema["properties"].is_object()) {
            section.push('\n');
            section += &self.variants(values);
        }
        section
    }

    /// What each variant of a type has besides what all of them have.
    fn variants(&self, values: &[Value]) -> String {
        let mut table = String::new();
        for value in values {
            let members = value["properties"].as_object().expect("members");
            let (name, tag) = members
                .iter()
                .find(|(_, member)| member["const"].is_string())
                .expect("a member that tells the variants apart");
            let others: Vec<String> = members
                .iter()
                .filter(|(other, _)| *other != name)
                .map(|(other, schema)| format!("`{other}`: {}", self.type_name(schema)))
                .collect();
            if table.is_empty() {
                table = format!("| `{name}` | always has | |\n| --- | --- | --- |\n");
            }
            let _ = writeln!(
                table,
                "| `{}` | {} | {} |",
                text(&tag["const"]),
                others.join(", "),
                cell(&value["description"])
            );
        }
        table
    }

    fn members(&self, schema: &Value) -> String {
        let required: Vec<&str> = schema["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut table = "| member | type | |\n| --- | --- | --- |\n".to_owned();
        for (member, schema) in schema["properties"].as_object().expect("members") {
            let optional = if required.contains(&member.as_str()) {
                ""
            } else {
                "?"
            };
            let about = cell(&schema["description"]);
            let _ = writeln!(
                table,
                "| `{member}{optional}` | {} | {about} |",
                self.type_name(schema)
            );
        }
        table
    }

    /// A type as people say it, with a link to where it is described.
    fn type_name(&self, schema: &Value) -> String {
        if let Some(path) = schema["$ref"].as_str() {
            let name = path.rsplit('/').next().unwrap_or_default();
            let mut pages = marked(self.pages, "type").into_iter();
            return match pages.find(|(marked, _)| *marked == name) {
                Some((_, page)) => {
                    let anchor = format!("type-{}", name.to_lowercase());
                    format!("[{name}]({})", self.link(page, &anchor))
                }
                None => name.to_lowercase(),
            };
        }
        for list in ["allOf", "anyOf"] {
            if let Some(parts) = schema[list].as_array() {
                let names: Vec<String> = parts.iter().map(|part| self.type_name(part)).collect();
                return names.join(" or ");
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            return values.join(", ");
        }
        match &schema["type"] {
            Value::String(name) if name == "array" => {
                format!("array of {}", self.type_name(&schema["items"]))
            }
            Value::String(name) => name.clone(),
            Value::Array(names) => {
                let names: Vec<String> = names.iter().map(text).collect();
                names.join(" or ")
            }
            _ => "any".to_owned(),
        }
    }

    /// A link from this page to a heading of another, or of this one.
    fn link(&self, page: &Path, anchor: &str) -> String {
        let hash = if anchor.is_empty() { "" } else { "#" };
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        let nested = |path: &Path| path.parent().is_some_and(|parent| parent.ends_with("api"));
        match (nested(self.path), nested(page)) {
            _ if page == self.path => format!("#{anchor}"),
            (true, false) => format!("../{name}{hash}{anchor}"),
            (false, true) => format!("api/{name}{hash}{anchor}"),
            _ => format!("{name}{hash}{anchor}"),
        }
    }
}

/// Names as code, with commas between them.
fn code(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A text as lines of at most [`COLUMNS`] characters.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// A text in a row of a table, which ends with its line.
fn cell(value: &Value) -> String {
    text(value).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn errors(document: &Value) -> String {
    let mut table = "| code | `kind` | | what to do |\n| --- | --- | --- | --- |\n".to_owned();
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
    let mut table = "| `reason` | | `nextAction` |\n| --- | --- | --- |\n".to_owned();
    let values = &document["components"]["schemas"]["Reason"]["oneOf"];
    for value in values.as_array().expect("values") {
        let name = text(&value["const"]);
        let advice = &document["x-reasons"][&name];
        let (hint, action) = (text(&advice["hint"]), text(&advice["nextAction"]));
        let _ = writeln!(table, "| `{name}` | {hint} | `{action}` |");
    }
    table
}
