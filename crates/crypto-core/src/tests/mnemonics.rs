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

/// A phrase typed by hand is the same phrase: status-go would make another account of each of
/// these.
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
            Some(MnemonicError::WordCount(count))
        );
    }
    for count in [13, 14, 16, 25, 27] {
        assert_eq!(
            fault(&["abandon"; 27][..count].join(" ")),
            Some(MnemonicError::WordCount(count)),
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
    // Two lists, each of which knows half the words.
    let mixed = ["zoo"; 6].join(" ") + &" abaisser".repeat(6);
    assert_eq!(fault(&mixed), Some(MnemonicError::UnknownWord(7)));
    // As long as a stranger likes, and refused before anything is looked up.
    assert_eq!(
        fault(&format!("{ZERO}{}", " ".repeat(2000))),
        Some(MnemonicError::TooLong)
    );
}

#[test]
fn what_cannot_be_seen_is_no_part_of_a_phrase() {
    let plain = Mnemonic::parse(ZERO).unwrap();
    let pasted = format!(
        "\u{feff}{}\u{200b}\0",
        ZERO.replace(' ', "\u{a0}\u{200b}\u{3000}")
    )
    .replacen("abandon", "aban\u{ad}don\u{200e}", 1);
    assert_eq!(Mnemonic::parse(&pasted).unwrap().phrase(), plain.phrase());
}

/// Every list that the library has, in every length, whichever list is asked first.
#[test]
fn phrases_of_every_list_are_read_with_their_checksum() {
    assert_eq!(bip39::Language::ALL.len(), 10);
    for language in bip39::Language::ALL {
        for length in [16, 20, 24, 28, 32] {
            let made = bip39::Mnemonic::from_entropy_in(*language, &[0x5a; 32][..length]).unwrap();
            let words: Vec<&str> = made.words().collect();
            let composed = made.to_string();
            let read = Mnemonic::parse(&composed).unwrap();
            assert!(read.has_checksum());
            assert_eq!(*read.phrase(), words.join(" "));
            assert_eq!(*read.seed("TREZOR"), made.to_seed("TREZOR"), "{language}");
            let spaced = Mnemonic::parse(&words.join("\u{3000}").to_uppercase()).unwrap();
            assert_eq!(spaced.phrase(), read.phrase(), "{language}");
            // Another last word from the same list: the checksum is looked at in every language.
            let [first, second] = [0, 1].map(|at| language.word_list()[at]);
            let last = if words[words.len() - 1] == first {
                second
            } else {
                first
            };
            let other = [&words[..words.len() - 1], &[last]].concat().join(" ");
            let expected = bip39::Mnemonic::parse_in_normalized(*language, &other).err();
            let expected = expected.map(|_| MnemonicError::Checksum);
            assert_eq!(fault(&other), expected, "{language} {length}");
        }
    }
}

/// However the accents were typed.
#[test]
fn accents_are_the_same_composed_and_decomposed() {
    let made = bip39::Mnemonic::from_entropy_in(bip39::Language::Spanish, &[0; 16]).unwrap();
    let decomposed = made.words().collect::<Vec<_>>().join(" ");
    let composed = decomposed.replace("a\u{301}", "\u{e1}");
    assert_ne!(composed, decomposed);
    let [one, other] = [composed, decomposed].map(|text| Mnemonic::parse(&text).unwrap());
    assert_eq!(one.phrase(), other.phrase());
}

const RUSSIAN: &str = "ёж кнопка америка база линия дача наружу гость тело валенок симптом дизайн";

/// There is no list of theirs, so nothing but their letters is looked at: one other letter, and it
/// is a slip.
#[test]
fn russian_phrases_are_taken_as_they_are_written() {
    let read = Mnemonic::parse(RUSSIAN).unwrap();
    assert!(!read.has_checksum());
    let spaced = Mnemonic::parse(&RUSSIAN.replace(' ', " \n").to_uppercase()).unwrap();
    assert_eq!(spaced.phrase(), read.phrase());
    assert_eq!(spaced.phrase().matches("е\u{308}").count(), 1);
    let words: Vec<&str> = RUSSIAN.split(' ').collect();
    assert_eq!(
        fault(&words[1..].join(" ")),
        Some(MnemonicError::WordCount(11))
    );
    for (slip, word) in [
        (RUSSIAN.replace("база", "abandon"), 1),
        (RUSSIAN.replace("база", "бaза"), 1),
        (RUSSIAN.replace("база", "база."), 1),
        (RUSSIAN.replace("база", "\u{308}а"), 1),
        (RUSSIAN.replace("ёж", "їж"), 1),
        (RUSSIAN.replace("ёж", "abandon"), 2),
    ] {
        assert_eq!(
            fault(&slip),
            Some(MnemonicError::UnknownWord(word)),
            "{slip}"
        );
    }
    // Other letters that no list has are no phrase of any language that is known to have one.
    for other in ["λόγος", "слово1", "ქართული", "𐍀", "\u{306}"] {
        let phrase = [other; 12].join(" ");
        assert_eq!(
            fault(&phrase),
            Some(MnemonicError::UnknownWord(1)),
            "{other}"
        );
    }
}
