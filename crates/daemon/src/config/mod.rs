//! Configuration: flags over environment over file, by the same names.

mod address;
mod flags;
pub mod input;
mod limits;
mod passphrase;
mod settings;
pub(crate) mod sources;

use serde::{Deserialize, Serialize};

pub use self::flags::MAX_COMMIT_COST_MS;
pub use self::{
    address::HttpAddress,
    flags::{DirectoryFlags, Flags},
    limits::Limits,
    passphrase::read_passphrase,
    settings::Settings,
};

/// A configuration that cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether memory is locked, so that it is never swapped out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryLock {
    /// Where that is allowed without a limit.
    #[default]
    Auto,
    /// Or else the daemon does not start.
    Require,
    /// Not.
    Off,
}

/// Everything that can be set in the file. An empty string means the automatic value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where accounts and keys are kept.
    pub data_dir: String,
    /// The Unix socket.
    pub socket: String,
    /// Mode of the socket, octal digits.
    pub socket_mode: String,
    /// Group of the socket, by name or number.
    pub socket_group: String,
    /// TCP address to listen on besides.
    pub http: String,
    /// Allow an address that other machines can reach.
    pub http_allow_remote: bool,
    /// The bearer token of the TCP listener.
    pub token_file: String,
    /// The passphrase that protects the stores.
    pub passphrase_file: String,
    /// Form of log lines.
    pub log: LogFormat,
    /// What is logged.
    pub log_filter: String,
    /// Development methods and a clock that can be moved.
    pub dev: bool,
    /// Allow them on a data directory that was made or used without.
    pub dev_on_real_data: bool,
    /// Memory.
    pub memory: Memory,
    /// How many accounts are open, and how they are run.
    pub accounts: Accounts,
    /// Who may connect.
    pub rpc: Rpc,
    /// Suites.
    pub ratchet: Ratchet,
    /// Contacts.
    pub contacts: Contacts,
    /// The numbers of protocol §1.
    pub limits: Limits,
}

/// What happens to the daemon's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// Whether it is locked.
    pub lock: MemoryLock,
}

/// How many accounts are open at the same time, and what runs them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Accounts that are open at the same time. For one more, the one that was used longest ago is
    /// closed.
    pub open_max: u32,
    /// Threads that run accounts; 0 means two for each processor.
    pub workers: u32,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            open_max: 256,
            workers: 0,
        }
    }
}

/// Who may connect, how many, and how long they may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rpc {
    /// Users, besides our own and root, whose processes may use the Unix socket.
    pub allowed_uids: Vec<u32>,
    /// Values of `Host`, besides those of the loopback, that TCP requests may carry.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that TCP requests may carry.
    pub allowed_origins: Vec<String>,
    /// Connections at once, on each listener, that may call.
    pub max_connections: u32,
    /// Calls that may wait for one account.
    pub queue: u32,
    /// A client has this long for the headers of its first request, and of each next one.
    pub header_timeout_s: u64,
    /// A client has this long for the body of a request.
    pub body_timeout_s: u64,
    /// A client may take nothing of what is written to it for so long.
    pub write_timeout_s: u64,
    /// A WebSocket is asked this often whether its client is there.
    pub ping_interval_s: u64,
    /// Serve a page that shows accounts, sessions and events.
    pub ui: bool,
}

/// Ratchet suites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ratchet {
    /// Those that may be used.
    pub suites: Vec<String>,
}

/// Contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contacts {
    /// Who may be written to and is read: `open` or `request`.
    pub policy: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: String::new(),
            socket: String::new(),
            socket_mode: "0600".to_owned(),
            socket_group: String::new(),
            http: String::new(),
            http_allow_remote: false,
            token_file: String::new(),
            passphrase_file: String::new(),
            log: LogFormat::Text,
            log_filter: "info".to_owned(),
            dev: false,
            dev_on_real_data: false,
            memory: Memory::default(),
            accounts: Accounts::default(),
            rpc: Rpc::default(),
            ratchet: Ratchet::default(),
            contacts: Contacts::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Rpc {
    fn default() -> Self {
        Self {
            allowed_uids: Vec::new(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_connections: 256,
            queue: 1024,
            header_timeout_s: 30,
            body_timeout_s: 60,
            write_timeout_s: 30,
            ping_interval_s: 30,
            ui: false,
        }
    }
}

impl Default for Ratchet {
    fn default() -> Self {
        let suites = engine::Config::default().suites;
        Self {
            suites: suites.iter().map(|suite| suite.name().to_owned()).collect(),
        }
    }
}

impl Default for Contacts {
    fn default() -> Self {
        Self {
            policy: "open".to_owned(),
        }
    }
}
