//! The population of a fault run: two identities of two devices each. On three daemons each phone
//! has one of its own, and both tablets are accounts of the third; or all are accounts of one. The
//! tablets show no ratchet prekey: between them the suite is secp256k1, between the phones x25519.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::{
    host::{CallOutcome, Host},
    invariant_log::{Delivery, Device, InvariantLog, State},
    random::Random,
};
use crate::support::{hex, text};

/// Kills between two session resets. A device keeps 64 sessions with another, and messages that are
/// under way on older ones are lost.
const RESET_EVERY: u64 = 25;

/// A device: an account on a daemon.
pub struct Member {
    pub account: &'static str,
    pub host: Arc<Host>,
    pub key: String,
    pub installation: String,
}

/// All devices, their daemons, and the log of what they did.
pub struct Population {
    pub hosts: Vec<Arc<Host>>,
    pub members: Vec<Member>,
    log: Mutex<InvariantLog>,
    /// Counters after everyone has sent a first message.
    first_counters: Mutex<Vec<BTreeMap<String, u64>>>,
    /// What is done to a data directory between a kill and the next start.
    while_down: fn(&mut Random, &Path),
}

/// Account, which of three daemons it is on, and byte that its identity is made of.
type Accounts = [(&'static str, usize, u8); 4];

/// Phones first. Those of a second population may be on the same daemon as the first.
const PHONES: usize = 2;
const FIRST: Accounts = [
    ("alice-phone", 0, 1),
    ("bob-phone", 1, 2),
    ("alice-tablet", 2, 1),
    ("bob-tablet", 2, 2),
];
const SECOND: Accounts = [
    ("carol-phone", 0, 3),
    ("dave-phone", 1, 4),
    ("carol-tablet", 2, 3),
    ("dave-tablet", 2, 4),
];

impl Population {
    /// Four devices on three daemons.
    pub fn spread(hosts: [Host; 3], while_down: fn(&mut Random, &Path)) -> Self {
        Self::new(hosts.map(Arc::new).to_vec(), FIRST, while_down)
    }

    /// Two populations of four devices, all of them accounts of one daemon.
    pub fn crowded(host: Host, while_down: fn(&mut Random, &Path)) -> [Self; 2] {
        let host = Arc::new(host);
        [FIRST, SECOND].map(|accounts| Self::new(vec![Arc::clone(&host)], accounts, while_down))
    }

    /// All devices have each other's bundles; no message was sent yet.
    fn new(hosts: Vec<Arc<Host>>, accounts: Accounts, while_down: fn(&mut Random, &Path)) -> Self {
        let mut members = Vec::new();
        for (account, host, identity) in accounts {
            members.push(create_member(account, &hosts[host % hosts.len()], identity));
        }
        for (member, (account, _, identity)) in members.iter().zip(accounts).skip(PHONES) {
            let private = hex(&[identity + 8; 32]);
            member.host.daemon().ok(
                "dev_importPrekey",
                json!({"account": account, "signedPreKeyPrivate": private, "version": 1, "current": true}),
            );
        }
        let devices = members.iter().map(|member| Device {
            key: member.key.clone(),
            installation: member.installation.clone(),
        });
        let log = InvariantLog::new(devices.collect());
        let population = Self {
            hosts,
            members,
            log: Mutex::new(log),
            first_counters: Mutex::default(),
            while_down,
        };
        population.introduce_all();
        population
    }

    fn introduce_all(&self) {
        let everyone = 0..self.members.len();
        // Twice: once the devices are paired, their bundles list each other.
        for _ in 0..2 {
            for at in everyone.clone() {
                let bundle = self.ask(at, "bundle_get", json!({}))["contactCode"].take();
                for other in everyone.clone().filter(|other| *other != at) {
                    self.ask(other, "bundle_import", json!({"bundle": bundle}));
                }
            }
            for at in everyone.clone() {
                for other in everyone.clone().filter(|other| *other != at) {
                    if self.members[other].key == self.members[at].key {
                        let device = &self.members[other].installation;
                        self.ask(at, "installation_enable", json!({"installationId": device}));
                    }
                }
            }
        }
    }

    pub fn log(&self) -> MutexGuard<'_, InvariantLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the daemons were killed, together.
    pub fn kills(&self) -> u64 {
        self.hosts.iter().map(|host| host.kills()).sum()
    }

    /// How often their disks failed, and how many system calls did, together.
    pub fn faults(&self) -> (u64, u64) {
        let of_hosts = self.hosts.iter().map(|host| host.faults());
        of_hosts.fold((0, 0), |sum, of_host| {
            (sum.0 + of_host.0, sum.1 + of_host.1)
        })
    }

    /// A call to a daemon that is not killed meanwhile.
    pub fn ask(&self, at: usize, method: &str, mut params: Value) -> Value {
        let member = &self.members[at];
        params["account"] = json!(member.account);
        member.host.daemon().ok(method, params)
    }

    /// A call during which the daemon may be killed and its disk may fail.
    pub fn call(
        &self,
        random: &mut Random,
        at: usize,
        method: &str,
        params: &Value,
    ) -> CallOutcome {
        let member = &self.members[at];
        let mut params = params.clone();
        params["account"] = json!(member.account);
        let answer = member.host.call(random, method, &params, self.while_down);
        let counts = &mut self.log().counts;
        counts.calls += 1;
        match answer {
            CallOutcome::Lost | CallOutcome::NotSent => counts.lost += 1,
            CallOutcome::Error(_) => counts.failed += 1,
            CallOutcome::Result(_) => (),
        }
        answer
    }

    /// Whether it is time for `at` to reset its sessions: for a phone once in [`RESET_EVERY`]
    /// kills, for a tablet never, since that would give it a prekey with a ratchet prekey.
    pub fn reset_is_due(&self, at: usize) -> bool {
        let resets = &mut self.log().counts.resets;
        let due = at < PHONES && self.kills() / RESET_EVERY > *resets;
        *resets += u64::from(due);
        due
    }

    /// Public key of the other identity.
    pub fn peer_of(&self, at: usize) -> &str {
        &self.phone_of_peer(at).key
    }

    /// The phone of the other identity.
    pub fn phone_of_peer(&self, at: usize) -> &Member {
        let own = &self.members[at].key;
        let peer = self.members.iter().find(|other| other.key != *own);
        peer.expect("two identities")
    }

    /// How many messages were `sent` to, or `received` from, each other device so far.
    pub fn counters(&self, at: usize, which: &str) -> BTreeMap<String, u64> {
        let mut counters = BTreeMap::new();
        let sessions = self.ask(at, "session_list", json!({}));
        for session in sessions.as_array().expect("an array") {
            let device = session["installationId"].as_str().unwrap_or("unknown");
            *counters.entry(device.to_owned()).or_default() +=
                session[which].as_u64().expect("a number");
        }
        counters
    }

    /// Every device sends a message before it has read any, so that all sessions cross. Counting
    /// begins after that.
    pub fn send_first_messages(&self) {
        for at in 0..self.members.len() {
            let greeting = format!("hello from {at}");
            let params = json!({"recipient": self.peer_of(at), "text": greeting});
            let sent = self.ask(at, "message_encrypt", params);
            let mut log = self.log();
            log.record_encrypted(at, self.peer_of(at), &greeting, &sent);
            log.sent[at] = 0;
        }
        let counters = (0..self.members.len()).map(|at| self.counters(at, "sent"));
        let counters = counters.collect();
        *self.first_counters.lock().expect("nobody panicked") = counters;
    }

    /// Each call of the device has encrypted for all of its targets or for none; how many calls
    /// that were.
    pub fn check_fan_out(&self, at: usize) -> u64 {
        let now = self.counters(at, "sent");
        let first = self.first_counters.lock().expect("nobody panicked")[at].clone();
        self.log().counters_rose_alike(at, &first, &now)
    }

    /// Each message for this device was opened, and once only.
    pub fn check_received(&self, at: usize) {
        let received: u64 = self.counters(at, "received").values().sum();
        let mut log = self.log();
        let addressed = log.addressed[at];
        if received != addressed {
            log.violation(format!("device {at} opened {received} of {addressed}"));
        }
    }

    /// Reads and confirms all messages of the inbox, without kills.
    pub fn read_all(&self, at: usize) {
        loop {
            let Some(mut delivery) = self.log().inboxes[at].pop() else {
                return;
            };
            let params =
                json!({"sender": self.members[delivery.from].key, "message": &*delivery.wire});
            let read = self.ask(at, "message_decrypt", params);
            self.log().record_decrypted(at, &mut delivery, false, &read);
            if delivery.state == State::Read {
                let params = json!({"messageIds": [delivery.message]});
                let confirmed = self.ask(at, "message_confirm", params)["confirmed"].as_u64();
                let deliveries = std::slice::from_mut(&mut delivery);
                self.log().record_confirmed(at, deliveries, confirmed);
            }
            self.log().put_back(at, delivery);
        }
    }

    /// Every device writes in turn, and all read each message at once.
    pub fn converse(&self, turns: usize) {
        for turn in 0..turns {
            for at in 0..self.members.len() {
                let said = format!("turn {turn} of {at}");
                let params = json!({"recipient": self.peer_of(at), "text": said});
                let sent = self.ask(at, "message_encrypt", params);
                self.log()
                    .record_encrypted(at, self.peer_of(at), &said, &sent);
                for other in 0..self.members.len() {
                    self.read_all(other);
                }
            }
        }
    }

    /// No daemon took its own store for an older state of it.
    pub fn check_stores(&self) {
        for host in &self.hosts {
            for account in host.daemon().account_statuses() {
                if !account["rolledBackAt"].is_null() {
                    self.log()
                        .violation(format!("taken for an older state: {account}"));
                }
            }
        }
    }

    /// Id and suite of the session on which `at` sends to `to`.
    fn active_session(&self, at: usize, to: usize) -> Option<(String, String)> {
        let params = json!({"identity": self.members[to].key});
        let sessions = self.ask(at, "session_list", params);
        let sessions = sessions.as_array().expect("an array");
        let active = sessions.iter().find(|session| {
            session["installationId"] == self.members[to].installation.as_str()
                && session["standing"] == "active"
        })?;
        Some((text(&active["sessionId"]), text(&active["suite"])))
    }

    /// Any two devices send on the same session. Some are of status-go's suite, and some
    /// post-quantum; two that have hardly written to each other may be on x25519 still.
    pub fn check_agreement(&self) {
        let mut suites = Vec::new();
        for at in 0..self.members.len() {
            for other in 0..at {
                let here = self.active_session(at, other);
                let there = self.active_session(other, at);
                if here.is_none() || here != there {
                    let what = format!("{at} is on {here:?} with {other}, which is on {there:?}");
                    self.log().violation(what);
                }
                suites.extend(here.map(|(_, suite)| suite));
            }
        }
        suites.sort_unstable();
        suites.dedup();
        let used = |suite: &str| suites.iter().any(|used| used == suite);
        if !used("secp256k1") || !used("x25519-mlkem768") {
            let what = format!("the sessions are of {suites:?} alone");
            self.log().violation(what);
        }
    }

    /// No confirmed message opens again.
    pub fn check_confirmed(&self, at: usize) {
        let confirmed: Vec<Delivery> = self.log().newest_confirmed[at].iter().cloned().collect();
        for mut delivery in confirmed {
            let params =
                json!({"sender": self.members[delivery.from].key, "message": &*delivery.wire});
            let read = self.ask(at, "message_decrypt", params);
            self.log().record_decrypted(at, &mut delivery, false, &read);
        }
    }

    /// The ratchet positions once more, from the bytes alone: no two messages share header key and
    /// number. Reads the messages since the last check, if they are `at_least` this many.
    pub fn check_headers(&self, at_least: usize) {
        let wires = {
            let mut log = self.log();
            if log.wires.len() < at_least {
                return;
            }
            std::mem::take(&mut log.wires)
        };
        for wire in wires {
            let params = json!({"message": &*wire});
            let message = self.hosts[0].ask_until_answered("message_inspect", &params);
            for target in message["targets"].as_array().expect("an array") {
                self.log().record_header(&target["drHeader"]);
            }
        }
    }
}

fn create_member(account: &'static str, host: &Arc<Host>, identity: u8) -> Member {
    let mut params = json!({"account": account, "privateKey": hex(&[identity; 32])});
    if account.ends_with("tablet") {
        // Without the prefix of the devices that show one.
        params["installationId"] = json!(format!("plain-{account}"));
    }
    let info = host.daemon().ok("account_import", params);
    Member {
        account,
        host: Arc::clone(host),
        key: text(&info["publicKey"]),
        installation: text(&info["installationId"]),
    }
}
