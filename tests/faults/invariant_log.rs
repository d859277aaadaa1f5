//! The invariant log: what the daemons answered, and what must hold of their later answers. It
//! lives in the test process, so nothing that happens to a daemon changes it.
//!
//! It checks that no ratchet position is used twice, that a message reaches all of its devices or
//! none, that it opens as long as it is not confirmed and never afterwards, and that bundles do not
//! go back.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use crate::support;

/// Confirmed messages that are kept for each device, to be tried again.
const KEPT: usize = 500;

/// What is known of a message at the device that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not read.
    Unread,
    /// Perhaps read: the answer was lost.
    MaybeRead,
    /// Read, not confirmed: it opens again.
    Read,
    /// Perhaps confirmed: the answer was lost.
    MaybeConfirmed,
    /// Confirmed: it never opens again.
    Confirmed,
}

/// A message on its way to one device.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Index of the device that sent it.
    pub from: usize,
    pub text: String,
    pub wire: Arc<str>,
    /// The message id at this device.
    pub message: String,
    pub state: State,
}

/// What the log has to know of a device.
#[derive(Debug)]
pub struct Device {
    pub key: String,
    pub installation: String,
}

/// What happened in a run, and the rules that were broken.
#[derive(Debug, Default)]
pub struct InvariantLog {
    pub devices: Vec<Device>,
    /// Messages that each device has not confirmed.
    pub inboxes: Vec<Vec<Delivery>>,
    /// The last messages that each device has confirmed.
    pub newest_confirmed: Vec<VecDeque<Delivery>>,
    /// How many ratchet messages were made for each device.
    pub addressed: Vec<u64>,
    /// Calls to encrypt that each device answered.
    pub sent: Vec<u64>,
    /// Calls to encrypt that were not answered and may have been carried out.
    pub unanswered: Vec<u64>,
    /// Every ratchet position that left a daemon.
    positions: HashSet<String>,
    /// Every header key and number that was read from the bytes of a message.
    headers: HashSet<String>,
    /// Wire messages whose headers were not read yet.
    pub wires: Vec<Arc<str>>,
    /// When the newest bundle that each device has shown was made.
    bundles: Vec<u64>,
    pub counts: Counts,
    pub violations: Vec<String>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub calls: u64,
    pub lost: u64,
    pub failed: u64,
    /// Failed calls that may have been carried out all the same.
    pub doubtful: u64,
    pub encrypted: u64,
    pub repeated: u64,
    pub decrypted: u64,
    pub duplicates: u64,
    pub confirmed: u64,
    pub resets: u64,
}

impl InvariantLog {
    pub fn new(devices: Vec<Device>) -> Self {
        let count = devices.len();
        Self {
            devices,
            inboxes: vec![Vec::new(); count],
            newest_confirmed: vec![VecDeque::new(); count],
            addressed: vec![0; count],
            sent: vec![0; count],
            unanswered: vec![0; count],
            bundles: vec![0; count],
            ..Self::default()
        }
    }

    /// Notes a broken rule.
    pub fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    /// How many ratchet positions were used.
    pub fn positions(&self) -> usize {
        self.positions.len()
    }

    /// A new message was encrypted: for all targets, each at a ratchet position of its own. It goes
    /// to the inboxes of the target devices.
    pub fn record_encrypted(&mut self, from: usize, to: &str, text: &str, sent: &Value) {
        self.counts.encrypted += 1;
        self.sent[from] += 1;
        if sent["skipped"]
            .as_array()
            .is_none_or(|skipped| !skipped.is_empty())
        {
            self.violation(format!("skipped devices: {}", sent["skipped"]));
        }
        let mut reached = Vec::new();
        for envelope in sent["envelopes"].as_array().unwrap_or(&Vec::new()) {
            let wire: Arc<str> = support::text(&envelope["message"]).into();
            self.wires.push(Arc::clone(&wire));
            for target in envelope["targets"].as_array().unwrap_or(&Vec::new()) {
                let message = support::text(&target["messageId"]);
                if !matches!(target["mode"].as_str(), Some("x3dh" | "ratchet")) {
                    self.violation(format!("not a ratchet message: {target}"));
                }
                if !self.positions.insert(message.clone()) {
                    self.violation(format!("the position {message} was used twice"));
                }
                let device = self.devices.iter().position(|device| {
                    envelope["recipient"] == device.key.as_str()
                        && target["installationId"] == device.installation.as_str()
                });
                let Some(device) = device else {
                    self.violation(format!("an unknown target: {target}"));
                    continue;
                };
                reached.push(device);
                self.addressed[device] += 1;
                self.inboxes[device].push(Delivery {
                    from,
                    text: text.to_owned(),
                    wire: Arc::clone(&wire),
                    message,
                    state: State::Unread,
                });
            }
        }
        reached.sort_unstable();
        let own = &self.devices[from].key;
        let expected: Vec<usize> = (0..self.devices.len())
            .filter(|&other| other != from)
            .filter(|&other| self.devices[other].key == to || self.devices[other].key == *own)
            .collect();
        if reached != expected {
            self.violation(format!("{text:?} reached {reached:?}, not {expected:?}"));
        }
    }

