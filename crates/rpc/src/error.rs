//! The error table: what went wrong, whose fault it is, and what to do next.

use engine::model::{
    BundleImportError, GroupError, GroupKeyError, LinkError, PairingError, ReceiveError, SendError,
    StoreError, Trouble, WireError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use engine::closed_sets;

closed_sets! {
    /// The stable names of errors. Protocol outcomes are results, not errors.
    ErrorKind {
        /// The request is not JSON.
        ParseError = "parse_error",
        /// The JSON is no JSON-RPC request.
        InvalidRequest = "invalid_request",
        /// There is no such method.
        MethodNotFound = "method_not_found",
        /// A bug of the daemon.
        Internal = "internal",
        /// A parameter is missing, unknown or of the wrong form; `field` names it.
        InvalidParams = "invalid_params",
        /// The text is not a key of the form that is asked for.
        InvalidKey = "invalid_key",
        /// The bytes are no bundle, or not signed by its identity.
        InvalidBundle = "invalid_bundle",
        /// The bytes are no wire message.
        InvalidMessage = "invalid_message",
        /// The text is no recovery phrase.
        InvalidMnemonic = "invalid_mnemonic",
        /// The content is larger than one message or envelope can carry.
        PayloadTooLarge = "payload_too_large",
        /// There is no account of this name.
        AccountNotFound = "account_not_found",
        /// There is an account of this name already.
        AccountExists = "account_exists",
        /// No account was named, and there is more than one.
        AccountAmbiguous = "account_ambiguous",
        /// No device of this id is known.
        InstallationNotFound = "installation_not_found",
        /// As many devices are enabled as may be.
        InstallationLimit = "installation_limit",
        /// The contact has not accepted, and the policy asks for that.
        ContactNotAccepted = "contact_not_accepted",
        /// The request id stands for another request.
        RequestIdReused = "request_id_reused",
        /// The configuration forbids every suite that would reach the recipient.
        SuiteForbidden = "suite_forbidden",
        /// The queue is full; nothing was done.
        Busy = "busy",
        /// The daemon is stopping; nothing was done.
        ShuttingDown = "shutting_down",
        /// The disk failed; nothing was done and nothing was lost.
        StoreFailed = "store_failed",
        /// The store is older than it was: a copy was put back.
        StoreRolledBack = "store_rolled_back",
        /// There is no group of this id.
        GroupNotFound = "group_not_found",
        /// The rules of the group do not allow it to this account now.
        GroupForbidden = "group_forbidden",
        /// The group, its log or the account has as much as it may have.
        GroupLimit = "group_limit",
        /// There is no key of the group here.
        GroupKeyMissing = "group_key_missing",
        /// The key of the group is not to be used any more: another one is due.
        GroupKeyDue = "group_key_due",
        /// There is no such link, or it is over, or used.
        LinkNotFound = "link_not_found",
        /// The two devices of a link do not agree: nothing was given or taken, and it is over.
        LinkFailed = "link_failed",
    }
}

impl ErrorKind {
    /// The JSON-RPC code.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::ParseError => -32700,
            Self::InvalidRequest => -32600,
            Self::MethodNotFound => -32601,
            Self::Internal => -32603,
            Self::InvalidParams
            | Self::InvalidKey
            | Self::InvalidBundle
            | Self::InvalidMessage
            | Self::InvalidMnemonic
            | Self::PayloadTooLarge => -32602,
            Self::AccountNotFound => 1101,
            Self::AccountExists => 1102,
            Self::AccountAmbiguous => 1103,
            Self::InstallationNotFound => 1201,
            Self::InstallationLimit => 1202,
            Self::ContactNotAccepted => 1301,
            Self::RequestIdReused => 1401,
            Self::SuiteForbidden => 1501,
            Self::Busy => 1601,
            Self::ShuttingDown => 1602,
            Self::StoreFailed => 1701,
            Self::StoreRolledBack => 1702,
            Self::GroupNotFound => 1801,
            Self::GroupForbidden => 1802,
            Self::GroupLimit => 1803,
            Self::GroupKeyMissing => 1804,
            Self::GroupKeyDue => 1805,
            Self::LinkNotFound => 1901,
            Self::LinkFailed => 1902,
        }
    }

    /// The first kind of this code: there are several of -32602. One that is not in the table is
    /// the daemon's bug.
    #[must_use]
    pub fn of_code(code: i32) -> Self {
        let found = Self::ALL.iter().find(|kind| kind.code() == code);
        found.copied().unwrap_or(Self::Internal)
    }

    /// The hint for it, where an error has none of its own.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::ParseError => "send one JSON value: a request object, or an array of them",
            Self::InvalidRequest => {
                "a request is {\"jsonrpc\":\"2.0\",\"id\":…,\"method\":\"…\",\"params\":{…}}; a batch has at most 100"
            }
            Self::MethodNotFound => "`ratchetd call --list` names the methods there are",
            Self::Internal => {
                "nothing was done; the daemon's log has the details: please report them"
            }
            Self::InvalidParams => "compare the parameters with docs/api.md",
            Self::InvalidKey => {
                "a public key is 0x04… (65 bytes), 0x02… or 0x03… (33 bytes), or zQ3sh…; a private key 0x and 64 hex digits"
            }
            Self::InvalidBundle => {
                "get the contact's bundle or contact code again: this one is damaged or not signed by its identity"
            }
            Self::InvalidMessage => {
                "pass the bytes exactly as the transport delivered them; if they are, they are not for ratchetd: drop them"
            }
            Self::InvalidMnemonic => {
                "check the words and their order against the phrase as written down"
            }
            Self::PayloadTooLarge => "split the payload: one message carries at most 1 MiB",
            Self::AccountNotFound => {
                "`account_list` names the accounts there are; `account_create` makes one"
            }
            Self::AccountExists => "choose another name, or use the account that has it",
            Self::AccountAmbiguous => "name the account: `account_list` shows which there are",
            Self::InstallationNotFound => "`installation_list` names the devices that are known",
            Self::InstallationLimit => {
                "disable another device first: `installation_list` shows which are enabled"
            }
            Self::ContactNotAccepted => {
                "ask them with contact_request, or answer their request with contact_accept"
            }
            Self::RequestIdReused => "use a new requestId for a new request",
            Self::SuiteForbidden => {
                "allow the suite in ratchet.suites, or ask the recipient to update; what goes by DH alone, such as a text to somebody who is declined, is never written to a recipient with a post-quantum device: leave the text out"
            }
            Self::Busy => "nothing was done: try again in a moment",
            Self::ShuttingDown => "nothing was done: try again when the daemon is back",
            Self::StoreFailed => {
                "nothing was done and nothing was lost: mend what the message says, then repeat the call"
            }
            Self::StoreRolledBack => {
                "nothing was done: another copy of the data directory was put in this one's place while the daemon ran, or another program writes to it; restart the daemon, which then sets up new sessions, and see `system_status`"
            }
            Self::GroupNotFound => {
                "`group_list` names the groups there are; `group_apply` takes up one that an update tells of"
            }
            Self::GroupForbidden => {
                "`group_get` shows the group's rules, its admins, and how this account stands to it"
            }
            Self::GroupLimit => {
                "nothing was done: a group has at most 1000 members, an account 1000 groups (`group_forget`); past the limit of a log, make a new group"
            }
            Self::GroupKeyMissing => {
                "make one with `groupKey_create` if you may, or ask an admin for `groupKey_share`; without `mode` the message is encrypted for each member"
            }
            Self::GroupKeyDue => {
                "nothing was encrypted: make a new key with `groupKey_create` if you may, or leave out `mode`, and the message is encrypted for each member"
            }
            Self::LinkNotFound => {
                "begin again with `link_begin` on the new device: each step has to follow within a minute, and a link is used once"
            }
            Self::LinkFailed => {
                "begin again with `link_begin` on the new device; if it fails again though all digits and codes were copied right, somebody is in between"
            }
        }
    }
}

