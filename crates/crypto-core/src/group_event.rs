//! The events of a group's log: their signatures and ids, and what a group's id says (protocol
//! §10).

use crate::{
    hash::{hex, keccak256},
    ids::GroupEventId,
    installation::uuid_text,
    keys::{IdentityKey, IdentityKeyPair, KeyError},
    signature::{Signature, SignatureError},
};

const EVENT_DOMAIN: &[u8] = b"ratchetd/group-event/1";
const LOG_DOMAIN: &[u8] = b"ratchetd/group-log/1";

/// Before the hex of a key in text.
const HEX_PREFIX: &str = "0x";
/// Characters of a key in text: the prefix, and two digits for each of 65 bytes.
const KEY_TEXT_CHARS: usize = 132;
/// Most characters of a group's id before the dash and the creator's key.
const MAX_PREFIX_CHARS: usize = 64;
/// What the ids of groups with the specification's rules begin with.
const ADMINS_PREFIX: &str = "x1-";

/// Who may do what in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupRules {
    /// Only admins invite and edit: the specification's rules.
    Admins,
    /// Everybody in the group invites and edits: status-go's rules.
    Members,
}

/// What the id of a group says: its rules and who made it. The id is under the signature of every
/// event, so nobody can change either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupOrigin {
    /// Who may do what.
    pub rules: GroupRules,
    /// The only one whose creation counts.
    pub creator: IdentityKey,
}

impl GroupRules {
    /// The id of the group that `creator` makes under these rules, from random bytes: a UUID of
    /// version 4 is in it.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn new_group_id(self, creator: &IdentityKey, random: [u8; 16]) -> Result<String, KeyError> {
        let uuid = uuid_text(random);
        let prefix = match self {
            Self::Admins => ADMINS_PREFIX,
            Self::Members => "",
        };
        Ok(format!("{prefix}{uuid}-{}", creator.to_log_text()?))
    }
}

impl GroupOrigin {
    /// Reads the id of a group. `None` if it has not the form of one, or rules of a later version.
    #[must_use]
    pub fn of(group: &str) -> Option<Self> {
        let (rest, key) = group.split_at_checked(group.len().checked_sub(KEY_TEXT_CHARS)?)?;
        let prefix = rest.strip_suffix('-')?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if prefix.is_empty() || prefix.len() > MAX_PREFIX_CHARS || !prefix.bytes().all(allowed) {
            return None;
        }
        let creator = IdentityKey::from_log_text(key).ok()?;
        let rules = if group.starts_with(ADMINS_PREFIX) {
            GroupRules::Admins
        } else if is_later_version(group) {
            return None;
        } else {
            GroupRules::Members
        };
        Some(Self { rules, creator })
    }
}

/// Whether an id begins with `x`, digits and a dash, as those of each version of the rules do.
fn is_later_version(group: &str) -> bool {
    let after_digits = group
        .strip_prefix('x')
        .map(|rest| (rest, rest.trim_start_matches(|c: char| c.is_ascii_digit())));
    after_digits.is_some_and(|(rest, after)| after.len() < rest.len() && after.starts_with('-'))
}

impl IdentityKey {
    /// The key as text in a group's id and its events: `0x04` and 128 lowercase hex digits.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn to_log_text(&self) -> Result<String, KeyError> {
        Ok(format!("{HEX_PREFIX}{}", hex(&self.to_uncompressed()?)))
    }

    /// Reads what [`Self::to_log_text`] writes, and no other form.
    ///
    /// # Errors
    /// [`KeyError`] if it is of another form, or no point of the curve.
    pub fn from_log_text(text: &str) -> Result<Self, KeyError> {
        let digits = text.strip_prefix(HEX_PREFIX).ok_or(KeyError::Form)?;
        if text.len() != KEY_TEXT_CHARS || !digits.starts_with("04") {
            return Err(KeyError::Form);
        }
        let (pairs, _) = digits.as_bytes().as_chunks::<2>();
        let bytes = pairs
            .iter()
            .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
            .collect::<Option<Vec<u8>>>()
            .ok_or(KeyError::Form)?;
        Self::from_sec1(&bytes)
    }
}

/// A lowercase hex digit.
const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

fn signed_digest(group: &str, event: &[u8]) -> [u8; 32] {
    keccak256(&[group.as_bytes(), event])
}

impl IdentityKeyPair {
    /// Signs an encoded event of the group with this id.
    #[must_use]
    pub fn sign_group_event(&self, group: &str, event: &[u8]) -> Signature {
        self.sign_digest(&signed_digest(group, event))
    }
}

