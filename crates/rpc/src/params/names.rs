//! Names of accounts and devices.

use crypto_core::InstallationId;
use engine::model::AccountName;
use serde_json::Value;

use super::{
    Form,
    macros::{opaque, parsed, string},
};
use crate::error::RpcError;

/// An installation id for a new account: one that a bundle may list.
pub struct NewInstallationId(pub InstallationId);

/// Longest name of an account, and longest installation id, in characters.
const MAX_NAME_CHARS: usize = 64;

/// What stands for all accounts. No account can have this name.
const ALL: &str = "*";

/// One account, or all of them.
#[derive(Debug)]
pub enum AccountFilter {
    /// All, also those that are made later.
    All,
    /// This one.
    One(AccountName),
}

parsed! {
    AccountName,
        "an account name: 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit",
        {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
        account_name_fault;
    InstallationId,
        "an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not \"none\"",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "not": {"const": "none"}},
        installation_id_fault;
}

fn account_name_fault(text: &str) -> String {
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fault = fault(text, |c| small(c) || matches!(c, '.' | '_' | '-'));
    fault.unwrap_or_else(|| "one that begins with '.', '_' or '-'".to_owned())
}

fn installation_id_fault(text: &str) -> String {
    let fault = fault(text, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
    });
    fault.unwrap_or_else(|| "\"none\", which stands for no device".to_owned())
}

/// Why a text is no name of 1 to 64 of the characters that are allowed; `None` if it is one.
fn fault(text: &str, allowed: impl Fn(char) -> bool) -> Option<String> {
    if text.is_empty() {
        return Some("an empty string".to_owned());
    }
    if let Some((place, other)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        let place = place.saturating_add(1);
        return Some(format!("{other:?} as character {place}"));
    }
    let length = text.chars().count();
    (length > MAX_NAME_CHARS).then(|| format!("{length} characters"))
}

impl Form for AccountFilter {
    const TAKES: &'static str = "an account name, or \"*\" for all accounts";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "pattern": "^([*]|[a-z0-9][a-z0-9._-]{0,63})$"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| Self::wrong(&other))?;
        if text == ALL {
            return Ok(Self::All);
        }
        AccountName::parse(&text)
            .map(Self::One)
            .map_err(|_| Self::wrong_for(&account_name_fault(&text)))
    }

    fn write(&self) -> Value {
        match self {
            Self::All => ALL.into(),
            Self::One(name) => name.as_str().into(),
        }
    }
}

impl Form for NewInstallationId {
    const TAKES: &'static str = "an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not \"none\" and not digits followed by x1-";

    fn schema() -> Value {
        serde_json::json!({
            "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$",
            "not": {"anyOf": [{"const": "none"}, {"pattern": "^[0-9]+x1-"}]},
        })
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| Self::wrong(&other))?;
        let id = InstallationId::parse(&text)
            .map_err(|_| Self::wrong_for(&installation_id_fault(&text)))?;
        if id.may_be_listed() {
            return Ok(Self(id));
        }
        Err(RpcError::invalid("digits followed by x1-: nobody else would read the bundles of this device, whose signed bytes could be read in two ways",
        )
        .with_hint("leave it out, and a fresh id is made; or begin it with something else than digits"))
    }

    fn write(&self) -> Value {
        self.0.as_str().into()
    }
}

opaque!(NewInstallationId);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::macros::fixtures::refused, *};
    use crate::error::ErrorKind;

    #[test]
    fn names_have_their_limits() {
        for bad in ["", "Alice", "../x", ".a"] {
            assert_eq!(refused::<AccountName>(json!(bad)), ErrorKind::InvalidParams);
        }
        for bad in ["", "none", "a b"] {
            assert_eq!(
                refused::<InstallationId>(json!(bad)),
                ErrorKind::InvalidParams
            );
            assert_eq!(
                refused::<NewInstallationId>(json!(bad)),
                ErrorKind::InvalidParams
            );
        }
        // Of others, any that a bundle may list is named; a new device must be one that they read.
        assert!(<InstallationId as Form>::read(json!("7x1-phone")).is_ok());
        let error = NewInstallationId::read(json!("7x1-phone")).unwrap_err();
        assert!(error.message.contains("bundles"), "{error}");
        assert!(NewInstallationId::read(json!("x1-7")).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_name_is_said() {
        let long = "a".repeat(65);
        for (name, found) in [
            (json!(""), "found an empty string"),
            (json!("alice smith"), "found ' ' as character 6"),
            (json!("Alice"), "found 'A' as character 1"),
            (json!("al\u{1b}[31m"), "found '\\u{1b}' as character 3"),
            (json!("-a"), "found one that begins with '.', '_' or '-'"),
            (json!(long), "found 65 characters"),
            (json!(7), "found a number"),
        ] {
            for error in [
                <AccountName as Form>::read(name.clone()).unwrap_err(),
                AccountFilter::read(name).unwrap_err(),
            ] {
                assert!(error.message.ends_with(found), "{error}");
            }
        }
        for (id, found) in [
            (json!("none"), "found \"none\", which stands for no device"),
            (json!("a/b"), "found '/' as character 2"),
            (json!({}), "found an object"),
        ] {
            for error in [
                <InstallationId as Form>::read(id.clone()).unwrap_err(),
                NewInstallationId::read(id).unwrap_err(),
            ] {
                assert!(error.message.ends_with(found), "{error}");
            }
        }
    }
}
