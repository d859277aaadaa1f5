//! JSON as it stands in a request: an object or an array is gone over entry by entry, and each
//! value is read on its own, so that an error can name the one that is wrong.
//!
//! The parser takes a text for JSON by its grammar alone. What the grammar allows and a value
//! cannot hold is an [`Unreadable`] here: half of a surrogate pair, a number beyond all bounds, a
//! name that is given twice.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Value, value::RawValue};

/// Deepest nesting of arrays and objects in a parameter. Keystore files, the deepest, have three
/// levels, and what some programs add to them a few more.
const MAX_DEPTH: usize = 16;
/// Most values in one parameter, those in its arrays and objects counted: `message_confirm` takes
/// 10 000 ids. A value takes up to sixteen times the memory of its text.
const MAX_VALUES: usize = 16 * 1024;

/// Why a value that is JSON by its grammar cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A string with an escape for half of a surrogate pair.
    HalfSurrogate,
    /// The same in the name of a member.
    HalfSurrogateInName,
    /// A number that no 64-bit floating-point number comes near.
    Number,
    /// Nested more than 16 levels deep.
    Depth,
    /// More than 16384 values in arrays and objects.
    Count,
    /// A member that is given twice.
    Twice,
    /// No JSON at all.
    NotJson,
}

impl Unreadable {
    /// What is wrong, in words that quote nothing.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::HalfSurrogate => {
                "the string has an escape for half of a surrogate pair".to_owned()
            }
            Self::HalfSurrogateInName => {
                "the name of a member has an escape for half of a surrogate pair".to_owned()
            }
            Self::Number => "the number is too large for any program to hold".to_owned(),
            Self::Depth => format!("nested more than {MAX_DEPTH} levels deep"),
            Self::Count => format!("more than {MAX_VALUES} values in arrays and objects"),
            Self::Twice => "given twice".to_owned(),
            Self::NotJson => "not JSON".to_owned(),
        }
    }

    /// What to do, where there is more to say than what was expected.
    #[must_use]
    pub const fn hint(self) -> Option<&'static str> {
        match self {
            Self::HalfSurrogate | Self::HalfSurrogateInName => Some(
                "write a character above U+FFFF as itself in UTF-8, or as both halves, such as \\ud83d\\ude00; bytes that are not text go as 0x and hex digits",
            ),
            Self::Twice => Some("give each member once"),
            _ => None,
        }
    }
}

/// An [`Unreadable`], and where in the value it is: `.name`, `[3]`, or empty for the value itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) what: Unreadable,
}

impl Fault {
    fn of(what: Unreadable) -> Self {
        Self {
            path: String::new(),
            what,
        }
    }

    fn inside(mut self, place: &str) -> Self {
        self.path.insert_str(0, place);
        self
    }
}

/// Goes over the entries of an object, each with its name, or of an array, without one. Names and
/// values are handed over as they stand in the text: [`string`] and `read` take them further.
///
/// # Errors
/// The parser's, if the text is no JSON, or neither an object nor an array. What it says may quote
/// the text; its line and column do not.
pub fn entries<'a>(
    text: &'a [u8],
    each: impl FnMut(Option<&'a RawValue>, &'a RawValue),
) -> Result<(), serde_json::Error> {
    struct Walk<F>(F);

    impl<'de, F: FnMut(Option<&'de RawValue>, &'de RawValue)> Visitor<'de> for Walk<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object or an array")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some((name, value)) = map.next_entry()? {
                (self.0)(Some(name), value);
            }
            Ok(())
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
            while let Some(value) = seq.next_element()? {
                (self.0)(None, value);
            }
            Ok(())
        }
    }

    let mut deserializer = Deserializer::from_slice(text);
    deserializer.deserialize_any(Walk(each))?;
    deserializer.end()
}

/// The text of a string, borrowed unless it is written with escapes; `None` for a value of another
/// type.
///
/// # Errors
/// [`Unreadable::HalfSurrogate`].
pub fn string(raw: &RawValue) -> Option<Result<Cow<'_, str>, Unreadable>> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    raw.get().starts_with('"').then(|| {
        serde_json::from_str(raw.get())
            .map(|Text(text)| text)
            .map_err(|_| Unreadable::HalfSurrogate)
    })
}

/// Reads a value with all that is in it.
///
/// # Errors
/// The first [`Fault`] in it.
pub(crate) fn read(raw: &RawValue) -> Result<Value, Fault> {
    Reading { left: MAX_VALUES }.value(raw, 0)
}

/// The type of a value, as an error names it.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

struct Reading {
    /// How many values may still come.
    left: usize,
}

