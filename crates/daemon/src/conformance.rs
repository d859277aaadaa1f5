//! `ratchetd conformance`: replays recorded wire vectors against a fresh store each
//! (format `ratchetd-conformance/1`), and checks recorded envelopes, topics, identities, accounts and keystores.

mod trust;

use std::path::{Path, PathBuf};

use crypto_core::{
    IdentityKey, IdentityKeyPair, InstallationId, MessageId, RatchetPreKeyPair, SignedPreKeyPair,
};
use engine::{
    Account, AccountName, Config, Engine, Env, Outcome, PreKeyImport, ReceiveRequest, Transaction,
    UnixMillis, WireMessage,
};
use serde::Deserialize;
use session_store::DataDir;

use crate::entropy::entropy;

/// The format read here; files of another are passed over and named.
pub const FORMAT: &str = "ratchetd-conformance/1";

/// What a file's replay came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileReport {
    /// Not of this format.
    OtherFormat,
    /// Replayed.
    Replayed {
        /// Cases without a difference.
        passed: usize,
        /// Cases with one.
        failed: usize,
        /// The first difference, with the case and step it is in.
        first_failure: Option<String>,
    },
}

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

/// What a step gave, in the vectors' words.
#[derive(Debug)]
struct Got {
    outcome: &'static str,
    payload: Option<Vec<u8>>,
    message: Option<MessageId>,
    duplicate: bool,
    warned: bool,
    reason: String,
}

/// Replays one file.
///
/// # Errors
/// In words, if the file cannot be read or is not JSON.
pub fn replay_file(path: &Path) -> Result<FileReport, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("not JSON: {error}"))?;
    let checked = match trust::check(&value) {
        Some(checked) => checked,
        None if value.get("format").and_then(serde_json::Value::as_str) == Some(FORMAT) => {
            let file: File = serde_json::from_value(value).map_err(|error| error.to_string())?;
            let cases = file.cases.iter();
            cases
                .map(|case| (case.name.clone(), replay_case(case)))
                .collect()
        }
        None => return Ok(FileReport::OtherFormat),
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
    })
}

fn replay_case(case: &Case) -> Result<(), String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut device = Device::new(case, scratch.path().to_owned())?;
    for (index, step) in case.steps.iter().enumerate() {
        let note = step.note.as_deref().unwrap_or("");
        device
            .step(step)
            .map_err(|difference| format!("step {index} ({note}): {difference}"))?;
    }
    Ok(())
}

/// The device under test.
struct Device {
    engine: Engine,
    store: session_store::SqliteStore,
    now: UnixMillis,
    /// Keeps the lock while the store is open.
    _directory: DataDir,
}

impl Device {
    fn new(case: &Case, scratch: PathBuf) -> Result<Self, String> {
        let now = case
            .prekeys
            .iter()
            .map(|prekey| prekey.created())
            .max()
            .unwrap_or_default();
        let account = Account {
            name: AccountName::parse("me").map_err(|error| error.to_string())?,
            identity: IdentityKeyPair::from_secret_bytes(&key32(&case.me.identity_private_key)?)
                .map_err(|error| error.to_string())?
                .into(),
            installation: InstallationId::parse(&case.me.installation_id)
                .map_err(|error| error.to_string())?,
            fresh_installation: false,
            created_at: now,
        };
        if *account.identity.public() != identity(&case.me.identity)? {
            return Err("the case's identity is not that of its private key".to_owned());
        }
        let directory =
            DataDir::open(&scratch, None, &mut entropy()).map_err(|error| error.to_string())?;
        let store = directory
            .create_account(&account)
            .map_err(|error| error.to_string())?;
        let mut config = Config {
            max_message_keys: case.limits.max_message_keys,
            ..Config::default()
        };
        config.skip.max_skip = case.limits.max_skip;
        let mut device = Self {
            engine: Engine::new(account, config),
            store,
            now,
            _directory: directory,
        };
        for prekey in &case.prekeys {
            device.import(prekey)?;
        }
        Ok(device)
    }

    fn import(&mut self, prekey: &PreKey) -> Result<(), String> {
        let ratchet = prekey
            .ratchet_pre_key_private
            .as_deref()
            .map(key32)
            .transpose()?
            .map(|secret| RatchetPreKeyPair::from_secret_bytes(&secret));
        let import = PreKeyImport {
            signed: SignedPreKeyPair::from_secret_bytes(&key32(&prekey.signed_pre_key_private)?)
                .map_err(|error| error.to_string())?,
            ratchet,
            version: Some(prekey.version),
            created_at: Some(prekey.created()),
        };
        self.in_transaction(|engine, store, env| {
            engine
                .import_prekey(store, env, import)
                .map_err(|error| error.to_string())
        })?;
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let request = ReceiveRequest {
            sender: identity(&step.from)?,
            message: WireMessage::decode(&bytes(&step.message)?),
            confirm: false,
            sealed: false,
        };
        let got = self.in_transaction(|engine, store, env| {
            Ok(match engine.receive(store, env, request) {
                Ok(received) => Got::from(received),
                Err(error) => Got::rejected(error.to_string()),
            })
        })?;
        step.expect.compare(&got)?;
        if step.confirm
            && let Some(message) = got.message
        {
            self.in_transaction(|engine, store, _| {
                engine
                    .confirm(store, &[message])
                    .map_err(|error| error.to_string())
            })?;
        }
        Ok(())
    }

    fn in_transaction<T>(
        &mut self,
        call: impl FnOnce(
            &mut Engine,
            &mut session_store::SqliteStore,
            &mut Env<'_>,
        ) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut rng = entropy();
        let mut env = Env {
            now: self.now,
            running: std::time::Duration::ZERO,
            rng: &mut rng,
        };
        self.store.begin().map_err(|error| error.to_string())?;
        let result = call(&mut self.engine, &mut self.store, &mut env);
        self.store.commit().map_err(|error| error.to_string())?;
        result
    }
}

impl PreKey {
    fn created(&self) -> UnixMillis {
        UnixMillis(self.created_at)
    }
}

impl Got {
    fn rejected(reason: String) -> Self {
        Self {
            outcome: "rejected",
            payload: None,
            message: None,
            duplicate: false,
            warned: false,
            reason,
        }
    }
}

impl From<engine::Received> for Got {
    fn from(received: engine::Received) -> Self {
        let reason = format!("{:?}", received.outcome);
        let (outcome, payload) = match received.outcome {
            Outcome::Decrypted(payload) => ("decrypted", Some(payload.to_vec())),
            Outcome::Public(payload) => ("public", Some(payload)),
            Outcome::Bundle => ("bundle", None),
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
    fn compare(&self, got: &Got) -> Result<(), String> {
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
