//! Parameters of the methods of the daemon itself.

use crate::{forms::LogFilter, params::params};

params! {
    /// For `system_setLogFilter`.
    LogFilterParams {
        /// What is to be logged.
        filter = "filter": LogFilter,
    }
}
