//! Where requests over TCP may come from: origins of pages, and names of this machine. What could
//! never match is refused with what to write instead.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Schemes of pages, with the port that a browser leaves out.
const WEB: [(&str, &str); 2] = [("http", "80"), ("https", "443")];
/// Schemes of pages that come with a program: extensions of browsers, and the shells of desktop
/// and mobile programs.
const BUNDLED: [&str; 7] = [
    "app",
    "capacitor",
    "chrome-extension",
    "ionic",
    "moz-extension",
    "safari-web-extension",
    "tauri",
];

/// An origin in the form in which browsers send it.
///
/// # Errors
/// What is wrong with it, and what to write.
pub(crate) fn origin(value: &str) -> Result<String, String> {
    let wrong = |cause: String| Err(format!("{value:?}: {cause}"));
    let lower = value.to_lowercase();
    if lower.contains('*') {
        return wrong(
            "there are no wildcards: give each origin, such as https://chat.example".into(),
        );
    }
    if lower == "null" {
        return wrong("pages of files and in sandboxes cannot be told apart: serve the page by http or https, and give that origin".into());
    }
    let Some((scheme, rest)) = lower.split_once("://") else {
        return wrong(format!(
            "an origin begins with its scheme: write {}",
            with_scheme(&lower)
        ));
    };
    let port = WEB
        .iter()
        .find(|(web, _)| *web == scheme)
        .map(|(_, port)| *port);
    match scheme {
        "ws" => {
            return wrong(format!(
                "an origin is that of the page: write http://{rest}"
            ));
        }
        "wss" => {
            return wrong(format!(
                "an origin is that of the page: write https://{rest}"
            ));
        }
        known if port.is_some() || BUNDLED.contains(&known) => {}
        _ => {
            let known: Vec<&str> = WEB.iter().map(|(web, _)| *web).chain(BUNDLED).collect();
            return wrong(format!(
                "no page has this scheme: write one of {}",
                known.join(", ")
            ));
        }
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let shortened = match (authority.rsplit_once(':'), port) {
        (Some((host, given)), Some(default)) if given == default => host,
        _ => authority,
    };
    if let Err(cause) = name(shortened) {
        return wrong(cause);
    }
    if !path.is_empty() || shortened != authority {
        return wrong(format!(
            "a browser sends no path and no usual port: write {scheme}://{shortened}"
        ));
    }
    Ok(lower)
}

/// A value of `Host`: a name, with or without a port.
///
/// # Errors
/// What is wrong with it, and what to write.
pub(super) fn host(value: &str) -> Result<String, String> {
    let lower = value.to_lowercase();
    let wrong = |cause: &str| Err(format!("{value:?}: {cause}"));
    if lower.contains('*') {
        return wrong("there are no wildcards: give each name, such as box.example");
    }
    if let Some((_, rest)) = lower.split_once("://") {
        let end = rest.find('/').unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        return wrong(&format!(
            "a host is a name, with or without a port: write {name}"
        ));
    }
    match name(&lower) {
        Ok(()) => Ok(lower),
        Err(cause) => wrong(&cause),
    }
}

/// What was probably meant by an origin without its scheme.
fn with_scheme(lower: &str) -> String {
    let lower = match lower.trim_start_matches('/') {
        "" => "chat.example",
        rest => rest,
    };
    let is_ours = ["localhost", "127.", "[::1]"]
        .iter()
        .any(|ours| lower.starts_with(ours));
    format!("{}://{lower}", if is_ours { "http" } else { "https" })
}

/// Whether this is a host as browsers write it, with or without a port.
fn name(authority: &str) -> Result<(), String> {
    let example = "write a name such as chat.example, and a port behind it if it has one";
    if authority.contains('@') {
        return Err(format!("a user has no place in it: {example}"));
    }
    if !authority.is_ascii() {
        return Err("write the name as a browser sends it, in ASCII: xn--…".to_owned());
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest
                .split_once(']')
                .ok_or_else(|| format!("a bracket is open: {example}"))?;
            let address: Ipv6Addr = address
                .parse()
                .map_err(|_| format!("that is no IPv6 address: {example}"))?;
            let written = format!("[{address}]");
            if !authority.starts_with(&written) {
                return Err(format!("a browser writes this address as {written}"));
            }
            (written, port)
        }
        None => match authority.split_once(':') {
            Some((host, _)) => (
                host.to_owned(),
                authority.get(host.len()..).unwrap_or_default(),
            ),
            None => (authority.to_owned(), ""),
        },
    };
    if let Some(port) = port.strip_prefix(':') {
        let number = port.parse::<u16>().ok().filter(|number| *number > 0);
        if number.map(|number| number.to_string()).as_deref() != Some(port) {
            return Err(format!("{port:?} is no port: {example}"));
        }
    } else if !port.is_empty() {
        return Err(format!("there is more behind the address: {example}"));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_bracketed = host.starts_with('[');
    if host.is_empty() || !is_bracketed && !host.bytes().all(is_name) {
        return Err(format!("that is no name of a host: {example}"));
    }
    let is_number = host
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err(format!(
            "a browser writes an IPv4 address as four numbers: {example}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_send_them() {
        for good in [
            "https://chat.example",
            "http://localhost:5173",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "https://chat.example:8443",
            "http://chat.example:443",
            "https://xn--bcher-kva.example",
            "https://chat.example.",
            "https://my_box.example",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "moz-extension://8b1c6c3e-9f5e-4d0e-8a54-2f6f5f0f4f0f",
            "tauri://localhost",
            "capacitor://localhost",
            "app://ratchet",
        ] {
            assert_eq!(origin(good).as_deref(), Ok(good));
        }
        let lower = Ok("https://chat.example".to_owned());
        assert_eq!(origin("HTTPS://Chat.Example"), lower);
    }

    /// None of these could ever match: each is refused, and what to write instead is said.
    #[test]
    fn what_is_no_origin_is_refused_with_what_to_write_instead() {
        for (wrong, instead) in [
            ("https://chat.example/", "write https://chat.example"),
            ("https://chat.example/app", "write https://chat.example"),
            ("https://chat.example/app?x#y", "write https://chat.example"),
            ("https://chat.example?x", "write https://chat.example"),
            ("https://chat.example:443", "write https://chat.example"),
            ("http://chat.example:80/", "write http://chat.example"),
            ("HTTPS://Chat.Example/", "write https://chat.example"),
            ("chat.example", "write https://chat.example"),
            ("//chat.example", "write https://chat.example"),
            ("localhost:5173", "write http://localhost:5173"),
            ("ws://localhost:5173", "write http://localhost:5173"),
            ("wss://chat.example", "write https://chat.example"),
            ("*", "no wildcards"),
            ("https://*.example", "no wildcards"),
            ("http://localhost:*", "no wildcards"),
            ("null", "serve the page"),
            ("file://", "write one of http, https"),
            ("ftp://chat.example", "write one of http, https"),
            ("htps://chat.example", "write one of http, https"),
            ("https://user@chat.example", "chat.example"),
            ("https://user:x@chat.example", "chat.example"),
            ("https://", "chat.example"),
            ("https:///", "chat.example"),
            ("https://:8443", "chat.example"),
            ("https://chat.example:", "no port"),
            ("https://chat.example:0", "no port"),
            ("https://chat.example:08443", "no port"),
            ("https://chat.example:65536", "no port"),
            ("https://chat.example:x", "no port"),
            ("https://b\u{fc}cher.example", "xn--"),
            ("https://chat example", "chat.example"),
            (" https://chat.example", "write one of"),
            ("https://chat.example ", "chat.example"),
            ("https://a.example,https://b.example", "chat.example"),
            ("http://127.1", "four numbers"),
            ("http://[0:0:0:0:0:0:0:1]:3000", "[::1]"),
            ("http://[::1", "chat.example"),
            ("http://[::1]x", "chat.example"),
            ("", "write https://chat.example"),
        ] {
            let error = origin(wrong).unwrap_err();
            assert!(error.contains(instead), "{wrong:?}: {error}");
            assert!(error.starts_with(&format!("{wrong:?}: ")), "{error}");
        }
    }

    #[test]
    fn hosts_are_names_with_or_without_a_port_and_nothing_else() {
        for good in [
            "box.example",
            "ratchetd:8645",
            "[fd00::1]",
            "[fd00::1]:80",
            "10.0.0.7:8645",
        ] {
            assert_eq!(host(good).as_deref(), Ok(good));
        }
        assert_eq!(host("Box.Example").as_deref(), Ok("box.example"));
        for (wrong, instead) in [
            ("*", "no wildcards"),
            ("*.example", "no wildcards"),
            ("http://box.example/", "write box.example"),
            ("https://box.example:8645/x", "write box.example:8645"),
            ("box.example/", "chat.example"),
            ("", "chat.example"),
            ("box example", "chat.example"),
            ("box:x", "no port"),
            ("fd00::1", "no port"),
        ] {
            let error = host(wrong).unwrap_err();
            assert!(error.contains(instead), "{wrong:?}: {error}");
        }
    }
}
