//! Prints the result of a call for people: names and values, and lists as tables.

use std::{
    io::{self, Write},
    time::{Duration, UNIX_EPOCH},
};

use comfy_table::{Table, presets};
use serde_json::{Map, Value};

use crate::commands::terminal::{ASIDE, HEADING, Look, NAME, harmless, middle_cut, width, wrap};

/// Columns that people look for, in the order in which they stand in a table. The others follow by
/// their names.
const FIRST: [&str; 32] = [
    "seq",
    "at",
    "account",
    "recipient",
    "compressedKey",
    "identity",
    "sender",
    "installationId",
    "name",
    "own",
    "group",
    "change",
    "metadata",
    "self",
    "state",
    "standing",
    "verified",
    "forwardSecrecy",
    "postQuantum",
    "mode",
    "nextMode",
    "suite",
    "admin",
    "joined",
    "current",
    "due",
    "kind",
    "detail",
    "reason",
    "sent",
    "received",
    "lastActiveAt",
];
/// A key or message that is longer, in characters, is cut in a table: whole, it would fill a row
/// and say little.
const LONG_KEY: usize = 24;
/// Columns of a key that is cut where there is room, and of any text where there is none.
const CUT: (usize, usize) = (17, 13);
/// Shown for an absent value.
const NOTHING: &str = "-";
/// Spaces of indentation, and between columns.
const STEP: usize = 2;

/// Prints the result, its tables in so many columns. With `usize::MAX` of them nothing is cut or
/// left out.
///
/// # Errors
/// If it cannot be written.
pub(super) fn show(
    result: &Value,
    look: Look,
    columns: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page {
        look,
        out,
        columns,
        is_cut: false,
        left_out: Vec::new(),
    };
    match one_line("", result) {
        Some(line) => writeln!(page.out, "{line}")?,
        None => page.block(result, 0)?,
    }
    page.remark()
}

/// The members of an object on one line, keys shortened; what is absent or empty is left out.
pub(in crate::commands) fn one_line_each(value: &Value) -> String {
    let members = value.as_object().into_iter().flatten();
    let parts = members.filter_map(|(name, value)| {
        let text =
            one_line(name, value).unwrap_or_else(|| harmless(&value.to_string()).into_owned());
        if value.is_null() || text.is_empty() {
            return None;
        }
        let text = if is_key(&text) {
            middle_cut(&text, CUT.0).unwrap_or(text)
        } else {
            text
        };
        Some(format!("{name}={text}"))
    });
    parts.collect::<Vec<_>>().join("  ")
}

struct Page<'a> {
    look: Look,
    out: &'a mut dyn Write,
    columns: usize,
    /// Whether a value was cut.
    is_cut: bool,
    /// Columns of tables that were left out.
    left_out: Vec<String>,
}

/// A column of a table.
struct Column<'a> {
    name: &'a str,
    cells: Vec<Cell>,
    /// The columns of the screen that it takes, without the space after it.
    width: usize,
}

struct Cell {
    text: String,
    /// What it is cut to at most, and at least; the same for what is not cut, such as a date.
    widths: (usize, usize),
}

impl Column<'_> {
    /// The most and the least that it takes.
    fn widths(&self) -> (usize, usize) {
        let name = width(self.name);
        self.cells.iter().fold((name, name), |(most, least), cell| {
            (most.max(cell.widths.0), least.max(cell.widths.1))
        })
    }
}

