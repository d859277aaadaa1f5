//! What goes from one device to the other when they are linked.

use std::collections::BTreeMap;

use crypto_core::{
    IdentityKey,
    link::{FirstCode, LinkDigits, SecondCode},
    typed::one_word,
};
use engine::{
    model::MAX_LINK_NAME_BYTES,
    wire::{
        LinkTextError, decode_first_code, decode_second_code, encode_first_code, encode_second_code,
    },
};
use serde_json::{Value, json};

use super::{
    Form,
    macros::{opaque, string, texts},
};
use crate::{
    error::{ErrorKind, RpcError},
    json::shown,
};

/// Longest name of a link, in characters.
const MAX_NAME_CHARS: usize = 64;
/// Most names of contacts in one call.
const MAX_NAMES: usize = 1000;

/// The name of a link in this daemon.
#[derive(Debug)]
pub struct LinkName(pub String);

/// The first code of a link.
#[derive(Debug)]
pub struct FirstCodeText(pub FirstCode);

/// The second code of a link.
#[derive(Debug)]
pub struct SecondCodeText(pub SecondCode);

/// A challenge or a response, with or without white space.
pub struct Digits(pub LinkDigits);

/// What a frontend calls its contacts.
pub struct ContactNames(pub BTreeMap<IdentityKey, String>);

texts! {
    LinkName, 1..=MAX_NAME_CHARS, "the `link` that link_begin or link_offer answered";
}

impl Form for FirstCodeText {
    const TAKES: &'static str = "the code that a new device shows: ratchetd-link-1:…";

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| Self::wrong(&other))?;
        decode_first_code(&text).map(Self).map_err(no_code::<Self>)
    }

    fn write(&self) -> Value {
        encode_first_code(&self.0).into()
    }
}

impl Form for SecondCodeText {
    const TAKES: &'static str = "the code that the old device gave: ratchetd-link-2:…";

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| Self::wrong(&other))?;
        decode_second_code(&text).map(Self).map_err(no_code::<Self>)
    }

    fn write(&self) -> Value {
        encode_second_code(&self.0).into()
    }
}

/// The error for a text that is not the code it should be.
fn no_code<T: Form>(fault: LinkTextError) -> RpcError {
    let hint = match fault {
        LinkTextError::Damaged | LinkTextError::TooLong => "copy the whole code again",
        LinkTextError::Version => "use the same version of ratchetd on both devices",
        LinkTextError::NoCode(_) | LinkTextError::OtherCode(_) => {
            return RpcError::invalid(format!("not the code of a link: {fault}"))
                .with_hint(format!("give {}", T::TAKES));
        }
    };
    RpcError::invalid(format!("not the code of a link: {fault}")).with_hint(hint)
}

impl Form for Digits {
    const TAKES: &'static str = "six digits";

    fn schema() -> Value {
        // A space between them is no part of them.
        json!({"type": "string", "minLength": 6})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| Self::wrong(&other))?;
        let read = LinkDigits::parse(&one_word(&text));
        read.map(Self)
            .ok_or_else(|| Self::wrong_for("another text"))
    }

    fn write(&self) -> Value {
        self.0.text().into()
    }
}

impl Form for ContactNames {
    const TAKES: &'static str = "an array of at most 1000 objects, each with the identity of a contact and the name that it is called by, at most 128 bytes";
    const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey];

    fn schema() -> Value {
        json!({"type": "array", "maxItems": MAX_NAMES, "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["identity", "name"],
            "properties": {
                "identity": <IdentityKey as Form>::schema(),
                "name": {"type": "string", "maxLength": MAX_LINK_NAME_BYTES},
            },
        }})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let items = match value {
            Value::Array(items) if items.len() <= MAX_NAMES => items,
            other => return Err(Self::wrong(&other)),
        };
        let mut names = BTreeMap::new();
        for (place, item) in items.into_iter().enumerate() {
            let (identity, name) =
                named(item).map_err(|(field, error)| error.about(&format!("[{place}]{field}")))?;
            names.insert(identity, name);
        }
        Ok(Self(names))
    }

    fn write(&self) -> Value {
        let names = self.0.iter();
        names
            .map(|(identity, name)| json!({"identity": Form::write(identity), "name": name}))
            .collect()
    }
}

