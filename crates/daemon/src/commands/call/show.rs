//! Prints the result of a call for people: names and values, and lists as tables.

use std::{
    borrow::Cow,
    io::{self, Write},
    time::{Duration, UNIX_EPOCH},
};

use comfy_table::{Table, presets};
use serde_json::{Map, Value};

use crate::commands::terminal::{ASIDE, HEADING, Look, NAME, harmless};

/// Longest value that is shown whole in a table, in characters.
const WHOLE: usize = 24;
/// How many characters are shown of the beginning and of the end of a longer one.
const ENDS: (usize, usize) = (10, 6);
/// Shown for an absent value.
const NOTHING: &str = "-";
/// Spaces of indentation.
const STEP: usize = 2;

/// Prints the result.
///
/// # Errors
/// If it cannot be written.
pub(super) fn show(result: &Value, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page {
        look,
        out,
        shortened: false,
    };
    match one_line("", result) {
        Some(line) => writeln!(page.out, "{line}")?,
        None => page.block(result, 0)?,
    }
    if page.shortened {
        let hint = "… stands for the middle of a value: --json has it whole";
        writeln!(page.out, "{}", look.paint(ASIDE, hint))?;
    }
    Ok(())
}

struct Page<'a> {
    look: Look,
    out: &'a mut dyn Write,
    /// Whether a value was shortened.
    shortened: bool,
}

impl Page<'_> {
    fn block(&mut self, value: &Value, indent: usize) -> io::Result<()> {
        match value {
            Value::Object(members) => self.members(members, indent),
            Value::Array(items) if fits_a_table(items) => self.table(items, indent),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let number = self.look.paint(HEADING, &format!("{}.", index + 1));
                    writeln!(self.out, "{:indent$}{number}", "")?;
                    self.block(item, indent + STEP)?;
                }
                Ok(())
            }
            other => {
                let line = one_line("", other).unwrap_or_default();
                writeln!(self.out, "{:indent$}{line}", "")
            }
        }
    }

    /// First the members that fit a line, one under the other; then the others.
    fn members(&mut self, members: &Map<String, Value>, indent: usize) -> io::Result<()> {
        let lines: Vec<(&String, String)> = members
            .iter()
            .filter_map(|(name, value)| Some((name, one_line(name, value)?)))
            .collect();
        let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, line) in &lines {
            let name = self.look.paint(NAME, &format!("{name:width$}"));
            writeln!(self.out, "{:indent$}{name}  {line}", "")?;
        }
        for (name, value) in members {
            if one_line(name, value).is_none() {
                let name = self.look.paint(NAME, name);
                writeln!(self.out, "{:indent$}{name}", "")?;
                self.block(value, indent + STEP)?;
            }
        }
        Ok(())
    }

    /// A column for each member that any of the items has.
    fn table(&mut self, items: &[Value], indent: usize) -> io::Result<()> {
        let rows: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).collect();
        let mut columns: Vec<&String> = rows
            .iter()
            .flat_map(|row| row.iter())
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
            .collect();
        columns.sort_unstable();
        columns.dedup();
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(&columns);
        for row in rows {
            let cells: Vec<String> = columns
                .iter()
                .map(|name| self.cell(name, row.get(*name).unwrap_or(&Value::Null)))
                .collect();
            table.add_row(cells);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, STEP as u16));
        }
        for (index, line) in table.lines().enumerate() {
            let line = line.trim_end();
            let line = if index == 0 {
                self.look.paint(HEADING, line)
            } else {
                line.to_owned()
            };
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    fn cell(&mut self, name: &str, value: &Value) -> String {
        let mut parts = Vec::new();
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                    let line = one_line(name, value).unwrap_or_default();
                    parts.push(format!("{name}={}", self.shorten(&line)));
                }
            }
            other => {
                let line = one_line(name, other).unwrap_or_default();
                parts.push(self.shorten(&line).into_owned());
            }
        }
        if parts.is_empty() {
            return NOTHING.to_owned();
        }
        parts.join(" ")
    }

    /// Keys and messages are cut: whole, they would fill a row and say little.
    fn shorten<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        let bytes = line.starts_with("0x") && line.is_ascii();
        if !bytes || line.len() <= WHOLE {
            return Cow::Borrowed(line);
        }
        self.shortened = true;
        let (begin, end) = (line.get(..ENDS.0), line.get(line.len() - ENDS.1..));
        Cow::Owned(format!(
            "{}…{}",
            begin.unwrap_or_default(),
            end.unwrap_or_default()
        ))
    }
}

