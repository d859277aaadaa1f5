//! The two codes of a link as text, and the contents of the second one (protocol §12). Both are
//! read strictly: in no other way than they are written.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, SECP256K1_KEY_BYTES, Wiped,
    link::{FirstCode, LinkCodeError, SECOND_CODE_OVERHEAD_BYTES, SecondCode},
    typed::one_word,
};

use super::MAX_BUNDLE_BYTES;
use crate::model::{
    ContactState, GivenLink, LinkContents, LinkedContact, MAX_LINK_BYTES, MAX_LINK_NAME_BYTES,
    UnixMillis,
};

/// What the text of a first code begins with.
const FIRST_PREFIX: &str = "ratchetd-link-1:";
/// What the text of a second code begins with.
const SECOND_PREFIX: &str = "ratchetd-link-2:";
/// Longest code that is read, in characters: base64 of the largest contents.
const MAX_CODE_CHARS: usize =
    SECOND_PREFIX.len() + (MAX_LINK_BYTES + SECOND_CODE_OVERHEAD_BYTES).div_ceil(3) * 4;

/// The shortest contents that are made: the identity, a bundle of a device, and a contact or two.
const MIN_BYTES: usize = 512;
/// Bytes of a contact besides its name: key, state, time and length of the name.
const CONTACT_BYTES: usize = SECP256K1_KEY_BYTES + 1 + 8 + 1;
/// The state of a contact, in the byte that it shares with two flags.
const STATE: u8 = 0x07;
const VERIFIED: u8 = 0x08;
const ASKED: u8 = 0x10;

/// Why a text is not the code that is asked for.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LinkTextError {
    /// It does not begin as one.
    #[error("it does not begin with {0}")]
    NoCode(&'static str),
    /// It is the other code of the two.
    #[error("it is the code of the other device: this one begins with {0}")]
    OtherCode(&'static str),
    /// It is longer than any.
    #[error("it is longer than any")]
    TooLong,
    /// It is cut short or damaged.
    #[error("it is cut short or damaged")]
    Damaged,
    /// It is of a version that is not known here.
    #[error("it is of another version")]
    Version,
}

/// The first code as text.
#[must_use]
pub fn encode_first_code(code: &FirstCode) -> String {
    encode(FIRST_PREFIX, &code.to_bytes())
}

/// Reads the text of a first code, without white space and what cannot be seen.
///
/// # Errors
/// [`LinkTextError`].
pub fn decode_first_code(text: &str) -> Result<FirstCode, LinkTextError> {
    let bytes = decode(FIRST_PREFIX, SECOND_PREFIX, text)?;
    FirstCode::from_bytes(&bytes).map_err(LinkTextError::from)
}

/// The second code as text.
#[must_use]
pub fn encode_second_code(code: &SecondCode) -> String {
    encode(SECOND_PREFIX, &code.to_bytes())
}

/// Reads the text of a second code, without white space and what cannot be seen.
///
/// # Errors
/// [`LinkTextError`].
pub fn decode_second_code(text: &str) -> Result<SecondCode, LinkTextError> {
    let bytes = decode(SECOND_PREFIX, FIRST_PREFIX, text)?;
    SecondCode::from_bytes(&bytes).map_err(LinkTextError::from)
}

fn encode(prefix: &str, bytes: &[u8]) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn decode(prefix: &'static str, other: &'static str, text: &str) -> Result<Vec<u8>, LinkTextError> {
    let text = one_word(text);
    let Some(encoded) = text.strip_prefix(prefix) else {
        return Err(if text.starts_with(other) {
            LinkTextError::OtherCode(prefix)
        } else {
            LinkTextError::NoCode(prefix)
        });
    };
    if text.len() > MAX_CODE_CHARS {
        return Err(LinkTextError::TooLong);
    }
    URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| LinkTextError::Damaged)
}

impl From<LinkCodeError> for LinkTextError {
    fn from(error: LinkCodeError) -> Self {
        match error {
            LinkCodeError::Version => Self::Version,
            LinkCodeError::Malformed | LinkCodeError::Authentication => Self::Damaged,
        }
    }
}

