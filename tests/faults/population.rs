//! Two identities of two devices each, on three daemons: a phone each on a daemon of its own, and
//! both tablets as two accounts of a third. The tablets show no ratchet prekey: between them the
//! suite is secp256k1, between the phones x25519.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::{
    host::{Reply, Site},
    invariant_log::{Device, Ledger, Mail, State},
    random::Random,
};
use crate::support::{hex, text};

/// Kills between two resets: a device keeps 64 sessions with another, and what is under way on
/// older ones is lost.
const RESET_EVERY: u64 = 25;

/// One device: an account on a daemon.
pub struct Resident {
    pub account: &'static str,
    pub site: Arc<Site>,
    pub key: String,
    pub installation: String,
}

/// All of them, and what is known of them.
pub struct Town {
    pub sites: Vec<Arc<Site>>,
    pub residents: Vec<Resident>,
    ledger: Mutex<Ledger>,
    /// Counters after everybody had written once.
    first_counters: Mutex<Vec<BTreeMap<String, u64>>>,
    /// What happens to a directory between a kill and the next start.
    away: fn(&mut Random, &Path),
}

/// Account, daemon, and byte that its identity is made of.
const PHONES: [(&str, usize, u8); 2] = [("alice-phone", 0, 1), ("bob-phone", 1, 2)];
const TABLETS: [(&str, usize, u8); 2] = [("alice-tablet", 2, 1), ("bob-tablet", 2, 2)];

impl Town {
    /// Everybody knows everybody, and nothing was said yet.
    pub fn new(sites: [Site; 3], away: fn(&mut Random, &Path)) -> Self {
        let sites = sites.map(Arc::new).to_vec();
        let mut residents = Vec::new();
        for (account, site, identity) in PHONES.into_iter().chain(TABLETS) {
            residents.push(move_in(account, &sites[site], identity));
        }
        for (account, site, identity) in TABLETS {
            let private = hex(&[identity + 8; 32]);
            sites[site].daemon().ok(
                "dev_importPrekey",
                json!({"account": account, "signedPreKeyPrivate": private, "version": 1, "current": true}),
            );
        }
        let devices = residents.iter().map(|resident| Device {
            key: resident.key.clone(),
            installation: resident.installation.clone(),
        });
        let ledger = Ledger::new(devices.collect());
        let town = Self {
            sites,
            residents,
            ledger: Mutex::new(ledger),
            first_counters: Mutex::default(),
            away,
        };
        town.introduce_all();
        town
    }

