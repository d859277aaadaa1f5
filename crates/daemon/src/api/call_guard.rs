//! A call under way, which is counted however it ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use rpc::ErrorKind;
use tracing::Span;

use super::Result;
use crate::ops::metrics::Metrics;

/// Counts the call when it is dropped; one that has not come to its end then has panicked.
pub(crate) struct CallGuard {
    method: &'static str,
    metrics: Arc<Metrics>,
    began: Instant,
    error: Option<ErrorKind>,
    span: Span,
}

/// Numbers the calls of this process, so that the lines of one can be told from those of another.
static NUMBER: AtomicU64 = AtomicU64::new(1);

impl CallGuard {
    pub(crate) fn begin(method: &'static str, metrics: Arc<Metrics>) -> Self {
        Self {
            method,
            metrics,
            began: Instant::now(),
            error: Some(ErrorKind::Internal),
            span: tracing::info_span!("call", id = NUMBER.fetch_add(1, Ordering::Relaxed), method),
        }
    }

    /// What every line about the call stands in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call ends with this result.
    pub(crate) fn end<T>(mut self, result: Result<T>) -> Result<T> {
        self.error = result.as_ref().err().map(|error| error.kind);
        result
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let outcome = self.error.map_or("ok", ErrorKind::name);
        tracing::debug!(parent: &self.span, outcome, ?took, "answered");
        self.metrics.called(self.method, self.error);
        self.metrics.call_took(self.method, took);
    }
}
