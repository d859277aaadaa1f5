//! What a misspelt name was probably meant to be.

/// Longest name that is compared, in bytes: no name of the interface is half as long.
const MAX_BYTES: usize = 64;
/// How alike two names must be, from 0 (nothing in common) to 1 (equal).
const ALIKE: f64 = 0.85;
/// Fewest letters that stand for a name which ends with them: `encrypt` for `message_encrypt`.
const MIN_ENDING: usize = 5;

/// The name in `known` that is nearest to `given`, or `None` if none is near. Case, dots,
/// underscores and hyphens make no difference: `account-create` is near `account_create`.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > MAX_BYTES {
        return None;
    }
    let given = letters(given);
    let mut best: Option<(&str, f64)> = None;
    for name in known {
        let likeness = likeness(&given, &letters(name));
        if likeness >= best.map_or(ALIKE, |(_, best)| best + f64::EPSILON) {
            best = Some((name, likeness));
        }
    }
    best.map(|(name, _)| name)
}

fn likeness(given: &str, name: &str) -> f64 {
    if given.len() >= MIN_ENDING && given != name && name.ends_with(given) {
        return ALIKE;
    }
    strsim::jaro_winkler(given, name)
}

fn letters(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::METHODS;

    fn method(given: &str) -> Option<&'static str> {
        nearest(given, METHODS.iter().map(|method| method.name))
    }

    #[test]
    fn a_misspelt_name_finds_the_one_it_was_meant_for() {
        for (given, meant) in [
            ("message_encrpyt", "message_encrypt"),
            ("message.encrypt", "message_encrypt"),
            ("messageEncrypt", "message_encrypt"),
            ("MESSAGE_ENCRYPTGROUP", "message_encryptGroup"),
            ("encrypt", "message_encrypt"),
            ("acount_create", "account_create"),
            ("rpc_discover", "rpc.discover"),
        ] {
            assert_eq!(method(given), Some(meant), "{given}");
        }
        assert_eq!(nearest("frist", ["second", "first"]), Some("first"));
    }

    #[test]
    fn what_is_near_nothing_finds_nothing() {
        for given in ["", "x", "get", "eth_blockNumber", "nothing_here", "名前"] {
            assert_eq!(method(given), None, "{given}");
        }
        let long = "message_encrypt".repeat(100_000);
        assert_eq!(method(&long), None);
    }
}