/// An error as a caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RpcError {
    /// The stable name of the error.
    pub kind: ErrorKind,
    /// The parameter that the error is about, or the place inside it, such as `metadata.name` or
    /// `recipients[3]`. Left out if it is about none.
    pub field: Option<String>,
    /// What is wrong, in words.
    pub message: String,
    /// What to do, in words.
    pub hint: String,
}

/// `error.data`, always of this shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorData {
    /// The stable name of the error.
    pub kind: ErrorKind,
    /// The parameter that the error is about, or the place inside it, such as `metadata.name` or
    /// `recipients[3]`. Left out if it is about none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// What to do, in words.
    pub hint: String,
}

impl RpcError {
    /// An error with its kind's own hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            field: None,
            message: message.into(),
            hint: kind.hint().to_owned(),
        }
    }

    /// An error of the parameters, [`ErrorKind::InvalidParams`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParams, message)
    }

    /// A fault of the daemon's own, [`ErrorKind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The same, about a parameter.
    #[must_use]
    pub fn about(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The same, with a hint for the case at hand.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same, of a store to which the system refused something for this reason.
    #[must_use]
    pub fn refused_for(self, trouble: Trouble) -> Self {
        self.with_hint(format!(
            "nothing was done and nothing was lost: {}, then repeat the call",
            trouble.advice()
        ))
    }

    /// What goes into `error.data`.
    #[must_use]
    pub fn data(&self) -> ErrorData {
        ErrorData {
            kind: self.kind,
            field: self.field.clone(),
            hint: self.hint.clone(),
        }
    }
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        let failed = Self::new(ErrorKind::StoreFailed, error.to_string());
        match error {
            StoreError::Refused(trouble) => failed.refused_for(trouble),
            StoreError::Io(_) => failed,
            StoreError::RolledBack => Self::new(ErrorKind::StoreRolledBack, error.to_string()),
            StoreError::InDoubt(_) => failed.with_hint(
                "mend the disk, then repeat the call: it was not done, unless the daemon was ended or the power went before",
            ),
            StoreError::Corrupt(_) => failed.with_hint(
                "the store is damaged: stop the daemon and restore the data directory from a backup",
            ),
        }
    }
}

