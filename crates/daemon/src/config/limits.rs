//! The section `[limits]`: the engine's numbers that a user may set, each written once here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Whether a number is 0 that has to be at least 1.
macro_rules! wrongly_zero {
    ($value:expr, positive) => {
        $value == 0
    };
    ($value:expr) => {
        false
    };
}

/// The value in the file of a field of the engine's configuration.
macro_rules! in_file {
    (seconds $field:expr) => {
        $field.as_secs()
    };
    (number $field:expr) => {
        $field
    };
}

/// The reverse.
macro_rules! in_engine {
    (seconds $value:expr) => {
        Duration::from_secs($value)
    };
    (number $value:expr) => {
        $value
    };
}

/// Defines the section: each key, its type, and the field of [`engine::Config`] that it sets.
macro_rules! limits {
    ($($kind:ident $key:ident: $type:ty => $($field:ident).+ $(, $positive:ident)?;)*) => {
        /// The numbers of protocol §1; spans in seconds.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[expect(missing_docs, reason = "each is a field of engine::Config")]
        pub struct Limits {
            $(pub $key: $type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                let config = engine::Config::default();
                Self {
                    $($key: in_file!($kind config.$($field).+),)*
                }
            }
        }

        impl Limits {
            /// Puts the numbers into the engine's configuration.
            pub(super) fn set(&self, config: &mut engine::Config) {
                $(config.$($field).+ = in_engine!($kind self.$key);)*
            }

            /// The first key whose number is 0 and may not be.
            pub(super) fn wrongly_zero(&self) -> Option<&'static str> {
                [$((stringify!($key), wrongly_zero!(self.$key $(, $positive)?)),)*]
                    .into_iter()
                    .find_map(|(key, wrong)| wrong.then_some(key))
            }
        }
    };
}

limits! {
    seconds prekey_rotation_s: u64 => prekey_rotation, positive;
    seconds erase_after_s: u64 => erase_after;
    seconds stale_after_s: u64 => stale_after;
    number max_devices: usize => max_devices, positive;
    number max_known_devices: usize => max_known_devices, positive;
    number max_skip: u32 => skip.max_skip;
    number max_steps: u32 => skip.max_steps;
    seconds unconfirmed_keys_s: u64 => unconfirmed_keys;
    number max_message_keys: u32 => max_message_keys, positive;
    number max_sessions_per_device: usize => max_sessions_per_device, positive;
    number max_sessions_per_identity: usize => max_sessions_per_identity, positive;
    number max_first_messages: u32 => max_first_messages, positive;
    seconds reply_span_s: u64 => reply_span;
    number max_replies_per_identity: usize => max_replies_per_identity;
    number unanswered_messages: u64 => unanswered_messages;
    seconds unanswered_age_s: u64 => unanswered_age;
}