/// Rows of single values, or of objects that fit a cell.
fn fits_a_table(items: &[Value]) -> bool {
    items.iter().all(|item| {
        item.as_object().is_some_and(|row| {
            row.iter().all(|(name, value)| match value {
                Value::Object(members) => members
                    .iter()
                    .all(|(name, value)| one_line(name, value).is_some()),
                other => one_line(name, other).is_some(),
            })
        })
    })
}

/// The value as one line, if it fits one. Times are members named `…At` (docs/api.md, types).
fn one_line(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(NOTHING.to_owned()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => {
            let time = number.as_u64().filter(|_| is_time(name));
            Some(time.map_or_else(|| number.to_string(), date))
        }
        Value::String(text) => Some(harmless(text).into_owned()),
        Value::Array(items) if items.is_empty() => Some("none".to_owned()),
        Value::Object(members) if members.is_empty() => Some("none".to_owned()),
        Value::Array(items) => {
            let short = items
                .iter()
                .all(|item| !item.is_array() && !item.is_object());
            let lines = items.iter().filter_map(|item| one_line(name, item));
            short.then(|| lines.collect::<Vec<_>>().join(", "))
        }
        Value::Object(_) => None,
    }
}

fn is_time(name: &str) -> bool {
    name == "at" || name == "now" || name.ends_with("At")
}

/// Milliseconds since the epoch as a date, UTC; beyond the year 9999 as they are.
fn date(milliseconds: u64) -> String {
    /// 9999-12-31T23:59:59Z.
    const LAST: u64 = 253_402_300_799_999;
    if milliseconds > LAST {
        return milliseconds.to_string();
    }
    let time = UNIX_EPOCH + Duration::from_millis(milliseconds);
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(value: &Value) -> String {
        let mut out = Vec::new();
        show(value, Look::PLAIN, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_stand_under_each_other_and_what_is_larger_below() {
        let value = json!({"account": "alice", "createdAt": 1_700_000_000_000_u64, "removed": true, "reason": null,
            "envelopes": [{"message": "0x01", "targets": [{"mode": "dh"}]}], "skipped": []});
        let expected = "\
account    alice
createdAt  2023-11-14T22:13:20Z
reason     -
removed    yes
skipped    none
envelopes
  1.
    message  0x01
    targets
      mode
      dh
";
        assert_eq!(shown(&value), expected);
    }

    #[test]
    fn lists_are_tables_with_a_column_for_whatever_one_of_them_has() {
        let key = format!("0x04{}", "ab".repeat(64));
        let value = json!([
            {"identity": key, "metadata": {"name": "Phone", "pushToken": null}, "sent": 3},
            {"identity": "0x02", "metadata": {}, "received": 10, "gone": null},
        ]);
        let expected = "\
identity           metadata    received  sent
0x04ababab…ababab  name=Phone  -         3
0x02               -           10        -
… stands for the middle of a value: --json has it whole
";
        let squeezed = |text: &str| {
            text.lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&shown(&value)), squeezed(expected));
    }

    #[test]
    fn a_result_that_is_one_value_is_one_line() {
        assert_eq!(shown(&json!([])), "none\n");
        assert_eq!(shown(&json!(true)), "yes\n");
        assert_eq!(shown(&json!(["a", "b"])), "a, b\n");
        assert_eq!(shown(&Value::Null), "-\n");
    }

    #[test]
    fn what_a_contact_wrote_gives_a_terminal_no_orders_and_adds_no_lines() {
        let text = shown(&json!({"text": "\u{1b}]0;title\u{7}\nsafetyNumber  0"}));
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn times_beyond_all_calendars_are_shown_as_they_are() {
        assert_eq!(
            shown(&json!({"at": u64::MAX})),
            format!("at  {}\n", u64::MAX)
        );
    }
}
