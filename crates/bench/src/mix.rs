//! Which calls are made, and in which proportion.

use std::str::FromStr;

use crate::closed_loop::Kind;

/// Weights of the kinds of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mix(Vec<(Kind, u32)>);

impl Mix {
    /// Calls of one kind alone.
    pub(crate) fn only(kind: Kind) -> Self {
        Self(vec![(kind, 1)])
    }

    /// How much of all calls is of this kind.
    pub(crate) fn share(&self, kind: Kind) -> f64 {
        let sum = |of: &dyn Fn(&Kind) -> bool| -> f64 {
            let weights = self.0.iter().filter(|(each, _)| of(each));
            weights.map(|(_, weight)| f64::from(*weight)).sum()
        };
        sum(&|each| *each == kind) / sum(&|_| true)
    }

    /// The kinds one after the other, as evenly spread as their weights allow.
    pub(crate) fn turns(&self) -> Turns {
        Turns(
            self.0
                .iter()
                .map(|(kind, weight)| (*kind, *weight, 0))
                .collect(),
        )
    }
}

impl std::fmt::Display for Mix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (kind, weight)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}={weight}", kind.name())?;
        }
        Ok(())
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// A weight above this says nothing that a smaller one would not.
        const MAX_WEIGHT: u32 = 10_000;
        let mut weights: Vec<(Kind, u32)> = Vec::new();
        for part in text.split(',') {
            let (name, weight) = part
                .split_once('=')
                .ok_or_else(|| format!("{part:?} is not of the form encrypt=2"))?;
            let kind: Kind = name.parse()?;
            let weight = weight
                .parse()
                .ok()
                .filter(|weight| *weight <= MAX_WEIGHT)
                .ok_or_else(|| format!("{name}: the weight is no number up to {MAX_WEIGHT}"))?;
            if weights.iter().any(|(known, _)| *known == kind) {
                return Err(format!("{name} stands twice"));
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

/// Whose turn it is: kind, weight, and how much it is owed.
#[derive(Debug)]
pub(crate) struct Turns(Vec<(Kind, u32, i64)>);

impl Iterator for Turns {
    type Item = Kind;

    fn next(&mut self) -> Option<Kind> {
        let mut all = 0;
        for (_, weight, owed) in &mut self.0 {
            *owed += i64::from(*weight);
            all += i64::from(*weight);
        }
        let (kind, _, owed) = self.0.iter_mut().max_by_key(|(_, _, owed)| *owed)?;
        *owed -= all;
        Some(*kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_kept_to_and_evenly_spread() {
        let mix: Mix = "encrypt=3,decrypt=2,group=0".parse().unwrap();
        assert_eq!(mix.to_string(), "encrypt=3,decrypt=2");
        let turns: Vec<Kind> = mix.turns().take(500).collect();
        for five in turns.chunks(5) {
            let encrypts = five.iter().filter(|kind| **kind == Kind::Encrypt).count();
            assert_eq!(encrypts, 3, "{five:?}");
        }
        assert!((mix.share(Kind::Decrypt) - 0.4).abs() < 1e-9);
        assert_eq!(mix.share(Kind::Group), 0.0);
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
