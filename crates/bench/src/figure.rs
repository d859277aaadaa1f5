//! The figures of one kind of call, from the rounds in which it was measured.

use serde::Serialize;

use crate::closed_loop::{CallKind, Latencies, LoopResult, latencies};

/// Buckets of a distribution in each power of ten.
const BUCKETS_IN_A_DECADE: f64 = 10.0;
const NS_IN_US: f64 = 1000.0;

/// A summary of latencies, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Latency {
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

/// A bucket of a distribution of latencies.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bucket {
    /// Lower bound, in microseconds.
    pub from_us: f64,
    /// Upper bound, in microseconds.
    pub to_us: f64,
    /// Latencies between the two.
    pub count: u64,
}

/// The figures of one kind of call on one number of connections.
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
    /// Calls a second of each round.
    pub rounds: Vec<f64>,
    /// Median of the rounds' ratios to the empty call on as many connections.
    pub of_empty: Option<f64>,
    /// Processor time of the daemon for one call, in microseconds.
    pub daemon_cpu_us: Option<f64>,
    /// Processor time of this program for one call, in microseconds.
    pub caller_cpu_us: Option<f64>,
    /// Of all rounds.
    pub latency: Latency,
    /// Of all rounds.
    pub distribution: Vec<Bucket>,
}

/// Collects the rounds of one measurement.
#[derive(Debug)]
pub(crate) struct Series {
    name: String,
    connections: usize,
    /// Calls a second of each round.
    rates: Vec<f64>,
    errors: u64,
    /// Processor time of all rounds, in seconds; `None` once it is unknown for one of them.
    daemon_cpu: Option<f64>,
    own_cpu: Option<f64>,
    latencies: Latencies,
}

impl Series {
    /// A measurement without rounds yet.
    pub(crate) fn new(name: &str, connections: usize) -> Result<Self, String> {
        Ok(Self {
            name: name.to_owned(),
            connections,
            rates: Vec::new(),
            errors: 0,
            daemon_cpu: Some(0.0),
            own_cpu: Some(0.0),
            latencies: latencies()?,
        })
    }

    /// Adds a round: all calls of it, or those of one kind.
    pub(crate) fn add(&mut self, round: &LoopResult, of: Option<CallKind>) -> Result<(), String> {
        let mut calls = 0;
        for (kind, latencies) in &round.latencies {
            if of.is_none_or(|of| of == *kind) {
                calls += latencies.len();
                self.latencies
                    .add(latencies)
                    .map_err(|error| error.to_string())?;
            }
        }
        self.rates
            .push(calls as f64 / round.elapsed.as_secs_f64().max(f64::EPSILON));
        // The processor time of a mix cannot be divided among its kinds.
        let whole = calls == round.calls();
        let spent = |cpu: Option<std::time::Duration>| Some(cpu.filter(|_| whole)?.as_secs_f64());
        let sum = |so_far: Option<f64>, more| Some(so_far? + spent(more)?);
        self.daemon_cpu = sum(self.daemon_cpu, round.daemon_cpu);
        self.own_cpu = sum(self.own_cpu, round.own_cpu);
        if of.is_none() || whole {
            self.errors += round.errors;
        }
        Ok(())
    }

    /// The figures, with the ratio to the empty call if that was measured in the same rounds.
    pub(crate) fn figure(&self, empty: Option<&Self>) -> Figure {
        let calls = self.latencies.len();
        let for_one = |seconds: Option<f64>| Some(seconds? * 1e6 / calls.max(1) as f64);
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
            daemon_cpu_us: for_one(self.daemon_cpu),
            caller_cpu_us: for_one(self.own_cpu),
            latency: latency(&self.latencies),
            distribution: distribution(&self.latencies),
        }
    }
}

/// The median; 0 if there are no values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
    if sorted.len().is_multiple_of(2) && middle > 0 {
        f64::midpoint(at(middle - 1), at(middle))
    } else {
        at(middle)
    }
}

/// A summary of the latencies.
pub(crate) fn latency(latencies: &Latencies) -> Latency {
    let at = |quantile| latencies.value_at_quantile(quantile) as f64 / NS_IN_US;
    Latency {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: latencies.max() as f64 / NS_IN_US,
        mean: latencies.mean() / NS_IN_US,
    }
}

/// The latencies in buckets of a tenth of a power of ten, from the first that has any to the last.
/// The first bucket has everything below a microsecond.
pub(crate) fn distribution(latencies: &Latencies) -> Vec<Bucket> {
    let ratio = 10_f64.powf(BUCKETS_IN_A_DECADE.recip());
    let mut from_us = 0.0;
    latencies
        .iter_log(NS_IN_US as u64, ratio)
        .map(|value| {
            let to_us = (value.value_iterated_to() + 1) as f64 / NS_IN_US;
            Bucket {
                from_us: std::mem::replace(&mut from_us, to_us),
                to_us,
                count: value.count_since_last_iteration(),
            }
        })
        .skip_while(|bucket| bucket.count == 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_values_lies_between_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn a_distribution_has_every_latency_and_no_gaps() {
        let mut latencies = latencies().unwrap();
        assert!(distribution(&latencies).is_empty());
        for nanos in [1_500, 1_600, 10_010, 10_000_000] {
            latencies.record(nanos).unwrap();
        }
        let buckets = distribution(&latencies);
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 4);
        for pair in buckets.windows(2) {
            assert_eq!(pair[0].to_us, pair[1].from_us);
            assert!((1.2..1.3).contains(&(pair[1].to_us / pair[1].from_us)));
        }
        let (first, last) = (buckets.first().unwrap(), buckets.last().unwrap());
        assert!(first.count > 0 && last.count > 0);
        assert!(first.from_us <= 1.5 && 1.5 <= first.to_us);
        assert!(last.from_us <= 10_010.0 && 9_990.0 <= last.to_us);
    }
}
