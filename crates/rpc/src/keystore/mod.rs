//! Keystore files: the JSON of Web3 Secret Storage, version 3.
//!
//! Files are read with scrypt or PBKDF2-HMAC-SHA-256, `dklen` 32, and AES-128-CTR, and nothing
//! else. The case of member names does not matter. Unknown members, which some programs add, are
//! ignored; a member that is given twice is refused.

mod any_case;
mod phrase;

use crypto_core::keystore::{Kdf, Keystore, KeystoreError, Pbkdf2Rounds, ScryptCost};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{any_case::AnyCase, phrase::holds_phrase};
use crate::error::RpcError;

/// Longest file read: the usual ones have half a kilobyte.
pub const MAX_KEYSTORE_FILE_BYTES: usize = 16 * 1024;

const VERSION: u64 = 3;
const CIPHER: &str = "aes-128-ctr";
const SCRYPT: &str = "scrypt";
const PBKDF2: &str = "pbkdf2";
const PRF: &str = "hmac-sha256";
const DKLEN: u64 = 32;

/// A text that is no keystore file, and what to do.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeystoreFileError {
    /// More than [`MAX_KEYSTORE_FILE_BYTES`].
    #[error(
        "{0} bytes are no keystore file, which has less than one kilobyte: give the file itself"
    )]
    TooLarge(usize),
    /// It holds a recovery phrase, beside the key or in its place.
    #[error(
        "the file holds a recovery phrase, which stands for another key than a wallet's: give the words to `account_recover`; or the file without the phrase, if its own key is to be the identity"
    )]
    Phrase,
    /// No JSON, or a member is missing, stands twice or is of another type. Line and column,
    /// counted from 1.
    #[error(
        "not of the form of a keystore, at line {0}, column {1}: give the whole file as it was exported"
    )]
    Form(usize, usize),
    /// Another version.
    #[error("keystores of version {0} are not read: export the key again as version 3")]
    Version(u64),
    /// A cipher, a key derivation or a length that is not read.
    #[error("{member} must be {must_be}: export the key again with its program's usual settings")]
    Unsupported {
        /// Which member.
        member: &'static str,
        /// What it must be.
        must_be: &'static str,
    },
    /// A value that is not of its form.
    #[error("{member} must be {must_be}: the file is damaged, take another copy")]
    Value {
        /// Which member.
        member: &'static str,
        /// What it must be.
        must_be: &'static str,
    },
    /// Values that are of their form and not within the limits.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
}

/// What is wrong, and after it what to do.
impl From<KeystoreFileError> for RpcError {
    fn from(error: KeystoreFileError) -> Self {
        let told = error.to_string();
        let (wrong, mend) = told.split_once(": ").unwrap_or((&told, &told));
        let field = match error {
            KeystoreFileError::Keystore(KeystoreError::Password) => "password",
            _ => "keystore",
        };
        Self::invalid(wrong).about(field).with_hint(mend)
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(skip_serializing_if = "Value::is_null", default)]
    address: Value,
    crypto: AnyCase<Crypto>,
    id: String,
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct Crypto {
    cipher: String,
    ciphertext: String,
    cipherparams: AnyCase<CipherParams>,
    kdf: String,
    kdfparams: AnyCase<KdfParams>,
    mac: String,
}

#[derive(Serialize, Deserialize)]
struct CipherParams {
    iv: String,
}

/// Those of either derivation.
#[derive(Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct KdfParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<u64>,
    dklen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r: Option<u64>,
    salt: Option<String>,
}

/// Reads a keystore file. No key is derived yet: that is [`Keystore::open`].
///
/// # Errors
/// [`KeystoreFileError`].
pub fn read_keystore_file(text: &str) -> Result<Keystore, KeystoreFileError> {
    if text.len() > MAX_KEYSTORE_FILE_BYTES {
        return Err(KeystoreFileError::TooLarge(text.len()));
    }
    let form = |error: serde_json::Error| KeystoreFileError::Form(error.line(), error.column());
    // Some systems begin their files with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    if holds_phrase(text) {
        return Err(KeystoreFileError::Phrase);
    }
    let AnyCase(Versioned { version }) = serde_json::from_str(text).map_err(form)?;
    if version != VERSION {
        return Err(KeystoreFileError::Version(version));
    }
    let AnyCase(file) = serde_json::from_str::<AnyCase<File>>(text).map_err(form)?;
    if !is_uuid(&file.id) {
        return Err(wrong("id", "a UUID"));
    }
    let AnyCase(crypto) = file.crypto;
    if crypto.cipher != CIPHER {
        return Err(unsupported("cipher", "aes-128-ctr"));
    }
    let AnyCase(params) = crypto.kdfparams;
    if params.dklen != DKLEN {
        return Err(unsupported("dklen", "32"));
    }
    let salt = params.salt.as_deref();
    Ok(Keystore {
        kdf: kdf(&crypto.kdf, &params)?,
        salt: salt
            .and_then(bytes)
            .ok_or_else(|| wrong("salt", "hex digits"))?,
        iv: fixed(&crypto.cipherparams.0.iv).ok_or_else(|| wrong("iv", "32 hex digits"))?,
        ciphertext: bytes(&crypto.ciphertext).ok_or_else(|| wrong("ciphertext", "hex digits"))?,
        mac: fixed(&crypto.mac).ok_or_else(|| wrong("mac", "64 hex digits"))?,
        address: file.address.as_str().and_then(address),
    })
}

