//! Puts flags, environment, file and defaults together into one set of values.

use std::{
    io::Read as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use crypto_core::Suite;
use engine::model::ContactPolicy;
use nix::unistd::Group;

use super::{
    Accounts, Config, ConfigError, Flags, HttpAddress, LogFormat, MemoryLock, Rpc, input, sources,
};

/// The configuration file's name in the data directory.
const FILE_NAME: &str = "ratchetd.toml";

/// Most accounts that can be set to be open at the same time: one that is open takes six
/// descriptors and some hundred KiB of memory.
const MAX_OPEN: u32 = 65_536;
/// Most threads that can be set to run accounts.
const MAX_WORKERS: u32 = 1024;
/// Longest queue of an account that can be set. Its bytes are limited as well.
const MAX_QUEUE: u32 = 65_536;
/// Longest time that a client may be given, in seconds: a day.
const MAX_TIMEOUT_S: u64 = 86_400;
/// Devices that one bundle may list (protocol §1): ours lists all that are enabled.
const MAX_LISTED_DEVICES: usize = crypto_core::MAX_BUNDLE_ENTRIES;

/// The configuration with every automatic value settled.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where accounts and keys are kept.
    pub data_dir: PathBuf,
    /// The Unix socket.
    pub socket: PathBuf,
    /// Its mode.
    pub socket_mode: u32,
    /// Its group.
    pub socket_group: Option<u32>,
    /// TCP address to listen on besides, which [`Settings::listen_on`] looks up.
    pub http: Option<HttpAddress>,
    /// Whether that may be one that other machines can reach.
    pub http_allow_remote: bool,
    /// The TCP listener's token.
    pub token_file: PathBuf,
    /// The passphrase that protects the stores.
    pub passphrase_file: Option<PathBuf>,
    /// Form of log lines.
    pub log: LogFormat,
    /// What is logged.
    pub log_filter: String,
    /// Development methods.
    pub dev: bool,
    /// Whether they may be used on a data directory that was made or used without.
    pub dev_on_real_data: bool,
    /// How much longer every commit takes: for measurements, with `dev` alone. Not in the file.
    pub dev_commit_cost: Duration,
    /// Whether memory is locked.
    pub memory_lock: MemoryLock,
    /// How many accounts are open, and how they are run.
    pub accounts: Accounts,
    /// Who may connect.
    pub rpc: Rpc,
    /// The rules' numbers.
    pub engine: engine::Config,
}

impl Settings {
    /// Puts flags, environment, file and defaults together.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is wrong.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let commit_cost = flags.dev_commit_cost_ms.unwrap_or(0);
        let mut settings = Config::load(flags)?.settle()?;
        if commit_cost > 0 && !settings.dev {
            return Err(ConfigError(
                "--dev-commit-cost-ms is for measurements: it needs --dev".to_owned(),
            ));
        }
        settings.dev_commit_cost = Duration::from_millis(commit_cost);
        Ok(settings)
    }

    /// The TCP address to listen on besides, if there is to be one.
    ///
    /// # Errors
    /// [`ConfigError`] if it has a name that is not known, or may not be listened on.
    pub fn listen_on(&self) -> Result<Option<SocketAddr>, ConfigError> {
        let Some(http) = &self.http else {
            return Ok(None);
        };
        let address = http.resolve()?;
        if !self.may_listen_on(address) {
            return Err(reachable(address));
        }
        Ok(Some(address))
    }

    /// Whether this address may be listened on: without a word for it, only one that this machine
    /// alone can reach.
    #[must_use]
    pub const fn may_listen_on(&self, address: SocketAddr) -> bool {
        self.http_allow_remote || address.ip().is_loopback()
    }
}

/// The absolute path, because other processes read it.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// The error for an address that other machines can reach, if that was not allowed.
fn reachable(address: SocketAddr) -> ConfigError {
    ConfigError(format!(
        "http: other machines can reach {address}; allow that with --http-allow-remote, and put TLS before it"
    ))
}

