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
    let mut command = A::command().term_width(columns());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    let subcommand = matches.subcommand_name().map(str::to_owned);
    let arguments = A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((arguments, subcommand))
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
