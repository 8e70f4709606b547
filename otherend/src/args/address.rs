//! What is wrong with an address, and which flag of the command means what was written.

use otherend_net::endpoint::EndpointError;

use crate::exit::Failure;

/// What a command can talk over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// TCP; UDP with `--udp`.
    TcpOrUdp,
    /// TCP; a hello of TLS with `--tls`.
    TcpOrTls,
    Tcp,
    /// What the transcript says.
    AsPlayed,
}

/// Why an address is none, for a command that talks `over` this.
pub(crate) fn usage(error: &EndpointError, over: Over) -> Failure {
    Failure::Usage(complaint(error, over))
}

/// The same as a sentence.
pub(crate) fn complaint(error: &EndpointError, over: Over) -> String {
    match (error, over) {
        (EndpointError::UrlOverUdp { url, suggestion }, Over::TcpOrUdp) => {
            format!("`{url}` is a URL, and an address is only HOST:PORT: write --udp {suggestion}")
        }
        (EndpointError::UrlOverUdp { url, .. }, Over::Tcp | Over::TcpOrTls) => {
            format!("`{url}` asks for UDP, and this command talks over TCP only")
        }
        (EndpointError::UrlOverTls { url, address }, Over::TcpOrTls) => {
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
    fn complains(text: &str, over: Over, expected: &str) {
        let error = text.parse::<Endpoint>().unwrap_err();
        assert_eq!(complaint(&error, over), expected);
    }

    #[test]
    fn the_flag_that_means_a_url_is_named() {
        let url = "is a URL, and an address is only HOST:PORT: write";
        let udp = format!("`udp://h:53` {url} --udp h:53");
        complains("udp://h:53", Over::TcpOrUdp, &udp);
        let tcp_only = "`udp://h:53` asks for UDP, and this command talks over TCP only";
        complains("udp://h:53", Over::Tcp, tcp_only);
        complains("udp://h:53", Over::TcpOrTls, tcp_only);
        let played = format!("`udp://h:53` {url} h:53 and talk over UDP");
        complains("udp://h:53", Over::AsPlayed, &played);
        let tls = format!("`https://h` {url} --tls h:443");
        complains("https://h", Over::TcpOrTls, &tls);
    }

    #[test]
    fn nothing_weaker_than_a_url_is_advised() {
        let complaint = "`https://h/` asks for an encrypted connection, and HOST:PORT is plain TCP, which says \
             everything in clear; to talk over TLS: openssl s_client -connect h:443";
        for over in [Over::TcpOrUdp, Over::Tcp, Over::AsPlayed] {
            complains("https://h/", over, complaint);
        }
    }
}
