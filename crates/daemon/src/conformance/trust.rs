//! Recorded envelopes, topics, identities, accounts and keystores (formats `ratchetd-trust/…/1`).
//!
//! Where status-go accepts more than ratchetd, such as content topics of any length or phrases
//! without a checksum, a file records what status-go did; ratchetd has to agree or refuse.

use crypto_core::{IdentityKey, IdentityKeyPair, Mnemonic, Portrait};
use envelope::{
    ContentTopic, OpenWith, Opened, Padding, SealTo, SymmetricKey, TopicName, Unopened, open, seal,
};
use rpc::keystore::read_keystore_file;
use serde_json::Value;

use super::{Checked, draws::Draws, same, words};

/// The prefix of the formats.
const FORMATS: &str = "ratchetd-trust/";

type Check = fn(&Value) -> Checked;

/// The checks of each format: the sections of the file, and the check of their entries.
const KNOWN: [(&str, &[(&str, Check)]); 5] = [
    (
        "envelope/1",
        &[("good", sealed_alike), ("decode", opens_or_not)],
    ),
    (
        "topics/1",
        &[
            ("identities", topics_of_an_identity),
            ("negotiated", negotiated_topic),
            ("publicChats", public_chat),
            ("contentTopicParse", content_topic),
        ],
    ),
    ("identity/1", &[("vectors", portrait)]),
    (
        "account/1",
        &[
            ("mnemonics", phrase),
            ("compressedKeys", compact_key),
            ("compressedKeysBad", no_compact_key),
        ],
    ),
    (
        "keystore/1",
        &[("good", keystore_opens), ("bad", keystore_is_refused)],
    ),
];

/// Checks the entries of a file, and returns the difference found in each; `None` if it is of
/// another format.
pub(super) fn check(file: &Value) -> Option<Vec<(String, Checked)>> {
    let format = file.get("format")?.as_str()?.strip_prefix(FORMATS)?;
    let (_, sections) = KNOWN.iter().find(|(known, _)| *known == format)?;
    let mut checked = Vec::new();
    for (section, check) in *sections {
        let entries = file.get(*section).and_then(Value::as_array);
        for (number, entry) in entries.into_iter().flatten().enumerate() {
            let name = entry.get("name").and_then(Value::as_str);
            let name = name.map_or_else(|| number.to_string(), str::to_owned);
            checked.push((format!("{section} {name}"), check(entry)));
        }
    }
    Some(checked)
}

fn text<'a>(entry: &'a Value, name: &str) -> Result<&'a str, String> {
    let text = entry.get(name).and_then(Value::as_str);
    text.ok_or_else(|| format!("no {name}"))
}

/// Plain hex; no bytes if it is absent or null.
fn bytes(entry: &Value, name: &str) -> Result<Vec<u8>, String> {
    let text = entry.get(name).and_then(Value::as_str).unwrap_or_default();
    const_hex::decode(text).map_err(|error| format!("{name}: {error}"))
}

fn pair(entry: &Value, name: &str) -> Result<IdentityKeyPair, String> {
    let secret = bytes(entry, name)?;
    let secret = secret
        .try_into()
        .map_err(|_| format!("{name} has not 32 bytes"))?;
    IdentityKeyPair::from_secret_bytes(&secret).map_err(|error| format!("{name}: {error}"))
}

fn key(entry: &Value, name: &str) -> Result<IdentityKey, String> {
    IdentityKey::from_sec1(&bytes(entry, name)?).map_err(|error| format!("{name}: {error}"))
}

/// The recipient of an envelope.
enum To {
    Recipient(IdentityKeyPair),
    Key(SymmetricKey),
}

impl To {
    fn of(entry: &Value) -> Result<Self, String> {
        Ok(match text(entry, "kind")? {
            "asymmetric" => Self::Recipient(pair(entry, "recipientPrivateKey")?),
            _ => Self::Key(SymmetricKey::from_bytes(&bytes(entry, "symKey")?).map_err(words)?),
        })
    }

    fn open(&self, envelope: &[u8]) -> Result<Opened, Unopened> {
        open(
            match self {
                Self::Recipient(pair) => OpenWith::Recipient(pair),
                Self::Key(key) => OpenWith::Key(key),
            },
            envelope,
        )
    }
}

