//! Recovery phrases.

use crypto_core::{Mnemonic, WordCount, typed::visible};
use engine::world::SplitMix64;

/// Any text is read as a phrase, and a good phrase in any spacing and case.
///
/// The first byte chooses. A phrase that is read is written, read and derived from in one way.
pub fn phrase(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    if choice % 2 == 0 {
        let Ok(text) = std::str::from_utf8(rest) else {
            return;
        };
        if let Ok(read) = Mnemonic::parse(text) {
            check(&read, text);
        }
    } else if let Some((seed, style)) = rest.split_first_chunk::<8>() {
        let count = if choice & 2 == 0 {
            WordCount::Twelve
        } else {
            WordCount::TwentyFour
        };
        let made = Mnemonic::generate(count, &mut SplitMix64(u64::from_le_bytes(*seed)));
        let text = restyled(&made.phrase(), style);
        let read = Mnemonic::parse(&text).expect("a good phrase, whatever its spacing");
        assert_eq!(read.phrase(), made.phrase());
        check(&read, &text);
    }
}

fn check(read: &Mnemonic, text: &str) {
    let written = read.phrase();
    let words = written.split(' ').count();
    assert!(matches!(words, 12 | 15 | 18 | 21 | 24));
    assert_eq!(visible(text).split_whitespace().count(), words);
    let again = Mnemonic::parse(&written).expect("what was written");
    assert_eq!(again.phrase(), written);
    let (key, same) = (read.chat_key(""), again.chat_key(""));
    let (key, same) = (key.expect("a key"), same.expect("a key"));
    assert_eq!(key.public(), same.public());
}

/// The phrase with spaces and cases as the bytes say: one byte a character, as long as there are
/// some.
fn restyled(phrase: &str, style: &[u8]) -> String {
    const SPACES: [&str; 4] = [" ", "  ", "\t\n", "\u{3000}"];
    let mut style = style.iter();
    let mut text = String::new();
    for character in phrase.chars() {
        let byte = style.next().copied().unwrap_or(0);
        if character == ' ' {
            let space = SPACES.get(usize::from(byte % 4));
            text.push_str(space.copied().unwrap_or(" "));
        } else if byte % 2 == 1 {
            text.push(character.to_ascii_uppercase());
        } else {
            text.push(character);
        }
    }
    text
}
