//! From text to an [`Endpoint`], and what to say when it is none.

mod url;

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Endpoint, Host};
use url::url;

/// Why some text is no address, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// A name stands alone; an IP address alone has the port of [`Endpoint::DEFAULT`].
    #[error("`{host}` has no port: add one, as in {suggestion}")]
    PortMissing {
        /// The host as written.
        host: String,
        /// The address with a port.
        suggestion: String,
    },
    /// The port stands before its host.
    #[error("`{port} {host}`: the port stands behind its host, as in {host} {port}")]
    PortFirst {
        /// The host as written.
        host: String,
        /// The port as written.
        port: String,
    },
    /// A word that is empty: a variable of a script that was never set, most likely.
    #[error("an empty word is no address: leave it out for {}", Endpoint::DEFAULT)]
    EmptyWord,
    /// A port that is a number, but too large.
    #[error("port {port} is out of range: ports go from 0 to 65535")]
    PortOutOfRange {
        /// The port as written.
        port: String,
    },
    /// A port that is no number.
    #[error("`{port}` is no port: a port is a number from 0 to 65535, as in {host}:8080")]
    PortNotANumber {
        /// The host before it.
        host: String,
        /// The port as written.
        port: String,
    },
    /// An IPv6 address whose last group could as well be its port.
    #[error("an IPv6 address stands in brackets before its port: write {suggestion}")]
    BracketsMissing {
        /// The address in brackets, with a port.
        suggestion: String,
    },
    /// What stands in brackets is no IPv6 address, or the bracket is never closed.
    #[error("`{text}` is no IPv6 address with a port: write it as in [::1]:8080")]
    BracketsWrong {
        /// The address as written.
        text: String,
    },
    /// More than one colon, and no IPv6 address.
    #[error("`{text}` is neither HOST:PORT nor an IPv6 address such as [::1]:8080")]
    TooManyColons {
        /// The address as written.
        text: String,
    },
    /// A URL of what is spoken over plain TCP.
    #[error("`{url}` is a URL, and an address is only HOST:PORT: write {suggestion}")]
    Url {
        /// The URL as written.
        url: String,
        /// The host and port in it.
        suggestion: String,
    },
    /// A URL of what is spoken over UDP.
    #[error(
        "`{url}` is a URL, and an address is only HOST:PORT: write {suggestion} and talk over UDP"
    )]
    UrlOverUdp {
        /// The URL as written.
        url: String,
        /// The host and port in it.
        suggestion: String,
    },
    /// A URL of what is encrypted. The same address without that is not suggested: whoever took it
    /// would say in clear what was not to be heard.
    #[error("`{url}` asks for an encrypted connection, and HOST:PORT is plain TCP")]
    UrlOverTls {
        /// The URL as written.
        url: String,
        /// The host and port in it.
        address: String,
    },
    /// A URL of which it is not known what carries it.
    #[error("`{url}` is a URL, and an address is only HOST:PORT, which is plain TCP")]
    UrlUnknown {
        /// The URL as written.
        url: String,
    },
    /// Numbers and dots, but no IPv4 address.
    #[error("`{host}` is no IPv4 address: it takes four numbers from 0 to 255, as in 192.168.1.65")]
    BadIpv4 {
        /// The host as written.
        host: String,
    },
    /// A link-local IPv6 address that exists once on every interface.
    #[error("{address} is link-local: say through which interface, as in [{address}%eth0]:8080")]
    ZoneMissing {
        /// The address.
        address: Ipv6Addr,
    },
    /// `*`, which other tools take for every address.
    #[error("`*` is no address: use 0.0.0.0 for all IPv4 addresses or [::] for all IPv6 ones")]
    Star,
    /// A character that no host name can have.
    #[error("`{wrong}` cannot stand in a host name: an address is HOST:PORT, as in localhost:8080")]
    BadCharacter {
        /// The first wrong character, escaped.
        wrong: String,
    },
    /// A name outside ASCII, which resolvers do not take.
    #[error("`{host}` is not ASCII: write the name in its xn-- form")]
    NotAscii {
        /// The host as written.
        host: String,
    },
    /// An empty label, a label over 63 bytes, or more than 253 bytes in all (RFC 1035 section 2.3.4).
    #[error("`{host}` is no host name: {rule}")]
    BadName {
        /// The host as written.
        host: String,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// More than one address where one is wanted.
    #[error("`{text}` is more than one address: give one, as HOST:PORT")]
    Several {
        /// All the words.
        text: String,
    },
}

