//! What envelopes are made of, and what a received message is given as.

use crypto_core::IdentityKey;
use engine::model::Seal;
use envelope::{MAX_ENVELOPE_BYTES, MAX_PADDING_BYTES, MAX_PAYLOAD_BYTES, SymmetricKey};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    Form, SymKey, Text, Wire,
    macros::{limited_bytes, opaque},
    payload::one_of,
};
use crate::error::RpcError;

/// A sealed envelope, `0x` and hex.
pub struct EnvelopeBytes(pub Vec<u8>);

/// What is put into an envelope, `0x` and hex; at most 4 MiB: a wire message fits.
pub struct EnvelopePayload(pub Vec<u8>);

/// Bytes to fill an envelope up with, `0x` and hex; at most 1 MiB.
pub struct PaddingBytes(pub Vec<u8>);

/// Whether messages are sealed, and by which topic they go: `true`, `false`, `"negotiated"` or
/// `"partitioned"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealing(pub Option<Seal>);

limited_bytes! {
    EnvelopeBytes, MAX_ENVELOPE_BYTES, "an envelope", "an envelope as 0x and hex digits, at most 5 MiB";
    EnvelopePayload, MAX_PAYLOAD_BYTES, "what is sealed", "bytes as 0x and hex digits, at most 4 MiB";
    PaddingBytes, MAX_PADDING_BYTES, "padding", "bytes as 0x and hex digits, at most 1 MiB";
}

impl Form for Sealing {
    const TAKES: &'static str = "true, false, \"negotiated\" or \"partitioned\"";

    fn schema() -> Value {
        serde_json::json!({"enum": [true, false, "negotiated", "partitioned"]})
    }

    fn read(value: Value) -> Result<Self, RpcError> {
        Ok(Self(match (value.as_bool(), value.as_str()) {
            (Some(true), _) => Some(Seal::Agreed),
            (Some(false), _) => None,
            (_, Some("negotiated")) => Some(Seal::Negotiated),
            (_, Some("partitioned")) => Some(Seal::Partitioned),
            _ => return Err(<Self as Form>::wrong(&value)),
        }))
    }

    fn write(&self) -> Value {
        match self.0 {
            None => false.into(),
            Some(Seal::Agreed) => true.into(),
            Some(Seal::Negotiated) => "negotiated".into(),
            Some(Seal::Partitioned) => "partitioned".into(),
        }
    }
}

impl Sealing {
    /// What is asked for; not to seal if nothing is.
    #[must_use]
    pub fn asked(sealing: Option<Self>) -> Option<Seal> {
        sealing.and_then(|sealing| sealing.0)
    }

    /// The same, for many at once: each member's own topic is used once it is agreed upon, and none
    /// is forced.
    ///
    /// # Errors
    /// [`RpcError`] if the negotiated topics are asked for.
    pub fn asked_of_group(sealing: Option<Self>) -> Result<Option<Seal>, RpcError> {
        match Self::asked(sealing) {
            Some(Seal::Negotiated) => Err(RpcError::invalid(
                "the negotiated topics of a group are not forced",
            )
            .about("seal")
            .with_hint(
                "give true: the negotiated topic of each member is used once it is agreed upon",
            )),
            seal => Ok(seal),
        }
    }
}

impl Sealing {
    /// Whether one message for a whole group is sealed: it has one topic, that of the group's id.
    ///
    /// # Errors
    /// [`RpcError`] if another topic is asked for.
    pub fn asked_under_key(sealing: Option<Self>) -> Result<bool, RpcError> {
        match Self::asked(sealing) {
            None => Ok(false),
            Some(Seal::Agreed) => Ok(true),
            Some(Seal::Negotiated | Seal::Partitioned) => Err(RpcError::invalid(
                "a message under a group's key goes by the topic of the group",
            )
            .about("seal")
            .with_hint("give true: `topic_public` of the group's id gives that topic")),
        }
    }
}

/// What goes into an envelope comes as bytes or as text, exactly one of them.
///
/// # Errors
/// [`RpcError`] if it is both or neither.
pub fn one_content(
    payload: Option<EnvelopePayload>,
    text: Option<Text>,
) -> Result<Zeroizing<Vec<u8>>, RpcError> {
    one_of(payload.map(|payload| payload.0), text).map(Zeroizing::new)
}

/// How a received message is given.
pub enum Arrived {
    /// As a wire message, with the sender that the transport names.
    Named {
        /// The sender.
        sender: IdentityKey,
        /// The wire message.
        wire: Vec<u8>,
    },
    /// In its envelope, whose signature names the sender.
    Sealed {
        /// The envelope.
        envelope: Vec<u8>,
        /// The key of the topic that it came by, if the caller knows it.
        key: Option<SymmetricKey>,
    },
}

