//! The world in the words of a scenario: devices by their names.

use std::time::Duration;

use super::{
    Fate, Home, World,
    effects::{Damage, Handing},
};
use crate::{
    model::{Outcome, Standing},
    store::StoreRead as _,
};

/// This many hours.
#[must_use]
pub fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 60 * 60)
}

/// This many days.
#[must_use]
pub fn days(count: u64) -> Duration {
    hours(count * 24)
}

impl<H: Home> World<H> {
    /// The device sends a text to an identity. What it sends is on the way then.
    pub fn send(&mut self, from: &str, to: &str, text: &str) {
        let (from, to) = (self.slot(from), self.identity(to));
        self.send_from(from, to, text, Fate::Answers);
    }

    /// The device's process dies while it sends: nothing leaves it.
    pub fn die_sending(&mut self, from: &str, to: &str, text: &str, fate: Fate) {
        let (from, to) = (self.slot(from), self.identity(to));
        self.send_from(from, to, text, fate);
    }

    /// The device advertises its bundle to an identity.
    pub fn advertise(&mut self, from: &str, to: &str) {
        let (from, to) = (self.slot(from), self.identity(to));
        self.advertise_from(from, to);
    }

    /// Everything on the way arrives, replies included, in the order it was sent.
    pub fn deliver_all(&mut self) {
        while let Some(at) = (0..self.devices.len()).find(|at| self.any_for(*at)) {
            self.deliver_from(at, 0, Handing::PLAIN);
        }
    }

    /// Everything on the way to this device arrives, in the order it was sent; the texts it could read.
    pub fn deliver(&mut self, at: &str) -> Vec<String> {
        let at = self.slot(at);
        let before = self.devices[at].texts.len();
        let waiting = self.devices[at].in_flight.len();
        for _ in 0..waiting {
            self.deliver_from(at, 0, Handing::PLAIN);
        }
        self.devices[at].texts[before..].to_vec()
    }

    /// The oldest parcel on the way to this device arrives; what became of it.
    pub fn deliver_next(&mut self, at: &str) -> Option<Outcome> {
        let at = self.slot(at);
        let received = self.deliver_from(at, 0, Handing::PLAIN)?;
        Some(received.outcome)
    }

    /// The oldest parcel on the way to this device arrives and is not confirmed; it stays on the way.
    pub fn deliver_unconfirmed(&mut self, at: &str, fate: Fate) {
        let at = self.slot(at);
        let parcel = std::rc::Rc::clone(&self.devices[at].in_flight[0]);
        let handing = Handing {
            confirm: false,
            fate,
            damage: Damage::None,
        };
        self.hand(at, &parcel, handing);
    }

    /// The frontend of the device confirms what it has read.
    pub fn confirm(&mut self, at: &str) {
        self.confirm_at(self.slot(at));
    }

    /// The network loses everything on the way to this device.
    pub fn lose(&mut self, at: &str) {
        let at = self.slot(at);
        self.devices[at].in_flight.clear();
    }

    /// The network withholds what is on the way to this device; to be given back by [`Self::release`].
    pub fn withhold(&mut self, at: &str) -> Withheld {
        let at = self.slot(at);
        Withheld(std::mem::take(&mut self.devices[at].in_flight))
    }

    /// What was withheld is on the way again, after everything else.
    pub fn release(&mut self, at: &str, mut withheld: Withheld) {
        let at = self.slot(at);
        self.devices[at].in_flight.append(&mut withheld.0);
    }

    /// True time passes for all.
    pub fn later(&mut self, span: Duration) {
        self.pass(span);
    }

    /// The device's clock jumps ahead.
    pub fn clock_ahead(&mut self, at: &str, by: Duration) {
        self.jump_at(self.slot(at), by, true);
    }

    /// The device's clock jumps back.
    pub fn clock_back(&mut self, at: &str, by: Duration) {
        self.jump_at(self.slot(at), by, false);
    }

    /// The device is off until it has something to do.
    pub fn turn_off(&mut self, at: &str) {
        let at = self.slot(at);
        self.devices[at].turn_off(self.now);
    }

    /// The device's process ends and a new one starts.
    pub fn restart(&mut self, at: &str) {
        self.restart_at(self.slot(at));
    }

    /// The device loses its state and starts over, as a new device of the same identity.
    pub fn lose_state(&mut self, at: &str) {
        self.start_over_at(self.slot(at));
    }

    /// The user of the device starts over with an identity.
    pub fn reset(&mut self, at: &str, with: &str) {
        self.reset_at(self.slot(at), self.identity(with));
    }

    /// Whether `at` knows so old a version of `of` that it does not believe the present one (protocol §3, jump rule).
    #[must_use]
    pub fn doubts(&self, at: &str, of: &str) -> bool {
        self.devices[self.slot(at)].may_doubt(&self.devices[self.slot(of)])
    }

    /// The device gets the contact code that the other shows now.
    pub fn import(&mut self, at: &str, of: &str) {
        self.import_at(self.slot(at), self.slot(of), 0);
    }

    /// The device gets a contact code of the other that is `age` bundles old.
    pub fn import_old(&mut self, at: &str, of: &str, age: usize) {
        self.import_at(self.slot(at), self.slot(of), age);
    }

    /// Two devices of one identity get to know and enable each other (spec 4.1).
    pub fn pair(&mut self, one: &str, other: &str) {
        for (at, of) in [(one, other), (other, one)] {
            self.import(at, of);
            self.pair_at(self.slot(at), self.slot(of), true);
        }
    }

    /// Everybody gets everybody's contact code, and the devices of one identity are paired.
    pub fn introduce(&mut self) {
        for at in 0..self.devices.len() {
            for of in (0..self.devices.len()).filter(|of| *of != at) {
                self.import_at(at, of, 0);
                if self.devices[at].identity == self.devices[of].identity {
                    self.pair_at(at, of, true);
                }
            }
        }
    }

    /// What the device's frontend shows, in the order it was read.
    #[must_use]
    pub fn texts(&self, at: &str) -> &[String] {
        &self.devices[self.slot(at)].texts
    }

    /// Parcels on the way to this device.
    #[must_use]
    pub fn on_the_way(&self, at: &str) -> usize {
        self.devices[self.slot(at)].in_flight.len()
    }

    /// How many sessions of what standing the device has with the identity: active, superseded, expired.
    #[must_use]
    pub fn sessions(&self, at: &str, with: &str) -> [usize; 3] {
        let key = self.key_of(self.identity(with));
        let store = self.devices[self.slot(at)].store();
        let mut counts = [0; 3];
        for session in store.sessions(Some(&key)).expect("read") {
            counts[match session.standing {
                Standing::Active => 0,
                Standing::Superseded { .. } => 1,
                Standing::Expired { .. } => 2,
            }] += 1;
        }
        counts
    }

    fn any_for(&self, at: usize) -> bool {
        !self.devices[at].in_flight.is_empty()
    }

    fn identity(&self, name: &str) -> usize {
        self.identities
            .iter()
            .position(|known| known == name)
            .unwrap_or_else(|| panic!("no identity {name}"))
    }
}

/// Parcels that the network holds back.
#[derive(Debug)]
pub struct Withheld(Vec<super::sent_message::Parcel>);