impl From<SendError> for RpcError {
    fn from(error: SendError) -> Self {
        let message = error.to_string();
        match error {
            SendError::Store(error) => error.into(),
            SendError::PayloadTooLarge { .. } => {
                Self::new(ErrorKind::PayloadTooLarge, message).about("payload")
            }
            SendError::EmptyPayload => Self::invalid(message)
                .about("payload")
                .with_hint(
                    "say something in payload or text: in public and by DH, to an identity of which no device is known or to a device that is written to without forward secrecy, it cannot be empty; `message_advertise` makes an advertisement",
                ),
            SendError::TooManyRecipients { .. } => Self::invalid(message)
                .about("recipients")
                .with_hint("send to the recipients in several calls"),
            SendError::TooMuchAtOnce { .. } => Self::new(ErrorKind::PayloadTooLarge, message)
                .about("recipients")
                .with_hint("send to the recipients in several calls, or a smaller payload"),
            SendError::SuiteForbidden { .. } => Self::new(ErrorKind::SuiteForbidden, message),
            SendError::ContactNotAccepted { .. } => Self::new(ErrorKind::ContactNotAccepted, message),
            SendError::OwnIdentity => Self::invalid(message)
                .about("identity")
                .with_hint("a contact is somebody else"),
            SendError::RequestIdReused => {
                Self::new(ErrorKind::RequestIdReused, message).about("requestId")
            }
            SendError::Group(error) => error.into(),
            SendError::GroupKey(error) => error.into(),
            SendError::Key(_) => Self::internal(message),
        }
    }
}

impl From<ReceiveError> for RpcError {
    fn from(error: ReceiveError) -> Self {
        let message = error.to_string();
        match error {
            ReceiveError::Store(error) => error.into(),
            ReceiveError::NotAMessage(_) => {
                Self::new(ErrorKind::InvalidMessage, message).about("message")
            }
            ReceiveError::Key(_) => Self::internal(message),
        }
    }
}