impl Reading {
    fn value(&mut self, raw: &RawValue, depth: usize) -> Result<Value, Fault> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| Fault::of(Unreadable::Count))?;
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth == MAX_DEPTH => Err(Fault::of(Unreadable::Depth)),
            Some(b'{') => self.object(text, depth),
            Some(b'[') => self.array(text, depth),
            Some(b'"') => {
                serde_json::from_str(text).map_err(|_| Fault::of(Unreadable::HalfSurrogate))
            }
            _ => serde_json::from_str(text).map_err(|_| Fault::of(Unreadable::Number)),
        }
    }

    fn object(&mut self, text: &str, depth: usize) -> Result<Value, Fault> {
        let mut members = Map::new();
        let mut read = Ok(());
        let walked = entries(text.as_bytes(), |name, value| {
            if read.is_ok()
                && let Some(name) = name
            {
                read = self.member(&mut members, name, value, depth);
            }
        });
        walked.map_err(|_| Fault::of(Unreadable::NotJson))?;
        read.map(|()| Value::Object(members))
    }

    fn member(
        &mut self,
        members: &mut Map<String, Value>,
        name: &RawValue,
        value: &RawValue,
        depth: usize,
    ) -> Result<(), Fault> {
        let Some(Ok(name)) = string(name) else {
            return Err(Fault::of(Unreadable::HalfSurrogateInName));
        };
        let place = || format!(".{}", shown(&name));
        if members.contains_key(&*name) {
            return Err(Fault::of(Unreadable::Twice).inside(&place()));
        }
        let value = self
            .value(value, depth.saturating_add(1))
            .map_err(|fault| fault.inside(&place()))?;
        members.insert(name.into_owned(), value);
        Ok(())
    }

    fn array(&mut self, text: &str, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        let mut read = Ok(());
        let walked = entries(text.as_bytes(), |_, value| {
            if read.is_ok() {
                let place = items.len();
                read = self
                    .value(value, depth.saturating_add(1))
                    .map(|value| items.push(value))
                    .map_err(|fault| fault.inside(&format!("[{place}]")));
            }
        });
        walked.map_err(|_| Fault::of(Unreadable::NotJson))?;
        read.map(|()| Value::Array(items))
    }
}

/// A name from outside, cut to a length fit for an error.
#[must_use]
pub fn shown(name: &str) -> String {
    const MAX_SHOWN_CHARS: usize = 64;
    name.chars().take(MAX_SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(text: &str) -> (String, Unreadable) {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        let fault = read(raw).unwrap_err();
        (fault.path, fault.what)
    }

    #[test]
    fn a_value_is_what_the_parser_makes_of_it() {
        for text in [
            "null",
            " [ 1 , -2.5e3, \"\\u00fc\\ud83d\\ude00\\n\", true, [], {} ] ",
            "{\"\\u0061\": {\"b\": [{\"c\": 18446744073709551615}]}, \"\": \"\"}",
        ] {
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(raw), Ok(value));
        }
    }

    #[test]
    fn what_no_value_can_hold_is_found_in_its_place() {
        for (text, path, what) in [
            ("\"a\\ud83d\"", "", Unreadable::HalfSurrogate),
            ("\"\\ude00a\"", "", Unreadable::HalfSurrogate),
            ("\"\\ud83d\\u0041\"", "", Unreadable::HalfSurrogate),
            ("1e400", "", Unreadable::Number),
            ("[0, -1e999]", "[1]", Unreadable::Number),
            (
                "{\"a\": [{\"b\": \"\\udfff\"}]}",
                ".a[0].b",
                Unreadable::HalfSurrogate,
            ),
            (
                "{\"a\": {\"\\ud800\": 1}}",
                ".a",
                Unreadable::HalfSurrogateInName,
            ),
            ("{\"a\": 1, \"\\u0061\": 1}", ".a", Unreadable::Twice),
        ] {
            assert_eq!(fault(text), (path.to_owned(), what), "{text}");
        }
    }

    #[test]
    fn values_are_nested_so_deep_and_so_many_and_no_more() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let raw = RawValue::from_string(nested(MAX_DEPTH)).unwrap();
        assert!(read(&raw).is_ok());
        for levels in [MAX_DEPTH + 1, 100_000] {
            assert_eq!(fault(&nested(levels)).1, Unreadable::Depth);
        }
        let list = |items: usize| format!("[[{}]]", vec!["0"; items].join(","));
        let raw = RawValue::from_string(list(MAX_VALUES - 2)).unwrap();
        assert!(read(&raw).is_ok());
        assert_eq!(fault(&list(MAX_VALUES - 1)).1, Unreadable::Count);
    }

    #[test]
    fn entries_are_those_of_an_object_or_an_array_and_of_nothing_else() {
        let mut seen = Vec::new();
        entries(b" {\"a\\ud800\": [1 ], \"b\": 2} ", |name, value| {
            seen.push((name.map(RawValue::get), value.get()));
        })
        .unwrap();
        assert_eq!(seen, [(Some("\"a\\ud800\""), "[1 ]"), (Some("\"b\""), "2")]);
        for text in ["", "7", "\"x\"", "[1", "[1] 2", "{\"a\"}", "[\u{1}]"] {
            assert!(entries(text.as_bytes(), |_, _| ()).is_err(), "{text}");
        }
        assert!(entries(b"[\"\xff\"]", |_, _| ()).is_err());
    }

    #[test]
    fn a_type_is_named_without_its_value() {
        for (value, name) in [
            (json!(null), "null"),
            (json!(true), "a boolean"),
            (json!(7), "a number"),
            (json!(""), "an empty string"),
            (json!("swordfish"), "a string"),
            (json!([1, 2]), "an array of 2"),
            (json!({"swordfish": 1}), "an object"),
        ] {
            assert_eq!(described(&value), name);
        }
    }
}
