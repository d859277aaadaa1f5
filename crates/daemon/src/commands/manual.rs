//! Shell completions and manual pages, made from the definitions of the commands.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// Writes the completions for a shell.
///
/// # Errors
/// If the output cannot be written.
pub fn completions(mut command: Command, shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // The generator panics when writing fails, as it does when the reader has gone.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "ratchetd", &mut script);
    out.write_all(&script)
}

/// Writes the page of the program itself.
///
/// # Errors
/// If the output cannot be written.
pub fn print(command: Command, mut out: &mut dyn Write) -> io::Result<()> {
    Man::new(command).render(&mut out)
}

/// Writes a page of the program and of each of its commands into a directory, which is made if it
/// is not there.
///
/// # Errors
/// In words, if that fails.
pub fn write(command: Command, directory: &Path) -> Result<(), String> {
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory))
        .map_err(|error| format!("{}: {error}", directory.display()))
}
