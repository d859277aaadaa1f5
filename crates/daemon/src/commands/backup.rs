//! `ratchetd backup FILE` and `ratchetd restore FILE`.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use session_store::{KEY_FILE, KeyInBackup, back_up, restore};
use zeroize::Zeroizing;

use crate::{
    commands::Failure,
    config::{DirectoryFlags, Settings, read_passphrase},
    ops::clock::Clock,
};

/// What `backup` takes.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The file to make
    file: PathBuf,
    /// Put store.key into the backup: whoever has the file then has everything in it
    #[arg(long, conflicts_with = "without_key")]
    with_key: bool,
    /// Leave store.key out: without a copy of it, kept elsewhere, the backup is of no use
    #[arg(long)]
    without_key: bool,
    #[command(flatten)]
    directory: DirectoryFlags,
}

/// What `restore` takes.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// The store.key of the directory, if the backup was made --without-key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    directory: DirectoryFlags,
}

/// Makes a backup. A daemon may serve meanwhile.
///
/// # Errors
/// One line saying what is wrong and what to do.
pub fn run_backup(args: BackupArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (directory, passphrase) = directory(args.directory)?;
    let key = match (args.with_key, args.without_key) {
        (true, _) => KeyInBackup::Included,
        (_, true) => KeyInBackup::LeftOut,
        _ if directory.join(KEY_FILE).exists() => {
            return Err(format!(
                "the key of this directory is in a file: say --with-key, and guard the backup as you guard {}, or --without-key, and keep a copy of {KEY_FILE} elsewhere",
                directory.display(),
            ).into());
        }
        _ => KeyInBackup::LeftOut,
    };
    let passphrase = passphrase.as_ref().map(|bytes| bytes.as_slice());
    let names = back_up(
        &directory,
        passphrase,
        key,
        &args.file,
        Clock::default().now(),
    )?;
    for name in &names {
        say(out, &format!("{name}"));
    }
    say(
        out,
        &format!(
            "backed up to {}; {}",
            args.file.display(),
            opens_with(&directory, key)
        ),
    );
    Ok(())
}

fn opens_with(directory: &Path, key: KeyInBackup) -> String {
    match key {
        KeyInBackup::Included => "it holds its key".to_owned(),
        KeyInBackup::LeftOut if directory.join(KEY_FILE).exists() => {
            format!("it opens with {}", directory.join(KEY_FILE).display())
        }
        KeyInBackup::LeftOut => "it opens with the passphrase of today".to_owned(),
    }
}

/// Makes a data directory from a backup.
///
/// # Errors
/// One line saying what is wrong and what to do.
pub fn run_restore(args: RestoreArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (directory, passphrase) = directory(args.directory)?;
    let passphrase = passphrase.as_ref().map(|bytes| bytes.as_slice());
    let names = restore(&args.file, &directory, args.key_file.as_deref(), passphrase)?;
    for name in &names {
        say(out, &format!("{name}"));
    }
    say(
        out,
        &format!(
            "restored to {}; sessions from before only read, and new ones are set up when they are needed",
            directory.display(),
        ),
    );
    Ok(())
}

pub(super) type Passphrase = Zeroizing<Vec<u8>>;

/// The data directory that a command works on, with its passphrase.
pub(super) fn directory(flags: DirectoryFlags) -> Result<(PathBuf, Option<Passphrase>), Failure> {
    let settings = Settings::load(flags.into())?;
    let passphrase = settings.passphrase_file.as_deref().map(read_passphrase);
    let passphrase = passphrase.transpose()?;
    Ok((settings.data_dir, passphrase))
}

/// Prints a line. It does not matter whether it is read: the work is done.
pub(super) fn say(out: &mut dyn Write, line: &str) {
    let _ = writeln!(out, "{line}");
}
