//! Parameters of the methods of the daemon itself.

use engine::model::AccountName;

use crate::params::{LogFilter, params};

params! {
    /// For `system_status`.
    StatusParams {
        /// The account to look at besides. It is opened for that.
        account = "account": Option<AccountName>,
    }

    /// For `system_setLogFilter`.
    LogFilterParams {
        /// What to log: a level, or directives for parts of the daemon.
        filter = "filter": LogFilter,
    }
}
