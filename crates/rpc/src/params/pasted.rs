//! Keys and codes as people give them, and what is wrong with a text that is none.

use crypto_core::{IdentityKey, typed::one_word};
use engine::{
    model::MAX_WIRE_BYTES,
    wire::{MAX_CONTACT_CODE_CHARS, decode_contact_code},
};
use zeroize::Zeroizing;

use crate::hex::{HexFault, decode_hex};

/// What the short form of a public key begins with.
const COMPACT_PREFIX: &str = "zQ3sh";
/// Length of the short form.
pub(super) const COMPACT_CHARS: usize = 49;

/// The fault that is left once white space and what cannot be seen are taken away. None shows what
/// was given: it may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Empty,
    Link,
    NoPrefix,
    NotHex { place: usize },
    HalfByte,
    Length { bytes: usize },
    FirstByte,
    NotOnCurve,
    CompactLength { characters: usize },
    NotBase58 { place: usize },
    Compact,
    PublicKey,
    TooLarge,
    NotBase64 { place: usize },
    CutShort,
    Other,
}

impl Fault {
    /// In words.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Empty => "nothing is there".to_owned(),
            Self::Link => "it is a link".to_owned(),
            Self::NoPrefix => "hex digits without 0x before them".to_owned(),
            Self::NotHex { place } => HexFault::NotADigit { place }.to_string(),
            Self::HalfByte => HexFault::HalfByte.to_string(),
            Self::Length { bytes } => format!("it has {bytes} bytes"),
            Self::FirstByte => "its first byte is not that of a key of this length".to_owned(),
            Self::NotOnCurve => "it is no point of the curve: a digit is wrong".to_owned(),
            Self::CompactLength { characters } => {
                format!(
                    "it has {characters} characters, and a key in its short form {COMPACT_CHARS}"
                )
            }
            Self::NotBase58 { place } => format!("none of base58 as character {place}"),
            Self::Compact => "it is no point of the curve: a character is wrong".to_owned(),
            Self::PublicKey => "it is a public key alone".to_owned(),
            Self::TooLarge => "it is longer than any".to_owned(),
            Self::NotBase64 { place } => format!("none of base64 as character {place}"),
            Self::CutShort => "it is cut short: base64 has no such length".to_owned(),
            Self::Other => "it is neither 0x and hex digits nor another form of one".to_owned(),
        }
    }

    /// What to do, where the fault says more than the form does.
    pub(super) const fn hint(self) -> Option<&'static str> {
        match self {
            Self::Link => Some(
                "give the key or code in the link: in https://status.app/u#zQ3sh… it is what stands after the #",
            ),
            Self::NoPrefix => Some("put 0x before the digits"),
            Self::PublicKey => Some(
                "ask the contact for its contact code, which `bundle_get` shows; with the key alone, `message_encrypt` needs no bundle",
            ),
            _ => None,
        }
    }
}

/// Bytes in hex.
pub(super) fn hex(text: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let text = one_word(text);
    let is_hex = |text: &str| text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !text.starts_with("0x") {
        return Err(match text.strip_prefix("0X").unwrap_or(&text) {
            "" => Fault::Empty,
            digits if is_hex(digits) => Fault::NoPrefix,
            other if is_link(other) => Fault::Link,
            _ => Fault::Other,
        });
    }
    decode_hex(&text)
        .map(Zeroizing::new)
        .map_err(|fault| match fault {
            HexFault::NoPrefix => Fault::NoPrefix,
            HexFault::NotADigit { place } => Fault::NotHex { place },
            HexFault::HalfByte => Fault::HalfByte,
        })
}

/// The same, of so many bytes.
pub(super) fn fixed_hex<const N: usize>(text: &str) -> Result<Zeroizing<[u8; N]>, Fault> {
    let bytes = hex(text)?;
    let fixed = <[u8; N]>::try_from(bytes.as_slice());
    fixed
        .map(Zeroizing::new)
        .map_err(|_| Fault::Length { bytes: bytes.len() })
}

/// A public key in any of its forms.
pub(super) fn public_key(text: &str) -> Result<IdentityKey, Fault> {
    let text = one_word(text);
    if text.starts_with('z') {
        let characters = text.chars().count();
        return IdentityKey::from_compact(&text).map_err(|_| {
            if characters != COMPACT_CHARS {
                return Fault::CompactLength { characters };
            }
            let place = place_of(&text, |c| {
                c.is_ascii_alphanumeric() && !matches!(c, '0' | 'I' | 'O' | 'l')
            });
            place.map_or(Fault::Compact, |place| Fault::NotBase58 { place })
        });
    }
    let bytes = hex(&text)?;
    match (bytes.len(), bytes.first()) {
        (33, Some(2 | 3)) | (65, Some(4)) => {
            IdentityKey::from_sec1(&bytes).map_err(|_| Fault::NotOnCurve)
        }
        (33 | 65, _) => Err(Fault::FirstByte),
        (bytes, _) => Err(Fault::Length { bytes }),
    }
}

/// A bundle in hex, or as a contact code.
pub(super) fn bundle(text: &str) -> Result<Vec<u8>, Fault> {
    let text = one_word(text);
    let bytes = match hex(&text) {
        Ok(bytes) => bytes.to_vec(),
        // Hex digits are base64, too.
        Err(Fault::NoPrefix) if !is_encoded_bundle(&text) => contact_code(&text)?,
        Err(Fault::Other) => contact_code(&text)?,
        Err(fault) => return Err(fault),
    };
    if bytes.len() > MAX_WIRE_BYTES {
        return Err(Fault::TooLarge);
    }
    Ok(bytes)
}

