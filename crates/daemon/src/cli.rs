//! The command line.

use std::{
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::{
    commands::{
        backup::{self, BackupArgs, RestoreArgs},
        call::{self, CallArgs},
        conformance::{self, ConformanceArgs},
        demo::{self, DemoArgs},
        doctor::{self, DoctorArgs, Severity},
        events::{self, EventsArgs},
        health::{self, HealthArgs},
        link::{self, LinkArgs},
        manual,
        output::Output,
        qr::{self, QrArgs},
        reach::Ended,
        rekey::{self, RekeyArgs},
        serve,
        usage::{explain, parse},
        verify::{self, VerifyArgs},
    },
    config::{Flags, input::StandardInput},
    ops::{build::VERSION_AND_BUILD, memory},
};

/// End-to-end encryption with forward secrecy for chat frontends, over JSON-RPC.
#[derive(Debug, Parser)]
#[command(
    name = "ratchetd",
    version = VERSION_AND_BUILD,
    arg_required_else_help = true,
    after_help = EXIT_CODES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What `--help` ends with.
const EXIT_CODES: &str = "\
Exit codes: 0 if it was done, 1 if it failed or was answered with an error, 2 if
nothing was done or the usage was wrong, 3 if the output could not be written.

New here? `ratchetd demo` shows what the daemon does, and needs nothing.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    ///
    /// It serves until it is sent SIGTERM or SIGINT, and reads its log filter again on SIGHUP. Each
    /// flag is an environment variable, too, and a key of the configuration file; flags win over
    /// the environment, and the environment over the file.
    Serve(Box<Flags>),
    /// Tell a story of three people and four devices, over the real interface
    ///
    /// It starts three daemons in a scratch directory, explains each step, and removes everything
    /// at the end. Nothing has to be set up for it.
    Demo(DemoArgs),
    /// Call a method of a running daemon
    #[command(after_help = call::EXAMPLES)]
    Call(CallArgs),
    /// Follow events as they come, a line each, until Ctrl-C
    ///
    /// If the daemon is restarted meanwhile, it goes on where it was. Where events are missing, a
    /// line says so.
    #[command(after_help = events::EXAMPLES)]
    Events(EventsArgs),
    /// Show an account's contact code as a QR code, for another device's camera
    ///
    /// Whoever has the contact code can write to the account with forward secrecy from the first
    /// message on.
    ///
    /// Exits with 0, with 1 if the daemon answers with an error, and with 2 if none could be asked.
    Qr(QrArgs),
    /// Show the safety number that you and a contact compare to make sure of each other's keys
    ///
    /// With --same or --differs, what you found is noted, and shown to every frontend.
    ///
    /// Exits with 0, with 1 if the daemon answers with an error, and with 2 if none could be asked.
    Verify(VerifyArgs),
    /// Make a further device of your own, without the recovery phrase
    ///
    /// The identity and the contacts go from a device that has them to one that is new, each of
    /// which shows a code to the other.
    #[command(after_help = link::EXAMPLES)]
    Link(LinkArgs),
    /// Back up the accounts of a data directory into one file, while a daemon may serve it
    ///
    /// Each account is copied as of one moment. What is restored from it reads messages that are
    /// under way, and sends on new sessions.
    Backup(BackupArgs),
    /// Make a data directory from a backup, or take one account out of it
    ///
    /// The data directory must be empty, or not there yet. With --account it may hold other
    /// accounts, under a key of its own; no daemon may serve it meanwhile. If a restore is cut off,
    /// run it again.
    Restore(RestoreArgs),
    /// Look at everything that a daemon depends on, and say what to do; changes nothing
    ///
    /// Exits with 0 if nothing needs to be done, with 1 if it works and something should be done,
    /// and with 2 if it does not work or is not safe.
    Doctor(DoctorArgs),
    /// Ask a running daemon whether it is ready, for health checks
    ///
    /// Exits with 0 if it is, and with 1 if it is not or none answers.
    Health(HealthArgs),
    /// Encrypt a data directory with another key, while no daemon serves it
    ///
    /// Backups that were made before still open with the key of their time.
    Rekey(RekeyArgs),
    /// Replay recorded vectors, to show that the protocol is implemented as recorded
    ///
    /// Exits with 0 if every case passed, and with 1 if one failed or a file could not be read.
    Conformance(ConformanceArgs),
    /// Print the interface as an OpenRPC document, from which clients can be generated
    Openrpc {
        /// Include the methods that only a daemon with --dev has
        #[arg(long)]
        dev: bool,
    },
    /// Print a script that completes commands, flags and methods in a shell
    ///
    /// For bash: ratchetd completions bash > ~/.local/share/bash-completion/completions/ratchetd
    Completions {
        /// The shell that the script is for
        shell: Shell,
    },
    /// Print the manual page of ratchetd, or write the pages of all commands
    Man {
        /// Write them into this directory, which is made if need be: ratchetd.1, ratchetd-serve.1
        /// and so on
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
    let mut out = Output::new(io::stdout());
    let mut diagnostics = io::stderr();
    let (name, code) = match parse::<Cli>() {
        Ok((cli, name)) => {
            let code = run(cli.command, protection, &mut out, &mut diagnostics);
            (format!("ratchetd {}", name.unwrap_or_default()), code)
        }
        Err(error) => ("ratchetd".to_owned(), explain(&error, &mut out)),
    };
    out.exit(&name, code)
}

/// Runs a command; its exit code, if its output arrives.
fn run(
    command: Command,
    protection: rpc::types::MemoryProtection,
    out: &mut Output<'_>,
    diagnostics: &mut dyn Write,
) -> u8 {
    let input = &mut StandardInput::default();
    match command {
        Command::Serve(flags) => {
            memory::limit_heaps();
            let served = serve::run(*flags, protection);
            report(served, "", NOT_DONE, out, diagnostics)
        }
        Command::Demo(args) => {
            let told = demo::run(args, out);
            report(told, " demo", FAILED, out, diagnostics)
        }
        Command::Call(args) => code(call::run(&args, input, out, diagnostics)),
        Command::Events(args) => code(events::run(args, out, diagnostics)),
        Command::Qr(args) => code(qr::run(args, out, diagnostics)),
        Command::Verify(args) => code(verify::run(args, input, out, diagnostics)),
        Command::Link(args) => code(link::run(args, input, out, diagnostics)),
        Command::Backup(args) => {
            let done = backup::run_backup(args, out, diagnostics);
            report(done, "", NOT_DONE, out, diagnostics)
        }
        Command::Restore(args) => {
            let done = backup::run_restore(args, out);
            report(done, "", NOT_DONE, out, diagnostics)
        }
        Command::Doctor(args) => match doctor::run(args, out) {
            Ok(Severity::Ok | Severity::Notice) => 0,
            Ok(Severity::Warning) => FAILED,
            Ok(Severity::Problem) => NOT_DONE,
            Err(error) => report(Err(error), "", NOT_DONE, out, diagnostics),
        },
        Command::Health(args) => match health::run(&args, out) {
            Ok(true) => 0,
            Ok(false) => FAILED,
            // Health checks of containers know no other failure.
            Err(error) => report(Err(error), "", FAILED, out, diagnostics),
        },
        Command::Rekey(args) => {
            let done = rekey::run(args, out);
            report(done, "", NOT_DONE, out, diagnostics)
        }
        Command::Conformance(args) => match conformance::run(&args, out) {
            Ok(true) => 0,
            _ => FAILED,
        },
        Command::Openrpc { dev } => {
            out.say(&format!("{:#}", rpc::openrpc::document(dev)));
            0
        }
        Command::Completions { shell } => {
            let written = manual::completions(Cli::command(), shell, out);
            report(written, "", NOT_DONE, out, diagnostics)
        }
        Command::Man { out: None } => {
            let written = manual::print(Cli::command(), out);
            report(written, "", NOT_DONE, out, diagnostics)
        }
        Command::Man {
            out: Some(directory),
        } => {
            let written = manual::write(Cli::command(), &directory);
            report(written, "", NOT_DONE, out, diagnostics)
        }
    }
}

/// The exit code of a command that calls. Where its output was lost, that is told at the end.
fn code(ended: io::Result<Ended>) -> u8 {
    match ended {
        Ok(Ended::Result) => 0,
        Ok(Ended::Error) => FAILED,
        Ok(Ended::NotCalled) | Err(_) => NOT_DONE,
    }
}

/// The exit code of a command that either succeeded or failed with a line that says why. A loss of
/// its output is told at the end, and not here.
fn report(
    done: Result<(), impl Display>,
    name: &str,
    failed: u8,
    out: &Output<'_>,
    diagnostics: &mut dyn Write,
) -> u8 {
    let Err(error) = done else {
        return 0;
    };
    if !out.is_lost() {
        let _ = writeln!(diagnostics, "ratchetd{name}: {error}");
    }
    failed
}
