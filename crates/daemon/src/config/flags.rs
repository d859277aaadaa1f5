//! The flags of `serve` and their environment variables.

use std::path::PathBuf;

use serde::Serialize;

use super::LogFormat;

/// Slower than any disk, in milliseconds.
pub const MAX_COMMIT_COST_MS: u64 = 1000;

/// Flags of `serve`. Each that is listed has an environment variable of its name: `--data-dir` is
/// `RATCHETD_DATA_DIR`. One that is empty counts as one that is not set.
#[derive(Clone, Debug, Default, Serialize, clap::Args)]
pub struct Flags {
    /// Configuration file; - is standard input [default: ratchetd.toml in the data directory, if it
    /// is there]
    #[arg(long, env = "RATCHETD_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Where accounts and keys are kept [default: $XDG_DATA_HOME/ratchetd or
    /// ~/.local/share/ratchetd]
    #[arg(long, env = "RATCHETD_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Unix socket to listen on [default: $XDG_RUNTIME_DIR/ratchetd.sock, or ratchetd.sock in the
    /// data directory]
    #[arg(long, env = "RATCHETD_SOCKET", value_name = "PATH")]
    pub socket: Option<String>,
    /// Permissions of the socket's file, octal [default: 0600]
    #[arg(long, env = "RATCHETD_SOCKET_MODE", value_name = "MODE")]
    pub socket_mode: Option<String>,
    /// Group of the socket's file, by name or number [default: the daemon's own]
    #[arg(long, env = "RATCHETD_SOCKET_GROUP", value_name = "GROUP")]
    pub socket_group: Option<String>,
    /// Listen on this TCP address besides, such as localhost:8645; who calls there needs the token
    /// [default: on the socket alone]
    #[arg(long, env = "RATCHETD_HTTP", value_name = "HOST:PORT")]
    pub http: Option<String>,
    /// Allow --http with an address that other machines can reach: put TLS before it
    #[arg(long, env = "RATCHETD_HTTP_ALLOW_REMOTE", num_args = 0..=1, default_missing_value = "true",
        value_name = "true|false", hide_possible_values = true)]
    pub http_allow_remote: Option<bool>,
    /// Let pages of this origin call over TCP, besides those in the file: http://localhost:5173.
    /// May be given several times; in the variable, origins are parted by commas
    #[arg(
        long,
        env = "RATCHETD_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    #[serde(skip)]
    pub allow_origin: Vec<String>,
    /// Serve a page at /ui that shows accounts, sessions and events, and changes nothing; it needs
    /// --http with an address of this machine alone [default: off]
    #[arg(long, env = "RATCHETD_UI", num_args = 0..=1, default_missing_value = "true",
        value_name = "true|false", hide_possible_values = true)]
    #[serde(skip)]
    pub ui: Option<bool>,
    /// File with the bearer token that callers over TCP need [default: rpc.token in the data
    /// directory, made at the first start]
    #[arg(long, env = "RATCHETD_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<String>,
    /// File with the passphrase that protects the stores; - is standard input [default: none, but a
    /// random key in the file store.key of the data directory]
    #[arg(long, env = "RATCHETD_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<String>,
    /// Form of the log's lines, which go to standard error [default: text]
    #[arg(long, env = "RATCHETD_LOG", value_name = "FORMAT")]
    pub log: Option<LogFormat>,
    /// What is logged: off, error, warn, info, debug, trace, or directives such as
    /// info,daemon=debug [default: info]
    #[arg(long, env = "RATCHETD_LOG_FILTER", value_name = "FILTER")]
    pub log_filter: Option<String>,
    /// Offer methods for development, which move the daemon's clock and set prekeys: for tests, on a
    /// data directory of their own
    #[arg(long, env = "RATCHETD_DEV", num_args = 0..=1, default_missing_value = "true",
        value_name = "true|false", hide_possible_values = true)]
    pub dev: Option<bool>,
    /// Allow --dev on a data directory that was made or used without it, whose messages may be real
    #[arg(long, env = "RATCHETD_DEV_ON_REAL_DATA", num_args = 0..=1, default_missing_value = "true",
        value_name = "true|false", hide_possible_values = true)]
    pub dev_on_real_data: Option<bool>,
    /// Make every commit take so many milliseconds longer: for measurements, with --dev alone
    #[arg(long, hide = true, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=MAX_COMMIT_COST_MS))]
    #[serde(skip)]
    pub dev_commit_cost_ms: Option<u64>,
}

/// Flags of commands that work on the data directory beside the daemon.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DirectoryFlags {
    /// Configuration file; - is standard input [default: ratchetd.toml in the data directory, if it
    /// is there]
    #[arg(long, env = "RATCHETD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where accounts and keys are kept [default: $XDG_DATA_HOME/ratchetd or
    /// ~/.local/share/ratchetd]
    #[arg(long, env = "RATCHETD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<String>,
    /// File with the passphrase that protects the stores; - is standard input [default: none, but
    /// the key in the file store.key of the data directory]
    #[arg(long, env = "RATCHETD_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<String>,
}

impl From<DirectoryFlags> for Flags {
    fn from(flags: DirectoryFlags) -> Self {
        Self {
            config: flags.config,
            data_dir: flags.data_dir,
            passphrase_file: flags.passphrase_file,
            ..Self::default()
        }
    }
}
