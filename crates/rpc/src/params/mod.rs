//! Parameters: their forms, and how they are read.
//!
//! A method's parameters are a struct that `params!` defines. They come by name or by position,
//! and each is read on its own, so that an error names it. What a parameter may look like is its
//! [`Form`].

mod envelope;
mod group;
mod keys;
mod keystore;
mod link;
mod macros;
mod message;
mod metadata;
mod names;
mod numbers;
mod pasted;
mod payload;
mod texts;
mod topic;

use std::fmt;

use engine::model::AccountName;
use serde_json::{Map, Value, value::RawValue};

pub use self::envelope::{
    Arrived, EnvelopeBytes, EnvelopePayload, PaddingBytes, Sealing, one_content,
};
pub use self::group::{
    Addressees, GroupColor, GroupImage, GroupName, Members, NewGroupName, Setters, UpdateBytes,
};
pub use self::keys::{BundleBytes, KemSeed, PrivateKey, SymKey};
pub use self::keystore::KeystoreFile;
pub use self::link::{ContactNames, Digits, FirstCodeText, LinkName, SecondCodeText};
pub use self::message::{MessageIds, Recipients, Wire};
pub use self::metadata::Metadata;
pub use self::names::{AccountFilter, NewInstallationId};
pub use self::numbers::{ClockValue, Cursor, Millis, Number, PageLimit, WaitMillis, Words};
pub use self::payload::{Payload, Text, one_payload};
pub use self::texts::{ChatName, LogFilter, RequestId, Secret, Subscription};
use crate::{
    error::{ErrorKind, RpcError},
    json::{self, shown},
    suggest::did_you_mean,
};

/// The parameters of a method.
pub trait Params: Sized {
    /// Their names, in the order of positions.
    const FIELDS: &'static [ParamInfo];

    /// Reads them.
    ///
    /// # Errors
    /// [`RpcError`], naming the parameter that is missing or wrong.
    fn read(fields: Fields<'_>) -> Result<Self, RpcError>;

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
    /// One of another type is [`Self::wrong`].
    const REFUSED: &'static [ErrorKind] = &[];

    /// The same as a JSON schema, as far as one can say it.
    fn schema() -> Value;

    /// Reads it.
    ///
    /// # Errors
    /// [`RpcError`]. Its field is the place inside the value, `.name` or `[3]`, if it is about a
    /// part of it, and `None` otherwise: the caller knows the parameter.
    fn read(value: Value) -> Result<Self, RpcError>;

    /// Writes it.
    fn write(&self) -> Value;

    /// The error for a value of another type.
    #[must_use]
    fn wrong(found: &Value) -> RpcError {
        Self::wrong_for(&json::described(found))
    }

    /// The error for a value of another form: `found` says in what it differs, and does not quote
    /// it.
    #[must_use]
    fn wrong_for(found: &str) -> RpcError {
        RpcError::invalid(format!("expected {}, found {found}", Self::TAKES))
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
    /// [`RpcError`], with a field as [`Form::read`] gives it.
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

/// The parameters of one request as they stand in its text.
pub struct Fields<'a> {
    /// In the order of `known`.
    values: Vec<Option<&'a RawValue>>,
    known: &'static [ParamInfo],
}

impl fmt::Debug for Fields<'_> {
    /// How many, never their values: parameters hold keys, phrases and payloads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields")
            .field("given", &self.values.iter().flatten().count())
            .finish_non_exhaustive()
    }
}

impl<'a> Fields<'a> {
    /// Takes a request's `params`: an object, an array, `null` or nothing.
    ///
    /// # Errors
    /// [`RpcError`] if they are anything else, about the first name that is unknown or given twice,
    /// or if there are more positions than parameters. A misspelt parameter is told before the one
    /// that is missing for it.
    pub fn parse(params: Option<&'a str>, known: &'static [ParamInfo]) -> Result<Self, RpcError> {
        let mut fields = Self {
            values: vec![None; known.len()],
            known,
        };
        let text = params.unwrap_or("null").trim_ascii();
        if text == "null" {
            return Ok(fields);
        }
        let mut positions: usize = 0;
        let mut named = Ok(());
        let walked = json::entries(text.as_bytes(), |name, value| match name {
            Some(name) if named.is_ok() => named = fields.put(name, value),
            Some(_) => {}
            None => {
                if let Some(place) = fields.values.get_mut(positions) {
                    *place = Some(value);
                }
                positions = positions.saturating_add(1);
            }
        });
        walked.map_err(|_| unstructured(text))?;
        named?;
        if positions > known.len() {
            return Err(RpcError::invalid(format!(
                "{positions} parameters are given, and the method takes at most {}",
                known.len()
            ))
            .with_hint(names_in_order(known)));
        }
        Ok(fields)
    }