/// Parse one address; blank is the default.
pub(super) fn endpoint(text: &str) -> Result<Endpoint, EndpointError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Endpoint::DEFAULT);
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return Err(url(text, scheme, rest));
    }
    if text.contains(char::is_whitespace) {
        let parts: Vec<&str> = text.split_whitespace().collect();
        return Endpoint::from_words(&parts);
    }
    if text.starts_with('[') {
        return bracketed(text);
    }
    if is_number(text) {
        return loopback(text);
    }
    // What is left is told apart by its colons:
    //
    //     192.0.2.1, host     none: an address has port 8080, a name must say its own
    //     :8080               one, with nothing before it: this machine
    //     host:8080           one
    //     ::1                 several and no brackets: an IPv6 address, if its last group cannot be
    //                         meant for a port
    match text.rsplit_once(':') {
        None => match host(text)? {
            name @ Host::Name(_) => Err(port_missing(text, name)),
            address => Ok(on_default_port(address)),
        },
        Some(("", port)) => loopback(port),
        Some((left, _)) if left.contains(':') => bare_ipv6(text),
        Some((name, written)) => {
            let host = host(name)?;
            let port = port(&host, written)?;
            Ok(Endpoint { host, port })
        }
    }
}

/// Parse words, of which two may be one address: `HOST PORT`.
pub(super) fn words(words: &[impl AsRef<str>]) -> Result<Vec<Endpoint>, EndpointError> {
    let mut endpoints = Vec::with_capacity(words.len());
    let mut rest = words;
    while let [first, after @ ..] = rest {
        let (first, next) = (first.as_ref().trim(), after.first().map(AsRef::as_ref));
        match next.map(str::trim) {
            Some(next) if takes_next_word(first, next) => {
                let host = host_alone(first)?;
                let port = port(&host, next)?;
                endpoints.push(Endpoint { host, port });
                rest = &after[1..];
            }
            Some(next) if is_port_first(first, next, rest.get(2)) => {
                let (host, port) = (printable(next), first.to_owned());
                return Err(EndpointError::PortFirst { host, port });
            }
            _ if first.is_empty() => return Err(EndpointError::EmptyWord),
            _ => {
                endpoints.push(endpoint(first)?);
                rest = after;
            }
        }
    }
    Ok(endpoints)
}

/// The complaint about words that are several addresses.
pub(super) fn several(words: &[impl AsRef<str>]) -> EndpointError {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let text = words.join(" ");
    EndpointError::Several { text }
}

/// Whether `first` is a host that lacks its port, so that `next`, which is no address that could
/// stand for itself unless it is a bare number, must be that port.
fn takes_next_word(first: &str, next: &str) -> bool {
    stands_alone(first) && !next.is_empty() && !next.contains([':', '.'])
}

/// Whether a number is followed by a host that no port follows: nobody means two addresses by that.
fn is_port_first(first: &str, next: &str, after: Option<&impl AsRef<str>>) -> bool {
    let has_port = |after: &str| takes_next_word(next, after.trim());
    is_number(first) && stands_alone(next) && !after.is_some_and(|after| has_port(after.as_ref()))
}

/// Whether a word is a host without a port.
fn stands_alone(word: &str) -> bool {
    !is_number(word) && host_alone(word).is_ok()
}

fn on_default_port(host: Host) -> Endpoint {
    let port = Endpoint::DEFAULT.port;
    Endpoint { host, port }
}

fn loopback(written: &str) -> Result<Endpoint, EndpointError> {
    let host = Host::V4(Ipv4Addr::LOCALHOST);
    let port = port(&host, written)?;
    Ok(Endpoint { host, port })
}

fn bracketed(text: &str) -> Result<Endpoint, EndpointError> {
    let wrong = || EndpointError::BracketsWrong {
        text: printable(text),
    };
    let (inside, after) = text[1..].split_once(']').ok_or_else(wrong)?;
    let host = ipv6(inside).ok_or_else(wrong)?;
    check_zone(&host)?;
    if after.is_empty() {
        return Ok(on_default_port(host));
    }
    let written = after.strip_prefix(':').ok_or_else(wrong)?;
    let port = port(&host, written)?;
    Ok(Endpoint { host, port })
}

