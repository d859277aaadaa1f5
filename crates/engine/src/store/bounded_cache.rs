//! What is worth working out once, within a bound.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
};

/// Values by key, of which the oldest goes when there are too many.
pub struct BoundedCache<K, V> {
    by_key: HashMap<K, V>,
    oldest_first: VecDeque<K>,
    limit: usize,
}

impl<K, V> fmt::Debug for BoundedCache<K, V> {
    /// How many, never what: keys and values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedCache")
            .field("count", &self.by_key.len())
            .finish_non_exhaustive()
    }
}

impl<K: Copy + Eq + Hash, V> BoundedCache<K, V> {
    /// Room for so many.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            oldest_first: VecDeque::new(),
            limit,
        }
    }

    /// The value of this key, if it is remembered.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.by_key.get(key)
    }

    /// Remembers a value.
    pub fn keep(&mut self, key: K, value: V) {
        if self.by_key.insert(key, value).is_none() {
            self.oldest_first.push_back(key);
        }
        if self.by_key.len() > self.limit
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let mut remembered = BoundedCache::new(2);
        for key in [1, 2, 2, 1] {
            remembered.keep(key, key * 10);
        }
        assert_eq!(
            (remembered.get(&1), remembered.get(&2)),
            (Some(&10), Some(&20))
        );
        remembered.keep(3, 30);
        assert_eq!((remembered.get(&1), remembered.get(&3)), (None, Some(&30)));
        assert_eq!(remembered.by_key.len(), remembered.oldest_first.len());
    }

    #[test]
    fn what_is_remembered_is_not_shown() {
        fn shows_nothing<T: fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains("17") && !shown.contains("42"), "{shown}");
        }
        let mut remembered = BoundedCache::new(2);
        remembered.keep(17, 42);
        shows_nothing::<BoundedCache<i32, i32>>(&remembered);
    }
}