    /// Takes one parameter by its name.
    fn put(&mut self, name: &RawValue, value: &'a RawValue) -> Result<(), RpcError> {
        let unreadable = || {
            let what = json::Unreadable::HalfSurrogateInName;
            // As it is written: it has no other form.
            let error = RpcError::invalid(what.describe()).about(&shown(name.get()));
            error.with_hint(what.hint().unwrap_or_default())
        };
        let Some(Ok(name)) = json::string(name) else {
            return Err(unreadable());
        };
        let mut places = self.known.iter().zip(&mut self.values);
        let Some((_, place)) = places.find(|(info, _)| info.name == name) else {
            return Err(unknown(&name, self.known));
        };
        if place.replace(value).is_some() {
            return Err(RpcError::invalid("given twice")
                .about(&name)
                .with_hint("give each parameter once"));
        }
        Ok(())
    }

    /// Reads one parameter. `null` counts as left out.
    ///
    /// # Errors
    /// [`RpcError`] about it.
    pub fn take<T: Field>(&mut self, name: &str) -> Result<T, RpcError> {
        let mut places = self.known.iter().zip(&mut self.values);
        let place = places.find(|(info, _)| info.name == name);
        let raw = place.and_then(|(_, place)| place.take());
        let read = match raw.map(json::read).transpose() {
            Ok(value) => T::read(value.filter(|value| !value.is_null())),
            Err(fault) => {
                let hint = fault.what.hint().map(str::to_owned);
                Err(RpcError::invalid(fault.what.describe())
                    .about(&fault.path)
                    .with_hint(hint.unwrap_or_else(|| format!("give {}", T::TAKES))))
            }
        };
        read.map_err(|error| {
            let inside = error.field.as_deref().unwrap_or_default();
            let field = shown(&format!("{name}{inside}"));
            error.about(&field)
        })
    }
}

/// The error for `params` that are neither an object nor an array.
fn unstructured(text: &str) -> RpcError {
    // The parser's own words quote what it read, which may be a secret.
    let found = match serde_json::from_str::<&RawValue>(text).map(json::read) {
        Ok(Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::String(_)))) => {
            json::described(&value)
        }
        Ok(Err(fault)) => fault.what.describe(),
        _ => json::Unreadable::NotJson.describe(),
    };
    RpcError::invalid(format!("expected an object or an array, found {found}"))
        .about("params")
        .with_hint("give params as an object by name, or as an array by position")
}

/// The error for a name that no parameter has.
fn unknown(name: &str, known: &'static [ParamInfo]) -> RpcError {
    let order = names_in_order(known);
    let hint = match did_you_mean(name, known.iter().map(|info| info.name)) {
        Some(meant) => format!("{meant} {order}"),
        None => order,
    };
    RpcError::invalid("no such parameter")
        .about(&shown(name))
        .with_hint(hint)
}

fn names_in_order(known: &[ParamInfo]) -> String {
    if known.is_empty() {
        return "this method takes no parameters".to_owned();
    }
    let names: Vec<&str> = known.iter().map(|info| info.name).collect();
    format!("the parameters are: {}", names.join(", "))
}