/// A host that is a word of its own, where IPv6 needs no brackets.
fn host_alone(text: &str) -> Result<Host, EndpointError> {
    let inside = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text);
    let Some(found) = ipv6(inside) else {
        return host(text);
    };
    check_zone(&found)?;
    Ok(found)
}

/// A name or an IPv4 address.
fn host(text: &str) -> Result<Host, EndpointError> {
    if text == "*" {
        return Err(EndpointError::Star);
    }
    if let Ok(address) = text.parse() {
        return Ok(Host::V4(address));
    }
    // As in browsers: a name whose last label is a number can only be meant as IPv4.
    if text.rsplit('.').next().is_some_and(is_number) {
        let host = printable(text);
        return Err(EndpointError::BadIpv4 { host });
    }
    check_name(text)?;
    Ok(Host::Name(text.to_owned()))
}

fn check_name(name: &str) -> Result<(), EndpointError> {
    let broken = |rule| {
        let host = printable(name);
        Err(EndpointError::BadName { host, rule })
    };
    if name.chars().any(char::is_alphabetic) && !name.is_ascii() {
        let host = printable(name);
        return Err(EndpointError::NotAscii { host });
    }
    let fits = |c: &char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(c);
    if let Some(wrong) = name.chars().find(|c| !fits(c)) {
        let wrong = printable(&wrong.to_string());
        return Err(EndpointError::BadCharacter { wrong });
    }
    let labels = name.strip_suffix('.').unwrap_or(name);
    if labels.split('.').any(str::is_empty) {
        return broken("there is nothing between two dots");
    }
    if labels.split('.').any(|label| label.len() > 63) {
        return broken("a part between dots has at most 63 characters");
    }
    if labels.len() > 253 {
        return broken("a name has at most 253 characters");
    }
    Ok(())
}

fn port(host: &Host, written: &str) -> Result<u16, EndpointError> {
    if is_number(written) {
        let port = written.to_owned();
        return written
            .parse()
            .map_err(|_| EndpointError::PortOutOfRange { port });
    }
    if written.is_empty() {
        return Err(port_missing(&host.to_string(), host.clone()));
    }
    Err(EndpointError::PortNotANumber {
        host: bracketed_text(host),
        port: printable(written),
    })
}

/// An IPv6 address with or without a zone; no brackets.
fn ipv6(text: &str) -> Option<Host> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let fits = |zone: &str| !zone.is_empty() && zone.chars().all(|c| c.is_ascii_graphic());
    if zone.is_some_and(|zone| !fits(zone)) {
        return None;
    }
    Some(Host::V6 {
        address: address.parse().ok()?,
        zone: zone.map(str::to_owned),
    })
}

fn check_zone(host: &Host) -> Result<(), EndpointError> {
    match host {
        Host::V6 {
            address,
            zone: None,
        } if address.is_unicast_link_local() => {
            let address = *address;
            Err(EndpointError::ZoneMissing { address })
        }
        _ => Ok(()),
    }
}

/// What `::1` is, and what to say to `::1:8080` and `a:b:c`.
fn bare_ipv6(text: &str) -> Result<Endpoint, EndpointError> {
    if let Some((address, port)) = text.rsplit_once(':')
        && ipv6(address).is_some()
        && port.parse::<u16>().is_ok()
    {
        let suggestion = format!("[{address}]:{port}");
        return Err(EndpointError::BracketsMissing { suggestion });
    }
    let host = ipv6(text).ok_or_else(|| EndpointError::TooManyColons {
        text: printable(text),
    })?;
    check_zone(&host)?;
    Ok(on_default_port(host))
}

fn port_missing(written: &str, host: Host) -> EndpointError {
    EndpointError::PortMissing {
        host: printable(written),
        suggestion: Endpoint { host, port: 8080 }.to_string(),
    }
}

fn bracketed_text(host: &Host) -> String {
    match host {
        Host::V6 { .. } => format!("[{host}]"),
        Host::V4(_) | Host::Name(_) => host.to_string(),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// What a user typed, safe to show again.
fn printable(text: &str) -> String {
    text.escape_debug().to_string()
}

#[cfg(test)]
mod tests;
