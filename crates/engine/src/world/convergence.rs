//! Convergence: after the last disturbance, two devices that exchange two messages each way send on
//! the same session (protocol §7), of suite x25519-mlkem768 if both have it (protocol §13).

use std::collections::BTreeMap;

use super::{CrashPoint, Disks, World, effects::DeliveryOptions};
use crate::{
    model::{ContactMark, ContactState, Pairing, SkipReason},
    store::StoreRead as _,
};

/// Messages each way.
const ROUNDS: usize = 2;

impl<H: Disks> World<H> {
    /// Sets all clocks right, loses what is in flight, stops the relay, and lets all devices
    /// exchange two messages each way, one after the other. Then any two devices that send to each
    /// other must do so on the same session, unless one rejects the other's bundles.
    ///
    /// Replies are lost, but not between devices that take part in suite x25519-mlkem768: who lacks
    /// a KEM prekey may have to ask for it by an advertisement. These have a third message, since a
    /// reset forgets the KEM prekey while the other side goes on with the session; and among others
    /// the two rounds before.
    pub fn assert_converges(&mut self) {
        self.accept_declined();
        self.relay.faults.clear();
        for at in 0..self.devices.len() {
            self.devices[at].in_flight.clear();
            self.devices[at].set_clock_error(0, self.now);
            self.turn_on(at);
        }
        if self.devices.iter().any(|device| !device.takes_part()) {
            for round in 0..ROUNDS {
                self.converse(round, false);
            }
            self.assert_settled(false);
        }
        for round in 0..=ROUNDS {
            self.converse(round, true);
        }
        self.assert_settled(true);
        self.check_bounds();
    }

    /// Each device sends a text to every other identity, which arrives; replies only if they are
    /// `answered`.
    fn converse(&mut self, round: usize, answered: bool) {
        for from in 0..self.devices.len() {
            for to in self.others(from) {
                self.send_from(from, to, &format!("settle {round}"), CrashPoint::Never);
                self.deliver_everything(answered);
            }
        }
    }

    /// Any two devices send to each other on the same session; those that take part in suite
    /// x25519-mlkem768 only if `post_quantum`, and then on one of that suite.
    fn assert_settled(&mut self, post_quantum: bool) {
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
            let both = one.takes_part() && other.takes_part();
            if one.may_reject_bundle_of(other)
                || other.may_reject_bundle_of(one)
                || (both && !post_quantum)
            {
                continue;
            }
            let names = format!("{} and {}", one.setup.name, other.setup.name);
            if let Some(back) = sends_on.get(&(*to, *from)) {
                assert_eq!(session, back, "{names} do not settle");
                assert!(!both || session.0.is_post_quantum(), "{names}: the suite");
            }
            let known = other.store().device(&one.key, &one.id).expect("read");
            let config = &other.setup.config;
            let waits = known.is_some_and(|known| {
                known.pairing != Pairing::Disabled
                    && known.new_session_suite(config) == Err(SkipReason::KemKeyMissing)
            });
            let silent = both && waits && !sends_on.contains_key(&(*to, *from));
            assert!(
                !silent || one.key == other.key,
                "{names}: nothing comes back"
            );
        }
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

    /// Delivers everything in flight; replies are lost, unless they are `answered`.
    fn deliver_everything(&mut self, answered: bool) {
        if answered {
            return self.deliver_all();
        }
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
