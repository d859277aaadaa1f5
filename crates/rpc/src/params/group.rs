//! Groups: their ids, members and properties, and the updates that tell of them.

use crypto_core::{GroupOrigin, IdentityKey};
use engine::model::{
    GroupId, MAX_GROUP_COLOR_BYTES, MAX_GROUP_IMAGE_BYTES, MAX_GROUP_NAME_BYTES, MAX_NAMED_MEMBERS,
    MAX_UPDATE_BYTES,
};
use serde_json::{Value, json};

use super::{
    Form,
    macros::{hex_bytes, hex_schema, opaque, string},
    message::keys,
};
use crate::{
    convert::group_text,
    error::{ErrorKind, RpcError},
    hex::{decode_hex, to_hex},
    types::GroupMode,
};

/// Most identities that may set the keys of one group.
const MAX_SETTERS: usize = 16;
/// Longest id of a group, in characters as `0x` and hex.
const MAX_ID_CHARS: usize = 514;

/// Identities that something is done to in a group: 1 to 1000.
pub struct Members(pub Vec<IdentityKey>);

/// Identities that may set the keys of a group: at most 16.
pub struct Setters(pub Vec<IdentityKey>);

/// An update of a group, `0x` and hex; at most 1 MiB.
pub struct UpdateBytes(pub Vec<u8>);

/// The name of a new group: at most 1024 bytes of UTF-8.
pub struct NewGroupName(pub String);

/// The name that a group is given: 1 to 1024 bytes of UTF-8.
pub struct GroupName(pub String);

/// The colour that a group is given: 1 to 64 bytes of UTF-8.
pub struct GroupColor(pub String);

/// The image that a group is given, `0x` and hex: 1 to 400,000 bytes.
pub struct GroupImage(pub Vec<u8>);

impl Form for GroupId {
    const TAKES: &'static str =
        "the id of a group, as group_create gave it, or 0x and the hex digits of 1 to 256 bytes";

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1, "maxLength": MAX_ID_CHARS})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let text = string(value).map_err(|other| <Self as Form>::wrong(&other))?;
        // It may begin as hex does.
        if GroupOrigin::of(&text).is_some()
            && let Some(id) = Self::new(text.as_bytes())
        {
            return Ok(id);
        }
        let bytes = decode_hex(&text).map_err(|fault| {
            let found = if text.starts_with("0x") {
                fault.to_string()
            } else {
                "a string that is no id of a group".to_owned()
            };
            <Self as Form>::wrong_for(&found)
        })?;
        Self::new(&bytes)
            .ok_or_else(|| <Self as Form>::wrong_for(&format!("{} bytes", bytes.len())))
    }

    fn write(&self) -> Value {
        group_text(self).into()
    }
}

/// Lists of identities.
macro_rules! identities {
    ($($form:ident, $least:literal..=$most:ident, $takes:literal;)*) => {$(
        impl Form for $form {
            const TAKES: &'static str = $takes;
            const REFUSED: &'static [ErrorKind] = &[ErrorKind::InvalidKey];

            fn schema() -> Value {
                json!({
                    "type": "array", "minItems": $least, "maxItems": $most,
                    "items": IdentityKey::schema(),
                })
            }

            fn read(value: Value) -> Result<Self, RpcError> {
                keys::<Self>(value, $least..=$most).map(Self)
            }

            fn write(&self) -> Value {
                self.0.iter().map(Form::write).collect()
            }
        }
    )*};
}

identities! {
    Members, 1..=MAX_NAMED_MEMBERS, "an array of 1 to 1000 public keys";
    Setters, 0..=MAX_SETTERS, "an array of at most 16 public keys";
}

/// Texts of so many bytes, as the events of a group count them.
macro_rules! byte_texts {
    ($($form:ident, $least:literal..=$most:ident, $takes:literal;)*) => {$(
        impl Form for $form {
            const TAKES: &'static str = $takes;

            fn schema() -> Value {
                // A character has a byte at least.
                super::macros::text_schema($least, $most)
            }

            fn read(value: Value) -> Result<Self, RpcError> {
                let text = string(value).map_err(|other| Self::wrong(&other))?;
                if ($least..=$most).contains(&text.len()) {
                    return Ok(Self(text));
                }
                Err(Self::wrong_for(&format!("{} bytes", text.len())))
            }

            fn write(&self) -> Value {
                self.0.clone().into()
            }
        }
    )*};
}

byte_texts! {
    NewGroupName, 0..=MAX_GROUP_NAME_BYTES, "text, at most 1024 bytes of UTF-8";
    GroupName, 1..=MAX_GROUP_NAME_BYTES, "text, 1 to 1024 bytes of UTF-8";
    GroupColor, 1..=MAX_GROUP_COLOR_BYTES, "text, 1 to 64 bytes of UTF-8";
}

