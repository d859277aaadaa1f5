//! The report on many accounts, beside one, and how it compares with the bars.

use serde::Serialize;
use serde_json::Value;

use super::{Options, calls::Pairs, limited::Limited, standing::Standing};
use crate::{
    figure::Figure,
    table::{self, Bar, Bound, short, table},
};

/// Most descriptors of a daemon besides its connections.
const MAX_DESCRIPTORS: f64 = 1024.0;
/// Most threads of a daemon besides the workers.
const MAX_THREADS: f64 = 16.0;
/// Most memory of a daemon without its open accounts, in MiB.
const MAX_MIB: f64 = 48.0;
const KIB_IN_MIB: f64 = 1024.0;

/// The report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report<'a> {
    /// Why the figures mean little, if they do.
    pub(super) warnings: Vec<&'static str>,
    /// How it was measured.
    pub(super) settings: &'a Options,
    /// What the daemon says of its version.
    pub(super) daemon: Value,
    /// Accounts that were made for this run; the others were there.
    pub(super) accounts_made: usize,
    /// How much of each start is derivation of the key, in milliseconds; null without a passphrase.
    pub(super) derivation_ms: Option<f64>,
    /// The daemon with one account.
    pub(super) one: Standing,
    /// The daemon with many.
    pub(super) many: Standing,
    /// Calls to a closed account and to an open one, on one connection; messages of one account and
    /// over as many as are kept open, on all connections.
    pub(super) figures: Vec<Figure>,
    /// How much longer a call to a closed account takes.
    pub(super) over_open: Pairs,
    /// Median of the rounds' ratios of the messages over many accounts to those of one.
    pub(super) of_one_account: f64,
    /// Workers that the daemon has by default: two for each processor.
    pub(super) pool: usize,
    /// Accounts that are kept open, of the daemon with many.
    pub(super) open: usize,
    /// Accounts made and called where few files may be open; null if that was left out.
    pub(super) limited: Option<Limited>,
    /// How the figures compare with the bars.
    pub(super) bars: Vec<Bar>,
}

