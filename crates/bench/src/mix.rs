//! A mix: which kinds of calls are made, and in which proportion.

use std::str::FromStr;

use crate::closed_loop::CallKind;

/// Weights of the kinds of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mix(Vec<(CallKind, u32)>);

impl Mix {
    /// Calls of one kind only.
    pub(crate) fn only(kind: CallKind) -> Self {
        Self(vec![(kind, 1)])
    }

    /// The share of calls that are of this kind, from 0 to 1.
    pub(crate) fn share(&self, kind: CallKind) -> f64 {
        let sum = |of: &dyn Fn(&CallKind) -> bool| -> f64 {
            let weights = self.0.iter().filter(|(each, _)| of(each));
            weights.map(|(_, weight)| f64::from(*weight)).sum()
        };
        sum(&|each| *each == kind) / sum(&|_| true)
    }

    /// The kinds in an endless order, as evenly spread as their weights allow.
    pub(crate) fn schedule(&self) -> Schedule {
        Schedule(
            self.0
                .iter()
                .map(|(kind, weight)| (*kind, *weight, 0))
                .collect(),
        )
    }
}

impl std::fmt::Display for Mix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (kind, weight)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}={weight}", kind.name())?;
        }
        Ok(())
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// Proportions that need larger weights cannot be told apart in a measurement.
        const MAX_WEIGHT: u32 = 10_000;
        let mut weights: Vec<(CallKind, u32)> = Vec::new();
        for part in text.split(',') {
            let (name, weight) = part
                .split_once('=')
                .ok_or_else(|| format!("{part:?} is not of the form encrypt=2"))?;
            let kind: CallKind = name.parse()?;
            let weight = weight
                .parse()
                .ok()
                .filter(|weight| *weight <= MAX_WEIGHT)
                .ok_or_else(|| format!("{name}: the weight is no number up to {MAX_WEIGHT}"))?;
            if weights.iter().any(|(known, _)| *known == kind) {
                return Err(format!("{name} is given twice"));
            }
            weights.push((kind, weight));
        }
        weights.retain(|(_, weight)| *weight > 0);
        if weights.is_empty() {
            return Err("no kind of call has a weight".to_owned());
        }
        Ok(Self(weights))
    }
}

/// A weighted round robin: kind, weight, and credit. Each step adds its weight to the credit of
/// every kind, takes the kind with the most, and takes the sum of the weights off that.
#[derive(Debug)]
pub(crate) struct Schedule(Vec<(CallKind, u32, i64)>);

impl Iterator for Schedule {
    type Item = CallKind;

    fn next(&mut self) -> Option<CallKind> {
        let mut all = 0;
        for (_, weight, credit) in &mut self.0 {
            *credit += i64::from(*weight);
            all += i64::from(*weight);
        }
        let (kind, _, credit) = self.0.iter_mut().max_by_key(|(_, _, credit)| *credit)?;
        *credit -= all;
        Some(*kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_evenly_spread_in_their_proportion() {
        let mix: Mix = "encrypt=3,decrypt=2,group=0".parse().unwrap();
        assert_eq!(mix.to_string(), "encrypt=3,decrypt=2");
        let kinds: Vec<CallKind> = mix.schedule().take(500).collect();
        for five in kinds.chunks(5) {
            let encrypts = five
                .iter()
                .filter(|kind| **kind == CallKind::Encrypt)
                .count();
            assert_eq!(encrypts, 3, "{five:?}");
        }
        assert!((mix.share(CallKind::Decrypt) - 0.4).abs() < 1e-9);
        assert_eq!(mix.share(CallKind::Group), 0.0);
    }

    #[test]
    fn what_is_no_mix_is_refused() {
        for bad in [
            "",
            "encrypt",
            "encrypt=",
            "encrypt=-1",
            "sign=1",
            "encrypt=1,encrypt=1",
            "encrypt=0",
            "encrypt=1,",
            "encrypt=99999",
        ] {
            assert!(bad.parse::<Mix>().is_err(), "{bad:?}");
        }
    }
}
