//! What an opening and a closing cost, and what is found of sidecars in a directory that stays
//! open.

use std::time::Instant;

use super::*;

/// Descriptors of this process on files of the home.
fn descriptors(home: &Home) -> Vec<PathBuf> {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let open = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    open.filter(|path| path.starts_with(home.accounts()))
        .collect()
}

/// The names of all files, with the time at which each was last written.
fn written(home: &Home) -> Vec<(PathBuf, std::time::SystemTime)> {
    let files = fs::read_dir(home.accounts()).unwrap();
    let mut files: Vec<_> = files
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_store_that_is_only_read_keeps_its_generation() {
    let home = Home::new();
    let mut store = home.open();
    commit(&mut store).unwrap();
    drop(store);
    let before = written(&home);
    for _ in 0..2 {
        let mut store = home.open();
        assert_eq!(store.timekeeping().unwrap().running.0, 1);
        store.release_memory().unwrap();
        drop(store);
    }
    assert_eq!(written(&home), before);
    // With the first commit there is a new one, whatever ends the process.
    let old = home.sidecars();
    let mut store = home.open();
    commit(&mut store).unwrap();
    assert_ne!(home.sidecars(), old);
    kill(store);
    assert_eq!(home.found(), None);
}

#[test]
fn a_copy_of_before_an_opening_is_told_however_far_the_opening_came() {
    for (what, commits) in [("a commit", 1), ("several", 3)] {
        let home = Home::new();
        let backup = home.scratch.path().join("backup");
        drop(home.open());
        home.copy(&backup);
        let mut store = home.open();
        for _ in 0..commits {
            commit(&mut store).unwrap();
        }
        kill(store);
        for companion in ["a.db-wal", "a.db-shm"] {
            let _ = fs::remove_file(home.accounts().join(companion));
        }
        copy(&backup, &home.accounts());
        assert_eq!(home.found(), Some(RollbackKind::Older), "{what}");
    }
}

#[test]
fn what_is_put_back_while_the_directory_is_open_is_told_as_well() {
    type Harm = fn(&Home, &Path);
    let harms: [(&str, RollbackKind, Harm); 4] = [
        (
            "over the present files",
            RollbackKind::Older,
            |home, backup| {
                copy(backup, &home.accounts());
            },
        ),
        ("in their place", RollbackKind::Elsewhere, |home, backup| {
            fs::remove_file(home.sidecars().remove(0)).unwrap();
            copy(backup, &home.accounts());
        }),
        ("the database alone", RollbackKind::Older, |home, backup| {
            fs::copy(backup.join("a.db"), home.database()).unwrap();
        }),
        ("without any", RollbackKind::Unmarked, |home, backup| {
            fs::remove_file(home.sidecars().remove(0)).unwrap();
            fs::copy(backup.join("a.db"), home.database()).unwrap();
        }),
    ];
    for (what, expected, harm) in harms {
        let home = Home::new();
        let directory = home.directory();
        let open = || directory.open_account(&name("a")).unwrap().1;
        let backup = home.scratch.path().join("backup");
        commit(&mut open()).unwrap();
        home.copy(&backup);
        commit(&mut open()).unwrap();
        harm(&home, &backup);
        assert_eq!(open().displaced(), Some(expected), "{what}");
        drop(directory);
        assert_eq!(home.found(), Some(expected), "{what}");
    }
}

#[test]
fn accounts_that_are_made_and_erased_leave_no_sidecar_behind() {
    let home = Home::new();
    let directory = home.directory();
    for _ in 0..3 {
        directory.remove_account(&name("a")).unwrap();
        assert_eq!(home.sidecars(), Vec::<PathBuf>::new());
        let mut store = directory.create_account(&account("a")).unwrap();
        commit(&mut store).unwrap();
        drop(store);
        assert_eq!(home.sidecars().len(), 1);
    }
    // What a crash has left of an account that was being made.
    fs::rename(home.database(), home.scratch.path().join("aside")).unwrap();
    drop(directory);
    drop(home.directory());
    assert_eq!(home.sidecars(), Vec::<PathBuf>::new());
}

#[test]
fn an_open_store_holds_no_descriptor_of_its_sidecar() {
    let home = Home::new();
    let mut store = home.open();
    let held = |home: &Home| -> Vec<PathBuf> {
        let mut held = descriptors(home);
        held.retain(|path| path.extension().is_some_and(|found| found == "epoch"));
        held
    };
    assert_eq!(held(&home), Vec::<PathBuf>::new());
    commit(&mut store).unwrap();
    assert_eq!(held(&home), Vec::<PathBuf>::new());
    store.release_memory().unwrap();
    assert_eq!(held(&home), Vec::<PathBuf>::new());
    // The database, its log, and the memory that its readers share.
    assert_eq!(descriptors(&home).len(), 3);
    // It counts all the same.
    commit(&mut store).unwrap();
    let counted = fs::read(home.sidecars().remove(0)).unwrap();
    commit(&mut store).unwrap();
    assert_ne!(fs::read(home.sidecars().remove(0)).unwrap(), counted);
}

#[test]
fn a_sidecar_that_was_exchanged_under_an_open_store_is_told_at_the_next_opening() {
    let home = Home::new();
    let mut store = home.open();
    commit(&mut store).unwrap();
    let sidecar = home.sidecars().remove(0);
    let copied = fs::read(&sidecar).unwrap();
    fs::remove_file(&sidecar).unwrap();
    fs::write(&sidecar, &copied).unwrap();
    commit(&mut store).unwrap();
    // It is not brought up to date.
    assert_eq!(fs::read(&sidecar).unwrap(), copied);
    drop(store);
    assert_eq!(home.found(), Some(RollbackKind::Elsewhere));
}

/// What it costs to open an account, to write to it once, and to close it, in a directory with this
/// many others.
#[test]
#[ignore = "measures"]
fn an_opening_and_a_closing_among_many() {
    const ROUNDS: u32 = 50;
    for others in [0, 10_000] {
        let home = Home::new();
        let sidecar = home.sidecars().remove(0);
        for other in 0..others {
            fs::copy(
                home.database(),
                home.accounts().join(format!("b{other}.db")),
            )
            .unwrap();
            let generation = sidecar.extension().map(|_| sidecar.to_str().unwrap());
            let beside = generation.unwrap().replace("/a.", &format!("/b{other}."));
            fs::copy(&sidecar, beside).unwrap();
        }
        let begun = Instant::now();
        let directory = home.directory();
        println!(
            "{others} others: the directory opens in {:?}",
            begun.elapsed()
        );
        let begun = Instant::now();
        directory.accounts().unwrap();
        println!("{others} others: they are listed in {:?}", begun.elapsed());
        let mut spent = [std::time::Duration::ZERO; 6];
        let mut timed = |place: usize, begun: Instant| spent[place] += begun.elapsed();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let (_, store) = directory.open_account(&name("a")).unwrap();
            timed(0, begun);
            let begun = Instant::now();
            drop(store);
            timed(1, begun);
            let (_, mut store) = directory.open_account(&name("a")).unwrap();
            let begun = Instant::now();
            commit(&mut store).unwrap();
            timed(2, begun);
            let begun = Instant::now();
            commit(&mut store).unwrap();
            timed(3, begun);
            let begun = Instant::now();
            let reader = directory.reader(&name("a")).unwrap();
            timed(4, begun);
            drop(reader);
            let begun = Instant::now();
            drop(store);
            timed(5, begun);
        }
        let whats = [
            "an opening",
            "a closing after no commit",
            "the first commit",
            "a further commit",
            "opening a reader",
            "a closing after commits",
        ];
        for (what, spent) in whats.iter().zip(spent) {
            println!("{others} others: {what}: {:?}", spent / ROUNDS);
        }
    }
}
