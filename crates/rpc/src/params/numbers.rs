//! Numbers, and what is said with them.

use crypto_core::WordCount;
use engine::model::UnixMillis;
use serde_json::Value;

use super::{Form, macros::whole_numbers};
use crate::error::RpcError;

/// Most items in one part of a list.
const MAX_PAGE: u64 = 1_000;
/// Longest wait for events, in milliseconds: shorter than proxies and clients wait for an answer.
const MAX_WAIT_MS: u64 = 60_000;
/// Whole numbers up to here are exact in every JSON parser.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// A span in milliseconds.
#[derive(Debug)]
pub struct Millis(pub u64);

/// A whole number from 0 to 2^32-1.
#[derive(Debug)]
pub struct Number(pub u32);

/// A place in the sequence of events: the number of the last one known.
#[derive(Debug)]
pub struct Cursor(pub u64);

/// How many items of a list: 1 to 1000.
#[derive(Debug)]
pub struct PageLimit(pub usize);

/// How long to wait, in milliseconds: at most a minute.
#[derive(Debug)]
pub struct WaitMillis(pub u64);

/// The highest clock of a chat: a number that every program can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockValue(pub u64);

/// Length of a new recovery phrase.
#[derive(Debug)]
pub struct Words(pub WordCount);

whole_numbers! {
    Millis(u64), 0..=u64::MAX, "a whole number of milliseconds, not negative";
    UnixMillis(u64), 0..=u64::MAX, "a time in whole milliseconds since the epoch";
    Number(u32), 0..=u64::from(u32::MAX), "a whole number from 0 to 4294967295";
    Cursor(u64), 0..=u64::MAX, "a number: the seq of an event, or 0 to begin with the oldest";
    PageLimit(usize), 1..=MAX_PAGE, "a whole number from 1 to 1000";
    WaitMillis(u64), 0..=MAX_WAIT_MS, "a whole number of milliseconds from 0 to 60000";
    ClockValue(u64), 0..=MAX_EXACT, "a whole number from 0 to 9007199254740991";
}

impl Form for Words {
    const TAKES: &'static str = "a number of words: 12 or 24";

    fn schema() -> Value {
        serde_json::json!({"enum": [12, 24]})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        match value.as_u64() {
            Some(12) => Ok(Self(WordCount::Twelve)),
            Some(24) => Ok(Self(WordCount::TwentyFour)),
            _ => Err(match value {
                Value::Number(found) => Self::wrong_for(&found.to_string()),
                other => Self::wrong(&other),
            }),
        }
    }

    fn write(&self) -> Value {
        match self.0 {
            WordCount::Twelve => 12.into(),
            WordCount::TwentyFour => 24.into(),
        }
    }
}

impl Form for bool {
    const TAKES: &'static str = "true or false";

    fn schema() -> Value {
        serde_json::json!({"type": "boolean"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        value.as_bool().ok_or_else(|| <Self as Form>::wrong(&value))
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::macros::fixtures::refused, *};
    use crate::error::ErrorKind;

    #[test]
    fn numbers_have_their_limits() {
        for good in [12, 24] {
            assert_eq!(Words::read(json!(good)).unwrap().write(), json!(good));
        }
        for bad in [json!(15), json!("12"), json!(12.0), json!(-12)] {
            assert_eq!(refused::<Words>(bad), ErrorKind::InvalidParams);
        }
        for bad in [json!(-1), json!(1.5), json!("1"), json!(true), json!(1e30)] {
            assert_eq!(refused::<Millis>(bad.clone()), ErrorKind::InvalidParams);
            assert_eq!(refused::<UnixMillis>(bad.clone()), ErrorKind::InvalidParams);
            assert_eq!(refused::<Number>(bad), ErrorKind::InvalidParams);
        }
        assert_eq!(Millis::read(json!(u64::MAX)).unwrap().0, u64::MAX);
        assert_eq!(Number::read(json!(u32::MAX)).unwrap().0, u32::MAX);
        assert_eq!(
            refused::<Number>(json!(1_u64 << 32)),
            ErrorKind::InvalidParams
        );
        for bad in [json!(0), json!("true")] {
            assert_eq!(refused::<bool>(bad), ErrorKind::InvalidParams);
        }
    }
}
