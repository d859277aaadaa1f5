//! What the daemon counts, for `GET /metrics`: no identities, no names of accounts, nothing of any
//! message.
//!
//! Every label takes its values from a closed list, so that no client can make the series grow.

mod gauges;

use std::time::Duration;

use engine::model::UnixMillis;
use hyper::StatusCode;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
    core::{Collector, GenericGauge},
};
use rpc::{
    ErrorKind, METHODS,
    types::{Decrypted, EnvelopeInfo, Outcome, Reason, Suite},
};

use self::gauges::Gauges;

/// The media type of the text ([`prometheus::TEXT_FORMAT`]).
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Counted instead of the name of a method that does not exist, so that no caller can make the
/// series grow.
pub(crate) const UNKNOWN: &str = "unknown";
/// The outcome of a call that was answered with a result.
const OK: &str = "ok";
/// Counted instead of a suite where there is no session: by DH, in public, under a group key.
const NO_SUITE: &str = "none";
/// What a call may come to without its caller's fault.
const DAEMONS_FAULTS: [ErrorKind; 5] = [
    ErrorKind::Internal,
    ErrorKind::Busy,
    ErrorKind::ShuttingDown,
    ErrorKind::StoreFailed,
    ErrorKind::StoreRolledBack,
];
/// What becomes of requests that name no method there is, or that are not read so far.
const OF_NO_METHOD: [ErrorKind; 5] = [
    ErrorKind::ParseError,
    ErrorKind::InvalidRequest,
    ErrorKind::MethodNotFound,
    ErrorKind::Busy,
    ErrorKind::ShuttingDown,
];
/// The statuses of refusal that there are.
pub(crate) const REFUSALS: [StatusCode; 9] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::TOO_MANY_REQUESTS,
];

/// Upper bounds of the times of calls and phases, in seconds: from what a message costs in memory
/// to what a long poll waits.
const SECONDS: [f64; 15] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    60.0,
];
/// Upper bounds of the calls in one commit; the last is the most there are.
const BATCH_SIZES: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// How a connection came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The Unix socket.
    Unix,
    /// TCP.
    Tcp,
}

impl Listener {
    const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Tcp => "tcp",
        }
    }
}

/// Why a connection was refused or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// The limit of open connections was reached.
    Limit,
    /// Its process runs as a user that may not use the socket.
    Peer,
    /// It had shown no token, and made room for a newer one.
    GaveWay,
}

impl TurnedAway {
    const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Peer => "peer",
            Self::GaveWay => "gave_way",
        }
    }
}

/// The phases of a call, whose times are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// In the store, within the transaction.
    Load,
    /// In everything else that the call does: cryptography, above all.
    Crypto,
    /// In making the batch durable.
    Commit,
}

impl Phase {
    const fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Crypto => "crypto",
            Self::Commit => "commit",
        }
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    call_seconds: HistogramVec,
    phase_seconds: HistogramVec,
    batch_size: Histogram,
    decrypted: IntCounterVec,
    undecryptable: IntCounterVec,
    encrypted_copies: IntCounterVec,
    decrypted_by_suite: IntCounterVec,
    connections: IntGaugeVec,
    accepted: IntCounterVec,
    turned_away: IntCounterVec,
    refused_requests: IntCounterVec,
    events: IntCounter,
    /// Lines of the log that nobody took.
    pub(crate) log_lines_lost: IntCounter,
    /// What is set before it is written.
    pub(crate) gauges: Gauges,
}

/// Registers everything under the daemon's name.
struct Register(Registry);

