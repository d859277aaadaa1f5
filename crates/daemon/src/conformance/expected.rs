//! What a step of a wire vector is expected to give, beside what it gave.

use std::collections::BTreeSet;

use crypto_core::{IdentityKey, MessageId, SessionId, Suite};
use engine::{
    Config, SendRequest,
    model::{
        BundleImportError, ImportedBundle, Outcome, PostQuantumState, ReceiveError, Received,
        SendError, SkipReason, Warning, WarningKind,
    },
    wire::inspect_message,
};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::{Checked, bytes, device::Device, identity, words};

/// The result of a step, as far as it is decided: what is absent is not compared.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Expect {
    outcome: Option<String>,
    any_of: Option<Vec<Self>>,
    reason: Option<String>,
    payload: Option<String>,
    message_id: Option<String>,
    duplicate: Option<bool>,
    warned: Option<bool>,
    /// The kinds of the warnings, each once.
    warnings: Option<BTreeSet<String>>,
    post_quantum: Option<bool>,
    suite: Option<String>,
    session_id: Option<String>,
}

/// What is known of a device after a step.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExpectedDevice {
    identity: String,
    installation_id: String,
    /// Of its adopted prekey; null if there is none.
    #[serde(default, deserialize_with = "present")]
    version: Option<Option<u32>>,
    /// Of the KEM prekey held; null if there is none.
    #[serde(default, deserialize_with = "present")]
    kem_version: Option<Option<u32>>,
    /// Of a new session, or why there can be none.
    suite: Option<String>,
    /// Nothing is written to it below suite x25519-mlkem768.
    post_quantum: Option<bool>,
    /// The next message asks for its KEM prekey.
    wanted: Option<bool>,
}

/// Tells null from what is absent.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u32>>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

/// The result of a step, in the words of the vectors.
#[derive(Debug, Default)]
pub(super) struct Got {
    outcome: &'static str,
    reason: Option<&'static str>,
    /// The outcome in the engine's words.
    detail: String,
    payload: Option<Vec<u8>>,
    pub(super) message: Option<MessageId>,
    duplicate: bool,
    warnings: BTreeSet<&'static str>,
    post_quantum: bool,
    suite: Option<Suite>,
    session: Option<SessionId>,
}

impl Got {
    /// Of a message, on a session of `suite` if on any.
    pub(super) fn received(received: Received, suite: Option<Suite>) -> Self {
        let detail = format!("{:?}", received.outcome);
        let (outcome, reason, payload) = match received.outcome {
            Outcome::Decrypted(payload) => ("decrypted", None, Some(payload.to_vec())),
            Outcome::Public(payload) => ("public", None, Some(payload)),
            Outcome::Contact(_) => ("contact", None, None),
            Outcome::Bundle => ("bundle", None, None),
            Outcome::GroupKey => ("group_key", None, None),
            Outcome::Own => ("own", None, None),
            Outcome::NotTargeted(reason) => ("not_targeted", Some(reason.name()), None),
            Outcome::Undecryptable(reason) => ("rejected", Some(reason.name()), None),
        };
        Self {
            outcome,
            reason,
            detail,
            payload,
            message: received.message,
            duplicate: received.duplicate,
            warnings: kinds(&received.warnings),
            post_quantum: received.post_quantum,
            suite,
            session: received.session,
        }
    }

    fn rejected(reason: Option<&'static str>, error: &dyn std::error::Error) -> Self {
        Self {
            outcome: "rejected",
            reason,
            detail: error.to_string(),
            ..Self::default()
        }
    }
}

impl From<ReceiveError> for Got {
    fn from(error: ReceiveError) -> Self {
        let reason = matches!(error, ReceiveError::NotAMessage(_)).then_some("malformed");
        Self::rejected(reason, &error)
    }
}

impl From<ImportedBundle> for Got {
    fn from(imported: ImportedBundle) -> Self {
        Self {
            outcome: "imported",
            detail: format!("{} devices", imported.installations.len()),
            warnings: kinds(&imported.warnings),
            ..Self::default()
        }
    }
}

impl From<BundleImportError> for Got {
    fn from(error: BundleImportError) -> Self {
        let invalid = matches!(error, BundleImportError::Invalid(_));
        Self::rejected(invalid.then_some(WarningKind::InvalidBundle.name()), &error)
    }
}

fn kinds(warnings: &[Warning]) -> BTreeSet<&'static str> {
    warnings.iter().map(|warning| warning.kind.name()).collect()
}

