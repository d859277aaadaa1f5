//! The load of a fault run: callers that encrypt, decrypt, confirm, repeat calls and fetch bundles
//! at random.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use serde_json::{Value, json};

use super::{
    disk::{HINT, IN_DOUBT},
    host::CallOutcome,
    invariant_log::{Delivery, State},
    population::Population,
    random::Random,
};

/// Messages that may wait in one inbox before callers stop writing.
const MAX_WAITING: usize = 40;
/// Answered calls with a request id that a caller keeps, to repeat them.
const MAX_REMEMBERED: usize = 20;

/// One thread that calls for one device.
pub struct Caller<'a> {
    population: &'a Population,
    at: usize,
    random: Random,
    /// Whether the disk may fail.
    failing: bool,
    /// Parameters and answers of calls with a request id.
    answered: Vec<(Value, Value)>,
}

/// Numbers texts and request ids.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl<'a> Caller<'a> {
    pub fn new(population: &'a Population, at: usize, random: Random, failing: bool) -> Self {
        Self {
            population,
            at,
            random,
            failing,
            answered: Vec::new(),
        }
    }

    /// Goes on until it is told to stop.
    pub fn run(&mut self, done: impl Fn() -> bool) {
        while !done() {
            if self.population.reset_is_due(self.at) {
                self.reset();
            }
            self.act();
            self.population.check_headers(1000);
        }
    }

    /// Makes one call, chosen at random.
    pub fn act(&mut self) {
        let crowded = {
            let log = self.population.log();
            log.inboxes.iter().any(|inbox| inbox.len() > MAX_WAITING)
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

    fn call(&mut self, method: &str, params: &Value) -> CallOutcome {
        let answer = self
            .population
            .call(&mut self.random, self.at, method, params);
        let CallOutcome::Error(error) = &answer else {
            return answer;
        };
        if self.failing && error["data"]["kind"] == "store_failed" {
            if error["data"]["hint"]
                .as_str()
                .is_some_and(|hint| hint.starts_with(HINT))
            {
                return answer;
            }
            if error["data"]["hint"] == IN_DOUBT {
                self.population.log().counts.doubtful += 1;
                return CallOutcome::Lost;
            }
        }
        let what = format!("device {at}, {method}: {error}", at = self.at);
        self.population.log().violation(what);
        answer
    }

    fn encrypt(&mut self) {
        let number = NEXT.fetch_add(1, SeqCst);
        let length = self.random.below(1500);
        let text = format!("{number} {}", "x".repeat(length));
        let to = self.population.peer_of(self.at).to_owned();
        let mut params = json!({"recipient": to, "text": text});
        let with_id = self.random.one_in(2);
        if with_id {
            params["requestId"] = json!(format!("request {number}"));
        }
        let mut may_be_done = false;
        loop {
            match self.call("message_encrypt", &params) {
                CallOutcome::Result(sent) => {
                    self.population
                        .log()
                        .record_encrypted(self.at, &to, &text, &sent);
                    if with_id {
                        if self.answered.len() >= MAX_REMEMBERED {
                            self.answered.remove(0);
                        }
                        self.answered.push((params, sent));
                    }
                    return;
                }
                // With a request id the call is repeated until it is answered: it must be carried
                // out once.
                CallOutcome::Lost if with_id => may_be_done = true,
                CallOutcome::Lost => {
                    self.population.log().unanswered[self.at] += 1;
                    return;
                }
                CallOutcome::NotSent | CallOutcome::Error(_) => {
                    // An attempt before this one may have been carried out.
                    self.population.log().unanswered[self.at] += u64::from(may_be_done);
                    return;
                }
            }
        }
    }

    /// Repeats an answered call: the answer is the same.
    fn repeat(&mut self) {
        if self.answered.is_empty() {
            return;
        }
        let which = self.random.below(self.answered.len());
        let (params, sent) = self.answered[which].clone();
        if let CallOutcome::Result(again) = self.call("message_encrypt", &params) {
            let mut log = self.population.log();
            log.counts.repeated += 1;
            if again != sent {
                log.violation(format!("{} was given other bytes", params["requestId"]));
            }
        }
    }

    fn take_delivery(&mut self) -> Option<Delivery> {
        let mut log = self.population.log();
        let inbox = &mut log.inboxes[self.at];
        if inbox.is_empty() {
            return None;
        }
        let which = self.random.below(inbox.len());
        Some(inbox.swap_remove(which))
    }

    fn decrypt(&mut self) {
        let Some(mut delivery) = self.take_delivery() else {
            return;
        };
        let confirm = self.random.one_in(3);
        let sender = &self.population.members[delivery.from].key;
        let params = json!({"sender": sender, "message": &*delivery.wire, "confirm": confirm});
        match self.call("message_decrypt", &params) {
            CallOutcome::Result(read) => {
                self.population
                    .log()
                    .record_decrypted(self.at, &mut delivery, confirm, &read);
            }
            CallOutcome::Lost => {
                delivery.state = match (delivery.state, confirm) {
                    (_, true) => State::MaybeConfirmed,
                    (State::Unread, false) => State::MaybeRead,
                    (state, false) => state,
                }
            }
            CallOutcome::NotSent | CallOutcome::Error(_) => (),
        }
        self.population.log().put_back(self.at, delivery);
    }

    /// Confirms some messages that were read.
    fn confirm(&mut self) {
        let mut deliveries = Vec::new();
        {
            let mut log = self.population.log();
            let inbox = &mut log.inboxes[self.at];
            let most = 1 + self.random.below(4);
            while deliveries.len() < most
                && let Some(which) = inbox
                    .iter()
                    .position(|delivery| matches!(delivery.state, State::Read | State::MaybeRead))
            {
                deliveries.push(inbox.swap_remove(which));
            }
        }
        if deliveries.is_empty() {
            return;
        }
        let ids: Vec<&str> = deliveries
            .iter()
            .map(|delivery| delivery.message.as_str())
            .collect();
        let params = json!({"messageIds": ids});
        match self.call("message_confirm", &params) {
            CallOutcome::Result(result) => {
                let confirmed = result["confirmed"].as_u64();
                self.population
                    .log()
                    .record_confirmed(self.at, &mut deliveries, confirmed);
            }
            CallOutcome::Lost => {
                for delivery in &mut deliveries {
                    delivery.state = State::MaybeConfirmed;
                }
            }
            CallOutcome::NotSent | CallOutcome::Error(_) => (),
        }
        let mut log = self.population.log();
        for delivery in deliveries {
            log.put_back(self.at, delivery);
        }
    }

    /// Tries to read a confirmed message.
    fn read_again(&mut self) {
        let mut delivery = {
            let log = self.population.log();
            let confirmed = &log.newest_confirmed[self.at];
            if confirmed.is_empty() {
                return;
            }
            confirmed[self.random.below(confirmed.len())].clone()
        };
        let sender = &self.population.members[delivery.from].key;
        let params = json!({"sender": sender, "message": &*delivery.wire});
        if let CallOutcome::Result(read) = self.call("message_decrypt", &params) {
            self.population
                .log()
                .record_decrypted(self.at, &mut delivery, false, &read);
        }
    }

    /// Resets the sessions with the peer's phone: the next messages set up new ones. With a tablet,
    /// which has one prekey for good, messages would go by DH.
    fn reset(&mut self) {
        let peer = self.population.phone_of_peer(self.at);
        let params = json!({"identity": peer.key, "installationId": peer.installation});
        self.call("session_reset", &params);
    }

    fn bundle(&mut self) {
        let before = self.population.log().newest_bundle(self.at);
        if let CallOutcome::Result(bundle) = self.call("bundle_get", &json!({})) {
            self.population
                .log()
                .record_bundle(self.at, before, &bundle);
        }
    }
}
