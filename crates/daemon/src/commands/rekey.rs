//! `ratchetd rekey`.

use std::path::PathBuf;

use session_store::rekey;

use super::{backup::directory, output::Output};
use crate::{
    commands::Failure,
    config::{DirectoryFlags, input, read_passphrase},
    ops::entropy::entropy,
};

/// What `rekey` takes.
#[derive(Debug, clap::Args)]
pub struct RekeyArgs {
    #[command(flatten)]
    new: NewKey,
    #[command(flatten)]
    directory: DirectoryFlags,
}

/// What the key is to come from.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct NewKey {
    /// Derive the new key from the passphrase in this file; - is standard input
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// Draw the new key at random, and keep it in the file store.key of the data directory
    #[arg(long)]
    new_key: bool,
}

/// Puts a data directory that no daemon serves under another key.
///
/// # Errors
/// One line saying what is wrong and what to do.
pub fn run(args: RekeyArgs, out: &mut Output<'_>) -> Result<(), Failure> {
    let (directory, old) = directory(args.directory)?;
    let file = args.new.new_passphrase_file;
    let new = file.as_deref().map(read_passphrase).transpose()?;
    rekey(
        &directory,
        old.as_ref().map(|bytes| bytes.as_slice()),
        new.as_ref().map(|bytes| bytes.as_slice()),
        &mut entropy(),
    )?;
    out.if_lost("the key was changed");
    let from_now_on = match file {
        None => "start the daemon without a passphrase".to_owned(),
        Some(file) if input::is_standard(&file) => {
            "start the daemon with the new passphrase, by --passphrase-file".to_owned()
        }
        Some(file) => format!("start the daemon with --passphrase-file {}", file.display()),
    };
    out.say(&format!(
        "{} is under a new key: {from_now_on}; backups made before open with the old one",
        directory.display(),
    ));
    Ok(())
}
