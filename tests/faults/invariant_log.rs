//! What was answered, and what has to follow from it: the judge outside the processes.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use crate::support;

/// Confirmed messages remembered of each device.
const KEPT: usize = 500;

/// What is known of a message at the device it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not read.
    Unread,
    /// Read, or not: the answer was lost.
    MaybeRead,
    /// Read, not confirmed: it opens again.
    Read,
    /// Confirmed, or not: the answer was lost.
    MaybeGone,
    /// Confirmed: it never opens again.
    Gone,
}

/// A message under way to one device.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Index of the device that sent it.
    pub from: usize,
    pub text: String,
    pub wire: Arc<str>,
    /// Of this device's copy.
    pub message: String,
    pub state: State,
}

/// A device, as far as judging goes.
#[derive(Debug)]
pub struct Device {
    pub key: String,
    pub installation: String,
}

/// The judge's book.
#[derive(Debug, Default)]
pub struct Ledger {
    pub devices: Vec<Device>,
    /// What waits for each device.
    pub inboxes: Vec<Vec<Mail>>,
    /// What each device has confirmed, the newest of it.
    pub gone: Vec<VecDeque<Mail>>,
    /// Ratchet messages that were made for each device.
    pub addressed: Vec<u64>,
    /// Calls to encrypt that each device answered, and those that were asked for once and not
    /// answered.
    pub sent: Vec<u64>,
    pub unsure: Vec<u64>,
    /// Every ratchet position that left a daemon.
    positions: HashSet<String>,
    /// Every header key and number that was seen in the bytes.
    headers: HashSet<String>,
    /// Wire messages whose bytes have not been looked into.
    pub wires: Vec<Arc<str>>,
    /// Newest bundle each device has shown.
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
    /// Failed in a way that may have been done all the same.
    pub doubtful: u64,
    pub encrypted: u64,
    pub repeated: u64,
    pub decrypted: u64,
    pub duplicates: u64,
    pub confirmed: u64,
    pub resets: u64,
}

impl Ledger {
    pub fn new(devices: Vec<Device>) -> Self {
        let count = devices.len();
        Self {
            devices,
            inboxes: vec![Vec::new(); count],
            gone: vec![VecDeque::new(); count],
            addressed: vec![0; count],
            sent: vec![0; count],
            unsure: vec![0; count],
            bundles: vec![0; count],
            ..Self::default()
        }
    }

    /// Notes that a rule was broken.
    pub fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    /// How many positions left the daemons.
    pub fn positions(&self) -> usize {
        self.positions.len()
    }

