//! Shell completions and manual pages, made from the definitions of the commands.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use clap::{
    Command,
    builder::{PossibleValue, PossibleValuesParser},
};
use clap_complete::Shell;
use clap_mangen::Man;
use rpc::METHODS;

use crate::{config::input, ops::build::VERSION};

/// Writes the completions for a shell, with the names of the methods.
///
/// # Errors
/// If the output cannot be written.
pub fn completions(command: Command, shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // Any method can be called, for a daemon may know others; these are completed.
    let methods = METHODS
        .iter()
        .map(|method| PossibleValue::new(method.name).help(method.summary));
    let methods = PossibleValuesParser::new(methods);
    let mut command = command.mut_subcommand("call", |call| {
        // By its own, mut_arg would put it behind the parameters.
        call.mut_args(|arg| {
            if arg.get_id() == METHOD {
                arg.value_parser(methods.clone())
            } else {
                arg
            }
        })
    });
    // The generator panics when writing fails, as it does when the reader has gone.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    if shell == Shell::Fish {
        // Its generator completes no arguments without a name.
        for method in METHODS {
            let summary = method.summary.replace('\\', "\\\\").replace('\'', "\\'");
            writeln!(
                script,
                "complete -c {NAME} -n \"__fish_{NAME}_using_subcommand call\" -f -a {} -d '{summary}'",
                method.name
            )?;
        }
    }
    out.write_all(&script)
}

/// The program's.
const NAME: &str = "ratchetd";
/// The argument of `call` that is completed.
const METHOD: &str = "method";

/// Writes the page of the program itself, which is the same whatever the program was built for.
///
/// # Errors
/// If the output cannot be written.
pub fn print(command: Command, mut out: &mut dyn Write) -> io::Result<()> {
    Man::new(command.version(VERSION)).render(&mut out)
}

/// Writes a page of the program and of each of its commands into a directory, which is made if it
/// is not there.
///
/// # Errors
/// In words, if that fails.
pub fn write(command: Command, directory: &Path) -> Result<(), String> {
    if input::is_standard(directory) {
        return Err(
            "the pages of all commands need a directory; without --out, that of ratchetd is printed"
                .to_owned(),
        );
    }
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command.version(VERSION), directory))
        .map_err(|error| format!("{}: {error}", directory.display()))
}
