//! Printing for people: colours where they are wanted, and no control characters from others.

use std::{borrow::Cow, fmt::Write as _, io};

use anstream::{AutoStream, ColorChoice};
use anstyle::{Ansi256Color, AnsiColor, Color, RgbColor, Style};

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
    fn what_gives_orders_to_a_terminal_is_spelled_out_and_nothing_else_changes() {
        assert_eq!(harmless("\u{1b}[2Jgone\r\n"), "\\u{1b}[2Jgone\\r\\n");
        assert_eq!(harmless("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(harmless("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(harmless("żółw 漢字 🐢"), "żółw 漢字 🐢");
    }
}
