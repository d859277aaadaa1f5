//! The command line.

use std::{
    fmt::Display,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::{
    commands::{
        backup::{self, BackupArgs, RestoreArgs},
        call::{self, CallArgs},
        conformance::{self, ConformanceArgs},
        demo,
        doctor::{self, DoctorArgs, Severity},
        health::{self, HealthArgs},
        manual,
        qr::{self, QrArgs},
        reach::Ended,
        rekey::{self, RekeyArgs},
        serve,
        verify::{self, VerifyArgs},
    },
    config::Flags,
    ops::memory,
};

/// End-to-end encryption with forward secrecy for chat frontends, over JSON-RPC.
#[derive(Debug, Parser)]
#[command(name = "ratchetd", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    Serve(Box<Flags>),
    /// Show what the daemon does: two people, three devices, over the real interface
    Demo,
    /// Call a method of a running daemon
    Call(CallArgs),
    /// Show the contact code as a QR code, for another device's camera
    ///
    /// Exits with 0, with 1 if the daemon answers with an error, and with 2 if none could be asked.
    Qr(QrArgs),
    /// Show what you and a contact compare to make sure of each other's keys
    ///
    /// Exits with 0, with 1 if the daemon answers with an error, and with 2 if none could be asked.
    Verify(VerifyArgs),
    /// Back up all accounts into one file, while the daemon serves
    Backup(BackupArgs),
    /// Make a data directory from a backup
    Restore(RestoreArgs),
    /// Look at everything the daemon rests on, and say what to do; changes nothing
    Doctor(DoctorArgs),
    /// Ask a running daemon whether it is ready
    Health(HealthArgs),
    /// Put a data directory under another key
    Rekey(RekeyArgs),
    /// Replay recorded wire vectors
    Conformance(ConformanceArgs),
    /// Print the interface as an OpenRPC document
    Openrpc {
        /// With the methods for development
        #[arg(long)]
        dev: bool,
    },
    /// Print what completes these commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual, or write a page of each command
    Man {
        /// Write them into this directory, as ratchetd.1, ratchetd-serve.1 and so on
        #[arg(long, value_name = "DIRECTORY")]
        out: Option<PathBuf>,
    },
}

/// The exit code if a call ended with an error of the daemon, or a vector failed.
const FAILED: u8 = 1;
/// The exit code if nothing was done.
const NOT_DONE: u8 = 2;

/// Runs the command of this process.
#[must_use]
pub fn main() -> ExitCode {
    let protection = memory::protect();
    let command = without_empty_variables(Cli::command());
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let mut out = io::stdout();
    let mut diagnostics = io::stderr();
    let ended = match cli.command {
        Command::Serve(flags) => {
            memory::limit_heaps();
            report(serve::run(*flags, protection), &mut diagnostics)
        }
        Command::Demo => match demo::run(&mut out) {
            Ok(()) => Ok(0),
            Err(error) => writeln!(diagnostics, "ratchetd demo: {error}").map(|()| FAILED),
        },
        Command::Call(args) => {
            call::run(args, &mut io::stdin(), &mut out, &mut diagnostics).map(code)
        }
        Command::Qr(args) => qr::run(args, &mut out, &mut diagnostics).map(code),
        Command::Verify(args) => verify::run(args, &mut out, &mut diagnostics).map(code),
        Command::Backup(args) => report(backup::run_backup(args, &mut out), &mut diagnostics),
        Command::Restore(args) => report(backup::run_restore(args, &mut out), &mut diagnostics),
        Command::Doctor(args) => match doctor::run(args, &mut out) {
            Ok(Severity::Ok | Severity::Notice) => Ok(0),
            Ok(Severity::Warning) => Ok(FAILED),
            Ok(Severity::Problem) => Ok(NOT_DONE),
            Err(error) => report(Err(error), &mut diagnostics),
        },
        Command::Health(args) => match health::run(args, &mut out) {
            Ok(true) => Ok(0),
            Ok(false) => Ok(FAILED),
            // Health checks of containers know no other failure.
            Err(error) => report(Err(error), &mut diagnostics).map(|_| FAILED),
        },
        Command::Rekey(args) => report(rekey::run(args, &mut out), &mut diagnostics),
        Command::Conformance(args) => {
            conformance::run(&args, &mut out).map(|passed| if passed { 0 } else { FAILED })
        }
        Command::Openrpc { dev } => writeln!(out, "{:#}", rpc::openrpc::document(dev)).map(|()| 0),
        Command::Completions { shell } => {
            manual::completions(Cli::command(), shell, &mut out).map(|()| 0)
        }
        Command::Man { out: None } => manual::print(Cli::command(), &mut out).map(|()| 0),
        Command::Man {
            out: Some(directory),
        } => report(manual::write(Cli::command(), &directory), &mut diagnostics),
    };
    // Output whose reader has gone, as behind `head`, is not worth a message.
    ExitCode::from(ended.unwrap_or(NOT_DONE))
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

/// The exit code of a command that calls.
const fn code(ended: Ended) -> u8 {
    match ended {
        Ended::Result => 0,
        Ended::Error => FAILED,
        Ended::NotCalled => NOT_DONE,
    }
}

/// The exit code of a command that either succeeded or failed with a line that says why.
fn report(done: Result<(), impl Display>, diagnostics: &mut dyn io::Write) -> io::Result<u8> {
    match done {
        Ok(()) => Ok(0),
        Err(error) => writeln!(diagnostics, "ratchetd: {error}").map(|()| NOT_DONE),
    }
}
