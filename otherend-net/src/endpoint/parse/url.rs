//! What a URL is instead of an address, and what to write in its place.

use super::{EndpointError, endpoint, printable, stands_alone};

/// What a URL's scheme is spoken over.
enum Carrier {
    Tcp,
    Udp,
    /// TLS, or whatever else keeps what is said from being read.
    Tls,
}

/// The complaint about `url`, which is `scheme`, `://` and `rest`.
pub(super) fn url(url: &str, scheme: &str, rest: &str) -> EndpointError {
    let (carrier, port) = carried_by(&scheme.to_ascii_lowercase());
    let suggestion = address(rest, port);
    let url = printable(url);
    match carrier {
        Some(Carrier::Tcp) => EndpointError::Url { url, suggestion },
        Some(Carrier::Udp) => EndpointError::UrlOverUdp { url, suggestion },
        Some(Carrier::Tls) => {
            let address = suggestion;
            EndpointError::UrlOverTls { url, address }
        }
        None => EndpointError::UrlUnknown { url },
    }
}

/// The host and port in what follows `://`, as they are written here.
fn address(rest: &str, usual_port: Option<u16>) -> String {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    match (endpoint(authority), usual_port) {
        _ if authority.is_empty() => "HOST:PORT".to_owned(),
        (_, Some(port)) if stands_alone(authority) => format!("{authority}:{port}"),
        (_, None) if stands_alone(authority) => format!("{authority}:PORT"),
        (Ok(found), _) => found.to_string(),
        (Err(_), _) => "HOST:PORT".to_owned(),
    }
}

/// What the schemes that people paste are spoken over, and their usual ports.
fn carried_by(scheme: &str) -> (Option<Carrier>, Option<u16>) {
    let (carrier, port) = match scheme {
        "tcp" | "tcp4" | "tcp6" => return (Some(Carrier::Tcp), None),
        "udp" | "udp4" | "udp6" => return (Some(Carrier::Udp), None),
        "tls" | "ssl" | "tcps" | "dtls" | "quic" => return (Some(Carrier::Tls), None),
        "ftp" => (Carrier::Tcp, 21),
        "telnet" => (Carrier::Tcp, 23),
        "smtp" => (Carrier::Tcp, 25),
        "http" | "ws" => (Carrier::Tcp, 80),
        "pop3" => (Carrier::Tcp, 110),
        "imap" => (Carrier::Tcp, 143),
        "ldap" => (Carrier::Tcp, 389),
        "mqtt" => (Carrier::Tcp, 1883),
        "nats" => (Carrier::Tcp, 4222),
        "amqp" => (Carrier::Tcp, 5672),
        "redis" => (Carrier::Tcp, 6379),
        "irc" => (Carrier::Tcp, 6667),
        "dns" => (Carrier::Udp, 53),
        "tftp" => (Carrier::Udp, 69),
        "syslog" => (Carrier::Udp, 514),
        "coap" => (Carrier::Udp, 5683),
        "ssh" | "sftp" => (Carrier::Tls, 22),
        "https" | "wss" => (Carrier::Tls, 443),
        "smtps" => (Carrier::Tls, 465),
        "ldaps" => (Carrier::Tls, 636),
        "ftps" => (Carrier::Tls, 990),
        "imaps" => (Carrier::Tls, 993),
        "pop3s" => (Carrier::Tls, 995),
        "amqps" => (Carrier::Tls, 5671),
        "coaps" => (Carrier::Tls, 5684),
        "rediss" => (Carrier::Tls, 6379),
        "ircs" => (Carrier::Tls, 6697),
        "mqtts" => (Carrier::Tls, 8883),
        _ => return (None, None),
    };
    (Some(carrier), Some(port))
}
