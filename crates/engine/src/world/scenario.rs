//! The world in the words of a scenario: devices by their names.

use std::time::Duration;

use super::{
    CrashPoint, Disks, World,
    effects::{DeliveryOptions, Tampering},
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

impl<H: Disks> World<H> {
    /// The device sends a text to an identity. What it sends is on the way then.
    pub fn send(&mut self, from: &str, to: &str, text: &str) {
        let (from, to) = (self.index_of(from), self.identity(to));
        self.send_from(from, to, text, CrashPoint::Never);
    }

    /// The device's process dies while it sends: nothing leaves it.
    pub fn crash_sending(&mut self, from: &str, to: &str, text: &str, crash: CrashPoint) {
        let (from, to) = (self.index_of(from), self.identity(to));
        self.send_from(from, to, text, crash);
    }

    /// The device advertises its bundle to an identity.
    pub fn advertise(&mut self, from: &str, to: &str) {
        let (from, to) = (self.index_of(from), self.identity(to));
        self.advertise_from(from, to);
    }

    /// Everything on the way arrives, replies included, in the order it was sent.
    pub fn deliver_all(&mut self) {
        while let Some(at) = (0..self.devices.len()).find(|at| self.any_for(*at)) {
            self.deliver_nth(at, 0, DeliveryOptions::DEFAULT);
        }
    }

    /// Everything on the way to this device arrives, in the order it was sent; the texts it could read.
    pub fn deliver(&mut self, at: &str) -> Vec<String> {
        let at = self.index_of(at);
        let before = self.devices[at].texts.len();
        let waiting = self.devices[at].in_flight.len();
        for _ in 0..waiting {
            self.deliver_nth(at, 0, DeliveryOptions::DEFAULT);
        }
        self.devices[at].texts[before..].to_vec()
    }

    /// The oldest parcel on the way to this device arrives; what became of it.
    pub fn deliver_next(&mut self, at: &str) -> Option<Outcome> {
        let at = self.index_of(at);
        let received = self.deliver_nth(at, 0, DeliveryOptions::DEFAULT)?;
        Some(received.outcome)
    }

    /// The oldest parcel on the way to this device arrives and is not confirmed; it stays on the way.
    pub fn deliver_unconfirmed(&mut self, at: &str, crash: CrashPoint) {
        let at = self.index_of(at);
        let parcel = std::rc::Rc::clone(&self.devices[at].in_flight[0]);
        let options = DeliveryOptions {
            confirm: false,
            crash,
            tampering: Tampering::None,
        };
        self.receive_at(at, &parcel, options);
    }

    /// The frontend of the device confirms what it has read.
    pub fn confirm(&mut self, at: &str) {
        self.confirm_at(self.index_of(at));
    }

    /// The network loses everything on the way to this device.
    pub fn lose(&mut self, at: &str) {
        let at = self.index_of(at);
        self.devices[at].in_flight.clear();
    }

    /// The network withholds what is on the way to this device; to be given back by [`Self::release`].
    pub fn withhold(&mut self, at: &str) -> Withheld {
        let at = self.index_of(at);
        Withheld(std::mem::take(&mut self.devices[at].in_flight))
    }

    /// What was withheld is on the way again, after everything else.
    pub fn release(&mut self, at: &str, mut withheld: Withheld) {
        let at = self.index_of(at);
        self.devices[at].in_flight.append(&mut withheld.0);
    }

    /// True time passes for all.
    pub fn later(&mut self, span: Duration) {
        self.advance(span);
    }

    /// The device's clock jumps ahead.
    pub fn clock_ahead(&mut self, at: &str, by: Duration) {
        self.jump_at(self.index_of(at), by, true);
    }

    /// The device's clock jumps back.
    pub fn clock_back(&mut self, at: &str, by: Duration) {
        self.jump_at(self.index_of(at), by, false);
    }

    /// The device is off until it has something to do.
    pub fn turn_off(&mut self, at: &str) {
        let at = self.index_of(at);
        self.devices[at].turn_off(self.now);
    }

    /// The device's process ends and a new one starts.
    pub fn restart(&mut self, at: &str) {
        self.restart_at(self.index_of(at));
    }

    /// The device loses its state and starts over, as a new device of the same identity.
    pub fn reinstall(&mut self, at: &str) {
        self.reinstall_at(self.index_of(at));
    }

    /// The user of the device starts over with an identity.
    pub fn reset(&mut self, at: &str, with: &str) {
        self.reset_at(self.index_of(at), self.identity(with));
    }

    /// Whether `at` knows so old a version of `of` that it does not believe the present one (protocol §3, jump rule).
    #[must_use]
    pub fn rejects_bundle_of(&self, at: &str, of: &str) -> bool {
        self.devices[self.index_of(at)].may_reject_bundle_of(&self.devices[self.index_of(of)])
    }

    /// The device gets the contact code that the other shows now.
    pub fn import(&mut self, at: &str, of: &str) {
        self.import_at(self.index_of(at), self.index_of(of), 0);
    }

    /// The device gets a contact code of the other that is `age` bundles old.
    pub fn import_old(&mut self, at: &str, of: &str, age: usize) {
        self.import_at(self.index_of(at), self.index_of(of), age);
    }

    /// Two devices of one identity get to know and enable each other (spec 4.1).
    pub fn pair(&mut self, one: &str, other: &str) {
        for (at, of) in [(one, other), (other, one)] {
            self.import(at, of);
            self.pair_at(self.index_of(at), self.index_of(of), true);
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
        &self.devices[self.index_of(at)].texts
    }

    /// Parcels on the way to this device.
    #[must_use]
    pub fn on_the_way(&self, at: &str) -> usize {
        self.devices[self.index_of(at)].in_flight.len()
    }

    /// How many sessions of what standing the device has with the identity: active, superseded, expired.
    #[must_use]
    pub fn sessions(&self, at: &str, with: &str) -> [usize; 3] {
        let key = self.key_of(self.identity(with));
        let store = self.devices[self.index_of(at)].store();
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
