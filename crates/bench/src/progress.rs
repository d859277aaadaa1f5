//! What is done meanwhile, for whoever watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How it looks.
const STYLE: &str = "[{elapsed_precise}] {bar:30} {pos}/{len} {wide_msg}";

/// A line on the diagnostics while they are a terminal; nothing otherwise.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// So many steps lie ahead.
    pub(crate) fn of(steps: u64) -> Self {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// The next step begins.
    pub(crate) fn step(&self, what: &str) {
        if self.0.message().is_empty() {
            self.0.set_message(what.to_owned());
            self.0.tick();
        } else {
            self.0.set_message(what.to_owned());
            self.0.inc(1);
        }
    }

    /// There are more steps.
    pub(crate) fn more(&self, steps: u64) {
        self.0.inc_length(steps);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
