//! The replays of `ratchetd conformance`.
//!
//! They replay recorded wire vectors, each against a fresh store (format `ratchetd-conformance/1`),
//! recorded conversations of status-go from both sides, updates and keys of groups, and check
//! recorded envelopes, topics, identities, accounts and keystores.

mod conversations;
mod device;
mod draws;
mod group_keys;
mod groups;
mod trust;

use std::collections::BTreeMap;

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, MessageId, RatchetPreKeyPair, SignedPreKeyPair,
};
use engine::{
    Config, PreKeyImport, ReceiveRequest,
    model::{Outcome, UnixMillis},
    wire::WireMessage,
};
use serde::Deserialize;

use self::device::{Device, Owner};
use crate::ops::entropy::entropy;

/// The format read here. Files of other formats are skipped, and reported as such.
pub const FORMAT: &str = "ratchetd-conformance/1";

/// The result of replaying a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileReport {
    /// Not of this format.
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

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    me: Me,
    limits: Limits,
    prekeys: Vec<PreKey>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    identity_private_key: String,
    identity: String,
    installation_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    max_skip: u32,
    max_message_keys: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreKey {
    signed_pre_key_private: String,
    ratchet_pre_key_private: Option<String>,
    version: u32,
    /// Milliseconds since the epoch.
    created_at: u64,
}

#[derive(Deserialize)]
struct Step {
    from: String,
    message: String,
    expect: Expect,
    confirm: bool,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    outcome: Option<String>,
    any_of: Option<Vec<Self>>,
    payload: Option<String>,
    message_id: Option<String>,
    duplicate: Option<bool>,
    warned: Option<bool>,
}

/// The result of a step, in the words of the vectors.
#[derive(Debug, Default)]
struct Got {
    outcome: &'static str,
    payload: Option<Vec<u8>>,
    message: Option<MessageId>,
    duplicate: bool,
    warned: bool,
    reason: String,
}

/// Replays the vectors of one file, which has this text.
///
/// # Errors
/// In words, if it is not JSON.
pub fn replay(text: &str) -> Result<FileReport, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let (checked, not_compared) = match value.get("format").and_then(serde_json::Value::as_str) {
        Some(FORMAT) => {
            let file: File = serde_json::from_value(value).map_err(words)?;
            let cases = file.cases.iter();
            let checked = cases.map(|case| (case.name.clone(), replay_case(case)));
            (checked.collect(), NotCompared::new())
        }
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

fn replay_case(case: &Case) -> Checked {
    let mut device = case.device()?;
    for (index, step) in case.steps.iter().enumerate() {
        let note = step.note.as_deref().unwrap_or("");
        step.replay(&mut device)
            .map_err(|difference| format!("step {index} ({note}): {difference}"))?;
    }
    Ok(())
}

impl Case {
    fn device(&self) -> Result<Device, String> {
        let now = self.prekeys.iter().map(PreKey::created).max();
        let identity_key = key32(&self.me.identity_private_key)?;
        let pair = IdentityKeyPair::from_secret_bytes(&identity_key).map_err(words)?;
        if *pair.public() != identity(&self.me.identity)? {
            return Err("the case's identity is not that of its private key".to_owned());
        }
        let installation = InstallationId::parse(&self.me.installation_id).map_err(words)?;
        let mut config = Config {
            max_message_keys: self.limits.max_message_keys,
            ..Config::default()
        };
        config.skip.max_skip = self.limits.max_skip;
        let owner = Owner {
            identity: pair.into(),
            installation,
            config,
        };
        let mut device = Device::on_disk(&owner, now.unwrap_or_default())?;
        for prekey in &self.prekeys {
            device.import(prekey.import()?)?;
        }
        Ok(device)
    }
}

impl Step {
    fn replay(&self, device: &mut Device) -> Checked {
        let request = ReceiveRequest {
            sender: identity(&self.from)?,
            message: WireMessage::decode(&bytes(&self.message)?),
            confirm: false,
            sealed: false,
        };
        let got = match device.receive(&mut entropy(), request)? {
            Ok(received) => Got::from(received),
            Err(error) => Got {
                outcome: "rejected",
                reason: error.to_string(),
                ..Got::default()
            },
        };
        self.expect.compare(&got)?;
        match got.message {
            Some(message) if self.confirm => device.confirm(message),
            _ => Ok(()),
        }
    }
}

impl PreKey {
    fn created(&self) -> UnixMillis {
        UnixMillis(self.created_at)
    }

    fn import(&self) -> Result<PreKeyImport, String> {
        let signed = key32(&self.signed_pre_key_private)?;
        let ratchet = self.ratchet_pre_key_private.as_deref();
        let ratchet = ratchet.map(key32).transpose()?;
        Ok(PreKeyImport {
            signed: SignedPreKeyPair::from_secret_bytes(&signed).map_err(words)?,
            ratchet: ratchet.map(|secret| RatchetPreKeyPair::from_secret_bytes(&secret)),
            version: Some(self.version),
            current: None,
            created_at: Some(self.created()),
        })
    }
}

impl From<engine::model::Received> for Got {
    fn from(received: engine::model::Received) -> Self {
        let reason = format!("{:?}", received.outcome);
        let (outcome, payload) = match received.outcome {
            Outcome::Decrypted(payload) => ("decrypted", Some(payload.to_vec())),
            Outcome::Public(payload) => ("public", Some(payload)),
            Outcome::Contact(_) => ("contact", None),
            Outcome::Bundle => ("bundle", None),
            Outcome::GroupKey => ("group_key", None),
            Outcome::Own => ("own", None),
            Outcome::NotTargeted(_) => ("not_targeted", None),
            Outcome::Undecryptable(_) => ("rejected", None),
        };
        Self {
            outcome,
            payload,
            message: received.message,
            duplicate: received.duplicate,
            warned: !received.warnings.is_empty(),
            reason,
        }
    }
}

impl Expect {
    fn compare(&self, got: &Got) -> Checked {
        if let Some(alternatives) = &self.any_of {
            let one_holds = alternatives
                .iter()
                .any(|expect| expect.compare(got).is_ok());
            return if one_holds {
                Ok(())
            } else {
                Err(format!("none of the allowed outcomes: {}", got.reason))
            };
        }
        let expected = self.outcome.as_deref().unwrap_or("");
        if expected != got.outcome {
            return Err(format!(
                "expected {expected}, got {} ({})",
                got.outcome, got.reason
            ));
        }
        let payload = self.payload.as_deref().map(bytes).transpose()?;
        if payload.is_some() && payload != got.payload {
            return Err("another payload".to_owned());
        }
        if let Some(message) = &self.message_id
            && Some(MessageId::from_bytes(key32(message)?)) != got.message
        {
            return Err("another message id".to_owned());
        }
        if self
            .duplicate
            .is_some_and(|expected| expected != got.duplicate)
        {
            return Err(format!("duplicate is {}", got.duplicate));
        }
        if self.warned.is_some_and(|expected| expected != got.warned) {
            return Err(format!("warned is {}", got.warned));
        }
        Ok(())
    }
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
    bytes(text)?
        .try_into()
        .map_err(|_| "not 32 bytes".to_owned())
}

fn identity(text: &str) -> Result<IdentityKey, String> {
    IdentityKey::from_sec1(&bytes(text)?).map_err(|error| error.to_string())
}