impl Config {
    /// The configuration file, if there is one, and the flags, which win over it.
    ///
    /// # Errors
    /// [`ConfigError`], as of [`Self::parse`], or if the file cannot be read.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let in_data_dir = || {
            let data_dir = match flags.data_dir.as_deref().and_then(given) {
                Some(directory) => directory.into(),
                None => default_data_dir().ok()?,
            };
            Some(data_dir.join(FILE_NAME)).filter(|path| path.exists())
        };
        let file = flags.config.clone().or_else(in_data_dir);
        let config = file.map_or_else(|| Ok(Self::default()), |path| Self::read(&path))?;
        config.overridden_by(flags)
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |cause: &dyn std::fmt::Display| {
            ConfigError(format!(
                "{}: {}",
                input::input_name(path),
                one_line(&cause.to_string())
            ))
        };
        let mut text = String::new();
        let read = input::open(path).and_then(|mut file| file.read_to_string(&mut text));
        read.map_err(|error| {
            wrong(&format!(
                "{error}: give a file that is there and can be read, or none (every key has its default)"
            ))
        })?;
        Self::parse(&text).map_err(|error| wrong(&error))
    }

    /// Reads the text of a configuration file. What each value means is checked by
    /// [`Self::settle`].
    ///
    /// # Errors
    /// [`ConfigError`] naming the line that is no TOML, the key that is unknown or the value of
    /// another type.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError(one_line(&error.to_string())))
    }

    /// The same, with the values of the flags that were given.
    fn overridden_by(self, flags: &Flags) -> Result<Self, ConfigError> {
        let wrong = |error: &dyn std::fmt::Display| ConfigError(one_line(&error.to_string()));
        // Flags have the names of the keys, and those that were left out are not written.
        let mut values = toml::Table::try_from(self).map_err(|error| wrong(&error))?;
        values.extend(toml::Table::try_from(flags).map_err(|error| wrong(&error))?);
        let mut config: Self = values.try_into().map_err(|error| wrong(&error))?;
        // A flag names one origin more.
        config
            .rpc
            .allowed_origins
            .extend(flags.allow_origin.clone());
        config.rpc.ui = flags.ui.unwrap_or(config.rpc.ui);
        Ok(config)
    }

    /// Settles every automatic value and checks all others.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is wrong.
    pub fn settle(self) -> Result<Settings, ConfigError> {
        let engine = self.engine()?;
        let data_dir = self.data_dir()?;
        let http = given(&self.http).map(HttpAddress::parse).transpose()?;
        if let Some(address) = http.as_ref().and_then(HttpAddress::number)
            && !address.ip().is_loopback()
            && !self.http_allow_remote
        {
            return Err(reachable(address));
        }
        let socket_mode = u32::from_str_radix(&self.socket_mode, 8)
            .ok()
            .filter(|mode| *mode <= 0o777)
            .ok_or_else(|| {
                ConfigError(format!(
                    "socket_mode: {:?} is no octal mode, such as 0660",
                    self.socket_mode
                ))
            })?;
        let socket_group = given(&self.socket_group).map(group_id).transpose()?;
        let rpc = Rpc {
            allowed_hosts: each("rpc.allowed_hosts", &self.rpc.allowed_hosts, sources::host)?,
            allowed_origins: each(
                "rpc.allowed_origins (--allow-origin)",
                &self.rpc.allowed_origins,
                sources::origin,
            )?,
            ..self.rpc.clone()
        };
        let token_file = self.token_file()?;
        if input::is_standard(&token_file) {
            return Err(ConfigError(
                "token_file: a token is kept, for those who call: give a file".to_owned(),
            ));
        }
        Ok(Settings {
            socket: self.socket()?,
            token_file: absolute(token_file),
            passphrase_file: given(&self.passphrase_file).map(|path| match path {
                input::STANDARD => path.into(),
                path => absolute(path.into()),
            }),
            data_dir: absolute(data_dir),
            socket_mode,
            socket_group,
            http,
            http_allow_remote: self.http_allow_remote,
            log: self.log,
            log_filter: self.log_filter,
            dev: self.dev,
            dev_on_real_data: self.dev_on_real_data,
            dev_commit_cost: Duration::ZERO,
            memory_lock: self.memory.lock,
            accounts: self.accounts,
            rpc,
            engine,
        })
    }

    /// Where accounts and keys are kept.
    ///
    /// # Errors
    /// [`ConfigError`] if nothing says where.
    pub fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        given(&self.data_dir).map_or_else(default_data_dir, |dir| Ok(dir.into()))
    }

    /// The Unix socket, as it was given: the length of its path is limited.
    ///
    /// # Errors
    /// As for [`Self::data_dir`], if it is there.
    pub fn socket(&self) -> Result<PathBuf, ConfigError> {
        if let Some(socket) = given(&self.socket) {
            return Ok(socket.into());
        }
        let directory = match directory_from("XDG_RUNTIME_DIR") {
            Some(directory) => directory,
            None => self.data_dir()?,
        };
        Ok(directory.join("ratchetd.sock"))
    }

    /// The TCP listener's token.
    ///
    /// # Errors
    /// As for [`Self::data_dir`], if it is there.
    pub fn token_file(&self) -> Result<PathBuf, ConfigError> {
        match given(&self.token_file) {
            Some(path) => Ok(path.into()),
            None => Ok(self.data_dir()?.join("rpc.token")),
        }
    }

    fn engine(&self) -> Result<engine::Config, ConfigError> {
        let suites = self
            .ratchet
            .suites
            .iter()
            .map(|name| {
                Suite::from_name(name).ok_or_else(|| {
                    let names = Suite::ALL.map(|suite| format!("{:?}", suite.name()));
                    ConfigError(format!(
                        "ratchet.suites: {name:?} is none of {}",
                        names.join(", ")
                    ))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if suites.is_empty() {
            return Err(ConfigError(
                "ratchet.suites: at least one suite must be allowed".to_owned(),
            ));
        }
        let spans = [
            ("rpc.header_timeout_s", self.rpc.header_timeout_s),
            ("rpc.body_timeout_s", self.rpc.body_timeout_s),
            ("rpc.write_timeout_s", self.rpc.write_timeout_s),
            ("rpc.ping_interval_s", self.rpc.ping_interval_s),
        ];
        let sizes = [
            ("accounts.open_max", u64::from(self.accounts.open_max)),
            ("rpc.queue", u64::from(self.rpc.queue)),
            ("rpc.max_connections", u64::from(self.rpc.max_connections)),
        ];
        let zero = sizes.iter().chain(&spans).find(|(_, value)| *value == 0);
        if let Some(name) = self.limits.wrongly_zero().or(zero.map(|(name, _)| *name)) {
            return Err(ConfigError(format!("{name}: must be at least 1")));
        }
        if self.limits.max_devices > MAX_LISTED_DEVICES {
            return Err(ConfigError(format!(
                "max_devices: must be at most {MAX_LISTED_DEVICES}"
            )));
        }
        if self.accounts.open_max > MAX_OPEN {
            return Err(ConfigError(format!(
                "accounts.open_max: must be at most {MAX_OPEN}"
            )));
        }
        if self.accounts.workers > MAX_WORKERS {
            return Err(ConfigError(format!(
                "accounts.workers: must be at most {MAX_WORKERS}"
            )));
        }
        if self.rpc.queue > MAX_QUEUE {
            return Err(ConfigError(format!(
                "rpc.queue: must be at most {MAX_QUEUE}"
            )));
        }
        let mut policies = ContactPolicy::ALL.iter().copied();
        let contacts = policies
            .find(|policy| policy.name() == self.contacts.policy)
            .ok_or_else(|| {
                ConfigError(format!(
                    "contacts.policy: {:?} is none of \"open\", \"request\"",
                    self.contacts.policy
                ))
            })?;
        if let Some((name, _)) = spans.iter().find(|(_, span)| *span > MAX_TIMEOUT_S) {
            return Err(ConfigError(format!(
                "{name}: must be at most {MAX_TIMEOUT_S}"
            )));
        }
        let mut config = engine::Config {
            suites,
            contacts,
            ..engine::Config::default()
        };
        self.limits.set(&mut config);
        Ok(config)
    }
}

fn given(value: &str) -> Option<&str> {
    Some(value).filter(|value| !value.is_empty())
}

/// Each value of a list in its own form.
fn each(
    key: &str,
    values: &[String],
    check: fn(&str) -> Result<String, String>,
) -> Result<Vec<String>, ConfigError> {
    let checked = values.iter().map(|value| check(value));
    let checked: Result<_, String> = checked.collect();
    checked.map_err(|cause| ConfigError(format!("{key}: {cause}")))
}

/// A group's number, given that or its name.
fn group_id(group: &str) -> Result<u32, ConfigError> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    match Group::from_name(group) {
        Ok(Some(found)) => Ok(found.gid.as_raw()),
        Ok(None) => Err(ConfigError(format!(
            "socket_group: there is no group {group:?}"
        ))),
        Err(error) => Err(ConfigError(format!("socket_group: {group:?}: {error}"))),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn directory_from(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// `$XDG_DATA_HOME/ratchetd`, or `~/.local/share/ratchetd`.
fn default_data_dir() -> Result<PathBuf, ConfigError> {
    directory_from("XDG_DATA_HOME")
        .or_else(|| Some(directory_from("HOME")?.join(".local/share")))
        .map(|base| base.join("ratchetd"))
        .ok_or_else(|| {
            ConfigError(
                "data_dir: neither XDG_DATA_HOME nor HOME is set to an absolute path: give --data-dir"
                    .to_owned(),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../../config/ratchetd.toml");

    #[test]
    fn the_shipped_file_holds_every_key_at_its_default() {
        let shipped: Config = toml::from_str(SHIPPED).unwrap();
        assert_eq!(shipped, Config::default());

        fn keys(value: &toml::Value, path: &str, found: &mut Vec<String>) {
            let Some(table) = value.as_table() else {
                found.push(path.to_owned());
                return;
            };
            for (key, value) in table {
                keys(value, &format!("{path}.{key}"), found);
            }
        }
        let (mut there, mut expected) = (Vec::new(), Vec::new());
        keys(&toml::from_str(SHIPPED).unwrap(), "", &mut there);
        keys(
            &toml::Value::try_from(Config::default()).unwrap(),
            "",
            &mut expected,
        );
        there.sort();
        expected.sort();
        assert_eq!(there, expected);
    }

    #[test]
    fn the_shipped_file_says_why_for_each_key() {
        let mut before = "";
        for line in SHIPPED.lines() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(before.starts_with('#') || line.contains(" # "), "{line}");
            }
            before = line;
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.toml");
        std::fs::write(&path, "log = \"text\"\nsokcet = \"/x\"\n").unwrap();
        let error = Settings::load(&Flags {
            config: Some(path),
            ..Flags::default()
        })
        .unwrap_err();
        assert!(
            error.0.contains("sokcet") && error.0.contains("line 2"),
            "{error}"
        );
        assert!(!error.0.contains('\n'));
    }

    #[test]
    fn flags_win_over_the_file() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join(FILE_NAME),
            "socket = \"/from/file\"\nlog_filter = \"debug\"\n",
        )
        .unwrap();
        let settings = Settings::load(&Flags {
            data_dir: Some(directory.path().to_str().unwrap().to_owned()),
            socket: Some("/from/flag".to_owned()),
            ..Flags::default()
        })
        .unwrap();
        assert_eq!(settings.socket, Path::new("/from/flag"));
        assert_eq!(settings.log_filter, "debug");
    }

    #[test]
    fn origins_of_flags_are_allowed_beside_those_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join(FILE_NAME),
            "[rpc]\nallowed_origins = [\"https://Chat.Example\"]\n",
        )
        .unwrap();
        let settings = Settings::load(&Flags {
            data_dir: Some(directory.path().to_str().unwrap().to_owned()),
            allow_origin: vec!["http://localhost:5173".to_owned()],
            ..Flags::default()
        })
        .unwrap();
        assert_eq!(
            settings.rpc.allowed_origins,
            ["https://chat.example", "http://localhost:5173"]
        );
    }

    #[test]
    fn a_group_is_found_by_name_or_number() {
        let own = Group::from_gid(nix::unistd::getegid()).unwrap().unwrap();
        assert_eq!(group_id(&own.name).unwrap(), own.gid.as_raw());
        assert_eq!(group_id("12345").unwrap(), 12345);
    }

    #[test]
    fn what_would_be_dangerous_or_senseless_is_refused_and_named() {
        for (line, named) in [
            ("http = \"0.0.0.0:8645\"", "--http-allow-remote"),
            ("http = \"here\"", "http"),
            ("token_file = \"-\"", "token_file"),
            ("socket_mode = \"rw\"", "socket_mode"),
            ("socket_mode = \"1777\"", "socket_mode"),
            ("socket_group = \"no such group\"", "socket_group"),
            ("[ratchet]\nsuites = [\"rot13\"]", "rot13"),
            ("[ratchet]\nsuites = []", "ratchet.suites"),
            ("[limits]\nmax_devices = 0", "max_devices"),
            ("[limits]\nmax_devices = 33", "max_devices"),
            ("[rpc]\nqueue = 0", "rpc.queue"),
            ("[rpc]\nqueue = 4294967295", "rpc.queue"),
            ("[rpc]\nmax_connections = 0", "rpc.max_connections"),
            ("[rpc]\nheader_timeout_s = 0", "rpc.header_timeout_s"),
            ("[rpc]\nbody_timeout_s = 86401", "rpc.body_timeout_s"),
            ("[rpc]\nwrite_timeout_s = 0", "rpc.write_timeout_s"),
            ("[rpc]\nping_interval_s = 86401", "rpc.ping_interval_s"),
            ("[rpc]\nallowed_hosts = [\"*\"]", "rpc.allowed_hosts"),
            (
                "[rpc]\nallowed_origins = [\"https://a.example\", \"b.example\"]",
                "rpc.allowed_origins (--allow-origin): \"b.example\"",
            ),
        ] {
            let config: Config = toml::from_str(line).unwrap();
            let error = config.settle().unwrap_err();
            assert!(error.0.contains(named), "{line}: {error}");
        }
    }
}
