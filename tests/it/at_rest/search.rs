//! Finds bytes in files in whatever encoding they may have been written.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// How many first bytes a form is looked up by. Shorter forms would be found everywhere.
const START: usize = 8;

/// What must not be found, in all its forms.
#[derive(Default)]
pub struct Needles {
    /// By their first bytes: what it is, in which form, and the whole of it.
    forms: HashMap<[u8; START], Vec<(String, Vec<u8>)>>,
}

impl Needles {
    /// Bytes: raw, as hex, as base64 at any place of a longer text, as a list of decimal numbers,
    /// and reversed; each half too.
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        assert!(bytes.len() >= 2 * START, "{name} is too short to look for");
        let (first, last) = bytes.split_at(bytes.len() / 2);
        for (part, bytes) in [("first half of", first), ("last half of", last)] {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
            let decimal: Vec<String> = bytes.iter().map(u8::to_string).collect();
            let mut add =
                |form: &str, bytes: &[u8]| self.add(format!("{part} {name}, {form}"), bytes);
            add("raw", bytes);
            add("hex", hex.as_bytes());
            add("HEX", hex.to_uppercase().as_bytes());
            add("reversed", &reversed);
            add("decimal", decimal.join(", ").as_bytes());
            add("decimal, packed", decimal.join(",").as_bytes());
            for (alphabet, url) in [("base64", false), ("base64url", true)] {
                for shift in 0..3 {
                    let text = base64_within(bytes, shift, url);
                    if text.len() >= START {
                        add(alphabet, text.as_bytes());
                    }
                }
            }
        }
    }

    /// A text: as it is, and all forms of its bytes.
    pub fn add_text(&mut self, name: &str, text: &str) {
        self.add(name.to_owned(), text.as_bytes());
        self.add_bytes(name, text.as_bytes());
    }

    /// A phrase: any three words of it in a row, also as a list.
    pub fn add_phrase(&mut self, name: &str, phrase: &str) {
        let words: Vec<&str> = phrase.split(' ').collect();
        for three in words.windows(3) {
            for between in [" ", "\", \"", "\",\"", "-", ",", "\n"] {
                self.add(name.to_owned(), three.join(between).as_bytes());
            }
        }
        self.add_text(name, phrase);
    }

    /// A public key `0x04…`: its coordinates say both its uncompressed and its compressed form.
    pub fn add_public_key(&mut self, name: &str, uncompressed: &str) {
        let bytes = crate::support::bytes(uncompressed);
        let (x, y) = bytes[1..].split_at(32);
        self.add_bytes(&format!("x of {name}"), x);
        self.add_bytes(&format!("y of {name}"), y);
    }

    fn add(&mut self, name: String, bytes: &[u8]) {
        let start = bytes.first_chunk::<START>().expect("long enough");
        self.forms
            .entry(*start)
            .or_default()
            .push((name, bytes.to_vec()));
    }

    /// What of it is in these bytes.
    pub fn found_in(&self, haystack: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for at in 0..haystack.len() {
            let rest = &haystack[at..];
            let forms = rest
                .first_chunk::<START>()
                .and_then(|start| self.forms.get(start));
            for (name, form) in forms.into_iter().flatten() {
                if rest.starts_with(form) && !found.contains(&name.as_str()) {
                    found.push(name);
                }
            }
        }
        found
    }
}

/// The digits of base64 that these bytes alone decide when so many bytes stand before them.
fn base64_within(bytes: &[u8], shift: usize, url: bool) -> String {
    let alphabet: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(if url { ['-', '_'] } else { ['+', '/'] })
        .collect();
    let mut padded = vec![0; shift];
    padded.extend(bytes);
    let bit = |at: usize| padded[at / 8] >> (7 - at % 8) & 1;
    let first = (shift * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    (first..last)
        .map(|digit| {
            let value =
                (digit * 6..digit * 6 + 6).fold(0, |value, at| value << 1 | usize::from(bit(at)));
            alphabet[value]
        })
        .collect()
}

/// Every file below a directory, sockets aside.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("its type");
        if kind.is_dir() {
            found.extend(files(&entry.path()));
            found.push(entry.path());
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn every_form_of_a_secret_is_found() {
    let secret: Vec<u8> = (0..32_u8)
        .map(|byte| (byte * 7).wrapping_add(129))
        .collect();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut needles = Needles::default();
    needles.add_bytes("secret", &secret);
    needles.add_phrase("phrase", "one two three four five six seven eight");
    let debug = format!("{secret:?}");
    let raw = [b"before".as_slice(), &secret, b"after"].concat();
    for (form, haystack) in [
        ("raw", raw),
        ("hex", format!("x{hex}x").into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("decimal", debug.into_bytes()),
        ("reversed", secret.iter().rev().copied().collect()),
    ] {
        let found = needles.found_in(&haystack);
        let expected = [
            format!("first half of secret, {form}"),
            format!("last half of secret, {form}"),
        ];
        assert!(
            expected.iter().all(|form| found.contains(&form.as_str())),
            "{form}: {found:?}"
        );
    }
    // RFC 4648's own example, and any place in a longer text.
    assert_eq!(base64_within(b"foobar", 0, false), "Zm9vYmFy");
    assert_eq!(base64_within(&[0xfb, 0xff], 0, true), "-_");
    let whole = |before: &[u8]| base64_within(&[before, &secret, b"after"].concat(), 0, false);
    for before in [&b""[..], b"1", b"12", b"123"] {
        let found = needles.found_in(whole(before).as_bytes());
        for half in [
            "first half of secret, base64",
            "last half of secret, base64",
        ] {
            assert!(found.contains(&half), "{before:?}: {found:?}");
        }
    }
    for haystack in ["xtwo three fourx", "[\"six\",\"seven\",\"eight\"]"] {
        assert_eq!(
            needles.found_in(haystack.as_bytes()),
            ["phrase"],
            "{haystack}"
        );
    }
    assert!(needles.found_in(b"two four six").is_empty());
}
