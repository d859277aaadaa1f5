//! The Unix socket: its mode, its group, and the user at the other end.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use crate::support::{Daemon, RATCHETD};

/// A user that is neither root nor ours, and a group that is not theirs.
const STRANGER: u32 = 65_534;
const CLUB: u32 = 65_533;

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
}

/// A daemon whose socket can be reached by everybody, as far as its own mode and gate allow.
fn daemon(arguments: &[&str], config: &str) -> Daemon {
    let scratch = tempfile::tempdir().expect("a directory");
    permit(scratch.path(), 0o711);
    let path = scratch.path().join("config.toml");
    fs::write(&path, config).expect("to write");
    let path = path.display().to_string();
    let mut all = vec!["--config".to_owned(), path];
    all.extend(arguments.iter().map(|text| (*text).to_owned()));
    Daemon::start_in(scratch, all)
}

/// Calls the daemon as this user; whether it was answered, and what was said. `None` if nobody can become that user.
fn call_as(daemon: &Daemon, uid: u32, gid: u32) -> Option<(bool, String)> {
    let output = Command::new(RATCHETD)
        .args(["call", "--socket"])
        .arg(daemon.socket())
        .arg("system_version")
        .env_clear()
        .env("HOME", "/")
        .current_dir("/")
        .uid(uid)
        .gid(gid)
        .output();
    match output {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Some((
                output.status.success(),
                String::from_utf8(said).expect("text"),
            ))
        }
        Err(error) => {
            eprintln!("passed over: no command can be run as user {uid} here: {error}");
            None
        }
    }
}

#[test]
fn the_socket_has_the_mode_and_the_group_that_were_asked_for() {
    let found = |daemon: &Daemon| {
        let metadata = fs::metadata(daemon.socket()).expect("the socket");
        (metadata.mode() & 0o7777, metadata.gid())
    };
    let own = found(&Daemon::start());
    assert_eq!(own.0, 0o600);
    for mode in ["0660", "0666", "0600", "600"] {
        let daemon = Daemon::start_with(&["--socket-mode", mode]);
        let expected = u32::from_str_radix(mode, 8).expect("octal");
        assert_eq!(found(&daemon), (expected, own.1), "{mode}");
    }
    let directory = tempfile::tempdir().expect("a directory");
    if std::os::unix::fs::chown(directory.path(), None, Some(CLUB)).is_err() {
        eprintln!("passed over: nothing can be given to group {CLUB} here");
        return;
    }
    let group = CLUB.to_string();
    let daemon = Daemon::start_with(&["--socket-mode", "0660", "--socket-group", &group]);
    assert_eq!(found(&daemon), (0o660, CLUB));
}

#[test]
fn another_user_is_turned_away_by_the_mode_or_by_the_gate_and_served_if_listed() {
    let listed = format!("[rpc]\nallowed_uids = [{STRANGER}]\n");
    let other = format!("[rpc]\nallowed_uids = [{}]\n", STRANGER - 7);
    let club = CLUB.to_string();
    let club = ["--socket-mode", "0660", "--socket-group", &club];
    let open = ["--socket-mode", "0666"];
    // Arguments, configuration, the stranger's group, whether it is served, and what refuses it.
    let table: [(&[&str], &str, u32, bool, &str); 7] = [
        (&[], "", STRANGER, false, "Permission denied"),
        (&[], &listed, STRANGER, false, "Permission denied"),
        (&open, "", STRANGER, false, "rpc.allowed_uids"),
        (&open, &other, STRANGER, false, "rpc.allowed_uids"),
        (&open, &listed, STRANGER, true, "revision"),
        (&club, &listed, CLUB, true, "revision"),
        (&club, "", CLUB, false, "rpc.allowed_uids"),
    ];
    for (arguments, config, gid, served, said) in table {
        let daemon = daemon(arguments, config);
        let Some((answered, output)) = call_as(&daemon, STRANGER, gid) else {
            return;
        };
        let case = format!("{arguments:?} {config:?} {gid}: {output}");
        assert_eq!(answered, served, "{case}");
        assert!(output.contains(said), "{case}");
        assert_eq!(output.contains("revision"), served, "{case}");
        // The gate tells those it turns away why, and serves us as before.
        daemon.ok("system_version", serde_json::json!({}));
    }
    let daemon = daemon(&club, &listed);
    let outside = call_as(&daemon, STRANGER, STRANGER);
    assert!(outside.is_some_and(|(answered, _)| !answered));
}

#[test]
fn root_is_served_by_another_users_daemon() {
    let (Some((true, _)), true) = (
        call_as(&Daemon::start(), 0, 0),
        nobody_can_have(Path::new(RATCHETD)),
    ) else {
        eprintln!("passed over: this takes root, and a binary that others can run");
        return;
    };
    let scratch = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::chown(scratch.path(), Some(STRANGER), Some(STRANGER)).expect("to give it");
    let mut process = crate::support::serve(scratch.path(), &[])
        .uid(STRANGER)
        .gid(STRANGER)
        .current_dir("/")
        .spawn()
        .expect("it starts");
    let mut ready = String::new();
    let output = process.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut ready).expect("a line");
    let socket = scratch.path().join("s");
    let owner = fs::metadata(&socket).expect("the socket").uid();
    let answer = crate::support::exchange(
        crate::support::connect(&socket),
        "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    process.kill().expect("kill");
    process.wait().expect("wait");
    assert_eq!((owner, answer.status), (STRANGER, 200));
}

/// Whether any user can run it.
fn nobody_can_have(binary: &Path) -> bool {
    Command::new(binary)
        .arg("--version")
        .uid(STRANGER)
        .gid(STRANGER)
        .current_dir("/")
        .output()
        .is_ok_and(|output| output.status.success())
}