/// Bytes in hex, so many of them.
macro_rules! bounded_bytes {
    ($($form:ident, $least:literal..=$most:ident, $takes:literal;)*) => {$(
        impl Form for $form {
            const TAKES: &'static str = $takes;

            fn schema() -> Value {
                hex_schema()
            }

            fn read(value: Value) -> Result<Self, RpcError> {
                let bytes = hex_bytes(&value).map_err(|found| Self::wrong_for(&found))?;
                if ($least..=$most).contains(&bytes.len()) {
                    return Ok(Self(bytes));
                }
                Err(Self::wrong_for(&format!("{} bytes", bytes.len())))
            }

            fn write(&self) -> Value {
                to_hex(&self.0).into()
            }
        }
    )*};
}

bounded_bytes! {
    UpdateBytes, 0..=MAX_UPDATE_BYTES, "an update of a group as 0x and hex digits, at most 1 MiB";
    GroupImage, 1..=MAX_GROUP_IMAGE_BYTES, "an image as 0x and hex digits, 1 to 400000 bytes";
}

impl Form for GroupMode {
    const TAKES: &'static str = "\"key\"";

    fn schema() -> Value {
        json!({"enum": ["key"]})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        let known = Self::ALL.iter().find(|mode| value == mode.name());
        known.copied().ok_or_else(|| <Self as Form>::wrong(&value))
    }

    fn write(&self) -> Value {
        self.name().into()
    }
}

/// To whom a message to many goes.
pub enum Addressees {
    /// To these identities, each with a copy of its own.
    Recipients(Vec<IdentityKey>),
    /// To everybody in a group, each with a copy of its own.
    Members {
        /// Which group.
        group: GroupId,
        /// Without those who were invited and have not accepted.
        joined_only: bool,
    },
    /// To a group, once, under its key.
    UnderKey(GroupId),
}

impl Addressees {
    /// A message goes to recipients or to a group, exactly one of the two; what is about a group
    /// goes with a group.
    ///
    /// # Errors
    /// [`RpcError`] about what is missing, or does not go together.
    pub fn read(
        recipients: Option<super::Recipients>,
        group: Option<GroupId>,
        joined_only: Option<bool>,
        mode: Option<GroupMode>,
    ) -> Result<Self, RpcError> {
        let refused = |what: &str, field: &str, hint: &str| {
            RpcError::invalid(what).about(field).with_hint(hint)
        };
        let one = "give recipients, or the group whose members to write to, one of them";
        match (recipients, group) {
            (None, None) => Err(refused("no recipients and no group", "recipients", one)),
            (Some(_), Some(_)) => Err(refused("both recipients and group", "group", one)),
            (Some(_), None) if joined_only.is_some() => Err(refused(
                "joinedOnly, and no group",
                "joinedOnly",
                "leave it out: it tells members of a group apart",
            )),
            (Some(_), None) if mode.is_some() => Err(refused(
                "a mode, and no group",
                "mode",
                "leave it out: recipients have no key in common",
            )),
            (Some(recipients), None) => Ok(Self::Recipients(recipients.0)),
            (None, Some(_)) if mode.is_some() && joined_only == Some(true) => Err(refused(
                "joinedOnly under a key",
                "joinedOnly",
                "leave it out: whoever has the key can read the message",
            )),
            (None, Some(group)) => Ok(match mode {
                Some(GroupMode::Key) => Self::UnderKey(group),
                None => Self::Members {
                    group,
                    joined_only: joined_only.unwrap_or(false),
                },
            }),
        }
    }
}