/// The address that belongs to the key. Some programs leave it empty, or give an address of another
/// network.
fn address(text: &str) -> Option<[u8; 20]> {
    fixed(text.strip_prefix("0x").unwrap_or(text))
}

fn kdf(name: &str, params: &KdfParams) -> Result<Kdf, KeystoreFileError> {
    match name {
        SCRYPT => {
            let number = |given: Option<u64>, member| {
                given.ok_or_else(|| wrong(member, "there, and a whole number"))
            };
            let n = number(params.n, "n")?;
            let cost = ScryptCost::new(n, number(params.r, "r")?, number(params.p, "p")?)?;
            Ok(Kdf::Scrypt(cost))
        }
        PBKDF2 => {
            if params.prf.as_deref() != Some(PRF) {
                return Err(unsupported("prf", "hmac-sha256"));
            }
            let rounds = params
                .c
                .ok_or_else(|| wrong("c", "there, and a whole number"))?;
            Ok(Kdf::Pbkdf2(Pbkdf2Rounds::new(rounds)?))
        }
        _ => Err(unsupported("kdf", "scrypt or pbkdf2")),
    }
}

/// Writes a keystore file. `id` are 16 random bytes: they name the file and are nothing else.
#[must_use]
pub fn write_keystore_file(keystore: &Keystore, id: [u8; 16]) -> serde_json::Value {
    let (kdf, params) = match keystore.kdf {
        Kdf::Scrypt(cost) => {
            let params = KdfParams {
                n: Some(cost.n()),
                r: Some(cost.r().into()),
                p: Some(cost.p().into()),
                ..KdfParams::default()
            };
            (SCRYPT, params)
        }
        Kdf::Pbkdf2(rounds) => {
            let params = KdfParams {
                c: Some(rounds.get().into()),
                prf: Some(PRF.to_owned()),
                ..KdfParams::default()
            };
            (PBKDF2, params)
        }
    };
    let hex = |bytes: &[u8]| const_hex::encode(bytes);
    let file = File {
        address: keystore
            .address
            .map_or(Value::Null, |address| hex(&address).into()),
        crypto: AnyCase(Crypto {
            cipher: CIPHER.to_owned(),
            ciphertext: hex(&keystore.ciphertext),
            cipherparams: AnyCase(CipherParams {
                iv: hex(&keystore.iv),
            }),
            kdf: kdf.to_owned(),
            kdfparams: AnyCase(KdfParams {
                dklen: DKLEN,
                salt: Some(hex(&keystore.salt)),
                ..params
            }),
            mac: hex(&keystore.mac),
        }),
        id: uuid(id),
        version: VERSION,
    };
    serde_json::json!(file)
}

fn wrong(member: &'static str, must_be: &'static str) -> KeystoreFileError {
    KeystoreFileError::Value { member, must_be }
}

fn unsupported(member: &'static str, must_be: &'static str) -> KeystoreFileError {
    KeystoreFileError::Unsupported { member, must_be }
}

/// Hex digits of either case, and nothing before them: the decoder would take `0x` off.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    if digits.starts_with("0x") {
        return None;
    }
    const_hex::decode(digits).ok()
}

fn fixed<const N: usize>(digits: &str) -> Option<[u8; N]> {
    bytes(digits)?.try_into().ok()
}

