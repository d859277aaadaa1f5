//! A run of a fault suite: load on daemons that are killed or whose disks fail, and the checks
//! after it.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::Instant,
};

use super::{
    disk::QUIET,
    fault_injector::FaultInjector,
    host::Host,
    kills::torn_tail,
    load::Caller,
    population::Population,
    power,
    random::{Random, seed},
    shim::Disk,
};
use crate::support::Daemon;

/// Threads that call for each device.
const CALLERS: usize = 3;
/// Turns of conversation after which both sides of every session agree on it.
const TURNS: usize = 4;

/// What is to happen in a run.
pub struct Plan {
    name: &'static str,
    /// Least number of kills, of all daemons.
    kills: u64,
    /// Least number of faults, of all disks.
    faults: u64,
    /// Most requests between two kills of one daemon.
    kill_interval: usize,
    /// Most requests between two faults of one disk; 0: disks do not fail.
    fault_interval: usize,
    /// What is done to a data directory between a kill and the next start.
    while_down: fn(&mut Random, &Path),
    /// Eight accounts are on one daemon, of which two may be open: nearly each call opens one store
    /// and closes another. Otherwise they are on three, and stay open.
    crowded: bool,
}

/// The configuration of a crowded daemon.
const TWO_OPEN: &str = "[accounts]\nopen_max = 2\n";

impl Plan {
    /// The same, with all accounts on one daemon.
    pub const fn crowded(self) -> Self {
        Self {
            crowded: true,
            ..self
        }
    }

    /// Daemons are killed; disks work.
    pub const fn kills(kills: u64) -> Self {
        Self {
            name: "kills",
            kills,
            faults: 0,
            kill_interval: 120,
            fault_interval: 0,
            while_down: torn_tail,
            crowded: false,
        }
    }

    /// Disks fail, and now and then a daemon is killed, on a failing disk as well.
    pub const fn faults(faults: u64) -> Self {
        Self {
            name: "disk faults",
            kills: 1 + faults / 5,
            faults,
            kill_interval: 160,
            fault_interval: 20,
            while_down: |_, _| (),
            crowded: false,
        }
    }

    /// The power is cut, also while a disk fails.
    pub const fn power(cuts: u64) -> Self {
        Self {
            name: "power cuts",
            kills: cuts,
            faults: 1,
            kill_interval: 100,
            fault_interval: 60,
            while_down: power::cut,
            crowded: false,
        }
    }

    fn host(&self) -> Host {
        let config = if self.crowded { TWO_OPEN } else { "" };
        if self.fault_interval == 0 {
            return Host::new(Daemon::configured(config), None);
        }
        let directory = tempfile::tempdir().expect("a scratch directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, config).expect("to write");
        let (environment, disk) = Disk::in_directory(&directory, true);
        let mut arguments = QUIET.map(str::to_owned).to_vec();
        arguments.extend(["--config".to_owned(), path.display().to_string()]);
        let daemon = Daemon::start_in_with(directory, arguments, environment);
        Host::new(daemon, Some(FaultInjector::new(disk)))
    }

    fn populations(&self) -> Vec<Population> {
        if self.crowded {
            Population::crowded(self.host(), self.while_down).into()
        } else {
            let hosts = [(); 3].map(|()| self.host());
            vec![Population::spread(hosts, self.while_down)]
        }
    }

    fn is_done(&self, population: &Population) -> bool {
        population.kills() >= self.kills && population.faults().0 >= self.faults
    }
}

/// The number in an environment variable, or `otherwise`.
pub fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |number| number.parse().expect("a number"))
}

/// Runs a plan.
///
/// # Panics
/// If a rule was broken.
pub fn run(plan: &Plan) {
    let seed = seed();
    let began = Instant::now();
    let populations = plan.populations();
    for population in &populations {
        population.send_first_messages();
    }
    let stop = AtomicBool::new(false);
    let mut random = Random::of(seed, 0);
    // Several populations have their hosts in common.
    let hosts = &populations[0].hosts;
    for host in hosts {
        host.arm(&mut random, plan.kill_interval, plan.fault_interval);
    }
    thread::scope(|scope| {
        let mut callers = 0;
        for population in &populations {
            for at in 0..population.members.len() {
                for _ in 0..CALLERS {
                    callers += 1;
                    let random = Random::of(seed, callers);
                    let stop = &stop;
                    scope.spawn(move || {
                        let _stops_all = StopsAll(stop);
                        let done = || plan.is_done(population) || stop.load(SeqCst);
                        Caller::new(population, at, random, plan.fault_interval > 0).run(done);
                    });
                }
            }
        }
    });
    for host in hosts {
        host.arm(&mut random, 0, 0);
    }
    for population in &populations {
        settle(population);
        report(plan, population, seed, began);
    }
}

/// Says what was done and found in a population.
///
/// # Panics
/// If a rule was broken, or less was done than was planned.
fn report(plan: &Plan, population: &Population, seed: u64, began: Instant) {
    let log = population.log();
    let counts = log.counts;
    let (faults, failed_calls) = population.faults();
    let line = format!(
        "{name}{crowded}: {kills} kills{lost_sectors}, {faults} faults of disks ({failed_calls} calls of the system), {calls} calls \
         ({lost} unanswered, {failed} failed, {doubtful} in doubt), {encrypted} messages encrypted \
         ({repeated} asked for again), {decrypted} read ({duplicates} again), {confirmed} confirmed, {resets} resets, \
         {positions} positions, {violations} violations; seed {seed}, {seconds} s\n",
        name = plan.name,
        crowded = if plan.crowded { ", crowded" } else { "" },
        lost_sectors = match plan.name {
            "power cuts" => format!(" ({} unsynced sectors lost)", power::lost_sectors()),
            _ => String::new(),
        },
        kills = population.kills(),
        calls = counts.calls,
        lost = counts.lost,
        failed = counts.failed,
        doubtful = counts.doubtful,
        encrypted = counts.encrypted,
        repeated = counts.repeated,
        decrypted = counts.decrypted,
        duplicates = counts.duplicates,
        confirmed = counts.confirmed,
        resets = counts.resets,
        positions = log.positions(),
        violations = log.violations.len(),
        seconds = began.elapsed().as_secs(),
    );
    // Not by a macro: the harness captures those, and shows nothing of a test that passes.
    io::stderr().write_all(line.as_bytes()).expect("stderr");
    let first: Vec<&String> = log.violations.iter().take(10).collect();
    assert!(first.is_empty(), "RATCHETD_SEED={seed}: {first:#?}");
    assert!(plan.is_done(population));
}

/// Stops all callers when one of them ends, by a panic too.
struct StopsAll<'a>(&'a AtomicBool);

impl Drop for StopsAll<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Delivers what is under way and makes the checks: at rest, after a conversation, and after a last
/// kill of each daemon.
fn settle(population: &Population) {
    let everyone = 0..population.members.len();
    for at in everyone.clone() {
        population.read_all(at);
    }
    for at in everyone.clone() {
        population.check_received(at);
        let calls = population.check_fan_out(at);
        let mut log = population.log();
        let (sent, unanswered) = (log.sent[at], log.unanswered[at]);
        if calls < sent || calls > sent + unanswered {
            log.violation(format!(
                "device {at} encrypted {calls} times for {sent} answered calls and {unanswered} unanswered ones"
            ));
        }
    }
    population.check_stores();
    population.converse(TURNS);
    population.check_agreement();
    for host in &population.hosts {
        host.kill(|_| ());
    }
    for at in everyone {
        population.check_confirmed(at);
    }
    population.check_headers(0);
}