    /// A new message was encrypted: all targets, each at a position of its own. What reaches a
    /// device is put before it.
    pub fn encrypted(&mut self, from: usize, to: &str, text: &str, sent: &Value) {
        self.counts.encrypted += 1;
        self.sent[from] += 1;
        if sent["skipped"]
            .as_array()
            .is_none_or(|skipped| !skipped.is_empty())
        {
            self.violation(format!("left out: {}", sent["skipped"]));
        }
        let mut reached = Vec::new();
        for envelope in sent["envelopes"].as_array().unwrap_or(&Vec::new()) {
            let wire: Arc<str> = support::text(&envelope["message"]).into();
            self.wires.push(Arc::clone(&wire));
            for target in envelope["targets"].as_array().unwrap_or(&Vec::new()) {
                let message = support::text(&target["messageId"]);
                if !matches!(target["mode"].as_str(), Some("x3dh" | "ratchet")) {
                    self.violation(format!("no ratchet: {target}"));
                }
                if !self.positions.insert(message.clone()) {
                    self.violation(format!("the position {message} was given twice"));
                }
                let device = self.devices.iter().position(|device| {
                    envelope["recipient"] == device.key.as_str()
                        && target["installationId"] == device.installation.as_str()
                });
                let Some(device) = device else {
                    self.violation(format!("nobody's target: {target}"));
                    continue;
                };
                reached.push(device);
                self.addressed[device] += 1;
                self.inboxes[device].push(Mail {
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

    /// A DR header, as the bytes show it: none comes twice.
    pub fn header(&mut self, header: &Value) {
        let place = format!("{} {}", header["key"], header["n"]);
        if header.is_null() || !self.headers.insert(place.clone()) {
            self.violation(format!("two messages have the header {place}"));
        }
    }

    /// An answer to `message_decrypt` for this mail; its state now.
    pub fn decrypted(&mut self, at: usize, mail: &mut Mail, confirm: bool, read: &Value) {
        let opened = read["outcome"] == "decrypted";
        let duplicate = read["duplicate"] == true;
        let fits = match mail.state {
            State::Unread => opened && !duplicate,
            State::MaybeRead => opened,
            State::Read => opened && duplicate,
            State::MaybeGone => opened || is_gone(read),
            State::Gone => is_gone(read),
        };
        let right_text = !opened
            || (read["text"] == mail.text.as_str() && read["messageId"] == mail.message.as_str());
        if !fits || !right_text {
            let outcome = (&read["outcome"], &read["reason"], duplicate);
            self.violation(format!(
                "device {at} is {state:?} on {message} of device {from}, and was told {outcome:?}",
                state = mail.state,
                message = mail.message,
                from = mail.from,
            ));
        }
        if opened {
            self.counts.decrypted += 1;
            self.counts.duplicates += u64::from(duplicate);
        }
        mail.state = match (opened, confirm) {
            (true, false) => State::Read,
            (true, true) | (false, _) => State::Gone,
        };
    }

    /// An answer to `message_confirm` for these mails.
    pub fn confirmed(&mut self, at: usize, mails: &mut [Mail], confirmed: Option<u64>) {
        let count = |states: &[State]| {
            mails
                .iter()
                .filter(|mail| states.contains(&mail.state))
                .count() as u64
        };
        let sure = count(&[State::Read]);
        let possible = sure + count(&[State::MaybeRead, State::MaybeGone]);
        if confirmed.is_none_or(|confirmed| confirmed < sure || confirmed > possible) {
            self.violation(format!(
                "device {at} confirmed {confirmed:?}, not {sure} to {possible}"
            ));
        }
        self.counts.confirmed += confirmed.unwrap_or(0);
        for mail in mails {
            mail.state = match mail.state {
                // Unless it was read, there was nothing to confirm.
                State::MaybeRead => State::MaybeGone,
                State::Read => State::Gone,
                other => other,
            };
        }
    }

    /// A bundle of this device that was asked for when `before` was its newest.
    pub fn bundle(&mut self, of: usize, before: u64, bundle: &Value) {
        let made = bundle["createdAt"].as_u64().unwrap_or(0);
        if made < before {
            self.violation(format!("device {of} went back to an older bundle"));
        }
        self.bundles[of] = self.bundles[of].max(made);
    }

    pub fn newest_bundle(&self, of: usize) -> u64 {
        self.bundles[of]
    }

    /// Gives a mail back to its inbox, or to those that are done with.
    pub fn put_back(&mut self, at: usize, mail: Mail) {
        if mail.state == State::Gone {
            let gone = &mut self.gone[at];
            if gone.len() >= KEPT {
                gone.pop_front();
            }
            gone.push_back(mail);
        } else {
            self.inboxes[at].push(mail);
        }
    }

    /// How far each of this device's counters to the others has come, as `session_list` tells it. A
    /// call steps all of them or none: they rise alike.
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
            self.violation(format!("device {at} sent some and not others: {rises:?}"));
        }
        first
    }
}

/// Whether an answer says that the key is not there any more. Of chains long past the daemon cannot
/// tell it from a message that was changed.
fn is_gone(read: &Value) -> bool {
    read["outcome"] == "undecryptable"
        && matches!(
            read["reason"].as_str(),
            Some("message_key_gone" | "authentication_failed")
        )
}