impl Register {
    fn keep<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge<P: prometheus::core::Atomic + 'static>(
        &self,
        name: &str,
        help: &str,
    ) -> prometheus::Result<GenericGauge<P>> {
        self.keep(GenericGauge::with_opts(Opts::new(name, help))?)
    }

    fn seconds(&self, name: &str, help: &str, label: &str) -> prometheus::Result<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
        self.keep(HistogramVec::new(options, &[label])?)
    }
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// In words, if a name is used twice or is invalid.
    pub fn new() -> Result<Self, String> {
        Self::registered().map_err(|error| error.to_string())
    }

    fn registered() -> prometheus::Result<Self> {
        let new = Register(Registry::new());
        let this = Self {
            calls: new.counters(
                "ratchetd_calls_total",
                "Calls answered, by method and outcome: ok, or the kind of the error.",
                &["method", "outcome"],
            )?,
            call_seconds: new.seconds(
                "ratchetd_call_duration_seconds",
                "Time from a call's parameters to its result, waiting included.",
                "method",
            )?,
            phase_seconds: new.seconds(
                "ratchetd_phase_duration_seconds",
                "Time on an account: load and crypto of each call or sweep, commit of each batch.",
                "phase",
            )?,
            batch_size: new.keep(Histogram::with_opts(
                HistogramOpts::new("ratchetd_batch_size", "Calls in one commit.")
                    .buckets(BATCH_SIZES.to_vec()),
            )?)?,
            decrypted: new.counters(
                "ratchetd_decrypt_outcomes_total",
                "What message_decrypt said of messages, by outcome.",
                &["outcome"],
            )?,
            undecryptable: new.counters(
                "ratchetd_undecryptable_total",
                "Messages that message_decrypt could not read, not targeted ones among them, by reason.",
                &["reason"],
            )?,
            encrypted_copies: new.counters(
                "ratchetd_encrypted_copies_total",
                "Copies of messages given out for devices, advertisements and replies left out, by suite: none by DH, in public and under group keys.",
                &["suite"],
            )?,
            decrypted_by_suite: new.counters(
                "ratchetd_decrypted_total",
                "Messages that message_decrypt read, by suite: none by DH, in public and under group keys.",
                &["suite"],
            )?,
            connections: new.keep(IntGaugeVec::new(
                Opts::new("ratchetd_connections", "Open connections, by listener."),
                &["listener"],
            )?)?,
            accepted: new.counters(
                "ratchetd_connections_total",
                "Connections taken, by listener.",
                &["listener"],
            )?,
            turned_away: new.counters(
                "ratchetd_connections_refused_total",
                "Connections refused: over the limit, of a user that may not use the socket, or without the token and for a newer one.",
                &["listener", "reason"],
            )?,
            refused_requests: new.counters(
                "ratchetd_requests_refused_total",
                "Requests answered with an HTTP status of refusal, by that status.",
                &["status"],
            )?,
            events: new.keep(IntCounter::new(
                "ratchetd_events_total",
                "Events told, written or not.",
            )?)?,
            log_lines_lost: new.keep(IntCounter::new(
                "ratchetd_log_lines_lost_total",
                "Lines of the log that could not be written in time, and are missing.",
            )?)?,
            gauges: Gauges::registered(&new)?,
            registry: new.0,
        };
        this.begin_at_zero()?;
        Ok(this)
    }

    /// Makes the series, so that the first rise of each is seen: one that begins with 1 has risen
    /// by nothing. Left out are outcomes of calls that are their caller's fault, which are many and
    /// wake nobody.
    fn begin_at_zero(&self) -> prometheus::Result<()> {
        for method in METHODS.iter().map(|method| method.name) {
            self.call_seconds.get_metric_with_label_values(&[method])?;
            let faults = DAEMONS_FAULTS.iter().map(|kind| kind.name());
            for outcome in faults.chain([OK]) {
                self.calls
                    .get_metric_with_label_values(&[method, outcome])?;
            }
        }
        for kind in OF_NO_METHOD {
            self.calls
                .get_metric_with_label_values(&[UNKNOWN, kind.name()])?;
        }
        let outcomes = Outcome::ALL.iter().map(|outcome| outcome.name());
        for outcome in outcomes.chain([Reason::AlreadyRead.name()]) {
            self.decrypted.get_metric_with_label_values(&[outcome])?;
        }
        for status in REFUSALS {
            self.refused_requests
                .get_metric_with_label_values(&[status.as_str()])?;
        }
        // That a message was read before is no failure.
        let unread = Reason::ALL.iter();
        for reason in unread.filter(|reason| **reason != Reason::AlreadyRead) {
            self.undecryptable
                .get_metric_with_label_values(&[reason.name()])?;
        }
        let suites = Suite::ALL.iter().map(|suite| suite.name());
        for suite in suites.chain([NO_SUITE]) {
            self.encrypted_copies
                .get_metric_with_label_values(&[suite])?;
            self.decrypted_by_suite
                .get_metric_with_label_values(&[suite])?;
        }
        for phase in [Phase::Load, Phase::Crypto, Phase::Commit] {
            self.phase_seconds
                .get_metric_with_label_values(&[phase.name()])?;
        }
        for listener in [Listener::Unix, Listener::Tcp] {
            self.connections
                .get_metric_with_label_values(&[listener.name()])?;
            self.accepted
                .get_metric_with_label_values(&[listener.name()])?;
            let limit = [listener.name(), TurnedAway::Limit.name()];
            self.turned_away.get_metric_with_label_values(&limit)?;
        }
        let peer = [Listener::Unix.name(), TurnedAway::Peer.name()];
        self.turned_away.get_metric_with_label_values(&peer)?;
        let gave_way = [Listener::Tcp.name(), TurnedAway::GaveWay.name()];
        self.turned_away.get_metric_with_label_values(&gave_way)?;
        Ok(())
    }

    /// Everything as Prometheus text, of a process that started then.
    ///
    /// # Errors
    /// In words, if it cannot be written.
    pub fn render(&self, started_at: UnixMillis) -> Result<Vec<u8>, String> {
        self.gauges.set_process(started_at);
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    /// Counts a call of a method that there is, or of [`UNKNOWN`]; `error` is what it was answered
    /// with, if not a result.
    pub(crate) fn called(&self, method: &'static str, error: Option<ErrorKind>) {
        add(&self.calls, &[method, error.map_or(OK, ErrorKind::name)]);
    }

    /// Adds the time of a call.
    pub(crate) fn call_took(&self, method: &'static str, time: Duration) {
        observe(&self.call_seconds, method, time);
    }

    /// Adds the time of a phase.
    pub(crate) fn phase_took(&self, phase: Phase, time: Duration) {
        observe(&self.phase_seconds, phase.name(), time);
    }

    /// Counts a commit of so many calls.
    pub(crate) fn batch(&self, calls: usize) {
        self.batch_size
            .observe(f64::from(u32::try_from(calls).unwrap_or(u32::MAX)));
    }

    /// Counts the outcome of a message. One that was read before is none of those that could not
    /// be read: relays bring messages again. `suite` is that of the session it was read on.
    pub(crate) fn decrypted(&self, message: &Decrypted, suite: Option<Suite>) {
        if message.reason == Some(Reason::AlreadyRead) {
            return add(&self.decrypted, &[Reason::AlreadyRead.name()]);
        }
        add(&self.decrypted, &[message.outcome.name()]);
        if let Some(reason) = message.reason {
            add(&self.undecryptable, &[reason.name()]);
        }
        if let Outcome::Decrypted | Outcome::Public | Outcome::Contact | Outcome::GroupKey =
            message.outcome
        {
            add(&self.decrypted_by_suite, &[suite_name(suite)]);
        }
    }

    /// Counts the copies in messages that a call gives out.
    pub(crate) fn encrypted(&self, envelopes: &[EnvelopeInfo]) {
        for target in envelopes.iter().flat_map(|envelope| &envelope.targets) {
            add(&self.encrypted_copies, &[suite_name(target.suite)]);
        }
    }

    /// Counts a connection; it is open until what this gives is dropped.
    pub(crate) fn connected(&self, listener: Listener) -> Open {
        add(&self.accepted, &[listener.name()]);
        let open = self
            .connections
            .get_metric_with_label_values(&[listener.name()])
            .ok();
        if let Some(open) = &open {
            open.inc();
        }
        Open(open)
    }

    /// Counts a connection that was closed at once.
    pub(crate) fn turned_away(&self, listener: Listener, reason: TurnedAway) {
        add(&self.turned_away, &[listener.name(), reason.name()]);
    }

    /// Counts an HTTP answer if it is a refusal: 4xx.
    pub(crate) fn answered(&self, status: StatusCode) {
        if status.is_client_error() {
            add(&self.refused_requests, &[status.as_str()]);
        }
    }

    /// Counts events.
    pub(crate) fn events_published(&self, events: u64) {
        self.events.inc_by(events);
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Open(Option<IntGauge>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(open) = &self.0 {
            open.dec();
        }
    }
}

fn suite_name(suite: Option<Suite>) -> &'static str {
    suite.map_or(NO_SUITE, Suite::name)
}

fn add(counters: &IntCounterVec, labels: &[&str]) {
    if let Ok(counter) = counters.get_metric_with_label_values(labels) {
        counter.inc();
    }
}

fn observe(histograms: &HistogramVec, label: &str, time: Duration) {
    if let Ok(histogram) = histograms.get_metric_with_label_values(&[label]) {
        histogram.observe(time.as_secs_f64());
    }
}
