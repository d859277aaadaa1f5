//! The names a frontend gives a device.

use engine::model::DeviceMetadata;
use serde_json::Value;

use super::{Form, macros::opaque};
use crate::{
    error::RpcError,
    json::{described, shown},
    suggest::did_you_mean,
};

/// Longest name or type of a device, in characters: a line for people.
const MAX_DEVICE_NAME_CHARS: usize = 256;
/// Longest address of a push service, in characters: a URL with its keys.
const MAX_PUSH_TOKEN_CHARS: usize = 4096;

/// The members of the object.
const MEMBERS: [&str; 3] = ["name", "deviceType", "pushToken"];

/// What a frontend notes about a device, whole: a name that is left out is empty.
pub struct Metadata(pub DeviceMetadata);

impl Form for Metadata {
    const TAKES: &'static str = "an object of the texts name and deviceType (at most 256 characters each) and pushToken (at most 4096)";

    fn schema() -> Value {
        serde_json::json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "name": {"type": "string", "maxLength": MAX_DEVICE_NAME_CHARS},
                "deviceType": {"type": "string", "maxLength": MAX_DEVICE_NAME_CHARS},
                "pushToken": {"type": "string", "maxLength": MAX_PUSH_TOKEN_CHARS},
            },
        })
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let Value::Object(members) = value else {
            return Err(Self::wrong(&value));
        };
        let mut metadata = DeviceMetadata::default();
        for (name, value) in members {
            let (text, limit) = match name.as_str() {
                "name" => (&mut metadata.name, MAX_DEVICE_NAME_CHARS),
                "deviceType" => (&mut metadata.device_type, MAX_DEVICE_NAME_CHARS),
                "pushToken" => (&mut metadata.push_token, MAX_PUSH_TOKEN_CHARS),
                _ => return Err(unknown(&name)),
            };
            let found = match value {
                Value::String(given) => match given.chars().count() {
                    length if length <= limit => {
                        *text = given;
                        continue;
                    }
                    length => format!("{length} characters"),
                },
                other => described(&other),
            };
            let takes = format!("a text of at most {limit} characters");
            return Err(
                RpcError::invalid(format!("expected {takes}, found {found}"))
                    .about(&format!(".{name}"))
                    .with_hint(format!("give {takes}, or \"\" for none")),
            );
        }
        Ok(Self(metadata))
    }

    fn write(&self) -> Value {
        serde_json::json!({
            "name": self.0.name,
            "deviceType": self.0.device_type,
            "pushToken": self.0.push_token,
        })
    }
}

fn unknown(name: &str) -> RpcError {
    let meant = did_you_mean(name, MEMBERS).map(|meant| format!("{meant} "));
    RpcError::invalid("no such member")
        .about(&format!(".{}", shown(name)))
        .with_hint(format!(
            "{}the members are: {}",
            meant.unwrap_or_default(),
            MEMBERS.join(", ")
        ))
}

opaque!(Metadata);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_taken_whole_and_nothing_else_with_it() {
        let Metadata(read) = Metadata::read(json!({"name": "Phöne"})).unwrap();
        assert_eq!(
            (read.name.as_str(), read.device_type.as_str()),
            ("Phöne", "")
        );
        let longest = "ö".repeat(MAX_DEVICE_NAME_CHARS);
        assert!(Metadata::read(json!({"name": longest, "deviceType": longest})).is_ok());
        for wrong in [
            json!({"name": format!("{longest}x")}),
            json!({"pushToken": "x".repeat(MAX_PUSH_TOKEN_CHARS + 1)}),
            json!({"name": 1}),
            json!({"device_type": "phone"}),
            json!("phone"),
            json!(null),
        ] {
            assert!(Metadata::read(wrong.clone()).is_err(), "{wrong}");
        }
        for (wrong, field) in [
            (json!({"nme": "x"}), ".nme"),
            (json!({"pushToken": 7}), ".pushToken"),
        ] {
            let error = Metadata::read(wrong).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field));
        }
    }
}
