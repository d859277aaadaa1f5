//! Parameters of the methods of the daemon itself.

use crate::params::{LogFilter, params};

params! {
    /// For `system_setLogFilter`.
    LogFilterParams {
        /// What to log: a level, or directives for parts of the daemon.
        filter = "filter": LogFilter,
    }
}