/// The contents with as many contacts as there is room for in `max` bytes, filled up with zeros to
/// a power of two:
///
/// `IK ‖ u8(len) ‖ id of the giver ‖ u16be(len) ‖ bundle ‖ u16be(left out) ‖ u16be(contacts) ‖
/// contacts`, each contact `key ‖ state and flags ‖ u64be(time) ‖ u8(len) ‖ name`.
///
/// `None` if there is no room for the rest.
#[must_use]
pub fn encode_link_contents(link: &LinkContents, max: usize) -> Option<GivenLink> {
    let (giver, bundle) = (link.giver.as_str().as_bytes(), &link.bundle);
    let head = 32 + 1 + giver.len() + 2 + bundle.len() + 2 + 2;
    let mut size = head;
    let mut kept = 0;
    for contact in &link.contacts {
        let more = size + CONTACT_BYTES + contact.name.len();
        if more > max || kept == usize::from(u16::MAX) {
            break;
        }
        size = more;
        kept += 1;
    }
    let size = size.max(MIN_BYTES).next_power_of_two();
    if size > max.max(MIN_BYTES) {
        return None;
    }
    let left_out = usize::from(link.left_out) + link.contacts.len() - kept;
    let number = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    // In one allocation: what a vector grows out of is not wiped.
    let mut contents = Wiped::new(Vec::with_capacity(size));
    contents.extend_from_slice(link.identity.secret_bytes().as_slice());
    contents.push(u8::try_from(giver.len()).ok()?);
    contents.extend_from_slice(giver);
    contents.extend_from_slice(&number(bundle.len()));
    contents.extend_from_slice(bundle);
    contents.extend_from_slice(&number(left_out));
    contents.extend_from_slice(&number(kept));
    for contact in link.contacts.iter().take(kept) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = flag(contact.verified, VERIFIED) | flag(contact.asked, ASKED);
        contents.extend_from_slice(contact.identity.as_bytes());
        contents.push(contact.state.code() | flags);
        contents.extend_from_slice(&contact.at.map_or(0, |at| at.0).to_be_bytes());
        contents.push(u8::try_from(contact.name.len()).ok()?);
        contents.extend_from_slice(contact.name.as_bytes());
    }
    contents.resize(size, 0);
    Some(GivenLink {
        contents,
        contacts: kept,
        left_out,
    })
}

/// Reads what [`encode_link_contents`] wrote; `None` if a byte of it is any other. Whether the
/// bundle is one is not looked at.
#[must_use]
pub fn decode_link_contents(bytes: &[u8]) -> Option<LinkContents> {
    if bytes.len() > MAX_LINK_BYTES {
        return None;
    }
    let (secret, rest) = bytes.split_first_chunk::<32>()?;
    let identity = IdentityKeyPair::from_secret_bytes(secret).ok()?;
    let (length, rest) = rest.split_first()?;
    let (giver, rest) = rest.split_at_checked(usize::from(*length))?;
    let (bundle, rest) = {
        let (length, rest) = number(rest)?;
        rest.split_at_checked(length)?
    };
    if bundle.len() > MAX_BUNDLE_BYTES {
        return None;
    }
    let (left_out, rest) = number(rest)?;
    let (count, mut rest) = number(rest)?;
    let mut contacts = Vec::new();
    for _ in 0..count {
        let contact;
        (contact, rest) = decode_contact(rest)?;
        contacts.push(contact);
    }
    let link = LinkContents {
        identity: Arc::new(identity),
        giver: InstallationId::parse(str::from_utf8(giver).ok()?).ok()?,
        bundle: bundle.to_vec(),
        contacts,
        left_out: u16::try_from(left_out).ok()?,
    };
    let again = encode_link_contents(&link, bytes.len())?;
    (again.contents.as_slice() == bytes).then_some(link)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((usize::from(u16::from_be_bytes(*number)), rest))
}

