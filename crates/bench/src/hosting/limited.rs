//! Accounts made and called where a process may have few files open.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::{
    calls::{encrypt, stranger},
    directory::{Launch, name},
};
use crate::{
    connection::{Connection, request},
    population::encrypt_request,
    process::descriptors,
    test_daemon::TestDaemon,
};

/// The limit of descriptors that a login shell has on most systems, soft and hard.
const DESCRIPTORS: usize = 1024;

/// What became of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Limited {
    /// Accounts that were to be made.
    pub accounts: usize,
    /// The limit of descriptors.
    pub limit: usize,
    /// Calls that were made: each account is made, called, and called again when all were made.
    pub calls: usize,
    /// Calls that were answered with an error, or not at all.
    pub errors: usize,
    /// What the first error said, and which call it answered.
    pub first_error: Option<String>,
    /// Descriptors of the daemon after the last call, if the system tells.
    pub descriptors: Option<u64>,
}

impl Limited {
    /// Makes the accounts in a new data directory, and calls them in turn. Errors are counted.
    pub(super) async fn measure(
        launch: &Launch,
        data_dir: &Path,
        accounts: usize,
    ) -> Result<Self, String> {
        let limited = launch.limited_to(DESCRIPTORS);
        let (daemon, _) = TestDaemon::scratch_by(limited, data_dir, &launch.flags())?;
        let stranger = stranger()?;
        // The only connection: one more might wait for a descriptor for ever.
        let mut connection = Connection::open(daemon.socket()).await?;
        let mut found = Self {
            accounts,
            limit: DESCRIPTORS,
            calls: 0,
            errors: 0,
            first_error: None,
            descriptors: None,
        };
        for number in 1..=accounts {
            let name = name(number);
            let create = request("account_create", &json!({"account": name}));
            let made = connection.call(&create).await.map(|_| ());
            found.count(made, &format!("account_create of the account {number}"));
            let called = encrypt(&mut connection, &encrypt_request(&name, &stranger)).await;
            found.count(called, &format!("message_encrypt of the account {number}"));
        }
        for number in 1..=accounts {
            let call = encrypt_request(&name(number), &stranger);
            let called = encrypt(&mut connection, &call).await;
            found.count(called, &format!("second call of the account {number}"));
        }
        found.descriptors = connection.process().and_then(descriptors);
        drop(connection);
        daemon.stop()?;
        Ok(found)
    }

    fn count(&mut self, outcome: Result<(), String>, call: &str) {
        self.calls += 1;
        if let Err(error) = outcome {
            self.errors += 1;
            self.first_error
                .get_or_insert_with(|| format!("{call}: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_and_the_first_is_kept() {
        let mut found = Limited {
            accounts: 1,
            limit: DESCRIPTORS,
            calls: 0,
            errors: 0,
            first_error: None,
            descriptors: None,
        };
        for (outcome, call) in [
            (Ok(()), "a"),
            (Err("full".to_owned()), "b"),
            (Err("gone".to_owned()), "c"),
        ] {
            found.count(outcome, call);
        }
        assert_eq!((found.calls, found.errors), (3, 2));
        assert_eq!(found.first_error.as_deref(), Some("b: full"));
    }
}
