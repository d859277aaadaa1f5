//! Checks of the daemon that serves the directory, if one does.

use std::{fs, time::Duration};

use engine::model::UnixMillis;
use rpc::{
    client::{Address, Client, ClientError},
    methods::{NoParams, StatusParams, SystemHealth, SystemStatus},
    types::{Health, HealthStatus, Status},
};
use rustix::param::clock_ticks_per_second;
use session_store::holder;

use super::{Finding, Severity};
use crate::{accounts::worker::is_crowded, commands::Failure, config::Settings, ops::clock::Clock};

/// A wall clock whose time differs by more than this from the time the machine has run was set.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60 * 60);
/// Whether a daemon serves the directory; and the findings: who holds it, whether it answers, and
/// its status.
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
                Ok((status, _)) if holder != format!("pid {}", status.pid) => {
                    findings.push(Finding::new(
                        "serving.answers",
                        Severity::Problem,
                        format!(
                            "another daemon, of pid {}, answers on {}",
                            status.pid,
                            settings.socket.display()
                        ),
                        "name the socket of this directory's daemon with --socket, and give each daemon a socket of its own",
                    ));
                }
                Ok((status, health)) => {
                    findings.push(ready(health));
                    findings.extend(of_status(settings, &status));
                    // The development clock is moved on purpose; the system's is looked at.
                    let passed = Clock::default().now().since(UnixMillis(status.started_at));
                    findings.extend(run_time(&holder).map(|run| clock(passed, run)));
                }
                Err(error) => findings.push(Finding::new(
                    "serving.answers",
                    Severity::Warning,
                    format!("{} gives no answer: {error}", settings.socket.display()),
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

/// How long the holder of a lock has run, sleep of the machine included. Known on Linux.
fn run_time(holder: &str) -> Option<Duration> {
    let pid: u32 = holder.strip_prefix("pid ")?.parse().ok()?;
    let process = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The fields are counted from the end of the name, which may contain anything. The 22nd is the
    // time it was started, in ticks.
    let (_, fields) = process.rsplit_once(") ")?;
    let started: u64 = fields.split(' ').nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split(' ').next()?.parse().ok()?;
    let started = Duration::from_secs(started.checked_div(clock_ticks_per_second())?);
    Some(
        Duration::try_from_secs_f64(uptime)
            .ok()?
            .saturating_sub(started),
    )
}

/// Compares the time passed by the wall clock with the time that the daemon has run.
fn clock(passed: Duration, run: Duration) -> Finding {
    const ID: &str = "clock.running";
    if passed.abs_diff(run) <= CLOCK_TOLERANCE {
        return Finding::ok(ID, "the clock has not jumped since the daemon started");
    }
    let way = if passed > run { "ahead" } else { "back" };
    Finding::new(
        ID,
        Severity::Warning,
        format!(
            "the clock has jumped {} hours {way} since the daemon started",
            passed.abs_diff(run).as_secs() / 3600
        ),
        "if it is right now, nothing is to be done; else set it within the hour: what is due by it is erased after that",
    )
}

fn status(settings: &Settings) -> Result<(Status, Health), Failure> {
    let client = Client::new(Address::Unix(settings.socket.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(async {
        let status = client
            .call::<SystemStatus>(StatusParams { account: None })
            .await?;
        let health = client.call::<SystemHealth>(NoParams {}).await?;
        Ok::<_, ClientError>((status, health))
    })?)
}

/// Whether calls can be carried out, as the daemon says it.
fn ready(health: Health) -> Finding {
    const ID: &str = "serving.ready";
    match (health.status, health.reason) {
        (HealthStatus::Ok, _) => Finding::ok(ID, "messages can be encrypted, stored and read"),
        (HealthStatus::Failing, reason) => Finding::new(
            ID,
            Severity::Problem,
            reason.unwrap_or_else(|| "it is not ready".to_owned()),
            health.hint.unwrap_or_else(|| "see its log".to_owned()),
        ),
    }
}

fn of_status(settings: &Settings, status: &Status) -> Vec<Finding> {
    let mut findings = vec![Finding::ok(
        "serving.answers",
        format!("version {} answers", status.version),
    )];
    let totals = &status.accounts;
    findings.push(Finding::ok(
        "serving.accounts",
        format!(
            "{} of {} accounts are open, and {} calls wait for them",
            totals.open, totals.total, totals.queued
        ),
    ));
    for account in &status.attention {
        let depth = queue(account.queued, u64::from(settings.rpc.queue));
        findings.extend(depth.map(|depth| depth.of(&account.account)));
    }
    if status.dev_on_real_data {
        findings.push(Finding::new(
            "serving.dev",
            Severity::Problem,
            "every caller may move the clock and set prekeys of accounts that may be real (--dev-on-real-data)",
            "restart the daemon without --dev",
        ));
    } else if status.dev {
        findings.push(Finding::new(
            "serving.dev",
            Severity::Notice,
            "every caller may move the clock and set prekeys (--dev)",
            "nothing, unless there are messages that matter: restart without --dev then",
        ));
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

/// What is to be said of a queue that is nearly full.
fn queue(queued: u64, places: u64) -> Option<Finding> {
    is_crowded(queued, places).then(|| {
        Finding::new(
            "queue.depth",
            Severity::Warning,
            format!("{queued} of {places} places in the queue are taken"),
            "wait, or ask less at once: when all are taken, calls are answered with `busy`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_while_the_daemon_runs_is_told_of() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (passed, run, severity) in [
            (5, 5, Severity::Ok),
            (6, 5, Severity::Ok),
            (7, 5, Severity::Warning),
            (0, 5, Severity::Warning),
        ] {
            assert_eq!(clock(hours(passed), hours(run)).severity, severity);
        }
        // This very process has run for a moment.
        let run = run_time(&format!("pid {}", std::process::id()));
        assert!(run.is_none_or(|run| run < hours(24)));
    }

    #[test]
    fn a_queue_is_told_of_before_it_is_full() {
        assert!(queue(0, 1024).is_none());
        assert!(queue(768, 1024).is_none());
        assert_eq!(queue(769, 1024).unwrap().severity, Severity::Warning);
    }
}
