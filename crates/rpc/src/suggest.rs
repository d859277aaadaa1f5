//! What was meant by a name that there is not.

/// Names longer than this are not compared: comparing takes time by the product of both lengths,
/// and no name of ours is half as long.
const MAX_COMPARED_CHARS: usize = 64;
/// Names are alike from this on: of three letters, one may be wrong.
const ALIKE: f64 = 0.65;
/// What a name counts whose words are all in the other one, less [`EXTRA_WORD`] for each that the
/// other has besides: above names that are merely alike.
const WITHIN: f64 = 1.0;
/// See [`WITHIN`].
const EXTRA_WORD: f64 = 0.05;
/// What names that are merely alike count less than that.
const MERELY_ALIKE: f64 = 0.8;
/// Names that are offered: where more fit equally well, the name says too little to guess.
const MAX_OFFERED: usize = 3;

/// A question that offers the known names which are most like `given`, such as
/// "did you mean account_list?". `None` if none is like it.
///
/// Letter case and what separates words do not count, nor does their order, and a name may be a
/// part of the one that was meant: `encrypt` for `message_encrypt`.
#[must_use]
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if given.chars().count() > MAX_COMPARED_CHARS {
        return None;
    }
    let given = words(given);
    let mut best: Vec<&str> = Vec::new();
    let mut best_likeness = 0.0;
    for name in known {
        let likeness = likeness(&given, &words(name));
        if likeness > best_likeness {
            best_likeness = likeness;
            best.clear();
        }
        if likeness > 0.0 && likeness >= best_likeness {
            best.push(name);
        }
    }
    match best.as_slice() {
        [] => None,
        [name] => Some(format!("did you mean {name}?")),
        [names @ .., last] if names.len() < MAX_OFFERED => {
            Some(format!("did you mean {} or {last}?", names.join(", ")))
        }
        _ => None,
    }
}

/// How alike two names are: 0 if they are not.
fn likeness(given: &[String], known: &[String]) -> f64 {
    if !given.is_empty() && given.iter().all(|word| known.contains(word)) {
        let extra = known.len().saturating_sub(given.len());
        return WITHIN - EXTRA_WORD * extra as f64;
    }
    let alike = strsim::normalized_damerau_levenshtein(&given.concat(), &known.concat());
    if alike >= ALIKE {
        alike * MERELY_ALIKE
    } else {
        0.0
    }
}

/// The words of `snake_case`, `camelCase`, `kebab-case` and `dotted.names`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for letter in name.chars() {
        let begins = !letter.is_alphanumeric() || (letter.is_uppercase() && after_lower);
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        after_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::METHODS;

    fn method(given: &str) -> Option<String> {
        did_you_mean(given, METHODS.iter().map(|method| method.name))
    }

    #[test]
    fn a_method_is_found_by_what_people_write_for_it() {
        for (given, meant) in [
            ("acount_list", "account_list"),
            ("account.list", "account_list"),
            ("list_account", "account_list"),
            ("AccountList", "account_list"),
            ("message_encryptgroup", "message_encryptGroup"),
            ("encryptGroup", "message_encryptGroup"),
            ("encrypt", "message_encrypt"),
            ("message_decript", "message_decrypt"),
        ] {
            assert_eq!(
                method(given),
                Some(format!("did you mean {meant}?")),
                "{given}"
            );
        }
    }

    #[test]
    fn a_parameter_is_found_among_those_of_its_method() {
        let known = [
            "account",
            "recipient",
            "payload",
            "text",
            "requestId",
            "seal",
        ];
        for (given, meant) in [
            ("recipent", "recipient"),
            ("Recipient", "recipient"),
            ("request_id", "requestId"),
            ("acount", "account"),
        ] {
            let meant = Some(format!("did you mean {meant}?"));
            assert_eq!(did_you_mean(given, known), meant, "{given}");
        }
    }

    #[test]
    fn several_that_fit_equally_well_are_offered_if_they_are_few() {
        let offered = did_you_mean("lisp", ["list", "lips", "other"]);
        assert_eq!(offered.as_deref(), Some("did you mean list or lips?"));
        assert_eq!(method("list"), None, "too many have a list");
    }

    #[test]
    fn what_is_like_nothing_gets_no_guess() {
        for given in ["", "_", "frobnicate", "x", &"account_list".repeat(100_000)] {
            assert_eq!(method(given), None);
        }
    }
}
