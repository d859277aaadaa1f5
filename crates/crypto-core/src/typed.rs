//! Text from users: typed, or copied from a page, a mail or a file.
//!
//! Copied text may contain invisible characters: a byte order mark, marks for the direction of
//! writing, soft hyphens. Keys, codes and phrases have none, so they are removed before reading.

use unicode_general_category::{GeneralCategory, get_general_category};
use zeroize::Zeroizing;

/// The text without its invisible characters: those of the categories control and format. White
/// space stays.
#[must_use]
pub fn visible(text: &str) -> Zeroizing<String> {
    keep(text, |character| {
        character.is_whitespace() || !is_invisible(character)
    })
}

/// [`visible`] without white space: one word, however it was broken into lines.
#[must_use]
pub fn one_word(text: &str) -> Zeroizing<String> {
    keep(text, |character| {
        !character.is_whitespace() && !is_invisible(character)
    })
}

fn is_invisible(character: char) -> bool {
    matches!(
        get_general_category(character),
        GeneralCategory::Control | GeneralCategory::Format
    )
}

/// Collects into one allocation: a text that grows leaves copies behind.
fn keep(text: &str, kept: impl Fn(char) -> bool) -> Zeroizing<String> {
    let mut found = Zeroizing::new(String::with_capacity(text.len()));
    found.extend(text.chars().filter(|character| kept(*character)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_taken_away_and_white_space_only_of_one_word() {
        // Of each category: format (soft hyphen, zero width, direction, byte order mark, a tag),
        // control.
        for unseen in [
            "\u{ad}",
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{200e}",
            "\u{200f}",
            "\u{202a}",
            "\u{202e}",
            "\u{2060}",
            "\u{2066}",
            "\u{2069}",
            "\u{feff}",
            "\u{61c}",
            "\u{e0041}",
            "\0",
            "\u{7f}",
        ] {
            let text = format!("{unseen}0x{unseen}{unseen}ab{unseen}");
            assert_eq!(*visible(&text), "0xab", "{unseen:?}");
            assert_eq!(*one_word(&text), "0xab", "{unseen:?}");
        }
        for space in [
            " ", "\n", "\r\n", "\t", "\u{85}", "\u{a0}", "\u{2003}", "\u{2028}", "\u{202f}",
            "\u{3000}",
        ] {
            let text = format!("{space}a{space}b{space}");
            assert_eq!(*visible(&text), text, "{space:?}");
            assert_eq!(*one_word(&text), "ab", "{space:?}");
        }
        for seen in ["0xAB", "zQ3sh+/=-_", "á", "a\u{301}", "й", "ア"] {
            assert_eq!(*one_word(seen), seen);
        }
    }
}
