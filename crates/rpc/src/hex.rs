//! Bytes as text: `0x` and hex digits.

/// Reads `0x` and an even number of hex digits, of either case.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    // The decoder takes `0x` off by itself, and would take text without it as well.
    text.starts_with("0x")
        .then(|| const_hex::decode(text).ok())
        .flatten()
}

/// Writes `0x` and lowercase hex digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}