impl Report<'_> {
    /// Fills in [`Report::bars`]; what was not measured has none.
    pub(super) fn compare_with_bars(&mut self) {
        let many = &self.many;
        let start = many.ready_ms() - self.derivation_ms.unwrap_or_default();
        let mib = |kib: Option<f64>| Some(kib? / KIB_IN_MIB);
        let rest = || Some(many.used_kib? as f64 - many.of_open_kib()?);
        let descriptors = many.descriptors.map(|all| all as f64);
        let threads = many.threads.map(|all| all as f64 - self.pool as f64);
        let errors = self.limited.as_ref().map(|limited| limited.errors as f64);
        let (least, most) = (Bound::Least, Bound::Most);
        self.bars = [
            ("start − key derivation, ms", Some(start), most, 1000.0),
            (
                "memory, none called, MiB",
                mib(many.ready_kib()),
                most,
                MAX_MIB,
            ),
            ("memory, all called − open, MiB", mib(rest()), most, MAX_MIB),
            (
                "descriptors − connections",
                descriptors.map(|all| all - many.connections as f64),
                most,
                MAX_DESCRIPTORS,
            ),
            ("threads − workers", threads, most, MAX_THREADS),
            (
                "closed − open, median, ms",
                Some(self.over_open.p50_ms),
                most,
                10.0,
            ),
            (
                "closed − open, 99th percentile, ms",
                Some(self.over_open.p99_ms),
                most,
                10.0,
            ),
            (
                "messages, many accounts / one",
                Some(self.of_one_account),
                least,
                0.8,
            ),
            ("errors where few files are open", errors, most, 0.0),
        ]
        .into_iter()
        .filter_map(Bar::of)
        .collect();
    }

    /// What was measured as tables of at most 80 columns, after the warnings. Everything else is in
    /// the JSON.
    pub(crate) fn tables(&self) -> String {
        let warnings = table::warnings(&self.warnings);
        let (figures, bars) = (table::figures(&self.figures), table::bars(&self.bars));
        let standing = self.standing();
        let error = self.limited.as_ref().and_then(|limited| {
            let first = limited.first_error.as_ref()?;
            Some(format!("\n\nfirst error: {first}"))
        });
        let error = error.unwrap_or_default();
        format!("{warnings}{standing}\n\n{figures}\n\n{bars}{error}")
    }

    /// The two daemons beside each other.
    fn standing(&self) -> String {
        let mib = |kib: Option<u64>| Some(kib? as f64 / KIB_IN_MIB);
        let count = |count: Option<u64>| count.map(|count| count as f64);
        // Where the daemon does not tell, as many as it may keep open.
        let open = |standing: &Standing| {
            let at_most = self.open.min(standing.accounts);
            standing.open.map_or(at_most as f64, |open| open as f64)
        };
        // What each account takes that the daemon with one does not have.
        let further = |standing: &Standing, value: fn(&Standing) -> Option<u64>, accounts: f64| {
            let beside = value(&self.one)? as f64;
            let of_one = (value(standing)? as f64 - beside) / (accounts - 1.0);
            (standing.accounts > 1).then_some(of_one)
        };
        type Value<'a> = &'a dyn Fn(&Standing) -> Option<f64>;
        let rows: [(&str, Value<'_>); 17] = [
            ("start until it listens, ms", &|of| Some(of.listening_ms())),
            ("start until it is ready, ms", &|of| Some(of.ready_ms())),
            ("disk, MiB", &|of| mib(of.disk_kib)),
            ("disk for a further account, KiB", &|of| {
                further(of, |all| all.disk_kib, of.accounts as f64)
            }),
            ("memory, none called, MiB", &|of| {
                Some(of.ready_kib()? / KIB_IN_MIB)
            }),
            ("memory, all that may be open, MiB", &|of| mib(of.open_kib)),
            ("memory for an open account, KiB", &|of| {
                Some(of.of_open_kib()? / open(of))
            }),
            ("memory, all called, MiB", &|of| mib(of.used_kib)),
            ("open accounts", &|of| count(of.open)),
            ("descriptors", &|of| count(of.descriptors)),
            ("descriptors for a further open account", &|of| {
                further(of, |all| all.descriptors, open(of))
            }),
            ("threads", &|of| count(of.threads)),
            ("connections", &|of| Some(of.connections as f64)),
            ("/metrics, KiB", &|of| {
                Some(of.metrics.bytes as f64 / 1024.0)
            }),
            ("/metrics, ms", &|of| Some(of.metrics.p50_ms)),
            ("system_status, KiB", &|of| {
                Some(of.status.bytes as f64 / 1024.0)
            }),
            ("system_status, ms", &|of| Some(of.status.p50_ms)),
        ];
        let rows = rows.map(|(name, value)| {
            let cell = |standing| value(standing).map(short).unwrap_or_default();
            vec![name.to_owned(), cell(&self.one), cell(&self.many)]
        });
        let many = format!("{} accounts", self.many.accounts);
        table(["daemon with", "1 account", &many], rows)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{
        super::directory::{Directory, Launch},
        *,
    };

    #[derive(clap::Parser)]
    struct Usage {
        #[command(flatten)]
        options: Options,
    }

    fn report(options: &Options) -> Report<'_> {
        let launch = Launch {
            program: "ratchetd".into(),
            flags: Vec::new(),
        };
        let standing = |accounts| {
            Standing::new(&Directory {
                launch: &launch,
                path: "/nowhere/at/all".into(),
                accounts,
            })
        };
        Report {
            warnings: Vec::new(),
            settings: options,
            daemon: Value::Null,
            accounts_made: 0,
            derivation_ms: None,
            one: standing(1),
            many: standing(options.accounts),
            figures: Vec::new(),
            over_open: Pairs::default(),
            of_one_account: 0.0,
            pool: 4,
            open: 11,
            limited: None,
            bars: Vec::new(),
        }
    }

    /// What bars are about, from what was counted.
    #[test]
    fn what_is_not_the_accounts_is_taken_off_before_it_is_compared() {
        let options = Usage::parse_from(["hosting", "--accounts=100"]).options;
        let mut report = report(&options);
        let many = &mut report.many;
        many.ready_ms = vec![900.0, 1200.0, 5000.0];
        many.ready_kib = vec![30 << 10];
        (many.unused_kib, many.open_kib) = (Some(30 << 10), Some(130 << 10));
        many.used_kib = Some(140 << 10);
        (many.descriptors, many.connections) = (Some(1100), 65);
        many.threads = Some(21);
        report.derivation_ms = Some(300.0);
        report.over_open = Pairs {
            p50_ms: 3.0,
            p99_ms: 11.0,
        };
        report.of_one_account = 0.75;
        report.compare_with_bars();
        let measured: Vec<(f64, bool)> = report
            .bars
            .iter()
            .map(|bar| (bar.measured, bar.met))
            .collect();
        let expected = [
            (900.0, true),
            (30.0, true),
            (40.0, true),
            (1035.0, false),
            (17.0, false),
            (3.0, true),
            (11.0, false),
            (0.75, false),
        ];
        assert_eq!(measured, expected);
    }

    #[test]
    fn what_the_system_does_not_tell_has_no_bar_and_an_empty_cell() {
        let options = Usage::parse_from(["hosting"]).options;
        let mut report = report(&options);
        report.compare_with_bars();
        assert_eq!(report.bars.len(), 4, "{:?}", report.bars);
        let tables = report.tables();
        assert!(tables.contains("\ndescriptors\n"), "{tables}");
        report.one.descriptors = Some(36);
        report.many.descriptors = Some(136);
        let tables = report.tables();
        let row = |name: &str| {
            let line = tables.lines().find(|line| line.starts_with(name));
            line.unwrap_or_default()
                .trim_start_matches(name)
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(row("descriptors  "), ["36.0", "136"]);
        assert_eq!(row("descriptors for a further open account"), ["10.0"]);
    }
}