impl Signature {
    /// Who signed an encoded event of the group with this id: any signature is somebody's, so this
    /// proves nothing before that one is found entitled.
    ///
    /// # Errors
    /// [`SignatureError`] if v is neither 0 nor 1, s is high, or no key can have made it.
    pub fn group_event_signer(
        &self,
        group: &str,
        event: &[u8],
    ) -> Result<IdentityKey, SignatureError> {
        self.recover(&signed_digest(group, event))
    }
}

impl GroupEventId {
    /// The id of an event. The signature is not part of it, since a signer can make many.
    #[must_use]
    pub fn derive(signer: &IdentityKey, group: &str, event: &[u8]) -> Self {
        Self::from_bytes(keccak256(&[
            EVENT_DOMAIN,
            signer.as_bytes(),
            group.as_bytes(),
            event,
        ]))
    }

    /// The digest of a log with these events, by which two members compare theirs.
    #[must_use]
    pub fn log_digest(events: &[Self]) -> [u8; 32] {
        let ids: Vec<&[u8]> = [LOG_DOMAIN]
            .into_iter()
            .chain(events.iter().map(|event| event.as_bytes().as_slice()))
            .collect();
        keccak256(&ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(secret: u8) -> IdentityKeyPair {
        IdentityKeyPair::from_secret_bytes(&[secret; 32]).unwrap()
    }

    #[test]
    fn the_prefix_of_an_id_says_its_rules() {
        let key = pair(1).public().to_log_text().unwrap();
        let longest = "a".repeat(MAX_PREFIX_CHARS);
        for (prefix, rules) in [
            ("x1-0", Some(GroupRules::Admins)),
            ("x1-", Some(GroupRules::Admins)),
            ("0-x1-0", Some(GroupRules::Members)),
            ("a", Some(GroupRules::Members)),
            ("A.b_c-9", Some(GroupRules::Members)),
            (&longest, Some(GroupRules::Members)),
            ("x", Some(GroupRules::Members)),
            ("x-1", Some(GroupRules::Members)),
            ("xy1-", Some(GroupRules::Members)),
            ("x10", None),
            ("x10-0", None),
            ("x01-0", None),
            ("x2-", None),
            ("x99999999999999999999999-", None),
            ("", None),
            (&format!("{longest}a"), None),
            ("a b", None),
            ("a\n", None),
            ("ä", None),
        ] {
            let origin = GroupOrigin::of(&format!("{prefix}-{key}"));
            assert_eq!(origin.map(|origin| origin.rules), rules, "{prefix:?}");
            if let Some(origin) = origin {
                assert_eq!(origin.creator, *pair(1).public());
            }
        }
        for malformed in [
            String::new(),
            key.clone(),
            format!("-{key}"),
            format!("a{key}"),
            format!("a-{}", key.replace("0x", "0X")),
            format!("a-{}", key.to_uppercase()),
            format!("a-{key}0"),
            format!("a-{}", &key[..131]),
            format!("a-0x04{}", "11".repeat(64)),
            format!("a-0x02{}", &key[4..]),
            format!("ä{}", &key[1..]),
        ] {
            assert_eq!(GroupOrigin::of(&malformed), None, "{malformed:?}");
        }
    }

    #[test]
    fn a_new_id_has_the_rules_it_was_made_with_and_a_uuid() {
        for (rules, prefix) in [(GroupRules::Admins, "x1-"), (GroupRules::Members, "")] {
            let id = rules.new_group_id(pair(2).public(), [0xff; 16]).unwrap();
            let creator = *pair(2).public();
            assert_eq!(GroupOrigin::of(&id), Some(GroupOrigin { rules, creator }));
            let uuid = "ffffffff-ffff-4fff-bfff-ffffffffffff";
            assert!(id.starts_with(&format!("{prefix}{uuid}-0x04")), "{id}");
        }
    }

    #[test]
    fn a_signature_is_of_one_signer_over_one_event_of_one_group() {
        let signature = pair(3).sign_group_event("a", b"event");
        let signer = |group: &str, event: &[u8]| signature.group_event_signer(group, event).ok();
        assert_eq!(signer("a", b"event"), Some(*pair(3).public()));
        assert_ne!(signer("b", b"event"), Some(*pair(3).public()));
        assert_ne!(signer("a", b"other"), Some(*pair(3).public()));

        let id = GroupEventId::derive(pair(3).public(), "a", b"event");
        for (signer, group, event) in [(4, "a", "event"), (3, "b", "event"), (3, "a", "other")] {
            assert_ne!(
                GroupEventId::derive(pair(signer).public(), group, event.as_bytes()),
                id
            );
        }
    }
}
