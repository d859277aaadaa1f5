//! What the daemon that serves says of itself.

use rpc::{
    client::{Address, Client},
    methods::{NoParams, SystemStatus},
    types::Status,
};
use session_store::holder;

use super::{Finding, Severity};
use crate::config::Settings;

/// Of the places in a queue, how many may be taken: three quarters.
const CROWDED: (u64, u64) = (3, 4);

/// Who holds the directory, whether it answers, and how it is doing; whether there is one.
pub(super) fn look(settings: &Settings) -> (bool, Vec<Finding>) {
    match holder(&settings.data_dir) {
        Ok(None) => (
            false,
            vec![Finding::ok(
                "lock.holder",
                "no daemon serves this directory",
            )],
        ),
        Ok(Some(holder)) => {
            let mut findings = vec![Finding::ok("lock.holder", format!("held by {holder}"))];
            match status(settings) {
                Ok(status) => findings.extend(of_status(settings, &status)),
                Err(error) => findings.push(Finding::new(
                    "serving.answers",
                    Severity::Warning,
                    format!("nobody answers on {}: {error}", settings.socket.display()),
                    "if the daemon listens elsewhere, name its socket with --socket; if it hangs, see its log and restart it",
                )),
            }
            (true, findings)
        }
        Err(error) => (
            false,
            vec![Finding::new(
                "lock.holder",
                Severity::Problem,
                error.to_string(),
                "run this as the user of the daemon, or as root",
            )],
        ),
    }
}

fn status(settings: &Settings) -> Result<Status, String> {
    let client = Client::new(Address::Unix(settings.socket.clone()));
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?
        .block_on(client.call::<SystemStatus>(NoParams {}))
        .map_err(|error| error.to_string())
}

fn of_status(settings: &Settings, status: &Status) -> Vec<Finding> {
    let mut findings = vec![Finding::ok(
        "serving.answers",
        format!("version {} answers", status.version),
    )];
    for account in &status.accounts {
        let depth = queue(account.queued, u64::from(settings.rpc.queue));
        findings.push(depth.of(&account.account));
    }
    let memory = &status.memory;
    if memory.core_dumps || memory.traceable {
        findings.push(Finding::new(
            "memory.private",
            Severity::Warning,
            "a crash may leave a core, or other processes of the same user may read the memory",
            "run the daemon on a system that lets it forbid both",
        ));
    }
    if let Some(reason) = &memory.reason {
        findings.push(Finding::new(
            "memory.locked",
            Severity::Notice,
            format!("memory may be swapped out: {reason}"),
            "encrypt the swap, or let the daemon lock its memory (LimitMEMLOCK=infinity)",
        ));
    }
    findings
}

/// What so many waiting calls mean where there are so many places.
fn queue(queued: u64, places: u64) -> Finding {
    let said = format!("{queued} of {places} places in the queue are taken");
    let (taken, of) = CROWDED;
    if queued.saturating_mul(of) > places.saturating_mul(taken) {
        let advice =
            "wait, or ask less at once: when all are taken, calls are answered with `busy`";
        Finding::new("queue.depth", Severity::Warning, said, advice)
    } else {
        Finding::ok("queue.depth", said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_told_of_before_it_is_full() {
        assert_eq!(queue(0, 1024).severity, Severity::Ok);
        assert_eq!(queue(768, 1024).severity, Severity::Ok);
        assert_eq!(queue(769, 1024).severity, Severity::Warning);
    }
}
