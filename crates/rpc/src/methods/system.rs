//! Parameters of the methods of the daemon itself.

use crate::params::{LogFilter, params};

params! {
    /// For `system_setLogFilter`.
    LogFilterParams {
        /// What is to be logged.
        filter = "filter": LogFilter,
    }
}