impl Arrived {
    /// A message comes with its sender, or sealed: exactly one of the two.
    ///
    /// # Errors
    /// [`RpcError`] about what is missing, or too much.
    pub fn read(
        sender: Option<IdentityKey>,
        message: Option<Wire>,
        sealed: Option<EnvelopeBytes>,
        key: Option<SymKey>,
    ) -> Result<Self, RpcError> {
        let refused = |what: &str, field: &str| {
            RpcError::invalid(what).about(field).with_hint(
                "give sender and message, or sealed alone: its signature names the sender",
            )
        };
        match (sealed, sender, message) {
            (Some(sealed), None, None) => Ok(Self::Sealed {
                envelope: sealed.0,
                key: key.map(|key| key.0),
            }),
            (Some(_), Some(_), _) => Err(refused("both sealed and sender", "sender")),
            (Some(_), None, Some(_)) => Err(refused("both sealed and message", "message")),
            (None, None, _) => Err(refused("required, and missing", "sender")),
            (None, Some(_), None) => Err(refused("required, and missing", "message")),
            (None, Some(_), Some(_)) if key.is_some() => {
                Err(refused("a symKey, and nothing that is sealed", "symKey"))
            }
            (None, Some(sender), Some(message)) => Ok(Self::Named {
                sender,
                wire: message.0,
            }),
        }
    }
}

opaque!(EnvelopeBytes, EnvelopePayload, PaddingBytes, Arrived);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sealing_is_one_of_four() {
        for good in [
            json!(true),
            json!(false),
            json!("negotiated"),
            json!("partitioned"),
        ] {
            assert_eq!(Sealing::read(good.clone()).unwrap().write(), good);
        }
        for bad in [
            json!("true"),
            json!(1),
            json!("Partitioned"),
            json!([]),
            json!(""),
        ] {
            assert!(Sealing::read(bad).is_err());
        }
    }

    #[test]
    fn a_group_cannot_force_what_its_members_may_not_listen_to() {
        let asked = |value| Sealing::asked_of_group(Some(Sealing::read(value).unwrap()));
        assert_eq!(asked(json!(true)).unwrap(), Some(Seal::Agreed));
        assert_eq!(asked(json!(false)).unwrap(), None);
        let refused = asked(json!("negotiated")).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("seal"));
    }

    #[test]
    fn under_a_key_there_is_one_topic() {
        let asked = |value| Sealing::asked_under_key(Some(Sealing::read(value).unwrap()));
        assert!(asked(json!(true)).unwrap() && !asked(json!(false)).unwrap());
        assert!(!Sealing::asked_under_key(None).unwrap());
        for other in ["negotiated", "partitioned"] {
            let refused = asked(json!(other)).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("seal"));
        }
    }

    #[test]
    fn debug_shows_no_key_and_no_payload() {
        fn shows_nothing<T: std::fmt::Debug>(value: T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains("42") && !shown.contains("2a"), "{shown}");
        }
        let key = SymmetricKey::from_bytes(&[42; 32]).unwrap();
        shows_nothing::<SymKey>(SymKey(key));
        shows_nothing::<EnvelopePayload>(EnvelopePayload(vec![42; 4]));
        shows_nothing::<EnvelopeBytes>(EnvelopeBytes(vec![42; 4]));
        shows_nothing::<PaddingBytes>(PaddingBytes(vec![42; 4]));
        shows_nothing::<Arrived>(Arrived::Sealed {
            envelope: vec![42; 4],
            key: SymmetricKey::from_bytes(&[42; 32]).ok(),
        });
    }

    #[test]
    fn a_message_comes_with_its_sender_or_sealed_and_an_error_names_what_is_wrong() {
        let identity = crypto_core::IdentityKeyPair::from_secret_bytes(&[1; 32]).unwrap();
        let identity = || Some(*identity.public());
        let wire = || Some(Wire(vec![1]));
        let sealed = || Some(EnvelopeBytes(vec![2]));
        let key = || SymKey::read(json!(format!("0x{}", "01".repeat(32)))).ok();
        assert!(Arrived::read(identity(), wire(), None, None).is_ok());
        assert!(Arrived::read(None, None, sealed(), None).is_ok());
        assert!(Arrived::read(None, None, sealed(), key()).is_ok());
        for (sender, message, sealed, key, field) in [
            (None, None, None, None, "sender"),
            (None, wire(), None, None, "sender"),
            (identity(), None, None, None, "message"),
            (identity(), wire(), sealed(), None, "sender"),
            (None, wire(), sealed(), None, "message"),
            (identity(), wire(), None, key(), "symKey"),
        ] {
            let refused = Arrived::read(sender, message, sealed, key).err().unwrap();
            assert_eq!(refused.field.as_deref(), Some(field));
        }
    }
}
