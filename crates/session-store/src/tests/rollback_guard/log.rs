//! A log that was lost, put back or cut off while it was copied into the database.

use super::*;

#[test]
fn an_older_file_beside_the_log_of_a_crash_is_told_whenever_it_was_copied() {
    let cases = [
        "when it was made",
        "while it was open before",
        "while it was closed",
        "while it was open",
    ];
    let next: [Commit; 2] = [commit, step];
    for (case, next) in cases
        .into_iter()
        .flat_map(|case| next.map(|next| (case, next)))
    {
        let home = Home::new();
        let mut old = fs::read(home.database()).unwrap();
        let mut copied_at = |moment| {
            if moment == case {
                old = fs::read(home.database()).unwrap();
            }
        };
        let mut store = home.open();
        add_session(&mut store);
        copied_at("while it was open before");
        drop(store);
        copied_at("while it was closed");
        let mut store = home.open();
        next(&mut store).unwrap();
        copied_at("while it was open");
        // With the second one the log is begun anew.
        assert!(copy_log(&mut store));
        next(&mut store).unwrap();
        next(&mut store).unwrap();
        kill(store);
        let log = fs::read(home.log()).unwrap();
        fs::write(home.database(), &old).unwrap();

        // Looking at it, reading it and opening it change nothing, however often.
        for _ in 0..2 {
            drop(home.directory().reader(&name("a")).unwrap());
            assert_eq!(home.found(), Some(RollbackKind::Older), "{case}");
        }
        let refused = rekey(&home.path(), None, None, &mut UnwrapErr(SysRng));
        assert!(
            matches!(refused, Err(OpenError::ForeignLog(_))),
            "{refused:?}"
        );
        assert_eq!(home.found(), Some(RollbackKind::Older), "{case}");
        assert!(fs::read(home.database()).unwrap() == old, "{case}");
        assert!(fs::read(home.log()).unwrap() == log, "{case}");

        let mut store = home.open();
        store.begin().unwrap();
        let (at, how) = (UnixMillis(7), RollbackKind::Older);
        store.settle(Found { at, how }).unwrap();
        store.commit().unwrap();
        commit(&mut store).unwrap();
        kill(store);
        assert_eq!(home.found(), None, "{case}");
    }
}

#[test]
fn a_long_log_is_copied_and_the_next_commit_says_what_the_file_holds() {
    let home = Home::new();
    let mut store = home.open();
    draw_generation(&mut store);
    let opened = based(&store);
    commit(&mut store).unwrap();
    // The generation that was drawn was checkpointed.
    assert_eq!(based(&store), opened + 1);
    let quickly = "PRAGMA synchronous = OFF";
    store.connection.execute_batch(quickly).unwrap();
    let made = (1..2000).find(|_| {
        commit(&mut store).unwrap();
        based(&store) > opened + 1
    });
    // All but the one that says so.
    assert_eq!(based(&store), opened + 1 + made.unwrap());
    assert!(fs::metadata(home.log()).unwrap().len() > 4_000_000);
    kill(store);
    assert_eq!(home.found(), None);
}

#[test]
fn wherever_a_crash_comes_while_the_log_is_copied_nobody_is_accused() {
    let home = Home::new();
    let mut store = home.open();
    draw_generation(&mut store);
    let mut files = vec![fs::read(home.database()).unwrap()];
    for seed in 1..40 {
        add(&mut store, &expired(seed));
    }
    // A reader of an earlier state keeps the log from being copied to its end.
    let reader = home.directory().reader(&name("a")).unwrap();
    reader.connection.execute_batch("BEGIN").unwrap();
    assert_eq!(reader.timekeeping(), Ok(ran(0)));
    commit(&mut store).unwrap();
    assert!(!copy_log(&mut store));
    commit(&mut store).unwrap();
    files.push(fs::read(home.database()).unwrap());
    drop(reader);
    // To its end, and not yet begun anew.
    assert!(copy_log(&mut store));
    files.push(fs::read(home.database()).unwrap());
    kill(store);
    let left = home.scratch.path().join("left");
    home.copy(&left);

    let (old, new) = (files[0].clone(), files[2].clone());
    assert!(new.len() > old.len());
    // SQLite copies page by page, and makes the file no longer before.
    for page in (4096..old.len()).step_by(4096) {
        files.push([&new[..page], &old[page..]].concat());
    }
    // The power tears pages, sector by sector.
    for page in (0..old.len())
        .step_by(4096)
        .filter(|&page| old[page..page + 4096] != new[page..page + 4096])
    {
        files.push([&new[..page + 512], &old[page + 512..]].concat());
        files.push([&old[..page + 512], &new[page + 512..]].concat());
    }
    assert!(files.len() > 10);
    for (number, file) in files.iter().enumerate() {
        home.put_back(&left);
        fs::write(home.database(), file).unwrap();
        assert_eq!(home.found(), None, "{number}");
        let store = home.open();
        assert_eq!(store.timekeeping(), Ok(ran(2)));
        for seed in 1..40 {
            assert!(
                store
                    .session(&SessionId::from_bytes([seed; 32]))
                    .unwrap()
                    .is_some()
            );
        }
    }
}

#[test]
fn wherever_a_crash_comes_at_an_opening_nobody_is_accused() {
    for crashed_before in [false, true] {
        let home = Home::new();
        let mut store = home.open();
        commit(&mut store).unwrap();
        if crashed_before {
            kill(store);
        } else {
            drop(store);
        }
        let named = home.sidecars().remove(0);
        // A reader keeps the generation from the main file, and so from the sidecar's name.
        let reader = home.directory().reader(&name("a")).unwrap();
        reader.connection.execute_batch("BEGIN").unwrap();
        assert_eq!(reader.timekeeping(), Ok(ran(1)));
        for commits in 2..5 {
            let mut store = home.open();
            assert_eq!(store.displaced(), None);
            assert_eq!(home.sidecars(), std::slice::from_ref(&named));
            commit(&mut store).unwrap();
            assert_eq!(store.timekeeping(), Ok(ran(commits)));
            kill(store);
        }
        drop(reader);
        assert_eq!(home.found(), None);
        assert_ne!(home.sidecars(), [named]);
    }
}

#[test]
fn a_log_and_a_file_that_make_no_sense_together_are_refused_with_what_to_do() {
    let home = Home::new();
    let old = fs::read(home.database()).unwrap();
    let mut store = home.open();
    for seed in 1..60 {
        add(&mut store, &expired(seed));
    }
    assert!(copy_log(&mut store));
    add(&mut store, &expired(60));
    kill(store);
    fs::write(home.database(), old).unwrap();
    let error = home.directory().open_account(&name("a")).unwrap_err();
    assert!(matches!(error, OpenError::ForeignLog(_)), "{error}");
    assert!(error.to_string().contains("a.db-wal"), "{error}");
    let inspector = Inspector::open(&home.path(), None).unwrap();
    let found = inspector.account(&name("a")).unwrap_err();
    assert_eq!(found.to_string(), error.to_string());
    // What it says to do.
    fs::remove_file(home.log()).unwrap();
    let _ = fs::remove_file(home.accounts().join("a.db-shm"));
    assert_eq!(home.found(), Some(RollbackKind::Older));
}
