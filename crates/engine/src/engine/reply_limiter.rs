//! Limits how often a bundle advertisement is sent in reply (protocol §1).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crypto_core::{IdentityKey, InstallationId};

use crate::model::UnixMillis;

/// Identities that are counted at once. A flood of invented senders pushes out the oldest.
const MAX_IDENTITIES: usize = 10_000;

/// The replies of the last span. They are in memory only: messages that provoke a reply are not
/// authenticated, and nothing that a stranger sends may be written (protocol §7).
#[derive(Clone, Debug)]
pub(crate) struct ReplyLimiter {
    span: Duration,
    per_identity: usize,
    sent: HashMap<IdentityKey, Vec<SentReply>>,
    oldest_first: VecDeque<IdentityKey>,
}

#[derive(Clone, Debug)]
struct SentReply {
    at: UnixMillis,
    installation: Option<InstallationId>,
}

impl ReplyLimiter {
    pub(crate) fn new(span: Duration, per_identity: usize) -> Self {
        Self {
            span,
            per_identity,
            sent: HashMap::new(),
            oldest_first: VecDeque::new(),
        }
    }

    /// A limiter with the replies to one identity, to try a reply without counting it.
    pub(crate) fn only(&self, identity: &IdentityKey) -> Self {
        let mut only = Self::new(self.span, self.per_identity);
        if let Some(replies) = self.sent.get(identity) {
            only.replies_to(identity).clone_from(replies);
        }
        only
    }

    /// Whether a reply to a message of this device may be sent now. If so, counts it.
    pub(crate) fn permit(
        &mut self,
        now: UnixMillis,
        identity: &IdentityKey,
        installation: Option<&InstallationId>,
    ) -> bool {
        let span = self.span;
        let replies = self.replies_to(identity);
        // A reply in the future was counted before the clock was set back, and no longer counts.
        replies.retain(|reply| reply.at <= now && now.since(reply.at) < span);
        let to_device = replies
            .iter()
            .any(|reply| reply.installation.as_ref() == installation);
        if to_device || replies.len() >= self.per_identity {
            return false;
        }
        self.replies_to(identity).push(SentReply {
            at: now,
            installation: installation.cloned(),
        });
        true
    }

    fn replies_to(&mut self, identity: &IdentityKey) -> &mut Vec<SentReply> {
        if !self.sent.contains_key(identity) {
            if self.sent.len() >= MAX_IDENTITIES
                && let Some(oldest) = self.oldest_first.pop_front()
            {
                self.sent.remove(&oldest);
            }
            self.oldest_first.push_back(*identity);
        }
        self.sent.entry(*identity).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_core::IdentityKeyPair;

    fn identity(seed: u8) -> IdentityKey {
        *IdentityKeyPair::from_secret_bytes(&[seed; 32])
            .unwrap()
            .public()
    }

    fn device(name: &str) -> InstallationId {
        InstallationId::parse(name).unwrap()
    }

    #[test]
    fn one_reply_per_device_and_three_per_identity_in_the_span() {
        let hours = |h: u64| UnixMillis(h * 3_600_000);
        let mut limiter = ReplyLimiter::new(Duration::from_secs(7200), 3);
        let bob = identity(1);
        assert!(limiter.permit(hours(10), &bob, Some(&device("a"))));
        assert!(!limiter.permit(hours(11), &bob, Some(&device("a"))));
        assert!(limiter.permit(hours(11), &bob, Some(&device("b"))));
        assert!(limiter.permit(hours(11), &bob, None));
        assert!(!limiter.permit(hours(11), &bob, Some(&device("c"))));
        assert!(limiter.permit(hours(11), &identity(2), Some(&device("c"))));
        // "a" was two hours ago: one more for the identity, and for "a" itself.
        assert!(limiter.permit(hours(12), &bob, Some(&device("a"))));
    }

    #[test]
    fn a_clock_set_back_does_not_silence_replies() {
        let mut limiter = ReplyLimiter::new(Duration::from_secs(7200), 3);
        let bob = identity(1);
        assert!(limiter.permit(UnixMillis(u64::MAX), &bob, None));
        assert!(limiter.permit(UnixMillis(1000), &bob, None));
        assert!(!limiter.permit(UnixMillis(1001), &bob, None));
    }
}
