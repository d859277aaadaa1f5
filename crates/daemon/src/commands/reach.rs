//! How a command reaches a running daemon, and what it prints if that or its call fails.

use std::{
    io::{Read as _, Write},
    path::{Path, PathBuf},
};

use crypto_core::IdentityKey;
use engine::model::AccountName;
use rpc::{
    Method,
    client::{Address, Client, ClientError, Token},
    methods,
    params::Form,
    suggest::did_you_mean,
    types::AccountInfo,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    commands::{
        Failure,
        terminal::{BAD, Look, harmless},
    },
    config::{Config, ConfigError, Flags, HttpAddress, input},
};

/// More than any token has.
const MAX_TOKEN_BYTES: usize = 4096;

/// Flags that say where the daemon's Unix socket is.
#[derive(Debug, clap::Args)]
pub struct SocketArgs {
    /// Unix socket that the daemon listens on [default: $XDG_RUNTIME_DIR/ratchetd.sock, or
    /// ratchetd.sock in the data directory]
    #[arg(long, env = "RATCHETD_SOCKET", value_name = "PATH")]
    socket: Option<String>,
    /// The daemon's data directory, where its socket and configuration are looked for [default:
    /// $XDG_DATA_HOME/ratchetd or ~/.local/share/ratchetd]
    #[arg(long, env = "RATCHETD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<String>,
    /// The daemon's configuration file, which may name its socket; - is standard input [default:
    /// ratchetd.toml in the data directory, if it is there]
    #[arg(long, env = "RATCHETD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Flags that say where the daemon is.
#[derive(Debug, clap::Args)]
pub struct ReachArgs {
    #[command(flatten)]
    socket: SocketArgs,
    /// Reach the daemon over TCP instead of its socket, at this host and port, such as
    /// localhost:8645
    #[arg(long, value_name = "HOST:PORT")]
    http: Option<String>,
    /// File with the token that a daemon asks for over TCP; - is standard input [default: rpc.token
    /// in the data directory]
    #[arg(long, env = "RATCHETD_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
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

impl SocketArgs {
    /// The socket. Nothing else is read of the configuration, and nothing at all if the socket was
    /// named.
    ///
    /// # Errors
    /// One line, if the configuration is wrong, or nothing says where the socket is.
    pub(super) fn socket(&self) -> Result<PathBuf, ConfigError> {
        match self.socket.as_deref() {
            Some(named) if !named.is_empty() => Ok(named.into()),
            _ => self.config()?.socket(),
        }
    }

    fn config(&self) -> Result<Config, ConfigError> {
        Config::load(&Flags {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            ..Flags::default()
        })
    }
}

impl ReachArgs {
    /// A client of the daemon; no connection is made yet.
    ///
    /// # Errors
    /// If the configuration is wrong, or the token cannot be read.
    pub(super) fn reach(&self) -> Result<Reached, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = Client::new(self.address()?);
        Ok(Reached { client, runtime })
    }

    fn address(&self) -> Result<Address, ConfigError> {
        let Some(http) = &self.http else {
            return self.socket.socket().map(Address::Unix);
        };
        // As the daemon prints it when it starts.
        let address = http.strip_prefix("http://").unwrap_or(http);
        let address = HttpAddress::parse(address.trim_end_matches('/'))?;
        let token_file = match &self.token_file {
            Some(path) => path.clone(),
            None => self.socket.config()?.token_file()?,
        };
        Ok(Address::Tcp {
            authority: address.as_str().to_owned(),
            token: Token(read_token(&token_file)?),
        })
    }
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let wrong = |cause: &dyn std::fmt::Display| {
        ConfigError(format!(
            "token_file {}: {cause}; name the file with the daemon's token with --token-file",
            input::input_name(path)
        ))
    };
    let mut text = Zeroizing::new(String::with_capacity(MAX_TOKEN_BYTES + 1));
    input::open(path)
        .and_then(|file| {
            file.take(MAX_TOKEN_BYTES as u64 + 1)
                .read_to_string(&mut text)
        })
        .map_err(|error| wrong(&error))?;
    let token = text.trim();
    if token.is_empty() || text.len() > MAX_TOKEN_BYTES {
        return Err(wrong(&"there is no token in it"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong(&"a token is one line of printable characters"));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

impl Reached {
    /// The client, for calls beside other things that are waited for.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Runs what waits for more than one call.
    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

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
        params: &(impl Serialize + Sync),
    ) -> Result<serde_json::Value, ClientError> {
        self.runtime.block_on(self.client.call_raw(method, params))
    }
}

/// Accounts of the daemon that is called, whose names stand for their public keys on the command
/// line.
pub(super) struct Accounts<'a> {
    daemon: &'a Reached,
    /// Asked for once a name was given.
    known: Option<Vec<AccountInfo>>,
}

/// What a text is that was given for a public key.
pub(super) enum Named {
    /// The name of an account, with its public key in the short form.
    Account(String),
    /// No name, but a key or something else.
    NoName,
    /// A name that no account has, and what is said of it.
    Nobody(String),
}

impl<'a> Accounts<'a> {
    pub(super) const fn of(daemon: &'a Reached) -> Self {
        Self {
            daemon,
            known: None,
        }
    }

    /// Looks for the account of this name. A text that is a key is never taken for a name.
    ///
    /// # Errors
    /// As the client says.
    pub(super) fn find(&mut self, given: &str) -> Result<Named, ClientError> {
        let is_key = <IdentityKey as Form>::read(given.into()).is_ok();
        if is_key || AccountName::parse(given).is_err() {
            return Ok(Named::NoName);
        }
        let known = match self.known.take() {
            Some(known) => known,
            None => self
                .daemon
                .call::<methods::AccountList>(methods::ListAccountsParams {
                    limit: None,
                    after: None,
                })?,
        };
        let known = self.known.insert(known);
        if let Some(account) = known.iter().find(|account| account.account == given) {
            return Ok(Named::Account(account.compressed_key.clone()));
        }
        let names = known.iter().map(|account| account.account.as_str());
        let meant = did_you_mean(given, names).map(|meant| format!(": {meant}"));
        Ok(Named::Nobody(format!(
            "there is no account {given} here either{}",
            meant.unwrap_or_default()
        )))
    }
}

/// Prints what went wrong, and the hint if the daemon gave one.
pub(super) fn report_failure(
    command: &str,
    failed: &Failure,
    diagnostics: &mut dyn Write,
) -> Ended {
    let Some(ClientError::Call { message, data, .. }) = failed.downcast_ref() else {
        let _ = writeln!(diagnostics, "ratchetd {command}: {failed}");
        return Ended::NotCalled;
    };
    let look = Look::of_diagnostics();
    let field = data.as_ref().and_then(|data| data.field.as_deref());
    let about = field.map_or_else(String::new, |field| format!("{}: ", harmless(field)));
    let message = harmless(message);
    let line = look.paint(BAD, &format!("ratchetd {command}: {about}{message}"));
    let _ = writeln!(diagnostics, "{line}");
    if let Some(data) = data {
        let _ = writeln!(diagnostics, "{}", harmless(&data.hint));
    }
    Ended::Error
}
