//! Progress on standard error.

use indicatif::{ProgressBar, ProgressStyle};

/// How it looks.
const STYLE: &str = "[{elapsed_precise}] {bar:30} {pos}/{len} {wide_msg}";

/// A line on standard error if that is a terminal; nothing otherwise.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Without steps yet.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Adds this many steps to those that are expected.
    pub(crate) fn more(&self, steps: u64) {
        self.0.inc_length(steps);
    }

    /// Ends the step under way, if any, and begins the next.
    pub(crate) fn step(&self, what: &str) {
        if self.0.message().is_empty() {
            self.0.set_message(what.to_owned());
            self.0.tick();
        } else {
            self.0.set_message(what.to_owned());
            self.0.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
