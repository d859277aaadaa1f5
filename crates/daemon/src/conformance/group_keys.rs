//! Recorded group keys and messages under them (format `ratchetd-groups/keys/1`).

use crypto_core::{IdentityKeyPair, InstallationId, MessageId, SignedPreKeyPair, hash_ratchet};
use engine::{
    Config, GroupKeyRequest, GroupSendRequest, PreKeyImport, ReceiveRequest,
    model::{
        GroupId, GroupKey, GroupKeyError, JudgedGroupKey, Outcome, Received, SendError, UnixMillis,
    },
    wire::WireMessage,
};
use serde::Deserialize;

use super::{
    Checked, bytes,
    device::{Device, Owner},
    draws::Draws,
    identity, key32, same, words,
};
use crate::ops::entropy::entropy;

pub(super) const FORMAT: &str = "ratchetd-groups/keys/1";

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    me: super::Me,
    prekeys: Vec<PreKey>,
    trust: Vec<Trust>,
    updates: Vec<Update>,
    held: Vec<Held>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreKey {
    signed_pre_key_private: String,
    version: u32,
}

/// Who may set the keys of a group without a log.
#[derive(Deserialize)]
struct Trust {
    group: String,
    setters: Vec<String>,
}

/// The membership moves on.
#[derive(Deserialize)]
struct Update {
    update: String,
    sender: Option<String>,
    now: u64,
}

/// A key that the device has from the start.
#[derive(Deserialize)]
struct Held {
    group: String,
    timestamp: u64,
    key: String,
}