/// Lengths of the groups of a UUID, in digits.
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq(UUID_GROUPS)
        && groups
            .iter()
            .all(|group| group.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// A random UUID (RFC 9562, version 4) of these bytes.
fn uuid(mut bytes: [u8; 16]) -> String {
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let mut digits = const_hex::encode(bytes);
    for group in [20, 16, 12, 8] {
        digits.insert(group, '-');
    }
    digits
}

#[cfg(test)]
mod tests {
    use crypto_core::IdentityKeyPair;
    use serde_json::{Value, json};

    use super::*;

    fn vectors() -> Value {
        let text = include_str!("../../../../tests/vectors/trust-keystore.json");
        serde_json::from_str(text).unwrap()
    }

    fn text<'a>(case: &'a Value, name: &str) -> &'a str {
        case[name].as_str().unwrap()
    }

    fn open(text: &str, password: &str) -> Result<IdentityKeyPair, KeystoreFileError> {
        Ok(read_keystore_file(text)?.open(password)?)
    }

    fn secret(text: &str, password: &str) -> String {
        const_hex::encode(open(text, password).unwrap().secret_bytes().as_slice())
    }

    #[test]
    fn recorded_keystores_open() {
        let vectors = vectors();
        let cases = vectors["good"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let file = case["keystore"].to_string();
            let password = text(case, "password");
            assert_eq!(secret(&file, password), text(case, "privateKey"));
            let wrong = open(&file, &format!("{password}!")).unwrap_err();
            assert_eq!(wrong, KeystoreError::Password.into());
        }
    }

    #[test]
    fn recorded_bad_keystores_are_refused_for_what_is_bad() {
        let vectors = vectors();
        let cases = vectors["bad"].as_array().unwrap();
        assert_eq!(cases.len(), 15);
        for case in cases {
            let name = text(case, "name");
            let error = open(text(case, "keystore"), text(case, "password")).unwrap_err();
            let about = match name {
                "version 4" => "version 4",
                "mac" | "ciphertext short" => "password",
                "mac not hex" => "mac",
                "n not a power of two" | "n zero" => "scrypt's n",
                "n missing" => "n must be there",
                "salt missing" => "salt",
                "dklen 16" => "dklen",
                "iv short" => "iv",
                "address differs" => "address",
                "id missing" | "not json" => "line 1",
                "cipher" | "kdf" => name,
                other => panic!("not told of: {other}"),
            };
            let said = error.to_string();
            assert!(said.contains(about), "{name}: {said}");
            assert!(said.contains(": "), "{name}: nothing to do: {said}");
        }
    }

    /// The two examples of the definition of Web3 Secret Storage: scrypt with r = 1, and PBKDF2.
    fn examples() -> [Value; 2] {
        let file = |kdf, params, iv, ciphertext, mac| {
            json!({
                "crypto": {
                    "cipher": "aes-128-ctr", "cipherparams": {"iv": iv}, "ciphertext": ciphertext,
                    "kdf": kdf, "kdfparams": params, "mac": mac,
                },
                "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3,
            })
        };
        [
            file(
                "scrypt",
                json!({
                    "dklen": 32, "n": 262_144, "r": 1, "p": 8,
                    "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
                }),
                "83dbcc02d8ccb40e466191a123791e0e",
                "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
                "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
            ),
            file(
                "pbkdf2",
                json!({
                    "dklen": 32, "c": 262_144, "prf": "hmac-sha256",
                    "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
                }),
                "6087dab2f9fdbbfaddc31a909735c1e6",
                "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
                "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
            ),
        ]
    }

    #[test]
    fn the_examples_of_the_definition_open() {
        for example in examples() {
            assert_eq!(
                secret(&example.to_string(), "testpassword"),
                "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"
            );
        }
    }

    #[test]
    fn what_is_written_is_read_the_same() {
        for case in vectors()["good"].as_array().unwrap() {
            let keystore = read_keystore_file(&case["keystore"].to_string()).unwrap();
            let written = write_keystore_file(&keystore, [0xff; 16]);
            assert_eq!(written["id"], "ffffffff-ffff-4fff-bfff-ffffffffffff");
            assert_eq!(read_keystore_file(&written.to_string()), Ok(keystore));
        }
        let [_, example] = examples();
        let keystore = read_keystore_file(&example.to_string()).unwrap();
        let written = write_keystore_file(&keystore, [1; 16]).to_string();
        assert_eq!(read_keystore_file(&written), Ok(keystore));
    }

    #[test]
    fn additions_are_ignored_and_repetitions_refused() {
        let vectors = vectors();
        let mut file = vectors["good"][0]["keystore"].clone();
        file["extendedkey"] = json!({"cipher": "none"});
        let read = read_keystore_file(&file.to_string()).unwrap();
        let twice = file
            .to_string()
            .replacen("\"mac\":", "\"mac\":\"00\",\"mac\":", 1);
        let error = read_keystore_file(&twice).unwrap_err();
        assert!(matches!(error, KeystoreFileError::Form(1, _)), "{error}");
        file["address"] = json!(format!(
            "0x{}",
            const_hex::encode_upper(read.address.unwrap())
        ));
        assert_eq!(read_keystore_file(&file.to_string()), Ok(read));
        file["crypto"]["mac"] = json!(format!("0x{}", "00".repeat(32)));
        assert!(read_keystore_file(&file.to_string()).is_err());
        let long = format!("{}{}", file, " ".repeat(MAX_KEYSTORE_FILE_BYTES));
        let error = read_keystore_file(&long).unwrap_err();
        assert_eq!(error, KeystoreFileError::TooLarge(long.len()));
    }

    #[test]
    fn names_are_taken_in_any_case_and_once() {
        let [_, example] = examples();
        let plain = example.to_string();
        let expected = read_keystore_file(&plain);
        for (as_written, by_others) in [
            ("\"crypto\":", "\"Crypto\":"),
            ("\"version\":", "\"VERSION\":"),
            ("\"cipherparams\":", "\"cipherParams\":"),
            ("\"kdfparams\":", "\"KDFparams\":"),
            ("\"salt\":", "\"Salt\":"),
            ("\"iv\":", "\"IV\":"),
        ] {
            assert!(plain.contains(as_written));
            let text = plain.replace(as_written, by_others);
            assert_eq!(read_keystore_file(&text), expected, "{by_others}");
        }
        let twice = plain.replacen("\"mac\":", "\"MAC\":\"00\",\"mac\":", 1);
        let error = read_keystore_file(&twice).unwrap_err();
        assert!(matches!(error, KeystoreFileError::Form(1, _)), "{error}");
        assert_eq!(read_keystore_file(&format!("\u{feff}{plain}")), expected);
    }

    #[test]
    fn an_address_of_another_form_is_left_alone_and_one_of_this_form_counts() {
        let [_, example] = examples();
        let key = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
        for other in [
            json!(""),
            json!("0x"),
            json!("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
            json!(null),
            json!(7),
            json!(["008aeeda4d805471df9b2a5b0f38a0c3bcba786b"]),
        ] {
            let mut file = example.clone();
            file["address"] = other;
            assert_eq!(secret(&file.to_string(), "testpassword"), key);
        }
        for (address, opens) in [
            ("008aeeda4d805471df9b2a5b0f38a0c3bcba786b", true),
            ("0x008AEEDA4D805471dF9b2A5B0f38A0C3bCBA786b", true),
            ("108aeeda4d805471df9b2a5b0f38a0c3bcba786b", false),
        ] {
            let mut file = example.clone();
            file["address"] = json!(address);
            let opened = open(&file.to_string(), "testpassword");
            assert_eq!(opened.is_ok(), opens, "{address}");
        }
    }

    #[test]
    fn a_file_with_a_phrase_says_so_and_names_what_takes_it() {
        let [_, example] = examples();
        let with = |name: &str, value: Value| {
            let mut file = example.clone();
            file[name] = value;
            file.to_string()
        };
        let words = "abandon ".repeat(11) + "about";
        for text in [
            with("mnemonic", json!(words)),
            with(
                "x-ethers",
                json!({"version": "0.1", "mnemonicCiphertext": "00"}),
            ),
            with("type", json!("mnemonic")),
            with("Wallet", json!([{"seedPhrase": words}])),
            json!({"mnemonic": words}).to_string(),
            json!(words).to_string(),
            format!("{words}\n"),
        ] {
            let error = read_keystore_file(&text).unwrap_err();
            assert_eq!(error, KeystoreFileError::Phrase, "{text}");
            let error = RpcError::from(error);
            assert_eq!(error.field.as_deref(), Some("keystore"));
            assert!(error.hint.contains("`account_recover`"), "{}", error.hint);
        }
        for (name, value) in [
            ("mnemonic", json!(null)),
            ("mnemonic", json!("")),
            ("hasMnemonic", json!(false)),
            ("passphraseHint", json!("the usual")),
            ("type", json!("private-key")),
            ("name", json!("the mnemonic of my phrase")),
        ] {
            assert!(read_keystore_file(&with(name, value)).is_ok(), "{name}");
        }
        let error = RpcError::from(KeystoreFileError::from(KeystoreError::Phrase));
        assert!(error.hint.contains("`account_recover`"));
    }

    #[test]
    fn what_would_eat_the_machine_is_refused_before_any_work() {
        for (name, value) in [
            ("n", 1_u64 << 40),
            ("n", 1 << 63),
            ("r", u64::MAX),
            ("r", 1 << 31),
            ("p", 1 << 20),
            ("p", 17),
        ] {
            let [mut file, _] = examples();
            file["crypto"]["kdfparams"][name] = json!(value);
            let error = read_keystore_file(&file.to_string()).unwrap_err();
            assert!(
                matches!(error, KeystoreFileError::Keystore(KeystoreError::Cost(_))),
                "{name}"
            );
        }
        for rounds in [0, 10_000_001, u64::MAX] {
            let [_, mut file] = examples();
            file["crypto"]["kdfparams"]["c"] = json!(rounds);
            let error = read_keystore_file(&file.to_string()).unwrap_err();
            assert!(matches!(
                error,
                KeystoreFileError::Keystore(KeystoreError::Cost(_))
            ));
        }
    }
}
