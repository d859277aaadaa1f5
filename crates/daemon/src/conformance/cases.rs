//! Wire vectors, formats `ratchetd-conformance/1` and `/2`: each case is one receiving device,
//! which begins with given prekeys, and reads messages and imports bundles in order.

use crypto_core::{
    IdentityKeyPair, InstallationId, RatchetPreKeyPair, SignedPreKeyPair, Suite, Wiped,
};
use engine::{
    Config, PreKeyImport, ReceiveRequest,
    model::{OwnKemPreKey, UnixMillis},
    wire::WireMessage,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Checked, Me, array, bytes,
    device::{Device, Owner},
    expected::{Expect, ExpectedDevice, Got},
    identity, key32, words,
};
use crate::ops::entropy::entropy;

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
    /// The suites that may be used; the default ones if absent.
    suites: Option<Vec<String>>,
    prekeys: Vec<PreKey>,
    steps: Vec<Step>,
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
    /// The current one first.
    #[serde(default)]
    kem_pre_keys: Vec<KemPreKey>,
    version: u32,
    /// Milliseconds since the epoch.
    created_at: u64,
}

#[derive(Deserialize)]
struct KemPreKey {
    /// d ‖ z.
    seed: String,
    id: Option<String>,
    version: u32,
}

/// Reads a message, or imports a bundle.
#[derive(Deserialize)]
struct Step {
    /// Who sent the message.
    from: Option<String>,
    message: Option<String>,
    import: Option<String>,
    expect: Expect,
    #[serde(default)]
    confirm: bool,
    note: Option<String>,
    /// What is known of devices afterwards.
    #[serde(default)]
    devices: Vec<ExpectedDevice>,
}

/// Replays each case of a file.
///
/// # Errors
/// In words, if the file is not of the format.
pub(super) fn check(file: Value) -> Result<Vec<(String, Checked)>, String> {
    let file: File = serde_json::from_value(file).map_err(words)?;
    let cases = file.cases.into_iter();
    Ok(cases
        .map(|case| {
            let checked = case.replay();
            (case.name, checked)
        })
        .collect())
}

impl Case {
    fn replay(&self) -> Checked {
        let config = self.config()?;
        let mut device = self.device(config.clone())?;
        for (index, step) in self.steps.iter().enumerate() {
            let note = step.note.as_deref().unwrap_or("");
            step.replay(&mut device, &config)
                .map_err(|difference| format!("step {index} ({note}): {difference}"))?;
        }
        Ok(())
    }

    fn config(&self) -> Result<Config, String> {
        let mut config = Config {
            max_message_keys: self.limits.max_message_keys,
            ..Config::default()
        };
        config.skip.max_skip = self.limits.max_skip;
        if let Some(suites) = &self.suites {
            let suites = suites.iter().map(|name| {
                Suite::from_name(name).ok_or_else(|| format!("no suite has the name {name}"))
            });
            config.suites = suites.collect::<Result<_, _>>()?;
        }
        Ok(config)
    }

    fn device(&self, config: Config) -> Result<Device, String> {
        let now = self.prekeys.iter().map(PreKey::created).max();
        let identity_key = key32(&self.me.identity_private_key)?;
        let pair = IdentityKeyPair::from_secret_bytes(&identity_key).map_err(words)?;
        if *pair.public() != identity(&self.me.identity)? {
            return Err("the case's identity is not that of its private key".to_owned());
        }
        let installation = InstallationId::parse(&self.me.installation_id).map_err(words)?;
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
    fn replay(&self, device: &mut Device, config: &Config) -> Checked {
        let got = match (&self.from, &self.message, &self.import) {
            (Some(from), Some(message), None) => read(device, from, message)?,
            (_, None, Some(bundle)) => import(device, bundle)?,
            _ => return Err("it neither reads a message nor imports a bundle".to_owned()),
        };
        self.expect.check(&got)?;
        if let Some(message) = got.message.filter(|_| self.confirm) {
            device.confirm(message)?;
        }
        self.devices
            .iter()
            .try_for_each(|expected| expected.check(device, config))
    }
}

fn read(device: &mut Device, from: &str, message: &str) -> Result<Got, String> {
    let request = ReceiveRequest {
        sender: identity(from)?,
        message: WireMessage::decode(&bytes(message)?),
        confirm: false,
        sealed: false,
    };
    let received = match device.receive(&mut entropy(), request)? {
        Ok(received) => received,
        Err(error) => return Ok(error.into()),
    };
    let suite = match received.session {
        Some(session) => device.call(&mut entropy(), |_, store, _| store.session(&session))?,
        None => Ok(None),
    };
    let suite = suite.map_err(words)?.map(|session| session.suite());
    Ok(Got::received(received, suite))
}

fn import(device: &mut Device, bundle: &str) -> Result<Got, String> {
    let bundle = bytes(bundle)?;
    let imported = device.call(&mut entropy(), |engine, store, env| {
        engine.import_bundle(store, env, &bundle)
    })?;
    Ok(imported.map_or_else(Got::from, Got::from))
}

impl PreKey {
    fn created(&self) -> UnixMillis {
        UnixMillis(self.created_at)
    }

    fn import(&self) -> Result<PreKeyImport, String> {
        let signed = key32(&self.signed_pre_key_private)?;
        let ratchet = self.ratchet_pre_key_private.as_deref();
        let ratchet = ratchet.map(key32).transpose()?;
        let kem = self.kem_pre_keys.iter().map(KemPreKey::own);
        Ok(PreKeyImport {
            signed: SignedPreKeyPair::from_secret_bytes(&signed).map_err(words)?,
            ratchet: ratchet.map(|secret| RatchetPreKeyPair::from_secret_bytes(&secret)),
            kem: kem.collect::<Result<_, _>>()?,
            version: Some(self.version),
            current: None,
            created_at: Some(self.created()),
        })
    }
}

impl KemPreKey {
    fn own(&self) -> Result<OwnKemPreKey, String> {
        let own = OwnKemPreKey::from_seed(Wiped::new(array(&self.seed)?), self.version);
        let expected = self.id.as_deref().map(key32).transpose()?;
        if expected.is_some_and(|expected| expected != *own.id.as_bytes()) {
            return Err("the id of a KEM prekey is not that of its seed".to_owned());
        }
        Ok(own)
    }
}
