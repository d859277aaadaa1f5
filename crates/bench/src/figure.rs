//! Figures of one kind of call: from the rounds to what is reported.

use serde::Serialize;

use crate::closed_loop::{Driven, Kind, Latencies, latencies};

/// Steps of a distribution in each power of ten.
const STEPS: f64 = 10.0;
const NS_IN_US: f64 = 1000.0;

/// Latencies in short, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Latency {
    /// Half of them are no longer.
    pub p50: f64,
    /// Nine of ten are no longer.
    pub p90: f64,
    /// Ninety-nine of a hundred are no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
}

/// How many latencies lie in a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// Where it begins, in microseconds.
    pub from_us: f64,
    /// Where the next one does.
    pub to_us: f64,
    /// How many.
    pub count: u64,
}

/// What is reported of one kind of call on one number of connections.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figure {
    /// The kind, or the part of the mix.
    pub name: String,
    /// Connections at once.
    pub connections: usize,
    /// Calls answered, all rounds together.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Median of the rounds.
    pub calls_per_second: f64,
    /// Each round's.
    pub rounds: Vec<f64>,
    /// Median of the rounds' ratios to the empty call on the same connections.
    pub of_empty: Option<f64>,
    /// Processor time of the daemon for one call, in microseconds.
    pub daemon_cpu_us: Option<f64>,
    /// The same of the caller.
    pub caller_cpu_us: Option<f64>,
    /// Of all rounds.
    pub latency: Latency,
    /// Of all rounds.
    pub distribution: Vec<Step>,
}

/// The rounds of one measurement.
#[derive(Debug)]
pub(crate) struct Tally {
    name: String,
    connections: usize,
    rates: Vec<f64>,
    errors: u64,
    daemon_cpu: Option<f64>,
    own_cpu: Option<f64>,
    held: Latencies,
}

impl Tally {
    pub(crate) fn new(name: &str, connections: usize) -> Result<Self, String> {
        Ok(Self {
            name: name.to_owned(),
            connections,
            rates: Vec::new(),
            errors: 0,
            daemon_cpu: Some(0.0),
            own_cpu: Some(0.0),
            held: latencies()?,
        })
    }

    /// Adds a round. Of a mix, its calls of one kind.
    pub(crate) fn add(&mut self, driven: &Driven, of: Option<Kind>) -> Result<(), String> {
        let mut calls = 0;
        for (kind, held) in &driven.latencies {
            if of.is_none_or(|of| of == *kind) {
                calls += held.len();
                self.held.add(held).map_err(|error| error.to_string())?;
            }
        }
        self.rates
            .push(calls as f64 / driven.elapsed.as_secs_f64().max(f64::EPSILON));
        // What a mix takes cannot be told apart by kind.
        let whole = calls == driven.calls();
        let spent = |cpu: Option<std::time::Duration>| Some(cpu.filter(|_| whole)?.as_secs_f64());
        let sum = |so_far: Option<f64>, more| Some(so_far? + spent(more)?);
        self.daemon_cpu = sum(self.daemon_cpu, driven.daemon_cpu);
        self.own_cpu = sum(self.own_cpu, driven.own_cpu);
        if of.is_none() || whole {
            self.errors += driven.errors;
        }
        Ok(())
    }

    /// The figure, with its ratio to the empty call if that was measured in as many rounds.
    pub(crate) fn figure(&self, empty: Option<&Self>) -> Figure {
        let calls = self.held.len();
        let each = |seconds: Option<f64>| Some(seconds? * 1e6 / calls.max(1) as f64);
        let ratios = empty.map(|empty| {
            let pairs = self.rates.iter().zip(&empty.rates);
            pairs.map(|(rate, floor)| rate / floor).collect::<Vec<_>>()
        });
        Figure {
            name: self.name.clone(),
            connections: self.connections,
            calls,
            errors: self.errors,
            calls_per_second: median(&self.rates),
            rounds: self.rates.clone(),
            of_empty: ratios.map(|ratios| median(&ratios)),
            daemon_cpu_us: each(self.daemon_cpu),
            caller_cpu_us: each(self.own_cpu),
            latency: latency(&self.held),
            distribution: distribution(&self.held),
        }
    }
}

/// The middle of them; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0.0);
    if sorted.len().is_multiple_of(2) && middle > 0 {
        f64::midpoint(at(middle - 1), at(middle))
    } else {
        at(middle)
    }
}

/// Latencies in short.
pub(crate) fn latency(held: &Latencies) -> Latency {
    let at = |quantile| held.value_at_quantile(quantile) as f64 / NS_IN_US;
    Latency {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: held.max() as f64 / NS_IN_US,
        mean: held.mean() / NS_IN_US,
    }
}

/// How many latencies lie in each of the steps, from the first that has any to the last.
pub(crate) fn distribution(held: &Latencies) -> Vec<Step> {
    let step_of = |nanos: u64| ((nanos.max(1) as f64 / NS_IN_US).log10() * STEPS).floor() as i32;
    let bound = |step: i32| 10_f64.powf(f64::from(step) / STEPS);
    let mut steps: Vec<(i32, u64)> = Vec::new();
    for value in held.iter_recorded() {
        let step = step_of(value.value_iterated_to());
        let count = value.count_since_last_iteration();
        while let Some((last, _)) = steps.last()
            && *last < step - 1
        {
            steps.push((*last + 1, 0));
        }
        match steps.last_mut() {
            Some((last, held)) if *last == step => *held += count,
            _ => steps.push((step, count)),
        }
    }
    steps
        .into_iter()
        .map(|(step, count)| Step {
            from_us: bound(step),
            to_us: bound(step + 1),
            count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn a_distribution_loses_none_and_has_no_gaps() {
        let mut held = latencies().unwrap();
        for nanos in [900, 1_000, 1_100, 10_000, 10_000_000] {
            held.record(nanos).unwrap();
        }
        let steps = distribution(&held);
        assert_eq!(steps.iter().map(|step| step.count).sum::<u64>(), 5);
        for pair in steps.windows(2) {
            assert!((pair[0].to_us - pair[1].from_us).abs() < 1e-9 * pair[0].to_us);
        }
        assert_eq!(steps.last().unwrap().count, 1);
        let longest = steps.last().unwrap();
        assert!(longest.from_us <= 10_010.0 && 9_990.0 < longest.to_us);
    }
}
