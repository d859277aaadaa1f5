//! After the last disturbance two devices that exchange two messages each way send on the same session (protocol §7).

use std::collections::BTreeMap;

use crypto_core::SessionId;
use zeroize::Zeroizing;

use super::{CrashPoint, Disks, World, effects::DeliveryOptions};
use crate::engine::SendRequest;

/// Messages each way, one after the other.
const ROUNDS: usize = 2;

impl<H: Disks> World<H> {
    /// Clocks are set right, nothing is on the way, and all exchange two messages each way, one after the other.
    /// Then any two devices that send to each other do so on the same session, unless one does not believe what the other
    /// publishes.
    pub fn assert_converges(&mut self) {
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
                self.sessions_sent_on(from, to, &mut sends_on);
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
                    one.name, other.name
                );
            }
        }
        self.check_bounds();
    }

    /// The identities other than the device's own.
    fn others(&self, from: usize) -> Vec<usize> {
        let own = self.devices[from].identity;
        (0..self.identities.len()).filter(|to| *to != own).collect()
    }

    /// Everything on the way arrives; what is said in reply is lost.
    fn deliver_everything(&mut self) {
        for at in 0..self.devices.len() {
            for parcel in std::mem::take(&mut self.devices[at].in_flight) {
                self.receive_at(at, &parcel, DeliveryOptions::DEFAULT);
            }
        }
        for device in &mut self.devices {
            device.in_flight.clear();
        }
    }

    /// The sessions that the next message goes on, by the two devices.
    fn sessions_sent_on(
        &mut self,
        from: usize,
        to: usize,
        sends_on: &mut BTreeMap<(usize, usize), SessionId>,
    ) {
        let request = SendRequest {
            recipients: vec![self.key_of(to)],
            payload: Zeroizing::new(b"probe".to_vec()),
            request_id: None,
            seal: None,
        };
        let (now, disks) = (self.now, &mut self.disks);
        let sent = self.devices[from]
            .call(
                disks,
                now,
                CrashPoint::BeforeCommit,
                |engine, store, env| engine.send(store, env, &request),
            )
            .expect("sent");
        for target in sent.messages.iter().flat_map(|envelope| &envelope.targets) {
            let reader = self
                .devices
                .iter()
                .position(|device| Some(&device.id) == target.installation.as_ref());
            if let (Some(reader), Some((_, session))) = (reader, target.session) {
                sends_on.insert((from, reader), session);
            }
        }
    }
}