opaque!(
    Members,
    Setters,
    UpdateBytes,
    NewGroupName,
    GroupName,
    GroupColor,
    GroupImage,
    Addressees
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{
            Recipients,
            macros::fixtures::{hex_of, refused},
        },
        *,
    };

    const KEY: &str = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
         483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

    fn id(prefix: &str) -> String {
        format!("{prefix}-0x{KEY}")
    }

    #[test]
    fn a_group_is_its_id_or_bytes_and_the_same_group_has_one_form() {
        for prefix in ["x1-1b4e28ba", "1b4e28ba-2fa1", "0xab", "0x0"] {
            let text = id(prefix);
            let read = GroupId::read(json!(text)).unwrap();
            assert_eq!(read.as_bytes(), text.as_bytes());
            assert_eq!(read.write(), json!(text));
            // Hex that spells an id is that group.
            let hex = GroupId::read(to_hex(text.as_bytes()).into()).unwrap();
            assert_eq!((&hex, hex.write()), (&read, json!(text)));
        }
        for bytes in [1, 33, 256] {
            let read = GroupId::read(hex_of(bytes)).unwrap();
            assert_eq!(
                (read.as_bytes().len(), read.write()),
                (bytes, hex_of(bytes))
            );
        }
        // Of a channel, whose id is text and no id of a log.
        let channel = to_hex(b"0x0279be-channel");
        assert_eq!(
            GroupId::read(json!(channel)).unwrap().write(),
            json!(channel)
        );
        for (bad, found) in [
            (json!(""), "a string that is no id of a group"),
            (json!("friends"), "a string that is no id of a group"),
            (json!(id("")), "a string that is no id of a group"),
            (json!(id("x1-é")), "a string that is no id of a group"),
            (
                json!(id(&"a".repeat(65))),
                "a string that is no id of a group",
            ),
            (json!("0x"), "0 bytes"),
            (json!("0x0"), "an odd number of hex digits"),
            (json!("0x0g"), "no hex digit as character 4"),
            (hex_of(257), "257 bytes"),
            (json!(7), "a number"),
        ] {
            let error = <GroupId as Form>::read(bad.clone()).unwrap_err();
            assert!(error.message.ends_with(found), "{bad} {error}");
            assert_eq!(refused::<GroupId>(bad), ErrorKind::InvalidParams);
        }
    }

    #[test]
    fn lists_of_members_have_their_limits_and_name_the_item_that_is_wrong() {
        let key = json!(format!("0x{KEY}"));
        for good in [1, 1_000] {
            assert_eq!(
                Members::read(vec![key.clone(); good].into())
                    .unwrap()
                    .0
                    .len(),
                good
            );
        }
        for good in [0, 16] {
            assert_eq!(
                Setters::read(vec![key.clone(); good].into())
                    .unwrap()
                    .0
                    .len(),
                good
            );
        }
        for bad in [json!([]), vec![key.clone(); 1_001].into(), key.clone()] {
            assert_eq!(refused::<Members>(bad), ErrorKind::InvalidParams);
        }
        assert_eq!(
            refused::<Setters>(vec![key.clone(); 17].into()),
            ErrorKind::InvalidParams
        );
        let error = Members::read(json!([key, "0x02"])).unwrap_err();
        assert_eq!(
            (error.kind, error.field.as_deref()),
            (ErrorKind::InvalidKey, Some("[1]"))
        );
    }

    #[test]
    fn what_a_group_is_given_is_counted_in_bytes() {
        assert!(UpdateBytes::read(hex_of(1 << 20)).is_ok());
        assert_eq!(
            refused::<UpdateBytes>(hex_of((1 << 20) + 1)),
            ErrorKind::InvalidParams
        );
        for good in [1, 400_000] {
            assert!(GroupImage::read(hex_of(good)).is_ok());
        }
        for bad in [0, 400_001] {
            assert_eq!(refused::<GroupImage>(hex_of(bad)), ErrorKind::InvalidParams);
        }
        let umlauts = |bytes: usize| json!("ü".repeat(bytes / 2));
        assert!(NewGroupName::read(json!("")).is_ok());
        assert!(NewGroupName::read(umlauts(1_024)).is_ok());
        assert!(GroupName::read(umlauts(1_024)).is_ok());
        assert!(GroupColor::read(umlauts(64)).is_ok());
        assert_eq!(
            refused::<NewGroupName>(umlauts(1_026)),
            ErrorKind::InvalidParams
        );
        for bad in [json!(""), umlauts(1_026), json!(1)] {
            assert_eq!(refused::<GroupName>(bad), ErrorKind::InvalidParams);
        }
        for bad in [json!(""), umlauts(66), json!(["red"])] {
            assert_eq!(refused::<GroupColor>(bad), ErrorKind::InvalidParams);
        }
    }

    #[test]
    fn a_mode_is_key() {
        assert_eq!(GroupMode::read(json!("key")).unwrap(), GroupMode::Key);
        for bad in [json!("Key"), json!("pairwise"), json!(true), json!("")] {
            assert_eq!(refused::<GroupMode>(bad), ErrorKind::InvalidParams);
        }
    }

    #[test]
    fn a_message_goes_to_recipients_or_to_a_group_and_an_error_names_what_is_wrong() {
        let recipients = || Recipients::read(json!([format!("0x{KEY}")])).ok();
        let group = || GroupId::new(b"group");
        let key = Some(GroupMode::Key);
        for (recipients, group, joined_only, mode) in [
            (recipients(), None, None, None),
            (None, group(), None, None),
            (None, group(), Some(true), None),
            (None, group(), None, key),
            (None, group(), Some(false), key),
        ] {
            assert!(Addressees::read(recipients, group, joined_only, mode).is_ok());
        }
        for (recipients, group, joined_only, mode, field) in [
            (None, None, None, None, "recipients"),
            (recipients(), group(), None, None, "group"),
            (recipients(), None, Some(false), None, "joinedOnly"),
            (recipients(), None, None, key, "mode"),
            (None, group(), Some(true), key, "joinedOnly"),
        ] {
            let refused = Addressees::read(recipients, group, joined_only, mode);
            assert_eq!(refused.err().unwrap().field.as_deref(), Some(field));
        }
    }

    #[test]
    fn debug_shows_nobody_and_nothing_of_a_group() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains("42") && !shown.contains("79"), "{shown}");
        }
        let key = IdentityKey::from_stored([42; 33]);
        shows_nothing::<Members>(&Members(vec![key]));
        shows_nothing::<Setters>(&Setters(vec![key]));
        shows_nothing::<UpdateBytes>(&UpdateBytes(vec![42]));
        shows_nothing::<GroupImage>(&GroupImage(vec![42]));
        shows_nothing::<NewGroupName>(&NewGroupName("42".to_owned()));
        shows_nothing::<GroupName>(&GroupName("42".to_owned()));
        shows_nothing::<GroupColor>(&GroupColor("42".to_owned()));
        shows_nothing::<Addressees>(&Addressees::Recipients(vec![key]));
    }
}
