//! The replays of `ratchetd conformance`.
//!
//! They replay recorded wire vectors, each against a fresh store (formats `ratchetd-conformance/1`
//! and `/2`), recorded conversations of status-go from both sides, updates and keys of groups, and
//! check recorded envelopes, topics, identities, accounts and keystores.

mod cases;
mod conversations;
mod device;
mod draws;
mod expected;
mod group_keys;
mod groups;
mod trust;

use std::collections::BTreeMap;

use crypto_core::IdentityKey;
use serde::Deserialize;

use self::device::Device;

/// The formats of wire vectors. The second has KEM prekeys, imported bundles and what is known of
/// devices besides.
pub const FORMATS: [&str; 2] = ["ratchetd-conformance/1", "ratchetd-conformance/2"];

/// The result of replaying a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileReport {
    /// Of a format that is not read here.
    OtherFormat,
    /// Replayed.
    Replayed {
        /// Cases without a difference.
        passed: usize,
        /// Cases with a difference.
        failed: usize,
        /// The first difference, with the case and step it is in.
        first_failure: Option<String>,
        /// What was not compared, by name, and how often it occurred.
        not_compared: BTreeMap<&'static str, usize>,
    },
}

type Checked = Result<(), String>;
type NotCompared = BTreeMap<&'static str, usize>;

/// Whose device is under test, as wire vectors and those of groups write it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    identity_private_key: String,
    identity: String,
    installation_id: String,
}

/// Replays the vectors of one file, which has this text.
///
/// # Errors
/// In words, if it is not JSON.
pub fn replay(text: &str) -> Result<FileReport, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let (checked, not_compared) = match value.get("format").and_then(serde_json::Value::as_str) {
        Some(format) if FORMATS.contains(&format) => (cases::check(value)?, NotCompared::new()),
        Some(group_keys::FORMAT) => (group_keys::check(value)?, NotCompared::new()),
        Some(groups::FORMAT) => (groups::check(value)?, NotCompared::new()),
        Some(conversations::FORMAT) => conversations::check(&value, Device::on_disk)?,
        _ => match trust::check(&value) {
            Some(checked) => (checked, NotCompared::new()),
            None => return Ok(FileReport::OtherFormat),
        },
    };
    let (mut passed, mut failed, mut first_failure) = (0, 0, None);
    for (name, checked) in checked {
        match checked {
            Ok(()) => passed += 1,
            Err(difference) => {
                failed += 1;
                first_failure.get_or_insert(format!("{name}: {difference}"));
            }
        }
    }
    Ok(FileReport::Replayed {
        passed,
        failed,
        first_failure,
        not_compared,
    })
}

fn same<T: PartialEq>(what: &str, found: &T, recorded: &T) -> Checked {
    if found == recorded {
        Ok(())
    } else {
        Err(format!("another {what} than was recorded"))
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    const_hex::decode(text).map_err(|error| format!("not hex: {error}"))
}

fn key32(text: &str) -> Result<[u8; 32], String> {
    array(text)
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], String> {
    bytes(text)?
        .try_into()
        .map_err(|_| format!("not {N} bytes"))
}

fn identity(text: &str) -> Result<IdentityKey, String> {
    IdentityKey::from_sec1(&bytes(text)?).map_err(|error| error.to_string())
}