/// Defines the parameters of methods. `account;` stands for the account that most methods take.
macro_rules! params {
    ($($(#[$doc:meta])* $name:ident { $($fields:tt)* })*) => {
        $($crate::params::params! { @one $(#[$doc])* $name { $($fields)* } })*
    };
    (@one $(#[$doc:meta])* $name:ident { account; $($others:tt)* }) => {
        $crate::params::params! {
            @one $(#[$doc])* $name {
                /// The account that the call works on. May be left out when there is exactly one.
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

            #[allow(unused_mut, unused_variables, reason = "some methods take no parameters")]
            fn read(
                mut fields: $crate::params::Fields<'_>,
            ) -> Result<Self, $crate::error::RpcError> {
                Ok(Self { $($field: fields.take($key)?,)* })
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
            // The misspelt name, not the one that is missing for it.
            (r#"{"Second": 2}"#, "Second"),
            (r#"{"third": 7, "secnd": 2, "first": -1}"#, "secnd"),
        ] {
            assert_eq!(refused(params).field.as_deref(), Some(field), "{params}");
        }
        assert_eq!(read(None).unwrap_err().field.as_deref(), Some("second"));
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_right_ones() {
        let error = refused(r#"{"second": 2, "frist": 1}"#);
        assert_eq!(error.field.as_deref(), Some("frist"));
        assert!(error.hint.contains("did you mean first?"), "{error:?}");
        assert!(
            error.hint.contains("first, second, third"),
            "{}",
            error.hint
        );
    }

    #[test]
    fn a_very_long_name_is_not_sent_back_whole() {
        for name in ["ü".repeat(10_000), "\\ud800".repeat(10_000)] {
            let error = refused(&format!(r#"{{"second": 2, "{name}": 1}}"#));
            assert_eq!(error.field.unwrap().chars().count(), 64);
        }
        let deep = format!(r#"{{"second": {{"{}": 1e999}}}}"#, "ü".repeat(10_000));
        assert_eq!(refused(&deep).field.unwrap().chars().count(), 64);
    }

    #[test]
    fn a_name_may_be_written_with_escapes() {
        let sample = read(Some(r#"{"\u0073econd": 2, "th\u0069rd": "\u0078"}"#)).unwrap();
        assert_eq!(sample.second.0, 2);
        assert_eq!(sample.third.unwrap().0.as_str(), "x");
        let error = refused(r#"{"second": 2, "\ud800": 1}"#);
        assert_eq!(error.field.as_deref(), Some(r#""\ud800""#));
        assert!(error.message.contains("surrogate"), "{error}");
    }

    #[test]
    fn a_value_that_json_allows_and_nothing_can_hold_is_blamed_on_its_parameter() {
        let deep = format!(
            r#"{{"second": {}{}}}"#,
            "[".repeat(9_000),
            "]".repeat(9_000)
        );
        let many = format!(r#"{{"second": [{}0]}}"#, "0,".repeat(1_000_000));
        for (params, field, message) in [
            (
                r#"{"second": 2, "third": "swordfish\ud83d"}"#,
                "third",
                "surrogate",
            ),
            (r#"[1, 2, "swordfish\udc00"]"#, "third", "surrogate"),
            (r#"{"second": 1e400}"#, "second", "too large"),
            (
                r#"{"second": {"a": [0, 1e400]}}"#,
                "second.a[1]",
                "too large",
            ),
            (r#"{"second": {"a": 1, "a": 2}}"#, "second.a", "twice"),
            (r#"{"second": {"\udfff": 1}}"#, "second", "name of a member"),
            (
                &deep,
                "second[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]",
                "deep",
            ),
            (&many, "second[16383]", "values"),
        ] {
            let error = refused(params);
            assert_eq!(error.field.as_deref(), Some(field), "{error}");
            assert!(error.message.contains(message), "{error}");
            let shown = format!("{error:?}");
            assert!(!shown.contains("swordfish"), "{shown}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_told_from_what_was_expected() {
        for (params, message) in [
            (
                r#"{"second": "2"}"#,
                "expected a whole number from 0 to 4294967295, found a string",
            ),
            (
                r#"{"second": [2]}"#,
                "expected a whole number from 0 to 4294967295, found an array of 1",
            ),
            (
                r#"{"second": {}}"#,
                "expected a whole number from 0 to 4294967295, found an object",
            ),
            (
                r#"{"second": true}"#,
                "expected a whole number from 0 to 4294967295, found a boolean",
            ),
            (
                r#"{"second": 2.0}"#,
                "expected a whole number from 0 to 4294967295, found 2.0",
            ),
            (
                r#"{"second": -1}"#,
                "expected a whole number from 0 to 4294967295, found -1",
            ),
            (
                r#"{"second": 4294967296}"#,
                "expected a whole number from 0 to 4294967295, found 4294967296",
            ),
            (
                r#"{"second": 18446744073709551616}"#,
                "expected a whole number from 0 to 4294967295, found 1.8446744073709552e+19",
            ),
            (
                r#"{"second": 2, "third": 7}"#,
                "expected text, found a number",
            ),
        ] {
            assert_eq!(refused(params).message, message);
        }
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
        for (params, found) in [
            (r#""swordfish""#, "a string"),
            ("1", "a number"),
            ("true", "a boolean"),
            (r#""swordfish\ud800""#, "surrogate"),
            (r#"{"second": swordfish}"#, "not JSON"),
            ("", "not JSON"),
            ("[1,", "not JSON"),
            ("swordfish", "not JSON"),
        ] {
            let error = refused(params);
            assert_eq!(error.field.as_deref(), Some("params"));
            assert!(error.message.contains(found), "{error}");
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
        shows_nothing::<KemSeed>(KemSeed(zeroize::Zeroizing::new([42; 64])));
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