impl Expect {
    /// Compares what stands here with the result of the step.
    pub(super) fn check(&self, got: &Got) -> Checked {
        if let Some(alternatives) = &self.any_of {
            let mut differences = Vec::new();
            for expect in alternatives {
                match expect.check(got) {
                    Ok(()) => return Ok(()),
                    Err(difference) => differences.push(difference),
                }
            }
            return Err(differences.join("; or "));
        }
        let outcome = self.outcome.as_deref().unwrap_or("");
        if outcome != got.outcome {
            return Err(format!(
                "expected {outcome}, got {} ({})",
                got.outcome, got.detail
            ));
        }
        let joined = |names: Vec<&str>| match names.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let expected_warnings = self.warnings.as_ref();
        let expected_warnings =
            expected_warnings.map(|kinds| joined(kinds.iter().map(String::as_str).collect()));
        let warnings = joined(got.warnings.iter().copied().collect());
        let message = got.message.as_ref().map(|id| id.as_bytes().as_slice());
        let session = got.session.as_ref().map(|id| id.as_bytes().as_slice());
        let suite = got.suite.map(Suite::name);
        compare("reason", self.reason.as_deref(), got.reason)?;
        compare_bytes("payload", self.payload.as_deref(), got.payload.as_deref())?;
        compare_bytes("message id", self.message_id.as_deref(), message)?;
        compare("duplicate", self.duplicate, Some(got.duplicate))?;
        compare("warned", self.warned, Some(!got.warnings.is_empty()))?;
        compare("warnings", expected_warnings, Some(warnings))?;
        compare("post-quantum", self.post_quantum, Some(got.post_quantum))?;
        compare("suite", self.suite.as_deref(), suite)?;
        compare_bytes("session id", self.session_id.as_deref(), session)
    }
}

impl ExpectedDevice {
    /// Compares what stands here with what the device under test knows of it.
    pub(super) fn check(&self, device: &mut Device, config: &Config) -> Checked {
        let about = |difference| format!("device {}: {difference}", self.installation_id);
        self.check_record(device, config).map_err(about)
    }

    fn check_record(&self, device: &mut Device, config: &Config) -> Checked {
        let identity = identity(&self.identity)?;
        let known = device.trial(|engine, store, env| {
            let viewer = engine.viewer();
            viewer.installations(store, env.now, Some(&identity))
        })?;
        let known = known.map_err(words)?.into_iter();
        let mut known =
            known.filter(|known| known.device.installation.as_str() == self.installation_id);
        let known = known.next();
        let record = known.as_ref().map(|known| &known.device);
        let prekey = record.and_then(|device| device.prekey.as_ref());
        let version = prekey.map(|prekey| prekey.version);
        let kem_version = known.as_ref().and_then(|known| known.kem_version);
        let suite = record.map_or(Err(SkipReason::NoPreKey), |device| {
            device.new_session_suite(config)
        });
        let suite = suite.map_or_else(SkipReason::name, Suite::name);
        let post_quantum = known
            .as_ref()
            .is_some_and(|known| known.post_quantum == PostQuantumState::Required);
        let number = |version: Option<u32>| version.map_or("none".to_owned(), |v| v.to_string());
        compare("version", self.version.map(number), Some(number(version)))?;
        compare(
            "version of the KEM prekey",
            self.kem_version.map(number),
            Some(number(kem_version)),
        )?;
        compare("suite", self.suite.as_deref(), Some(suite))?;
        compare("post-quantum", self.post_quantum, Some(post_quantum))?;
        let Some(wanted) = self.wanted else {
            return Ok(());
        };
        let asked = asked_of(device, &identity)?.contains(&self.installation_id);
        compare("KEM prekey asked for", Some(wanted), Some(asked))
    }
}

/// The devices whose KEM prekeys the next message to an identity asks for. It is made and taken
/// back. If there can be none, the next advertisement.
fn asked_of(device: &mut Device, recipient: &IdentityKey) -> Result<Vec<String>, String> {
    let request = SendRequest {
        recipients: vec![*recipient],
        payload: Zeroizing::new(vec![0]),
        request_id: None,
        seal: None,
    };
    let sent = match device.trial(|engine, store, env| engine.send(store, env, &request))? {
        Ok(sent) => sent.messages,
        Err(SendError::SuiteForbidden { .. }) => {
            let advertised =
                device.trial(|engine, store, env| engine.advertise(store, env, recipient, None))?;
            vec![advertised.map_err(words)?]
        }
        Err(error) => return Err(words(error)),
    };
    let mut sent = sent.into_iter();
    let Some(message) = sent.find(|message| message.recipient == Some(*recipient)) else {
        return Ok(Vec::new());
    };
    Ok(inspect_message(&message.wire).map_err(words)?.kem_wanted)
}

/// Compares what is expected, if anything is. A failure names both.
fn compare<T: PartialEq + std::fmt::Display>(
    what: &str,
    expected: Option<T>,
    got: Option<T>,
) -> Checked {
    let Some(expected) = expected else {
        return Ok(());
    };
    match got {
        Some(got) if got == expected => Ok(()),
        Some(got) => Err(format!("{what}: expected {expected:.80}, got {got:.80}")),
        None => Err(format!("{what}: expected {expected:.80}, got none")),
    }
}

/// Compares bytes, of which a failure names the first.
fn compare_bytes(what: &str, expected: Option<&str>, got: Option<&[u8]>) -> Checked {
    let expected = expected.map(bytes).transpose()?;
    let hex = |bytes: &[u8]| const_hex::encode_prefixed(bytes);
    compare(what, expected.as_deref().map(hex), got.map(hex))
}
