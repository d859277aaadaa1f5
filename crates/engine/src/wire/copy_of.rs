//! What a copy for our own other devices says beside its message: for whom the message was
//! (protocol §5, copies). It is sealed, and has a layout of its own, read strictly:
//!
//! `u16be(recipients) ‖ their keys (33 each) ‖ u16be(len(request id)) ‖ request id ‖ decision ‖
//! zeros`
//!
//! The decision about a contact is a byte (1 request, 2 accept, 3 decline) and the time of it as
//! `u64be`, in milliseconds; one zero if there is none.
//!
//! The zeros fill it up to a power of two, so that its length tells a relay the order of magnitude
//! of a group, and of a small one nothing.

use crypto_core::{IdentityKey, SECP256K1_KEY_BYTES};

use crate::model::{
    ContactMark, CopyOf, Decision, MAX_RECIPIENTS, MAX_REQUEST_ID_CHARS, UnixMillis,
};

/// The shortest that is made: it has room for six recipients and a UUID.
const MIN_BYTES: usize = 256;
/// Bytes of a number.
const NUMBER_BYTES: usize = 2;
/// Bytes of a decision.
const DECISION_BYTES: usize = 1 + 8;
/// Bytes of the longest character.
const MAX_CHAR_BYTES: usize = 4;
/// The longest, for as many recipients as one call may have.
const MAX_BYTES: usize = (2 * NUMBER_BYTES
    + MAX_RECIPIENTS * SECP256K1_KEY_BYTES
    + MAX_REQUEST_ID_CHARS * MAX_CHAR_BYTES
    + DECISION_BYTES)
    .next_power_of_two();

/// The plaintext of the field.
pub(crate) fn encode_copy_of(copy_of: &CopyOf) -> Vec<u8> {
    let request_id = copy_of.request_id.as_deref().unwrap_or_default();
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&number(copy_of.recipients.len()));
    for recipient in &copy_of.recipients {
        bytes.extend_from_slice(recipient.as_bytes());
    }
    bytes.extend_from_slice(&number(request_id.len()));
    bytes.extend_from_slice(request_id.as_bytes());
    match copy_of.decision {
        Some(Decision { step, at }) => {
            bytes.push(step.code());
            bytes.extend_from_slice(&at.0.to_be_bytes());
        }
        None => bytes.push(0),
    }
    bytes.resize(bytes.len().max(MIN_BYTES).next_power_of_two(), 0);
    bytes
}

/// The limits on recipients and request ids are far below.
fn number(count: usize) -> [u8; NUMBER_BYTES] {
    u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes()
}

/// Reads what [`encode_copy_of`] wrote; `None` if a byte of it is any other.
pub(crate) fn decode_copy_of(bytes: &[u8]) -> Option<CopyOf> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let (recipients, rest) = bytes.split_first_chunk()?;
    let recipients = usize::from(u16::from_be_bytes(*recipients));
    if recipients > MAX_RECIPIENTS {
        return None;
    }
    let (recipients, rest) = rest.split_at_checked(recipients * SECP256K1_KEY_BYTES)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (request_id, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    let request_id = str::from_utf8(request_id).ok()?;
    let decision = match rest.split_first()? {
        (0, _) => None,
        (code, rest) => Some(Decision {
            step: ContactMark::from_code(*code)?,
            at: UnixMillis(u64::from_be_bytes(*rest.first_chunk()?)),
        }),
    };
    let copy_of = CopyOf {
        recipients: recipients
            .chunks(SECP256K1_KEY_BYTES)
            .map(|key| IdentityKey::from_wire(key).ok())
            .collect::<Option<_>>()?,
        request_id: (!request_id.is_empty()).then(|| request_id.to_owned()),
        decision,
    };
    (encode_copy_of(&copy_of) == bytes).then_some(copy_of)
}

#[cfg(test)]
mod tests {
    use crypto_core::IdentityKeyPair;
    use proptest::prelude::*;

    use super::*;