impl Page<'_> {
    /// What is to be said of values that were cut, and of columns that were left out.
    fn remark(&mut self) -> io::Result<()> {
        let cut = self
            .is_cut
            .then(|| "… stands for the middle of a value".to_owned());
        self.left_out.sort_unstable();
        self.left_out.dedup();
        let left_out =
            (!self.left_out.is_empty()).then(|| format!("not shown: {}", self.left_out.join(", ")));
        let said: Vec<String> = cut.into_iter().chain(left_out).collect();
        if said.is_empty() {
            return Ok(());
        }
        let said = format!("{} (--wide shows everything)", said.join("; "));
        for line in wrap(&said, self.columns) {
            writeln!(self.out, "{}", self.look.paint(ASIDE, &line))?;
        }
        Ok(())
    }

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

    /// A column for each member that any of the items has, as far as they fit.
    fn table(&mut self, items: &[Value], indent: usize) -> io::Result<()> {
        let rows: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).collect();
        let mut names: Vec<&String> = rows
            .iter()
            .flat_map(|row| row.iter())
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
            .collect();
        let place = |name: &str| FIRST.iter().position(|first| *first == name);
        names.sort_unstable_by_key(|name| (place(name).unwrap_or(FIRST.len()), *name));
        names.dedup();
        let columns = names.into_iter().map(|name| Column {
            name,
            cells: rows
                .iter()
                .map(|row| self.cell(name, row.get(name).unwrap_or(&Value::Null)))
                .collect(),
            width: 0,
        });
        let columns = columns.collect();
        let columns = self.fit(columns, self.columns.saturating_sub(indent));
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(columns.iter().map(|column| column.name));
        for row in 0..rows.len() {
            let cells = columns.iter().filter_map(|column| {
                let text = &column.cells.get(row)?.text;
                Some(middle_cut(text, column.width).unwrap_or_else(|| text.clone()))
            });
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

    /// The columns that fit into so many of the screen, up to the first that does not: as narrow as
    /// they may be, and then as wide as there is room. The first of all is always there.
    fn fit<'a>(&mut self, all: Vec<Column<'a>>, columns: usize) -> Vec<Column<'a>> {
        let mut chosen: Vec<Column<'a>> = Vec::new();
        let mut room = columns;
        let left_out = self.left_out.len();
        for mut column in all {
            let (_, least) = column.widths();
            let space = if chosen.is_empty() { 0 } else { STEP };
            let fits = least + space <= room && self.left_out.len() == left_out;
            if chosen.is_empty() || fits {
                column.width = least.min(room);
                room -= (column.width + space).min(room);
                chosen.push(column);
            } else {
                self.left_out.push(column.name.to_owned());
            }
        }
        for column in &mut chosen {
            let (most, _) = column.widths();
            let more = most.saturating_sub(column.width).min(room);
            column.width += more;
            room -= more;
            let is_cut = |cell: &Cell| width(&cell.text) > column.width;
            self.is_cut |= column.cells.iter().any(is_cut);
        }
        chosen
    }

    fn cell(&self, name: &str, value: &Value) -> Cell {
        let text = match value {
            Value::Object(members) => {
                let mut parts = Vec::new();
                for (name, value) in members {
                    let line = one_line(name, value).unwrap_or_default();
                    if !value.is_null() && !line.is_empty() {
                        parts.push(format!("{name}={line}"));
                    }
                }
                parts.join(" ")
            }
            other => one_line(name, other).unwrap_or_default(),
        };
        if text.is_empty() {
            return Cell {
                text: NOTHING.to_owned(),
                widths: (NOTHING.len(), NOTHING.len()),
            };
        }
        let whole = width(&text);
        let (roomy, narrow) = CUT;
        // Dates and numbers say nothing without their middle.
        let widths = if self.columns == usize::MAX || value.is_number() || value.is_boolean() {
            (whole, whole)
        } else if is_key(&text) {
            (roomy, narrow)
        } else {
            (whole, whole.min(narrow))
        };
        Cell { text, widths }
    }
}

/// Whether a text is a key or a message, which nobody reads.
fn is_key(text: &str) -> bool {
    let begins = text.starts_with("0x") || text.starts_with("zQ3sh");
    begins && text.is_ascii() && text.len() > LONG_KEY
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
pub(in crate::commands) fn date(milliseconds: u64) -> String {
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

    fn shown_in(value: &Value, columns: usize) -> String {
        let mut out = Vec::new();
        show(value, Look::PLAIN, columns, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn shown(value: &Value) -> String {
        shown_in(value, 80)
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
identity           metadata    sent  received
0x04ababab…ababab  name=Phone  3     -
0x02               -           -     10
… stands for the middle of a value (--wide shows everything)
";
        let squeezed = |text: &str| {
            text.lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&shown(&value)), squeezed(expected));
    }

    /// A device as `installation_list` tells of it, and what a person wants to see of it first.
    #[test]
    fn a_table_fits_the_columns_and_says_what_it_leaves_out() {
        let device = json!({
            "identity": format!("0x04{}", "ab".repeat(64)), "installationId": "x1-0123456789abcdef0123456789abcdef",
            "own": true, "self": false, "state": "over_limit", "enabled": true, "protocolVersion": 1,
            "suite": "secp256k1", "nextMode": "ratchet", "version": 17, "lastActiveAt": 1_700_000_000_000_u64,
            "staleAt": 1_700_000_000_000_u64, "metadata": {"name": "漢字漢字漢字漢字漢字漢字", "deviceType": "", "pushToken": ""},
        });
        let value = json!([device, device]);
        for columns in [80, 100, 60, 40, 30] {
            let text = shown_in(&value, columns);
            for line in text.lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
            assert!(text.starts_with("identity "), "{text}");
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                words.contains("not shown: ") && words.contains("staleAt"),
                "{text}"
            );
        }
        let text = shown(&value);
        for name in ["installationId", "metadata", "self", "state", "nextMode"] {
            assert!(
                text.lines().next().unwrap().contains(name),
                "{name}: {text}"
            );
        }
        assert!(
            text.contains("over_limit") && text.contains("漢字"),
            "{text}"
        );
        let wide = shown_in(&value, usize::MAX);
        assert!(!wide.contains('…') && !wide.contains("not shown"), "{wide}");
        assert!(
            wide.contains(&"ab".repeat(64)) && wide.contains("2023-11-14T22:13:20Z"),
            "{wide}"
        );
    }

    #[test]
    fn an_object_on_one_line_has_its_keys_shortened_and_gives_no_orders() {
        let value = json!({"identity": format!("0x04{}", "ab".repeat(64)), "reason": null, "at": 0,
            "name": "a\nb\u{1b}", "none": [], "nested": [{"kind": "x"}]});
        assert_eq!(
            one_line_each(&value),
            "at=1970-01-01T00:00:00Z  identity=0x04ababab…ababab  name=a\\nb\\u{1b}  nested=[{\"kind\":\"x\"}]  none=none"
        );
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
