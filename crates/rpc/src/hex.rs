//! Bytes as text: `0x` and hex digits.

/// What is wrong with a text that should be `0x` and hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HexFault {
    /// It does not begin with `0x`.
    #[error("no 0x at the beginning")]
    NoPrefix,
    /// Something else stands among the digits.
    #[error("no hex digit as character {place}")]
    NotADigit {
        /// The character, counted from 1 with `0x`.
        place: usize,
    },
    /// A digit is missing, or one too many.
    #[error("an odd number of hex digits")]
    HalfByte,
}

/// Reads `0x` and an even number of hex digits, of either case.
///
/// # Errors
/// [`HexFault`].
pub(crate) fn decode_hex(text: &str) -> Result<Vec<u8>, HexFault> {
    // The decoder takes `0x` off by itself, and would take text without it as well.
    let digits = text.strip_prefix("0x").ok_or(HexFault::NoPrefix)?;
    const_hex::decode(text).map_err(|_| {
        let digit = |c: char| c.is_ascii_hexdigit();
        match digits.chars().position(|c| !digit(c)) {
            Some(place) => HexFault::NotADigit {
                place: place.saturating_add("0x".len()).saturating_add(1),
            },
            None => HexFault::HalfByte,
        }
    })
}

/// Writes `0x` and lowercase hex digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}
