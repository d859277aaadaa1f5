//! Parameters: their forms, and how they are read.
//!
//! A method's parameters are a struct that `params!` defines. They come by name or by position,
//! and each is read on its own, so that an error names it. What a parameter may look like is its
//! [`Form`].

mod envelope;
mod keys;
mod keystore;
mod macros;
mod message;
mod metadata;
mod names;
mod numbers;
mod pasted;
mod payload;
mod texts;
mod topic;

use std::{collections::HashMap, fmt};

use engine::model::AccountName;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

pub use self::envelope::{
    Arrived, EnvelopeBytes, EnvelopePayload, PaddingBytes, Sealing, one_content,
};
pub use self::keys::{BundleBytes, PrivateKey, SymKey};
pub use self::keystore::KeystoreFile;
pub use self::message::{MessageIds, Recipients, Wire};
pub use self::metadata::Metadata;
pub use self::names::{AccountFilter, NewInstallationId};
pub use self::numbers::{ClockValue, Cursor, Millis, Number, PageLimit, WaitMillis, Words};
pub use self::payload::{Payload, Text, one_payload};
pub use self::texts::{ChatName, LogFilter, RequestId, Secret, Subscription};
use crate::error::{ErrorKind, RpcError};

/// The parameters of a method.
pub trait Params: Sized {
    /// Their names, in the order of positions.
    const FIELDS: &'static [ParamInfo];

    /// Reads them.
    ///
    /// # Errors
    /// [`RpcError`], naming the parameter that is missing, unknown or wrong.
    fn read(fields: Fields) -> Result<Self, RpcError>;

    /// Writes them by name.
    fn write(&self) -> Map<String, Value>;
}

/// Parameters of a method that works on one account.
pub trait AccountParams: Params {
    /// The account, which may be left out when there is exactly one.
    fn account(&self) -> Option<&AccountName>;
}

/// One parameter, for listings.
#[derive(Clone, Copy, Debug)]
pub struct ParamInfo {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// What it takes, in words.
    pub takes: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// What it can be refused for, besides `invalid_params`.
    pub refused: &'static [ErrorKind],
    /// What it takes, as a JSON schema.
    pub schema: fn() -> Value,
}

/// The form of a value.
pub trait Form: Sized {
    /// What it takes, in words: "a public key: …".
    const TAKES: &'static str;

    /// What a value of the right JSON type can still be refused for, besides `invalid_params`.
    const REFUSED: &'static [ErrorKind] = &[];

    /// The same as a JSON schema, as far as one can say it.
    fn schema() -> Value;

    /// Reads it.
    ///
    /// # Errors
    /// [`RpcError`] without a field: the caller knows that.
    fn read(value: Value) -> Result<Self, RpcError>;

    /// Writes it.
    fn write(&self) -> Value;

    /// The error for a value of another form.
    #[must_use]
    fn wrong() -> RpcError {
        RpcError::invalid(format!("expected {}", Self::TAKES))
            .with_hint(format!("give {}", Self::TAKES))
    }
}

/// A parameter: a [`Form`] if it is required, an `Option` of one if not.
pub trait Field: Sized {
    /// Whether it must be given.
    const REQUIRED: bool;
    /// What it takes, in words.
    const TAKES: &'static str;

    /// What it can be refused for, besides `invalid_params`.
    const REFUSED: &'static [ErrorKind];

    /// The same as a JSON schema.
    fn schema() -> Value;

    /// Reads it; `None` if it was left out.
    ///
    /// # Errors
    /// [`RpcError`] without a field.
    fn read(value: Option<Value>) -> Result<Self, RpcError>;

    /// Writes it; `None` to leave it out.
    fn write(&self) -> Option<Value>;
}

impl<T: Form> Field for T {
    const REQUIRED: bool = true;
    const TAKES: &'static str = T::TAKES;
    const REFUSED: &'static [ErrorKind] = T::REFUSED;

    fn schema() -> Value {
        <T as Form>::schema()
    }

    fn read(value: Option<Value>) -> Result<Self, RpcError> {
        let value = value.ok_or_else(|| {
            RpcError::invalid("required, and missing").with_hint(format!("give {}", T::TAKES))
        })?;
        T::read(value)
    }

    fn write(&self) -> Option<Value> {
        Some(Form::write(self))
    }
}

