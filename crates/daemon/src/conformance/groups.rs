//! Recorded updates of groups, and events (format `ratchetd-groups/membership/1`).

use std::collections::BTreeMap;

use crypto_core::{GroupRules, IdentityKeyPair, InstallationId, keccak256};
use engine::{
    Config,
    groups::{RecordedEvent, Update, erase, sign_recorded},
    model::{Applied, GroupId, GroupView, UnixMillis},
};
use serde::Deserialize;

use super::{
    Checked, bytes,
    device::{Device, Owner},
    identity, key32, same, words,
};
use crate::ops::entropy::entropy;

pub(super) const FORMAT: &str = "ratchetd-groups/membership/1";

/// Larger images are recorded as their Keccak-256.
const MAX_RECORDED_IMAGE: usize = 64;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    me: Me,
    group: String,
    #[serde(default)]
    limits: Limits,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    identity_private_key: String,
    identity: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    members: Option<usize>,
    events: Option<usize>,
    log_bytes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Step {
    Apply(Box<Apply>),
    Forget,
}

#[derive(Deserialize)]
struct Apply {
    /// Milliseconds since the epoch.
    now: u64,
    sender: Option<String>,
    update: String,
    /// Another one than that of the case.
    group: Option<String>,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    outcome: String,
    reason: Option<String>,
    ignored: Vec<Ignored>,
    state: Option<State>,
}

#[derive(Deserialize)]
struct Ignored {
    reason: String,
    events: usize,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "camelCase")]
