//! `ratchetd backup FILE` and `ratchetd restore FILE`, where `-` is standard output and input.

use std::{
    io::{self, IsTerminal as _, Read as _, Write},
    path::{Path, PathBuf},
};

use engine::model::AccountName;
use rustix::{fs::fsync, io::Errno};
use session_store::{
    KEY_FILE, KeyInBackup, MAX_KEY_BYTES, OpenError, back_up, back_up_to, read_key_file, restore,
    restore_account,
};
use zeroize::Zeroizing;

use crate::{
    commands::{Failure, output::Output},
    config::{
        DirectoryFlags, Settings,
        input::{self, StandardInput},
        read_passphrase,
    },
    ops::{clock::Clock, dev, entropy::entropy},
};

/// What `backup` takes.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The file to make, which must not be there yet; - is standard output, and the report goes to
    /// standard error then
    file: PathBuf,
    /// Put the file store.key into the backup: whoever has the backup then has everything in it
    #[arg(long, conflicts_with = "without_key")]
    with_key: bool,
    /// Leave the file store.key out of the backup: without a copy of that file, kept elsewhere, the
    /// backup is of no use
    #[arg(long)]
    without_key: bool,
    /// Back up this account alone; the key, if it is put into the backup, is still that of the
    /// whole data directory
    #[arg(long, value_name = "NAME", value_parser = AccountName::parse)]
    account: Option<AccountName>,
    #[command(flatten)]
    directory: DirectoryFlags,
}

/// What `restore` takes.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup, as `ratchetd backup` made it; - is standard input
    file: PathBuf,
    /// The file store.key of the directory that was backed up, if the backup was made
    /// --without-key; - is standard input
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Take this account alone out of the backup, into a data directory that may have others and a
    /// key of its own
    #[arg(long, value_name = "NAME", value_parser = AccountName::parse)]
    account: Option<AccountName>,
    /// File with the passphrase of the directory that was backed up; - is standard input [default:
    /// the one of this directory]
    #[arg(
        long,
        value_name = "FILE",
        requires = "account",
        conflicts_with = "key_file"
    )]
    backup_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    directory: DirectoryFlags,
}

/// Makes a backup. A daemon may serve meanwhile.
///
/// # Errors
/// What is wrong and what to do, in one line.
pub fn run_backup(
    args: BackupArgs,
    out: &mut Output<'_>,
    diagnostics: &mut dyn Write,
) -> Result<(), Failure> {
    let to_output = input::is_standard(&args.file);
    if to_output && io::stdout().is_terminal() {
        return Err("a backup is not for a terminal: send it to a file, `ratchetd backup - > FILE`, or into another program".into());
    }
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
    let only = args.account.as_ref();
    let now = Clock::default().now();
    let (names, made) = if to_output {
        out.if_lost("the backup is not whole: do not keep what arrived of it");
        let names = back_up_to(&directory, passphrase, key, only, &mut *out, now)?;
        match fsync(io::stdout()) {
            // A pipe cannot be synced, and need not be.
            Ok(()) | Err(Errno::INVAL | Errno::ROFS | Errno::NOTSUP) => {}
            Err(error) => return Err(format!("the backup may not be on the disk: {error}").into()),
        }
        (names, "standard output".to_owned())
    } else {
        let names = back_up(&directory, passphrase, key, only, &args.file, now)?;
        out.if_lost("the backup was made");
        (names, args.file.display().to_string())
    };
    let mut report: Vec<String> = names.iter().map(ToString::to_string).collect();
    report.push(format!(
        "backed up to {made}; {}",
        opens_with(&directory, key)
    ));
    for line in report {
        if to_output {
            let _ = writeln!(diagnostics, "{line}");
        } else {
            out.say(&line);
        }
    }
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

/// Makes a data directory from a backup, or takes one account out of it.
///
/// # Errors
/// What is wrong and what to do, in one line.
pub fn run_restore(args: RestoreArgs, out: &mut Output<'_>) -> Result<(), Failure> {
    let from_input = input::is_standard(&args.file);
    if from_input && io::stdin().is_terminal() {
        return Err("there is no backup in a terminal: take it from a file, `ratchetd restore - < FILE`, or from another program".into());
    }
    let (directory, passphrase) = directory(args.directory)?;
    let passphrase = passphrase.as_ref().map(|bytes| bytes.as_slice());
    let key = match args.key_file.as_deref() {
        Some(path) if input::is_standard(path) => {
            let mut key = Zeroizing::new(Vec::new());
            StandardInput::default()
                .take(MAX_KEY_BYTES)
                .read_to_end(&mut key)
                .map_err(|error| format!("key_file, standard input: {error}"))?;
            Some(key)
        }
        Some(path) => Some(read_key_file(path)?),
        None => None,
    };
    let backup_passphrase = args.backup_passphrase_file.as_deref().map(read_passphrase);
    let secret = key.or(backup_passphrase.transpose()?);
    let secret = secret.as_ref().map(|bytes| bytes.as_slice());
    let name = input::input_name(&args.file);
    let file: &Path = name.as_ref();
    let archive = input::open(&args.file).map_err(|cause| OpenError::Io {
        path: file.to_owned(),
        cause,
    })?;
    let names = match args.account {
        None => restore(archive, file, &directory, secret, passphrase)?,
        Some(account) => {
            dev::refuse_real_data(&directory)?;
            restore_account(
                archive,
                file,
                &account,
                secret,
                &directory,
                passphrase,
                &mut entropy(),
            )
            .map_err(|error| there_already(error, &account, &directory))?;
            vec![account]
        }
    };
    out.if_lost("everything was restored");
    for name in &names {
        out.say(name.as_str());
    }
    out.say(&format!(
        "restored to {}; sessions from before only read, and new ones are set up when they are needed",
        directory.display(),
    ));
    Ok(())
}

/// Says of an account that is there already what can be done.
fn there_already(error: OpenError, account: &AccountName, directory: &Path) -> Failure {
    match error {
        OpenError::AccountExists => format!(
            "{} has an account {account} already: remove that one first, with `ratchetd call account_remove`, or choose another --data-dir",
            directory.display(),
        )
        .into(),
        other => other.into(),
    }
}

pub(super) type Passphrase = Zeroizing<Vec<u8>>;

/// The data directory that a command works on, with its passphrase.
pub(super) fn directory(flags: DirectoryFlags) -> Result<(PathBuf, Option<Passphrase>), Failure> {
    let settings = Settings::load(&flags.into())?;
    let passphrase = settings.passphrase_file.as_deref().map(read_passphrase);
    let passphrase = passphrase.transpose()?;
    Ok((settings.data_dir, passphrase))
}