    fn introduce_all(&self) {
        let everybody = 0..self.residents.len();
        // Twice: what the bundles list has changed when the devices are paired.
        for _ in 0..2 {
            for at in everybody.clone() {
                let bundle = self.ask(at, "bundle_get", json!({}))["contactCode"].take();
                for other in everybody.clone().filter(|other| *other != at) {
                    self.ask(other, "bundle_import", json!({"bundle": bundle}));
                }
            }
            for at in everybody.clone() {
                for other in everybody.clone().filter(|other| *other != at) {
                    if self.residents[other].key == self.residents[at].key {
                        let device = &self.residents[other].installation;
                        self.ask(at, "installation_enable", json!({"installationId": device}));
                    }
                }
            }
        }
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often any of them was killed.
    pub fn kills(&self) -> u64 {
        self.sites.iter().map(|site| site.kills()).sum()
    }

    /// How often any of their disks failed, and how many calls of the system did.
    pub fn faults(&self) -> (u64, u64) {
        let of_sites = self.sites.iter().map(|site| site.faults());
        of_sites.fold((0, 0), |sum, of_site| {
            (sum.0 + of_site.0, sum.1 + of_site.1)
        })
    }

    /// A call to a daemon that nobody kills meanwhile.
    pub fn ask(&self, at: usize, method: &str, mut params: Value) -> Value {
        let resident = &self.residents[at];
        params["account"] = json!(resident.account);
        resident.site.daemon().ok(method, params)
    }

    /// A call that anything may happen to.
    pub fn call(&self, random: &mut Random, at: usize, method: &str, params: &Value) -> Reply {
        let resident = &self.residents[at];
        let mut params = params.clone();
        params["account"] = json!(resident.account);
        let reply = resident.site.call(random, method, &params, self.away);
        let counts = &mut self.ledger().counts;
        counts.calls += 1;
        match reply {
            Reply::Lost | Reply::NotSent => counts.lost += 1,
            Reply::Error(_) => counts.failed += 1,
            Reply::Result(_) => (),
        }
        reply
    }

    /// Whether it is time for `at` to give up its sessions: true of a phone once in so many kills.
    /// A tablet would get a new prekey by it, and that one in full.
    pub fn reset_is_due(&self, at: usize) -> bool {
        let resets = &mut self.ledger().counts.resets;
        let due = at < PHONES.len() && self.kills() / RESET_EVERY > *resets;
        *resets += u64::from(due);
        due
    }

    /// Identity of the other household.
    pub fn friend_of(&self, at: usize) -> &str {
        &self.phone_of_friend(at).key
    }

    /// Phone of the other household.
    pub fn phone_of_friend(&self, at: usize) -> &Resident {
        let own = &self.residents[at].key;
        let friend = self.residents.iter().find(|other| other.key != *own);
        friend.expect("two identities")
    }

    /// Messages `sent` to, or `received` from, each other device so far.
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

    /// Everybody writes once, at the same time as it were: all sessions cross. Counting begins
    /// after that.
    pub fn greet(&self) {
        for at in 0..self.residents.len() {
            let greeting = format!("hello from {at}");
            let params = json!({"recipient": self.friend_of(at), "text": greeting});
            let sent = self.ask(at, "message_encrypt", params);
            let mut ledger = self.ledger();
            ledger.encrypted(at, self.friend_of(at), &greeting, &sent);
            ledger.sent[at] = 0;
        }
        let counters = (0..self.residents.len()).map(|at| self.counters(at, "sent"));
        let counters = counters.collect();
        *self.first_counters.lock().expect("nobody panicked") = counters;
    }

    /// Each device has sent every call to all of its targets or to none; how many calls those were.
    pub fn check_fan_out(&self, at: usize) -> u64 {
        let now = self.counters(at, "sent");
        let first = self.first_counters.lock().expect("nobody panicked")[at].clone();
        self.ledger().counters_rose_alike(at, &first, &now)
    }

    /// Each message for this device was opened, and once.
    pub fn check_received(&self, at: usize) {
        let received: u64 = self.counters(at, "received").values().sum();
        let mut ledger = self.ledger();
        let addressed = ledger.addressed[at];
        if received != addressed {
            ledger.violation(format!("device {at} opened {received} of {addressed}"));
        }
    }

    /// Reads and confirms everything that is there, without any kill.
    pub fn drain(&self, at: usize) {
        loop {
            let Some(mut mail) = self.ledger().inboxes[at].pop() else {
                return;
            };
            let params = json!({"sender": self.residents[mail.from].key, "message": &*mail.wire});
            let read = self.ask(at, "message_decrypt", params);
            self.ledger().decrypted(at, &mut mail, false, &read);
            if mail.state == State::Read {
                let params = json!({"messageIds": [mail.message]});
                let confirmed = self.ask(at, "message_confirm", params)["confirmed"].as_u64();
                let mails = std::slice::from_mut(&mut mail);
                self.ledger().confirmed(at, mails, confirmed);
            }
            self.ledger().put_back(at, mail);
        }
    }

    /// Everybody writes to everybody in turn, and all is read at once.
    pub fn talk(&self, turns: usize) {
        for turn in 0..turns {
            for at in 0..self.residents.len() {
                let said = format!("turn {turn} of {at}");
                let params = json!({"recipient": self.friend_of(at), "text": said});
                let sent = self.ask(at, "message_encrypt", params);
                self.ledger()
                    .encrypted(at, self.friend_of(at), &said, &sent);
                for other in 0..self.residents.len() {
                    self.drain(other);
                }
            }
        }
    }

    /// No daemon took its own store for an older one.
    pub fn check_stores(&self) {
        for site in &self.sites {
            let status = site.daemon().ok("system_status", json!({}));
            for account in status["accounts"].as_array().expect("an array") {
                if !account["rolledBackAt"].is_null() {
                    self.ledger()
                        .violation(format!("taken for an older state: {account}"));
                }
            }
        }
    }

    /// The session that `at` sends to `to` on.
    fn active_session(&self, at: usize, to: usize) -> Option<(String, String)> {
        let params = json!({"identity": self.residents[to].key});
        let sessions = self.ask(at, "session_list", params);
        let sessions = sessions.as_array().expect("an array");
        let active = sessions.iter().find(|session| {
            session["installationId"] == self.residents[to].installation.as_str()
                && session["standing"] == "active"
        })?;
        Some((text(&active["sessionId"]), text(&active["suite"])))
    }

    /// Any two devices are on the same session, and both suites are in use.
    pub fn check_agreement(&self) {
        let mut suites = Vec::new();
        for at in 0..self.residents.len() {
            for other in 0..at {
                let here = self.active_session(at, other);
                let there = self.active_session(other, at);
                if here.is_none() || here != there {
                    let what = format!("{at} is on {here:?} with {other}, which is on {there:?}");
                    self.ledger().violation(what);
                }
                suites.extend(here.map(|(_, suite)| suite));
            }
        }
        suites.sort_unstable();
        suites.dedup();
        if suites != ["secp256k1", "x25519"] {
            let what = format!("the sessions are of {suites:?} alone");
            self.ledger().violation(what);
        }
    }

    /// No message confirmed opens again.
    pub fn check_gone(&self, at: usize) {
        let gone: Vec<Mail> = self.ledger().gone[at].iter().cloned().collect();
        for mut mail in gone {
            let params = json!({"sender": self.residents[mail.from].key, "message": &*mail.wire});
            let read = self.ask(at, "message_decrypt", params);
            self.ledger().decrypted(at, &mut mail, false, &read);
        }
    }

    /// The positions once more, from the bytes alone: no two messages have a header key and number
    /// in common. Looks at the messages since the last time, if they are so many.
    pub fn check_headers(&self, at_least: usize) {
        let wires = {
            let mut ledger = self.ledger();
            if ledger.wires.len() < at_least {
                return;
            }
            std::mem::take(&mut ledger.wires)
        };
        for wire in wires {
            let params = json!({"message": &*wire});
            let message = self.sites[0].look("message_inspect", &params);
            for target in message["targets"].as_array().expect("an array") {
                self.ledger().header(&target["drHeader"]);
            }
        }
    }
}

fn move_in(account: &'static str, site: &Arc<Site>, identity: u8) -> Resident {
    let mut params = json!({"account": account, "privateKey": hex(&[identity; 32])});
    if account.ends_with("tablet") {
        // Without the prefix of the devices that show one.
        params["installationId"] = json!(format!("plain-{account}"));
    }
    let info = site.daemon().ok("account_import", params);
    Resident {
        account,
        site: Arc::clone(site),
        key: text(&info["publicKey"]),
        installation: text(&info["installationId"]),
    }
}