fn contact_code(text: &str) -> Result<Vec<u8>, Fault> {
    if text.starts_with(COMPACT_PREFIX) && text.len() == COMPACT_CHARS {
        return Err(Fault::PublicKey);
    }
    decode_contact_code(text).ok_or_else(|| {
        let unpadded = text.trim_end_matches('=');
        if unpadded.len() > MAX_CONTACT_CODE_CHARS {
            return Fault::TooLarge;
        }
        let place = place_of(unpadded, |c| {
            c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')
        });
        place.map_or(Fault::CutShort, |place| Fault::NotBase64 { place })
    })
}

/// The first character that is not of this alphabet, counted from 1 in what is left of the text.
fn place_of(text: &str, alphabet: impl Fn(char) -> bool) -> Option<usize> {
    let place = text.chars().position(|c| !alphabet(c))?;
    Some(place.saturating_add(1))
}

/// Whether hex digits begin as a bundle does: with its identity, a first field of 33 bytes.
fn is_encoded_bundle(digits: &str) -> bool {
    let digits = digits.strip_prefix("0X").unwrap_or(digits);
    digits.to_ascii_lowercase().starts_with("0a21")
}

fn is_link(text: &str) -> bool {
    text.contains("://") || text.starts_with("status.app/") || text.starts_with("join.status.im/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator of the group.
    const COMPRESSED: &str = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    /// Broken into lines, with marks that nobody sees.
    fn pasted(text: &str) -> String {
        let (first, second) = text.split_at(text.len() / 2);
        format!("\u{feff} \u{202a}{first}\u{ad}\r\n\u{a0}{second}\u{200b}\u{202c}\t")
    }

    #[test]
    fn what_copying_brings_along_is_no_fault() {
        let key = public_key(COMPRESSED).unwrap();
        for form in [COMPRESSED.to_owned(), key.to_compact()] {
            assert_eq!(public_key(&pasted(&form)), Ok(key), "{form}");
        }
        let code = engine::wire::encode_contact_code(&[0xfb; 100]);
        assert_eq!(bundle(&pasted(&code)), Ok(vec![0xfb; 100]));
        assert_eq!(bundle(&pasted("0x0a0b")), Ok(vec![10, 11]));
        let secret = format!("0x{}", "07".repeat(32));
        assert_eq!(*fixed_hex::<32>(&pasted(&secret)).unwrap(), [7; 32]);
    }

    #[test]
    fn the_fault_of_a_key_is_named() {
        let compact = public_key(COMPRESSED).unwrap().to_compact();
        assert_eq!(compact.len(), COMPACT_CHARS);
        let digits = &COMPRESSED[2..];
        for (text, fault) in [
            (String::new(), Fault::Empty),
            ("\u{feff} \n".to_owned(), Fault::Empty),
            (digits.to_owned(), Fault::NoPrefix),
            (format!("0X{digits}"), Fault::NoPrefix),
            (format!("https://status.app/u#{compact}"), Fault::Link),
            (format!("status.app/u/CwSAAg==#{compact}"), Fault::Link),
            (format!("{COMPRESSED}g"), Fault::NotHex { place: 69 }),
            (format!("{COMPRESSED}0"), Fault::HalfByte),
            ("0x".to_owned(), Fault::Length { bytes: 0 }),
            (format!("{COMPRESSED}00"), Fault::Length { bytes: 34 }),
            (COMPRESSED.replace("0x02", "0x04"), Fault::FirstByte),
            (format!("0x02{}", "ff".repeat(32)), Fault::NotOnCurve),
            (
                compact[..48].to_owned(),
                Fault::CompactLength { characters: 48 },
            ),
            (compact.replace('Q', "0"), Fault::NotBase58 { place: 2 }),
            ("alice.eth".to_owned(), Fault::Other),
        ] {
            assert_eq!(public_key(&text), Err(fault), "{text}");
        }
    }

    #[test]
    fn the_fault_of_a_bundle_is_named() {
        let code = engine::wire::encode_contact_code(&[0xfb; 100]);
        let unpadded = code.trim_end_matches('=');
        let compact = public_key(COMPRESSED).unwrap().to_compact();
        for (text, fault) in [
            (" ".to_owned(), Fault::Empty),
            ("0a2102".to_owned(), Fault::NoPrefix),
            ("0A21".to_owned(), Fault::NoPrefix),
            ("0a220".to_owned(), Fault::CutShort),
            (format!("https://status.app/u#{code}"), Fault::Link),
            (compact, Fault::PublicKey),
            (
                unpadded[..unpadded.len() - 3].to_owned() + "*",
                Fault::NotBase64 {
                    place: unpadded.len() - 2,
                },
            ),
            ("AAAAx".to_owned(), Fault::CutShort),
            ("x".repeat(MAX_CONTACT_CODE_CHARS + 1), Fault::TooLarge),
            ("0x0".to_owned(), Fault::HalfByte),
        ] {
            assert_eq!(bundle(&text), Err(fault), "{text}");
        }
    }
}
