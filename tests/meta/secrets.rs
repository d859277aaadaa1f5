//! Every type that holds a secret holds it in a type that wipes itself, and has a test that its
//! `Debug` shows nothing. The types are found by reading the sources, so that a new one cannot be
//! forgotten.

use std::{collections::BTreeSet, fs};

use crate::sources::{Source, crates, files, is_word, sources};
use crypto_core::Wiped;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Types that wipe themselves. A type that has one of them holds a secret.
const WIPING: [&str; 6] = [
    "Zeroizing",
    "Wiped",
    "Okm",
    "SecretKey",
    "StaticSecret",
    "bip39::Mnemonic",
];

/// Types whose `Debug` is written by hand and which hold no secret.
const PUBLIC: [&str; 21] = [
    "IdentityKey",
    "SignedPreKey",
    "EphemeralKey",
    "RatchetPreKey",
    "HeaderKey",
    "Signature",
    "SessionId",
    "MessageId",
    "GroupEventId",
    "GroupKeyId",
    "KemId",
    "KemPreKey",
    "GroupId",
    "SafetyNumber",
    "InstallationId",
    "Env",
    "GroupWorld",
    "World",
    "Topic",
    "Methods",
    "Output",
];

/// Compiles only for types that wipe themselves when they are dropped.
fn wipes<T: ZeroizeOnDrop>() {}

#[test]
fn types_that_hold_secrets_wipe_themselves() {
    wipes::<Zeroizing<[u8; 32]>>();
    wipes::<Wiped<[u8; 32]>>();
    wipes::<Wiped<Vec<u8>>>();
    wipes::<Zeroizing<Vec<u8>>>();
    wipes::<Zeroizing<String>>();
    wipes::<k256::SecretKey>();
    wipes::<x25519_dalek::StaticSecret>();
    wipes::<bip39::Mnemonic>();
}

/// A struct or enum.
struct Type {
    krate: String,
    name: String,
    body: String,
    /// Its attributes and what it is declared with.
    before: String,
    /// `impl Debug`, by hand.
    debug_by_hand: bool,
}

