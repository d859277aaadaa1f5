//! What several forms share.

use serde_json::{Value, json};

use crate::{hex::decode_hex, json::described};

/// Hides the value in `Debug`: parameters hold secrets and payloads.
macro_rules! opaque {
    ($($form:ident),*) => {
        $(impl std::fmt::Debug for $form {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($form), "(..)"))
            }
        })*
    };
}

/// Bytes in hex with a limit of their own.
macro_rules! limited_bytes {
    ($($form:ident, $limit:ident, $what:literal, $takes:literal;)*) => {$(
        impl $crate::params::Form for $form {
            const TAKES: &'static str = $takes;
            const REFUSED: &'static [$crate::error::ErrorKind] =
                &[$crate::error::ErrorKind::PayloadTooLarge];

            fn schema() -> serde_json::Value {
                $crate::params::macros::hex_schema()
            }

            fn read(value: serde_json::Value) -> Result<Self, $crate::error::RpcError> {
                let bytes = $crate::params::macros::hex_bytes(&value)
                    .map_err(|found| Self::wrong_for(&found))?;
                if bytes.len() > $limit {
                    return Err($crate::error::RpcError::new(
                        $crate::error::ErrorKind::PayloadTooLarge,
                        format!("{} has at most {} bytes", $what, $limit),
                    ));
                }
                Ok(Self(bytes))
            }

            fn write(&self) -> serde_json::Value {
                $crate::hex::to_hex(&self.0).into()
            }
        }
    )*};
}

/// Whole numbers within bounds.
macro_rules! whole_numbers {
    ($($form:ident($inner:ty), $least:literal..=$most:expr, $takes:literal;)*) => {$(
        impl $crate::params::Form for $form {
            const TAKES: &'static str = $takes;

            fn schema() -> serde_json::Value {
                $crate::params::macros::whole_number_schema($least, $most)
            }

            fn read(value: serde_json::Value) -> Result<Self, $crate::error::RpcError> {
                let number = value.as_u64().filter(|number| ($least..=$most).contains(number));
                number
                    .and_then(|number| <$inner>::try_from(number).ok())
                    .map(Self)
                    .ok_or_else(|| match value {
                        // A number in place of a number is no secret.
                        serde_json::Value::Number(found) => Self::wrong_for(&found.to_string()),
                        other => Self::wrong(&other),
                    })
            }

            fn write(&self) -> serde_json::Value {
                self.0.into()
            }
        }
    )*};
}

/// Texts of so many characters, taken as they are.
macro_rules! texts {
    ($($form:ident, $least:literal..=$most:expr, $takes:literal;)*) => {$(
        impl $crate::params::Form for $form {
            const TAKES: &'static str = $takes;

            fn schema() -> serde_json::Value {
                $crate::params::macros::text_schema($least, $most)
            }

            fn read(value: serde_json::Value) -> Result<Self, $crate::error::RpcError> {
                let text = $crate::params::macros::string(value)
                    .map_err(|other| Self::wrong(&other))?;
                let length = text.chars().count();
                if ($least..=$most).contains(&length) {
                    return Ok(Self(text));
                }
                Err(Self::wrong_for(&format!("{length} characters")))
            }

            fn write(&self) -> serde_json::Value {
                self.0.clone().into()
            }
        }
    )*};
}

/// Texts of types that have a parser of their own. `$fault` says in what a text differs from what
/// the parser takes.
macro_rules! parsed {
    ($($form:ident, $takes:literal, $schema:tt, $fault:expr;)*) => {$(
        impl $crate::params::Form for $form {
            const TAKES: &'static str = $takes;

            fn schema() -> serde_json::Value {
                serde_json::json!($schema)
            }

            fn read(value: serde_json::Value) -> Result<Self, $crate::error::RpcError> {
                let text = $crate::params::macros::string(value)
                    .map_err(|other| <Self as $crate::params::Form>::wrong(&other))?;
                Self::parse(&text)
                    .map_err(|_| <Self as $crate::params::Form>::wrong_for(&$fault(&text)))
            }

            fn write(&self) -> serde_json::Value {
                self.to_string().into()
            }
        }
    )*};
}

pub(super) use {limited_bytes, opaque, parsed, texts, whole_numbers};

pub(super) fn hex_schema() -> Value {
    json!({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"})
}

pub(super) fn whole_number_schema(least: u64, most: u64) -> Value {
    if most == u64::MAX {
        json!({"type": "integer", "minimum": least})
    } else {
        json!({"type": "integer", "minimum": least, "maximum": most})
    }
}

pub(super) fn text_schema(least: usize, most: usize) -> Value {
    if least == 0 {
        json!({"type": "string", "maxLength": most})
    } else {
        json!({"type": "string", "minLength": least, "maxLength": most})
    }
}

/// The bytes of a text of `0x` and hex digits, or what was found in its place.
pub(super) fn hex_bytes(value: &Value) -> Result<Vec<u8>, String> {
    let text = value.as_str().ok_or_else(|| described(value))?;
    decode_hex(text).map_err(|fault| fault.to_string())
}

/// The text of a string, or the value of another type.
pub(super) fn string(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(other),
    }
}

/// What the tests of several forms begin with.
#[cfg(test)]
pub(super) mod fixtures {
    use serde_json::Value;

    use crate::{error::ErrorKind, params::Form};

    /// The kind of the error for a value that has to be refused.
    pub(in crate::params) fn refused<T: Form>(value: Value) -> ErrorKind {
        let shown = value.to_string().chars().take(80).collect::<String>();
        let Err(error) = T::read(value) else {
            panic!("{shown} was taken");
        };
        assert!(!error.hint.is_empty() && error.field.is_none(), "{shown}");
        error.kind
    }

    /// So many zero bytes.
    pub(in crate::params) fn hex_of(bytes: usize) -> Value {
        format!("0x{}", "00".repeat(bytes)).into()
    }
}
