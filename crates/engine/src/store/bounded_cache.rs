//! A map of limited size for values that can be computed again.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
};

/// Values by key. When there are too many, the oldest is dropped.
pub struct BoundedCache<K, V> {
    by_key: HashMap<K, V>,
    oldest_first: VecDeque<K>,
    limit: usize,
}

impl<K, V> fmt::Debug for BoundedCache<K, V> {
    /// Shows only how many there are: keys and values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedCache")
            .field("count", &self.by_key.len())
            .finish_non_exhaustive()
    }
}

impl<K: Copy + Eq + Hash, V> BoundedCache<K, V> {
    /// An empty cache for at most `limit` values.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            oldest_first: VecDeque::new(),
            limit,
        }
    }

    /// The value of this key, if it is cached.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.by_key.get(key)
    }

    /// The value of this key, to be changed, if it is cached.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.by_key.get_mut(key)
    }

    /// Drops the value of this key.
    pub fn remove(&mut self, key: &K) {
        if self.by_key.remove(key).is_some() {
            self.oldest_first.retain(|other| other != key);
        }
    }

    /// Caches a value.
    pub fn insert(&mut self, key: K, value: V) {
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
        let mut cache = BoundedCache::new(2);
        for key in [1, 2, 2, 1] {
            cache.insert(key, key * 10);
        }
        assert_eq!((cache.get(&1), cache.get(&2)), (Some(&10), Some(&20)));
        cache.insert(3, 30);
        assert_eq!((cache.get(&1), cache.get(&3)), (None, Some(&30)));
        assert_eq!(cache.by_key.len(), cache.oldest_first.len());
        cache.remove(&2);
        cache.insert(1, 11);
        if let Some(value) = cache.get_mut(&3) {
            *value += 1;
        }
        assert_eq!((cache.get(&1), cache.get(&3)), (Some(&11), Some(&31)));
        assert_eq!(cache.by_key.len(), cache.oldest_first.len());
    }

    #[test]
    fn what_is_cached_is_not_shown() {
        fn shows_nothing<T: fmt::Debug>(value: &T) {
            let shown = format!("{value:?} {value:#?}");
            assert!(!shown.contains("17") && !shown.contains("42"), "{shown}");
        }
        let mut cache = BoundedCache::new(2);
        cache.insert(17, 42);
        shows_nothing::<BoundedCache<i32, i32>>(&cache);
    }
}