fn signer(entry: &Value) -> Result<Option<IdentityKey>, String> {
    let signed = text(entry, "signer").is_ok_and(|signer| !signer.is_empty());
    signed.then(|| key(entry, "signer")).transpose()
}

fn opened_alike(opened: &Opened, entry: &Value) -> Checked {
    same("payload", &*opened.payload, &bytes(entry, "payload")?)?;
    same("padding", &*opened.padding, &bytes(entry, "padding")?)?;
    same("signer", &opened.signer, &signer(entry)?)
}

/// Checks that the same randomness makes the same envelope, and that it opens.
fn sealed_alike(entry: &Value) -> Checked {
    let to = To::of(entry)?;
    let signs = text(entry, "signerPrivateKey").is_ok_and(|key| !key.is_empty());
    let signer = signs.then(|| pair(entry, "signerPrivateKey")).transpose()?;
    let (payload, padding) = (bytes(entry, "payload")?, bytes(entry, "padding")?);
    let custom = entry.get("customPadding").and_then(Value::as_bool) == Some(true);
    let mut recorded = Vec::new();
    if !custom {
        recorded.push(padding.clone());
    }
    for draw in ["ephemeralPrivateKey", "iv", "nonce"] {
        if entry.get(draw).is_some_and(Value::is_string) {
            recorded.push(bytes(entry, draw)?);
        }
    }
    let mut draws = Draws::new(recorded);
    let chosen = if custom {
        Padding::Given(&padding)
    } else {
        Padding::Random
    };
    let seal_to = match &to {
        To::Recipient(pair) => SealTo::Recipient(pair.public()),
        To::Key(key) => SealTo::Key(key),
    };
    let sealed = seal(&mut draws, seal_to, signer.as_ref(), &payload, chosen).map_err(words)?;
    draws.check_exact()?;
    let recorded = bytes(entry, "envelope")?;
    same("envelope", &sealed.as_bytes(), &recorded.as_slice())?;
    opened_alike(&to.open(&recorded).map_err(words)?, entry)
}

/// Names of envelopes whose flags have a bit without a meaning. status-go ignored the bit and read
/// them; here they are refused, so that no signed bundle passes for a signed envelope (protocol
/// §9).
const UNKNOWN_FLAG: &str = "unknown-flag-";

fn opens_or_not(entry: &Value) -> Checked {
    let expect = entry.get("expect").ok_or("no expect")?;
    let good = expect.get("ok").and_then(Value::as_bool) == Some(true);
    let opened = To::of(entry)?.open(&bytes(entry, "envelope")?);
    if text(entry, "name").is_ok_and(|name| name.starts_with(UNKNOWN_FLAG)) {
        return same("reason", &opened.err(), &Some(Unopened::Malformed));
    }
    match opened {
        Ok(opened) if good => opened_alike(&opened, expect),
        Ok(_) => Err("it opened".to_owned()),
        Err(unopened) if good => Err(format!("it did not open: {unopened}")),
        Err(unopened) => same("reason", &unopened.name(), &text(expect, "reason")?),
    }
}

fn topic(name: &TopicName, recorded: &Value) -> Checked {
    same("name", &name.as_str(), &text(recorded, "string")?)?;
    let found = name.topic();
    same(
        "topic",
        &found.to_string().as_str(),
        &text(recorded, "topic")?,
    )?;
    let content = ContentTopic::from(found).to_string();
    same(
        "content topic",
        &content.as_str(),
        &text(recorded, "contentTopic")?,
    )?;
    let key = name.symmetric_key();
    let key = key
        .map(|key| key.secret_bytes().to_vec())
        .unwrap_or_default();
    same("key", &key, &bytes(recorded, "symKey")?)
}

fn topics_of_an_identity(entry: &Value) -> Checked {
    let identity = key(entry, "publicKey")?;
    for (member, name) in [
        ("contactCode", TopicName::contact_code(&identity)),
        ("partitioned", Ok(TopicName::partitioned(&identity))),
        (
            "personalDiscovery",
            TopicName::personal_discovery(&identity),
        ),
    ] {
        let recorded = entry.get(member).ok_or_else(|| format!("no {member}"))?;
        topic(&name.map_err(words)?, recorded)?;
    }
    Ok(())
}