/// Whether the text holds this word, and not only as a part of another.
fn holds(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The text up to the end of the item that it begins in: a `;` or a closing brace.
fn item(text: &str) -> &str {
    let mut depth = 0_i32;
    for (at, char) in text.char_indices() {
        match char {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(char, ';' | '}') || depth < 0 {
            return &text[..at];
        }
    }
    text
}

/// The arguments for a parameter of a macro wherever the macro is used: its capitalised words, in
/// order.
fn given(source: &str, defined_at: usize, parameter: &str) -> Vec<String> {
    let (before, after) = source.split_at(defined_at);
    let defined = before
        .rfind("macro_rules! ")
        .expect("a name with $ stands in a macro");
    let definition = &before[defined + "macro_rules! ".len()..];
    let name = definition
        .split(|char| !is_word(char))
        .next()
        .expect("its name");
    let pattern = definition.split("=>").next().expect("its pattern");
    let parameters = pattern.split('$').filter(|part| part.contains(":ident"));
    let parameters: Vec<&str> = parameters
        .filter_map(|part| part.split(':').next())
        .collect();
    let position = parameters
        .iter()
        .position(|known| format!("${known}") == parameter);
    let Some(position) = position else {
        return Vec::new();
    };
    let invocation = format!("\n{name}!");
    let uses = after
        .match_indices(&invocation)
        .map(|(at, _)| item(&after[at + 1 + name.len() + 1..]));
    uses.filter_map(|used| {
        let mut words = used.split(|char| !is_word(char));
        let mut names = words
            .by_ref()
            .filter(|word| word.starts_with(char::is_uppercase));
        names.nth(position).map(str::to_owned)
    })
    .collect()
}

fn types(sources: &[Source]) -> Vec<Type> {
    let mut types = Vec::new();
    for source in sources {
        let text = source.text.as_str();
        for keyword in ["struct ", "enum "] {
            for (at, _) in text.match_indices(keyword) {
                let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
                let visibility = text[line..at].trim();
                if !visibility.is_empty() && !visibility.starts_with("pub") && visibility != "$vis"
                {
                    continue;
                }
                let rest = &text[at + keyword.len()..];
                let end = rest
                    .find(|char| !is_word(char) && char != '$')
                    .unwrap_or(rest.len());
                let name = &rest[..end];
                let attributes: Vec<&str> = text[..line]
                    .lines()
                    .rev()
                    .take_while(|line| line.trim_start().starts_with(['#', '$']))
                    .collect();
                let debug_by_hand = [" for ", " for super::"]
                    .iter()
                    .any(|to| holds(text, &format!("Debug{to}{name}")))
                    || text
                        .match_indices("\nopaque!")
                        .any(|(at, opaque)| holds(item(&text[at + opaque.len()..]), name));
                let names = if name.starts_with('$') {
                    given(text, at, name)
                } else {
                    vec![name.to_owned()]
                };
                for name in names {
                    types.push(Type {
                        krate: source.krate.clone(),
                        name,
                        body: item(&rest[end..]).to_owned(),
                        before: format!("{} {visibility}", attributes.join(" ")),
                        debug_by_hand,
                    });
                }
            }
        }
    }
    types
}

/// Aliases of types that wipe themselves.
fn aliases(sources: &[Source]) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    for source in sources {
        for (at, _) in source.text.match_indices("= Zeroizing<") {
            let before = source.text[..at].trim_end();
            let alias = before.rsplit(' ').next().unwrap_or_default();
            if before.trim_end_matches(alias).trim_end().ends_with("type") {
                aliases.insert(alias.to_owned());
            }
        }
    }
    aliases
}

#[test]
fn every_type_with_a_secret_has_a_test_that_it_shows_nothing() {
    let sources = sources();
    let mut marks = aliases(&sources);
    marks.extend(WIPING.map(str::to_owned));
    let mut checked = BTreeSet::new();
    let mut missing = Vec::new();
    for found in types(&sources) {
        let is_secret = marks.iter().any(|mark| holds(&found.body, mark));
        // A public type has a `Debug`: the lints require it.
        let is_shown =
            found.debug_by_hand || found.before.contains("Debug") || found.before.ends_with(" pub");
        let by_hand = found.debug_by_hand && !PUBLIC.contains(&found.name.as_str());
        if !(is_secret && is_shown || by_hand) {
            continue;
        }
        let directory = &crates()
            .into_iter()
            .find(|(name, _)| *name == found.krate)
            .expect("its crate")
            .1;
        let test = format!("shows_nothing::<{}", found.name);
        let is_tested = files(directory, "rs").iter().any(|path| {
            let text = fs::read_to_string(path).expect("to read");
            text.match_indices(&test)
                .any(|(at, _)| !text[at + test.len()..].starts_with(is_word))
        });
        if !is_tested {
            missing.push(format!("{}: {}", found.krate, found.name));
        }
        checked.insert(found.name);
    }
    assert!(
        missing.is_empty(),
        "no test calls shows_nothing::<…> for {missing:#?}"
    );
    // The search itself still finds the types that are known.
    for known in [
        "RootKey",
        "ChainKey",
        "MessageKey",
        "SharedKey",
        "IdentityKeyPair",
        "SignedPreKeyPair",
        "EphemeralKeyPair",
        "RatchetPreKeyPair",
        "KemPreKeyPair",
        "KemSecret",
        "Mnemonic",
        "SessionRatchet",
        "Opened",
        "SendRequest",
        "Outcome",
        "StoreKey",
        "PrivateKey",
        "Secret",
        "Token",
        "NewAccount",
        "Decrypted",
        "KeystoreFile",
    ] {
        assert!(checked.contains(known), "{known} is not found: {checked:?}");
    }
}
