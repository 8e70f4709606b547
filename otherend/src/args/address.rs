//! What is wrong with an address, and which flag of the command means what was written.

use otherend_net::endpoint::EndpointError;

use crate::exit::Failure;

/// What a command can talk over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transports {
    /// TCP; UDP with `--udp`.
    TcpOrUdp,
    /// TCP; a hello of TLS with `--tls`.
    TcpOrTls,
    Tcp,
    /// What the transcript says.
    AsPlayed,
}

/// Why an address is none, for a command that has these `transports`.
pub(crate) fn usage(error: &EndpointError, transports: Transports) -> Failure {
    Failure::Usage(complaint(error, transports))
}

/// The same as a sentence.
pub(crate) fn complaint(error: &EndpointError, transports: Transports) -> String {
    match (error, transports) {
        (EndpointError::UrlOverUdp { url, suggestion }, Transports::TcpOrUdp) => {
            format!("`{url}` is a URL, and an address is only HOST:PORT: write --udp {suggestion}")
        }
        (EndpointError::UrlOverUdp { url, .. }, Transports::Tcp | Transports::TcpOrTls) => {
            format!("`{url}` asks for UDP, and this command talks over TCP only")
        }
        (EndpointError::UrlOverTls { url, address }, Transports::TcpOrTls) => {
            format!("`{url}` is a URL, and an address is only HOST:PORT: write --tls {address}")
        }
        // Not the address without encryption, which would be taken as advice.
        (EndpointError::UrlOverTls { address, .. }, _) => format!(
            "{error}, which says everything in clear; \
             to talk over TLS: openssl s_client -connect {address}"
        ),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use otherend_net::Endpoint;

    use super::*;

    #[track_caller]
    fn complains(text: &str, transports: Transports, expected: &str) {
        let error = text.parse::<Endpoint>().unwrap_err();
        assert_eq!(complaint(&error, transports), expected);
    }

    #[test]
    fn the_flag_that_means_a_url_is_named() {
        let url = "is a URL, and an address is only HOST:PORT: write";
        let udp = format!("`udp://h:53` {url} --udp h:53");
        complains("udp://h:53", Transports::TcpOrUdp, &udp);
        let tcp_only = "`udp://h:53` asks for UDP, and this command talks over TCP only";
        complains("udp://h:53", Transports::Tcp, tcp_only);
        complains("udp://h:53", Transports::TcpOrTls, tcp_only);
        let played = format!("`udp://h:53` {url} h:53 and talk over UDP");
        complains("udp://h:53", Transports::AsPlayed, &played);
        let tls = format!("`https://h` {url} --tls h:443");
        complains("https://h", Transports::TcpOrTls, &tls);
    }

    #[test]
    fn nothing_weaker_than_a_url_is_advised() {
        let complaint = "`https://h/` asks for an encrypted connection, and HOST:PORT is plain TCP, which says \
             everything in clear; to talk over TLS: openssl s_client -connect h:443";
        for transports in [Transports::TcpOrUdp, Transports::Tcp, Transports::AsPlayed] {
            complains("https://h/", transports, complaint);
        }
    }
}