impl From<BundleImportError> for RpcError {
    fn from(error: BundleImportError) -> Self {
        match error {
            BundleImportError::Store(error) => error.into(),
            BundleImportError::Invalid(message) => {
                Self::new(ErrorKind::InvalidBundle, message).about("bundle")
            }
        }
    }
}

impl From<PairingError> for RpcError {
    fn from(error: PairingError) -> Self {
        let message = error.to_string();
        match error {
            PairingError::Send(error) => error.into(),
            PairingError::NotFound => {
                Self::new(ErrorKind::InstallationNotFound, message).about("installationId")
            }
            PairingError::Limit { .. } => {
                Self::new(ErrorKind::InstallationLimit, message).about("installationId")
            }
            PairingError::ThisDevice => Self::invalid(message).about("installationId").with_hint(
                "this device cannot be disabled: disable it on another one, or remove the account",
            ),
        }
    }
}

impl From<LinkError> for RpcError {
    fn from(error: LinkError) -> Self {
        let message = error.to_string();
        match error {
            LinkError::Pairing(PairingError::ThisDevice) => Self::invalid(message)
                .about("code")
                .with_hint("give the code that another device shows"),
            LinkError::Pairing(error @ PairingError::Limit { .. }) => Self {
                field: None,
                ..Self::from(error)
            },
            LinkError::Pairing(error) => error.into(),
            LinkError::Bundle(BundleImportError::Store(error)) => error.into(),
            LinkError::Bundle(BundleImportError::Invalid(_)) | LinkError::OtherBundle => {
                Self::new(ErrorKind::LinkFailed, message).about("code")
            }
            LinkError::TooLarge => Self::new(ErrorKind::InstallationLimit, message)
                .with_hint("disable devices that are not used any more, or leave out format"),
        }
    }
}

impl From<GroupError> for RpcError {
    fn from(error: GroupError) -> Self {
        let message = error.to_string();
        match error {
            GroupError::Store(error) => error.into(),
            GroupError::NotFound => Self::new(ErrorKind::GroupNotFound, message).about("group"),
            GroupError::Forbidden(rule) => forbidden(&rule),
            GroupError::Limit(_) => Self::new(ErrorKind::GroupLimit, message),
            GroupError::Size(field) => Self::invalid(message).about(field),
            GroupError::RequestIdReused => {
                Self::new(ErrorKind::RequestIdReused, message).about("requestId")
            }
        }
    }
}

impl From<GroupKeyError> for RpcError {
    fn from(error: GroupKeyError) -> Self {
        let message = error.to_string();
        match error {
            GroupKeyError::NotFound => Self::new(ErrorKind::GroupNotFound, message)
                .about("group")
                .with_hint("`group_list` names the groups there are; of a group without a log, name who may set its keys with `groupKey_trust`"),
            GroupKeyError::Forbidden(rule) => forbidden(&rule),
            GroupKeyError::TooManySetters { .. } => Self::invalid(message)
                .about("setters")
                .with_hint("name at most 16 identities"),
            GroupKeyError::TooManyGroups => Self::new(ErrorKind::GroupLimit, message)
                .with_hint("forget a group first: `group_forget`, or `groupKey_trust` with no setters"),
            GroupKeyError::Missing => Self::new(ErrorKind::GroupKeyMissing, message),
            GroupKeyError::Due(_) => Self::new(ErrorKind::GroupKeyDue, message),
        }
    }
}

/// What the rules of a group do not allow to this account: the hint says by which rule.
fn forbidden(rule: &impl std::fmt::Display) -> RpcError {
    let message = "this account may not do it in the group now";
    RpcError::new(ErrorKind::GroupForbidden, message).with_hint(rule.to_string())
}

impl RpcError {
    /// Bytes that are no bundle at all.
    #[must_use]
    pub fn not_a_bundle(error: &WireError) -> Self {
        Self::new(ErrorKind::InvalidBundle, format!("not a bundle: {error}")).about("bundle")
    }

    /// Bytes that are no wire message at all.
    #[must_use]
    pub fn not_a_message(error: &WireError) -> Self {
        Self::new(
            ErrorKind::InvalidMessage,
            format!("not a wire message: {error}"),
        )
        .about("message")
    }
}

