//! What a URL is instead of an address, and what to write in its place.

use super::{EndpointError, endpoint, printable, stands_alone};

/// What a URL's scheme is spoken over.
enum SpokenOver {
    Tcp,
    Udp,
    /// TLS, or whatever else keeps what is said from being read.
    Tls,
}

/// The complaint about `url`, which is `scheme`, `://` and `rest`.
pub(super) fn url(url: &str, scheme: &str, rest: &str) -> EndpointError {
    let (over, port) = spoken_over(&scheme.to_ascii_lowercase());
    let suggestion = address(rest, port);
    let url = printable(url);
    match over {
        Some(SpokenOver::Tcp) => EndpointError::Url { url, suggestion },
        Some(SpokenOver::Udp) => EndpointError::UrlOverUdp { url, suggestion },
        Some(SpokenOver::Tls) => {
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
fn spoken_over(scheme: &str) -> (Option<SpokenOver>, Option<u16>) {
    let (over, port) = match scheme {
        "tcp" | "tcp4" | "tcp6" => return (Some(SpokenOver::Tcp), None),
        "udp" | "udp4" | "udp6" => return (Some(SpokenOver::Udp), None),
        "tls" | "ssl" | "tcps" | "dtls" | "quic" => return (Some(SpokenOver::Tls), None),
        "ftp" => (SpokenOver::Tcp, 21),
        "telnet" => (SpokenOver::Tcp, 23),
        "smtp" => (SpokenOver::Tcp, 25),
        "http" | "ws" => (SpokenOver::Tcp, 80),
        "pop3" => (SpokenOver::Tcp, 110),
        "imap" => (SpokenOver::Tcp, 143),
        "ldap" => (SpokenOver::Tcp, 389),
        "mqtt" => (SpokenOver::Tcp, 1883),
        "nats" => (SpokenOver::Tcp, 4222),
        "amqp" => (SpokenOver::Tcp, 5672),
        "redis" => (SpokenOver::Tcp, 6379),
        "irc" => (SpokenOver::Tcp, 6667),
        "dns" => (SpokenOver::Udp, 53),
        "tftp" => (SpokenOver::Udp, 69),
        "syslog" => (SpokenOver::Udp, 514),
        "coap" => (SpokenOver::Udp, 5683),
        "ssh" | "sftp" => (SpokenOver::Tls, 22),
        "https" | "wss" => (SpokenOver::Tls, 443),
        "smtps" => (SpokenOver::Tls, 465),
        "ldaps" => (SpokenOver::Tls, 636),
        "ftps" => (SpokenOver::Tls, 990),
        "imaps" => (SpokenOver::Tls, 993),
        "pop3s" => (SpokenOver::Tls, 995),
        "amqps" => (SpokenOver::Tls, 5671),
        "coaps" => (SpokenOver::Tls, 5684),
        "rediss" => (SpokenOver::Tls, 6379),
        "ircs" => (SpokenOver::Tls, 6697),
        "mqtts" => (SpokenOver::Tls, 8883),
        _ => return (None, None),
    };
    (Some(over), Some(port))
}
