//! Arguments of a program, and its help.

use std::io::Write as _;

use clap::{CommandFactory, FromArgMatches, error::Result};

use super::{
    output::Output,
    terminal::{Look, columns},
};

/// The exit code for wrong usage.
const WRONG_USAGE: u8 = 2;

/// The arguments of this process, and the name of the subcommand among them, if there is one.
///
/// # Errors
/// What is wrong with them, or the help that was asked for: both are for [`explain`].
pub fn parse<A: CommandFactory + FromArgMatches>() -> Result<(A, Option<String>)> {
    let mut command = without_empty_variables(A::command()).term_width(columns());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    let subcommand = matches.subcommand_name().map(str::to_owned);
    let arguments = A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((arguments, subcommand))
}

/// The command, for which an environment variable that is empty is one that is not set: files of
/// containers and services often leave one so.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let given = arg.get_env().and_then(std::env::var_os);
        if given.is_some_and(|value| value.is_empty()) {
            arg.env(None::<&str>)
        } else {
            arg
        }
    });
    command.mut_subcommands(without_empty_variables)
}

/// Prints help that was asked for, or what is wrong with the usage, and returns the exit code.
pub fn explain(error: &clap::Error, out: &mut Output<'_>) -> u8 {
    if error.use_stderr() {
        // There is nowhere else to say it.
        let _ = error.print();
        return WRONG_USAGE;
    }
    let text = error.render();
    // Whether it arrives, the output tells.
    let _ = if Look::of_output().has_colours() {
        write!(out, "{}", text.ansi())
    } else {
        write!(out, "{text}")
    };
    0
}