struct State {
    name: String,
    color: String,
    image: String,
    rules: String,
    members: Vec<Member>,
    gone: Vec<Gone>,
    events: usize,
    digest: String,
    update_keccak: String,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Member {
    identity: String,
    admin: bool,
    joined: bool,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Gone {
    identity: String,
    left: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    identity_private_key: String,
    identity: String,
    group: String,
    r#type: i32,
    clock: u64,
    members: Vec<String>,
    name: String,
    color: String,
    image: String,
    event: String,
    id: String,
}

/// Replays the cases and makes the events of a file; gives the difference found in each.
pub(super) fn check(file: serde_json::Value) -> Result<Vec<(String, Checked)>, String> {
    let file: File = serde_json::from_value(file).map_err(words)?;
    let cases = file
        .cases
        .iter()
        .map(|case| (case.name.clone(), case.replay()));
    let events = file.events.iter().enumerate();
    let events = events.map(|(number, event)| (format!("event {number}"), event.check()));
    Ok(cases.chain(events).collect())
}

impl Case {
    fn replay(&self) -> Checked {
        let mut device = self.device()?;
        for (index, step) in self.steps.iter().enumerate() {
            let done = match step {
                Step::Apply(apply) => apply.replay(&mut device, &self.group),
                Step::Forget => forget(&mut device, &self.group),
            };
            done.map_err(|difference| format!("step {index}: {difference}"))?;
        }
        Ok(())
    }

    fn device(&self) -> Result<Device, String> {
        let mut config = Config::default();
        let limits = &mut config.groups;
        let Limits {
            members,
            events,
            log_bytes,
        } = self.limits;
        limits.members = members.unwrap_or(limits.members);
        limits.events = events.unwrap_or(limits.events);
        limits.log_bytes = log_bytes.unwrap_or(limits.log_bytes);
        let owner = Owner {
            identity: pair(&self.me.identity_private_key, &self.me.identity)?.into(),
            installation: InstallationId::parse("x1-recorded").map_err(words)?,
            config,
        };
        Device::on_disk(&owner, UnixMillis::default())
    }
}

fn pair(secret: &str, public: &str) -> Result<IdentityKeyPair, String> {
    let pair = IdentityKeyPair::from_secret_bytes(&key32(secret)?).map_err(words)?;
    same("identity", pair.public(), &identity(public)?)?;
    Ok(pair)
}

fn group_id(text: &str) -> Result<GroupId, String> {
    GroupId::new(text.as_bytes()).ok_or_else(|| "no id of a group".to_owned())
}

fn forget(device: &mut Device, group: &str) -> Checked {
    let group = group_id(group)?;
    device
        .call(&mut entropy(), |_, store, env| {
            erase(store, env.now, &group)
        })?
        .map_err(words)
}

impl Apply {
    fn replay(&self, device: &mut Device, group: &str) -> Checked {
        device.set_now(UnixMillis(self.now));
        let sender = self.sender.as_deref().map(identity).transpose()?;
        let update = Update::decode(&bytes(&self.update)?).map_err(words)?;
        let applied = device
            .call(&mut entropy(), |engine, store, env| {
                let known = update.group().map(|group| store.group_log(group));
                let update = update.check(&known.transpose()?.unwrap_or_default());
                engine.group_apply(store, env, update, sender)
            })?
            .map_err(words)?;
        self.expect.compare(&applied)?;
        let Some(state) = &self.expect.state else {
            return Ok(());
        };
        let group = group_id(self.group.as_deref().unwrap_or(group))?;
        let view = device
            .call(&mut entropy(), |engine, store, _| {
                engine.viewer().group(store, &group)
            })?
            .map_err(words)?;
        state.compare(view.ok_or("the group is not there")?)
    }
}

impl Expect {
    fn compare(&self, applied: &Applied) -> Checked {
        let found = (
            applied.outcome.name(),
            applied.refusal.map(engine::model::GroupRefusal::name),
        );
        if found != (self.outcome.as_str(), self.reason.as_deref()) {
            return Err(format!(
                "expected {} ({:?}), got {found:?}",
                self.outcome, self.reason
            ));
        }
        let ignored: BTreeMap<&str, usize> = applied
            .ignored
            .iter()
            .map(|(reason, events)| (reason.name(), *events))
            .collect();
        let recorded: BTreeMap<&str, usize> = self
            .ignored
            .iter()
            .map(|ignored| (ignored.reason.as_str(), ignored.events))
            .collect();
        same("count of ignored events", &ignored, &recorded)
    }
}

impl State {
    fn compare(&self, view: GroupView) -> Checked {
        let image = view.image.unwrap_or_default();
        let image = if image.len() > MAX_RECORDED_IMAGE {
            keccak256(&[&image]).to_vec()
        } else {
            image
        };
        let key = |identity: &crypto_core::IdentityKey| {
            identity
                .to_uncompressed()
                .map(const_hex::encode)
                .map_err(words)
        };
        let mut members = Vec::new();
        for member in &view.members {
            members.push(Member {
                identity: key(&member.identity)?,
                admin: member.admin,
                joined: member.joined,
            });
        }
        members.sort_by(|one, other| one.identity.cmp(&other.identity));
        let mut gone = Vec::new();
        for member in &view.gone {
            gone.push(Gone {
                identity: key(&member.identity)?,
                left: member.left,
            });
        }
        gone.sort_by(|one, other| one.identity.cmp(&other.identity));
        let update = view.update.ok_or("the update is too large")?;
        let found = Self {
            name: view.name,
            color: view.color,
            image: const_hex::encode(image),
            rules: match view.rules {
                GroupRules::Admins => "admins",
                GroupRules::Members => "members",
            }
            .to_owned(),
            members,
            gone,
            events: view.events,
            digest: const_hex::encode(view.digest),
            update_keccak: const_hex::encode(keccak256(&[&update])),
        };
        if found == *self {
            Ok(())
        } else {
            Err(format!("expected {self:?}, got {found:?}"))
        }
    }
}

impl Event {
    fn check(&self) -> Checked {
        let members = self.members.iter().map(|member| identity(member));
        let recorded = RecordedEvent {
            kind: self.r#type,
            clock: self.clock,
            members: members.collect::<Result<_, _>>()?,
            name: self.name.clone(),
            color: self.color.clone(),
            image: bytes(&self.image)?,
        };
        let pair = pair(&self.identity_private_key, &self.identity)?;
        let signed = sign_recorded(&pair, &self.group, recorded);
        let (event, id) = signed.ok_or("no act of ours makes it")?;
        same("event", &event, &bytes(&self.event)?)?;
        same("id", id.as_bytes(), &key32(&self.id)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn recorded() -> Value {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/groups-membership.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn all_that_was_recorded_holds() {
        for (name, checked) in check(recorded()).unwrap() {
            assert_eq!(checked, Ok(()), "{name}");
        }
    }

    /// Each thing that is compared makes a case fail when it was recorded otherwise.
    #[test]
    fn what_was_recorded_otherwise_is_told() {
        let case = recorded()["cases"][1].clone();
        let expect = "/steps/0/expect";
        let state = |name: &str| format!("{expect}/state/{name}");
        for (pointer, other) in [
            (format!("{expect}/outcome"), json!("changed")),
            (format!("{expect}/reason"), json!("malformed")),
            (
                format!("{expect}/ignored"),
                json!([{"reason": "future", "events": 1}]),
            ),
            (state("name"), json!("other")),
            (state("color"), json!("other")),
            (state("image"), json!("00")),
            (state("rules"), json!("other")),
            (state("members"), json!([])),
            (state("gone"), json!([{"identity": "", "left": true}])),
            (state("events"), json!(0)),
            (state("digest"), json!("")),
            (state("updateKeccak"), json!("")),
        ] {
            let mut changed = case.clone();
            if let Some(value) = changed.pointer_mut(&pointer) {
                *value = other;
            } else {
                changed["steps"][0]["expect"]["reason"] = other;
            }
            let checked = check(json!({"cases": [changed]})).unwrap();
            assert!(
                checked.iter().all(|(_, checked)| checked.is_err()),
                "{pointer}"
            );
        }
        let mut event = recorded()["events"][1].clone();
        event["id"] = recorded()["events"][2]["id"].clone();
        let checked = check(json!({"cases": [], "events": [event]})).unwrap();
        assert!(checked.iter().all(|(_, checked)| checked.is_err()));
    }
}
