//! Daemons killed at random moments under load.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use super::{
    random::Random,
    run::{Plan, number, run},
};

/// Appends what an unfinished write may leave: bytes that are no frame, at the end of a write-ahead
/// log.
pub fn torn_tail(random: &mut Random, data_dir: &Path) {
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
    run(&Plan::kills(30));
}

#[test]
fn nothing_is_lost_forked_or_half_done_while_accounts_are_opened_and_closed() {
    run(&Plan::kills(30).crowded());
}

#[test]
#[ignore = "takes minutes: RATCHETD_KILLS says how many kills"]
fn nothing_is_lost_forked_or_half_done_while_a_crowded_daemon_is_killed_a_thousand_times() {
    run(&Plan::kills(number("RATCHETD_KILLS", 1000)).crowded());
}

#[test]
#[ignore = "takes minutes: RATCHETD_KILLS says how many kills"]
fn nothing_is_lost_forked_or_half_done_in_a_thousand_kills() {
    run(&Plan::kills(number("RATCHETD_KILLS", 1000)));
}
