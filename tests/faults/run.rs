//! Load on daemons to which something happens, and what the judge says of it.

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
    fault_injector::Weather,
    host::Site,
    kills::torn_tail,
    load::Caller,
    population::Town,
    power,
    random::{Random, seed},
    shim::Disk,
};
use crate::support::Daemon;

/// Callers of each device.
const CALLERS: usize = 3;
/// Turns of talk in which all sessions come to agree.
const TURNS: usize = 4;

/// What is to happen.
pub struct Plan {
    name: &'static str,
    /// Daemons killed, and disks failing, so often at least.
    kills: u64,
    faults: u64,
    /// Requests between two kills of one daemon, and between two failures of one disk, at most.
    calm: usize,
    fair: usize,
    /// What happens to a directory between a kill and the next start.
    away: fn(&mut Random, &Path),
}

impl Plan {
    /// Daemons die, and disks work.
    pub const fn kills(kills: u64) -> Self {
        Self {
            name: "kills",
            kills,
            faults: 0,
            calm: 120,
            fair: 0,
            away: torn_tail,
        }
    }

    /// Disks fail, and now and then a daemon dies, on a failing disk as well.
    pub const fn faults(faults: u64) -> Self {
        Self {
            name: "disk faults",
            kills: 1 + faults / 5,
            faults,
            calm: 160,
            fair: 20,
            away: |_, _| (),
        }
    }

    /// The power goes, of disks that sometimes fail before.
    pub const fn power(cuts: u64) -> Self {
        Self {
            name: "power cuts",
            kills: cuts,
            faults: 1,
            calm: 100,
            fair: 60,
            away: power::cut,
        }
    }

    fn site(&self) -> Site {
        if self.fair == 0 {
            return Site::new(Daemon::start(), None);
        }
        let (daemon, disk) = Disk::under(&QUIET, true);
        Site::new(daemon, Some(Weather::new(disk)))
    }

    fn is_done(&self, town: &Town) -> bool {
        town.kills() >= self.kills && town.faults().0 >= self.faults
    }
}

/// A number from the environment.
pub fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |number| number.parse().expect("a number"))
}

/// Lets it happen, and judges.
pub fn run(plan: &Plan) {
    let seed = seed();
    let began = Instant::now();
    let town = Town::new([(); 3].map(|()| plan.site()), plan.away);
    town.greet();
    let stop = AtomicBool::new(false);
    let mut random = Random::of(seed, 0);
    for site in &town.sites {
        site.arm(&mut random, plan.calm, plan.fair);
    }
    thread::scope(|scope| {
        for at in 0..town.residents.len() {
            for caller in 0..CALLERS {
                let random = Random::of(seed, (1 + at * CALLERS + caller) as u64);
                let (town, stop) = (&town, &stop);
                scope.spawn(move || {
                    let _stops_all = StopsAll(stop);
                    let done = || plan.is_done(town) || stop.load(SeqCst);
                    Caller::new(town, at, random, plan.fair > 0).run(done);
                });
            }
        }
    });
    for site in &town.sites {
        site.arm(&mut random, 0, 0);
    }
    settle(&town);
    let ledger = town.ledger();
    let counts = ledger.counts;
    let (faults, failed_calls) = town.faults();
    let line = format!(
        "{name}: {kills} kills{lost_sectors}, {faults} faults of disks ({failed_calls} calls of the system), {calls} calls \
         ({lost} unanswered, {failed} failed, {doubtful} in doubt), {encrypted} messages encrypted \
         ({repeated} asked for again), {decrypted} read ({duplicates} again), {confirmed} confirmed, {resets} resets, \
         {positions} positions, {violations} violations; seed {seed}, {seconds} s\n",
        name = plan.name,
        lost_sectors = match plan.name {
            "power cuts" => format!(" ({} unsynced sectors lost)", power::lost_sectors()),
            _ => String::new(),
        },
        kills = town.kills(),
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
        positions = ledger.positions(),
        violations = ledger.violations.len(),
        seconds = began.elapsed().as_secs(),
    );
    // Past the harness, which shows nothing of tests that pass.
    io::stderr().write_all(line.as_bytes()).expect("stderr");
    let first: Vec<&String> = ledger.violations.iter().take(10).collect();
    assert!(first.is_empty(), "RATCHETD_SEED={seed}: {first:#?}");
    assert!(plan.is_done(&town));
}

/// Stops all callers when one is done, however it ended.
struct StopsAll<'a>(&'a AtomicBool);

impl Drop for StopsAll<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Everything under way arrives, everybody talks, and what was said is on disk and holds.
fn settle(town: &Town) {
    let everybody = 0..town.residents.len();
    for at in everybody.clone() {
        town.drain(at);
    }
    for at in everybody.clone() {
        town.check_received(at);
        let calls = town.check_fan_out(at);
        let mut ledger = town.ledger();
        let (sent, unsure) = (ledger.sent[at], ledger.unsure[at]);
        if calls < sent || calls > sent + unsure {
            ledger.violation(format!(
                "device {at} stepped {calls} times for {sent} answers and {unsure} lost"
            ));
        }
    }
    town.check_stores();
    town.talk(TURNS);
    town.check_agreement();
    for site in &town.sites {
        site.kill(|_| ());
    }
    for at in everybody {
        town.check_gone(at);
    }
    town.check_headers(0);
}
