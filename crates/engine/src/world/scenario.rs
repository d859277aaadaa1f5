//! The interface that scenarios use: devices and identities by their names.

use std::time::Duration;

use super::{CrashPoint, Disks, World, effects::DeliveryOptions};

/// A span of hours.
#[must_use]
pub fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 60 * 60)
}

/// A span of days.
#[must_use]
pub fn days(count: u64) -> Duration {
    hours(count * 24)
}

impl<H: Disks> World<H> {
    /// The device sends a text to an identity; the message is in flight then.
    pub fn send(&mut self, from: &str, to: &str, text: &str) {
        let (from, to) = (self.index_of(from), self.identity(to));
        self.send_from(from, to, text, CrashPoint::Never);
    }

    /// The device's process crashes while it sends: nothing leaves it.
    pub fn crash_sending(&mut self, from: &str, to: &str, text: &str, crash: CrashPoint) {
        let (from, to) = (self.index_of(from), self.identity(to));
        self.send_from(from, to, text, crash);
    }

    /// Delivers everything in flight, and the replies to it, in the order it was sent.
    pub fn deliver_all(&mut self) {
        while let Some(at) = (0..self.devices.len()).find(|at| self.any_for(*at)) {
            self.deliver_nth(at, 0);
        }
    }

    /// Delivers everything in flight to this device, in the order it was sent; the texts it could
    /// read.
    pub fn deliver(&mut self, at: &str) -> Vec<String> {
        let at = self.index_of(at);
        let before = self.devices[at].texts.len();
        let waiting = self.devices[at].in_flight.len();
        for _ in 0..waiting {
            self.deliver_nth(at, 0);
        }
        self.devices[at].texts[before..].to_vec()
    }

    /// Delivers a copy of the oldest message in flight to this device without confirming it; the
    /// message stays in flight.
    pub fn deliver_unconfirmed(&mut self, at: &str, crash: CrashPoint) {
        let at = self.index_of(at);
        let sent = std::rc::Rc::clone(&self.devices[at].in_flight[0]);
        self.receive_at(at, &sent, DeliveryOptions::intact(false, crash));
    }

    /// The network loses everything in flight to this device.
    pub fn lose(&mut self, at: &str) {
        let at = self.index_of(at);
        self.devices[at].in_flight.clear();
    }

    /// The device's clock jumps ahead.
    pub fn clock_ahead(&mut self, at: &str, by: Duration) {
        self.jump_at(self.index_of(at), by, true);
    }

    /// The device's clock jumps back.
    pub fn clock_back(&mut self, at: &str, by: Duration) {
        self.jump_at(self.index_of(at), by, false);
    }

    /// The device is turned off. The next call that involves it turns it on again.
    pub fn turn_off(&mut self, at: &str) {
        let at = self.index_of(at);
        self.devices[at].turn_off(self.now);
    }

    /// The device loses its state and is set up again under a new id.
    pub fn reinstall(&mut self, at: &str) {
        self.reinstall_at(self.index_of(at));
    }

    /// The user of the device resets the sessions with an identity.
    pub fn reset(&mut self, at: &str, with: &str) {
        self.reset_at(self.index_of(at), self.identity(with));
    }

    /// Whether `at` may reject the current bundle of `of`, because its version is too far ahead of
    /// the known one (protocol §3, jump rule).
    #[must_use]
    pub fn rejects_bundle_of(&self, at: &str, of: &str) -> bool {
        self.devices[self.index_of(at)].may_reject_bundle_of(&self.devices[self.index_of(of)])
    }

    /// The device imports the other one's current contact code.
    pub fn import(&mut self, at: &str, of: &str) {
        self.import_at(self.index_of(at), self.index_of(of), 0);
    }

    /// The device imports the other one's current contact code with the KEM prekeys.
    pub fn import_full(&mut self, at: &str, of: &str) {
        self.import_full_at(self.index_of(at), self.index_of(of));
    }

    /// All devices import each other's full contact codes.
    pub fn introduce_fully(&mut self) {
        self.introduce();
        for at in 0..self.devices.len() {
            for of in (0..self.devices.len()).filter(|of| *of != at) {
                self.import_full_at(at, of);
            }
        }
    }

    /// All devices import each other's contact codes, and the devices of one identity are paired.
    pub fn introduce(&mut self) {
        for at in 0..self.devices.len() {
            for of in (0..self.devices.len()).filter(|of| *of != at) {
                self.import_at(at, of, 0);
                if self.devices[at].setup.identity == self.devices[of].setup.identity {
                    self.pair_at(at, of, true);
                }
            }
        }
    }

    /// The texts that the device's frontend shows, in the order they were read.
    #[must_use]
    pub fn texts(&self, at: &str) -> &[String] {
        &self.devices[self.index_of(at)].texts
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