#[cfg(test)]
mod tests {
    use engine::model::{GroupKeyDue, GroupKeyRule, GroupLimit, GroupRule};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_a_code_a_name_and_says_what_to_do() {
        for kind in ErrorKind::ALL {
            let name = serde_json::to_value(kind).unwrap();
            let name = name.as_str().unwrap();
            assert!(
                name.bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_lowercase()),
                "{name}"
            );
            assert!(kind.hint().len() > 20, "{name}");
            assert!(
                kind.code() == -32700
                    || (-32603..=-32600).contains(&kind.code())
                    || kind.code() > 1000
            );
        }
    }

    #[test]
    fn the_codes_are_those_of_the_interface() {
        let table = [
            ("parse_error", -32700),
            ("invalid_request", -32600),
            ("method_not_found", -32601),
            ("internal", -32603),
            ("invalid_params", -32602),
            ("invalid_key", -32602),
            ("invalid_bundle", -32602),
            ("invalid_message", -32602),
            ("invalid_mnemonic", -32602),
            ("payload_too_large", -32602),
            ("account_not_found", 1101),
            ("account_exists", 1102),
            ("account_ambiguous", 1103),
            ("installation_not_found", 1201),
            ("installation_limit", 1202),
            ("contact_not_accepted", 1301),
            ("request_id_reused", 1401),
            ("suite_forbidden", 1501),
            ("busy", 1601),
            ("shutting_down", 1602),
            ("store_failed", 1701),
            ("store_rolled_back", 1702),
            ("group_not_found", 1801),
            ("group_forbidden", 1802),
            ("group_limit", 1803),
            ("group_key_missing", 1804),
            ("group_key_due", 1805),
            ("link_not_found", 1901),
            ("link_failed", 1902),
        ];
        let kinds: Vec<_> = ErrorKind::ALL
            .iter()
            .map(|kind| (kind.name(), kind.code()))
            .collect();
        assert_eq!(kinds, table);
    }

    #[test]
    fn data_has_one_shape() {
        let error = RpcError::new(ErrorKind::Busy, "the queue is full");
        assert_eq!(
            serde_json::to_value(error.data()).unwrap(),
            json!({"kind": "busy", "hint": "nothing was done: try again in a moment"})
        );
        let error = RpcError::new(ErrorKind::InvalidKey, "not a key")
            .about("sender")
            .with_hint("look again");
        assert_eq!(
            serde_json::to_value(error.data()).unwrap(),
            json!({"kind": "invalid_key", "field": "sender", "hint": "look again"})
        );
    }

    #[test]
    fn every_error_of_the_engine_has_its_row() {
        let io = || StoreError::Io("no space left".to_owned());
        let corrupt = || StoreError::Corrupt("session".to_owned());
        let in_doubt = StoreError::InDoubt("no answer".to_owned());
        let key = || "off the curve".to_owned();
        let rows: Vec<(RpcError, ErrorKind, Option<&str>)> = vec![
            (io().into(), ErrorKind::StoreFailed, None),
            (in_doubt.into(), ErrorKind::StoreFailed, None),
            (
                StoreError::RolledBack.into(),
                ErrorKind::StoreRolledBack,
                None,
            ),
            (corrupt().into(), ErrorKind::StoreFailed, None),
            (SendError::Store(io()).into(), ErrorKind::StoreFailed, None),
            (
                SendError::PayloadTooLarge { bytes: 2, limit: 1 }.into(),
                ErrorKind::PayloadTooLarge,
                Some("payload"),
            ),
            (
                SendError::EmptyPayload.into(),
                ErrorKind::InvalidParams,
                Some("payload"),
            ),
            (
                SendError::TooManyRecipients { count: 2, limit: 1 }.into(),
                ErrorKind::InvalidParams,
                Some("recipients"),
            ),
            (
                SendError::TooMuchAtOnce { limit: 1 }.into(),
                ErrorKind::PayloadTooLarge,
                Some("recipients"),
            ),
            (
                SendError::SuiteForbidden { recipient: key() }.into(),
                ErrorKind::SuiteForbidden,
                None,
            ),
            (
                SendError::ContactNotAccepted { recipient: key() }.into(),
                ErrorKind::ContactNotAccepted,
                None,
            ),
            (
                SendError::OwnIdentity.into(),
                ErrorKind::InvalidParams,
                Some("identity"),
            ),
            (
                SendError::RequestIdReused.into(),
                ErrorKind::RequestIdReused,
                Some("requestId"),
            ),
            (
                SendError::Group(GroupError::NotFound).into(),
                ErrorKind::GroupNotFound,
                Some("group"),
            ),
            (SendError::Key(key()).into(), ErrorKind::Internal, None),
            (
                ReceiveError::Store(io()).into(),
                ErrorKind::StoreFailed,
                None,
            ),
            (
                ReceiveError::NotAMessage(key()).into(),
                ErrorKind::InvalidMessage,
                Some("message"),
            ),
            (ReceiveError::Key(key()).into(), ErrorKind::Internal, None),
            (
                PairingError::Send(io().into()).into(),
                ErrorKind::StoreFailed,
                None,
            ),
            (
                PairingError::NotFound.into(),
                ErrorKind::InstallationNotFound,
                Some("installationId"),
            ),
            (
                PairingError::Limit { limit: 3 }.into(),
                ErrorKind::InstallationLimit,
                Some("installationId"),
            ),
            (
                PairingError::ThisDevice.into(),
                ErrorKind::InvalidParams,
                Some("installationId"),
            ),
            (
                BundleImportError::Store(io()).into(),
                ErrorKind::StoreFailed,
                None,
            ),
            (
                BundleImportError::Invalid(key()).into(),
                ErrorKind::InvalidBundle,
                Some("bundle"),
            ),
            (GroupError::Store(io()).into(), ErrorKind::StoreFailed, None),
            (
                GroupError::NotFound.into(),
                ErrorKind::GroupNotFound,
                Some("group"),
            ),
            (
                GroupError::Forbidden(GroupRule::NotAdmin).into(),
                ErrorKind::GroupForbidden,
                None,
            ),
            (
                GroupError::Limit(GroupLimit::Members(1)).into(),
                ErrorKind::GroupLimit,
                None,
            ),
            (
                GroupError::Size("name").into(),
                ErrorKind::InvalidParams,
                Some("name"),
            ),
            (
                GroupError::RequestIdReused.into(),
                ErrorKind::RequestIdReused,
                Some("requestId"),
            ),
            (
                GroupKeyError::NotFound.into(),
                ErrorKind::GroupNotFound,
                Some("group"),
            ),
            (
                GroupKeyError::Forbidden(GroupKeyRule::NotSetter).into(),
                ErrorKind::GroupForbidden,
                None,
            ),
            (
                GroupKeyError::TooManySetters { count: 17 }.into(),
                ErrorKind::InvalidParams,
                Some("setters"),
            ),
            (
                GroupKeyError::TooManyGroups.into(),
                ErrorKind::GroupLimit,
                None,
            ),
            (
                GroupKeyError::Missing.into(),
                ErrorKind::GroupKeyMissing,
                None,
            ),
            (
                SendError::GroupKey(GroupKeyError::Due(GroupKeyDue::Spent)).into(),
                ErrorKind::GroupKeyDue,
                None,
            ),
            (
                RpcError::not_a_bundle(&WireError(key())),
                ErrorKind::InvalidBundle,
                Some("bundle"),
            ),
            (
                RpcError::not_a_message(&WireError(key())),
                ErrorKind::InvalidMessage,
                Some("message"),
            ),
        ];
        for (error, kind, field) in rows {
            assert_eq!(
                (error.kind, error.field.as_deref()),
                (kind, field),
                "{error}"
            );
            assert!(!error.hint.is_empty() && !error.message.is_empty());
        }
        // Freeing disk space does not mend a record.
        assert_ne!(RpcError::from(io()).hint, RpcError::from(corrupt()).hint);
    }
}
