//! TCP addresses, to listen on and to call.

use std::net::{SocketAddr, ToSocketAddrs as _};

use super::ConfigError;

/// A host, by its name or number, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAddress(String);

impl HttpAddress {
    /// Reads `HOST:PORT`; an IPv6 number stands in brackets.
    ///
    /// # Errors
    /// [`ConfigError`] if it is none.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let is_address = text.parse::<SocketAddr>().is_ok()
            || text.rsplit_once(':').is_some_and(|(host, port)| {
                let in_names = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                !host.is_empty() && host.bytes().all(in_names) && port.parse::<u16>().is_ok()
            });
        if !is_address {
            return Err(ConfigError(format!(
                "http: {text:?} is no address and port, such as 127.0.0.1:8645 or localhost:8645"
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// The address, if it is given by number.
    #[must_use]
    pub fn number(&self) -> Option<SocketAddr> {
        self.0.parse().ok()
    }

    /// The address to listen on. A name is looked up; of several addresses that it has, one of IPv4
    /// is taken.
    ///
    /// # Errors
    /// [`ConfigError`] if the name has no address.
    pub fn resolve(&self) -> Result<SocketAddr, ConfigError> {
        let unknown = |why: &dyn std::fmt::Display| {
            ConfigError(format!(
                "http: the host of {:?} is not known: {why}; give its number, such as 127.0.0.1:8645",
                self.0
            ))
        };
        let found = self.0.to_socket_addrs().map_err(|error| unknown(&error))?;
        found
            .min_by_key(|address| !address.is_ipv4())
            .ok_or_else(|| unknown(&"it has no address"))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_given_by_name_or_number() {
        for text in [
            "127.0.0.1:8645",
            "[::1]:0",
            "localhost:8645",
            "box.example:1",
        ] {
            assert_eq!(HttpAddress::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "here",
            "localhost",
            "localhost:",
            "localhost:http",
            ":8645",
            "localhost:65536",
            "::1:x",
            "http://localhost:8645",
            "local host:1",
            "a/b:1",
        ] {
            let error = HttpAddress::parse(text).unwrap_err();
            assert!(error.0.contains("127.0.0.1:8645"), "{text}: {error}");
        }
    }

    #[test]
    fn the_name_of_this_machine_is_its_loopback() {
        let found = HttpAddress::parse("localhost:8645")
            .unwrap()
            .resolve()
            .unwrap();
        assert!(found.ip().is_loopback(), "{found}");
        assert_eq!(found.port(), 8645);
    }
}
