//! Names of accounts and devices.

use crypto_core::InstallationId;
use engine::model::AccountName;
use serde_json::Value;

use super::{
    Form,
    macros::{opaque, parsed},
};
use crate::error::RpcError;

/// An installation id for a new account: one that a bundle may list.
pub struct NewInstallationId(pub InstallationId);

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
        {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"};
    InstallationId,
        "an installation id: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not \"none\"",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "not": {"const": "none"}};
}

impl Form for AccountFilter {
    const TAKES: &'static str = "an account name, or \"*\" for all accounts";

    fn schema() -> Value {
        serde_json::json!({"type": "string", "pattern": "^([*]|[a-z0-9][a-z0-9._-]{0,63})$"})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        match value.as_str() {
            Some(ALL) => Ok(Self::All),
            Some(name) => AccountName::parse(name)
                .map(Self::One)
                .map_err(|_| Self::wrong()),
            None => Err(Self::wrong()),
        }
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
        let id = value
            .as_str()
            .and_then(|text| InstallationId::parse(text).ok());
        let id = id.ok_or_else(<Self as Form>::wrong)?;
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
}