fn negotiated_topic(entry: &Value) -> Checked {
    let (own, other) = (pair(entry, "privateKey")?, key(entry, "theirPublicKey")?);
    topic(&TopicName::negotiated(&own, &other).map_err(words)?, entry)
}

fn public_chat(entry: &Value) -> Checked {
    topic(&TopicName::public_chat(text(entry, "string")?), entry)
}

fn content_topic(entry: &Value) -> Checked {
    let Ok(read) = ContentTopic::parse(text(entry, "contentTopic")?) else {
        return Ok(());
    };
    let found = read.topic().to_bytes().to_vec();
    same("topic", &found, &bytes(entry, "topic")?)
}

fn portrait(entry: &Value) -> Checked {
    let portrait = Portrait::of(&key(entry, "publicKey")?).map_err(words)?;
    let ring: Vec<[u8; 2]> = portrait
        .colour_hash()
        .iter()
        .map(|stretch| [stretch.length, stretch.colour])
        .collect();
    let recorded = |name: &str| entry.get(name).cloned().unwrap_or_default();
    same(
        "colour hash",
        &serde_json::json!(ring),
        &recorded("colorHash"),
    )?;
    let id = portrait.colour_id();
    same("colour id", &serde_json::json!(id), &recorded("colorId"))?;
    let (found, icon) = (portrait.identicon(), recorded("identicon"));
    same("bitmap", &found.bitmap().as_ref(), &text(&icon, "bitmap")?)?;
    same("rgb", &found.rgb().to_vec(), &bytes(&icon, "rgb")?)
}

fn phrase(entry: &Value) -> Checked {
    let given = text(entry, "mnemonic")?;
    let Ok(mnemonic) = Mnemonic::parse(given) else {
        return match text(entry, "statusGoValidate") {
            Ok("ok") => Err("it is refused".to_owned()),
            _ => Ok(()),
        };
    };
    // status-go takes spaces and capitals as they are: to us it is the phrase without them.
    let plain: Vec<String> = given.split_whitespace().map(str::to_lowercase).collect();
    if plain.join(" ") != given.replace('\u{3000}', " ") {
        return Ok(());
    }
    let passphrase = text(entry, "passphrase").unwrap_or_default();
    let pair = mnemonic.chat_key(passphrase).map_err(words)?;
    let secret = pair.secret_bytes().to_vec();
    same("private key", &secret, &bytes(entry, "privateKey")?)?;
    same("public key", pair.public(), &key(entry, "publicKey")?)?;
    let compact = pair.public().to_compact();
    same(
        "compact key",
        &compact.as_str(),
        &text(entry, "compressedKey")?,
    )
}

fn compact_key(entry: &Value) -> Checked {
    let (recorded, public) = (text(entry, "compressedKey")?, key(entry, "publicKey")?);
    same("compact key", &public.to_compact().as_str(), &recorded)?;
    let read = IdentityKey::from_compact(recorded).map_err(words)?;
    same("key", &read, &public)
}

fn no_compact_key(entry: &Value) -> Checked {
    match IdentityKey::from_compact(text(entry, "input")?) {
        Err(_) => Ok(()),
        // status-go reads more forms than one.
        Ok(read) => same("key", &read, &key(entry, "publicKey")?),
    }
}

fn keystore_opens(entry: &Value) -> Checked {
    let file = entry.get("keystore").ok_or("no keystore")?;
    let file = file
        .as_str()
        .map_or_else(|| file.to_string(), str::to_owned);
    let pair = read_keystore_file(&file)
        .map_err(words)?
        .open(text(entry, "password")?)
        .map_err(words)?;
    let secret = pair.secret_bytes().to_vec();
    same("private key", &secret, &bytes(entry, "privateKey")?)
}

fn keystore_is_refused(entry: &Value) -> Checked {
    let password = text(entry, "password").unwrap_or_default();
    let opened = read_keystore_file(text(entry, "keystore")?)
        .map_err(words)
        .and_then(|keystore| keystore.open(password).map_err(words));
    match opened {
        Err(_) => Ok(()),
        Ok(_) => Err("it opened".to_owned()),
    }
}
