//! Parties of two kinds: daemons, called ours, and simulated devices that behave like status-go's.
//! A simulated device takes the time from the daemon that it talks to.

use std::{path::Path, time::Duration};

use crypto_core::IdentityKey;
use engine::{
    model::UnixMillis,
    world::{StatusGoDevice, StatusGoReadResult},
};
use serde_json::{Value, json};

use crate::support::{self, Daemon, Party, bytes, hex, list, text};

pub const HOUR: u64 = 60 * 60 * 1000;
pub const DAY: u64 = 24 * HOUR;

/// A device like status-go's.
pub struct StatusGo {
    device: StatusGoDevice,
    pub key: String,
}

impl StatusGo {
    /// One device of the identity whose private key is `seed` over and over; with another number,
    /// another one.
    pub fn of(seed: u8, number: u64) -> Self {
        let device = StatusGoDevice::new(&[seed; 32], number);
        let key = device.key().to_uncompressed().expect("a point");
        Self {
            device,
            key: hex(&key),
        }
    }

    pub fn id(&self) -> &str {
        self.device.id()
    }

    /// The bundle that it shows at a time.
    pub fn bundle(&mut self, now: UnixMillis) -> String {
        hex(&self.device.bundle(now))
    }

    /// It is shown the bundle of one of ours.
    pub fn meets(&mut self, other: &Party) {
        let bundle = text(&other.daemon.ok("bundle_get", json!({}))["bundle"]);
        self.device.import_bundle(&bytes(&bundle), now(other));
    }

    /// Its user enables another device of the same identity.
    pub fn enables(&mut self, other: &str) {
        self.device.enable(other);
    }

    /// Its state is lost, and it is set up again under its old id.
    pub fn is_set_up_again(&mut self) {
        self.device.reinstall();
    }

    /// It writes to an identity; the wire message.
    pub fn writes(&mut self, to: &Party, message: &str) -> String {
        let message = self.device.send(&identity(to), message.as_bytes(), now(to));
        hex(&message)
    }

    /// How it reads a wire message.
    pub fn receives(&mut self, from: &Party, message: &str) -> StatusGoReadResult {
        self.device
            .read(&identity(from), &bytes(message), now(from))
    }

    /// It reads a wire message, which has to open.
    pub fn reads(&mut self, from: &Party, message: &str) -> String {
        let read = self.receives(from, message).text.expect("it opens");
        String::from_utf8(read).expect("a text")
    }
}

fn identity(of: &Party) -> IdentityKey {
    IdentityKey::from_sec1(&bytes(&of.key)).expect("a key")
}

/// The time by the clock of a daemon.
pub fn now(at: &Party) -> UnixMillis {
    let shown = at.daemon.ok("dev_now", json!({}));
    UnixMillis(shown["now"].as_u64().expect("milliseconds"))
}

/// Time passes for these daemons, with every timer that falls due.
pub fn pass(people: &[&Party], millis: u64) {
    for person in people {
        person.daemon.ok("dev_advanceTime", json!({"ms": millis}));
    }
}

/// So many milliseconds before a moment.
pub fn before(moment: UnixMillis, millis: u64) -> UnixMillis {
    moment.before(Duration::from_millis(millis))
}

/// A new device of ours of the identity whose private key is `seed` over and over.
pub fn ours(seed: u8) -> Party {
    ours_on(Daemon::start(), seed, Value::Null)
}

/// The same on this daemon, under this installation id.
pub fn ours_on(daemon: Daemon, seed: u8, installation: Value) -> Party {
    let params =
        json!({"account": "me", "privateKey": hex(&[seed; 32]), "installationId": installation});
    let info = daemon.ok("account_import", params);
    Party {
        daemon,
        key: text(&info["publicKey"]),
        installation: text(&info["installationId"]),
    }
}

/// Imports a bundle; the answer.
pub fn import(at: &Party, bundle: &str) -> Value {
    at.daemon.ok("bundle_import", json!({"bundle": bundle}))
}

/// Imports the contact code of one of ours at another.
pub fn introduce(of: &Party, to: &Party) {
    let code = text(&of.daemon.ok("bundle_get", json!({}))["contactCode"]);
    import(to, &code);
}

/// One of ours and a device of status-go, shown each other's bundles.
pub fn swap(ours: &Party, theirs: &mut StatusGo) {
    import(ours, &theirs.bundle(now(ours)));
    theirs.meets(ours);
}

