//! A call under way, which is counted however it ends.

use std::{sync::Arc, time::Instant};

use rpc::Kind;

use super::Result;
use crate::metrics::Metrics;

/// Counts the call when it is dropped; one that has not come to its end then has panicked.
pub(super) struct Called {
    method: &'static str,
    metrics: Arc<Metrics>,
    began: Instant,
    error: Option<Kind>,
}

impl Called {
    pub(super) fn begin(method: &'static str, metrics: Arc<Metrics>) -> Self {
        Self {
            method,
            metrics,
            began: Instant::now(),
            error: Some(Kind::Internal),
        }
    }

    /// The call ends with this result.
    pub(super) fn end<T>(mut self, result: Result<T>) -> Result<T> {
        self.error = result.as_ref().err().map(|error| error.kind);
        result
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        self.metrics.called(self.method, self.error);
        self.metrics.call_took(self.method, self.began.elapsed());
    }
}
