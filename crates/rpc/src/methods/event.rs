//! The parameters of the methods of events.

use crate::params::{AccountFilter, Cursor, PageLimit, Subscription, WaitMillis, params};

params! {
    /// For `event_list`.
    EventListParams {
        /// The account whose events are told, or `*` for all. May be left out when there is exactly
        /// one account.
        account = "account": Option<AccountFilter>,
        /// The number of the last event that is known already: 0 by default, to begin with the
        /// oldest.
        after = "after": Option<Cursor>,
        /// The most events to give in one answer: 100 by default.
        limit = "limit": Option<PageLimit>,
        /// How long to wait for an event if there is none yet, in milliseconds: 0 by default.
        wait_ms = "waitMs": Option<WaitMillis>,
    }

    /// For `event_subscribe`.
    SubscribeParams {
        /// The account whose events are told, or `*` for all. May be left out when there is exactly
        /// one account.
        account = "account": Option<AccountFilter>,
        /// The number of the last event that is known already: by default that of the newest, so
        /// that only later ones are told.
        after = "after": Option<Cursor>,
    }

    /// For `event_unsubscribe`.
    UnsubscribeParams {
        /// The name of the subscription, which `event_subscribe` answered.
        subscription = "subscription": Subscription,
    }
}