/// The whole answer to sending a text to an identity.
pub fn write(from: &Party, to: &str, message: &str) -> Value {
    let params = json!({"recipient": to, "text": message});
    from.daemon.ok("message_encrypt", params)
}

/// The wire message for an identity.
pub fn message_for(sent: &Value, to: &str) -> String {
    let envelopes = list(&sent["envelopes"]).iter();
    let mut of_it = envelopes.filter(|envelope| envelope["recipient"] == to);
    text(&of_it.next().expect("an envelope")["message"])
}

/// How the one device is written to that the answer names.
pub fn target(sent: &Value) -> Value {
    let targets = &sent["envelopes"][0]["targets"];
    assert_eq!(list(targets).len(), 1, "{sent}");
    targets[0].clone()
}

/// How this device is written to.
pub fn target_of(sent: &Value, installation: &str) -> Value {
    let targets = list(&sent["envelopes"][0]["targets"]).iter();
    let mut of_it = targets.filter(|target| target["installationId"] == installation);
    of_it.next().unwrap_or(&Value::Null).clone()
}

/// The devices that were left out, each with the reason.
pub fn skipped(sent: &Value) -> Vec<(String, String)> {
    let skipped = list(&sent["skipped"]).iter();
    skipped
        .map(|skipped| (text(&skipped["installationId"]), text(&skipped["reason"])))
        .collect()
}

/// One of ours writes to the identity of a device of status-go, which reads it at once; the answer
/// to sending it.
pub fn says(from: &Party, to: &mut StatusGo, message: &str) -> Value {
    let sent = write(from, &to.key, message);
    assert_eq!(to.reads(from, &message_for(&sent, &to.key)), message);
    sent
}

/// A device of status-go writes to one of ours, which reads it at once; what was read.
pub fn hears(at: &Party, from: &mut StatusGo, message: &str) -> Value {
    let wire = from.writes(at, message);
    let read = receive(at, &from.key, &wire);
    assert_eq!(read["text"], message, "{read}");
    at.confirm(&read);
    read
}

/// The answer to decrypting a wire message of that identity.
pub fn receive(at: &Party, from: &str, message: &str) -> Value {
    let params = json!({"sender": from, "message": message});
    at.daemon.ok("message_decrypt", params)
}

/// The explanation of a wire message of that identity.
pub fn explain(at: &Party, from: &str, message: &str) -> Value {
    let params = json!({"sender": from, "message": message});
    at.daemon.ok("message_explain", params)
}

/// The kinds of the warnings of an answer.
pub fn warnings(answer: &Value) -> Vec<String> {
    let warnings = list(&answer["warnings"]).iter();
    warnings.map(|warning| text(&warning["kind"])).collect()
}

/// What is known of a device; null if it is not known.
pub fn device(at: &Party, of: &str, installation: &str) -> Value {
    let listed = at.daemon.ok("installation_list", json!({"identity": of}));
    let mut known = list(&listed).iter();
    let known = known.find(|device| device["installationId"] == installation);
    known.unwrap_or(&Value::Null).clone()
}

/// The sessions with an identity, newest first.
pub fn sessions(at: &Party, with: &str) -> Vec<Value> {
    let sessions = at.daemon.ok("session_list", json!({"identity": with}));
    list(&sessions).clone()
}

/// The session that messages to an identity go on; null if there is none.
pub fn active(at: &Party, with: &str) -> Value {
    let sessions = sessions(at, with);
    let mut active = sessions.iter();
    let active = active.find(|session| session["standing"] == "active");
    active.map_or(Value::Null, |session| session["sessionId"].clone())
}

/// The sessions with an identity on account of which it is written to by DH.
pub fn blocking(at: &Party, with: &str) -> Vec<Value> {
    let sessions = sessions(at, with).into_iter();
    sessions
        .filter(|session| session["prekeyBlocked"] == true)
        .map(|mut session| session["sessionId"].take())
        .collect()
}

/// The events of one type.
pub fn told(at: &Party, which: &str) -> Vec<Value> {
    let events = at.daemon.ok("event_list", json!({"limit": 1000}));
    let events = list(&events["events"]).iter();
    events
        .filter(|event| event["type"] == which)
        .map(|event| event["data"].clone())
        .collect()
}

/// Runs a command on a data directory; its output.
pub fn ratchetd(command: &str, directory: &Path, arguments: &[&str]) -> String {
    let output = support::ratchetd(command, directory, arguments);
    String::from_utf8(output.stdout).expect("UTF-8")
}