fn decode_contact(bytes: &[u8]) -> Option<(LinkedContact, &[u8])> {
    let (key, rest) = bytes.split_first_chunk::<SECP256K1_KEY_BYTES>()?;
    let (flags, rest) = rest.split_first()?;
    let (at, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    if name.len() > MAX_LINK_NAME_BYTES {
        return None;
    }
    let at = u64::from_be_bytes(*at);
    let contact = LinkedContact {
        identity: IdentityKey::from_wire(key).ok()?,
        state: ContactState::from_code(flags & STATE)?,
        verified: flags & VERIFIED != 0,
        asked: flags & ASKED != 0,
        at: (at != 0).then_some(UnixMillis(at)),
        name: str::from_utf8(name).ok()?.to_owned(),
    };
    Some((contact, rest))
}

#[cfg(test)]
mod tests {
    use crypto_core::link::{LinkDigits, NewDevice};

    use super::*;
    use crate::{model::MAX_LINK_QR_BYTES, world::SplitMix64};

    fn key(seed: u8) -> IdentityKeyPair {
        IdentityKeyPair::from_secret_bytes(&[seed; 32]).unwrap()
    }

    fn link(contacts: usize, name: &str) -> LinkContents {
        let contact = |at: usize| LinkedContact {
            identity: *key(2).public(),
            state: ContactState::Accepted,
            verified: at == 0,
            asked: true,
            at: Some(UnixMillis(0x0102)),
            name: name.to_owned(),
        };
        LinkContents {
            identity: Arc::new(key(1)),
            giver: InstallationId::parse("x1-a").unwrap(),
            bundle: vec![7; 300],
            contacts: (0..contacts).map(contact).collect(),
            left_out: 0,
        }
    }

    fn encoded(link: &LinkContents, max: usize) -> Vec<u8> {
        encode_link_contents(link, max).unwrap().contents.to_vec()
    }

    #[test]
    fn the_layout_is_that_of_the_document() {
        let bytes = encoded(&link(1, "Ö"), MAX_LINK_BYTES);
        let written = [
            [1; 32].as_slice(),
            b"\x04x1-a",
            &[1, 44],
            &[7; 300],
            &[0, 0, 0, 1],
            key(2).public().as_bytes(),
            &[3 | 8 | 16, 0, 0, 0, 0, 0, 0, 1, 2, 2],
            "Ö".as_bytes(),
        ]
        .concat();
        assert!(bytes.starts_with(&written));
        assert_eq!(bytes[written.len()..], vec![0; 512 - written.len()]);
    }

    #[test]
    fn contacts_that_do_not_fit_are_counted_and_the_length_is_a_power_of_two() {
        for (contacts, max, kept, size) in [
            (0, MAX_LINK_BYTES, 0, 512),
            (3, MAX_LINK_BYTES, 3, 512),
            (4, MAX_LINK_BYTES, 4, 1024),
            (100, MAX_LINK_QR_BYTES, 39, 2048),
            (1000, MAX_LINK_BYTES, 754, 32_768),
        ] {
            let given = encode_link_contents(&link(contacts, ""), max).unwrap();
            let found = (given.contacts, given.left_out, given.contents.len());
            assert_eq!(found, (kept, contacts - kept, size));
            let read = decode_link_contents(&given.contents).unwrap();
            assert_eq!(read.contacts, link(kept, "").contacts);
            assert_eq!(usize::from(read.left_out), contacts - kept);
            assert_eq!(read.identity.public(), key(1).public());
        }
        let large = LinkContents {
            bundle: vec![7; 3000],
            ..link(0, "")
        };
        assert!(encode_link_contents(&large, MAX_LINK_QR_BYTES).is_none());
    }

    #[test]
    fn what_is_of_another_form_is_nothing() {
        let good = encoded(&link(2, "n"), MAX_LINK_BYTES);
        assert!(decode_link_contents(&good).is_some());
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let first_contact = 32 + 5 + 2 + 300 + 4;
        for (what, bytes) in [
            ("nothing", Vec::new()),
            ("cut short", good[..511].to_vec()),
            ("longer", [good.as_slice(), &[0; 512]].concat()),
            ("no private key", [&[0; 32], &good[32..]].concat()),
            ("a longer id", with(32, 5)),
            ("no id", with(33, b'/')),
            ("a shorter bundle", with(38, 43)),
            ("a contact more", with(first_contact - 1, 3)),
            ("a contact less", with(first_contact - 1, 1)),
            ("no point of the curve", with(first_contact, 9)),
            ("no state", with(first_contact + 33, 5)),
            ("a flag", with(first_contact + 33, 3 | 0x20)),
            ("a longer name", with(first_contact + 42, 129)),
            ("no text", with(first_contact + 43, 0xff)),
            ("no zeros", with(511, 1)),
        ] {
            assert!(decode_link_contents(&bytes).is_none(), "{what}");
        }
    }

    #[test]
    fn codes_are_read_as_they_were_written_and_told_from_each_other() {
        let mut rng = SplitMix64(1);
        let device = NewDevice::generate(&mut rng);
        let challenge = LinkDigits::draw(&mut rng);
        let second = device.code().seal(&challenge, &[7; 512], &mut rng).unwrap();
        let (one, two) = (
            encode_first_code(device.code()),
            encode_second_code(&second),
        );
        let broken = |text: &str| format!(" \u{200b}{}\n{}", &text[..30], &text[30..]);
        assert_eq!(decode_first_code(&broken(&one)), Ok(*device.code()));
        assert_eq!(decode_second_code(&broken(&two)), Ok(second));
        assert_eq!(
            decode_first_code(&two),
            Err(LinkTextError::OtherCode(FIRST_PREFIX))
        );
        assert_eq!(
            decode_second_code(&one),
            Err(LinkTextError::OtherCode(SECOND_PREFIX))
        );
        assert_eq!(
            decode_first_code("zQ3sh"),
            Err(LinkTextError::NoCode(FIRST_PREFIX))
        );
        assert_eq!(
            decode_first_code(&one[..one.len() - 1]),
            Err(LinkTextError::Damaged)
        );
        assert_eq!(
            decode_first_code(&format!("{FIRST_PREFIX}Aw")),
            Err(LinkTextError::Version)
        );
        let long = format!("{SECOND_PREFIX}{}", "A".repeat(MAX_CODE_CHARS));
        assert_eq!(decode_second_code(&long), Err(LinkTextError::TooLong));
    }

    #[test]
    fn the_contents_show_nothing() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(
                !shown.contains('1') && !shown.contains("swordfish"),
                "{shown}"
            );
        }
        let link = link(1, "swordfish");
        shows_nothing::<LinkContents>(&link);
        shows_nothing::<LinkedContact>(&link.contacts[0]);
    }
}
