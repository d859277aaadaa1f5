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
    commands::terminal::{BAD, Look, harmless},
    config::{Flags, Settings},
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

/// Why a command has nothing to show.
#[derive(Debug)]
pub(super) enum Failed {
    /// A call went wrong.
    Call(ClientError),
    /// Anything else, in words.
    Otherwise(String),
}

impl From<ClientError> for Failed {
    fn from(error: ClientError) -> Self {
        Self::Call(error)
    }
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
    pub(super) fn settings(self) -> Result<Settings, String> {
        Settings::load(Flags {
            config: self.config,
            socket: self.socket,
            data_dir: self.data_dir,
            ..Flags::default()
        })
        .map_err(|error| error.to_string())
    }

    /// A client of the daemon; no connection is made yet.
    ///
    /// # Errors
    /// [`Failed::Otherwise`] if the configuration is wrong.
    pub(super) fn reach(self) -> Result<Reached, Failed> {
        let settings = self.settings().map_err(Failed::Otherwise)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failed::Otherwise(error.to_string()))?;
        let client = Client::new(Address::Unix(settings.socket));
        Ok(Reached { client, runtime })
    }
}

impl Reached {
    /// Calls a method.
    ///
    /// # Errors
    /// [`Failed::Call`].
    pub(super) fn call<M: Method>(&self, params: M::Params) -> Result<M::Output, Failed> {
        Ok(self.runtime.block_on(self.client.call::<M>(params))?)
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
    failed: &Failed,
    diagnostics: &mut dyn Write,
) -> io::Result<Ended> {
    let (message, data) = match failed {
        Failed::Call(ClientError::Call { message, data, .. }) => (message, data.as_ref()),
        Failed::Call(error) => {
            writeln!(diagnostics, "ratchetd {command}: {error}")?;
            return Ok(Ended::NotCalled);
        }
        Failed::Otherwise(error) => {
            writeln!(diagnostics, "ratchetd {command}: {error}")?;
            return Ok(Ended::NotCalled);
        }
    };
    let look = Look::of_diagnostics();
    let field = data.and_then(|data| data.field.as_deref());
    let about = field.map_or_else(String::new, |field| format!("{field}: "));
    let message = harmless(message);
    let line = look.paint(BAD, &format!("ratchetd {command}: {about}{message}"));
    writeln!(diagnostics, "{line}")?;
    if let Some(data) = data {
        writeln!(diagnostics, "{}", data.hint)?;
    }
    Ok(Ended::Error)
}
