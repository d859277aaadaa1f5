//! Printing for people: colours where they are wanted, lines that fit, and no control characters
//! from others.

use std::{borrow::Cow, fmt::Write as _, io};

use anstream::{AutoStream, ColorChoice};
use anstyle::{Ansi256Color, AnsiColor, Color, RgbColor, Style};
use terminal_size::{Width, terminal_size_of};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Headings.
pub const HEADING: Style = Style::new().bold();
/// Names of values.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// Something is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something should be looked at.
pub const WARNING: Style = AnsiColor::Yellow.on_default();
/// Something is wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Something less important.
pub const ASIDE: Style = Style::new().dimmed();

/// White letters on black, whatever colours the terminal has.
pub const LIGHT_ON_DARK: Style = Style::new()
    .fg_color(Some(Color::Ansi256(Ansi256Color(231))))
    .bg_color(Some(Color::Ansi256(Ansi256Color(16))));

/// Columns of output that is not for a terminal, or for one that does not say.
const USUAL_COLUMNS: usize = 80;
/// Narrower terminals are written to as if they had this many columns.
const LEAST_COLUMNS: usize = 30;

/// The columns of standard output: what `COLUMNS` says, or the width of the terminal, or 80.
#[must_use]
pub fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|said| said.parse().ok());
    let of_terminal = || terminal_size_of(io::stdout()).map(|(Width(width), _)| width.into());
    let known = said.or_else(of_terminal).filter(|columns| *columns > 0);
    known.unwrap_or(USUAL_COLUMNS).max(LEAST_COLUMNS)
}

/// The columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in lines of at most so many columns, broken between words. A word that is longer has a
/// line of its own.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The beginning and the end of a text, in so many columns; none if it fits whole.
#[must_use]
pub fn middle_cut(text: &str, columns: usize) -> Option<String> {
    /// The end has so many columns of so many.
    const END: (usize, usize) = (6, 16);
    if width(text) <= columns {
        return None;
    }
    let (part, of) = END;
    let room = columns.saturating_sub(1);
    let of_end = room * part / of;
    let mut end = Vec::new();
    let mut taken = 0;
    for character in text.chars().rev() {
        taken += character.width().unwrap_or(0);
        if taken > of_end {
            break;
        }
        end.push(character);
    }
    let mut shown = String::new();
    let mut taken = 0;
    for character in text.chars() {
        taken += character.width().unwrap_or(0);
        if taken > room - of_end {
            break;
        }
        shown.push(character);
    }
    shown.push('…');
    shown.extend(end.into_iter().rev());
    Some(shown)
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    colours: bool,
}

impl Look {
    /// No colours.
    pub const PLAIN: Self = Self { colours: false };

    /// Colours if standard output is a terminal that has them, and `NO_COLOR` is not set.
    #[must_use]
    pub fn of_output() -> Self {
        Self::chosen(AutoStream::choice(&io::stdout()))
    }

    /// The same for standard error.
    #[must_use]
    pub fn of_diagnostics() -> Self {
        Self::chosen(AutoStream::choice(&io::stderr()))
    }

    fn chosen(choice: ColorChoice) -> Self {
        Self {
            colours: choice != ColorChoice::Never,
        }
    }

    /// Whether there are any.
    #[must_use]
    pub const fn has_colours(self) -> bool {
        self.colours
    }

    /// The text in this style.
    #[must_use]
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.colours {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// The text in this colour: red, green and blue, three bytes; otherwise without colour.
    #[must_use]
    pub fn paint_rgb(self, rgb: &[u8], text: &str) -> String {
        match rgb {
            [red, green, blue] => {
                let colour = RgbColor(*red, *green, *blue);
                self.paint(colour.on_default(), text)
            }
            _ => text.to_owned(),
        }
    }
}

/// The text with every character escaped that moves a terminal's cursor, colours it, or changes the
/// direction of reading, so that a contact's text cannot control a terminal.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut spelled = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_control(character) {
            // Writing to a string cannot fail.
            let _ = write!(spelled, "{}", character.escape_default());
        } else {
            spelled.push(character);
        }
    }
    Cow::Owned(spelled)
}

/// Control characters, invisible ones, and those that change the direction of reading.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_by_the_columns_they_take() {
        assert_eq!(wrap("", 10), [""; 0]);
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("a-word-that-is-long b", 7),
            ["a-word-that-is-long", "b"]
        );
        assert_eq!(wrap("漢字 漢字", 8), ["漢字", "漢字"]);
    }

    #[test]
    fn a_text_is_cut_in_its_middle_by_the_columns_it_takes() {
        assert_eq!(middle_cut("0123456789abcdefghij", 20), None);
        assert_eq!(
            middle_cut("0123456789abcdefghij", 17).unwrap(),
            "0123456789…efghij"
        );
        assert_eq!(middle_cut("漢字漢字漢字", 9).unwrap(), "漢字…字");
        assert_eq!(middle_cut("abc", 1).unwrap(), "…");
    }

    #[test]
    fn what_gives_orders_to_a_terminal_is_spelled_out_and_nothing_else_changes() {
        assert_eq!(harmless("\u{1b}[2Jgone\r\n"), "\\u{1b}[2Jgone\\r\\n");
        assert_eq!(harmless("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(harmless("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(harmless("żółw 漢字 🐢"), "żółw 漢字 🐢");
    }
}
