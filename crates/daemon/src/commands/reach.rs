//! How a command reaches a running daemon, and what it prints if that or its call fails.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use rpc::{
    Method,
    client::{Address, Client, ClientError},
};

use crate::{
    commands::{
        Failure,
        terminal::{BAD, Look, harmless},
    },
    config::{ConfigError, Flags, Settings},
};

/// Flags that say where the daemon is.
#[derive(Debug, clap::Args)]
pub struct ReachArgs {
    /// The daemon's configuration file, to find its socket [default: as for serve]
    #[arg(long, env = "RATCHETD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The daemon's Unix socket [default: as for serve]
    #[arg(long, env = "RATCHETD_SOCKET", value_name = "PATH")]
    socket: Option<String>,
    /// The daemon's data directory, to find its socket
    #[arg(long, env = "RATCHETD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<String>,
}

/// How a command that makes a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a result.
    Result,
    /// With an error of the daemon.
    Error,
    /// Before a call was made, or without an answer.
    NotCalled,
}

/// A daemon to call.
#[derive(Debug)]
pub(super) struct Reached {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl ReachArgs {
    /// The settings of the daemon, as far as its socket goes.
    ///
    /// # Errors
    /// One line, if the configuration is wrong.
    pub(super) fn settings(self) -> Result<Settings, ConfigError> {
        Settings::load(Flags {
            config: self.config,
            socket: self.socket,
            data_dir: self.data_dir,
            ..Flags::default()
        })
    }

    /// A client of the daemon; no connection is made yet.
    ///
    /// # Errors
    /// If the configuration is wrong.
    pub(super) fn reach(self) -> Result<Reached, Failure> {
        let settings = self.settings()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = Client::new(Address::Unix(settings.socket));
        Ok(Reached { client, runtime })
    }
}

impl Reached {
    /// Calls a method.
    ///
    /// # Errors
    /// As the client says.
    pub(super) fn call<M: Method>(&self, params: M::Params) -> Result<M::Output, ClientError> {
        self.runtime.block_on(self.client.call::<M>(params))
    }

    /// Calls a method by its name.
    ///
    /// # Errors
    /// As the client says.
    pub(super) fn call_raw(
        &self,
        method: &str,
        params: serde_json::Value,
    ) -> Result<serde_json::Value, ClientError> {
        self.runtime.block_on(self.client.call_raw(method, params))
    }
}

/// Prints what went wrong, and the hint if the daemon gave one.
///
/// # Errors
/// If it cannot be written.
pub(super) fn report_failure(
    command: &str,
    failed: &Failure,
    diagnostics: &mut dyn Write,
) -> io::Result<Ended> {
    let Some(ClientError::Call { message, data, .. }) = failed.downcast_ref() else {
        writeln!(diagnostics, "ratchetd {command}: {failed}")?;
        return Ok(Ended::NotCalled);
    };
    let look = Look::of_diagnostics();
    let field = data.as_ref().and_then(|data| data.field.as_deref());
    let about = field.map_or_else(String::new, |field| format!("{field}: "));
    let message = harmless(message);
    let line = look.paint(BAD, &format!("ratchetd {command}: {about}{message}"));
    writeln!(diagnostics, "{line}")?;
    if let Some(data) = data {
        writeln!(diagnostics, "{}", data.hint)?;
    }
    Ok(Ended::Error)
}
