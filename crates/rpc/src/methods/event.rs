//! The parameters of the methods of events.

use crate::params::{AccountFilter, Cursor, PageLimit, Subscription, WaitMillis, params};

params! {
    /// For `event_list`.
    EventListParams {
        /// May be left out when there is exactly one; `*` means all.
        account = "account": Option<AccountFilter>,
        /// The last event known: 0 by default, and then the oldest comes first.
        after = "after": Option<Cursor>,
        /// How many at most: 100 by default.
        limit = "limit": Option<PageLimit>,
        /// How long to wait if there is none: not at all by default.
        wait_ms = "waitMs": Option<WaitMillis>,
    }

    /// For `event_subscribe`.
    SubscribeParams {
        /// May be left out when there is exactly one; `*` means all.
        account = "account": Option<AccountFilter>,
        /// The last event known: by default the newest there is.
        after = "after": Option<Cursor>,
    }

    /// For `event_unsubscribe`.
    UnsubscribeParams {
        /// What `event_subscribe` answered.
        subscription = "subscription": Subscription,
    }
}
