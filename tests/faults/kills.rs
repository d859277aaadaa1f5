//! Daemons killed at random moments under load.

use std::{
    env,
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::Instant,
};

use super::{
    load::Caller,
    random::{Random, seed},
    town::Town,
};
use crate::support::Daemon;

/// Callers of each device.
const CALLERS: usize = 3;
/// Requests between two kills of one daemon, at most.
const CALM: usize = 120;
/// Turns of talk in which all sessions come to agree.
const TURNS: usize = 4;

/// Lets daemons be killed so often, and judges.
fn run(kills: u64) {
    let seed = seed();
    let began = Instant::now();
    let daemons = [(); 3].map(|()| Daemon::start());
    let town = Town::new(daemons, torn_tail);
    town.greet();
    let stop = AtomicBool::new(false);
    let mut random = Random::of(seed, 0);
    for site in &town.sites {
        site.arm(&mut random, CALM);
    }
    thread::scope(|scope| {
        for at in 0..town.residents.len() {
            for caller in 0..CALLERS {
                let random = Random::of(seed, (1 + at * CALLERS + caller) as u64);
                let (town, stop) = (&town, &stop);
                scope.spawn(move || {
                    let _stops_all = StopsAll(stop);
                    Caller::new(town, at, random, false).run(kills, stop);
                });
            }
        }
    });
    for site in &town.sites {
        site.arm(&mut random, 0);
    }
    settle(&town);
    let ledger = town.ledger();
    let counts = ledger.counts;
    let line = format!(
        "faults: {kills} kills, {calls} calls ({lost} unanswered, {failed} failed), {encrypted} messages encrypted \
         ({repeated} asked for again), {decrypted} read ({duplicates} again), {confirmed} confirmed, {resets} resets, \
         {positions} positions, {violations} violations; seed {seed}, {seconds} s\n",
        kills = town.kills(),
        calls = counts.calls,
        lost = counts.lost,
        failed = counts.failed,
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
    assert!(town.kills() >= kills);
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

/// What a write that was under way leaves behind: bytes that are no frame at the end of the write-ahead log.
fn torn_tail(random: &mut Random, data_dir: &Path) {
    for account in std::fs::read_dir(data_dir.join("accounts")).expect("the accounts") {
        let path = account.expect("an entry").path();
        let is_wal = path.extension().is_some_and(|is| is == "db-wal");
        if is_wal && random.one_in(3) {
            let length = 1 + random.below(9000);
            let mut wal = OpenOptions::new().append(true).open(path).expect("the log");
            wal.write_all(&random.bytes(length)).expect("to append");
        }
    }
}

#[test]
fn nothing_is_lost_forked_or_half_done_however_daemons_are_killed() {
    run(30);
}

#[test]
#[ignore = "takes minutes: RATCHETD_KILLS says how many kills"]
fn nothing_is_lost_forked_or_half_done_in_a_thousand_kills() {
    let kills = env::var("RATCHETD_KILLS").map_or(1000, |kills| {
        kills.parse().expect("RATCHETD_KILLS is a number")
    });
    run(kills);
}