/// Times are in milliseconds since the epoch.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
enum Step {
    Receive {
        now: u64,
        from: String,
        sealed: bool,
        message: String,
        confirm: bool,
        expect: Expect,
    },
    Send {
        now: u64,
        group: String,
        payload: String,
        nonce: String,
        expect: ExpectSent,
    },
    MakeKey {
        now: u64,
        group: String,
        key: String,
        expect: ExpectMade,
    },
    Apply(Update),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    outcome: String,
    reason: Option<String>,
    payload: Option<String>,
    duplicate: Option<bool>,
    message_id: Option<String>,
    key_id: Option<String>,
    seq_no: Option<u32>,
    group_keys: Option<Vec<ExpectKey>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpectKey {
    key_id: Option<String>,
    timestamp: Option<u64>,
    state: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpectSent {
    message: Option<String>,
    seq_no: Option<u32>,
    key_id: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpectMade {
    timestamp: u64,
    key_id: String,
}

/// Replays the cases of a file; gives the difference found in each.
pub(super) fn check(file: serde_json::Value) -> Result<Vec<(String, Checked)>, String> {
    let file: File = serde_json::from_value(file).map_err(words)?;
    let cases = file.cases.iter();
    Ok(cases
        .map(|case| (case.name.clone(), case.replay()))
        .collect())
}

impl Case {
    fn replay(&self) -> Checked {
        let mut device = self.device()?;
        for (index, step) in self.steps.iter().enumerate() {
            step.replay(&mut device)
                .map_err(|difference| format!("step {index}: {difference}"))?;
        }
        Ok(())
    }

    fn device(&self) -> Result<Device, String> {
        let secret = key32(&self.me.identity_private_key)?;
        let pair = IdentityKeyPair::from_secret_bytes(&secret).map_err(words)?;
        let me = *pair.public();
        same("identity", &me, &identity(&self.me.identity)?)?;
        let owner = Owner {
            identity: pair.into(),
            installation: InstallationId::parse(&self.me.installation_id).map_err(words)?,
            config: Config::default(),
        };
        let mut device = Device::on_disk(&owner, UnixMillis::default())?;
        for prekey in &self.prekeys {
            let secret = key32(&prekey.signed_pre_key_private)?;
            device.import(PreKeyImport {
                signed: SignedPreKeyPair::from_secret_bytes(&secret).map_err(words)?,
                ratchet: None,
                kem: Vec::new(),
                version: Some(prekey.version),
                current: None,
                created_at: None,
            })?;
        }
        for trust in &self.trust {
            let group = group_id(&trust.group)?;
            let setters = trust.setters.iter().map(|setter| identity(setter));
            let setters = setters.collect::<Result<Vec<_>, _>>()?;
            device
                .call(&mut entropy(), |engine, store, _| {
                    engine.trust_group_setters(store, &group, &setters)
                })?
                .map_err(words)?;
        }
        for update in &self.updates {
            update.apply(&mut device)?;
        }
        for held in &self.held {
            let (group, key) = (group_id(&held.group)?, key32(&held.key)?);
            let key = GroupKey {
                id: hash_ratchet::key_id(group.as_bytes(), held.timestamp, &key),
                group,
                timestamp: held.timestamp,
                key: crypto_core::Wiped::new(key),
                set_by: me,
                added_at: UnixMillis(held.timestamp),
                highest: 0,
                closed: false,
                replaced_at: None,
            };
            device
                .call(&mut entropy(), |_, store, _| store.put_group_key(&key))?
                .map_err(words)?;
        }
        Ok(device)
    }
}

impl Step {
    fn replay(&self, device: &mut Device) -> Checked {
        match self {
            Self::Receive {
                now,
                from,
                sealed,
                message,
                confirm,
                expect,
            } => {
                device.set_now(UnixMillis(*now));
                let request = ReceiveRequest {
                    sender: identity(from)?,
                    message: WireMessage::decode(&bytes(message)?),
                    confirm: *confirm,
                    sealed: *sealed,
                };
                let received = device.receive(&mut entropy(), request)?;
                expect.compare(&received.map_err(words)?)
            }
            Self::Send {
                now,
                group,
                payload,
                nonce,
                expect,
            } => {
                device.set_now(UnixMillis(*now));
                let request = GroupSendRequest {
                    group: group_id(group)?,
                    payload: bytes(payload)?.into(),
                    request_id: None,
                    seal: false,
                };
                let mut draws = Draws::new([bytes(nonce)?]);
                let sent = device.call(&mut draws, |engine, store, env| {
                    engine.encrypt_group_with_key(store, env, &request)
                })?;
                expect.compare(sent, &draws)
            }
            Self::MakeKey {
                now,
                group,
                key,
                expect,
            } => {
                device.set_now(UnixMillis(*now));
                let request = GroupKeyRequest {
                    group: group_id(group)?,
                    recipients: None,
                    request_id: None,
                    seal: None,
                };
                let mut draws = Draws::new([bytes(key)?]);
                let made = device
                    .call(&mut draws, |engine, store, env| {
                        engine.create_group_key(store, env, &request)
                    })?
                    .map_err(words)?;
                draws.check_taken()?;
                same("timestamp", &made.timestamp, &expect.timestamp)?;
                same("key id", made.key.as_bytes(), &key32(&expect.key_id)?)
            }
            Self::Apply(update) => update.apply(device),
        }
    }
}

impl Update {
    fn apply(&self, device: &mut Device) -> Checked {
        device.set_now(UnixMillis(self.now));
        let sender = self.sender.as_deref().map(identity).transpose()?;
        let update = engine::groups::Update::decode(&bytes(&self.update)?).map_err(words)?;
        device
            .call(&mut entropy(), |engine, store, env| {
                let known = match update.group() {
                    Some(group) => store.group_log(group)?,
                    None => Vec::new(),
                };
                engine.group_apply(store, env, update.check(&known), sender)
            })?
            .map(drop)
            .map_err(words)
    }
}

impl Expect {
    fn compare(&self, received: &Received) -> Checked {
        let (outcome, payload, reason) = match &received.outcome {
            Outcome::Decrypted(payload) => ("decrypted", Some(payload.as_slice()), None),
            Outcome::Public(payload) => ("public", Some(payload.as_slice()), None),
            Outcome::Contact(_) => ("contact", None, None),
            Outcome::Bundle => ("bundle", None, None),
            Outcome::GroupKey => ("group_key", None, None),
            Outcome::Own => ("own", None, None),
            Outcome::NotTargeted(reason) => ("not_targeted", None, Some(reason.name())),
            Outcome::Undecryptable(reason) => ("undecryptable", None, Some(reason.name())),
        };
        if outcome != self.outcome || reason != self.reason.as_deref() {
            return Err(format!(
                "expected {} ({:?}), got {:?}",
                self.outcome, self.reason, received.outcome
            ));
        }
        if let Some(expected) = &self.payload {
            same("payload", &payload, &Some(bytes(expected)?.as_slice()))?;
        }
        if let Some(expected) = self.duplicate {
            same(
                "word on whether it is a duplicate",
                &received.duplicate,
                &expected,
            )?;
        }
        if let Some(expected) = &self.message_id {
            let expected = MessageId::from_bytes(key32(expected)?);
            same("message id", &received.message, &Some(expected))?;
        }
        let used = received.group_key.as_ref();
        if let Some(expected) = &self.key_id {
            let found = used.map(|used| *used.key.as_bytes());
            same("key id", &found, &Some(key32(expected)?))?;
        }
        if self.seq_no.is_some() {
            same("number", &used.map(|used| used.number), &self.seq_no)?;
        }
        if let Some(expected) = &self.group_keys {
            same(
                "number of keys",
                &received.group_keys.len(),
                &expected.len(),
            )?;
            for (found, expected) in received.group_keys.iter().zip(expected) {
                expected.compare(found)?;
            }
        }
        Ok(())
    }
}

impl ExpectKey {
    fn compare(&self, judged: &JudgedGroupKey) -> Checked {
        same("state of a key", &judged.state.name(), &self.state.as_str())?;
        let reason = judged.refused.map(|refused| refused.name());
        same("refusal of a key", &reason, &self.reason.as_deref())?;
        if let Some(expected) = &self.key_id {
            let found = judged.key.map(|key| *key.as_bytes());
            same("id of a key", &found, &Some(key32(expected)?))?;
        }
        if self.timestamp.is_some() {
            same("timestamp of a key", &judged.timestamp, &self.timestamp)?;
        }
        Ok(())
    }
}

impl ExpectSent {
    fn compare(&self, sent: Result<engine::model::GroupSent, SendError>, draws: &Draws) -> Checked {
        let sent = match (sent, &self.error) {
            (Ok(sent), None) => sent,
            (Ok(_), Some(error)) => return Err(format!("sent, where {error} was expected")),
            (Err(error), None) => return Err(error.to_string()),
            (Err(SendError::GroupKey(GroupKeyError::Missing)), Some(expected)) => {
                return same("error", &"group_key_missing", &expected.as_str());
            }
            (Err(SendError::GroupKey(GroupKeyError::Due(_))), Some(expected)) => {
                return same("error", &"group_key_due", &expected.as_str());
            }
            (Err(error), Some(_)) => return Err(error.to_string()),
        };
        draws.check_exact()?;
        if let Some(expected) = &self.message {
            same("message", &sent.message.wire, &bytes(expected)?)?;
        }
        if let Some(expected) = &self.key_id {
            same("key id", sent.used.key.as_bytes(), &key32(expected)?)?;
        }
        same("number", &Some(sent.used.number), &self.seq_no)
    }
}

/// Groups are in hex throughout.
fn group_id(text: &str) -> Result<GroupId, String> {
    GroupId::new(&bytes(text)?).ok_or_else(|| "no id of a group".to_owned())
}
