//! The figures of one kind of call, from the rounds in which it was measured.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Latencies above this, a minute in nanoseconds, are recorded as this.
const LONGEST_NS: u64 = 60_000_000_000;
/// Significant digits of a latency that are kept.
const DIGITS: u8 = 3;
const NS_IN_US: f64 = 1000.0;

/// What was measured at one time.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// From the first call to the last answer.
    pub elapsed: Duration,
    /// In nanoseconds.
    pub latencies: Histogram<u64>,
    /// Processor time of the daemon meanwhile, in seconds.
    pub daemon_cpu: f64,
    /// Processor time of this process, in seconds.
    pub caller_cpu: f64,
}

impl Round {
    /// One without calls yet.
    pub(crate) fn new() -> Result<Self, String> {
        let latencies = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS);
        Ok(Self {
            elapsed: Duration::ZERO,
            latencies: latencies.map_err(|error| error.to_string())?,
            daemon_cpu: 0.0,
            caller_cpu: 0.0,
        })
    }

    /// Records one call.
    pub(crate) fn record(&mut self, taken: Duration) {
        let nanos = u64::try_from(taken.as_nanos()).unwrap_or(LONGEST_NS);
        self.latencies.saturating_record(nanos);
    }

    /// Adds another to it.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), String> {
        self.elapsed += other.elapsed;
        self.daemon_cpu += other.daemon_cpu;
        self.caller_cpu += other.caller_cpu;
        let added = self.latencies.add(&other.latencies);
        added.map_err(|error| error.to_string())
    }

    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

/// The figures of one kind of call on one number of connections. Times are in microseconds, of all
/// rounds together.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figure {
    /// What was called.
    pub name: String,
    /// Connections at once.
    pub connections: usize,
    /// Calls answered, all rounds together.
    pub calls: u64,
    /// Median of the rounds.
    pub calls_per_second: f64,
    /// Calls a second of each round.
    pub rounds: Vec<f64>,
    /// Median of the rounds' ratios to the empty call on as many connections.
    pub of_empty: Option<f64>,
    /// Processor time of the daemon for one call; 0 if the system does not tell.
    pub daemon_us: f64,
    /// Processor time of this program for one call.
    pub caller_us: f64,
    /// The shortest latency.
    pub min_us: f64,
    /// The median.
    pub p50_us: f64,
    /// The 90th percentile.
    pub p90_us: f64,
    /// The 99th percentile.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
    /// The mean.
    pub mean_us: f64,
}

impl Figure {
    /// Of a single round on one connection, which counts.
    pub(crate) fn of_one_round(name: impl Into<String>, round: Round) -> Result<Self, String> {
        Self::new(name, 1, &[Round::new()?, round], None)
    }

    /// Of these rounds, the first of which is a warm-up that does not count. `empty` has the rates
    /// of the empty call in the same rounds.
    pub(crate) fn new(
        name: impl Into<String>,
        connections: usize,
        rounds: &[Round],
        empty: Option<&[f64]>,
    ) -> Result<Self, String> {
        let mut all = Round::new()?;
        let mut rates = Vec::new();
        for round in rounds.iter().skip(1) {
            all.add(round)?;
            rates.push(round.rate());
        }
        let of_empty = empty.map(|empty| {
            let pairs = rates.iter().zip(empty);
            median(pairs.map(|(rate, floor)| rate / floor).collect())
        });
        let latencies = &all.latencies;
        let for_one = |seconds: f64| seconds * 1e6 / latencies.len().max(1) as f64;
        let at = |quantile| latencies.value_at_quantile(quantile) as f64 / NS_IN_US;
        Ok(Self {
            name: name.into(),
            connections,
            calls: latencies.len(),
            calls_per_second: median(rates.clone()),
            rounds: rates,
            of_empty,
            daemon_us: for_one(all.daemon_cpu),
            caller_us: for_one(all.caller_cpu),
            min_us: latencies.min() as f64 / NS_IN_US,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            max_us: latencies.max() as f64 / NS_IN_US,
            mean_us: latencies.mean() / NS_IN_US,
        })
    }
}

/// The median, the upper one of two; 0 if there are no values.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of the values lies, the upper one of two; 0 if there are none.
pub(crate) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(last)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_value_above_its_share() {
        let values: Vec<f64> = (0..200).rev().map(f64::from).collect();
        for (share, expected) in [(0.0, 0.0), (0.5, 100.0), (0.99, 198.0), (1.0, 199.0)] {
            assert_eq!(quantile(values.clone(), share), expected, "{share}");
        }
        assert_eq!((median(vec![2.0, 1.0]), median(Vec::new())), (2.0, 0.0));
    }

    #[test]
    fn a_figure_is_of_all_rounds_but_the_first() {
        let round = |elapsed, micros: &[u64]| {
            let mut round = Round::new().unwrap();
            round.elapsed = Duration::from_secs(elapsed);
            round.daemon_cpu = 0.5;
            for micros in micros {
                round.record(Duration::from_micros(*micros));
            }
            round
        };
        let rounds = [
            round(1, &[9_000_000]),
            round(1, &[10, 20, 30, 40]),
            round(2, &[10, 20]),
            round(1, &[20, 40]),
        ];
        let figure = Figure::new("x", 1, &rounds, Some(&[8.0, 1.0, 4.0])).unwrap();
        assert_eq!((figure.calls, figure.rounds), (8, vec![4.0, 1.0, 2.0]));
        assert_eq!(figure.calls_per_second, 2.0);
        assert_eq!(figure.of_empty, Some(0.5));
        assert_eq!(figure.daemon_us, 1_500_000.0 / 8.0);
        assert!((figure.min_us - 10.0).abs() < 0.1 && (figure.max_us - 40.0).abs() < 0.1);
        assert!((figure.p50_us - 20.0).abs() < 0.1, "{}", figure.p50_us);
        assert_eq!(
            Figure::new("y", 1, &[], None).unwrap().calls_per_second,
            0.0
        );
    }
}