    fn key(seed: u8) -> IdentityKey {
        *IdentityKeyPair::from_secret_bytes(&[seed; 32])
            .unwrap()
            .public()
    }

    fn copy_of(recipients: usize, request_id: &str) -> CopyOf {
        CopyOf {
            recipients: vec![key(1); recipients],
            request_id: (!request_id.is_empty()).then(|| request_id.to_owned()),
            decision: None,
        }
    }

    #[test]
    fn the_layout_is_that_of_the_document() {
        let bytes = encode_copy_of(&CopyOf {
            recipients: vec![key(1), key(2)],
            request_id: Some("r-é".to_owned()),
            decision: Some(Decision {
                step: ContactMark::Decline,
                at: UnixMillis(0x0102),
            }),
        });
        let written = [
            &[0, 2],
            key(1).as_bytes().as_slice(),
            key(2).as_bytes(),
            &[0, 4],
            "r-é".as_bytes(),
            &[3, 0, 0, 0, 0, 0, 0, 1, 2],
        ]
        .concat();
        assert!(bytes.starts_with(&written));
        assert_eq!(bytes[written.len()..], vec![0; 256 - written.len()]);
    }

    #[test]
    fn the_length_tells_no_more_than_a_power_of_two() {
        let uuid = "0b0e4ef8-0000-4000-8000-000000000000";
        for (recipients, request_id, bytes) in [
            (1, "", 256),
            (1, uuid, 256),
            (6, uuid, 256),
            (7, uuid, 512),
            (14, uuid, 512),
            (15, uuid, 1024),
        ] {
            let encoded = encode_copy_of(&copy_of(recipients, request_id));
            assert_eq!(encoded.len(), bytes, "{recipients} recipients");
        }
        let longest = "\u{10ffff}".repeat(MAX_REQUEST_ID_CHARS);
        let largest = copy_of(MAX_RECIPIENTS, &longest);
        let encoded = encode_copy_of(&largest);
        assert_eq!((encoded.len(), MAX_BYTES), (65_536, 65_536));
        assert_eq!(decode_copy_of(&encoded), Some(largest));
    }

    #[test]
    fn what_is_of_another_form_says_nothing() {
        let good = encode_copy_of(&copy_of(2, "r-1"));
        assert!(decode_copy_of(&good).is_some());
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let too_many = [&1001_u16.to_be_bytes()[..], &vec![0; 65_534]].concat();
        for (what, bytes) in [
            ("nothing", Vec::new()),
            ("one byte", vec![0]),
            ("cut short", good[..255].to_vec()),
            ("longer", [good.as_slice(), &[0; 256]].concat()),
            ("one recipient more", with(1, 3)),
            ("one recipient less", with(1, 1)),
            ("more than there may be", too_many),
            ("no point of the curve", with(2, 9)),
            ("a shorter id", with(69, 2)),
            ("an id beyond the end", with(68, 0xff)),
            ("no text", with(70, 0xff)),
            ("no zeros", with(255, 1)),
            ("too long", vec![0; 131_072]),
        ] {
            assert_eq!(decode_copy_of(&bytes), None, "{what}");
        }
    }

    proptest! {
        /// It is read in one way only, whoever wrote it.
        #[test]
        fn what_is_read_is_what_would_be_written(
            mut bytes in prop::collection::vec(any::<u8>(), 256),
            recipients in 0_u8..3,
            zeros in 0_usize..256,
        ) {
            bytes[..2].copy_from_slice(&[0, recipients]);
            let keys = usize::from(recipients) * SECP256K1_KEY_BYTES;
            for at in (2..2 + keys).step_by(SECP256K1_KEY_BYTES) {
                bytes[at..at + SECP256K1_KEY_BYTES].copy_from_slice(key(3).as_bytes());
            }
            bytes[2 + keys] = 0;
            bytes[zeros..].iter_mut().skip(keys + 4).for_each(|byte| *byte = 0);
            if let Some(read) = decode_copy_of(&bytes) {
                prop_assert_eq!(encode_copy_of(&read), bytes);
            }
        }
    }
}
