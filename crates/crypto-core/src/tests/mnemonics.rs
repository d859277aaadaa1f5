//! Recovery phrases: what is read, what is refused, and what a draw becomes.

use super::Draws;
use crate::*;

const ZERO: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

fn fault(text: &str) -> Option<MnemonicError> {
    Mnemonic::parse(text).err()
}

/// BIP-39's own pairs of entropy and phrase.
#[test]
fn a_draw_is_the_entropy_itself() {
    let generate = |words, draw| {
        let phrase = Mnemonic::generate(words, &mut Draws::of(&[draw])).phrase();
        phrase.as_str().to_owned()
    };
    assert_eq!(generate(WordCount::Twelve, [0; 32]), ZERO);
    assert_eq!(
        generate(WordCount::Twelve, [0x7f; 32]),
        "legal winner thank year wave sausage worth useful legal winner thank yellow"
    );
    let art = ["abandon"; 23].join(" ") + " art";
    assert_eq!(generate(WordCount::TwentyFour, [0; 32]), art);
    assert_eq!(
        generate(WordCount::TwentyFour, [0xff; 32]),
        ["zoo"; 23].join(" ") + " vote"
    );
}

/// A phrase typed by hand is the same phrase: status-go would make another account of each of these.
#[test]
fn spacing_and_case_do_not_matter() {
    let expected = Mnemonic::parse(ZERO).unwrap().chat_key("").unwrap();
    for odd in [
        ZERO.replace(' ', "  "),
        ZERO.replace(' ', "\n\t"),
        ZERO.replace(' ', "\u{3000}"),
        format!("  {ZERO}\r\n"),
        ZERO.to_uppercase(),
        ZERO.replace("about", "About"),
    ] {
        let phrase = Mnemonic::parse(&odd).unwrap();
        assert_eq!(phrase.phrase().as_str(), ZERO);
        let pair = phrase.chat_key("").unwrap();
        assert_eq!(pair.public(), expected.public(), "{odd:?}");
    }
}

/// Composed, decomposed and compatibility spellings of one passphrase are one; spaces in it count.
#[test]
fn passphrases_are_normalised_and_nothing_else() {
    let phrase = Mnemonic::parse(ZERO).unwrap();
    let key = |passphrase: &str| *phrase.chat_key(passphrase).unwrap().public();
    assert_eq!(key("p\u{e4}ss\u{fb00}"), key("pa\u{308}ssff"));
    assert_ne!(key("pass"), key("Pass"));
    assert_ne!(key("pass"), key(" pass"));
    assert_ne!(key(""), key(" "));
}

#[test]
fn what_is_wrong_with_a_phrase_is_said() {
    let words: Vec<&str> = ZERO.split(' ').collect();
    for count in [0, 1, 11] {
        assert_eq!(
            fault(&words[..count].join(" ")),
            Some(MnemonicError::WordCount)
        );
    }
    for count in [13, 14, 16, 25, 27] {
        assert_eq!(
            fault(&["abandon"; 27][..count].join(" ")),
            Some(MnemonicError::WordCount),
            "{count}"
        );
    }
    assert_eq!(
        fault(&ZERO.replace("about", "aboutx")),
        Some(MnemonicError::UnknownWord(12))
    );
    assert_eq!(
        fault(&ZERO.replacen("abandon", "abandonn", 1)),
        Some(MnemonicError::UnknownWord(1))
    );
    assert_eq!(
        fault(&ZERO.replace("about", "abandon")),
        Some(MnemonicError::Checksum)
    );
    // As long as a stranger likes, and refused before anything is looked up.
    assert_eq!(
        fault(&format!("{ZERO}{}", " ".repeat(2000))),
        Some(MnemonicError::WordCount)
    );
}