/// One contact with its name, or the error with the place inside the item that it is about.
fn named(item: Value) -> Result<(IdentityKey, String), (String, RpcError)> {
    const TAKES: &str = "an object of identity and name";
    let wrong = |field: &str, what: &str| {
        let error = RpcError::invalid(format!("expected {what}"));
        (field.to_owned(), error.with_hint(format!("give {what}")))
    };
    let Value::Object(mut members) = item else {
        return Err(wrong("", TAKES));
    };
    let identity = members
        .remove("identity")
        .ok_or_else(|| wrong(".identity", TAKES))?;
    let identity =
        <IdentityKey as Form>::read(identity).map_err(|error| (".identity".to_owned(), error))?;
    let name = match members.remove("name") {
        Some(Value::String(name)) if name.len() <= MAX_LINK_NAME_BYTES => name,
        _ => return Err(wrong(".name", "a text of at most 128 bytes")),
    };
    match members.keys().next() {
        Some(other) => Err(wrong(&format!(".{}", shown(other)), TAKES)),
        None => Ok((identity, name)),
    }
}

opaque!(Digits, ContactNames);

#[cfg(test)]
mod tests {
    use super::{super::macros::fixtures::refused, *};

    #[test]
    fn digits_are_six_with_or_without_spaces() {
        for good in ["012345", "012 345", " 012\u{200b}345\n"] {
            assert_eq!(Digits::read(json!(good)).unwrap().write(), "012345");
        }
        for bad in [
            json!("12345"),
            json!("1234567"),
            json!("+12345"),
            json!("١٢٣٤٥٦"),
            json!(123_456),
        ] {
            assert_eq!(refused::<Digits>(bad), ErrorKind::InvalidParams);
        }
    }

    #[test]
    fn a_code_that_is_none_is_told_from_the_other_one() {
        for (text, hint) in [
            ("ratchetd-link-2:AQ", "ratchetd-link-1:"),
            ("ratchetd-link-1:Ag", "again"),
            ("ratchetd-link-1:AQ", "version"),
            ("zQ3sh", "ratchetd-link-1:"),
        ] {
            let error = FirstCodeText::read(json!(text)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParams);
            assert!(error.hint.contains(hint), "{error:?}");
        }
        let error = SecondCodeText::read(json!("ratchetd-link-1:Ag")).unwrap_err();
        assert!(error.hint.contains("ratchetd-link-2:"), "{error:?}");
    }

    #[test]
    fn names_of_contacts_are_read_each_at_its_place() {
        let key = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let good = json!([{"identity": key, "name": "Böb"}]);
        assert_eq!(ContactNames::read(good.clone()).unwrap().write(), good);
        for (bad, field) in [
            (
                json!([{"identity": key, "name": "x".repeat(129)}]),
                "[0].name",
            ),
            (json!([{"identity": key, "name": 1}]), "[0].name"),
            (json!([{"identity": key}]), "[0].name"),
            (json!([{"name": "x"}]), "[0].identity"),
            (json!([{"identity": "0x00", "name": "x"}]), "[0].identity"),
            (json!([{"identity": key, "name": "x", "nam": 1}]), "[0].nam"),
            (json!(["x"]), "[0]"),
        ] {
            let error = ContactNames::read(bad).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field));
        }
        assert!(ContactNames::read(json!({})).is_err());
    }

    #[test]
    fn debug_shows_neither_digits_nor_names() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(
                !shown.contains("012345") && !shown.contains("swordfish"),
                "{shown}"
            );
        }
        shows_nothing::<Digits>(&Digits::read(json!("012345")).unwrap());
        let key = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let names = json!([{"identity": key, "name": "swordfish"}]);
        shows_nothing::<ContactNames>(&ContactNames::read(names).unwrap());
    }
}