    /// A double ratchet header, as it was read from the bytes: none occurs twice.
    pub fn record_header(&mut self, header: &Value) {
        let position = format!("{} {}", header["key"], header["n"]);
        if header.is_null() || !self.headers.insert(position.clone()) {
            self.violation(format!("two messages have the header {position}"));
        }
    }

    /// An answer to `message_decrypt` for this message; sets its new state.
    pub fn record_decrypted(
        &mut self,
        at: usize,
        delivery: &mut Delivery,
        confirm: bool,
        read: &Value,
    ) {
        let opened = read["outcome"] == "decrypted";
        let duplicate = read["duplicate"] == true;
        let fits = match delivery.state {
            State::Unread => opened && !duplicate,
            State::MaybeRead => opened,
            State::Read => opened && duplicate,
            State::MaybeConfirmed => opened || is_key_gone(read),
            State::Confirmed => is_key_gone(read),
        };
        let right_text = !opened
            || (read["text"] == delivery.text.as_str()
                && read["messageId"] == delivery.message.as_str());
        if !fits || !right_text {
            let outcome = (&read["outcome"], &read["reason"], duplicate);
            self.violation(format!(
                "device {at} is {state:?} on {message} of device {from}, and was told {outcome:?}",
                state = delivery.state,
                message = delivery.message,
                from = delivery.from,
            ));
        }
        if opened {
            self.counts.decrypted += 1;
            self.counts.duplicates += u64::from(duplicate);
        }
        delivery.state = match (opened, confirm) {
            (true, false) => State::Read,
            (true, true) | (false, _) => State::Confirmed,
        };
    }

    /// An answer to `message_confirm` for these messages.
    pub fn record_confirmed(
        &mut self,
        at: usize,
        deliveries: &mut [Delivery],
        confirmed: Option<u64>,
    ) {
        let count = |states: &[State]| {
            deliveries
                .iter()
                .filter(|delivery| states.contains(&delivery.state))
                .count() as u64
        };
        let sure = count(&[State::Read]);
        let possible = sure + count(&[State::MaybeRead, State::MaybeConfirmed]);
        if confirmed.is_none_or(|confirmed| confirmed < sure || confirmed > possible) {
            self.violation(format!(
                "device {at} confirmed {confirmed:?}, not {sure} to {possible}"
            ));
        }
        self.counts.confirmed += confirmed.unwrap_or(0);
        for delivery in deliveries {
            delivery.state = match delivery.state {
                // Unless it was read, there was nothing to confirm.
                State::MaybeRead => State::MaybeConfirmed,
                State::Read => State::Confirmed,
                other => other,
            };
        }
    }

    /// A bundle of this device that was asked for when `before` was its newest.
    pub fn record_bundle(&mut self, of: usize, before: u64, bundle: &Value) {
        let made = bundle["createdAt"].as_u64().unwrap_or(0);
        if made < before {
            self.violation(format!("device {of} went back to an older bundle"));
        }
        self.bundles[of] = self.bundles[of].max(made);
    }

    pub fn newest_bundle(&self, of: usize) -> u64 {
        self.bundles[of]
    }

    /// Puts a message back into its inbox, or, once confirmed, among those to be tried again.
    pub fn put_back(&mut self, at: usize, delivery: Delivery) {
        if delivery.state == State::Confirmed {
            let confirmed = &mut self.newest_confirmed[at];
            if confirmed.len() >= KEPT {
                confirmed.pop_front();
            }
            confirmed.push_back(delivery);
        } else {
            self.inboxes[at].push(delivery);
        }
    }

    /// Checks that the counters of messages to each other device, from `session_list`, rose by the
    /// same number: a call encrypts for all devices or for none. That number.
    pub fn counters_rose_alike(
        &mut self,
        at: usize,
        before: &BTreeMap<String, u64>,
        now: &BTreeMap<String, u64>,
    ) -> u64 {
        let rises: HashMap<&str, u64> = now
            .iter()
            .map(|(device, sent)| (device.as_str(), sent - before.get(device).unwrap_or(&0)))
            .collect();
        let first = rises.values().next().copied().unwrap_or(0);
        if rises.len() + 1 != self.devices.len() || rises.values().any(|rise| *rise != first) {
            self.violation(format!(
                "device {at} reached some devices and not others: {rises:?}"
            ));
        }
        first
    }
}

/// Whether an answer says that the message key was erased. Of chains long past the daemon cannot
/// tell that from a message that was changed.
fn is_key_gone(read: &Value) -> bool {
    read["outcome"] == "undecryptable"
        && matches!(
            read["reason"].as_str(),
            Some("already_read" | "message_key_gone" | "authentication_failed")
        )
}
