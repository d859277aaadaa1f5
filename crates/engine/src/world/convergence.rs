//! Convergence: after the last disturbance, two devices that exchange two messages each way send on
//! the same session (protocol §7).

use std::collections::BTreeMap;

use super::{CrashPoint, Disks, World, effects::DeliveryOptions};
use crate::model::{ContactMark, ContactState};

/// Messages each way.
const ROUNDS: usize = 2;

impl<H: Disks> World<H> {
    /// Sets all clocks right, loses what is in flight, and lets all devices exchange two messages
    /// each way, one after the other. Then any two devices that send to each other must do so on
    /// the same session, unless one rejects the other's bundles.
    pub fn assert_converges(&mut self) {
        self.accept_declined();
        for at in 0..self.devices.len() {
            self.devices[at].in_flight.clear();
            self.devices[at].set_clock_error(0, self.now);
            self.turn_on(at);
        }
        for round in 0..ROUNDS {
            for from in 0..self.devices.len() {
                for to in self.others(from) {
                    self.send_from(from, to, &format!("settle {round}"), CrashPoint::Never);
                    self.deliver_everything();
                }
            }
        }
        let mut sends_on = BTreeMap::new();
        for from in 0..self.devices.len() {
            for to in self.others(from) {
                let to = self.key_of(to);
                let sessions = self.devices[from].sends_on(&mut self.disks, to, self.now);
                for (id, session) in sessions.expect("sent") {
                    let reader = self.devices.iter().position(|device| device.id == id);
                    sends_on.extend(reader.map(|reader| ((from, reader), session)));
                }
            }
        }
        for ((from, to), session) in &sends_on {
            let (one, other) = (&self.devices[*from], &self.devices[*to]);
            if one.may_reject_bundle_of(other) || other.may_reject_bundle_of(one) {
                continue;
            }
            if let Some(back) = sends_on.get(&(*to, *from)) {
                assert_eq!(
                    session, back,
                    "{} and {} do not settle",
                    one.setup.name, other.setup.name
                );
            }
        }
        self.check_bounds();
    }

    /// Nothing of a declined contact is read.
    fn accept_declined(&mut self) {
        for at in 0..self.devices.len() {
            for with in self.others(at) {
                let state = self.devices[at].stands_to(&self.key_of(with));
                if state == ContactState::Declined {
                    self.decide_at(at, with, ContactMark::Accept, "after all");
                }
            }
        }
    }

    pub(super) fn others(&self, from: usize) -> Vec<usize> {
        let own = self.devices[from].setup.identity;
        (0..self.identities.len()).filter(|to| *to != own).collect()
    }

    /// Delivers everything in flight; replies are lost.
    fn deliver_everything(&mut self) {
        for at in 0..self.devices.len() {
            for sent in std::mem::take(&mut self.devices[at].in_flight) {
                self.receive_at(at, &sent, DeliveryOptions::DEFAULT);
            }
        }
        for device in &mut self.devices {
            device.in_flight.clear();
        }
    }
}
