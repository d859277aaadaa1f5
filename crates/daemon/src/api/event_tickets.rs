//! Tickets: what a page's `EventSource`, which has no headers to put a token into, shows instead.
//! Each opens one stream of events.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand_core::Rng as _;
use rpc::{ErrorKind, RpcError, types::EventTicketInfo};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Daemon, Result};
use crate::ops::{clock::Clock, entropy::entropy};

/// Random bytes of a ticket: 256 bits, written as hex.
const TICKET_BYTES: usize = 32;
/// A ticket is to be used at once: it stands in an address, which others on the way may log.
const LIFETIME: Duration = Duration::from_secs(30);
/// Tickets that are neither used nor over, at most: some for each of a user's pages.
const MAX_OUTSTANDING: usize = 64;

/// The tickets that can be used. They are in memory only.
#[derive(Debug)]
pub struct EventTickets {
    clock: Arc<Clock>,
    outstanding: Mutex<Vec<Ticket>>,
}

/// A ticket. Wiped when dropped, never shown.
struct Ticket {
    text: Zeroizing<String>,
    /// When it is over, by the time that the daemon has run.
    over: Duration,
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(..)")
    }
}

impl EventTickets {
    /// None yet.
    #[must_use]
    pub const fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            outstanding: Mutex::new(Vec::new()),
        }
    }

    fn issue(&self) -> Result<EventTicketInfo> {
        let mut bytes = Zeroizing::new([0; TICKET_BYTES]);
        entropy().fill_bytes(bytes.as_mut_slice());
        let text = Zeroizing::new(const_hex::encode(bytes.as_slice()));
        let told = EventTicketInfo {
            ticket: text.to_string(),
            expires_in_ms: LIFETIME.as_millis().try_into().unwrap_or(u64::MAX),
        };
        let over = self.clock.running().saturating_add(LIFETIME);
        self.with_outstanding(|outstanding| {
            if outstanding.len() >= MAX_OUTSTANDING {
                let message = format!("{MAX_OUTSTANDING} tickets are waiting to be used");
                return Err(RpcError::new(ErrorKind::Busy, message)
                    .with_hint("open streams with them, or wait until some are over"));
            }
            outstanding.push(Ticket { text, over });
            Ok(told)
        })
    }

    /// Whether this is a ticket. It is none any more then.
    pub(crate) fn redeem(&self, shown: &str) -> bool {
        self.with_outstanding(|outstanding| {
            let before = outstanding.len();
            // Each is compared, and in constant time.
            outstanding
                .retain(|ticket| !bool::from(ticket.text.as_bytes().ct_eq(shown.as_bytes())));
            outstanding.len() < before
        })
    }

    /// Works on those that are not over.
    fn with_outstanding<T>(&self, work: impl FnOnce(&mut Vec<Ticket>) -> T) -> T {
        let now = self.clock.running();
        // Nothing under the lock can panic half way.
        let mut outstanding = self
            .outstanding
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        outstanding.retain(|ticket| now < ticket.over);
        work(&mut outstanding)
    }
}

pub(super) async fn event_ticket(
    daemon: Arc<Daemon>,
    _: rpc::methods::NoParams,
) -> Result<EventTicketInfo> {
    daemon.event_tickets.issue()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_shows_nothing() {
        fn shows_nothing<T: std::fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains("swordfish"), "{shown}");
        }
        let ticket = || Ticket {
            text: Zeroizing::new("swordfish".to_owned()),
            over: Duration::MAX,
        };
        shows_nothing::<Ticket>(&ticket());
        let tickets = EventTickets::new(Arc::default());
        tickets.with_outstanding(|outstanding| outstanding.push(ticket()));
        shows_nothing::<EventTickets>(&tickets);
    }

    #[test]
    fn a_ticket_is_used_once_and_in_time_and_there_are_never_many() {
        let clock = Arc::new(Clock::default());
        let tickets = EventTickets::new(Arc::clone(&clock));
        let first = tickets.issue().unwrap();
        assert_eq!((first.ticket.len(), first.expires_in_ms), (64, 30_000));
        let second = tickets.issue().unwrap();
        for wrong in ["", &first.ticket[1..], &format!("{}0", first.ticket)] {
            assert!(!tickets.redeem(wrong));
        }
        assert!(tickets.redeem(&first.ticket));
        assert!(!tickets.redeem(&first.ticket), "it was used");
        clock.advance(LIFETIME);
        assert!(!tickets.redeem(&second.ticket), "it is over");
        for _ in 0..MAX_OUTSTANDING {
            tickets.issue().unwrap();
        }
        assert_eq!(tickets.issue().unwrap_err().kind, ErrorKind::Busy);
        clock.advance(LIFETIME);
        assert!(tickets.issue().is_ok());
    }

    /// What a comparison takes cannot be measured here: that it is the library's, can.
    #[test]
    fn tickets_are_compared_in_constant_time_and_in_one_place() {
        let (source, _) = include_str!("event_tickets.rs")
            .split_once("#[cfg(test)]")
            .unwrap();
        assert_eq!(source.matches("ticket.text").count(), 1);
        assert!(source.contains("ticket.text.as_bytes().ct_eq(shown.as_bytes())"));
    }
}
