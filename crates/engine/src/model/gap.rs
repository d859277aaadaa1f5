//! Gaps: the keys of consecutive messages that were skipped.

use crypto_core::{HeaderKey, IdentityKey, MessageKey, SessionId, SkippedKey, Wiped};

use crate::model::Session;

/// Bytes of a message key, as a store keeps it.
pub const MESSAGE_KEY_BYTES: usize = 32;

/// What the place of a used key is overwritten with. No key is this by chance.
const USED: [u8; MESSAGE_KEY_BYTES] = [0; MESSAGE_KEY_BYTES];

/// Consecutive messages of one chain that were skipped for a later one, with their keys.
///
/// One message makes at most one gap in each chain, of as many keys as the limits allow. A key that
/// is used is overwritten in its place.
#[derive(Debug)]
pub struct Gap {
    /// The session.
    pub session: SessionId,
    /// The other identity of the session.
    pub peer: IdentityKey,
    /// The header key of the chain.
    pub chain: HeaderKey,
    /// The number of the last message of the gap. Session, chain and this number name the gap.
    pub last: u32,
    /// Whether we have sent on the session. The gaps of other sessions, which any stranger can
    /// begin, have tighter limits (protocol §1).
    pub answered: bool,
    /// The keys, one after the other in the order of their messages, and zeros where one was used.
    pub keys: Wiped<Vec<u8>>,
}

impl Gap {
    /// The gaps that a message has made in its session, in the order of their messages.
    pub(crate) fn of(session: &Session, skipped: &[SkippedKey]) -> Vec<Self> {
        skipped
            .chunk_by(|one, next| one.header_key == next.header_key)
            .filter_map(|run| {
                let last = run.last()?;
                let mut keys = Wiped::new(Vec::with_capacity(run.len() * MESSAGE_KEY_BYTES));
                for skipped in run {
                    keys.extend_from_slice(skipped.key.secret_bytes());
                }
                Some(Self {
                    session: session.id,
                    peer: session.peer,
                    chain: last.header_key,
                    last: last.n,
                    answered: session.sent > 0,
                    keys,
                })
            })
            .collect()
    }

    /// How many messages the gap has, including those whose keys were used.
    #[must_use]
    pub fn places(&self) -> u32 {
        u32::try_from(self.keys.len() / MESSAGE_KEY_BYTES).unwrap_or(u32::MAX)
    }

    /// How many keys were not used.
    #[must_use]
    pub fn held(&self) -> u32 {
        let keys = self.keys.as_chunks::<MESSAGE_KEY_BYTES>().0.iter();
        u32::try_from(keys.filter(|key| **key != USED).count()).unwrap_or(u32::MAX)
    }

    /// Takes out the key of message `n`, and overwrites its place; `None` if the gap does not have
    /// that key.
    pub fn take(&mut self, n: u32) -> Option<MessageKey> {
        let from_last = self.last.checked_sub(n)?;
        let place = self.places().checked_sub(from_last)?.checked_sub(1)?;
        let keys = self.keys.as_chunks_mut::<MESSAGE_KEY_BYTES>().0;
        let key = keys.get_mut(usize::try_from(place).ok()?)?;
        if *key == USED {
            return None;
        }
        let taken = MessageKey::from_stored(*key);
        *key = USED;
        Some(taken)
    }

    /// Drops the oldest keys until at most `keep` are left, with their places.
    pub fn keep_newest(&mut self, keep: u32) {
        let excess = self.held().saturating_sub(keep);
        if excess == 0 {
            return;
        }
        let keys = self.keys.as_chunks::<MESSAGE_KEY_BYTES>().0;
        let held = keys.iter().enumerate().filter(|(_, key)| **key != USED);
        let last_dropped = held
            .map(|(place, _)| place)
            .nth(excess.saturating_sub(1) as usize);
        let kept = last_dropped.map_or(0, |place| (place + 1) * MESSAGE_KEY_BYTES);
        let rest = self.keys.get(kept..).unwrap_or_default().to_vec();
        self.keys = Wiped::new(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Standing, store::contract};
    use crypto_core::Suite;

    const CHAIN: HeaderKey = HeaderKey::X25519([3; 32]);

    fn skipped(header_key: HeaderKey, numbers: std::ops::Range<u8>) -> Vec<SkippedKey> {
        numbers
            .map(|n| SkippedKey {
                header_key,
                n: n.into(),
                key: MessageKey::from_stored([n + 1; 32]),
            })
            .collect()
    }

    fn gap(numbers: std::ops::Range<u8>) -> Gap {
        let session = contract::session(1, Suite::X25519, Standing::Active);
        Gap::of(&session, &skipped(CHAIN, numbers)).remove(0)
    }

    fn taken(gap: &mut Gap, n: u32) -> Option<u8> {
        gap.take(n).map(|key| key.secret_bytes()[0])
    }

    #[test]
    fn a_message_leaves_a_gap_in_each_chain_that_it_passes_over() {
        let session = contract::session(1, Suite::X25519, Standing::Active);
        let mut keys = skipped(HeaderKey::X25519([2; 32]), 4..6);
        keys.extend(skipped(CHAIN, 0..3));
        let gaps = Gap::of(&session, &keys);
        let facts: Vec<_> = gaps
            .iter()
            .map(|gap| (gap.chain, gap.last, gap.places(), gap.answered))
            .collect();
        let old = HeaderKey::X25519([2; 32]);
        assert_eq!(facts, [(old, 5, 2, false), (CHAIN, 2, 3, false)]);
        let sent_on = Session { sent: 1, ..session };
        assert!(Gap::of(&sent_on, &keys).iter().all(|gap| gap.answered));
    }

    #[test]
    fn a_key_is_taken_once_and_overwritten_in_its_place() {
        let mut gap = gap(4..9);
        assert_eq!((taken(&mut gap, 3), taken(&mut gap, 9)), (None, None));
        assert_eq!(taken(&mut gap, 6), Some(7));
        assert_eq!(taken(&mut gap, 6), None);
        assert_eq!((gap.places(), gap.held()), (5, 4));
        let left: Vec<u8> = gap.keys.iter().step_by(32).copied().collect();
        assert_eq!(left, [5, 6, 0, 8, 9]);
    }

    #[test]
    fn the_oldest_keys_are_dropped_first_and_places_that_are_used_cost_nothing() {
        let mut gap = gap(0..6);
        gap.take(1);
        gap.keep_newest(5);
        assert_eq!(gap.places(), 6);
        gap.keep_newest(4);
        assert_eq!((gap.places(), gap.held()), (5, 4));
        gap.keep_newest(3);
        assert_eq!((gap.places(), gap.held()), (3, 3));
        assert_eq!((taken(&mut gap, 2), taken(&mut gap, 3)), (None, Some(4)));
        gap.keep_newest(0);
        assert_eq!(gap.places(), 0);
        assert_eq!(taken(&mut gap, 5), None);
    }
}
