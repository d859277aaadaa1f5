//! The message keys that the store in memory keeps, by their age.

use crypto_core::{HeaderKey, IdentityKey, MessageId, SessionId};

use super::{GapName, MemoryStore, duplicate::duplicate_gap};
use crate::model::Gap;

/// A single key, or the keys of a gap.
enum Stored {
    /// A key, and whether its message was read.
    Key(MessageId, bool),
    Gap(GapName),
}

pub(super) fn gap_name(gap: &Gap) -> GapName {
    (gap.session, gap.chain, gap.last)
}

impl MemoryStore {
    pub(super) fn gaps_of(&self, session: &SessionId) -> Vec<&(u64, Gap)> {
        let gaps = self.tables.gaps.values();
        let mut gaps: Vec<_> = gaps.filter(|(_, gap)| gap.session == *session).collect();
        gaps.sort_unstable_by_key(|(age, _)| *age);
        gaps
    }

    /// The gap in which message `n` of a chain lies.
    pub(super) fn gap_of(
        &self,
        session: &SessionId,
        chain: &HeaderKey,
        n: u32,
    ) -> Option<&(u64, Gap)> {
        let of_chain = (*session, *chain, n)..=(*session, *chain, u32::MAX);
        // Gaps of a chain do not overlap: it is the next one, or none.
        let (_, next) = self.tables.gaps.range(of_chain).next()?;
        Some(next).filter(|(_, gap)| gap.last - n < gap.places())
    }

    pub(super) fn keys_of(&self, session: &SessionId) -> Vec<(u64, MessageId, bool)> {
        let keys = self.tables.stored_keys.iter();
        keys.filter(|(_, (_, key))| key.session == *session)
            .map(|(message, (age, key))| (*age, *message, key.read_at.is_some()))
            .collect()
    }

    pub(super) fn drop_oldest_keys_of(
        &mut self,
        session: &SessionId,
        keep: u32,
        places: u32,
    ) -> Vec<MessageId> {
        let keys = self.keys_of(session).into_iter();
        let mut kept: Vec<_> = keys
            .map(|(age, message, read)| (age, 1, 0, Stored::Key(message, read)))
            .collect();
        kept.extend(self.gaps_of(session).into_iter().map(|(age, gap)| {
            let (held, places) = (gap.held(), gap.places());
            (*age, held, places, Stored::Gap(gap_name(gap)))
        }));
        kept.sort_unstable_by_key(|(age, ..)| *age);
        let mut held: u32 = kept.iter().map(|(_, held, ..)| *held).sum();
        let mut taken: u32 = kept.iter().map(|(_, _, places, _)| *places).sum();
        let mut dropped = Vec::new();
        for (_, its_keys, its_places, what) in kept {
            let excess = held.saturating_sub(keep);
            match what {
                Stored::Key(message, read) if excess > 0 => {
                    self.remove(|tables| &mut tables.stored_keys, message);
                    dropped.extend(read.then_some(message));
                }
                Stored::Gap(name) if taken > places || (excess > 0 && excess >= its_keys) => {
                    self.remove(|tables| &mut tables.gaps, name);
                }
                Stored::Gap(name) if excess > 0 => {
                    if let Some((age, gap)) = self.tables.gaps.get(&name) {
                        let (age, mut gap) = (*age, duplicate_gap(gap));
                        gap.keep_newest(its_keys - excess);
                        self.put(|tables| &mut tables.gaps, name, (age, gap));
                    }
                    break;
                }
                _ => continue,
            }
            held -= its_keys;
            taken -= its_places;
        }
        dropped
    }

    pub(super) fn drop_oldest_gaps(&mut self, peer: Option<&IdentityKey>, gaps: u32, places: u32) {
        let found = self.tables.gaps.iter();
        let mut found: Vec<_> = found
            .filter(|(_, (_, gap))| !gap.answered && peer.is_none_or(|peer| gap.peer == *peer))
            .map(|(name, (age, gap))| (*age, *name, gap.places()))
            .collect();
        found.sort_unstable_by_key(|(age, ..)| *age);
        let mut left = found.len();
        let mut taken: u32 = found.iter().map(|(.., places)| *places).sum();
        for (_, name, its_places) in found {
            if left <= gaps as usize && taken <= places {
                break;
            }
            self.remove(|tables| &mut tables.gaps, name);
            left -= 1;
            taken -= its_places;
        }
    }
}