impl<T: Form> Field for Option<T> {
    const REQUIRED: bool = false;
    const TAKES: &'static str = T::TAKES;
    const REFUSED: &'static [ErrorKind] = T::REFUSED;

    fn schema() -> Value {
        T::schema()
    }

    fn read(value: Option<Value>) -> Result<Self, RpcError> {
        value.map(T::read).transpose()
    }

    fn write(&self) -> Option<Value> {
        self.as_ref().map(Form::write)
    }
}

/// The parameters of one request, not read yet.
#[derive(Default)]
pub struct Fields {
    values: HashMap<String, Value>,
    known: &'static [ParamInfo],
}

impl fmt::Debug for Fields {
    /// How many, never their values: parameters hold keys, phrases and payloads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields")
            .field("given", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl Fields {
    /// Takes a request's `params`: an object, an array, or nothing.
    ///
    /// # Errors
    /// [`RpcError`] if they are anything else, if a name stands twice, or if there are more
    /// positions than parameters.
    pub fn parse(params: Option<&str>, known: &'static [ParamInfo]) -> Result<Self, RpcError> {
        let given: Given = match params {
            // The parser's own words quote what it read, which may be a secret.
            Some(text) => serde_json::from_str(text).map_err(|_| {
                RpcError::invalid("params are no object and no array")
                    .with_hint("give params as an object by name, or as an array by position")
            })?,
            None => Given::default(),
        };
        if given.positional && given.members.len() > known.len() {
            return Err(RpcError::invalid(format!(
                "{} parameters, of which {} are known",
                given.members.len(),
                known.len()
            ))
            .with_hint(names_in_order(known)));
        }
        let mut values = HashMap::new();
        let mut names = known.iter();
        for (name, value) in given.members {
            let name = if given.positional {
                names
                    .next()
                    .map_or_else(String::new, |info| info.name.to_owned())
            } else {
                name
            };
            if values.contains_key(&name) {
                return Err(RpcError::invalid("given twice")
                    .about(&shown(&name))
                    .with_hint("give each parameter once"));
            }
            values.insert(name, value);
        }
        Ok(Self { values, known })
    }

    /// Reads one parameter. `null` counts as left out.
    ///
    /// # Errors
    /// [`RpcError`] about it.
    pub fn take<T: Field>(&mut self, name: &str) -> Result<T, RpcError> {
        let value = self.values.remove(name).filter(|value| !value.is_null());
        T::read(value).map_err(|error| match error.field {
            Some(_) => error,
            None => error.about(name),
        })
    }

    /// Refuses what is left over: a misspelt parameter must not be taken for a missing one.
    ///
    /// # Errors
    /// [`RpcError`] naming one unknown parameter.
    pub fn finish(self) -> Result<(), RpcError> {
        let mut unknown: Vec<&String> = self.values.keys().collect();
        unknown.sort();
        match unknown.first() {
            None => Ok(()),
            Some(name) => Err(RpcError::invalid("no such parameter")
                .about(&shown(name))
                .with_hint(names_in_order(self.known))),
        }
    }
}

fn names_in_order(known: &[ParamInfo]) -> String {
    if known.is_empty() {
        return "this method takes no parameters".to_owned();
    }
    let names: Vec<&str> = known.iter().map(|info| info.name).collect();
    format!("the parameters are: {}", names.join(", "))
}

/// A name from outside, cut to a length fit for an error.
#[must_use]
pub fn shown(name: &str) -> String {
    const MAX_SHOWN_CHARS: usize = 64;
    name.chars().take(MAX_SHOWN_CHARS).collect()
}

/// `params` as they stand: serde_json's own map would keep the last of two equal names without a
/// word.
#[derive(Default)]
struct Given {
    positional: bool,
    members: Vec<(String, Value)>,
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Given;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array")
            }

            fn visit_unit<E>(self) -> Result<Given, E> {
                Ok(Given::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Given {
                    positional: false,
                    members,
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Given, A::Error> {
                let mut members = Vec::new();
                while let Some(value) = seq.next_element()? {
                    members.push((String::new(), value));
                }
                Ok(Given {
                    positional: true,
                    members,
                })
            }
        }

        deserializer.deserialize_any(Members)
    }
}

/// Defines the parameters of methods. `account;` stands for the account that most methods take.
macro_rules! params {
    ($($(#[$doc:meta])* $name:ident { $($fields:tt)* })*) => {
        $($crate::params::params! { @one $(#[$doc])* $name { $($fields)* } })*
    };
    (@one $(#[$doc:meta])* $name:ident { account; $($others:tt)* }) => {
        $crate::params::params! {
            @one $(#[$doc])* $name {
                /// May be left out when there is exactly one.
                account = "account": Option<engine::model::AccountName>,
                $($others)*
            }
        }

        impl $crate::params::AccountParams for $name {
            fn account(&self) -> Option<&engine::model::AccountName> {
                self.account.as_ref()
            }
        }
    };
    (@one $(#[$doc:meta])* $name:ident {
        $($(#[doc = $about:literal])+ $field:ident = $key:literal : $form:ty),* $(,)?
    }) => {
        $(#[$doc])*
        pub struct $name {
            $($(#[doc = $about])+ pub $field: $form,)*
        }

        impl $crate::params::Params for $name {
            const FIELDS: &'static [$crate::params::ParamInfo] = &[
                $($crate::params::ParamInfo {
                    name: $key,
                    required: <$form as $crate::params::Field>::REQUIRED,
                    takes: <$form as $crate::params::Field>::TAKES,
                    about: concat!($($about),+).trim_ascii(),
                    refused: <$form as $crate::params::Field>::REFUSED,
                    schema: <$form as $crate::params::Field>::schema,
                },)*
            ];

            #[allow(unused_mut, reason = "a method without parameters takes none")]
            fn read(
                mut fields: $crate::params::Fields,
            ) -> Result<Self, $crate::error::RpcError> {
                let params = Self { $($field: fields.take($key)?,)* };
                fields.finish()?;
                Ok(params)
            }

            #[allow(unused_mut, reason = "a method without parameters writes none")]
            fn write(&self) -> serde_json::Map<String, serde_json::Value> {
                let mut members = serde_json::Map::new();
                $(if let Some(value) = $crate::params::Field::write(&self.$field) {
                    members.insert($key.to_owned(), value);
                })*
                members
            }
        }

        impl std::fmt::Debug for $name {
            /// Names only: parameters hold keys, phrases and payloads.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use params;

#[cfg(test)]
#[expect(
    unreachable_pub,
    reason = "the macro makes public types, in a test too"
)]
mod tests {
    use super::*;

    params! {
        /// One of each sort.
        Sample {
            /// Left out at will.
            first = "first": Option<Number>,
            /// Always there.
            second = "second": Number,
            /// Never shown.
            third = "third": Option<Secret>,
        }
    }

    fn read(params: Option<&str>) -> Result<Sample, RpcError> {
        Fields::parse(params, Sample::FIELDS).and_then(Sample::read)
    }

    fn refused(params: &str) -> RpcError {
        let error = read(Some(params)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParams, "{params}");
        assert!(!error.hint.is_empty(), "{params}");
        error
    }

    #[test]
    fn names_and_positions_say_the_same() {
        for params in [
            r#"{"second": 2, "third": "x", "first": 1}"#,
            r#"[1, 2, "x"]"#,
        ] {
            let sample = read(Some(params)).unwrap();
            assert_eq!(sample.first.unwrap().0, 1);
            assert_eq!(sample.second.0, 2);
            assert_eq!(sample.third.unwrap().0.as_str(), "x");
        }
    }

    #[test]
    fn null_counts_as_left_out() {
        for params in [
            r#"{"second": 2}"#,
            r#"{"first": null, "second": 2, "third": null}"#,
            "[null, 2]",
            "[null, 2, null]",
        ] {
            let sample = read(Some(params)).unwrap();
            assert!(sample.first.is_none() && sample.third.is_none(), "{params}");
        }
        assert_eq!(refused(r#"{"second": null}"#).field.unwrap(), "second");
    }

    #[test]
    fn an_error_names_the_parameter_it_is_about() {
        for (params, field) in [
            ("{}", "second"),
            ("[]", "second"),
            ("[1]", "second"),
            (r#"{"second": "2"}"#, "second"),
            (r#"{"second": 2, "first": -1}"#, "first"),
            (r#"[1, 2, 3]"#, "third"),
            (r#"{"second": 2, "Second": 2}"#, "Second"),
        ] {
            assert_eq!(refused(params).field.as_deref(), Some(field), "{params}");
        }
        assert_eq!(read(None).unwrap_err().field.as_deref(), Some("second"));
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_right_ones() {
        let error = refused(r#"{"second": 2, "frist": 1}"#);
        assert_eq!(error.field.as_deref(), Some("frist"));
        assert!(
            error.hint.contains("first, second, third"),
            "{}",
            error.hint
        );
    }

    #[test]
    fn a_very_long_name_is_not_sent_back_whole() {
        let error = refused(&format!(r#"{{"second": 2, "{}": 1}}"#, "ü".repeat(10_000)));
        assert_eq!(error.field.unwrap().chars().count(), 64);
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_whatever_the_values() {
        for params in [
            r#"{"second": 2, "second": 3}"#,
            r#"{"second": 2, "second": 2}"#,
            r#"{"second": null, "second": 2}"#,
            r#"{"second": 2, "\u0073econd": 3}"#,
        ] {
            let error = refused(params);
            assert_eq!(error.field.as_deref(), Some("second"), "{params}");
            assert!(error.message.contains("twice"), "{params}");
        }
    }

    #[test]
    fn more_positions_than_parameters_are_refused() {
        let error = refused(r#"[1, 2, "x", null]"#);
        // No parameter is to blame: there is none at that position.
        assert_eq!(error.field, None);
        assert!(error.message.contains('4'), "{error}");
        assert!(
            error.hint.contains("first, second, third"),
            "{}",
            error.hint
        );
    }

    #[test]
    fn params_that_are_neither_object_nor_array_are_refused_without_quoting_them() {
        for params in [
            r#""swordfish""#,
            "1",
            "true",
            r#"{"second": swordfish}"#,
            "",
            "[1,",
        ] {
            let error = refused(params);
            let shown = format!("{error} {}", error.hint);
            assert!(!shown.contains("swordfish"), "{shown}");
        }
    }

    fn shows_nothing<T: std::fmt::Debug>(value: &T) {
        let shown = format!("{value:?} {value:#?}");
        let hidden = !shown.contains("swordfish") && !shown.contains("424242");
        assert!(hidden, "{shown}");
    }

    #[test]
    fn debug_shows_no_value() {
        let params = r#"{"second": 424242, "third": "swordfish"}"#;
        let fields = Fields::parse(Some(params), Sample::FIELDS).unwrap();
        shows_nothing::<Fields>(&fields);
        shows_nothing::<Sample>(&Sample::read(fields).unwrap());
    }

    #[test]
    fn debug_shows_no_secret_and_no_payload() {
        fn shows_nothing<T: std::fmt::Debug>(value: T) {
            let shown = format!("{value:?} {value:#?}");
            let hidden = !shown.contains("swordfish") && !shown.contains("42");
            assert!(hidden, "{shown}");
        }
        let secret = || "swordfish".to_owned();
        shows_nothing::<Text>(Text(secret()));
        shows_nothing::<Secret>(Secret(zeroize::Zeroizing::new(secret())));
        shows_nothing::<RequestId>(RequestId(secret()));
        shows_nothing::<PrivateKey>(PrivateKey(zeroize::Zeroizing::new([42; 32])));
        shows_nothing::<Payload>(Payload(vec![42; 4]));
        shows_nothing::<BundleBytes>(BundleBytes(vec![42; 4]));
        shows_nothing::<Wire>(Wire(vec![42; 4]));
        let message = crypto_core::MessageId::from_bytes([42; 32]);
        shows_nothing::<MessageIds>(MessageIds(vec![message]));
        let pair = crypto_core::IdentityKeyPair::from_secret_bytes(&[42; 32]).unwrap();
        shows_nothing::<Recipients>(Recipients(vec![*pair.public()]));
        let id = crypto_core::InstallationId::parse("swordfish").unwrap();
        shows_nothing::<NewInstallationId>(NewInstallationId(id));
        shows_nothing::<LogFilter>(LogFilter(secret()));
        let metadata = serde_json::json!({"name": secret(), "deviceType": "", "pushToken": "42"});
        shows_nothing::<Metadata>(<Metadata as Form>::read(metadata).unwrap());
    }
}
