//! Random choices with weights.

/// Kinds of actions or operations, and how often each is drawn.
#[derive(Clone, Debug)]
pub struct Weights<K>(Vec<(u32, K)>);

impl<K: Copy> Weights<K> {
    /// The kinds with their weights.
    #[must_use]
    pub fn of(weights: &[(u32, K)]) -> Self {
        Self(weights.to_vec())
    }

    /// Adds a kind.
    #[must_use]
    pub fn and(mut self, weight: u32, kind: K) -> Self {
        self.0.push((weight, kind));
        self
    }

    /// The kind that a random number gives.
    pub(super) fn pick(&self, number: u16) -> K {
        let all: u32 = self.0.iter().map(|(weight, _)| weight).sum();
        let mut left = u32::from(number) % all;
        for (weight, kind) in &self.0 {
            if left < *weight {
                return *kind;
            }
            left -= weight;
        }
        unreachable!("less than the sum of the weights is left")
    }
}
