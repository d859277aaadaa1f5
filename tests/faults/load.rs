//! What devices do at the same time, and what becomes of it.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use serde_json::{Value, json};

use super::{
    disk::{HINT, IN_DOUBT},
    host::Reply,
    invariant_log::{Mail, State},
    population::Town,
    random::Random,
};

/// Messages that may wait at one device; more are not written before some are read.
const CROWDED: usize = 40;
/// Answered requests that a writer remembers and asks for again.
const REMEMBERED: usize = 20;

/// One caller of one device.
pub struct Caller<'a> {
    town: &'a Town,
    at: usize,
    random: Random,
    /// Whether the disk may fail.
    failing: bool,
    /// Requests with an id, and their answers.
    answered: Vec<(Value, Value)>,
}

/// Names texts and request ids.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl<'a> Caller<'a> {
    pub fn new(town: &'a Town, at: usize, random: Random, failing: bool) -> Self {
        Self {
            town,
            at,
            random,
            failing,
            answered: Vec::new(),
        }
    }

    /// Goes on until it is told to stop.
    pub fn run(&mut self, done: impl Fn() -> bool) {
        while !done() {
            if self.town.reset_is_due(self.at) {
                self.reset();
            }
            self.act();
            self.town.check_headers(1000);
        }
    }

    /// Does one thing.
    pub fn act(&mut self) {
        let crowded = {
            let ledger = self.town.ledger();
            ledger.inboxes.iter().any(|inbox| inbox.len() > CROWDED)
        };
        match self.random.below(20) {
            0..8 if !crowded => self.encrypt(),
            0..14 => self.decrypt(),
            14..17 => self.confirm(),
            17 => self.repeat(),
            18 => self.read_again(),
            _ => self.bundle(),
        }
    }

    fn call(&mut self, method: &str, params: &Value) -> Reply {
        let reply = self.town.call(&mut self.random, self.at, method, params);
        let Reply::Error(error) = &reply else {
            return reply;
        };
        if self.failing && error["data"]["kind"] == "store_failed" {
            if error["data"]["hint"]
                .as_str()
                .is_some_and(|hint| hint.starts_with(HINT))
            {
                return reply;
            }
            if error["data"]["hint"] == IN_DOUBT {
                self.town.ledger().counts.doubtful += 1;
                return Reply::Lost;
            }
        }
        let what = format!("device {at}, {method}: {error}", at = self.at);
        self.town.ledger().violation(what);
        reply
    }

    fn encrypt(&mut self) {
        let number = NEXT.fetch_add(1, SeqCst);
        let length = self.random.below(1500);
        let text = format!("{number} {}", "x".repeat(length));
        let to = self.town.friend_of(self.at).to_owned();
        let mut params = json!({"recipient": to, "text": text});
        let with_id = self.random.one_in(2);
        if with_id {
            params["requestId"] = json!(format!("request {number}"));
        }
        loop {
            match self.call("message_encrypt", &params) {
                Reply::Result(sent) => {
                    self.town.ledger().encrypted(self.at, &to, &text, &sent);
                    if with_id {
                        if self.answered.len() >= REMEMBERED {
                            self.answered.remove(0);
                        }
                        self.answered.push((params, sent));
                    }
                    return;
                }
                // With an id it is asked for until it is answered: it must not be done a second
                // time.
                Reply::Lost if with_id => (),
                Reply::Lost => {
                    self.town.ledger().unsure[self.at] += 1;
                    return;
                }
                Reply::NotSent | Reply::Error(_) => return,
            }
        }
    }

    /// Asks again for what was answered: the same bytes.
    fn repeat(&mut self) {
        if self.answered.is_empty() {
            return;
        }
        let which = self.random.below(self.answered.len());
        let (params, sent) = self.answered[which].clone();
        if let Reply::Result(again) = self.call("message_encrypt", &params) {
            let mut ledger = self.town.ledger();
            ledger.counts.repeated += 1;
            if again != sent {
                ledger.violation(format!("{} was given other bytes", params["requestId"]));
            }
        }
    }

    fn take_mail(&mut self) -> Option<Mail> {
        let mut ledger = self.town.ledger();
        let inbox = &mut ledger.inboxes[self.at];
        if inbox.is_empty() {
            return None;
        }
        let which = self.random.below(inbox.len());
        Some(inbox.swap_remove(which))
    }

    fn decrypt(&mut self) {
        let Some(mut mail) = self.take_mail() else {
            return;
        };
        let confirm = self.random.one_in(3);
        let sender = &self.town.residents[mail.from].key;
        let params = json!({"sender": sender, "message": &*mail.wire, "confirm": confirm});
        match self.call("message_decrypt", &params) {
            Reply::Result(read) => {
                self.town
                    .ledger()
                    .decrypted(self.at, &mut mail, confirm, &read);
            }
            Reply::Lost => {
                mail.state = match (mail.state, confirm) {
                    (_, true) => State::MaybeGone,
                    (State::Unread, false) => State::MaybeRead,
                    (state, false) => state,
                }
            }
            Reply::NotSent | Reply::Error(_) => (),
        }
        self.town.ledger().put_back(self.at, mail);
    }

    /// Confirms some of those that were read.
    fn confirm(&mut self) {
        let mut mails = Vec::new();
        {
            let mut ledger = self.town.ledger();
            let inbox = &mut ledger.inboxes[self.at];
            let most = 1 + self.random.below(4);
            while mails.len() < most
                && let Some(which) = inbox
                    .iter()
                    .position(|mail| matches!(mail.state, State::Read | State::MaybeRead))
            {
                mails.push(inbox.swap_remove(which));
            }
        }
        if mails.is_empty() {
            return;
        }
        let ids: Vec<&str> = mails.iter().map(|mail| mail.message.as_str()).collect();
        let params = json!({"messageIds": ids});
        match self.call("message_confirm", &params) {
            Reply::Result(result) => {
                let confirmed = result["confirmed"].as_u64();
                self.town.ledger().confirmed(self.at, &mut mails, confirmed);
            }
            Reply::Lost => {
                for mail in &mut mails {
                    mail.state = State::MaybeGone;
                }
            }
            Reply::NotSent | Reply::Error(_) => (),
        }
        let mut ledger = self.town.ledger();
        for mail in mails {
            ledger.put_back(self.at, mail);
        }
    }

    /// Tries one that was confirmed.
    fn read_again(&mut self) {
        let mut mail = {
            let ledger = self.town.ledger();
            let gone = &ledger.gone[self.at];
            if gone.is_empty() {
                return;
            }
            gone[self.random.below(gone.len())].clone()
        };
        let sender = &self.town.residents[mail.from].key;
        let params = json!({"sender": sender, "message": &*mail.wire});
        if let Reply::Result(read) = self.call("message_decrypt", &params) {
            self.town
                .ledger()
                .decrypted(self.at, &mut mail, false, &read);
        }
    }

    /// Gives up the sessions with its friend's phone: the next messages set up others. With a
    /// tablet it would go on by DH, since that has one prekey for good.
    fn reset(&mut self) {
        let friend = self.town.phone_of_friend(self.at);
        let params = json!({"identity": friend.key, "installationId": friend.installation});
        self.call("session_reset", &params);
    }

    fn bundle(&mut self) {
        let before = self.town.ledger().newest_bundle(self.at);
        if let Reply::Result(bundle) = self.call("bundle_get", &json!({})) {
            self.town.ledger().bundle(self.at, before, &bundle);
        }
    }
}
